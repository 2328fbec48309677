"""Inference from errors that are not the classical ones: of another loss, or of rows that scatter unevenly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gradline.errors import DataError
from gradline.moments.distributions import checked_level, t_quantile, t_tails
from gradline.moments.inference import Inference
from gradline.solution import Array

NOTHING = 1e-10  # of the classical error: what rounding leaves of an error of zero


def with_covariance(
    inference: Inference, covariance: Array, root: Array, df: int, lost: Array | None = None
) -> Inference:
    """The same fit, judged by another covariance of its coefficients.

    t = b / error and the intervals are from Student's t on `df`; F is Wald's test of all slopes, b'C^-1 b / slopes, on
    slopes and `df`, and NaN where C (of few clusters) has too low a rank for it, or had negative eigenvalues there.
    What the rows alone decide (R2, residual sd, likelihood) stays.

    An error of zero is none (NaN), but in an exact fit: a coefficient that one row decides has no residual to be judged
    by, and squares that leave the range of float64 say nothing.

    Parameters
    ----------
    inference : Inference
    covariance : (k, k) float64
        Of the coefficients, the intercept first; NaN for those without an estimate.
    root : (k, r) float64
        Times its transpose, the same with the value at the means of the columns in place of the intercept.
    df : int
    lost : (k, m) float64, optional
        The same of what negative eigenvalues took, before they were set to zero.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(np.diag(covariance))
        if not inference.exact_fit:
            error[~(np.isfinite(error) & (error > NOTHING * inference.standard_error))] = np.nan
    b = inference.coefficients
    changed = replace(
        about(replace(inference, df=df, standard_error=error), b),
        covariance=covariance,
        f_statistic=math.nan,
        f_p_value=math.nan,
        f_df=(inference.f_df[0], df),
        _root=root,
        _unit=1.0,
        _lost=lost,
    )
    estimated = ~np.isnan(np.diag(covariance))
    if math.isnan(inference.f_statistic) or np.isnan(error[estimated]).any():
        return changed
    bias = len(b) - len(inference._centre)
    slopes = np.flatnonzero(estimated)
    slopes = slopes[slopes >= bias]
    try:
        joint = changed.wald(np.eye(len(b))[slopes])
    except DataError:
        return changed
    return replace(changed, f_statistic=joint.statistic, f_p_value=joint.p_value)


def about(inference: Inference, coefficients: Array) -> Inference:
    """The same standard errors about these coefficients, the intercept first: t = b / error, and b -+ quantile * error.

    What belongs to the fit as a whole (R2, F, the likelihood) stays. In an exact fit there are no tests.

    Examples
    --------
    >>> from gradline.moments.classical import infer
    >>> from gradline.moments.moments import Moments
    >>> m = Moments.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 1.9, 3.2, 3.8])
    >>> moved = about(infer(m, m.solve(), fit_intercept=True), np.array([0.0, 1.0]))
    >>> moved.t.round(4), moved.confidence_interval.mean(axis=1).round(4)
    (array([ 0.    , 11.0432]), array([0., 1.]))
    """
    error = inference.standard_error
    known = np.isfinite(error) & (error > 0.0) & (not inference.exact_fit)
    t = np.divide(coefficients, error, out=np.full_like(coefficients, np.nan), where=known)
    with np.errstate(over="ignore", invalid="ignore"):
        half = error * t_quantile(inference.df, inference.confidence)
    return replace(
        inference,
        coefficients=coefficients,
        t=t,
        p_value=t_tails(inference.df, t),
        confidence_interval=np.column_stack([coefficients - half, coefficients + half]),
    )


def of_another_loss(
    inference: Inference,
    coefficients: Array,
    standard_error: Array,
    *,
    confidence: float = 0.95,
    exact_fit: bool = False,
) -> Inference:
    """Tests and intervals of estimates that are not least squares, from standard errors of their own.

    t = b / error on the degrees of freedom of the least squares `inference`. What belongs to sums of squares alone
    (R2, F, the likelihood, the residual standard deviation, covariances) is NaN. Arrays run intercept first. In an
    exact fit standard errors are zero, and there are no tests.
    """
    none = np.full_like(inference.covariance, np.nan)
    nan = math.nan
    judged = replace(
        inference,
        df=inference.df_residual,
        standard_error=standard_error,
        confidence=checked_level(confidence),
        exact_fit=exact_fit,
    )
    return replace(
        about(judged, coefficients),
        covariance=none,
        r2=nan,
        adjusted_r2=nan,
        residual_sd=nan,
        f_statistic=nan,
        f_p_value=nan,
        log_likelihood=nan,
        aic=nan,
        bic=nan,
        _root=none,
    )
