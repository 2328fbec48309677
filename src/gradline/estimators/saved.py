"""An estimator to a file and back, and its line in other languages: torch, SQL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gradline.errors import DataError, MissingExtraError
from gradline.estimators.rows import feature_names
from gradline.model_file import SavedModel, read_model
from gradline.solution import Array

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
        polynomial=int(estimator._fitted_degree),
        moments=estimator.moments_,
        solution=estimator._solution,
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
        polynomial=saved.polynomial,
    )
    estimator.n_features_in_ = len(saved.features)
    if saved.named:
        estimator.feature_names_in_ = np.array(saved.features, dtype=object)
    estimator._design = saved.design
    estimator._keep(saved.moments, saved.solution, saved.fit_intercept)
    estimator.n_dropped_, estimator._told = saved.rows_dropped, (saved.source, saved.target)
    estimator._dropped = dict(saved.dropped)
    return estimator


def torch_layer(coef: Array, intercept: float | None) -> Any:
    """y = x w + b as an `nn.Linear` of float64, in evaluation mode; without a bias where `intercept` is None."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("to_torch()", "torch") from None

    layer = torch.nn.Linear(len(coef), 1, bias=intercept is not None, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(coef, dtype=torch.float64)[None])
        if intercept is not None:
            layer.bias.fill_(intercept)
    return layer.eval()


def sql_expression(names: tuple[str, ...], coef: Array, intercept: float, *, degree: int = 1) -> str:
    """The line, or the polynomial of the one column by Horner's rule, as an expression of standard SQL.

    Numbers are in the notation with an exponent: that of doubles, where plain decimals are fixed-point and may
    overflow or be cut.

    Examples
    --------
    >>> print(sql_expression(("sqft", 'tall "rooms" '), np.array([1.5, -200.0]), 20000.0))
    20000.0E0 + 1.5E0 * "sqft" - 200.0E0 * "tall ""rooms"" "
    >>> print(sql_expression(("x",), np.array([3.0, -1.0]), 5.0, degree=2))
    5.0E0 + (3.0E0 + -1.0E0 * "x") * "x"
    """
    for name in names:
        if "\0" in name:
            raise DataError(f"the column {name!r} holds a zero byte, which no SQL can name", hint="rename the column")
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    if degree > 1:
        expression = _double(coef[-1])
        for number in [*coef[-2::-1], intercept]:
            expression = f"({_double(number)} + {expression} * {quoted[0]})"
        return expression[1:-1]
    expression = _double(intercept)
    for number, column in zip(coef, quoted, strict=True):
        expression += f" {'-' if number < 0 else '+'} {_double(abs(number))} * {column}"
    return expression


def _double(number: float) -> str:
    text = repr(float(number)).upper()
    return text if "E" in text else f"{text}E0"
