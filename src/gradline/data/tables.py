"""Table objects of any library as named columns: DataFrames, Arrow tables, dicts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.data.cells import EXACT_INTEGERS, from_arrow, from_numpy, pandas_index
from gradline.data.columns.kinds import Kind, kind_of
from gradline.data.in_arrow import column_in_arrow, in_arrow
from gradline.data.sparse import is_sparse
from gradline.errors import DataError
from gradline.solution import Array


def default_names(columns: int) -> tuple[str, ...]:
    """Names for columns that have none: x0, x1, ... as scikit-learn calls them."""
    return tuple(f"x{j}" for j in range(columns))


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
    """See a table object as named columns; None where it is something else (an array, a list, a column).

    Raises
    ------
    DataError
        Where it has no rows yet, as a query that has not run.
    """
    if is_sparse(data):  # some are dicts
        return None
    if _is_pandas(data):
        return _pandas_table(data)
    if isinstance(data, dict):
        return _dict_table(data)
    interface = hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")
    if interface and not _is_column(data):
        return _arrow_table(data)
    if (name := type(data).__name__) == "LazyFrame":  # of polars
        raise DataError(f"{name} is a query that has not run, expected its rows", hint=".collect() gives them")
    return None


def columns_of(data: Any) -> Any:
    """What scikit-learn, which knows few kinds of table, can tell its columns by: an Arrow table of these without rows.

    Of a DataFrame of pandas, which it does know, and of what is no table: the data themselves.

    Examples
    --------
    >>> import pyarrow as pa
    >>> columns_of(pa.record_batch({"sqft": [50, 80]})).column_names
    ['sqft']
    """
    table = None if _is_pandas(data) else as_table(data)
    if table is None:
        return data
    import pyarrow as pa

    return pa.table([pa.nulls(0)] * len(table.names), names=table.names)


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
    """Whether the columns of these roles (names, lists of names; None: all) are there, and numbers as they are."""
    used: set[str] = set()
    for asked in roles:
        names = [asked] if isinstance(asked, str) else asked
        used |= {str(name).strip() for name in names or ()}
    whole_table = roles[1] is None
    return (
        used.issubset(name.strip() for name in table.names)
        and all(name in table.plain for name in table.names if whole_table or name.strip() in used)
        and not any(name.startswith("C(") for name in used)
    )


def _is_pandas(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _is_column(data: Any) -> bool:
    """A Series or an Arrow array has the Arrow interface too."""
    return hasattr(data, "__array__") and len(getattr(data, "shape", (len(data),))) == 1


def _arrow_table(data: Any) -> Table:
    table = in_arrow(data)
    index = pandas_index(table.schema)
    table = table.select([name for name in table.column_names if name not in index]) if index else table
    names = list(table.column_names)

    def column(j: int) -> Array:
        return from_arrow(table.column(j), names[j])

    kinds = {field.name: kind_of(field.type) for field in table.schema}
    numeric = [name for name, kind in kinds.items() if kind.is_numeric]
    plain = [name for name in numeric if kinds[name] is Kind.NUMBER]
    matrix = partial(column_by_column, column, len(table), len(names))
    return Table(len(table), names, numeric, plain, column, matrix, table.column)


def _dict_table(data: dict[Any, Any]) -> Table:
    names = [str(name) for name in data]
    columns = [plain_array(cells, name) for name, cells in zip(names, data.values(), strict=True)]
    lengths = {name: column.shape for name, column in zip(names, columns, strict=True)}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise DataError(f"the columns are not equally long lists of numbers: they have shapes {lengths}")

    def column(j: int) -> Array:
        return from_numpy(columns[j], names[j])

    rows = len(columns[0]) if columns else 0
    numeric = [name for name, cells in zip(names, columns, strict=True) if cells.dtype.kind in "biuf"]
    plain = [name for name, cells in zip(names, columns, strict=True) if cells.dtype.kind in "iuf"]
    matrix = partial(column_by_column, column, rows, len(names))
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
        return from_arrow(column_in_arrow(series, names[j], type(frame).__name__), names[j])

    def matrix() -> Array:
        if all(isinstance(dtype, np.dtype) and dtype.kind in "bf" for dtype in frame.dtypes):
            return np.asarray(frame.to_numpy(dtype=np.float64))  # without a copy, where it is one block of float64
        return column_by_column(column, len(frame), len(names))

    numeric = [name for name, kind in zip(names, kinds, strict=True) if kind in "biuf"]
    plain = [name for name, kind in zip(names, kinds, strict=True) if kind in "iuf"]
    named = all(isinstance(name, str) for name in frame.columns)
    return Table(len(frame), names, numeric, plain, column, matrix, lambda j: frame.iloc[:, j], named)


def column_by_column(column: Callable[[int], Array], rows: int, columns: int) -> Array:
    """(rows, columns) float64, filled from a function of the column's number."""
    X = np.empty((rows, columns))
    for j in range(columns):
        X[:, j] = column(j)
    return X


def plain_array(data: Any, name: str) -> NDArray[Any]:
    """numpy.asarray, except that masked cells become NaN, complex numbers are refused, and no integer is rounded.

    One in a list beside decimals that float64 would round makes an array of objects, for whoever can name its row.
    """
    try:
        array = data if isinstance(data, np.ma.MaskedArray) else np.asarray(data)
    except ValueError:
        raise DataError(f"the rows of {name} differ in length: it is no table") from None
    except TypeError as error:
        if not hasattr(data, "device"):
            raise
        raise DataError(
            f"{name} lies on device '{data.device}', expected an array in the CPU's memory: {error}",
            hint=f"{name}.cpu() for a tensor of PyTorch, cupy.asnumpy({name}) for an array of CuPy",
        ) from None
    if array.dtype.kind == "c":
        raise DataError(f"Complex data not supported: {name} has type {array.dtype}")
    if isinstance(array, np.ma.MaskedArray):
        might_round = array.dtype.kind == "O" or array.dtype in (np.int64, np.uint64)
        cells = np.array(np.ma.getdata(array), dtype=object if might_round else np.float64)
        cells[np.ma.getmaskarray(array)] = np.nan  # whatever is behind it
        return cells
    if (
        array.dtype == np.float64
        and isinstance(data, list | tuple)
        and (large := np.abs(array) >= EXACT_INTEGERS).any()
    ):
        cells = np.asarray(data, dtype=object)
        return (
            cells
            if any(isinstance(cell, int | np.integer) and int(float(cell)) != int(cell) for cell in cells[large])
            else array
        )
    return array
