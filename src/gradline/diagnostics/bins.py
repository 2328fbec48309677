"""Bins of one variable: cells of constant width while rows are read, about equal numbers of rows in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.solution import Array

CELLS = 128  # of constant width while rows are read: 3 to 8 standard deviations to each side; the last ones are open
BINS = 20  # of about equal numbers of rows, made of cells when all rows are in
WHOLE = 2.0**52
WHOLE_BITS = int(np.float64(WHOLE).view(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Residuals in bins of one variable, ascending; arrays run over the bins.

    Attributes
    ----------
    name : str
        The feature; "fitted" for the fitted values.
    x : (bins,) float64
        Mean of the variable in the bin: of the fitted values exact, of a feature to half a cell.
    rows : (bins,) float64
        Frequency weights counted.
    mean : (bins,) float64
        Of the residuals, in units of y, weighted as the fit is.
    standard_error : (bins,) float64
        Of `mean`: residual_sd / sqrt(weight in the bin).
    sd : (bins,) float64
        Root mean square of the scaled residuals. NaN for features.
    """

    name: str
    x: Array
    rows: Array
    mean: Array
    standard_error: Array
    sd: Array

    def fewer(self, count: int) -> Bins:
        """Neighbouring bins together, until there are at most `count`, of about equal numbers of rows."""
        if len(self.x) <= count:
            return self
        before = np.cumsum(self.rows) - self.rows
        number = np.floor((before + 0.5 * self.rows) / self.rows.sum() * count)
        starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))

        def mean(values: Array, weight: Array) -> Array:
            return np.add.reduceat(values * weight, starts) / np.add.reduceat(weight, starts)

        rows = np.add.reduceat(self.rows, starts)
        with np.errstate(divide="ignore", invalid="ignore"):
            mass = self.standard_error**-2.0  # but for a factor; in an exact fit there is none
            mass = np.where(np.isfinite(mass), mass, self.rows)
        error = np.sqrt(1.0 / np.add.reduceat(mass, starts)) * (np.nanmax(self.standard_error, initial=0.0) > 0.0)
        square = mean(self.sd**2, self.rows)
        return Bins(self.name, mean(self.x, self.rows), rows, mean(self.mean, mass), error, np.sqrt(square))


class Grid(NamedTuple):
    """Cells of a nice constant width, with multiples of it in the middle of each: whole numbers keep their value."""

    first: Array  # the number of the first cell's middle, in widths
    width: Array

    @classmethod
    def about(cls, mean: Array, sd: Array) -> Grid:
        """`CELLS` cells around each mean; a width is 1, 2 or 5 times a power of ten, a 20th to an 8th of the sd."""
        usable = np.isfinite(sd) & (sd > 0.0) & np.isfinite(mean)
        aim = np.where(usable, sd, 1.0) / 8.0
        ten = 10.0 ** np.floor(np.log10(aim))
        width = ten * np.select([aim >= 5.0 * ten, aim >= 2.0 * ten], [5.0, 2.0], 1.0)
        return cls(np.round(np.where(usable, mean, 0.0) / width) - CELLS // 2, width)

    def cells(self, columns: Iterable[Array]) -> Iterator[NDArray[np.int64]]:
        """(rows,) values of each column -> their cells, 0 .. CELLS - 1, in memory that the next column takes."""
        place = np.empty(0)
        for column, first, width in zip(columns, self.first.tolist(), self.width.tolist(), strict=True):
            if len(place) != len(column):
                place = np.empty(len(column))
            np.multiply(column, 1.0 / width, out=place)
            # Doubles from 2^52 on are whole numbers: this rounds, and the number is in the last bits.
            place += WHOLE - first
            np.clip(place, WHOLE, WHOLE + (CELLS - 1), out=place)
            cells = place.view(np.int64)
            cells -= WHOLE_BITS
            yield cells

    def middles(self) -> Array:
        """(columns, CELLS) the middle of each cell."""
        return (self.first[:, None] + np.arange(CELLS)) * self.width[:, None]


def sums_by_cell(cells: NDArray[np.int64], weights: Array | None) -> Array:
    """(CELLS,) sums of the weights of rows in each cell; None: how many rows are in it."""
    return np.bincount(cells, weights, minlength=CELLS).astype(np.float64, copy=False)


def bins_of(
    name: str, rows: Array, weight: Array, pull: Array, x: Array, square: Array | None, sd: float, level: float = 0.0
) -> Bins:
    """Neighbouring cells together, until each bin has about a `BINS`th of the rows; sums of x are about a level."""
    filled = np.flatnonzero(rows)
    if not filled.size:
        none = np.empty(0)
        return Bins(name, none, none, none, none, none)
    before = np.cumsum(rows[filled]) - rows[filled]
    number = np.floor((before + 0.5 * rows[filled]) / rows.sum() * BINS)
    starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))

    def together(values: Array) -> Array:
        return np.add.reduceat(values[filled], starts)

    counted, mass = together(rows), together(weight)
    spread = np.full(len(starts), np.nan) if square is None else np.sqrt(together(square) / counted)
    return Bins(name, level + together(x) / counted, counted, together(pull) / mass, sd / np.sqrt(mass), spread)
