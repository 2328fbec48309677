"""The processes that share the rows of a table; alone there is nobody to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Processes(Protocol):
    """Processes that do the same with different rows: each of them calls the same, in the same order."""

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        ...

    def gathered(self, value: T, /) -> list[T]:
        """The value that each of them has, in their order."""
        ...

    def from_first(self, make: Callable[[], T], /) -> T:
        """What the first of them makes; the others make nothing."""
        ...


class Alone:
    """The one process that has all rows."""

    first = True

    def gathered(self, value: T) -> list[T]:
        """Its own."""
        return [value]

    def from_first(self, make: Callable[[], T]) -> T:
        """What it makes."""
        return make()


ALONE = Alone()


def processes_of(source: Any) -> Processes:
    """Those that share the rows of a source."""
    processes: Processes = getattr(source, "processes", ALONE)
    return processes
