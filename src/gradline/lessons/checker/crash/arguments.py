"""Causes in what is handed over: the wrong shape (13), the wrong kind of numbers (11), a tensor with its graph (14)."""

from __future__ import annotations

import ast
import sys
from itertools import pairwise
from typing import Any

from gradline.lessons.checker.crash.operands import handed_over, products
from gradline.lessons.checker.crash.state import Crash, is_tensor, visible
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
            return _wrong_shape(crash, given, layer.in_features)
    return None


def _wrong_shape(crash: Crash, given: Any, features: int) -> Note:
    count, shape = given.numel(), tuple(given.shape)
    rows = count // features
    fits = given.ndim < 2 and 0 < count == rows * features
    if given.ndim < 2:
        read = f", which it reads as one row of {count} features." if given.ndim else ", a number and no row."
    else:
        read = f": {shape[-1]} features."
    if fits:
        cure = f"Make it {(rows, features)}: x.view(-1, {features})."
    else:
        fitting = f", or the layer nn.Linear({shape[-1]}, ...)" if given.ndim else ""
        cure = f"Make its last dimension {features}{fitting}."
    return Note(
        13,
        crash.line,
        f"a layer of {features} feature{'s' * (features != 1)} was given the shape {shape}{read}",
        "Layers take (rows, features), also where there is one feature only: one rule for one row and for many.",
        cure,
    )


def scikit_learn(crash: Crash) -> Note | None:
    """13: one column as a row of numbers, given to scikit-learn where it takes rows: as X."""
    tables = [
        frame.f_locals.get("X")
        for frame in crash.below
        if "sklearn" in frame.f_globals.get("__name__", "") and "X" in frame.f_code.co_varnames
    ]
    for call in crash.calls() if tables else ():
        if isinstance(call.func, ast.Attribute) and call.args:
            X = crash.value(call.args[0])
            if is_array(X) and X.ndim == 1 and any(X is table for table in tables):
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
    for operands in products(crash):
        for (name, value), (other, against) in pairwise(operands):
            if value.dtype != against.dtype:
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
    for found, value in handed_over(crash):
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
