"""The commands together, and what becomes of an error: data on stdout, all else on stderr; exit 0, 1, 2 or a signal."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from gradline.cli import demo, fit, lab, lessons, models, processes
from gradline.cli.telling import INTERRUPTED, in_words, tell, tell_warning, told
from gradline.data.readers.credentials import shown_path
from gradline.errors import GradlineError

CUT_OFF = 141  # 128 + SIGPIPE, as shells count


class Commands(typer.core.TyperGroup):
    """The commands; what is wrong with an argument is told without the credentials that may be in it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the one asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(getattr(error, "message", None), str):
                for argument in sys.argv:
                    error.message = error.message.replace(argument, shown_path(argument))  # type: ignore[attr-defined]
            raise


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def main() -> None:
    """Run a command; an error we foresaw is one sentence and a hint, never a traceback."""
    warnings.showwarning = tell_warning
    try:
        if (place := processes.place()) is not None:
            processes.run_together(place, app)
        try:
            app()
        finally:
            sys.stdout.flush()
    except GradlineError as error:
        tell(in_words(error))
        sys.exit(1)
    except SystemExit as done:  # Typer makes one of Ctrl-C, and of a closed pipe, without a word
        if isinstance(done.__context__, BrokenPipeError):
            _cut_off()
        if done.code == INTERRUPTED and not told:
            tell("error: interrupted before there was anything to show")
        raise
    except BrokenPipeError:
        _cut_off()
    except OSError as error:
        tell(f"error: the output cannot be written: {error.strerror or error}")
        sys.stdout = None  # what is left in its buffer cannot be written either
        sys.exit(1)


def _cut_off() -> NoReturn:
    """The reader of our output has seen enough; what is left in its buffer goes nowhere."""
    assert sys.__stdout__ is not None
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    sys.exit(CUT_OFF)


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
