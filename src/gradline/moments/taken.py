"""The batches of a pass as they are taken: counted, in runs of one width, and told apart from those of another pass."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Self, cast

import numpy as np

from gradline.data.batch import Batch
from gradline.moments.parallel import accumulate
from gradline.solution import Array


class Taken:
    """The batches of a pass, handed out in runs of one width; it counts what was taken and can tell it again.

    Attributes
    ----------
    batches, rows : int
        Taken so far.
    """

    def __init__(
        self, batches: Iterator[Batch], width: int | None, watch: Callable[[int], None] | None, *, checked: bool
    ) -> None:
        self.batches = self.rows = 0
        self._source, self._width, self._watch, self._checked = batches, width, watch, checked
        self._waiting: Batch | None = None
        self._checks: list[int] = []
        self._check = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def next_width(self) -> int | None:
        """Columns of the next batch; None at the end."""
        if self._waiting is None:
            self._waiting = next(self._source, None)
        if self._waiting is None or self._width is not None:
            return None if self._waiting is None else self._width
        return width_of(self._waiting)

    def run(self, stop: Callable[[], bool] | None = None, most: int | None = None) -> Iterator[Batch]:
        """Batches as wide as the next, at least one and at most `most`, until `stop()` or a wider one."""
        width, first = self.next_width(), self.batches
        while width is not None and self.next_width() == width and self.batches - first != most:
            batch, self._waiting = self._waiting, None
            assert batch is not None
            self.batches += 1
            self.rows += len(batch)
            if self._watch is not None:
                self._watch(self.rows)
            yield self._noted(batch) if self._checked else batch
            if stop is not None and stop():
                return

    def pass_by(self, batches: int, stop: Callable[[], bool]) -> None:
        """Take so many batches, and do nothing with them but what `check` asks."""
        first = self.batches
        while (left := first + batches - self.batches) and self.next_width() is not None and not stop():
            accumulate(_Look, self.run(stop, most=left))

    def check(self) -> int:
        """CRC-32 of every number taken, in order; between two runs."""
        self._check = zlib.crc32(np.array(self._checks, dtype=">u4").data, self._check)
        self._checks.clear()
        return self._check

    def _noted(self, batch: Batch) -> Batch:
        place = len(self._checks)
        self._checks.append(0)
        return cast(Batch, _Noted(batch, lambda check: self._checks.__setitem__(place, check)))


def width_of(batch: Batch) -> int:
    """Columns of X, without laying them out where the batch knows."""
    width = getattr(batch, "width", None)
    return batch.X.shape[1] if width is None else int(width)


class _Noted:
    """A batch whose CRC is taken by the thread that sums it, as that one lays out X: the reading thread need not."""

    __slots__ = ("_batch", "_note", "_noted")

    def __init__(self, batch: Batch, note: Callable[[int], None]) -> None:
        self._batch, self._note, self._noted = batch, note, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __len__(self) -> int:
        return len(self._batch)

    @property
    def X(self) -> Array:  # noqa: N802 - as Batch calls it
        """The rows, (rows, features)."""
        if not self._noted:
            self._noted = True
            self._note(_crc(self._batch))
        return self._batch.X


def _crc(batch: Batch) -> int:
    X, check = batch.X, 0
    # As it lies in memory, which is the same in every pass: another order would have to be laid out first.
    for part in (X.T if X.flags.f_contiguous else X, batch.y, batch.weight):
        if part is not None:
            check = zlib.crc32(np.ascontiguousarray(part).data, check)
    return check


class _Look:
    """Takes batches in and adds nothing up."""

    def add(self, batch: Batch, /) -> None:
        """Have X laid out, and with it the CRC taken."""
        _ = batch.X
