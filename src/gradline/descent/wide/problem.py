"""A problem with too many features for p^2 sums: scaled by variances, its curvatures seen by Lanczos."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.data.source import Source
from gradline.data.sparse import check_dense_size
from gradline.descent.goal.refusals import refuse_one_row
from gradline.descent.goal.standardised import Standardised
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.squared import Squared
from gradline.descent.options import Options
from gradline.descent.steps import epochs
from gradline.descent.steps.epochs import Epoch
from gradline.descent.steps.momentum import factor
from gradline.descent.telling import divergence
from gradline.descent.wide.curvatures import Curvatures
from gradline.descent.wide.lanczos import lanczos
from gradline.descent.wide.nearness import Nearness, Watch, watch_passes
from gradline.descent.wide.refusals import refuse_sizes, refuse_ways, warn_of
from gradline.descent.wide.rows import WideRows
from gradline.moments.columns import Columns, columns_of
from gradline.moments.frequencies import whole_rows
from gradline.solution import Array, Status

EPS = float(np.finfo(float).eps)
ROOM = 1.05  # between the steepest curvature and the edge, where heavy balls first swing out far


@dataclass(frozen=True, slots=True, eq=False)
class WideProblem:
    """A problem ready to descend, in memory for some p numbers; it has the face of `Problem`, but no exact answer.

    Attributes
    ----------
    names : tuple of str
    moments : Columns
        Means and variances.
    frame : Standardised
        Columns centred (where there is an intercept) and scaled; the identity for a rate of the user's own.
    tolerance : Nearness
        A bound on the distance from the answer.
    squares, quadratic : Curvatures
        With an upper bound for the largest curvature; with the largest that was seen. A rate of ours respects the
        first, a rate is refused by the second: what was seen is there.
    target_square : float
        Mean square of the target, in the frame.
    exact : None
    """

    names: tuple[str, ...]
    moments: Columns
    frame: Standardised
    tolerance: Nearness
    squares: Curvatures
    quadratic: Curvatures
    target_square: float
    exact: None = None

    @classmethod
    def of(cls, source: Source, options: Options) -> WideProblem:
        """One pass for the columns, then one for each of 30 to 400 Lanczos steps.

        Raises
        ------
        DataError
            Where the loss or the engine needs p^2 sums, no fit is determined, or squares leave the range of float64.
        """
        names, bias = source.feature_names, options.fit_intercept
        refuse_ways(options, len(names))
        columns = columns_of(source)
        refuse_one_row(source, columns.rows)
        refuse_sizes(columns, names, "float64" if options.automatic else options.dtype)
        frame = _frame(columns, bias, options.automatic)
        rows = WideRows.of(source, frame, columns, bias=bias, hold=options.batch_size is None)
        centre, scale = np.append(frame.centre, frame.target_centre), np.append(frame.scale, frame.target_scale)
        squares = columns.variance / scale**2 + ((columns.mean - centre) / scale) ** 2
        k, trace = len(names) + bias, float(squares[:-1].sum()) + bias
        rng = np.random.default_rng(0)
        many = columns.rows > k
        start = rng.standard_normal(k) if many else rows.combination(rng)
        spectrum = lanczos(rows.curve, start, rank=min(columns.rows, k), trace=2 * trace)
        spectrum = replace(spectrum, flat=spectrum.flat or columns.rows < k)
        level, spreads = _above_rounding(rows, spectrum.level, trace, columns.rows)
        warn_of(source, columns, spectrum.flat, float(spreads.max(initial=0.0)), bias, options)
        nearness = Nearness(
            rows,
            spectrum,
            freedom=_met(source, columns) - (1 if spectrum.flat else k) if many else 0,
            target_size=math.sqrt(squares[-1]),
            alone=math.sqrt(columns.variance[-1] + columns.mean[-1] ** 2) / frame.target_scale,
            trace=trace,
            eps=float(np.finfo(options.dtype).eps),
            level=level,
            spreads=spreads,
        )
        bound, seen = (Curvatures(nearness, largest) for largest in (spectrum.bound, spectrum.largest))
        return cls(names, columns, frame, nearness, bound, seen, float(squares[-1]))

    @property
    def bias(self) -> bool:
        """Whether there is an intercept."""
        return self.quadratic.bias

    @property
    def loss(self) -> Loss:
        """Squared: its gradient is a product with the rows, and nothing else is needed of them."""
        return Squared()

    @property
    def settled(self) -> Loss:
        """The same: it leaves nothing to the data."""
        return self.loss

    @property
    def unit_of_loss(self) -> float:
        """A loss in the frame is so many in data units."""
        return self.frame.target_scale**2

    @property
    def loss_in_data_units(self) -> Loss:
        """Least squares."""
        return self.loss

    @property
    def largest(self) -> float:
        """No curvature is larger, but for a chance of 1e-9."""
        return self.squares.largest

    def max_learning_rate(self, momentum: float = 0.0) -> float:
        """2 (1 + momentum) / largest curvature seen."""
        return divergence.limit(self.quadratic, momentum)

    def tuned(self, options: Options) -> Options:
        """With the momentum that is best for the curvatures seen, where it is ours to choose (Polyak 1964).

        sqrt(momentum) = (sqrt(L) - sqrt(mu)) / (sqrt(L) + sqrt(mu))
        """
        if not (options.automatic and options.steady) or options.momentum or self.largest == 0:
            return options
        ratio = math.sqrt(self.quadratic.smallest / (ROOM * self.largest))
        return replace(options, momentum=((1 - ratio) / (1 + ratio)) ** 2)

    @property
    def certain(self) -> bool:
        """There is nothing uncertain about what least squares is; how far it is the tolerance tells."""
        return True

    @property
    def safe_rate(self) -> float:
        """No full-batch step of this rate diverges, with any momentum."""
        return self.rate(0.0)

    def reaching(self, source: Source, w: Array, b: float, steps: int) -> float:
        """Any rate gets there: residuals pull as hard as they are long."""
        return 0.0

    def rate(self, momentum: float) -> float:
        """(1 + sqrt(momentum))^2 / L, with some room: below 2 (1 + momentum) / L, where descent diverges."""
        return (1 + math.sqrt(momentum)) ** 2 / (ROOM * self.largest) if self.largest > 0 else 1.0

    def full_batches(self, source: Source, options: Options) -> Epoch:
        """The same batch of all rows; for engine "numpy" where it lies, so that a sparse one stays sparse."""
        rows = self.tolerance.rows
        if rows.everything is not None and (rows.is_copied or (options.engine, options.dtype) == ("numpy", "float64")):
            batches = (rows.everything,)
            return lambda: batches
        if isinstance(source, ArraySource):
            cure = "engine='numpy' in float64 takes sparse rows as they are; batch_size=... makes some at a time dense"
            check_dense_size(source.X, source.name, hint=cure)
        return epochs.full_batches(source, self.frame)

    def watch(self, options: Options, rate: float | None, tol: float) -> Callable[[Array, float], Status | None]:
        """When to stop."""
        if options.steady and rate is not None:
            return Watch(self.tolerance, tol, rate, options.momentum)
        return watch_passes(self.tolerance, tol)

    @property
    def foretells(self) -> bool:
        """Whether the smallest curvature is known well enough to say how long it will take."""
        return self.tolerance.spectrum.settled

    def iterations_to_go(self, rate: float, w: Array, b: float, tol: float, momentum: float) -> int | None:
        """About how many more full-batch steps bring the bound within `tol`: by the flattest direction."""
        gap, shrinks = self.tolerance.rough_gap(w, b), abs(factor(rate, self.quadratic.smallest, momentum))
        if not (0 < gap < math.inf and 0 < shrinks < 1 and tol > 0):
            return None
        return max(1, math.ceil(math.log(tol / gap) / math.log(shrinks)))

    def slowest(self, rate: float, momentum: float) -> None:
        """Which direction is flattest is not kept."""
        return None

    @property
    def beyond_rounding(self) -> str:
        """What to do where no descent gets nearer."""
        column, exact = self.tolerance.column, "fit the exact way: LinearRegression"
        return exact if column is None else f"leave out '{self.names[column]}', which others nearly repeat, or {exact}"

    def distance(self, w: Array, b: float) -> float:
        """The largest gap of a coefficient."""
        return float(self.tolerance.gaps(w, b).max())

    def near(self, w: Array, b: float) -> str:
        """Where a descent ended that has converged."""
        return self.tolerance.near(w, b)

    def far(self, w: Array, b: float) -> str:
        """Where a descent ended that has not."""
        return self.tolerance.far(w, b)

    def identity(self) -> dict[str, Any]:
        """Which data these are, for a checkpoint to know again."""
        return {
            "features": self.names,
            "rows": self.moments.rows,
            "total weight": self.moments.weight,
            "means": self.moments.mean,
            "sums of squares": self.moments.squares,
        }


def _above_rounding(rows: WideRows, level: Array, trace: float, count: int) -> tuple[Array, Array]:
    """Of directions without a curvature those in which the rows differ by more than rounding, and by how much.

    Below this floor rounding of the gradient hides a hundredth of a standard error or more along them.
    """
    floor = 1000 * EPS * (1 + rows.lean) * math.sqrt(trace * max(1.0, count / level.shape[1]))
    spreads = np.array([rows.spread(direction) for direction in level])
    return level[spreads > floor], spreads[spreads > floor]


def _met(source: Source, columns: Columns) -> int:
    """Rows, each as often as it was met where weights are frequencies: such repeats tell no more features apart."""
    return whole_rows(columns.weight) if getattr(source, "frequencies", False) else columns.rows


def _frame(columns: Columns, bias: bool, conditioned: bool) -> Standardised:
    if not conditioned:
        return Standardised.data_units(len(columns.mean) - 1)
    if bias:
        return Standardised.of(columns.mean, columns.variance)
    return Standardised.of(np.zeros_like(columns.mean), columns.variance + columns.mean**2)
