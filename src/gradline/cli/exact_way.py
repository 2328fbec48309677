"""`fit` the exact way: the rows as sums, solved, kept in a model file, shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradline.cli import processes, saving
from gradline.cli.fitted import Fitted
from gradline.cli.looking import Look
from gradline.cli.showing import show
from gradline.cli.telling import kept, tell
from gradline.errors import GradlineError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.diagnostics.covariance import Robust
    from gradline.moments.precision import Statistics
    from gradline.solution import Solution

PrecisionName = Literal["auto", "float64", "exact"]


def fit(
    table: Source,
    fit_intercept: bool,
    look: Look,
    *,
    precision: PrecisionName,
    save: str | None,
    checkpoint: str | None,
    every: float,
) -> None:
    """Fit a table, and show what came of it; the model is on the disk before anything is printed."""
    from gradline.data.parted import PartedSource
    from gradline.moments.keeping_parts import in_kept_parts
    from gradline.report.made import Made
    from gradline.report.summary import Names, Summary

    if checkpoint is not None:
        kept.append(checkpoint)
        table = in_kept_parts(table, checkpoint)
    moments, solution = _solve(table, fit_intercept, precision, checkpoint, every)
    if isinstance(table, PartedSource) and table.here:
        table = table.alone()  # whoever reads the rows again reads them as without a checkpoint

    def save_model(robust: Robust | None = None) -> None:
        if save is not None and processes.is_first():
            saving.save(save, table, moments, solution, fit_intercept=fit_intercept, precision=precision, robust=robust)

    unsaved = None
    try:
        save_model()
    except GradlineError as error:  # a full disk; told below the fit, which it shall not take along
        unsaved = error
    summary = Summary.of_solution(moments, solution, Names.of(table), fit_intercept=fit_intercept)
    try:
        robust = show(summary, Fitted(Made(fit_intercept, moments, solution), table), look)
        if robust is not None and unsaved is None:
            save_model(robust)
    finally:
        if look.as_json:
            assert solution.certificate is not None
            for warning in solution.certificate.warnings(table.feature_names, centred=fit_intercept):
                tell(f"warning: {warning}")
        if unsaved is not None:
            raise unsaved


def _solve(
    table: Source, fit_intercept: bool, precision: str, checkpoint: str | None, every: float
) -> tuple[Statistics, Solution]:
    from gradline.moments.keeping import Interrupted, Keep
    from gradline.moments.precision import gather
    from gradline.report.progress import reading

    keep = None if checkpoint is None else Keep(checkpoint, every)
    try:
        with reading(table) as watch:
            return gather(table, fit_intercept=fit_intercept, precision=precision, watch=watch, keep=keep)
    except Interrupted as saved:
        tell(str(saved))
        raise
