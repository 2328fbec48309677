"""Pitfall 16: a gradient that is not the loss's: a 2 is missing, a sum stands for a mean; or 18: it has the other sign.

For a squared loss between parameters P and P', with gradients g and g', the loss changes by (g + g')/2 . (P' - P),
exactly, since the gradient is linear. The gradient that an update used is (P - P') / rate. So the ratio of the two
sides is what the learner's gradient has to be multiplied by: 2 where the 2 of the square was forgotten, 1/N for a sum
in place of a mean, negative where the loss rises against it. No function of theirs has to be called for it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gradline.lessons.checker.course import Standing
from gradline.lessons.checker.notes import Note, number
from gradline.lessons.checker.places import Place

# A ratio comes from a difference of losses of at least CLEAR of the loss, so from at least nine of its digits.
CLEAR, EQUAL = 1e-6, 1e-6
FEWEST = 3  # steps from which a ratio is told
AGREEING = 0.9  # of the steps have this very ratio


@dataclass(eq=False, slots=True)
class _Step:
    """From one loss to the next, and what the updates' gradients make of the way, by parameter."""

    one: Standing
    two: Standing
    slopes: dict[int, float]

    @property
    def change(self) -> float:
        return self.two.loss - self.one.loss

    @property
    def ratio(self) -> float:
        return self.change / sum(self.slopes.values())


def mismatch(
    standings: Sequence[Standing], places: dict[int, Place], sizes: Collection[int], exploded: bool = False
) -> tuple[Note, range] | None:
    """The note on a gradient that is a constant multiple of the loss's, and its statement's lines; else None.

    `places` are the updates' by the keys of the standings, `sizes` the numbers of rows that were seen. That something
    is raised may be meant: a negative multiple is noted where what was raised `exploded`.
    """
    found: list[_Step] = []
    for one, two, three in zip(standings, standings[1:], standings[2:], strict=False):
        slopes = _slopes(one, two, three)
        if slopes is not None and abs(two.loss - one.loss) > CLEAR * max(abs(one.loss), abs(two.loss)):
            found.append(_Step(one, two, slopes))
    if len(found) < FEWEST:
        return None
    ratio = sorted(step.ratio for step in found)[len(found) // 2]
    if sum(abs(step.ratio / ratio - 1) < EQUAL for step in found) < AGREEING * len(found):
        return _one_of_several(found, places, sizes, exploded)
    place = places[next(iter(found[0].one.at))]
    if exploded and is_multiple(-ratio, sizes):
        return uphill(place, _raised(found[0]), added=place.added), place.lines
    reason = _reason(ratio, sizes)
    if reason is None:
        return None
    return Note(16, place.line, _seen(found[0], ratio, place.name), *reason), place.lines


def is_multiple(ratio: float, sizes: Collection[int], within: float = EQUAL) -> bool:
    """Whether a gradient times this is the loss's, but for a 2 or a number of rows."""
    return abs(ratio - 1) < within or _reason(ratio, sizes, within) is not None


def _one_of_several(
    found: list[_Step], places: dict[int, Place], sizes: Collection[int], exploded: bool
) -> tuple[Note, range] | None:
    """Each parameter's gradient may be a multiple of its own: the changes of the loss are linear in these multiples."""
    import numpy as np

    keys = list(found[0].slopes)
    if not 2 <= len(keys) < len(found):
        return None
    changes = np.array([step.change for step in found])
    slopes = np.array([[step.slopes[key] for key in keys] for step in found]) / changes[:, None]
    ratios, *_ = np.linalg.lstsq(slopes, np.ones(len(found)), rcond=None)
    if np.abs(slopes @ ratios - 1).max() > EQUAL:
        return None
    for key, ratio in zip(keys, ratios.tolist(), strict=True):
        within = 1e-3  # that far may directions that are alike share in a change
        reason, place = _reason(ratio, sizes, within), places[key]
        seen = f"the loss changes {ratio:.4g} times as much with {place.name} as the gradient of this update says."
        if exploded and is_multiple(-ratio, sizes, within):
            return uphill(place, seen, added=place.added), place.lines
        if reason is not None:
            return Note(16, place.line, seen, *reason), place.lines
    return None


def uphill(place: Place, seen: str, *, added: bool = False) -> Note:
    """Pitfall 18; how to cure it depends on whether the update is written with a plus."""
    return Note(
        18,
        place.line,
        seen,
        "The gradient points to where the loss grows: a step has to go against it. This one goes along, further up.",
        "Subtract the gradient: -= in place of +=."
        if added
        else "Turn the sign of the gradient: it is 2 * mean((prediction - target) * x).",
    )


def _raised(step: _Step) -> str:
    slope = sum(step.slopes.values())
    return (
        f"in one step the loss went from {number(step.one.loss)} to {number(step.two.loss)}: up by "
        f"{number(step.change)}, where the gradient of the update says down by {number(-slope)}."
    )


def _seen(step: _Step, ratio: float, name: str) -> str:
    one, two, change, slopes = step.one, step.two, step.change, sum(step.slopes.values())
    moves = f"the loss {'falls' if change < 0 else 'rises'} by {number(abs(change))}"
    if sum(len(values) for values, _, _ in one.at.values()) > 1:
        return (
            f"in one step {moves}; with the gradient of the update it would be {number(abs(slopes))}: the ratio is "
            f"{ratio:.4g}."
        )
    key = next(iter(one.at))
    moved = two.at[key][0][0] - one.at[key][0][0]
    return (
        f"while {name} moves by {number(moved)}, {moves}: a slope of {number(change / moved)}. The update used "
        f"{number(slopes / moved)}: the ratio is {ratio:.4g}."
    )


def _reason(ratio: float, sizes: Collection[int], within: float = EQUAL) -> tuple[str, str] | None:
    if abs(ratio / 2 - 1) < within:
        return (
            "The derivative of e**2 is 2*e: a factor 2 is missing. It still descends, at half the rate you set, and "
            "compares with no formula or library.",
            "Multiply the gradient by 2 (or define the loss with 1/2).",
        )
    of_four = "; or, of 4 rows, a sum in place of the loss's mean, without the 2" if 4 in sizes else ""
    if abs(ratio * 2 - 1) < within:
        return (
            "The gradient is twice that of the loss: a 1/2 in the loss that the gradient does not have, or a 2 too "
            f"many{of_four}. The rate that you set counts double.",
            "Have the 1/2, and the mean, in both or in neither." if of_four else "Have the 1/2 in both, or in neither.",
        )
    for rows in sorted(size for size in sizes if size > 2):
        if abs(ratio * rows - 1) < within:
            return (
                f"The loss is a mean over {rows:,} rows and the gradient a sum: {rows:,} times too large, so that the "
                "rate has to be as many times smaller, and changes with the number of rows.",
                f"Take the mean in both: divide the gradient by {rows}.",
            )
        if abs(ratio * rows / 2 - 1) < within:
            return (
                f"The loss is a mean over {rows:,} rows and the gradient a sum, and the 2 of the derivative of e**2 is "
                "missing as well.",
                f"Multiply the gradient by 2 and divide it by {rows}.",
            )
    return None


def _slopes(one: Standing, two: Standing, three: Standing) -> dict[int, float] | None:
    """(g + g')/2 . (P' - P) by parameter, where each moved exactly once between the three; else None."""
    if not one.at or one.at.keys() != two.at.keys() or one.at.keys() != three.at.keys():
        return None
    slopes = dict.fromkeys(one.at, 0.0)
    for key, (first, _, count) in one.at.items():
        second, second_rate, second_count = two.at[key]
        third, third_rate, third_count = three.at[key]
        if second_count != count + 1 or third_count != count + 2 or not second_rate or not third_rate or not first:
            return None
        if not len(first) == len(second) == len(third):
            return None
        if any(_still(*moves) for moves in ((first, second), (second, third))):
            return None
        for a, b, c in zip(first, second, third, strict=True):
            # the rate is read as a parameter moves, so that of a's update is the one that came with b
            gradient = ((a - b) / second_rate + (b - c) / third_rate) / 2
            slopes[key] += gradient * (b - a)
    total = sum(slopes.values())
    return slopes if total and math.isfinite(total) else None


def _still(before: tuple[float, ...], after: tuple[float, ...]) -> bool:
    """Whether rounding is so large a part of a move that EQUAL cannot be told of it."""
    moved = max(abs(b - a) for a, b in zip(before, after, strict=True))
    return not moved > EQUAL * 0.01 * max(map(abs, after))
