"""What a script adds to the product of data and a parameter: an intercept, though it be small, or never moved."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from gradline.lessons.checker.recognising import factors_of, is_plain, last_name

PRODUCTS = {"dot", "matmul", "mm", "mv"}


def intercepts(tree: ast.AST) -> dict[str, set[str]]:
    """By name, what is added to products, with the names in those.

    Examples
    --------
    >>> def found(text):
    ...     return {name: sorted(factors) for name, factors in intercepts(ast.parse(text)).items()}
    >>> found("p = w * x + b"), found("e = self.b + X.dot(self.w) - y")
    ({'b': ['w', 'x']}, {'self.b': ['X', 'self.w']})
    >>> found("total = total + loss"), found("p = w * x + 1")
    ({}, {})
    """
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            continue
        for term, other in ((node.left, node.right), (node.right, node.left)):
            factors = {name for product in _terms(other) for name in _factors(product)}
            if factors and is_plain(term) and not isinstance(term, ast.Constant):
                found.setdefault(ast.unparse(term), set()).update(factors)
    return found


def value_of(name: str, variables: dict[str, Any]) -> Any:
    """What a name, or `self.name`, stands for; None where it is not known."""
    owner, _, attribute = name.rpartition(".")
    if not owner:
        return variables.get(name)
    return vars(variables[owner]).get(attribute) if hasattr(variables.get(owner), "__dict__") else None


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


def _factors(product: ast.expr) -> list[str]:
    """The names in a product of two or more."""
    factors = factors_of(product)
    if isinstance(product, ast.Call) and last_name(product.func) in PRODUCTS:
        owner = [product.func.value] if isinstance(product.func, ast.Attribute) else []
        factors = [*owner, *product.args]
    names = [ast.unparse(factor) for factor in factors if is_plain(factor) and not isinstance(factor, ast.Constant)]
    return names if len(factors) > 1 else []
