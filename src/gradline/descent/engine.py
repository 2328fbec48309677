"""What the loop asks of a rung: move once, and say where you are.

The loss is everywhere the mean squared error without a factor 1/2, so that rung 3 is literally `nn.MSELoss`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gradline.data.batch import Batch
from gradline.solution import Array

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Engine(Protocol):
    """One rung: parameters w, b and a way to improve them."""

    def step(self, batch: Batch) -> float:
        """Predict, compare, differentiate, update; return the loss *before* the update."""

    def read(self) -> tuple[Array, float]:
        """Copies of the slopes w, (features,), and the intercept b."""

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters."""


def optimizer_of(engine: Engine) -> Optimizer | None:
    """The `torch.optim` optimizer of engine "nn"; the others have none."""
    optimizer: Optimizer | None = getattr(engine, "optimizer", None)
    return optimizer
