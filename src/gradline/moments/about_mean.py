"""R2 and F about the mean of y without an intercept, where columns add up to one: all levels of a category do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradline.moments.distributions import f_tail
from gradline.moments.inference import Inference
from gradline.moments.precision import Statistics

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class AboutMean:
    """What the fit explains of y beyond its mean.

    Attributes
    ----------
    r2, adjusted_r2 : float
        1 - RSS / TSS and 1 - (RSS / df) / (TSS / (rows - 1)), TSS about the mean.
    f_statistic, f_p_value : float
        Of the hypothesis that the columns explain no more than their constant.
    f_df : (int, int)
    """

    r2: float
    adjusted_r2: float
    f_statistic: float
    f_p_value: float
    f_df: tuple[int, int]


def about_the_mean(moments: Statistics, inference: Inference) -> AboutMean | None:
    """The figures of the same fit with an intercept in place of one of its columns; None where it is another fit.

    A constant lies among the columns where least squares fits it without a residual: with c = W (X'WX)^-1 m, m the
    means of the columns and S their sums of squares about them, (1 - c'm)^2 + c'S c / W is zero to the rounding of its
    terms. A column whose mean is some 1e7 times its standard deviation passes for a constant.

    R's `summary.lm` has R2 and F about zero, whatever the columns are; statsmodels has these.

    Parameters
    ----------
    moments : Moments or ExactMoments
    inference : Inference
        The classical one.

    Examples
    --------
    >>> from gradline.moments.classical import infer
    >>> from gradline.moments.moments import Moments
    >>> m = Moments.of([[1, 0], [1, 0], [0, 1], [0, 1]], [10.0, 12.0, 11.0, 14.0])
    >>> inference = infer(m, m.solve(False), fit_intercept=False)
    >>> about = about_the_mean(m, inference)
    >>> round(inference.r2, 3), round(about.r2, 3), about.f_df
    (0.988, 0.257, (1, 2))
    """
    k, df = inference.f_df[0], inference.df_residual
    if inference.r2_kind == "centred" or inference.exact_fit or k < 2:
        return None
    scatter, weight, root = moments.scatter, moments.weight, inference._root
    known = np.flatnonzero(~np.isnan(root[:, 0]))
    mean, within = moments.mean[known], np.ix_(known, known)
    with np.errstate(over="ignore", invalid="ignore"):
        c = weight * (root[known] @ (root[known].T @ mean))
        left = (1.0 - c @ mean) ** 2 + c @ scatter[within] @ c / weight
        size = np.abs(c) @ np.hypot(mean, np.sqrt(np.diag(scatter)[known] / weight))
        total = float(np.sqrt(scatter[-1, -1]))
    if not left <= 8 * k * EPSILON * size**2 or not 0.0 < total < math.inf:
        return None
    unexplained = (inference.residual_sd / total) ** 2
    r2 = max(1.0 - unexplained * df, 0.0)
    f = r2 / (k - 1) / unexplained
    return AboutMean(r2, 1.0 - unexplained * (inference.rows - 1), f, f_tail((k - 1, df), f), (k - 1, df))
