"""The rows: how many were read, which were left out and why, and which of them decide most."""

from __future__ import annotations

from collections.abc import Sequence

from gradline.diagnostics.influence import InfluentialRow
from gradline.report.page.markup import counted, figure, paragraphs, shortened, tag, words
from gradline.report.page.reading import Reading
from gradline.report.page.seen import Seen
from gradline.report.rows_told import rows_left_out

LISTED = 8


def section(reading: Reading) -> str:
    """Sentences, and two short tables."""
    seen = Seen.of(reading)
    weighting = reading.weighting
    told = [
        f"{counted(reading.rows, 'row')} used of {shortened(reading.source)}.",
        *rows_left_out(reading.rows_dropped, {shortened(name): n for name, n in reading.dropped.items()}),
        f"{weighting.note}." if weighting else "",
        "Predictions outside of the range of the rows are extrapolation: nothing here speaks for them.",
    ]
    tables = ""
    if seen is not None and seen.most_influential:
        tables = tag(
            "div",
            _table("Most influential, by Cook's distance", seen.most_influential, reading.target),
            _table("Farthest from the line", seen.farthest, reading.target),
            class_="pair",
        )
    return paragraphs(*told) + tables


def _table(title: str, rows: Sequence[InfluentialRow], target: str) -> str:
    head = ("row", shortened(target, 16), "fitted", "studentised", "leverage", "Cook's")
    body = (
        tag(
            "tr",
            tag("th", words(f"{row.row:,}"), scope="row"),
            *(
                tag("td", words(figure(value, digits)))
                for value, digits in (
                    (row.actual, 5),
                    (row.fitted, 5),
                    (row.studentised, 3),
                    (row.leverage, 2),
                    (row.cooks, 2),
                )
            ),
        )
        for row in rows[:LISTED]
    )
    titles = tag("tr", *(tag("th", words(name), scope="col") for name in head))
    table = tag("table", tag("caption", words(title)), tag("thead", titles), tag("tbody", *body))
    return tag("div", table, class_="scroll")
