"""Rows to predict: the features alone, found by name, every row in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import rows_at_once
from gradline.data.cells import NotANumber
from gradline.data.columns.design import Design
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import as_labels
from gradline.data.columns.terms import UnseenLevel
from gradline.data.readers.many import ManyReader
from gradline.data.readers.reader import Cells, Reader
from gradline.data.roles import Roles, find_column, listed, not_a_number
from gradline.data.table_source import BATCH_ROWS
from gradline.data.tally import Tally
from gradline.data.usable import taken
from gradline.errors import DataError
from gradline.solution import Array


@dataclass(slots=True)
class FeatureTable:
    """A table as rows of X, in whatever order its columns are, with whatever others beside them.

    Attributes
    ----------
    name : str
    blank : int
        Rows of NaN that the last pass gave: those with a missing or infinite cell, or a level that the fit never met.
    unseen : dict of str to str
        Of each column with such levels the first one.
    """

    reader: Reader
    design: Design
    found: dict[str, str]
    missing: Literal["error", "blank"] = "error"
    advice: str = "leave such rows out"
    blank: int = field(default=0, init=False)
    unseen: dict[str, str] = field(default_factory=dict, init=False)

    @classmethod
    def of(
        cls,
        reader: Reader,
        design: Design,
        missing: Literal["error", "blank"] = "error",
        advice: str = "leave such rows out",
    ) -> FeatureTable:
        """A table that has the columns which the design starts from.

        `advice` is what to do about rows that cannot be predicted.

        Raises
        ------
        DataError
            Where columns are absent: all of them are named. Where there are none to look for.
        """
        if not design.raw:
            raise DataError(
                "the model has no features, and predicts the same for every row",
                hint="gradline summary shows what: its intercept",
            )
        have = {str(name).strip() for name in reader.column_names}
        absent = [name for name in design.raw if name.strip() not in have]
        if len(absent) > 1:
            raise DataError(
                f"{reader.name} has no columns {listed(absent)}; it has {listed(reader.column_names)}",
                hint=f"the model needs the columns it was fitted to: {listed(list(design.raw))}",
            )
        found = {name: find_column(reader.name, reader.column_names, name) for name in design.raw}
        if isinstance(reader, ManyReader):
            reader.agree(tuple(found.values()))
        return cls(reader, design, found, missing, advice)

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.reader.name

    def blocks(self) -> Iterator[Array]:
        """Start a pass: X (rows, features), all rows in their order; under "blank" an unusable one is all NaN.

        Raises
        ------
        DataError
            Where a cell holds no number; under "error" also where one is missing or infinite, after counting them all,
            or a category has a level that the fit never met.
        """
        tally = Tally()
        self.blank, self.unseen = 0, {}
        names = list(self.found.values())
        others = self._of_another_kind()
        texts = [self.found[name] for name in self.design.texts if name in self.found]
        try:
            for block in self.reader.read(names, BATCH_ROWS, texts):
                first = tally.rows_read
                cells = self.design.categories.renamed(dict(zip(self.found, block, strict=True)))
                good = tally.usable(names, [cells[name] for name in self.found])
                if self.missing == "error" and tally.rows_dropped:
                    continue  # read on, to count them all before saying so
                for name, error in others.items():
                    if not as_labels(cells[name]).missing.all():
                        raise error
                rows, step = len(block[0]), rows_at_once(len(self.design.names))
                for start in range(0, rows, step):
                    part = slice(start, start + step)
                    usable = np.arange(rows)[part] if good is None else np.arange(rows)[part][good[part]]
                    some = {name: taken(column, usable) for name, column in cells.items()}
                    X = np.full((min(step, rows - start), len(self.design.names)), np.nan)
                    self._lay_out(X, some, usable - start, first + start)
                    yield X
        except NotANumber as cell:
            # The columns are those of the model: there are no others to advise.
            roles = Roles(tuple(names), "", None)
            raise not_a_number(cell, cell.table or self.name, roles, ()) from None
        if self.missing == "error" and tally.rows_dropped:
            raise DataError(
                tally.error(self.name).message,
                hint=f"fill the cells; or {self.advice}",
            )

    def _of_another_kind(self) -> dict[str, DataError]:
        """What to say of numbers in columns that hold them in another unit than those of the fit."""
        kinds, errors = self.reader.kinds(), {}
        for name, kind in self.design.kinds.items():
            if name not in self.found or not kind.is_numeric:
                continue
            here = kinds[self.found[name]]
            if here is not kind and here.is_numeric and not {here, kind} <= {Kind.NUMBER, Kind.BOOLEAN}:
                errors[name] = DataError(
                    f"column {self.found[name]!r} of {self.name} is of kind {here.value!r}, but the fit was to one of "
                    f"kind {kind.value!r}: {kind.unit or 'plain numbers'}",
                    hint="give the column the type it had in the fit",
                )
        return errors

    def _lay_out(self, X: Array, cells: Mapping[str, Cells], rows: NDArray[np.intp], before: int) -> None:
        """Fill those rows of X that can be."""
        if self.missing == "blank":
            cells, rows = self._met(cells, rows)
        if len(rows):
            try:
                computed = self.design.layout(cells).X("C")
            except UnseenLevel as unseen:
                raise DataError(
                    f"column {unseen.column!r} of {self.name} holds the level {unseen.level!r} in row "
                    f"{before + rows[unseen.index] + 1}, which the fit never met; it knows {listed(unseen.known, 8)}",
                    hint=self.advice,
                ) from None
            finite = np.isfinite(computed).all(axis=1)
            if self.missing == "error" and not finite.all():
                row, column = np.argwhere(~np.isfinite(computed))[0]
                raise DataError(
                    f"{self.design.names[column]!r} is {computed[row, column]} in row {before + rows[row] + 1} of "
                    f"{self.name}",
                    hint=self.advice,
                )
            rows = rows[finite]
            X[rows] = computed[finite]
        self.blank += len(X) - len(rows)

    def _met(self, cells: Mapping[str, Cells], rows: NDArray[np.intp]) -> tuple[Mapping[str, Cells], NDArray[np.intp]]:
        """The rows whose levels the fit has met; of each column with others the first is noted."""
        for column in self.design.categories.columns:
            if column.name not in cells:  # a formula's left side
                continue
            labels, levels = as_labels(cells[column.name]), set(column.levels or ())
            met = np.array([level in levels for level in labels.levels] + [True])[labels.codes]
            if not met.all():
                self.unseen.setdefault(column.name, labels.levels[labels.codes[int(met.argmin())]])
                index = np.flatnonzero(met)
                cells, rows = {name: taken(c, index) for name, c in cells.items()}, rows[index]
        return cells, rows
