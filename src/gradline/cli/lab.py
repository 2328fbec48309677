"""The command `lab`: a page that shows gradient descent, on the lesson's five points or on a table."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradline.cli.command_line import as_argument
from gradline.cli.options import (
    Decimal,
    Encoding,
    Formula,
    Missing,
    Query,
    Reference,
    Target,
    decimal_mark,
    names,
    references,
)
from gradline.cli.places import refuse_no_file, refuse_to_overwrite, refuse_unwritable, refuse_url
from gradline.data.readers.credentials import shown_path
from gradline.errors import DataError
from gradline.report.page_file import refuse_ending

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.report.lab.facts import Setup

START = (0.5, 5.0)  # slope and intercept; with an intercept the lesson's point is how slowly the 5 goes
ABOUT = "Five points and a line"
UNSAID = {"reference": [], "decimal": ".", "missing": "error"}  # the others are None


def lab(
    source: Annotated[
        str | None,
        typer.Argument(help="A table, as fit takes it. Default: the lesson's five points.", show_default=False),
    ] = None,
    target: Target = None,
    features: Annotated[
        str | None, typer.Option(help="Columns to explain it with: a,b,c. Default: all others.")
    ] = None,
    intercept: Annotated[
        bool | None, typer.Option("--intercept/--no-intercept", help="What the page opens with.", show_default=False)
    ] = None,
    formula: Formula = None,
    reference: Reference = None,
    weight: Annotated[str | None, typer.Option(help="A column of row weights: the areas of the points.")] = None,
    query: Query = None,
    decimal: Decimal = ".",
    encoding: Encoding = None,
    missing: Missing = "error",
    output: Annotated[str, typer.Option("-o", "--output", help="The page to write.")] = "lab.html",
) -> None:
    """Write a page where gradient descent is seen and touched: one file, for any browser, without a network.

    Example: gradline lab houses.csv --target price --features sqft
    """
    from gradline.report.lab.notebook import Lab

    asked = {"target": target, "features": features, "formula": formula, "reference": reference or []}
    asked |= {
        "weight": weight,
        "query": query,
        "decimal": decimal_mark(decimal),
        "encoding": encoding,
        "missing": missing,
    }
    _refuse_before(source, asked, output)
    page = Lab(*(lesson(intercept) if source is None else _table(source, intercept, asked)))
    page.save(output)
    print(f"{shown_path(output)}: open it in a browser", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(lab)


def lesson(intercept: bool | None) -> tuple[Source, Setup]:
    """The five points, and how their page opens."""
    from gradline.data.arrays import ArraySource
    from gradline.lessons.demo import X, Y
    from gradline.report.lab.facts import Setup

    rates = None if intercept else (0.001, 0.00762, 0.014, 0.02)
    five = ArraySource(X[:, None], Y, feature_names=("x",), name="the lesson")
    fits = ["gradline demo", "gradline demo --intercept"]
    command, other = fits[::-1] if intercept else fits
    setup = Setup(bool(intercept), start=START, rates=rates, about=ABOUT, command=command, other_command=other)
    return five, setup


def _table(source: str, intercept: bool | None, asked: dict[str, Any]) -> tuple[Source, Setup]:
    from gradline.data.columns.design import intercept_of
    from gradline.data.source import open_source
    from gradline.report.lab.facts import Setup

    read = {"features": names(asked["features"]), "reference": references(asked["reference"])}
    table = open_source(source, **asked | read)
    command = ["gradline", "fit", as_argument(table.name)]  # by a name that has no credentials in it
    for option, value in asked.items():
        if value != UNSAID.get(option):
            for part in value if isinstance(value, list) else [value]:
                command += [f"--{option}", part]
    fit_intercept = intercept_of(table, intercept is not False)
    fits = {True: shlex.join(command), False: shlex.join([*command, "--no-intercept"])}
    other = fits[intercept is False] if _may_switch(table, fit_intercept) else ""
    return table, Setup(fit_intercept, command=fits[intercept is not False], other_command=other)


def _may_switch(table: Source, fit_intercept: bool) -> bool:
    """Whether the table may be fitted with the intercept switched: no formula decides, and no category needs one."""
    from gradline.data.columns.design import intercept_of

    try:
        return intercept_of(table, not fit_intercept) is not fit_intercept
    except DataError:
        return False


def _refuse_before(source: str | None, asked: dict[str, Any], output: str) -> None:
    """What can be told before the table is read."""
    if source is None and any(value != UNSAID.get(option) for option, value in asked.items()):
        raise typer.BadParameter("the lesson has no columns to choose: name a table as well", param_hint="SOURCE")
    if source is not None and asked["target"] is None and asked["formula"] is None:
        raise typer.BadParameter("a table needs one: the column to explain, or a --formula", param_hint="--target")
    refuse_url(output, "-o")
    refuse_no_file(output, "-o")
    if source is not None:
        refuse_to_overwrite(output, source, "-o")
    refuse_unwritable(output, "-o")
    refuse_ending(output, "lab.html")
