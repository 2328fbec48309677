"""From blocks of columns to batches: which column plays which part, which rows are usable, how many rows at a time."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch, rows_at_once
from gradline.data.cells import NotANumber, all_finite
from gradline.data.reader import Reader, numeric_columns
from gradline.data.sparse import dense, is_sparse, suspects
from gradline.errors import DataError
from gradline.solution import Array

Missing = Literal["error", "drop"]

BATCH_ROWS = 65_536
WINDOW_ROWS = 262_144
LISTED = 6


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns are the features, the target and the weight."""

    features: tuple[str, ...]
    target: str
    weight: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        every = (*self.features, self.target) + ((self.weight,) if self.weight else ())
        return tuple(dict.fromkeys(every))

    @classmethod
    def of(
        cls,
        table: str,
        column_names: Sequence[str],
        *,
        target: str | None,
        features: Sequence[str] | None = None,
        weight: str | None = None,
    ) -> Roles:
        """Find the columns asked for; `features=None` takes every column but the target and the weight.

        Raises
        ------
        DataError
            Where a column is absent (with the nearest name), asked for twice, or its name occurs twice in the table.
        """
        if target is None:
            raise DataError(
                f"which column of {table} is the target? It has {listed(column_names)}",
                hint=f"target={column_names[-1]!r}" if column_names else None,
            )
        target = find_column(table, column_names, target)
        weight = None if weight is None else find_column(table, column_names, weight)
        if weight == target:
            raise DataError(f"column {target!r} of {table} cannot be both the target and the weight")
        if features is None:
            for position, name in enumerate(column_names, 1):
                if not name:
                    raise DataError(
                        f"column {position} of {table} has no name",
                        hint=f"say which columns to use: features={[c for c in column_names if c and c != target]}",
                    )
            chosen = [name for name in column_names if name not in (target, weight)]
            chosen = [find_column(table, column_names, name) for name in chosen]
        else:
            asked = [features] if isinstance(features, str) else list(features)
            chosen = [find_column(table, column_names, name) for name in asked]
        if target in chosen:
            raise DataError(f"column {target!r} of {table} cannot be both the target and a feature")
        twice = [name for name in chosen if chosen.count(name) > 1]
        if twice:
            raise DataError(f"feature {twice[0]!r} is listed {chosen.count(twice[0])} times")
        if not chosen:
            raise DataError(f"no features: {table} has no column beside {target!r} to learn from")
        return cls(tuple(chosen), target, weight)


def find_column(table: str, column_names: Sequence[str], asked: str) -> str:
    """Return the name as the table has it, padding aside; an absent or ambiguous one is a DataError."""
    name = str(asked)
    found = [column for column in column_names if column == name]
    found = found or [column for column in column_names if column.strip() == name.strip()]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{table} has {len(found)} columns named {name!r}", hint="give each column a name of its own")
    folded = {str(c).casefold(): c for c in column_names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean {folded[near[0]]!r}?" if near else None
    if column_names and all(map(_reads_as_number, column_names)):
        hint = f"the first line of {table} looks like data: gradline reads column names from it"
    raise DataError(f"no column {name!r} in {table}; it has {listed(column_names)}", hint=hint)


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names as a Python list, cut where there are too many to read."""
    if len(names) <= most:
        return repr(list(names))
    return f"{repr(list(names[:most]))[:-1]}, ... {len(names) - most} more]"


def _reads_as_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


class ColumnBatch(Batch):
    """A batch whose rows are laid out when X is first asked for: by the thread that uses it, not the one that reads."""

    __slots__ = ("_rows",)
    _rows: Array | list[Array]

    @classmethod
    def of_columns(cls, columns: list[Array], y: Array, weight: Array | None = None) -> Batch:
        """As `Batch.of`, from one array a feature.

        Examples
        --------
        >>> ColumnBatch.of_columns([np.array([1.0, 2.0]), np.array([3.0, 4.0])], np.zeros(2)).X.tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
        share = Batch.of(np.empty((len(y), 0)), y, weight).share
        return cls(cast(Array, columns), y, weight, share)

    @property
    def X(self) -> Array:  # noqa: N802 - as Batch calls it
        """The rows, (rows, features)."""
        if isinstance(self._rows, list):
            object.__setattr__(self, "X", stacked(self._rows))
        return cast(Array, self._rows)

    @X.setter
    def X(self, rows: Array) -> None:  # noqa: N802
        object.__setattr__(self, "_rows", rows)


class Rows(NamedTuple):
    """Some rows, checked, without the shares of the mean loss that a Batch has; X may be a CSR matrix until `dense`."""

    X: Any
    y: Array
    weight: Array | None

    def part(self, start: int, stop: int) -> Rows:
        """Rows start <= i < stop, as views."""
        return Rows(self.X[start:stop], self.y[start:stop], None if self.weight is None else self.weight[start:stop])

    def pick(self, index: NDArray[np.intp]) -> Rows:
        """Those rows, in that order; np.take gathers rows several times faster than X[index]."""
        return Rows(
            self.X[index] if is_sparse(self.X) else np.take(self.X, index, axis=0),
            np.take(self.y, index),
            None if self.weight is None else np.take(self.weight, index),
        )

    def dense(self) -> Rows:
        """The same rows, X as an array."""
        return Rows(dense(self.X), self.y, self.weight)

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """All rows of the parts, in order."""
        if len(parts) == 1:
            return parts[0]
        weights = [part.weight for part in parts if part.weight is not None]
        return cls(
            np.concatenate([part.X for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate(weights) if weights else None,
        )


def regroup(blocks: Iterable[Rows], rows: int) -> Iterator[Rows]:
    """The same rows in the same order, exactly `rows` at a time; only the last group may be smaller, none is empty."""
    waiting: list[Rows] = []
    lacking = rows
    for block in blocks:
        start = 0
        while len(block.y) - start >= lacking:
            waiting.append(block.part(start, start + lacking))
            start += lacking
            yield Rows.joined(waiting)
            waiting, lacking = [], rows
        if start < len(block.y):
            waiting.append(block.part(start, len(block.y)))
            lacking -= len(block.y) - start
    if waiting:
        yield Rows.joined(waiting)


def shuffled(blocks: Iterable[Rows], window: int, generator: np.random.Generator) -> Iterator[Rows]:
    """The same rows, permuted within consecutive windows of `window` rows."""
    for group in regroup(blocks, window):
        yield group.pick(generator.permutation(len(group.y)))


def batches_of(blocks: Iterable[Rows], rows: int | None, shuffle: np.random.Generator | None) -> Iterator[Batch]:
    """A stream of blocks as batches of exactly `rows` rows (None: as they come).

    `shuffle` permutes the rows within windows of `WINDOW_ROWS` (or `rows`, if that is more), so memory stays constant.
    """
    if shuffle is not None:
        blocks = shuffled(blocks, max(WINDOW_ROWS, rows or 0), shuffle)
    if rows is not None:
        blocks = regroup(blocks, rows)
    for block in blocks:
        yield Batch.of(*block)


@dataclass
class Tally:
    """What one pass met: rows read, and the cells that hold no finite number."""

    rows_read: int = 0
    rows_dropped: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    first_row: dict[str, int] = field(default_factory=dict)

    def usable(self, names: Sequence[str], columns: Sequence[Array]) -> NDArray[np.bool_] | None:
        """Count the next rows; return which of them hold finite numbers only (None: all of them)."""
        rows = len(columns[0])
        good: NDArray[np.bool_] | None = None
        for name, column in zip(names, columns, strict=True):
            if all_finite(column):
                continue
            finite = np.isfinite(column)
            missing = int(np.isnan(column).sum())
            infinite = rows - int(finite.sum()) - missing
            self.missing[name] = self.missing.get(name, 0) + missing
            self.infinite[name] = self.infinite.get(name, 0) + infinite
            self.first_row.setdefault(name, self.rows_read + int(finite.argmin()) + 1)
            good = finite if good is None else good & finite
        self.rows_read += rows
        if good is not None:
            self.rows_dropped += rows - int(good.sum())
        return good

    @property
    def dropped(self) -> dict[str, int]:
        """Rows with an unusable cell, by column; a row with two such cells counts under both."""
        return {name: self.missing[name] + self.infinite[name] for name in self.first_row}

    def error(self, table: str) -> DataError:
        """Say which columns hold how many unusable cells, and where the first is."""
        found = []
        for name, row in self.first_row.items():
            kinds = [(self.missing[name], "missing (NaN)"), (self.infinite[name], "infinite (inf)")]
            cells = " and ".join(f"{count} {kind}" for count, kind in kinds if count)
            plural = "s" if self.dropped[name] > 1 else ""
            found.append(f"column {name!r} has {cells} cell{plural}, the first in row {row}")
        more = [f"and {len(found) - LISTED} more columns"] if len(found) > LISTED else []
        return DataError(
            f"{table} has cells that hold no number: {'; '.join(found[:LISTED] + more)}",
            hint=f"fill the cells, leave out these {self.rows_dropped} of {self.rows_read} rows "
            "(missing='drop' does so and counts them), or use other columns",
        )

    def empty(self, table: str) -> DataError:
        """Say why nothing is left to fit."""
        if self.rows_read == 0:
            return DataError(f"{table} has column names but no rows")
        if self.rows_dropped == self.rows_read:
            return DataError(f"every one of the {self.rows_read} rows of {table} has a missing cell: {self.dropped}")
        return DataError(f"every usable row of {table} has weight zero")


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


def stacked(columns: Sequence[Array]) -> Array:
    """One column beside the other, (rows, columns), each row contiguous."""
    X = np.empty((len(columns[0]), len(columns)))
    for j, column in enumerate(columns):
        X[:, j] = column
    return X


def check_rows(rows: int | None) -> None:
    """Refuse batches of no rows."""
    if rows is not None and rows < 1:
        raise DataError(f"a batch of {rows} rows holds nothing", hint="give at least 1, or None for blocks that suit")


def check_missing(missing: str) -> None:
    """Refuse a way of handling missing cells that does not exist."""
    if missing not in ("error", "drop"):
        raise DataError(f"missing={missing!r} is not known", hint="missing='error' or missing='drop'")


def not_a_number(cell: NotANumber, table: str, roles: Roles, numeric: Sequence[str]) -> DataError:
    """Turn a cell into the sentence for the user, with the columns that could be used instead."""
    others = [name for name in numeric if name not in (roles.target, roles.weight, cell.column)]
    hint = cell.hint
    if hint is None and cell.column in roles.features and others:
        hint = f"use the numeric columns: features={listed(others, 12)}"
    return DataError(f"column {cell.column!r} of {table} holds {cell.what} in row {cell.row}", hint=hint)
