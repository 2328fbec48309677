"""Rank without a tolerance, and exact rational solutions: elimination modulo primes, lifted and proved in integers.

What is independent modulo a prime is independent. A rational solution found modulo a power of a prime is proved by
putting it in. Lifting: Dixon (1982), Numerische Mathematik 40, 137-141; from residue to fraction: Wang (1981), SYMSAC.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, isqrt

import numpy as np
from numpy.typing import NDArray

from gradline.moments.integers.integer_sums import Integers

Residues = NDArray[np.int64]

SHORT_BITS = 64
_FIRST_ATTEMPT_BITS = 160  # enough for numerators and denominators of SHORT_BITS


def independent_columns(
    C: Integers, most: int | None = None
) -> tuple[list[int], dict[int, tuple[Integers, int] | None]]:
    """Which columns of a positive semidefinite matrix depend on earlier ones, and how.

    Parameters
    ----------
    C : (p, p) Python integers
    most : int, optional
        The rank is known to be no larger.

    Returns
    -------
    independent : list of int
    relations : {column: (numerators, denominator) or None}
        C_column = (sum over j of numerator_j C_independent[j]) / denominator, proved. None where `most` is the only
        proof sought, the relation having more than 64 bits.

    Examples
    --------
    >>> x = np.array([[1, 0, 3], [0, 1, 5], [2, 7, 41]], dtype=object)
    >>> independent_columns(x.T @ x)
    ([0, 1], {2: (array([3, 5], dtype=object), 1)})
    """
    for prime in _primes():
        independent = _pivots(_residues(C, prime), prime)
        found = _relations(C, independent, prime, most)
        if found is not None:
            return independent, found
    raise AssertionError("only finitely many primes can divide a determinant")


def rational_solution(A: Integers, b: Integers) -> tuple[Integers, int]:
    """(x, d) with A x = d b, for A of full rank."""
    for prime in _primes():
        inverse = _inverse(_residues(A, prime), prime)
        if inverse is not None:
            found = _lift(A, inverse, b, prime, None)
            assert found is not None
            return found
    raise AssertionError("only finitely many primes can divide a determinant")


def _relations(
    C: Integers, independent: list[int], prime: int, most: int | None
) -> dict[int, tuple[Integers, int] | None] | None:
    """For each dependent column; None where one is independent after all, and the prime was misleading."""
    A, beside = C[np.ix_(independent, independent)], np.array(independent)
    inverse = _inverse(_residues(A, prime), prime)
    assert inverse is not None
    known = len(independent) == most
    relations: dict[int, tuple[Integers, int] | None] = {}
    for column in sorted(set(range(len(C))) - set(independent)):
        found = _lift(A, inverse, C[independent, column], prime, _FIRST_ATTEMPT_BITS if known else None)
        if found is not None:
            numerators, denominator = found
            proved = (C[:, independent] @ numerators == denominator * C[:, column]).all()
            if not proved or numerators[beside > column].any():
                return None
        relations[column] = found
    return relations


def _lift(
    A: Integers, inverse: Residues, b: Integers, prime: int, most_bits: int | None
) -> tuple[Integers, int] | None:
    """(x, d) with A x = d b, digit by digit in base `prime`; None beyond `most_bits`."""
    x, modulus, rest = 0 * b, 1, b
    attempt_bits = _FIRST_ATTEMPT_BITS
    while True:
        while modulus.bit_length() <= attempt_bits:
            digit = _product(inverse, (rest % prime).astype(np.int64), prime).astype(object)
            x = x + digit * modulus
            rest = (rest - A @ digit) // prime
            modulus *= prime
        found = _fractions(x, modulus)
        if found is not None and (A @ found[0] == found[1] * b).all():
            return found
        if attempt_bits == most_bits:
            return None
        attempt_bits *= 2


def _fractions(x: Integers, modulus: int) -> tuple[Integers, int] | None:
    """Numerators and a common denominator, small beside the modulus, that are x modulo it."""
    denominator = 1
    numerators: list[int] = []
    for residue in x:
        numerator = _centred(int(residue) * denominator, modulus)
        if abs(numerator) >= modulus >> 32:
            fraction = _fraction(numerator % modulus, modulus)
            if fraction is None:
                return None
            numerator, further = fraction
            denominator *= further
            numerators = [n * further for n in numerators]
        numerators.append(numerator)
    return np.array(numerators, dtype=object), denominator


def _centred(number: int, modulus: int) -> int:
    number %= modulus
    return number - modulus if 2 * number > modulus else number


def _fraction(residue: int, modulus: int) -> tuple[int, int] | None:
    """The one n / d = residue modulo `modulus` with |n|, d <= sqrt(modulus / 2), where there is one."""
    bound = isqrt(modulus // 2)
    (r, s), (t, u) = (modulus, residue), (0, 1)
    while s > bound:
        q = r // s
        (r, s), (t, u) = (s, r - q * s), (u, t - q * u)
    if abs(u) > bound or gcd(s, u) != 1:
        return None
    return (s, u) if u > 0 else (-s, -u)


def _primes() -> Iterator[int]:
    """Downwards from 2^31: products of two residues fit an int64."""
    divisors = np.arange(3, 46341, 2)
    return (n for n in range(2**31 - 1, 2, -2) if (n % divisors).all())


def _residues(C: Integers, prime: int) -> Residues:
    return (C % prime).astype(np.int64)


def _pivots(W: Residues, prime: int) -> list[int]:
    """Columns independent of those before them modulo the prime; W is used up."""
    pivots: list[int] = []
    for column in range(W.shape[1]):
        row = len(pivots)
        candidates = np.flatnonzero(W[row:, column])
        if len(candidates):
            _eliminate(W, row, row + int(candidates[0]), column, slice(row + 1, None), prime)
            pivots.append(column)
    return pivots


def _inverse(A: Residues, prime: int) -> Residues | None:
    size = len(A)
    W = np.hstack([A, np.eye(size, dtype=np.int64)])
    for k in range(size):
        candidates = np.flatnonzero(W[k:, k])
        if not len(candidates):
            return None
        _eliminate(W, k, k + int(candidates[0]), k, np.arange(size) != k, prime)
    return W[:, size:]


def _eliminate(W: Residues, row: int, pivot: int, column: int, others: slice | NDArray[np.bool_], prime: int) -> None:
    W[[row, pivot]] = W[[pivot, row]]
    W[row] = W[row] * pow(int(W[row, column]), -1, prime) % prime
    W[others] = (W[others] - W[others, column, None] * W[row]) % prime


def _product(A: Residues, x: Residues, prime: int) -> Residues:
    """A x modulo the prime; in two halves, as sums of products of 31 bits would not fit."""
    high, low = A >> 16, A & 0xFFFF
    return ((high @ x % prime << 16) + low @ x) % prime
