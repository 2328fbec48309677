"""Rows counted off into blocks, whatever the batches they come in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np

from gradline.data.batch import Batch
from gradline.data.groups import Seen

# 8 MB of z: more would leave the cache, and with less the threads, which hand the interpreter to each other at every
# call, would wait for it more often.
NUMBERS_A_BLOCK = 2**20
Part = tuple[int, Callable[[], Iterable[Seen]]]


def rows_a_block(k: int) -> int:
    """Rows in a block: a power of two, 256 to 65536.

    Examples
    --------
    >>> rows_a_block(11), rows_a_block(200)
    (65536, 4096)
    """
    return 1 << min(max(8, (NUMBERS_A_BLOCK // max(1, k)).bit_length() - 1), 16)


class Cut:
    """Counts rows off into blocks, whatever the batches they come in, and hands on each block that is whole.

    Parameters
    ----------
    rows : int
        In each block but the last.
    take : (number, rows) -> None
        Called for each block, by the thread that completes it.
    watch : callable, optional
    """

    def __init__(self, rows: int, take: Callable[[int, Seen], None], watch: Callable[[int], None] | None) -> None:
        self._rows, self._take, self._watch = rows, take, watch
        self._seen = 0
        self._broken: dict[int, list[tuple[int, Seen]]] = {}
        self._lock = threading.Lock()

    def add(self, part: Part, /) -> None:
        """All rows of one part."""
        before, read = part
        for rows in read():
            here = len(rows.row)
            start = 0
            while start < here:
                number, place = divmod(before + start, self._rows)
                stop = min(here, start + self._rows - place)
                self._put(number, place, _some(rows, start, stop))
                start = stop
            before += here
            if self._watch is not None:
                with self._lock:
                    self._seen += here
                    self._watch(self._seen)

    def _put(self, number: int, place: int, rows: Seen) -> None:
        if len(rows.row) < self._rows:
            with self._lock:
                pieces = self._broken.setdefault(number, [])
                pieces.append((place, rows))
                if sum(len(piece.row) for _, piece in pieces) < self._rows:
                    return
                del self._broken[number]
            rows = _joined(pieces)
        self._take(number, rows)

    def finish(self) -> None:
        """Hand on the last block."""
        for number, pieces in sorted(self._broken.items()):
            self._take(number, _joined(pieces))
        self._broken.clear()


def _some(rows: Seen, start: int, stop: int) -> Seen:
    batch, part = rows.batch, slice(start, stop)
    weight = None if batch.weight is None else batch.weight[part]
    some = Batch(batch.X[part], batch.y[part], weight, batch.share[part])
    return Seen(some, rows.row[part], tuple(numbers[part] for numbers in rows.groups))


def _joined(pieces: list[tuple[int, Seen]]) -> Seen:
    parts = [rows for _, rows in sorted(pieces, key=lambda piece: piece[0])]
    if len(parts) == 1:
        return parts[0]
    whole = Batch.joined([part.batch for part in parts], parts[0].batch.X.shape[1])
    groups = tuple(np.concatenate(numbers) for numbers in zip(*(part.groups for part in parts), strict=True))
    return Seen(whole, np.concatenate([part.row for part in parts]), groups)
