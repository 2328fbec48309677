"""Tables in memory: NumPy arrays, lists, DataFrames and Arrow tables as float64 arrays, and as a source."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch, rows_at_once
from gradline.data.blocks import (
    Missing,
    Roles,
    Rows,
    Tally,
    check_missing,
    check_rows,
    not_a_number,
    stacked,
)
from gradline.data.cells import NotANumber, a_kind, all_finite, from_arrow, from_numpy, is_number, pandas_index
from gradline.errors import DataError
from gradline.solution import Array


def as_features(X: Any, *, finite: bool = True, name: str = "X") -> tuple[Array, tuple[str, ...] | None]:
    """Read a table of features as a float64 array, with its column names where all of them are strings.

    Parameters
    ----------
    X : (rows, features) array, nested lists, DataFrame, Arrow table, dict of columns
        A float64 array is not copied.
    finite : bool
        Whether to refuse NaN, missing and infinite cells.
    name : str
        What to call it in messages.

    Raises
    ------
    DataError
        Where X is not a table of at least one row and one column, holds something other than real numbers, holds an
        integer that float64 would round, or a cell that is not finite.

    Examples
    --------
    >>> as_features({"sqft": [50, 80]})
    (array([[50.],
           [80.]]), ('sqft',))
    """
    if _is_sparse(X):
        raise DataError(f"{name} is a sparse matrix, which gradline does not read", hint="X.toarray(), if it fits")
    table = _table(X)
    try:
        array = _grid(X, name) if table is None else table.matrix()
    except NotANumber as cell:
        if isinstance(cell.cell, dict | list | tuple | set):
            raise NotACellError(
                f"each cell of {name} must be a number: the argument must be a string or a real number, "
                f"but column {cell.column!r} holds {cell.what} in row {cell.row}"
            ) from None
        raise DataError(
            f"column {cell.column!r} of {name} holds {cell.what} in row {cell.row}", hint=cell.hint
        ) from None
    names = tuple(table.names) if table is not None and table.named else None
    rows, columns = array.shape
    if rows == 0:
        raise DataError(f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required.")
    if columns == 0:
        raise DataError(f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    if finite and not all_finite(array):
        tally = Tally()
        tally.usable(names or default_names(columns), list(array.T))
        raise tally.error(name)
    return array, names


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
    if _is_sparse(y):
        raise DataError(f"{name} is a sparse matrix, which gradline does not read", hint="y.toarray().ravel()")
    table = _table(y)
    try:
        if table is not None:
            y = table.matrix()
        array = _array(y, name)
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
    if finite and not all_finite(array):
        tally = Tally()
        tally.usable([name], [array])
        raise tally.error(name)
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
    if not np.isfinite(array.sum()) and np.isfinite(array).all():
        raise DataError(f"the sum of {name} is beyond float64", hint="a common factor of the weights changes nothing")
    if not array.any():
        raise DataError(f"{name} is zero in every row: at least one weight must be more than zero")
    return array


def default_names(columns: int) -> tuple[str, ...]:
    """Names for columns that have none: x0, x1, ... as scikit-learn calls them."""
    return tuple(f"x{j}" for j in range(columns))


class NotACellError(DataError, TypeError):
    """A collection in place of a number: the one kind of bad cell that scikit-learn expects as a TypeError."""


class ArraySource:
    """Rows in memory as a source.

    Parameters
    ----------
    X, y, weight
        As `as_features`, `as_target` and `as_weight` take them. Rows of weight 0 are left out.
    feature_names : sequence of str or None
        None: the names X has, or else x0, x1, ...
    target_name : str
    weight_name : str
        What to call the weights in messages.
    name : str
        What to call it all in messages and reports.
    missing : {"error", "drop"}
        What to do with rows that hold a missing or infinite cell.
    look : bool
        False puts the look for such cells off until `refuse_missing`, for a caller whose sums find them at no cost.
        Ignored with weights, or where rows are to be dropped.

    Attributes
    ----------
    X : (rows, features) float64
    y : (rows,) float64
    weight : (rows,) float64 or None
    rows_read, rows_dropped : int
        Rows given, and how many of them had an unusable cell (`missing="drop"`).
    dropped : dict of str to int
        The latter by column; a row with two unusable cells counts under both columns.

    Examples
    --------
    >>> source = ArraySource([[1.0], [3.0], [10.0]], [2.0, 6.0, 20.0])
    >>> [batch.y.tolist() for batch in source.batches(2)]
    [[2.0, 6.0], [20.0]]
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        weight: Any = None,
        *,
        feature_names: Sequence[str] | None = None,
        target_name: str = "y",
        weight_name: str = "sample_weight",
        name: str = "X, y",
        missing: Missing = "error",
        look: bool = True,
    ) -> None:
        check_missing(missing)
        features, names = as_features(X, finite=False)
        target = as_target(y, finite=False)
        if len(features) != len(target):
            raise DataError(f"X has {len(features)} rows but y has {len(target)}")
        weights = as_weight(weight, len(target), finite=False, name=weight_name)
        self.feature_names = tuple(feature_names or names or default_names(features.shape[1]))
        if len(self.feature_names) != features.shape[1]:
            raise DataError(f"{len(self.feature_names)} feature names for {features.shape[1]} columns")
        self.target_name, self.weight_name, self.name = target_name, weight_name, name
        self.X, self.y, self.weight = rows = Rows(features, target, weights)
        look = look or missing == "drop" or weights is not None
        tally, good = self._usable() if look else (Tally(rows_read=len(target)), None)
        if good is not None and missing == "error":
            raise tally.error(name)
        if weights is not None and not weights.all():
            good = weights > 0 if good is None else good & (weights > 0)
        if good is not None:
            rows = rows.pick(np.flatnonzero(good))
            if not len(rows.y):
                raise tally.empty(name)
        self.X, self.y, self.weight = rows
        self.rows_read, self.rows_dropped, self.dropped = tally.rows_read, tally.rows_dropped, tally.dropped

    def _usable(self) -> tuple[Tally, NDArray[np.bool_] | None]:
        """The count of cells that are not finite, and which rows have none (None: all)."""
        parts = [part for part in (self.X, self.y, self.weight) if part is not None]
        if all(all_finite(part) for part in parts):
            return Tally(rows_read=len(self.y)), None
        tally = Tally()
        columns = [*self.X.T, *parts[1:]]
        good = tally.usable([*self.feature_names, self.target_name, self.weight_name][: len(columns)], columns)
        return tally, good

    def refuse_missing(self) -> None:
        """Raise the DataError that names missing and infinite cells, where there are any."""
        tally, good = self._usable()
        if good is not None:
            raise tally.error(self.name)

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass: batches of exactly `rows` rows (None: some 8 MB); `shuffle` permutes all rows.

        Without `shuffle` the batches are views.
        """
        check_rows(rows)
        size = rows_at_once(self.X.shape[1]) if rows is None else rows
        if shuffle is not None:
            self.X = np.ascontiguousarray(self.X)  # np.take copies all of an array in column order, at each call
        every = Rows(self.X, self.y, self.weight)
        order = None if shuffle is None else shuffle.permutation(len(self.y))
        for start in range(0, len(self.y), size):
            if order is None:
                yield Batch.of(*every.part(start, start + size))
            else:
                yield Batch.of(*every.pick(order[start : start + size]))

    def whole(self) -> Batch:
        """All rows as one batch, without a copy."""
        return Batch.of(self.X, self.y, self.weight)


def open_table(
    data: Any,
    *,
    target: str | None,
    features: Sequence[str] | None = None,
    weight: str | None = None,
    missing: Missing = "error",
) -> ArraySource:
    """Open a table object (DataFrame, Arrow table, dict of columns) as a source; see `gradline.open_source`."""
    table = _table(data)
    name = type(data).__name__
    if table is None:
        raise DataError(
            f"cannot read {a_kind(data)} as a table",
            hint="give a path, a DataFrame, an Arrow table or a dict of columns; for arrays use ArraySource(X, y)",
        )
    roles = Roles.of(name, table.names, target=target, features=features, weight=weight)
    if not table.rows:
        raise Tally().empty(name)
    try:
        columns = {column: table.column(table.names.index(column)) for column in roles.columns}
    except NotANumber as cell:
        raise not_a_number(cell, name, roles, table.numeric) from None
    return ArraySource(
        stacked([columns[column] for column in roles.features]),
        columns[roles.target],
        None if roles.weight is None else columns[roles.weight],
        feature_names=roles.features,
        target_name=roles.target,
        weight_name=f"weight {roles.weight!r} of {name}",
        name=name,
        missing=missing,
    )


class _Table(NamedTuple):
    """A table object, whatever library it comes from."""

    rows: int
    names: list[str]
    numeric: list[str]
    column: Callable[[int], Array]
    matrix: Callable[[], Array]
    named: bool = True  # every name is a string


def _table(data: Any) -> _Table | None:
    """See a table object as named columns; None where it is something else (an array, a list, a column)."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _pandas_table(data)
    if isinstance(data, dict):
        return _dict_table(data)
    interface = hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")
    return _arrow_table(data) if interface and not _is_column(data) else None


def _is_column(data: Any) -> bool:
    """A Series or an Arrow array has the Arrow interface too."""
    return hasattr(data, "__array__") and len(getattr(data, "shape", (len(data),))) == 1


def _arrow_table(data: Any) -> _Table:
    import pyarrow as pa

    table = pa.table(data)
    index = pandas_index(table.schema)
    table = table.select([name for name in table.column_names if name not in index]) if index else table
    names = list(table.column_names)

    def column(j: int) -> Array:
        return from_arrow(table.column(j), names[j])

    numeric = [field.name for field in table.schema if is_number(field.type)]
    return _Table(len(table), names, numeric, column, lambda: _matrix(column, len(table), len(names)))


def _dict_table(data: dict[Any, Any]) -> _Table:
    names = [str(name) for name in data]
    columns = [_array(cells, name) for name, cells in zip(names, data.values(), strict=True)]
    lengths = {name: column.shape for name, column in zip(names, columns, strict=True)}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise DataError(f"the columns are not equally long lists of numbers: they have shapes {lengths}")

    def column(j: int) -> Array:
        return from_numpy(columns[j], names[j])

    rows = len(columns[0]) if columns else 0
    numeric = [name for name, cells in zip(names, columns, strict=True) if cells.dtype.kind in "biuf"]
    return _Table(rows, names, numeric, column, lambda: _matrix(column, rows, len(names)))


def _pandas_table(frame: Any) -> _Table:
    names = [str(name) for name in frame.columns]
    kinds = [getattr(kind, "kind", "O") for kind in frame.dtypes]

    def column(j: int) -> Array:
        series = frame.iloc[:, j]
        if isinstance(series.dtype, np.dtype):
            return from_numpy(series.to_numpy(), names[j])
        import pyarrow as pa

        return from_arrow(pa.array(series, from_pandas=True), names[j])

    def matrix() -> Array:
        if all(isinstance(dtype, np.dtype) and dtype.kind in "bf" for dtype in frame.dtypes):
            return np.asarray(frame.to_numpy(dtype=np.float64))  # without a copy, where it is one block of float64
        return _matrix(column, len(frame), len(names))

    numeric = [name for name, kind in zip(names, kinds, strict=True) if kind in "biuf"]
    named = all(isinstance(name, str) for name in frame.columns)
    return _Table(len(frame), names, numeric, column, matrix, named)


def _matrix(column: Callable[[int], Array], rows: int, columns: int) -> Array:
    X = np.empty((rows, columns))
    for j in range(columns):
        X[:, j] = column(j)
    return X


def _grid(X: Any, name: str) -> Array:
    """A two-dimensional array of numbers, from an array or nested lists."""
    array = _array(X, name)
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
    return _matrix(lambda j: from_numpy(array[:, j], f"x{j}"), *array.shape)


def _array(data: Any, name: str) -> NDArray[Any]:
    """numpy.asarray, except that masked cells become NaN and complex numbers are refused."""
    try:
        array = data if isinstance(data, np.ma.MaskedArray) else np.asarray(data)
    except ValueError:
        raise DataError(f"the rows of {name} differ in length: it is no table") from None
    if array.dtype.kind == "c":
        raise DataError(f"Complex data not supported: {name} has type {array.dtype}")
    if isinstance(array, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan))
    return array


def _is_sparse(data: Any) -> bool:
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))
