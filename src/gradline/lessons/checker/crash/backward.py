"""Causes in a backward pass: of several numbers, of nothing, for the second time (15, 8)."""

from __future__ import annotations

import ast
from typing import Any

from gradline.lessons.checker.crash.state import Crash, is_tensor, visible
from gradline.lessons.checker.notes import Note
from gradline.lessons.checker.places import short


def backward(crash: Crash) -> Note | None:
    """15 and 11: what backward() was asked of."""
    failed = crash.gradients.failed
    if failed is None or failed.line != crash.line:
        return None
    call = next((c for c in crash.calls() if isinstance(c.func, ast.Attribute) and c.func.attr == "backward"), None)
    name = short(call.func.value) if call is not None and isinstance(call.func, ast.Attribute) else ""
    name = name or "the loss"
    if failed.cause == "vector":
        shape = tuple(failed.root.shape)
        return Note(
            15,
            crash.line,
            f"backward() was called on {failed.root.numel():,} numbers at once: {name} has the shape {shape}.",
            "A gradient says how one number, the loss, changes with each parameter; of several numbers there is none.",
            f"Make one number of them: {name}.mean().backward().",
        )
    if failed.cause == "nothing":
        if not any(_is_parameter(value) for value in visible(crash).values()):
            return Note(
                8,
                crash.line,
                f"{name} depends on no tensor that requires_grad, so there is nothing to compute a gradient for.",
                "torch records only what is computed from tensors made with requires_grad=True, outside no_grad().",
                "Make the parameter with requires_grad=True.",
            )
        return Note(
            8,
            crash.line,
            f"{name} is no longer connected to any parameter: it does not require a gradient.",
            "item(), numpy(), detach(), a new tensor made from its value, and no_grad() all cut the graph that "
            "backward() follows back.",
            "Compute the loss from the parameters with torch's operations alone, outside no_grad().",
        )
    if failed.cause == "twice":
        again = f"line {failed.earlier}" if failed.earlier != crash.line else "an earlier run of this line"
        return Note(
            15,
            crash.line,
            f"backward() went through this graph for the second time; {again} had gone through it and freed it.",
            "Each backward() uses up what the prediction and the loss recorded. A loop has to record anew: prediction "
            "and loss belong inside it.",
            "Compute prediction and loss again before each backward(); detach() what one step hands to the next.",
        )
    return None


def _is_parameter(value: Any) -> bool:
    """Whether this is a tensor that requires_grad, or a model that has one."""
    if is_tensor(value):
        return bool(value.requires_grad)
    parameters = getattr(type(value), "parameters", None)
    return callable(parameters) and hasattr(value, "zero_grad") and any(p.requires_grad for p in parameters(value))
