"""Three ways to solve with a positive definite matrix nearly right, and to prove how small its eigenvalues can be.

A proof comes with the decomposition: where A - shift I, with all rounding against it, still has one, the smallest
eigenvalue of A is at least the shift less what rounding can do (Rump 2006, BIT Numerical Mathematics 46, 433-452).
"""

from __future__ import annotations

from math import ceil, log2, sqrt
from typing import Protocol

import numpy as np

from gradline.moments.integers.double_double import ROUNDING, DoubleDouble, cholesky, solve_cholesky
from gradline.moments.integers.equations import no_such_rows, to_float
from gradline.moments.integers.integer_sums import Integers
from gradline.solution import Array

FLOAT64_ROUNDING = 2.0**-53
LEAST_PIVOT = 2.0**-8  # of L; where one is smaller, 53 bits would lose too many of their digits to be worth their steps


class Factor(Protocol):
    """A decomposition of the integer matrix A, where A / 2^place has a diagonal between 1/2 and 2."""

    @property
    def bits(self) -> int:
        """The smallest eigenvalue of A / 2^place is at least 2^-bits: proved."""

    @property
    def lower(self) -> Array:
        """Lower triangular, (p, p); its product with its own transpose is about A / 2^place."""

    def solve(self, R: Integers) -> Integers:
        """About A^-1 R, for the columns of R."""


class Float64Factor:
    """Cholesky in 53 bits: much faster than the others, and enough where columns hardly depend on each other.

    Its steps are NumPy's own, one rounding an operation: no linear algebra library has to be trusted for the proof, and
    `lower` is the same to the bit whichever there is.
    """

    def __init__(self, lower: Array, place: int) -> None:
        p = len(lower)
        self.lower = lower
        self._place = place
        self.bits = ceil(-log2(p * (p + 2) * 4.0 * FLOAT64_ROUNDING)) if p else 0

    @classmethod
    def of(cls, A: Integers, place: int) -> Float64Factor | None:
        """None where A is not seen to be far from singular; the proof is that of `DoubleDoubleFactor`, in 53 bits."""
        p = len(A)
        rounded = _to_float64(A, place)
        lower = _cholesky(rounded)
        if lower is None or np.diag(lower).min(initial=1.0) < LEAST_PIVOT:
            return None
        rounded[np.arange(p), np.arange(p)] -= p * (p + 2) * 8.0 * FLOAT64_ROUNDING
        return None if _cholesky(rounded) is None else cls(lower, place)

    def solve(self, R: Integers) -> Integers:
        """See `Factor`."""
        size = max(int(abs(r)).bit_length() for r in R.flat)
        L, X = self.lower, _to_float64(R, size)
        for k in range(len(L)):
            X[k] /= L[k, k]
            X[k + 1 :] -= L[k + 1 :, k, None] * X[k]
        for k in reversed(range(len(L))):
            X[k] /= L[k, k]
            X[:k] -= L[k, :k, None] * X[k]
        return DoubleDouble.of(X).to_integers(size - self._place)


def _to_float64(numbers: Integers, place: int) -> Array:
    """numbers / 2^place, each to 2^-52, absolutely, where none is larger than 2."""
    cut: Integers = np.right_shift(numbers << max(0, 60 - place), max(0, place - 60))
    return np.ldexp(cut.astype(np.float64), -60)


def _cholesky(A: Array) -> Array | None:
    """Lower triangular L with L L^T = A; None where a pivot is not positive."""
    L = A.copy()
    for k in range(len(L)):
        if not L[k, k] > 0.0:
            return None
        L[k, k] = sqrt(L[k, k])
        L[k + 1 :, k] /= L[k, k]
        L[k + 1 :, k + 1 :] -= L[k + 1 :, k, None] * L[k + 1 :, k]
    return np.tril(L)


class DoubleDoubleFactor:
    """Cholesky in 106 bits: fast, and good for condition numbers of X to about 1e12."""

    def __init__(self, triangle: DoubleDouble, place: int) -> None:
        p = len(triangle.high)
        self._triangle = triangle
        self._place = place
        self.bits = ceil(-log2(p * (p + 2) * 4.0 * ROUNDING)) if p else 0

    @classmethod
    def of(cls, A: Integers, place: int) -> DoubleDoubleFactor | None:
        """None where A is not seen to be positive definite.

        Rounding amounts to a change of the matrix by no more than (p + 2) ROUNDING trace, in norm (Higham 2002,
        Accuracy and Stability of Numerical Algorithms, theorems 10.3 and 10.7): p (p + 2) 2^-101, and p 2^-103 for
        cutting A to 106 bits. Half the shift covers both.
        """
        p = len(A)
        shifted = DoubleDouble.of_integers(A, place)
        diagonal = np.arange(p)
        shift = np.full(p, p * (p + 2) * 8.0 * ROUNDING)
        shifted[diagonal, diagonal] = shifted[diagonal, diagonal] - DoubleDouble.of(shift)
        triangle = cholesky(shifted)
        return None if triangle is None else cls(triangle, place)

    @property
    def lower(self) -> Array:
        """See `Factor`."""
        return self._triangle.high

    def solve(self, R: Integers) -> Integers:
        """See `Factor`."""
        size = max(int(abs(r)).bit_length() for r in R.flat)
        return solve_cholesky(self._triangle, DoubleDouble.of_integers(R, size)).to_integers(size - self._place)


class FixedPointFactor:
    """L D L^T in integers, numbers being multiples of 2^-bits: slow, and as good as there are bits."""

    def __init__(self, triangle: Integers, place: int, bits: int) -> None:
        self._triangle = triangle  # L below the diagonal, D on it
        self._place = place
        self.bits = bits

    @classmethod
    def of(cls, A: Integers, place: int, bits: int) -> FixedPointFactor | None:
        """None where so many bits do not show that A is positive definite.

        Each of p updates of an entry errs by less than 3 units: 1 from cutting it off, 2 from the factor being cut off,
        times an entry of at most 2. That changes the matrix by less than p (3 p + 2) units in norm: half the shift.

        Raises
        ------
        DataError
            Where they show that it is not even semidefinite.
        """
        p = len(A)
        W = A << (bits - place) if bits > place else A >> (place - bits)
        W[np.arange(p), np.arange(p)] -= 2 * p * (3 * p + 2)
        for k in range(p):
            if W[k, k] <= 0:
                _refuse_indefinite(A, W[: k + 1, : k + 1], bits)
                return None
            column = W[k + 1 :, k]
            factor = (column << bits) // W[k, k]
            W[k + 1 :, k + 1 :] -= factor[:, None] * column >> bits
            W[k + 1 :, k] = factor
        return cls(W, place, bits)

    @property
    def lower(self) -> Array:
        """See `Factor`."""
        W = np.frompyfunc(lambda number: to_float(number, 1, -self.bits), 1, 1)(self._triangle).astype(np.float64)
        lower: Array = (np.tril(W, -1) + np.eye(len(W))) * np.sqrt(np.diag(W))
        return lower

    def solve(self, R: Integers) -> Integers:
        """See `Factor`."""
        W, bits = self._triangle, self.bits
        size = max(int(abs(r)).bit_length() for r in R.flat)
        spare = max(0, 2 * bits - size)
        X = R << spare
        for k in range(len(W)):
            X[k + 1 :] -= W[k + 1 :, k, None] * X[k] >> bits
        for k in range(len(W)):
            X[k] = (X[k] << bits) // W[k, k]
        for k in reversed(range(len(W))):
            X[:k] -= W[k, :k, None] * X[k] >> bits
        return X >> (spare + self._place)


def _refuse_indefinite(A: Integers, triangle: Integers, bits: int) -> None:
    """L D L^T met a pivot that is not positive; near it is v'A v, v being the last column of L^-T. Is that negative?"""
    k = len(triangle) - 1
    v = np.zeros(k + 1, dtype=object)
    v[k] = 1 << bits
    for j in reversed(range(k)):
        v[j] = -(triangle[j + 1 :, j] @ v[j + 1 :]) >> bits
    image = A[:, : k + 1] @ v
    square = v @ image[: k + 1]
    if square < 0 or (square == 0 and image.any()):
        raise no_such_rows()
