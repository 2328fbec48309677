"""Normal equations of float64 sums, scaled, and solved by Cholesky for the columns that rounding can tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gradline.errors import DataError
from gradline.moments.centred_sums import VANISHED
from gradline.moments.squares import SquaresError
from gradline.solution import Array, Dependency

# Of blocks, up to a hundred million, in which all squares may have vanished.
MOST_VANISHED = VANISHED * 2.0**27


@dataclass(frozen=True, slots=True, eq=False)
class NormalEquations:
    """Sums about the mean (with an intercept) or about zero (without), and how far rounding has moved them.

    Attributes
    ----------
    rows, weight : int, float
    mean : (p + 1,) float64
        Of the columns of X, then y.
    rest : (p + 1,) float64
        What rounding took from each mean.
    scatter : (p + 1, p + 1) float64
        C = sum of w (z - centre)(z - centre)^T, z = (x, y).
    mass : (p + 2,) float64
        What went through the sums of squares to get there, and in the end through the sum of weights: the rounding
        error of C_ij is about rounding * sqrt(mass_i mass_j), that of a mean rounding * sqrt(mass_i mass_W) / W. Zero
        only for a column that is exactly constant (zero, without an intercept).
    rounding : float
        Relative error of one block of sums.
    fit_intercept : bool
    """

    rows: int
    weight: float
    mean: Array
    rest: Array
    scatter: Array
    mass: Array
    rounding: float
    fit_intercept: bool


@dataclass(frozen=True, slots=True, eq=False)
class ReducedFit:
    """The reduced problem, on the columns that are kept, scaled to length one; y stays in its own units."""

    kept: NDArray[np.intp]
    scale: Array  # sqrt(C_jj)
    growth: Array
    inverse: Array  # of the scaled matrix
    matrix: Array  # the scaled matrix
    b: Array  # scaled slopes
    slopes: Array  # in data units
    intercept: float
    size_y: float  # max(sqrt(C_yy), sqrt(mass_y))
    tss: float
    ess: float
    rss: float
    rss_error: float
    dependencies: tuple[Dependency, ...]
    unproven: bool  # some dependency, or everything, is beyond what float64 sums can tell


def reduce(equations: NormalEquations) -> ReducedFit:
    """Solve for the columns that do not depend on those before them.

    Raises
    ------
    DataError
        Without rows, or where squares left the range of float64.
    """
    if equations.rows == 0:
        raise DataError("no rows to fit", hint="least squares needs at least one row of weight above zero")
    C, mass, rounding = equations.scatter, equations.mass[:-1], equations.rounding
    p = len(C) - 1
    diagonal = np.diag(C)
    is_constant = ~(diagonal > rounding * mass)
    vanished = is_constant & (mass > 0.0) & (mass <= MOST_VANISHED)
    if vanished.any() or not (np.isfinite(C).all() and np.isfinite(mass).all()):
        raise _out_of_range(equations, vanished)
    is_constant = is_constant[:p]
    varies, constant = np.flatnonzero(~is_constant), np.flatnonzero(is_constant)
    scale = np.sqrt(diagonal[varies])
    growth = np.maximum(1.0, np.sqrt(mass[varies]) / scale)
    A = C[np.ix_(varies, varies)] / scale / scale[:, None]
    chosen, triangle, factors = _independent(A, growth, rounding)

    dependencies = [Dependency(int(j), {}) for j in constant]
    for j, weights in factors.items():
        earlier = chosen[: len(weights)]
        in_data_units = weights * scale[j] / scale[earlier]
        dependencies.append(Dependency(int(varies[j]), _stated(varies[earlier], in_data_units)))

    kept, scale, growth, A = varies[chosen], scale[chosen], growth[chosen], A[np.ix_(chosen, chosen)]
    inverse = triangle.T @ triangle
    g = C[kept, p] / scale
    # Not inverse @ g: its residual would grow with the condition number, and the residual sum of squares with it.
    b = np.linalg.solve(A, g)
    ess, tss = float(b @ g), float(max(diagonal[p], 0.0))
    size_y = math.sqrt(max(diagonal[p], mass[p]))
    reach = size_y + float(growth @ np.abs(b))
    # Four times: where terms are all alike they round all one way, which moves sums by more than a random walk does.
    rss, rss_error = tss - float(b @ (2.0 * g - A @ b)), 4.0 * rounding * reach * reach
    if rss <= rss_error:
        rss = 0.0
    slopes = b / scale
    return ReducedFit(
        kept=kept,
        scale=scale,
        growth=growth,
        inverse=inverse,
        matrix=A,
        b=b,
        slopes=slopes,
        intercept=float(equations.mean[p] - equations.mean[kept] @ slopes) if equations.fit_intercept else 0.0,
        size_y=size_y,
        tss=tss,
        ess=ess,
        rss=rss,
        rss_error=rss_error,
        dependencies=tuple(sorted(dependencies, key=lambda dependency: dependency.column)),
        unproven=bool(factors) or bool((mass[constant] > 0).any()),
    )


def _out_of_range(equations: NormalEquations, vanished: NDArray[np.bool_]) -> SquaresError:
    mean, p = equations.mean, len(equations.mean) - 1
    overflowed = ~(np.isfinite(np.diag(equations.scatter)) & np.isfinite(equations.mass[:-1]))
    column = int((overflowed if overflowed.any() else vanished).argmax())
    size = f"mean {mean[column]:.2g}" if math.isfinite(mean[column]) else "mean beyond float64"
    weighted = "" if equations.weight == equations.rows else ", times the weights,"
    return SquaresError.of(
        column,
        f"column {column + 1} of X" if column < p else "y",
        f"({size}){weighted} {'overflow' if overflowed.any() else 'vanish in'} float64, in which they are summed",
    )


def _independent(A: Array, growth: Array, rounding: float) -> tuple[NDArray[np.intp], Array, dict[int, Array]]:
    """Columns that do not depend on earlier ones, the inverse of their Cholesky factor, and the factors of the others.

    With v = (-factors, 1) a pivot is v'A v, and rounding may move it by rounding * (growth'|v|)^2: no larger is no
    evidence of independence. Row j of the inverse factor is v / sqrt(pivot), so the usual case needs one look at it.
    """
    size = len(A)
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(A))
        if (rounding * (np.abs(inverse) @ growth) ** 2 < 1.0).all():
            return np.arange(size), inverse, {}
    except np.linalg.LinAlgError:
        pass
    chosen: list[int] = []
    factors: dict[int, Array] = {}
    inverse = np.zeros((size, size))
    for j in range(size):
        k = len(chosen)
        row = inverse[:k, :k] @ A[chosen, j]
        weights = row @ inverse[:k, :k]
        pivot = A[j, j] - row @ row
        if pivot <= rounding * (growth[chosen] @ np.abs(weights) + growth[j]) ** 2:
            factors[j] = weights
        else:
            inverse[k, :k] = -weights / math.sqrt(pivot)
            inverse[k, k] = 1.0 / math.sqrt(pivot)
            chosen.append(j)
    return np.array(chosen, dtype=np.intp), inverse[: len(chosen), : len(chosen)], factors


def _stated(columns: NDArray[np.intp], factors: Array) -> Mapping[int, Fraction] | None:
    """The factors as short fractions, where they all are; None where they are not.

    A number is taken for a fraction within 1e-9 of it whose parts have six digits together: such fractions are so rare
    that of arbitrary numbers fewer than one in a hundred is taken for one.
    """
    stated: dict[int, Fraction] = {}
    negligible = 1e-9 * np.abs(factors).max(initial=0.0)
    for column, factor in zip(columns, factors, strict=True):
        if abs(factor) <= negligible:
            continue
        short = (Fraction(factor).limit_denominator(10**power) for power in range(7))
        close = (f for f in short if abs(f - Fraction(factor)) <= abs(factor) * 1e-9)
        fraction = next(close, None)
        if fraction is None or abs(fraction.numerator) * fraction.denominator > 10**6:
            return None
        stated[int(column)] = fraction
    return stated
