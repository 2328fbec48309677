"""Exact sums over blocks of rows: digits multiplied by the BLAS, added as int64, folded into Python integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradline.moments.digits import BLOCK, DIGIT_BITS, DigitCutter, fitting_top, lowest_place, times
from gradline.moments.exact_product import exact_product
from gradline.moments.integer_sums import IntegerSums
from gradline.solution import Array

SCRATCH_NUMBERS = 2**18  # digits at hand at a time: about what a cache holds, for threads meet between NumPy's calls
MOST_BLOCKS = 1000  # the products of a block are at most 2**53, of so many blocks still an int64


class DigitSums:
    """Exact sums of w z z^T over the rows that fit, z = (x_1 .. x_p, y, 1).

    A row fits when all its numbers have their bits within `most_digits` digits below the top of their column. `add`
    leaves the others out, for the caller to add in another way, and chooses the tops anew where they are too many.
    Tops and digits decide how fast it goes, never the sums.

    Parameters
    ----------
    columns : int
        p + 1.
    most_digits : int
    negligible : float
        This part of the rows may be left out before new tops are chosen, or another digit is cut.
    """

    def __init__(self, columns: int, most_digits: int, negligible: float) -> None:
        blocks = _power_of_two_below(SCRATCH_NUMBERS // (BLOCK * (most_digits * columns + 1)))
        self.rows_at_once = blocks * BLOCK
        self._negligible = negligible
        self._cutter = DigitCutter(columns, most_digits, blocks, negligible)
        self._weight_cutter = DigitCutter(1, most_digits, blocks, negligible)
        self._tops = np.zeros(0, dtype=np.int64)  # of the columns and the weight, once there are rows
        self._sums = IntegerSums.zero(columns + 1)
        self._totals: dict[tuple[int, int], NDArray[np.int64]] = {}  # by the number of digits of z and of w
        self._blocks = 0
        self._blocks_per_flush = MOST_BLOCKS // most_digits - blocks

    def add(self, X: Array, y: Array, weight: Array | None) -> NDArray[np.intp]:
        """Add up to `rows_at_once` rows of weight above zero; return the numbers of those left out."""
        if not len(self._tops):
            self._tops = _fitting_tops(X, y, weight)
        lines, weight_lines, misfits = self._cut(X, y, weight)
        if np.count_nonzero(misfits) > self._negligible * len(y):
            tops = _fitting_tops(X, y, weight)
            if ((tops > self._tops) | (tops < self._tops - 4)).any():
                self._flush()
                self._tops = tops
                lines, weight_lines, misfits = self._cut(X, y, weight)

        lines[:, -1] = 1.0
        if fill := misfits.size - len(y):
            lines[-1, -1, -fill:] = 0.0
        if misfits.any():
            lines.transpose(0, 2, 1)[misfits] = 0.0
        digits = (lines.shape[1] - 1) // (len(self._tops) - 1)
        if weight_lines is None:
            key, product = (digits, 0), exact_product(lines, lines)
        else:
            key = digits, weight_lines.shape[1]
            product = exact_product(times(lines, digits, weight_lines), lines)
        self._totals[key] = self._totals[key] + product if key in self._totals else product
        self._blocks += len(lines)
        if self._blocks > self._blocks_per_flush:
            self._flush()
        return np.flatnonzero(misfits)

    def sums(self) -> IntegerSums:
        """Of everything added so far."""
        self._flush()
        return self._sums

    def _cut(self, X: Array, y: Array, weight: Array | None) -> tuple[Array, Array | None, NDArray[np.bool_]]:
        lines, misfits = self._cutter.cut((X, y[:, None]), self._tops[:-1])
        if weight is None:
            return lines, None, misfits
        weight_lines, weight_misfits = self._weight_cutter.cut((weight[:, None],), self._tops[-1:])
        return lines, weight_lines[:, :-1], misfits | weight_misfits

    def _flush(self) -> None:
        for (digits, weight_digits), total in self._totals.items():
            self._sums += _fold(total, self._tops, digits, weight_digits)
        self._totals = {}
        self._blocks = 0


def _power_of_two_below(number: int) -> int:
    """So that batches of a power of two of rows leave no block half empty."""
    return max(1, 1 << number.bit_length() - 1) if number else 1


def _fitting_tops(X: Array, y: Array, weight: Array | None) -> NDArray[np.int64]:
    columns = [*X.T, y, np.zeros(0) if weight is None else weight]
    return np.array([fitting_top(column) for column in columns], dtype=np.int64)


def _fold(total: NDArray[np.int64], tops: NDArray[np.int64], digits: int, weight_digits: int) -> IntegerSums:
    """The products of all pairs of digits, each times its power of 2^23, as one integer for each pair of columns."""
    columns = len(tops) - 1
    # The ones have only their most significant digit: give them the others too, all zero.
    gaps = columns * np.arange(1, digits)
    total = np.insert(total, gaps, 0, axis=1)
    if not weight_digits:
        total = np.insert(total, gaps, 0, axis=0)
    left_digits = len(total) // (columns + 1)
    total = total.reshape(left_digits, columns + 1, digits, columns + 1)
    number = np.zeros((columns + 1, columns + 1), dtype=object)
    for place in range(left_digits + digits - 2, -1, -1):
        pairs = [total[k, :, place - k] for k in range(left_digits) if 0 <= place - k < digits]
        number = (number << DIGIT_BITS) + np.add.reduce(pairs).astype(object)
    exponent = np.append(lowest_place(tops[:-1], digits), -DIGIT_BITS * (digits - 1))
    if weight_digits:
        weight_exponent = int(lowest_place(tops[-1], weight_digits))
        # Half of it to either column of a product.
        number <<= weight_exponent % 2
        exponent += weight_exponent // 2
    return IntegerSums(number, exponent)
