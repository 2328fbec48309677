"""How a table that lies in files is cut into parts, for processes that each read some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from gradline.data.readers.places import Place
from gradline.data.source import Source
from gradline.data.table_source import TableSource
from gradline.errors import DataError

# What is worth a task of its own: so many rows, or of many columns as many as have so many cells.
PART_ROWS, PART_CELLS = 1 << 20, 1 << 24
# What is soon read again: of Parquet by its cells, of text by its bytes.
SMALL_CELLS, SMALL_BYTES = 1 << 27, 1 << 27


def rows_worth_a_part(source: Source) -> int:
    """Of how many rows a part should be at least."""
    columns = len(source.roles.columns) if isinstance(source, TableSource) else 1
    return min(PART_ROWS, -(-PART_CELLS // columns))


def parts_of(source: Source, rows: int) -> Sequence[Any]:
    """The parts of a source on files, of Parquet of at least so many rows.

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
    parts: Sequence[Any] = reader.cuts(rows) if hasattr(reader, "cuts") else [None]
    return parts


def files_of(source: TableSource) -> dict[str, list[int | None] | None]:
    """The size and the time of each file, by its path, as they were found."""
    return {place.whole_path: place.state and list(place.state) for place in _places(source.reader)}


def text_as_asked(source: TableSource) -> dict[str, str | None]:
    """How the text of several files is read: the same bytes may be other numbers and words."""
    return dict(getattr(source.reader, "asked", {}))


def lies_in_files(source: Source) -> TypeGuard[TableSource]:
    """Whether its rows do, so that any process can read some of them."""
    return isinstance(source, TableSource) and all(isinstance(place, Place) for place in _places(source.reader))


def all_are_small(source: TableSource, parts: Sequence[Any]) -> bool:
    """Whether each part is read within seconds, as far as sizes tell."""
    columns, places = len(source.roles.columns), _places(source.reader)
    cells = [part.rows * columns for part in parts if part.rows is not None]
    sizes = [places[part.file].state for part in parts if part.rows is None]
    return max(cells, default=0) <= SMALL_CELLS and all(state and (state[0] or 0) <= SMALL_BYTES for state in sizes)


def _places(reader: Any) -> list[Any]:
    places = [part.place for part in getattr(reader, "parts", ())]
    return places or [getattr(getattr(reader, "file", reader), "place", None)]
