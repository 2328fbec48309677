"""The median and the other quantiles: straight on both sides of a kink, which is rounded off on request."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradline.errors import DataError
from gradline.solution import Array


@dataclass(frozen=True, slots=True)
class Absolute:
    """`|r|`: the answer is the median, and no row pulls harder than another (`nn.L1Loss`).

    Parameters
    ----------
    bandwidth : float
        Half-width h of the uniform kernel that `|r|` is convolved with, in units of y: `r^2 / (2 h) + h / 2`
        where `|r| <= h`, unchanged beyond. 0 keeps the kink.

    References
    ----------
    Fernandes, Guerre, Horta (2021), Smoothing quantile regressions, Journal of Business & Economic Statistics 39,
    338-357: why to smooth the loss, and not the estimating equation.

    Examples
    --------
    >>> Absolute().value(np.array([-3.0, 0.5])), Absolute(1.0).value(np.array([-3.0, 0.5]))
    (array([3. , 0.5]), array([3.   , 0.625]))
    >>> Absolute(1.0).slope(np.array([-3.0, 0.5])), Absolute(1.0).curvature(np.array([-3.0, 0.5]))
    (array([-1. ,  0.5]), array([0., 1.]))
    >>> Absolute(1.0).in_units(10.0), Absolute(1.0).narrowed(0.5)
    (Absolute(bandwidth=0.1), Absolute(bandwidth=0.5))
    """

    bandwidth: float = 0.0
    name = "absolute"
    degree = 1

    def __post_init__(self) -> None:
        _check_bandwidth(self.bandwidth)

    @property
    def width(self) -> float:
        """The bandwidth."""
        return self.bandwidth

    @property
    def curvature_bound(self) -> float:
        """1 / h."""
        return 1 / self.bandwidth if self.bandwidth > 0 else math.inf

    def value(self, r: Array) -> Array:
        """`|r|`, or `r^2 / (2 h) + h / 2` within the bandwidth."""
        size, h = np.abs(r), self.bandwidth
        if h == 0:
            return size
        # h - |r| before the square: far from the kink |r| comes back to the bit
        inside = np.maximum(h - size, 0)
        return size + inside * (inside / (2 * h))

    def slope(self, r: Array) -> Array:
        """The sign of r, or r / h within the bandwidth."""
        return np.sign(r) if self.bandwidth == 0 else np.clip(r / self.bandwidth, -1, 1)

    def curvature(self, r: Array) -> Array:
        """1 / h within the bandwidth, 0 outside."""
        if self.bandwidth == 0:
            return np.zeros_like(r)
        return (np.abs(r) <= self.bandwidth).astype(r.dtype) / self.bandwidth

    def in_units(self, unit: float) -> Absolute:
        """The bandwidth counted in units."""
        return Absolute(self.bandwidth / unit)

    def narrowed(self, width: float) -> Absolute:
        """Another bandwidth."""
        return Absolute(width)


@dataclass(frozen=True, slots=True)
class Quantile:
    """The pinball loss: level (y - p) where y is above the prediction p, (1 - level) (p - y) where it is below.

    The answer is the conditional quantile: about `level` of the rows lie below it. As `|r| / 2 + (1/2 - level) r` it is
    half the absolute loss on a slope, smoothed as that is (`sklearn.metrics.mean_pinball_loss`).

    Parameters
    ----------
    level : float
        Between 0 and 1; 1/2 is half the absolute loss.
    bandwidth : float
        As in `Absolute`.

    References
    ----------
    Koenker, Bassett (1978), Regression quantiles, Econometrica 46, 33-50. Smoothed: He, Pan, Tan, Zhou (2023),
    Smoothed quantile regression with large-scale inference, Journal of Econometrics 232, 367-388 ("conquer").

    Examples
    --------
    >>> Quantile(0.9).value(np.array([-10.0, 10.0])), Quantile(0.9).slope(np.array([-10.0, 10.0]))
    (array([9., 1.]), array([-0.9,  0.1]))
    >>> Quantile(0.9, 2.0).curvature(np.array([-10.0, 1.0]))
    array([0.  , 0.25])
    >>> Quantile(0.9, 2.0).in_units(10.0), Quantile(0.9, 2.0).narrowed(0.5)
    (Quantile(level=0.9, bandwidth=0.2), Quantile(level=0.9, bandwidth=0.5))
    """

    level: float = 0.5
    bandwidth: float = 0.0
    name = "quantile"
    degree = 1

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise DataError(
                f"level of the quantile loss is {self.level}, expected a number between 0 and 1",
                hint="0.5 is the median; below a line of level 0.9 lie nine rows in ten",
            )
        _check_bandwidth(self.bandwidth)

    @property
    def width(self) -> float:
        """The bandwidth."""
        return self.bandwidth

    @property
    def curvature_bound(self) -> float:
        """1 / (2 h)."""
        return self._absolute.curvature_bound / 2

    @property
    def _absolute(self) -> Absolute:
        return Absolute(self.bandwidth)

    def value(self, r: Array) -> Array:
        """Half of `|r|`, smoothed or not, on a slope of 1/2 - level."""
        return self._absolute.value(r) / 2 + (0.5 - self.level) * r

    def slope(self, r: Array) -> Array:
        """From -level to 1 - level."""
        return self._absolute.slope(r) / 2 + (0.5 - self.level)

    def curvature(self, r: Array) -> Array:
        """1 / (2 h) within the bandwidth, 0 outside."""
        return self._absolute.curvature(r) / 2

    def in_units(self, unit: float) -> Quantile:
        """The bandwidth counted in units."""
        return Quantile(self.level, self.bandwidth / unit)

    def narrowed(self, width: float) -> Quantile:
        """Another bandwidth."""
        return Quantile(self.level, width)


def _check_bandwidth(bandwidth: float) -> None:
    if not 0 <= bandwidth < math.inf:
        raise DataError(f"bandwidth is {bandwidth}, expected a finite number, 0 or above (in units of y)")
