"""A pass over parts by several processes: each gathers a state of its own, and in the end all have the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from gradline.data.part import State, states_ahead
from gradline.data.processes import Processes
from gradline.data.table_source import TableSource
from gradline.data.tally import Tally
from gradline.errors import DataError, GradlineError
from gradline.moments.parallel import available_threads


class Group(Processes, Protocol):
    """Processes that know how many they are, and which of them this is."""

    @property
    def rank(self) -> int:
        """Which, from 0."""

    @property
    def size(self) -> int:
        """How many."""

    def alarm(self) -> None:
        """Let the others know that a pass has failed here."""

    def alarmed(self) -> bool:
        """Whether one of them has said so."""


class Failure(NamedTuple):
    """Why a process has no state to show: of an error its sentence and hint, or that it was interrupted."""

    message: str | None
    hint: str | None

    @classmethod
    def of(cls, error: GradlineError | KeyboardInterrupt) -> Failure:
        """What travels of it."""
        return cls(error.message, error.hint) if isinstance(error, GradlineError) else cls(None, None)

    def error(self) -> DataError | KeyboardInterrupt:
        """To be raised in every process."""
        return KeyboardInterrupt() if self.message is None else DataError(self.message, hint=self.hint)


class InShares:
    """A `gradline.data.part.Runner`: each process gathers the state of its own parts, and learns those of the others.

    All of them merge the same states in the same order, so that they go on with the same bits. What fails in one of
    them fails in all, with the same words and at the same place: whatever one process would do then, all do.

    Attributes
    ----------
    tally : Tally
        What the last pass of this process met.
    """

    def __init__(self, group: Group) -> None:
        self._group, self.tally = group, Tally()

    @property
    def size(self) -> int:
        """Of how many."""
        return self._group.size

    def own(self, parts: Sequence[Any], rank: int | None = None) -> Sequence[Any]:
        """Those of this process, or another: neighbours, as many as the others have or one more."""
        rank, size = self._group.rank if rank is None else rank, self._group.size
        return parts[len(parts) * rank // size : len(parts) * (rank + 1) // size]

    def __call__(
        self,
        of: Callable[[TableSource], State],
        whole: TableSource,
        parts: Sequence[Any],
        merged: Callable[[State, State], State],
    ) -> Iterator[tuple[int, State]]:
        """See `gradline.data.part.Runner`."""
        state, failure = None, None
        try:
            state = self._gathered_here(of, whole, self.own(parts), merged)
        except (GradlineError, KeyboardInterrupt) as error:
            failure = Failure.of(error)
            self._group.alarm()
        found = self._group.gathered((state, failure))
        for _, failed in found:
            if failed is not None:
                raise failed.error()
        if state is not None:
            self.tally = state[-1]  # type: ignore[index]  # as every state of rows
        for rank, (theirs, _) in enumerate(found):
            if theirs is not None:
                yield len(self.own(parts, rank)), theirs

    def _gathered_here(
        self,
        of: Callable[[TableSource], State],
        whole: TableSource,
        own: Sequence[Any],
        merged: Callable[[State, State], State],
    ) -> State | None:
        """The state of the parts of this process; None where there are none, or another process has failed."""
        state: State | None = None
        threads = max(1, available_threads() - 1)
        for of_part in states_ahead(of, whole, own, threads):
            state = of_part if state is None else merged(state, of_part)
            if self._group.alarmed():
                return None
        return state
