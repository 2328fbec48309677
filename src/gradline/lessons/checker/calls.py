"""Calls of looks, as nodes of a syntax tree: what looks are named, and how a tree calls them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

PAIR, SUBTRACT, LOSS_PAIR = "__gradline_pair__", "__gradline_subtract__", "__gradline_loss_pair__"
GRADIENT, ERASED, ARRIVING = "__gradline_gradient__", "__gradline_erased__", "__gradline_arriving__"
UNREADABLE = "__gradline_unreadable__"
OPEN, UPDATED, ADDED, LOSS = "__gradline_open_", "__gradline_updated_", "__gradline_added_", "__gradline_loss_"


def kind_of(look: str) -> str:
    """Of the name of a look at one place: what kind it is of."""
    return look.rstrip("_0123456789") + "_"


def call(at: ast.AST, look: str, *arguments: ast.expr) -> ast.Call:
    """A call of a look, on the lines of `at`."""
    called = ast.Call(ast.Name(look, ast.Load()), list(arguments), [])
    for node in (called, called.func, *(a for a in arguments if isinstance(a, ast.Constant))):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, at)
    return called


def say(at: ast.stmt, look: str, *arguments: ast.expr, perhaps: bool = False) -> ast.stmt:
    """A look as a statement; `perhaps`: none any more where its name has become None."""
    called = call(at, look, *arguments)
    statement = ast.Expr(ast.BoolOp(ast.And(), [ast.Name(look, ast.Load()), called]) if perhaps else called)
    for node in ast.walk(statement):
        ast.copy_location(node, at)
    return statement


def say_if_readable(
    at: ast.stmt, look: str, arguments: Sequence[ast.expr], known: Sequence[ast.expr], perhaps: bool
) -> ast.stmt:
    """The same where these can be read, and else what is `known`: a name may have no value here."""
    guarded = ast.Try([say(at, look, *arguments, perhaps=perhaps)], [], [], [])
    handler = ast.ExceptHandler(ast.Name(UNREADABLE, ast.Load()), None, [say(at, look, *known, perhaps=perhaps)])
    guarded.handlers.append(handler)
    for node in (guarded, handler, handler.type):
        if node is not None:
            ast.copy_location(node, at)
    return guarded


def read_again(node: ast.expr) -> ast.expr:
    """A copy that reads what `node` may have written."""
    copied: ast.expr = ast.parse(ast.unparse(node), mode="eval").body
    return copied
