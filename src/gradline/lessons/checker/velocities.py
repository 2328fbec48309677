"""Momentum that a script keeps by hand: `v = beta * v + g; w -= rate * v`, or `v = beta * v - rate * g; w += v`."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from gradline.lessons.checker.recognising import (
    assignments,
    clear_rate_of,
    factors_of,
    is_plain,
    last_name,
    rate_of,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Velocity(NamedTuple):
    """Its momentum, `beta`; the rate, where that stands in it; and the functions whose names these are, None: none."""

    momentum: ast.expr
    rate: ast.expr | None = None
    within: tuple[Function | None, ...] = ()


NONE = Velocity(ast.Constant(0.0))
UNKNOWN = Velocity(ast.Constant(None))


def velocities(tree: ast.AST) -> dict[str, Velocity]:
    """What is a sum with itself in it, by name; UNKNOWN where it is used in any other way than as one.

    Other ways are a gradient taken ahead (Nesterov), and a step made from several of them (Adam): their limits are
    others. So is what is made from one of them: `step = rate * v`. And it may not be one at all times, or have two
    momenta: `v = g` beside `v = beta * v + g`, in whichever function. `v *= beta`, `v = kept(v, g)` may be the like.

    Examples
    --------
    >>> def momentum(text):
    ...     return {name: ast.unparse(found.momentum) for name, found in velocities(ast.parse(text)).items()}
    >>> momentum("v = beta * v + 2 * g\\nw -= rate * v"), momentum("v = g + v * 0.9\\nw = w - rate * v")
    ({'v': 'beta'}, {'v': '0.9'})
    >>> momentum("x = (x - m) / s\\nlr = 0.1\\nlr = 0.9 * lr\\nw -= lr * x")
    {}
    >>> momentum("v = 0.9 * v + gradient(w - 0.9 * v)\\nw -= rate * v"), momentum("g = g + x * e\\nw -= rate * g")
    ({'v': 'None'}, {})
    >>> momentum("v = beta * v + g\\nv = g\\nw -= rate * v"), momentum("v *= beta\\nv += g\\nw -= rate * v")
    ({'v': 'None'}, {'v': 'None'})
    >>> momentum("v = None\\nv = g if v is None else 0.9 * v + g\\nw -= rate * v"), momentum("g = f(w)\\ng = clip(g)")
    ({'v': 'None'}, {})
    """
    found: dict[str, Velocity] = {}
    expected: Counter[str] = Counter()
    assigned = [(_dotted(target), value, read(value)) for target, value in assignments(tree)]
    for name, value, names in assigned:
        if name and names[name] and _is_sum(value) and not _goes_on(name, value):
            velocity = _velocity(value, name) if names[name] == 1 else UNKNOWN
            found[name] = velocity if _alike(velocity, found.get(name, velocity)) else UNKNOWN
            expected[name] += names[name]
    anew = {name for name, value, names in assigned if not _at_rest(value) and not names[name]}
    kept = {name for name, value, names in assigned if names[name] and not _goes_on(name, value)}
    kept &= {name for name, value, _ in assigned if _at_rest(value)}
    damped = (_damped(tree) | kept) - anew - {""}
    if not found:
        return dict.fromkeys(damped, UNKNOWN)
    owners = _owners(tree)
    for name, velocity in found.items():
        values = [value for other, value, _ in assigned if other == name and not _at_rest(value)]
        if all(_is_sum(value) and read(value)[name] for value in values):
            found[name] = velocity._replace(within=tuple(owners.get(value) for value in values))
        else:
            found[name] = UNKNOWN
    for change in _changes(tree):
        for name in set(map(_dotted, factors_of(change))) & found.keys():
            expected[name] += read(change)[name]
    everywhere = read(tree)
    for name in found:
        if everywhere[name] != expected[name]:
            found[name] = UNKNOWN
    made = {name for name, value, names in assigned if names.keys() & found.keys() and not _goes_on(name, value)}
    return found | dict.fromkeys((made | damped) - found.keys(), UNKNOWN)


def velocity_of(change: ast.expr, known: dict[str, Velocity], within: Function | None = None) -> Velocity:
    """That of an update `w -= change`, which stands in the function `within`: names of another one's are not its own.

    Examples
    --------
    >>> known = {"v": Velocity(ast.Constant(0.9)), "s": UNKNOWN}
    >>> changes = [ast.parse(text).body[0].value for text in ("lr * v", "lr * g", "lr * v / sqrt(s)")]
    >>> [ast.unparse(velocity_of(change, known).momentum) for change in changes]
    ['0.9', '0.0', 'None']
    """
    rate = rate_of(change) if len(factors_of(change)) > 1 else None  # one that falls is no velocity
    names = read(change) - (read(rate) if rate is not None else Counter())
    found = [known[name] for name in names if name in known]
    given = {node.arg for node in ast.walk(within.args) if isinstance(node, ast.arg)} if within is not None else set()
    if len(found) != 1:  # what a function is given may be a velocity, in a file that has some
        return UNKNOWN if found or (known and not given.isdisjoint(names)) else NONE
    momentum, rate, functions = found[0]
    if within not in functions and isinstance(momentum, ast.Name):
        return UNKNOWN
    return Velocity(momentum) if within not in functions and isinstance(rate, ast.Name) else found[0]


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
    """`name = name - ...`, `name = ... + name`: an update, or a sum."""
    return _added_to(name, value) is not None


def _added_to(name: str, value: ast.expr) -> ast.expr | None:
    if not isinstance(value, ast.BinOp) or not _is_sum(value):
        return None
    if ast.unparse(value.left) == name:
        return value.right
    return value.left if isinstance(value.op, ast.Add) and ast.unparse(value.right) == name else None


def _at_rest(value: ast.expr) -> bool:
    """Where it begins: zero, `np.zeros(3)`, `None`."""
    called = last_name(value.func) if isinstance(value, ast.Call) else None
    return (isinstance(value, ast.Constant) and not value.value) or "zeros" in (called or "")


def _alike(one: Velocity, other: Velocity) -> bool:
    pairs = ((one.momentum, other.momentum), (one.rate, other.rate))
    return all(a is b or (a is not None and b is not None and ast.dump(a) == ast.dump(b)) for a, b in pairs)


def _damped(tree: ast.AST) -> set[str]:
    """`v *= beta`, where `v += ...` as well; `v.mul_(beta)`."""
    changed: dict[bool, set[str]] = {True: set(), False: set()}
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Add | ast.Sub):
            changed[isinstance(node.op, ast.Mult)].add(_dotted(node.target))
        elif isinstance(node, ast.Attribute) and node.attr == "mul_":
            changed[True].add(_dotted(node.value))
            changed[False].add(_dotted(node.value))
    return changed[True] & changed[False] - {""}


def _owners(tree: ast.AST) -> dict[ast.AST, Function]:
    """The function that each node is in, the innermost."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node: function for function in functions for node in ast.walk(function)}  # outer ones come first


def _changes(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            yield node.value
    for target, value in assignments(tree):
        change = _added_to(ast.unparse(target), value)
        if change is not None:
            yield change


def _velocity(value: ast.expr, name: str) -> Velocity:
    """What `name` is multiplied by, as the first or last term of a sum; and the rate in the other term."""
    assert isinstance(value, ast.BinOp)
    terms = [(value.left, value.right)] + [(value.right, value.left)] * isinstance(value.op, ast.Add)
    for term, other in terms:
        factors = [factor for factor in factors_of(term) if _dotted(factor) != name]
        if len(factors_of(term)) == 2 and len(factors) == 1 and is_plain(factors[0]):
            return Velocity(factors[0], clear_rate_of(other))
    return UNKNOWN
