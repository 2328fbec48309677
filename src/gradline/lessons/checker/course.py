"""The course of a descent, for NumPy and torch alike: losses and updates as they come, and those that explode (3)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from gradline.lessons.checker.notes import Note, Notes, number
from gradline.lessons.checker.places import Place

FIRST, LAST = 64, 64  # losses that are kept of a line
LARGE = 2_000  # numbers of a parameter, from which on it is not copied
EXPLODED = 1000.0  # times its first value
ALIKE, SAME = 6, 1.02  # steps in a row that have to grow alike, and the largest ratio of the growths to the smallest
EVEN = 1.1  # the largest ratio of two losses to the smallest, where one direction rules


@dataclass(eq=False, slots=True)
class Update:
    """The latest of a line that moves a parameter, and where its first steps led."""

    place: Place
    value: Any = None
    latest_rate: Any = None  # as the script has it
    count: int = 0
    added: bool = False  # by `+=`: a parameter only where something else shows that it is one
    path: list[tuple[tuple[float, ...], float | None]] = field(default_factory=list)  # values, and the rate

    @property
    def rate(self) -> float | None:
        """Of the latest step."""
        return _scalar(self.latest_rate)

    def again(self, value: Any, rate: Any) -> None:
        """The parameter has moved once more."""
        self.value = value
        self.latest_rate = rate
        self.count += 1


class Standing(NamedTuple):
    """A loss, and where the parameters were when it was recorded: by line, (values, rate, updates so far)."""

    loss: float
    at: dict[int, tuple[tuple[float, ...], float | None, int]]


@dataclass(eq=False, slots=True)
class Losses:
    """Of one line, as they came: the first, with the parameters, and the last."""

    place: Place
    first: list[Standing] = field(default_factory=list)
    last: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))  # finite ones
    ended: float = 0.0
    updates: tuple[int, int] = (0, 0)  # that had been made at the first, and at the last
    later: deque[Any] = field(default_factory=lambda: deque(maxlen=LAST))  # the latest, as the script has them

    def again(self, value: Any) -> Any:
        """It was computed once more."""
        self.later.append(value)
        return value

    def finish(self, moves: int) -> None:
        """After the last, and so many updates."""
        losses = [loss for loss in map(_scalar, self.later) if loss is not None]
        if not losses:
            return
        self.ended, self.updates = losses[-1], (self.updates[0], moves)
        finite = list(filter(math.isfinite, losses))
        if finite and len(self.later) == LAST:
            self.last.clear()  # between these and the later ones are some that were not kept
        self.last.extend(finite)


@dataclass
class Course:
    """Hears every update and every loss."""

    notes: Notes
    updates: dict[int, Update] = field(default_factory=dict)
    additions: dict[int, Update] = field(default_factory=dict)
    losses: dict[int, Losses] = field(default_factory=dict)
    optimizer: tuple[Place, float | None] | None = None  # the last to step, and its rate where that is the whole story
    steps: int = 0  # of optimizers
    sizes: set[int] = field(default_factory=set)
    torch: bool = False  # its scripts leave the gradient to autograd

    def updated(self, place: Place, value: Any, rate: Any) -> Update:
        """After a parameter has moved."""
        update = self.updates.get(id(place))
        if update is None:
            update = self.updates[id(place)] = Update(place)
        update.again(value, rate)
        if update.count <= FIRST:
            update.path.append((_values(value), update.rate))
        return update

    def added(self, place: Place, value: Any, rate: Any) -> Update | None:
        """After something was added to: a parameter, a sum, a running mean; None where it is no number."""
        addition = self.additions.get(id(place))
        if addition is None:
            if not _values(value):
                return None
            addition = self.additions[id(place)] = Update(place, added=True)
        addition.again(value, rate)
        return addition

    def moved(self, place: Place) -> Update:
        """What is known of a line that moves a parameter, down or up."""
        return self.updates.get(id(place)) or self.additions[id(place)]

    def lost(self, place: Place, value: Any) -> Losses:
        """A loss was computed here; what is no single number is let pass."""
        losses = self.losses.get(id(place))
        if losses is None:
            losses = self.losses[id(place)] = Losses(place)
        loss = _scalar(value)
        if loss is None:
            return losses
        losses.ended, moves = loss, self._moves()
        losses.updates = (losses.updates[0] if losses.first else moves), moves
        if math.isfinite(loss):
            losses.last.append(loss)
        if len(losses.first) < FIRST:
            losses.first.append(Standing(loss, self._standing()))
        return losses

    def finish(self) -> None:
        """After the last line."""
        for losses in self.losses.values():
            losses.finish(self._moves())
            exploded = self._exploded(losses)
            if not self.torch and not self.notes.has(2):
                from gradline.lessons.checker.mismatch import mismatch

                places = {key: update.place for key, update in self.updates.items()}
                note = mismatch(losses.first, places, self.sizes, exploded)
                if note is not None:
                    self.notes.add(note)
        for update in self.updates.values():
            self._ran_away(update)

    def _standing(self) -> dict[int, tuple[tuple[float, ...], float | None, int]]:
        return {
            key: (_values(update.value), update.rate, update.count)
            for key, update in self.updates.items()
            if not update.place.part
        }

    def _moves(self) -> int:
        return sum(update.count for update in self.updates.values()) + self.steps

    # pitfall 3

    def _exploded(self, losses: Losses) -> bool:
        if not losses.first or losses.updates[0] == losses.updates[1]:
            return False  # nothing was descended while it was computed
        first, last = losses.first[0].loss, losses.ended
        if math.isfinite(last) and not self._grows(first, losses.last):
            return False
        ratios = [after / before for before, after in pairwise(losses.last) if before > 0][-8:]
        # one direction rules in the end: the loss then grows by the square of what a step does to the error
        even = len(ratios) >= 2 and min(ratios) > 1 and max(ratios) < EVEN * min(ratios)
        factor = -math.sqrt(sorted(ratios)[len(ratios) // 2]) if even else None
        at, rate, called = self.mover(losses.place)
        self._diverged(at, f"the loss went from {number(first)} to {number(last)}", factor, rate, called)
        return True

    @staticmethod
    def _grows(first: float, last: deque[float]) -> bool:
        """Whether it is far above its start, and the more so the longer: neither noise nor a start at zero."""
        losses = list(last)
        if len(losses) < 3:
            return False
        middle = losses[len(losses) // 2]
        return min(losses) >= 0 and losses[-1] > EXPLODED * first > 0 and losses[-1] > 2 * middle >= 2 * losses[0] > 0

    def _ran_away(self, update: Update) -> None:
        """Without a look at any loss: by where the parameter ended, and how its first steps led there."""
        values, place = _values(update.value), update.place
        if not values or not update.path or not update.path[0][0]:
            return
        end = next((value for value in values if not math.isfinite(value)), max(values, key=abs))
        swings, began = _swings(update.path), max(map(abs, update.path[0][0]))
        far = swings is not None and abs(end) > EXPLODED * began > 0
        if far or not (self.losses or math.isfinite(end)):
            factor = swings[1] if swings is not None and swings[0] == 1 else None
            name = place.name if len(values) == 1 else f"a number in {place.name.partition('[')[0]}"
            self._diverged(place, f"{name} ended as {number(end)}", factor, update.rate, "The rate")

    def _diverged(self, at: Place, seen: str, factor: float | None, rate: float | None, called: str) -> None:
        updates = max((update.count for update in self.updates.values()), default=0)
        happened = f"{seen} within {updates:,} updates" if updates else seen
        if factor is None or rate is None:
            why = "Each step goes so far beyond the valley's floor that it lands higher up on the other side."
            cure = f"Try a tenth of the learning rate{f' {number(rate)}' if rate else ''}, or standardise the features."
        else:
            limit = 2 * rate / (1 - factor)
            why = (
                f"Every step multiplies the error by {number(factor)}: it goes so far beyond the valley's floor that "
                "it lands higher up on the other side."
            )
            cure = f"{called} {number(rate)} is above the limit of about {number(limit)}: try {number(limit / 2)}."
        self.notes.add(Note(3, at.line, f"{happened}.", why, cure), at.lines)

    def mover(self, otherwise: Place) -> tuple[Place, float | None, str]:
        """The line that moves the parameters, and its rate."""
        if self.optimizer is not None:
            return self.optimizer[0], self.optimizer[1], "lr"
        for update in self.updates.values():
            return update.place, update.rate, "The rate"
        return otherwise, None, ""


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


def _scalar(value: Any) -> float | None:
    """A loss as a float: Python's, NumPy's, or one in an array or tensor of a single number; None for anything else."""
    if isinstance(value, float | int):
        return float(value)
    if hasattr(value, "detach"):
        return (_values(value) or (None,))[0] if value.numel() == 1 else None
    if hasattr(value, "dtype") and getattr(value, "size", 0) == 1 and value.dtype.kind in "fiu":
        return float(value.item())
    return None


def _values(value: Any) -> tuple[float, ...]:
    if isinstance(value, float | int):
        return (float(value),)
    if hasattr(value, "detach"):
        try:
            return tuple(value.detach().flatten().tolist()) if value.numel() <= LARGE and not value.is_complex() else ()
        except RuntimeError:  # there are none: within vmap, on the meta device
            return ()
    if hasattr(value, "dtype") and hasattr(value, "ravel") and value.dtype.kind in "fiu" and value.size <= LARGE:
        return tuple(map(float, value.ravel().tolist()))
    return ()
