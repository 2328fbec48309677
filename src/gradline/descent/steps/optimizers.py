"""`torch.optim` by class or by name, with its own options, told in sentences where it cannot be had."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gradline.errors import DataError

if TYPE_CHECKING:
    from torch.nn import Parameter
    from torch.optim import Optimizer

UNFIT = {  # torch.optim classes that this loop cannot drive, and why
    "Optimizer": "it is the abstract class",
    "Muon": "it takes matrices only, and the intercept is none",
    "SparseAdam": "it takes sparse gradients only",
}


def is_plain_sgd(optimizer: object) -> bool:
    """'sgd' in any letter case, or the class itself."""
    if isinstance(optimizer, str):
        return optimizer.lower() == "sgd"
    return getattr(optimizer, "__module__", "") == "torch.optim.sgd" and getattr(optimizer, "__name__", "") == "SGD"


def make_optimizer(
    optimizer: str | type[Optimizer],
    parameters: Iterable[Parameter],
    *,
    learning_rate: float | None,
    options: Mapping[str, Any],
) -> Optimizer:
    """The optimizer over `parameters`; a learning rate of None leaves it its own default.

    Raises
    ------
    DataError
        Where there is none of that name, it cannot make this descent, or it does not take these options.
    """
    from torch import optim

    kind = _kind(optimizer)
    given = dict(options)
    if learning_rate is not None and "lr" in given:
        raise DataError(
            f"learning_rate={learning_rate:g} and optimizer_options' lr={given['lr']!r} are both given",
            hint="give one of them",
        )
    for name in ("capturable", "differentiable"):
        if given.get(name):
            raise DataError(f"optimizer option {name} is for graphs that this loop does not keep", hint="leave it out")
    if learning_rate is not None:
        given["lr"] = learning_rate
    if kind is optim.SGD:
        given.setdefault("foreach", False)  # one small tensor: batching the update only costs
    takes = [name for name in inspect.signature(kind).parameters if name != "params"]
    unknown = [name for name in given if name not in takes]
    if unknown:
        if unknown == ["lr"]:
            raise DataError(f"optimizer {kind.__name__} takes no learning rate")
        raise DataError(
            f"optimizer {kind.__name__} has no option {unknown[0]!r}", hint=f"it has {', '.join(sorted(takes))}"
        )
    try:
        made: Optimizer = kind(parameters, **given)
    except (TypeError, ValueError) as error:
        raise DataError(f"optimizer {kind.__name__} refuses its options {dict(options)}: {error}") from None
    return made


def needs_closure(optimizer: Optimizer) -> bool:
    """Does `step` insist on a function that computes the loss, as that of L-BFGS does?"""
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


class OptimizerState:
    """What an optimizer remembers, given back to the bit: its own `load_state_dict` casts counters to float64."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Of torch's."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Into torch's."""
        self._optimizer.load_state_dict(state)
        parameters = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        for number, kept in state["state"].items():
            parameter = parameters[number]
            mine = self._optimizer.state[parameter]
            for name, value in kept.items():  # each where torch wants it: a count of steps stays on the CPU
                mine[name] = _placed(value, mine[name])


def _placed(value: Any, like: Any) -> Any:
    """`value` on the device of `like`, also in lists, in which L-BFGS keeps its directions."""
    if hasattr(value, "to"):
        return value.to(like.device)
    if isinstance(value, dict):
        return {key: _placed(part, like[key]) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_placed, value, like))
    return value


def _kind(optimizer: str | type[Optimizer]) -> Any:
    from torch import optim

    classes = {
        name.lower(): kind
        for name, kind in vars(optim).items()
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and name not in UNFIT
    }
    kind: Any = classes.get(optimizer.lower()) if isinstance(optimizer, str) else optimizer
    if kind is not None and (
        not (isinstance(kind, type) and issubclass(kind, optim.Optimizer)) or kind.__name__ in UNFIT
    ):
        name = getattr(kind, "__name__", repr(kind))
        why = UNFIT.get(name, "it is no torch.optim class")
        raise DataError(f"optimizer {name} cannot make this descent: {why}", hint="use 'sgd' or 'adam'")
    if kind is None:
        unfit = {name.lower(): why for name, why in UNFIT.items()}
        name = str(optimizer).lower()
        if name in unfit:
            raise DataError(
                f"optimizer '{optimizer}' cannot make this descent: {unfit[name]}", hint="use 'sgd' or 'adam'"
            )
        near = difflib.get_close_matches(name, classes, n=1)
        raise DataError(
            f"no optimizer '{optimizer}' in torch.optim",
            hint=f"did you mean '{near[0]}'?" if near else "it has " + ", ".join(sorted(classes)),
        )
    return kind
