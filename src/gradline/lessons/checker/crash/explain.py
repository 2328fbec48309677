"""The first cause that knows what happened; else what the variables of the line were."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from gradline.lessons.checker.crash.arguments import layer, live_tensor, mixed_product, scikit_learn
from gradline.lessons.checker.crash.backward import backward
from gradline.lessons.checker.crash.parameters import integer_parameter, leaf_in_place, no_gradient, result_in_optimizer
from gradline.lessons.checker.crash.state import Crash, crash_of, named
from gradline.lessons.checker.gradients import Gradients
from gradline.lessons.checker.notes import CRASH, Note, Notes
from gradline.lessons.checker.shapes import is_array
from gradline.lessons.checker.watchers import STRICT

CAUSES: tuple[Callable[[Crash], Note | None], ...] = (
    backward,
    leaf_in_place,
    no_gradient,
    integer_parameter,
    layer,
    scikit_learn,
    result_in_optimizer,
    live_tensor,
    mixed_product,
)


def explain(error: BaseException, source: bytes, file: str, gradients: Gradients, notes: Notes) -> None:
    """Note the cause of an exception, unless it was foreseen by a note already."""
    crash = crash_of(error, source, file, gradients)
    if crash is None or (notes.has(6, 7, 8) and isinstance(error, AttributeError | TypeError | RuntimeError)):
        return  # what a lost parameter leads to
    try:
        note = next((note for note in (cause(crash) for cause in CAUSES) if note is not None), None)
        if note is not None or not _met_a_table(crash, notes.line_of(2)):
            notes.add(note or _unknown(crash, list(named(crash))))
    except Exception:  # a variable of theirs that cannot even be looked at
        if STRICT in os.environ:
            raise
        notes.add(_unknown(crash, []))


def _met_a_table(crash: Crash, noted: int) -> bool:
    """Whether shapes did not fit where a column met a row, as was `noted` on a line: this one, or one before it."""
    if not noted or not isinstance(crash.error, ValueError | RuntimeError | IndexError):
        return False
    shapes = [tuple(value.shape) for _, value in named(crash) if is_array(value)]
    return noted == crash.line or any(len(shape) == 2 and shape[0] == shape[1] > 1 for shape in shapes)


def _unknown(crash: Crash, variables: list[tuple[str, Any]]) -> Note:
    """No pitfall: what stopped it, and what its variables were."""
    kind = type(crash.error).__name__
    shown = [f"{name} is {described}" for name, value in variables if (described := _described(value))]
    return Note(
        CRASH,
        crash.line,
        f"the script stopped here with {'an' if kind[0] in 'AEIOU' else 'a'} {kind}.",
        "It is none of the pitfalls known here; the traceback above has its words.",
        f"What stands on this line: {'; '.join(shown[:6])}." if shown else "Look at what this line is given.",
    )


def _described(value: Any) -> str:
    """What kind of thing a variable is, where that may be what is wrong; else ""."""
    if is_array(value):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    try:
        if isinstance(value, float | int) or value is None:
            return repr(value)
        if isinstance(value, list | tuple | dict | str):
            return f"a {type(value).__name__} of {len(value)}"
    except Exception:  # an int of more digits than Python prints; a length of theirs
        return f"of the type {type(value).__name__}"
    return ""
