"""One pass over blocks of rows by several threads, each with an accumulator and one BLAS thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice
from numbers import Integral
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch, BatchPiece, check_shapes

# Arrays are cut into a dozen blocks, so that all threads end at about the same time; but into blocks of no less than
# 2 MB, which are worth handing to a thread, and of no more than 32 MB.
BLOCKS = 12
FEWEST_NUMBERS, MOST_NUMBERS = 2**18, 2**22

Block = TypeVar("Block")
Block_contra = TypeVar("Block_contra", contravariant=True)


class Accumulator(Protocol[Block_contra]):
    """What one thread fills."""

    def add(self, block: Block_contra, /) -> None:
        """Take one block in."""


class Summand(Protocol):
    """What adds up to its own kind."""

    def merged(self, other: Self, sign: int, /) -> Self:
        """The sum (sign = 1)."""


A = TypeVar("A", bound=Accumulator[Any])
S = TypeVar("S", bound=Summand)


def accumulate(new: Callable[[], A], blocks: Iterable[Block], threads: int | None = None) -> list[A]:
    """Hand every block to one of several accumulators; return them for the caller to merge.

    Which accumulator gets which block is chance: merge what does not depend on it, or let blocks carry their number.

    Parameters
    ----------
    new : () -> accumulator
        Called once per thread.
    blocks : iterable
        Taken one at a time, under a lock, and closed when an error ends the pass.
    threads : int, optional
        Default: `available_threads()`. No more are started than there are blocks.

    Raises
    ------
    BaseException
        The first error of the blocks or of an accumulator; the other threads stop at their next block.

    Examples
    --------
    >>> class Count:
    ...     rows = 0
    ...     def add(self, block):
    ...         self.rows += len(block)
    >>> sum(part.rows for part in accumulate(Count, ["abc", "de", "f"], threads=2))
    6
    """
    threads = available_threads() if threads is None else threads
    if not isinstance(threads, Integral) or threads < 1:
        raise ValueError(f"threads={threads!r}, expected a whole number, 1 or more")
    source = iter(blocks)
    try:
        first = list(islice(source, threads))
    except BaseException:
        _close(source)
        raise
    supply = _Supply(chain(first, source), source)

    def work() -> A:
        accumulator = new()
        try:
            for block in supply:
                accumulator.add(block)
        except BaseException as error:
            supply.fail(error)
        return accumulator

    # The calling thread works too: an interrupt reaches the pass at its next step, and one block starts no thread.
    with one_blas_thread(), ThreadPoolExecutor(max(len(first) - 1, 1)) as pool:
        others = [pool.submit(work) for _ in first[1:]]
        try:
            parts = [work(), *(other.result() for other in others)]
        except BaseException as error:
            supply.fail(error)
    if supply.error is not None:
        raise supply.error
    return parts


class _Supply(Iterator[Block]):
    """Blocks for several threads: one `next` at a time, and none after the first error."""

    def __init__(self, blocks: Iterator[Block], source: Iterator[Block]) -> None:
        self.error: BaseException | None = None
        self._blocks = blocks
        self._source = source
        self._lock = threading.Lock()

    def __next__(self) -> Block:
        with self._lock:
            if self.error is not None:
                raise StopIteration
            return next(self._blocks)

    def fail(self, error: BaseException) -> None:
        with self._lock:
            if self.error is None:
                self.error = error
                _close(self._source)


class ByPiece(Generic[A]):
    """One thread's accumulator where it is to read the batches as well: it takes in whole pieces, each by itself.

    Parameters
    ----------
    inner : accumulator
        Of batches, each with the number of its piece and the number of rows before it.
    finished : (number) -> None, optional
        Called at the end of a piece.
    watch : (rows) -> None, optional
        Called after each batch with its rows.
    """

    def __init__(
        self, inner: A, finished: Callable[[int], None] | None = None, watch: Callable[[int], None] | None = None
    ) -> None:
        self.inner = inner
        self._finished, self._watch = finished, watch

    def add(self, numbered: tuple[int, BatchPiece], /) -> None:
        """Read one piece, which comes with its number, and take it in."""
        number, (before, batches) = numbered
        for batch in batches():
            self.inner.add((number, before, batch))
            before += len(batch)
            if self._watch is not None:
                self._watch(len(batch))
        if self._finished is not None:
            self._finished(number)


class InOrder(Generic[S]):
    """Adds up parts in the order of their numbers, whichever thread is done first: every run rounds the same way."""

    def __init__(self, zero: S) -> None:
        self.total = zero
        self._waiting: dict[int, list[S]] = {}
        self._next = 0
        self._lock = threading.Lock()

    def put(self, number: int, part: S) -> None:
        """Add part `number` (0, 1, 2 ...), as soon as those before it are there."""
        self._add(number, [part])

    def _add(self, number: int, parts: list[S]) -> None:
        with self._lock:
            self._waiting[number] = parts
            while self._next in self._waiting:
                for part in self._waiting.pop(self._next):
                    self.total = self.total.merged(part, 1)
                self._next += 1


class InOrderOfPieces(InOrder[S]):
    """The same for parts that come in pieces, each from one thread: a piece is added once it is `finished`."""

    def __init__(self, zero: S) -> None:
        super().__init__(zero)
        self._unfinished: dict[int, list[S]] = {}

    def put(self, number: int, part: S) -> None:
        """One more part of piece `number`."""
        self._unfinished.setdefault(number, []).append(part)

    def finished(self, number: int) -> None:
        """Piece `number` has no further parts."""
        self._add(number, self._unfinished.pop(number, []))


def numbered(batches: Iterable[Batch], rows_before: int = 0) -> Iterator[tuple[int, int, Batch]]:
    """Each batch with its number and the number of rows before it."""
    try:
        for number, batch in enumerate(batches):
            yield number, rows_before, batch
            rows_before += len(batch)
    finally:
        _close(batches)


def row_blocks(
    X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None = None, rows: int | None = None
) -> Iterator[Batch]:
    """Cut arrays into batches of at most `rows` rows (2 to 32 MB), without copying; rows of weight zero are left out.

    X may be of any real dtype and memory order: the accumulators convert as they read.

    Raises
    ------
    DataError
        Where the shapes do not fit together, or a weight is negative or not finite.

    Examples
    --------
    >>> [len(batch) for batch in row_blocks(np.ones((5, 2)), np.ones(5), rows=2)]
    [2, 2, 1]
    """
    check_shapes(X, y, weight)
    return _cut(X, y, weight, rows_of_a_block(len(y), X.shape[1]) if rows is None else rows)


def rows_of_a_block(rows: int, features: int) -> int:
    """How many rows of an array to hand to a thread at a time; every block has some work of its own.

    It is the same for any number of threads: the blocks decide how float64 sums are rounded.

    Examples
    --------
    >>> rows_of_a_block(2_000_000, 20), rows_of_a_block(1000, 20)
    (166667, 12484)
    """
    width = features + 1
    return max(-(-FEWEST_NUMBERS // width), min(MOST_NUMBERS // width, -(-rows // BLOCKS)))


def _cut(X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None, rows: int) -> Iterator[Batch]:
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        if weight is None:
            count = len(y[part])
            yield Batch(X[part], y[part], None, np.broadcast_to(1.0 / count, count))
        else:
            yield Batch.of(X[part], y[part], weight[part])


def _close(blocks: Iterable[Any]) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()


def available_threads() -> int:
    """As many as the cores this process may use and one more: while one waits for the interpreter, another computes.

    Of several processes that torchrun has started on one machine each takes its part of the cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    together = os.environ.get("LOCAL_WORLD_SIZE", "1")
    cores = max(1, cores // max(1, int(together))) if together.isdecimal() else cores
    return cores + 1 if cores > 1 else 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold the BLAS at one thread: the rows are shared out already, and two layers of threads fight for the cores."""
    _BLAS.hold()
    try:
        yield
    finally:
        _BLAS.release()


class _BlasHold:
    """The BLAS thread count is one for the whole process: the first holder sets it, the last one restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._limit: Any = None

    def hold(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._holders += 1

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._limit.restore_original_limits()


_BLAS = _BlasHold()


@cache
def _controller() -> Any:
    # Looking through the loaded libraries takes milliseconds: once a process. NumPy's BLAS is among them by now.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
