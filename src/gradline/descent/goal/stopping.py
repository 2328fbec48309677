"""When is a descent done? When its error is a small part of what the data leave uncertain anyway."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradline.descent.goal.conditioning import Frame
from gradline.descent.goal.quadratic import Quadratic
from gradline.moments.classical import infer
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution, Status


@dataclass(frozen=True, slots=True, eq=False)
class Tolerance:
    """How far each coefficient may be from the least squares answer, in data units (the intercept last).

    Attributes
    ----------
    unit : (k,) float64
        The standard error of each coefficient. Where there is none (an exact fit, no degrees of freedom): its own
        size, or where it is zero that of a coefficient that alone would explain y.
    has_error : (k,) bool
        Whether there is a standard error.
    offset : (k,) float64
        How far the least of the quadratic is from the exact answer: what rounding of the rows has done, and of the way
        back to data units.
    rounding : (k,) float64
        What a few roundings of the descending dtype leave as an error, and twice the offset; no descent gets nearer.
    alone : (k,) float64
        The size of a coefficient that alone would explain y.
    """

    quadratic: Quadratic
    differences: Array
    offset: Array
    unit: Array
    has_error: NDArray[np.bool_]
    rounding: Array
    alone: Array

    @classmethod
    def of(
        cls,
        moments: Statistics,
        exact: Solution,
        quadratic: Quadratic,
        frame: Frame,
        dtype: str,
        standard_error: Array | None = None,
    ) -> Tolerance:
        """`quadratic` is the loss in `frame`; `exact` the answer in data units; errors are those of least squares."""
        bias = quadratic.bias
        best = np.append(exact.coef, exact.intercept) if bias else exact.coef
        square = np.diag(moments.scatter) / moments.weight + moments.mean**2
        size = np.sqrt(np.append(square[:-1], 1.0) if bias else square[:-1])
        target_size = float(np.sqrt(square[-1])) or 1.0  # where y is zero in every row, any size is as good
        if standard_error is None:
            error = infer(moments, exact, fit_intercept=bias).standard_error
            error = np.roll(error, -1) if bias else error  # inference counts the intercept first
        else:
            error = standard_error
        alone = target_size / np.where(size > 0, size, np.inf)
        has_error = np.isfinite(error) & (error > 0)
        unit = np.where(has_error, error, np.where(best != 0, np.abs(best), alone))
        spread = np.sqrt(np.diag(quadratic.H))
        away = (float(moments.mean[-1]) - frame.target_centre) ** 2 + moments.scatter[-1, -1] / moments.weight
        size_in_frame = float(np.sqrt(away)) / frame.target_scale
        in_frame = np.maximum(np.abs(quadratic.best), size_in_frame / np.where(spread > 0, spread, np.inf))
        differences = frame.differences(bias)
        slopes = quadratic.best[:-1] if bias else quadratic.best
        w, b = frame.leave(slopes, float(quadratic.best[-1]) if bias else 0.0)
        offset = (np.append(w, b) if bias else w) - best
        rounding = np.abs(differences) @ (16 * np.finfo(dtype).eps * in_frame) + 2 * np.abs(offset)
        if bias:
            rounding[-1] += 4 * np.finfo(float).eps * abs(moments.mean[-1])  # what a frame can know of the mean of y
        return cls(quadratic, differences, offset, unit, has_error, rounding, alone)

    def of_a_line_through_all_rows(self) -> Tolerance:
        """Where y is reproduced in every row, a coefficient that is zero but for rounding is measured as if it were."""
        unit = np.where(self.has_error | (self.unit > 1e-12 * self.alone), self.unit, self.alone)
        return replace(self, unit=unit)

    def error(self, w: Array, b: float) -> Array:
        """(k,) distance of every coefficient from the least squares answer, in data units; w, b in the frame."""
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged descent is infinitely far
            distance: Array = np.abs(self.differences @ self.quadratic.error(w, b) + self.offset)
        return distance

    def gaps(self, w: Array, b: float) -> Array:
        """(k,) the errors in units of their standard errors (or sizes)."""
        error = self.error(w, b)
        return np.divide(error, self.unit, out=np.zeros_like(error), where=self.unit > 0)

    def in_words(self, gap: float, j: int) -> str:
        """The distance `gap` of coefficient j, as a phrase."""
        return f"{gap:.2g} standard errors" if self.has_error[j] else f"a relative {gap:.2g}"

    def reached(self, w: Array, b: float, tol: float) -> Status | None:
        """CONVERGED within `tol` units of every coefficient, ROUNDING where the dtype gets no nearer, else None.

        Rounding that is itself below a hundredth of a standard error is no reason for complaint: CONVERGED too.
        """
        error = self.error(w, b)
        if (error <= np.maximum(tol * self.unit, np.minimum(self.rounding, 0.01 * self.unit))).all():
            return Status.CONVERGED
        return Status.ROUNDING if (error <= np.maximum(tol * self.unit, self.rounding)).all() else None
