"""Causes in what is handed over: the wrong shape (13), the wrong kind of numbers (11), a tensor with its graph (14)."""

from __future__ import annotations

import ast
import sys
from typing import Any

from gradline.lessons.checker.crash.state import Crash, is_tensor, named, visible
from gradline.lessons.checker.notes import Note
from gradline.lessons.checker.places import short
from gradline.lessons.checker.shapes import is_array


def layer(crash: Crash) -> Note | None:
    """13 and 11: what a linear layer was given."""
    torch = sys.modules.get("torch")
    linear: Any = getattr(getattr(torch, "nn", None), "Linear", None)
    for frame in crash.below if linear is not None else ():
        layer, given = frame.f_locals.get("self"), frame.f_locals.get("input")
        if given is None or not (isinstance(layer, linear) and is_tensor(given)):
            continue
        if given.dtype != layer.weight.dtype:
            return _mixed(crash, "the layer's input", given, "its weight", layer.weight)
        if given.ndim == 0 or given.shape[-1] != layer.in_features:
            rows = given.shape[0] if given.ndim else 1
            flat = given.ndim == 1
            wanted = f"({rows}, {layer.in_features})"
            return Note(
                13,
                crash.line,
                f"a layer of {layer.in_features} feature{'s' * (layer.in_features != 1)} was given the shape "
                f"{tuple(given.shape)}, which it reads as one row of {rows} features."
                if flat
                else f"a layer of {layer.in_features} feature{'s' * (layer.in_features != 1)} was given the shape "
                f"{tuple(given.shape)}: {given.shape[-1]} features.",
                "Layers take (rows, features), also where there is one feature only: one rule for one row and for "
                "many.",
                f"Make it {wanted}: x.view(-1, {layer.in_features})."
                if flat
                else f"Make its last dimension {layer.in_features}, or the layer nn.Linear({given.shape[-1]}, ...).",
            )
    return None


def scikit_learn(crash: Crash) -> Note | None:
    """13: one column as a row of numbers, given to scikit-learn."""
    if not any("sklearn" in frame.f_globals.get("__name__", "") for frame in crash.below):
        return None
    for call in crash.calls():
        if isinstance(call.func, ast.Attribute) and call.args:
            X = crash.value(call.args[0])
            if is_array(X) and X.ndim == 1:
                name = short(call.args[0])
                return Note(
                    13,
                    crash.line,
                    f"{call.func.attr}() was given {name} of the shape {tuple(X.shape)}, one dimension; it takes "
                    "(rows, features).",
                    f"{len(X)} numbers can be {len(X)} rows of one feature or one row of {len(X)}: only a second "
                    "dimension says which.",
                    f"{len(X)} rows, one feature: {name}.reshape(-1, 1).",
                )
    return None


def mixed_product(crash: Crash) -> Note | None:
    """11: two kinds of floats, or floats and whole numbers, in a product of the learner's own."""
    if not isinstance(crash.error, RuntimeError):
        return None
    tensors = [(name, value) for name, value in named(crash) if is_tensor(value) and value.ndim]
    for name, value in tensors:
        for other, against in tensors:
            if value.dtype != against.dtype and name < other:
                return _mixed(crash, name, value, other, against)
    failed = crash.gradients.failed
    if failed is not None and failed.line == crash.line and str(failed.root.dtype) == "torch.float64":
        for name, value in visible(crash).items():
            if is_tensor(value) and value.requires_grad and value.is_leaf and value.dtype != failed.root.dtype:
                return _mixed(crash, "the loss", failed.root, name, value)
    return None


def _mixed(crash: Crash, name: str, value: Any, other: str, against: Any) -> Note:
    one, two = (str(each.dtype).removeprefix("torch.") for each in (value, against))
    cure = value if not value.is_floating_point() or one == "float64" else against
    where = name if cure is value else other
    named = where.replace("_", "").replace(".", "").isalnum()
    floats = f"{where}.float()" if named else ".float() behind the tensor"
    return Note(
        11,
        crash.line,
        f"{name} is {one} and {other} is {two}: a product takes one kind only.",
        "NumPy's floats are float64, torch's are float32, and a list of whole numbers makes int64.",
        f"Have one kind in a fit: {floats}, where the data are made.",
    )


def live_tensor(crash: Crash) -> Note | None:
    """14: a tensor with its graph where plain numbers are wanted."""
    if not isinstance(crash.error, RuntimeError | TypeError | ValueError):
        return None
    live: Any = None
    for frame in crash.below:
        inner: Any = frame.f_locals.get("self")
        if is_tensor(inner) and inner.requires_grad and frame.f_code.co_name in ("__array__", "numpy"):
            live = inner
    name = ""
    for call in crash.calls() if live is None else ():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "numpy":
            receiver = crash.value(call.func.value)
            if is_tensor(receiver) and receiver.requires_grad:
                live, name = receiver, short(call.func.value)
    if live is None and any("torch" not in f.f_globals.get("__name__", "") for f in crash.below):
        return None
    for found, value in named(crash):
        tensor = live is None and is_tensor(value) and value.requires_grad
        if (tensor or _holds_live(value)) and (live is not None or _converts(crash)):
            live, name = value, found
    if live is None:
        return None
    what = f"{name} holds tensors that are" if isinstance(live, list) else f"{name or 'a tensor handed over here'} is"
    return Note(
        14,
        crash.line,
        f"{what} still part of a graph (requires_grad), where plain numbers are wanted.",
        "A plot or an array needs numbers; a live tensor also keeps everything alive that it was computed from.",
        "Keep numbers in a history: losses.append(loss.item()); of a whole tensor: tensor.detach().numpy().",
    )


def _holds_live(value: Any) -> bool:
    return isinstance(value, list) and any(is_tensor(item) and item.requires_grad for item in value[:1000])


def _converts(crash: Crash) -> bool:
    """Whether what failed is a call that makes NumPy's arrays of its arguments."""
    for call in crash.calls():
        function = call.func
        while isinstance(function, ast.Attribute):
            function = function.value
        module = crash.value(function)
        if getattr(module, "__name__", "").partition(".")[0] in ("numpy", "matplotlib", "pandas", "sklearn", "seaborn"):
            return True
    return False
