"""The five drawings that show rows, from plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradline.report import svg
from gradline.report.figures import digits_beside
from gradline.report.one_line import shortened
from gradline.report.page.markup import figure
from gradline.report.page.paper import RIGHT, Paper, spread
from gradline.report.sentences import counted
from gradline.solution import Array

SMALL = 150  # dots, from which on they are drawn smaller
COOKS = (0.5, 1.0)


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
    paper.line(pairs(line.x, line.fitted), "fit")
    paper.dots(pairs(points.x, points.actual), points.kind)
    ends = f"from {_end(line.fitted, 0)} at {_end(line.x, 0)} to {_end(line.fitted, -1)} at {_end(line.x, -1)}"
    x_name, y_name = map(shortened, names)
    label = f"{y_name} against {x_name}: {counted(len(points), 'row')}, and the line {ends} with its bands"
    return paper.drawing(label, "fit")


def _end(curve: Array, place: int) -> str:
    """With the digits that tell it from the other end."""
    return figure(float(curve[place]), digits_beside(float(curve[place]), float(np.ptp(curve)), 3))


def actual_against_fitted(points: Points, half: float, target: str) -> str:
    """More features: rows against what the line says of them, and the diagonal with the band of new rows."""
    domain = spread([*points.fitted, *points.actual])
    paper = Paper.of(domain, domain, (f"{shortened(target, 24)}, fitted", f"{shortened(target, 24)}, actual"))
    ends = list(domain)
    if math.isfinite(half) and half > 0:
        paper.band(ends, [v - half for v in ends], [v + half for v in ends], "outer")
    paper.line([(v, v) for v in ends], "fit")
    paper.dots(pairs(points.fitted, points.actual), points.kind)
    band = f", and a band of {figure(half)} to both sides of it" if half > 0 else ""
    return paper.drawing(
        f"Actual against fitted: {counted(len(points), 'row')}, the diagonal where both are equal{band}", "fit"
    )


def residuals(points: Points, smoother: Smoother | None, target: str) -> str:
    """Residuals against fitted, zero, and the means of bins with two standard errors."""
    residual = points.actual - points.fitted
    high = float(np.nanmax(np.abs(residual), initial=0.0)) or 1.0
    paper = Paper.of(
        spread(points.fitted.tolist(), margin=0.02),
        (-1.08 * high, 1.08 * high),
        ("fitted", f"residual of {shortened(target, 20)}"),
    )
    paper.level(0.0)
    paper.dots(pairs(points.fitted, residual), points.kind)
    said = _smooth(paper, smoother)
    return paper.drawing(
        f"Residuals against fitted values: {counted(len(points), 'row')}, largest {figure(high)}{said}", "residuals"
    )


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

    Arrays run over the dots, ascending; see `gradline.diagnostics.quantile_plot.QuantilePlot`.

    Attributes
    ----------
    normal, found, low, high : (dots,) float64
        What normal errors would have there, what these residuals have, and the envelope.
    outside, count : int
        Rows outside the envelope, of all.
    """

    normal: Array
    found: Array
    low: Array
    high: Array
    outside: int
    count: int


def normal_quantiles(quantiles: NormalQuantiles) -> str:
    """Dots along the diagonal, if residuals are normal."""
    z, found = quantiles.normal, quantiles.found
    paper = Paper.of(
        spread(z.tolist(), least=2.0),
        spread([*found, *z], least=2.0),
        ("expected of normal errors", "studentised residual"),
    )
    paper.band(z.tolist(), quantiles.low.tolist(), quantiles.high.tolist(), "outer")
    paper.line([(v, v) for v in paper.x.domain], "fit")
    paper.dots(pairs(z, found), "points" if len(z) < SMALL else "points many")
    label = (
        f"Quantiles of residuals against normal ones: {counted(quantiles.count, 'row')}, {quantiles.outside:,} outside "
        f"the envelope; lowest {figure(float(found[0]), 3)}, highest {figure(float(found[-1]), 3)}"
    )
    return paper.drawing(label, "normal")


def scale_location(points: Points, smoother: Smoother | None) -> str:
    """How far off rows are, whatever the side, against fitted."""
    size = np.sqrt(np.abs(points.studentised))
    size = np.where(np.isfinite(size), size, np.nan)  # infinite where the other rows lie on a line
    high = float(np.nanmax(size, initial=0.0)) or 1.0
    paper = Paper.of(
        spread(points.fitted.tolist(), margin=0.02), (0.0, 1.08 * high), ("fitted", "√|studentised residual|")
    )
    paper.dots(pairs(points.fitted, size), points.kind)
    said = _smooth(paper, smoother)
    return paper.drawing(
        f"Size of residuals against fitted values: {counted(len(points), 'row')}, largest {figure(high, 3)}{said}",
        "scale",
    )


def influence(points: Points, k: int, df: int, named: Sequence[int]) -> str:
    """Studentised residuals against leverage, with the curves where Cook's distance is 0.5 and 1.

    D = r^2 h / ((1 - h) k), with r internally studentised: r^2 = df t^2 / (df - 1 + t^2).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        t = points.studentised
        r = np.sign(t) * np.sqrt(df * t * t / (df - 1 + t * t)) if df > 1 else t
        r = np.where(np.isinf(t), np.sign(t) * np.sqrt(df), r)
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
        end = float(curve[-1])
        if end < 0.94 * high:
            side = 13.0 if distance < 1 else -4.0  # the lower curve's below it: they may lie close
            where = {"x": RIGHT - 3.0, "y": paper.y(end) + side}
            paper.layers.append(svg.text(figure(distance), **where, text_anchor="end"))
    paper.dots(pairs(points.leverage, r), points.kind)
    _name_rows(paper, [(row, float(points.leverage[i]), float(r[i])) for row, i in _places(points, named)])
    listed = ", ".join(map(str, named)) or "none"
    label = f"Residuals against leverage: {counted(len(points), 'row')}, largest leverage {figure(largest, 3)}; "
    return paper.drawing(f"{label}rows named: {listed}", "influence")


def _places(points: Points, named: Sequence[int]) -> list[tuple[int, int]]:
    """Rows by number, and where they are among the points."""
    there = {int(row): place for place, row in enumerate(points.row)}
    return [(row, there[row]) for row in named if row in there and math.isfinite(points.studentised[there[row]])]


def _name_rows(paper: Paper, rows: Sequence[tuple[int, float, float]]) -> None:
    """A ring around each and its number beside it, where it lies neither on another number nor under another ring."""
    for _, x, y in rows:
        paper.ring(x, y)
    for row, x, y in sorted(rows, key=lambda place: -place[2]):
        paper.said(f"row {row:,}", paper.x(x), paper.y(y))
