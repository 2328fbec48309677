"""Some rows, seen from a fit: what every measure of the second pass is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.frame import Frame
from gradline.diagnostics.standing import Standing, standing
from gradline.solution import Array


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows in the frame of a fit, which estimated k coefficients from p features (aliased ones left out of k).

    Attributes
    ----------
    frame : Frame
    row : (rows,) int
        The number of each row in its source, from 1; rows that were left out are counted.
    X : (rows, p) float64
        As read, in data units.
    z : (rows, k) float64
        Whitened: over all rows, sum times z z' is the identity. Holds sqrt(precision). Where there is an intercept,
        column 0 is its direction, a constant times sqrt(precision). Columns are contiguous.
    residual, fitted : (rows,) float64
        y - fitted and the fitted value, in units of y.
    scaled : (rows,) float64
        sqrt(precision) residual: what has the same variance in every row.
    leverage : (rows,) float64
        |z|^2, from 0 to 1: how much of its own fitted value such a row decides, or each of its `times` copies.
    times : (rows,) float64 or None
        How many rows of the data each stands for, its frequency weight; None: one each.
    precision : (rows,) float64 or None
        Analytic weights; None: one each.
    groups : tuple of (rows,) int
        For each clustering that was asked for the number of the row's label, the same in all blocks.
    """

    frame: Frame
    row: NDArray[np.intp]
    X: Array
    z: Array
    residual: Array
    fitted: Array
    scaled: Array
    leverage: Array
    times: Array | None = None
    precision: Array | None = None
    groups: tuple[NDArray[np.intp], ...] = ()

    @cached_property
    def standing(self) -> Standing:
        """Studentised residuals and Cook's distances, for whichever measures ask."""
        return standing(self.scaled, self.leverage, self.frame)
