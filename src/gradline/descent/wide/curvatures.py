"""Curvatures of a loss that no matrix is kept of, as Lanczos saw them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradline.descent.wide.nearness import Nearness
from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class Curvatures:
    """What is known of a loss that no matrix is kept of: as much of a `Quadratic` as rates and messages need."""

    nearness: Nearness
    largest: float

    @property
    def bias(self) -> bool:
        """Whether there is an intercept."""
        return self.nearness.rows.bias

    @property
    def smallest(self) -> float:
        """The smallest curvature above zero that was seen."""
        return self.nearness.spectrum.smallest

    @property
    def max_learning_rate(self) -> float:
        """2 / largest curvature: a full-batch descent above it diverges."""
        return 2.0 / self.largest if self.largest > 0 else math.inf

    @property
    def best_learning_rate(self) -> float:
        """2 / (largest + smallest curvature)."""
        return 2.0 / (self.largest + self.smallest) if self.largest > 0 else math.inf

    @property
    def steepest(self) -> int:
        """The entry of (w, b) with the largest part in the steepest direction."""
        return self.nearness.spectrum.steepest

    def loss(self, w: Array, b: float) -> float:
        """The mean squared error at (w, b), by a pass over the rows."""
        return self.nearness.evidence(w, b).loss
