"""Exact sums over blocks of rows: digits multiplied by the BLAS, added as int64, folded into Python integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradline.moments.integers.digit_products import DigitProducts
from gradline.moments.integers.digits import BLOCK, DIGIT_BITS, DigitCutter, fitting_top, lowest_place
from gradline.moments.integers.integer_sums import IntegerSums
from gradline.solution import Array

# Digits at hand at a time: threads wait for each other between NumPy's calls, so a call should take long; but beyond
# some 4 MB it would wait for memory.
SCRATCH_NUMBERS = 2**19
MOST_BLOCKS = 1000  # the products of a block are at most 2**53, of so many blocks they still fit an int64


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
        self._products: dict[tuple[int, int], DigitProducts] = {}  # by the number of digits of z and of w
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
        digits = (lines.shape[1] - 1) // (X.shape[1] + 1)
        weight_digits = 0 if weight_lines is None else weight_lines.shape[1]
        form = digits, weight_digits
        if form not in self._products:
            self._products[form] = DigitProducts(X.shape[1] + 1, digits, weight_digits)
        self._products[form].add(lines, weight_lines)
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
        for (digits, weight_digits), products in self._products.items():
            self._sums += in_integers(products.total(), self._tops, digits, weight_digits)
        self._products = {}
        self._blocks = 0


def _power_of_two_below(number: int) -> int:
    """So that batches of a power of two of rows leave no block half empty."""
    return max(1, 1 << number.bit_length() - 1) if number else 1


def _fitting_tops(X: Array, y: Array, weight: Array | None) -> NDArray[np.int64]:
    columns = [*X.T, y, np.zeros(0) if weight is None else weight]
    return np.array([fitting_top(column) for column in columns], dtype=np.int64)


def in_integers(total: NDArray[np.int64], tops: NDArray[np.int64], digits: int, weight_digits: int) -> IntegerSums:
    """The products, each at its place, as one integer for each pair of columns."""
    upper = np.triu_indices(total.shape[1])
    places = np.zeros((len(total) | 1, len(upper[0])), dtype=np.int64)
    places[: len(total)] = total[:, *upper]
    for k in range(len(places) - 1):
        carry = places[k] >> DIGIT_BITS
        places[k] -= carry << DIGIT_BITS
        places[k + 1] += carry
    # Python's integers are what takes the time: two digits at once, an even number of them, and the last as it is.
    numbers = places[-1].astype(object)
    for k in range(len(places) - 3, -1, -2):
        numbers = (numbers << 2 * DIGIT_BITS) + ((places[k + 1] << DIGIT_BITS) + places[k])
    number = np.empty(total.shape[1:], dtype=object)
    number[upper] = number.T[upper] = numbers
    exponent = np.append(lowest_place(tops[:-1], digits), -DIGIT_BITS * (digits - 1))
    if weight_digits:
        weight_exponent = int(lowest_place(tops[-1], weight_digits))
        # Half of it to either column of a product.
        number <<= weight_exponent % 2
        exponent += weight_exponent // 2
    return IntegerSums(number, exponent)
