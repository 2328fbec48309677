"""Which rows they are, and which belong together: labels as numbers, the same in every block of a pass."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch
from gradline.data.columns.labels import MISSING, Labels
from gradline.data.readers.reader import Cells
from gradline.errors import DataError
from gradline.solution import Array

Numbers = NDArray[np.intp]


class Seen(NamedTuple):
    """Some rows, in their order.

    Attributes
    ----------
    batch : Batch
    row : (rows,) int
        Their numbers in the source, from 1; rows that were left out are counted.
    groups : tuple of (rows,) int
        Of each grouping the numbers of their labels.
    """

    batch: Batch
    row: Numbers
    groups: tuple[Numbers, ...] = ()


class Grouping(Protocol):
    """One way to group rows, as one pass asks for it: from the first row to the last."""

    def numbers(self, row: Numbers, cells: Mapping[str, Cells]) -> Numbers:
        """The number of the label of each of the next rows, 0, 1, 2 ... in the order in which labels are met.

        Raises
        ------
        DataError
            Where a row has no label.
        """
        ...

    def at_the_end(self, rows: int) -> None:
        """There were so many rows in all: raises the DataError of labels that do not fit them."""
        ...

    @property
    def met(self) -> Sequence[Any] | None:
        """The labels met so far, in the order of their numbers; None where numbers are those of the whole table."""
        ...


class ByColumn:
    """By the cells of a column, with each block of rows."""

    def __init__(self, column: str) -> None:
        self.column = column
        self._words: dict[str, int] = {}
        self._values, self._number = np.empty(0), np.empty(0, dtype=np.intp)

    def numbers(self, row: Numbers, cells: Mapping[str, Cells]) -> Numbers:
        """See `Grouping`."""
        column = cells[self.column]
        if isinstance(column, Labels):
            return self._of_words(_all_there(column.codes, row, f"column {self.column!r}"), column.levels)
        if not np.isfinite(column).all():
            _all_there(np.where(np.isfinite(column), 0, MISSING), row, f"column {self.column!r}")
        return self._of_numbers(column)

    def at_the_end(self, rows: int) -> None:
        """A column has a cell for each."""

    @property
    def met(self) -> Sequence[Any]:
        """See `Grouping`: texts or numbers."""
        return [*self._words] or self._values[np.argsort(self._number)].tolist()

    def _of_words(self, codes: NDArray[np.integer[Any]], levels: Sequence[str]) -> Numbers:
        number = np.array([self._words.get(level, MISSING) for level in levels], dtype=np.intp)
        if (number[codes] == MISSING).any():
            for code in _as_met(codes):
                number[code] = self._words.setdefault(levels[code], len(self._words))
        numbers: Numbers = number[codes]
        return numbers

    def _of_numbers(self, cells: Array) -> Numbers:
        import pyarrow as pa

        encoded = pa.array(cells + 0.0).dictionary_encode()  # + 0.0: -0.0 is no other label
        here, codes = encoded.dictionary.to_numpy(), encoded.indices.to_numpy()
        place = np.searchsorted(self._values, here)
        known = np.append(self._values, np.nan)[place] == here
        number = np.empty(len(here), dtype=np.intp)
        number[known] = self._number[place[known]]
        fresh = np.flatnonzero(~known)
        if len(fresh):
            number[fresh] = len(self._values) + np.arange(len(fresh))
            fresh = fresh[np.argsort(here[fresh])]
            self._values = np.insert(self._values, place[fresh], here[fresh])
            self._number = np.insert(self._number, place[fresh], number[fresh])
        numbers: Numbers = number[codes]
        return numbers


class ByArray:
    """By an array of labels in memory, one for each row of the source, those that are left out included."""

    def __init__(self, labels: Any, name: str = "the groups") -> None:
        self.name = name
        self.codes = _codes(labels, name)
        self._rows_before = 0

    def of_rows(self, before: int, count: int) -> ByArray:
        """The same for some rows alone, after so many others: their numbers are those of the whole."""
        some = copy.copy(self)
        some.codes, some._rows_before = self.codes[before : before + count], before
        return some

    @property
    def met(self) -> None:
        """See `Grouping`."""
        return None

    def numbers(self, row: Numbers, cells: Mapping[str, Cells]) -> Numbers:
        """See `Grouping`; labels are numbered in the order of the array."""
        if len(row) and row[-1] - self._rows_before > len(self.codes):
            raise self._wrong_length("more")
        return _all_there(self.codes[row - self._rows_before - 1], row, self.name)

    def at_the_end(self, rows: int) -> None:
        """See `Grouping`."""
        if rows != len(self.codes):
            raise self._wrong_length(f"{rows:,}")

    def _wrong_length(self, rows: str) -> DataError:
        return DataError(
            f"{self.name} hold {len(self.codes):,} labels, but {rows} rows were read",
            hint="one label for each row, those that are dropped included",
        )


def _all_there(codes: NDArray[np.integer[Any]], row: Numbers, name: str) -> Numbers:
    missing = codes == MISSING
    if missing.any():
        raise DataError(
            f"the label of row {row[int(missing.argmax())]} is missing in {name}, by which rows are grouped",
            hint="give the row a label, or leave it out of the fit",
        )
    return codes.astype(np.intp, copy=False)


def _codes(labels: Any, name: str) -> Numbers:
    import pyarrow as pa

    if getattr(labels, "ndim", 1) == 2 and labels.shape[1] == 1:
        labels = np.asarray(labels)[:, 0]
    if getattr(labels, "ndim", 1) != 1:
        raise DataError(f"{name} have shape {labels.shape}, expected (rows,): one label a row")
    try:
        if isinstance(labels, pa.Array | pa.ChunkedArray):
            cells = labels
        elif hasattr(labels, "__arrow_c_stream__"):
            cells = pa.chunked_array(labels)
        else:
            cells = pa.array(labels, from_pandas=True)
        if pa.types.is_floating(cells.type):
            # NaN is missing, and -0.0 no other label than 0.0.
            cells = pa.array(cells.to_numpy(zero_copy_only=False) + 0.0, from_pandas=True)
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.unify_dictionaries().combine_chunks()
        if isinstance(cells, pa.ChunkedArray):  # of no chunks, in some versions
            cells = pa.concat_arrays(cells.chunks)
        encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
        if pa.types.is_null(cells.type):
            return np.full(len(cells), MISSING, dtype=np.intp)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name} are no labels: {reason}", hint="one number, text or date for each row") from None
    codes: Numbers = encoded.indices.cast(pa.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)
    if encoded is cells:  # a category has an order of its own
        number = np.full(len(encoded.dictionary) + 1, MISSING)  # -1 finds the last, which is missing
        met = [code for code in _as_met(codes) if code != MISSING]
        number[met] = np.arange(len(met))
        codes = number[codes]
    return codes


def _as_met(codes: NDArray[np.integer[Any]]) -> list[int]:
    """The codes that occur, in the order in which they do."""
    here, first = np.unique(codes, return_index=True)
    met: list[int] = here[np.argsort(first)].tolist()
    return met
