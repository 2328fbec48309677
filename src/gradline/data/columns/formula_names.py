"""Names of columns that mean something else in a formula: refused, as one of the two would be lost without a word."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradline.data.columns.formula_syntax import functions, pieces
from gradline.errors import DataError

CONSTANT = "Intercept"  # as formulaic calls it among the columns of X


def refuse_ambiguous(text: str, mentioned: Collection[str], dot: Sequence[str]) -> None:
    """Refuse columns that cannot be told from the constant, an expression or a function of the same formula.

    Of two terms that are written alike formulaic keeps one, so what counts is the text and not the terms.

    Parameters
    ----------
    text : str
        A formula that can be read.
    mentioned : collection of str
        The columns that its terms are made of.
    dot : sequence of str
        Those that a dot stands for, but for the target.

    Raises
    ------
    DataError

    Examples
    --------
    >>> refuse_ambiguous("y ~ log(x) + `log(x)`", ["y", "x"], [])
    Traceback (most recent call last):
    gradline.errors.DataError: the column 'log(x)' is also an expression of the formula 'y ~ log(x) + `log(x)`'
    hint: rename the column
    """
    left, right = pieces(text)
    named = {name for name, kind in right if kind == "name"}
    if any(kind == "dot" for _, kind in right):
        named.update(name for name in dot if (name, "name") not in left)
    if ("1", "name") in left:
        named.add("1")
    code = {expression for expression, kind in (*left, *right) if kind == "python"}
    hidden = {name for expression in code for name in functions(expression, text)}
    for names, what in (
        (named & {CONSTANT, "1"}, "the name of the constant term in"),
        (named & code, "an expression of"),
        (hidden & set(mentioned), "a function of"),
    ):
        if names:
            raise DataError(f"the column {min(names)!r} is also {what} the formula {text!r}", hint="rename the column")
