"""From float64 sums to coefficients: scaled Cholesky, the digits that rounding leaves, and what inference needs."""

from __future__ import annotations

from dataclasses import dataclass

from gradline.solution import Array


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
        Correct significant digits of `rss` and of the diagonal of `unscaled`, the worst.
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
