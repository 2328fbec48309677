"""The command `fit`: a table, exactly or by gradient descent."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradline.cli import cluster, completion, models, pages, processes
from gradline.cli.looking import Look, covariance_for
from gradline.cli.options import AsJson, Details, Form, Format, decimal_mark, references
from gradline.cli.telling import INTERRUPTED, as_options, tell
from gradline.errors import GradlineError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.fit import Descent
    from gradline.descent.losses.loss import Loss
    from gradline.descent.options import Options
    from gradline.moments.precision import Statistics
    from gradline.solution import Solution


class EngineName(StrEnum):
    """Who computes the gradient."""

    numpy = "numpy"
    autograd = "autograd"
    nn = "nn"
    moments = "moments"


class Missing(StrEnum):
    """What to do with a row that has an empty cell."""

    error = "error"
    drop = "drop"


class BadFile(StrEnum):
    """What to do with one of many files that cannot be read."""

    error = "error"
    skip = "skip"


class WeightsName(StrEnum):
    """What the weight of a row says."""

    analytic = "analytic"
    frequency = "frequency"


class Precision(StrEnum):
    """The arithmetic of the exact way."""

    auto = "auto"
    float64 = "float64"
    exact = "exact"


class LossName(StrEnum):
    """What a residual costs."""

    squared = "squared"
    huber = "huber"
    absolute = "absolute"
    quantile = "quantile"


DEFAULT_TOL = 1e-6


def fit(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A table: a file (CSV, Parquet, Arrow, JSON lines), folder, glob, URL, database, - (stdin)."
        ),
    ],
    target: Annotated[str | None, typer.Option(help="The column to explain.", autocompletion=completion.column)] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Columns to explain it with: a,b,C(zip). Default: all others.", autocompletion=completion.columns
        ),
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="A column of row weights.", autocompletion=completion.column)
    ] = None,
    weights: Annotated[
        WeightsName, typer.Option(help="What a weight of 3 says: as precise as the mean of 3 rows, or met 3 times.")
    ] = WeightsName.analytic,
    formula: Annotated[
        str | None, typer.Option(help="In place of target and features: 'price ~ log(sqft) + C(city) * age - 1'.")
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(help="COLUMN=LEVEL that others are compared with; may be repeated.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="Of a database: a SELECT, or the name of a table.")] = None,
    decimal: Annotated[str, typer.Option(help="Of CSV: what separates decimals, . or a comma.")] = ".",
    encoding: Annotated[str | None, typer.Option(help="Of CSV. Default: UTF-8, or as its bytes tell.")] = None,
    intercept: Annotated[bool, typer.Option("--intercept/--no-intercept", help="Fit a constant term.")] = True,
    missing: Annotated[Missing, typer.Option(help="Rows with empty cells: an error, or dropped and counted.")] = (
        Missing.error
    ),
    engine: Annotated[
        EngineName | None, typer.Option(help="Descend, with this engine. Default: the exact way, no descent.")
    ] = None,
    learning_rate: Annotated[str, typer.Option(help="A rate in data units, or auto: conditioned and safe.")] = "auto",
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data at most.", show_default="1000")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step. Default: all.")] = None,
    tol: Annotated[float, typer.Option(min=0, help="Stop within so many standard errors of the answer.")] = 1e-6,
    loss: Annotated[LossName, typer.Option(help="What a residual costs.")] = LossName.squared,
    level: Annotated[
        float | None, typer.Option(help="Of --loss quantile: between 0 and 1. Default: 0.5, the median.")
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="Of --loss huber, in units of the target. Default: from the data.")
    ] = None,
    momentum: Annotated[float, typer.Option(min=0, max=0.9999, help="Of the last step, kept at every step.")] = 0.0,
    optimizer: Annotated[str, typer.Option(help="sgd, or with --engine nn any torch.optim name.")] = "sgd",
    optimizer_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for it, such as nesterov=true; may be repeated.")
    ] = None,
    validation_fraction: Annotated[
        float | None, typer.Option(help="Hold out this share of the rows, and stop where their loss no longer falls.")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="Keep the state in this file, and go on from it where it is there.")
    ] = None,
    checkpoint_every: Annotated[
        float, typer.Option(min=0, help="Seconds between two; 0: after each pass, or each block of the exact way.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffling and of the rows held out.")] = 0,
    device: Annotated[str, typer.Option(help="A torch device.")] = "cpu",
    precision: Annotated[
        Precision, typer.Option(help="Of the exact way; auto: exact where fewer than 9 digits are sure.")
    ] = (Precision.auto),
    covariance: Annotated[
        str,
        typer.Option(help="Of the standard errors: classical, HC0..HC3, cluster:COLUMN[,COLUMN], newey-west[:LAGS]."),
    ] = "classical",
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Read the rows once more, and say whether to trust the fit.")
    ] = False,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Rows are in the order of time: the diagnosis looks at neighbours too.")
    ] = False,
    details: Details = False,
    form: Form = Format.text,
    save: Annotated[
        str | None, typer.Option(help="Write the model to this file: predict, summary, merge, compare read it.")
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(help="Write a page: the answer, whether to trust it, what to do. Reads the rows again."),
    ] = None,
    plot: Annotated[
        str | None, typer.Option(help="Draw the fit into this file: .png, .svg or .pdf. Reads the rows again.")
    ] = None,
    on_bad_file: Annotated[
        BadFile, typer.Option(help="Of many files, one that cannot be read: an error, or left out and told.")
    ] = BadFile.error,
    dask: Annotated[
        str | None,
        typer.Option(help="Let the workers of Dask read the files: local, or the address of a scheduler."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be read, how often, and the memory needed; fit nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit a line to a table; after a descent, say how far it is from the exact answer.

    Example: gradline fit houses.csv --target price --features sqft,rooms --engine nn
    """
    from gradline.data.columns.design import intercept_of
    from gradline.data.source import open_source

    rate = _rate(learning_rate)
    models.check(save, source)
    asked = pages.places(report, plot, source, save)
    if target is None and formula is None:
        raise typer.BadParameter("which column is to be explained? A name, or a --formula", param_hint="--target")
    table = open_source(
        source,
        target=target,
        features=None if features is None else [name.strip() for name in features.split(",")],
        formula=formula,
        reference=references(reference or []),
        weight=weight,
        weights=weights.value,
        missing=missing.value,
        query=query,
        decimal=decimal_mark(decimal),
        encoding=encoding,
        on_bad_file=on_bad_file.value,
    )
    one_alone = {"--report": report is not None, "--plot": plot is not None, "--plan": plan, "--dask": dask is not None}
    one_alone |= {"--covariance": covariance != "classical", "--diagnose": diagnose}
    one_alone["--checkpoint"] = checkpoint is not None and engine is None
    table = processes.shared(table, one_alone)
    table = cluster.on_dask(ctx, dask, table, descends=engine is not None, only_plans=plan)
    intercept = intercept_of(table, intercept)
    if as_json and form is not Format.text:
        raise typer.BadParameter("--json is a format already", param_hint="--format")
    another = covariance_for(covariance, table, another_loss=loss is not LossName.squared)
    look = Look(another, diagnose, ordered, details, form)
    pages.tell_before(asked, table, look)
    if engine is None:
        descent_only = {
            "--learning-rate": rate != "auto",
            "--iterations": iterations is not None,
            "--batch-size": batch_size is not None,
            "--tol": tol != DEFAULT_TOL,
            "--loss": loss is not LossName.squared,
            "--level": level is not None,
            "--delta": delta is not None,
            "--momentum": momentum != 0.0,
            "--optimizer": optimizer != "sgd",
            "--optimizer-option": bool(optimizer_option),
            "--validation-fraction": validation_fraction is not None,
            "--seed": seed != 0,
            "--device": device != "cpu",
        }
        for option in (name for name, given in descent_only.items() if given):
            raise typer.BadParameter("only a descent has one: add --engine numpy, autograd or nn", param_hint=option)
        if plan:
            _plan(table, as_json, precision=precision.value)
            return
        from gradline.report.summary import Names, Summary

        keep = None if checkpoint is None else (checkpoint, checkpoint_every)
        moments, solution = _solve(table, intercept, precision.value, keep)
        unsaved = None
        if save is not None and processes.is_first():
            try:
                models.save(save, table, moments, solution, fit_intercept=intercept, precision=precision.value)
            except GradlineError as error:  # a full disk; told below the fit, which it shall not take along
                unsaved = error
        summary = Summary.of_solution(moments, solution, Names.of(table), fit_intercept=intercept)
        fitted = pages.Fitted(table, intercept, moments, solution)
        try:
            robust = pages.show(summary, fitted, asked, pages.command_of(ctx), as_json=as_json, look=look)
            if save is not None and unsaved is None and robust is not None and processes.is_first():
                models.save(
                    save, table, moments, solution, fit_intercept=intercept, precision=precision.value, robust=robust
                )
        finally:
            if as_json:
                assert solution.certificate is not None
                for warning in solution.certificate.warnings(table.feature_names, centred=intercept):
                    tell(f"warning: {warning}")
            if unsaved is not None:
                raise unsaved
    else:
        from gradline.descent.options import Options

        if save is not None:
            raise typer.BadParameter("only the exact way has a model file: leave --engine out", param_hint="--save")
        if precision is not Precision.auto:
            raise typer.BadParameter("only the exact way has one: leave --engine out", param_hint="--precision")
        if plan:
            _plan(table, as_json, engine=engine.value, iterations=iterations or 1000, batch_size=batch_size)
            return
        options = Options(
            engine=engine.value,
            learning_rate=rate,
            max_iter=iterations or 1000,
            fit_intercept=intercept,
            batch_size=batch_size,
            tol=tol,
            loss=_loss(loss, level, delta),
            momentum=momentum,
            optimizer=optimizer,
            optimizer_options=_optimizer_options(optimizer_option or []),
            validation_fraction=_fraction(validation_fraction),
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_every,
            device=device,
        )
        from gradline.report.summary import Names, Summary
        from gradline.report.wide_summary import WideSummary
        from gradline.solution import Status

        processes.check(options, table)
        descent = _descend(table, options, seed)
        told = Summary.of_descent if descent.problem.exact is not None else WideSummary
        summary_ = told(descent, Names.of(table), engine=engine.value, fit_intercept=intercept)
        drawn = batch_size is not None or validation_fraction is not None
        fitted = pages.Fitted(table, intercept, descent=descent, engine=engine.value, seed=seed if drawn else None)
        pages.show(summary_, fitted, asked, pages.command_of(ctx), as_json=as_json, look=look)
        if descent.solution.status is Status.INTERRUPTED:
            tell(f"warning: interrupted, unfinished\nhint: {as_options(descent.cure or '')}")
            raise typer.Exit(INTERRUPTED)
        if descent.cure:
            tell(f"warning: not converged\nhint: {as_options(descent.cure)}")


def _plan(table: Source, as_json: bool, **setting: Any) -> None:
    from gradline.report.plan import Plan

    told = Plan.of(table, **setting)
    print(json.dumps(told.as_dict(), allow_nan=False) if as_json else told)


def _solve(
    table: Source, fit_intercept: bool, precision: str, keep: tuple[str, float] | None
) -> tuple[Statistics, Solution]:
    from gradline.moments.keeping import Interrupted, Keep
    from gradline.moments.precision import gather
    from gradline.report.progress import reading

    checkpoint = None if keep is None else Keep(*keep)
    try:
        with reading(table) as watch:
            return gather(table, fit_intercept=fit_intercept, precision=precision, watch=watch, keep=checkpoint)
    except Interrupted as saved:
        tell(str(saved))
        raise


def _descend(table: Source, options: Options, seed: int) -> Descent:
    import numpy as np

    from gradline.descent.fit import fit as descend_on
    from gradline.report.progress import progress

    with progress(options.max_iter) as watch:
        return descend_on(table, options, np.random.default_rng(seed), watch)


def _loss(name: LossName, level: float | None, delta: float | None) -> Loss:
    from gradline.descent.losses.loss import Huber, Quantile, loss_named

    if level is not None and name is not LossName.quantile:
        raise typer.BadParameter("only --loss quantile has one", param_hint="--level")
    if delta is not None and name is not LossName.huber:
        raise typer.BadParameter("only --loss huber has one", param_hint="--delta")
    if name is LossName.quantile:
        return Quantile(0.5 if level is None else level)
    return Huber(delta) if name is LossName.huber else loss_named(name.value)


def _optimizer_options(given: list[str]) -> dict[str, Any]:
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


def _fraction(share: float | None) -> float | None:
    if share is not None and not 0 < share < 1:
        raise typer.BadParameter(f"{share} is not between 0 and 1", param_hint="--validation-fraction")
    return share


def _rate(text: str) -> float | str:
    if text == "auto":
        return text
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 < rate < float("inf"):
        raise typer.BadParameter(f"'{text}' is neither 'auto' nor a number above 0", param_hint="--learning-rate")
    return rate


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(fit)
