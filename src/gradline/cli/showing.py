"""A fit shown: printed, its rows read once more where something needs that, its pages written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from gradline.cli import processes
from gradline.cli.fitted import Fitted
from gradline.cli.looking import Look
from gradline.cli.telling import INTERRUPTED, tell
from gradline.data.readers.credentials import shown_path
from gradline.errors import GradlineError

if TYPE_CHECKING:
    from gradline.diagnostics.covariance import Asked, Robust
    from gradline.diagnostics.diagnosis import Diagnosis
    from gradline.report.summary import Summary
    from gradline.report.wide_summary import WideSummary


def show(summary: Summary | WideSummary, fitted: Fitted, look: Look) -> Robust | None:
    """Print a fit, then write its pages: nothing that goes wrong with them takes the fit along.

    With another covariance the rows are read again first; where that fails, the fit is told with the classical one, and
    a warning says so. Processes that share the rows read them again together.

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
    if not look.as_json and judged is None:
        _print(summary, look)
    diagnoses = bool(look.pages) or look.diagnose
    again = _read_again(fitted, judged, look, diagnose=diagnoses) if diagnoses or judged is not None else _Again()
    if again.robust is not None:
        assert judged is not None
        summary = judged[0].judged_by(again.robust)
    if look.as_json:
        told = summary.as_dict()
        if diagnoses:
            told["diagnosis"] = None if again.found is None else again.found.as_dict()
        print(json.dumps(told, allow_nan=False), flush=True)
    elif judged is not None:
        _print(summary, look)
    if again.interrupted:
        lost = [*([f"{look.pages.named} not written"] if look.pages else []), *(["no --covariance"] if judged else [])]
        tell(f"warning: interrupted while the rows were read again: {', '.join(lost) or 'no --diagnose'}")
        raise typer.Exit(INTERRUPTED)
    if judged is not None and again.robust is None:
        tell("warning: the standard errors shown are classical, not those of --covariance")
    _tell_diagnosis(again, look)
    failed = [] if again.failure is None else [again.failure]
    if look.pages and processes.is_first():
        try:
            failed += _write_pages(summary, fitted, look, again.diagnosis)
        except KeyboardInterrupt:
            tell(f"warning: interrupted while {look.pages.named} was written")
            raise typer.Exit(INTERRUPTED) from None
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

    @property
    def found(self) -> Diagnosis | None:
        """The diagnosis, where there is one, and not why there is none."""
        return None if isinstance(self.diagnosis, str) else self.diagnosis


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
        "the descent did not come near enough to the answer"
        if isinstance(summary, Summary)
        else "there are too many features for sums of pairs"
    )
    tell(f"warning: no --covariance, as there are no standard errors: {why}")
    return None


def _print(summary: Summary | WideSummary, look: Look) -> None:
    print(summary.account(details=look.details).written(look.form), flush=True)


def _tell_diagnosis(again: _Again, look: Look) -> None:
    """What --diagnose asked for, or why there is none; in JSON it is told already, and a failure is told as one."""
    if not look.diagnose:
        return
    if isinstance(again.diagnosis, str) and again.failure is None:
        tell(f"warning: no --diagnose: {again.diagnosis}")
    elif again.found is not None and not look.as_json:
        from gradline.report.second_look import written

        print("", written(again.found, look.form), sep="\n", flush=True)


def _write_pages(
    summary: Summary | WideSummary, fitted: Fitted, look: Look, diagnosis: Diagnosis | str | None
) -> list[GradlineError]:
    """Those that were asked for, each whatever became of the other; what went wrong comes back."""
    assert diagnosis is not None
    report, plot = look.pages.report, look.pages.plot
    failed = []
    if report is not None:
        try:
            fitted.write_report(report, summary, diagnosis, command=look.command)
            tell(f"{shown_path(report)}: open it in a browser")
        except GradlineError as error:
            failed.append(error)
    if plot is not None:
        try:
            fitted.write_plot(plot, summary, diagnosis)
        except GradlineError as error:
            failed.append(error)
    return failed
