"""From a nearly right factor to an exact answer: refinement with exact residuals, until a reader is content.

With r = g - A x the exact answer is within |r| / lambda of x, lambda being the smallest eigenvalue: a proved enclosure.
What no enclosure can tell (a number that is exactly zero, or half way between two floats) the exact rational solution
settles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

from gradline.moments.integers.factor import Factor
from gradline.moments.integers.integer_sums import Integers
from gradline.moments.integers.rank import rational_solution

SPARE_BITS = 240  # of the fixed point, beyond those that the smallest eigenvalue takes
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """Where the exact x of A x = g is.

    Attributes
    ----------
    number : (p,) Python integers
    denominator, error : int
        Element j lies within (number_j +- error) / denominator; an error of 0 says that it is exactly that.
    explained, shortfall : int
        x'g denominator^2 lies between `explained` and `explained` + `shortfall`.
    """

    number: Integers
    denominator: int
    error: int
    explained: int
    shortfall: int


def refine(A: Integers, g: Integers, place: int, factor: Factor, read: Callable[[Enclosure], T | None]) -> T | None:
    """What `read` makes of better and better enclosures, once it makes something of one.

    Parameters
    ----------
    A, g : (p, p), (p,) Python integers
        Of full rank; A / 2^place with a diagonal between 1/2 and 2.
    place : int
    factor : Factor
        Of A. None is returned where it is too weak to get there.
    read : callable
        Returns None to ask for a better enclosure. It gets the exact answer in the end.
    """
    places = factor.bits + SPARE_BITS
    target = g << places
    x, residual = 0 * g, target
    while True:
        size = norm(residual)
        # x is off by d = A^-1 residual: |d| <= |residual| / lambda, and x'(g + residual) falls short by d'A d.
        enclosure = Enclosure(
            number=x,
            denominator=1 << places,
            error=ceil_shift(size, factor.bits - place),
            explained=int(x @ (target + residual)),
            shortfall=ceil_shift(size * size, factor.bits - place),
        )
        result = read(enclosure)
        if result is not None:
            return result
        better = x + factor.solve(residual[:, None])[:, 0]
        rest = target - A @ better
        if 4 * norm(rest) > size:
            break
        x, residual = better, rest
    # The last bits of x count about 2^place in the residual: it cannot become smaller than that.
    if size >> (place + 40):
        return None
    number, denominator = rational_solution(A, g)
    return read(Enclosure(number, denominator, 0, int(number @ g) * denominator, 0))


def norm(v: Integers) -> int:
    """The Euclidean length, rounded up."""
    square = int(v @ v)
    return isqrt(square - 1) + 1 if square else 0


def ceil_shift(number: int, places: int) -> int:
    """number * 2^places, rounded up."""
    return number << places if places >= 0 else -(-number >> -places)
