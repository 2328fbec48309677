"""The commands together, and what several processes of torchrun do with them."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any

import typer
import typer.core

from gradline.cli import demo, fit, lab, lessons, models, processes
from gradline.cli.telling import without_credentials

EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")  # a shell has put files for a pattern


class Commands(typer.core.TyperGroup):
    """The commands; what is wrong with an argument is told without the credentials that may be in it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the one asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(getattr(error, "message", None), str):
                error.message = without_credentials(_in_words(error))  # type: ignore[attr-defined]  # it has one, as was asked
            raise


def _in_words(error: Any) -> str:
    """The message with what was given in it: Typer has Pydantic check values, and passes on half of what that says."""
    details = getattr(error.__cause__, "errors", None)
    message = str(error.message).removeprefix("Value error, ")
    extra = EXTRA.fullmatch(message)
    if extra and _reads_a_table(error) and any(map(os.path.exists, extra[1].split())):
        return f"{message}. To read many files as one table put their pattern in quotes, '*.csv', or name their folder"
    return message.replace("Input", repr(details()[0]["input"]), 1) if callable(details) else message


def _reads_a_table(error: Any) -> bool:
    """Whether the command it comes from takes one, and no other files."""
    return any(parameter.name == "source" for parameter in error.ctx.command.params)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def run() -> None:
    """The command that was asked for, in this process, or as one of several that torchrun started."""
    if (place := processes.place()) is not None:
        processes.run_together(place, app)
    app()


def _version(asked: bool) -> None:
    if asked:
        from gradline import __version__

        print(f"gradline {__version__}")
        raise typer.Exit


@app.callback()
def gradline(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Linear regression by gradient descent: every step visible, every answer certified."""


for commands in (demo, fit, models, lab, lessons):
    commands.register(app)
