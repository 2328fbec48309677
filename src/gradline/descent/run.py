"""A descent under way: resumed from a checkpoint or begun, kept, and ended at its best held-out loss."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from gradline.data.processes import processes_of
from gradline.data.source import Source
from gradline.data.split import held_out
from gradline.descent.engine import Engine, optimizer_of
from gradline.descent.loop import descend
from gradline.descent.options import Options
from gradline.descent.steps.epochs import Epoch
from gradline.descent.steps.momentum import HeavyBall
from gradline.descent.steps.optimizers import OptimizerState
from gradline.descent.steps.schedule import CautiousRate, FallingRate
from gradline.descent.steps.schedulers import Scheduler
from gradline.descent.watching.after_pass import AfterPass
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.watching.resume import Keeper, Remembers, digest
from gradline.errors import DataError, DivergenceError, DivergenceWarning
from gradline.solution import Array, Solution, Status


class Run:
    """An engine in the loop, with what it carries from pass to pass: kept in a checkpoint, where one is asked for."""

    def __init__(
        self,
        engine: Engine,
        options: Options,
        rng: np.random.Generator,
        path: list[Array] | None,
        early_stopping: EarlyStopping | None,
        source: Source,
        identity: dict[str, Any],
        pace: FallingRate | CautiousRate | None = None,
        memories: dict[str, Remembers] | None = None,
    ) -> None:
        self.engine, self.options, self.early_stopping = engine, options, early_stopping
        scheduler = Scheduler.of(options.scheduler, optimizer_of(engine)) if options.scheduler else None
        self.pace = scheduler or pace
        self._keeper = None
        if options.checkpoint is not None:
            optimizer = optimizer_of(engine)
            carried: dict[str, Any] = {
                "optimizer": OptimizerState(optimizer) if optimizer else None,
                "momentum": engine if isinstance(engine, HeavyBall) else None,
                "pace": self.pace,
                "validation": early_stopping,
                **(memories or {}),
            }
            self._keeper = Keeper(
                options.checkpoint,
                options.checkpoint_seconds,
                options.identity() | identity | {"rows themselves": digest(source)} | _plan(scheduler),
                engine,
                rng,
                {name: memory for name, memory in carried.items() if memory is not None},
                path,
                processes_of(source),
            )

    def descend(
        self,
        epoch: Epoch,
        after_pass: AfterPass,
        *,
        stop: Callable[[Array, float], Status | None] | None,
        ceiling: float,
        mean_over: int | None = None,
    ) -> Solution:
        """From the start, or from the checkpoint; ends at the best held-out loss where that ended it.

        A `ceiling` of zero is none: y is zero in every row, and the descent starts on it.
        """
        history: Sequence[float] = ()
        if self._keeper is not None:
            history, ended = self._keeper.resume()
            after_pass.save = self._keeper.after_pass
            if len(history) > self.options.max_iter:
                raise DataError(
                    f"the checkpoint {self.options.checkpoint} holds {len(history)} iterations, more than the "
                    f"{self.options.max_iter} asked for",
                    hint="raise max_iter, or delete the file to begin anew",
                )
            if ended is Status.VALIDATION and self.early_stopping is not None and self.early_stopping.patient:
                ended = None  # with more patience than before it goes on
            if ended is not None:
                return self._best(Solution(*self.engine.read(), ended, tuple(history)))
        room: AbstractContextManager[None] = nullcontext()
        if self.options.device != "cpu":
            from gradline.descent.brought import brought_batches, memory_for_rows

            room = memory_for_rows(self.options.device)
            if self.options.batch_size is not None:
                epoch = brought_batches(epoch, self.options.dtype, self.options.device)
        with room, nullcontext() if self._keeper is None else self._keeper.noticing():
            found = descend(
                self.engine,
                epoch,
                max_iter=self.options.max_iter,
                stop=stop,
                after_pass=None if after_pass.idle else after_pass,
                ceiling=ceiling or math.inf,
                history=history,
                mean_over=mean_over,
            )
        # What was interrupted within a pass would not go on as an unbroken run: the last complete pass, which Ctrl-C
        # has saved, does.
        if self._keeper is not None and found.status not in (Status.DIVERGED, Status.INTERRUPTED):
            self._keeper.at_the_end(found.history, found.status if found.status is Status.VALIDATION else None)
        return self._best(found)

    def _best(self, found: Solution) -> Solution:
        if found.status is not Status.VALIDATION or self.early_stopping is None:
            return found
        best = self.early_stopping.go_back(self.engine)
        return found if best is None else replace(found, coef=best[0], intercept=best[1])


def _plan(scheduler: Scheduler | None) -> dict[str, str]:
    return {} if scheduler is None else {"scheduler": scheduler.plan}


def split(source: Source, options: Options, rng: np.random.Generator) -> tuple[Source, Source | None]:
    """Rows to train on, and rows to validate with where some are to be held out."""
    if options.validation_fraction is None:
        return source, None
    return held_out(source, options.validation_fraction, int(rng.integers(2**31)))


def raise_or_warn(error: DivergenceError, on_divergence: str) -> None:
    """As the user chose."""
    if on_divergence == "raise":
        raise error
    warnings.warn(str(error), DivergenceWarning, stacklevel=5)
