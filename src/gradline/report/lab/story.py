"""Four rates, four fates: drawn here, so that they are seen before any click and without a script."""

from __future__ import annotations

import html

import numpy as np

from gradline.report import svg
from gradline.report.lab.facts import Facts
from gradline.report.lab.verdict import short, verdict, word

WIDTH, HEIGHT, BASE = 240.0, 150.0, 128.0
REACH = 2.15  # of the start's distance from the answer, to both sides


def cards(facts: Facts) -> str:
    """A figure for each rate: the loss along its steepest direction, the first steps on it, and the verdict."""
    return "".join(_card(facts, rate, place) for place, rate in enumerate(facts.rates, 1))


def _card(facts: Facts, rate: float, place: int) -> str:
    view = facts.views[0]
    curvatures = view.curvatures[0].tolist()
    sentence = verdict(rate, curvatures, view.directions)
    fate = word(rate, curvatures)
    drawing = picture(
        facts, rate, f"Loss against {view.directions[-1]} with the first steps at rate {short(rate)}: {fate}"
    )
    return (
        f'<figure class="card" data-fate="{place}">{drawing}'
        f"<figcaption><strong>{short(rate)}</strong><p>{html.escape(sentence)}</p>"
        f'<button type="button" class="quiet script" data-rate="{rate!r}">Look closer<span class="unseen"> at rate '
        f"{short(rate)}</span></button></figcaption></figure>"
    )


def picture(facts: Facts, rate: float, label: str) -> str:
    """The parabola along the steepest direction through the answer, and where the first 17 steps go on it."""
    view = facts.views[0]
    side = 1.0 if len(view.best) == 1 and view.start[0] > view.best[0] else -1.0  # of a direction the sign is free
    x, y = svg.Scale((-REACH, REACH), (8.0, WIDTH - 8.0)), svg.Scale((0.0, REACH**2), (BASE - 8.0, 8.0))
    factor = 1.0 - rate * float(view.curvatures[0][-1])
    errors = [side * factor**k for k in range(18) if abs(factor**k) < 40]
    places = [(x(e), y(e * e)) for e in errors]
    inside = [spot for e, spot in zip(errors, places, strict=True) if abs(e) < REACH]
    # A parabola is a quadratic Bezier curve: its handle is where the tangents at its ends meet.
    bowl = f"M{x(-REACH):.1f} {y(REACH**2):.1f}Q{x(0.0):.1f} {y(-(REACH**2)):.1f} {x(REACH):.1f} {y(REACH**2):.1f}"
    return svg.figure(
        WIDTH,
        HEIGHT,
        label,
        svg.element("line", x1=8.0, x2=WIDTH - 8.0, y1=BASE, y2=BASE, class_="axis"),
        svg.element("line", x1=x(0.0), x2=x(0.0), y1=BASE - 8.0, y2=BASE, class_="axis"),
        svg.element("path", d=bowl, class_="bowl"),
        svg.path(places, class_="walk"),
        svg.dots(inside[1:], class_="steps"),
        svg.element("circle", cx=inside[0][0], cy=inside[0][1], r=4.0, class_="first"),
        svg.text(_at_the_answer(facts), x(0.0), HEIGHT - 6.0, text_anchor="middle"),
        svg.text("start", places[0][0], HEIGHT - 6.0, text_anchor="middle"),
    )


def _at_the_answer(facts: Facts) -> str:
    view = facts.views[0]
    return f"a = {short(float(view.best[0]))}" if len(view.best) == 1 else "answer"


def table(facts: Facts) -> str:
    """The first recorded run in numbers, for a page without its script."""
    view, path = facts.views[0], facts.recordings[0].paths["float64", "numpy"]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ["step", *view.names, "loss"])
    rows = []
    for k in (k for k in (0, 1, 2, 5, 10, 20, 50, 100) if k < len(path)):
        e = path[k] - view.quadratic.best
        loss = view.quadratic.floor + float(e @ view.quadratic.H @ e)
        cells = "".join(f"<td>{value:.7g}</td>" for value in [*np.atleast_1d(view.place(path[k])), loss])
        rows.append(f'<tr><th scope="row">{k}</th>{cells}</tr>')
    return f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
