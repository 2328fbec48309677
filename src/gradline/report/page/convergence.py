"""Did it converge? The exact way answers with digits, a descent with its distance from the exact answer."""

from __future__ import annotations

import math

from gradline.report.page.markup import counted, figure, paragraphs, tag, words
from gradline.report.page.reading import Reading, Way
from gradline.report.summary import short
from gradline.solution import MOST_DIGITS

UNFINISHED = "Not converged: these coefficients are unfinished"
NOT_NEAR = "Converged as near as was asked, which is not near enough for standard errors and tests"


def section(reading: Reading) -> str:
    """A sentence, then the figures behind it."""
    said, facts = _exact(reading) if reading.way is None else _descent(reading, reading.way)
    pairs = "".join(tag("div", tag("dt", words(name)), tag("dd", words(value))) for name, value in facts)
    return paragraphs(*said) + tag("dl", pairs, class_="facts")


def headline(reading: Reading) -> str:
    """In red, where the answer is none; else nothing."""
    if not reading.unfinished or reading.way is None:
        return ""
    way = reading.way
    said = [way.stop_reason, f"What to try: {way.cure}." if way.cure else ""]
    return tag(
        "div",
        tag("p", tag("strong", words(f"{NOT_NEAR if way.converged else UNFINISHED}."))),
        paragraphs(*said),
        class_="alarm",
        role="alert",
    )


def _exact(reading: Reading) -> tuple[list[str], list[tuple[str, str]]]:
    c = reading.certificate
    assert c is not None
    digits = int(c.digits)
    every = "all " if digits == MOST_DIGITS else ""
    sure = (
        f"Solved, not approached: {every}{digits} digits of every coefficient are certified."
        if c.certain
        else f"Solved, not approached: at least about {digits} digits of every coefficient are right."
    )
    cure = "give the data in other units" if c.precision == "exact" else "fit with precision exact"
    few = "" if digits >= 4 else f"So few digits are no answer: {cure}."
    return [sure, few], [
        ("Digits, worst coefficient", f"{'' if c.certain else 'about '}{digits} of 16"),
        ("Arithmetic", "exact (integers)" if c.precision == "exact" else "float64"),
        ("Condition number", f"{figure(c.condition_number, 3)}{_condition(c.condition_number)}"),
        ("Rank", f"{c.rank} of {counted(len(reading.features), 'column')}"),
    ]


def _condition(number: float) -> str:
    if math.isinf(number):
        return ": some columns are exact combinations of others"
    if number > 1e5:
        return ": nearly collinear columns; a small change in the data moves the coefficients far"
    return ": columns well apart" if number < 30 else ": columns related, not harmful to the digits"


def _descent(reading: Reading, way: Way) -> tuple[list[str], list[tuple[str, str]]]:
    unit = "standard errors" if reading.inference is not None and not reading.exact_fit else "of its own size"
    bound = "at most " if reading.inference is None else ""
    ended = "Converged" if way.converged else "Interrupted" if way.interrupted else "Not converged"
    gap = figure(way.gap, 3 if reading.unfinished else 2)
    near = f"{ended} after {counted(way.steps, 'step')}: {bound}{gap} {unit} from the exact answer."
    if math.isnan(way.rate):
        rate = "the optimizer's own"
    elif math.isnan(way.limit) or way.loss_name:
        rate = short(way.rate, 4)
    else:
        rate = (
            f"{short(way.rate, 4)}, {figure(100 * way.rate / way.limit, 3)}% of the limit 2/L = {short(way.limit, 4)}"
        )
    facts = [
        ("Distance, worst coefficient", f"{bound}{figure(way.gap, 3)} {unit}"),
        ("Learning rate", rate),
        ("Steps" if math.isfinite(way.limit) else "Passes", f"{way.steps:,} by engine {way.engine}"),
        (f"Mean {way.loss_name or 'squared'} loss", figure(way.loss, 6)),
    ]
    if way.held_out_loss is not None:
        facts.append(("Loss on rows held out", figure(way.held_out_loss, 6)))
    if not reading.unfinished:
        facts.append(("Stopped", way.stop_reason))
    return [near], facts
