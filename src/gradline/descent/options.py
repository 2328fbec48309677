"""How to descend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradline.descent.losses.by_name import loss_named
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.squared import Squared
from gradline.descent.steps.optimizers import is_plain_sgd
from gradline.solution import Array

if TYPE_CHECKING:
    from torch.optim import Optimizer

DEFAULT_TOL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Names, meanings and ranges are those of `GradientDescentRegressor`."""

    engine: str = "numpy"
    learning_rate: float | str = "auto"
    max_iter: int = 1000
    tol: float | None = DEFAULT_TOL
    fit_intercept: bool = True
    batch_size: int | None = None
    init: str | float | Array = "zeros"
    loss: str | Loss = "squared"
    momentum: float = 0.0
    optimizer: str | type[Optimizer] = "sgd"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    scheduler: Callable[[Any], Any] | None = None
    dtype: str = "float64"
    device: str = "cpu"
    validation_fraction: float | None = None
    n_iter_no_change: int = 5
    on_divergence: str = "raise"
    record_path: bool = False
    checkpoint: str | Path | None = None
    checkpoint_seconds: float = 10.0

    def __post_init__(self) -> None:
        if is_plain_sgd(self.optimizer):
            object.__setattr__(self, "optimizer", "sgd")

    @property
    def cost(self) -> Loss:
        """The loss itself, not its name; in units of y."""
        return loss_named(self.loss)

    @property
    def automatic(self) -> bool:
        """Is the rate ours to choose, and with it the units?"""
        return self.learning_rate == "auto"

    @property
    def steady(self) -> bool:
        """Are the steps all alike: full batches, plain descent, a constant rate?"""
        changed = self.optimizer != "sgd" or self.optimizer_options or self.scheduler
        return self.batch_size is None and not changed

    @property
    def kept_of_steps(self) -> float:
        """The momentum, be it given as such or to torch's SGD, whose dampening takes its part of each gradient off.

        Gradients alike add up to 1 / (1 - this) times one of them.

        Examples
        --------
        >>> Options(optimizer_options={"momentum": 0.9, "nesterov": True}).kept_of_steps
        0.9
        >>> Options(optimizer_options={"momentum": 0.9, "dampening": 0.9}).kept_of_steps
        0.0
        """
        if self.optimizer != "sgd":
            return 0.0
        given = self.optimizer_options
        kept, off = self.momentum or given.get("momentum", 0.0), given.get("dampening", 0.0)
        if not all(isinstance(number, float | int) and 0 <= number < 1 for number in (kept, off)):
            return 0.0  # torch tells what it takes
        return float(max(0.0, 1.0 - (1.0 - kept) / (1.0 - off)))

    @property
    def squared(self) -> bool:
        """Is it least squares?"""
        return isinstance(self.cost, Squared)

    def identity(self) -> dict[str, Any]:
        """What makes a descent this one, by name: all but what only says when to stop, or what to keep."""
        return {
            "engine": self.engine,
            "learning_rate": self.learning_rate if self.automatic else float(self.learning_rate),
            "fit_intercept": self.fit_intercept,
            "batch_size": self.batch_size,
            "init": self.init if isinstance(self.init, str) else np.asarray(self.init, dtype=float),
            "loss": repr(self.cost),
            "momentum": float(self.momentum),
            "optimizer": str(getattr(self.optimizer, "__name__", self.optimizer)).lower(),
            "optimizer_options": self.optimizer_options,
            "scheduler": None if self.scheduler is None else getattr(self.scheduler, "__qualname__", "a scheduler"),
            "dtype": self.dtype,
            "device": self.device,
            "validation_fraction": self.validation_fraction,
            "record_path": self.record_path,
        }
