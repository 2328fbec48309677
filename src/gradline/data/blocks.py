"""From blocks of rows to batches: how many rows at a time, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch
from gradline.data.sparse import dense, is_sparse
from gradline.errors import DataError
from gradline.solution import Array

WINDOW_ROWS = 262_144


class LazyBatch(Batch):
    """A batch whose rows are laid out when X is first asked for: by the thread that uses it, not the one that reads."""

    __slots__ = ("_rows", "width")
    _rows: Array | Callable[[], Array]
    width: int

    @classmethod
    def of_layout(cls, layout: Callable[[], Array], width: int, y: Array, weight: Array | None = None) -> Batch:
        """As `Batch.of`, from a function that makes X, (rows, width).

        Examples
        --------
        >>> LazyBatch.of_layout(lambda: np.ones((2, 1)), 1, np.zeros(2)).X.tolist()
        [[1.0], [1.0]]
        """
        share = Batch.of(np.empty((len(y), 0)), y, weight).share
        batch = cls(cast(Array, layout), y, weight, share)
        object.__setattr__(batch, "width", width)
        return batch

    @property
    def X(self) -> Array:  # noqa: N802 - as Batch calls it
        """The rows, (rows, features)."""
        if callable(self._rows):
            object.__setattr__(self, "X", self._rows())
        return cast(Array, self._rows)

    @X.setter
    def X(self, rows: Array) -> None:  # noqa: N802 - as above
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


def portions(blocks: Iterable[Rows], sizes: Iterable[int], width: int) -> Iterator[Rows]:
    """The same rows in the same order, so many at a time, of `width` columns; none where a size is 0.

    Examples
    --------
    >>> rows = Rows(np.arange(4.0)[:, None], np.zeros(4), None)
    >>> [part.X.ravel().tolist() for part in portions([rows.part(0, 3), rows.part(3, 4)], [2, 0, 2], 1)]
    [[0.0, 1.0], [], [2.0, 3.0]]
    """
    supply = iter(blocks)
    left = Rows(np.empty((0, width)), np.empty(0), None)
    for size in sizes:
        parts, lacking = [], size
        while lacking > len(left.y):
            if len(left.y):
                parts.append(left)
                lacking -= len(left.y)
            try:
                left = next(supply)
            except StopIteration:
                raise DataError("a pass met fewer rows than the one before it: the table has changed") from None
        parts.append(left.part(0, lacking))
        left = left.part(lacking, len(left.y))
        yield Rows.joined(parts)


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


def stacked(columns: Sequence[Array]) -> Array:
    """One column beside the other, (rows, columns), each row contiguous."""
    X = np.empty((len(columns[0]), len(columns)))
    for j, column in enumerate(columns):
        X[:, j] = column
    return X


def check_rows(rows: int | None) -> None:
    """Refuse batches of no rows, or of part of one."""
    if rows is None:
        return
    if not isinstance(rows, Integral):
        raise DataError(f"a batch of {rows!r} rows cannot be made", hint="give a whole number of rows")
    if rows < 1:
        raise DataError(f"a batch of {rows} rows holds nothing", hint="give at least 1, or None for blocks that suit")
