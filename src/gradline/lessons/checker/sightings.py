"""Looks at predictions and targets a few times, copied where they meet; what they are is thought about at the end."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gradline.lessons.checker.fits import Fit, Sighting, explanations
from gradline.lessons.checker.intercepts import value_of
from gradline.lessons.checker.names import name_of
from gradline.lessons.checker.places import LOOKED_AT, Place
from gradline.lessons.checker.shapes import is_array
from gradline.lessons.checker.values import copied, scalar

Moved = list[tuple[Any, Place | None]]  # what the script moves, with the line that does it

EARLY = (2, 3)  # those at which data are copied: after a step, so that no parameter is still at zero
LATER = 10  # of later ones every so many
LARGEST = 1_000_000  # rows of a prediction that is copied
LARGEST_DATA = 5_000_000  # numbers in data that are kept, as they are


@dataclass
class Line:
    """What was sighted at one place of one target: early, a step apart, and last of all."""

    visits: int = 0
    target: tuple[int, Any] | None = None  # the side, and the object there, that was the same at both early sightings
    early: list[Sighting] = field(default_factory=list)
    latest: deque[Sighting] = field(default_factory=lambda: deque(maxlen=2))
    other: Line | None = None  # of another target, that has come since
    _two: tuple[Any, Any] = (None, None)  # that met at the latest sighting

    def meets_another(self, one: Any, other: Any) -> bool:
        """Whether this is not the target from which these sightings are."""
        return self.target is not None and (one, other)[self.target[0]] is not self.target[1]

    def add(self, sighting: Sighting, one: Any, other: Any) -> None:
        """Keep one, the first two and the last two."""
        if self.visits not in EARLY:
            self.latest.append(sighting)
            return
        self.early.append(sighting)
        if len(self.early) == len(EARLY):
            same = (side for side, value in enumerate((one, other)) if value is self._two[side])
            self.target = next(((side, (one, other)[side]) for side in same), None)
        self._two = _without_graph(one), _without_graph(other)

    def fit(self) -> Fit | None:
        """The regression that explains two sightings with the same data: a full batch; of the data that came last."""
        found = list(_same_twice(self.early))
        now = list(explanations(self.latest[-1])) if self.latest and found else []
        if not now:
            return found[0] if found else None
        # an intercept that is next to nothing at first is seen later; or the same lines went on to other data
        still = (fit for fit in found if any(fit.of_same_data(later) for later in now))
        return next(still, None) or next(_same_twice(list(self.latest), moved_on=False), None)


@dataclass
class Sightings:
    """Looks at predictions and targets a few times, and thinks at the end."""

    intercepts: dict[str, set[str]] = field(default_factory=dict)  # what the script adds to products
    unmoved: set[str] = field(default_factory=set)  # those of them that no line of it moves
    lines: dict[int, Line] = field(default_factory=dict)

    def look(
        self,
        one: Any,
        other: Any,
        place: Place,
        moved: Callable[[], Moved],
        seen: Callable[[], dict[str, Any]],
        steps: Callable[[], int],
    ) -> None:
        """Copy what is there, where it is time to; then these are called, `seen` for the learner's variables."""
        line = self.lines.setdefault(id(place), Line())
        if line.meets_another(one, other):
            if line.other is None or line.other.meets_another(one, other):
                line.other = Line()
            line = line.other
        else:
            line.other = None
        line.visits += 1
        due = line.visits in EARLY or line.visits % LATER == 0
        if due and 2 <= len(one) <= LARGEST:
            sighting = self._sighting(one, other, place, moved(), seen())
            if sighting is not None:
                sighting.steps = steps()
                line.add(sighting, one, other)
                if len(line.early) == len(EARLY):
                    self.lines[id(place)] = line  # another target has come to stay

    def fits(self) -> list[Fit]:
        """Those that are found, one of a line."""
        return [fit for line in self.lines.values() if (fit := line.fit()) is not None]

    def _sighting(self, one: Any, other: Any, place: Place, moved: Moved, seen: dict[str, Any]) -> Sighting | None:
        if not moved:
            return None
        data = {name: value for name, value in seen.items() if may_be_data(value, len(one))}
        numbers = {name: value_of(name, seen) for name in self.unmoved}
        held = [(name, value) for name, each in numbers.items() if (value := _held(each, moved)) is not None]
        try:
            known = [(name_of(p, seen, at.name if at else "w"), p, copied(p), at) for p, at in moved]
            return Sighting(place, copied(one), copied(other), known, data, place.visits, self.intercepts, held)
        except RuntimeError:  # tensors without numbers: within vmap, on the meta device
            return None


def _held(value: Any, moved: Moved) -> float | None:
    """A number that is none of those that the script moves."""
    if isinstance(value, bool) or getattr(value, "requires_grad", False):
        return None
    return None if any(value is each for each, _ in moved) and is_array(value) else scalar(value)


def _same_twice(sightings: list[Sighting], *, moved_on: bool = True) -> Iterator[Fit]:
    for first, second in pairwise(sightings):
        for found in explanations(first):
            again = next((fit for fit in explanations(second) if fit.of_same_data(found)), None)
            if again is not None and not (moved_on and again.predicts_as(found)):
                visits = second.visit - first.visit
                found.passed_by = second.visit <= LOOKED_AT and second.steps - first.steps > visits
                if visits == 1 and second.visit <= LOOKED_AT:
                    found.later = again.coefficients
                yield found


def may_be_data(value: Any, rows: int) -> bool:
    """Whether this is an array of real numbers with so many rows, which no gradient is asked of."""
    if not is_array(value) or not 0 < value.ndim <= 2 or len(value) != rows or math.prod(value.shape) > LARGEST_DATA:
        return False
    if hasattr(value, "requires_grad"):
        return not value.requires_grad and not value.is_complex()  # with its graph it would stay alive
    return value.dtype.kind in "fiub"


def _without_graph(value: Any) -> Any:
    """A prediction of torch's is not kept: its graph would stay alive."""
    return None if getattr(value, "requires_grad", False) else value
