"""Dask's DataFrames and Arrays as tables in parts: their rows stay with its workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from gradline.distributed.tree import on_dask
from gradline.errors import DataError

ROWS = "X, y"
LABELS = ("the labels", "the other labels")
REPEATED = "fit(df[features], df[target]), fit(open_source(df, target=...)), or Arrays throughout"


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
    if not _is_frame(data):
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
        own, found = _labels_beside(groups, reader.column_names)
        wanted = {*roles.columns, *(group for group in found if isinstance(group, str))}
        frame = data[[column for column in data.columns if str(column) in wanted]]
        for name, labels in own.items():
            if not _is_series(labels) or labels.npartitions != frame.npartitions:
                raise _parted_otherwise(labels)
            frame = frame.assign(**{name: labels})
        return list(enumerate(frame.to_delayed())), found

    parts, _ = with_groups(())
    identity = str(data[[column for column in data.columns if str(column) in roles.columns]]._name)
    return PartedSource(whole, parts, on_dask, identity=identity, parts_with=with_groups)


def open_rows(X: Any, y: Any, sample_weight: Any = None, *, missing: Missing, weights: str) -> PartedSource:
    """X, y and perhaps weights, all DataFrames and Series or all Arrays of Dask, as a source of numbers.

    Raises
    ------
    DataError
        Where they are not of one kind, are not parted alike, or a column of X holds no numbers.
    """
    given = {"X": X, "y": y} | ({} if sample_weight is None else {"sample_weight": sample_weight})
    for name, part in given.items():
        if not (_is_frame(part, 1, 2) if _is_frame(X) else _is_array(part)):
            raise DataError(
                f"X is a Dask {type(X).__name__} but {name} is a {type(part).__name__}: expected both from one place",
                hint=REPEATED,
            )
    columns = [str(name) for name in X.columns] if _is_frame(X) else default_names(X.shape[1] if X.ndim == 2 else 0)
    target, weight = _apart("y", columns), _apart("sample_weight", columns)
    parts = _frames(given) if _is_frame(X) else _blocks(given)
    kinds = TableReader.of(X._meta_nonempty).kinds() if _is_frame(X) else dict.fromkeys(columns, Kind.NUMBER)
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
        own, found = _labels_beside(groups, names)
        for labels in own.values():
            if not (_is_series(labels) if _is_frame(X) else _is_array(labels) and labels.ndim == 1):
                raise _parted_otherwise(labels)
        beside = given | own
        return list(enumerate(_frames(beside) if _is_frame(X) else _blocks(beside))), found

    return PartedSource(whole, list(enumerate(parts)), on_dask, parts_with=with_groups)


def _labels_beside(groups: Sequence[Any], names: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Labels that lie with Dask, by the names that they get beside columns of such names; and all groups so named."""
    own: dict[str, Any] = {}
    found = []
    for group in groups:
        name = group
        if _is_frame(group, 1) or _is_array(group):
            name = _apart(LABELS[len(own)], names)
            own[name] = group
        found.append(name)
    return own, found


def _parted_otherwise(labels: Any) -> DataError:
    return DataError(
        f"the labels are a Dask {type(labels).__name__}, which has not one label for each row of X in its partitions",
        hint="give them as the rows are given: a column of the same DataFrame, or an Array beside Arrays",
    )


class _RowsReader(PartitionsReader):
    """Of X, y and perhaps weights, which come side by side."""

    def __init__(self, names: Sequence[str], kinds: Mapping[str, Kind]) -> None:
        super().__init__(TableReader.of({name: np.empty(0) for name in names}), ROWS)
        self._labels = tuple(_apart(name, names) for name in LABELS)
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


def _together(*parts: Any) -> tuple[Any, ...]:
    return parts


def _frames(given: Mapping[str, Any]) -> list[Any]:
    """Partitions of DataFrames and Series side by side: computed together, so that a file is read once."""
    from dask.dataframe import map_partitions

    X, *_ = given.values()
    for name, other in given.items():
        known = X.known_divisions and other.known_divisions and X.divisions != other.divisions
        if other.npartitions != X.npartitions or known:
            raise DataError(
                f"X and {name} are parted at different rows ({X.npartitions} and {other.npartitions} partitions)",
                hint=REPEATED,
            )
    rows = map_partitions(_together, *given.values(), meta=X._meta, enforce_metadata=False, align_dataframes=False)
    parts: list[Any] = rows.to_delayed()
    return parts


def _blocks(given: Mapping[str, Any]) -> list[Any]:
    """Blocks of rows of Arrays side by side."""
    X, y = given["X"], given["y"]
    if X.ndim != 2 or y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1):
        raise DataError(f"X has shape {X.shape} and y {y.shape}, expected (rows, features) and (rows,)")
    X = X.rechunk({1: -1})
    columns = [X.to_delayed(optimize_graph=False).ravel()]
    for name, other in [*given.items()][1:]:
        known = not np.isnan([*X.chunks[0], *other.chunks[0]]).any()
        if known and X.shape[0] != other.shape[0]:
            raise DataError(f"X has {X.shape[0]} rows but {name} has {other.shape[0]}")
        other = other.rechunk({0: X.chunks[0]}) if known else other
        if len(other.chunks[0]) != len(X.chunks[0]):
            raise DataError(
                f"X and {name} are parted at different rows ({len(X.chunks[0])} and {len(other.chunks[0])} blocks)",
                hint=".compute_chunk_sizes() on both lets their rows be matched",
            )
        columns.append(other.to_delayed(optimize_graph=False).ravel())
    return [tuple(blocks) for blocks in zip(*columns, strict=True)]


def _apart(name: str, others: Sequence[str]) -> str:
    while name in others:
        name += "_"
    return name


def _is_frame(data: Any, *dimensions: int) -> bool:
    """Whether it is a DataFrame of Dask, or (1) a Series."""
    from dask.dataframe import DataFrame, Series

    return isinstance(data, (DataFrame, Series) if 1 in dimensions else DataFrame)


def _is_series(data: Any) -> bool:
    return _is_frame(data, 1) and data.ndim == 1


def _is_array(data: Any) -> bool:
    from dask.array import Array

    return isinstance(data, Array)
