"""A fit with its rows: what one more look at them finds, told as it goes, and the pages that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradline.cli.hints import as_options

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.diagnostics.covariance import Asked, Robust
    from gradline.diagnostics.diagnosis import Diagnosis
    from gradline.report.made import Made
    from gradline.report.summary import Summary
    from gradline.report.wide_summary import WideSummary


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit, and the rows that it was made of."""

    made: Made
    rows: Source

    def second_look(self, **asked: Any) -> Diagnosis | str:
        """One more pass over the rows, or why there is none; its progress is told as that of the first."""
        from gradline.report.progress import reading
        from gradline.report.second_look import look_again_or_why

        with reading(self.rows, what="reading again") as watch:
            return look_again_or_why(self.made, self.rows, watch=watch, **asked)

    def robust(self, covariance: Asked) -> Robust:
        """One more pass for a covariance alone."""
        from gradline.report.progress import reading
        from gradline.report.second_look import judge_again

        with reading(self.rows, what="reading again") as watch:
            return judge_again(self.made, self.rows, covariance, watch=watch)

    def write_report(
        self, path: str, summary: Summary | WideSummary, diagnosis: Diagnosis | str, *, command: str
    ) -> None:
        """What `fit --report` writes."""
        from gradline.data.parted import PartedSource
        from gradline.report.page.of_fit import write_report_of

        # One process reads for the lab, by itself.
        rows = self.rows.alone() if isinstance(self.rows, PartedSource) else self.rows
        write_report_of(path, self.made, _with_options(summary), diagnosis, rows, command=command)

    def write_plot(self, path: str, summary: Summary | WideSummary, diagnosis: Diagnosis | str) -> None:
        """What `fit --plot` writes."""
        from gradline.report.displays.plot_fit import plot_fit

        descent = self.made.descent
        plot_fit(path, summary, diagnosis, history=None if descent is None else descent.solution.history)


def _with_options(summary: Summary | WideSummary) -> Any:
    """The same, its hint written for the command line."""
    way: Any = summary.descent
    if way is None or way.cure is None:
        return summary
    return replace(summary, descent=replace(way, cure=as_options(way.cure)))
