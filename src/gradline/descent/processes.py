"""What a descent asks of the processes that share its rows; alone there is nobody to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from gradline.data.source import Source
from gradline.descent.engine import Engine

T = TypeVar("T")


@runtime_checkable
class Processes(Protocol):
    """Processes that take the same steps on different rows: each of them calls the same, in the same order."""

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

    def together(self, engine: Engine, /) -> Engine:
        """The engine whose steps go down the gradient of the rows of all."""
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

    def together(self, engine: Engine) -> Engine:
        """The engine as it is."""
        return engine


ALONE = Alone()


def processes_of(source: Source | Any) -> Processes:
    """Those that share the rows of a source."""
    processes: Processes = getattr(source, "processes", ALONE)
    return processes
