"""How columns go together, and what each of them explains: from the statistics of a fit alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradline.moments.exact import ExactMoments
from gradline.moments.inference import Inference
from gradline.moments.precision import Statistics
from gradline.solution import Array

EPSILON = float(np.finfo(np.float64).eps)
LEAST_SQUARE = 1e-290  # below it squares have few digits, and then none
WEAK, STRONG = 10.0, 30.0  # condition indices of weak and of strong collinearity: Belsley, Kuh and Welsch (1980), 3.2
INVOLVED = 0.5  # share of its variance that a column owes to near dependencies, to belong to one of them
JOINED = 0.1  # of two columns of one dependency: how far its directions take them along together


@dataclass(frozen=True, slots=True)
class CollinearSet:
    """Columns that say nearly the same: together they are known, one by one they are not.

    Attributes
    ----------
    columns : tuple of int
        Their places in X, ascending; two at least.
    condition_index : float
        The largest of the directions they share: sqrt(largest / its own eigenvalue) of the correlation matrix.
    vif : float
        The largest of theirs.
    """

    columns: tuple[int, ...]
    condition_index: float
    vif: float


@dataclass(frozen=True, eq=False)
class Association:
    """Variance inflation, collinear sets, correlation, and what each column explains beside all others.

    Arrays run over the p columns of X; a column that depends on others before it has NaN where it has no estimate. All
    are of least squares and of its classical variance, whichever covariance its tests are from.

    Parameters
    ----------
    moments : Moments or ExactMoments
    inference : Inference
        The classical one of the same fit.
    """

    moments: Statistics
    inference: Inference

    @property
    def intercept(self) -> int:
        """1 where there is one, else 0."""
        return len(self.inference.coefficients) - self.moments.n_features

    @cached_property
    def scatter(self) -> Array:
        """(p + 1, p + 1) sums of w (z - mean)(z - mean)', z = (x, y)."""
        return self.moments.scatter

    @cached_property
    def _sums(self) -> Array:
        """The same about what the fit is about: the means, or zero without an intercept."""
        mean = self.moments.mean
        if self.intercept:
            return self.scatter
        with np.errstate(over="ignore", invalid="ignore"):
            return self.scatter + self.moments.weight * np.outer(mean, mean)

    @cached_property
    def standard_deviation(self) -> Array:
        """(p + 1,) of each column, then of y: sqrt(n / (n - 1) sum w (z - mean)^2 / W); zero for a constant."""
        n = self.inference.rows
        variance = np.maximum(np.diag(self.scatter), 0.0) / self.moments.weight
        noise = EPSILON * np.abs(self.moments.mean)
        size = np.sqrt(variance)
        known = (variance > LEAST_SQUARE) & (variance < np.inf)
        size[known & (size <= noise)] = 0.0
        for column in np.flatnonzero(~known).tolist():
            size[column] = self._size_beyond_squares(column)
        return size * np.sqrt(n / (n - 1)) if n > 1 else np.full_like(size, np.nan)

    def _size_beyond_squares(self, column: int) -> float:
        """The root mean square about its mean of a column (y last) whose square float64 has not; zero for a constant.

        Exact sums have the factor of their integers; float64 sums of such columns are refused when they are made.
        """
        square = max(float(self.scatter[column, column]), 0.0)
        if not isinstance(self.moments, ExactMoments):
            return math.sqrt(square / self.moments.weight) if square < math.inf else math.nan
        of_y = column == self.moments.n_features
        alone = self.moments.selected([None if of_y else column])
        if of_y:
            dispersion = alone.dispersion()
            size = math.sqrt(dispersion.tss / self.moments.weight) * dispersion.unit
        else:
            size = abs(float(alone.triangle().lower.sum()))  # of one entry, or of none
        return size if size < math.inf else math.nan

    @cached_property
    def beyond_squares(self) -> tuple[int, ...]:
        """Columns that are no constants, and have no VIF, as squares of theirs leave the range of float64."""
        square = np.diag(self.scatter)[:-1] / self.moments.weight
        lost = (self.standard_deviation[:-1] > 0.0) & ~((square > LEAST_SQUARE) & (square < np.inf))
        lost &= np.isnan(self.vif)
        return tuple(np.flatnonzero(lost).tolist())

    @cached_property
    def correlation(self) -> Array:
        """(p + 1, p + 1) of the columns and, last, y; NaN for a column that is constant."""
        spread = np.sqrt(np.maximum(np.diag(self.scatter), 0.0))
        known = (self.standard_deviation > 0.0) & (spread > 0.0) & np.isfinite(spread)
        spread = np.where(known, spread, np.nan)
        with np.errstate(invalid="ignore"):
            found: Array = np.clip(self.scatter / spread / spread[:, None], -1.0, 1.0)
        np.fill_diagonal(found, np.where(np.isnan(spread), np.nan, 1.0))
        return found

    @cached_property
    def vif(self) -> Array:
        """1 / (1 - R_j^2), R_j^2 of column j on all others: so many times larger is the variance of its coefficient.

        R_j^2 is about the mean with an intercept, about zero without. Computed as the sum of squares of the column
        times its place on the diagonal of (X'WX)^-1. Marquardt (1970), Technometrics 12.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            found: Array = np.diag(self._sums)[:-1] * self._variance_factor
        in_range = np.isfinite(self._variance_factor) & (self._variance_factor > 0.0) & np.isfinite(found)
        return np.where(in_range, np.maximum(found, 1.0), np.nan)

    @cached_property
    def partial_r2(self) -> Array:
        """t^2 / (t^2 + df): the share of what all other columns leave unexplained that column j explains."""
        square, df = self._t**2, self.inference.df_residual
        return square / (square + df)

    @cached_property
    def semi_partial_r2(self) -> Array:
        """By how much R2 falls without column j: t^2 RSS / (df TSS)."""
        total = np.sqrt(self._sums[-1, -1])
        if not total > 0.0:
            return np.full_like(self._t, np.nan)
        found: Array = (self._t * (self.inference.residual_sd / total)) ** 2
        return found

    @cached_property
    def condition_indices(self) -> Array:
        """(k,) ascending: sqrt(largest / each eigenvalue) of the cross products of the estimated columns, scaled to 1.

        Of columns about their means, where there is an intercept: so no origin of a unit plays a part. The largest is
        the condition number.
        """
        return self._directions[0]

    @cached_property
    def collinear_sets(self) -> tuple[CollinearSet, ...]:
        """Columns that nearly depend on each other, the strongest dependency first.

        Of the directions with a condition index above 10 a column is part where it owes them more than half of its
        variance (variance proportions: Belsley, Kuh and Welsch 1980, Regression Diagnostics, 3.2). Two such columns are
        of one set where the projection on these directions takes them along together, so that separate dependencies
        stay separate although their eigenvectors may be mixed.
        """
        index, vectors = self._directions
        near = index > WEAK
        if not near.any():
            return ()
        share = (vectors * index) ** 2  # to a common factor what each direction adds to each variance
        some = share[:, near].sum(axis=1) > INVOLVED * share.sum(axis=1)
        columns = np.flatnonzero(some)
        V = vectors[np.ix_(some, near)]
        together = V @ V.T
        size = np.sqrt(np.diag(together))
        joined = np.abs(together) > JOINED * np.outer(size, size)
        kept = np.flatnonzero(self._estimated)
        found = []
        for group in _components(joined):
            if len(group) < 2:
                continue
            members = columns[group]
            weight = (vectors[np.ix_(members, near)] ** 2).sum(axis=0)
            own = index[near][weight > JOINED]
            places = tuple(int(place) for place in kept[members])
            vif = float(self.vif[list(places)].max())
            found.append(CollinearSet(places, float(own.max(initial=index[near].min())), vif))
        return tuple(sorted(found, key=lambda each: -each.condition_index))

    @property
    def _t(self) -> Array:
        t: Array = self.inference.t[self.intercept :]
        return t

    @cached_property
    def _variance_factor(self) -> Array:
        """Diagonal of (X'WX)^-1, of the columns."""
        factor: Array = np.diag(self.moments.dispersion(bool(self.intercept)).unscaled)[self.intercept :]
        return factor

    @cached_property
    def _estimated(self) -> NDArray[np.bool_]:
        square = np.diag(self._sums)[:-1]
        known: NDArray[np.bool_] = np.isfinite(self._variance_factor) & np.isfinite(square) & (square > 0.0)
        return known

    @cached_property
    def _directions(self) -> tuple[Array, Array]:
        """Condition indices, ascending, and for each a direction of the scaled columns."""
        kept = np.flatnonzero(self._estimated)
        sums = self._sums[np.ix_(kept, kept)]
        size = np.sqrt(np.diag(sums))
        if not len(kept):
            return np.zeros(0), np.zeros((0, 0))
        values, vectors = np.linalg.eigh(sums / size / size[:, None])
        # Rounding of the sums: what is smaller than it is not known any better.
        values = np.maximum(values[::-1], EPSILON * values[-1])
        return np.sqrt(values[0] / values), vectors[:, ::-1]


def _components(joined: Array) -> list[list[int]]:
    """Which belong together, directly or by others between them."""
    left = set(range(len(joined)))
    found = []
    while left:
        reached = {left.pop()}
        new = set(reached)
        while new:
            new = {int(j) for i in new for j in np.flatnonzero(joined[i])} & left
            left -= new
            reached |= new
        found.append(sorted(reached))
    return found
