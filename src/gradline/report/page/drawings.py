"""The six drawings, from plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from gradline.report import svg
from gradline.report.page.markup import counted, figure, shortened
from gradline.report.page.paper import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Paper, spread
from gradline.solution import Array

SMALL = 150  # dots, from which on they are drawn smaller
ENVELOPE = 0.95
COOKS = (0.5, 1.0)
MOST_STEPS = 300  # of a loss curve that are drawn


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Rows to draw: all of them, or a sample and the most extreme ones.

    Attributes
    ----------
    row : (points,) int
        From 1.
    x : (points,) float64 or None
        The feature, where there is only one.
    studentised : (points,) float64
        External; NaN where there is none.
    """

    row: Array
    x: Array | None
    fitted: Array
    actual: Array
    studentised: Array
    leverage: Array

    def __len__(self) -> int:
        return len(self.row)

    @property
    def kind(self) -> str:
        """How large the dots are."""
        return "points" if len(self) < SMALL else "points many"


@dataclass(frozen=True, slots=True, eq=False)
class Smoother:
    """Means over bins, from all rows, with their standard errors."""

    centre: Array
    mean: Array
    error: Array


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The fit along one feature: the line, the band of its mean, and that of new rows; NaN where there is none."""

    x: Array
    fitted: Array
    mean: Array
    new: Array


def pairs(x: Array, y: Array) -> list[tuple[float, float]]:
    """Places side by side."""
    return list(zip(x.tolist(), y.tolist(), strict=True))


def fit(points: Points, line: Line, names: tuple[str, str]) -> str:
    """One feature: rows, the line, and both bands."""
    assert points.x is not None
    values = np.concatenate([points.actual, line.fitted, line.new[np.isfinite(line.new)]])
    paper = Paper.of(spread([*points.x, *line.x], margin=0.02), spread(values.tolist()), names)
    x = line.x.tolist()
    paper.band(x, line.new[:, 0].tolist(), line.new[:, 1].tolist(), "outer")
    paper.band(x, line.mean[:, 0].tolist(), line.mean[:, 1].tolist(), "inner")
    paper.dots(pairs(points.x, points.actual), points.kind)
    paper.line(pairs(line.x, line.fitted), "fit")
    ends = f"from {figure(float(line.fitted[0]))} at {figure(x[0])} to {figure(float(line.fitted[-1]))} at {figure(x[-1])}"
    label = f"{names[1]} against {names[0]}: {counted(len(points), 'row')}, and the line {ends} with its bands"
    return paper.drawing(label, "fit")


def actual_against_fitted(points: Points, half: float, target: str) -> str:
    """More features: rows against what the line says of them, and the diagonal with the band of new rows."""
    domain = spread([*points.fitted, *points.actual])
    paper = Paper.of(domain, domain, (f"{shortened(target, 24)}, fitted", f"{shortened(target, 24)}, actual"))
    ends = list(domain)
    if math.isfinite(half) and half > 0:
        paper.band(ends, [v - half for v in ends], [v + half for v in ends], "outer")
    paper.dots(pairs(points.fitted, points.actual), points.kind)
    paper.line([(v, v) for v in ends], "fit")
    band = f", and a band of {figure(half)} to both sides of it" if half > 0 else ""
    return paper.drawing(f"Actual against fitted: {counted(len(points), 'row')}, the diagonal where both are equal{band}", "fit")


def residuals(points: Points, smoother: Smoother | None, target: str) -> str:
    """Residuals against fitted, zero, and the means of bins with two standard errors."""
    residual = points.actual - points.fitted
    high = float(np.nanmax(np.abs(residual), initial=0.0)) or 1.0
    paper = Paper.of(spread(points.fitted.tolist(), margin=0.02), (-1.08 * high, 1.08 * high), ("fitted", f"residual of {shortened(target, 20)}"))
    paper.level(0.0)
    paper.dots(pairs(points.fitted, residual), points.kind)
    said = _smooth(paper, smoother)
    return paper.drawing(f"Residuals against fitted values: {counted(len(points), 'row')}, largest {figure(high)}{said}", "residuals")


def _smooth(paper: Paper, smoother: Smoother | None) -> str:
    if smoother is None or len(smoother.centre) < 2:
        return ""
    low, high = smoother.mean - 2 * smoother.error, smoother.mean + 2 * smoother.error
    paper.band(smoother.centre.tolist(), low.tolist(), high.tolist(), "ribbon")
    paper.line(pairs(smoother.centre, smoother.mean), "smoother")
    ends = [figure(float(smoother.mean[k]), 3) for k in (0, len(smoother.mean) // 2, -1)]
    return f"; means of bins {ends[0]} at the low end, {ends[1]} in the middle, {ends[2]} at the high end"


@dataclass(frozen=True, slots=True, eq=False)
class NormalQuantiles:
    """Quantiles of residuals beside those of a normal distribution, with an envelope.

    Of n independent normal numbers the one of rank np lies within z(p) +- 1.96 sqrt(p (1 - p) / n) / phi(z(p)), 19
    times in 20: each by itself, not all together (Fox 2016, Applied Regression Analysis, section 12.2.1).
    """

    normal: Array
    found: Array
    half: Array

    @classmethod
    def of(cls, p: Array, found: Array, rows: int) -> NormalQuantiles:
        """`found` (quantiles,) at the probabilities `p`, of `rows` residuals."""
        normal = NormalDist()
        z = np.array([normal.inv_cdf(float(each)) for each in p])
        density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        wide = normal.inv_cdf(0.5 + ENVELOPE / 2)
        return cls(z, found, wide * np.sqrt(p * (1 - p) / rows) / density)

    @property
    def outside(self) -> int:
        """How many lie outside of the envelope."""
        return int((np.abs(self.found - self.normal) > self.half).sum())


def normal_quantiles(quantiles: NormalQuantiles) -> str:
    """Dots along the diagonal, if residuals are normal."""
    z, found = quantiles.normal, quantiles.found
    paper = Paper.of(spread(z.tolist(), least=2.0), spread([*found, *z], least=2.0), ("normal quantile", "studentised residual"))
    paper.band(z.tolist(), (z - quantiles.half).tolist(), (z + quantiles.half).tolist(), "outer")
    paper.line([(v, v) for v in paper.x.domain], "fit")
    paper.dots(pairs(z, found), "points" if len(z) < SMALL else "points many")
    label = f"Quantiles of residuals against normal ones: {counted(len(z), 'dot')}, {quantiles.outside} outside the envelope; "
    label += f"lowest {figure(float(found[0]), 3)}, highest {figure(float(found[-1]), 3)}" if len(found) else "none"
    return paper.drawing(label, "normal")


def scale_location(points: Points, smoother: Smoother | None) -> str:
    """How far off rows are, whatever the side, against fitted."""
    size = np.sqrt(np.abs(points.studentised))
    high = float(np.nanmax(size, initial=0.0)) or 1.0
    paper = Paper.of(spread(points.fitted.tolist(), margin=0.02), (0.0, 1.08 * high), ("fitted", "√|studentised residual|"))
    paper.dots(pairs(points.fitted, size), points.kind)
    said = _smooth(paper, smoother)
    return paper.drawing(f"Size of residuals against fitted values: {counted(len(points), 'row')}, largest {figure(high, 3)}{said}", "scale")


def influence(points: Points, k: int, df: int, named: Sequence[int]) -> str:
    """Studentised residuals against leverage, with the curves where Cook's distance is 0.5 and 1.

    D = r^2 h / ((1 - h) k), with r internally studentised: r^2 = df t^2 / (df - 1 + t^2).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        t = points.studentised
        r = np.sign(t) * np.sqrt(df * t * t / (df - 1 + t * t)) if df > 1 else t
    largest = float(np.nanmax(points.leverage, initial=0.0)) or 1.0
    right = min(1.0, 1.12 * largest)
    high = max(3.0, 1.15 * float(np.nanmax(np.abs(r), initial=0.0)))
    paper = Paper.of((0.0, right), (-high, high), ("leverage", "standardised residual"))
    paper.level(0.0)
    h = np.linspace(1e-3 * right, min(right, 0.9999), 80)
    for distance in COOKS:
        curve = np.sqrt(distance * k * (1 - h) / h)
        for side in (1.0, -1.0):
            inside = [(a, b) for a, b in pairs(h, side * curve) if abs(b) <= 1.3 * high]
            paper.line(inside, "cook" if distance < 1 else "cook far")
        if curve[-1] < 0.94 * high:
            paper.layers.append(svg.text(figure(distance), RIGHT - 3.0, paper.y(float(curve[-1])) - 3.0, text_anchor="end", class_="small"))
    paper.dots(pairs(points.leverage, r), points.kind)
    places = {int(row): place for place, row in enumerate(points.row)}
    for row in named:
        if (place := places.get(row)) is not None and math.isfinite(r[place]):
            paper.ring(float(points.leverage[place]), float(r[place]))
            paper.said(f"row {row:,}", float(points.leverage[place]), float(r[place]))
    label = f"Residuals against leverage: {counted(len(points), 'row')}, largest leverage {figure(largest, 3)}; rows named: "
    return paper.drawing(label + (", ".join(map(str, named)) or "none"), "influence")


def loss_and_distance(history: Array, distance: Array, last_distance: float, near: float, loss_name: str) -> str:
    """The loss by step, and below it the distance from the answer, on log axes."""
    steps = len(history)
    chosen = np.unique(np.linspace(0, steps - 1, min(steps, MOST_STEPS)).round().astype(int)) if steps else np.empty(0, int)
    split = (TOP + BOTTOM) / 2 if distance.size else BOTTOM
    drawn = [_curve(chosen, history[chosen], (TOP, split - 14.0 if distance.size else BOTTOM), f"{loss_name} loss", steps, "fit")]
    label = f"Loss by step: {figure(float(history[0]))} before the first, {figure(float(history[-1]))} before step {steps:,}"
    if distance.size:
        place, value = chosen, distance[chosen]
        if math.isfinite(last_distance):
            place, value = np.append(place, steps), np.append(value, min(last_distance, float(value[-1])))
        drawn.append(_curve(place, value, (split + 2.0, BOTTOM), "std. errors away", steps, "smoother", level=near))
        label += f"; distance from the answer {figure(float(distance[0]), 3)} standard errors, at the end {figure(last_distance, 3)}"
    titles = svg.text("step", (LEFT + RIGHT) / 2, HEIGHT - 6.0, text_anchor="middle", class_="name")
    return svg.figure(WIDTH, HEIGHT, label, *drawn, titles)


def _curve(steps: Array, values: Array, place: tuple[float, float], name: str, last: int, kind: str, level: float = 0.0) -> str:
    there = np.isfinite(values) & (values > 0)
    shown = values[there] if there.any() else np.ones(1)
    low, high = float(shown.min()), float(shown.max())
    low, high = min(low, level or low), max(high, level or high)
    if high < 10 * low:  # less than a decade: a linear axis says more
        paper = Paper.of((0.0, max(last, 1)), spread([low, high]), ("", name), top=place[0], bottom=place[1])
    else:
        low, high = 10.0 ** math.floor(math.log10(max(low, high * 1e-16))), 10.0 ** math.ceil(math.log10(high))
        paper = Paper.of((0.0, max(last, 1)), (low, high), ("", name), log_y=True, top=place[0], bottom=place[1])
    if level:
        paper.level(level, "limit")
    paper.line(pairs(steps[there].astype(float), shown if there.any() else np.empty(0)), kind)
    return "".join([*paper.grid(), *paper.layers, paper.titles()[1]])


def digits(terms: Sequence[str], certified: float, determined: Array) -> str:
    """For each coefficient the digits that rounding leaves (bar) and those that the data determine (diamond)."""
    rows = len(terms)
    left = 128.0
    step = min(26.0, (BOTTOM - TOP) / max(rows, 1))
    x = svg.Scale((0.0, 16.0), (left, RIGHT))
    parts = []
    for tick in (0, 4, 8, 12, 16):
        parts.append(svg.element("line", x1=x(tick), x2=x(tick), y1=TOP, y2=BOTTOM, class_="grid"))
        parts.append(svg.text(str(tick), x(tick), BOTTOM + 17.0, text_anchor="middle"))
    for place, term in enumerate(terms):
        y = TOP + step * (place + 0.5)
        parts.append(svg.text(shortened(term, 17), left - 8.0, y + 4.0, text_anchor="end"))
        parts.append(svg.element("line", x1=x(0.0), x2=x(certified), y1=y, y2=y, class_="digits"))
        if math.isfinite(determined[place]):
            d = x(min(max(float(determined[place]), 0.0), 16.0))
            parts.append(svg.element("path", d=f"M{d:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z", class_="diamond"))
    parts.append(svg.text("digits", (left + RIGHT) / 2, HEIGHT - 6.0, text_anchor="middle", class_="name"))
    found = [f"{shortened(t, 20)} {figure(float(d), 2)}" for t, d in zip(terms, determined, strict=True) if math.isfinite(d)]
    label = f"Digits of each coefficient: {int(certified)} certified; the data determine of " + ", ".join(found)
    return svg.figure(WIDTH, HEIGHT, label, *parts)
