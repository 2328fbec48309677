"""A diagnosis told: as text of 80 columns, as a table for notebooks, and for programs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradline.data.visible import escaped, visible
from gradline.diagnostics.influence import InfluentialRow
from gradline.diagnostics.quantiles import Sketch

if TYPE_CHECKING:
    from gradline.diagnostics.diagnosis import Diagnosis

TOLD_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
TOLD_CHANGES = 10  # of one row, to as many terms, for programs
WIDTH = 78
TOGETHER = "\N{NO-BREAK SPACE}"


def text_of(diagnosis: Diagnosis) -> str:
    """The verdicts, in 80 columns."""
    lines = [heading_of(diagnosis), ""]
    for check in {check.seen: check for check in diagnosis.checks}.values():  # one reason not to judge is said once
        mark = {True: "!", False: " ", None: "?"}[check.sign]
        lines += _wrapped(f"{mark} ", check.seen)
        if check.sign:
            lines += _wrapped("    try: ", check.to_try)
    lines += ["", *_wrapped("  ", diagnosis.held_out_sentence())]
    for sentence in residuals_told(diagnosis):
        lines += [line.replace(TOGETHER, " ") for line in _wrapped("  ", sentence)]
    for note in diagnosis.notes:
        lines += _wrapped("  Note: ", f"{note}.")
    return "\n".join(lines)


def heading_of(diagnosis: Diagnosis) -> str:
    """What it is of, in every form."""
    return f"Diagnosis of {diagnosis.rows:,} row{'s'[: diagnosis.rows != 1]}"


def residuals_told(diagnosis: Diagnosis) -> list[str]:
    """A sentence of their quantiles, each name beside its number; none where the data lie on the line."""
    if not diagnosis.rows or diagnosis.exact_fit:
        return []
    named = ("least", "5 %", "25 %", "median", "75 %", "95 %", "largest")
    each = (f"{n} {diagnosis.quantile(q):.4g}" for n, q in zip(named, TOLD_QUANTILES, strict=True))
    return [f"Residuals: {', '.join(quantile.replace(' ', TOGETHER) for quantile in each)}."]


def hypertext_of(diagnosis: Diagnosis) -> str:
    """The verdicts as a table, for notebooks."""
    rows = "".join(
        f"<tr><td>{escaped(c.title)}</td><td>{escaped(c.seen)}</td><td>{escaped(c.to_try) if c.sign else ''}</td></tr>"
        for c in diagnosis.checks
    )
    notes = "".join(f"<li>{escaped(note)}</li>" for note in diagnosis.notes)
    return (
        f"<table><caption>{heading_of(diagnosis)}</caption>"
        f"<tr><th>Look at</th><th>What we see</th><th>What to try</th></tr>{rows}</table>"
        + "".join(f"<p>{escaped(told)}</p>" for told in (diagnosis.held_out_sentence(), *residuals_told(diagnosis)))
        + (f"<ul>{notes}</ul>" if notes else "")
    )


def dictionary_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """All figures but the sample, ready for JSON: NaN and infinite ones are None."""
    left_out = {"quantiles", "robust", "checks", "quantile_plot", "sample", "influence"}
    told = {f.name: _plain(getattr(diagnosis, f.name)) for f in fields(diagnosis) if f.name not in left_out}
    told["quantiles"] = {
        name: {
            "relative_error": sketch.relative_error,
            "values": {f"{q:g}": _plain(sketch.quantile(q)) for q in TOLD_QUANTILES},
        }
        for name, sketch in zip(("residual", "studentised"), diagnosis.quantiles, strict=True)
    }
    plot = diagnosis.quantile_plot
    told["envelope"] = {"rows": plot.count, "outside": plot.outside, "further_out": plot.further_out}
    told["influence"] = _plain(diagnosis.influence)
    for order in ("by_cooks", "by_studentised", "by_leverage"):
        told["influence"][order] = [_row(row, diagnosis.terms) for row in getattr(diagnosis.influence, order)]
    most = diagnosis.influence.largest_change
    told["influence"]["largest_change"] = None if most is None else _row(most, diagnosis.terms)
    told["covariance"] = None if diagnosis.robust is None else _plain(diagnosis.robust)
    if diagnosis.robust is not None:
        del told["covariance"]["root"], told["covariance"]["lost"]
    told["checks"] = {check.name: _plain(check) for check in diagnosis.checks}
    return told


def _row(row: InfluentialRow, terms: Sequence[str]) -> dict[str, Any]:
    """One row, with the terms that it changes most."""
    known = np.flatnonzero(np.isfinite(row.changes))
    most = known[np.argsort(-np.abs(row.changes[known]), kind="stable")[:TOLD_CHANGES]]
    return {**_plain(row), "changes": {terms[j]: float(row.changes[j]) for j in sorted(most)}}


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(visible(text), WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def _plain(value: Any) -> Any:
    """Numbers, texts, lists and dictionaries alone."""
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()]
    if isinstance(value, Sketch):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
