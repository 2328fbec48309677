"""What is told of torch's gradients: added up, gone to a result, lost, erased unused, of parameters not held."""

from __future__ import annotations

from typing import Any

from gradline.lessons.checker.notes import Note
from gradline.lessons.checker.places import Place


def accumulated(place: Place, name: str, value: str) -> Note:
    """1: `value` is the gradient that the parameter still held."""
    plain = "." not in name and "[" not in name and " " not in name
    return Note(
        1,
        place.line,
        f"backward() ran while {name}.grad still held {value} from an earlier step, and {name} has moved since.",
        f"PyTorch adds gradients up, so each step repeats all earlier ones: {name} swings past its answer and back, "
        "like a pendulum.",
        f"Add {name}.grad.zero_() (or optimizer.zero_grad()) once per step."
        if plain
        else "Add optimizer.zero_grad() once per step.",
    )


def renamed(place: Place, name: str, operation: str, read: int) -> Note:
    """6: `a = a - ...` has given the parameter's name to a result; `read` is the line that looked for its gradient."""
    reader = f"line {read}" if read != place.line else "the next time round, this line"
    return Note(
        6,
        place.line,
        f"{name} now names a result, the difference computed here, and no longer your parameter; {reader} reads "
        f"{name}.grad of it and gets None.",
        f"`{name} = {name} - ...` makes a new tensor: parameter -> {operation} -> {name}. Gradients arrive at the "
        "parameter, which has lost its name.",
        f"Change the parameter in place, outside the graph:  with torch.no_grad(): {name} -= ...",
    )


def lost(place: Place) -> Note:
    """7: the same under no_grad()."""
    name = place.name
    return Note(
        7,
        place.line,
        f"{name} lost its requires_grad here: it names a new tensor, made where gradients are off.",
        f"`{name} = {name} - ...` makes a new tensor; under no_grad() nothing records where it came from, so the next "
        "loss depends on no parameter.",
        f"Change the parameter in place:  {name} -= ...  under the same torch.no_grad().",
    )


def result(line: int, what: str, name: str, operation: str) -> Note:
    """8: requires_grad was set before the last operation; `what` begins the sentence."""
    return Note(
        8,
        line,
        f"{what} is the result of an operation ({operation}) on a tensor that requires_grad, not a parameter itself.",
        "Gradients arrive at the tensors on which requires_grad was set; arithmetic, a cast, a move or a view after it "
        f"makes a new tensor, and {name} names that one.",
        f"Let requires_grad come last: make {name} with all its arithmetic, then {name}.requires_grad_().",
    )


def erased(place: Place, used: int, what: str) -> Note:
    """10: zeroed between backward() and `what`, on line `used`."""
    return Note(
        10,
        place.line,
        f"the gradient was erased here, after backward() and before {what} on line {used} could use it.",
        "The update finds a gradient of zero, or none, so the parameters never change.",
        f"Move this line: to the top of the loop's body, or below line {used}."
        if used > place.line
        else "Move this line above backward(), or below the update.",
    )


def never(place: Place) -> Note:
    """10 as well: steps without any backward()."""
    return Note(
        10,
        place.line,
        "step() found no gradient in any parameter, for the second time: no backward() has run.",
        "The optimizer moves parameters along their gradients, and only backward() computes them.",
        "Call loss.backward() before this line.",
    )


def foreign(place: Place, held: int, inside: str, more: int) -> Note:
    """17: the optimizer holds `held` parameters; the loss depends on `inside` and some more."""
    return Note(
        17,
        place.line,
        f"step() moves {held} parameter{'s' * (held != 1)}, none of which is in the loss; the loss depends on "
        f"{inside}{f' and {more} more' if more > 0 else ''}.",
        "An optimizer keeps the tensors it was made with. A model or tensor made later is another object, even under "
        "the same name.",
        "Make the optimizer after the model, from the parameters that the loss uses.",
    )


def operation(tensor: Any) -> str:
    """What made a tensor: Mul, View, Sub."""
    return type(tensor.grad_fn).__name__.removesuffix("0").removesuffix("Backward")
