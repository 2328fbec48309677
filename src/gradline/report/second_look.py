"""The diagnosis of a fit of either way, or why it cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradline.data.source import Source, comes_once
from gradline.descent.finished import Descent
from gradline.descent.goal.problem import Problem
from gradline.descent.losses.squared import Squared
from gradline.diagnostics.covariance import Spec, checked
from gradline.diagnostics.diagnosis import Diagnosis, diagnose
from gradline.diagnostics.sandwich import robust_covariance
from gradline.diagnostics.told import heading_of
from gradline.moments.one_pass import Watch
from gradline.moments.precision import Statistics
from gradline.report.formats import Account
from gradline.report.summary import NEAR, Summary
from gradline.solution import Solution, Status


def of_exact(
    source: Source,
    statistics: Statistics,
    solution: Solution,
    *,
    fit_intercept: bool,
    covariance: Spec | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Diagnosis | str:
    """One more pass over the rows of an exact fit; a clause where they cannot be read again.

    `options` are those of `gradline.diagnostics.diagnosis.diagnose`: top, folds, ordered.

    Raises
    ------
    DataError
        Where the rows are others now, or can no longer be read.
    """
    if once := read_once(source):
        return once
    return diagnose(
        source, statistics, solution, fit_intercept=fit_intercept, covariance=covariance, watch=watch, **options
    )


def of_descent(
    descent: Descent, *, covariance: Spec | None = None, watch: Watch | None = None, **options: Any
) -> Diagnosis | str:
    """The same of a descent: of the rows that it was made on, and by its own coefficients.

    Verdicts are about least squares: where another loss was minimised, or the descent ended short of the answer, rows
    are drawn and named but not judged.
    """
    problem, solution, rows = descent.problem, descent.solution, descent.training
    if once := read_once(rows):
        return once
    if not isinstance(problem, Problem):
        return f"the second pass needs sums over pairs of columns, of which {len(problem.names):,} have too many"
    if solution.status is Status.INTERRUPTED:
        return "the descent was interrupted"
    if not (np.isfinite(solution.coef).all() and np.isfinite(solution.intercept)):
        return "the descent diverged, and no row has a fitted value"
    return diagnose(
        rows,
        problem.moments,
        solution,
        fit_intercept=problem.bias,
        covariance=covariance,
        unjudged=_unjudged(problem, descent),
        watch=watch,
        **options,
    )


def judged(summary: Summary, descent: Descent, covariance: Spec, rows: Callable[[str], Source]) -> Summary:
    """The summary of a descent by another covariance, from one more pass over `rows(what they are for)`.

    Coefficients that are unfinished have no tests, by any covariance: their summary stays as it is.

    Raises
    ------
    DataError
        For another loss than squares; and as `gradline.diagnostics.sandwich.robust_covariance`.
    """
    asked = checked(covariance)
    if asked.kind == "classical" or not summary.trusted:
        return summary
    summary.refuse_another_loss()
    problem = descent.problem
    assert isinstance(problem, Problem)
    robust = robust_covariance(
        rows(f"the {asked.kind} covariance"),
        problem.moments,
        descent.solution,
        asked,
        fit_intercept=problem.bias,
    )
    return summary.judged_by(robust)


def written(diagnosis: Diagnosis, form: str) -> str:
    """A diagnosis as "text", "markdown", "latex" or "html"."""
    if form == "text":
        return str(diagnosis)
    checks = [f"{c.title}: {c.seen}" + (f" To try: {c.to_try}" if c.sign else "") for c in diagnosis.checks]
    notes = [f"{note[0].upper()}{note[1:]}." for note in diagnosis.notes]
    return Account(heading_of(diagnosis), [], [*checks, diagnosis.held_out_sentence(), *notes]).written(form)


def read_once(source: Source) -> str:
    """Why there is no second pass over a source, as a clause; empty where there is one."""
    if comes_once(source):
        return f"{source.name} can be read only once"
    return ""


def _unjudged(problem: Problem, descent: Descent) -> str:
    if not isinstance(problem.settled, Squared):
        return f"the checks are about least squares, and this line minimises the {problem.settled.name} loss"
    if not (descent.converged and descent.gap <= NEAR):
        return "the descent has not arrived, and its coefficients are unfinished"
    return ""
