"""What the expression that failed works on: the factors of its products, and what it hands over whole."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from gradline.lessons.checker.crash.state import Crash, is_tensor, named
from gradline.lessons.checker.places import short
from gradline.lessons.checker.recognising import last_name

PRODUCTS = {"bmm", "dot", "inner", "linear", "matmul", "mm", "mv", "vdot"}
SHAPING = {"clone", "contiguous", "detach", "expand", "flatten", "permute", "repeat", "requires_grad_", "reshape"}
SHAPING |= {"squeeze", "t", "transpose", "unsqueeze", "view"}  # methods that leave the kind of numbers
# attributes that are no tensor with a graph, though the one they are asked of may be
PLAIN = {"data", "detach", "device", "dim", "dtype", "grad", "item", "ndim", "numel", "shape", "size", "tolist"}


def products(crash: Crash) -> Iterator[list[tuple[str, Any]]]:
    """The factors of each product in what failed that are tensors: their names, and tensors of their kind."""
    for node in ast.walk(crash.expression or crash.statement or ast.Pass()):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            factors = [node.left, node.right]
        elif isinstance(node, ast.Call) and last_name(node.func) in PRODUCTS:
            factors = [node.func.value, *node.args] if isinstance(node.func, ast.Attribute) else node.args
        else:
            continue
        yield [found for found in (_of_its_kind(crash, factor) for factor in factors) if found is not None]


def _of_its_kind(crash: Crash, factor: ast.expr) -> tuple[str, Any] | None:
    """A tensor that holds numbers of the same kind as a factor does, where that can be told."""
    while True:
        value = crash.value(factor)
        if is_tensor(value):
            return (short(factor) or "a factor", value) if value.ndim else None
        if isinstance(factor, ast.Subscript):
            factor = factor.value  # what stands in the brackets counts rows
        elif isinstance(factor, ast.Call) and isinstance(factor.func, ast.Attribute) and factor.func.attr in SHAPING:
            factor = factor.func.value
        else:
            return None


def handed_over(crash: Crash) -> Iterator[tuple[str, Any]]:
    """The variables in the statement that failed, without those of which it takes no more than plain numbers."""
    nodes = list(ast.walk(crash.statement or ast.Pass()))
    plain = {node.value for node in nodes if isinstance(node, ast.Attribute) and node.attr in PLAIN}
    whole = {short(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute) and node not in plain}
    return (each for each in named(crash) if each[0] in whole)
