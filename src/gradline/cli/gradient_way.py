"""`fit --engine`: what the options say of a descent, the descent, what it is told with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import typer

from gradline.cli import processes
from gradline.cli.fitted import Fitted
from gradline.cli.hints import as_options
from gradline.cli.looking import Look
from gradline.cli.showing import show
from gradline.cli.telling import INTERRUPTED, tell

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.finished import Descent
    from gradline.descent.losses.loss import Loss
    from gradline.descent.options import Options

EngineName = Literal["numpy", "autograd", "nn", "moments"]
LossName = Literal["squared", "huber", "absolute", "quantile"]

MAX_ITER = 1000
ROWS = ("batch_size", "loss", "level", "delta")  # what needs them, which moments has not
TAKEN_BY = {"device": "autograd or nn", "optimizer": "nn", "optimizer_option": "nn"} | dict.fromkeys(
    ROWS, "numpy, autograd or nn"
)


@dataclass(frozen=True, slots=True)
class Steps:
    """The options that only a descent has, as `fit` declares them."""

    learning_rate: float | str = "auto"
    iterations: int | None = None
    batch_size: int | None = None
    tol: float = 1e-6
    loss: LossName = "squared"
    level: float | None = None
    delta: float | None = None
    momentum: float = 0.0
    optimizer: str = "sgd"
    optimizer_option: Sequence[str] = ()
    validation_fraction: float | None = None
    seed: int = 0
    device: str = "cpu"

    def refuse(self) -> None:
        """Without an engine, none of them means anything."""
        for option in fields(self):
            if getattr(self, option.name) != option.default:
                name = "--" + option.name.replace("_", "-")
                engines = TAKEN_BY.get(option.name, "numpy, autograd, nn or moments")
                raise typer.BadParameter(f"only a descent has one: add --engine {engines}", param_hint=name)

    @property
    def max_iter(self) -> int:
        """Passes over the rows at most."""
        return self.iterations or MAX_ITER

    @property
    def drawn(self) -> bool:
        """Does the seed decide anything?"""
        return self.batch_size is not None or self.validation_fraction is not None


def fit(
    table: Source,
    fit_intercept: bool,
    look: Look,
    *,
    engine: EngineName,
    steps: Steps,
    checkpoint: str | None,
    every: float,
) -> None:
    """Descend on a table, and show where that ended; an unfinished descent is told on stderr too."""
    from gradline.report.made import Made
    from gradline.report.summary import NEAR, Names, Summary
    from gradline.report.wide_summary import WideSummary
    from gradline.solution import Status

    options = options_of(engine, steps, fit_intercept, checkpoint, every)
    processes.check(options, table)
    descent = _descend(table, options, steps.seed)
    told = Summary.of_descent if descent.problem.exact is not None else WideSummary
    summary = told(descent, Names.of(table), engine=engine, fit_intercept=fit_intercept)
    seed = str(steps.seed) if steps.drawn else ""
    made = Made.by_descent(descent, engine=engine, fit_intercept=fit_intercept, seed=seed)
    show(summary, Fitted(made, descent.training), look)
    if descent.solution.status is Status.INTERRUPTED:
        tell(f"warning: interrupted, unfinished\nhint: {as_options(descent.cure or '')}")
        raise typer.Exit(INTERRUPTED)
    if descent.cure:
        tell(f"warning: not converged\nhint: {as_options(descent.cure)}")
    elif isinstance(summary, Summary) and not summary.trusted and summary.descent and summary.descent.cure:
        warning = f"converged to the {steps.tol:g} asked for; standard errors are told within {NEAR:g}"
        tell(f"warning: {warning}\nhint: {as_options(summary.descent.cure)}")


def options_of(
    engine: EngineName, steps: Steps, fit_intercept: bool, checkpoint: str | None = None, every: float = 0.0
) -> Options:
    """The options of the command as those of a descent."""
    from gradline.descent.options import Options

    share = steps.validation_fraction
    return Options(
        engine=engine,
        learning_rate=steps.learning_rate,
        max_iter=steps.max_iter,
        fit_intercept=fit_intercept,
        batch_size=steps.batch_size,
        tol=steps.tol,
        loss=_loss(steps.loss, steps.level, steps.delta),
        momentum=steps.momentum,
        optimizer=steps.optimizer,
        optimizer_options=_optimizer_options(steps.optimizer_option),
        validation_fraction=None if share is None else _between_0_and_1(share, "--validation-fraction"),
        checkpoint=checkpoint,
        checkpoint_seconds=every,
        device=steps.device,
    )


def rate_of(text: str) -> float | str:
    """What --learning-rate says."""
    if text == "auto":
        return text
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 < rate < float("inf"):
        raise typer.BadParameter(f"'{text}' is neither 'auto' nor a number above 0", param_hint="--learning-rate")
    return rate


def _descend(table: Source, options: Options, seed: int) -> Descent:
    import numpy as np

    from gradline.descent.fit import fit as descend_on
    from gradline.report.progress import progress

    with progress(options.max_iter) as watch:
        return descend_on(table, options, np.random.default_rng(seed), watch)


def _loss(name: LossName, level: float | None, delta: float | None) -> Loss:
    from gradline.descent.losses.by_name import loss_named
    from gradline.descent.losses.huber import Huber
    from gradline.descent.losses.quantile import Quantile

    if level is not None and name != "quantile":
        raise typer.BadParameter("only --loss quantile has one", param_hint="--level")
    if delta is not None and name != "huber":
        raise typer.BadParameter("only --loss huber has one", param_hint="--delta")
    if delta is not None and not delta > 0:
        raise typer.BadParameter(f"{delta} is not above 0", param_hint="--delta")
    if name == "quantile":
        return Quantile(0.5 if level is None else _between_0_and_1(level, "--level"))
    return Huber(delta) if name == "huber" else loss_named(name)


def _optimizer_options(given: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE, the value as JSON writes it: 0.9, true, [0.9, 0.99]; what is none is a string."""
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--optimizer-option")
        try:
            options[name.strip()] = json.loads(value)
        except ValueError:
            options[name.strip()] = value
    return options


def _between_0_and_1(number: float, option: str) -> float:
    if not 0 < number < 1:
        raise typer.BadParameter(f"{number} is not between 0 and 1", param_hint=option)
    return number
