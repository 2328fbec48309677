"""Did it converge? The exact way answers with digits, a descent with its distance from the exact answer."""

from __future__ import annotations

import math

from gradline.data.visible import escaped
from gradline.report.figures import short
from gradline.report.page.markup import figure, paragraphs, tag
from gradline.report.page.reading import Reading, Way
from gradline.report.sentences import counted
from gradline.solution import MOST_DIGITS, Certificate

FEWEST_DIGITS = 4  # below, the numbers are none to go by
UNFINISHED = "Not converged: these coefficients are unfinished"
NOT_NEAR = "Converged as near as was asked, which is not near enough for standard errors and tests"


def section(reading: Reading) -> str:
    """A sentence, then the figures behind it."""
    said, facts = _exact(reading) if reading.way is None else _descent(reading, reading.way)
    pairs = "".join(tag("div", tag("dt", escaped(name)), tag("dd", escaped(value))) for name, value in facts)
    return paragraphs(*said) + tag("dl", pairs, class_="facts")


def headline(reading: Reading) -> str:
    """In red, where the answer is none; else nothing."""
    if not reading.unfinished or reading.way is None:
        return ""
    way = reading.way
    said = [way.stop_reason, f"What to try: {way.cure}." if way.cure else ""]
    return tag(
        "div",
        tag("p", tag("strong", escaped(f"{NOT_NEAR if way.converged else UNFINISHED}."))),
        paragraphs(*said),
        class_="alarm",
        role="alert",
    )


def _exact(reading: Reading) -> tuple[list[str], list[tuple[str, str]]]:
    c = reading.certificate
    assert c is not None
    digits = int(c.digits)
    every = "all " if digits == MOST_DIGITS else ""
    of_all = f"{counted(digits, 'digit')} of every coefficient {'is' if digits == 1 else 'are'}"
    sure = f"{every}{of_all} certified" if c.certain else f"at least about {of_all} right"
    few = f"So few digits are no answer: {more_digits(c)}." if digits < FEWEST_DIGITS else ""
    return [f"Solved, not approached: {sure}.", few], [
        ("Digits, worst coefficient", f"{'' if c.certain else 'about '}{digits} of {MOST_DIGITS}"),
        ("Arithmetic", "exact (integers)" if c.precision == "exact" else "float64"),
        ("Condition number", f"{figure(c.condition_number, 3)}{_condition(c.condition_number)}"),
        ("Rank", f"{c.rank} of {counted(len(reading.features), 'column')}"),
    ]


def more_digits(certificate: Certificate) -> str:
    """What gives more of them, as a clause."""
    exact = certificate.precision == "exact"  # rounding plays no part, but numbers may leave the range of float64
    return "give the data in other units" if exact else "take exact arithmetic (--precision exact)"


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
    near = f"{ended} after {counted(way.steps, way.count)}: {bound}{gap} {unit} from the exact answer."
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
        ("Steps" if way.count == "step" else "Passes", f"{way.steps:,} by engine {way.engine}"),
        (f"Mean {way.loss_name or 'squared'} loss", figure(way.loss, 6)),
    ]
    if way.held_out_loss is not None:
        facts.append(("Loss on rows held out", figure(way.held_out_loss, 6)))
    if not reading.unfinished:
        facts.append(("Stopped", way.stop_reason))
    return [near], facts
