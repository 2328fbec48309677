"""Squares near zero, straight far from it: a row far off pulls no harder than one at distance delta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradline.errors import DataError
from gradline.solution import Array


@dataclass(frozen=True, slots=True)
class Huber:
    """`r^2` where `|r| <= delta`, `2 delta |r| - delta^2` beyond: no row pulls harder than one at distance delta.

    Twice `nn.HuberLoss`, which has a factor 1/2; so `Huber(inf)` is least squares.

    Parameters
    ----------
    delta : float or None
        Above 0, in units of y. None leaves it to the data (`gradline.descent.losses.settling.settled`).

    References
    ----------
    Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 73-101.

    Examples
    --------
    >>> Huber(1.0).value(np.array([-3.0, 0.5])), Huber(1.0).slope(np.array([-3.0, 0.5]))
    (array([5.  , 0.25]), array([-2.,  1.]))
    >>> Huber(1.0).curvature(np.array([-3.0, 0.5])), Huber(1.0).in_units(10.0), Huber(1.0).narrowed(0.5)
    (array([0., 2.]), Huber(delta=0.1), Huber(delta=0.5))
    """

    delta: float | None = None
    name = "huber"
    degree = 2
    curvature_bound = 2.0

    def __post_init__(self) -> None:
        if self.delta is not None and not self.delta > 0:
            raise DataError(
                f"delta of the Huber loss is {self.delta}, expected a number above 0 (in units of y)",
                hint="leave it out, and it is 1.345 robust standard deviations of the residuals",
            )

    @property
    def width(self) -> float:
        """Delta."""
        if self.delta is None:
            raise DataError("delta of the Huber loss is left to the data: settle it first")
        return self.delta

    def value(self, r: Array) -> Array:
        """`m (2 |r| - m)` with `m = min(|r|, delta)`."""
        size = np.abs(r)
        inner = np.minimum(size, self.width)
        value: Array = inner * (2 * size - inner)
        return value

    def slope(self, r: Array) -> Array:
        """2 r, cut off at 2 delta."""
        return 2 * np.clip(r, -self.width, self.width)

    def curvature(self, r: Array) -> Array:
        """2 inside delta, 0 outside."""
        return 2 * (np.abs(r) <= self.width).astype(r.dtype)

    def in_units(self, unit: float) -> Huber:
        """Delta counted in units."""
        return self if self.delta is None else Huber(self.delta / unit)

    def narrowed(self, width: float) -> Huber:
        """Another delta."""
        return Huber(width)
