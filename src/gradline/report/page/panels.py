"""Six drawings, each with what good looks like, what is seen here, and what to try."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradline.report.page import drawings, endings
from gradline.report.page.markup import figure, shortened, tag, words
from gradline.report.page.reading import Reading
from gradline.report.page.seen import Seen
from gradline.report.summary import INTERCEPT, NEAR

Mark = Literal["none", "sign", "unknown"]
TOO_FEW = "too few points to judge"
LINED_UP = "The data lie on the line; tests are meaningless."
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
        Its place on the page.
    drawing : str
        "" where there is none.
    mark : str
        Whether something was seen that calls for action.
    """

    key: str
    title: str
    drawing: str
    good: str
    see: str
    mark: Mark
    try_: str


def section(reading: Reading) -> str:
    """All six; those that need rows are left out where the rows are not to be had."""
    shown = "".join(_panel(panel) for panel in six(reading))
    return _how_drawn(reading) + tag("div", shown, class_="panels")


def first_look(reading: Reading) -> str:
    """What the panels say, at the head of the page: each a link to its panel."""
    seen = Seen.of(reading)
    if seen is not None and (seen.few or seen.exact_fit):
        return tag("p", words(LINED_UP if seen.exact_fit else f"{seen.rows} rows: {TOO_FEW}."), class_="lead")
    told = sorted((panel for panel in six(reading) if panel.mark != "unknown"), key=lambda panel: panel.mark == "none")
    items = (
        tag("li", _mark(panel.mark), tag("a", words(_short(panel.see)), href=f"#panel-{panel.key}")) for panel in told
    )
    return tag("ul", *items, class_="signs") if told else ""


def _short(sentence: str) -> str:
    """Its first sentence, without figures in brackets.

    >>> _short("A sign of curvature (RESET: F = 2.1): ends above. 3 of 9 dots lie outside.")
    'A sign of curvature: ends above'
    """
    return re.split(r"\.( |$)", re.sub(r" \([^)]*\)", "", sentence))[0]


def six(reading: Reading) -> list[Panel]:
    """In their order."""
    seen = Seen.of(reading)
    ending = _certified(reading) if reading.way is None else _path(reading)
    if seen is None:
        return [ending]
    return [
        _fit(reading, seen),
        _residuals(reading, seen),
        _normal(seen),
        _scale(seen),
        _influence(reading, seen),
        ending,
    ]


def _how_drawn(reading: Reading) -> str:
    seen = Seen.of(reading)
    if seen is None:
        return tag("p", "Five of the six look at rows, which could not be read a second time.", class_="note")
    if len(seen.points) >= seen.rows:
        return ""
    said = (
        f"Drawn are {len(seen.points):,} of {seen.rows:,} rows: a sample, and the most influential ones. Curves, "
        "shares and verdicts are of all rows."
    )
    return tag("p", words(said), class_="note")


def _panel(panel: Panel) -> str:
    lines = (
        ("What good looks like", words(panel.good), ""),
        ("What we see", _mark(panel.mark) + tag("span", words(panel.see)), "see"),
        ("What to try", words(panel.try_), ""),
    )
    pairs = (
        tag("div", tag("dt", words(name)), tag("dd", said), **({"class_": kind} if kind else {}))
        for name, said, kind in lines
        if said
    )
    return tag(
        "figure",
        tag("h3", words(panel.title)),
        panel.drawing or tag("p", "Nothing to draw.", class_="none"),
        tag("figcaption", tag("dl", *pairs)),
        class_="panel",
        id=f"panel-{panel.key}",
    )


def _mark(mark: Mark) -> str:
    shape, said = SHAPES[mark]
    return f'<span class="mark"><svg viewBox="0 0 11 11" role="img" aria-label="{said}:">{shape}</svg></span>'


def _judged(seen: Seen, verdict: tuple[str, bool] | None) -> tuple[str, Mark]:
    """A verdict's sentence and its mark; guarded where there is nothing to judge by."""
    if seen.exact_fit:
        return LINED_UP, "unknown"
    if seen.few:
        return f"{seen.rows} rows: {TOO_FEW}.", "unknown"
    if verdict is None:
        return "Not judged.", "unknown"
    sentence, sign = verdict
    return sentence, "sign" if sign else "none"


def _fit(reading: Reading, seen: Seen) -> Panel:
    target = shortened(reading.target, 30)
    if seen.points.x is not None:
        line = seen.line(reading)
        drawing = drawings.fit(seen.points, line, (reading.features[0], reading.target))
        title = f"{target} against {shortened(reading.features[0], 30)}"
    else:
        drawing = drawings.actual_against_fitted(seen.points, seen.half_band, reading.target)
        title = "Actual against fitted"
    see, mark = _judged(seen, seen.coverage_verdict)
    return Panel(
        "fit",
        title,
        drawing,
        "Points along the line, nearly all of them inside the outer band.",
        see,
        mark,
        "A column that is missing, or another unit of the target.",
    )


def _residuals(reading: Reading, seen: Seen) -> Panel:
    see, mark = _judged(seen, seen.form)
    return Panel(
        "residuals",
        "Residuals against fitted",
        drawings.residuals(seen.points, seen.residual_means, reading.target),
        "No pattern; the curve of the means stays flat, near zero.",
        see,
        mark,
        "A squared term or a logarithm: of a column, or of the target.",
    )


def _normal(seen: Seen) -> Panel:
    see, mark = _judged(seen, seen.normality)
    quantiles = seen.normal_quantiles
    if mark != "unknown" and quantiles is not None and quantiles.outside:
        see += f" {quantiles.outside} of {len(quantiles.normal)} dots lie outside the envelope."
    return Panel(
        "normal",
        "Normal quantiles of the residuals",
        "" if quantiles is None else drawings.normal_quantiles(quantiles),
        "Dots along the line, inside the envelope (which 1 in 20 may leave).",
        see,
        mark,
        "Robust standard errors (--covariance HC3); look at the rows at both ends.",
    )


def _scale(seen: Seen) -> Panel:
    see, mark = _judged(seen, seen.spread)
    return Panel(
        "scale",
        "Scale and location",
        drawings.scale_location(seen.points, seen.scale_means),
        "A level band: rows are as far off at one end as at the other.",
        see,
        mark,
        "The logarithm of the target, --covariance HC3, or weights.",
    )


def _influence(reading: Reading, seen: Seen) -> Panel:
    see, mark = _judged(seen, seen.influence)
    return Panel(
        "influence",
        "Residuals against leverage",
        drawings.influence(seen.points, seen.k, seen.df, seen.named),
        "Nothing beyond the dashed curve (Cook's distance 0.5), let alone the solid one (1).",
        see,
        mark,
        "Check these rows where they come from; fit without them and compare.",
    )


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
        there if len(there) <= LONGEST_LIST else sorted(slopes, key=lambda k: -_or(determined[k], -1.0))[:LONGEST_LIST]
    )
    finite = determined[np.isfinite(determined)]
    digits = int(c.digits)
    sure = f"All {digits} digits certified" if c.certain else f"At least about {digits} digits are right"
    enough = finite.size and float(finite.max()) + 1 > c.digits
    of_data = f"; the data determine at most {max(0.0, float(finite.max())):.1f} of them." if finite.size else "."
    few = digits < 4 or bool(enough)
    return Panel(
        "digits",
        "Certified digits by coefficient",
        endings.digits([reading.terms[k] for k in chosen], c.digits, determined[chosen]) if chosen else "",
        "Bars (digits that rounding leaves) reach past the diamonds (digits that the data determine).",
        sure + of_data,
        "sign" if few else "none",
        "Exact arithmetic (--precision exact)." if c.precision != "exact" else "Nothing: rounding plays no part here.",
    )


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _path(reading: Reading) -> Panel:
    way = reading.way
    assert way is not None
    name = way.loss_name or "squared"
    drawing = ""
    if way.history.size:
        drawing = endings.loss_and_distance(way.history, way.distance, NEAR, f"{name} loss")
    unit = "standard errors away" if reading.inference is not None and not reading.exact_fit else "of its size away"
    most = "at most " if reading.inference is None else ""
    done = "Unfinished" if reading.unfinished else "Done"
    see = f"{done} at step {way.steps:,}: {most}{figure(way.gap, 2)} {unit}."
    below = "; the lower one ends below the dashed line, a hundredth of a standard error" if way.distance.size else ""
    return Panel(
        "path",
        "Loss and distance by step",
        drawing,
        f"A fall that ends level{below}.",
        see,
        "sign" if reading.unfinished else "none",
        way.cure[0].upper() + way.cure[1:] + "." if way.cure else 'Nothing; where it crawls, learning_rate="auto".',
    )
