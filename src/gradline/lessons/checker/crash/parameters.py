"""Causes in a parameter: changed while recorded (5), without a gradient (9), of whole numbers (12), a result (8)."""

from __future__ import annotations

import ast

from gradline.lessons.checker import gradients_told as told
from gradline.lessons.checker.crash.state import Crash, is_tensor, is_whole, is_whole_dtype, named
from gradline.lessons.checker.notes import Note
from gradline.lessons.checker.places import short
from gradline.lessons.checker.shapes import is_array


def leaf_in_place(crash: Crash) -> Note | None:
    """5: a parameter was changed in place where torch records."""
    target: ast.AST | None = None
    statement = crash.statement
    if isinstance(statement, ast.AugAssign):
        target = statement.target
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        target = statement.targets[0]
    for call in crash.calls() if target is None else ():
        if isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_"):
            target = call.func.value
    while isinstance(target, ast.Subscript):
        target = target.value
    tensor = crash.value(target)
    if not (isinstance(crash.error, RuntimeError) and crash.recording and is_tensor(tensor)):
        return None
    if not (tensor.is_leaf and tensor.requires_grad):
        return None
    name = short(target) if target is not None else "the parameter"
    rest = f"{name} -= ..." if not isinstance(statement, ast.AugAssign) else short(statement, 60) or f"{name} -= ..."
    return Note(
        5,
        crash.line,
        f"{name} was changed in place while torch records operations, and {name} is a parameter (requires_grad).",
        "The update is not part of the model: were it recorded, the next gradient would have to go through every step "
        "before it.",
        f"Do not record it:  with torch.no_grad(): {rest}",
    )


def no_gradient(crash: Crash) -> Note | None:
    """9: a gradient that was None."""
    none = crash.gradients.none
    if none is None or none[0].line != crash.line or crash.below:
        return None
    if not isinstance(crash.error, AttributeError | TypeError):
        return None
    place, any_backward = none
    name = place.name or "the parameter"
    when = (
        "after it was set to None by zero_grad(), or for a parameter that is not in the loss"
        if any_backward
        else "before the first backward()"
    )
    return Note(
        9,
        crash.line,
        f"{name}.grad was None here: it was read {when}.",
        "backward() makes .grad; until then, and after zero_grad(), there is None. The order of a step is: predict, "
        "loss, backward(), update, zero.",
        f"Read {name}.grad after backward() and before zeroing it.",
    )


def integer_parameter(crash: Crash) -> Note | None:
    """12: whole numbers cannot take a gradient, nor a step."""
    statement = crash.statement
    if isinstance(statement, ast.AugAssign) and isinstance(crash.error, TypeError):
        target: ast.expr = statement.target
        array = crash.value(target)
        if is_array(array) and getattr(array.dtype, "kind", "") in "iu":
            name = short(target)
            return Note(
                12,
                crash.line,
                f"{name} holds whole numbers ({array.dtype}), and a step would make fractions of them.",
                "An array keeps its dtype when it is changed in place, and a dtype of integers has no room for "
                "fractions.",
                f"Start from floats: write 1. instead of 1, or {name} = {name}.astype(float).",
            )
    if not isinstance(crash.error, RuntimeError):
        return None
    for call in crash.calls():
        wanted = any(k.arg == "requires_grad" and crash.value(k.value) is True for k in call.keywords)
        method = isinstance(call.func, ast.Attribute) and call.func.attr == "requires_grad_"
        parameter = isinstance(call.func, ast.Attribute | ast.Name) and short(call.func).endswith("Parameter")
        if not (wanted or method or parameter):
            continue
        maker = call.func.value if method and isinstance(call.func, ast.Attribute) else call
        if _makes_whole(crash, maker):
            return Note(
                12,
                crash.line,
                f"{short(call) or 'this'} asks for the gradient of whole numbers.",
                "A gradient tells what a small change does, and whole numbers cannot change by a little. That is why "
                "the lesson writes 1. and not 1.",
                "Write floats: 1. instead of 1, or dtype=torch.float32.",
            )
    return None


def result_in_optimizer(crash: Crash) -> Note | None:
    """8: an optimizer was given the result of an operation."""
    if not any(frame.f_globals.get("__name__", "").startswith("torch.optim") for frame in crash.below):
        return None
    for name, value in named(crash):
        for item in value if isinstance(value, list | tuple) else [value]:
            if is_tensor(item) and item.requires_grad and not item.is_leaf:
                return told.result(crash.line, name, name, told.operation(item))
    return None


def _makes_whole(crash: Crash, node: ast.expr) -> bool:
    """Whether an expression is of whole numbers: by its value, else by the dtype or the arguments of its call."""
    if not isinstance(node, ast.Call):
        return is_whole(crash.value(node))
    kinds = [crash.value(keyword.value) for keyword in node.keywords if keyword.arg == "dtype"]
    if kinds:
        return is_whole_dtype(kinds[0])
    called = short(node.func).rpartition(".")[2]
    if called in ("zeros", "ones", "rand", "randn", "empty"):  # their arguments are sizes
        return False
    return bool(node.args) and all(_makes_whole(crash, argument) for argument in node.args)
