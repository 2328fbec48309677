"""One pass over a source for its sums, as its columns may grow; watched, and kept where a checkpoint is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeAlias, TypeVar

from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch, BatchPiece
from gradline.data.parted import PartedSource
from gradline.data.source import Source
from gradline.data.sparse import is_sparse
from gradline.moments.block_sums import NotFiniteError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.parallel import available_threads, rows_of_a_block
from gradline.moments.parts import sums_of_parts
from gradline.moments.room import refuse_beyond_memory
from gradline.moments.taken import Taken

S = TypeVar("S", Moments, ExactMoments)
MOST_COLUMNS_IN_PIECES = 64  # beyond, the products take the time, and sums that wait for their turn much room
Watch: TypeAlias = Callable[[int], None]


class Keeps(Protocol):
    """What keeps the sums on disk while they grow: see `gradline.moments.keeping_batches.BatchesKeeper`."""

    def resume(self, kind: type[S], rows: Taken, /) -> S | None:
        """The sums of the batches that were taken before, once these have passed by again; None: begin anew."""

    def due(self) -> bool:
        """Whether to stop for a save, or for good."""

    def after_run(self, total: Any, rows: Taken, /) -> None:
        """Save, where it is time."""

    def at_the_end(self, total: Any, rows: Taken, /) -> None:
        """Save all of it."""

    def noticing(self) -> AbstractContextManager[None]:
        """For the length of the pass."""


def one_pass(
    source: Source,
    kind: type[S],
    *,
    watch: Watch | None = None,
    keep: Keeps | None = None,
    threads: int | None = None,
) -> S:
    """The sums over all rows of a source, in memory that does not grow with the rows.

    Where the source finds columns on its way (it has `growing()`, whose batches become wider from time to time by
    columns that were zero in all rows before), the sums become wider with it, and `settled(sums)` has the last word on
    which columns there are, and in which order.

    Parameters
    ----------
    source : Source
    kind : Moments or ExactMoments
    watch : callable, optional
        Called with the number of rows taken so far after every batch, by one thread at a time.
    keep : Keeps, optional
        Saves the sums from time to time. Where it cuts the pass does not change a bit of them.
    threads : int, optional
        Default: the cores this process may use.

    Raises
    ------
    DataError
        Where the sums of so many columns do not fit into memory, or the weights add up to more than float64 holds; and
        what the source and the sums raise.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> one_pass(ArraySource([[1.0], [3.0]], [2.0, 6.0]), Moments, watch=print).mean
    2
    array([2., 4.])
    """
    growing = getattr(source, "growing", None)
    width = len(source.feature_names) if growing is None else None
    refuse_beyond_memory(len(names_of(source)), kind)
    if isinstance(source, PartedSource):
        summed: S = sums_of_parts(source, kind, one_pass, watch=watch, keep=keep)
        return summed
    pieces = pieces_of(source) if keep is None and threads is None else []
    if pieces:
        with naming_cells(source):
            return kind.from_pieces(pieces, len(source.feature_names), watch=None if watch is None else _Counted(watch))
    rows = Taken(_batches(source) if growing is None else growing(), width, watch, checked=keep is not None)
    total: S | None = None
    with naming_cells(source), rows, nullcontext() if keep is None else keep.noticing():
        if keep is not None:
            total = keep.resume(kind, rows)
        while (width := rows.next_width()) is not None:
            if total is None or total.n_features != width:
                refuse_beyond_memory(width, kind)
                total = kind.zero(width) if total is None else _widened(total, width)
            total = kind.from_batches(rows.run(keep.due if keep else None), width, threads=threads, start=total)
            if keep is not None:
                keep.after_run(total, rows)
        if total is None:
            total = kind.zero(len(source.feature_names))
        if keep is not None:
            keep.at_the_end(total, rows)
    settled = getattr(source, "settled", None)
    return total if settled is None else settled(total)


def _batches(source: Source) -> Iterator[Batch]:
    """The source's own, but of an array in blocks as large as `Moments.of` cuts: to the bit the same sums."""
    if isinstance(source, ArraySource) and not is_sparse(source.X):
        return source.batches(rows_of_a_block(*source.X.shape))
    return source.batches()


def _widened(total: S, width: int) -> S:
    """The same with columns of zeros after its own."""
    return total.selected([*range(total.n_features), *[None] * (width - total.n_features)])


def pieces_of(source: Source) -> list[BatchPiece]:
    """Pieces for threads to read side by side; none where reading is not what takes the time, or they are too few."""
    cut = getattr(source, "pieces", None)
    if cut is None or len(names_of(source)) > MOST_COLUMNS_IN_PIECES:
        return []
    pieces = list(cut())
    return pieces if len(pieces) >= available_threads() else []


class _Counted:
    """Tells the rows so far, for threads that know their own."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._rows, self._lock = watch, 0, threading.Lock()

    def __call__(self, rows: int) -> None:
        with self._lock:
            self._rows += rows
            self._watch(self._rows)


def names_of(source: Source) -> tuple[str, ...]:
    """Of the columns the features are made of, as far as they are known before a row is read."""
    roles = getattr(source, "roles", None)
    return source.feature_names if roles is None else tuple(roles.features)


@contextmanager
def naming_cells(source: Source) -> Iterator[None]:
    """Sums notice what is not finite but know no names: on that error look once more, with names."""
    try:
        yield
    except NotFiniteError:
        look = getattr(source, "refuse_missing", None)
        if look is not None:
            look()
        raise
