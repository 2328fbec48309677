"""How many digits are right, and right compared with what: exact least squares in fractions, without gradline.

LRE = -log10 |q - c| / |c|, the log relative error of q where c is right (McCullough 1998), kept to 0 .. 15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

FULL = 15.0


def digits(found: float | None, right: Fraction) -> float:
    """LRE of one number; for a right value of zero -log10 |found|. What is no number has no digit."""
    if found is None or not math.isfinite(found):
        return 0.0
    error = abs(Fraction(found) - right) / (abs(right) or 1)
    return FULL if error == 0 else min(FULL, max(0.0, -_log10(error)))


def worst_digits(found: Sequence[float], right: Sequence[Fraction]) -> float:
    """LRE of the worst coefficient."""
    return min(digits(q, c) for q, c in zip(found, right, strict=True))


def least_squares(rows: Sequence[Sequence[float | Fraction]], y: Sequence[float], intercept: bool) -> list[Fraction]:
    """The exact solution of exactly these numbers: normal equations, solved by elimination, all in fractions.

    The intercept comes first, where there is one. X must have full rank.
    """
    design = [[Fraction(1), *map(Fraction, row)] if intercept else [*map(Fraction, row)] for row in rows]
    p = len(design[0])
    columns = [_integers(column) for column in [*zip(*design, strict=True), [Fraction(v) for v in y]]]
    # z_j = integer * unit_j, so the sums are integers: fractions would spend their time on common denominators.
    system = [
        [
            Fraction(sum(map(int.__mul__, a, b))) * a_unit * b_unit
            for b, b_unit in columns  # the last one is y: the right side
        ]
        for a, a_unit in columns[:p]
    ]
    for k in range(p):
        pivot = next(i for i in range(k, p) if system[i][k])
        system[k], system[pivot] = system[pivot], system[k]
        system[k] = [value / system[k][k] for value in system[k]]
        for i in range(p):
            if i != k and system[i][k]:
                factor = system[i][k]
                system[i] = [a - factor * b for a, b in zip(system[i], system[k], strict=True)]
    return [row[p] for row in system]


def _integers(column: Sequence[Fraction]) -> tuple[list[int], Fraction]:
    common = math.lcm(*(value.denominator for value in column))
    return [value.numerator * (common // value.denominator) for value in column], Fraction(1, common)


def _log10(value: Fraction) -> float:
    """Also where `value` is no float64."""
    return math.log10(value.numerator) - math.log10(value.denominator)
