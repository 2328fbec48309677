"""Any `nn.Module` in place of the line, through the same rung, loop and stopping: the bridge to neural networks.

What makes a line's descent certain (one answer, known curvatures) a module does not have: no rate is worked out for
it, and nothing is certified. It can be stopped by the iterations, held-out rows or a callback.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.descent.engine import Engine
from gradline.descent.engines import check_torch, nn_engine, optimizer_of
from gradline.descent.goal.conditioning import DataUnits
from gradline.descent.goal.standardised import Standardised
from gradline.descent.losses.huber import Huber
from gradline.descent.losses.loss import Loss
from gradline.descent.options import Options
from gradline.descent.run import Run, raise_or_warn, split
from gradline.descent.steps import epochs
from gradline.descent.telling import divergence, ending
from gradline.descent.watching.after_pass import AfterPass
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.watching.history import Callback
from gradline.errors import DataError
from gradline.moments.columns import columns_of
from gradline.solution import Array, Solution, Status

if TYPE_CHECKING:
    import torch
    from torch import nn

ROWS_AT_ONCE = 65_536
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained module, with the units it was trained in.

    Attributes
    ----------
    module : nn.Module
        From rows (n, features) in the frame to (n, 1).
    frame : Standardised
    dtype, device : str
    """

    module: nn.Module
    frame: Standardised
    dtype: str
    device: str

    def predict(self, X: Array) -> Array:
        """(n,) predictions for rows in data units."""
        import torch

        found = np.empty(len(X))
        training, kind = self.module.training, getattr(torch, self.dtype)
        self.module.eval()  # dropout and batch normalisation behave differently while training
        with torch.no_grad():
            for start in range(0, len(X), ROWS_AT_ONCE):
                part = slice(start, start + ROWS_AT_ONCE)
                rows = self.frame.rows(Batch.of(X[part], np.zeros(len(X[part])))).X
                out = self.module(torch.as_tensor(rows, dtype=kind, device=self.device))
                if not isinstance(out, torch.Tensor):
                    raise DataError(
                        f"the module returns {type(out).__name__}, expected a tensor of shape ({len(rows)}, 1)",
                        hint="wrap it in a module that returns its prediction alone",
                    )
                if out.shape != (len(rows), 1):
                    raise DataError(
                        f"the module made {tuple(out.shape)} of {rows.shape}, expected ({len(rows)}, 1)",
                        hint="one number a row: end it with a layer of one output, such as nn.Linear(k, 1)",
                    )
                found[part] = out.double().cpu().numpy()[:, 0]
        self.module.train(training)
        return self.frame.target_scale * found + self.frame.target_centre

    def loss(self, source: Source, loss: Loss) -> float:
        """The mean loss on a source, in data units."""
        total, weight = [], []
        for batch in source.batches():
            weights = np.ones(len(batch)) if batch.weight is None else batch.weight
            total.append(float(weights @ loss.value(self.predict(batch.X) - batch.y)))
            weight.append(float(weights.sum()))
        return math.fsum(total) / math.fsum(weight) if all(map(math.isfinite, total)) else math.inf


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
) -> Training:
    """Train a copy of `module`, or what `module(n_features)` makes, on `source`.

    Raises
    ------
    DataError
        Where the module does not take these rows or give one number a row, or an option is for lines only.
    DivergenceError
        Where the loss explodes.
    """
    if options.engine != "nn":
        raise DataError(f"a module is trained by engine 'nn', not by '{options.engine}'", hint="engine='nn'")
    check_torch("nn", options.device, options.dtype)
    for name, given in (
        ("init", options.init != "zeros" if isinstance(options.init, str) else True),
        ("record_path", options.record_path),
        ("fit_intercept=False", not options.fit_intercept),
    ):
        if given:
            raise DataError(f"{name} is for a line: a module begins as it is made", hint=f"leave out {name}")
    if options.automatic and options.optimizer == "sgd":
        raise DataError(
            "learning_rate='auto' is worked out from the curvature of a line's loss, which a module does not have",
            hint="take an optimizer with a default, optimizer='adam', or give a rate, for example learning_rate=0.01",
        )
    if isinstance(options.cost, Huber) and options.cost.delta is None:
        raise DataError("delta of the Huber loss is settled for lines only", hint="loss=Huber(delta=...) in units of y")
    training, validation = split(source, options, rng)
    with _seeded(int(rng.integers(2**31)), options.device):
        return _train(training, validation, module, options, rng, callbacks)


def _train(
    source: Source,
    validation: Source | None,
    module: Any,
    options: Options,
    rng: np.random.Generator,
    callbacks: tuple[Callback, ...],
) -> Training:
    columns = columns_of(source)
    if options.automatic:
        frame = Standardised.of(columns.mean, columns.variance)
    else:
        frame = _data_units(len(source.feature_names))
    loss = options.cost.in_units(frame.target_scale)
    network = Network(_built(module, source, options), frame, options.dtype, options.device)
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
        )
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
        early = EarlyStopping(lambda w, b: network.loss(held, in_data_units), patience=options.n_iter_no_change)
    unit = frame.target_scale**loss.degree
    data = {"features": source.feature_names, "rows": columns.rows, "means": columns.mean, "module": _shape(network)}
    run = Run(
        engine,
        options,
        rng,
        None,
        early,
        source,
        data,
        memories={"module": network.module, "torch": _TorchRandom(options.device)},
    )
    after_pass = AfterPass(DataUnits(np.eye(0)), unit, set_pace=run.pace, early_stopping=early, callbacks=callbacks)
    square = float(columns.variance[-1]) + (columns.mean[-1] - frame.target_centre) ** 2
    ceiling = 1e6 * max(first, (square / frame.target_scale**2) ** (loss.degree / 2))
    found = run.descend(epoch, after_pass, stop=None, ceiling=ceiling if ceiling > 0 else math.inf)
    rate = math.nan if options.automatic else float(options.learning_rate)
    if found.status is Status.DIVERGED:
        error = divergence.exploded(None if options.automatic else rate, found.history, None, source.feature_names)
        raise_or_warn(error, options.on_divergence)
    return Training(
        network=network,
        solution=replace(found, history=tuple(loss * unit for loss in found.history)),
        learning_rate=rate,
        loss=network.loss(source, options.cost),
        validation_loss=tuple(early.losses) if early else (),
        stop_reason=_sentence(found, rate, early),
    )


class _Explained:
    """An engine whose step says in a sentence what a module could not do; a callback's errors are the caller's own."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.optimizer = engine, optimizer_of(engine)
        self.read, self.write = engine.read, engine.write

    def step(self, batch: Batch) -> float:
        """The engine's."""
        try:
            return self._engine.step(batch)
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


def _built(module: Any, source: Source, options: Options) -> nn.Module:
    import torch
    from torch import nn

    features = len(source.feature_names)
    try:
        built = copy.deepcopy(module) if isinstance(module, nn.Module) else module(features)
    except TypeError as error:
        raise DataError(
            f"module({features}) cannot be made: {error}",
            hint="give a module, or a function: module=lambda features: ...",
        ) from None
    if not isinstance(built, nn.Module):
        raise DataError(
            f"module made {type(built).__name__}, expected a torch.nn.Module",
            hint="module=nn.Sequential(...), or a function of the number of features that returns one",
        )
    if not any(parameter.requires_grad for parameter in built.parameters()):
        raise DataError("the module has no parameters to train")
    built.to(device=options.device, dtype=getattr(torch, options.dtype))
    try:
        Network(built, _data_units(features), options.dtype, options.device).predict(np.zeros((2, features)))
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the module does not take rows of {features} features: {str(error).splitlines()[0]}",
            hint=f"begin it with a layer of {features} inputs, or give a function: module=lambda features: ...",
        ) from None
    return built


def _data_units(features: int) -> Standardised:
    return Standardised(np.zeros(features), np.ones(features), 0.0, 1.0)


def _shape(network: Network) -> list[str]:
    return [repr(network.module), *(f"{name} {tuple(p.shape)}" for name, p in network.module.named_parameters())]


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    """Initial weights and dropout from our seed, without a trace in the caller's random numbers."""
    import torch

    gpu = _gpu(device)
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[gpu] if gpu else [], device_type="cuda"):  # one for all threads
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU's, and leave them so
        if gpu:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


def _gpu(device: str) -> torch.device | None:
    """The GPU, which draws dropout from a generator of its own; None for the CPU."""
    import torch

    found = torch.device(device)
    return found if found.type == "cuda" else None


class _TorchRandom:
    """Where torch's generators are, for a checkpoint: dropout draws from that of its device."""

    def __init__(self, device: str) -> None:
        self._gpu = _gpu(device)

    def state_dict(self) -> dict[str, Any]:
        import torch

        there = {"cuda": torch.cuda.get_rng_state(self._gpu)} if self._gpu else {}
        return {"cpu": torch.get_rng_state(), **there}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        import torch

        torch.set_rng_state(state["cpu"])
        if self._gpu:
            torch.cuda.set_rng_state(state["cuda"], self._gpu)
