"""What happens after each pass, in this order: path, rate, held-out rows, callback, checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gradline.descent.goal.units import Units
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.watching.history import Callback, History
from gradline.solution import Array, Status


@dataclass(slots=True, eq=False)
class AfterPass:
    """Called by the loop with parameters in the frame; tells the callback of them in data units.

    Attributes
    ----------
    unit_of_loss : float
        A loss in the frame is so many in data units.
    path : list or None
        Filled with the slopes after each pass, in data units.
    set_pace : (history, w, b) -> None, or None
        Changes the rate for the passes to come: a schedule, a `torch.optim` scheduler.
    distance, to_go : (w, b) -> figure
        For the callback, computed when it asks.
    save : (history, verdict) -> None, or None
        Keeps a checkpoint of a pass that is complete.
    """

    frame: Units
    unit_of_loss: float
    path: list[Array] | None = None
    set_pace: Callable[[Sequence[float], Array, float], None] | None = None
    early_stopping: EarlyStopping | None = None
    callbacks: Sequence[Callback] = ()
    distance: Callable[[Array, float], float | None] = field(default=lambda w, b: None)
    to_go: Callable[[Array, float], int | None] = field(default=lambda w, b: None)
    save: Callable[[Sequence[float], Status | None], None] | None = None

    @property
    def idle(self) -> bool:
        """Is there nothing to do? Then the loop need not call."""
        return not (self.callbacks or self.early_stopping or self.set_pace or self.save or self.path is not None)

    def __call__(self, history: Sequence[float], w: Array, b: float) -> Status | None:
        """A status ends the descent."""
        if self.path is not None:
            self.path.append(self.frame.leave(w, b)[0])
        if self.set_pace:
            self.set_pace(history, w, b)
        verdict = self.early_stopping.after_pass(w, b) if self.early_stopping else None
        if self.callbacks:
            seen = self._seen(history, w, b)
            if any([callback(seen) for callback in self.callbacks]):  # every one of them hears of every pass
                verdict = verdict or Status.CALLBACK
        if self.save:
            self.save(history, verdict)
        return verdict

    def _seen(self, history: Sequence[float], w: Array, b: float) -> History:
        return History(
            loss=_Scaled(history, self.unit_of_loss),
            coef=self.frame.leave(w, b)[0],
            intercept=self.frame.leave(w, b)[1],
            validation_loss=self.early_stopping.losses if self.early_stopping else (),
            _distance=lambda: self.distance(w, b),
            _to_go=lambda: self.to_go(w, b),
        )


class _Scaled(Sequence[float]):
    """Numbers times a unit, without a copy of a long history at each pass."""

    def __init__(self, numbers: Sequence[float], unit: float) -> None:
        self._numbers, self._unit = numbers, unit

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # int or slice, as a list
        found = self._numbers[index]
        return [number * self._unit for number in found] if isinstance(index, slice) else found * self._unit

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return repr(list(self))
