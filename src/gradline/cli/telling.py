"""What a command says on stderr: in sentences, and with hints that name options instead of Python's arguments."""

from __future__ import annotations

import codecs
import io
import os
import sys

from gradline.errors import DataWarning, GradlineError

INTERRUPTED = 130  # 128 + SIGINT, as shells count
CUT_OFF = 141  # 128 + SIGPIPE

told: list[str] = []  # to stderr, by this command
kept: list[str] = []  # files that the same command goes on from


def escape_what_stdout_lacks() -> None:
    """Characters that its encoding has not are written as stderr writes them, `\\xb2` for a raised 2, and end nothing.

    JSON is ASCII, and the CSV of `predict` is bytes: neither has any.
    """
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
    if sys.stdout.errors == "strict" or (sys.stdout.errors == "surrogateescape" and not utf8):
        sys.stdout.reconfigure(errors="backslashreplace")


def tell(text: str) -> None:
    """One or more lines to stderr, which takes no orders from what the data are called."""
    from gradline.data.visible import visible

    told.append(text)
    print(visible(text), file=sys.stderr)


def tell_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """In place of `warnings.showwarning`: without the file and line, which are ours."""
    from gradline.cli.hints import as_options

    tell(f"warning: {as_options(str(message)) if issubclass(category, DataWarning) else message}")


def tell_interrupted() -> None:
    """That there is nothing to show, where Ctrl-C came before anything was told, and what there is to go on from."""
    if told:
        return
    there = [path for path in kept if os.path.exists(path)]
    if there:
        from gradline.data.readers.credentials import shown_path

        tell(f"interrupted: {shown_path(there[0])} holds what was summed up, and the same fit goes on there")
    else:
        tell("error: interrupted before there was anything to show")


def unwritten(error: OSError) -> str:
    """That stdout takes no more: of the other files their writers have said it."""
    return f"error: the output cannot be written: {error.strerror or error}"


def in_words(error: GradlineError) -> str:
    """An error we foresaw: one sentence, and a hint."""
    from gradline.cli.hints import as_options
    from gradline.data.visible import visible

    message = without_credentials(error.message)
    return visible(f"error: {message}" + (f"\nhint: {as_options(error.hint)}" if error.hint else ""))


def without_credentials(message: str) -> str:
    """A message with the command's arguments in it as they may be shown."""
    from gradline.data.readers.credentials import shown_path

    for argument in sys.argv:
        message = message.replace(argument, shown_path(argument))
    return message
