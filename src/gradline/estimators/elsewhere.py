"""Estimators on rows that lie with the workers of another library: predicted and scored there."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_is_fitted

from gradline.data.elsewhere import opener
from gradline.data.tables import plain_array
from gradline.estimators.rows import refuse_other_columns
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass


class Elsewhere(RegressorMixin):  # type: ignore[misc]  # sklearn has no types
    """Predicts and scores Dask's DataFrames and Arrays where their rows are."""

    def _predicted_elsewhere(self, X: Any) -> Any:
        """Predictions of X as lazy as X itself: a Series or an Array of Dask; None where its rows are here.

        Raises
        ------
        DataError, ValueError
            Where X has other columns than those of the fit; when it is computed, where a row cannot be predicted.
        """
        if (module := opener(X)) is None:
            return None
        check_is_fitted(self)
        bare: Any = copy.copy(self)  # without its rows, and without what a prediction does not need
        for heavy in ("moments_", "_solution"):
            bare.__dict__.pop(heavy, None)
        predicted = module.predicted(X, bare.predict)
        refuse_other_columns(self, X)
        return predicted

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 = 1 - sum w (y - prediction)^2 / sum w (y - mean)^2; for constant y 1 where all are right, else 0.

        Of Dask's collections only sums leave the workers, which are float64: its last digits depend on the partitions.

        Parameters
        ----------
        X, y, sample_weight
            Rows as `predict` takes them, and what was observed; all here, or all with Dask.

        Examples
        --------
        >>> from gradline import LinearRegression
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9]
        >>> round(LinearRegression().fit(X, y).score(X, y), 4)
        0.9983
        """
        predicted = self._predicted_elsewhere(X)
        if predicted is None:
            if isinstance(y, np.ma.MaskedArray):  # which scikit-learn takes for numbers
                y = plain_array(y, "y")
            return float(super().score(X, y, sample_weight))
        rows = predicted.to_frame() if hasattr(predicted, "to_frame") else predicted[:, None]
        module: Any = opener(X)
        sums = one_pass(module.open_rows(rows, y, sample_weight, missing="error", weights="analytic"), Moments)
        if sums.rows < 2:
            warnings.warn(
                "R^2 score is not well-defined with less than two samples.", UndefinedMetricWarning, stacklevel=2
            )
            return math.nan
        (of_predicted, product), (_, of_y) = sums.scatter.tolist()
        apart = sums.mean[1] - sums.mean[0]
        left = max(of_y - 2.0 * product + of_predicted, 0.0) + float(sums.weight) * apart * apart
        return 1.0 - left / of_y if of_y > 0.0 else float(left == 0.0)
