"""The loss as the quadratic it is, and the learning rates that its curvature allows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution


class Curved(Protocol):
    """What rates and messages need to know of a loss."""

    @property
    def bias(self) -> bool:
        """Whether the last parameter is the intercept."""

    @property
    def largest(self) -> float:
        """The largest curvature."""

    @property
    def smallest(self) -> float:
        """The smallest above zero."""

    @property
    def max_learning_rate(self) -> float:
        """2 / largest."""

    @property
    def best_learning_rate(self) -> float:
        """2 / (largest + smallest)."""

    @property
    def steepest(self) -> int:
        """The parameter with the largest part in the steepest direction."""


@dataclass(frozen=True, eq=False)
class Quadratic:
    """loss(v) = floor + (v - best)' H (v - best), with v = (w, b), or v = w where there is no intercept.

    The curvatures are the eigenvalues of the Hessian 2 H. A full-batch step of rate r multiplies the error along
    an eigenvector of curvature c by 1 - r c: it shrinks exactly where 0 < r < 2 / c. So r < 2 / largest curvature
    is necessary and sufficient for convergence, 1 / c finishes one direction in one step, and
    2 / (largest + smallest) is the best rate in the long run (Polyak 1964; Nesterov 2004, theorem 2.1.15).

    Attributes
    ----------
    H : (k, k) float64
        Mean of z z' with z = (x, 1), or z = x: half the Hessian of the mean squared error.
    best : (k,) float64
        The least squares answer.
    floor : float
        The loss there.
    bias : bool
        Whether the last entry of v is the intercept.

    Examples
    --------
    The lesson: y = a x on x = 1, 3, 10, 13, 7 has curvature 2 mean(x^2) = 131.2.

    >>> from gradline.moments.moments import Moments
    >>> x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
    >>> moments = Moments.of(x[:, None], 2 * x)
    >>> lesson = Quadratic.of(moments, moments.solve(fit_intercept=False), bias=False)
    >>> round(lesson.largest, 6), round(lesson.max_learning_rate, 6)
    (131.2, 0.015244)
    """

    H: Array
    best: Array
    floor: float
    bias: bool

    @classmethod
    def of(cls, moments: Statistics, solution: Solution, *, bias: bool) -> Quadratic:
        """From the statistics and the answer solved from them; costs nothing that depends on the rows."""
        mean = moments.mean[:-1]
        H = moments.scatter[:-1, :-1] / moments.weight + np.outer(mean, mean)
        best = solution.coef
        if bias:
            H = np.block([[H, mean[:, None]], [mean[None, :], np.ones((1, 1))]])
            best = np.append(best, solution.intercept)
        floor = moments.dispersion(fit_intercept=bias).rss / moments.weight
        return cls(H, best, floor, bias)

    @cached_property
    def curvatures(self) -> tuple[Array, Array]:
        """(k,) eigenvalues of the Hessian, ascending, and (k, k) their directions as columns."""
        values, directions = np.linalg.eigh(2.0 * self.H)
        return np.maximum(values, 0.0), directions

    @property
    def largest(self) -> float:
        """The largest curvature."""
        return float(self.curvatures[0][-1])

    @property
    def smallest(self) -> float:
        """The smallest curvature that is not zero to rounding: along flat directions nothing moves."""
        values = self.curvatures[0]
        return float(values[values > len(values) * np.finfo(float).eps * values[-1]].min(initial=self.largest))

    @property
    def max_learning_rate(self) -> float:
        """2 / largest curvature: at or above it a full-batch descent does not converge."""
        return 2.0 / self.largest if self.largest > 0 else np.inf

    @property
    def best_learning_rate(self) -> float:
        """2 / (largest + smallest curvature): the fastest constant rate in the long run."""
        return 2.0 / (self.largest + self.smallest) if self.largest > 0 else np.inf

    @property
    def steepest(self) -> int:
        """The entry of v with the largest part in the steepest direction: it sets the limit."""
        return int(np.argmax(np.abs(self.curvatures[1][:, -1])))

    @property
    def flattest(self) -> int:
        """The entry of v with the largest part in the flattest direction that is not flat: it crawls."""
        values, directions = self.curvatures
        return int(np.argmax(np.abs(directions[:, np.flatnonzero(values >= self.smallest)[0]])))

    def loss(self, w: Array, b: float) -> float:
        """The mean squared error at (w, b)."""
        e = self.error(w, b)
        with np.errstate(over="ignore", invalid="ignore"):  # from too far away it is infinite
            return self.floor + float(e @ self.H @ e)

    def error(self, w: Array, b: float) -> Array:
        """(k,) v - best."""
        e: Array = np.append(w, b)[: len(self.best)] - self.best
        return e
