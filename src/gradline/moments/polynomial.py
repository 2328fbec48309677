"""Exact moments of the powers of one column, from the raw numbers: rounded powers have lost digits before any fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gradline.data.float_arrays import array_of_numbers
from gradline.errors import DataError
from gradline.moments.block_sums import not_finite
from gradline.moments.exact import ExactMoments
from gradline.moments.integers.integer_sums import IntegerSums, to_integers
from gradline.moments.parallel import row_blocks
from gradline.solution import Array

ROWS_AT_ONCE = 4096


def power_moments(x: ArrayLike, y: ArrayLike, degree: int, sample_weight: ArrayLike | None = None) -> ExactMoments:
    """Exact moments of the columns x, x^2 .. x^degree, and y.

    They are the 2 degree + 1 sums of w x^k and the degree + 1 sums of w x^k y (a Hankel matrix), in integers: no power
    is ever rounded. Column j of the moments is x^(j + 1).

    Parameters
    ----------
    x : (rows,)
    y : (rows,)
    degree : int
        1 or more.
    sample_weight : (rows,), optional

    Raises
    ------
    DataError
        Where shapes do not fit, the degree is below 1, a weight is negative, or a cell is not a finite number.

    Notes
    -----
    Where x has 10 digits, rounding x^10 to float64 costs 7 digits of the coefficients of NIST's Filip, whatever solves
    it; from exact powers they come out right to 14, the limit being that x itself is a rounded decimal number. A row
    takes about degree microseconds.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> power_moments(x, 5.0 + 3.0 * x - x**2, 2).solve().coef
    array([ 3., -1.])
    """
    column, target = array_of_numbers(x, "x"), array_of_numbers(y, "y")
    weight = None if sample_weight is None else array_of_numbers(sample_weight, "sample_weight").astype(np.float64)
    if column.ndim != 1:
        raise DataError(f"x has shape {column.shape}, expected (rows,): a polynomial is of one column")
    if degree < 1:
        raise DataError(f"degree={degree}, expected 1 or more")
    total = ExactMoments.zero(degree)
    for batch in row_blocks(column[:, None], target, weight, ROWS_AT_ONCE):
        if not (np.isfinite(batch.X).all() and np.isfinite(batch.y).all()):
            raise not_finite(column[:, None], target, weight) or AssertionError
        total += ExactMoments(degree, len(batch), _sums(batch.X, batch.y, batch.weight, degree))
    return total


def names_of_powers(name: str, degree: int) -> tuple[str, ...]:
    """Of a column and its powers: x, x^2 .. x^degree."""
    return (name, *(f"{name}^{k}" for k in range(2, degree + 1)))


def powers(X: Array, degree: int) -> Array:
    """(rows, degree), of X (rows, 1): in float64, so rounded, and infinite beyond."""
    with np.errstate(over="ignore"):
        return np.asarray(X ** np.arange(1, degree + 1))


def horner(x: Array, coef: Array, intercept: float) -> Array:
    """intercept + coef_1 x + coef_2 x^2 + ..., right to about eps * sum |coef_k x^k|; beyond float64 infinite or NaN.

    Examples
    --------
    >>> horner(np.array([2.0, 10.0]), np.array([3.0, 1.0]), 5.0)
    array([ 15., 135.])
    """
    value = np.zeros(len(x))
    with np.errstate(over="ignore", invalid="ignore"):
        for coefficient in coef[::-1]:
            value = (value + coefficient) * x
    return value + intercept


def _sums(x: Array, y: Array, weight: Array | None, degree: int) -> IntegerSums:
    """Over x (rows, 1) and y (rows,)."""
    base, place = to_integers(np.asarray(x, dtype=np.float64))
    target, target_place = to_integers(np.asarray(y, dtype=np.float64)[:, None])
    x_numbers, y_numbers = base[:, 0], target[:, 0]
    exponent = np.append(place * np.arange(1, degree + 1), [target_place[0], 0])
    power = np.ones_like(x_numbers)
    if weight is not None:
        factor, weight_place = to_integers(weight[:, None])
        power = factor[:, 0] << int(weight_place[0] % 2)
        exponent = exponent + weight_place[0] // 2  # half of it to either column of a product
    weighted_y = power * y_numbers
    powers, with_y = [], []
    for k in range(2 * degree + 1):
        powers.append(power.sum())
        if k <= degree:
            with_y.append((power * y_numbers).sum())
        power = power * x_numbers
    order = np.append(np.arange(1, degree + 1), 0)  # z = (x .. x^degree, 1), to take y in before the ones
    number = np.empty((degree + 2, degree + 2), dtype=object)
    columns = [*range(degree), degree + 1]
    number[np.ix_(columns, columns)] = np.array(powers, dtype=object)[order[:, None] + order]
    number[degree, columns] = number[columns, degree] = np.array(with_y, dtype=object)[order]
    number[degree, degree] = (weighted_y * y_numbers).sum()
    return IntegerSums(number, exponent)
