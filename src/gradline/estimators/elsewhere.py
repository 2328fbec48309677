"""Estimators on rows that are no arrays here: predicted and scored where Dask has them, or as a source reads them."""

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
from gradline.data.source import is_source
from gradline.data.tables import plain_array
from gradline.errors import DataError
from gradline.estimators.rows import as_fitted, refuse_other_columns
from gradline.estimators.scores import squares
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from gradline.solution import Array


class Elsewhere(RegressorMixin):  # type: ignore[misc]  # sklearn has no types
    """Predicts and scores Dask's DataFrames and Arrays where their rows are, and scores sources batch by batch."""

    coef_: Array
    intercept_: float

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
        predicted = module.predicted(X, self._bare().predict)
        refuse_other_columns(self, X)
        return predicted

    def _bare(self) -> Any:
        """The same without its rows, and without what a prediction does not need: to be sent to where rows are."""
        bare: Any = copy.copy(self)
        for heavy in ("moments_", "_solution"):
            bare.__dict__.pop(heavy, None)
        return bare

    def _predictions(self, X: Any) -> Array:
        """Of rows that are laid out as those of the fit were; a sparse X stays sparse."""
        found: Array = X @ self.coef_ + self.intercept_
        return found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R^2 = 1 - sum w (y - prediction)^2 / sum w (y - mean)^2; for constant y 1 where all are right, else 0.

        A source is read batch by batch in constant memory; rows that it leaves out do not count. Of Dask's collections
        only sums leave the workers; those of X and y are float64: the last digits depend on the partitions.

        Parameters
        ----------
        X, y, sample_weight
            Rows as `predict` takes them, and what was observed; all here, or all with Dask. Or a source alone, which
            has its own target and weights.

        Raises
        ------
        DataError
            Where X is no source and y is not given; and as `predict`.

        Examples
        --------
        >>> from gradline import LinearRegression, open_source
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9]
        >>> round(LinearRegression().fit(X, y).score(X, y), 4)
        0.9983
        >>> source = open_source({"x": [1.0, 2.0, 3.0, 4.0], "y": y}, target="y")
        >>> round(LinearRegression().fit(source).score(source), 4)
        0.9983
        """
        if is_source(X):
            check_is_fitted(self)
            if y is not None or sample_weight is not None:
                raise TypeError("a source brings its own target and weights: call score(source) alone")
            return _r2(*squares(as_fitted(self, X), self._bare()._predictions))
        if y is None:
            raise DataError("score requires y to be passed, but the target y is None", hint="or give a source alone")
        predicted = self._predicted_elsewhere(X)
        if predicted is None:
            if isinstance(y, np.ma.MaskedArray):  # which scikit-learn takes for numbers
                y = plain_array(y, "y")
            return float(super().score(X, y, sample_weight))
        rows = predicted.to_frame() if hasattr(predicted, "to_frame") else predicted[:, None]
        module: Any = opener(X)
        sums = one_pass(module.open_rows(rows, y, sample_weight, missing="error", weights="analytic"), Moments)
        (of_predicted, product), (_, of_y) = sums.scatter.tolist()
        apart = sums.mean[1] - sums.mean[0]
        left = max(of_y - 2.0 * product + of_predicted, 0.0) + float(sums.weight) * apart * apart
        return _r2(sums.rows, left, of_y)


def _r2(rows: int, left: float, total: float) -> float:
    if rows < 2:
        warnings.warn("R^2 score is not well-defined with less than two samples.", UndefinedMetricWarning, stacklevel=3)
        return math.nan
    return 1.0 - left / total if total > 0.0 else float(left == 0.0)
