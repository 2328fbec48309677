"""The rungs by name, each built from the same start at the same rate."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradline.descent.engine import Engine
from gradline.descent.from_moments import ByMoments
from gradline.descent.quadratic import Quadratic
from gradline.descent.rung1_by_hand import ByHand
from gradline.errors import DataError, MissingExtraError
from gradline.solution import Array

if TYPE_CHECKING:
    from torch.optim import Optimizer

ENGINES = ("numpy", "autograd", "nn", "moments")
UNFIT = {  # torch.optim classes that this loop cannot drive, and why
    "Optimizer": "it is the abstract class",
    "LBFGS": "it evaluates the loss several times a step",
    "Muon": "it takes matrices only, and the intercept is none",
    "SparseAdam": "it takes sparse gradients only",
}


def make_engine(
    name: str,
    w: Array,
    b: float,
    *,
    learning_rate: float,
    quadratic: Quadratic,
    optimizer: str | type[Optimizer] = "sgd",
    dtype: str = "float64",
    device: str = "cpu",
) -> Engine:
    """The rung called `name`, at (w, b). `quadratic` is the loss descended: "moments" needs no rows beside it."""
    bias = quadratic.bias
    if name in ("numpy", "moments") and device != "cpu":
        raise DataError(f"engine '{name}' runs on the CPU, not on device '{device}'", hint="engine='autograd' or 'nn'")
    if name == "moments" and dtype != "float64":
        raise DataError(f"engine 'moments' computes in float64, not in {dtype}", hint="engine='numpy'")
    if name != "nn" and optimizer != "sgd":
        raise DataError(
            f"optimizer {optimizer!r} comes from torch.optim, which only engine 'nn' uses, not '{name}'",
            hint="engine='nn', or leave the optimizer at 'sgd'",
        )
    if name == "moments":
        return ByMoments(w, b, learning_rate=learning_rate, quadratic=quadratic)
    if name == "numpy":
        return ByHand(w, b, learning_rate=learning_rate, bias=bias, dtype=dtype)
    if not torch_is_installed():
        raise MissingExtraError(f"engine '{name}'", "torch")
    _check_device(device)
    if name == "autograd":
        from gradline.descent.rung2_autograd import ByAutograd

        return ByAutograd(w, b, learning_rate=learning_rate, bias=bias, dtype=dtype, device=device)
    from gradline.descent.rung3_nn import ByNN

    return ByNN(w, b, optimizer=_optimizer(optimizer, learning_rate), bias=bias, dtype=dtype, device=device)


def torch_is_installed() -> bool:
    """Can the rungs 2 and 3 run here?"""
    import importlib.util

    return importlib.util.find_spec("torch") is not None


def _check_device(device: str) -> None:
    import torch

    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DataError(
            f"device '{device}' cannot be used here: {str(error).splitlines()[0]}", hint="device='cpu' always works"
        ) from None


def is_plain_sgd(optimizer: object) -> bool:
    """'sgd' in any letter case, or the class itself."""
    if isinstance(optimizer, str):
        return optimizer.lower() == "sgd"
    return getattr(optimizer, "__module__", "") == "torch.optim.sgd" and getattr(optimizer, "__name__", "") == "SGD"


def _optimizer(optimizer: str | type[Optimizer], learning_rate: float) -> Callable[..., Any]:
    """A `torch.optim` class, by itself or by name (letter case ignored), bound to the rate."""
    from functools import partial

    from torch import optim

    classes = {
        name.lower(): kind
        for name, kind in vars(optim).items()
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and name not in UNFIT
    }
    kind: Any = classes.get(optimizer.lower()) if isinstance(optimizer, str) else optimizer
    if kind is not None and (not issubclass(kind, optim.Optimizer) or kind.__name__ in UNFIT):
        why = UNFIT.get(kind.__name__, "it is no torch.optim class")
        raise DataError(f"optimizer {kind.__name__} cannot make this descent: {why}", hint="use 'sgd' or 'adam'")
    if kind is None:
        near = difflib.get_close_matches(str(optimizer).lower(), classes, n=1)
        raise DataError(
            f"no optimizer '{optimizer}' in torch.optim",
            hint=f"did you mean '{near[0]}'?" if near else "it has " + ", ".join(sorted(classes)),
        )
    if kind is optim.SGD:
        return partial(kind, lr=learning_rate, foreach=False)  # one small tensor: batching the update only costs
    return partial(kind, lr=learning_rate)
