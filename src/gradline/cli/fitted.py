"""A fit of either way, with its rows: what one more look at them finds, and the pages that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradline.cli.hints import as_options

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.finished import Descent
    from gradline.diagnostics.covariance import Asked, Robust
    from gradline.diagnostics.diagnosis import Diagnosis
    from gradline.moments.precision import Statistics
    from gradline.report.summary import Summary
    from gradline.report.wide_summary import WideSummary
    from gradline.solution import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit, with what a second look at its rows needs.

    Attributes
    ----------
    moments, solution : or None
        Of the exact way.
    descent : Descent or None
        Of the gradient way.
    engine : str or None
        Of a descent.
    seed : int or None
        None where nothing was drawn.
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

    @property
    def all_rows(self) -> Source:
        """The same, for one process to read by itself."""
        from gradline.data.parted import PartedSource

        return self.rows.alone() if isinstance(self.rows, PartedSource) else self.rows

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

    def write_report(
        self, path: str, summary: Summary | WideSummary, diagnosis: Diagnosis | str, *, command: str
    ) -> None:
        """What `fit --report` writes."""
        from gradline.report.page.of_fit import write_report_of

        statistics = self.moments
        if self.descent is not None and self.descent.problem.exact is not None:
            statistics = self.descent.problem.moments
        write_report_of(
            path,
            _with_options(summary),
            diagnosis,
            self.all_rows,
            statistics=statistics,
            fit_intercept=self.fit_intercept,
            command=command,
            descent=self.descent,
            engine=self.engine,
            seed=self.seed,
        )

    def write_plot(self, path: str, summary: Summary | WideSummary, diagnosis: Diagnosis | str) -> None:
        """What `fit --plot` writes."""
        from gradline.report.displays.plot_fit import plot_fit

        history = None if self.descent is None else self.descent.solution.history
        plot_fit(path, summary, diagnosis, history=history)


def _with_options(summary: Summary | WideSummary) -> Any:
    """The same, its hint written for the command line."""
    way: Any = summary.descent
    if way is None or way.cure is None:
        return summary
    return replace(summary, descent=replace(way, cure=as_options(way.cure)))
