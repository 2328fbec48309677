"""Any `nn.Module` in place of the line, through the same rung, loop and stopping: the bridge to neural networks.

What makes a line's descent certain (one answer, known curvatures) a module does not have: no rate is worked out for
it, and nothing is certified. It can be stopped by the iterations, held-out rows or a callback.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.descent.brought import memory_for_rows
from gradline.descent.engine import Engine, optimizer_of
from gradline.descent.engines import nn_engine
from gradline.descent.goal.conditioning import DataUnits
from gradline.descent.goal.standardised import Standardised
from gradline.descent.losses.huber import Huber
from gradline.descent.module.network import Network
from gradline.descent.module.random_numbers import TorchRandom, seeded
from gradline.descent.options import Options
from gradline.descent.run import Run, raise_or_warn, split
from gradline.descent.steps import epochs
from gradline.descent.telling import divergence, ending
from gradline.descent.watching.after_pass import AfterPass
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.watching.history import Callback
from gradline.errors import DataError
from gradline.moments.columns import columns_of
from gradline.solution import Solution, Status


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A finished training; the figures are those of `Descent`."""

    network: Network
    solution: Solution
    learning_rate: float
    loss: float
    validation_loss: tuple[float, ...]
    stop_reason: str


def train(
    source: Source,
    module: nn.Module | Callable[[int], nn.Module],
    options: Options,
    rng: np.random.Generator,
    *callbacks: Callback,
    before: Network | None = None,
) -> Training:
    """Train a copy of `module`, or what `module(n_features)` makes, on `source`; or go on with the network `before`.

    Raises
    ------
    DataError
        Where the module does not take these rows or give one number a row, or an option is for lines only.
    DivergenceError
        Where the loss explodes.
    """
    if options.engine != "nn":
        raise DataError(f"a module is trained by engine 'nn', not by '{options.engine}'", hint="engine='nn'")
    for name, given in (
        ("init", options.init != "zeros" if isinstance(options.init, str) else True),
        ("record_path", options.record_path),
        ("fit_intercept=False", not options.fit_intercept),
    ):
        if given:
            raise DataError(f"{name} is for a line: a module begins as it is made", hint=f"leave out {name}")
    if options.automatic and options.optimizer == "sgd" and "lr" not in options.optimizer_options:
        raise DataError(
            "learning_rate='auto' is worked out from the curvature of a line's loss, which a module does not have",
            hint="take an optimizer with a default, optimizer='adam', or give a rate, for example learning_rate=0.01",
        )
    if isinstance(options.cost, Huber) and options.cost.delta is None:
        raise DataError("delta of the Huber loss is settled for lines only", hint="loss=Huber(delta=...) in units of y")
    training, validation = split(source, options, rng)
    with seeded(int(rng.integers(2**31)), options.device):
        return _train(training, validation, module, options, rng, callbacks, before)


def _train(
    source: Source,
    validation: Source | None,
    module: Any,
    options: Options,
    rng: np.random.Generator,
    callbacks: tuple[Callback, ...],
    before: Network | None,
) -> Training:
    columns = columns_of(source)
    if before is not None and len(before.frame.centre) == len(source.feature_names):
        frame, module = before.frame, before.module
    elif options.automatic:
        frame = Standardised.of(columns.mean, columns.variance)
    else:
        frame = Standardised.data_units(len(source.feature_names))
    loss = options.cost.in_units(frame.target_scale)
    network = Network.of(module, len(source.feature_names), options, frame)
    engine = _Explained(
        nn_engine(
            network.module,
            learning_rate=None if options.automatic else float(options.learning_rate),
            loss=loss,
            momentum=options.momentum,
            optimizer=options.optimizer,
            optimizer_options=options.optimizer_options,
            dtype=options.dtype,
            device=options.device,
        ),
        options.device,
    )
    first = network.loss(source, options.cost) / frame.target_scale**loss.degree
    if options.batch_size is None:
        epoch = epochs.full_batches(source, frame)
    else:
        mean_weight = columns.weight / columns.rows
        epoch = epochs.mini_batches(source, frame, options.batch_size, mean_weight, rng)
    early = None
    if validation is not None:
        held, in_data_units = validation, options.cost
        early = EarlyStopping(
            lambda w, b: network.loss(held, in_data_units), options.n_iter_no_change, beside=network.module
        )
    unit = frame.target_scale**loss.degree
    data = {"features": source.feature_names, "rows": columns.rows, "means": columns.mean, "module": network.shape}
    run = Run(
        engine,
        options,
        rng,
        None,
        early,
        source,
        data,
        memories={"module": network.module, "torch": TorchRandom(options.device)},
    )
    after_pass = AfterPass(DataUnits(np.eye(0)), unit, set_pace=run.pace, early_stopping=early, callbacks=callbacks)
    square = float(columns.variance[-1]) + (columns.mean[-1] - frame.target_centre) ** 2
    ceiling = 1e6 * max(first, (square / frame.target_scale**2) ** (loss.degree / 2))
    found = run.descend(epoch, after_pass, stop=None, ceiling=ceiling)
    found = replace(found, history=tuple(loss * unit for loss in found.history))
    rate = math.nan if options.automatic else float(options.learning_rate)
    if found.status is Status.DIVERGED:
        error = divergence.exploded(None if options.automatic else rate, found.history, None)
        raise_or_warn(error, options.on_divergence)
    return Training(
        network=network,
        solution=found,
        learning_rate=rate,
        loss=network.loss(source, options.cost),
        validation_loss=tuple(early.losses) if early else (),
        stop_reason=_sentence(found, rate, early),
    )


class _Explained:
    """An engine whose step says in a sentence what a module could not do; a callback's errors are the caller's own."""

    def __init__(self, engine: Engine, device: str) -> None:
        self._engine, self.optimizer, self._device = engine, optimizer_of(engine), device
        self.read, self.write = engine.read, engine.write

    def step(self, batch: Batch) -> float:
        """The engine's."""
        try:
            with memory_for_rows(self._device):
                return self._engine.step(batch)
        except DataError:
            raise
        except (RuntimeError, ValueError) as failure:
            raise DataError(f"the module cannot be trained on these rows: {str(failure).splitlines()[0]}") from failure


def _sentence(found: Solution, rate: float, early: EarlyStopping | None) -> str:
    k = len(found.history)
    if found.status is Status.DIVERGED:
        return divergence.stop_sentence(rate, found.history, None)
    if found.status is Status.VALIDATION and early:
        return ending.stopped_early(early)
    if found.status is Status.CALLBACK:
        return f"Stopped by the callback after iteration {k}."
    if found.status is Status.INTERRUPTED:
        return f"Unfinished: interrupted after {k} complete iterations."
    return f"Stopped after the {k} iterations asked for; whether a module is at its best nothing here can tell."
