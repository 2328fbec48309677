"""From float64 sums to coefficients, and to what inference and the second pass need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradline.moments.digits_left import coefficient_digits, coefficients_moved, condition_number, dispersion_digits
from gradline.moments.normal_equations import NormalEquations, reduce
from gradline.moments.parallel import one_blas_thread
from gradline.solution import Array, Certificate, Solution, Status


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
    moved : float
        How far rounding may have moved a coefficient, in its standard errors, at most; infinite where there are none.
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
    moved: float = 0.0
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
    centre, rest : (p + 1,) float64
        Means of all columns of X, then of y (zero without an intercept), and what rounding took from them: where
        columns are nearly collinear and far from zero, a last digit of the centre is many standard deviations of u, and
        where y is far from zero, residuals have many digits after the last of its mean.
    effects : (k,) float64
        Mean products of y and u: least squares at a row is the centre of y and effects'u, in which nothing cancels.
    """

    columns: NDArray[np.intp]
    lower: Array
    centre: Array
    rest: Array
    effects: Array

    def whitening(self, weight: float, *, fit_intercept: bool) -> Array:
        """What makes coordinates z = (1, x - centre) M of a row x, with sum w z z' the identity: as QR of X has them.

        M M' is the inverse of the cross products about the centre. What is formed with M errs by rounding times the
        condition number, with that inverse by rounding times its square.

        Returns
        -------
        (p + fit_intercept, k + fit_intercept) float64
            The one of (1, x - centre) only with an intercept. Rows of dependent columns are zero. Infinite where sizes
            leave the range of float64.
        """
        bias, root = int(fit_intercept), math.sqrt(weight)
        M = np.zeros((len(self.centre) - 1 + bias, len(self.columns) + bias))
        size = np.abs(self.lower).max(axis=1, initial=0.0)
        with one_blas_thread(), np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            # Elimination finds nothing to do in a triangle: this is back substitution, right column by column.
            scaled = (self.lower / size[:, None]).T
            inverse = np.linalg.solve(scaled, np.eye(len(size))) if np.diag(scaled).all() else np.inf
            M[self.columns + bias, bias:] = inverse / size[:, None] / root
            if bias:
                M[0] = -(self.rest[:-1] @ M[1:])
                M[0, 0] = 1.0 / root
        return M


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
        Without rows, or where squares left the range of float64.

    Examples
    --------
    >>> mean, scatter = np.array([0.5, 2.0]), np.array([[1.0, 2.0], [2.0, 4.0]])
    >>> mass = np.array([1.0, 4.0, 4.0])
    >>> sums = NormalEquations(4, 4.0, mean, np.zeros(2), scatter, mass, 1e-15, True)
    >>> solve(sums).coef, solve(sums).intercept
    (array([2.]), 1.0)
    """
    with one_blas_thread():
        fit = reduce(equations)
        condition = math.inf if fit.dependencies else condition_number(fit)
    coef = np.zeros(len(equations.mean) - 1)
    coef[fit.kept] = fit.slopes
    certificate = Certificate(
        digits=0.0 if fit.unproven else coefficient_digits(equations, fit),
        certain=False,
        rank=len(fit.kept),
        condition_number=condition,
        dependencies=fit.dependencies,
    )
    return Solution(coef=coef, intercept=fit.intercept, status=Status.SOLVED, certificate=certificate)


def disperse(equations: NormalEquations) -> Dispersion:
    """Sums of squares and the inverse cross-product matrix of the same fit, in data units.

    With an intercept the inverse is bordered: 1/W + m'Vm, -Vm, V, where V inverts the centred sums and m is the mean.
    The residual sum of squares TSS - b'(g + r), r = g - A b, has no more than its rounding error when it is below
    4 rounding (sqrt(mass_y) + sum growth |b|)^2: it is given as 0.0 there, with `digits` 0.

    Raises
    ------
    DataError
        Without rows, or where squares left the range of float64.
    """
    with one_blas_thread():
        fit = reduce(equations)
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
        digits=0.0 if fit.unproven else dispersion_digits(equations, fit, np.diag(inverse)),
        moved=math.inf if fit.unproven else coefficients_moved(equations, fit),
    )


def factor(equations: NormalEquations) -> Triangle:
    """The Cholesky factor of the scaled columns, in data units.

    Forming the cross-product matrix has squared the condition number: beyond 1e8 the last rows are noise.

    Raises
    ------
    DataError
        Without rows, or where squares left the range of float64.
    """
    with one_blas_thread():
        fit = reduce(equations)
        scaled = np.asarray(np.linalg.cholesky(fit.matrix), dtype=np.float64)
    root = math.sqrt(equations.weight)
    lower = fit.scale[:, None] * scaled / root
    effects = substituted(scaled, equations.scatter[fit.kept, -1] / fit.scale) / root
    nothing = np.zeros_like(equations.mean)
    centre, rest = (equations.mean, equations.rest) if equations.fit_intercept else (nothing, nothing)
    return Triangle(fit.kept, lower, centre, rest, effects)


def substituted(lower: Array, B: Array) -> Array:
    """lower^-1 B, column by column, so that small elements come out as right as large ones."""
    X = B.copy()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for k in range(len(lower)):
            X[k] /= lower[k, k]
            X[k + 1 :] -= np.multiply.outer(lower[k + 1 :, k], X[k])
    return X
