"""The sixth drawing: how a descent came to its end, or how many digits the exact way has."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from gradline.report import svg
from gradline.report.one_line import shortened
from gradline.report.page.drawings import pairs
from gradline.report.page.markup import figure
from gradline.report.page.paper import BOTTOM, HEIGHT, LEFT, MOST, RIGHT, TOP, WIDTH, Paper, spread
from gradline.solution import Array

MOST_STEPS = 300  # of a loss curve that are drawn
MIN_EXPONENT, MAX_EXPONENT = sys.float_info.min_10_exp, sys.float_info.max_10_exp


def loss_and_distance(history: Array, distance: Array, near: float, loss_name: str, count: str) -> str:
    """The loss by step (or pass), and below it the distance from the answer, on log axes."""
    steps = len(history) - 1
    drawn = np.unique(np.linspace(0, steps, min(steps + 1, MOST_STEPS)).round().astype(int))
    middle = (TOP + BOTTOM) / 2
    upper = (TOP, middle - 8.0 if distance.size else BOTTOM)
    parts = [_curve(drawn, history[drawn], upper, loss_name, "fit", numbered=not distance.size)]
    first = f"{figure(float(history[0]))} {'at the start' if count == 'step' else 'in the first one'}"
    label = f"Loss by {count}: {first}, {figure(float(history[-1]))} after {count} {steps:,}"
    if distance.size:
        lower = (middle + 8.0, BOTTOM)
        parts.append(_curve(drawn, distance[drawn], lower, "std. errors off", "smoother", level=near))
        ends = (
            f"{figure(float(distance[0]), 3)} standard errors at the start, {figure(float(distance[-1]), 3)} at the end"
        )
        label += f"; distance from the answer at most {ends}"
    titles = svg.text(count, (LEFT + RIGHT) / 2, HEIGHT - 6.0, text_anchor="middle", class_="name")
    return svg.figure(WIDTH, HEIGHT, label, *parts, titles)


def _curve(
    steps: Array,
    values: Array,
    place: tuple[float, float],
    name: str,
    kind: str,
    *,
    level: float = math.nan,
    numbered: bool = True,
) -> str:
    there = np.isfinite(values) & (values > 0)
    shown = [*values[there].tolist(), *([level] if math.isfinite(level) else [])] or [1.0]
    low, high = min(shown), max(shown)
    domain, log = spread([low, high]), False
    if high > 10 * low:  # within a decade a linear axis says more
        domain = _power(math.floor(math.log10(max(low, high * 1e-16)))), _power(math.ceil(math.log10(high)))
        log = True
    most = 3 if place[1] - place[0] < 120 else MOST
    paper = Paper.of(
        (0.0, max(float(steps[-1]), 1.0)), domain, ("", name), log_y=log, most=most, top=place[0], bottom=place[1]
    )
    paper.level(level, "limit")
    paper.line(pairs(steps[there].astype(float), values[there]), kind)
    return "".join([*paper.grid(numbered=numbered), *paper.layers, paper.titles()[1]])


def _power(exponent: int) -> float:
    """Of ten; within those that float64 has all digits of."""
    return float(f"1e{min(max(exponent, MIN_EXPONENT), MAX_EXPONENT)}")


def digits(terms: Sequence[str], certified: float, determined: Array) -> str:
    """For each coefficient the digits that rounding leaves (bar) and those that the data determine (diamond)."""
    rows = len(terms)
    left = 136.0
    step = min(26.0, (BOTTOM - TOP) / max(rows, 1))
    x = svg.Scale((0.0, 16.0), (left, RIGHT))
    parts = []
    for tick in (0, 4, 8, 12, 16):
        parts.append(svg.element("line", x1=x(tick), x2=x(tick), y1=TOP, y2=BOTTOM, class_="grid"))
        parts.append(svg.text(str(tick), x(tick), BOTTOM + 17.0, text_anchor="middle"))
    for place, term in enumerate(terms):
        y = TOP + step * (place + 0.5)
        parts.append(svg.text(shortened(term, 15), left - 8.0, y + 4.0, text_anchor="end"))
        parts.append(svg.element("line", x1=x(0.0), x2=x(certified), y1=y, y2=y, class_="digits"))
        if math.isfinite(determined[place]):
            d = x(min(max(float(determined[place]), 0.0), 16.0))
            parts.append(svg.element("path", d=f"M{d:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z", class_="diamond"))
    parts.append(svg.text("digits", (left + RIGHT) / 2, HEIGHT - 6.0, text_anchor="middle", class_="name"))
    found = [
        f"{shortened(t, 20)} {figure(float(d), 2)}" for t, d in zip(terms, determined, strict=True) if math.isfinite(d)
    ]
    label = f"Digits of each coefficient: {int(certified)} certified; the data determine of " + ", ".join(found)
    return svg.figure(WIDTH, HEIGHT, label, *parts)
