"""The first rows of a source, summed for less than a second: their columns, their pace, what is wrong with them."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradline.data.source import Source
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import names_of, one_pass

SAMPLE_SECONDS = 0.4  # for each arithmetic


@dataclass(frozen=True, slots=True)
class FirstRows:
    """What the first rows of a source told.

    Attributes
    ----------
    columns : int
        Of X, as far as these rows have levels.
    rows : int
    seconds : float
        That the pass over them took.
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
    """A reader that ends after so many seconds."""

    def __init__(self, reader: Any, seconds: float) -> None:
        self._reader, self._seconds, self.whole = reader, seconds, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        """Start a pass over the first rows."""
        blocks, end = self._reader.read(*arguments, **named), time.monotonic() + self._seconds
        self.whole = False
        try:
            for block in blocks:
                yield block
                if time.monotonic() > end:
                    return
            self.whole = True
        finally:
            blocks.close()


def first_rows(source: Source, kind: type[Moments | ExactMoments]) -> FirstRows:
    """Time the first rows, on a copy of the source that ends early."""
    reader = reader_of(source)
    if reader is None:
        return FirstRows(len(source.feature_names))
    part: Any = copy.copy(source)
    part.reader = first = _EndsEarly(reader, SAMPLE_SECONDS)
    rows = [0]
    began = time.monotonic()
    try:
        if kind is ExactMoments:
            columns = one_pass(part, ExactMoments, watch=rows.append).n_features
        else:
            columns = one_pass(part, Moments, watch=rows.append).n_features
    except DataError as error:
        return FirstRows(len(names_of(source)), problem=error.message)
    return FirstRows(columns, rows[-1], time.monotonic() - began, first.whole)


def reader_of(source: Source) -> Any:
    """What reads the rows of a source from outside memory; None of arrays."""
    return getattr(source, "reader", None)
