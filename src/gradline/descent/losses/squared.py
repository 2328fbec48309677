"""Least squares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradline.solution import Array


@dataclass(frozen=True, slots=True)
class Squared:
    """r^2, least squares: the answer is the mean (`nn.MSELoss`).

    Examples
    --------
    >>> Squared().value(np.array([-3.0, 1.0])), Squared().slope(np.array([-3.0, 1.0]))
    (array([9., 1.]), array([-6.,  2.]))
    """

    name = "squared"
    degree = 2
    width = math.inf
    curvature_bound = 2.0

    def value(self, r: Array) -> Array:
        """r^2."""
        return r * r

    def slope(self, r: Array) -> Array:
        """2 r."""
        return 2 * r

    def curvature(self, r: Array) -> Array:
        """2."""
        return np.full_like(r, 2)

    def in_units(self, unit: float) -> Squared:
        """Itself."""
        return self

    def narrowed(self, width: float) -> Squared:
        """Itself: it has no width."""
        return self
