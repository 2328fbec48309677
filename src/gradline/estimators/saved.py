"""An estimator to a file and back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gradline.estimators.rows import feature_names
from gradline.model_file import SavedModel, read_model

if TYPE_CHECKING:
    from gradline.estimators.linear_regression import LinearRegression


def as_saved(estimator: LinearRegression) -> SavedModel:
    """What a file keeps of a fitted estimator: what was fitted, whatever `set_params` said later."""
    check_is_fitted(estimator)
    source, target = estimator._told
    return SavedModel(
        features=tuple(map(str, feature_names(estimator))),
        design=estimator._design,
        named=hasattr(estimator, "feature_names_in_"),
        target=str(target),
        source=str(source),
        rows_dropped=int(estimator.n_dropped_),
        dropped=estimator._dropped,
        fit_intercept=bool(estimator._fitted_intercept),
        precision=estimator.precision,
        missing=estimator.missing,
        weights=estimator._fitted_weights,
        weighting=estimator._weighting,
        polynomial=int(estimator._fitted_degree),
        moments=estimator.moments_,
        solution=estimator._solution,
        robust=estimator._kept_covariance,
        skipped=estimator._skipped,
    )


def load(path: str | os.PathLike[str]) -> LinearRegression:
    """The fitted estimator that `LinearRegression.save`, or `gradline fit --save`, wrote to `path`, equal to the bit.

    A file holds names and numbers only; loading one runs no code from it.

    Raises
    ------
    DataError
        Where the file is not there, is no model, damaged (it carries a checksum), or of a newer schema.

    Examples
    --------
    >>> import tempfile
    >>> from gradline import LinearRegression
    >>> path = tempfile.mkdtemp() + "/model.json"
    >>> LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9]).save(path)
    >>> load(path).partial_fit([[5.0]], [11.0]).n_samples_
    5
    """
    from gradline.estimators.linear_regression import LinearRegression

    saved = read_model(path)
    estimator = LinearRegression(
        fit_intercept=saved.fit_intercept,
        precision=saved.precision,
        missing=saved.missing,
        weights=saved.weights,
        polynomial=saved.polynomial,
    )
    estimator.n_features_in_ = len(saved.features)
    if saved.named:
        estimator.feature_names_in_ = np.array(saved.features, dtype=object)
    estimator._design = saved.design
    estimator._keep(saved.moments, saved.solution, saved.fit_intercept)
    estimator.n_dropped_, estimator._told = saved.rows_dropped, (saved.source, saved.target)
    estimator._dropped, estimator._fitted_weights = dict(saved.dropped), saved.weights
    estimator._weights_met = saved.weights
    estimator._weighting, estimator._kept_covariance = saved.weighting, saved.robust
    estimator._skipped = saved.skipped
    return estimator
