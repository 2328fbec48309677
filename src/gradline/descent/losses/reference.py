"""The answer a descent is measured against, for any smooth loss: Newton's method over the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from gradline.data.source import Source
from gradline.descent.goal.conditioning import Frame
from gradline.descent.losses.looks import EPS, Look, Rows
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.quantile import Absolute
from gradline.errors import DataError
from gradline.solution import Array

NEAR = 1e-10  # standard errors: far below any tolerance asked of a descent
ON_THE_WAY = 0.01  # the same, at a width that is not the last
MOST_STEPS = 100  # at one width; a handful is usual
NARROWING = 8.0
STRAIGHT = 1e-12  # of the curvature bound: below it no row bends the loss in that direction


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Where a loss is least, and how sure the data are of that.

    Attributes
    ----------
    v : (k,) float64
        Slopes and, with an intercept, that last; in the frame that was given.
    H : (k, k) float64
        Half the Hessian there: nearby the loss is `loss` + e'H e with e the distance from v. In the frame.
    loss : float
        The mean loss there, in the frame; times target_scale ** degree it is that in data units.
    standard_error : (k,) float64
        Of the coefficients, in data units: see `standard_error`.
    converged : bool
        The next step would be below 1e-10 standard errors of every coefficient, or below rounding.
    unique : bool
        The loss bends in every direction that the rows tell apart: no other v is as good.
    """

    v: Array
    H: Array
    loss: float
    standard_error: Array
    converged: bool
    unique: bool

    def moved(self, old: Frame, new: Frame, loss: Loss, *, bias: bool) -> Reference:
        """The same answer as another frame of the same rows sees it."""
        to_data = new.differences(bias)
        change = _entering(old, len(to_data) - bias, bias) @ to_data  # of parameters in the new frame, to the old
        unit = (old.target_scale / new.target_scale) ** loss.degree
        v = np.append(*new.enter(*old.leave(*((self.v[:-1], float(self.v[-1])) if bias else (self.v, 0.0)))))
        H = unit * (change.T @ self.H @ change)
        return replace(self, v=v if bias else v[:-1], H=H, loss=unit * self.loss)


def reference(loss: Loss, source: Source, frame: Frame, *, bias: bool) -> Reference:
    """Minimise the mean of `loss`, given in data units, over the rows of `source`.

    A narrow loss is met by way of wide ones: from least squares through widths that shrink eightfold, each answer the
    start of the next (Madsen, Nielsen 1993, A finite smoothing algorithm for linear l1 estimation, SIAM Journal on
    Optimization 3, 223-235). So it makes no difference how far outliers lie.

    Raises
    ------
    DataError
        Where the loss has a kink or leaves its width to the data: `settled` (settling.py) gives it one.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.descent.goal.conditioning import DataUnits
    >>> from gradline.descent.losses.huber import Huber
    >>> source = ArraySource(np.arange(7.0)[:, None], [1.0, 3.0, 5.0, 1e9, 9.0, 11.0, 13.0])  # 1 + 2 x, but for one
    >>> reference(Huber(0.6), source, DataUnits(np.eye(2)), bias=True).v
    array([2. , 1.1])
    """
    if not loss.width > 0:
        raise DataError(f"the {loss.name} loss has a kink, expected one with a bandwidth", hint="settle it first")
    rows = Rows.of(source, frame, bias=bias)
    v, loss = rows.least_squares, loss.in_units(frame.target_scale)
    for wider in _wider(loss, rows):
        v = newton(wider, rows, v, near=ON_THE_WAY).v
    there = newton(loss, rows, v)
    error = standard_error(loss, rows, there)
    return Reference(there.v, there.look.H, there.look.value, error, there.converged, there.unique)


def _wider(loss: Loss, rows: Rows) -> Iterator[Loss]:
    """Losses to go through, from the mean absolute residual of least squares; none where no loss can be wider."""
    if math.isinf(loss.width):
        return
    width = rows.look(Absolute(), rows.least_squares).value
    while width > loss.width:
        yield loss.narrowed(width)
        width /= NARROWING


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """Where Newton's method ended, what it saw there, and H^-1 (as far as the rows tell directions apart)."""

    v: Array
    look: Look
    inverse: Array
    converged: bool
    unique: bool


def newton(loss: Loss, rows: Rows, v: Array, *, near: float = NEAR) -> Arrival:
    """A semismooth Newton method: steps of -(2 H)^-1 gradient, each as long as the loss falls along it.

    The loss bends only where rows are within its width. In a direction that has none of them the curvature bound takes
    the place of H, as in majorise-minimise, and the line search makes the step longer.

    Parameters
    ----------
    loss : Loss
        In the units of the frame.
    near : float
        The standard errors that a step must be below for this to end; or it is below rounding.
    """
    bound = loss.curvature_bound / 2
    look = rows.look(loss, v)
    for steps in range(MOST_STEPS + 1):
        directions, curvatures = _principal(rows, look.H)
        bent = curvatures > STRAIGHT * bound
        inverse = (directions / np.where(bent, curvatures, bound)) @ directions.T
        step = -inverse @ look.gradient / 2
        allowed = np.fmax(near * np.sqrt(_variance(rows, look, inverse)), _rounding(rows, v))
        arrived = bool((np.abs(step) <= allowed).all())
        if arrived or steps == MOST_STEPS:
            break
        length, look = _as_far_as_it_falls(loss, rows, v, step, look)
        v = v + length * step
    return Arrival(v, look, inverse, arrived, bool(bent.all()))


def _as_far_as_it_falls(loss: Loss, rows: Rows, v: Array, step: Array, start: Look) -> tuple[float, Look]:
    """How many times `step` to go, and the look there.

    The loss is convex: its derivative along the step rises from below zero to above. Where it is still half of what it
    was, the lowest point lies far ahead: go on. Where it is above zero that lies before: go back, by regula falsi.
    The loss itself would not do: a few outliers make it so large that its differences drown in rounding, but every
    row's slope is bounded.
    """
    falls = float(start.gradient @ step)
    low, slope_low, high, slope_high, length = 0.0, falls, math.inf, math.inf, 1.0
    for _ in range(MOST_STEPS):
        look = rows.look(loss, v + length * step)
        now = float(look.gradient @ step)
        lower = look.value <= start.value * (1 + 4 * EPS)
        if 0.5 * falls <= now <= (-0.1 * falls if lower else 0.0):
            return length, look
        if now > 0:
            high, slope_high = length, now
        else:
            low, slope_low = length, now
        if math.isinf(high):
            length *= 4.0
        else:
            length = low + (high - low) * min(max(slope_low / (slope_low - slope_high), 0.1), 0.9)
    return low, rows.look(loss, v + low * step)


def _rounding(rows: Rows, v: Array) -> Array:
    """(k,) what rounding leaves of v: of its own size, or that of a coefficient which alone would explain y."""
    alone = rows.size * np.linalg.norm(rows.root, axis=1)
    size: Array = 4 * EPS * np.maximum(np.abs(v), alone)
    return size


def standard_error(loss: Loss, rows: Rows, there: Arrival) -> Array:
    """(k,) of the coefficients, in data units: the sandwich A^-1 B A^-1 (Huber 1967), times n / (n - k).

    A is the Hessian of the mean loss, B = sum of (share * slope)^2 z z'. It holds for errors of any distribution, of
    unequal spread too; for least squares it is what others call HC1. NaN where nothing is known: n <= k, or the loss is
    flat in a direction that the coefficient has a part in.

    Of an absolute or quantile loss A estimates the density of the residuals at zero, and the few rows within a
    narrow bandwidth do so badly. It is therefore measured on at least the rows that Hall and Sheather ask (1988, On
    the distribution of a studentized quantile, Journal of the Royal Statistical Society B 50, 381-391). Where fewer
    than some 5 k rows lie beyond the quantile it remains too small: at level 0.95 of 60 rows, a third of the truth.

    References
    ----------
    Huber (1967), The behavior of maximum likelihood estimates under nonstandard conditions, Proceedings of the Fifth
    Berkeley Symposium 1, 221-233. For smoothed quantiles: He, Pan, Tan, Zhou (2023).
    """
    H, bound = there.look.H, loss.curvature_bound / 2
    if loss.degree == 1:
        lowest, highest = loss.slope(np.array([-math.inf, math.inf]))
        share = _hall_sheather(rows.n, lowest / (lowest - highest))
        width = rows.size_quantile(there.v, share)
        if width > loss.width:
            wide = loss.narrowed(width)
            H, bound = rows.look(wide, there.v).H, wide.curvature_bound / 2
    directions, curvatures = _principal(rows, H)
    bent = curvatures > STRAIGHT * bound
    known = (directions[:, bent] / curvatures[bent]) @ directions[:, bent].T
    A = rows.frame.differences(rows.bias)
    error: Array = np.sqrt(_variance(rows, there.look, A @ known))
    flat = np.linalg.norm(A @ directions[:, ~bent], axis=1) > 1e-9 * np.linalg.norm(A @ directions, axis=1)
    error[flat] = math.nan
    return error


def _principal(rows: Rows, H: Array) -> tuple[Array, Array]:
    """Directions that H bends independently, all of the same spread in the rows, and their curvatures, ascending."""
    curvatures, Q = np.linalg.eigh(rows.root.T @ H @ rows.root)
    return rows.root @ Q, curvatures


def _variance(rows: Rows, look: Look, inverse: Array) -> Array:
    """The diagonal of inverse scatter inverse' / 4 (the Hessian is 2 H), by degrees of freedom."""
    freedom = rows.n - rows.root.shape[1]
    diagonal = np.einsum("ij,jk,ik->i", inverse, look.scatter, inverse) / 4
    variance: Array = np.maximum(diagonal, 0.0) * (rows.n / freedom if freedom > 0 else math.nan)
    return variance


def _hall_sheather(n: int, level: float) -> float:
    """The share of rows about a quantile by which to estimate the density there, for intervals at 95 %."""
    normal = NormalDist()
    z = normal.inv_cdf(level)
    half = (normal.inv_cdf(0.975) ** 2 * 1.5 * normal.pdf(z) ** 2 / (2 * z * z + 1) / n) ** (1 / 3)
    return float(2 * min(half, level, 1 - level))


def _entering(frame: Frame, features: int, bias: bool) -> Array:
    """(k, features + bias) the matrix that takes differences of parameters from data units to the frame."""
    k = features + bias
    start = np.append(*frame.enter(np.zeros(features), 0.0))
    moves = [np.append(*frame.enter(e[:features], e[features])) - start for e in np.eye(features + 1)[:k]]
    matrix: Array = np.column_stack(moves)
    return matrix if bias else matrix[:-1]
