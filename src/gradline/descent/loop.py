"""The only loop: history, stopping, and the loss that stops being a number. No rung can forget them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.engine import Engine
from gradline.solution import Array, Solution, Status

Stop = Callable[[Array, float], Status | None]
OnIteration = Callable[[int, float, Array, float], None]


def descend(
    engine: Engine,
    epoch: Callable[[], Iterable[Batch]],
    *,
    max_iter: int,
    stop: Stop | None = None,
    on_iteration: OnIteration | None = None,
    ceiling: float = math.inf,
) -> Solution:
    """Step through the data `max_iter` times, or until `stop(w, b)` says so, or until the loss explodes.

    Parameters
    ----------
    engine : Engine
    epoch : callable
        Each call gives the batches of one pass: the full batch alone, or shuffled mini-batches.
    max_iter : int
        Passes at most. With the full batch a pass is one step.
    stop : callable, optional
        `stop(w, b)` after each pass; a status ends the descent with it.
    on_iteration : callable, optional
        `on_iteration(iteration, loss, w, b)` after each pass: the loss before the update, parameters after it.
    ceiling : float
        A loss above it, infinite or NaN ends the descent as diverged, in the iteration where it happens. A test
        for NaN alone is not enough: in float64 a diverging descent can stay finite for thousands of steps.

    Returns
    -------
    Solution
        `history[k]` is the mean squared error before update k + 1 (for mini-batches, the mean over the pass).
    """
    history: list[float] = []
    status = Status.MAX_ITER
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told as divergence, once, below
        for iteration in range(1, max_iter + 1):
            losses, rows = [], []
            for batch in epoch():
                losses.append(engine.step(batch))
                rows.append(len(batch))
                if not losses[-1] <= ceiling:
                    status = Status.DIVERGED
                    break
            one = len(losses) == 1 or status is Status.DIVERGED
            history.append(losses[-1] if one else float(np.average(losses, weights=rows)))
            w, b = engine.read()
            if on_iteration:
                on_iteration(iteration, history[-1], w, b)
            if status is Status.DIVERGED:
                break
            if stop and (done := stop(w, b)):
                status = done
                break
    w, b = engine.read()
    if not (np.isfinite(w).all() and math.isfinite(b)):
        status = Status.DIVERGED
    return Solution(w, b, status, tuple(history))
