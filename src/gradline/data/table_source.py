"""Rows of a table outside memory as a source."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradline.data.batch import Batch
from gradline.data.blocks import ColumnBatch, Rows, batches_of, check_rows, stacked
from gradline.data.cells import NotANumber
from gradline.data.reader import Reader, numeric_columns
from gradline.data.roles import Roles, not_a_number
from gradline.data.tally import Missing, Tally, check_missing
from gradline.errors import DataError
from gradline.solution import Array

BATCH_ROWS = 65_536


class TableSource:
    """Rows of a table outside memory, read afresh at each pass in constant memory.

    Attributes
    ----------
    feature_names, target_name, name
        As `gradline.data.source.Source` has them.
    rows_read, rows_dropped : int
        Rows that the last complete pass met, and how many of them it left out (`missing="drop"`).
    dropped : dict of str to int
        The latter by column; a row with two unusable cells counts under both columns.
    """

    def __init__(
        self, reader: Reader, roles: Roles, *, missing: Missing = "error", batch_rows: int = BATCH_ROWS
    ) -> None:
        check_missing(missing)
        check_rows(batch_rows)
        self.reader = reader
        self.roles = roles
        self.missing = missing
        self.batch_rows = batch_rows
        self.name = reader.name
        self.feature_names = roles.features
        self.target_name = roles.target
        self._tally = Tally()

    @property
    def rows_read(self) -> int:
        """Rows that the last complete pass met."""
        return self._tally.rows_read

    @property
    def rows_dropped(self) -> int:
        """Rows that the last complete pass left out."""
        return self._tally.rows_dropped

    @property
    def dropped(self) -> dict[str, int]:
        """Rows left out, by the column whose cell was unusable."""
        return self._tally.dropped

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass: batches of exactly `rows` rows (None: blocks as they come, about `batch_rows`).

        `shuffle` permutes the rows within consecutive windows of 262 144 rows (or `rows`, if that is more), so memory
        stays constant: a file sorted by some column is still visited in that order, window by window.
        """
        check_rows(rows)
        blocks = self._usable_columns()
        if rows is None and shuffle is None:
            yield from (ColumnBatch.of_columns(*block) for block in blocks)
        else:
            yield from batches_of((Rows(stacked(X), y, weight) for X, y, weight in blocks), rows, shuffle)

    def _usable_columns(self) -> Iterator[tuple[list[Array], Array, Array | None]]:
        """Features, target and weight of the rows that count, block by block.

        Raises where a cell is unusable and may not be dropped, once all rows are read.
        """
        tally = Tally()
        used = False
        for block in self._blocks():
            start = tally.rows_read
            good = tally.usable(self.roles.columns, block)
            columns = dict(zip(self.roles.columns, block, strict=True))
            if self.missing == "error" and tally.rows_dropped:
                continue  # read on, to count them all before saying so
            weight = None if self.roles.weight is None else columns[self.roles.weight]
            if weight is not None:
                negative = np.flatnonzero(weight < 0)
                if negative.size:
                    raise DataError(
                        f"weight {self.roles.weight!r} of {self.name} is negative: {weight[negative[0]]} in row "
                        f"{start + negative[0] + 1}"
                    )
                if not weight.all():
                    good = (weight > 0) if good is None else good & (weight > 0)
            if good is not None:
                index = np.flatnonzero(good)
                columns = {name: np.take(column, index) for name, column in columns.items()}
                weight = None if weight is None else np.take(weight, index)
            y = columns[self.roles.target]
            if len(y):
                used = True
                yield [columns[name] for name in self.roles.features], y, weight
        if self.missing == "error" and tally.rows_dropped:
            raise tally.error(self.name)
        if not used:
            raise tally.empty(self.name)
        self._tally = tally

    def _blocks(self) -> Iterator[list[Array]]:
        try:
            yield from self.reader.read(self.roles.columns, self.batch_rows)
        except NotANumber as cell:
            raise not_a_number(cell, cell.table or self.name, self.roles, numeric_columns(self.reader)) from None
