"""Arrays, lists, DataFrames, Arrow tables and dicts as float64 arrays; a sparse matrix stays one."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.data.cells import NotANumber, from_arrow, from_numpy, pandas_index
from gradline.data.columns.kinds import Kind, kind_of
from gradline.data.sparse import as_csr, is_sparse
from gradline.data.tally import unusable
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
        raise DataError(
            f"column {cell.column!r} of {name} holds {cell.what} in row {cell.row}", hint=cell.hint
        ) from None
    names = tuple(table.names) if table is not None and table.named else None
    (twice, times), *_ = Counter(names).most_common(1) or [("", 0)]
    if times > 1:
        raise DataError(f"{name} has {times} columns named {twice!r}", hint="give each column a name of its own")
    rows, columns = array.shape
    if rows == 0:
        raise DataError(f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required.")
    if columns == 0:
        raise DataError(f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    if finite:
        tally, good = unusable(names or default_names(columns), array)
        if good is not None:
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
    if is_sparse(y):
        raise DataError(f"{name} is a sparse matrix, expected an array", hint=f"{name}.toarray().ravel()")
    table = as_table(y)
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
    if finite:
        tally, good = unusable([name], array[:, None])
        if good is not None:
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


def check_whole(weight: Array, name: str, first: int = 1) -> None:
    """Refuse frequencies that are not whole numbers; `first` is the number of the first row."""
    broken = np.isfinite(weight) & (weight != np.floor(weight))
    if broken.any():
        row = int(broken.argmax())
        raise DataError(
            f"{name} is {weight[row]:g} in row {first + row}, expected a whole number of rows",
            hint="weights that say how precise a row is are analytic",
        )


def default_names(columns: int) -> tuple[str, ...]:
    """Names for columns that have none: x0, x1, ... as scikit-learn calls them."""
    return tuple(f"x{j}" for j in range(columns))


class NotACellError(DataError, TypeError):
    """A collection in place of a number: the one kind of bad cell that scikit-learn expects as a TypeError."""


class Table(NamedTuple):
    """A table object, whatever library it comes from."""

    rows: int
    names: list[str]
    numeric: list[str]
    plain: list[str]  # numbers as they are: no booleans, dates or categories of numbers
    column: Callable[[int], Array]
    matrix: Callable[[], Array]
    cells: Callable[[int], Any]  # of a column, as the library holds them
    named: bool = True  # every name is a string


def as_table(data: Any) -> Table | None:
    """See a table object as named columns; None where it is something else (an array, a list, a column)."""
    if is_sparse(data):  # some are dicts
        return None
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _pandas_table(data)
    if isinstance(data, dict):
        return _dict_table(data)
    interface = hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")
    return _arrow_table(data) if interface and not _is_column(data) else None


def is_stream(data: Any) -> bool:
    """Whether it may give its rows only once: it has the Arrow stream interface, and no length that would be known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"x": [1.0]})
    >>> is_stream(table), is_stream(table.to_reader())
    (False, True)
    """
    return hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__len__")


def held(data: Any) -> Any:
    """The rows of a stream as a table, which can be read again; all else as it is."""
    if not is_stream(data):
        return data
    import pyarrow as pa

    return pa.table(data)


def are_numbers(table: Table, *roles: Any) -> bool:
    """Whether the columns of these roles (names, lists of names; None: all) hold numbers as they are."""
    used: set[str] = set()
    for asked in roles:
        names = [asked] if isinstance(asked, str) else asked
        used |= {str(name).strip() for name in names or ()}
    whole_table = roles[1] is None
    return all(name in table.plain for name in table.names if whole_table or name.strip() in used) and not any(
        name.startswith("C(") for name in used
    )


def _is_column(data: Any) -> bool:
    """A Series or an Arrow array has the Arrow interface too."""
    return hasattr(data, "__array__") and len(getattr(data, "shape", (len(data),))) == 1


def _arrow_table(data: Any) -> Table:
    import pyarrow as pa

    table = pa.table(data)
    index = pandas_index(table.schema)
    table = table.select([name for name in table.column_names if name not in index]) if index else table
    names = list(table.column_names)

    def column(j: int) -> Array:
        return from_arrow(table.column(j), names[j])

    kinds = {field.name: kind_of(field.type) for field in table.schema}
    numeric = [name for name, kind in kinds.items() if kind.is_numeric]
    plain = [name for name in numeric if kinds[name] is Kind.NUMBER]
    matrix = partial(_matrix, column, len(table), len(names))
    return Table(len(table), names, numeric, plain, column, matrix, table.column)


def _dict_table(data: dict[Any, Any]) -> Table:
    names = [str(name) for name in data]
    columns = [_array(cells, name) for name, cells in zip(names, data.values(), strict=True)]
    lengths = {name: column.shape for name, column in zip(names, columns, strict=True)}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise DataError(f"the columns are not equally long lists of numbers: they have shapes {lengths}")

    def column(j: int) -> Array:
        return from_numpy(columns[j], names[j])

    rows = len(columns[0]) if columns else 0
    numeric = [name for name, cells in zip(names, columns, strict=True) if cells.dtype.kind in "biuf"]
    plain = [name for name, cells in zip(names, columns, strict=True) if cells.dtype.kind in "iuf"]
    matrix = partial(_matrix, column, rows, len(names))
    return Table(rows, names, numeric, plain, column, matrix, columns.__getitem__)


def _pandas_table(frame: Any) -> Table:
    names = [str(name) for name in frame.columns]
    kinds = [getattr(kind, "kind", "O") for kind in frame.dtypes]

    def column(j: int) -> Array:
        series = frame.iloc[:, j]
        if isinstance(series.dtype, np.dtype):
            return from_numpy(series.to_numpy(), names[j])
        if hasattr(series, "sparse"):  # pandas' own sparse columns, which Arrow does not know
            return from_numpy(np.asarray(series), names[j])
        import pyarrow as pa

        return from_arrow(pa.array(series, from_pandas=True), names[j])

    def matrix() -> Array:
        if all(isinstance(dtype, np.dtype) and dtype.kind in "bf" for dtype in frame.dtypes):
            return np.asarray(frame.to_numpy(dtype=np.float64))  # without a copy, where it is one block of float64
        return _matrix(column, len(frame), len(names))

    numeric = [name for name, kind in zip(names, kinds, strict=True) if kind in "biuf"]
    plain = [name for name, kind in zip(names, kinds, strict=True) if kind in "iuf"]
    named = all(isinstance(name, str) for name in frame.columns)
    return Table(len(frame), names, numeric, plain, column, matrix, lambda j: frame.iloc[:, j], named)


def _matrix(column: Callable[[int], Array], rows: int, columns: int) -> Array:
    X = np.empty((rows, columns))
    for j in range(columns):
        X[:, j] = column(j)
    return X


def _grid(X: Any, name: str) -> Any:
    """A two-dimensional array of numbers, from an array or nested lists; CSR from a sparse matrix."""
    if is_sparse(X):
        return as_csr(X, name)
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
