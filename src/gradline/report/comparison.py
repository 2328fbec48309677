"""Fits side by side: a column each, coefficients with their standard errors below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from gradline.report.rows_told import one_line, rows_left_out
from gradline.report.summary import Summary, aligned, short


def side_by_side(reports: Sequence[tuple[str, Summary]]) -> str:
    """A table of the fits, each under the name of its file; below it, for which columns rows of theirs were dropped.

    Terms stand in the order in which they first occur; one that a fit lacks is left blank, "-" is a figure that is
    not known.

    Parameters
    ----------
    reports : sequence of (path, Summary)
        Of the exact way.
    """
    fits = [report for _, report in reports]
    headings = _headings([path for path, _ in reports])
    table = [["", *headings]]
    if len({fit.target for fit in fits}) > 1:
        table.append(["target", *(one_line(fit.target) for fit in fits)])
    for term in dict.fromkeys(term for fit in fits for term in fit.terms):
        estimates, errors = [], []
        for fit in fits:
            place = fit.terms.index(term) if term in fit.terms else None
            estimates.append("" if place is None else short(fit.coef[place]))
            error = math.nan if place is None else float(fit.inference.standard_error[place])
            errors.append("" if place is None else f"({short(error, 4)})")
        table += [[one_line(term), *estimates], ["", *errors]]
    table += [
        [""] * len(table[0]),
        ["rows", *(f"{fit.inference.rows:,}" for fit in fits)],
        *_where_any("rows dropped", [f"{fit.rows_dropped:,}" if fit.rows_dropped else "" for fit in fits]),
        *_where_any("weight", [one_line(fit.weighting.column) if fit.weighting else "" for fit in fits]),
        *_where_any("weights", [fit.weighting.kind if fit.weighting else "" for fit in fits]),
        ["R\u00b2", *(short(fit.inference.r2, 4) for fit in fits)],
        ["residual sd", *(short(fit.inference.residual_sd, 5) for fit in fits)],
        ["AIC", *("-" if math.isnan(fit.inference.aic) else f"{fit.inference.aic:.2f}" for fit in fits)],
        ["digits", *(str(int(fit.certificate.digits)) for fit in fits)],
    ]
    why = [
        f"{heading}: {sentence}"
        for heading, fit in zip(headings, fits, strict=True)
        for sentence in rows_left_out(fit.rows_dropped, fit.dropped)
    ]
    below = [line for sentence in why for line in textwrap.wrap(sentence, 80)]
    return "\n".join([*aligned(table), *([""] if below else []), *below])


def _where_any(name: str, cells: Sequence[str]) -> list[list[str]]:
    """A row, where it says something of any fit."""
    return [[name, *(cell or "-" for cell in cells)]] if any(cells) else []


def _headings(paths: Sequence[str]) -> list[str]:
    """File names, or as much of the paths as tells them apart."""
    names = [Path(path).name for path in paths]
    return names if len(set(names)) == len(set(paths)) else list(paths)
