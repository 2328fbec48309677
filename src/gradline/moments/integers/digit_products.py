"""The products of every digit of every column with every digit of every other, summed over the rows of blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradline.moments.integers.blas_product import exact_product, exact_square
from gradline.moments.integers.digits import times
from gradline.solution import Array

MANY_COLUMNS = 64  # measured: with fewer columns one large product takes less time than six small ones


class DigitProducts:
    """Running int64 sums of digit products, for a fixed number of digits (and of the weights' digits, 0 without).

    `lines` are as `DigitCutter` leaves them: digits of all columns, the least significant first, and the ones at the
    end, as a most significant digit.
    """

    def __init__(self, columns: int, digits: int, weight_digits: int) -> None:
        self._columns = columns
        self._digits = digits
        self._weight_digits = weight_digits
        self._by_pairs = columns >= MANY_COLUMNS and digits > 1 and not weight_digits
        lines = digits * columns + 1
        left = (digits + weight_digits) * (columns + 1) if weight_digits else lines
        self._sums = np.zeros((left, lines), dtype=np.int64)
        self._pairs = np.zeros((digits, digits, columns + 1, columns + 1), dtype=np.int64)

    def add(self, lines: Array, weight_lines: Array | None) -> None:
        """Of one batch of blocks: no number grows by more than 2^53 a block."""
        if self._by_pairs:
            # Columns whose pairs are too large once (constants, as a rule) will be so again.
            self._by_pairs = self._add_pairs(lines)
        if not self._by_pairs:
            left = lines if weight_lines is None else times(lines, self._digits, weight_lines)
            self._sums += exact_product(left, lines)

    def total(self) -> NDArray[np.int64]:
        """(places, columns + 1, columns + 1): the sum of all products that count 2^(23 place)."""
        columns, digits = self._columns, self._digits
        total = by_place(self._sums, columns, digits, self._weight_digits)
        for k in range(digits):
            total[2 * k] += self._pairs[k, k]
            for m in range(k):
                total[k + m] += self._pairs[k, m] - self._pairs[k, k] - self._pairs[m, m]
        return total

    def _add_pairs(self, lines: Array) -> bool:
        """By squares of digits and of sums of two: a b' + b a' = (a + b)(a + b)' - a a' - b b' (Karatsuba).

        That takes two thirds of the operations for three digits. A sum of two digits may be as large as 2^23, so it is
        for the squares to show that nothing was rounded; where they do not, nothing is added.
        """
        columns = self._columns
        digit = [lines[:, place] for place in _slices(columns, self._digits)]
        pair = np.empty_like(digit[-1])
        found = []
        for k in range(self._digits):
            for m in range(k + 1):
                operand = digit[k]
                if m < k:
                    operand = pair[:, : digit[k].shape[1]]
                    np.add(digit[k][:, :columns], digit[m], out=pair[:, :columns])
                    operand[:, columns:] = digit[k][:, columns:]
                square = exact_square(operand)
                if square is None:
                    return False
                found.append((k, m, square))
        for k, m, square in found:
            size = len(square)
            self._pairs[k, m, :size, :size] += square
        return True


def by_place(sums: NDArray[np.int64], columns: int, digits: int, weight_digits: int) -> NDArray[np.int64]:
    """(places, columns + 1, columns + 1): of sums of products of lines, those that count 2^(23 place) together."""
    left = _slices(columns, digits)
    if weight_digits:
        left = [slice(k * (columns + 1), (k + 1) * (columns + 1)) for k in range(digits + weight_digits)]
    total = np.zeros((len(left) + digits - 1, columns + 1, columns + 1), dtype=np.int64)
    for k, rows in enumerate(left):
        for m, others in enumerate(_slices(columns, digits)):
            part = sums[rows, others]
            total[k + m, : part.shape[0], : part.shape[1]] += part
    return total


def _slices(columns: int, digits: int) -> list[slice]:
    """The lines of each digit; the ones go with the most significant."""
    return [slice(k * columns, (k + 1) * columns + (k == digits - 1)) for k in range(digits)]
