"""The report of a fit whose rows may be at hand: what made it, and the lab of the same rows."""

from __future__ import annotations

import os

from gradline.data.source import Source
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.report.lab.notebook import Lab
from gradline.report.made import Made
from gradline.report.page.document import write_report
from gradline.report.page.folded_lab import folded_lab
from gradline.report.page.reproduce import Reproduce
from gradline.report.summary import Summary
from gradline.report.wide_summary import WideSummary


def write_report_of(
    path: str | os.PathLike[str],
    made: Made,
    summary: Summary | WideSummary,
    diagnosis: Diagnosis | str,
    rows: Source | str,
    *,
    command: str,
) -> None:
    """Write the report with its lab and the ways to get it again.

    Parameters
    ----------
    path, summary, diagnosis
        As `gradline.report.page.document.write_report` takes them.
    rows : Source or str
        For the lab; or why they are not at hand.
    command : str
        A command line or a Python call, without credentials.
    """
    lab: Lab | str
    if isinstance(rows, str):
        lab = f"Left out: {rows}."
    elif isinstance(summary, Summary) and summary.another_loss:
        lab = "Left out: the lab descends squares, and this line minimises another loss."
    else:
        count = summary.inference.rows if isinstance(summary, Summary) else summary.rows
        lab = folded_lab(
            rows, fit_intercept=made.fit_intercept, rows=count, command=command, torch=made.engine in ("autograd", "nn")
        )
    reproduce = Reproduce.of(command, made.statistics, engine=made.engine, seed=made.seed)
    write_report(path, summary, diagnosis, descent=made.descent, reproduce=reproduce, lab=lab)
