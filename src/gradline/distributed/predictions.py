"""Predictions of rows that lie with Dask: as lazy as these, and made where they lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradline.distributed.side_by_side import is_array, is_frame, not_rows_and_columns
from gradline.errors import DataError


def predicted(X: Any, predict: Callable[[Any], Any]) -> Any:
    """What `predict` says of the rows of each partition: a Series with the index of X, or an Array; nothing computed.

    Raises
    ------
    DataError
        Where X is neither a DataFrame nor an Array of rows and columns.
    """
    if is_frame(X):
        of_none = X._meta[[]].assign(prediction=np.empty(0))["prediction"]
        names = list(X.columns)
        return X.map_partitions(_beside_the_index, predict, names, meta=of_none, enforce_metadata=False)
    if is_array(X) and X.ndim == 2:
        whole = X.rechunk({1: -1})
        return whole.map_blocks(_of_block, predict, drop_axis=1, dtype=np.float64, meta=np.empty(0))
    raise not_rows_and_columns(X)


def _beside_the_index(
    partition: Any, predict: Callable[[Any], Any], names: list[Any], partition_info: Any = None
) -> Any:
    if set(partition.columns) == set(names):  # as the fit, it takes columns by their names
        partition = partition[names]
    number = None if partition_info is None else partition_info["number"]
    return partition[[]].assign(prediction=_some(partition, predict, "partition", number))["prediction"]


def _of_block(rows: Any, predict: Callable[[Any], Any], block_id: Any = None) -> Any:
    return _some(rows, predict, "block", None if block_id is None else block_id[0])


def _some(rows: Any, predict: Callable[[Any], Any], part: str, number: int | None) -> Any:
    if not rows.shape[0]:
        return np.empty(0)
    try:
        return predict(rows)
    except ValueError as error:
        where = "" if number is None else f"{part} {number + 1} of X: "
        said = (error.message, error.hint) if isinstance(error, DataError) else (str(error), None)
        raise DataError(where + said[0], hint=said[1]) from None
