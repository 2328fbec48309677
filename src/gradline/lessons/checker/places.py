"""Places in the learner's file: where a look was put, and what stands there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

LOOKED_AT = 1000  # visits of a place that are all looked at


@dataclass(eq=False, slots=True)
class Place:
    """An expression or a statement that is looked at.

    Attributes
    ----------
    line : int
        The one that a note names: where the expression begins.
    lines : range
        Of the whole statement: on any of them `# gradline: ok` may stand.
    name : str
        What stands there, as the learner wrote it: a variable, an expression.
    other : str
        Of a difference: what is subtracted.
    deliberate : bool
        A table of differences of everything with everything is asked for.
    term : bool
        A difference that is a term of a longer sum: `y - w * x` in `y - w * x - b`.
    part : bool
        An update of some numbers of an array: `w[0] -= ...`; or of something that has another name elsewhere.
    turns : bool
        An update of one part after the other: `for k in params: params[k] -= ...`; or of whatever a function is given.
    returned : bool
        An update that is returned, `return w - ...`.
    added : bool
        An update with `+=`.
    step : bool
        An update of a parameter, by what stands there: with `-=`, or with `+=` and a rate.
    squares : bool
        A loss that sums squares.
    look : str
        The name by which the rewritten tree calls what looks at this place, where it has one of its own.
    """

    line: int
    lines: range
    name: str = ""
    other: str = ""
    deliberate: bool = False
    term: bool = False
    part: bool = False
    turns: bool = False
    returned: bool = False
    added: bool = False
    step: bool = False
    squares: bool = False
    look: str = ""
    visits: int = 0

    @property
    def moved(self) -> str:
        """Of an update: the name of what it moves, or moves a part of."""
        return self.name.partition("[")[0].removesuffix(".data")

    @classmethod
    def of(cls, node: ast.AST, statement: ast.AST | None, name: str = "", other: str = "") -> Place:
        """The place of a node within its statement."""
        line = getattr(node, "lineno", 1)
        whole = statement if statement is not None and not hasattr(statement, "body") else node
        return cls(
            line, range(getattr(whole, "lineno", line), (getattr(whole, "end_lineno", None) or line) + 1), name, other
        )


def short(node: ast.AST, limit: int = 40) -> str:
    """The source of an expression, if it is short enough to be repeated in a sentence; else "".

    Examples
    --------
    >>> short(ast.parse("model(x)  -  y").body[0].value)
    'model(x) - y'
    """
    text = ast.unparse(node)
    return text if len(text) <= limit and "\n" not in text else ""
