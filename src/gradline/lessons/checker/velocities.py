"""Momentum that a script keeps by hand: `v = beta * v + gradient`, then `w -= rate * v`."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from gradline.lessons.checker.recognising import factors_of, is_plain

NONE = ast.Constant(0.0)
UNKNOWN = ast.Constant(None)


def velocities(tree: ast.AST) -> dict[str, ast.expr]:
    """What is a sum with itself in it, by name, and its momentum, `beta`; UNKNOWN where it is used in any other way.

    Other ways are a gradient taken ahead (Nesterov), and a step made from several of them (Adam): their limits are
    others. So is what is made from one of them: `step = rate * v`.

    Examples
    --------
    >>> def momentum(text):
    ...     return {name: ast.unparse(beta) for name, beta in velocities(ast.parse(text)).items()}
    >>> momentum("v = beta * v + 2 * g\\nw -= rate * v"), momentum("v = g + v * 0.9\\nw = w - rate * v")
    ({'v': 'beta'}, {'v': '0.9'})
    >>> momentum("x = (x - m) / s\\nlr = 0.9 * lr\\nw -= lr * x")
    {}
    >>> momentum("v = 0.9 * v + gradient(w - 0.9 * v)\\nw -= rate * v"), momentum("g = g + x * e\\nw -= rate * g")
    ({'v': 'None'}, {})
    """
    found: dict[str, ast.expr] = {}
    expected: Counter[str] = Counter()
    assigned = [(_dotted(target), value, read(value)) for target, value in _assignments(tree)]
    for name, value, names in assigned:
        if name and names[name] and _is_sum(value) and not _goes_on(name, value):
            found[name] = _beta(value, name) if names[name] == 1 else UNKNOWN
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


def momentum_of(change: ast.expr, known: dict[str, ast.expr]) -> ast.expr:
    """That of an update `w -= change`: NONE, a name or number, or UNKNOWN.

    Examples
    --------
    >>> known = {"v": ast.Constant(0.9), "s": UNKNOWN}
    >>> [ast.unparse(momentum_of(ast.parse(c).body[0].value, known)) for c in ("lr * v", "lr * g", "lr * v / sqrt(s)")]
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


def _beta(value: ast.expr, name: str) -> ast.expr:
    """What `name` is multiplied by, as the first or last term of a sum."""
    assert isinstance(value, ast.BinOp)
    for term in (value.left, value.right) if isinstance(value.op, ast.Add) else (value.left,):
        others = [factor for factor in factors_of(term) if _dotted(factor) != name]
        if len(factors_of(term)) == 2 and len(others) == 1 and is_plain(others[0]):
            return others[0]
    return UNKNOWN
