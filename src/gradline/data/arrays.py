"""Rows in memory as a source."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch, rows_at_once
from gradline.data.blocks import LazyBatch, Rows, check_rows, regroup, stacked
from gradline.data.cells import NotANumber, a_kind
from gradline.data.float_arrays import as_features, as_target, as_weight, check_whole
from gradline.data.groups import ByArray, ByColumn, Grouping, Numbers, Seen
from gradline.data.roles import Roles, not_a_number
from gradline.data.sparse import check_dense_size, dense, is_sparse
from gradline.data.statistics import S
from gradline.data.tables import Table, as_table, default_names
from gradline.data.tally import OF_A_SOURCE, OF_AN_ESTIMATOR, Missing, Tally, check_missing, unusable
from gradline.data.weighting import Weighting, Weights
from gradline.errors import DataError


class ArraySource:
    """Rows in memory as a source.

    Parameters
    ----------
    X, y, weight
        As `as_features`, `as_target` and `as_weight` take them. Rows of weight 0 are left out.
    feature_names : sequence of str or None
        None: the names X has, or else x0, x1, ...
    target_name : str
    weight_name : str
        What to call the weights in messages.
    name : str
        What to call it all in messages and reports.
    missing : {"error", "drop"}
        What to do with rows that hold a missing or infinite cell.
    look : bool
        False puts the look for such cells off until `refuse_missing`, for a caller whose sums find them at no cost.
        Ignored with weights, or where rows are to be dropped.
    frequencies : bool
        Whether a weight says how many rows a row stands for (a whole number), rather than how precise it is.
    table : Table, optional
        Where the rows are from: its other columns may group them.
    leaves_out : str or None
        What leaves out rows with missing cells, for messages: see `gradline.data.tally.Tally.error`.

    Attributes
    ----------
    X : (rows, features) float64
        Of a sparse matrix: the same in CSR. Its batches are dense, made from some `rows_at_once` rows at a time.
    y : (rows,) float64
    weight : (rows,) float64 or None
    rows_read, rows_dropped : int
        Rows given, and how many of them had an unusable cell (`missing="drop"`).
    dropped : dict of str to int
        The latter by column; a row with two unusable cells counts under both columns.

    Examples
    --------
    >>> source = ArraySource([[1.0], [3.0], [10.0]], [2.0, 6.0, 20.0])
    >>> [batch.y.tolist() for batch in source.batches(2)]
    [[2.0, 6.0], [20.0]]
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        weight: Any = None,
        *,
        feature_names: Sequence[str] | None = None,
        target_name: str = "y",
        weight_name: str = "sample_weight",
        name: str = "X, y",
        missing: Missing = "error",
        look: bool = True,
        frequencies: bool = False,
        table: Table | None = None,
        leaves_out: str | None = OF_AN_ESTIMATOR,
    ) -> None:
        check_missing(missing)
        self._leaves_out = leaves_out
        features, names = as_features(X, finite=False)
        target = as_target(y, finite=False)
        if features.shape[0] != len(target):
            raise DataError(f"X has {features.shape[0]} rows but y has {len(target)}")
        told = weight_name if table is None else f"weight {weight_name!r} of {name}"
        weights = as_weight(weight, len(target), finite=False, name=told)
        if frequencies and weights is not None:
            check_whole(weights, told)
        self.frequencies = frequencies
        self.feature_names = tuple(feature_names or names or default_names(features.shape[1]))
        if len(self.feature_names) != features.shape[1]:
            raise DataError(f"{len(self.feature_names)} feature names for {features.shape[1]} columns")
        self.target_name, self.weight_name, self.name = target_name, weight_name, name
        self.X, self.y, self.weight = rows = Rows(features, target, weights)
        self._table = table
        self._used: Numbers | None = None  # of the rows given; None: all
        look = look or missing == "drop" or weights is not None
        tally, good = self._usable() if look else (Tally(rows_read=len(target)), None)
        if good is not None and missing == "error":
            raise tally.error(name, leaves_out)
        zero = np.zeros(0, dtype=np.bool_)
        if weights is not None and not weights.all():
            zero = weights == 0 if good is None else good & (weights == 0)
            good = weights > 0 if good is None else good & (weights > 0)
        if good is not None:
            self._used = np.flatnonzero(good)
            rows = rows.pick(self._used)
            if not len(rows.y):
                raise tally.empty(name)
        self.X, self.y, self.weight = rows
        self.weighting = None
        if weights is not None:
            kind: Weights = "frequency" if frequencies else "analytic"
            self.weighting = Weighting(weight_name, kind, int(np.count_nonzero(zero)))
        self.rows_read, self.rows_dropped, self.dropped = tally.rows_read, tally.rows_dropped, tally.dropped

    def _usable(self) -> tuple[Tally, NDArray[np.bool_] | None]:
        """The count of cells that are not finite, and which rows have none (None: all)."""
        others = [self.y] if self.weight is None else [self.y, self.weight]
        names = [*self.feature_names, self.target_name, self.weight_name]
        return unusable(names[: self.X.shape[1] + len(others)], self.X, *others)

    def refuse_missing(self) -> None:
        """Raise the DataError that names missing and infinite cells, where there are any."""
        tally, good = self._usable()
        if good is not None:
            raise tally.error(self.name, self._leaves_out)

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass: batches of exactly `rows` rows (None: some 8 MB); `shuffle` permutes all rows.

        Without `shuffle` the batches of an array are views.
        """
        check_rows(rows)
        suitable, sparse = rows_at_once(self.X.shape[1]), is_sparse(self.X)
        size = suitable if rows is None else rows
        if shuffle is not None:
            self._lay_out_for_take()
        order = None if shuffle is None else shuffle.permutation(len(self.y))
        if sparse:  # to make some CSR rows dense takes 50 us, however few they are
            blocks = regroup((block.dense() for block in self._blocks(suitable, order)), size)
        elif order is not None:  # as a call of np.take takes some us, however few rows it gathers
            blocks = regroup(self._blocks(size * max(1, suitable // 16 // size), order), size)
        else:
            blocks = self._blocks(size, None)
        for block in blocks:
            yield Batch.of(*block)

    @property
    def column_names(self) -> list[str]:
        """Of the columns that may group the rows: those of the table, or else of X and y."""
        return [*self.feature_names, self.target_name] if self._table is None else self._table.names

    def seen(self, groupings: Sequence[Grouping] = ()) -> Iterator[Seen]:
        """Start a fresh pass for `gradline.data.seen.seen`: some 8 MB at a time, as views."""
        groupings = [self._in_memory(grouping) for grouping in groupings]
        size, every = rows_at_once(self.X.shape[1]), Rows(self.X, self.y, self.weight)
        for start in range(0, len(self.y), size):
            rows = every.part(start, start + size)
            number = np.arange(start, start + len(rows.y)) if self._used is None else self._used[start : start + size]
            numbers = tuple(grouping.numbers(number + 1, {}) for grouping in groupings)
            if is_sparse(rows.X):
                lazy = LazyBatch.of_layout(partial(dense, rows.X), rows.X.shape[1], rows.y, rows.weight)
                yield Seen(lazy, number + 1, numbers)
            else:
                yield Seen(Batch.of(*rows), number + 1, numbers)
        for grouping in groupings:
            grouping.at_the_end(self.rows_read)

    def _in_memory(self, grouping: Grouping) -> Grouping:
        """What groups by a column, as what groups by its cells."""
        if not isinstance(grouping, ByColumn):
            return grouping
        place = self.column_names.index(grouping.column)
        if self._table is not None:
            return ByArray(self._table.cells(place), f"column {grouping.column!r}")
        column = self.y if place == self.X.shape[1] else dense(self.X[:, [place]])[:, 0]
        cells = np.zeros(self.rows_read)
        cells[slice(None) if self._used is None else self._used] = column
        return ByArray(cells, f"column {grouping.column!r}")

    def settled(self, statistics: S) -> S:
        """What was gathered of these rows, counted by their weights where these are frequencies."""
        return statistics.counted() if self.frequencies else statistics

    def _lay_out_for_take(self) -> None:
        """Rows in row order: `np.take` copies all of an array in column order, or of a column of one, at each call."""
        if not is_sparse(self.X):
            self.X = np.ascontiguousarray(self.X)
        self.y = np.ascontiguousarray(self.y)
        self.weight = None if self.weight is None else np.ascontiguousarray(self.weight)

    def _blocks(self, size: int, order: NDArray[np.intp] | None) -> Iterator[Rows]:
        every = Rows(self.X, self.y, self.weight)
        for start in range(0, len(self.y), size):
            stop = start + size
            yield every.part(start, stop) if order is None else every.pick(order[start:stop])

    def whole(self) -> Batch:
        """All rows as one batch, without a copy but for a sparse X, which is made dense.

        Raises
        ------
        DataError
            Where a sparse X would take more than 2 GB so.
        """
        cure = (
            "batch_size=... makes some rows dense at a time; engine='moments' takes full-batch steps without the rows"
        )
        check_dense_size(self.X, self.name, hint=cure)
        return Batch.of(dense(self.X), self.y, self.weight)

    def only(self, index: NDArray[np.intp]) -> ArraySource:
        """Those of the rows, in that order; what was read and dropped still counts for all."""
        part = copy.copy(self)
        part.X, part.y, part.weight = Rows(self.X, self.y, self.weight).pick(index)
        part._used = index if self._used is None else self._used[index]
        return part


def open_table(
    data: Any,
    *,
    target: str | None,
    features: Sequence[str] | None = None,
    weight: str | None = None,
    missing: Missing = "error",
) -> ArraySource:
    """Open a table object (DataFrame, Arrow table, dict of columns) as a source; see `gradline.open_source`."""
    table = as_table(data)
    name = type(data).__name__
    if table is None:
        raise DataError(
            f"cannot read {a_kind(data)} as a table",
            hint="give a path, a DataFrame, an Arrow table or a dict of columns; for arrays use ArraySource(X, y)",
        )
    roles = Roles.of(name, table.names, target=target, features=features, weight=weight)
    if not table.rows:
        raise Tally().empty(name)
    try:
        columns = {column: table.column(table.names.index(column)) for column in roles.columns}
    except NotANumber as cell:
        raise not_a_number(cell, name, roles, table.numeric) from None
    return ArraySource(
        stacked([columns[column] for column in roles.features]),
        columns[roles.target],
        None if roles.weight is None else columns[roles.weight],
        feature_names=roles.features,
        target_name=roles.target,
        weight_name=roles.weight or "",
        name=name,
        missing=missing,
        table=table,
        leaves_out=OF_A_SOURCE,
    )
