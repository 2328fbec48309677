"""What an expression of the learner's is likely to be: a rate, a loss, a table of differences that is meant."""

from __future__ import annotations

import ast
import re

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
    factors = _factors(change)
    for factor in factors:
        name = last_name(factor)
        if name is not None and RATE_NAME.search(name) and is_plain(factor):
            return factor
    numbers = [f for f in factors if isinstance(f, ast.Constant) and isinstance(f.value, float) and f.value < 1]
    if len(numbers) == 1:
        return numbers[0]
    if len(factors) > 1 and is_plain(factors[0]):
        return factors[0]
    return None


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult):
        return _factors(node.left) + _factors(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _factors(node.left)
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
    """Whether a difference of everything with everything is asked for: `x[:, None] - y`, `x.reshape(-1, 1) - x`."""
    if isinstance(column, ast.Subscript):
        return any(
            (isinstance(part, ast.Constant) and part.value is None) or last_name(part) == "newaxis"
            for part in ast.walk(column.slice)
        )
    function = column.func if isinstance(column, ast.Call) else None
    return isinstance(function, ast.Attribute) and same(function.value, row)


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


def is_plain(node: ast.expr) -> bool:
    """A name, or names with dots, or a number: reading it once more does nothing."""
    if isinstance(node, ast.Attribute):
        return is_plain(node.value) and not isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Name | ast.Constant)


def last_name(node: ast.AST) -> str | None:
    """A name, or what stands behind its last dot."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def same(one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions are written alike."""
    return ast.unparse(one) == ast.unparse(other)
