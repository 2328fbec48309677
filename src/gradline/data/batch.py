"""One block of rows, numeric; shapes are settled once, here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.errors import DataError
from gradline.solution import Array

NUMBERS_AT_ONCE = 2**20
FEW_ROWS = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A block of rows. Make one with `Batch.of`, which settles shapes: y is (rows,), never (rows, 1).

    Attributes
    ----------
    X : (rows, features) float64
    y : (rows,) float64
    weight : (rows,) float64 or None
        As given; None: each row counts once.
    share : (rows,) float64
        weight / total weight: each row's part of the mean loss. Sums to 1, over all processes that have a part.
    together : int or None
        Rows of the step that all processes make together; None: these are all.
    """

    X: Array
    y: Array
    weight: Array | None
    share: Array
    together: int | None = None

    @classmethod
    def of(cls, X: Array, y: Array, weight: Array | None = None) -> Batch:
        """Check shapes, drop rows of weight zero (a row of weight zero is no row), compute `share`.

        Raises
        ------
        DataError
            Where lengths differ, X is not two-dimensional, y not one-dimensional, or a weight is negative or
            not finite.

        Examples
        --------
        >>> Batch.of(np.ones((4, 2)), np.arange(4.0)).share
        array([0.25, 0.25, 0.25, 0.25])
        """
        check_shapes(X, y, weight)
        if weight is None:
            return cls(X, y, None, _equal_shares(len(y)))
        if not weight.all():
            some = weight > 0
            X, y, weight = X[some], y[some], weight[some]
        # Weights near the largest float64 must not overflow in their sum.
        scaled = np.ldexp(weight, -np.frexp(weight.max(initial=0.0))[1])
        return cls(X, y, weight, scaled / scaled.sum())

    @classmethod
    def joined(cls, batches: Sequence[Batch], features: int) -> Batch:
        """The rows of several, one after the other; shares are those of all.

        Examples
        --------
        >>> Batch.joined([Batch.of(np.ones((1, 2)), np.ones(1)), Batch.of(np.zeros((3, 2)), np.zeros(3))], 2).share
        array([0.25, 0.25, 0.25, 0.25])
        """
        X = np.concatenate([np.empty((0, features)), *(batch.X for batch in batches)])
        y = np.concatenate([np.empty(0), *(batch.y for batch in batches)])
        weights = [batch.weight for batch in batches if batch.weight is not None]
        return cls.of(X, y, np.concatenate(weights) if weights else None)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def rows(self) -> int:
        """Of the step, those of other processes included."""
        return len(self.y) if self.together is None else self.together


@lru_cache(maxsize=8)
def _equal_shares(rows: int) -> Array:
    """1 / rows for each row; of mini-batches one array for all, which a rung need not turn into a tensor again."""
    if rows > FEW_ROWS:
        return np.broadcast_to(1.0 / rows, rows)  # which takes no memory
    shares = np.full(rows, 1.0 / max(rows, 1))
    shares.flags.writeable = False
    return shares


class BatchPiece(NamedTuple):
    """Some batches, after so many rows of others, that can be read while another thread reads those."""

    rows_before: int
    batches: Callable[[], Iterator[Batch]]


def rows_at_once(features: int) -> int:
    """Rows of arrays to take at a time: some 8 MB, so that threads end together; a power of two, 64 to 65 536.

    Examples
    --------
    >>> rows_at_once(10), rows_at_once(200), rows_at_once(100_000)
    (65536, 4096, 64)
    """
    return 1 << min(max(6, (NUMBERS_AT_ONCE // max(1, features)).bit_length() - 1), 16)


def check_shapes(X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None) -> None:
    """Refuse lengths that differ, wrong numbers of dimensions, and weights that are negative or not finite."""
    if X.ndim != 2:
        raise DataError(f"X has shape {X.shape}, expected (rows, features)")
    if y.ndim != 1:
        raise DataError(f"y has shape {y.shape}, expected (rows,)")
    if len(X) != len(y):
        raise DataError(f"X has {len(X)} rows but y has {len(y)}")
    if weight is None:
        return
    if weight.shape != y.shape:
        raise DataError(f"sample_weight has shape {weight.shape}, expected {y.shape}: one weight a row")
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if bad.size:
        first = f"the first is {weight[bad[0]]} in row {bad[0] + 1}"
        raise DataError(f"{bad.size} weights are negative or not finite, {first}")
