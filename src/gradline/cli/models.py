"""Commands on saved models: predict, summary, merge, subtract, compare."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gradline.cli.options import AsJson, Decimal, Details, Encoding, Form, Query, decimal_mark
from gradline.cli.places import refuse_no_file, refuse_to_overwrite
from gradline.cli.telling import tell
from gradline.data.readers.credentials import shown_path

if TYPE_CHECKING:
    from gradline.data.to_predict import FeatureTable
    from gradline.model_file import SavedModel
    from gradline.solution import Array

CANCELS = 1e8  # from this condition number on it is looked at what cancels in predictions,
TELLING = 0.01  # and told where it reaches this part of the residual standard deviation

Model = Annotated[str, typer.Argument(help="A file that fit --save wrote.", show_default=False)]
Models = Annotated[list[str], typer.Argument(help="Two or more files that fit --save wrote.", show_default=False)]
Output = Annotated[str, typer.Option("-o", "--output", help="The model file to write.", show_default=False)]


def predict(
    model: Model,
    source: Annotated[str, typer.Argument(help="A table with the features, in any order, wherever fit reads one.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="A .csv or .parquet file. Default: CSV on stdout.")
    ] = None,
    interval: Annotated[
        float | None, typer.Option(help="Limits too, which hold a new value with this probability.")
    ] = None,
    missing: Annotated[
        Literal["error", "blank"], typer.Option(help="Rows with empty cells: an error, or a blank prediction.")
    ] = "error",
    query: Query = None,
    decimal: Decimal = ".",
    encoding: Encoding = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a row; with -o one that says what was written.")
    ] = False,
) -> None:
    """Predict the rows of a table with a saved model, one line each, in their order.

    Example: gradline predict model.json houses.csv --interval 0.95 -o predicted.csv
    """
    from gradline.data.readers.opening import opened
    from gradline.data.to_predict import FeatureTable
    from gradline.data.written.rows_out import SUFFIXES, write_csv, write_json_lines, write_rows
    from gradline.model_file import read_model

    if interval is not None and not 0 < interval < 1:
        raise typer.BadParameter(f"{interval} is not between 0 and 1", param_hint="--interval")
    if output is not None and Path(output).suffix not in SUFFIXES:
        raise typer.BadParameter(f"'{shown_path(output)}' ends neither in .csv nor in .parquet", param_hint="-o")
    if output is not None:
        refuse_to_overwrite(output, source, "-o", "the table")
        refuse_to_overwrite(output, model, "-o", "the model")
    saved = read_model(model)
    reader = opened(source, query=query, decimal=decimal_mark(decimal), encoding=encoding)
    advice = "missing='blank' leaves the predictions of such rows empty"
    rows = FeatureTable.of(reader, saved.starts_from, missing, advice)
    names = ("prediction",) if interval is None else ("prediction", "lower", "upper")
    unknown: list[float] = []
    predictions = _predictions(saved, rows, interval, unknown)
    if output is None:
        write = write_json_lines if as_json else write_csv
        write(sys.stdout.buffer, names, predictions)
    else:
        count = write_rows(output, names, predictions)
        if as_json:
            print(json.dumps({"output": shown_path(output), "rows": count, "blank": rows.blank}))
    if rows.blank:
        plural = "row has" if rows.blank == 1 else "rows have"
        levels = "".join(
            f" or levels of {name!r} that the fit never met ({level!r})" for name, level in rows.unseen.items()
        )
        tell(f"warning: {rows.blank:,} {plural} empty cells{levels}, and no prediction")
    if (worst := max(unknown, default=0.0)) > TELLING * saved.inference().residual_sd > 0.0:
        tell(
            f"warning: rounding leaves these predictions right to about {worst:.1g} only: far larger terms cancel in "
            "them, of columns that say nearly the same; a fit without one of them knows more digits"
        )


def summary(model: Model, form: Form = "text", details: Details = False, as_json: AsJson = False) -> None:
    """Report a saved model as its fit did.

    Example: gradline summary model.json
    """
    from gradline.model_file import read_model

    saved = read_model(model)
    report = saved.summary()
    if not as_json:
        print(report.account(details=details).written(form))
        return
    print(json.dumps(report.as_dict(), allow_nan=False))
    for warning in saved.certificate.warnings(saved.columns, centred=saved.fit_intercept):
        tell(f"warning: {warning}")


def merge(models: Models, output: Output, as_json: AsJson = False) -> None:
    """Add up exact models: the fit to all their rows, without the rows.

    Example: gradline merge january.json february.json -o both.json
    """
    from functools import reduce

    from gradline.model_file import merged, read_model

    _refuse_one(models)
    refuse_no_file(output, "-o")
    for path in models:
        refuse_to_overwrite(output, path, "-o", "a model")
    sources: list[str] = []
    first: dict[str, str] = {}  # path of a model by what it knows
    twice: list[str] = []

    def read(path: str) -> SavedModel:
        model = read_model(path)
        sources.append(model.source)
        known = first.setdefault(model.statistics_sha256, path)
        if len(sources) > len(first) + len(twice):
            twice.append(f"{shown_path(known)} and {shown_path(path)} are of equal rows: all count twice")
        return model

    def with_next(so_far: SavedModel, path: str) -> SavedModel:
        return merged(so_far, read(path), (shown_path(models[0]), shown_path(path)))

    _write(output, reduce(with_next, models[1:], read(models[0])), sources, as_json)
    for warning in twice:
        tell(f"warning: {warning}")


def subtract(whole: Model, part: Model, output: Output, as_json: AsJson = False) -> None:
    """Take the rows of one exact model out of another, without the rows.

    Example: gradline subtract both.json january.json -o february.json
    """
    from gradline.model_file import read_model, subtracted

    refuse_no_file(output, "-o")
    for path in (whole, part):
        refuse_to_overwrite(output, path, "-o", "a model")
    minuend, subtrahend = read_model(whole), read_model(part)
    called = (shown_path(whole), shown_path(part))
    _write(output, subtracted(minuend, subtrahend, called), [minuend.source, subtrahend.source], as_json)


def compare(models: Models, form: Form = "text", as_json: AsJson = False) -> None:
    """Print saved models side by side, each coefficient with its standard error below.

    Example: gradline compare january.json february.json
    """
    from gradline.model_file import read_model
    from gradline.report.comparison import SideBySide

    _refuse_one(models)
    reports = [(shown_path(path), read_model(path).summary()) for path in models]
    if as_json:
        shown = [{"model": path, "target": report.target, **report.as_dict()} for path, report in reports]
        print(json.dumps({"models": shown}, allow_nan=False))
    else:
        print(SideBySide(reports).account().written(form))


def _write(output: str, model: SavedModel, sources: list[str], as_json: bool) -> None:
    """A model made of others, and what is to be told of it."""
    from gradline.model_file import write_model

    write_model(output, model)
    if as_json:
        told = {
            "output": shown_path(output),
            "rows": model.moments.rows,
            "rows_dropped": model.rows_dropped,
            "sources": sources,
            "digits": model.certificate.digits,
        }
        print(json.dumps(told, allow_nan=False))


def _predictions(
    saved: SavedModel, rows: FeatureTable, interval: float | None, unknown: list[float]
) -> Iterator[Array]:
    """Of each block; what rounding leaves of it goes to `unknown`, where columns nearly depend on each other."""
    import numpy as np

    inference = None if interval is None else saved.inference(confidence=interval)
    cancels = saved.certificate.condition_number > CANCELS
    for X in rows.blocks():
        if cancels:
            unknown.append(saved.unknown(X))
        predicted = saved.predict(X)[:, None]
        if inference is not None:
            predicted = np.column_stack([predicted, inference.predict_interval(saved.powers(X))])
        yield predicted


def _refuse_one(models: list[str]) -> None:
    if len(models) < 2:
        raise typer.BadParameter("one model is not enough, expected two or more", param_hint="MODELS")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (predict, summary, merge, subtract, compare):
        app.command()(command)
