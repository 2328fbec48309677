"""What the learner calls an object, and the frame in which they do."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

TOO_MANY = 200  # variables of a frame that are searched


def learners_frame(file: str) -> FrameType | None:
    """The innermost frame that runs the learner's file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != file:
        frame = frame.f_back
    return frame


def variables(frame: FrameType | None) -> dict[str, Any]:
    """The variables of a frame, those of its module behind them; none with an underscore in front, no modules."""
    if frame is None:
        return {}
    seen = {**frame.f_globals, **frame.f_locals} if frame.f_locals is not frame.f_globals else dict(frame.f_globals)
    return {name: value for name, value in seen.items() if not name.startswith("_")}


def name_of(wanted: Any, seen: dict[str, Any], otherwise: str) -> str:
    """The variable that is this very object; or where in a list, or in a model, it is found.

    Examples
    --------
    >>> a, b = [1.0], [2.0]
    >>> name_of(b, {"x": 3, "both": [a, b]}, "a parameter")
    'both[1]'
    >>> name_of([3.0], {"a": a}, "a parameter")
    'a parameter'
    """
    for name, value in seen.items():
        if value is wanted:
            return name
    own = vars(seen["self"]) if hasattr(seen.get("self"), "__dict__") else {}
    within = {**seen, **{f"self.{name}": value for name, value in own.items() if not name.startswith("_")}}
    for name, value in list(within.items())[:TOO_MANY]:
        if value is wanted:
            return name
        if isinstance(value, list | tuple) and len(value) <= TOO_MANY:
            for number, item in enumerate(value):
                if item is wanted:
                    return f"{name}[{number}]"
        elif isinstance(value, dict) and len(value) <= TOO_MANY:
            for key, item in value.items():
                if item is wanted:
                    return f"{name}[{key!r}]"
        named = getattr(type(value), "named_parameters", None)
        if named is not None:
            for part, parameter in named(value):
                if parameter is wanted:
                    return f"{name}.{part}"
    return otherwise
