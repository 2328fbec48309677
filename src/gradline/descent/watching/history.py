"""What a callback sees of a descent under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The descent after a pass.

    Attributes
    ----------
    loss : sequence of float
        The mean loss before each update, in data units: one number a pass, the last of this one.
    coef : (n_features,) float64
        After the update, in data units; of a module all its parameters in a row.
    intercept : float
    validation_loss : sequence of float
        On the held-out rows after each pass; empty without a validation share.
    """

    loss: Sequence[float]
    coef: Array
    intercept: float
    validation_loss: Sequence[float]
    _distance: Callable[[], float | None] = field(repr=False)
    _to_go: Callable[[], int | None] = field(repr=False)

    @property
    def iteration(self) -> int:
        """Passes done."""
        return len(self.loss)

    @property
    def distance(self) -> float | None:
        """The largest distance of a coefficient from the certified answer, in standard errors; None for a module."""
        return self._distance()

    @property
    def iterations_to_go(self) -> int | None:
        """Until the tolerance is met, at this rate; None where that cannot be foretold."""
        return self._to_go()


Callback: TypeAlias = Callable[[History], bool | None]
