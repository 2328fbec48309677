"""All watchers of one run, what they are told together, and what they find when it is over.

A look never raises: what goes wrong in one ends the watching, and the learner's script goes on as it would without.
Nor does it load what the script has no need of: a watcher comes with the first thing that it watches.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker import calls
from gradline.lessons.checker.course import Course, Update
from gradline.lessons.checker.names import learners_frame, variables
from gradline.lessons.checker.notes import Notes
from gradline.lessons.checker.places import LOOKED_AT, Place
from gradline.lessons.checker.shapes import meet
from gradline.lessons.checker.values import values_of

if TYPE_CHECKING:
    from gradline.lessons.checker.fits import Fit
    from gradline.lessons.checker.gradients import Gradients
    from gradline.lessons.checker.holes import Holes
    from gradline.lessons.checker.sightings import Sightings
    from gradline.solution import Array

STRICT = "GRADLINE_CHECK_STRICT"  # set in our own tests: a fault in a look is raised
ONE_IN = 50  # visits of one that is well known


def safe(look: Callable[..., None]) -> Callable[..., None]:
    """A look whose own faults stay out of the learner's script: of a class that has `watchers`, or is them."""

    @functools.wraps(look)
    def safely(self: Any, *arguments: Any) -> None:
        watchers: Watchers = getattr(self, "watchers", self)
        if watchers.ended:
            return
        try:
            look(self, *arguments)
        except Exception:
            if STRICT in os.environ:
                raise
            watchers.ended = True

    return safely


@dataclass
class Watchers:
    """Those of one run of `file`; `torch` from when it is there, `ended` after a fault of our own."""

    file: str
    places: list[Place]
    notes: Notes
    intercepts: dict[str, set[str]] = field(default_factory=dict)  # what the script adds to products
    torch: bool = False
    ended: bool = False
    closed_form: str = ""  # the final parameters beside the least squares solution, where there is one
    sightings: Sightings | None = None
    holes: Holes | None = None  # numbers that are not finite, where they were met first
    lists: dict[str, int] = field(default_factory=dict)  # and how long they were at the first loss
    _by_line: dict[int, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.course = Course(self.notes)

    @functools.cached_property
    def gradients(self) -> Gradients:
        """torch's."""
        from gradline.lessons.checker.gradients import Gradients

        return Gradients(self.notes)

    def visit(self, place: Place) -> bool:
        """Count one, and say whether it is to be looked at; where torch is not, the tree itself asks for fewer."""
        place.visits += 1
        return not self.torch or place.visits <= LOOKED_AT or place.visits % ONE_IN == 0

    def met(self, one: Any, other: Any, place: Place, in_loss: bool) -> None:
        """Two arrays are about to be subtracted, or to be a loss function's prediction and target."""
        shape, other_shape = tuple(one.shape), tuple(other.shape)
        if not shape:
            return
        if shape != other_shape or in_loss:
            meet(one, other, place, self.notes, in_loss=in_loss)
        elif len(shape) in (1, 2):
            self.course.sizes.add(shape[0])
        if place.visits <= 2 and not (self.holes is None and self.course.moves()):
            self._look_for_holes(one, other, place)
        if place.term:
            return  # no prediction and its target: something else belongs to it
        if shape == other_shape and shape in ((len(one),), (len(one), 1)):
            if self.sightings is None:
                from gradline.lessons.checker.sightings import Sightings

                moves = (calls.UPDATED, calls.ADDED)
                moved = {place.moved for place in self.places if place.look and calls.kind_of(place.look) in moves}
                self.sightings = Sightings(self.intercepts, self.intercepts.keys() - moved)
            self.sightings.look(one, other, place, self._parameters, self._variables, self.course.steps_made)

    def count_lists(self) -> None:
        """Before the first loss, when those that hold the data are full."""
        self.lists = _lengths(self._variables())

    def is_tensor(self, value: Any) -> bool:
        """Whether this is one of torch's."""
        return self.torch and isinstance(value, sys.modules["torch"].Tensor)

    def line(self, line: int) -> Place:
        """The place of a line that was come to by a hook."""
        found = self._by_line.get(line)
        if found is None:
            found = self._by_line[line] = Place(line, self._statement(line))
        return found

    @safe
    def finish(self, variables: dict[str, Any]) -> None:
        """After the script, whose variables these are: what only its end shows."""
        if not self.course.sizes:  # the data are no arrays; what has grown since the first loss is a history
            lists = _lengths(variables)
            self.course.sizes.update(lists[name] for name, length in self.lists.items() if lists.get(name) == length)
        if self.torch:
            self.gradients.finish()
        self.course.finish()
        if self.holes is not None and self._ended_nowhere():
            note = self.holes.note()
            if note is not None:
                self.notes.add(note, self.holes.place.lines)
        if self.sightings is not None:
            import numpy as np

            with np.errstate(all="ignore"):  # numbers of a descent that ran away
                fits = self.sightings.fits()
                if fits:
                    self._compare(fits)

    def _variables(self) -> dict[str, Any]:
        return variables(learners_frame(self.file))

    def _look_for_holes(self, one: Any, other: Any, place: Place) -> None:
        from gradline.lessons.checker.holes import holes

        if self.holes is None:
            self.holes = holes(one, other, place, self._variables)
        elif self.holes.place is place and place.visits == 2:
            self.holes.meet_again(self._variables())

    def _ended_nowhere(self) -> bool:
        values = (
            [values_of(parameter.tensor()) for parameter in self.gradients.parameters.values()] if self.torch else []
        )
        return self.course.ended_nowhere() or not all(map(math.isfinite, chain.from_iterable(values)))

    def _compare(self, fits: list[Fit]) -> None:
        from gradline.lessons.checker.straight_line import closed_form, crawling, learned_from
        from gradline.lessons.checker.uphill import climbing

        found = learned_from([(fit, self._final(fit)) for fit in fits])
        if found is None:
            return
        fit, final = found
        moved = self._moved(fit)
        compared = closed_form(fit, final)
        if compared is None:
            return
        self.closed_form, best = compared
        place, rate, momentum, _ = self.course.mover(fit.objects[-1][1] or fit.place)
        steps = all(update is None or update.place.step for update in moved)
        note = crawling(fit, best, final, rate, place, self.course.steps_made()) if steps and momentum == 0 else None
        if note is not None:
            self.notes.add(note, place.lines)
        uphill = climbing(fit, best, final, moved)
        if uphill is not None:
            self.notes.add(*uphill)

    def _final(self, fit: Fit) -> Array:
        """Where its coefficients ended."""
        from gradline.lessons.checker.straight_line import in_one_row

        pairs = zip(fit.objects, self._moved(fit), strict=True)
        return in_one_row([tensor if update is None else update.value for (tensor, _), update in pairs])

    def _moved(self, fit: Fit) -> list[Update | None]:
        """The lines that move its parameters, where lines do."""
        return [None if at is None else self.course.moved(at) for _, at in fit.objects]

    def _statement(self, line: int) -> range:
        around = [place.lines for place in self.places if line in place.lines]
        return min(around, key=len, default=range(line, line + 1))

    def _parameters(self) -> list[tuple[Any, Place | None]]:
        """Everything that the script moves, with the line that does it; what is added to comes last."""
        moves = [*self.course.updates.values(), *self.course.additions.values()]
        moved: list[tuple[Any, Place | None]] = [
            (update.value, update.place) for update in moves if not update.place.part
        ]
        known = {id(value) for value, _ in moved}
        for parameter in self.gradients.parameters.values() if self.torch else ():
            tensor = parameter.tensor()
            if tensor is not None and id(tensor) not in known:
                moved.append((tensor, None))
        return moved


def _lengths(variables: dict[str, Any]) -> dict[str, int]:
    return {name: len(value) for name, value in variables.items() if isinstance(value, list | tuple)}
