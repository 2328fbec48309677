"""Units to descend in: an affine change of the rows and of y, which has no effect on what is best."""

from __future__ import annotations

from typing import Protocol

from gradline.data.batch import Batch
from gradline.solution import Array


class Units(Protocol):
    """Between the data's own units and those of a descent, the frame."""

    @property
    def target_scale(self) -> float:
        """A residual in the frame is so many in data units; a loss, that to the power of its degree."""

    @property
    def target_centre(self) -> float:
        """The y that is zero in the frame."""

    def rows(self, batch: Batch) -> Batch:
        """The same rows in the frame."""

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in data units -> in the frame."""

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in the frame -> in data units."""
