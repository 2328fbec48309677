"""The parts of a table read by the threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradline.data.part import State, states_ahead
from gradline.data.table_source import TableSource
from gradline.moments.parallel import available_threads


def by_threads(
    of: Callable[[TableSource], State],
    whole: TableSource,
    parts: Sequence[Any],
    merged: Callable[[State, State], State],
) -> Iterator[tuple[int, State]]:
    """A `gradline.data.part.Runner` of this process alone."""
    for state in states_ahead(of, whole, parts, available_threads()):
        yield 1, state
