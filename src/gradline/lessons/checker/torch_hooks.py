"""What torch itself calls of a script that uses it: before each backward pass, each step, each of its loss modules.

Each goes to its watcher, with the line of the learner's file that led there.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from gradline.lessons.checker.course import Mover
from gradline.lessons.checker.names import learners_frame, name_of, variables
from gradline.lessons.checker.squares import comes_of_squares
from gradline.lessons.checker.watchers import Watchers, safe

LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


class TorchHooks:
    """Put in place as it is made; `remove()` takes all of them away."""

    def __init__(self, torch: Any, watchers: Watchers) -> None:
        self.watchers = watchers
        losses = tuple(getattr(torch.nn, name) for name in LOSSES)

        def before_module(module: Any, inputs: Any) -> None:
            if isinstance(module, losses) and len(inputs) == 2:
                self._module(inputs)

        def before_step(optimizer: Any, arguments: Any, named: Any) -> None:
            self._step(optimizer, len(arguments) > 1 or bool(named))  # the first argument is the optimizer

        original = torch.autograd.backward

        @functools.wraps(original)
        def backward(tensors: Any, grad_tensors: Any = None, *arguments: Any, **named: Any) -> None:
            self._backward(tensors, grad_tensors)
            original(tensors, grad_tensors, *arguments, **named)
            watchers.gradients.failed = None

        torch.autograd.backward = backward
        optimizers = importlib.import_module("torch.optim.optimizer")
        self._undo: list[Callable[[], object]] = [
            functools.partial(setattr, torch.autograd, "backward", original),
            torch.nn.modules.module.register_module_forward_pre_hook(before_module).remove,
            optimizers.register_optimizer_step_pre_hook(before_step).remove,
        ]

    def remove(self) -> None:
        """As torch was before."""
        while self._undo:
            self._undo.pop()()

    @safe
    def _backward(self, tensors: Any, given: Any) -> None:
        watchers = self.watchers
        frame = learners_frame(watchers.file)
        if frame is not None:
            place = watchers.line(frame.f_lineno)
            watchers.gradients.backward(tensors, given, place, frame)
            if watchers.is_tensor(tensors) and len(watchers.course.lost(place, tensors).first) == 1:
                place.squares = comes_of_squares(tensors)

    @safe
    def _step(self, optimizer: Any, closure: bool) -> None:
        watchers = self.watchers
        frame = learners_frame(watchers.file)
        if frame is None:
            return
        place = watchers.line(frame.f_lineno)
        watchers.gradients.step(optimizer, closure, place, frame)
        watchers.course.steps += 1
        group = optimizer.param_groups[0]
        plain = type(optimizer).__name__ == "SGD" and not closure and not group["nesterov"]
        momentum = float(group["momentum"]) if plain else None
        watchers.course.optimizer = Mover(place, float(group["lr"]) if plain else None, momentum, "lr")

    @safe
    def _module(self, inputs: Any) -> None:
        watchers = self.watchers
        frame = learners_frame(watchers.file)
        if frame is not None:
            place = watchers.line(frame.f_lineno)
            if watchers.visit(place):
                if not place.name:
                    seen = variables(frame)
                    place.name, place.other = name_of(inputs[0], seen, ""), name_of(inputs[1], seen, "")
                watchers.met(inputs[0], inputs[1], place, True)
