"""Inference from the statistics of a fit alone, its errors independent and of one variance."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gradline.moments.distributions import checked_level, f_tail, t_quantile, t_tails
from gradline.moments.inference import Inference
from gradline.moments.solve import Dispersion, Triangle
from gradline.solution import Array, Solution, Status

UNIT_ROUNDOFF = 2.0**-53
NEARLY = 1e-6  # of y's variation at most is what rounding leaves; more, and it is not known to come from rounding


class Moments(Protocol):
    """What inference asks of the statistics, float64 or exact."""

    @property
    def mean(self) -> Array:
        """Means of the columns of X, then of y."""

    @property
    def scatter(self) -> Array:
        """Their cross products about the means."""

    def dispersion(self, fit_intercept: bool = True) -> Dispersion:
        """Sums of squares and the inverse cross-product matrix."""

    def triangle(self, fit_intercept: bool = True) -> Triangle:
        """What whitens the columns."""


def infer(moments: Moments, solution: Solution, *, fit_intercept: bool, confidence: float = 0.95) -> Inference:
    """Classical inference from the statistics of the data and the solution they gave.

    Parameters
    ----------
    moments : Moments or ExactMoments
        With float64 sums, residuals below about 1e-7 of y cannot be told from zero: `exact_fit` then means that.
    solution : Solution
        Of the same moments and intercept.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> from gradline.moments.moments import Moments
    >>> m = Moments.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 1.9, 3.2, 3.8])
    >>> inference = infer(m, m.solve(), fit_intercept=True)
    >>> inference.standard_error.round(4), inference.p_value.round(4)
    (array([0.248 , 0.0906]), array([0.6068, 0.0092]))
    """
    confidence, bias = checked_level(confidence), int(fit_intercept)
    dispersion = moments.dispersion(fit_intercept)
    unscaled, rows, unit = dispersion.unscaled, dispersion.rows, dispersion.unit
    rss, tss = dispersion.rss, dispersion.tss
    b = np.append(solution.intercept, solution.coef) if fit_intercept else solution.coef
    estimated = int((~np.isnan(np.diag(unscaled))).sum())
    slopes, df = estimated - fit_intercept, rows - estimated
    of_y, of_terms = _rounding(moments, dispersion, b)
    exact_fit = df <= 0 or (rss >= 0.0 and math.sqrt(rss) <= max(of_y, min(of_terms, NEARLY * math.sqrt(tss))))
    tests = math.isfinite(rss) and not exact_fit

    residual_sd = (0.0 if exact_fit else unit * math.sqrt(rss / df)) if df > 0 else math.nan
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        variance_factor = np.diag(unscaled)
        # An inverse that left the range of float64 says nothing: neither an infinite error nor none.
        in_range = np.isfinite(variance_factor) & (variance_factor > 0.0)
        standard_error = residual_sd * np.sqrt(np.where(in_range, variance_factor, np.nan))
        covariance = residual_sd * residual_sd * unscaled
        half = standard_error * t_quantile(df, confidence)
    t = np.divide(b, standard_error, out=np.full_like(b, np.nan), where=tests & (standard_error > 0.0))

    f_statistic = f_p_value = log_likelihood = aic = bic = math.nan
    if tests and slopes > 0:
        f_statistic = (dispersion.ess / slopes) / (rss / df)
        f_p_value = f_tail((slopes, df), f_statistic)
    if tests:
        variance = math.log(rss) - math.log(dispersion.weight) + 2.0 * math.log(unit)
        log_likelihood = -0.5 * rows * (math.log(2.0 * math.pi) + variance + 1.0)
        aic, bic = -2.0 * log_likelihood + 2.0 * estimated, -2.0 * log_likelihood + estimated * math.log(rows)
    r2 = adjusted_r2 = math.nan
    if exact_fit and (df <= 0 < tss or math.sqrt(tss) > of_y):
        r2, adjusted_r2 = 1.0, 1.0 if df > 0 else math.nan
    elif tss > 0.0 and not exact_fit:
        r2 = min(dispersion.ess / tss, 1.0)
        adjusted_r2 = 1.0 - (rss / df) / (tss / (rows - fit_intercept))

    triangle = moments.triangle(fit_intercept)
    whitening = triangle.whitening(dispersion.weight, fit_intercept=fit_intercept)
    with np.errstate(over="ignore", invalid="ignore"):
        line = whitening[:, bias:] * math.sqrt(dispersion.weight), triangle.effects

    return Inference(
        rows=rows,
        df_residual=df,
        df=df,
        coefficients=b,
        standard_error=standard_error,
        t=t,
        p_value=t_tails(df, t),
        confidence_interval=np.column_stack([b - half, b + half]),
        confidence=confidence,
        covariance=covariance,
        r2=r2,
        r2_kind="centred" if fit_intercept else "uncentred",
        adjusted_r2=adjusted_r2,
        residual_sd=residual_sd,
        f_statistic=f_statistic,
        f_p_value=f_p_value,
        f_df=(slopes, df),
        log_likelihood=log_likelihood,
        aic=aic,
        bic=bic,
        exact_fit=exact_fit,
        _centre=moments.mean[:-1] if fit_intercept else np.zeros(len(solution.coef)),
        _root=_root(whitening, triangle.columns, bias),
        _unit=residual_sd,
        _line=line if solution.status is Status.SOLVED else None,
        _level=float(triangle.centre[-1]),
    )


def _rounding(moments: Moments, dispersion: Dispersion, b: Array) -> tuple[float, float]:
    """Norm of the residuals, in units of `unit`, that rounding leaves of rows y = x'b of float64 numbers.

    A sum of k products is rounded 2 k times, and y once: in norm over many rows a random walk of so many steps, each a
    unit of rounding of y (the first figure) or of the terms b_j x_j (the second); see Higham (2002), Accuracy and
    Stability of Numerical Algorithms, section 2.8. Where columns nearly depend on each other the terms of this b may be
    far larger than of that which y was made with, if it was: the second figure proves nothing by itself.
    """
    unit, root, bias = dispersion.unit, math.sqrt(dispersion.weight), len(b) + 1 - len(moments.mean)
    mean = float(moments.mean[-1]) / unit if bias else 0.0  # without an intercept the total is about zero already
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        columns = np.hypot(np.sqrt(np.maximum(np.diag(moments.scatter)[:-1], 0.0)), root * moments.mean[:-1])
        terms = np.append(columns * (b[bias:] / unit), root * (b[:bias] / unit))
    # Not numpy's norm, whose squares leave float64 before the norm does.
    y = math.hypot(math.sqrt(dispersion.tss), root * mean)
    step = math.sqrt(2 * len(b) + 1) * UNIT_ROUNDOFF
    return step * y, step * math.hypot(y, *terms[np.isfinite(terms)])


def _root(whitening: Array, columns: NDArray[np.intp], bias: int) -> Array:
    """NaN in the rows of terms that are not estimated."""
    if not whitening.shape[1]:  # nothing is estimated
        return np.full((len(whitening), 1), np.nan)
    root = whitening.copy()
    root[np.setdiff1d(np.arange(bias, len(root)), columns + bias)] = np.nan
    return root
