"""The first rows of a source, summed for less than a second: their columns, their pace, what is wrong with them."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from gradline.data.readers.bad_files import TolerantReader
from gradline.data.readers.reader import Piece
from gradline.data.source import Source
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import names_of, one_pass

SAMPLE_SECONDS = 0.4  # for each arithmetic
WARM = 2  # batches, of two threads


@dataclass(frozen=True, slots=True)
class FirstRows:
    """What the first rows of a source told.

    Attributes
    ----------
    columns : int
        Of X, as far as these rows have levels.
    rows : int
    seconds : float
        That the pass over them took, at the pace of its later batches where there are others to come.
    whole : bool
        Whether there are no others.
    problem : str or None
        For which a fit will refuse the table.
    """

    columns: int
    rows: int = 0
    seconds: float = 0.0
    whole: bool = False
    problem: str | None = None

    def seconds_for(self, rows: int | None) -> float | None:
        """That so many rows will take; None where nothing was timed."""
        return None if rows is None or not self.rows else self.seconds * rows / self.rows


class _EndsEarly:
    """A reader that ends so many seconds after its first block was taken, whoever reads them."""

    def __init__(self, reader: Any, seconds: float) -> None:
        self._reader, self._seconds = reader, seconds
        self._end, self.whole = math.inf, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        """Start a pass over the first rows."""
        self._end, self.whole = math.inf, True
        yield from self._first(self._reader.read(*arguments, **named))

    def pieces(self, *arguments: Any, **named: Any) -> Iterator[Piece]:
        """The same in pieces for threads, where the reader has some; those that begin later are without rows."""
        self._end, self.whole = math.inf, True
        for piece in self._reader.pieces(*arguments, **named) if hasattr(self._reader, "pieces") else ():
            yield piece._replace(read=partial(self._first_of_piece, piece))

    def _first_of_piece(self, piece: Piece) -> Iterator[Any]:
        if time.monotonic() > self._end:
            self.whole = False
        else:
            yield from self._first(piece.read())

    def _first(self, blocks: Any) -> Iterator[Any]:
        try:
            for block in blocks:
                yield block
                self._end = min(self._end, time.monotonic() + self._seconds)
                if time.monotonic() > self._end:
                    self.whole = False
                    return
        except BaseException:
            self.whole = False
            raise
        finally:
            blocks.close()


def first_rows(source: Source, kind: type[Moments | ExactMoments]) -> FirstRows:
    """Time the first rows, on a copy of the source that ends early."""
    reader = reader_of(source)
    if reader is None:
        return FirstRows(len(source.feature_names))
    if isinstance(reader, TolerantReader):
        reader = reader.untried()
    part: Any = copy.copy(source)
    part.reader = first = _EndsEarly(reader, SAMPLE_SECONDS)
    began = time.monotonic()
    marks = [(0, began)]

    def mark(rows: int) -> None:
        marks.append((rows, time.monotonic()))

    try:
        if kind is ExactMoments:
            columns = one_pass(part, ExactMoments, watch=mark).n_features
        else:
            columns = one_pass(part, Moments, watch=mark).n_features
    except DataError as error:
        return FirstRows(len(names_of(source)), problem=error.message)
    (rows, _), seconds = marks[-1], time.monotonic() - began
    if not first.whole and len(marks) > WARM + 1:  # the first batches took what is loaded and opened once as well
        (before, then), (_, ended) = marks[WARM], marks[-1]
        seconds = rows * (ended - then) / (rows - before)
    return FirstRows(columns, rows, seconds, first.whole)


def reader_of(source: Source) -> Any:
    """What reads the rows of a source from outside memory; None of arrays."""
    return getattr(source, "reader", None)
