"""Some rows, seen from a fit: what every measure of the second pass is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradline.data.groups import Seen
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.products import BESIDE_Z, Products
from gradline.diagnostics.scratch import PASSING, Scratch
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
    stack : (k + 3, rows) float64
        z and scaled, whose memory it is, and sqrt(precision) times y (about the level of the frame) and times 1.
    leverage : (rows,) float64
        |z|^2, from 0 to 1: how much of its own fitted value such a row decides, or each of its `times` copies.
    times : (rows,) float64 or None
        How many rows of the data each stands for, its frequency weight; None: one each.
    precision : (rows,) float64 or None
        Analytic weights; None: one each.
    groups : tuple of (rows,) int
        For each clustering that was asked for the number of the row's label, the same in all blocks.
    scratch : Scratch
        Of the thread. It has the memory of `stack`, and so of what lies there, until the next block.
    """

    frame: Frame
    row: NDArray[np.intp]
    X: Array
    z: Array
    residual: Array
    fitted: Array
    scaled: Array
    stack: Array
    leverage: Array
    times: Array | None = None
    precision: Array | None = None
    groups: tuple[NDArray[np.intp], ...] = ()
    scratch: Scratch = field(default_factory=Scratch)
    _products: dict[int, Products] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, rows: Seen, frame: Frame, directions: Array, scratch: Scratch, *, frequencies: bool) -> Block:
        """Rows in a frame, of which `directions` are those; with `frequencies` weights say how often each was met."""
        batch = rows.batch
        p, n = len(frame.centre), len(batch)
        away = scratch.array(PASSING, p + 1, n)  # in one memory order whatever X has: it decides how sums round
        np.subtract(batch.X.T, frame.centre[:, None], out=away[:p])
        away[p] = 1.0
        stack = scratch.array("stack", frame.k + BESIDE_Z, n)
        z, scaled, about, one = stack[:-3], *stack[-3:]
        np.dot(directions, away, out=stack[:-2])  # np.dot lets other threads compute, as @ does not
        if frame.turn is not None:
            z[:] = np.dot(frame.turn.T, z)
        fitted = scaled + frame.level
        np.subtract(batch.y, frame.level, out=about)  # first: what is left has lost nothing to a mean far from zero
        residual = np.subtract(about, scaled, out=scaled)
        one[:] = 1.0
        precision, times = (None, batch.weight) if frequencies else (batch.weight, None)
        if precision is not None:
            residual = residual.copy()
            stack *= np.sqrt(precision)
        leverage = np.einsum("ij,ij->j", z, z)
        X, groups = batch.X, rows.groups
        return cls(
            frame, rows.row, X, z.T, residual, fitted, scaled, stack, leverage, times, precision, groups, scratch
        )

    def products(self, folds: int | None = None) -> Products:
        """Cross products of the stack by fold, or of all rows as one, for whichever measures ask; not to be changed."""
        if folds is None:
            known = next(iter(self._products.values()), None)
            return self.products(1) if known is None else known.together()
        if folds not in self._products:
            self._products[folds] = Products.of(self.stack, self.row, self.times, folds, self.scratch)
        return self._products[folds]

    @cached_property
    def standing(self) -> Standing:
        """Studentised residuals and Cook's distances, for whichever measures ask."""
        return standing(self.scaled, self.leverage, self.frame)
