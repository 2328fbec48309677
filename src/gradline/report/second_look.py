"""What one more pass over the rows of a fit of either way tells, or why it cannot be had."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradline.data.source import Source, comes_once
from gradline.descent.finished import Descent
from gradline.descent.losses.squared import Squared
from gradline.diagnostics.covariance import Robust, Spec
from gradline.diagnostics.diagnosis import Diagnosis, diagnose
from gradline.diagnostics.frame import BeyondSquaresError
from gradline.diagnostics.sandwich import robust_covariance
from gradline.diagnostics.told import heading_of, residuals_told
from gradline.moments.one_pass import Watch
from gradline.report.formats import Account
from gradline.report.made import Made
from gradline.report.sentences import capitalised
from gradline.report.summary import NEAR
from gradline.solution import Status


def look_again(
    made: Made, rows: Source, *, covariance: Spec | None = None, watch: Watch | None = None, **options: Any
) -> Diagnosis | str:
    """The diagnosis of a fit by its own coefficients; a clause where there is none.

    Verdicts are about least squares: where another loss was minimised, or the descent ended short of the answer, rows
    are drawn and named but not judged. `options` are those of `gradline.diagnostics.diagnosis.diagnose`: top, folds,
    ordered.

    Raises
    ------
    DataError
        Where the rows are others now, or can no longer be read.
    """
    if why := read_once(rows) or _ended_nowhere(made):
        return why
    assert made.statistics is not None
    return diagnose(
        rows,
        made.statistics,
        made.solution,
        fit_intercept=made.fit_intercept,
        covariance=covariance,
        unjudged="" if made.descent is None else _unjudged(made.descent),
        watch=watch,
        **options,
    )


def look_again_or_why(made: Made, rows: Source, *, covariance: Spec | None = None, **options: Any) -> Diagnosis | str:
    """The same for pages, which say the clause too where squares leave the range of float64.

    Raises
    ------
    DataError
        As `look_again`, and for such squares where another covariance was asked for.
    """
    try:
        return look_again(made, rows, covariance=covariance, **options)
    except BeyondSquaresError as error:
        if covariance is not None:
            raise
        return f"{error.message}: {error.hint}"


def judge_again(made: Made, rows: Source, covariance: Spec, *, watch: Watch | None = None) -> Robust:
    """Another covariance of a fit of least squares, from a pass for it alone.

    Raises
    ------
    DataError
        As `gradline.diagnostics.sandwich.robust_covariance`.
    """
    assert made.statistics is not None
    return robust_covariance(
        rows, made.statistics, made.solution, covariance, fit_intercept=made.fit_intercept, watch=watch
    )


def written(diagnosis: Diagnosis, form: str) -> str:
    """A diagnosis as "text", "markdown", "latex" or "html"."""
    if form == "text":
        return str(diagnosis)
    checks = [f"{c.title}: {c.seen}" + (f" To try: {c.to_try}" if c.sign else "") for c in diagnosis.checks]
    notes = [f"{capitalised(note)}." for note in diagnosis.notes]
    told = [*checks, diagnosis.held_out_sentence(), *residuals_told(diagnosis), *notes]
    return Account(heading_of(diagnosis), [], told).written(form)


def read_once(source: Source) -> str:
    """Why there is no second pass over a source, as a clause; empty where there is one."""
    if comes_once(source):
        return f"{source.name} can be read only once"
    return ""


def _ended_nowhere(made: Made) -> str:
    """Why the coefficients are none to look at rows by, as a clause; empty where they are."""
    if made.statistics is None:
        return f"the second pass needs sums over pairs of columns, of which {len(made.solution.coef):,} have too many"
    if made.solution.status is Status.INTERRUPTED:
        return "the descent was interrupted"
    if not (np.isfinite(made.solution.coef).all() and np.isfinite(made.solution.intercept)):
        return "the descent diverged, and no row has a fitted value"
    return ""


def _unjudged(descent: Descent) -> str:
    loss = descent.problem.settled
    if not isinstance(loss, Squared):
        return f"the checks are about least squares, and this line minimises the {loss.name} loss"
    if not descent.converged:
        return "the descent has not arrived, and its coefficients are unfinished"
    if descent.gap > NEAR:
        return (
            f"the descent came as near as was asked, and rows are judged within {NEAR:g} standard errors of the answer"
        )
    return ""
