"""Axes to draw on: two scales, their ticks and names, and a drawing put together in layers."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from gradline.report import svg
from gradline.report.one_line import shortened
from gradline.report.svg import Scale
from gradline.report.ticks import Ticks

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 350.0, 10.0, 206.0
LETTER, LINE = 7.0, 13.0  # room for a letter in bold, and for a line of them
RING = 4.5
MOST = 6  # ticks, about
SIDE_BY_SIDE = 6  # characters at each of so many below the axis
LONGEST = 34  # characters of an axis' name
LARGEST = sys.float_info.max
ROUNDING = 16  # units in the last place that values may differ by and still be one


def spread(values: Sequence[float], *, margin: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """A domain that holds all finite values with a margin; never of length zero, nor shorter than `least`.

    Examples
    --------
    >>> spread([0.0, 10.0], margin=0.1), spread([3.0]), spread([])
    ((-1.0, 11.0), (2.82, 3.18), (-1.0, 1.0))
    """
    found = [value for value in values if math.isfinite(value)]
    if not found:
        return -1.0, 1.0
    low, high = min(found), max(found)
    length = max(high - low, least)
    if not length > ROUNDING * math.ulp(max(abs(low), abs(high))):
        length = abs(high) or 1.0
        return low - margin * length, high + margin * length
    middle = high / 2 + low / 2
    half = length * (0.5 + margin)
    return max(middle - half, -LARGEST), min(middle + half, LARGEST)


Box = tuple[float, float, float, float]  # left, top, right, bottom


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@dataclass(slots=True)
class Paper:
    """Layers of one drawing, painted in the order they are added.

    Attributes
    ----------
    x, y : Scale
    names : (str, str)
        Of the axes.
    most : int
        Ticks of y.
    taken : list of Box
        Where words and rings are.
    """

    x: Scale
    y: Scale
    names: tuple[str, str]
    most: int = MOST
    layers: list[str] = field(default_factory=list)
    taken: list[Box] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        x: tuple[float, float],
        y: tuple[float, float],
        names: tuple[str, str],
        *,
        log_y: bool = False,
        most: int = MOST,
        top: float = TOP,
        bottom: float = BOTTOM,
    ) -> Paper:
        """Of two domains."""
        return cls(Scale(x, (LEFT, RIGHT)), Scale(y, (bottom, top), log=log_y), names, most)

    def dots(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Any number of points."""
        inside = [(self.x(a), self.y(b)) for a, b in points if math.isfinite(a) and math.isfinite(b)]
        if inside:
            self.layers.append(svg.dots(inside, class_=kind))

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Straight from point to point."""
        inside = [(self.x(a), self.y(b)) for a, b in points if math.isfinite(a) and math.isfinite(b)]
        if len(inside) > 1:
            self.layers.append(svg.path(inside, class_=kind))

    def band(self, x: Sequence[float], low: Sequence[float], high: Sequence[float], kind: str) -> None:
        """The area between two curves."""
        there = [(a, b, c) for a, b, c in zip(x, low, high, strict=True) if math.isfinite(b) and math.isfinite(c)]
        edge = [(a, b) for a, b, _ in there] + [(a, c) for a, _, c in reversed(there)]
        self.line(edge, kind)

    def level(self, value: float, kind: str = "level") -> None:
        """A horizontal line from side to side."""
        low, high = sorted(self.y.domain)
        if low <= value <= high:
            y = self.y(value)
            self.layers.append(svg.element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_=kind))

    def said(self, words: str, x: float, y: float) -> None:
        """Words beside a place on the paper: away from the near edge, and where neither words nor rings are yet."""
        size = LETTER * len(words)
        sides = (-1.0, 1.0) if x > (LEFT + RIGHT) / 2 else (1.0, -1.0)
        for away, side in product((0.0, -LINE, LINE, -2 * LINE, 2 * LINE, -3 * LINE, 3 * LINE), sides):
            middle = min(max(y + away, TOP + 8.0), BOTTOM - 4.0)
            ends = sorted((x + 7.0 * side, x + (7.0 + size) * side))
            box = (ends[0], middle - LINE / 2, ends[1], middle + LINE / 2)
            if box[0] >= LEFT and box[2] <= RIGHT and not any(_meet(box, other) for other in self.taken):
                break
        self.taken.append(box)
        anchor = {"text_anchor": "end"} if side < 0 else {}
        self.layers.append(svg.text(words, x + 7.0 * side, middle + 4.0, **anchor, class_="name"))

    def ring(self, x: float, y: float) -> None:
        """Around a point that is named."""
        across, up = self.x(x), self.y(y)
        self.taken.append((across - RING, up - RING, across + RING, up + RING))
        self.layers.append(svg.element("circle", cx=across, cy=up, r=RING, class_="ring"))

    def drawing(self, label: str, key: str) -> str:
        """The whole of it; `label` is for those who cannot see it, `key` makes its clip unique on the page."""
        top, bottom = self.y.place[1], self.y.place[0]
        window = svg.element("rect", x=LEFT, y=top, width=RIGHT - LEFT, height=bottom - top)
        clip = svg.element("clipPath", window, id=f"window-{key}")
        inside = svg.element("g", *self.layers, clip_path=f"url(#window-{key})")
        return svg.figure(WIDTH, HEIGHT, label, clip, *self.grid(), inside, *self.titles())

    def ticks(self) -> tuple[Ticks, Ticks]:
        """Those of x, fewer where what stands there is long, and those of y."""
        x = Ticks.of(self.x, MOST)
        if max(map(len, x.said), default=0) > SIDE_BY_SIDE:
            x = Ticks.of(self.x, MOST // 2)
        return x, Ticks.of(self.y, self.most)

    def grid(self, *, numbered: bool = True) -> list[str]:
        """Ticks of y as faint lines, those of x below, with their numbers or without."""
        parts, (across, up) = [], self.ticks()
        for tick, said in zip(up.at, up.said, strict=True):
            y = self.y(tick)
            parts.append(svg.element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"))
            parts.append(svg.text(said, LEFT - 6.0, y + 4.0, text_anchor="end"))
        bottom = self.y.place[0]
        for tick, said in zip(across.at, across.said, strict=True):
            x = self.x(tick)
            parts.append(svg.element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4.0, class_="axis"))
            if numbered:
                parts.append(svg.text(said, x, bottom + 17.0, text_anchor="middle"))
        parts.append(svg.element("line", x1=LEFT, x2=RIGHT, y1=bottom, y2=bottom, class_="axis"))
        return parts

    def titles(self) -> list[str]:
        """The axes' names: x below, y along its side."""
        named = zip(self.names, (ticks.of_all for ticks in self.ticks()), strict=True)
        x, y = (shortened(name, max(LONGEST - len(of_all), 8)) + of_all for name, of_all in named)
        middle = (self.y.place[0] + self.y.place[1]) / 2
        return [
            svg.text(x, (LEFT + RIGHT) / 2, HEIGHT - 6.0, text_anchor="middle", class_="name"),
            svg.text(
                y, 0.0, 0.0, text_anchor="middle", class_="name", transform=f"translate(9.5 {middle:.1f}) rotate(-90)"
            ),
        ]
