"""Means and variances of columns, in memory for a few numbers a column: where p^2 sums do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.data.batch import NUMBERS_AT_ONCE, Batch
from gradline.data.source import Source
from gradline.data.sparse import is_sparse
from gradline.moments.block_sums import NotFiniteError, not_finite
from gradline.moments.parallel import InOrder, accumulate, numbered
from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What each column of z = (x_1 .. x_p, y) is by itself, over rows of weight w.

    Centred sums of parts are merged pairwise (Chan, Golub, LeVeque 1983, eq. 2.1): nothing cancels, however far from
    zero a column is, and one that is constant to the bit has no squares at all.

    Attributes
    ----------
    rows : int
    weight : float
        W = sum w.
    shift, rest : (p + 1,) float64
        The mean is shift + rest; the shift is a value of the column.
    squares : (p + 1,) float64
        Sums of w (z - mean)^2.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> columns = columns_of(ArraySource([[1e9], [1e9 + 1], [1e9 + 2]], [0.0, 3.0, 3.0]))
    >>> columns.mean, columns.variance * 3
    (array([1.e+09, 2.e+00]), array([2., 6.]))
    """

    rows: int
    weight: float
    shift: Array
    rest: Array
    squares: Array

    @classmethod
    def zero(cls, features: int) -> Columns:
        """No rows."""
        return cls(0, 0.0, np.zeros(features + 1), np.zeros(features + 1), np.zeros(features + 1))

    @property
    def mean(self) -> Array:
        """(p + 1,) means, y last."""
        return self.shift + self.rest

    @property
    def variance(self) -> Array:
        """(p + 1,) mean squared distances from the mean, y last."""
        return self.squares / self.weight

    def merged(self, other: Columns, sign: int = 1) -> Columns:
        """These rows and those of `other`."""
        if self.rows == 0:
            return other
        if other.rows == 0:
            return self
        weight = self.weight + other.weight
        with np.errstate(over="ignore", invalid="ignore"):
            step = (other.shift - self.shift) + (other.rest - self.rest)
            squares = self.squares + other.squares + step * step * (self.weight / weight * other.weight)
            rest = self.rest + step * (other.weight / weight)
        return Columns(self.rows + other.rows, weight, self.shift, rest, squares)


def columns_of(source: Source, threads: int | None = None) -> Columns:
    """One pass over a source, by several threads; the number of threads does not change a bit.

    A sparse matrix in memory is summed as it is, without its zeros.

    Raises
    ------
    DataError
        Where a cell is not a finite number.
    """
    features = len(source.feature_names)
    if isinstance(source, ArraySource) and is_sparse(source.X):
        return _of_sparse(source.X, source.y, source.weight)
    results = InOrder(Columns.zero(features))
    blocks = source.batches(max(1, NUMBERS_AT_ONCE // (features + 1)))
    accumulate(lambda: _Blocks(results), numbered(blocks), threads)
    return results.total


class _Blocks:
    """One thread's accumulator: sums a block and hands it on."""

    def __init__(self, results: InOrder[Columns]) -> None:
        self._results = results

    def add(self, numbered: tuple[int, int, Batch], /) -> None:
        """Take in one batch, with its number and the number of rows before it."""
        index, rows_before, batch = numbered
        with np.errstate(all="ignore"):
            found = [_of_dense(part, batch.weight) for part in (batch.X, batch.y[:, None])]
        columns = Columns(
            len(batch),
            float(len(batch)) if batch.weight is None else float(batch.weight.sum()),
            *(np.concatenate(parts) for parts in zip(*found, strict=True)),
        )
        if not np.isfinite(columns.squares).all():
            error = not_finite(batch.X, batch.y, None, rows_before)
            if error is not None:
                raise error
        self._results.put(index, columns)


def _of_dense(X: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """Shift, rest and squares of the columns of a block."""
    w = np.ones(len(X)) if weight is None else weight
    shift = X[0].astype(np.float64)
    away = X - shift
    rest = (w / w.sum()) @ away
    away -= rest
    away *= away
    return shift, rest, w @ away


def _of_sparse(X: Any, y: Array, weight: Array | None) -> Columns:
    """A CSR matrix: cells that are not stored are zeros, which are their own shift."""
    n, p = X.shape
    w = np.ones(n) if weight is None else weight
    W = float(w.sum())
    with np.errstate(all="ignore"):
        shift = np.zeros(p)
        full = np.bincount(X.indices, minlength=p) == n
        if full.any():
            shift[full] = X[:1].toarray()[0, full]
        cell_weight = np.repeat(w, np.diff(X.indptr))
        away = X.data - shift[X.indices]
        rest = np.bincount(X.indices, cell_weight * away, minlength=p) / W
        unstored = W - np.bincount(X.indices, cell_weight, minlength=p)
        away -= rest[X.indices]
        squares = np.bincount(X.indices, cell_weight * away * away, minlength=p)
        squares += np.where(full, 0.0, np.maximum(unstored, 0.0) * rest * rest)
        target = _of_dense(y[:, None], weight)
    if not (np.isfinite(X.data).all() and np.isfinite(y).all()):
        raise NotFiniteError("some cells are not finite (NaN or inf)", hint="drop or fill such rows first")
    parts = zip((shift, rest, squares), target, strict=True)
    return Columns(n, W, *(np.concatenate(part) for part in parts))
