"""Which rows are usable, and what was wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import rows_at_once
from gradline.data.cells import all_finite
from gradline.data.columns.labels import Labels
from gradline.data.readers.reader import Cells
from gradline.data.sparse import dense, is_sparse, suspects
from gradline.errors import DataError
from gradline.solution import Array

Missing = Literal["error", "drop"]

LISTED = 6
OF_A_SOURCE = "open_source(..., missing='drop')"
OF_AN_ESTIMATOR = "missing='drop'"


@dataclass
class Tally:
    """What one pass met: rows read, and the cells that hold no finite number.

    Attributes
    ----------
    rows_read, rows_dropped, weightless : int
    missing, infinite : dict of str to int
        Cells, by column.
    first_row : dict of str to int
        Of each such column the first row.
    joined : sequence of int
        Where several were made one (`then`): the rows read by each of them, in their order; else empty.
    """

    rows_read: int = 0
    rows_dropped: int = 0
    weightless: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    first_row: dict[str, int] = field(default_factory=dict)
    joined: Sequence[int] = ()

    def usable(
        self, names: Sequence[str], columns: Sequence[Cells], numbers: NDArray[np.intp] | None = None
    ) -> NDArray[np.bool_] | None:
        """Count the next rows; return which of them hold finite numbers and levels only (None: all of them).

        `numbers` says which rows they are, where these were counted before and only the columns are new.
        """
        rows = len(columns[0])
        good: NDArray[np.bool_] | None = None
        for name, column in zip(names, columns, strict=True):
            if isinstance(column, Labels):
                if not column.missing.any():
                    continue
                finite, missing = ~column.missing, int(column.missing.sum())
            elif all_finite(column):
                continue
            else:
                finite, missing = np.isfinite(column), int(np.isnan(column).sum())
            infinite = rows - int(finite.sum()) - missing
            first = int(finite.argmin())
            self.missing[name] = self.missing.get(name, 0) + missing
            self.infinite[name] = self.infinite.get(name, 0) + infinite
            self.first_row.setdefault(name, self.rows_read + first + 1 if numbers is None else int(numbers[first]))
            good = finite if good is None else good & finite
        self.rows_read += rows if numbers is None else 0
        if good is not None:
            self.rows_dropped += rows - int(good.sum())
        return good

    def passed(self, rows: int) -> None:
        """Count the next rows without a look at them."""
        self.rows_read += rows

    def then(self, other: Tally) -> Tally:
        """These rows, and after them those of `other`.

        Examples
        --------
        >>> first, second = Tally(rows_read=10), Tally(5, 1, 0, {"x": 1}, {"x": 0}, {"x": 3})
        >>> first.then(second).first_row
        {'x': 13}
        """
        both = Tally(
            self.rows_read + other.rows_read,
            self.rows_dropped + other.rows_dropped,
            self.weightless + other.weightless,
            joined=(*self.each_read, *other.each_read),
        )
        for name in (*self.first_row, *other.first_row):
            both.missing[name] = self.missing.get(name, 0) + other.missing.get(name, 0)
            both.infinite[name] = self.infinite.get(name, 0) + other.infinite.get(name, 0)
            row = self.first_row.get(name)
            both.first_row[name] = self.rows_read + other.first_row[name] if row is None else row
        return both

    @property
    def each_read(self) -> Sequence[int]:
        """The rows read by each of those that were made one, or by this one alone."""
        return self.joined or (self.rows_read,)

    @property
    def used(self) -> int:
        """Rows that count."""
        return self.rows_read - self.rows_dropped - self.weightless

    @property
    def dropped(self) -> dict[str, int]:
        """Rows with an unusable cell, by column; a row with two such cells counts under both."""
        return {name: self.missing[name] + self.infinite[name] for name in self.first_row}

    def error(self, table: str, leaves_out: str | None = OF_A_SOURCE) -> DataError:
        """Say which columns hold how many unusable cells, and where the first is.

        `leaves_out` is what leaves such rows out, as Python; None: nothing does.
        """
        found = []
        for name, row in self.first_row.items():
            kinds = [(self.missing[name], "missing (NaN)"), (self.infinite[name], "infinite (inf)")]
            cells = " and ".join(f"{count} {kind}" for count, kind in kinds if count)
            plural = "s" if self.dropped[name] > 1 else ""
            found.append(f"column {name!r} has {cells} cell{plural}, the first in row {row}")
        more = [f"and {len(found) - LISTED} more columns"] if len(found) > LISTED else []
        message = f"{table} has cells that hold no number: {'; '.join(found[:LISTED] + more)}"
        if self.rows_dropped == self.rows_read:
            return DataError(message, hint="no row is without them: fill the cells, or use other columns")
        rows = f"leave out these {self.rows_dropped} of {self.rows_read} rows"
        if leaves_out is None:
            return DataError(message, hint=f"fill the cells, or {rows}")
        return DataError(
            message, hint=f"fill the cells, {rows} ({leaves_out} does so and counts them), or use other columns"
        )

    def empty(self, table: str) -> DataError:
        """Say why nothing is left to fit."""
        if self.rows_read == 0:
            return DataError(
                f"{table} has column names but no rows", hint="was a file cut off, or did a filter keep none of them?"
            )
        if self.rows_dropped == self.rows_read:
            return DataError(
                f"every one of the {self.rows_read} rows of {table} has a missing cell: {self.dropped}",
                hint="fill the cells, or leave out the columns that are never complete",
            )
        return DataError(
            f"every usable row of {table} has weight zero", hint="some weight must be more than zero, or use none"
        )


def unusable(names: Sequence[str], X: Any, *others: Array) -> tuple[Tally, NDArray[np.bool_] | None]:
    """Count the cells of X (an array or CSR) and of other columns that hold no finite number, under those names.

    Also returns which rows hold finite numbers only (None: all of them).
    """
    rows, features = X.shape
    sparse = is_sparse(X)
    if all_finite(X.data if sparse else X) and all(map(all_finite, others)):
        return Tally(rows_read=rows), None
    tally, good = Tally(), np.ones(rows, dtype=np.bool_)
    step = rows_at_once(features) if sparse else rows
    for start in range(0, rows, step):
        part = slice(start, start + step)
        block = X[part]
        columns = suspects(block) if sparse else range(features)
        if sparse:
            block = dense(block[:, columns])
        looked_at = [*(names[j] for j in columns), *names[features:]]
        if not looked_at:
            tally.rows_read += block.shape[0]
            continue
        some = tally.usable(looked_at, [*block.T, *(other[part] for other in others)])
        if some is not None:
            good[part] = some
    return tally, good


def check_missing(missing: str) -> None:
    """Refuse a way of handling missing cells that does not exist."""
    if missing not in ("error", "drop"):
        raise DataError(f"missing={missing!r} is not known", hint="missing='error' or missing='drop'")
