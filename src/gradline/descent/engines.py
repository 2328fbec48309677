"""The rungs by name, each built from the same start at the same rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradline.descent.engine import Engine
from gradline.descent.from_moments import ByMoments
from gradline.descent.goal.quadratic import Curved, Quadratic
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.squared import Squared
from gradline.descent.rung1_by_hand import ByHand
from gradline.descent.steps.loss_by_hand import LossByHand
from gradline.descent.steps.momentum import HeavyBall
from gradline.descent.steps.optimizers import is_plain_sgd, make_optimizer, needs_closure
from gradline.errors import DataError, MissingExtraError
from gradline.solution import Array

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

ENGINES = ("numpy", "autograd", "nn", "moments")


def make_engine(
    name: str,
    w: Array,
    b: float,
    *,
    learning_rate: float | None,
    quadratic: Curved,
    loss: Loss | None = None,
    momentum: float = 0.0,
    optimizer: str | type[Optimizer] = "sgd",
    optimizer_options: Mapping[str, Any] | None = None,
    dtype: str = "float64",
    device: str = "cpu",
) -> Engine:
    """The rung called `name`, at (w, b). `quadratic` is the loss descended: "moments" needs no rows beside it.

    Without a `loss` it is the squared one, and the engine the lesson's. A learning rate of None is for a `torch.optim`
    class that has one of its own.
    """
    bias, loss = quadratic.bias, loss or Squared()
    squared = isinstance(loss, Squared)
    if name in ("numpy", "moments") and device != "cpu":
        raise DataError(
            f"engine '{name}' runs on the CPU, not on device '{device}'", hint="engine='autograd' or engine='nn'"
        )
    if name == "moments" and dtype != "float64":
        raise DataError(f"engine 'moments' computes in float64, not in {dtype}", hint="engine='numpy'")
    if name == "moments" and not squared:
        raise DataError(
            f"engine 'moments' knows sums of squares only, which do not tell the {loss.name} loss",
            hint="engine='numpy'",
        )
    if name != "nn" and not is_plain_sgd(optimizer):
        raise DataError(
            f"optimizer {optimizer!r} comes from torch.optim, which only engine 'nn' uses, not '{name}'",
            hint="engine='nn', or leave the optimizer at 'sgd'",
        )
    if name != "nn" and optimizer_options:
        raise DataError(
            f"optimizer_options are for torch.optim, which only engine 'nn' uses, not '{name}'",
            hint="engine='nn'; momentum=0.9 works on every engine",
        )
    if name == "nn":
        check_torch(name, device, dtype)
        from gradline.descent.tensors import Tensors

        tensors = Tensors(dtype, device)
        return nn_engine(
            tensors.linear(w, b, bias=bias),
            learning_rate=learning_rate,
            loss=loss,
            momentum=momentum,
            optimizer=optimizer,
            optimizer_options=optimizer_options or {},
            dtype=dtype,
            device=device,
        )
    assert learning_rate is not None
    engine: Engine
    if name == "moments":
        assert isinstance(quadratic, Quadratic)
        engine = ByMoments(w, b, learning_rate=learning_rate, quadratic=quadratic)
    elif name == "numpy" and squared:
        engine = ByHand(w, b, learning_rate=learning_rate, bias=bias, dtype=dtype)
    elif name == "numpy":
        engine = LossByHand(w, b, loss=loss, learning_rate=learning_rate, bias=bias, dtype=dtype)
    else:
        check_torch(name, device, dtype)
        engine = _autograd(w, b, loss, squared, learning_rate=learning_rate, bias=bias, dtype=dtype, device=device)
    return HeavyBall(engine, momentum) if momentum else engine


def nn_engine(
    model: nn.Module,
    *,
    learning_rate: float | None,
    loss: Loss,
    momentum: float,
    optimizer: str | type[Optimizer],
    optimizer_options: Mapping[str, Any],
    dtype: str,
    device: str,
) -> Engine:
    """Rung 3 around any module from (rows, features) to (rows, 1), which it trains in place."""
    from gradline.descent.losses.criteria import criterion
    from gradline.descent.rung3_nn import ByNN
    from gradline.descent.steps.nn_closure import ByClosure
    from gradline.descent.tensors import Tensors

    if momentum and not is_plain_sgd(optimizer):
        raise DataError(
            f"momentum={momentum:g} is the heavy ball of optimizer 'sgd'; {optimizer!r} has options of its own",
            hint="leave momentum at 0, or give optimizer_options",
        )
    if momentum and "momentum" in optimizer_options:
        raise DataError(
            f"momentum={momentum:g} and optimizer_options' momentum={optimizer_options['momentum']!r} are both given",
            hint="give one of them",
        )
    options = dict(optimizer_options) | ({"momentum": momentum} if momentum else {})
    made = make_optimizer(optimizer, model.parameters(), learning_rate=learning_rate, options=options)
    rung = ByNN(model, criterion(loss), made, Tensors(dtype, device))
    return ByClosure(rung) if needs_closure(made) else rung


def torch_is_installed() -> bool:
    """Can the rungs 2 and 3 run here?"""
    import importlib.util

    return importlib.util.find_spec("torch") is not None


def check_torch(engine: str, device: str, dtype: str = "float64") -> None:
    """Say so where PyTorch, or the device, is not to be had, or a device multiplies by fewer bits than `dtype` has.

    Raises
    ------
    DataError, MissingExtraError
    """
    if not torch_is_installed():
        raise MissingExtraError(f"engine '{engine}'", "torch")
    if device != "cpu":  # which is as it is everywhere, and starts the sooner
        from gradline.moments.device.arithmetic import trusted

        trusted(device, dtype)


def _autograd(w: Array, b: float, loss: Loss, squared: bool, **how: Any) -> Engine:
    if squared:
        from gradline.descent.rung2_autograd import ByAutograd

        return ByAutograd(w, b, **how)
    from gradline.descent.losses.criteria import criterion
    from gradline.descent.steps.loss_by_autograd import LossByAutograd

    return LossByAutograd(w, b, criterion=criterion(loss), **how)
