"""What a residual costs: squared, Huber, absolute, quantile; the last two with their kink rounded off on request.

Everywhere r = prediction - y, the loss is the mean over the rows, and there is no factor 1/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradline.errors import DataError
from gradline.solution import Array


class Loss(Protocol):
    """The cost of one residual, convex and least at or near zero."""

    @property
    def name(self) -> str:
        """As the user writes it."""

    @property
    def degree(self) -> int:
        """`value` grows as (unit of y)^degree: 2 for squared and Huber, 1 for absolute and quantile."""

    @property
    def width(self) -> float:
        """The loss is a parabola where |r| <= width, and straight beyond: inf for squared, 0 at a kink."""

    @property
    def curvature_bound(self) -> float:
        """The largest second derivative; inf where there is a kink."""

    def value(self, r: Array) -> Array:
        """The cost of each residual."""

    def slope(self, r: Array) -> Array:
        """Its derivative by the prediction; at a kink the middle of what a subgradient may be."""

    def curvature(self, r: Array) -> Array:
        """Its second derivative; at a kink, where there is none, 0."""

    def in_units(self, unit: float) -> Loss:
        """The same loss for residuals counted in `unit`s: in_units(u).value(r / u) * u**degree = value(r)."""

    def narrowed(self, width: float) -> Loss:
        """The same loss with another width: what it is in the limit does not change, only how soon it bends."""


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


LOSSES: dict[str, type[Squared] | type[Huber] | type[Absolute] | type[Quantile]] = {
    "squared": Squared,
    "huber": Huber,
    "absolute": Absolute,
    "quantile": Quantile,
}


def loss_named(loss: str | Loss) -> Loss:
    """The loss of that name with its defaults; a Loss is returned as it is.

    Raises
    ------
    DataError
        Where it is neither.

    Examples
    --------
    >>> loss_named("huber")
    Huber(delta=None)
    >>> loss_named(Quantile(0.9))
    Quantile(level=0.9, bandwidth=0.0)
    """
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    if not isinstance(loss, str | type) and hasattr(loss, "slope"):
        return loss
    names = ", ".join(f"'{name}'" for name in LOSSES)
    raise DataError(f"there is no loss {loss!r}, expected one of {names}", hint="or a Loss, for example Quantile(0.9)")


def _check_bandwidth(bandwidth: float) -> None:
    if not 0 <= bandwidth < math.inf:
        raise DataError(f"bandwidth is {bandwidth}, expected a finite number, 0 or above (in units of y)")
