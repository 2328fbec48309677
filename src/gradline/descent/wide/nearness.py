"""How near is a descent where no exact answer is known? As near as its gradient and the smallest curvature say."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradline.descent.wide.lanczos import FLAT, Spectrum
from gradline.descent.wide.rows import Slope, WideRows
from gradline.solution import Array, Status

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one pass tells at one point.

    Attributes
    ----------
    loss : float
    gradient, noise : float
        Length of the gradient; what of it rounding alone would explain.
    gap, rounding : float
        No coefficient is farther from the answer, in standard errors (relative, where there are none); and the gap of
        a gradient of mere noise.
    has_error : bool
        Whether there are standard errors.
    hidden : float
        Where the answer lies too far off along a direction that was taken for level: by how much the loss would fall
        along it. Then `gap` is no bound, but the distance in that direction, or more. Otherwise 0.
    """

    loss: float
    gradient: float
    noise: float
    gap: float
    rounding: float
    has_error: bool
    hidden: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Nearness:
    """A bound on the distance from the least squares answer, from the gradient g and the smallest curvature mu.

    With e = v - answer, g = 2 H e: so |e| <= |g| / mu, and the loss exceeds its least by e'He <= |g|^2 / (2 mu). Of any
    combination a'v the standard error is s sqrt(a'H^-1 a / W), the error at most sqrt(a'H^-1 a) sqrt(e'He) (Cauchy,
    Schwarz). So every coefficient, and the intercept, is within

        sqrt((n - k) excess / (loss - excess)),   excess = |g|^2 / (2 mu)

    standard errors, in whatever units. Where there are none (no more rows than coefficients, or an exact fit) the error
    is told relative to the size of all coefficients together, both in the units of the frame: |g| / (mu |v|).

    mu is half of the smallest curvature above zero that Lanczos saw: an estimate, so this bound is one too. Where H is
    singular, the answer is the nearest one, which differs from where the descent began by no direction that the rows
    do not see.

    Products with H see no curvature below 1e-13 of the largest: that of columns that differ by less than some 1e-7 of
    their spread. The spread s of the rows along such a direction u is seen further down. Where it is above rounding,
    the loss would fall by (g'u)^2 / (2 s)^2 along u. Of directions with a curvature of mu or more that cannot be more
    than |g|^2 / (2 mu): where it is, the answer has a part that no descent reaches.

    Attributes
    ----------
    spectrum : Spectrum
    freedom : int
        Residual degrees of freedom, or more where H is singular; 0: there are no standard errors.
    target_size : float
        Root mean square of y about the frame's zero.
    alone : float
        That of y itself, in units of the frame: the size of a coefficient that alone would explain y.
    trace : float
        Of H.
    eps : float
        Of the descending dtype.
    level : (m, k) float64
        Directions that were taken for level, but in which the rows do differ.
    spreads : (m,) float64
        How much, as a root mean square.
    """

    rows: WideRows
    spectrum: Spectrum
    freedom: int
    target_size: float
    alone: float
    trace: float
    eps: float
    level: Array
    spreads: Array
    _last: list[tuple[Array, float, Evidence]] = field(default_factory=list, repr=False)

    def evidence(self, w: Array, b: float) -> Evidence:
        """One pass; none where it was the same point before."""
        if self._last and self._last[0][1] == b and np.array_equal(self._last[0][0], w):
            return self._last[0][2]
        found = self._weighed(self.rows.slope(w, b), w, b)
        self._last[:] = [(w.copy(), b, found)]
        return found

    def gaps(self, w: Array, b: float) -> Array:
        """(1,) one bound for all coefficients."""
        return np.array([self.evidence(w, b).gap])

    def rough_gap(self, w: Array, b: float) -> float:
        """The gap; where the gradient is too large for a bound, what it would be if the loss hardly fell any more."""
        found = self.evidence(w, b)
        if math.isfinite(found.gap) or not found.has_error:
            return found.gap
        return math.sqrt(self.freedom * _ratio(found.gradient**2, self.spectrum.smallest) / found.loss)

    def in_words(self, gap: float) -> str:
        """The distance `gap`, as a phrase."""
        has_error = self._last[0][2].has_error if self._last else self.freedom > 0
        return f"{gap:.2g} standard errors" if has_error else f"a relative {gap:.2g}"

    def reached(self, w: Array, b: float, tol: float) -> Status | None:
        """CONVERGED where the bound is within `tol`, ROUNDING where the dtype gets no nearer, else None.

        Rounding below a hundredth of a standard error is no reason for complaint. Where the smallest curvature is not
        settled there is no bound, and nothing has converged.
        """
        found = self.evidence(w, b)
        if found.hidden:
            return Status.ROUNDING if found.gradient <= found.noise else None
        if not found.gap <= max(tol, found.rounding):
            return None
        near = found.gap <= max(tol, min(found.rounding, 0.01 if found.has_error else 0.0))
        if near and self.spectrum.settled:
            return Status.CONVERGED
        return Status.ROUNDING if found.gap <= found.rounding else None

    def near(self, w: Array, b: float) -> str:
        """Where a descent ended that has converged."""
        found = self.evidence(w, b)
        distance = self.in_words(found.gap)
        if found.has_error:
            return f"every coefficient is within {distance} of {self.answer}, {self._witness}"
        return f"the coefficients together are within {distance} of {self.answer}, {self._witness}"

    def far(self, w: Array, b: float) -> str:
        """Where a descent ended that has not."""
        found, smallest = self.evidence(w, b), self.spectrum.smallest / max(self.spectrum.largest, 1e-300)
        if not self.spectrum.settled:
            return (
                f"how far it is from {self.answer} cannot be told, as there are curvatures of {smallest:.1g} of the "
                "largest, and smaller ones"
            )
        if math.isinf(found.gap):
            return f"the gradient is still too large to tell how far it is from {self.answer}"
        if found.hidden:
            share = 100 * found.hidden / found.loss
            return (
                f"some coefficient may be {self.in_words(found.gap)} from {self.answer}, or more, as a combination of "
                f"columns that differs by {self.spreads.max():.1g} only would take {share:.2g} % off the loss"
            )
        what = "some coefficient" if found.has_error else "the coefficients together"
        return f"{what} may be {self.in_words(found.gap)} from {self.answer}, {self._witness}"

    @property
    def answer(self) -> str:
        """What the distance is from."""
        flat = self.spectrum.flat and not (self._last and self._last[0][2].hidden)
        return "the nearest least squares answer" if flat else "the least squares answer"

    @property
    def column(self) -> int | None:
        """The entry of (w, b) with the largest part in what is hidden; None where nothing is."""
        if not (self._last and self._last[0][2].hidden):
            return None
        return int(np.argmax(np.abs(self.level[self.spreads.argmax()])[: len(self.rows.frame.scale)]))

    @property
    def _witness(self) -> str:
        return f"going by the gradient and the smallest curvature seen in {self.spectrum.steps} Lanczos steps"

    def _weighed(self, slope: Slope, w: Array, b: float) -> Evidence:
        length = float(np.linalg.norm(w))
        # Every prediction is off by some roundings of its terms, and so is every residual.
        off = self.eps * (1 + self.rows.lean) * (self.target_size + abs(b) + length * math.sqrt(self.trace))
        noise = math.sqrt(2 * self.spectrum.bound) * off
        size, mu = slope.size, self.spectrum.smallest / 2
        has_error = self.freedom > 0 and not slope.loss <= (64 * off) ** 2
        if not (math.isfinite(size) and math.isfinite(slope.loss)):
            return Evidence(slope.loss, size, noise, math.inf, 0.0, has_error)
        if not has_error:
            unit = length if length > 1e-12 * self.alone else self.alone
            gap, rounding = (_ratio(part, mu * unit) for part in (size, noise))
            return Evidence(slope.loss, size, noise, gap, rounding, has_error)
        excess, least = (_ratio(part * part, 2 * mu) for part in (size, noise))
        gap, rounding = (self._in_errors(slope.loss, part) for part in (excess, least))
        # Along a level direction the gradient is some roundings of residuals off, however small the spread.
        slack = (16 * EPS / self.spreads) ** 2 * slope.loss
        hidden = float(np.max((self.level @ slope.gradient / self.spreads / 2) ** 2 - slack, initial=0.0))
        if not hidden > 3 * excess + least:
            return Evidence(slope.loss, size, noise, gap, rounding, has_error)
        # What pulls along all that was taken for level: it never becomes less.
        noise += math.sqrt(2 * FLAT * self.spectrum.largest * slope.loss)
        gap = self._in_errors(slope.loss, excess + hidden)
        return Evidence(slope.loss, size, noise, gap, rounding, has_error, hidden)

    def _in_errors(self, loss: float, excess: float) -> float:
        return math.sqrt(self.freedom * excess / (loss - excess)) if excess < loss else math.inf


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else (math.inf if part else 0.0)


class Watch:
    """Asks for a pass only where the steps have become small: the last three points of steady steps hold the gradient.

    v_(k+1) = v_k - rate g_k + momentum (v_k - v_(k-1)) is solved for g_k. A pass decides; it is taken where |g_k| is a
    tenth of what it was at the last pass, or may be small enough. A descent that goes on from a checkpoint knows no
    points before, and takes a pass: it stops where an unbroken one does.
    """

    def __init__(self, nearness: Nearness, tol: float, rate: float, momentum: float) -> None:
        self._nearness, self._tol, self._rate, self._momentum = nearness, tol, rate, momentum
        self._points: list[tuple[Array, float]] = []
        self._seen, self._enough = math.inf, 0.0

    def __call__(self, w: Array, b: float) -> Status | None:
        """After each step."""
        self._points = [*self._points[-2:], (w, b)]
        small = self._gradient()
        if small > max(self._seen / 10, 2 * self._enough):
            return None
        verdict = self._nearness.reached(w, b, self._tol)
        found = self._nearness.evidence(w, b)
        self._seen = found.gradient
        goal = max(self._tol, found.rounding)
        self._enough = max(found.noise, found.gradient * goal / found.gap if 0 < found.gap < math.inf else 0.0)
        return verdict

    def _gradient(self) -> float:
        if len(self._points) < 3:
            return 0.0
        (w0, b0), (w1, b1), (w2, b2) = self._points
        step_w = (w1 - w2) + self._momentum * (w1 - w0)
        step_b = (b1 - b2) + self._momentum * (b1 - b0)
        return math.hypot(float(np.linalg.norm(step_w)), step_b) / self._rate


def watch_passes(nearness: Nearness, tol: float) -> Callable[[Array, float], Status | None]:
    """After each pass of many steps: one more pass is little beside it."""
    return lambda w, b: nearness.reached(w, b, tol)
