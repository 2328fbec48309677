"""Fits side by side: a column each, coefficients with their standard errors below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from gradline.data.weighting import Weighting
from gradline.report.figures import places, short
from gradline.report.formats import Account, Readable, Table
from gradline.report.formats.text import LEAST_NAME, room_for_names
from gradline.report.one_line import shortened
from gradline.report.rows_told import about_the_rows
from gradline.report.summary import Summary

LONGEST_HEADING = 24


@dataclass(frozen=True, slots=True)
class SideBySide(Readable):
    """Fits, each under the name of its file; below them, for which columns rows of theirs were dropped, and what an AIC
    by weights leaves out.

    Terms stand in the order in which they first occur; one that a fit lacks is left blank, "-" is a figure that is
    not known. More fits than a line of text holds go on in another table.

    Parameters
    ----------
    reports : sequence of (path, Summary)
        Of the exact way.
    """

    reports: Sequence[tuple[str, Summary]]

    def account(self, *, details: bool = False) -> Account:
        """See `Readable`; details are those of each fit alone."""
        headings = _headings([path for path, _ in self.reports])
        fits = [report for _, report in self.reports]
        rows = _rows(headings, fits)
        tables, start = [], 1
        while start < len(rows[0]):
            stop = start + 1
            while stop < len(rows[0]) and room_for_names([[row[0], *row[start : stop + 1]] for row in rows]) >= (
                LEAST_NAME
            ):
                stop += 1
            tables.append(Table([[row[0], *row[start:stop]] for row in rows]))
            start = stop
        why = [
            f"{heading}: {sentence}"
            for heading, fit in zip(headings, fits, strict=True)
            for sentence in about_the_rows(fit.rows_dropped, fit.dropped, fit.skipped, _analytic(fit), ())
        ]
        return Account("", tables, why)


def _analytic(fit: Summary) -> Weighting | None:
    """Weights whose note says what its AIC leaves out; what others are stands in the table."""
    return fit.weighting if fit.weighting is not None and fit.weighting.kind == "analytic" else None


def _rows(headings: Sequence[str], fits: Sequence[Summary]) -> list[list[str]]:
    table = [["", *headings]]
    if len({fit.target for fit in fits}) > 1:
        table.append(["target", *(shortened(fit.target, LONGEST_HEADING) for fit in fits)])
    for term in dict.fromkeys(term for fit in fits for term in fit.terms):
        estimates, errors = [], []
        for fit in fits:
            place = fit.terms.index(term) if term in fit.terms else None
            estimates.append("" if place is None else short(fit.coef[place]))
            error = math.nan if place is None else float(fit.inference.standard_error[place])
            errors.append("" if place is None else f"({short(error, 4)})")
        table += [[term, *estimates], ["", *errors]]
    return [
        *table,
        [""] * len(table[0]),
        ["rows", *(f"{fit.inference.rows:,}" for fit in fits)],
        *_where_any("rows dropped", [f"{fit.rows_dropped:,}" if fit.rows_dropped else "" for fit in fits]),
        *_where_any("files skipped", [f"{fit.skipped.count:,}" if fit.skipped.count else "" for fit in fits]),
        *_where_any(
            "weight", [shortened(fit.weighting.column, LONGEST_HEADING) if fit.weighting else "" for fit in fits]
        ),
        *_where_any("weights", [fit.weighting.kind if fit.weighting else "" for fit in fits]),
        *_where_any("errors", ["" if fit.robust is None else fit.robust.kind for fit in fits], otherwise="classical"),
        *_explained(fits),
        ["residual sd", *(short(fit.inference.residual_sd, 5) for fit in fits)],
        ["AIC", *(places(fit.inference.aic) for fit in fits)],
        ["digits", *(str(int(fit.certificate.digits)) for fit in fits)],
    ]


def _explained(fits: Sequence[Summary]) -> list[list[str]]:
    """R2; about the mean and about zero are two figures, which say nothing of each other."""
    if all(fit.inference.r2_kind == "centred" for fit in fits):
        return [["R\u00b2", *(short(fit.inference.r2, 4) for fit in fits)]]
    about_mean, about_zero = [], []
    for fit in fits:
        centred, about = fit.inference.r2_kind == "centred", fit.about_mean
        about_mean.append(fit.inference.r2 if centred else about.r2 if about else math.nan)
        about_zero.append(math.nan if centred else fit.inference.r2)
    return [
        ["R\u00b2 about the mean", *(short(r2, 4) for r2 in about_mean)],
        ["R\u00b2 about zero", *(short(r2, 4) for r2 in about_zero)],
    ]


def _where_any(name: str, cells: Sequence[str], otherwise: str = "-") -> list[list[str]]:
    """A row, where it says something of any fit."""
    return [[name, *(cell or otherwise for cell in cells)]] if any(cells) else []


def _headings(paths: Sequence[str]) -> list[str]:
    """File names, or as much of the paths as tells them apart; with a number where that is too long for a column."""
    names = [Path(path).name for path in paths]
    if len(set(names)) < len(set(paths)):
        parts = [Path(path).parts for path in paths]
        common = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False)))
        names = [str(Path(*own[common:])) for own in parts]
    shown = [shortened(name, LONGEST_HEADING) for name in names]
    return [
        f"{shortened(name, LONGEST_HEADING - 5)} ({place})" if shown.count(heading) > 1 else heading
        for place, (name, heading) in enumerate(zip(names, shown, strict=True), 1)
    ]
