"""Three formulas with the table's own numbers in them, as MathML, which browsers set without help."""

from __future__ import annotations

import html

from gradline.report.lab.facts import Facts
from gradline.report.lab.verdict import short


def why(facts: Facts) -> str:
    """The gradient, the factor a step multiplies the error by, and the answer that needs no descent."""
    view = facts.views[0]
    values = view.curvatures[0].tolist()
    steep, flat = values[-1], values[0]
    parts = [
        f"<p><small>As the page opens: {view.coordinates.said}.</small></p>"
        "<p>The loss is the mean of the squared residuals. Its slope says where down is; a step goes r times that:</p>",
        _math(_update(facts)),
        "<p>So the error, the distance from the answer, is multiplied by the same number at every step, "
        f"with L = {short(steep)} the curvature of the loss{_along(facts, -1)}:</p>",
        _math(
            _id("error", upright=True)
            + "<mo>\u2190</mo><mo>(</mo><mn>1</mn><mo>\u2212</mo>"
            + _id("r")
            + _id("L")
            + "<mo>)</mo>"
            + _id("error", upright=True)
        ),
        f"<p>It shrinks while the rate r stays below 2/L = {short(2 / steep)}; at 1/L = {short(1 / steep)} it is "
        f"gone in one step.{_flat(facts, flat, steep)} No descent is needed for the answer itself: "
        "the normal equation gives it.</p>",
        _math(_answer(facts)),
        '<p id="why-now"></p>',
    ]
    return "".join(parts)


def _flat(facts: Facts, flat: float, steep: float) -> str:
    if steep - flat <= 1e-6 * steep:
        return ""
    cure = "the two become one" if len(facts.features) == 1 else "they come closer"
    return (
        f" But{html.escape(_along(facts, 0))} the curvature is only {short(flat)}, {short(steep / flat)} times less, "
        f"and that direction crawls. Standardise, and {cure}."
    )


def _along(facts: Facts, which: int) -> str:
    view = facts.views[0]
    return "" if len(view.best) == 1 else f" along {html.escape(view.directions[which])}"


def _update(facts: Facts) -> str:
    bias = facts.setup.fit_intercept
    if len(facts.features) == 1:
        inside = (
            _id("a")
            + _sub(_column(facts), "i")
            + ("<mo>+</mo>" + _id("b") if bias else "")
            + "<mo>\u2212</mo>"
            + _sub("y", "i")
        )
        name, column = _id("a"), _sub(_column(facts), "i")
    else:
        inside = (
            f"<msubsup>{_bold('z')}{_id('i')}<mo>\u2032</mo></msubsup>"
            + _bold("v")
            + "<mo>\u2212</mo>"
            + _sub("y", "i")
        )
        name, column = _bold("v"), f"<msub>{_bold('z')}{_id('i')}</msub>"
    total = f"<munder><mo>\u2211</mo>{_id('i')}</munder>"
    share = f"<mfrac><mn>2</mn>{_id('N')}</mfrac>"
    return f"{name}<mo>\u2190</mo>{name}<mo>\u2212</mo>{_id('r')}{share}{total}{column}<mo>(</mo>{inside}<mo>)</mo>"


def _column(facts: Facts) -> str:
    return "z" if facts.views[0].coordinates.standardise else "x"


def _answer(facts: Facts) -> str:
    view, total = facts.views[0], "<mo>\u2211</mo>"
    if len(facts.features) > 1:
        transposed = f"<msup>{_bold('Z')}<mo>\u2032</mo></msup>"
        left = f"<mo>(</mo>{transposed}{_bold('Z')}<mo>)</mo><msup>{_bold('v')}<mo>*</mo></msup>"
        return f"{left}<mo>=</mo>{transposed}{_bold('y')}"
    x, y = _sub(_column(facts), "i"), _sub("y", "i")
    if facts.setup.fit_intercept:
        x = f"<mo>(</mo>{x}<mo>\u2212</mo><mover>{_id(_column(facts))}<mo>\u00af</mo></mover><mo>)</mo>"
        y = f"<mo>(</mo>{y}<mo>\u2212</mo><mover>{_id('y')}<mo>\u00af</mo></mover><mo>)</mo>"
    ratio = f"<mfrac><mrow>{total}{x}{y}</mrow><mrow>{total}<msup><mrow>{x}</mrow><mn>2</mn></msup></mrow></mfrac>"
    return f"<msup>{_id('a')}<mo>*</mo></msup><mo>=</mo>{ratio}<mo>=</mo><mn>{short(float(view.best[0]))}</mn>"


def _math(inside: str) -> str:
    return f'<p class="formula"><math><mstyle displaystyle="true">{inside}</mstyle></math></p>'


def _id(name: str, *, upright: bool = False) -> str:
    return f"<mtext>{name}</mtext>" if upright else f"<mi>{name}</mi>"


def _bold(name: str) -> str:
    return f'<mi mathvariant="bold" style="font-weight:bold">{name}</mi>'


def _sub(name: str, index: str) -> str:
    return f"<msub>{_id(name)}{_id(index)}</msub>"
