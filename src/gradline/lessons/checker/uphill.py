"""Pitfall 18: steps that go up the slope, since the gradient is added, or has the other sign.

To climb may be meant: a likelihood, a profit, the worst input. So it is noted only of a squared loss that exploded, and
only where a step is the gradient of that loss times the rate itself, but for a 2 or a number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradline.lessons.checker.course import Update
from gradline.lessons.checker.divergence import EXPLODED
from gradline.lessons.checker.mismatch import is_multiple, uphill
from gradline.lessons.checker.notes import Note, number

if TYPE_CHECKING:
    from gradline.lessons.checker.fits import Fit
    from gradline.solution import Array

WITHIN = 1e-3  # of a step: float32 leaves as much of a difference of two predictions


def climbing(fit: Fit, best: Array, final: Array, moved: Sequence[Update | None]) -> tuple[Note, range] | None:
    """The note on a parameter of a linear regression that moved up the mean squared error; and its statement's lines.

    `moved` are the lines that move w, and b; the gradient is that between two sightings, one step apart.
    """
    import numpy as np

    if fit.later is None:
        return None
    design = fit.design(len(final))
    with np.errstate(all="ignore"):
        start, end = (float(np.mean((design @ at - fit.y) ** 2)) for at in (fit.coefficients, final))
        if end <= EXPLODED * max(start, float(np.mean(fit.y**2))):  # nan goes on
            return None
    step, gradient = fit.later - fit.coefficients, 2 / len(design) * design.T @ (design @ (fit.coefficients - best))
    first = len(final) - len(moved) + 1  # coefficients of w; then b
    for update, part in zip(moved, (slice(first), slice(first, None)), strict=False):
        if update is not None and update.rate and _climbs(step[part], update.rate * gradient[part], len(design)):
            seen = _seen(update, step[part], gradient[part], final[part], best[part], (start, end))
            return uphill(update.place, seen, added=update.place.added), update.place.lines
    return None


def _climbs(step: Array, change: Array, rows: int) -> bool:
    import numpy as np

    length = float(change @ change)
    if not 0 < length < np.inf:
        return False
    times = float(step @ change) / length
    along = float(np.abs(step - times * change).max()) <= WITHIN * float(np.abs(step).max())
    return times > 0 and along and is_multiple(1 / times, {rows}, WITHIN)


def _seen(update: Update, step: Array, gradient: Array, final: Array, best: Array, losses: tuple[float, float]) -> str:
    name = update.place.name or "the parameter"
    if len(step) == 1:
        return (
            f"where the slope of the mean squared error was {number(gradient[0])}, {name} moved by {number(step[0])}: "
            f"uphill. It ended as {number(final[0])}; the answer is {number(best[0])}."
        )
    times = float(step @ gradient) / float(gradient @ gradient)
    return (
        f"{name} moved by +{number(times)} times the gradient of the mean squared error, which went from "
        f"{number(losses[0])} to {number(losses[1])}."
    )
