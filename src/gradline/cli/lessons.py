"""Commands for learning: check, practice."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gradline.cli.telling import tell


def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE.py", help="A Python script with a training loop.", show_default=False)
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENTS]...", help="For the script.", show_default=False)
    ] = None,
) -> None:
    """Run a training loop of yours as `python FILE.py` would, and explain what goes wrong in it.

    The script runs unchanged, with its arguments, input, output and signals. Notes follow on stdout: the line, what
    happened in numbers, why, and the smallest change that cures it. They are advice: the exit code is the script's own
    where it calls sys.exit, and 0 otherwise, also where it raises (explaining that is the job). 1: the file cannot be
    read, is not Python, or needs PyTorch, which is not installed. A line that ends with "# gradline: ok" gets no note.

    Example: gradline check my_loop.py --epochs 10
    """
    from gradline.lessons.checker.check import check as checked_run
    from gradline.lessons.checker.check import leave
    from gradline.lessons.practice.verdict import verdict

    checked = checked_run(file, arguments or [])
    if not checked.child:
        said = verdict(checked)
        print("\n" + checked.told() + (f"\n{said}" if said else ""), flush=True)
    code = leave(checked)
    if code:
        sys.exit(code)


def practice(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where to, made if need be.")] = "practice",
) -> None:
    """Copy six broken loops of ten lines, to be mended: `gradline check` says when one is, and explains.

    In any order. A file that is there already is left as it is.

    Example: gradline practice
    """
    from gradline.lessons.practice.exercises import copy

    written, there = copy(folder)
    for path in written:
        print(path)
    for path in there:
        tell(f"{path} is there already: left as it is")
    first = (written or there)[0]
    tell(f"Mend them in any order; first: gradline check {first}")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})(check)
    app.command()(practice)
