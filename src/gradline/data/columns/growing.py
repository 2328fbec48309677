"""Columns of X whose levels are found on the way, and columns of text that are no categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradline.data.columns.labels import Labels, as_labels
from gradline.data.columns.terms import Column, Layout, Terms, as_numbers, laid_out, slots_of
from gradline.data.readers.reader import Cells
from gradline.data.roles import as_category, naming
from gradline.errors import DataError
from gradline.solution import Array

MOST_LEVELS = 1000
FEW_LEVELS = 10
LONGEST_LEVEL = 200
SPARE = 1 / 4  # columns kept for levels not yet met, each time some are met: few widths, and little room wasted


@dataclass
class Growing:
    """Columns of X whose levels are found on the way: a new level takes a column that was zero in all rows before.

    Numbers come first, then the levels of all categories in the order they were met, then columns kept free for those
    to come. `order` says where the columns of `terms`, once all are known, are to be found. `features` are all that
    there are, for hints; none in a formula. Of `some` rows of a table only, nothing is said about how many different
    levels are too many for its rows.

    Examples
    --------
    >>> from gradline.data.columns.kinds import Kind
    >>> growing = Growing(Terms((Column("city", Kind.TEXT, is_category=True),)), "sales")
    >>> for level in ("Rome", "Bonn"):
    ...     row = {"city": Labels(np.zeros(1, dtype=np.int32), (level,))}
    ...     growing.meet(row)
    ...     growing.layout(row).X("C").tolist()
    [[1.0]]
    [[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    >>> growing.known().names, growing.order()
    (('city[T.Rome]',), [0])
    """

    terms: Terms
    table: str
    features: Sequence[str] = ()
    some: bool = False
    width: int = field(init=False)
    rows: int = field(default=0, init=False)
    _used: int = field(init=False)
    _slots: dict[str, dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._slots = {column.name: {} for column in self.terms.columns if column.is_category}
        self._used = self.width = len(self.terms.columns) - len(self._slots)

    def meet(self, cells: Mapping[str, Cells]) -> None:
        """Make room for the levels of the next rows.

        Raises
        ------
        DataError
            Where a column turns out to be a key or free text, and nobody insisted on it.
        """
        for column in self.terms.columns:
            if column.is_category:
                self._meet(column, as_labels(cells[column.name]))
        first = self.rows == 0
        self.rows += len(next(iter(cells.values())))
        if self._used > self.width:
            self.width = self._used if first else self._used + max(8 - self._used, int(self._used * SPARE))

    def layout(self, cells: Mapping[str, Cells]) -> Layout:
        """X of rows that were met, as wide as it has become."""
        numbers: list[tuple[int, Array]] = []
        slots = []
        for column in self.terms.columns:
            if column.is_category:
                slots.append(slots_of(column, cells[column.name], self._slots[column.name]))
            else:
                numbers.append((len(numbers), as_numbers(cells[column.name])))
        return laid_out(self.width, numbers, slots)

    def known(self) -> Terms:
        """The terms with the levels met; raises as `levels` and `Column.with_levels` do."""
        return self.terms.with_levels(self.levels())

    def levels(self) -> dict[str, list[str]]:
        """Those met, by category, once all rows were.

        Raises
        ------
        DataError
            As `meet`.
        """
        met = {name: list(slots) for name, slots in self._slots.items()}
        if not self.some:
            refuse_keys(self.terms, met, self.rows, self.table, self.features)
        return met

    def order(self) -> list[int]:
        """For each column of X of the known terms, where it is among these."""
        places: list[int] = []
        numbers = iter(range(self.width))
        for column in self.known().columns:
            if column.is_category:
                places += [self._slots[column.name][level] for level in column.other_levels]
            else:
                places.append(next(numbers))
        return places

    def _meet(self, column: Column, labels: Labels) -> None:
        """Give a column of X to each level that occurs for the first time."""
        slots = self._slots[column.name]
        occurring = np.bincount(labels.codes + 1, minlength=len(labels.levels) + 1)[1:]
        for level, count in zip(labels.levels, occurring.tolist(), strict=True):
            if count and level not in slots:
                slots[level] = self._used
                self._used += 1
                if not column.insisted and len(level) > LONGEST_LEVEL:
                    what = f"free text: one cell has {len(level):,} characters"
                    raise no_category(column, what, self.table, self.features)
        if not column.insisted:
            refuse_too_many(column, len(slots), self.rows + len(labels), self.table, self.features)


def refuse_keys(
    terms: Terms, levels: Mapping[str, Sequence[str]], rows: int, table: str, features: Sequence[str]
) -> None:
    """Refuse a category with nearly as many levels as rows, once all rows were met, where nobody insisted on it.

    Raises
    ------
    DataError
    """
    for column in terms.columns:
        count = len(levels.get(column.name, ()))
        every_row = count == rows > 2
        if not column.insisted and (every_row or count > max(FEW_LEVELS, rows / 2)):
            what = f"a key: it holds {count:,} different texts in {rows:,} rows"
            raise no_category(column, what, table, features)


def refuse_too_many(column: Column, levels: int, rows: int, table: str, features: Sequence[str]) -> None:
    """Refuse a category that has more levels by now than any category should.

    Raises
    ------
    DataError
    """
    if levels > MOST_LEVELS:
        what = f"a key or free text: {levels:,} different texts in the first {rows:,} rows"
        raise no_category(column, what, table, features)


def no_category(column: Column, what: str, table: str, features: Sequence[str]) -> DataError:
    """The error that says so; `features` are all that there are, none in a formula."""
    others = [name for name in features if name != column.name]
    leave = f"leave it out, {naming(others)}; or " if others else ""
    where = "among the features" if features else "in the formula"
    return DataError(
        f"column {column.name!r} of {table} looks like {what}",
        hint=f"{leave}insist on a coefficient for each of them with {as_category(column.name)!r} {where}",
    )
