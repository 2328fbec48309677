"""X, y and weights, however they are given, as float64 arrays; a sparse X stays sparse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradline.data.cells import NotANumber, from_numpy
from gradline.data.sparse import as_csr, is_sparse
from gradline.data.tables import as_table, column_by_column, default_names, plain_array
from gradline.data.tally import unusable
from gradline.data.weighting import check_total
from gradline.errors import DataError
from gradline.solution import Array


def as_features(X: Any, *, finite: bool = True, name: str = "X") -> tuple[Any, tuple[str, ...] | None]:
    """Read a table of features as a float64 array, with its column names where all of them are strings.

    A matrix or array of scipy.sparse becomes a CSR matrix of float64 instead.

    Parameters
    ----------
    X : (rows, features) array, nested lists, DataFrame, Arrow table, dict of columns, sparse matrix
        A float64 array is not copied, nor is a CSR matrix of float64 that holds each cell once.
    finite : bool
        Whether to refuse NaN, missing and infinite cells.
    name : str
        What to call it in messages.

    Raises
    ------
    DataError
        Where X is not a table of at least one row and one column, two columns share a name, or a cell is no real
        number, an integer that float64 would round, or not finite.

    Examples
    --------
    >>> as_features({"sqft": [50, 80]})
    (array([[50.],
           [80.]]), ('sqft',))
    """
    table = as_table(X)
    try:
        array = _grid(X, name) if table is None else table.matrix()
    except NotANumber as cell:
        if isinstance(cell.cell, dict | list | tuple | set):
            raise NotACellError(
                f"each cell of {name} must be a number: the argument must be a string or a real number, "
                f"but column {cell.column!r} holds {cell.what} in row {cell.row}"
            ) from None
        labels = "expected numbers; fit(open_source(table, target=...)) reads text as a category"
        raise DataError(
            f"column {cell.column!r} of {name} holds {cell.what} in row {cell.row}",
            hint=labels if cell.hint is None and table is not None and isinstance(cell.cell, str) else cell.hint,
        ) from None
    names = tuple(table.names) if table is not None and table.named else None
    refuse_twice(name, names or ())
    rows, columns = array.shape
    if rows == 0:
        raise DataError(f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required.")
    if columns == 0:
        raise DataError(f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    if finite:
        tally, good = unusable(names or default_names(columns), array)
        if good is not None:
            raise tally.error(name, None)
    return array, names


def refuse_twice(table: str, names: Sequence[str]) -> None:
    """Refuse columns that share a name."""
    (twice, times), *_ = Counter(names).most_common(1) or [("", 0)]
    if times > 1:
        raise DataError(f"{table} has {times} columns named {twice!r}", hint="give each column a name of its own")


def as_target(y: Any, *, finite: bool = True, name: str = "y") -> Array:
    """Read a target as a float64 array of shape (rows,); one column of shape (rows, 1) is accepted.

    Raises
    ------
    DataError
        Where y is absent, has several columns, or holds something other than real (and, if asked, finite) numbers.

    Examples
    --------
    >>> as_target([[2], [6]])
    array([2., 6.])
    """
    if y is None:
        raise DataError(f"this fit requires {name} to be passed, but the target {name} is None")
    if is_sparse(y):
        raise DataError(f"{name} is a sparse matrix, expected an array", hint=f"{name}.toarray().ravel()")
    table = as_table(y)
    try:
        if table is not None:
            y = table.matrix()
        array = plain_array(y, name)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise DataError(
                f"{name} should be a 1d array, got an array of shape {array.shape} instead: one target at a time",
                hint="fit one model for each column",
            )
        array = from_numpy(array, name)
    except NotANumber as cell:
        raise DataError(f"{name} holds {cell.what} in row {cell.row}", hint=cell.hint) from None
    if finite:
        tally, good = unusable([name], array[:, None])
        if good is not None:
            raise tally.error(name, None)
    return array


def as_weight(weight: Any, rows: int, *, finite: bool = True, name: str = "sample_weight") -> Array | None:
    """Read one weight for each row (a number: the same for all rows) as float64; None stays None.

    Raises
    ------
    DataError
        Where there is not one weight a row, a weight is negative or not finite, or all are zero.
    """
    if weight is None:
        return None
    same = isinstance(weight, int | float | np.number)
    array = as_target(np.full(rows, weight) if same else weight, finite=finite, name=name)
    if array.shape != (rows,):
        raise DataError(f"{name} has shape {array.shape}, expected ({rows},): one weight a row")
    if (array < 0).any():
        row = int((array < 0).argmax())
        raise DataError(f"{name} is negative: {array[row]} in row {row + 1}")
    if np.isfinite(array).all():
        with np.errstate(over="ignore"):
            check_total(float(array.sum()), name)
    if not array.any():
        raise DataError(f"{name} is zero in every row: at least one weight must be more than zero")
    return array


def array_of_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """An array of real numbers in the dtype it has: floats, booleans, or integers that float64 holds exactly.

    Masked cells, None and pandas.NA are NaN.

    Raises
    ------
    DataError
        For anything else: objects that are no numbers, rows of several lengths, an integer that float64 would round.
    """
    array = plain_array(values, name)
    kind = array.dtype.kind
    if kind in "fb" or (kind in "iu" and array.dtype.itemsize < 8):
        return array
    try:
        numbers = from_numpy(array.reshape(-1), name)
    except NotANumber as cell:
        row, column = divmod(cell.row - 1, array.shape[1] if array.ndim == 2 else 1)
        where = f"column 'x{column}' of {name}" if array.ndim == 2 else name
        raise DataError(f"{where} holds {cell.what} in row {row + 1}", hint=cell.hint) from None
    return array if kind in "iu" else numbers.reshape(array.shape)


def check_whole(weight: Array, name: str, first: int = 1) -> None:
    """Refuse frequencies that are not whole numbers; `first` is the number of the first row."""
    broken = np.isfinite(weight) & (weight != np.floor(weight))
    if broken.any():
        row = int(broken.argmax())
        raise DataError(
            f"{name} is {weight[row]:g} in row {first + row}, expected a whole number of rows",
            hint="weights that say how precise a row is are analytic",
        )


class NotACellError(DataError, TypeError):
    """A collection in place of a number: the one kind of bad cell that scikit-learn expects as a TypeError."""


def _grid(X: Any, name: str) -> Any:
    """A two-dimensional array of numbers, from an array or nested lists; CSR from a sparse matrix."""
    if is_sparse(X):
        return as_csr(X, name)
    array = plain_array(X, name)
    if array.ndim < 2:
        shape = "scalar" if array.ndim == 0 else "1D"
        raise DataError(
            f"Expected 2D array, got {shape} array instead: {name} has shape {array.shape}",
            hint="Reshape your data: array.reshape(-1, 1) if it has a single feature, array.reshape(1, -1) if it is "
            "a single row",
        )
    if array.ndim > 2:
        raise DataError(f"Found array with dim {array.ndim}, expected (rows, features): {name} has shape {array.shape}")
    if array.dtype.kind in "fb":
        return array.astype(np.float64, copy=False)
    return column_by_column(lambda j: from_numpy(array[:, j], f"x{j}"), *array.shape)
