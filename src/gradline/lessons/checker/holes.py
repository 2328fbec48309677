"""Pitfall 19: a NaN or an infinity in the data, which every sum with it turns into; no rate mends that.

It is looked for where a prediction and its target meet first, before anything has moved: the parameters are finite
there, and rows of the prediction that are not are those of the data. What is made anew for the next meeting is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradline.lessons.checker.notes import Note, number
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.sightings import LARGEST_DATA, may_be_data
from gradline.lessons.checker.values import copied


@dataclass(eq=False)
class Holes:
    """Rows that hold no finite number, as one or both of two arrays that met have them."""

    place: Place
    pair: tuple[Any, Any]
    single: Any  # the only one of the two that has them; None where both do
    data: dict[str, Any]  # the learner's arrays that have them in the very same rows
    targets: dict[str, Any]  # variables that are one of the two
    again: bool = False  # whether they have met again

    def meet_again(self, variables: dict[str, Any]) -> None:
        """What has been made anew since is no data."""
        self.data, self.targets = (
            {name: value for name, value in some.items() if variables.get(name) is value}
            for some in (self.data, self.targets)
        )
        self.again = True

    def note(self) -> Note | None:
        """On the data that have them; None where they are not known."""
        met = () if self.again else self.pair  # either may be a prediction, as far as is known
        data = {
            name: value
            for name, value in self.data.items()
            if all(value is not each for each in met) and _not_finite(value).any()
        }
        own = (name for name, value in data.items() if value is self.single)  # the target itself
        name = next(own, next(iter(data), None))
        if name is None:
            return None
        target = next((each for each, value in self.targets.items() if value is not data[name]), None)
        return _told(self.place, name, data[name], target if self.again else None)


def holes(one: Any, other: Any, place: Place, variables: Callable[[], dict[str, Any]]) -> Holes | None:
    """What is not finite where these two meet; `variables` are the learner's."""
    import numpy as np

    shapes = tuple(one.shape), tuple(other.shape)
    if not all(shapes) or not len(one) == len(other) >= 2 or max(map(math.prod, shapes)) > LARGEST_DATA:
        return None
    sides = [side for side in (one, other) if bool(np.any(_not_finite(side)))]
    if not sides:
        return None
    seen, broken = variables(), [_not_finite(side) for side in sides]
    data = {name: value for name, value in seen.items() if may_be_data(value, len(one))}
    found = {name: each for name, each in data.items() if any(np.array_equal(_not_finite(each), b) for b in broken)}
    targets = {name: each for name, each in data.items() if each is one or each is other}
    # no prediction of torch's is kept: its graph would stay alive
    kept_one, kept_other, single = (
        None if getattr(each, "requires_grad", False) else each
        for each in (one, other, sides[0] if len(sides) == 1 else None)
    )
    return Holes(place, (kept_one, kept_other), single, found, targets)


def _not_finite(value: Any) -> Any:
    """(rows,) of bool: whether a number in it is not finite."""
    import numpy as np

    floats = value.is_floating_point() if hasattr(value, "detach") else value.dtype.kind == "f"
    try:
        return ~np.isfinite(copied(value) if floats else np.zeros(len(value))).reshape(len(value), -1).all(axis=1)
    except RuntimeError:  # a tensor without numbers: within vmap, on the meta device
        return np.zeros(len(value), dtype=bool)


def _told(place: Place, name: str, data: Any, target: str | None) -> Note:
    import numpy as np

    values = copied(data)
    rows = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    others = f", and {len(rows) - 1:,} more of its {len(values):,} rows have the like" if len(rows) > 1 else ""
    if len(rows) == len(values):
        cure = (
            f"Look where {name} is made: of a column with one nan, mean and deviation are nan; a constant column has a "
            "deviation of 0, and 0/0 is nan."
        )
    else:
        finite = f'abs({name}) < float("inf")'  # NumPy's or torch's, whatever the script calls them
        finite = f"({finite}).all(1)" if len(at) == 2 else finite
        kept = f"{name}, {target} = {name}[keep], {target}[keep]"
        if target is None:
            kept = f"{name} = {name}[keep], and so whatever else has as many rows"
        cure = f"Drop those rows, or fill them, before the loop:  keep = {finite}; {kept}"
    return Note(
        19,
        place.line,
        f"{name}[{', '.join(map(str, at))}] is {number(float(values[at]))}{others}.",
        "Every sum with it is nan, or infinite: the loss from the start, and after one step the parameters. No rate "
        "changes that.",
        cure,
    )
