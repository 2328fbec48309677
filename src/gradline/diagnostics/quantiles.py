"""A sketch of quantiles: counts in cells of constant relative width, so that what it says has a stated error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.solution import Array

PARTS_OF_AN_OCTAVE = 7  # bits: 128 cells between a power of two and the next
LOWEST, HIGHEST = -24, 40  # powers of two, in units: what is nearer to zero counts as zero, what is further is clipped
CELLS = ((HIGHEST - LOWEST) << PARTS_OF_AN_OCTAVE) + 1  # of each sign; the first is that of zero
RELATIVE_ERROR = 1.0 / 257.0


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Counts of values in cells; cells of any two sketches in one unit add up, in any order, to the same.

    Between a power of two and the next lie 128 cells of equal width, so a cell reaches from a to at most a (1 + 1/128),
    and 2 a b / (a + b) is within 1/257 (0.39 %) of every value in it. Their number is read off the bits of a value:
    the sketch of Masson, Rim and Lee (2019), with the mantissa in place of a logarithm. Values below 2^-24 units count
    as zero; the least and the largest value are kept as they are.

    Attributes
    ----------
    counts : (2 * CELLS - 1,) int64
        From the most negative cell over that of zero to the most positive.
    unit : float
        What the values were divided by, above zero.
    least, largest : float
        In data units; infinite (the wrong way) without values.

    Examples
    --------
    >>> sketch = Sketch.of(np.arange(1.0, 1001.0), unit=250.0)
    >>> abs(sketch.quantile(0.5) / 500.0 - 1.0) < RELATIVE_ERROR, sketch.quantile(1.0)
    (True, 1000.0)
    """

    counts: NDArray[np.int64]
    unit: float
    least: float
    largest: float

    @classmethod
    def of(cls, values: Array, *, unit: float, times: Array | None = None) -> Sketch:
        """Of values, NaN left out; `times` (whole numbers) says how often each one counts."""
        least, largest = values.min(initial=np.inf), values.max(initial=-np.inf)
        if not (np.isfinite(least) and np.isfinite(largest)):  # so it is where there is a NaN, or no value
            known = np.isfinite(values)
            values, times = values[known], None if times is None else times[known]
            least, largest = values.min(initial=np.inf), values.max(initial=-np.inf)
        counts = np.bincount(_cells(values, unit), times, minlength=2 * CELLS - 1).astype(np.int64, copy=False)
        return cls(counts, unit, float(least), float(largest))

    def merged(self, other: Sketch) -> Sketch:
        """Of the values of both; uses the memory of this one."""
        counts = np.add(self.counts, other.counts, out=self.counts)
        return Sketch(counts, self.unit, min(self.least, other.least), max(self.largest, other.largest))

    def __reduce__(self) -> tuple[Any, ...]:
        """To be sent: most cells hold nothing."""
        filled = np.flatnonzero(self.counts)
        return _of_cells, (filled, self.counts[filled], self.unit, self.least, self.largest)

    @property
    def count(self) -> int:
        """Values that are in it."""
        return int(self.counts.sum())

    @property
    def relative_error(self) -> float:
        """Of a quantile, at most; below 2^-24 units it is absolute, 2^-24 units."""
        return RELATIVE_ERROR

    def quantile(self, q: float) -> float:
        """The value of rank ceil(q n), of 1 .. n, to within `relative_error`; NaN without values.

        Raises
        ------
        ValueError
            Where q is not between 0 and 1.
        """
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"q is {q}, expected a number between 0 and 1")
        total = self.count
        if total == 0:
            return math.nan
        rank = min(max(math.ceil(q * total), 1), total)
        if rank == total:
            return self.largest
        if rank == 1:
            return self.least
        cell = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min(max(float(_middles(np.array([cell]))[0]) * self.unit, self.least), self.largest)

    def filled(self) -> tuple[Array, NDArray[np.int64]]:
        """The cells that hold something: a value for each, in data units and ascending, and how many it holds."""
        cells = np.flatnonzero(self.counts)
        values = np.clip(_middles(cells) * self.unit, self.least, self.largest)
        return values, self.counts[cells]


def _of_cells(filled: NDArray[np.intp], held: NDArray[np.int64], unit: float, least: float, largest: float) -> Sketch:
    counts = np.zeros(2 * CELLS - 1, dtype=np.int64)
    counts[filled] = held
    return Sketch(counts, unit, least, largest)


def _cells(values: Array, unit: float) -> NDArray[np.int64]:
    """Numbers of the cells, from 0 (most negative)."""
    # 2^LOWEST has the number 1 in the bits above the cell's own; so has each cell after it one more.
    scaled = values * (1.0 / unit)
    bits = scaled.view(np.int64)
    sign = bits >> 63  # -1 of a negative value, else 0
    np.abs(scaled, out=scaled)
    bits >>= 52 - PARTS_OF_AN_OCTAVE
    bits -= ((LOWEST + 1023) << PARTS_OF_AN_OCTAVE) - 1
    np.clip(bits, 0, CELLS - 1, out=bits)
    bits ^= sign  # minus itself, less one, where that is -1
    sign -= CELLS - 1
    bits -= sign
    return bits


def _middles(cells: NDArray[np.intp]) -> Array:
    """The value, in units, that is nearest to all of a cell in relative terms."""
    signed = cells.astype(np.int64) - (CELLS - 1)
    number = np.abs(signed) - 1
    octave, part = number >> PARTS_OF_AN_OCTAVE, number & ((1 << PARTS_OF_AN_OCTAVE) - 1)
    low = 1.0 + part / (1 << PARTS_OF_AN_OCTAVE)
    high = 1.0 + (part + 1) / (1 << PARTS_OF_AN_OCTAVE)
    size = np.ldexp(2.0 * low * high / (low + high), octave + LOWEST)
    middles: Array = np.where(signed == 0, 0.0, np.sign(signed) * size)
    return middles


class Quantiles(NamedTuple):
    """Sketches of the residuals: in units of y, and externally studentised (see `standing.standing`)."""

    residual: Sketch
    studentised: Sketch


@dataclass(frozen=True, slots=True)
class QuantilesMeasure:
    """Residual quantiles, over all rows; frequency weights count as repeated rows, analytic weights do not count.

    Parameters
    ----------
    frame : Frame
    """

    frame: Frame

    def of(self, block: Block) -> Quantiles:
        """See `Measure`."""
        unit = self.frame.residual_sd if self.frame.residual_sd > 0.0 else 1.0
        studentised = block.standing.studentised
        return Quantiles(
            Sketch.of(block.residual, unit=unit, times=block.times),
            Sketch.of(studentised, unit=1.0, times=block.times),
        )

    def merged(self, first: Quantiles, then: Quantiles) -> Quantiles:
        """See `Measure`."""
        return Quantiles(first.residual.merged(then.residual), first.studentised.merged(then.studentised))

    def figures(self, state: Quantiles) -> Quantiles:
        """See `Measure`."""
        return state
