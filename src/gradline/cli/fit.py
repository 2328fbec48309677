"""The command `fit`: its options, and which way they ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gradline.cli import cluster, completion, exact_way, gradient_way, places, processes, saving
from gradline.cli.command_line import command_of
from gradline.cli.exact_way import PrecisionName
from gradline.cli.gradient_way import EngineName, LossName, Steps, rate_of
from gradline.cli.looking import Look, covariance_for
from gradline.cli.options import (
    AsJson,
    Decimal,
    Details,
    Encoding,
    Form,
    Formula,
    Missing,
    Query,
    Reference,
    Target,
    decimal_mark,
    names,
    references,
)

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.report.plan import Spread


def fit(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A table: a file (CSV, Parquet, Arrow, JSON lines), folder, glob, URL, database, - (stdin)."
        ),
    ],
    target: Target = None,
    features: Annotated[
        str | None,
        typer.Option(
            help='Columns to explain it with: a,b,C(zip),"with, comma". Default: all others.',
            autocompletion=completion.columns,
        ),
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="A column of row weights.", autocompletion=completion.column)
    ] = None,
    weights: Annotated[
        Literal["analytic", "frequency"],
        typer.Option(help="What a weight of 3 says: as precise as the mean of 3 rows, or met 3 times."),
    ] = "analytic",
    formula: Formula = None,
    reference: Reference = None,
    query: Query = None,
    decimal: Decimal = ".",
    encoding: Encoding = None,
    intercept: Annotated[bool, typer.Option("--intercept/--no-intercept", help="Fit a constant term.")] = True,
    missing: Missing = "error",
    engine: Annotated[
        EngineName | None, typer.Option(help="Descend, with this engine. Default: the exact way, no descent.")
    ] = None,
    learning_rate: Annotated[str, typer.Option(help="A rate in data units, or auto: conditioned and safe.")] = "auto",
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data at most.", show_default="1000")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step. Default: all.")] = None,
    tol: Annotated[
        float,
        typer.Option(min=0, help="Stop within so many standard errors of the answer; within 0.01 they are told."),
    ] = 1e-6,
    loss: Annotated[LossName, typer.Option(help="What a residual costs.")] = "squared",
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
        PrecisionName,
        typer.Option(help="Of the exact way (no --engine); auto: exact where fewer than 9 digits are sure."),
    ] = "auto",
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
    form: Form = "text",
    save: Annotated[
        str | None,
        typer.Option(
            help="Write the exact way's model (no --engine) to this file: predict, summary, merge, compare read it."
        ),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(help="Write a page: the answer, whether to trust it, what to do. Reads the rows again."),
    ] = None,
    plot: Annotated[
        str | None, typer.Option(help="Draw the fit into this file: .png, .svg or .pdf. Reads the rows again.")
    ] = None,
    on_bad_file: Annotated[
        Literal["error", "skip"],
        typer.Option(help="Of many files, one that cannot be read: an error, or left out and told."),
    ] = "error",
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

    steps = Steps(
        learning_rate=rate_of(learning_rate),
        iterations=iterations,
        batch_size=batch_size,
        tol=tol,
        loss=loss,
        level=level,
        delta=delta,
        momentum=momentum,
        optimizer=optimizer,
        optimizer_option=tuple(optimizer_option or ()),
        validation_fraction=validation_fraction,
        seed=seed,
        device=device,
    )
    pages = places.Places(report, plot)
    if processes.is_first():
        saving.check(save, source)
        places.check(pages, source, save, checkpoint)
    if target is None and formula is None:
        raise typer.BadParameter("which column is to be explained? A name, or a --formula", param_hint="--target")
    processes.refuse_stream(source)
    table = open_source(
        source,
        target=target,
        features=names(features),
        formula=formula,
        reference=references(reference),
        weight=weight,
        weights=weights,
        missing=missing,
        query=query,
        decimal=decimal_mark(decimal),
        encoding=encoding,
        on_bad_file=on_bad_file,
    )
    table = processes.shared(table, dask=dask)
    table = cluster.on_dask(ctx, dask, table, descends=engine is not None, only_plans=plan)
    intercept = intercept_of(table, intercept)
    if as_json and form != "text":
        raise typer.BadParameter("--json is a format already", param_hint="--format")
    another = covariance_for(covariance, table, another_loss=loss != "squared")
    look = Look(another, diagnose, ordered, details, form, as_json, pages, command_of(ctx))
    look.tell_before(table)
    if engine is None:
        steps.refuse()
    elif save is not None:
        raise typer.BadParameter("only the exact way has a model file: leave --engine out", param_hint="--save")
    elif precision != "auto":
        raise typer.BadParameter("only the exact way has one: leave --engine out", param_hint="--precision")
    if plan:
        if engine is not None:
            processes.check(gradient_way.options_of(engine, steps, intercept), table)
        setting = {"precision": precision, "engine": engine, "iterations": steps.max_iter, "batch_size": batch_size}
        if processes.is_first():
            whole, spread = processes.planned(table) if dask is None else cluster.planned(table, dask)
            _plan(whole, spread, look, **setting)
    elif engine is None:
        exact_way.fit(
            table, intercept, look, precision=precision, save=save, checkpoint=checkpoint, every=checkpoint_every
        )
    else:
        gradient_way.fit(
            table, intercept, look, engine=engine, steps=steps, checkpoint=checkpoint, every=checkpoint_every
        )


def _plan(table: Source, spread: Spread, look: Look, **setting: Any) -> None:
    from gradline.report.plan import Plan

    told = Plan.of(table, spread, again=look.again, **setting)
    print(json.dumps(told.as_dict(), allow_nan=False) if look.as_json else told)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(fit)
