"""Tables in memory as Arrow's, each column in a type that keeps what it holds."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from gradline.data import arrow
from gradline.data.cells import NotANumber, from_numpy
from gradline.errors import DataError


def in_arrow(data: Any) -> Any:
    """A DataFrame, a dict of columns, or anything with the Arrow interface, as an Arrow table.

    Raises
    ------
    DataError
        Where it is none of these, or a column holds what Arrow has no type for.

    Examples
    --------
    >>> in_arrow({"sqft": [50, None], "id": [2**70, 1]}).schema.types
    [DataType(int64), Decimal256Type(decimal256(76, 0))]
    """
    import pyarrow as pa

    name, columns = type(data).__name__, _columns(data)
    if columns is None:
        try:
            return pa.table(data)
        except (pa.ArrowException, TypeError, ValueError) as error:
            reason = _reason(error)
        if not hasattr(data, "get_column"):
            raise DataError(f"{name} cannot be read as a table: {reason}")
        columns = [(key, data.get_column(key)) for key in data.columns]  # polars has integers longer than Arrow's
    names = [key for key, _ in columns]
    cells = [column_in_arrow(cells, key, name) for key, cells in columns]
    if len({len(column) for column in cells}) > 1:
        lengths = dict(zip(names, map(len, cells), strict=True))
        raise DataError(f"the columns of {name} are not equally long: they have {lengths} cells")
    try:
        return pa.table(cells, names=names)
    except UnicodeEncodeError as error:  # half a character
        raise DataError(f"a name of {name} is no text: {error.object!r}", hint="rename the column") from None


def _columns(data: Any) -> list[tuple[str, Any]] | None:
    """Names and cells of a dict or a DataFrame of pandas; None of others, which have the Arrow interface."""
    if type(data) is dict:
        return [(str(key), cells) for key, cells in data.items()]
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(data, pandas.DataFrame):
        return None
    return [(str(key), data.iloc[:, j]) for j, key in enumerate(data.columns)]


def column_in_arrow(cells: Any, column: str, table: str) -> Any:
    """The cells of a column; `table` is what to call it all.

    Whole numbers beyond int64 become decimals, beside others float64; intervals and periods of pandas, text.

    Raises
    ------
    DataError
        Where Arrow has no type for all of them, or an integer beside other numbers would be rounded.
    """
    import pyarrow as pa

    try:
        missing_too = isinstance(cells, list | tuple)  # the missing cells of pandas among those of Python
        found = pa.table({"": pa.array(cells, from_pandas=True) if missing_too else cells}).column(0)
        if pa.types.is_floating(found.type) and _of_python(cells) and np.uint64 in set(map(type, cells)):
            raise OverflowError  # beside decimals Arrow takes 2^64 - 1 of NumPy for -1
        found = pa.table({"": _as_text(cells)}).column(0) if _only_in_pandas(found.type) else found
        found = _with_nanoseconds(found, cells)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        reason = _reason(error)
        _refuse_mixed_times(cells, column, table)
    else:
        if pa.types.is_temporal(found.type):
            _refuse_mixed_times(cells, column, table)
        return found
    try:
        return _numbers(list(cells), column)
    except NotANumber as cell:
        if isinstance(cell.cell, int):
            raise DataError(
                f"column {column!r} of {table} holds {cell.what} in row {cell.row}", hint=cell.hint
            ) from None
    except (pa.ArrowException, TypeError, ValueError):
        pass
    raise DataError(
        f"column {column!r} of {table} cannot be read: {reason}", hint="each column needs cells of one type"
    )


def _numbers(cells: list[Any], column: str) -> Any:
    """Numbers that Arrow refuses, of Python: some are long."""
    import pyarrow as pa

    if all(cell is None or type(cell) is int for cell in cells):
        return pa.array([None if cell is None else Decimal(cell) for cell in cells], pa.decimal256(76, 0))
    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return arrow.column(from_numpy(objects, column))


def _of_python(cells: Any) -> bool:
    """Whether each cell may be of a type of its own."""
    return isinstance(cells, list | tuple) or getattr(getattr(cells, "dtype", None), "kind", None) == "O"


def _refuse_mixed_times(cells: Any, column: str, table: str) -> None:
    """Times with a zone beside such without; dates beside times, of which Arrow may drop the hour."""
    before: tuple[str, int] | None = None
    for row, cell in enumerate(cells if _of_python(cells) else (), 1):
        if not isinstance(cell, date) or cell != cell:  # as NaT is
            continue
        kind = "a date" if not isinstance(cell, datetime) else f"a time with {'a' if cell.tzinfo else 'no'} zone"
        before = before or (kind, row)
        if kind != before[0]:
            dates = "a date" in (kind, before[0])
            raise DataError(
                f"column {column!r} of {table} holds {kind} in row {row}: {cell}, and {before[0]} in row {before[1]}",
                hint="give dates alone, or times alone" if dates else "give all times their zone, or none",
            )


def _with_nanoseconds(found: Any, cells: Any) -> Any:
    """Times and durations of pandas, one by one in a list, are Arrow's in microseconds: those that are finer again."""
    import pyarrow as pa

    kind = found.type
    if not _of_python(cells) or not (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)) or kind.unit == "ns":
        return found
    if not any(getattr(cell, "nanosecond", 0) > 0 or getattr(cell, "nanoseconds", 0) > 0 for cell in cells):
        return found
    finer = pa.timestamp("ns", kind.tz) if pa.types.is_timestamp(kind) else pa.duration("ns")
    return pa.chunked_array([pa.array(list(cells), finer, from_pandas=True)])


def _only_in_pandas(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return str(getattr(kind, "extension_name", "")).startswith("pandas.")


def _as_text(cells: Any) -> Any:
    """What pandas prints; of categories that of each category, as beside a missing cell (0, 5] prints as (0.0, 5.0]."""
    cells = sys.modules["pandas"].Series(cells)
    return cells.cat.rename_categories(str) if hasattr(cells, "cat") else cells.astype(str).where(cells.notna())


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]
