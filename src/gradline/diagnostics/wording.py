"""What the checks of a fit say, in plain words: what good looks like, what we see, what to try."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradline.diagnostics.diagnosis import Diagnosis

FEWEST_ROWS = 20
MANY_ROWS = 1_000_000  # above, the smallest departure has a p-value of zero: how large it is decides
LEVEL = 0.05
LARGE_SHARE = 0.01  # of the residual variance, explained by powers of the fitted value; of that of squared residuals
LARGE_SPREAD = 1.25  # between the lowest and the highest third, either way
LARGE_REACH = 1.2  # of the outer 1 % beside that of normal errors
LARGE_LEAN = 0.2  # of one tail beyond the other, as a share of both
LARGE_CORRELATION = 0.1  # of neighbouring rows
LARGE_CHANGE = 1.0  # standard errors, by one row
LARGE_COOKS = 0.5

TOO_FEW = "too few points to judge."
EXACT = "The data lie on the line; tests are meaningless."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes
    ----------
    name : str
        "band", "curvature", "tails", "spread", "influence", "autocorrelation".
    title : str
        What its drawing shows.
    sign : bool or None
        True: a sign of trouble. False: no sign. None: not judged.
    good, seen, to_try : str
        What good looks like, what we see (the verdict, with its number), what to try.
    """

    name: str
    title: str
    sign: bool | None
    good: str
    seen: str
    to_try: str


def checks(diagnosis: Diagnosis) -> tuple[Check, ...]:
    """All checks of a diagnosis; "autocorrelation" only where rows are ordered."""
    return tuple(
        _check(diagnosis, name, title, good, to_try, seen)
        for name, title, good, to_try, seen in _CHECKS
        if name != "autocorrelation" or diagnosis.ordered
    )


def _check(
    diagnosis: Diagnosis,
    name: str,
    title: str,
    good: str,
    to_try: str,
    seen: Callable[[Diagnosis], tuple[bool | None, str]],
) -> Check:
    sign, told = _judged(diagnosis, seen)
    return Check(name, title, sign, good, told, to_try)


def _judged(diagnosis: Diagnosis, seen: Callable[[Diagnosis], tuple[bool | None, str]]) -> tuple[bool | None, str]:
    if diagnosis.exact_fit:
        return None, EXACT
    if diagnosis.unjudged:
        return None, f"Not judged: {diagnosis.unjudged}."
    if diagnosis.rows < FEWEST_ROWS:
        return None, f"{diagnosis.rows} row{'s'[: diagnosis.rows != 1]}: {TOO_FEW}"
    return seen(diagnosis)


def _band(d: Diagnosis) -> tuple[bool | None, str]:
    share, expected = d.profile.coverage, d.profile.expected_coverage
    if math.isnan(share):
        return None, "There is no band to compare with."
    told = f"{100.0 * share:.1f} % of rows lie in the 95 % band"
    if expected > 0.96:
        told += f", {100.0 * expected:.1f} % are expected with so many coefficients"
    if abs(share - expected) <= max(0.02, 3.0 * math.sqrt(0.95 * 0.05 / d.rows)):
        return False, f"{told}: no sign of a wrong width."
    return True, f"{told}: a sign that it is too {'wide' if share > expected else 'narrow'} for most rows."


def _curvature(d: Diagnosis) -> tuple[bool | None, str]:
    test = d.hypotheses.reset
    if math.isnan(test.p_value):
        if test.notes:
            return None, f"Curvature is not judged: {test.notes[0].removeprefix('left out: ')}."
        return None, "There is nothing to bend: the fitted values take too few different values."
    if d.rows > MANY_ROWS:
        sign = test.effect >= LARGE_SHARE
        number = f"powers of the fit explain {100.0 * test.effect:.2g} % of what is left"
    else:
        sign, number = test.p_value < LEVEL, f"RESET {_p(test.p_value)}"
    if not sign:
        return False, f"No sign of curvature ({number})."
    return True, f"A sign of curvature: {_shape(d.profile.thirds)} ({number})."


def _shape(thirds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    low, middle, high = thirds
    if np.isnan(thirds).any():
        return "residuals follow the fit"
    bend = middle - 0.5 * (low + high)
    if abs(bend) > 0.5 * abs(high - low):
        return "middle above, ends below" if bend > 0.0 else "middle below, ends above"
    return "low end above, high end below" if low > high else "low end below, high end above"


def _tails(d: Diagnosis) -> tuple[bool | None, str]:
    plot = d.quantile_plot
    if d.rows > MANY_ROWS:
        sketch = d.quantiles.studentised
        bottom, low, middle, high, top = (sketch.quantile(q) for q in (0.005, 0.25, 0.5, 0.75, 0.995))
        if not high > low:
            return None, "Half of the residuals are equal: their tails cannot be compared."
        reach = (top - bottom) / (high - low) / 3.81896  # of normal errors: 2 x 2.575829 / (2 x 0.674490)
        lean = (top + bottom - 2.0 * middle) / (top - bottom)
        number = f"the outer 1 % reaches {reach:.2f} times as far as that of normal errors"
        if abs(lean) > LARGE_LEAN:
            return True, f"A sign of skew: the {'upper' if lean > 0.0 else 'lower'} tail is {_longer(lean)} as long."
        if reach > LARGE_REACH:
            return True, f"A sign of heavy tails: {number}."
        if reach < 1.0 / LARGE_REACH:
            return True, f"A sign of light tails: {number}."
        return False, f"No sign of heavy tails: {number}."
    if plot.count < 2:
        return None, "There are no studentised residuals to compare."
    if plot.outside == 0:
        return False, f"No sign of heavy tails: all {plot.count:,} residuals inside the envelope."
    number = f"{plot.outside:,} of {plot.count:,} outside the envelope"
    low, middle, high = (d.quantiles.studentised.quantile(q) for q in (0.05, 0.5, 0.95))
    lean = (low + high - 2.0 * middle) / (high - low) if high > low else 0.0
    if abs(lean) > LARGE_LEAN:
        return True, f"A sign of skew: {number}, the {'upper' if lean > 0.0 else 'lower'} tail is longer."
    if d.hypotheses.excess_kurtosis > 0.0:
        if plot.further_out:
            number = f"{plot.further_out:,} of {plot.count:,} further out than the envelope"
        return True, f"A sign of heavy tails: {number}."
    return True, f"A sign of light tails: {number}."


def _longer(lean: float) -> str:
    return f"{(1.0 + abs(lean)) / (1.0 - abs(lean)):.2g} times"


def _spread(d: Diagnosis) -> tuple[bool | None, str]:
    ratio, tests = d.profile.spread, d.hypotheses
    known = [test for test in (tests.breusch_pagan, tests.white) if not math.isnan(test.p_value)]
    if not known:
        return None, "There is nothing along which the spread could change."
    along = "" if math.isnan(ratio) else f"x {ratio:.2g} from low to high"
    uneven = not math.isnan(ratio) and not 1.0 / LARGE_SPREAD < ratio < LARGE_SPREAD
    if d.rows > MANY_ROWS:
        effect = max(test.effect for test in known)
        sign = uneven or effect >= LARGE_SHARE
        number = f"features and their squares explain {100.0 * effect:.2g} % of the variation of squared residuals"
    else:
        strongest = min(known, key=lambda test: test.p_value)
        # Two tests look at the same thing: each at half the level.
        sign = strongest.p_value < LEVEL / len(known)
        number = f"{strongest.name} {_p(strongest.p_value)}"
    told = f" ({number})."
    if not sign:
        return False, f"No sign of uneven spread{f': {along}' if along else ''}{told}"
    if not uneven:
        return True, f"A sign of uneven spread, though not along the fit{told}"
    return True, f"A sign of spread {'growing' if ratio > 1.0 else 'shrinking'} with the fit: {along}{told}"


def _influence(d: Diagnosis) -> tuple[bool | None, str]:
    influence = d.influence
    if alone := influence.decide_themselves:
        more = (
            f" and {alone - 1:,} more decide their own fitted values" if alone > 1 else " decides its own fitted value"
        )
        return True, f"A sign of a row that decides: row {influence.by_leverage[0].row:,}{more} (leverage 1)."
    most = influence.largest_change
    told = [row for row in (*influence.by_cooks, *([] if most is None else [most])) if row.term]
    if not told:
        return None, "No row could be left out: nothing is known of their influence."
    first = max(told, key=lambda row: (row.cooks > LARGE_COOKS, abs(row.change)))
    what = "the intercept" if first.term == "(Intercept)" else f"the slope of '{' '.join(first.term.split())}'"
    by = f"{abs(first.change):.2g}"
    by = f"{abs(first.change):.4g}" if by == "1" else by  # which side of 1 it is on decides
    change = f"changes {what} by {by} standard errors"
    if first.cooks > LARGE_COOKS or abs(first.change) > LARGE_CHANGE:
        return True, f"A sign of a row that decides: row {first.row:,} {change} (Cook's distance {first.cooks:.2g})."
    return False, f"No sign of a row that decides: at most, row {first.row:,} {change}."


def _autocorrelation(d: Diagnosis) -> tuple[bool | None, str]:
    watson = d.durbin_watson
    if watson is None or math.isnan(watson):
        return None, "Not known for these rows."
    correlation = 1.0 - 0.5 * watson
    sign = abs(correlation) > (LARGE_CORRELATION if d.rows > MANY_ROWS else 2.0 / math.sqrt(d.rows))
    number = f"Durbin-Watson {watson:.2f}, correlation {correlation:.2f}"
    if not sign:
        return False, f"No sign that neighbouring rows go together ({number})."
    return (
        True,
        f"A sign that neighbouring rows go {'together' if correlation > 0 else 'against each other'} ({number}).",
    )


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


_CHECKS: tuple[tuple[str, str, str, str, Callable[[Diagnosis], tuple[bool | None, str]]], ...] = (
    (
        "band",
        "The fit and its band",
        "Points along the line, about 95 of 100 inside the outer band.",
        "Look for a column that is missing, or one in another unit.",
        _band,
    ),
    (
        "curvature",
        "Residuals along the fit",
        "No pattern; the smoother stays flat, near zero.",
        "Add the square or the logarithm of a feature.",
        _curvature,
    ),
    (
        "tails",
        "Residual quantiles beside normal ones",
        "Dots along the line, all inside the envelope.",
        "Use robust errors (HC3); look at the rows at the ends.",
        _tails,
    ),
    (
        "spread",
        "Size of residuals along the fit",
        "A level band.",
        "Take the logarithm of the target, use HC3 errors (--covariance HC3), or weights.",
        _spread,
    ),
    (
        "influence",
        "Residuals and leverage",
        "No row beyond the curves of Cook's distance 0.5 and 1.",
        "Check that row; fit without it and compare.",
        _influence,
    ),
    (
        "autocorrelation",
        "Neighbouring rows",
        "A row's residual says nothing of the next one's.",
        "Use Newey-West errors (--covariance newey-west); add a trend, a season, or the row before.",
        _autocorrelation,
    ),
)
