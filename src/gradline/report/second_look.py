"""The diagnosis of a fit of either way, or why it cannot be had."""

from __future__ import annotations

import numpy as np

from gradline.data.source import Source
from gradline.descent.fit import Descent
from gradline.descent.goal.problem import Problem
from gradline.descent.losses.loss import Squared
from gradline.diagnostics.covariance import Spec
from gradline.diagnostics.diagnosis import Diagnosis, diagnose
from gradline.moments.one_pass import Watch
from gradline.moments.precision import Statistics
from gradline.report.summary import NEAR
from gradline.solution import Solution, Status


def of_exact(
    source: Source,
    statistics: Statistics,
    solution: Solution,
    *,
    fit_intercept: bool,
    covariance: Spec | None = None,
    watch: Watch | None = None,
) -> Diagnosis | str:
    """One more pass over the rows of an exact fit; a clause where they cannot be read again.

    Raises
    ------
    DataError
        Where the rows are others now, or can no longer be read.
    """
    if once := read_once(source):
        return once
    return diagnose(source, statistics, solution, fit_intercept=fit_intercept, covariance=covariance, watch=watch)


def of_descent(descent: Descent, *, covariance: Spec | None = None, watch: Watch | None = None) -> Diagnosis | str:
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
    )


def read_once(source: Source) -> str:
    """Why there is no second pass over a source, as a clause; empty where there is one."""
    if getattr(getattr(source, "reader", None), "once", False):
        return f"{source.name} can be read only once"
    return ""


def _unjudged(problem: Problem, descent: Descent) -> str:
    if not isinstance(problem.settled, Squared):
        return f"the checks are about least squares, and this line minimises the {problem.settled.name} loss"
    if not (descent.converged and descent.gap <= NEAR):
        return "the descent has not arrived, and its coefficients are unfinished"
    return ""
