"""Commands for learning: lessons, check, practice."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from gradline.cli.command_line import as_argument
from gradline.cli.telling import tell


def lessons(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where to, made if need be.")] = "lessons",
) -> None:
    """Copy five notebooks: by hand, autograd, nn and optim, the rate, the bridge to networks and to your own table.

    Each takes under ten minutes. Lessons 2, 3 and 5 need PyTorch. A file that is there already is left as it is.

    Example: gradline lessons
    """
    from gradline.descent.engines import torch_is_installed
    from gradline.lessons import handed_out

    files = handed_out.lessons()
    written, there = handed_out.hand_out(files, folder, what="the lessons", command="gradline lessons")
    for path in written:
        print(path, flush=True)
    if there:
        it = "it" if len(there) == 1 else "them"
        tell(f"there already, and left alone: {', '.join(there)}")
        tell(f"hint: for a fresh copy rename or delete {it}, then again")
    tell(f"Open them: jupyter lab {_argument(folder)}   (pip install jupyterlab; or open the folder in VS Code)")
    if not torch_is_installed():
        tell("Lessons 2, 3 and 5 need PyTorch: pip install 'gradline[torch]'")


def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE.py", help="A Python script with a training loop.", show_default=False)
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENTS", help="For the script.", show_default=False)
    ] = None,
) -> None:
    """Run a training loop of yours as `python FILE.py` would, and explain what goes wrong in it.

    The script runs unchanged, with its arguments, input, output and signals.
    Notes follow on stdout: the line, what happened in numbers, why, and the
    smallest change that cures it. They are advice: the exit code is the script's
    own where it calls sys.exit, and 0 otherwise, also where it raises (explaining
    that is the job). 1: the file cannot be read, is not Python, or needs PyTorch,
    which is not installed. A line that ends with "# gradline: ok" gets no note.

    Example: gradline check my_loop.py --epochs 10
    """
    from gradline.cli.checking import check_and_tell

    check_and_tell(file, arguments or [])


def practice(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where to, made if need be.")] = "practice",
) -> None:
    """Copy six broken loops of ten lines, to be mended: `gradline check` says when one is, and explains.

    In any order. A file that is there already is left as it is.

    Example: gradline practice
    """
    from gradline.lessons.handed_out import hand_out
    from gradline.lessons.practice import exercises

    written, there = hand_out(exercises.practice(), folder, what="the loops", command="gradline practice")
    for path in written:
        print(path, flush=True)
    if there:
        tell(f"there already, and left alone: {', '.join(there)}")
    tell(f"Mend them in any order; first: gradline check {_argument((written or there)[0])}")


def _argument(path: str) -> str:
    """A path for a shell."""
    return shlex.quote(as_argument(path))


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(lessons)
    app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})(check)
    app.command()(practice)
