"""Pitfall 3, a rate above its limit: seen by the losses, or without any by where the first steps led.

A step multiplies the error in one direction by r, which is below -1 where it diverges. With momentum beta (Polyak
1964, heavy ball: v = beta v + gradient, w -= rate v) errors follow e'' = (1 + beta - rate lambda) e' - beta e, so that

    rate lambda = 1 + beta - r - beta / r,    and the limit of the rate is 2 (1 + beta) / lambda,

lambda the curvature in that direction: what a rate and its r show is the limit, for any scale of the gradient.
"""

from __future__ import annotations

import math
from itertools import pairwise, takewhile
from typing import NamedTuple

from gradline.lessons.checker.course import FIRST, Losses, Mover, Update
from gradline.lessons.checker.notes import Note, number
from gradline.lessons.checker.values import values_of

EXPLODED = 1000.0  # times its first value
ALIKE, SAME = 6, 1.02  # steps in a row that have to grow alike, and the largest ratio of the growths to the smallest
BOUNCES, FAR_OUT = 6, 1e6  # turns to the other side, and how much further out than after two steps
EVEN = 1.1  # the largest ratio of two losses to the smallest, where one direction rules


class Seen(NamedTuple):
    """That something ran away, in words, and what a step multiplies the error by, where one direction rules."""

    words: str
    factor: float | None = None


def exploded(losses: Losses, settled: bool) -> Seen | None:
    """A loss that ended far above its start, though something was descended while it was computed.

    One that is no number has been large before. Where it has not, another thing than the rate made it so: the data, or
    a logarithm of 0; and so where what moved has `settled`.
    """
    if not losses.first or losses.updates[0] == losses.updates[1]:
        return None
    first, last = losses.first[0].loss, losses.ended
    if not (_grows(first, [loss for loss, _ in losses.last]) if math.isfinite(last) else _went_far(losses, settled)):
        return None
    return Seen(f"the loss went from {number(first)} to {number(last)}")


def of_squares(losses: Losses) -> float | None:
    """What a step multiplies the error by: one direction rules in the end, and its square is what the loss grows by."""
    pairs = [(before, after) for before, after in pairwise(losses.last) if before[0] > 0][-8:]
    ratios = sorted(after[0] / before[0] for before, after in pairs)
    if not losses.place.squares or any(after[1] != before[1] + 1 for before, after in pairs):
        return None
    even = len(ratios) >= 2 and ratios[0] > 1 and ratios[-1] < EVEN * ratios[0]
    return -math.sqrt(ratios[len(ratios) // 2]) if even else None


def factor_of(update: Update) -> float | None:
    """What a step multiplies the error by, where the first ones go to and fro, alike, at the rate of the last one."""
    path = list(takewhile(lambda at: all(map(math.isfinite, at[0])), update.path[:FIRST]))
    if len(path) < 2 or not path[-1][0] or path[-1][1] != update.rate:
        return None
    swings = _swings(path)
    return swings[1] if swings is not None and swings[0] == 1 else None


def ran_away(update: Update, *, alone: bool) -> Seen | None:
    """A parameter that ended far away, where its first steps go to and fro and grow; `alone`: without any loss."""
    values, place = values_of(update.value), update.place
    if not values or not update.path or not update.path[0][0]:
        return None
    end = next((value for value in values if not math.isfinite(value)), max(values, key=abs))
    swings, began = _swings(update.path[:FIRST]), max(map(abs, update.path[0][0]))
    far = (swings is not None and abs(end) > EXPLODED * began > 0) or bounces(update.path, end)
    if not far and (not alone or place.added or math.isfinite(end) or _at_once(update.path)):
        return None
    name = place.name if len(values) == 1 else f"a number in {place.name.partition('[')[0]}"
    return Seen(f"{name} ended as {number(end)}", factor_of(update))


def _at_once(path: list[tuple[tuple[float, ...], float | None]]) -> bool:
    """Whether it was no number from one step to the next, without having been far away."""
    far = [max(map(abs, values), default=0.0) for values, _ in path]
    first = next((i for i, (values, _) in enumerate(path) if any(map(math.isnan, values))), None)
    return first is not None and (first == 0 or max(far[:first]) <= EXPLODED * far[0])


def diverged(seen: Seen, by: Mover, updates: int) -> Note:
    """The note on a rate, with its limit where that is known."""
    place, rate, momentum, called = by
    happened = f"{seen.words} within {updates:,} updates" if updates else seen.words
    factor = seen.factor
    if factor is None or rate is None or momentum is None:
        why = "Each step goes so far beyond the valley's floor that it lands higher up on the other side."
        cure = (
            f"Try a tenth of the learning rate{f' {number(rate)}' if rate else ''}, or standardise the features "
            "(subtract the mean, divide by the standard deviation)."
        )
    else:
        limit = 2 * (1 + momentum) * rate / (1 + momentum - factor - momentum / factor)
        why = (
            f"Every step multiplies the error by {number(factor)}: it goes so far beyond the valley's floor that "
            "it lands higher up on the other side."
        )
        with_momentum = f" with a momentum of {number(momentum)}" if momentum else ""
        cure = (
            f"{called} {number(rate)} is above the limit of about {number(limit)}{with_momentum}: "
            f"try {number(limit / 2)}."
        )
    return Note(3, place.line, f"{happened}.", why, cure)


def _went_far(losses: Losses, settled: bool) -> bool:
    """Whether it may have grown until it was not finite any more: squares are infinite before they are nan."""
    first = losses.first[0].loss
    if not math.isfinite(first):
        return False
    at_once = losses.broke is not None and math.isnan(losses.broke[0]) and losses.broke[1] <= 1
    return losses.top > EXPLODED * abs(first) or not (settled or at_once)


def _grows(first: float, losses: list[float]) -> bool:
    """Whether it is far above its start, and the more so the longer: neither noise nor a start at zero."""
    if len(losses) < 3:
        return False
    middle = losses[len(losses) // 2]
    return min(losses) >= 0 and losses[-1] > EXPLODED * first > 0 and losses[-1] > 2 * middle >= 2 * losses[0] > 0


def _swings(path: list[tuple[tuple[float, ...], float | None]]) -> tuple[int, float] | None:
    """Where steps go to and fro, and grow: after how many they repeat, and what each is multiplied by until then.

    One where all rows are seen in each step, the number of rows where each step sees one. None for anything else: what
    grows to one side may be meant to.
    """
    last, rate = path[-1]
    if any(at[1] != rate or len(at[0]) != len(last) for at in path):
        return None
    furthest = max(range(len(last)), key=lambda j: abs(last[j]))
    moves = [after[furthest] - before[furthest] for (before, _), (after, _) in pairwise(path)]
    for cycle in range(1, len(moves) // 2 + 1):
        seen = moves[-cycle - max(cycle, ALIKE) :]
        if len(seen) < cycle + ALIKE or not all(map(math.isfinite, seen)) or not all(seen):
            continue
        ratios = sorted((after / before for before, after in zip(seen, seen[cycle:], strict=False)), key=abs)
        one_sided = all(move > 0 for move in seen) or all(move < 0 for move in seen)
        if not one_sided and ratios[0] * ratios[-1] > 0 and abs(ratios[0]) > 1 and ratios[-1] / ratios[0] < SAME:
            return cycle, ratios[len(ratios) // 2]
    return None


def bounces(path: list[tuple[tuple[float, ...], float | None]], end: float) -> bool:
    """Where rows come in random order, and steps do not grow alike: from side to side, and ever further out.

    Values each twice as far out as the one before are followed: BOUNCES times they come to the other side. What
    settles is after two steps about as far out as ever.
    """
    last = path[-1][0]
    furthest = max(range(len(last)), key=lambda j: abs(last[j]))
    values = [values[furthest] for values, _ in path[2:] if len(values) == len(last)]
    out = values[:1]
    for value in values:
        if math.isfinite(value) and abs(value) > 2 * abs(out[-1]):
            out.append(value)
    sides = sum(one * other < 0 for one, other in pairwise(out))
    return sides >= BOUNCES and abs(out[-1]) > FAR_OUT * abs(out[0]) > 0 and not abs(end) < abs(out[-1])
