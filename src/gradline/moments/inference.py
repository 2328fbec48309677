"""What a fit says about the coefficients it estimated: standard errors, tests, intervals, and how good the fit is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradline.data.cells import short
from gradline.errors import DataError
from gradline.moments.distributions import checked_level, f_tail, t_quantile
from gradline.solution import Array

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Wald:
    """Result of a test of linear combinations.

    Attributes
    ----------
    statistic : float
        F; NaN where the fit is exact or no degrees of freedom are left.
    df : (int, int)
        Combinations tested, residual degrees of freedom.
    p_value : float
        Probability of an F at least as large if the combinations held.
    """

    statistic: float
    df: tuple[int, int]
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """Inference for least squares; of `infer` it is the classical one: independent errors of variance sigma^2 / w.

    Arrays run over the k coefficients, the intercept first where there is one. A column that depends on others has no
    estimate of its own, hence NaN everywhere.

    **Weights** are analytic, as in R's `lm` and statsmodels' `WLS`: a row of weight w counts as one observation whose
    error has the variance sigma^2 / w. A common factor in all weights changes nothing but `residual_sd`.

    **An exact fit** (`exact_fit`: there are as many coefficients as rows; or the residuals are, in norm, no larger than
    what rounding leaves of y, sqrt(2 k + 1) 1.1e-16 of it, or of the terms b_j x_j it is the sum of, as long as that is
    at most 1e-6 of the variation of y) has standard errors 0 and no tests: t, p, F, AIC, BIC and the likelihood are
    NaN, never infinite. Without residual degrees of freedom standard errors are NaN too: nothing is known of them.

    Attributes
    ----------
    rows : int
    df_residual : int
        rows - number of estimated coefficients.
    df : int
        Of t, of intervals and of F: `df_residual`, or with clusters one less than there are.
    coefficients, standard_error : (k,) float64
    t, p_value : (k,) float64
        Of the hypothesis that the coefficient is zero; two-sided, from Student's t.
    confidence_interval : (k, 2) float64
        Lower and upper limit, at `confidence`.
    confidence : float
    covariance : (k, k) float64
        Of the coefficients; inf or 0 where squares of standard errors leave the range of float64.
    r2 : float
        Explained part of the sum of squares of y: about its mean (`r2_kind` "centred", with an intercept) or about zero
        ("uncentred", without; not comparable with the former). NaN where y does not vary.
    adjusted_r2 : float
        The same from mean squares: 1 - (RSS / df_residual) / (TSS / (rows - 1)), or / rows without an intercept.
    residual_sd : float
        sqrt(RSS / df_residual), the estimate of sigma.
    f_statistic, f_p_value : float
        Of the hypothesis that all slopes are zero. NaN without slopes.
    f_df : (int, int)
    log_likelihood : float
        Of normal errors, at the maximum: -n/2 (log(2 pi RSS / n) + 1), with weights scaled to mean 1. Weights add
        1/2 sum log w to it, which the statistics do not hold: compare weighted fits on the same rows and weights only.
    aic, bic : float
        -2 log_likelihood + 2 m and + m log n, m the number of estimated coefficients; sigma is not counted, as in
        statsmodels (R counts it: 2 and log n more).
    exact_fit : bool
    """

    rows: int
    df_residual: int
    df: int
    coefficients: Array
    standard_error: Array
    t: Array
    p_value: Array
    confidence_interval: Array
    confidence: float
    covariance: Array
    r2: float
    r2_kind: Literal["centred", "uncentred"]
    adjusted_r2: float
    residual_sd: float
    f_statistic: float
    f_p_value: float
    f_df: tuple[int, int]
    log_likelihood: float
    aic: float
    bic: float
    exact_fit: bool
    _centre: Array = field(repr=False)  # means of the columns of X; zeros without an intercept
    # (k, r): times its transpose, the covariance of the value at the centre and of the slopes, in units of _unit^2.
    _root: Array = field(repr=False)
    _unit: float = field(repr=False)
    # Of least squares, (p + bias, k), (k,): a row about the centre times both is its fitted value less _level.
    _line: tuple[Array, Array] | None = field(repr=False)
    _level: float = field(repr=False)
    # (k, m): the same of what negative eigenvalues took before they were set to zero: no test may rest on the zeros.
    _lost: Array | None = field(default=None, repr=False)

    def predict_interval(
        self,
        X: ArrayLike,
        *,
        confidence: float | None = None,
        kind: Literal["prediction", "confidence"] = "prediction",
    ) -> Array:
        """Limits for y (kind "prediction") or for its expectation ("confidence") at new rows x.

        x'b +- t sqrt(x'Cx [+ sigma^2]), C the covariance of the coefficients; a new y is given the weight 1.
        Classically x'Cx = sigma^2 (1/W + (x - mean)'V(x - mean)), V the inverse of the sums about the mean: the squared
        length of (x - mean) times a root of V. Of least squares x'b is formed with it too. Both err by rounding times
        the condition number, as coefficients times x do not, which cancel where columns say nearly the same.

        Parameters
        ----------
        X : (rows, features)
            Dependent columns play no part; the limits hold for rows that keep to the dependency.
        confidence : float, optional
            Default: that of the inference.

        Returns
        -------
        (rows, 2) float64
            Lower and upper limit. NaN without residual degrees of freedom, and for rows in which a coefficient without
            a standard error plays a part.

        Examples
        --------
        >>> from gradline.moments.classical import infer
        >>> from gradline.moments.moments import Moments
        >>> m = Moments.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 1.9, 3.2, 3.8])
        >>> infer(m, m.solve(), fit_intercept=True).predict_interval([[2.5]]).round(2)
        array([[1.53, 3.47]])
        """
        if kind not in ("prediction", "confidence"):
            raise ValueError(f"kind is {kind!r}, expected 'prediction' or 'confidence'")
        rows = np.asarray(X, dtype=np.float64)
        features = len(self._centre)
        if rows.ndim != 2 or rows.shape[1] != features:
            raise DataError(f"X has shape {rows.shape}, expected (rows, {features})")
        level = self.confidence if confidence is None else checked_level(confidence)

        bias = len(self.coefficients) - features
        with np.errstate(over="ignore", invalid="ignore"):
            away = np.column_stack([np.ones((len(rows), bias)), rows - self._centre])
        expected = self._expected(rows, away)
        away = away[:, self._estimated]
        with np.errstate(over="ignore", invalid="ignore"):
            error = self._unit * np.linalg.norm(away @ self._root[self._estimated], axis=1)
        unjudged = np.isnan(self.standard_error[bias:]) & self._estimated[bias:]
        error[rows[:, unjudged].any(axis=1)] = np.nan
        half = np.hypot(error, self.residual_sd if kind == "prediction" else 0.0) * t_quantile(self.df, level)
        return np.column_stack([expected - half, expected + half])

    def wald(self, R: ArrayLike, q: ArrayLike | None = None) -> Wald:
        """Test that R b = q: F = (Rb - q)'(R C R')^-1 (Rb - q) / r, C the covariance, on r and `df`.

        Parameters
        ----------
        R : (r, k) or (k,)
            One combination of the coefficients a row.
        q : (r,), optional
            Default: zeros.

        Raises
        ------
        DataError
            Where shapes do not fit, a combination uses a coefficient without an estimate or without a standard error,
            one follows from others, or the covariance cannot test them all together: of fewer clusters than
            combinations, say, or of two groupings with a negative variance among them.

        Examples
        --------
        >>> from gradline.moments.classical import infer
        >>> from gradline.moments.moments import Moments
        >>> m = Moments.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 1.9, 3.2, 3.8])
        >>> test = infer(m, m.solve(), fit_intercept=True).wald([0.0, 1.0], 1.0)
        >>> round(test.statistic, 4), test.df, round(test.p_value, 4)
        (0.439, (1, 2), 0.5757)
        """
        k, bias = len(self.coefficients), len(self.coefficients) - len(self._centre)
        try:
            combinations = np.atleast_2d(np.asarray(R, dtype=np.float64))
        except (TypeError, ValueError):
            raise DataError(
                f"R is {R!r}, expected rows of {k} numbers", hint="[0, 1, -1] tests whether two coefficients are equal"
            ) from None
        try:
            values = np.zeros(len(combinations)) if q is None else np.atleast_1d(np.asarray(q, dtype=np.float64))
        except (TypeError, ValueError):
            raise DataError(f"q is {short(q)}, expected a number for each row of R") from None
        if not (np.isfinite(combinations).all() and np.isfinite(values).all()):
            raise DataError("R and q hold NaN or infinite numbers, expected finite ones")
        if not len(combinations) or combinations.shape[1:] != (k,) or values.shape != (len(combinations),):
            raise DataError(f"R has shape {combinations.shape} and q {values.shape}, expected (r, {k}) and (r,), r > 0")
        known = self._estimated
        if combinations[:, ~known].any():
            raise DataError(
                f"R uses coefficient {np.flatnonzero(combinations.any(0) & ~known)[0]}, which has no estimate"
            )

        unjudged = known & np.isnan(self.standard_error)
        if combinations[:, unjudged].any() and not self.exact_fit:
            raise DataError(
                f"R uses coefficient {np.flatnonzero(combinations.any(0) & unjudged)[0]}, which has no standard error",
                hint="one row decides it, or squares leave the range of float64",
            )

        away = combinations.copy()
        if bias:
            away[:, 1:] -= np.outer(combinations[:, 0], self._centre)
        away = away[:, known]
        reach, df = away @ self._root[known], (len(away), self.df)
        # Of an error of zero, which combinations have where the covariance is of low rank, rounding leaves some k
        # epsilon; one that is not a hundred times that is not known to two digits.
        rounding = 100.0 * k * EPSILON * np.linalg.norm(np.abs(away) @ np.abs(self._root[known]), axis=1)
        scale = np.linalg.norm(reach, axis=1)
        tested = len(away) <= reach.shape[1] and bool((scale > rounding).all())
        if tested:
            reach = reach / scale[:, None]
            directions, lengths, _ = np.linalg.svd(reach, full_matrices=False)
            tested = bool(lengths[-1] > (rounding / scale).sum())
            if tested and self._lost is not None and len(away) > 1:
                lost = away @ self._lost[known] / scale[:, None]
                tested = bool(np.linalg.eigvalsh(reach @ reach.T - lost @ lost.T)[0] > (rounding / scale).sum())
        if not tested:
            if np.linalg.matrix_rank(combinations) < len(combinations):
                raise DataError("a row of R is zero or follows from the others", hint="test independent combinations")
            if not self.exact_fit:
                several = f"{len(combinations)} combinations together" if len(combinations) > 1 else "this combination"
                raise DataError(
                    f"the covariance has too low a rank to test {several}",
                    hint="test fewer at once, or others; of clusters, no more than one less than there are",
                )
        if self.exact_fit:
            return Wald(math.nan, df, math.nan)
        gap = (combinations[:, known] @ self.coefficients[known] - values) / self._unit / scale
        statistic = float((((directions.T @ gap) / lengths) ** 2).sum()) / df[0]
        return Wald(statistic, df, f_tail(df, statistic))

    def _expected(self, rows: Array, away: Array) -> Array:
        """The fitted value at rows, which are `away` from the centre."""
        if self._line is not None:
            whitening, effects = self._line
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                expected: Array = self._level + away @ whitening @ effects
            if np.isfinite(expected).all():  # else sizes leave the range of float64
                return expected
        bias = len(self.coefficients) - len(self._centre)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = rows @ self.coefficients[bias:]
        return expected + self.coefficients[0] if bias else expected

    @property
    def _estimated(self) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = ~np.isnan(self._root[:, 0])
        return known
