"""A column of cells becomes float64, or says which cell cannot; nothing is rounded, parsed or filled in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.arrow import plain, truths
from gradline.data.columns.kinds import Kind, kind_of
from gradline.data.decimals import nearest
from gradline.solution import Array

EXACT_INTEGERS = 2**53

# What counts as missing in a text file: blank, the words that pandas reads as missing, "?" (the UCI archive)
# and "." (SAS, Stata). Padding aside, and in this spelling only.
MISSING_WORDS = (
    *("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NULL", "null", "None", "?", "."),
    *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
TRUE_WORDS = ("true", "True", "TRUE")
FALSE_WORDS = ("false", "False", "FALSE")


class NotANumber(Exception):  # noqa: N818 - passed from readers to sources, which know what to advise
    """A cell that is neither a number nor missing; a source turns it into a DataError.

    Attributes
    ----------
    column : str
    row : int
        From 1.
    cell : object
        The value.
    what : str
        The same for a message, as in "text: 'NEAR BAY'".
    hint : str or None
        What to do, where the value tells.
    expected : str or None
        What the first rows hold, as in "a date such as 2024-01-31".
    table : str or None
        The file, where the table has several.
    """

    def __init__(
        self,
        column: str,
        row: int,
        cell: object,
        *,
        what: str | None = None,
        hint: str | None = None,
        expected: str | None = None,
    ) -> None:
        super().__init__(column, row, cell)
        self.column, self.row, self.cell, self.hint, self.expected = column, row, cell, hint, expected
        self.what = cell_in_words(cell) if what is None else what
        self.table: str | None = None


def all_finite(cells: Array) -> bool:
    """Whether no cell is NaN or infinite; a sum settles it fast, unless it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(cells.sum())) or bool(np.isfinite(cells).all())


def from_integers(cells: NDArray[Any], column: str, rows_before: int = 0) -> Array:
    """Integers as float64; one that float64 cannot hold exactly (beyond 2^53) is refused, not rounded."""
    if cells.dtype.itemsize == 8 and cells.size:
        big = (cells > EXACT_INTEGERS) | (cells < -EXACT_INTEGERS)
        if big.any():
            for row in np.flatnonzero(big):
                refuse_rounding(int(cells[row]), column, rows_before + int(row) + 1)
    return cells.astype(np.float64)


def from_numpy(cells: NDArray[Any], column: str) -> Array:
    """One-dimensional array of numbers, booleans or objects as float64; None and pandas.NA become NaN."""
    kind = cells.dtype.kind
    if kind in "fb":
        return cells.astype(np.float64, copy=False)
    if kind in "iu":
        return from_integers(cells, column)
    if kind == "O":
        return np.array([_from_object(cell, column, row) for row, cell in enumerate(cells, 1)], dtype=np.float64)
    if not len(cells):
        return np.empty(0)
    raise NotANumber(column, 1, cells[0].item() if kind in "US" else cells[0])


def pandas_index(schema: Any) -> set[str]:
    """Columns of an Arrow schema that are the index of the DataFrame it came from: labels of rows, not measured."""
    try:
        index = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError):
        return set()
    return {name for name in index if isinstance(name, str)}  # a range is kept as a dictionary, not as a column


def from_arrow(cells: Any, column: str, rows_before: int = 0) -> Array:
    """Arrow array of numbers, booleans, dates or times as float64, without a copy where it can; null becomes NaN."""
    import pyarrow as pa

    types = pa.types
    kind = cells.type
    if isinstance(cells, pa.ChunkedArray):
        parts = []
        for chunk in cells.chunks:
            parts.append(from_arrow(chunk, column, rows_before))
            rows_before += len(chunk)
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])
    if types.is_dictionary(kind):
        return from_arrow(cells.dictionary_decode(), column, rows_before)
    if types.is_null(kind):
        return np.full(len(cells), np.nan)
    if types.is_int64(kind) or types.is_uint64(kind):
        exact = from_integers(plain(cells, 0), column, rows_before)
        if cells.null_count:
            exact[truths(cells.is_null())] = np.nan
        return exact
    if types.is_boolean(kind):
        cells = cells.cast(pa.int8())
    if types.is_decimal(kind):
        return _from_decimals(cells, column, rows_before)
    if types.is_temporal(kind) and not types.is_interval(kind):
        return _from_temporal(cells)
    if kind_of(kind) is Kind.NUMBER or types.is_boolean(kind):
        return plain(cells.cast(pa.float64(), safe=False))
    for row, cell in enumerate(cells, rows_before + 1):
        if cell.is_valid:
            if types.is_interval(kind):
                what = "an interval of months and days"
                raise NotANumber(column, row, cell.as_py(), what=what, hint=no_length(column))
            raise NotANumber(column, row, cell.as_py())
    return np.full(len(cells), np.nan)


def no_length(column: str) -> str:
    """What to do with a calendar interval, whose months differ in length."""
    return f"seconds are numbers: in the query, EXTRACT(EPOCH FROM {column}) AS {column}"


def _from_decimals(cells: Any, column: str, rows_before: int) -> Array:
    """Rounded once where there are decimals; whole numbers are as those of int64."""
    numbers = nearest(cells)
    if cells.type.scale == 0:
        for row in np.flatnonzero(np.abs(numbers) >= EXACT_INTEGERS).tolist():
            refuse_rounding(int(cells[row].as_py()), column, rows_before + row + 1)
    return numbers


def _from_temporal(cells: Any) -> Array:
    """Arrow dates as days, times and durations as seconds, rounded once; null becomes NaN."""
    import pyarrow as pa

    kind = cells.type
    if pa.types.is_date(kind):
        whole, parts_a_unit = cells.cast(pa.date32()).cast(pa.int32()), 1
    else:
        parts_a_unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        whole = cells.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    parts = plain(whole, 0)
    # Whole units and the rest apart: a count of nanoseconds since 1970 is beyond 2^53.
    units, rest = np.divmod(parts, parts_a_unit)
    numbers: Array = units.astype(np.float64) + rest / parts_a_unit
    if cells.null_count:
        numbers[truths(cells.is_null())] = np.nan
    return numbers


def cell_in_words(cell: object) -> str:
    """A value for a message: its kind, and itself, cut to a readable length."""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "replace")
    return f"text: {short(cell)}" if isinstance(cell, str) else f"{a_kind(cell)}: {short(cell, str)}"


def short(value: object, written: Callable[[object], str] = repr) -> str:
    """For a message: whatever it is, on one line of readable length.

    Examples
    --------
    >>> short([1, 2]), short("a" * 80)
    ('[1, 2]', "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...")
    """
    try:
        text = written(value)
    except ValueError:  # of the digits of an enormous integer
        return "too many digits to print"
    return text if len(text) <= 60 else f"{text[:57]}..."


def a_kind(thing: object) -> str:
    """The name of its type, with its article."""
    kind = type(thing).__name__
    return f"an {kind}" if kind[0] in "aeiou" or kind.startswith("nd") else f"a {kind}"


def _from_object(cell: Any, column: str, row: int) -> float:
    if cell is None or type(cell).__name__ == "NAType":
        return np.nan
    if isinstance(cell, str | bytes | complex | np.complexfloating):
        raise NotANumber(column, row, cell)
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise NotANumber(column, row, cell) from None
    if isinstance(cell, int | np.integer):
        refuse_rounding(int(cell), column, row)
    return number


def refuse_rounding(integer: int, column: str, row: int) -> None:
    """Refuse an integer that float64 would round."""
    if int(float(integer)) != integer:
        raise NotANumber(
            column,
            row,
            integer,
            what=f"an integer that float64 cannot hold exactly: {short(integer)}",
            hint="a number this long is usually a key or a time in nanoseconds: leave it out, or scale it down first",
        )
