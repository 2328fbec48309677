"""What the rewritten tree calls, and what torch's own hooks call: each look goes to its watcher, and changes nothing.

A look never raises: what goes wrong in one ends the watching, and the learner's script goes on as it would without.
Nor does it load what the script has no need of: a watcher comes with the first thing that it watches.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import operator
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker import rewriting
from gradline.lessons.checker.course import Course
from gradline.lessons.checker.names import learners_frame, name_of, variables
from gradline.lessons.checker.notes import Notes
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.shapes import cut_off, is_array, meet

if TYPE_CHECKING:
    from gradline.lessons.checker.gradients import Gradients
    from gradline.lessons.checker.straight_line import StraightLine

STRICT = "GRADLINE_CHECK_STRICT"  # set in our own tests: a fault in a look is raised
LOOKED_AT = 1000  # visits of a difference that are looked at: shapes do not change after that
SIGHTINGS = (2, 3)  # those at which data are copied: after a step, so that no parameter is still at zero


# In place of the looks when all is over: functions of the script may still be called, at exit or in a thread.
BLIND: dict[str, Callable[..., Any]] = {
    rewriting.PAIR: lambda one, other, number: (one, other),
    rewriting.SUBTRACT: operator.sub,
    rewriting.LOSS_PAIR: lambda prediction, target, number: (prediction, target),
    rewriting.GRADIENT: lambda tensor, number: tensor,
    rewriting.ERASED: lambda owner, number: owner,
    rewriting.UPDATED: lambda *_: None,
    rewriting.ADDED: lambda *_: None,
    rewriting.LOSS_OF: lambda value, number: value,
    rewriting.ARRIVING: lambda library: None,
}


def _safe(look: Callable[..., None]) -> Callable[..., None]:
    """A look whose own faults stay out of the learner's script."""

    @functools.wraps(look)
    def safe(self: Looks, *arguments: Any) -> None:
        if self.ended:
            return
        try:
            look(self, *arguments)
        except Exception:
            if STRICT in os.environ:
                raise
            self.ended = True

    return safe


@dataclass
class Looks:
    """All watchers of one run; `with looks:` puts them in place, and blinds them."""

    file: str
    places: list[Place]
    notes: Notes
    ended: bool = False
    torch: bool = False
    _undo: list[Callable[[], object]] = field(default_factory=list)
    _by_line: dict[int, Place] = field(default_factory=dict)
    _closed: str = ""
    _sums: set[int] = field(default_factory=set)  # places that add often, while nothing is predicted

    def __post_init__(self) -> None:
        self.course = Course(self.notes)
        self.straight_line: StraightLine | None = None
        self._torch_before = "torch" in sys.modules

    @functools.cached_property
    def gradients(self) -> Gradients:
        """torch's."""
        from gradline.lessons.checker.gradients import Gradients

        return Gradients(self.notes)

    def __enter__(self) -> Looks:
        looks: dict[str, Callable[..., Any]] = {
            rewriting.PAIR: self.pair,
            rewriting.SUBTRACT: operator.sub,
            rewriting.LOSS_PAIR: self.loss_pair,
            rewriting.GRADIENT: self.gradient,
            rewriting.ERASED: self.erased,
            rewriting.UPDATED: self.updated,
            rewriting.ADDED: self.added,
            rewriting.LOSS_OF: self.loss_of,
            rewriting.ARRIVING: self.arriving,
        }
        for name, look in looks.items():
            setattr(builtins, name, look)
        return self

    def __exit__(self, *_: object) -> None:
        for name, look in BLIND.items():
            setattr(builtins, name, look)
        while self._undo:
            self._undo.pop()()

    def finish(self, variables: dict[str, Any]) -> None:
        """After the script, whose variables these are: what only its end shows."""
        self._finish(variables)

    def closed_form(self) -> str:
        """The final parameters beside the least squares solution; "" where the script is no linear regression."""
        return self._closed

    # called by the rewritten tree

    def pair(self, one: Any, other: Any, number: int) -> tuple[Any, Any]:
        """`one - other` is about to be computed."""
        if type(one) is float or isinstance(other, float | int):
            return one, other  # by far the most frequent, and the shortest loops: nothing to see in it
        place = self.places[number]
        place.visits += 1
        if place.visits <= LOOKED_AT and is_array(one) and is_array(other):
            self._met(one, other, place, False)
        return one, other

    def loss_pair(self, prediction: Any, target: Any, number: int) -> tuple[Any, Any]:
        """A loss function is about to be called."""
        if is_array(prediction) and is_array(target):
            place = self.places[number]
            place.visits += 1
            if place.visits <= LOOKED_AT:
                self._met(prediction, target, place, True)
        return prediction, target

    def gradient(self, tensor: Any, number: int) -> Any:
        """`tensor.grad` is about to be read."""
        if self._is_tensor(tensor):
            self._read(tensor, self.places[number])
        return tensor

    def erased(self, owner: Any, number: int) -> Any:
        """Its gradients are about to be zeroed."""
        if self.torch:
            self._erased(owner, self.places[number])
        return owner

    def updated(self, number: int, value: Any, rate: Any, part: bool) -> None:
        """`value` has moved by `- rate * ...`."""
        place = self.places[number]
        if self.torch or not self.course.goes_on(place, value, rate):
            self._updated(place, value, rate, part)

    def added(self, number: int, value: Any, rate: Any) -> None:
        """`value` has moved by `+ rate * ...`, or is a sum of something else."""
        if number not in self._sums and (isinstance(value, float) or is_array(value)):
            self._added(number, value, rate)

    def loss_of(self, value: Any, number: int) -> Any:
        """What may be a loss has been computed."""
        self._lost(self.places[number], value)
        return value

    def arriving(self, library: str) -> None:
        """torch is imported next, or has come with something else: its hooks are put in place."""
        if library == "torch":
            try:
                import torch  # noqa: F401
            except Exception:
                return  # the learner's own import will say it
        if not self.torch and (library == "torch" or ("torch" in sys.modules and not self._torch_before)):
            self._hook(sys.modules["torch"])

    # to the watchers

    @_safe
    def _finish(self, variables: dict[str, Any]) -> None:
        self.course.sizes.update(len(each) for each in variables.values() if isinstance(each, list | tuple))
        if self.torch:
            self.gradients.finish()
        self.course.finish()
        if self.straight_line is not None:
            self._compare(self.straight_line)

    def _compare(self, straight_line: StraightLine) -> None:
        from gradline.lessons.checker.straight_line import closed_form, crawling, values_of
        from gradline.lessons.checker.uphill import climbing

        fit = straight_line.fit()
        if fit is None:
            return
        moved = [None if at is None else self.course.moved(at) for _, at in fit.objects]
        pairs = zip(fit.objects, moved, strict=True)
        final = values_of([tensor if update is None else update.value for (tensor, _), update in pairs])
        compared = closed_form(fit, final)
        if compared is None:
            return
        self._closed, best = compared
        place, rate, _ = self.course.mover(fit.objects[-1][1] or straight_line.sightings[0].place)
        added = any(update is not None and update.added for update in moved)
        note = None if added else crawling(fit, best, final, rate, place)
        if note is not None:
            self.notes.add(note, place.lines)
        uphill = climbing(fit, best, final, moved)
        if uphill is not None:
            self.notes.add(*uphill)

    @_safe
    def _met(self, one: Any, other: Any, place: Place, in_loss: bool) -> None:
        shape, other_shape = tuple(one.shape), tuple(other.shape)
        if not shape:
            return
        if shape != other_shape or in_loss:
            meet(one, other, place, self.notes, in_loss=in_loss)
        elif len(shape) in (1, 2):
            self.course.sizes.add(shape[0])
        if place.term:
            return  # no prediction and its target: something else belongs to it
        if place.visits in SIGHTINGS and shape == other_shape and shape in ((len(one),), (len(one), 1)):
            if self.straight_line is None:
                from gradline.lessons.checker.straight_line import StraightLine

                self.straight_line = StraightLine()
            frame = learners_frame(self.file)
            self.straight_line.look(one, other, place, self._parameters(), lambda: variables(frame))

    @_safe
    def _read(self, tensor: Any, place: Place) -> None:
        self.gradients.read(tensor, place)

    @_safe
    def _erased(self, owner: Any, place: Place) -> None:
        self.gradients.erase(owner, place)

    @_safe
    def _updated(self, place: Place, value: Any, rate: Any, part: bool) -> None:
        self.course.updated(place, value, rate, part)
        if part and isinstance(rate, float):
            cut_off(value, place, self.notes)
        if self._is_tensor(value):
            self.gradients.moved(value, place)

    @_safe
    def _added(self, number: int, value: Any, rate: Any) -> None:
        place = self.places[number]
        place.visits += 1
        if place.visits > LOOKED_AT and self.straight_line is None:
            self._sums.add(number)
        # of tensors only parameters: others may have a graph, which would stay alive
        elif not self._is_tensor(value) or (value.requires_grad and value.is_leaf):
            self.course.added(place, value, rate)

    @_safe
    def _lost(self, place: Place, value: Any) -> None:
        if not (self._is_tensor(value) and value.requires_grad):  # else backward() will bring it
            self.course.lost(place, value)

    @_safe
    def _backward(self, tensors: Any, given: Any) -> None:
        frame = learners_frame(self.file)
        if frame is not None:
            place = self._line(frame.f_lineno)
            self.gradients.backward(tensors, given, place, frame)
            if self._is_tensor(tensors):
                self.course.lost(place, tensors)

    @_safe
    def _step(self, optimizer: Any, closure: bool) -> None:
        frame = learners_frame(self.file)
        if frame is None:
            return
        place = self._line(frame.f_lineno)
        self.gradients.step(optimizer, closure, place, frame)
        self.course.steps += 1
        group = optimizer.param_groups[0]
        plain = type(optimizer).__name__ == "SGD" and not group.get("momentum") and not closure
        self.course.optimizer = place, float(group["lr"]) if plain else None

    @_safe
    def _module(self, module: Any, inputs: Any) -> None:
        frame = learners_frame(self.file)
        if frame is not None:
            place = self._line(frame.f_lineno)
            place.visits += 1
            if place.visits <= LOOKED_AT:
                if not place.name:
                    seen = variables(frame)
                    place.name, place.other = name_of(inputs[0], seen, ""), name_of(inputs[1], seen, "")
                self._met(inputs[0], inputs[1], place, True)

    # torch's own hooks

    @_safe
    def _hook(self, torch: Any) -> None:
        self.torch = self.course.torch = True
        losses = tuple(getattr(torch.nn, name) for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"))

        def before_module(module: Any, inputs: Any) -> None:
            if isinstance(module, losses) and len(inputs) == 2:
                self._module(module, inputs)

        def before_step(optimizer: Any, arguments: Any, named: Any) -> None:
            self._step(optimizer, len(arguments) > 1 or bool(named))  # the first argument is the optimizer

        original = torch.autograd.backward

        @functools.wraps(original)
        def backward(tensors: Any, grad_tensors: Any = None, *arguments: Any, **named: Any) -> None:
            self._backward(tensors, grad_tensors)
            original(tensors, grad_tensors, *arguments, **named)
            self.gradients.failed = None

        torch.autograd.backward = backward
        self._undo.append(functools.partial(setattr, torch.autograd, "backward", original))
        self._undo.append(torch.nn.modules.module.register_module_forward_pre_hook(before_module).remove)
        optimizers = importlib.import_module("torch.optim.optimizer")
        self._undo.append(optimizers.register_optimizer_step_pre_hook(before_step).remove)

    def _is_tensor(self, value: Any) -> bool:
        return self.torch and isinstance(value, sys.modules["torch"].Tensor)

    def _line(self, line: int) -> Place:
        """The place of a line that was come to by a hook."""
        found = self._by_line.get(line)
        if found is None:
            found = self._by_line[line] = Place(line, self._statement(line))
        return found

    def _statement(self, line: int) -> range:
        around = [place.lines for place in self.places if line in place.lines]
        return min(around, key=len, default=range(line, line + 1))

    def _parameters(self) -> list[tuple[Any, Place | None]]:
        """Everything that the script moves, with the line that does it; what is added to comes last."""
        moves = [*self.course.updates.values(), *self.course.additions.values()]
        moved: list[tuple[Any, Place | None]] = [(update.value, update.place) for update in moves if not update.part]
        known = {id(value) for value, _ in moved}
        for parameter in self.gradients.parameters.values() if self.torch else ():
            tensor = parameter.tensor()
            if tensor is not None and id(tensor) not in known:
                moved.append((tensor, None))
        return moved
