"""Six drawings, each with what good looks like, what is seen here, and what to try."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradline.data.visible import escaped
from gradline.diagnostics.wording import Check
from gradline.report.page import drawings, endings
from gradline.report.page.convergence import FEWEST_DIGITS, more_digits
from gradline.report.page.markup import figure, paragraphs, tag, with_options
from gradline.report.page.reading import Reading
from gradline.report.page.seen import Seen
from gradline.report.sentences import capitalised
from gradline.report.summary import INTERCEPT, NEAR
from gradline.solution import MOST_DIGITS

Mark = Literal["none", "sign", "unknown"]
LONGEST_LIST = 9  # coefficients in the drawing of digits
SHAPES = {
    "none": ('<circle cx="5.5" cy="5.5" r="4.2"/>', "no sign"),
    "sign": ('<path d="M5.5 0L11 10.5H0z"/>', "a sign"),
    "unknown": ('<rect x="1.5" y="4.5" width="8" height="2"/>', "not judged"),
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing and its three lines.

    Attributes
    ----------
    key : str
        Its place on the page: the name of its check.
    drawing : str or None
        "" where there is nothing to draw; None where there is no drawing of such a thing.
    mark : str
        Whether something was seen that calls for action.
    """

    key: str
    title: str
    drawing: str | None
    good: str
    see: str
    mark: Mark
    try_: str


def section(reading: Reading) -> str:
    """All six; those that need rows are left out where the rows are not to be had."""
    panels = all_panels(reading)
    drawn = "".join(_panel(panel) for panel in panels if panel.drawing is not None)
    return _how_drawn(reading) + tag("div", drawn, class_="panels") + _not_drawn(panels) + _notes(reading)


def first_look(reading: Reading) -> str:
    """What the panels say, at the head of the page: each a link to its panel."""
    diagnosis = reading.diagnosis
    if diagnosis is not None and all(check.sign is None for check in diagnosis.checks):
        lead = diagnosis.checks[0].seen
        return "" if reading.unfinished else tag("p", escaped(capitalised(lead)), class_="lead")
    told = [panel for panel in all_panels(reading) if panel.mark != "unknown"]
    told.sort(key=lambda panel: panel.mark == "none")
    items = (
        tag("li", _mark(panel.mark), tag("a", escaped(_short(panel.see)), href=f"#panel-{panel.key}")) for panel in told
    )
    return tag("ul", *items, class_="signs") if told else ""


def _short(sentence: str) -> str:
    """Its first sentence, without figures in brackets.

    >>> _short("A sign of curvature: ends above (RESET p = 0.01).")
    'A sign of curvature: ends above'
    """
    return re.split(r"\.( |$)", re.sub(r" \([^)]*\)", "", sentence))[0]


def all_panels(reading: Reading) -> list[Panel]:
    """One for each check of the diagnosis, in its order, then how the coefficients were found."""
    seen, ending = Seen.of(reading), _certified(reading) if reading.way is None else _path(reading)
    if seen is None or reading.diagnosis is None:
        return [ending]
    checked = [_checked(check, _drawing(check.name, reading, seen)) for check in reading.diagnosis.checks]
    place = sum(panel.drawing is not None for panel in checked)
    return [*checked[:place], ending, *checked[place:]]


def _checked(check: Check, drawing: str | None) -> Panel:
    mark: Mark = "unknown" if check.sign is None else "sign" if check.sign else "none"
    return Panel(check.name, check.title, drawing, check.good, check.seen, mark, check.to_try)


def _drawing(name: str, reading: Reading, seen: Seen) -> str | None:
    points = seen.points
    match name:
        case "band" if points.x is not None:
            return drawings.fit(points, seen.line(reading), (reading.features[0], reading.target))
        case "band":
            return drawings.actual_against_fitted(points, seen.half_band, reading.target)
        case "curvature":
            return drawings.residuals(points, seen.residual_means, reading.target)
        case "tails":
            return "" if seen.normal_quantiles is None else drawings.normal_quantiles(seen.normal_quantiles)
        case "spread":
            return drawings.scale_location(points, seen.scale_means) if np.isfinite(points.studentised).any() else ""
        case "influence":
            known = np.isfinite(points.studentised).any() and not seen.unjudged
            return drawings.influence(points, seen.k, seen.df, seen.named) if known else ""
    return None


def _how_drawn(reading: Reading) -> str:
    seen, weighting = Seen.of(reading), reading.weighting
    if seen is None:
        return tag("p", escaped(f"Five of the six look at rows. Left out: {reading.no_diagnosis}."), class_="note")
    told = []
    if len(seen.points) < seen.rows:
        of_table = " of the table" if weighting is not None and weighting.kind == "frequency" else ""
        told.append(
            f"Drawn are {len(seen.points):,} of {seen.rows:,} rows{of_table}: a sample, and the most influential ones. "
            "Curves, shares and verdicts are of all rows."
        )
    if seen.points.x is not None and reading.robust and not seen.unjudged:
        told.append(
            f"Both bands along the line are by the standard errors of the table ({reading.covariance}); the share of "
            "rows is counted in the band by classical ones."
        )
    if weighting is not None and weighting.kind == "analytic":
        told.append("Residuals are studentised by their weights; the outer band is that of a row of weight 1.")
    return paragraphs(*told, class_="note")


def _not_drawn(panels: Sequence[Panel]) -> str:
    """Checks without a drawing of their own."""
    items = []
    for panel in panels:
        if panel.drawing is None:
            said = f"{panel.title}: {panel.see}" + (f" {panel.try_}" if panel.mark == "sign" else "")
            items.append(
                tag("p", _mark(panel.mark), " ", with_options(said), class_="undrawn", id=f"panel-{panel.key}")
            )
    return "".join(items)


def _notes(reading: Reading) -> str:
    """What the second pass had to leave out, but for what is told elsewhere or not drawn here."""
    if reading.diagnosis is None:
        return ""
    elsewhere = {*reading.covariance_notes, *reading.diagnosis.profile.notes}
    notes = [note for note in reading.diagnosis.notes if note not in elsewhere]
    return paragraphs(*(f"{capitalised(note)}." for note in notes), class_="note")


def _panel(panel: Panel) -> str:
    lines = (
        ("What good looks like", escaped(panel.good), ""),
        ("What we see", _mark(panel.mark) + tag("span", escaped(panel.see)), "see"),
        ("What to try" if panel.mark == "sign" else "What to try, were there a sign", with_options(panel.try_), ""),
    )
    pairs = (
        tag("div", tag("dt", escaped(name)), tag("dd", said), **({"class_": kind} if kind else {}))
        for name, said, kind in lines
        if said
    )
    return tag(
        "figure",
        tag("h3", escaped(panel.title)),
        panel.drawing or tag("p", "Nothing to draw.", class_="none"),
        tag("figcaption", tag("dl", *pairs)),
        class_="panel",
        id=f"panel-{panel.key}",
    )


def _mark(mark: Mark) -> str:
    shape, said = SHAPES[mark]
    return f'<span class="mark"><svg viewBox="0 0 11 11" role="img" aria-label="{said}:">{shape}</svg></span>'


def _certified(reading: Reading) -> Panel:
    c, inference = reading.certificate, reading.inference
    assert c is not None
    assert inference is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        determined = np.log10(np.abs(reading.coef) / inference.standard_error)
    there = [
        k for k in range(len(reading.terms)) if not math.isnan(inference.standard_error[k]) or reading.coef[k] != 0
    ]
    slopes = [k for k in there if reading.terms[k] != INTERCEPT] or there
    chosen = (
        there
        if len(there) <= LONGEST_LIST
        else sorted(slopes, key=lambda k: -determined[k] if np.isfinite(determined[k]) else 1.0)[:LONGEST_LIST]
    )
    finite = determined[np.isfinite(determined)]
    digits = int(c.digits)
    rounded = (
        digits < MOST_DIGITS or c.precision == "float64"
    )  # all digits of exact arithmetic are as many as there are
    short = digits < FEWEST_DIGITS or bool(rounded and finite.size and float(finite.max()) + 1 > c.digits)
    of_data = f"; the data determine at most {max(0.0, float(finite.max())):.1f} of them." if finite.size else "."
    return Panel(
        "digits",
        "Certified digits by coefficient",
        endings.digits([reading.terms[k] for k in chosen], c.digits, determined[chosen]) if chosen else "",
        "Bars (digits that rounding leaves) reach past the diamonds (digits that the data determine).",
        c.promise + of_data,
        "sign" if short else "none",
        f"{capitalised(more_digits(c))}.",
    )


def _path(reading: Reading) -> Panel:
    way = reading.way
    assert way is not None
    name = way.loss_name or "squared"
    drawing = ""
    if way.history.size:
        drawing = endings.loss_and_distance(way.history, way.distance, NEAR, f"{name} loss", way.count)
    unit = "standard errors away" if reading.inference is not None and not reading.exact_fit else "of its size away"
    most = "at most " if reading.inference is None else ""
    done = "As near as was asked" if reading.near_as_asked else "Unfinished" if reading.unfinished else "Done"
    see = f"{done} at {way.count} {way.steps:,}: {most}{figure(way.gap, 2)} {unit}."
    below = "; the lower one ends below the dashed line, a hundredth of a standard error" if way.distance.size else ""
    return Panel(
        "path",
        f"Loss{' and distance' if way.distance.size else ''} by {way.count}",
        drawing,
        f"A fall that ends level{below}.",
        see,
        "sign" if reading.unfinished else "none",
        f"{capitalised(way.cure)}." if way.cure else "Where it crawls, a conditioned descent: --learning-rate auto.",
    )
