"""A table outside memory, as far as a source needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.solution import Array

Cells: TypeAlias = Array | Labels


class Reader(Protocol):
    """What CSV, Parquet, a database and all others have in common."""

    name: str
    column_names: tuple[str, ...]

    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by its type or its first rows; rows further down may differ."""
        ...

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass: blocks of about `rows` rows, for each of `columns` its cells.

        Cells are float64, in the unit of the column's kind and NaN where missing; those of the columns in `texts` are
        `Labels`, as they are written; or numbers, where their type lets them be nothing else.

        Raises
        ------
        NotANumber
            In the pass: a cell of a column outside `texts` that is neither a number nor missing.
        DataError
            In the pass: a row or a part of the file that cannot be read.
        """
        ...


class Piece(NamedTuple):
    """Some rows of a table of numbers that can be read while another thread reads others.

    Attributes
    ----------
    rows, rows_before : int
        How many there are, and how many come before them in the table.
    read : () -> iterator
        Blocks of float64 cells, as `Reader.read` gives them.
    """

    rows: int
    rows_before: int
    read: Callable[[], Iterator[list[Cells]]]


class Cut(NamedTuple):
    """Some rows of a table in files, so that another process can find and read them.

    Attributes
    ----------
    file : int
        Which of the files.
    groups : tuple of int or None
        Which of its row groups; None: all of the file.
    rows_before : int or None
        Rows of the table before it; None: not known before they are read.
    rows : int or None
    """

    file: int = 0
    groups: tuple[int, ...] | None = None
    rows_before: int | None = None
    rows: int | None = None


def labels_of(reader: Reader) -> set[str]:
    """Columns that label the rows, and are no features unless they are named."""
    labels: set[str] = getattr(reader, "labels", set())
    return labels


def numeric_columns(reader: Reader) -> list[str]:
    """Columns that are read as numbers, for hints."""
    return [name for name, kind in reader.kinds().items() if kind.is_numeric]
