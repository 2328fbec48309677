"""torch's gradients, watched: added up (1), on a result (6, 8), lost (7), None (9), erased unused (10), not held (17).

Every rule compares values, not calls: a gradient counts as zeroed when it is None or zero, however that came about. So
an accumulation that is meant stays silent: the parameters do not move between its backward passes.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from gradline.lessons.checker import gradients_told as told
from gradline.lessons.checker.names import name_of, variables
from gradline.lessons.checker.notes import Note, Notes, number
from gradline.lessons.checker.places import Place

VISITS = 300  # of a line that is watched: what is wrong shows in the first two
NODES = 20_000  # of a graph that is searched for its parameters
VALUES = 8  # of a parameter, that show whether it has moved: writing through `.data` leaves no other trace
SEEN_BY = "gradline"  # the key under which a node of the graph remembers the backward that went through it


@dataclass(eq=False, slots=True)
class Parameter:
    """A leaf that some loss depended on.

    Attributes
    ----------
    tensor : weak reference
        So that an input that requires_grad is not kept alive.
    stood : list
        Where it was when the last backward ran: how often it had been written to, and some of its values.
    stale : tuple or None
        (place, name and gradient it still held, where it stood) of a backward that added to an old gradient.
    erased : Place or None
        Where its gradient was zeroed without having been used.
    """

    tensor: weakref.ref[Any]
    stood: list[float]
    stale: tuple[Place, str, list[float]] | None = None
    erased: Place | None = None


@dataclass
class Failed:
    """The backward pass that raised: from where, and in which state."""

    line: int
    root: Any
    cause: str  # "vector", "nothing", "twice" or ""
    earlier: int = 0  # the line of the backward that had been through this graph


@dataclass
class Gradients:
    """Sees every backward pass, every optimizer step, and every gradient that the learner's own lines read."""

    notes: Notes
    parameters: dict[int, Parameter] = field(default_factory=dict)
    failed: Failed | None = None
    none: tuple[Place, bool] | None = None  # where a gradient that was None was read last, and whether any backward ran
    backwards: int = 0
    _visits: dict[int, int] = field(default_factory=dict)
    _leaves: dict[int, set[int]] = field(default_factory=dict)  # by optimizer: of the losses since its last step
    _steps: dict[int, int] = field(default_factory=dict)
    # by optimizer that found nothing while others' gradients were there: what it holds, and the note
    _foreign: dict[int, tuple[dict[int, Any], Note, range]] = field(default_factory=dict)
    _moved: dict[int, tuple[Any, Place]] = field(default_factory=dict)  # by place: what `a = a - ...` made there
    _read: tuple[int, str] = (0, "")

    # looks

    def backward(self, roots: Any, given: Any, place: Place, frame: FrameType | None) -> None:
        """Before a backward pass."""
        roots = list(roots) if isinstance(roots, list | tuple) else [roots]
        self.backwards += 1
        visits = self._visits[place.line] = self._visits.get(place.line, 0) + 1
        leaves, earlier = _walk(roots, place.line, self.backwards) if visits <= VISITS else ([], 0)
        self.failed = None
        for root in roots:
            self._foresee(root, given, place, earlier)
        seen: dict[str, Any] | None = None
        for tensor in leaves:
            known = self._known(tensor)
            if known is None:
                known = self.parameters[id(tensor)] = Parameter(weakref.ref(tensor), _stands(tensor))
            for others in self._leaves.values():
                others.add(id(tensor))
            for optimizer in [key for key, (held, *_) in self._foreign.items() if id(tensor) in held]:
                del self._foreign[optimizer]  # it was not its turn
            known.erased = None
            stands = _stands(tensor)
            if not _is_set(tensor.grad):
                known.stale = None
            elif known.stale is None:
                if stands != known.stood:
                    seen = variables(frame) if seen is None else seen
                    known.stale = place, _held(tensor, seen), stands
            elif stands != known.stale[2]:
                self._accumulated(known)
            known.stood = stands

    def step(self, optimizer: Any, closure: bool, place: Place, frame: FrameType | None) -> None:
        """Before an optimizer's step."""
        steps = self._steps[id(optimizer)] = self._steps.get(id(optimizer), 0) + 1
        leaves = self._leaves.get(id(optimizer), set() if steps > 1 else set(self.parameters))
        self._leaves[id(optimizer)] = set()
        if steps > VISITS or closure:
            return
        held = [tensor for group in optimizer.param_groups for tensor in group["params"]]
        for tensor in held:
            known = self._known(tensor)
            if known is not None and known.stale is not None and _is_set(tensor.grad):
                self._accumulated(known)
        if any(_is_set(tensor.grad) for tensor in held):
            return
        erased = [known.erased for known in map(self._known, held) if known is not None and known.erased]
        if leaves and leaves.isdisjoint(map(id, held)):
            if not any(map(self._known, held)):
                self._suspect(optimizer, held, leaves, place, frame)
        elif erased:
            self.notes.add(told.erased(erased[0], place.line, "step()"), erased[0].lines)
        elif steps == 2 and not self.backwards and all(tensor.grad is None for tensor in held):
            self.notes.add(told.never(place), place.lines)

    def erase(self, owner: Any, place: Place) -> None:
        """Before gradients are zeroed: those of a tensor, of a model, of an optimizer."""
        place.visits += 1
        if place.visits > VISITS:
            return
        for tensor in _parameters(owner):
            known = self._known(tensor)
            if known is not None:
                known.erased = place if _is_set(tensor.grad) and _stands(tensor) == known.stood else None

    def read(self, tensor: Any, place: Place) -> None:
        """Before the learner's own line reads `tensor.grad`."""
        if not tensor.is_leaf:
            if tensor.requires_grad and not tensor.retains_grad:
                self._on_a_result(tensor, place)
        elif tensor.requires_grad:
            self._read = (place.line, place.name)
            if tensor.grad is None:
                self.none = place, self.backwards > 0
        elif any(tensor is made for made, _ in self._moved.values()):
            self._lost()

    def moved(self, tensor: Any, place: Place) -> None:
        """After `a -= ...` or `a = a - ...`."""
        known = self._known(tensor)
        if known is not None:
            if known.erased is not None and not _is_set(tensor.grad):
                self.notes.add(told.erased(known.erased, place.line, "the update"), known.erased.lines)
        elif self._read[0] == place.line:  # a new object has taken the name of the one whose gradient was just read
            self._moved[id(place)] = tensor, place

    def finish(self) -> None:
        """After the last line: parameters that no backward reached, a gradient that was used and never zeroed again."""
        for held, note, lines in self._foreign.values():
            if all(tensor.grad is None for tensor in held.values()):  # nor by a backward that was not looked at
                self.notes.add(note, lines)
        for known in self.parameters.values():
            tensor = known.tensor()
            if tensor is not None and known.stale is not None and _stands(tensor) != known.stale[2]:
                self._accumulated(known)

    # what they note

    def _known(self, tensor: Any) -> Parameter | None:
        known = self.parameters.get(id(tensor))
        return known if known is not None and known.tensor() is tensor else None

    def _foresee(self, root: Any, given: Any, place: Place, earlier: int) -> None:
        if not root.requires_grad:
            self._lost()
            self.failed = Failed(place.line, root, "nothing")
        elif root.numel() != 1 and given is None:
            self.failed = Failed(place.line, root, "vector")
        else:
            self.failed = Failed(place.line, root, "twice" if earlier else "", earlier)

    def _accumulated(self, known: Parameter) -> None:
        assert known.stale is not None
        place, held, _ = known.stale
        name, _, value = held.partition("\n")
        self.notes.add(told.accumulated(place, name, value), place.lines)

    def _suspect(
        self, optimizer: Any, held: list[Any], leaves: set[int], place: Place, frame: FrameType | None
    ) -> None:
        inside = [self.parameters[key].tensor() for key in leaves if key in self.parameters]
        name = name_of(inside[0], variables(frame), "another parameter") if inside else "other parameters"
        note = told.foreign(place, len(held), name, len(inside) - 1)
        self._foreign.setdefault(id(optimizer), ({id(tensor): tensor for tensor in held}, note, place.lines))

    def _on_a_result(self, tensor: Any, place: Place) -> None:
        updated = next((place for made, place in self._moved.values() if made is tensor), None)
        operation, name = told.operation(tensor), place.name or "the tensor"
        if updated is not None or operation == "Sub":
            at = updated or place
            self.notes.add(told.renamed(at, name, operation, place.line), at.lines)
        else:
            self.notes.add(told.result(place.line, f"{name}.grad is None: {name}", name, operation), place.lines)

    def _lost(self) -> None:
        for tensor, place in self._moved.values():
            if not tensor.requires_grad:
                self.notes.add(told.lost(place), place.lines)


def _torch() -> Any:
    return sys.modules["torch"]


def _parameters(owner: Any) -> Iterator[Any]:
    """The tensors whose gradients `owner` zeroes."""
    if isinstance(owner, _torch().Tensor):
        yield owner
    elif hasattr(owner, "param_groups"):
        for group in owner.param_groups:
            yield from group["params"]
    elif isinstance(owner, _torch().nn.Module):
        yield from owner.parameters()


def _nodes(roots: list[Any]) -> Iterator[Any]:
    """The nodes of a graph, each once, those that lead to parameters among them."""
    waiting = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen: set[Any] = set()
    while waiting and len(seen) < NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [before for before, _ in node.next_functions if before is not None]


def _walk(roots: list[Any], line: int, serial: int) -> tuple[list[Any], int]:
    """The parameters behind a loss, and the line of an earlier backward through a part of its graph (0: none)."""
    leaves = [root for root in roots if root.is_leaf and root.requires_grad]
    earlier = 0
    for node in _nodes(roots):
        variable = getattr(node, "variable", None)
        if variable is not None:
            leaves.append(variable)
            continue
        before = node.metadata.get(SEEN_BY)
        if before is not None and before[1] != serial:
            earlier = before[0]
        node.metadata[SEEN_BY] = line, serial
    return leaves, earlier


def _is_set(gradient: Any) -> bool:
    return gradient is not None and bool(gradient.any())


def _stands(tensor: Any) -> list[float]:
    values: list[float] = tensor.detach().flatten()[:VALUES].tolist()
    return [tensor._version, *values]


def _held(tensor: Any, seen: dict[str, Any]) -> str:
    """The parameter's name, a newline, and the gradient it holds."""
    name, held = name_of(tensor, seen, "p"), tensor.grad
    if held.numel() == 1:
        return f"{name}\n{number(float(held.detach()))}"
    return f"{name}\n{held.numel():,} numbers of length {number(float(held.detach().norm()))}"
