"""What `fit` prints and what its pages hold, from a second look at the rows; and what becomes of it without one."""

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

from gradline.cli.looking import Look
from gradline.cli.telling import INTERRUPTED, as_options, tell
from gradline.data.readers.credentials import shown_path
from gradline.errors import DataError, GradlineError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.fit import Descent
    from gradline.diagnostics.covariance import Asked, Robust
    from gradline.diagnostics.diagnosis import Diagnosis
    from gradline.moments.precision import Statistics
    from gradline.report.summary import Summary
    from gradline.report.wide_summary import WideSummary
    from gradline.solution import Solution


NO_LOOK = Look()


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

    def robust(self, covariance: Asked) -> Robust:
        """One more pass for a covariance alone."""
        from gradline.diagnostics.sandwich import robust_covariance
        from gradline.report.progress import reading

        moments, solution = self.moments, self.solution
        if self.descent is not None:
            problem: Any = self.descent.problem
            moments, solution = problem.moments, self.descent.solution
        assert moments is not None
        assert solution is not None
        with reading(self.rows, what="reading again") as watch:
            return robust_covariance(
                self.rows, moments, solution, covariance, fit_intercept=self.fit_intercept, watch=watch
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


def tell_before(asked: Places, table: Source, look: Look = NO_LOOK) -> None:
    """What the pages will lack, where that is known before the fit."""
    from gradline.report.second_look import read_once

    once = read_once(table)
    if asked and once:
        tell(f"warning: {once}: {asked.named} will leave out what needs the rows again")
    if look.diagnose and once:
        tell(f"warning: {once}: --diagnose, which needs the rows again, will tell nothing")


def show(
    summary: Summary | WideSummary,
    fitted: Fitted,
    asked: Places,
    command: str,
    *,
    as_json: bool,
    look: Look = NO_LOOK,
) -> Robust | None:
    """Print a fit, then write its pages: nothing that goes wrong with them takes the fit along.

    With another covariance the rows are read again first; where that fails, the fit is told with the classical one.

    Returns
    -------
    Robust or None
        The covariance that the fit was told with, where it was not the classical one.

    Raises
    ------
    GradlineError
        After everything was printed, and written as far as it can be.
    """
    judged = _judged(summary, look)
    if not as_json and judged is None:
        _print(summary, look)
    again = _Again()
    if asked or look.diagnose or judged is not None:
        again = _read_again(fitted, judged, look, diagnose=bool(asked) or look.diagnose)
    if again.robust is not None:
        assert judged is not None
        summary = judged[0].judged_by(again.robust)
    diagnosis = again.diagnosis
    if as_json:
        told = summary.as_dict()
        if asked or look.diagnose:
            told["diagnosis"] = None if diagnosis is None or isinstance(diagnosis, str) else diagnosis.as_dict()
        print(json.dumps(told, allow_nan=False), flush=True)
    elif judged is not None:
        _print(summary, look)
    if again.interrupted:
        lost = [*([f"{asked.named} not written"] if asked else []), *(["no --covariance"] if judged else [])]
        tell(f"warning: interrupted while the rows were read again: {', '.join(lost) or 'no --diagnose'}")
        raise typer.Exit(INTERRUPTED)
    if look.diagnose and isinstance(diagnosis, str) and again.failure is None:
        tell(f"warning: no --diagnose: {diagnosis}")
    elif look.diagnose and not as_json and diagnosis is not None and not isinstance(diagnosis, str):
        from gradline.report.second_look import written

        print("", written(diagnosis, look.form), sep="\n", flush=True)
    failed = [] if again.failure is None else [again.failure]
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
    return again.robust


@dataclass(frozen=True, slots=True, eq=False)
class _Again:
    """What came of a second look at the rows."""

    diagnosis: Diagnosis | str | None = None
    robust: Robust | None = None
    failure: GradlineError | None = None
    interrupted: bool = False


def _read_again(fitted: Fitted, judged: tuple[Summary, Asked] | None, look: Look, *, diagnose: bool) -> _Again:
    covariance = None if judged is None else judged[1]
    try:
        if not diagnose:
            assert covariance is not None
            return _Again(robust=fitted.robust(covariance))
        found = fitted.second_look(covariance=covariance, ordered=look.by_time)
        return _Again(found, None if isinstance(found, str) else found.robust)
    except GradlineError as error:
        return _Again(f"reading them again failed, as {error.message}", failure=error)
    except KeyboardInterrupt:
        return _Again(interrupted=True)


def _judged(summary: Summary | WideSummary, look: Look) -> tuple[Summary, Asked] | None:
    """The summary that another covariance is for, and which; None where none was asked for, or it has no tests."""
    from gradline.report.summary import Summary

    if look.covariance is None:
        return None
    if isinstance(summary, Summary) and summary.trusted:
        return summary, look.covariance
    why = (
        "the descent is unfinished" if isinstance(summary, Summary) else "there are too many features for sums of pairs"
    )
    tell(f"warning: no --covariance, as there are no standard errors: {why}")
    return None


def _print(summary: Summary | WideSummary, look: Look) -> None:
    print(summary.account(details=look.details).written(look.form), flush=True)


def _writers(
    summary: Summary | WideSummary, fitted: Fitted, asked: Places, command: str, diagnosis: Diagnosis | str
) -> list[Callable[[], None]]:
    def report() -> None:
        from gradline.report.page.of_fit import write_report_of

        assert asked.report is not None
        descent, statistics = fitted.descent, fitted.moments
        if descent is not None and descent.problem.exact is not None:
            statistics = descent.problem.moments
        write_report_of(
            asked.report,
            _with_options(summary),
            diagnosis,
            fitted.rows,
            statistics=statistics,
            fit_intercept=fitted.fit_intercept,
            command=command,
            descent=descent,
            engine=fitted.engine,
            seed=fitted.seed,
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
