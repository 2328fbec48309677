"""A `torch.optim.lr_scheduler`, asked for by a callable: it moves once a pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from gradline.errors import DataError
from gradline.solution import Array


class Scheduler:
    """Steps what `make(optimizer)` returned after each pass; one that wants a figure gets the loss."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler

    @classmethod
    def of(cls, make: Callable[[Any], Any], optimizer: Any) -> Scheduler:
        """Of an optimizer; None, where the engine has none, is refused."""
        if optimizer is None:
            raise DataError("a scheduler moves the rate of a torch.optim optimizer", hint="engine='nn'")
        try:
            made = make(optimizer)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the scheduler cannot be made: {error}",
                hint="scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 100)",
            ) from None
        if made is optimizer or not hasattr(made, "step"):
            raise DataError(
                f"scheduler returned {type(made).__name__}, expected a torch.optim.lr_scheduler",
                hint="scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 100)",
            )
        return cls(made)

    def __call__(self, history: Sequence[float], w: Array, b: float) -> None:
        """After a pass."""
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        try:
            if isinstance(self._scheduler, ReduceLROnPlateau):
                self._scheduler.step(history[-1])
            else:
                self._scheduler.step()
        except ValueError as error:
            raise DataError(
                f"the scheduler has no more steps after pass {len(history)}: {error}",
                hint="plan it for max_iter passes",
            ) from None

    @property
    def plan(self) -> str:
        """What it is and how it starts, for a checkpoint to know again."""
        kind = type(self._scheduler).__name__
        return re.sub(r" at 0x[0-9a-f]+", "", f"{kind} {sorted(self.state_dict().items(), key=lambda item: item[0])}")

    def state_dict(self) -> dict[str, Any]:
        """Of torch's."""
        state: dict[str, Any] = self._scheduler.state_dict()
        return {name: value for name, value in state.items() if not callable(value)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Into torch's."""
        self._scheduler.load_state_dict(state)
