"""Collections of Dask side by side: rows, targets, weights and labels that lie in the same partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradline.errors import DataError

REPEATED = "fit(df[features], df[target]), fit(open_source(df, target=...)), or Arrays throughout"
LABELS = ("the labels", "the other labels")


def _together(*parts: Any) -> tuple[Any, ...]:
    return parts


def rows_beside(given: Mapping[str, Any]) -> list[Any]:
    """The partitions of X and of what is given beside it: all DataFrames and Series, or all Arrays.

    Raises
    ------
    DataError
        Where they are not parted alike.
    """
    return _frames(given) if is_frame(given["X"]) else _blocks(given)


def _frames(given: Mapping[str, Any]) -> list[Any]:
    """Partitions of DataFrames and Series side by side: computed together, so that a file is read once."""
    from dask.dataframe import map_partitions

    X, *_ = given.values()
    for name, other in given.items():
        if name != "X" and is_frame(other) and len(other.columns) != 1:
            raise DataError(
                f"{name} has {len(other.columns)} columns, expected one",
                hint="name one of them",
            )
        if _parted_otherwise(X, other):
            raise DataError(
                f"X and {name} are parted at different rows ({X.npartitions} and {other.npartitions} partitions)",
                hint=REPEATED,
            )
    rows = map_partitions(_together, *given.values(), meta=X._meta, enforce_metadata=False, align_dataframes=False)
    parts: list[Any] = rows.to_delayed()
    return parts


def _blocks(given: Mapping[str, Any]) -> list[Any]:
    """Blocks of rows of Arrays side by side."""
    X = given["X"]
    for name, other in given.items():
        if other.ndim not in (1, 2) or (other.ndim == 2 and name != "X" and other.shape[1] != 1):
            expected = "(rows, features)" if name == "X" else "(rows,)"
            raise DataError(f"{name} has shape {other.shape}, expected {expected}")
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


def labels_beside(X: Any, groups: Sequence[Any], names: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Labels that lie with Dask as X does, by names that no column has; and the groups, these by their names.

    Raises
    ------
    DataError
        Where they do not lie as X does.
    """
    own: dict[str, Any] = {}
    found = []
    for group in groups:
        series, array = is_frame(group, 1), is_array(group)
        if not (series or array):
            found.append(group)
            continue
        fits = not _parted_otherwise(X, group) if is_frame(X) and series else is_array(X) and array
        if not fits or group.ndim != 1:
            raise DataError(
                f"the labels are a Dask {type(group).__name__}, which has not one label for each row of each partition",
                hint="give them as the rows are given: a column of the same DataFrame, or an Array beside Arrays",
            )
        found.append(apart(LABELS[len(own)], names))
        own[found[-1]] = group
    return own, found


def _parted_otherwise(X: Any, other: Any) -> bool:
    """Whether it shows that two frames are cut at different rows."""
    differ = X.known_divisions and other.known_divisions and X.divisions != other.divisions
    return bool(other.npartitions != X.npartitions or differ)


def apart(name: str, others: Sequence[str]) -> str:
    """The name, or one like it that none of the others is."""
    while name in others:
        name += "_"
    return name


def is_frame(data: Any, *dimensions: int) -> bool:
    """Whether it is a DataFrame of Dask, or (1) a Series."""
    from dask.dataframe import DataFrame, Series

    return isinstance(data, (DataFrame, Series) if 1 in dimensions else DataFrame)


def is_array(data: Any) -> bool:
    """Whether it is an Array of Dask."""
    from dask.array import Array

    return isinstance(data, Array)


def not_rows_and_columns(X: Any) -> DataError:
    """What to say of a collection of another shape."""
    if not (is_frame(X, 1) or is_array(X)):
        return DataError(f"X is a Dask {type(X).__name__}, expected a DataFrame or an Array of rows and columns")
    dimensions = X.ndim
    return DataError(
        f"X is a Dask {type(X).__name__} of {dimensions} dimension{'s' * (dimensions != 1)}, expected rows and columns",
        hint="X[:, None] has one column" if is_array(X) else "df[['x']] is a DataFrame of one column",
    )
