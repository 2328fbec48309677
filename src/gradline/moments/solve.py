"""From float64 sums to coefficients: scaled Cholesky, the digits that rounding leaves, and what inference needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gradline.errors import DataError
from gradline.moments.centred_sums import UNIT_ROUNDOFF
from gradline.moments.parallel import one_blas_thread
from gradline.solution import Array, Certificate, Dependency, Solution, Status

MOST_DIGITS = 15.9


@dataclass(frozen=True, slots=True, eq=False)
class Dispersion:
    """How y scatters about a fit: what standard errors are made of.

    Attributes
    ----------
    rows : int
        Rows of weight above zero.
    weight : float
        Total weight.
    rss, tss, ess : float
        Weighted sums of squares in units of `unit` ** 2: residual, total (about the mean with an intercept, about zero
        without) and explained. `ess` is formed as b'g, without cancellation. `rss` is 0.0 where the fit is exact to
        rounding.
    unscaled : (k, k) float64
        Inverse of the weighted cross-product matrix, (X'WX)^-1, in data units: the covariance of the coefficients is
        `unscaled` times the residual variance. The intercept comes first where there is one. Rows and columns of
        dependent columns are NaN.
    digits : float
        Correct significant digits of `rss` and of the diagonal of `unscaled`, the worst; 0 where `rss` is 0.0 because
        float64 sums cannot tell it from zero.
    unit : float
        A power of two near the size of y, so that y of size 1e300 has a finite `rss`; 1.0 where no such care is needed.
    """

    rows: int
    weight: float
    rss: float
    tss: float
    ess: float
    unscaled: Array
    digits: float
    unit: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Triangle:
    """How columns arise from uncorrelated directions u of mean square one: x[columns] - centre = lower u.

    Attributes
    ----------
    columns : (k,) int
        Those that do not depend on earlier ones.
    lower : (k, k) float64
        Lower triangular, in data units; lower @ lower.T is the mean cross-product matrix of the columns, about the
        centre. Each row errs relative to its own length, whatever the condition number.
    centre, rest : (p,) float64
        Means of all columns of X (zero without an intercept) and, from exact sums, what rounding took from them: where
        columns are nearly collinear and far from zero, a last digit of the centre is many standard deviations of u.
    """

    columns: NDArray[np.intp]
    lower: Array
    centre: Array
    rest: Array


@dataclass(frozen=True, slots=True, eq=False)
class NormalEquations:
    """Sums about the mean (with an intercept) or about zero (without), and how far rounding has moved them.

    Attributes
    ----------
    rows, weight : int, float
    mean : (p + 1,) float64
        Of the columns of X, then y.
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
    scatter: Array
    mass: Array
    rounding: float
    fit_intercept: bool


def solve(equations: NormalEquations) -> Solution:
    """Least squares from float64 sums, with an estimate of the digits that are right.

    Columns are scaled to length one, A = D^-1 C D^-1, and A b = g is solved. To first order rounding moves coefficient
    i by no more than::

        rounding * (|A^-1| growth)_i * (growth_y + sum_k growth_k |b_k|),     growth_j = max(1, sqrt(mass_j / C_jj))

    and `digits` is the least -log10(error_i / max(|b_i|, 1e-6 standard error_i)), the intercept included. It is an
    estimate, not a proof, and as a rule one to five digits too low.

    A column that depends on those before it (its pivot is no larger than the pivot's own rounding error) gets the
    coefficient 0 and a `Dependency`: the answer is least squares on the columns that are left. Unless the column is
    constant to the bit, float64 sums cannot prove that; `digits` is 0 then, and the exact way decides.

    Raises
    ------
    DataError
        Without rows.

    Examples
    --------
    >>> mean, scatter = np.array([0.5, 2.0]), np.array([[1.0, 2.0], [2.0, 4.0]])
    >>> mass = np.array([1.0, 4.0, 4.0])
    >>> sums = NormalEquations(4, 4.0, mean, scatter, mass, 1e-15, True)
    >>> solve(sums).coef, solve(sums).intercept
    (array([2.]), 1.0)
    """
    with one_blas_thread():
        fit = _fit(equations)
        condition_number = math.inf if fit.dependencies else _condition_number(fit)
    coef = np.zeros(len(equations.mean) - 1)
    coef[fit.kept] = fit.slopes
    certificate = Certificate(
        digits=0.0 if fit.unproven else _coefficient_digits(equations, fit),
        certain=False,
        rank=len(fit.kept),
        condition_number=condition_number,
        dependencies=fit.dependencies,
    )
    return Solution(coef=coef, intercept=fit.intercept, status=Status.SOLVED, certificate=certificate)


def disperse(equations: NormalEquations) -> Dispersion:
    """Sums of squares and the inverse cross-product matrix of the same fit, in data units.

    With an intercept the inverse is bordered: 1/W + m'Vm, -Vm, V, where V inverts the centred sums and m is the mean.
    The residual sum of squares TSS - b'(g + r), r = g - A b, has no more than its rounding error when it is below
    rounding * (sqrt(mass_y) + sum growth |b|)^2: it is given as 0.0 there, with `digits` 0.

    Raises
    ------
    DataError
        Without rows.
    """
    with one_blas_thread():
        fit = _fit(equations)
    inverse = fit.inverse / fit.scale / fit.scale[:, None]
    terms = fit.kept
    if equations.fit_intercept:
        mean = equations.mean[fit.kept]
        lever = inverse @ mean
        inverse = np.block(
            [[np.full((1, 1), 1.0 / equations.weight + mean @ lever), -lever[None, :]], [-lever[:, None], inverse]]
        )
        terms = np.concatenate([[0], fit.kept + 1])
    size = len(equations.mean) - 1 + equations.fit_intercept
    unscaled = np.full((size, size), np.nan)
    unscaled[np.ix_(terms, terms)] = inverse
    return Dispersion(
        rows=equations.rows,
        weight=equations.weight,
        rss=fit.rss,
        tss=fit.tss,
        ess=fit.ess,
        unscaled=unscaled,
        digits=0.0 if fit.unproven else _dispersion_digits(equations, fit, np.diag(inverse)),
    )


def factor(equations: NormalEquations) -> Triangle:
    """The Cholesky factor of the scaled columns, in data units.

    Forming the cross-product matrix has squared the condition number: beyond 1e8 the last rows are noise.

    Raises
    ------
    DataError
        Without rows.
    """
    with one_blas_thread():
        fit = _fit(equations)
        lower = fit.scale[:, None] * np.linalg.cholesky(fit.matrix) / math.sqrt(equations.weight)
    nothing = np.zeros(len(equations.mean) - 1)
    return Triangle(fit.kept, lower, equations.mean[:-1] if equations.fit_intercept else nothing, nothing)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
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


def _fit(equations: NormalEquations) -> _Fit:
    if equations.rows == 0:
        raise DataError("no rows to fit", hint="least squares needs at least one row of weight above zero")
    C, mass, rounding = equations.scatter, equations.mass[:-1], equations.rounding
    p = len(C) - 1
    if not np.isfinite(C).all():
        return _overflowed(equations)

    diagonal = np.diag(C)
    is_constant = ~(diagonal[:p] > rounding * mass[:p])
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
    rss, rss_error = tss - float(b @ (2.0 * g - A @ b)), rounding * (size_y + float(growth @ np.abs(b))) ** 2
    if rss <= rss_error:
        rss = 0.0 if math.isfinite(rss_error) else math.nan
    slopes = b / scale
    return _Fit(
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


def _overflowed(equations: NormalEquations) -> _Fit:
    """Squares beyond float64: nothing can be said, and nothing is (NaN, no digits)."""
    p, nan = len(equations.mean) - 1, math.nan
    column, square = np.full(p, nan), np.full((p, p), nan)
    return _Fit(
        kept=np.arange(p),
        scale=column,
        growth=column,
        inverse=square,
        matrix=square,
        b=column,
        slopes=column,
        intercept=nan if equations.fit_intercept else 0.0,
        size_y=nan,
        tss=nan,
        ess=nan,
        rss=nan,
        rss_error=nan,
        dependencies=(),
        unproven=True,
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


def _condition_number(fit: _Fit) -> float:
    """Of the scaled columns, in the 2-norm.

    The largest eigenvalue of the inverse stands for the smallest of A, which would drown in rounding beyond 1e8.
    """
    if len(fit.b) == 0:
        return 1.0
    if not np.isfinite(fit.matrix).all():
        return math.inf
    return math.sqrt(np.linalg.eigvalsh(fit.matrix)[-1] * np.linalg.eigvalsh(fit.inverse)[-1])


def _coefficient_digits(equations: NormalEquations, fit: _Fit) -> float:
    rounding, p = equations.rounding, len(equations.mean) - 1
    error = rounding * (np.abs(fit.inverse) @ fit.growth) * (fit.size_y + fit.growth @ np.abs(fit.b)) / fit.scale
    freedom = equations.rows - len(fit.b) - equations.fit_intercept
    variance = fit.rss / freedom if freedom > 0 else 0.0
    size = np.maximum(np.abs(fit.slopes), 1e-6 * np.sqrt(variance * np.diag(fit.inverse)) / fit.scale)
    if equations.fit_intercept:
        mean = equations.mean[fit.kept]
        mean_error = _mean_error(equations)
        terms = np.abs(mean * fit.slopes)
        intercept_error = (
            np.abs(mean) @ error
            + (4 + p) * UNIT_ROUNDOFF * (abs(equations.mean[p]) + terms.sum())
            + mean_error[p]
            + mean_error[fit.kept] @ np.abs(fit.slopes)
        )
        lever = mean / fit.scale
        leverage = 1.0 / equations.weight + lever @ fit.inverse @ lever
        error = np.append(error, intercept_error)
        size = np.append(size, max(abs(fit.intercept), 1e-6 * math.sqrt(variance * leverage)))
    return _digits(error, size)


def _dispersion_digits(equations: NormalEquations, fit: _Fit, unscaled: Array) -> float:
    rounding = equations.rounding
    error = rounding * (np.abs(fit.inverse) @ fit.growth) ** 2 / fit.scale**2
    if equations.fit_intercept:
        mean = equations.mean[fit.kept] / fit.scale
        lever = np.abs(fit.inverse @ mean)
        mean_error = _mean_error(equations)[fit.kept] / fit.scale + UNIT_ROUNDOFF * np.abs(mean)
        error = np.append(rounding * (fit.growth @ lever) ** 2 + 2.0 * lever @ mean_error, error)
    exact = fit.tss == 0.0 and equations.mass[-2] == 0.0
    residual = (0.0, 0.0) if exact else (fit.rss_error, fit.rss)
    return _digits(np.append(error, residual[0]), np.append(unscaled, residual[1]))


def _mean_error(equations: NormalEquations) -> Array:
    error: Array = equations.rounding * np.sqrt(equations.mass[:-1] * equations.mass[-1]) / equations.weight
    return error


def _digits(error: Array, size: Array) -> float:
    """-log10 of the worst relative error, within 0 .. MOST_DIGITS; what is exactly right has all digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(error > 0.0, error / size, 0.0).max(initial=0.0)
    if not relative < 1.0:
        return 0.0
    return min(MOST_DIGITS, -math.log10(max(relative, 1e-300)))
