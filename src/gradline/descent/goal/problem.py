"""What a pass over the rows tells before a descent: the answer, the curvatures, the units to descend in."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from gradline.data.processes import processes_of
from gradline.data.source import Source
from gradline.descent.goal.conditioning import Conditioned, DataUnits, Frame
from gradline.descent.goal.quadratic import Quadratic
from gradline.descent.goal.refusals import refuse_extreme, refuse_idle, refuse_one_row
from gradline.descent.goal.stopping import Tolerance
from gradline.descent.losses.looks import Rows
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.mean_loss import runs_through
from gradline.descent.losses.reference import reference
from gradline.descent.losses.settling import settled
from gradline.descent.losses.squared import Squared
from gradline.descent.options import Options
from gradline.descent.steps import epochs
from gradline.descent.steps.epochs import Epoch
from gradline.descent.steps.momentum import factor
from gradline.descent.telling import divergence, outlook
from gradline.errors import CollinearityWarning
from gradline.moments.classical import infer
from gradline.moments.moments import Moments
from gradline.moments.precision import Statistics, gather
from gradline.solution import Array, Solution, Status

# Part of the mean curvature that every direction is given beside its own near the answer, before all are made equal:
# from afar other rows bend the loss than there. Measured: with 0.05 and 1 some descents take ten times as long.
EVENLY = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A problem ready to descend.

    Attributes
    ----------
    names : tuple of str
        Of the features.
    moments : Moments or ExactMoments
    exact : Solution
        The answer, in data units: least squares, or the minimum of another loss.
    frame : Frame
        The units of the descent.
    loss : Loss
        Of residuals in the frame, as it is descended.
    settled : Loss
        Of residuals in data units, with nothing left open, whose minimum `exact` is.
    squares : Quadratic
        The mean squared error in the frame.
    quadratic : Quadratic
        The loss in the frame: of least squares itself, of another loss near its minimum.
    tolerance : Tolerance
        How near is near enough.
    target_square : float
        Mean square of the target, in the frame.
    on_line : bool
        Of another loss: whether every row lies on one line to rounding, which is then the answer of any loss. Its
        standard errors are zero, as those of least squares are there.
    certain : bool
        Whether `exact` is the answer to rounding: of a loss that hardly bends, Newton's method may end before.
    """

    names: tuple[str, ...]
    moments: Statistics
    exact: Solution
    frame: Frame
    loss: Loss
    settled: Loss
    squares: Quadratic
    quadratic: Quadratic
    tolerance: Tolerance
    target_square: float
    certain: bool = True
    on_line: bool = False

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        bias: bool,
        conditioned: bool,
        dtype: str,
        loss: Loss | None = None,
        within: float | None = None,
        along_sums: bool = False,
    ) -> Problem:
        """Read `source` once (twice, where float64 sums have too few digits; `within` as `gather` takes it).

        A descent `along_sums` never sees the rows, and is not measured by how they are rounded.

        Raises
        ------
        DataError
            Where there is nothing to descend (one row, or no column but the intercept that tells anything), or
            squares leave the range of float64.
        """
        names = source.feature_names
        moments, exact = gather(source, fit_intercept=bias, within=within)
        refuse_one_row(source, moments.rows)
        dependencies = exact.certificate.dependencies if exact.certificate else ()
        refuse_idle(source, len(dependencies), bias)
        outcome = "its coefficient is set to 0" if conditioned else "how an effect is shared depends on the start"
        for warning in exact.certificate.warnings(names, centred=bias, outcome=outcome) if exact.certificate else ():
            warnings.warn(warning, CollinearityWarning, stacklevel=4)
        with np.errstate(over="ignore", under="ignore"):
            square = np.diag(moments.scatter) / moments.weight + moments.mean**2
        cure = "rescale it, or fit it the exact way, which takes every float64 (LinearRegression)"
        refuse_extreme(names, moments.mean, square, "float64" if conditioned else dtype, cure=cure)
        frame: Conditioned | DataUnits
        frame = Conditioned.of(moments, bias=bias) if conditioned else DataUnits.of(moments, exact, bias=bias)
        squares = frame.quadratic(Quadratic.of(moments, exact, bias=bias))
        if not (along_sums or isinstance(moments, Moments) or isinstance(frame, DataUnits)):
            squares = replace(_of_rounded_rows(source, frame, bias), floor=squares.floor)
        if loss is None or isinstance(loss, Squared):
            tolerance = Tolerance.of(moments, exact, squares, frame, dtype)
            away = _target_square(moments, frame)
            return cls(names, moments, exact, frame, Squared(), Squared(), squares, squares, tolerance, away)
        return cls._of_loss(loss, source, moments, exact, frame, squares, dtype)

    @classmethod
    def _of_loss(
        cls,
        asked: Loss,
        source: Source,
        moments: Statistics,
        least_squares: Solution,
        frame: Conditioned | DataUnits,
        squares: Quadratic,
        dtype: str,
    ) -> Problem:
        """Settle what the loss leaves to the data, and find its minimum, where every curvature is one."""
        bias, names = squares.bias, source.feature_names
        data_units = isinstance(frame, DataUnits)
        even = Conditioned.of(moments, bias=bias) if data_units else frame
        smooth = settled(asked, source, even, bias=bias)
        found = reference(smooth, source, even, bias=bias)
        v = found.v
        w, b = even.leave(*((v[:-1], float(v[-1])) if bias else (v, 0.0)))
        exact = replace(least_squares, coef=w, intercept=b)
        if not found.unique:
            warnings.warn(
                f"the {asked.name} loss is as low at other coefficients as at those that were found: too few rows "
                "bend it there, and standard errors mean little",
                CollinearityWarning,
                stacklevel=5,
            )
        if isinstance(frame, DataUnits):
            found = found.moved(even, frame, smooth, bias=bias)
        elif isinstance(even, Conditioned) and found.unique:
            also = EVENLY * np.trace(found.H) / len(found.H) * np.eye(len(found.H))
            frame, N = even.levelled(found.H + also, bias=bias)
            found = found.moved(even, frame, smooth, bias=bias)
            best = np.asarray(np.linalg.solve(N, squares.best), dtype=np.float64)
            squares = Quadratic(N.T @ squares.H @ N, best, squares.floor, bias)
        judged = infer(moments, least_squares, fit_intercept=bias)
        on_line = judged.exact_fit and runs_through(source, least_squares.coef, least_squares.intercept, "float64")
        on_line = all(processes_of(source).gathered(on_line))
        if on_line:
            found = replace(found, standard_error=np.roll(judged.standard_error, -bias))
        near = Quadratic(found.H, found.v, found.loss, bias)
        tolerance = Tolerance.of(moments, exact, near, frame, dtype, found.standard_error)
        tolerance = tolerance.of_a_line_through_all_rows() if on_line else tolerance
        # With a rate of the user's own a kink is descended as it is written.
        loss = (asked if data_units and asked.degree == 1 else smooth).in_units(frame.target_scale)
        away = _target_square(moments, frame)
        certain = found.converged
        return cls(names, moments, exact, frame, loss, smooth, squares, near, tolerance, away, certain, on_line)

    @property
    def bias(self) -> bool:
        """Whether there is an intercept."""
        return self.quadratic.bias

    @property
    def unit_of_loss(self) -> float:
        """A loss in the frame is so many in data units."""
        return self.frame.target_scale**self.loss.degree

    @property
    def loss_in_data_units(self) -> Loss:
        """The loss of residuals in data units."""
        return self.loss.in_units(1.0 / self.frame.target_scale)

    @property
    def largest(self) -> float:
        """No curvature of the loss is larger, anywhere."""
        return self.squares.largest * self.loss.curvature_bound / 2

    def max_learning_rate(self, momentum: float = 0.0) -> float:
        """2 (1 + momentum) / largest curvature, that of another loss near its minimum; NaN where it has a kink."""
        if math.isinf(self.loss.curvature_bound):
            return math.nan
        return divergence.limit(self.quadratic, momentum)

    def reaching(self, source: Source, w: Array, b: float, steps: int) -> float:
        """The rate at which `steps` steps along the gradient at (w, b) end nearest to the answer."""
        error = self.quadratic.error(w, b)
        rows = Rows.of(source, self.frame, bias=self.bias)
        with np.errstate(over="ignore", invalid="ignore"):  # the loss overflows from afar; its slopes do not
            gradient = rows.look(self.loss, np.append(w, b)[: len(error)]).gradient
        square = float(gradient @ gradient)
        return float(error @ gradient) / (square * steps) if square > 0 else 0.0

    def tuned(self, options: Options) -> Options:
        """Unchanged: where every curvature is one, momentum gains nothing."""
        return options

    @property
    def safe_rate(self) -> float:
        """1 / L: no full-batch step of this rate diverges."""
        return 1.0 / self.largest if self.largest > 0 else 1.0

    def rate(self, momentum: float) -> float:
        """The safe rate; of a loss that bends in few rows at a time, half of what its curvature near the answer allows.

        No curvature exceeds that of all rows bending at once, which they never do: 1 / L is safe, and slow. A rate
        above it is watched (`CautiousRate`).
        """
        if isinstance(self.loss, Squared) or not self.quadratic.largest > 0:
            return self.safe_rate
        return max(self.safe_rate, 0.5 / self.quadratic.largest)

    def full_batches(self, source: Source, options: Options) -> Epoch:
        """The same batch of all rows."""
        return epochs.full_batches(source, self.frame)

    def watch(self, options: Options, rate: float | None, tol: float) -> Callable[[Array, float], Status | None]:
        """When to stop."""
        return lambda w, b: self.tolerance.reached(w, b, tol)

    @property
    def foretells(self) -> bool:
        """It says how long steady steps will take."""
        return isinstance(self.loss, Squared)

    def iterations_to_go(self, rate: float, w: Array, b: float, tol: float, momentum: float) -> int | None:
        """See `gradline.descent.telling.outlook.iterations_to_go`."""
        return outlook.iterations_to_go(self.tolerance, rate, w, b, tol, momentum)

    def slowest(self, rate: float, momentum: float) -> str | None:
        """What has the largest part in the direction that takes longest; None where the frame has mixed the columns."""
        if not isinstance(self.frame, DataUnits):
            return None
        q = self.quadratic
        flat, steep = (abs(factor(rate, c, momentum)) for c in (q.smallest, q.largest))
        j = q.flattest if flat >= steep else q.steepest
        return f"'{self.names[j]}'" if j < len(self.names) else "the intercept"

    @property
    def beyond_rounding(self) -> str:
        """What to do where no descent gets nearer; empty where no other way does either."""
        return "fit the exact way: LinearRegression" if isinstance(self.loss, Squared) else ""

    def distance(self, w: Array, b: float) -> float:
        """The largest gap of a coefficient."""
        return float(self.tolerance.gaps(w, b).max())

    def near(self, w: Array, b: float) -> str:
        """Where a descent ended that has converged."""
        return f"every coefficient is within {self._farthest(w, b)[1]} of {self.answer}"

    def far(self, w: Array, b: float) -> str:
        """Where a descent ended that has not."""
        farthest, distance = self._farthest(w, b)
        name = f"'{self.names[farthest]}'" if farthest < len(self.names) else "the intercept"
        return f"{name} is {distance} from {self.answer}"

    def _farthest(self, w: Array, b: float) -> tuple[int, str]:
        gaps = self.tolerance.gaps(w, b)
        farthest = int(gaps.argmax())
        return farthest, self.tolerance.in_words(gaps[farthest], farthest)

    @property
    def answer(self) -> str:
        """What `exact` is, in words."""
        if isinstance(self.loss, Squared):
            return "the least squares answer"
        smoothed = "smoothed " if self.settled.degree == 1 else ""
        return f"the answer of the {smoothed}{self.loss.name} loss" + (
            "" if self.certain else ", which is itself not certain"
        )

    def identity(self) -> dict[str, Any]:
        """Which data these are, for a checkpoint to know again beside the rows themselves."""
        return {
            "features": self.names,
            "rows": self.moments.rows,
        }


def _of_rounded_rows(source: Source, frame: Conditioned, bias: bool) -> Quadratic:
    """The mean squared error of the rows as they are in the frame.

    Where float64 sums had too few digits, so have float64 rows: a multiple of the condition number in their last digits
    moves curvatures and answer. One pass over them tells how far; they are well-conditioned, so float64 sums will do.
    """
    own = Moments.from_batches(map(frame.rows, source.batches()), len(frame.rest))
    rows = reduce(operator.add, processes_of(source).gathered(own))
    return Quadratic.of(rows, rows.solve(fit_intercept=bias), bias=bias)


def _target_square(moments: Statistics, frame: Frame) -> float:
    away = (float(moments.mean[-1]) - frame.target_centre) / frame.target_scale
    return float(moments.scatter[-1, -1]) / moments.weight / frame.target_scale**2 + away * away
