"""What both estimators do with the rows they are given: open them, hold them to names and numbers, predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from gradline.data.arrays import ArraySource
from gradline.data.columns.design import Design, design_of
from gradline.data.columns.terms import Column, Terms
from gradline.data.elsewhere import opener
from gradline.data.float_arrays import as_features
from gradline.data.readers.columnar import TableReader
from gradline.data.source import Source, is_source, whole
from gradline.data.sparse import check_dense_size, dense
from gradline.data.table_source import TableSource
from gradline.data.tables import as_table, columns_of, default_names, held
from gradline.data.tally import OF_AN_ESTIMATOR, Missing
from gradline.data.to_predict import FeatureTable
from gradline.errors import DataError
from gradline.solution import Array


def as_source(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    missing: Missing = "error",
    reset: bool = True,
    look: bool = True,
    weights: str = "analytic",
) -> Source:
    """X, y as a source; `estimator` learns the names and the number of features, or (reset=False) is held to them.

    What a source brings is known only after a pass, where it finds the levels of categories: see `learn_columns`.
    """
    if isinstance(X, str | Path) or type(X) is dict:  # a sparse matrix may be a dict too, and says so itself
        raise DataError(
            f"X is a {type(X).__name__}, expected rows of numbers", hint="fit(open_source(X, target=...)) reads tables"
        )
    if is_source(X):
        if y is not None or sample_weight is not None:
            raise TypeError("a source brings its own target and weights: call fit(source) alone")
        if weights == "frequency" and not getattr(X, "frequencies", False) and _has_weight(X):
            raise DataError(
                f"the weights of {X.name} are analytic, but weights='frequency' was asked for",
                hint="open_source(..., weights='frequency') reads them as frequencies",
            )
        return X
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    X = held(X)
    if (elsewhere := opener(X)) is not None:
        there: Source = elsewhere.open_rows(X, y, sample_weight, missing=missing, weights=weights)
        validate_data(estimator, _like(X), reset=reset, skip_check_array=True)
        if reset:
            estimator._design = None
        return there
    shape: tuple[int, ...] = np.shape(y) if isinstance(y, list | tuple) else getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] == 1:
        column_or_1d(np.empty((len(y), 1)), warn=True)  # of y itself it would round integers, and forget a mask
    source = ArraySource(
        X,
        y,
        sample_weight,
        missing=missing,
        look=look,
        frequencies=weights == "frequency",
        leaves_out=OF_AN_ESTIMATOR if hasattr(estimator, "missing") else None,
    )
    validate_data(estimator, _like(X), reset=reset, skip_check_array=True)
    if reset:
        estimator._design = None
    return source


def learn_columns(estimator: Any, source: Source) -> None:
    """What a source calls its columns of X, and how it made them, once a pass is complete."""
    set_columns(estimator, source.feature_names, design_of(source))


def set_columns(estimator: Any, names: Sequence[str], design: Design | None) -> None:
    """The columns of X that an estimator was fitted to, and the design that made them of others, if one did."""
    estimator.n_features_in_ = len(names)
    estimator.feature_names_in_ = np.array(names, dtype=object)
    estimator._design = design


def feature_names(estimator: Any) -> tuple[str, ...]:
    """Of a fitted estimator: as the data named them, or x0, x1, ..."""
    return tuple(getattr(estimator, "feature_names_in_", default_names(estimator.n_features_in_)))


def rows_like_those_fitted(estimator: Any, X: Any) -> Array:
    """X as the fitted estimator expects it: the same columns, all finite, as one array."""
    check_is_fitted(estimator)
    if is_source(X):
        return whole(as_fitted(estimator, X)).X
    if opener(X) is not None:
        raise DataError(
            f"this needs the rows of X here, and X is a {type(X).__name__} whose rows lie elsewhere",
            hint="X.compute() brings them; predict and score leave them where they are",
        )
    X = held(X)
    table = _table_to_lay_out(estimator, X)
    if table is not None:
        return np.concatenate(list(table.blocks()))
    return dense_rows(_checked(estimator, X))


def dense_rows(rows: Any) -> Array:
    """X as one array, where a sparse one is not too large for that."""
    check_dense_size(rows, "X", hint="take some rows at a time")
    return dense(rows)


def predict(estimator: Any, X: Any) -> Array:
    """What the estimator's `_predictions` says of each row; a source is read by blocks, and a sparse X stays sparse."""
    check_is_fitted(estimator)
    of: Callable[[Any], Array] = estimator._predictions
    if is_source(X):
        return np.concatenate([of(batch.X) for batch in as_fitted(estimator, X).batches()])
    X = held(X)
    table = _table_to_lay_out(estimator, X)
    if table is not None:
        return np.concatenate([of(rows) for rows in table.blocks()])
    return of(_checked(estimator, X))


def as_fitted(estimator: Any, source: Source) -> Source:
    """A source whose X has the columns fitted, whatever levels its own rows have; DataError where it cannot."""
    design: Design | None = getattr(estimator, "_design", None)
    if design is not None and isinstance(source, TableSource) and type(source.design) is type(design):
        return source.laid_out_as(design)
    refuse_other_features(estimator, source)
    return source


def _has_weight(source: Source) -> bool:
    roles = getattr(source, "roles", None)
    return (getattr(source, "weight", None) if roles is None else roles.weight) is not None


def refuse_other_features(estimator: Any, source: Source) -> None:
    """DataError where a source has other columns than those fitted."""
    if source.feature_names != feature_names(estimator):
        raise DataError(f"{source.name} has features {source.feature_names}, expected {feature_names(estimator)}")


def refuse_other_columns(estimator: Any, X: Any) -> None:
    """An error where a table or rows that are not here have other columns than those fitted."""
    like = _like(X)
    if _table_to_lay_out(estimator, like) is None:
        validate_data(estimator, like, reset=False, skip_check_array=True)


def _like(X: Any) -> Any:
    """What scikit-learn can tell the columns of X by: of a table, wherever its rows are, one without; else X itself."""
    return X._meta if hasattr(X, "columns") and hasattr(X, "_meta") else columns_of(X)


def _table_to_lay_out(estimator: Any, X: Any) -> FeatureTable | None:
    """X as a table whose columns are those that the design of the fit starts from; None where it is X already."""
    design: Design | None = getattr(estimator, "_design", None)
    if design is None and type(X) is dict:  # columns by name, in whatever order
        return FeatureTable.of(TableReader.of(X), Terms(tuple(map(Column, feature_names(estimator)))))
    if design is None:
        return None
    table = as_table(X)
    if table is None:
        return None
    names = set(table.names)
    if not names >= set(design.raw) and names >= set(design.names):
        return None
    return FeatureTable.of(TableReader.of(X), design)


def _checked(estimator: Any, X: Any) -> Any:
    """X as float64, an array or CSR."""
    rows, _ = as_features(X)
    validate_data(estimator, _like(X), reset=False, skip_check_array=True)
    return rows
