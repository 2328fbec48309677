"""The rows: how many were read, which were left out and why, and which of them decide most."""

from __future__ import annotations

from collections.abc import Sequence

from gradline.data.visible import escaped
from gradline.diagnostics.influence import InfluentialRow
from gradline.report.figures import digits_beside
from gradline.report.one_line import shortened
from gradline.report.page.markup import figure, paragraphs, tag
from gradline.report.page.reading import Reading
from gradline.report.rows_told import rows_left_out
from gradline.report.sentences import counted

LISTED = 8


def section(reading: Reading) -> str:
    """Sentences, and two short tables."""
    diagnosis, weighting = reading.diagnosis, reading.weighting
    told = [
        f"{counted(reading.rows, 'row')} used of {shortened(reading.source)}.",
        *rows_left_out(reading.rows_dropped, {shortened(name): n for name, n in reading.dropped.items()}),
        f"{reading.skipped.note}." if reading.skipped.count else "",
        f"{weighting.note}." if weighting else "",
        "Predictions outside of the range of the rows are extrapolation: nothing here speaks for them.",
    ]
    tables = ""
    if diagnosis is not None and not diagnosis.exact_fit:
        found, judged = diagnosis.influence, not diagnosis.unjudged
        ranked = [("Most influential, by Cook's distance", found.by_cooks)] if judged else []
        ranked += [("Farthest from the line", found.by_studentised)]
        tables = tag(
            "div",
            *(_table(title, rows, reading.target, judged=judged) for title, rows in ranked if rows),
            class_="pair",
        )
    return paragraphs(*told) + tables


def _table(title: str, rows: Sequence[InfluentialRow], target: str, *, judged: bool) -> str:
    largest = max((abs(row.residual) for row in rows[:LISTED]), default=0.0)
    head = ["row", shortened(target, 16), "fitted", "residual"]
    head += ["studentised", "leverage", "Cook's"] if judged else []
    body = (
        tag(
            "tr",
            tag("th", escaped(f"{row.row:,}"), scope="row"),
            *(tag("td", escaped(figure(value, digits))) for value, digits in _figures(row, largest)[: len(head) - 1]),
        )
        for row in rows[:LISTED]
    )
    titles = tag("tr", *(tag("th", escaped(name), scope="col") for name in head))
    table = tag("table", tag("caption", escaped(title)), tag("thead", titles), tag("tbody", *body))
    return tag("div", table, class_="scroll")


def _figures(row: InfluentialRow, largest: float) -> list[tuple[float, int]]:
    """What a table shows of a row, and to how many digits: of y and fitted those in which they differ."""
    in_units = [(value, digits_beside(value, largest, 5, least=5)) for value in (row.actual, row.fitted)]
    in_units.append((row.residual, 5))
    return [*in_units, (row.studentised, 3), (row.leverage, 2), (row.cooks, 2)]
