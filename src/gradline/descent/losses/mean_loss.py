"""The mean loss of a line on rows, in constant memory."""

from __future__ import annotations

import math
import operator
from functools import partial

import numpy as np

from gradline.data.parted import PartedSource
from gradline.data.source import Source
from gradline.descent.losses.loss import Loss
from gradline.solution import Array


def mean_loss(source: Source, loss: Loss, w: Array, b: float) -> float:
    """sum of weight_i loss(x_i w + b - y_i) / total weight, one pass over `source`; data units throughout.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.descent.losses.quantile import Absolute
    >>> mean_loss(ArraySource([[1.0], [2.0]], [1.0, 5.0]), Absolute(), np.array([1.0]), 0.0)
    1.5
    """
    total, weight = [], []
    for batch in source.batches():
        weights = np.ones(len(batch)) if batch.weight is None else batch.weight
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged line loses infinitely
            total.append(float(weights @ loss.value(batch.X @ w + b - batch.y)))
        weight.append(float(weights.sum()))
    return math.fsum(total) / math.fsum(weight) if all(map(math.isfinite, total)) else math.inf


def runs_through(source: Source, w: Array, b: float, dtype: str) -> bool:
    """Is every row on the line, but for what rounding of its own numbers to `dtype` does?

    A row of enormous numbers makes the sums of squares blind to all others; row by row nothing is hidden.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> rows = ArraySource([[0.1], [0.2], [1e18]], [0.3, 0.6, 3e18])
    >>> runs_through(rows, np.array([3.0]), 0.0, "float64"), runs_through(rows, np.array([3.0]), 1.0, "float64")
    (True, False)
    """
    if isinstance(source, PartedSource):  # whose rows may lie elsewhere
        on_line: bool = source.whole(partial(_all_on, w=w, b=b, dtype=dtype), operator.and_)
        return on_line
    return _all_on(source, w, b, dtype)


def _all_on(source: Source, w: Array, b: float, dtype: str) -> bool:
    for batch in source.batches():
        size = np.abs(batch.X) @ np.abs(w) + np.abs(batch.y)
        off = np.abs(batch.X @ w + b - batch.y)
        # A row that happens to be small is off by what its neighbours' numbers have left in the coefficients.
        if not (off <= 64 * np.finfo(dtype).eps * np.maximum(size, np.median(size))).all():
            return False
    return True
