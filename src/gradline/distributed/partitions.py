"""Dask's DataFrames and Arrays as tables in parts: their rows stay with its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradline.data.columns.design import designed
from gradline.data.columns.kinds import Kind
from gradline.data.columns.terms import Column, Terms
from gradline.data.parted import PartedSource
from gradline.data.readers.columnar import ColumnarReader, TableReader
from gradline.data.roles import Roles
from gradline.data.table_source import BATCH_ROWS, TableSource
from gradline.data.tables import default_names
from gradline.data.tally import Missing
from gradline.data.weighting import Weights
from gradline.distributed.side_by_side import (
    LABELS,
    REPEATED,
    apart,
    is_array,
    is_frame,
    labels_beside,
    rows_beside,
)
from gradline.distributed.tree import on_dask
from gradline.errors import DataError

ROWS = "X, y"


class PartitionsReader(ColumnarReader):
    """A table of which each process has some rows: it knows their columns, and reads those of a partition it is given.

    Parameters
    ----------
    like : TableReader
        A table with the same columns.
    name : str
    """

    def __init__(self, like: ColumnarReader, name: str) -> None:
        super().__init__(name, like.schema)

    def only(self, part: tuple[int, Any]) -> TableReader:
        """The rows of a partition that is here: its number, and what it holds.

        Raises
        ------
        DataError
            Where a column is of another kind than in the table.
        """
        number, rows = part
        name = f"partition {number + 1} of {self.name}"
        reader = TableReader.of(self._columns(rows, name))
        reader.name = name
        kinds, wanted = reader.kinds(), self.kinds()
        for column, kind in kinds.items():  # labels are no column of the table
            if kind is not wanted.get(column, kind) and not reader.is_null(column):
                raise DataError(
                    f"column {column!r} of {name} is a {kind.value}, expected a {wanted[column].value}",
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
    reader = PartitionsReader(TableReader.of(data._meta_nonempty), "DataFrame")
    roles, design = designed(reader, target, features, formula, reference or {}, weight)
    whole = TableSource(
        reader, roles, design, missing=missing, batch_rows=batch_rows, frequencies=weights == "frequency"
    )

    def with_groups(groups: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        own, found = labels_beside(data, groups, reader.column_names)
        wanted = {*roles.columns, *(group for group in found if isinstance(group, str))}
        frame = data[[column for column in data.columns if str(column) in wanted]]
        return list(enumerate(frame.assign(**own).to_delayed())), found

    parts, _ = with_groups(())
    name = str(data[[column for column in data.columns if str(column) in roles.columns]]._name)
    return PartedSource(whole, parts, on_dask, name=name, parts_with=with_groups)


def open_rows(X: Any, y: Any, sample_weight: Any = None, *, missing: Missing, weights: str) -> PartedSource:
    """X, y and perhaps weights, all DataFrames and Series or all Arrays of Dask, as a source of numbers.

    Raises
    ------
    DataError
        Where they are not of one kind, are not parted alike, or a column of X holds no numbers.
    """
    given = {"X": X, "y": y} | ({} if sample_weight is None else {"sample_weight": sample_weight})
    for name, part in given.items():
        if not (is_frame(part, 1, 2) if is_frame(X) else is_array(part)):
            raise DataError(
                f"X is a Dask {type(X).__name__} but {name} is a {type(part).__name__}: expected both from one place",
                hint=REPEATED,
            )
    columns = [str(name) for name in X.columns] if is_frame(X) else default_names(X.shape[1] if X.ndim == 2 else 0)
    target, weight = apart("y", columns), apart("sample_weight", columns)
    parts = rows_beside(given)
    kinds = TableReader.of(X._meta_nonempty).kinds() if is_frame(X) else dict.fromkeys(columns, Kind.NUMBER)
    for column, kind in kinds.items():
        if kind is Kind.TEXT:
            raise DataError(
                f"column {column!r} of X holds text, expected numbers",
                hint="fit(open_source(df, target=...)) takes a column of text as a category",
            )
    names = (*columns, target, *(() if sample_weight is None else (weight,)))
    whole = TableSource(
        _RowsReader(names, kinds),
        Roles(tuple(columns), target, None if sample_weight is None else weight),
        Terms(tuple(Column(name, kinds[name]) for name in columns)),
        missing=missing,
        frequencies=weights == "frequency",
    )

    def with_groups(groups: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        own, found = labels_beside(X, groups, names)
        return list(enumerate(rows_beside(given | own))), found

    return PartedSource(whole, list(enumerate(parts)), on_dask, parts_with=with_groups)


class _RowsReader(PartitionsReader):
    """Of X, y and perhaps weights, which come side by side."""

    def __init__(self, names: Sequence[str], kinds: Mapping[str, Kind]) -> None:
        super().__init__(TableReader.of({name: np.empty(0) for name in names}), ROWS)
        self._labels = tuple(apart(name, names) for name in LABELS)
        self._kinds = {name: kinds.get(name, Kind.NUMBER) for name in names}

    def kinds(self) -> dict[str, Kind]:
        """See `Reader`."""
        return dict(self._kinds)

    def _columns(self, rows: Any, name: str) -> Any:
        X, *others = rows
        columns = [X.iloc[:, j] for j in range(X.shape[1])] if hasattr(X, "iloc") else list(np.asarray(X).T)
        columns += [other.iloc[:, 0] if hasattr(other, "iloc") and other.ndim == 2 else other for other in others]
        columns = [np.ravel(column) if isinstance(column, np.ndarray) else column for column in columns]
        if len({len(column) for column in columns}) > 1:
            told = ", ".join(
                f"{what} has {len(part)}"
                for what, part in zip(("X", *self.column_names[X.shape[1] :], *self._labels), rows, strict=False)
            )
            raise DataError(f"{name} has not as many rows in each: {told}", hint=REPEATED)
        return dict(zip((*self.column_names, *self._labels), columns, strict=False))


def predicted(X: Any, predict: Callable[[Any], Any]) -> Any:
    """What `predict` says of the rows of each partition: a Series with the index of X, or an Array; nothing computed.

    Raises
    ------
    DataError
        Where X is neither a DataFrame nor an Array of rows and columns.
    """
    if is_frame(X):
        of_none = X._meta[[]].assign(prediction=np.empty(0))["prediction"]
        return X.map_partitions(_beside_the_index, predict, meta=of_none, enforce_metadata=False)
    if is_array(X) and X.ndim == 2:
        return X.rechunk({1: -1}).map_blocks(_some, predict, drop_axis=1, dtype=np.float64, meta=np.empty(0))
    raise DataError(
        f"X is a Dask {type(X).__name__} of {getattr(X, 'ndim', 0)} dimension, expected rows and columns",
        hint="df[['x']] is a DataFrame of one column",
    )


def _beside_the_index(partition: Any, predict: Callable[[Any], Any]) -> Any:
    return partition[[]].assign(prediction=_some(partition, predict))["prediction"]


def _some(rows: Any, predict: Callable[[Any], Any]) -> Any:
    return predict(rows) if len(rows) else np.empty(0)
