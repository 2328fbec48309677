"""The normal equations in integers: centred exactly, every column scaled by a power of two to about the same size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradline.errors import DataError
from gradline.moments.integers.integer_sums import Integers, IntegerSums


@dataclass(frozen=True, slots=True, eq=False)
class ExactEquations:
    """C = sum of w (z - centre)(z - centre)^T over z = (x_1 .. x_p, y), in integers.

    Attributes
    ----------
    number : (p + 1, p + 1) Python integers
        C_ij = number_ij 2^(scale_i + scale_j - place) / weight. The diagonal of number / 2^place lies in [1/2, 2), or
        is zero where a column is constant.
    place : int
    scale : list of int
    weight : int
        The total weight times a power of two, where the centre is the mean; 1 where it is zero.
    mean : (p + 1,) Python integers
        The centre of column j is mean_j 2^(scale_j - mean_place) / weight.
    mean_place : int
    """

    number: Integers
    place: int
    scale: list[int]
    weight: int
    mean: Integers
    mean_place: int

    @classmethod
    def of(cls, sums: IntegerSums, fit_intercept: bool) -> ExactEquations:
        """Centre, n S - s s^T, which needs no division, and bring all columns to one size."""
        S, s, exponent = sums.numerator[:-1, :-1], sums.numerator[:-1, -1], sums.exponent.tolist()
        weight = int(sums.numerator[-1, -1])
        if fit_intercept:
            C = weight * S - s[:, None] * s
        else:
            C, s, weight = S, 0 * s, 1
        half_bits = [int(c).bit_length() // 2 for c in np.diagonal(C)]
        half = max(half_bits)
        up = np.array([half - bits for bits in half_bits], dtype=object)
        return cls(
            number=C << (up[:, None] + up),
            place=2 * half,
            scale=[bits + e for bits, e in zip(half_bits, exponent, strict=False)],
            weight=weight,
            mean=s << up,
            mean_place=half + exponent[-1],
        )


def no_such_rows() -> DataError:
    """Some sum of squares comes out negative."""
    return DataError(
        "these moments belong to no rows: some combination of columns would have a negative sum of squares",
        hint="were rows subtracted that had not been added, or the moments changed by hand?",
    )


def to_float(numerator: int, denominator: int, exponent: int) -> float:
    """numerator / denominator * 2^exponent, rounded once, to the nearest; infinite where it is too large.

    Examples
    --------
    >>> to_float(1, 3, 0), to_float(-3, 2, 2000), to_float(1, 1, -1074)
    (0.3333333333333333, -inf, 5e-324)
    """
    if exponent > 0:
        numerator <<= exponent
    else:
        denominator <<= -exponent
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf
