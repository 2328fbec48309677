"""What `fit --report` and `fit --plot` write, and what becomes of the fit where they cannot."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from gradline.cli.telling import INTERRUPTED, as_options, tell
from gradline.data.readers.credentials import shown_path
from gradline.errors import DataError, GradlineError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.fit import Descent
    from gradline.diagnostics.diagnosis import Diagnosis
    from gradline.moments.precision import Statistics
    from gradline.report.summary import Summary
    from gradline.report.wide_summary import WideSummary
    from gradline.solution import Solution


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


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit, with what a second look at its rows needs.

    Attributes
    ----------
    moments, solution : or None
        Of the exact way.
    descent : Descent or None
        Of the gradient way.
    """

    table: Source
    fit_intercept: bool
    moments: Statistics | None = None
    solution: Solution | None = None
    descent: Descent | None = None
    engine: str | None = None
    seed: int | None = None

    @property
    def rows(self) -> Source:
        """Those that were fitted."""
        return self.table if self.descent is None else self.descent.training

    def second_look(self, **asked: Any) -> Diagnosis | str:
        """One more pass over the rows, or why there is none; its progress is told as that of the first."""
        from gradline.report import second_look
        from gradline.report.progress import reading

        with reading(self.rows, what="reading again") as watch:
            if self.descent is not None:
                return second_look.of_descent(self.descent, watch=watch, **asked)
            assert self.moments is not None
            assert self.solution is not None
            return second_look.of_exact(
                self.rows, self.moments, self.solution, fit_intercept=self.fit_intercept, watch=watch, **asked
            )


def places(report: str | None, plot: str | None, source: str, save: str | None) -> Places:
    """Refuse what can be refused before an hour is spent on the fit."""
    from gradline.data.written.whole_file import refuse_unwritable

    taken = {} if save is None else {os.path.realpath(save): "--save"}
    for option, path in (("--report", report), ("--plot", plot)):
        if path is None:
            continue
        shown = shown_path(path)
        if re.match(r"[A-Za-z][\w+.-]+:/", path):  # two letters at least: one is a drive
            raise typer.BadParameter(f"'{shown}' is a URL, expected a file", param_hint=option)
        if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise typer.BadParameter(f"'{shown}' is the table that is read: it would be overwritten", param_hint=option)
        if (other := taken.setdefault(os.path.realpath(path), option)) != option:
            raise typer.BadParameter(f"'{shown}' is the file of {other}, expected another", param_hint=option)
        try:
            refuse_unwritable(path)
        except (OSError, ValueError) as error:  # the second where no file can be called so
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                f"{option}: {shown} cannot be written: {reason}", hint="name a file in a folder that is there"
            ) from None
    if plot is not None:
        from gradline.report.displays.plot_fit import ready

        ready(plot)
    return Places(report, plot)


def tell_before(asked: Places, table: Source) -> None:
    """What the pages will lack, where that is known before the fit."""
    from gradline.report.second_look import read_once

    if asked and (once := read_once(table)):
        tell(f"warning: {once}: {asked.named} will leave out what needs the rows again")


def show(
    summary: Summary | WideSummary,
    fitted: Fitted,
    asked: Places,
    command: str,
    *,
    as_json: bool,
    diagnosis: Diagnosis | str | None = None,
) -> None:
    """Print a fit, then write its pages: nothing that goes wrong with them takes the fit along.

    Parameters
    ----------
    diagnosis : optional
        Where the rows were looked at again already.

    Raises
    ------
    GradlineError
        After everything was printed, and written as far as it can be.
    """
    if not as_json:
        print(summary, flush=True)
    failed: list[GradlineError] = []
    interrupted = False
    if asked and diagnosis is None:
        try:
            diagnosis = fitted.second_look()
        except GradlineError as error:
            failed.append(error)
            diagnosis = f"reading them again failed, as {error.message}"
        except KeyboardInterrupt:
            interrupted = True
    if as_json:
        told = summary.as_dict()
        if asked:
            told["diagnosis"] = None if diagnosis is None or isinstance(diagnosis, str) else diagnosis.as_dict()
        print(json.dumps(told, allow_nan=False), flush=True)
    if interrupted:
        tell(f"warning: interrupted while the rows were read again: {asked.named} not written")
        raise typer.Exit(INTERRUPTED)
    if asked:
        assert diagnosis is not None
        for write in _writers(summary, fitted, asked, command, diagnosis):
            try:
                write()
            except GradlineError as error:
                failed.append(error)
    for failure in failed[:-1]:
        tell(f"error: {failure.message}")
    if failed:
        raise failed[-1]


def _writers(
    summary: Summary | WideSummary, fitted: Fitted, asked: Places, command: str, diagnosis: Diagnosis | str
) -> list[Callable[[], None]]:
    def report() -> None:
        from gradline.report.page import Reproduce, folded_lab, write_report

        assert asked.report is not None
        descent, statistics = fitted.descent, fitted.moments
        if descent is not None and descent.problem.exact is not None:
            statistics = descent.problem.moments
        lab = folded_lab(
            fitted.rows,
            fit_intercept=fitted.fit_intercept,
            rows=summary.as_dict()["rows"],
            command=command,
            torch=fitted.engine in ("autograd", "nn"),
        )
        write_report(
            asked.report,
            _with_options(summary),
            diagnosis,
            descent=descent,
            reproduce=Reproduce.of(command, statistics, engine=fitted.engine, seed=fitted.seed),
            lab=lab,
        )
        tell(f"{shown_path(asked.report)}: open it in a browser")

    def plot() -> None:
        from gradline.report.displays.plot_fit import plot_fit

        assert asked.plot is not None
        history = None if fitted.descent is None else fitted.descent.solution.history
        plot_fit(asked.plot, summary, diagnosis, history=history)

    return [*([report] if asked.report is not None else []), *([plot] if asked.plot is not None else [])]


def _with_options(summary: Summary | WideSummary) -> Any:
    """The same, its hint written for the command line."""
    way: Any = summary.descent
    if way is None or way.cure is None:
        return summary
    return replace(summary, descent=replace(way, cure=as_options(way.cure)))


def command_of(ctx: typer.Context) -> str:
    """The command line as it was given, without credentials.

    Options that were not given are left out: another version of gradline may have other defaults.
    """
    words = ["gradline", ctx.info_name or ""]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        given = ctx.get_parameter_source(name)
        if given is None or given.name != "COMMANDLINE":
            continue
        value = ctx.params[name]
        if parameter.param_type_name == "argument":
            words.insert(2, shown_path(str(value)))
        elif isinstance(value, bool):
            words.append(parameter.opts[0] if value else (parameter.secondary_opts or parameter.opts)[0])
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [parameter.opts[0], shown_path(str(each.value if isinstance(each, Enum) else each))]
    return shlex.join(words)
