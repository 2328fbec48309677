"""The statements that move a parameter: which one, by what, and where its new value can be read.

| as written                                    | what is moved                                                  |
|-----------------------------------------------|----------------------------------------------------------------|
| `a -= rate * g`, `a = a - rate * g`           | a; with a plus too                                             |
| `a = -rate * g + a`                           | a                                                              |
| `w[:] = w - rate * g`                         | w                                                              |
| `w[0] -= rate * g`                            | a part of w                                                    |
| `new = a - rate * g`, and then `a = new`      | a, its value in new                                            |
| `w.sub_(rate * g)`, `w.add_(g, alpha=-rate)`  | w                                                              |
| `return w - rate * g`                         | something that is called w there, one of the arguments         |
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from gradline.lessons.checker.recognising import clear_rate_of, is_number, is_plain, pairs_of, rate_of, same
from gradline.lessons.checker.velocities import NONE, UNKNOWN, Function, Velocity, read, velocity_of


class Move(NamedTuple):
    """`target` moves by `change`, and its value is then in `now`."""

    target: ast.expr
    sign: ast.operator
    change: ast.expr
    now: ast.expr


def moves_of(node: ast.stmt, renewed: set[tuple[str, str]]) -> Iterator[Move]:
    """What a statement moves, or may move: sums are among them; `renewed` are names with those that get their values.

    Examples
    --------
    >>> def moves(text):
    ...     tree = ast.parse(text)
    ...     found = [move for node in tree.body for move in moves_of(node, renewals(tree))]
    ...     return [(ast.unparse(move.target), ast.unparse(move.change), ast.unparse(move.now)) for move in found]
    >>> moves("a -= r * g"), moves("a: float = a - r * g"), moves("a = -r * g + a")
    ([('a', 'r * g', 'a')], [('a', 'r * g', 'a')], [('a', '-r * g', 'a')])
    >>> moves("w[:] = w - r * g"), moves("w[0] -= r * g"), moves("w.data.sub_(g, alpha=r)")
    ([('w', 'r * g', 'w')], [('w[0]', 'r * g', 'w')], [('w.data', 'r * g', 'w')])
    >>> moves("new = a - r * g\\na = new"), moves("error = y - r * g")
    ([('a', 'r * g', 'new')], [])
    """
    if isinstance(node, ast.AugAssign):
        yield _moved(node.target, node.op, node.value)
    elif isinstance(node, ast.Expr):
        yield from _called(node.value)
    for name, value in pairs_of(node):
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Sub | ast.Add):
            continue
        if same(_whole(name), value.left) or same(name, value.left):
            yield _moved(name, value.op, value.right)
        elif isinstance(value.op, ast.Add) and same(name, value.right):
            yield _moved(name, value.op, value.left)
        elif (ast.unparse(name), ast.unparse(value.left)) in renewed:
            yield Move(value.left, value.op, value.right, name)


class Reading(NamedTuple):
    """The rate of a move and its momentum, as they are read after it; `here` if they are sure to have a value there."""

    rate: ast.expr | None
    momentum: ast.expr
    here: bool


def rate_and_momentum(move: Move, written: set[str], known: dict[str, Velocity], function: Function | None) -> Reading:
    """What is read again after a move that stands in `function`: none of what the same statement has `written`.

    Examples
    --------
    >>> def reading(text, written=()):
    ...     rate, momentum, here = rate_and_momentum(*moves_of(ast.parse(text).body[0], set()), set(written), {}, None)
    ...     return rate and ast.unparse(rate), ast.unparse(momentum), here
    >>> reading("w -= lr * g"), reading("w -= lr * g", ["w", "lr"])
    (('lr', '0.0', True), (None, '0.0', True))
    """
    velocity = velocity_of(move.change, known, function)
    alone = is_plain(move.change)  # the rate may stand in the velocity
    rate = velocity.rate if alone else rate_of(move.change)
    if rate is not None and not written.isdisjoint(read(rate)):
        rate = None
    if velocity is not NONE and not (written - {ast.unparse(move.target)}).isdisjoint(read(move.change)):
        velocity = UNKNOWN
    return Reading(rate, velocity.momentum, isinstance(velocity.momentum, ast.Constant) and not (alone and rate))


def returned_move(value: ast.expr, function: Function) -> Move | None:
    """`w - rate * g`, where w is one of the function's own arguments, and the rate has its name.

    Examples
    --------
    >>> def returned(text):
    ...     move = returned_move(ast.parse(text).body[0].value, ast.parse("def f(w, y, *, rate): pass").body[0])
    ...     return move and ast.unparse(move.change)
    >>> returned("w - rate * g"), returned("y - 0.5 * g"), returned("z - rate * g")
    ('rate * g', None, None)
    """
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and isinstance(value.left, ast.Name)):
        return None
    given, rate = function.args, clear_rate_of(value.right)
    if rate is None or is_number(rate) or is_plain(value.right):
        return None
    names = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    return Move(value.left, value.op, value.right, value) if value.left.id in names else None


def turns(target: ast.Subscript, loops: set[str]) -> bool:
    """Whether a loop takes one part after the other: `for k in params: params[k] -= ...`."""
    return not loops.isdisjoint(read(target.slice))


def renewals(tree: ast.AST) -> set[tuple[str, str]]:
    """`new` and `a`, by name, where `new = a - ...` is followed by `a = new` in the same block.

    What comes in another block may never happen: `if better: a = new`. Nor may new have been changed in between.

    Examples
    --------
    >>> def found(text):
    ...     return renewals(ast.parse(text))
    >>> found("new = a - g\\na = new"), found("p, q = a - g, b - h\\na, b = p, q") == {("p", "a"), ("q", "b")}
    ({('new', 'a')}, True)
    >>> found("new = a - g\\nif better:\\n  a = new"), found("new = a - g\\nnew[new < 0] = 0\\na = new")
    (set(), set())
    """
    found = set()
    for block in _blocks(tree):
        made: dict[str, str] = {}
        for statement in block:
            for name, value in pairs_of(statement):
                if made.get(ast.unparse(value)) == ast.unparse(name):
                    found.add((ast.unparse(value), ast.unparse(name)))
            for changed in _changed(statement):
                made.pop(changed, None)
            for name, value in pairs_of(statement):
                if isinstance(value, ast.BinOp):
                    made[ast.unparse(name)] = ast.unparse(value.left)
    return found


def loops_over(tree: ast.AST) -> set[str]:
    """The names that `for` gives one value after another.

    Examples
    --------
    >>> sorted(loops_over(ast.parse("for i in r:\\n  for k, (a, b) in s: pass")))
    ['a', 'b', 'i', 'k']
    """
    loops = (node for node in ast.walk(tree) if isinstance(node, ast.For | ast.AsyncFor))
    return {node.id for loop in loops for node in ast.walk(loop.target) if isinstance(node, ast.Name)}


def written_by(node: ast.stmt) -> set[str]:
    """What a statement assigns to, as it is written."""
    if isinstance(node, ast.AugAssign):
        return {ast.unparse(node.target)}
    return {ast.unparse(name) for name, _ in pairs_of(node)}


def _moved(target: ast.expr, sign: ast.operator, change: ast.expr) -> Move:
    target = _whole(target)
    base = target.value if isinstance(target, ast.Subscript) else target
    if isinstance(base, ast.Attribute) and base.attr == "data":
        base = base.value
    return Move(target, sign, change, base)


def _whole(target: ast.expr) -> ast.expr:
    """`w` of `w[:]` and `w[...]`."""
    if isinstance(target, ast.Subscript):
        key = target.slice
        if isinstance(key, ast.Slice) and key.lower is None and key.upper is None and key.step is None:
            return target.value
        if isinstance(key, ast.Constant) and key.value is ...:
            return target.value
    return target


def _called(call: ast.expr) -> Iterator[Move]:
    """torch's own in place: only with a rate, since anything else may be added and taken away."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
        return
    sign = {"sub_": ast.Sub(), "add_": ast.Add()}.get(call.func.attr)
    change = call.args[0]
    for keyword in call.keywords:
        if keyword.arg == "alpha":
            change = ast.BinOp(keyword.value, ast.Mult(), change)
    if sign is not None and rate_of(change) is not None:
        yield _moved(call.func.value, sign, change)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """What is written to anywhere within a statement, in part as well."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            base: ast.expr = node
            while isinstance(base, ast.Subscript):
                base = base.value
            yield ast.unparse(base)


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block
