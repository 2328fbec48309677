"""The oracle of most figures: statsmodels' fit of the same rows."""

import numpy as np
import statsmodels.api as sm


def fitted(X, y, w=None, *, intercept=True):
    design = sm.add_constant(X, has_constant="add") if intercept else X
    return (sm.OLS(y, design) if w is None else sm.WLS(y, design, w)).fit()


def semidefinite(results):
    """The same results, judged by their covariance with its negative eigenvalues at zero, as statsmodels leaves it not.

    On orthonormal columns (X = QR), where no unit matters: Cameron, Gelbach and Miller (2011), section 2.3.
    """
    R = np.linalg.qr(results.model.wexog, mode="r")
    values, vectors = np.linalg.eigh(R @ results.cov_params() @ R.T)
    half = np.linalg.solve(R, vectors * np.sqrt(np.maximum(values, 0.0)))
    results.cov_params_default = half @ half.T
    return results
