"""Whether a loss sums squares: of all losses only this one grows by the square of what a step does to the error."""

from __future__ import annotations

import ast
from typing import Any

from gradline.lessons.checker.recognising import last_name, same

PASSED_ON = {"mean", "sum", "fsum", "average", "nanmean", "nansum", "float", "item", "squeeze"}
PRODUCTS = {"dot", "vdot", "inner", "matmul"}
NAMED = {"mse", "sse", "rss", "mse_loss", "mean_squared_error"}
DEEPEST = 20  # nodes of a graph, one behind another


def sums_squares(node: ast.expr) -> bool:
    """Of an expression: its squares may be averaged, scaled, and added to others, and nothing else.

    Examples
    --------
    >>> def squares(text):
    ...     return sums_squares(ast.parse(text).body[0].value)
    >>> squares("np.mean((p - y)**2) / 2 + c * w @ w"), squares("sum(e * e for e in errors) / n"), squares("mse(p, y)")
    (True, True, True)
    >>> squares("np.sqrt(np.mean(e**2))"), squares("np.mean(e**2) ** 0.5"), squares("np.mean(abs(e))")
    (False, False, False)
    """
    if isinstance(node, ast.BinOp):
        return _of_two(node)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return sums_squares(node.elt)
    if isinstance(node, ast.Subscript):
        return sums_squares(node.value)
    if not isinstance(node, ast.Call):
        return False
    called, owner = last_name(node.func), getattr(node.func, "value", None)
    if called in NAMED or called == "square":
        return True
    if called in PRODUCTS:
        operands = node.args if len(node.args) == 2 else [*filter(None, [owner]), *node.args]
        return len(operands) == 2 and _alike(*operands)
    within = [*filter(None, [owner]), *node.args[:1]]
    return called in PASSED_ON and any(map(sums_squares, within))


def comes_of_squares(loss: Any) -> bool:
    """Of one of torch's tensors, by its graph."""
    return loss.grad_fn is not None and _node(loss.grad_fn, 0)


def _of_two(node: ast.BinOp) -> bool:
    left, right = node.left, node.right
    if isinstance(node.op, ast.Pow):
        return isinstance(right, ast.Constant) and right.value == 2
    if isinstance(node.op, ast.Mult | ast.MatMult) and _alike(left, right):
        return True
    if isinstance(node.op, ast.Mult | ast.MatMult):  # 0.5 * w @ w is (0.5 * w) @ w
        scaled = isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult) and _alike(left.right, right)
        return scaled or sums_squares(left) != sums_squares(right)
    if isinstance(node.op, ast.Div):
        return sums_squares(left)
    return isinstance(node.op, ast.Add | ast.Sub) and sums_squares(left) and sums_squares(right)


def _alike(one: ast.expr, other: ast.expr) -> bool:
    """`e` and `e`, `e.T` and `e`."""
    return same(one.value if isinstance(one, ast.Attribute) and one.attr == "T" else one, other)


def _node(node: Any, depth: int) -> bool:
    name = type(node).__name__.partition("Backward")[0]
    before = [each for each, _ in node.next_functions if each is not None]
    if name == "Pow":
        return bool(getattr(node, "_saved_exponent", None) == 2)
    if name == "MseLoss":
        return True
    if not before or depth == DEEPEST:
        return False
    if name in ("Mul", "Dot") and len(before) == 2:
        return before[0] is before[1]
    if name in ("Mean", "Sum", "Mul", "Div", "Squeeze", "View", "Select", "Add", "Sub"):
        return all(_node(each, depth + 1) for each in before)
    return False
