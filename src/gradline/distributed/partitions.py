"""Dask's DataFrames and Arrays as tables in parts: their rows stay with its workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradline.data.columns.design import designed
from gradline.data.float_arrays import as_features, as_target, refuse_twice
from gradline.data.parted import PartedSource
from gradline.data.readers.columnar import ColumnarReader, TableReader
from gradline.data.roles import Roles, listed
from gradline.data.sparse import check_dense_size, dense
from gradline.data.table_source import BATCH_ROWS, TableSource
from gradline.data.tables import default_names
from gradline.data.tally import OF_AN_ESTIMATOR, Missing
from gradline.data.weighting import Weights
from gradline.distributed.predictions import predicted
from gradline.distributed.side_by_side import (
    LABELS,
    REPEATED,
    apart,
    is_array,
    is_frame,
    labels_beside,
    not_rows_and_columns,
    rows_beside,
)
from gradline.distributed.tree import on_dask
from gradline.errors import DataError
from gradline.solution import Array

__all__ = ["open_partitions", "open_rows", "predicted"]  # what `gradline.data.elsewhere` looks for

ROWS = "X, y"
OF_META = "give map_partitions and from_delayed the meta of what they make"


class PartitionsReader(ColumnarReader):
    """A table of which each process has some rows: it knows their columns, and reads those of a partition it is given.

    Parameters
    ----------
    like : TableReader
        A table with the same columns.
    name : str

    Attributes
    ----------
    needs : sequence of str
        Columns that each partition must have.
    """

    needs: Sequence[str] = ()

    def __init__(self, like: ColumnarReader, name: str) -> None:
        super().__init__(name, like.schema)

    def only(self, part: tuple[int, Any]) -> TableReader:
        """The rows of a partition that is here: its number, and what it holds.

        Raises
        ------
        DataError
            Where a column is of another kind than in the table, or is absent.
        """
        number, rows = part
        name = f"partition {number + 1} of {self.name}"
        reader = TableReader.of(self._columns(rows, name))
        reader.name = name
        lacking = [column for column in self.needs if column not in reader.column_names]
        if lacking:
            raise DataError(
                f"{name} has no column {lacking[0]!r}, which its DataFrame says it has; it has "
                f"{listed(reader.column_names)}",
                hint=OF_META,
            )
        for column in reader.column_names:  # labels are no column of the table
            if column in self.column_names and not reader.is_null(column):
                found, wanted = reader.kinds()[column], self.kinds()[column]
                if found is not wanted:
                    raise DataError(
                        f"column {column!r} of {name} is a {found.value}, expected a {wanted.value}",
                        hint=f"df.astype({{{column!r}: ...}}) gives all partitions one type",
                    )
        return reader

    def _columns(self, rows: Any, name: str) -> Any:
        """What a partition holds, as a table."""
        return rows

    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Raises DataError: they are not here."""
        raise DataError(
            f"the rows of {self.name} lie with the workers of Dask, and this needs them here, batch after batch",
            hint="the exact way needs only their statistics: LinearRegression; or .compute() brings the rows here",
        )


def open_partitions(
    data: Any,
    *,
    target: str | None,
    features: Sequence[str] | None = None,
    formula: str | None = None,
    reference: Mapping[str, str] | None = None,
    weight: str | None = None,
    weights: Weights = "analytic",
    missing: Missing = "error",
    batch_rows: int = BATCH_ROWS,
) -> PartedSource:
    """A Dask DataFrame as a source; see `gradline.open_source`. Only the columns that are used are computed.

    Raises
    ------
    DataError
        Where it is no DataFrame, or a column is absent.
    """
    if not is_frame(data):
        raise DataError(
            f"a Dask {type(data).__name__} has no columns to choose a target from",
            hint="LinearRegression().fit(X, y) takes Arrays; open_source takes a DataFrame",
        )
    refuse_twice("DataFrame", [str(name) for name in data.columns])
    reader = PartitionsReader(TableReader.like(data._meta_nonempty), "DataFrame")
    roles, design = designed(reader, target, features, formula, reference or {}, weight)
    reader.needs = [column for column in reader.column_names if column in roles.columns]
    whole = TableSource(
        reader, roles, design, missing=missing, batch_rows=batch_rows, frequencies=weights == "frequency"
    )

    def with_groups(groups: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        own, found = labels_beside(data, groups, reader.column_names)
        wanted = {*roles.columns, *(group for group in found if isinstance(group, str))}
        frame = data[[column for column in data.columns if str(column) in wanted]]
        return list(enumerate(frame.assign(**own).to_delayed())), found

    parts, _ = with_groups(())
    collection = str(data[[column for column in data.columns if str(column) in roles.columns]]._name)
    return PartedSource(whole, parts, on_dask, collection=collection, parts_with=with_groups)


def open_rows(X: Any, y: Any, sample_weight: Any = None, *, missing: Missing, weights: str) -> PartedSource:
    """X, y and perhaps weights, all DataFrames and Series or all Arrays of Dask, as a source of numbers.

    Raises
    ------
    DataError
        Where they are not of one kind, are not parted alike, or a column of X holds no numbers.
    """
    if not (is_frame(X) or (is_array(X) and X.ndim == 2)):
        raise not_rows_and_columns(X)
    given = {"X": X, "y": y} | ({} if sample_weight is None else {"sample_weight": sample_weight})
    for name, part in given.items():
        if not (is_frame(part, 1, 2) if is_frame(X) else is_array(part)):
            raise DataError(
                f"X is a Dask {type(X).__name__} but {name} is a {type(part).__name__}: expected both from one place",
                hint=REPEATED,
            )
    columns = _columns_of(X)
    target, weight = apart("y", columns), None if sample_weight is None else apart("sample_weight", columns)
    parts = rows_beside(given)
    whole = TableSource(
        _RowsReader(columns, target, weight),
        Roles(columns, target, weight),
        missing=missing,
        frequencies=weights == "frequency",
    )
    names = whole.column_names

    def with_groups(groups: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        own, found = labels_beside(X, groups, names)
        return list(enumerate(rows_beside(given | own))), found

    source = PartedSource(whole, list(enumerate(parts)), on_dask, parts_with=with_groups)
    source.leaves_out = OF_AN_ESTIMATOR
    return source


def _columns_of(X: Any) -> tuple[str, ...]:
    """What the columns are called; refuses what no partition needs to be computed for."""
    names = tuple(str(name) for name in X.columns) if is_frame(X) else default_names(X.shape[1])
    if not names:
        raise DataError("X has no columns, expected at least one feature")
    refuse_twice("X", names)
    for name, dtype in zip(names, X.dtypes, strict=True) if is_frame(X) else ():
        if dtype.name.startswith("str"):  # of other types their partitions say what they hold
            raise DataError(
                f"column {name!r} of X holds text, expected numbers",
                hint="fit(open_source(df, target=...)) takes a column of text as a category",
            )
    return names


class _RowsReader(PartitionsReader):
    """Of X, y and perhaps weights, which come side by side, and are read as those of one process are."""

    def __init__(self, features: tuple[str, ...], target: str, weight: str | None) -> None:
        names = (*features, target, *([] if weight is None else [weight]))
        super().__init__(TableReader.of({name: np.empty(0) for name in names}), ROWS)
        self._features, self._target, self._weight = features, target, weight
        self._labels = tuple(apart(name, names) for name in LABELS)

    def _columns(self, rows: Any, name: str) -> Any:
        X, *others = rows
        columns = dict(zip(self._features, self._rows_of(X, name).T, strict=True)) if X.shape[0] else {}
        beside = [(self._target, "y"), *([] if self._weight is None else [(self._weight, "sample_weight")])]
        for (own, called), other in zip(beside, others, strict=False):
            columns[own] = as_target(other, finite=False, name=f"{called} of {name}")
        columns |= dict(zip(self._labels, others[len(beside) :], strict=False))
        counts = {"X": X.shape[0]} | {own: len(columns[own]) for own in columns if own not in self._features}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{what} has {count}" for what, count in counts.items())
            raise DataError(f"{name} has not as many rows in each: {told}", hint=REPEATED)
        return {own: np.empty(0) for own in self._features} | columns

    def _rows_of(self, X: Any, name: str) -> Array:
        """Its features, in the order of the table's."""
        features, names = as_features(X, finite=False, name=f"X of {name}")
        found = names or self._features[: features.shape[1]]
        if sorted(found) != sorted(self._features) or features.shape[1] != len(self._features):
            raise DataError(
                f"{name} has other columns than X says: {listed(found)}, expected {listed(self._features)}",
                hint=OF_META,
            )
        check_dense_size(features, f"X of {name}", hint="make the partitions smaller")
        rows = dense(features)
        return rows if found == self._features else rows[:, [found.index(each) for each in self._features]]
