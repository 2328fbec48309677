"""Sums without rounding: a symmetric matrix of Python integers, each column with a power of two of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradline.solution import Array

Integers: TypeAlias = NDArray[Any]  # dtype object, Python integers of any length


@dataclass(frozen=True, slots=True, eq=False)
class IntegerSums:
    """S_ij = numerator_ij * 2 ** (exponent_i + exponent_j), exactly.

    The pair is not unique (a column may move a power of two from one to the other); the value is, and `==` compares
    values. `entries` is the unique way to write it down.

    Examples
    --------
    >>> whole = IntegerSums.of_rows(np.array([[0.1, 3.0], [1e300, -0.5]]))
    >>> parts = [IntegerSums.of_rows(np.array([row])) for row in ([1e300, -0.5], [0.1, 3.0])]
    >>> parts[0] + parts[1] == whole
    True
    """

    numerator: Integers  # (k, k), symmetric
    exponent: NDArray[np.int64]  # (k,)

    __hash__ = None  # type: ignore[assignment]  # of arrays, which may change; mypy: of `object`

    @classmethod
    def zero(cls, columns: int) -> IntegerSums:
        """The sums over no rows."""
        return cls(np.zeros((columns, columns), dtype=object), np.zeros(columns, dtype=np.int64))

    @classmethod
    def of_rows(cls, Z: Array, weight: Array | None = None) -> IntegerSums:
        """Sum of w z z^T, z = (a row of Z, 1), in plain Python integers: right for every finite float64, and slow."""
        number, exponent = to_integers(np.column_stack([Z, np.ones(len(Z))]))
        weighted = number
        if weight is not None:
            factor, place = to_integers(weight[:, None])
            weighted = number * (factor << int(place[0] % 2))
            exponent = exponent + place[0] // 2  # half of it to either column of a product
        return cls(weighted.T @ number, exponent)

    def __add__(self, other: IntegerSums) -> IntegerSums:
        # No rows have no scale: aligning with theirs could only make the numbers longer.
        if not other.numerator.any():
            return self
        if not self.numerator.any():
            return other
        a, b, exponent = self._aligned(other)
        return IntegerSums(a + b, exponent)

    def __neg__(self) -> IntegerSums:
        return IntegerSums(-self.numerator, self.exponent)

    def __sub__(self, other: IntegerSums) -> IntegerSums:
        return self + -other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntegerSums):
            return NotImplemented
        a, b, _ = self._aligned(other)
        return bool((a == b).all())

    def _aligned(self, other: IntegerSums) -> tuple[Integers, Integers, NDArray[np.int64]]:
        exponent = np.minimum(self.exponent, other.exponent)
        return self._lowered(exponent), other._lowered(exponent), exponent

    def _lowered(self, exponent: NDArray[np.int64]) -> Integers:
        by = self.exponent - exponent
        return self.numerator << (by[:, None] + by).astype(object) if by.any() else self.numerator

    def selected(self, columns: Sequence[int | None]) -> IntegerSums:
        """The sums of other columns: those of these numbers; None: a column of zeros."""
        size = len(self.exponent)
        index = np.array([size if j is None else j for j in columns], dtype=np.intp)
        number = np.zeros((size + 1, size + 1), dtype=object)
        number[:size, :size] = self.numerator
        return IntegerSums(number[np.ix_(index, index)], np.append(self.exponent, 0)[index])

    def with_difference(self, column: int, others: Sequence[int]) -> IntegerSums:
        """One more column, the last: `column` less the sum of `others`."""
        among = [column, *others]
        place = self.exponent[among].min()
        shift = (self.exponent[among] - place).astype(object)
        signed = np.array([1] + [-1] * len(others), dtype=object) << shift
        row = signed @ self.numerator[among]
        number = np.vstack([np.column_stack([self.numerator, row]), np.append(row, row[among] @ signed)])
        return IntegerSums(number, np.append(self.exponent, place))

    def entries(self) -> list[tuple[int, int]]:
        """(odd integer, power of two) of the upper triangle, row by row; zero is (0, 0)."""
        exponent = self.exponent.tolist()
        return [
            _odd(int(n), exponent[i] + exponent[j])
            for i, row in enumerate(self.numerator)
            for j, n in enumerate(row[i:], i)
        ]

    @classmethod
    def from_entries(cls, columns: int, entries: Sequence[tuple[int, int]]) -> IntegerSums:
        """Read `entries` back."""
        upper = np.triu_indices(columns)
        number = np.zeros((columns, columns), dtype=object)
        place = np.zeros((columns, columns), dtype=np.int64)
        for matrix, values in zip((number, place), zip(*entries, strict=True), strict=True):
            matrix[upper] = values
            matrix.T[upper] = values
        exponent = np.diag(place) // 2
        surplus = place - exponent[:, None] - exponent
        lowest = int(surplus[number != 0].min(initial=0))
        exponent = exponent + lowest // 2
        surplus = np.where(number != 0, surplus - 2 * (lowest // 2), 0)
        return cls(number << surplus.astype(object), exponent)


def to_integers(Z: Array) -> tuple[Integers, NDArray[np.int64]]:
    """Z_ij = number_ij * 2 ** exponent_j, exactly, for every finite float64."""
    fraction, exponent = np.frexp(Z)
    number = np.ldexp(fraction, 53).astype(np.int64)
    place = np.where(number == 0, np.iinfo(np.int32).max, exponent.astype(np.int64) - 53)
    lowest = place.min(axis=0, initial=np.iinfo(np.int32).max)
    lowest = np.where(lowest == np.iinfo(np.int32).max, 0, lowest)
    return number.astype(object) << np.where(number == 0, 0, place - lowest).astype(object), lowest


def _odd(number: int, exponent: int) -> tuple[int, int]:
    if number == 0:
        return 0, 0
    zeros = (number & -number).bit_length() - 1
    return number >> zeros, exponent + zeros
