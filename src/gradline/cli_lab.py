"""The command `lab`: a page that shows gradient descent, on the lesson's five points or on a table."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gradline.data.readers.credentials import shown_path

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.report.lab.facts import Setup

START = (0.5, 5.0)  # slope and intercept; with an intercept the lesson's point is how slowly the 5 goes
ABOUT = "Five points and a line"


def lab(
    source: Annotated[
        str | None,
        typer.Argument(help="A table, as fit takes it. Default: the lesson's five points.", show_default=False),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column to explain.")] = None,
    features: Annotated[
        str | None, typer.Option(help="Columns to explain it with: a,b,c. Default: all others.")
    ] = None,
    intercept: Annotated[
        bool | None, typer.Option("--intercept/--no-intercept", help="What the page opens with.", show_default=False)
    ] = None,
    output: Annotated[str, typer.Option("-o", "--output", help="The page to write.")] = "lab.html",
) -> None:
    """Write a page where gradient descent is seen and touched: one file, for any browser, without a network.

    Example: gradline lab houses.csv --target price --features sqft
    """
    from gradline.report.lab.notebook import Lab

    _refuse_before(source, target, features, output)
    page = Lab(*(lesson(intercept) if source is None else _table(source, target, features, intercept)))
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
    return five, Setup(fit_intercept=bool(intercept), start=START, rates=rates, about=ABOUT, command="gradline demo")


def _table(source: str, target: str | None, features: str | None, intercept: bool | None) -> tuple[Source, Setup]:
    from gradline.data.source import open_source
    from gradline.report.lab.facts import Setup

    names = None if features is None else [name.strip() for name in features.split(",")]
    table = open_source(source, target=target, features=names)
    command = ["gradline", "fit", table.name, "--target", str(target)]  # by a name that has no credentials in it
    command += [] if features is None else ["--features", features]
    command += ["--no-intercept"] if intercept is False else []
    return table, Setup(fit_intercept=intercept is not False, command=shlex.join(command))


def _refuse_before(source: str | None, target: str | None, features: str | None, output: str) -> None:
    """What can be told before the table is read."""
    from gradline.data.written.whole_file import refuse_place

    if source is None and (target or features):
        raise typer.BadParameter("the lesson has no columns to choose: name a table as well", param_hint="SOURCE")
    if source is not None and target is None:
        raise typer.BadParameter("a table needs one: the column to explain", param_hint="--target")
    if source is not None and os.path.exists(output) and os.path.exists(source) and os.path.samefile(output, source):
        raise typer.BadParameter(
            f"'{shown_path(output)}' is the table that is read: it would be overwritten", param_hint="-o"
        )
    try:
        refuse_place(output)
    except OSError as error:
        raise typer.BadParameter(f"'{shown_path(output)}' cannot be written: {error}", param_hint="-o") from None
