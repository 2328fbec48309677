"""Momentum that a script keeps by hand: `v = beta * v + g; w -= rate * v`, or `v = beta * v - rate * g; w += v`."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from gradline.lessons.checker.recognising import clear_rate_of, factors_of, is_plain


class Velocity(NamedTuple):
    """Its momentum, `beta`; and the rate, where that stands in it."""

    momentum: ast.expr
    rate: ast.expr | None = None


NONE = Velocity(ast.Constant(0.0))
UNKNOWN = Velocity(ast.Constant(None))


def velocities(tree: ast.AST) -> dict[str, Velocity]:
    """What is a sum with itself in it, by name; UNKNOWN where it is used in any other way than as one.

    Other ways are a gradient taken ahead (Nesterov), and a step made from several of them (Adam): their limits are
    others. So is what is made from one of them: `step = rate * v`.

    Examples
    --------
    >>> def momentum(text):
    ...     return {name: ast.unparse(found.momentum) for name, found in velocities(ast.parse(text)).items()}
    >>> momentum("v = beta * v + 2 * g\\nw -= rate * v"), momentum("v = g + v * 0.9\\nw = w - rate * v")
    ({'v': 'beta'}, {'v': '0.9'})
    >>> momentum("x = (x - m) / s\\nlr = 0.9 * lr\\nw -= lr * x")
    {}
    >>> momentum("v = 0.9 * v + gradient(w - 0.9 * v)\\nw -= rate * v"), momentum("g = g + x * e\\nw -= rate * g")
    ({'v': 'None'}, {})
    """
    found: dict[str, Velocity] = {}
    expected: Counter[str] = Counter()
    assigned = [(_dotted(target), value, read(value)) for target, value in _assignments(tree)]
    for name, value, names in assigned:
        if name and names[name] and _is_sum(value) and not _goes_on(name, value):
            found[name] = _velocity(value, name) if names[name] == 1 else UNKNOWN
            expected[name] += names[name]
    if not found:
        return {}
    for change in _changes(tree):
        for name in set(map(_dotted, factors_of(change))) & found.keys():
            expected[name] += read(change)[name]
    everywhere = read(tree)
    for name in found:
        if everywhere[name] != expected[name]:
            found[name] = UNKNOWN
    made = {name for name, value, names in assigned if names.keys() & found.keys() and not _goes_on(name, value)}
    return found | dict.fromkeys(made - found.keys(), UNKNOWN)


def velocity_of(change: ast.expr, known: dict[str, Velocity]) -> Velocity:
    """That of an update `w -= change`.

    Examples
    --------
    >>> known = {"v": Velocity(ast.Constant(0.9)), "s": UNKNOWN}
    >>> changes = [ast.parse(text).body[0].value for text in ("lr * v", "lr * g", "lr * v / sqrt(s)")]
    >>> [ast.unparse(velocity_of(change, known).momentum) for change in changes]
    ['0.9', '0.0', 'None']
    """
    within = [known[name] for name in read(change) if name in known]
    return within[0] if len(within) == 1 else UNKNOWN if within else NONE


def read(tree: ast.AST) -> Counter[str]:
    """How often each name is read, those with dots too.

    Examples
    --------
    >>> sorted(read(ast.parse("a = self.v + self.v * a")).items())
    [('a', 1), ('self', 2), ('self.v', 2)]
    """
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute))
    return Counter(filter(None, (_dotted(node) for node in nodes if isinstance(node.ctx, ast.Load))))


def _dotted(node: ast.expr) -> str:
    return ast.unparse(node) if is_plain(node) and not isinstance(node, ast.Constant) else ""


def _is_sum(value: ast.expr) -> bool:
    return isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub)


def _goes_on(name: str, value: ast.expr) -> bool:
    """`name = name - ...`: an update, or a sum."""
    return isinstance(value, ast.BinOp) and _dotted(value.left) == name


def _assignments(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value


def _changes(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            yield node.value
    for target, value in _assignments(tree):
        if isinstance(value, ast.BinOp) and _is_sum(value) and _goes_on(_dotted(target), value):
            yield value.right


def _velocity(value: ast.expr, name: str) -> Velocity:
    """What `name` is multiplied by, as the first or last term of a sum; and the rate in the other term."""
    assert isinstance(value, ast.BinOp)
    terms = [(value.left, value.right)] + [(value.right, value.left)] * isinstance(value.op, ast.Add)
    for term, other in terms:
        factors = [factor for factor in factors_of(term) if _dotted(factor) != name]
        if len(factors_of(term)) == 2 and len(factors) == 1 and is_plain(factors[0]):
            return Velocity(factors[0], clear_rate_of(other))
    return UNKNOWN
