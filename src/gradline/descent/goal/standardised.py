"""Columns centred and divided by their standard deviations: what can be done without p^2 numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradline.data.batch import Batch
from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """Rows u = (x - centre) / scale, target (y - target_centre) / target_scale.

    Attributes
    ----------
    centre, scale : (features,) float64
        Means and standard deviations; the scale of a constant column is 1.
    target_centre, target_scale : float
        The scale is a power of two near the spread of y.
    """

    centre: Array
    scale: Array
    target_centre: float
    target_scale: float

    @classmethod
    def data_units(cls, features: int) -> Standardised:
        """Nothing is changed."""
        return cls(np.zeros(features), np.ones(features), 0.0, 1.0)

    @classmethod
    def of(cls, mean: Array, variance: Array) -> Standardised:
        """From the (features + 1,) means and variances of the columns of X, then y."""
        spread = np.sqrt(variance)
        scale = np.where(spread[:-1] > 0, spread[:-1], 1.0)
        target_scale = float(2.0 ** np.round(np.log2(spread[-1]))) if spread[-1] > 0 else 1.0
        return cls(mean[:-1], scale, float(mean[-1]), target_scale)

    def rows(self, batch: Batch) -> Batch:
        """The same rows, standardised."""
        y = (batch.y - self.target_centre) / self.target_scale
        return Batch((batch.X - self.centre) / self.scale, y, batch.weight, batch.share, batch.together)

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in data units -> in the frame."""
        b = b + float(self.centre @ w) - self.target_centre
        return w * self.scale / self.target_scale, b / self.target_scale

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in the frame -> in data units."""
        w = self.target_scale * w / self.scale
        return w, self.target_scale * b + self.target_centre - float(self.centre @ w)
