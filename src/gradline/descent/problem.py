"""What one pass over the rows tells before a descent: the answer, the curvatures, the units to descend in."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradline.data.source import Source
from gradline.descent.conditioning import Conditioned, DataUnits, Frame
from gradline.descent.quadratic import Quadratic
from gradline.descent.stopping import Tolerance
from gradline.errors import CollinearityWarning, DataError
from gradline.moments.moments import Moments
from gradline.moments.precision import Statistics, gather
from gradline.solution import Dependency, Solution


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A least squares problem, ready to descend.

    Attributes
    ----------
    names : tuple of str
        Of the features.
    moments : Moments or ExactMoments
    exact : Solution
        The least squares answer, in data units.
    frame : Frame
        The units of the descent.
    quadratic : Quadratic
        The loss in them.
    tolerance : Tolerance
        How near is near enough.
    target_square : float
        Mean square of the target, in the frame.
    """

    names: tuple[str, ...]
    moments: Statistics
    exact: Solution
    frame: Frame
    quadratic: Quadratic
    tolerance: Tolerance
    target_square: float

    @classmethod
    def of(cls, source: Source, *, bias: bool, conditioned: bool, dtype: str) -> Problem:
        """Read `source` once (twice, where float64 sums have too few digits).

        Raises
        ------
        DataError
            Where no fit is determined (one row, or a constant column beside an intercept), or squares leave the
            range of float64.
        """
        names = source.feature_names
        moments, exact = gather(source, fit_intercept=bias)
        if moments.rows == 1:
            raise DataError(
                f"{source.name} has 1 sample (one row), through which every line can be drawn",
                hint="give at least two rows",
            )
        dependencies = exact.certificate.dependencies if exact.certificate else ()
        if bias:
            _refuse_constant(dependencies, moments, names)
        elif len(dependencies) == len(names):
            raise DataError(f"every feature of {source.name} is zero in every row: there is nothing to descend")
        outcome = "its coefficient is set to 0" if conditioned else "how they share the effect depends on the start"
        for warning in exact.certificate.warnings(names, centred=bias, outcome=outcome) if exact.certificate else ():
            warnings.warn(warning, CollinearityWarning, stacklevel=4)
        _refuse_extreme(moments, names, "float64" if conditioned else dtype)
        frame: Frame = Conditioned.of(moments, bias=bias) if conditioned else DataUnits.of(moments, exact, bias=bias)
        quadratic = _squares(source, moments, exact, frame, bias)
        tolerance = Tolerance.of(moments, exact, quadratic, frame, dtype)
        return cls(names, moments, exact, frame, quadratic, tolerance, _target_square(moments, frame))


def _squares(source: Source, moments: Statistics, exact: Solution, frame: Frame, bias: bool) -> Quadratic:
    """The mean squared error of the rows as they are in the frame.

    Where float64 sums had too few digits, so have float64 rows: a multiple of the condition number in their last digits
    moves curvatures and answer. One pass over them tells how far; they are well-conditioned, so float64 sums will do.
    """
    if isinstance(moments, Moments) or isinstance(frame, DataUnits):
        return frame.quadratic(Quadratic.of(moments, exact, bias=bias))
    rows = Moments.from_batches(map(frame.rows, source.batches()), len(frame.enter(exact.coef, exact.intercept)[0]))
    return Quadratic.of(rows, rows.solve(fit_intercept=bias), bias=bias)


def _target_square(moments: Statistics, frame: Frame) -> float:
    away = (float(moments.mean[-1]) - frame.target_centre) / frame.target_scale
    return float(moments.scatter[-1, -1]) / moments.weight / frame.target_scale**2 + away * away


def _refuse_constant(dependencies: Sequence[Dependency], moments: Statistics, names: tuple[str, ...]) -> None:
    for j in (d.column for d in dependencies if d.factors == {}):
        raise DataError(
            f"column '{names[j]}' is constant ({moments.mean[j]:g} in every row): "
            "its effect cannot be told apart from the intercept",
            hint="leave the column out, or fit without an intercept",
        )


def _refuse_extreme(moments: Statistics, names: tuple[str, ...], dtype: str) -> None:
    """A descent multiplies columns by themselves: where that overflows or vanishes there is no curvature to see."""
    limits, cure = np.finfo(dtype), "rescale it, or fit it the exact way, which takes every float64 (LinearRegression)"
    if dtype == "float32":
        cure = "use dtype='float64', or learning_rate='auto', which rescales"
    with np.errstate(over="ignore", under="ignore"):
        square = np.diag(moments.scatter) / moments.weight + moments.mean**2
    for name, value, mean in zip((*names, None), square, moments.mean, strict=True):
        too_small = value < limits.tiny and (mean != 0 or value > 0)
        if not value <= limits.max or too_small:
            what = "the target" if name is None else f"column '{name}'"
            raise DataError(f"the square of {what} (of size {abs(mean):.2g}) is beyond {dtype}", hint=cure)
