"""Lower the rate of mini-batches where noise, and no longer distance, is what is left of the error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from gradline.descent.engine import Engine, optimizer_of
from gradline.descent.steps.momentum import HeavyBall
from gradline.solution import Array

FALLS = 0.9


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lower the rate after every pass that brought the error down by less than half of what its rate promised.

    A pass at rate r promises to multiply the error by exp(-r pull). Where the error fell by less than half of that,
    the pass was mostly noise, and the rate becomes r / (1 + r pull): 1 / rate grows by `pull`. It never rises.

    Why so: with b = r pull, a pass over reshuffled rows takes the squared error d^2 to about exp(-2 b) d^2 + C^2 b^4,
    since to first order in b the noise of its batches sums to zero. The b that makes this smallest is 2 / k in pass k,
    and leaves d = 4 C k^(-3/2), with C = 1 / sqrt(12) standard errors where the noise is alike in all rows. Noise makes
    about every other pass fall short, so 1 / b grows by a half in each: 2 / k. The rule needs no C, no starting pass
    and no distance of the start; and where there is no noise (an exact fit) it keeps the rate.

    Each row must count alike over a pass: a smaller last batch has to take a shorter step, not the mean of its own
    rows. Otherwise the noise of a pass does not sum to zero, and the error falls with k^(-1/2) only.

    Attributes
    ----------
    rate : float
        Of every step of the next pass.
    pull : float
        Smallest curvature times steps in a pass (rows / batch size, a fraction where the last batch is smaller).
    error : float or None
        After the last pass, in any unit (standard errors); None before the first.
    quadratic : bool
        Whether curvature is the same everywhere. Other losses bend near the answer only: from afar they do not keep
        what the curvature there promises, and it is enough that the error falls by a tenth; nor is the rate more than
        halved in a pass.

    Notes
    -----
    1 % of a standard error takes some tens of passes, 1e-6 some ten thousand. Beside the noise there is a bias of the
    order of the rate; it shows where single rows weigh most (Cauchy columns), and falls with 1 / k. Both are of the
    order of the least that reshuffling leaves after k passes at any constant rate (Safran, Shamir 2020), with or
    without averages of the iterates (Cha, Lee, Yun 2023).

    Rates of order 1 / k in pass k: Gurbuzbalaban, Ozdaglar, Parrilo 2021; Ahn, Yun, Sra 2020. A constant rate first,
    then a falling one: Gower et al. 2019, theorem 3.2, who switch at a step known beforehand; here the measured error
    decides. Beside others in docs/minibatches.md.

    Examples
    --------
    Far from the answer the error falls as promised; near it, it does not:

    >>> schedule = Schedule(rate=0.01, pull=200.0)
    >>> for error in (400.0, 55.0, 8.0, 7.0, 9.0):
    ...     schedule = schedule.after_pass(error)
    ...     print(round(schedule.rate, 6))
    0.01
    0.01
    0.01
    0.003333
    0.002
    """

    rate: float
    pull: float
    error: float | None = None
    quadratic: bool = True

    def after_pass(self, error: float) -> Schedule:
        """The schedule for the next pass, given the `error` after this one; its numbers are all its state."""
        b = self.rate * self.pull
        half_kept = (1.0 + math.exp(-b)) / 2.0
        if self.error is None or error <= self.error * (half_kept if self.quadratic else max(half_kept, FALLS)):
            return replace(self, error=error)
        return replace(self, error=error, rate=self.rate / (1.0 + (b if self.quadratic else min(b, 1.0))))


class FallingRate:
    """A schedule at work on an engine: called after each pass, it measures how far there is to go.

    Parameters
    ----------
    engine : Engine
    schedule : Schedule
        Of the rate that steps add up to; with momentum m that is 1 / (1 - m) times the engine's own.
    distance : (w, b) -> float
        Standard errors to the answer.
    momentum : float
    """

    def __init__(
        self, engine: Engine, schedule: Schedule, distance: Callable[[Array, float], float], momentum: float
    ) -> None:
        self._engine = engine
        self._schedule, self._distance, self._momentum = schedule, distance, momentum

    def __call__(self, history: Sequence[float], w: Array, b: float) -> None:
        """Set the rate of the next pass."""
        before = self._schedule.rate
        self._go_on(self._schedule.after_pass(self._distance(w, b)))
        _turn(self._engine, self._schedule.rate / before)

    def state_dict(self) -> dict[str, Any]:
        """The schedule's numbers."""
        return asdict(self._schedule)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._go_on(Schedule(**state))

    def _go_on(self, schedule: Schedule) -> None:
        self._schedule = schedule
        set_rate(self._engine, schedule.rate * (1.0 - self._momentum))


class CautiousRate:
    """A hopeful rate, halved after every pass in which the loss rose, and never below one that is proved to be safe.

    Below what the curvature near the answer allows it grows again, a tenth a pass, as long as the loss falls (the "bold
    driver" of Vogl, Mangis, Rigler, Zink, Alkon 1988, Biological Cybernetics 59, 257-263).

    Parameters
    ----------
    engine : Engine
    rate : float
        To begin with.
    near, safe : float
        What the curvature near the answer allows; what any curvature allows.
    """

    def __init__(self, engine: Engine, rate: float, near: float, safe: float) -> None:
        self._engine = engine
        self.rate, self._near, self._safe = rate, near, safe

    def __call__(self, history: Sequence[float], w: Array, b: float) -> None:
        """Look at the last two losses."""
        if len(history) < 2:
            return
        # Near the answer a loss differs by its rounding from pass to pass; that is no rise.
        if not history[-1] <= history[-2] * (1 + 1e-12):
            rate = max(self.rate / 2, self._safe)
        else:
            rate = max(self.rate, min(1.1 * self.rate, self._near))
        if rate != self.rate:
            times = rate / self.rate
            self.load_state_dict({"rate": rate})
            _turn(self._engine, times)

    def state_dict(self) -> dict[str, Any]:
        """The rate."""
        return {"rate": self.rate}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with it."""
        self.rate = state["rate"]
        set_rate(self._engine, self.rate)


def _turn(engine: Engine, times: float) -> None:
    """Tell a heavy ball that its rate is so many times what it was; one that goes on from a checkpoint knows."""
    if isinstance(engine, HeavyBall) and times != 1.0:
        engine.at_another_rate(times)


def set_rate(engine: Engine, rate: float) -> None:
    """Give a rung the rate of its next steps: rung 3 keeps it in its optimizer, the others as a number of their dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from gradline.descent.rung1_by_hand import ByHand
    >>> rung = ByHand(np.zeros(1), 0.0, learning_rate=0.5, bias=True, dtype="float32")
    >>> set_rate(rung, 0.25)
    >>> rung.learning_rate
    np.float32(0.25)
    """
    rung: Any = engine.engine if isinstance(engine, HeavyBall) else engine
    if (optimizer := optimizer_of(rung)) is not None:
        for group in optimizer.param_groups:
            group["lr"] = rate
    else:
        rung.learning_rate = type(rung.learning_rate)(rate)
