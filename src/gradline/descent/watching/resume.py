"""Keep everything that moves in a descent, and put it back: the resumed run ends in the bits of an unbroken one."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gradline.data.processes import Alone, Processes, processes_of
from gradline.data.row_check import RowCheck
from gradline.data.source import Source
from gradline.data.written.checkpoint import Checkpoint, Saver, fingerprint, load
from gradline.data.written.ctrl_c import CtrlC
from gradline.descent.engine import Engine
from gradline.errors import DataError
from gradline.solution import Array, Status


class Remembers(Protocol):
    """Anything with a state of its own, in the manner of `torch.optim`."""

    def state_dict(self) -> dict[str, Any]:
        """Of numbers, arrays and tensors."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Go on from there."""


def digest(source: Source) -> str:
    """Of every number in order, one pass: sums and means are the same for rows in another order.

    However many processes have a part of the rows, one after the other, it is the same.
    """
    return str(reduce(operator.add, processes_of(source).gathered(RowCheck.of(source.batches()))))


class Keeper:
    """One checkpoint file.

    Parameters
    ----------
    path : path
    every_seconds : float
    fields : mapping
        Which fit this is: options and figures of the data, without what only says when to stop.
    engine : Engine
    memories : mapping of str to object with state_dict and load_state_dict
        What a descent carries from pass to pass beside its parameters and the random generator.
    processes : Processes
        All of them go on from the file that the first one reads and writes.
    """

    def __init__(
        self,
        path: str | Path,
        every_seconds: float,
        fields: Mapping[str, Any],
        engine: Engine,
        rng: np.random.Generator,
        memories: Mapping[str, Remembers],
        slopes: list[Array] | None,
        processes: Processes,
    ) -> None:
        self._saver = Saver(path, every_seconds)
        try:
            self._fingerprint = fingerprint(fields)
        except TypeError as error:
            raise DataError(
                f"a checkpoint cannot tell whose it is: {error}", hint="give plain numbers and strings as options"
            ) from None
        self._engine, self._rng, self._memories, self._slopes = engine, rng, memories, slopes
        self._processes = processes
        self._ctrl_c = CtrlC()

    def resume(self) -> tuple[tuple[float, ...], Status | None]:
        """Put back what was kept: the losses so far, and how the descent ended, if it did; () where nothing was."""
        kept = self._processes.from_first(lambda: load(self._saver.path, self._fingerprint))
        if kept is None:
            return (), None
        state = kept.state
        self._engine.write(*state["parameters"])
        for name, memory in self._memories.items():
            memory.load_state_dict(state[name])
        self._rng.bit_generator.state = state["random"]
        if self._slopes is not None:
            self._slopes[:] = state["path"]
        return kept.history, None if state["ended"] is None else Status[state["ended"]]

    def after_pass(self, history: Sequence[float], verdict: Status | None) -> None:
        """Save, where the interval is over; on Ctrl-C too, which is raised after it."""
        if self._ctrl_c.pressed:
            self.at_the_end(history, verdict)
            raise KeyboardInterrupt
        if self._processes.first:
            self._saver.after_pass(lambda: self._checkpoint(history, verdict))

    def at_the_end(self, history: Sequence[float], verdict: Status | None) -> None:
        """Save, so that a later run with more iterations goes on from here."""
        if self._processes.first:
            self._saver.save(self._checkpoint(history, verdict))

    def noticing(self) -> AbstractContextManager[None]:
        """Ctrl-C ends the pass, which is saved before it is raised; a second one is raised at once.

        Of several processes each is interrupted where it is: they may be in different passes, and would wait for ever.
        """
        return self._ctrl_c.noted() if isinstance(self._processes, Alone) else nullcontext()

    def _checkpoint(self, history: Sequence[float], verdict: Status | None) -> Checkpoint:
        state = {
            "parameters": self._engine.read(),
            "random": self._rng.bit_generator.state,
            "path": self._slopes,
            "ended": verdict.name if verdict else None,
            **{name: memory.state_dict() for name, memory in self._memories.items()},
        }
        return Checkpoint(self._fingerprint, len(history), tuple(history), state)
