"""What the rewritten tree calls: each look goes to its watcher, and changes nothing.

A loop of a learner may have nothing in it but a few sums of floats, so a look has to be as short. What comes with every
row or step is looked at closely a thousand times; from then on a difference one time in fifty, and of updates and
losses only what their end will be told by is kept.
"""

from __future__ import annotations

import builtins
import functools
import operator
import sys
from collections.abc import Callable
from itertools import chain, cycle, repeat
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker import calls
from gradline.lessons.checker.places import LOOKED_AT, Place
from gradline.lessons.checker.shapes import cut_off, is_array
from gradline.lessons.checker.watchers import ONE_IN, Watchers, safe

if TYPE_CHECKING:
    from gradline.lessons.checker.torch_hooks import TorchHooks


# In place of the looks when all is over: functions of the script may still be called, at exit or in a thread.
BLIND: dict[str, Callable[..., Any] | None] = {
    calls.PAIR: lambda one, other, number: (one, other),
    calls.SUBTRACT: operator.sub,
    calls.LOSS_PAIR: lambda prediction, target, number: (prediction, target),
    calls.GRADIENT: lambda tensor, number: tensor,
    calls.ERASED: lambda owner, number: owner,
    calls.ARRIVING: lambda library: None,
    calls.OPEN: lambda: False,
    calls.UNREADABLE: Exception,
    calls.UPDATED: lambda value, rate, momentum: value,
    calls.ADDED: None,
    calls.LOSS: lambda value: value,
}


class Looks:
    """Those of one run; `with looks:` puts them in place, and blinds them."""

    def __init__(self, watchers: Watchers) -> None:
        self.watchers = watchers
        self._hooks: TorchHooks | None = None
        self._torch_before = "torch" in sys.modules

    def __enter__(self) -> Looks:
        looks: dict[str, Callable[..., Any]] = {
            calls.PAIR: self.pair,
            calls.SUBTRACT: operator.sub,
            calls.LOSS_PAIR: self.loss_pair,
            calls.GRADIENT: self.gradient,
            calls.ERASED: self.erased,
            calls.ARRIVING: self.arriving,
            calls.UNREADABLE: Exception,
        }
        for name, look in looks.items():
            setattr(builtins, name, look)
        self._look_closely()
        return self

    def __exit__(self, *_: object) -> None:
        for name, look in BLIND.items():
            setattr(builtins, name, look)
        for place in self.watchers.places:
            if place.look:
                setattr(builtins, place.look, BLIND[calls.kind_of(place.look)])
        if self._hooks is not None:
            self._hooks.remove()

    def _look_closely(self) -> None:
        """At each place that has a look of its own."""
        looks: dict[str, Callable[..., Any]] = {
            calls.UPDATED: self.updated,
            calls.ADDED: self.added,
            calls.LOSS: self.loss_of,
        }
        for place in self.watchers.places:
            if place.look:
                look = looks.get(calls.kind_of(place.look))
                setattr(builtins, place.look, functools.partial(look, place) if look else self._open())

    def _open(self) -> Callable[[], bool]:
        """Whether a difference is to be looked at: iterators in C, since it is asked at each."""
        if self.watchers.torch:  # gradients are read within differences
            return repeat(True).__next__
        return chain(repeat(True, LOOKED_AT), cycle((True, *repeat(False, ONE_IN - 1)))).__next__

    # called by the rewritten tree

    def pair(self, one: Any, other: Any, number: int) -> tuple[Any, Any]:
        """`one - other` is about to be computed."""
        if type(one) is float or isinstance(other, float | int):
            return one, other  # by far the most frequent, and the shortest loops: nothing to see in it
        watchers = self.watchers
        place = watchers.places[number]
        if watchers.visit(place) and is_array(one) and is_array(other):
            self._met(one, other, place, False)
        return one, other

    def loss_pair(self, prediction: Any, target: Any, number: int) -> tuple[Any, Any]:
        """A loss function is about to be called."""
        if is_array(prediction) and is_array(target):
            place = self.watchers.places[number]
            if self.watchers.visit(place):
                self._met(prediction, target, place, True)
        return prediction, target

    def gradient(self, tensor: Any, number: int) -> Any:
        """`tensor.grad` is about to be read."""
        if self.watchers.is_tensor(tensor):
            self._read(tensor, self.watchers.places[number])
        return tensor

    def erased(self, owner: Any, number: int) -> Any:
        """Its gradients are about to be zeroed."""
        if self.watchers.torch:
            self._erased(owner, self.watchers.places[number])
        return owner

    def updated(self, place: Place, value: Any, rate: Any, momentum: Any) -> Any:
        """`value` has moved by `- rate * ...`."""
        self._updated(place, value, rate, momentum)
        return value

    @safe
    def _updated(self, place: Place, value: Any, rate: Any, momentum: Any) -> None:
        watchers = self.watchers
        update = watchers.course.updated(place, value, rate, momentum)
        if isinstance(rate, float) and not place.returned:
            cut_off(value, place, watchers.notes)
        if watchers.is_tensor(value) and not place.returned:
            watchers.gradients.moved(value, place)
        elif update.count == LOOKED_AT and not watchers.torch:
            setattr(builtins, place.look, update.again)

    @safe
    def added(self, place: Place, value: Any, rate: Any, momentum: Any) -> None:
        """`value` has moved by `+ rate * ...`, or is a sum of something else."""
        if not (isinstance(value, float) or is_array(value)):
            return
        watchers = self.watchers
        tensor = watchers.is_tensor(value)
        if place.step and not tensor:
            self.updated(place, value, rate, momentum)
            return
        # of tensors only parameters: others may have a graph, which would stay alive
        if tensor and not (value.requires_grad and value.is_leaf):
            return
        addition = watchers.course.added(place, value, rate, momentum)
        place.visits += 1
        if place.visits >= LOOKED_AT and not watchers.torch:
            a_sum = addition is None or watchers.sightings is None
            setattr(builtins, place.look, None if a_sum or addition is None else addition.again)

    def loss_of(self, place: Place, value: Any) -> Any:
        """What may be a loss has been computed."""
        self._lost(place, value)
        return value

    def arriving(self, library: str) -> None:
        """torch is imported next, or has come with something else: its hooks are put in place."""
        if library == "torch":
            try:
                import torch  # noqa: F401 - as the learner's own import would
            except Exception:
                return  # the learner's own import will say it
        if self._hooks is None and (library == "torch" or ("torch" in sys.modules and not self._torch_before)):
            self._hook(sys.modules["torch"])

    # to the watchers

    @safe
    def _met(self, one: Any, other: Any, place: Place, in_loss: bool) -> None:
        self.watchers.met(one, other, place, in_loss)

    @safe
    def _read(self, tensor: Any, place: Place) -> None:
        self.watchers.gradients.read(tensor, place)

    @safe
    def _erased(self, owner: Any, place: Place) -> None:
        self.watchers.gradients.erase(owner, place)

    @safe
    def _lost(self, place: Place, value: Any) -> None:
        watchers = self.watchers
        if watchers.is_tensor(value) and value.requires_grad:
            return  # backward() will bring it
        if not watchers.course.losses:
            watchers.count_lists()
        losses = watchers.course.lost(place, value)
        place.visits += 1
        if place.visits == LOOKED_AT and not watchers.torch:
            losses.beside = watchers.course.leading(place)
            setattr(builtins, place.look, losses.again if losses.first else BLIND[calls.LOSS])

    @safe
    def _hook(self, torch: Any) -> None:
        from gradline.lessons.checker.torch_hooks import TorchHooks

        self._hooks = TorchHooks(torch, self.watchers)
        self.watchers.torch = self.watchers.course.torch = True
        self._look_closely()
