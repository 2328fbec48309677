"""Many files as one table, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from gradline.data.cells import MISSING_WORDS, NotANumber, from_text
from gradline.data.kinds import Kind
from gradline.data.labels import Labels
from gradline.data.places import Part, Place
from gradline.data.reader import Cells, Reader
from gradline.data.roles import listed
from gradline.errors import DataError

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # how Hive, Spark and pyarrow write a key that is null


class ManyReader:
    """The files of a folder or a glob; folders named key=value are columns too. Opened one at a time."""

    def __init__(self, name: str, parts: Sequence[Part], open_place: Callable[[Place, Reader | None], Reader]) -> None:
        self.name = name
        self.parts = parts
        self._open_place = open_place
        self._first = open_place(parts[0].place, None)
        self.column_names = self._names(self._first, parts[0])

    def kinds(self) -> dict[str, Kind]:
        """What each column of the first file holds, and the keys of its folders."""
        keys = {key: _kind(value) for key, value in self.parts[0].keys.items()}
        return keys | self._first.kinds()

    def agree(self, columns: Sequence[str] | None) -> None:
        """Refuse files that lack one of the columns; None: files whose columns are not all the same."""
        for part in self.parts:
            self._checked(part, columns)

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.reader.Reader`; rows of a NotANumber count within its file."""
        for part in self.parts:
            reader = self._checked(part, columns)
            own = [name for name in columns if name in reader.column_names]
            try:
                keys = {key: _cell(key, part.keys[key], key in texts) for key in columns if key not in own}
                for block in reader.read(own or reader.column_names[:1], rows, [name for name in texts if name in own]):
                    cells = dict(zip(own, block, strict=False))
                    yield [cells[name] if name in cells else _repeated(keys[name], len(block[0])) for name in columns]
            except NotANumber as cell:
                cell.table = reader.name
                raise

    @staticmethod
    def _names(reader: Reader, part: Part) -> tuple[str, ...]:
        return reader.column_names + tuple(key for key in part.keys if key not in reader.column_names)

    def _checked(self, part: Part, columns: Sequence[str] | None) -> Reader:
        reader = self._open_place(part.place, self._first)
        names = self._names(reader, part)
        lacking = [name for name in (self.column_names if columns is None else columns) if name not in names]
        if lacking:
            raise DataError(
                f"{reader.name} has no column {lacking[0]!r}, which {self._first.name} has; it has {listed(names)}",
                hint=None if columns else "name the columns to use, if all files have those: features=[...]",
            )
        further = [name for name in names if name not in self.column_names]
        if further and columns is None:
            raise DataError(
                f"{reader.name} has a column {further[0]!r}, which {self._first.name} has not",
                hint="name the columns to use: features=[...]",
            )
        return reader


def _kind(value: str) -> Kind:
    try:
        _cell("", value, False)
    except NotANumber:
        return Kind.TEXT
    return Kind.NUMBER


def _cell(key: str, value: str, text: bool) -> Cells:
    """One cell, of the key that a folder is named by."""
    import pyarrow as pa

    cell = pa.array([None if value == NO_VALUE else value], pa.string())
    return Labels.of_text(cell, MISSING_WORDS) if text else from_text(cell, key)


def _repeated(cell: Cells, rows: int) -> Cells:
    index = np.zeros(rows, dtype=np.intp)
    return cell.take(index) if isinstance(cell, Labels) else np.take(cell, index)
