"""Drawings as SVG text: what is drawn by Python needs no script, no library and no network to be seen.

Colours come from the page: shapes carry class names, and the page's style sheet gives these a colour, light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gradline.data.visible import escaped
from gradline.report.formats.hypertext import as_attributes

Point = tuple[float, float]


def element(name: str, *children: str, **attributes: str | float) -> str:
    """One element; children are markup already, attributes are escaped here (`class_` is class, `a_b` is a-b).

    Examples
    --------
    >>> element("line", x1=0.0, x2=12.28, class_="axis")
    '<line x1="0" x2="12.3" class="axis"/>'
    """
    pairs = as_attributes({key: _value(value) for key, value in attributes.items()})
    return f"<{name}{pairs}>{''.join(children)}</{name}>" if children else f"<{name}{pairs}/>"


def text(words: str, x: float, y: float, **attributes: str | float) -> str:
    """Words at a point; escaped.

    Examples
    --------
    >>> text("a < b", 3.0, 4.0, text_anchor="end")
    '<text x="3" y="4" text-anchor="end">a &lt; b</text>'
    """
    return element("text", escaped(words), x=x, y=y, **attributes)


def figure(width: float, height: float, label: str, *children: str) -> str:
    """A drawing that scales with the page; `label` is what it says to who cannot see it."""
    return element("svg", *children, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label)


def path(points: Iterable[Point], **attributes: str | float) -> str:
    """Straight lines from point to point; those that are not finite are left out.

    Examples
    --------
    >>> path([(0.0, 1.0), (2.0, 3.56)], class_="curve")
    '<path d="M0 1L2 3.6" class="curve"/>'
    """
    shown = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    steps = "L".join(f"{_value(x)} {_value(y)}" for x, y in shown)
    return element("path", d=f"M{steps}" if steps else "", **attributes)


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places on the paper: linear, or by their logarithm.

    Examples
    --------
    >>> x = Scale((0.0, 10.0), (40.0, 240.0))
    >>> x(5.0), x.ticks(5)
    (140.0, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    >>> Scale((0.0, 8e-13), (0.0, 100.0)).ticks(5)
    [0.0, 2e-13, 4e-13, 6e-13, 8e-13]
    >>> Scale((1e-4, 1e2), (0.0, 60.0), log=True).ticks(3)
    [0.0001, 0.01, 1.0, 100.0]
    """

    domain: tuple[float, float]
    place: tuple[float, float]
    log: bool = False

    def __call__(self, value: float) -> float:
        """Where on the paper; far outside of it is as good as infinitely far, and keeps the file readable."""
        low, high = self._inner(self.domain[0]), self._inner(self.domain[1])
        share = (self._inner(value) - low) / ((high - low) or 1.0)
        return self.place[0] + min(max(share, -9.0), 9.0) * (self.place[1] - self.place[0])

    def _inner(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value

    def ticks(self, most: int) -> list[float]:
        """Round numbers within the domain, about `most` of them."""
        low, high = sorted(self.domain)
        # By their decimals: in no unit is a tick rounded to its neighbour.
        if self.log:
            first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
            return [float(f"1e{power}") for power in range(first, last + 1, max(1, math.ceil((last - first) / most)))]
        digit, power = _round_step((high - low) / most)
        step = float(f"{digit}e{power}")
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [float(f"{k * digit}e{power}") for k in range(first, last + 1)]


def _round_step(rough: float) -> tuple[int, int]:
    """The next of 1, 2, 5, 10 times a power of ten, and that power."""
    power = math.floor(math.log10(rough)) if rough > 0 else 0
    return next((m, power) for m in (1, 2, 5, 10) if float(f"{m}e{power}") >= rough * (1 - 1e-9))


def dots(points: Iterable[Point], **attributes: str | float) -> str:
    """Any number of dots as one path: strokes of no length, whose round ends (`stroke-linecap`) are the dots.

    Examples
    --------
    >>> dots([(0.0, 1.0), (2.0, 3.0)], class_="steps")
    '<path d="M0 1h0M2 3h0" class="steps"/>'
    """
    shown = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    return element("path", d="".join(f"M{_value(x)} {_value(y)}h0" for x, y in shown), **attributes)


def _value(value: str | float) -> str:
    """A tenth of a pixel is fine enough."""
    if isinstance(value, str):
        return value
    short = f"{value:.1f}"
    return "0" if short == "-0.0" else short.removesuffix(".0")
