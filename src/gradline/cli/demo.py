"""The command `demo`: the lesson, on its five points."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from gradline.cli.options import AsJson
from gradline.cli.telling import tell


def demo(
    engine: Annotated[
        Literal["numpy", "autograd", "nn"] | None,
        typer.Option(help="Only this engine, printing the lesson's own lines. Default: all."),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Step size; these data allow at most 0.01524.")] = 0.001,
    iterations: Annotated[int, typer.Option(min=1, help="Steps.")] = 100,
    init: Annotated[float, typer.Option(help="Where every parameter starts.")] = 0.5,
    intercept: Annotated[bool, typer.Option("--intercept", help="Fit y = a*x + b instead of y = a*x.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the lesson: five points, one line, every engine from the same start.

    Example: gradline demo --learning-rate 0.02
    """
    from gradline.descent.engines import ENGINES
    from gradline.lessons import demo as lesson

    if not 0 < learning_rate < float("inf"):
        raise typer.BadParameter(f"{learning_rate} is not a number above 0", param_hint="--learning-rate")
    if not abs(init) <= 1e100:
        raise typer.BadParameter(f"{init} is not a number between -1e100 and 1e100", param_hint="--init")
    setting = lesson.Setting(learning_rate, iterations, init, intercept)
    shown = lesson.run(setting, ENGINES if engine is None else (engine,))
    if as_json:
        print(json.dumps(shown.as_dict(), allow_nan=False))
    elif engine is None:
        print(lesson.side_by_side(shown))
    else:
        print("\n".join(lesson.lesson_lines(shown, engine)))
    if shown.stopped:
        tell(f"{shown.stopped}\nhint: {shown.hint}.")
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(demo)
