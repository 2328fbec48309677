"""Where a report and a figure go; a place that cannot be is refused before an hour is spent on the fit."""

from __future__ import annotations

import os
from dataclasses import dataclass

import typer

from gradline.data.readers.credentials import is_url, shown_path
from gradline.errors import DataError
from gradline.report.page_file import refuse_ending


@dataclass(frozen=True, slots=True)
class Places:
    """Where a report and a figure go, if they were asked for."""

    report: str | None = None
    plot: str | None = None

    def __bool__(self) -> bool:
        return self.report is not None or self.plot is not None

    @property
    def named(self) -> str:
        """The options that were given."""
        given = (("--report", self.report), ("--plot", self.plot))
        return " and ".join(option for option, path in given if path is not None)


def check(places: Places, source: str, save: str | None, checkpoint: str | None = None) -> None:
    """Refuse the first that cannot be written to or would write over something."""
    taken: dict[str, str] = {}
    for option, path in (("--checkpoint", checkpoint), ("--save", save)):
        if path is not None:
            if option == "--checkpoint":
                refuse_url(path, option)
            _take(path, option, taken)
    for option, path in (("--report", places.report), ("--plot", places.plot)):
        if path is None:
            continue
        refuse_url(path, option)
        refuse_to_overwrite(path, source, option)
        _take(path, option, taken)
        refuse_unwritable(path, option)
    if places.report is not None:
        refuse_ending(places.report, "report.html")
    if places.plot is not None:
        from gradline.report.displays.plot_fit import ready

        ready(places.plot)


def _take(path: str, option: str, taken: dict[str, str]) -> None:
    """Note whose file it is: none is written for two of them."""
    refuse_no_file(path, option)
    if (other := taken.setdefault(os.path.realpath(path), option)) != option:
        raise typer.BadParameter(f"'{shown_path(path)}' is the file of {other}, expected another", param_hint=option)


def refuse_no_file(path: str, option: str) -> None:
    """Standard output has what is printed; a file that is called so is ./-"""
    if not path:
        raise typer.BadParameter("no file is named", param_hint=option)
    if path == "-":
        raise typer.BadParameter("'-' would be standard output, expected a file", param_hint=option)


def refuse_url(path: str, option: str) -> None:
    """What is written is a file."""
    if is_url(path):
        raise typer.BadParameter(f"'{shown_path(path)}' is a URL, expected a file", param_hint=option)


def refuse_unwritable(path: str, option: str) -> None:
    """DataError where no file can be written: the options are right, but the disk is not, or not yet."""
    from gradline.data.written import whole_file

    try:
        whole_file.refuse_unwritable(path)
    except (OSError, ValueError) as error:  # the second where no file can be called so
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{option}: {shown_path(path)} cannot be written: {reason}", hint="name a file in a folder that is there"
        ) from None


def refuse_to_overwrite(path: str, read: str, option: str, what: str = "the table") -> None:
    """What is read is not written over."""
    if os.path.exists(path) and os.path.exists(read) and os.path.samefile(path, read):
        shown = shown_path(path)
        raise typer.BadParameter(f"'{shown}' is {what} that is read: it would be overwritten", param_hint=option)
