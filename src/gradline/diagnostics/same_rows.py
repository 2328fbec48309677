"""Whether the rows of a second pass are those of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import EPSILON, Frame
from gradline.diagnostics.products import Products
from gradline.errors import DataError
from gradline.solution import Array


@dataclass(frozen=True, slots=True)
class SameRows:
    """Whether the rows are those of the fit; its figure is what the sums of z z' have come to.

    It comes after the measures whose products it shares.
    """

    of_any_part: ClassVar[bool] = True
    frame: Frame
    name: str

    def of(self, block: Block) -> Products:
        """See `Measure`."""
        return block.products()

    def merged(self, first: Products, then: Products) -> Products:
        """See `Measure`."""
        return first.merged(then)

    def figures(self, state: Products) -> Array:
        """See `Measure`; raises where these are other rows."""
        frame, loose, k = self.frame, self.frame.looseness, self.frame.k
        hint = "fit these rows, or give those of the fit"
        rows, sums = float(state.rows[0]), state.stack[0]
        if rows != frame.rows:
            raise DataError(
                f"the rows of {self.name} have changed since the fit: there are {rows:,.0f}, expected {frame.rows:,}",
                hint=hint,
            )
        gram: Array = sums[:k, :k]
        pull, y_square = sums[:k, k], sums[-2, -2]
        off = np.abs(gram - np.eye(k)).max(initial=0.0)
        left = np.abs(pull - frame.pull)
        far = 100.0 * EPSILON * abs(frame.level) * np.sqrt(frame.weight)
        same = off <= loose and (left[~np.isnan(frame.pull)] <= loose * np.sqrt(y_square) + far).all()
        if not same:
            raise DataError(f"the rows of {self.name} have changed since the fit: their sums are others", hint=hint)
        return gram
