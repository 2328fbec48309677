"""The page put together: sections in the order in which a reader asks, one file that needs nothing else."""

from __future__ import annotations

import os
from importlib import resources

from gradline.data.visible import escaped
from gradline.descent.finished import Descent
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.report.lab.notebook import Lab
from gradline.report.page import answer, coefficients, convergence, folded_lab, panels, rows
from gradline.report.page import reproduce as reproducing
from gradline.report.page.markup import tag
from gradline.report.page.reading import Reading
from gradline.report.page.reproduce import Reproduce
from gradline.report.page_file import refuse_path, write_page
from gradline.report.summary import Summary
from gradline.report.wide_summary import WideSummary

POLICY = "default-src 'none'; style-src 'unsafe-inline'; {}base-uri 'none'; form-action 'none'"
EXAMPLE = "report.html"


def write_report(
    path: str | os.PathLike[str],
    summary: Summary | WideSummary,
    diagnosis: Diagnosis | str,
    *,
    descent: Descent | None = None,
    reproduce: Reproduce,
    lab: Lab | str,
) -> None:
    """Write the report of a fit to a file: a page that opens in any browser, without a network or a script.

    Parameters
    ----------
    path : path
        Whole or not written at all; what was there is replaced.
    summary : Summary or WideSummary
    diagnosis : Diagnosis or str
        Or why the rows were not read again: the panels that need them are left out, with that reason.
    descent : Descent, optional
        Of a gradient fit: adds the loss curve.
    reproduce : Reproduce
    lab : Lab or str
        As `folded_lab` gives it: the lab of the same table, or a sentence why there is none.

    Raises
    ------
    DataError
        Where the file cannot be written; what was there stays.
    """
    refuse_path(path, EXAMPLE)
    text = report_html(summary, diagnosis, descent=descent, reproduce=reproduce, lab=lab)
    write_page(path, text, EXAMPLE)


def report_html(
    summary: Summary | WideSummary,
    diagnosis: Diagnosis | str,
    *,
    descent: Descent | None = None,
    reproduce: Reproduce,
    lab: Lab | str,
) -> str:
    """The report as text; parameters as `write_report` takes them.

    All that comes from the table is escaped where it stands. Should an escape fail, the policy refuses every script;
    with a lab every one but the lab's two, whose digests it names, as a frame inherits the policy of its page.
    """
    reading = Reading.of(summary, diagnosis, descent)
    sections = [
        ("answer", "The answer", answer.section(reading)),
        ("converged", "Did it converge?", convergence.section(reading)),
        ("coefficients", "Coefficients", coefficients.section(reading)),
        ("panels", "Six looks at the fit", panels.section(reading)),
        ("rows", "Rows", rows.section(reading)),
        ("lab", "The lab", folded_lab.section(lab)),
        ("reproduce", "How to get this page again", reproducing.section(reproduce)),
    ]
    body = "".join(
        tag("section", tag("h2", escaped(title)), inside, id=key, aria_label=title) for key, title, inside in sections
    )
    head = tag(
        "header",
        tag("p", "gradline report", class_="brand"),
        tag("h1", escaped(answer.title(reading))),
        convergence.headline(reading),
        panels.first_look(reading),
    )
    policy = POLICY.format(folded_lab.scripts(lab))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"{tag('title', escaped(f'gradline report: {answer.title(reading)}'))}\n"
        f"<style>\n{_style()}</style>\n</head>\n<body>\n{head}\n{tag('main', body)}\n</body>\n</html>\n"
    )


def _style() -> str:
    source = resources.files("gradline.report.page").joinpath("page.css").read_text(encoding="utf-8")
    return "".join(f"{line.strip()}\n" for line in source.splitlines() if line.strip())
