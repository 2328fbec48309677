"""How many digits the rounding of float64 sums leaves of what was solved from them."""

from __future__ import annotations

import math

import numpy as np

from gradline.moments.centred_sums import UNIT_ROUNDOFF
from gradline.moments.normal_equations import NormalEquations, ReducedFit
from gradline.solution import Array

MOST_DIGITS = 15.9  # those of one rounding to float64, -log10(2^-53), rounded down


def condition_number(fit: ReducedFit) -> float:
    """Of the scaled columns, in the 2-norm.

    The largest eigenvalue of the inverse stands for the smallest of A, which would drown in rounding beyond 1e8.
    """
    if len(fit.b) == 0:
        return 1.0
    return math.sqrt(np.linalg.eigvalsh(fit.matrix)[-1] * np.linalg.eigvalsh(fit.inverse)[-1])


def coefficient_digits(equations: NormalEquations, fit: ReducedFit) -> float:
    """Of the worst coefficient, by the bound that `gradline.moments.solve.solve` states."""
    error, size, standard_error = _coefficient_errors(equations, fit)
    return _digits(error, np.maximum(size, 1e-6 * standard_error))


def coefficients_moved(equations: NormalEquations, fit: ReducedFit) -> float:
    """By that bound, in standard errors, the farthest; infinite where there are none."""
    error, _, standard_error = _coefficient_errors(equations, fit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(error > 0.0, error / standard_error, 0.0).max(initial=0.0))


def _coefficient_errors(equations: NormalEquations, fit: ReducedFit) -> tuple[Array, Array, Array]:
    """(k,) how far rounding moves each coefficient at most, its size, its standard error; the intercept last."""
    rounding, p = equations.rounding, len(equations.mean) - 1
    error = rounding * (np.abs(fit.inverse) @ fit.growth) * (fit.size_y + fit.growth @ np.abs(fit.b)) / fit.scale
    freedom = equations.rows - len(fit.b) - equations.fit_intercept
    spread = math.sqrt(fit.rss / freedom) if freedom > 0 else 0.0
    size, standard_error = np.abs(fit.slopes), spread * np.sqrt(np.diag(fit.inverse)) / fit.scale
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
        size, standard_error = np.append(size, abs(fit.intercept)), np.append(standard_error, spread * leverage**0.5)
    return error, size, standard_error


def dispersion_digits(equations: NormalEquations, fit: ReducedFit, unscaled: Array) -> float:
    """Of the residual sum of squares and of the diagonal of the inverse, in data units, the worst."""
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
    error: Array = equations.rounding * np.sqrt(equations.mass[:-1]) * math.sqrt(equations.mass[-1]) / equations.weight
    return error


def _digits(error: Array, size: Array) -> float:
    """-log10 of the worst relative error, within 0 .. MOST_DIGITS; what is exactly right has all digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(error > 0.0, error / size, 0.0).max(initial=0.0)
    if not relative < 1.0 or not np.isfinite(size).all():
        return 0.0
    return min(MOST_DIGITS, -math.log10(max(relative, 1e-300)))
