"""What an expression of the learner's is likely to be: a rate, a loss, a table of differences that is meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

COMPILERS = {"compile", "jit", "njit", "script", "trace", "guvectorize", "vectorize"}
LOSS_NAME = re.compile(r"(^|_)(j|l)$|loss|cost|mse|sse|rss|mae|err|objective|criterion", re.IGNORECASE)
RATE_NAME = re.compile(r"^(lr|alpha|eta|rate|step|gamma|epsilon)$|learning|lr_|_lr$|_rate$|step_?size", re.IGNORECASE)


def rate_of(change: ast.expr) -> ast.expr | None:
    """The learning rate in `rate * gradient`: a factor with a rate's name, else the leftmost if it is a number or name.

    Examples
    --------
    >>> def rate(text):
    ...     found = rate_of(ast.parse(text).body[0].value)
    ...     return found and ast.unparse(found)
    >>> rate("0.001 * g"), rate("lr * 2 / n * (x * e).sum()"), rate("(2 * lr / n) * g"), rate("g * lr"), rate("g")
    ('0.001', 'lr', 'lr', 'lr', None)
    """
    clear, factors = clear_rate_of(change), factors_of(change)
    if clear is None and len(factors) > 1 and is_plain(factors[0]):
        return factors[0]
    return clear


def clear_rate_of(change: ast.expr) -> ast.expr | None:
    """A factor with a rate's name, or the only number below one.

    Examples
    --------
    >>> def rate(text):
    ...     found = clear_rate_of(ast.parse(text).body[0].value)
    ...     return found and ast.unparse(found)
    >>> rate("-lr * g"), rate("-0.01 * 2 * g"), rate("x * g"), rate("0.1 * 0.5 * g")
    ('lr', '0.01', None, None)
    """
    factors = factors_of(change)
    for factor in factors:
        name = last_name(factor)
        if name is not None and RATE_NAME.search(name) and is_plain(factor):
            return factor
    numbers = [f for f in factors if isinstance(f, ast.Constant) and isinstance(f.value, float) and f.value < 1]
    return numbers[0] if len(numbers) == 1 else None


def restarted(tree: ast.AST) -> set[str]:
    """What is set to a number within a loop: sums that begin anew, and no parameters of a descent.

    Examples
    --------
    >>> sorted(restarted(ast.parse("a = 0.5\\nfor i in r:\\n  g = h = 0.0\\n  n, m = 0, a\\n  g += a\\n")))
    ['g', 'h', 'n']
    """
    found = set()
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.While):
            found |= {ast.unparse(name) for name, value in assignments(loop) if is_number(value)}
    return found


def assignments(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """All within a tree: what is assigned to, and what to it."""
    for node in ast.walk(tree):
        yield from pairs_of(node)


def pairs_of(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Those of one statement: of `a, b = 1, 2` each by itself, of `a = b = 0` too.

    Examples
    --------
    >>> for text in ("a, b = c, d", "a = b = 0", "a: float = 1", "a: float"):
    ...     print([(ast.unparse(name), ast.unparse(value)) for name, value in pairs_of(ast.parse(text).body[0])])
    [('a', 'c'), ('b', 'd')]
    [('a', '0'), ('b', '0')]
    [('a', '1')]
    []
    """
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def factors_of(node: ast.expr) -> list[ast.expr]:
    """Of a product, without what it is divided by."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return factors_of(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult):
        return factors_of(node.left) + factors_of(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return factors_of(node.left)
    return [node]


def is_loss(name: str, value: ast.expr) -> bool:
    """Whether a scalar of this name, computed so, may be a loss: by its name, or since it sums squares."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        return False  # a residual
    if isinstance(value, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.ListComp | ast.JoinedStr | ast.Attribute):
        return False
    if LOSS_NAME.search(name):
        return not (isinstance(value, ast.Call) and last_name(value.func) in ("item", "detach", "append", "backward"))
    reduced = squared = False
    for node in ast.walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            squared = squared or (isinstance(node.right, ast.Constant) and node.right.value == 2)
        elif isinstance(node, ast.Call):
            called = last_name(node.func)
            reduced = reduced or called in ("mean", "sum", "average", "dot", "vdot")
            squared = squared or called in ("square", "dot", "vdot")
    return reduced and squared


def is_compiled(tree: ast.Module) -> bool:
    """Whether something in this file compiles functions from their source or bytecode."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
            if any(last_name(decorator) in COMPILERS for decorator in decorators):
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = last_name(node.func.value)
            if owner in ("torch", "jit", "numba", "jax", "fx") and node.func.attr in COMPILERS | {"symbolic_trace"}:
                return True
    return False


def is_pairwise(column: ast.expr, row: ast.expr) -> bool:
    """Whether a difference of everything with everything is asked for: `x[:, None] - y`, `x.reshape(-1, 1) - x`.

    Examples
    --------
    >>> def pairwise(text):
    ...     difference = ast.parse(text).body[0].value
    ...     return is_pairwise(difference.left, difference.right)
    >>> pairwise("x[:, None] - y"), pairwise("x.reshape(-1, 1) - x"), pairwise("np.expand_dims(x, 1) - x")
    (True, True, True)
    >>> pairwise("p.reshape(-1, 1) - y"), pairwise("np.dot(x, w) - x"), pairwise("np.expand_dims(x, 1) - y")
    (False, False, False)
    """
    if isinstance(column, ast.Subscript):
        return any(
            (isinstance(part, ast.Constant) and part.value is None) or last_name(part) == "newaxis"
            for part in ast.walk(column.slice)
        )
    if not isinstance(column, ast.Call):
        return False
    if last_name(column.func) in ("expand_dims", "reshape", "unsqueeze") and column.args and same(column.args[0], row):
        return True
    return isinstance(column.func, ast.Attribute) and same(column.func.value, row)


def eraser_of(function: ast.expr) -> ast.Attribute | None:
    """Of `o.zero_grad` and of `a.grad.zero_`: the attribute behind the owner of the gradients."""
    if isinstance(function, ast.Attribute):
        if function.attr == "zero_grad":
            return function
        if function.attr in ("zero_", "fill_") and is_gradient(function.value):
            return function.value if isinstance(function.value, ast.Attribute) else None
    return None


def is_gradient(node: ast.expr) -> bool:
    """`something.grad`."""
    return isinstance(node, ast.Attribute) and node.attr == "grad"


def is_number(node: ast.expr) -> bool:
    """A number, as it stands."""
    if isinstance(node, ast.UnaryOp):
        return is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex)


def is_owned(node: ast.expr) -> bool:
    """A name, or an attribute of what names and plain keys lead to: `net[0].W`, `self.layers[i].b`."""
    if not isinstance(node, ast.Attribute):
        return isinstance(node, ast.Name)
    owner = node.value
    while isinstance(owner, ast.Attribute) or (isinstance(owner, ast.Subscript) and is_plain(owner.slice)):
        owner = owner.value
    return isinstance(owner, ast.Name)


def is_plain(node: ast.expr) -> bool:
    """A name, or names with dots, or a number: reading it once more does nothing."""
    if isinstance(node, ast.Attribute):
        return is_plain(node.value) and not isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Name | ast.Constant)


def is_step(target: ast.expr, change: ast.expr, sums: set[str], losses: set[str]) -> bool:
    """Whether `target += change` may be the step of a parameter; `sums` are those that begin anew.

    Examples
    --------
    >>> def step(text):
    ...     added = ast.parse(text).body[0]
    ...     return is_step(added.target, added.value, {"g"}, {"loss"})
    >>> step("w += lr * (y - w * x) * x"), step("b += 0.1 * g")
    (True, True)
    >>> step("total += x * e"), step("money += rate * money"), step("total += 0.5 * e**2")
    (False, False, False)
    >>> step("t += step"), step("t += 2 * step"), step("t += -0.1")
    (False, False, False)
    >>> step("g += lr * e"), step("mean += 0.1 * (e - mean)"), step("smooth += 0.1 * loss")
    (False, False, False)
    """
    rate, factors = clear_rate_of(change), factors_of(change)
    if rate is None or ast.unparse(target) in sums:
        return False
    if all(factor is rate or is_number(factor) for factor in factors):
        return False  # time goes on
    for factor in factors:
        if same(factor, target):
            return False  # it grows by its own rate
        if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Pow):
            return False  # it can only grow
        if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Sub) and same(factor.right, target):
            return False  # a running mean
    return not any(isinstance(node, ast.Name) and node.id in losses for node in ast.walk(change))


def last_name(node: ast.AST) -> str | None:
    """A name, or what stands behind its last dot."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def same(one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions are written alike."""
    return ast.unparse(one) == ast.unparse(other)
