"""The rows of a block with the largest figures: most rows are passed over, many at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.solution import Array

PART = 64  # rows whose largest is looked at first


class Key(NamedTuple):
    """What rows are sorted by, and how large it is where: so that most rows are passed over."""

    values: Array  # unknown ones are -inf
    parts: Array  # the largest of each `PART` rows; of those after the last such part too, in an entry of its own

    @classmethod
    def of(cls, values: Array) -> Key:
        """Of one value a row; NaN where it is not known."""
        whole = len(values) // PART * PART
        parts = values[:whole].reshape(-1, PART).max(axis=1)
        if whole < len(values):
            parts = np.append(parts, values[whole:].max())
        if np.isnan(parts).any():
            return cls.of(np.where(np.isnan(values), -np.inf, values))
        return cls(values, parts)

    def beyond(self, bound: float, times: Array | None) -> int:
        """How many rows are above it."""
        if not self.parts.max(initial=-np.inf) > bound:
            return 0
        above = self.values > bound
        return int(np.count_nonzero(above) if times is None else times[above].sum())

    def largest(self, top: int) -> NDArray[np.intp]:
        """The rows of the `top` largest, of equal ones the first; in no order."""
        known = np.arange(len(self.values))
        if len(self.parts) > top > 0:  # so many parts have one at least as large as this, so that few rows are left
            known = np.flatnonzero(self.values >= np.partition(self.parts, len(self.parts) - top)[-top])
        values = self.values[known]
        if len(known) > top:
            least = np.partition(values, len(known) - top)[len(known) - top] if top else np.inf
            above = known[values > least]
            known = np.concatenate([above, known[values == least][: top - len(above)]])
        return known[self.values[known] > -np.inf]
