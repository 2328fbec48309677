"""What a descent asks of the processes that share its rows, beside what everybody asks of them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gradline.data.processes import Processes
from gradline.descent.engine import Engine


@runtime_checkable
class InStep(Protocol):
    """Processes that take the same steps on different rows."""

    def together(self, engine: Engine, /) -> Engine:
        """The engine whose steps go down the gradient of the rows of all."""
        ...


def in_step(processes: Processes, engine: Engine) -> Engine:
    """The engine whose steps are those of all processes; of one alone it is the engine itself."""
    return processes.together(engine) if isinstance(processes, InStep) else engine
