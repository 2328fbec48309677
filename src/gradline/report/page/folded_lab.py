"""The lab of the same table, folded into the report: a frame of its own, which sees nothing of the page around it."""

from __future__ import annotations

import re
import warnings

from gradline.data.source import Source
from gradline.errors import DataError
from gradline.report.lab.facts import Setup
from gradline.report.lab.notebook import Lab
from gradline.report.page.markup import folded, paragraphs, tag
from gradline.report.second_look import read_once

MOST_ROWS = 2_000_000  # a third pass: seconds, up to here


def folded_lab(source: Source, *, fit_intercept: bool, rows: int, command: str, torch: bool) -> Lab | str:
    """The lab of a source, from one more pass over its rows; or one sentence why it has none.

    Parameters
    ----------
    rows : int
        How many there are; of more than `MOST_ROWS` there is no lab.
    torch : bool
        Whether the fit has loaded PyTorch, so that its rungs cost nothing more.
    """
    if once := read_once(source):
        return f"Left out: {once}."
    if rows > MOST_ROWS:
        return f"Left out of {rows:,} rows: `gradline lab` writes it as a page of its own."
    try:
        with warnings.catch_warnings(action="ignore"):  # the fit has given them already
            return Lab(source, Setup(fit_intercept=fit_intercept, command=command, torch=torch))
    except DataError as error:
        return f"Left out: {error.message}."


def section(lab: Lab | str) -> str:
    """The frame, which the reader unfolds; or why there is none."""
    if isinstance(lab, str):
        return paragraphs(lab, class_="note")
    frame = tag(
        "iframe", srcdoc=lab.html, sandbox="allow-scripts", loading="lazy", title="gradline lab: gradient descent"
    )
    return folded("Gradient descent on this table, to try by hand: rates, steps, bugs, code", frame)


def scripts(lab: Lab | str) -> str:
    """What the page's policy must allow for the frame, which inherits it: the lab's own scripts, by their digests."""
    if not isinstance(lab, Lab):
        return ""
    found = re.search(r"script-src ((?:'sha256-[A-Za-z0-9+/=]+' ?)+)", lab.html)
    return f"script-src {found[1].strip()}; " if found else ""
