"""What the columns of a table become in X: numbers as they are, a category as one 0/1 column for each level but one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import MISSING, Labels, as_labels
from gradline.data.columns.level_names import level_names
from gradline.data.readers.reader import Cells
from gradline.data.roles import listed
from gradline.errors import DataError
from gradline.solution import Array

INSISTED = re.compile(r"C\((`?)(?P<column>.+)\1\)", re.DOTALL)
Order: TypeAlias = Literal["C", "F"]


class Layout(NamedTuple):
    """X of some rows, laid out when it is called for: by the thread that needs it, not the one that reads."""

    width: int
    X: Callable[[Order], Array]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table, and what it becomes.

    Attributes
    ----------
    name : str
    kind : Kind
    is_category : bool
    insisted : bool
        Whether the user said so: `C(name)`.
    levels : tuple of str or None
        Of a category, sorted, by number where all are numbers; None before they are known.
    asked_reference : str or None
        The level that the others are compared with, where the user chose one.
    """

    name: str
    kind: Kind = Kind.NUMBER
    is_category: bool = False
    insisted: bool = False
    levels: tuple[str, ...] | None = None
    asked_reference: str | None = None

    @property
    def reference(self) -> str | None:
        """The level that has no column: the one asked for, or the first."""
        return self.asked_reference or (self.levels[0] if self.levels else None)

    @property
    def other_levels(self) -> tuple[str, ...]:
        """Those that have a column."""
        return tuple(level for level in self.levels or () if level != self.reference)

    @property
    def names(self) -> tuple[str, ...]:
        """What its columns of X are called, as patsy and formulaic do.

        Examples
        --------
        >>> Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo", "Rome")).names
        ('city[T.Oslo]', 'city[T.Rome]')
        """
        return tuple(f"{self.name}[T.{level}]" for level in self.other_levels) if self.is_category else (self.name,)

    @property
    def note(self) -> str | None:
        """What a reader of the coefficients needs to know; None of plain numbers.

        Examples
        --------
        >>> Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo", "Rome")).note
        "city: 3 levels, compared with 'Bonn'"
        >>> Column("sold", Kind.DATE).note
        'sold: days since 1970-01-01'
        """
        if self.is_category:
            levels = len(self.levels or ())
            return f"{self.name}: {levels} level{'s'[: levels != 1]}, compared with {self.reference!r}"
        return f"{self.name}: {self.kind.unit}" if self.kind.unit else None

    def with_levels(self, levels: Sequence[str]) -> Column:
        """The same, its levels known.

        Raises
        ------
        DataError
            Where the reference that was asked for is none of them.
        """
        if self.asked_reference is not None and self.asked_reference not in levels:
            there = listed(levels, 8)
            raise DataError(
                f"the reference {self.asked_reference!r} of {self.name!r} does not occur; there are {there}",
                hint=f"reference={{{self.name!r}: {next(iter(levels), '')!r}}}",
            )
        return replace(self, levels=tuple(sorted(levels, key=_by_number(levels))))


@dataclass(frozen=True, slots=True)
class Terms:
    """The columns that X is made of; its levels are known, or a pass will find them.

    Examples
    --------
    >>> city = Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo"))
    >>> terms = Terms((Column("sqft"), city))
    >>> terms.names
    ('sqft', 'city[T.Oslo]')
    >>> cells = {"sqft": np.array([50.0, 80.0]), "city": Labels(np.array([0, 1], dtype=np.int32), ("Oslo", "Bonn"))}
    >>> terms.layout(cells).X("C")
    array([[50.,  1.],
           [80.,  0.]])
    """

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of X."""
        return tuple(name for column in self.columns for name in column.names)

    @property
    def raw(self) -> tuple[str, ...]:
        """Of the columns of the table."""
        return tuple(column.name for column in self.columns)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Of the columns of the table."""
        return {column.name: column.kind for column in self.columns}

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns of the table that are read as labels."""
        return self.categories.raw

    @property
    def known(self) -> bool:
        """Whether all levels are."""
        return all(column.levels is not None for column in self.columns if column.is_category)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the coefficients needs to know of units, origins and references."""
        return tuple(note for column in self.columns if (note := column.note))

    @property
    def categories(self) -> Terms:
        """Those that are categories."""
        return Terms(tuple(column for column in self.columns if column.is_category))

    def renamed(self, cells: Mapping[str, Cells]) -> dict[str, Cells]:
        """The cells, labels of what are numbers called as numbers are: 01 and 1.0 are the level 1, as in Parquet."""
        found = dict(cells)
        for column in self.columns:
            labels = cells.get(column.name)
            if column.kind.is_numeric and isinstance(labels, Labels):
                found[column.name] = labels.renamed(level_names(labels.levels, column.kind))
        return found

    def with_levels(self, levels: Mapping[str, Sequence[str]]) -> Terms:
        """The same, the levels of its categories known; DataError where two columns of X would share a name."""
        columns = (column.with_levels(levels[column.name]) if column.is_category else column for column in self.columns)
        terms = Terms(tuple(columns))
        refuse_shared(terms.names)
        return terms

    def layout(self, cells: Mapping[str, Cells]) -> Layout:
        """X of some rows, (rows, features), laid out when it is called for.

        Raises
        ------
        UnseenLevel
            Where a category has a level that is not known.
        """
        numbers: list[tuple[int, Array]] = []
        slots: list[NDArray[np.intp]] = []
        width = 0
        for column in self.columns:
            if column.is_category:
                place = {level: width + j for j, level in enumerate(column.other_levels)}
                place[column.reference or ""] = MISSING
                slots.append(slots_of(column, cells[column.name], place))
            else:
                numbers.append((width, as_numbers(cells[column.name])))
            width += len(column.names)
        return laid_out(width, numbers, slots)


class UnseenLevel(Exception):  # noqa: N818 - passed to sources, which know the row and the table
    """A level that is not among those known; `index` counts from the first of the rows that were laid out."""

    def __init__(self, column: str, level: str, index: int, known: Sequence[str]) -> None:
        super().__init__(column, level, index)
        self.column, self.level, self.index, self.known = column, level, index, known


def refuse_shared(names: Sequence[str]) -> None:
    """Refuse columns of X that share a name, as a column `city[T.Rome]` does with that level of `city`.

    Raises
    ------
    DataError
    """
    (name, times), *_ = Counter(names).most_common(1) or [("", 0)]
    if times > 1:
        raise DataError(
            f"two columns of X would be called {name!r}", hint="rename the column of the table by that name"
        )


def laid_out(width: int, numbers: Sequence[tuple[int, Array]], slots: Sequence[NDArray[np.intp]]) -> Layout:
    """Numbers in their columns, and a one in the column of each row's level (none where that is -1)."""

    def X(order: Order) -> Array:  # noqa: N802 - as Batch calls it
        rows = len(numbers[0][1]) if numbers else len(slots[0])
        cells = np.zeros((rows, width), order=order) if slots else np.empty((rows, width), order=order)
        for place, column in numbers:
            cells[:, place] = column
        for places in slots:
            hit = np.flatnonzero(places >= 0)
            cells[hit, places[hit]] = 1.0
        return cells

    return Layout(width, X)


def in_order(X: Array, order: Order) -> Array:
    """X in that memory order, a copy only where it has the other."""
    return np.asarray(X, order=order)


def slots_of(column: Column, cells: Cells, place: Mapping[str, int]) -> NDArray[np.intp]:
    """The column of X that each row has a one in, by where its level has its place; -1: none.

    Raises
    ------
    UnseenLevel
        Where a level has no place.
    """
    labels = as_labels(cells)
    known = np.array([place.get(level, len(place) + 2**31) for level in labels.levels] + [MISSING], dtype=np.intp)
    slots: NDArray[np.intp] = known[labels.codes]
    if (slots >= 2**31).any():
        index = int((slots >= 2**31).argmax())
        raise UnseenLevel(column.name, labels.levels[labels.codes[index]], index, column.levels or ())
    return slots


def as_numbers(cells: Cells) -> Array:
    """Cells that were read as numbers."""
    assert not isinstance(cells, Labels)
    return cells


def _by_number(levels: Sequence[str]) -> Callable[[str], Any]:
    try:
        numbers = {level: (float(level), level) for level in levels}
    except ValueError:
        return str
    # NaN has no place in an order.
    return str if any(math.isnan(number) for number, _ in numbers.values()) else numbers.__getitem__
