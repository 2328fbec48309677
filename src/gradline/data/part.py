"""A part of a table, as whoever reads it opens it; and who reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeVar

from gradline.data.columns.design import Design
from gradline.data.columns.formula import Formula
from gradline.data.columns.terms import Terms
from gradline.data.readers.ahead import ahead
from gradline.data.readers.reader import Cells
from gradline.data.table_source import TableSource

State = TypeVar("State")
WIDE = 64  # columns


class Placed(NamedTuple):
    """A part that knows where its rows are in the table, and what groups them: see `PartedSource.placed`.

    Attributes
    ----------
    part
        As its table has it.
    rows_before : int
    groups : tuple
        Columns, or the labels of its rows (`ByArray`).
    """

    part: Any
    rows_before: int
    groups: tuple[Any, ...] = ()


def part_of(whole: TableSource, part: Any) -> TableSource:
    """The rows of one part, as a source for the process that reads them."""
    place = part if isinstance(part, Placed) else Placed(part, getattr(part, "rows_before", None) or 0)
    reader: Any = whole.reader
    if place.part is not None:
        reader = reader.only(place.part)
        if place is part:  # whose rows are counted as those of the table
            reader.name = whole.reader.name
    source = TableSource(
        reader,
        whole.roles,
        _of_a_part(whole.design),
        missing="drop",
        batch_rows=whole.batch_rows,
        frequencies=whole.frequencies,
        rows_before=place.rows_before,
    )
    source.groups, source.threads = place.groups, 1
    return source


def state_of(of: Callable[[TableSource], State], whole: TableSource, part: Any) -> State:
    """What is gathered of one part, in the process that reads it."""
    return of(part_of(whole, part))


def states_ahead(
    of: Callable[[TableSource], State], whole: TableSource, parts: Sequence[Any], threads: int
) -> Iterator[State]:
    """The state of each part, in their order, by threads that each read one; few parts have several threads each.

    Of wide tables two are read at a time: states that wait for their turn take much room. Whoever leaves early waits
    for no part to be read to its end: the threads stop at their next block of rows.
    """
    left = threading.Event()
    wide = len(whole.roles.columns) > WIDE or bool(whole.design.categories.columns)
    at_once = max(1, min(len(parts), threads, 2 if wide else threads))

    def state(part: Any) -> State:
        source = part_of(whole, part)
        source.reader, source.threads = _Until(left, source.reader), max(1, threads // at_once)
        return of(source)

    return ahead(state, parts, at_once, left)


class _Until:
    """A reader whose passes break off once nobody waits for them."""

    def __init__(self, left: threading.Event, reader: Any) -> None:
        self._left, self._reader = left, reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read(self, *how: Any) -> Iterator[list[Cells]]:
        """See `gradline.data.readers.reader.Reader`."""
        blocks = self._reader.read(*how)
        with closing(blocks):
            for block in blocks:
                if self._left.is_set():
                    raise CancelledError
                yield block


def _of_a_part(design: Design) -> Design:
    """What a part is to look for: it need not have the reference level."""
    if isinstance(design, Formula) or design.known:
        return design
    return Terms(tuple(replace(column, asked_reference=None) for column in design.columns))


class Runner(Protocol):
    """Who gathers a state of each part, and makes one of those of neighbours, in order."""

    def __call__(
        self,
        of: Callable[[TableSource], State],
        whole: TableSource,
        parts: Sequence[Any],
        merged: Callable[[State, State], State],
        /,
    ) -> Iterator[tuple[int, State]]:
        """For one run of neighbouring parts after the other: how many they are, and their state.

        The first is `parts[0]`; of one part it is `state_of(of, whole, part)`. A state ends in the Tally of its rows.
        """
        ...
