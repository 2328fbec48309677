"""The coefficients: a table with each interval drawn in its row, tests folded away, columns left out by name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from gradline.data.visible import escaped
from gradline.report import svg
from gradline.report.figures import interval_digits, p_value
from gradline.report.one_line import shortened
from gradline.report.page.markup import NO_NUMBER, figure, folded, named, paragraphs, tag
from gradline.report.page.reading import Reading
from gradline.report.sentences import capitalised, counted
from gradline.report.summary import INTERCEPT
from gradline.report.ticks import Ticks
from gradline.solution import Array

SHOWN, FOLDED = 16, 100  # rows of the table, and more of them on demand: the page does not grow with the columns
WIDTH, HEIGHT = 380.0, 24.0
LEVEL = re.compile(r"(?:C\()?([^\[\]:]+?)\)?\[T\.([^:]*)\]", re.DOTALL)


def section(reading: Reading) -> str:
    """The table; below it what its numbers rest on, what was left out, and the tests."""
    order = list(range(len(reading.terms)))
    if len(order) > SHOWN:
        strongest = by_strength(reading)
        order = [k for k in order if reading.terms[k] == INTERCEPT]
        order += [k for k in strongest if reading.terms[k] != INTERCEPT]
    shown, more = order[:SHOWN], order[SHOWN : SHOWN + FOLDED]
    rest = len(order) - len(shown) - len(more)
    parts = [tag("div", _table(reading, shown, grouped=len(order) <= SHOWN), class_="scroll")]
    if more:
        title = f"{counted(len(more), 'more term')}, the strongest first"
        parts.append(folded(title, tag("div", _table(reading, more, grouped=False), class_="scroll")))
    if rest:
        parts.append(
            paragraphs(f"{counted(rest, 'weaker term')} left out here; all are in the model file and in --json.")
        )
    parts.append(paragraphs(*_about(reading), class_="note"))
    if reading.told_by_tests and not reading.exact_fit:
        parts.append(_tests(reading, shown))
    return "".join(parts)


def by_strength(reading: Reading) -> list[int]:
    """Places of the terms, that farthest from zero first: in standard errors, where there are any."""
    strength = np.abs(reading.coef)
    if reading.told_by_tests and not reading.exact_fit:
        assert reading.inference is not None
        strength = np.abs(reading.inference.t)
    elif (effect := reading.effect_of_one_sd) is not None:
        strength = np.abs(effect)
    strength = np.where(np.isfinite(strength), strength, -1.0)
    return [int(k) for k in np.argsort(-strength, kind="stable")]


def _about(reading: Reading) -> list[str]:
    told = []
    if reading.unfinished:
        told.append("No standard errors, intervals or tests: they belong to the answer, which these are not.")
    elif reading.inference is None:
        told.append("No standard errors: they need sums over all pairs of features, of which there are too many.")
    elif reading.exact_fit:
        told.append("The data lie on the line; tests are meaningless.")
    elif reading.inference.df_residual <= 0:
        told.append("As many coefficients as rows: there are no standard errors.")
    elif reading.another_loss:
        told.append("Standard errors: the sandwich of M-estimates (Huber 1967).")
    else:
        analytic = reading.weighting is not None and reading.weighting.kind == "analytic"
        spread = "what the weights say" if analytic else "the same everywhere"
        kind = reading.covariance if reading.robust else f"classical, which take the spread to be {spread}"
        checks = reading.diagnosis.checks if reading.diagnosis is not None and not reading.robust else ()
        uneven = any(check.name == "spread" and check.sign for check in checks)
        but = " There is a sign that it is not: --covariance HC3 does without that." if uneven else ""
        told.append(f"Standard errors: {kind}.{but}")
    grouped = {found[1] for found in map(LEVEL.fullmatch, reading.terms) if found and len(reading.terms) <= SHOWN}
    notes = [f"{note}." for note in reading.notes if note.partition(": ")[0] not in grouped or reading.unfinished]
    by_covariance = [f"{capitalised(note)}." for note in reading.covariance_notes]
    return [*told, *by_covariance, *reading.columns_told(), *notes]


def _table(reading: Reading, places: Sequence[int], *, grouped: bool) -> str:
    way = reading.way
    if reading.unfinished:
        exact = None if way is None else way.exact
        titled = {
            "descent" if reading.near_as_asked else "unfinished": reading.coef,
            **({} if exact is None else {"exact answer": exact}),
        }
        return _plain_table(reading, titled, places)
    if reading.inference is None:
        return _plain_table(reading, {"estimate": reading.coef}, places)
    level = f"{100 * reading.inference.confidence:g}%"
    head = [
        ("term", ""),
        ("estimate", ""),
        ("std. error", ""),
        (f"{level} interval", "range"),
        (f"one standard deviation more of it moves {shortened(reading.target, 24)} by", "drawn"),
    ]
    axis = _Axis(reading, places)
    rows, group = [], ""
    for k in places:
        name, found = reading.terms[k], LEVEL.fullmatch(reading.terms[k]) if grouped else None
        if found and found[1] != group:
            rows.append(
                tag(
                    "tr",
                    tag("th", escaped(_compared(reading, found[1])), colspan="5", scope="colgroup"),
                    class_="group",
                )
            )
        group = found[1] if found else ""
        rows.append(_row(reading, k, found[2] if found else name, axis, inner=bool(found)))
    foot = tag("tfoot", tag("tr", 3 * tag("td"), tag("td", class_="range"), tag("td", axis.drawing(), class_="drawn")))
    titles = tag("tr", *(tag("th", escaped(t), scope="col", **({"class_": c} if c else {})) for t, c in head))
    return tag("table", tag("thead", titles), tag("tbody", *rows), foot, class_="coefficients")


def _compared(reading: Reading, category: str) -> str:
    """The heading of a category's levels: which one they are compared with."""
    note = next((note for note in reading.notes if note.startswith(f"{category}: ")), "")
    return shortened(note or f"{category}: levels", 90)


def _plain_table(reading: Reading, columns: dict[str, Array], places: Sequence[int]) -> str:
    titles = tag("tr", *(tag("th", escaped(title), scope="col") for title in ("term", *columns)))
    rows = (
        tag(
            "tr",
            named(reading.terms[k], "th", scope="row"),
            *(tag("td", escaped(figure(float(c[k]), 7))) for c in columns.values()),
        )
        for k in places
    )
    return tag("table", tag("thead", titles), tag("tbody", *rows), class_="coefficients plain")


def _row(reading: Reading, k: int, name: str, axis: _Axis, *, inner: bool) -> str:
    inference = reading.inference
    assert inference is not None
    value, error = float(reading.coef[k]), float(inference.standard_error[k])
    low, high = (float(limit) for limit in inference.confidence_interval[k])
    if math.isnan(error) and not reading.exact_fit and inference.df_residual > 0:
        said = "no standard error" if value else "no estimate of its own"
        cells = tag("td", escaped(figure(value))) + tag("td", escaped(said), colspan="3", class_="said")
        return tag("tr", named(name, "th", scope="row", **_inner(inner)), cells)
    digits = interval_digits(low, high, error, least=3)
    interval = f"{figure(low, digits)} to {figure(high, digits)}" if math.isfinite(low) else NO_NUMBER
    return tag(
        "tr",
        named(name, "th", scope="row", **_inner(inner)),
        tag("td", escaped(figure(value, max(4, digits)))),
        tag("td", escaped(figure(error, 3))),
        tag("td", escaped(interval), class_="range"),
        tag("td", axis.interval(reading.terms[k], k, value, low, high), class_="drawn"),
    )


def _inner(inner: bool) -> dict[str, str]:
    return {"class_": "level"} if inner else {}


class _Axis:
    """What the intervals are drawn on: units of the target for one standard deviation of each column: rows compare."""

    def __init__(self, reading: Reading, places: Sequence[int]) -> None:
        assert reading.inference is not None
        assert reading.effect_of_one_sd is not None
        intervals = reading.inference.confidence_interval
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = reading.effect_of_one_sd / reading.coef
        self.unit = np.where(np.isfinite(unit), unit, np.nan)
        drawn = intervals[list(places)] * self.unit[list(places), None]
        drawn = np.append(drawn, reading.coef[list(places)] * self.unit[list(places)])
        drawn = drawn[np.isfinite(drawn)]
        low, high = (min(0.0, drawn.min()), max(0.0, drawn.max())) if drawn.size else (-1.0, 1.0)
        self.scale = svg.Scale((low, high if high > low else low + 1.0), (10.0, WIDTH - 10.0))
        self.target = reading.target

    def interval(self, name: str, k: int, value: float, low: float, high: float) -> str:
        """Dot and bar; the dot is hollow where the interval holds zero."""
        unit, x, middle = self.unit[k], self.scale, HEIGHT / 2
        if math.isnan(unit):
            return ""
        certain = not low <= 0.0 <= high
        said = f"{shortened(name)}: {figure(value)}, interval {figure(low)} to {figure(high)}" + (
            "" if certain else ", which holds zero"
        )
        bar = ""
        if math.isfinite(low):
            bar = svg.element("line", x1=x(low * unit), x2=x(high * unit), y1=middle, y2=middle, class_="bar")
        return svg.figure(
            WIDTH,
            HEIGHT,
            said,
            svg.element("line", x1=x(0.0), x2=x(0.0), y1=0.0, y2=HEIGHT, class_="zero"),
            bar,
            svg.dots([(x(value * unit), middle)], class_="dot"),
            "" if certain else svg.dots([(x(value * unit), middle)], class_="hole"),
        )

    def drawing(self) -> str:
        """The ticks below the last row."""
        ticks = Ticks.of(self.scale, 7, longest=10)  # zero is on this axis, and it has no name to say more in
        marks = [
            svg.element("line", x1=self.scale(t), x2=self.scale(t), y1=0.0, y2=4.0, class_="axis")
            + svg.text(said, self.scale(t), 17.0, text_anchor="middle")
            for t, said in zip(ticks.at, ticks.said, strict=True)
        ]
        label = f"Axis in units of {shortened(self.target)}, {ticks.said[0]} to {ticks.said[-1]}"
        return svg.figure(
            WIDTH, 22.0, label, svg.element("line", x1=0.0, x2=WIDTH, y1=0.5, y2=0.5, class_="axis"), *marks
        )


def _tests(reading: Reading, places: Sequence[int]) -> str:
    """t and p, and what the statistics say of each column beside the others; folded."""
    inference = reading.inference
    assert inference is not None
    extra = [(name, values) for name, values in reading.by_term.items() if np.isfinite(values).any()]
    head = ["term", "t", "p", *(name for name, _ in extra)]
    rows = []
    for k in places:
        cells = [figure(float(inference.t[k]), 4), p_value(float(inference.p_value[k]))]
        cells += [figure(float(values[k]), 3) for _, values in extra]
        rows.append(
            tag("tr", named(reading.terms[k], "th", scope="row"), *(tag("td", escaped(cell)) for cell in cells))
        )
    table = tag(
        "table", tag("thead", tag("tr", *(tag("th", escaped(t), scope="col") for t in head))), tag("tbody", *rows)
    )
    df = inference.f_df
    whole = (
        f"All slopes together: F({df[0]:,}, {df[1]:,}) = {figure(inference.f_statistic)}, "
        f"p {p_value(inference.f_p_value, inline=True)}. Residual standard deviation {figure(inference.residual_sd)} "
        f"on {counted(inference.df_residual, 'degree')} of freedom."
        if math.isfinite(inference.f_statistic)
        else ""
    )
    return folded("t, p and how the columns stand together", tag("div", table, class_="scroll"), paragraphs(whole))
