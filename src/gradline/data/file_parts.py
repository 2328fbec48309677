"""How a table that lies in files is cut into parts, for processes that each read some of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeGuard

from gradline.data.readers.places import Place
from gradline.data.source import Source
from gradline.data.table_source import TableSource
from gradline.errors import DataError

# What is worth a task of its own: so many rows, or of many columns as many as have so many cells.
PART_ROWS, PART_CELLS = 1 << 20, 1 << 24


def rows_worth_a_part(source: Source) -> int:
    """Of how many rows a part should be at least."""
    columns = len(source.roles.columns) if isinstance(source, TableSource) else 1
    return min(PART_ROWS, -(-PART_CELLS // columns))


def parts_of(source: Source, rows: int) -> tuple[Sequence[Any], Hashable]:
    """The parts of a source on files, of Parquet of at least so many rows, and what tells them from others.

    Raises
    ------
    DataError
        Where its rows lie in no file.
    """
    if not lies_in_files(source):
        raise DataError(
            f"{source.name} cannot be read by several processes, which takes files: a folder, a glob, a Parquet file",
            hint="write the rows to Parquet files",
        )
    reader: Any = source.reader
    parts = reader.cuts(rows) if hasattr(reader, "cuts") else [None]
    return parts, (tuple((place.path, place.state) for place in _places(reader)), tuple(parts))


def lies_in_files(source: Source) -> TypeGuard[TableSource]:
    """Whether its rows do, so that any process can read some of them."""
    return isinstance(source, TableSource) and all(isinstance(place, Place) for place in _places(source.reader))


def _places(reader: Any) -> list[Any]:
    places = [part.place for part in getattr(reader, "parts", ())]
    return places or [getattr(getattr(reader, "file", reader), "place", None)]
