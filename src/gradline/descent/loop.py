"""The only loop: history, stopping, and the loss that stops being a number. No rung can forget them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.engine import Engine
from gradline.solution import Array, Solution, Status

Stop = Callable[[Array, float], Status | None]
AfterPass = Callable[[Sequence[float], Array, float], Status | None]


def descend(
    engine: Engine,
    epoch: Callable[[], Iterable[Batch]],
    *,
    max_iter: int,
    stop: Stop | None = None,
    after_pass: AfterPass | None = None,
    ceiling: float = math.inf,
    history: Sequence[float] = (),
    mean_over: int | None = None,
) -> Solution:
    """Step through the data until `max_iter` passes are done, or `stop` or `after_pass` says so, or the loss explodes.

    Parameters
    ----------
    engine : Engine
    epoch : callable
        Each call gives the batches of one pass: the full batch alone, or shuffled mini-batches.
    max_iter : int
        Passes at most. With the full batch a pass is one step.
    stop : callable, optional
        `stop(w, b)` after each pass; a status ends the descent with it.
    after_pass : callable, optional
        `after_pass(history, w, b)` after each pass: the losses before the updates so far, parameters after the
        last one. A status ends the descent with it.
    ceiling : float
        A loss above it, infinite or NaN ends the descent as diverged, in the iteration where it happens. A test
        for NaN alone is not enough: in float64 a diverging descent can stay finite for thousands of steps.
    history : sequence of float
        Of the passes done before, where a descent is resumed.
    mean_over : int, optional
        The loss of a batch is the mean over so many rows; None: over its own.

    Returns
    -------
    Solution
        `history[k]` is the mean loss before update k + 1 (for mini-batches, the mean over the pass). Interrupted
        (Ctrl-C) it is what there is, its history that of the complete passes.
    """
    losses_before = list(history)
    status = Status.MAX_ITER
    w, b = engine.read()
    if losses_before and stop and (done := stop(w, b)):
        return Solution(w, b, done, tuple(losses_before))
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told as divergence, once, below
            while len(losses_before) < max_iter:
                losses, rows, means = [], [], []
                for batch in epoch():
                    losses.append(engine.step(batch))
                    rows.append(batch.rows)
                    means.append(mean_over or batch.rows)
                    if not losses[-1] <= ceiling:
                        status = Status.DIVERGED
                        break
                one = len(losses) == 1 or status is Status.DIVERGED
                losses_before.append(losses[-1] if one else float(np.dot(losses, means)) / sum(rows))
                w, b = engine.read()
                done = after_pass(losses_before, w, b) if after_pass else None
                if status is Status.DIVERGED:
                    break
                if done or (stop and (done := stop(w, b))):
                    status = done
                    break
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    w, b = engine.read()
    if not (np.isfinite(w).all() and math.isfinite(b)):
        status = Status.DIVERGED
    return Solution(w, b, status, tuple(losses_before))
