"""The course of a descent, for NumPy and torch alike: losses and updates as they come."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradline.lessons.checker.notes import Notes
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.values import scalar, values_of

FIRST, LAST = 64, 64  # losses that are kept of a line
LONG = 512  # values of a parameter that is a single number


@dataclass(eq=False, slots=True)
class Update:
    """The latest of a line that moves a parameter, and where its first steps led."""

    place: Place
    value: Any = None
    latest_rate: Any = None  # as the script has it
    latest_momentum: Any = None
    count: int = 0
    parts: int = 1  # that it moves one after the other, each once a step
    path: list[tuple[tuple[float, ...], float | None]] = field(default_factory=list)  # values, and the rate
    _first: Any = None  # what it moved at first, for as long as it has not come again

    @property
    def rate(self) -> float | None:
        """Of the latest step."""
        return scalar(self.latest_rate)

    @property
    def momentum(self) -> float | None:
        """Of the latest step; None where it has one that is not known."""
        return scalar(self.latest_momentum)

    @property
    def made(self) -> int:
        """How many steps."""
        return self.count // self.parts

    def again(self, value: Any, rate: Any, momentum: Any) -> Any:
        """The parameter has moved once more."""
        self.value = value
        self.latest_rate = rate
        self.latest_momentum = momentum
        self.count += 1
        return value

    def follow(self) -> None:
        """One that is looked at closely."""
        value = self.value
        if self.count <= FIRST or (self.count <= LONG and isinstance(value, float)):
            self.path.append((values_of(value), self.rate))
        if self.place.turns:
            self.parts = 1 if self.place.returned else max(1, len(value) if hasattr(value, "__len__") else 1)
        elif self.count == 1:
            self._first = None if isinstance(value, float | int) else value
        elif self._first is not None and (value is self._first or self.count > FIRST):
            self.parts = self.count - 1 if value is self._first else 1  # `for p in parameters: p -= ...`
            self._first = None


class Standing(NamedTuple):
    """A loss, and where the parameters were when it was recorded: by line, (values, rate, updates so far)."""

    loss: float
    at: dict[int, tuple[tuple[float, ...], float | None, int]]


@dataclass(eq=False, slots=True)
class Losses:
    """Of one line, as they came: the first, with the parameters, and the last."""

    place: Place
    first: list[Standing] = field(default_factory=list)
    last: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=LAST))  # finite ones, and steps so far
    ended: float = 0.0
    updates: tuple[int, int] = (0, 0)  # that had been made at the first, and at the last
    top: float = 0.0  # the largest finite one, either side of zero
    finite_at: int = 0  # steps that had been made at the latest finite one
    broke: tuple[float, int] | None = None  # the first that was not, and the steps from the one before it to there
    later: deque[Any] = field(default_factory=lambda: deque(maxlen=LAST))  # the latest, as the script has them, alike
    beside: Update | None = None  # the line whose updates are counted there

    def again(self, value: Any) -> Any:
        """It was computed once more."""
        self.later.append((value, self.beside.count))  # type: ignore[union-attr]  # for speed
        return value

    def finish(self, moves: int) -> None:
        """After the last, and so many updates."""
        parts = self.beside.parts if self.beside is not None else 1
        losses = [(loss, count // parts) for value, count in self.later if (loss := scalar(value)) is not None]
        if not losses:
            return
        self.ended, self.updates = losses[-1][0], (self.updates[0], moves)
        finite = [each for each in losses if math.isfinite(each[0])]
        if finite and len(self.later) == LAST:
            self.last.clear()  # between these and the later ones are some that were not kept
        self.last.extend(finite)
        self.top = max(self.top, *(abs(loss) for loss, _ in self.last), 0.0)

    def follow(self, loss: float, steps: int) -> None:
        """One that is looked at closely, after so many steps."""
        if math.isfinite(loss):
            self.last.append((loss, steps))
            self.top, self.finite_at = max(self.top, abs(loss)), steps
        elif self.broke is None:
            self.broke = loss, steps - self.finite_at


class Mover(NamedTuple):
    """The line that moves the parameters, its rate and momentum (None: not known), and what the rate is called."""

    place: Place
    rate: float | None
    momentum: float | None
    called: str


@dataclass
class Course:
    """Hears every update and every loss."""

    notes: Notes
    updates: dict[int, Update] = field(default_factory=dict)
    additions: dict[int, Update] = field(default_factory=dict)
    losses: dict[int, Losses] = field(default_factory=dict)
    optimizer: Mover | None = None  # the last to step, and its rate where that is the whole story
    steps: int = 0  # of optimizers
    sizes: set[int] = field(default_factory=set)
    torch: bool = False  # its scripts leave the gradient to autograd

    def updated(self, place: Place, value: Any, rate: Any, momentum: Any) -> Update:
        """After a parameter has moved."""
        update = self.updates.get(id(place))
        if update is None:
            update = self.updates[id(place)] = Update(place)
        update.again(value, rate, momentum)
        update.follow()
        return update

    def added(self, place: Place, value: Any, rate: Any, momentum: Any) -> Update | None:
        """After something was added to, which may be a parameter, or any sum; None where it is no number."""
        addition = self.additions.get(id(place))
        if addition is None:
            if not values_of(value):
                return None
            addition = self.additions[id(place)] = Update(place)
        addition.again(value, rate, momentum)
        return addition

    def moved(self, place: Place) -> Update:
        """What is known of a line that moves a parameter, down or up."""
        return self.updates.get(id(place)) or self.additions[id(place)]

    def lost(self, place: Place, value: Any) -> Losses:
        """A loss was computed here; what is no single number is let pass."""
        losses = self.losses.get(id(place))
        if losses is None:
            losses = self.losses[id(place)] = Losses(place)
        loss = scalar(value)
        if loss is None:
            return losses
        losses.ended, moves = loss, self.moves()
        losses.updates = (losses.updates[0] if losses.first else moves), moves
        losses.follow(loss, self.steps_made())
        if len(losses.first) < FIRST:
            losses.first.append(Standing(loss, self._standing()))
        return losses

    def finish(self) -> None:
        """After the last line."""
        from gradline.lessons.checker.divergence import diverged, exploded, factor_of, of_squares, ran_away

        factors = [factor_of(update) for update in self._with_rate() if self.optimizer is None]
        for losses in self.losses.values():
            losses.finish(self.moves())
            factors.append(of_squares(losses))
        for losses in self.losses.values():
            seen = exploded(losses, self.is_finite())
            if seen is not None:
                mover = self.mover(losses.place)
                factor = next(filter(None, factors), None) if self._one_rate() else None
                self.notes.add(diverged(seen._replace(factor=factor), mover, self._counted()), mover.place.lines)
            if not self.torch and not self.notes.has(2):
                self._mismatch(losses.first, seen is not None)
        alone = not any(losses.first and math.isfinite(losses.first[0].loss) for losses in self.losses.values())
        for update in sorted(self.updates.values(), key=lambda update: update.place.added):
            seen = ran_away(update, alone=alone)
            if seen is not None:
                seen = seen if self._one_rate() else seen._replace(factor=None)
                self.notes.add(diverged(seen, self._by(update), self._counted()), update.place.lines)

    def _mismatch(self, standings: list[Standing], exploded: bool) -> None:
        from gradline.lessons.checker.mismatch import mismatch

        places = {id(update.place): update.place for update in self._steps()}
        kept = [Standing(loss, {key: stood for key, stood in at.items() if key in places}) for loss, at in standings]
        seen = mismatch(kept, places, self.sizes, exploded)
        if seen is not None:
            self.notes.add(*seen)

    def _standing(self) -> dict[int, tuple[tuple[float, ...], float | None, int]]:
        return {
            key: (values_of(update.value), update.rate, update.count)
            for key, update in self.updates.items()
            if not update.place.part
        }

    def _steps(self) -> list[Update]:
        """The lines that move parameters: where some do with `-=`, what others add to may be a mean, or a velocity."""
        return [update for update in self.updates.values() if not update.place.added] or list(self.updates.values())

    def _with_rate(self) -> list[Update]:
        return [update for update in self._steps() if update.rate is not None]

    def is_finite(self) -> bool:
        """Whether what its lines move has ended finite; not known of what only optimizers move."""
        values = [value for update in self._steps() for value in values_of(update.value)]
        return bool(values) and all(map(math.isfinite, values))

    def ended_nowhere(self) -> bool:
        """Whether a loss, or what its lines move, is not finite in the end."""
        return not (self.is_finite() or not self.updates) or not all(
            math.isfinite(losses.ended) for losses in self.losses.values()
        )

    def moves(self) -> int:
        """Updates of all lines, and steps of optimizers, so far."""
        return sum(update.count for update in self.updates.values()) + self.steps

    def steps_made(self) -> int:
        """Of the line that was passed most often, or of optimizers."""
        return max(self._updates(), self.steps)

    def leading(self, otherwise: Place) -> Update:
        """The line with most of the steps."""
        return max(self.updates.values(), key=lambda update: update.made, default=Update(otherwise))

    def _updates(self) -> int:
        return max((update.made for update in self.updates.values()), default=0)

    def _counted(self) -> int:
        """The number of updates that may be told; 0 where it is not certain how many lines make one."""
        return 0 if any(update.place.turns for update in self.updates.values()) else self._updates()

    def _one_rate(self) -> bool:
        """Whether all that moves has the same, and the same momentum: else there is no limit for one."""
        return self.optimizer is not None or len({(each.rate, each.momentum) for each in self._with_rate()}) == 1

    def mover(self, otherwise: Place) -> Mover:
        """The line that moves the parameters, and its rate."""
        if self.optimizer is not None:
            return self.optimizer
        for update in [*self._with_rate(), *self._steps()]:
            return self._by(update)
        return Mover(otherwise, None, None, "")

    @staticmethod
    def _by(update: Update) -> Mover:
        return Mover(update.place, update.rate, update.momentum, "The rate")
