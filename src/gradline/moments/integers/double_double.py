"""Arithmetic of 106 bits: a number is the unevaluated sum of two float64 numbers, high + low.

Error-free transformations: Dekker (1971), Numerische Mathematik 18, 224-242; Knuth, TAOCP 2, 4.2.2. The operations and
bounds of their errors: Joldes, Muller, Popescu (2017), ACM Transactions on Mathematical Software 44, 15. They want
rounding to nearest, and numbers far from both ends of the range of float64: scale first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradline.moments.integers.integer_sums import Integers
from gradline.solution import Array

# Relative error of each operation: at most 15 * 2**-106, which is the quotient's.
ROUNDING = 2.0**-102

_SPLITTER = 2.0**27 + 1.0
_to_int = np.frompyfunc(int, 1, 1)


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Sum, and what rounding took from it: s + e == a + b exactly.

    Examples
    --------
    >>> two_sum(np.array([1.0]), np.array([1e-30]))
    (array([1.]), array([1.e-30]))
    """
    s = a + b
    c = s - a
    return s, (a - (s - c)) + (b - c)


def fast_two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The same, where a is the larger in size."""
    s = a + b
    return s, b - (s - a)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Product, and what rounding took from it: p + e == a * b exactly, unless something over- or underflows.

    Examples
    --------
    >>> p, e = two_product(np.array([1 + 2**-30]), np.array([1 + 2**-30]))
    >>> float(p[0] - 1) * 2**29, float(e[0]) * 2**60
    (1.0, 1.0)
    """
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _split(a: Array) -> tuple[Array, Array]:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


@dataclass(frozen=True, slots=True, eq=False)
class DoubleDouble:
    """An array of numbers high + low, `low` no larger than half a unit in the last place of `high`.

    Examples
    --------
    >>> third = DoubleDouble.of(np.array([1.0])) / DoubleDouble.of(np.array([3.0]))
    >>> third.to_integers(100)[0] == 2**100 // 3
    True
    """

    high: Array
    low: Array

    @classmethod
    def of(cls, numbers: Array) -> DoubleDouble:
        """Float64 numbers as they are."""
        return cls(numbers, np.zeros_like(numbers))

    @classmethod
    def of_integers(cls, numbers: Integers, place: int) -> DoubleDouble:
        """numbers / 2^place, each to 2^-140, absolutely: choose the place such that the largest comes out near 1."""
        cut: Integers = np.right_shift(numbers << max(0, 140 - place), max(0, place - 140))
        high = cut.astype(np.float64)
        low = (cut - _to_int(high)).astype(np.float64)
        return cls(np.ldexp(high, -140), np.ldexp(low, -140))

    def to_integers(self, place: int) -> Integers:
        """The whole part of each number times 2^place."""
        within_range = min(place, 900)
        high, low = (_to_int(np.ldexp(part, within_range)) for part in (self.high, self.low))
        total: Integers = np.left_shift(high + low, place - within_range)
        return total

    def copy(self) -> DoubleDouble:
        """Of both arrays."""
        return DoubleDouble(self.high.copy(), self.low.copy())

    def __getitem__(self, index: Any) -> DoubleDouble:
        return DoubleDouble(self.high[index], self.low[index])

    def __setitem__(self, index: Any, value: DoubleDouble) -> None:
        self.high[index], self.low[index] = value.high, value.low

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.high, -self.low)

    def __add__(self, other: DoubleDouble) -> DoubleDouble:
        s, e = two_sum(self.high, other.high)
        t, f = two_sum(self.low, other.low)
        s, e = fast_two_sum(s, e + t)
        return DoubleDouble(*fast_two_sum(s, e + f))

    def __sub__(self, other: DoubleDouble) -> DoubleDouble:
        return self + -other

    def __mul__(self, other: DoubleDouble) -> DoubleDouble:
        p, e = two_product(self.high, other.high)
        return DoubleDouble(*fast_two_sum(p, e + (self.high * other.low + self.low * other.high)))

    def __truediv__(self, other: DoubleDouble) -> DoubleDouble:
        first = self.high / other.high
        rest = self - other * DoubleDouble.of(first)
        second = rest.high / other.high
        rest = rest - other * DoubleDouble.of(second)
        return DoubleDouble(*fast_two_sum(first, second)) + DoubleDouble.of(rest.high / other.high)

    def sqrt(self) -> DoubleDouble:
        """One step of Newton's method from the float64 root."""
        root = np.sqrt(self.high)
        rest = self - DoubleDouble(*two_product(root, root))
        return DoubleDouble(*fast_two_sum(root, rest.high / (2.0 * root)))


def cholesky(A: DoubleDouble) -> DoubleDouble | None:
    """Lower triangular L with L L^T = A; None where a pivot is not positive."""
    L = A.copy()
    for k in range(len(L.high)):
        if not L.high[k, k] > 0.0:
            return None
        L[k, k] = L[k, k].sqrt()
        below = slice(k + 1, None)
        L[below, k] = L[below, k] / L[k, k]
        L[below, below] = L[below, below] - L[below, k, None] * L[None, below, k][0]
    upper = np.triu_indices(len(L.high), 1)
    L.high[upper] = L.low[upper] = 0.0
    return L


def solve_cholesky(L: DoubleDouble, B: DoubleDouble) -> DoubleDouble:
    """X of L L^T X = B, for the columns of B."""
    X = B.copy()
    for k in range(len(X.high)):
        X[k] = X[k] / L[k, k]
        X[k + 1 :] = X[k + 1 :] - L[k + 1 :, k, None] * X[k]
    for k in reversed(range(len(X.high))):
        X[k] = X[k] / L[k, k]
        X[:k] = X[:k] - L[k, :k, None] * X[k]
    return X
