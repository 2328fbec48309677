"""Binned residuals: against the fitted values and against each feature; and how many rows the band holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.bins import CELLS, Bins, Grid, bins_of, sums_by_cell
from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.solution import Array

MOST_FEATURES = 50


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What residuals look like along the fit.

    Attributes
    ----------
    fitted : Bins
    features : dict of str to Bins
        At most `MOST_FEATURES`, those that move the fitted values most; columns without an estimate are not among them.
    thirds : (3,) float64
        Mean residual of the rows with low, middle and high fitted values, in units of residual_sd; NaN where the
        fitted values cannot be cut so.
    spread : float
        Root mean square residual of the highest third over that of the lowest; NaN where unknown.
    coverage : float
        Share of the rows within the 95 % prediction band, |e| <= t sqrt(1 + h) s. NaN in an exact fit.
    expected_coverage : float
        Of normal errors, with the mean leverage in every row: above 0.95, as rows draw the fit to themselves.
    covered : int
        Number of rows in the band.
    half_band : float
        Half the width of that band where leverage is the mean, t sqrt(1 + k / n) s, for a row of weight 1. NaN in an
        exact fit.
    notes : tuple of str
    """

    fitted: Bins
    features: dict[str, Bins]
    thirds: Array
    spread: float
    coverage: float
    expected_coverage: float
    covered: int
    half_band: float
    notes: tuple[str, ...] = ()


class _State(NamedTuple):
    fitted: Array  # (5, CELLS): rows, weight, weight residual, times scaled^2, times (fitted - level)
    features: Array  # (3, columns, CELLS): rows, weight, weight residual; weight is absent where rows are
    covered: int


@dataclass(frozen=True, slots=True, eq=False)
class ProfileMeasure:
    """Sums of residuals in the cells of the fitted values and of some features.

    Parameters
    ----------
    frame : Frame
    fitted : Grid
        Of one column.
    features : Grid
    columns : (columns,) int
        Columns of X that are binned, at most `MOST_FEATURES`.
    left_out : int
        Features that are not among them.
    """

    frame: Frame
    fitted: Grid
    features: Grid
    columns: NDArray[np.intp]
    left_out: int = 0

    @classmethod
    def of_fit(cls, frame: Frame, mean: Array, scatter: Array) -> ProfileMeasure:
        """Cells from the means and centred cross products of the columns of X (a last one, of y, is not looked at)."""
        p = len(frame.centre)
        weight = frame.weight if frame.weight > 0.0 else 1.0
        mean, covariance = mean[:p], scatter[:p, :p] / weight
        sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        moves = np.abs(frame.slopes[frame.kept]) * sd[frame.kept]
        columns = np.sort(frame.kept[np.argsort(-moves, kind="stable")[:MOST_FEATURES]])
        centre = frame.level + float((mean - frame.centre) @ frame.slopes)
        spread = math.sqrt(max(float(frame.slopes @ covariance @ frame.slopes), 0.0))
        return cls(
            frame,
            Grid.about(np.array([centre]), np.array([spread])),
            Grid.about(mean[columns], sd[columns]),
            columns,
            len(frame.kept) - len(columns),
        )

    def of(self, block: Block) -> _State:
        """See `Measure`."""
        times, precision = block.times, block.precision
        weight = times if precision is None else precision
        pull = block.residual if weight is None else block.residual * weight
        square = block.scaled * block.scaled
        fitted = block.fitted - self.frame.level  # sums of what is left of a level far from zero lose nothing to it
        if times is not None:
            square *= times
            fitted *= times
        (cells,) = self.fitted.cells([block.fitted])
        rows = sums_by_cell(cells, times)
        along = np.stack(
            [
                rows,
                rows if precision is None else sums_by_cell(cells, precision),
                sums_by_cell(cells, pull),
                sums_by_cell(cells, square),
                sums_by_cell(cells, fitted),
            ]
        )
        count = len(self.columns)
        across = np.empty((2 if precision is None else 3, count, CELLS))
        for j, cells in enumerate(self.features.cells(block.X[:, column] for column in self.columns)):
            across[0, j] = sums_by_cell(cells, times)
            across[-1, j] = sums_by_cell(cells, pull)
            if precision is not None:
                across[1, j] = sums_by_cell(cells, precision)
        return _State(along, across, self._covered(block))

    def _covered(self, block: Block) -> int:
        from scipy.special import stdtrit

        frame = self.frame
        if not frame.residual_sd > 0.0:
            return 0
        reach = float(stdtrit(frame.df_residual, 0.975)) * frame.residual_sd
        inside = block.scaled * block.scaled <= reach * reach * (1.0 + block.leverage)
        return int(np.count_nonzero(inside)) if block.times is None else int(block.times[inside].sum())

    def _half_band_and_expected(self) -> tuple[float, float]:
        from scipy.special import stdtr, stdtrit

        frame = self.frame
        if not frame.residual_sd > 0.0:
            return math.nan, math.nan
        h = frame.k / frame.rows
        reach = float(stdtrit(frame.df_residual, 0.975)) * math.sqrt(1.0 + h)
        # A residual has the variance (1 - h) sigma^2, the band is wide enough for 1 + h.
        outside = 2.0 * float(stdtr(frame.df_residual, -reach / math.sqrt(1.0 - h)))
        return reach * frame.residual_sd, 1.0 - outside

    def merged(self, first: _State, then: _State) -> _State:
        """See `Measure`."""
        return _State(
            np.add(first.fitted, then.fitted, out=first.fitted),
            np.add(first.features, then.features, out=first.features),
            first.covered + then.covered,
        )

    def figures(self, state: _State) -> Profile:
        """See `Measure`."""
        frame = self.frame
        rows, weight, pull, square, x = state.fitted
        fitted = bins_of("fitted", rows, weight, pull, x, square, frame.residual_sd, level=frame.level)
        names = frame.names[frame.bias :]
        middles = self.features.middles()
        features = {}
        for j, column in enumerate(self.columns):
            counted, mass, residuals = state.features[0, j], state.features[-2, j], state.features[-1, j]
            name = names[column]
            features[name] = bins_of(name, counted, mass, residuals, counted * middles[j], None, frame.residual_sd)
        thirds, spread = _thirds(rows, weight, pull, square, frame.residual_sd)
        total = rows.sum()
        coverage = state.covered / total if total and frame.residual_sd > 0.0 else math.nan
        notes: tuple[str, ...] = ()
        if self.left_out:
            notes = (
                f"residuals are binned against the {len(self.columns)} features that move the fit most; "
                f"{self.left_out:,} others are left out",
            )
        half_band, expected = self._half_band_and_expected()
        return Profile(fitted, features, thirds, spread, coverage, expected, state.covered, half_band, notes)


def _thirds(rows: Array, weight: Array, pull: Array, square: Array, sd: float) -> tuple[Array, float]:
    filled = np.flatnonzero(rows)
    unknown = (np.full(3, np.nan), math.nan)
    if not filled.size or not sd > 0.0:
        return unknown
    middle = np.cumsum(rows[filled]) - 0.5 * rows[filled]
    third = np.minimum((middle / rows.sum() * 3.0).astype(np.intp), 2)
    if len(np.unique(third)) < 3:
        return unknown
    counted, mass, residuals, squares = (
        np.bincount(third, values[filled], minlength=3) for values in (rows, weight, pull, square)
    )
    low, _, high = np.sqrt(squares / counted)
    # In units of the sd of a residual of average weight.
    typical = sd / math.sqrt(weight.sum() / rows.sum())
    return residuals / mass / typical, float(high / low) if low > 0.0 else math.nan
