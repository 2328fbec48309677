"""The verdict: one sentence that says what a rate does to a quadratic, and why.

A full-batch step of rate r multiplies the error along a direction of curvature c by 1 - r c. So two numbers decide: the
largest curvature whether a descent diverges or overshoots, the smallest whether it crawls. The page has the same
sentences in its script (verdict.js), where bugs, momentum and batches join in; a test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SOLVED = 0.001  # an error below a thousandth is gone for every eye
CRAWLS = 0.5
ALIKE = 1e-6  # relative: curvatures, or a rate and its limit


def verdict(rate: float, curvatures: Sequence[float], directions: Sequence[str]) -> str:
    """What full-batch descent at `rate` does.

    Parameters
    ----------
    rate : float
    curvatures : sequence of float
        Ascending: of the flattest direction, then the steepest; or of the only one.
    directions : sequence of str
        What to call them.

    Examples
    --------
    >>> verdict(0.001, [131.2], ["a"])
    'Crawls: each step leaves 0.8688 of the error; the one-step rate is 0.007622.'
    >>> verdict(0.02, [131.2], ["a"])
    'Diverges: each step multiplies the error by -1.624; the limit is 0.01524, and the rate is 1.312 times that.'
    >>> verdict(0.001, [0.58394, 132.616], ["the flat direction (b)", "the steep direction (a)"])  # doctest: +ELLIPSIS
    'Crawls along the flat direction (b): each step leaves 0.9994 of the error there; along the steep direction (a)...
    """
    flat, steep = curvatures[0], curvatures[-1]
    one = steep - flat <= ALIKE * steep
    limit, f_flat, f_steep = 2.0 / steep, 1.0 - rate * flat, 1.0 - rate * steep
    along, there = ("", "") if one else (f" along {directions[-1]}", " there")
    if abs(rate / limit - 1.0) <= ALIKE:
        return f"Bounces for ever{along}: the rate is at the limit, {short(limit)}."
    if f_steep < -1.0:
        times = short(rate / limit)
        return (
            f"Diverges{along}: each step multiplies the error{there} by {factor(f_steep)}; "
            f"the limit is {short(limit)}, and the rate is {times} times that."
        )
    if max(abs(f_flat), abs(f_steep)) < SOLVED:
        return "One step lands on the answer."
    if one and f_steep < 0:
        return f"Overshoots but converges: each step multiplies the error by {factor(f_steep)}."
    if one:
        word = "Crawls" if f_steep >= CRAWLS else "Converges"
        return f"{word}: each step leaves {factor(f_steep)} of the error; the one-step rate is {short(1.0 / steep)}."
    if -f_steep > f_flat:
        return (
            f"Overshoots but converges: each step multiplies the error{along} by {factor(f_steep)}, "
            f"and leaves {factor(f_flat)} of it along {directions[0]}."
        )
    word = "Crawls" if f_flat >= CRAWLS else "Converges"
    return (
        f"{word} along {directions[0]}: each step leaves {factor(f_flat)} of the error there; "
        f"along {directions[-1]}, which sets the limit of {short(limit)}, {_beside(f_steep)}."
    )


def _beside(f: float) -> str:
    if abs(f) < SOLVED:
        return "one step suffices"
    return f"it multiplies the error by {factor(f)}" if f < 0 else f"it leaves {factor(f)}"


def word(rate: float, curvatures: Sequence[float]) -> str:
    """The verdict in a word or three, along the steepest direction.

    Examples
    --------
    >>> [word(rate, [131.2]) for rate in (0.001, 0.00762, 0.014, 0.02)]
    ['crawls', 'one step', 'overshoots', 'diverges']
    """
    f = 1.0 - rate * curvatures[-1]
    if abs(abs(f) - 1.0) <= 2 * ALIKE:
        return "bounces"
    if f < -1.0:
        return "diverges"
    if abs(f) < SOLVED:
        return "one step"
    return "overshoots" if f < 0 else "crawls" if f >= CRAWLS else "converges"


def short(value: float, digits: int = 4) -> str:
    """So many significant digits.

    Examples
    --------
    >>> short(0.0152439), short(1234567.0), short(2.5e-9)
    ('0.01524', '1235000', '2.5e-9')
    """
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded and not 1e-5 <= abs(rounded) < 1e7:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{rounded:.12f}".rstrip("0").rstrip(".") or "0"


def factor(f: float) -> str:
    """A factor a step, with as many decimals as it takes to see that it is not one.

    Examples
    --------
    >>> factor(0.8688), factor(-1.624), factor(0.99995), factor(0.99999984)
    ('0.8688', '-1.624', '0.99995', 'all but 1.6e-7')
    """
    decimals = 4 if f >= 0 else 3
    gap = abs(1.0 - abs(f))
    if 0 < f < 1 and gap < 1e-6:
        return f"all but {short(gap, 2)}"
    if 0 < gap < 0.5 * 10.0**-decimals:
        decimals = min(15, math.ceil(-math.log10(gap)))
    return f"{f:.{decimals}f}" if abs(f) < 1e6 else f"{f:.3e}".replace("e+0", "e").replace("e+", "e")
