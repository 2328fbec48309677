"""Passes over rows with many features: loss, gradient and products with the Hessian, in memory for some p numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.data.batch import NUMBERS_AT_ONCE, Batch
from gradline.data.source import Source, whole
from gradline.descent.goal.standardised import Standardised
from gradline.descent.wide.shifted import MILD, Shifted
from gradline.moments.columns import Columns
from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """One pass: the mean squared error at a point, and its gradient there."""

    loss: float
    gradient: Array

    @property
    def size(self) -> float:
        """Length of the gradient."""
        return float(np.linalg.norm(self.gradient))


@dataclass(frozen=True, slots=True, eq=False)
class WideRows:
    """The rows of a source in a frame, z = (x, 1) or z = x; read again at every pass.

    Attributes
    ----------
    weight : float
        Total.
    everything : Batch or None
        All rows in the frame, where they are in memory.
    lean : float
        The largest |centre| / scale of rows that are multiplied where they lie; 0 of a copy.
    """

    source: Source
    frame: Standardised
    bias: bool
    weight: float
    everything: Batch | None
    lean: float

    @classmethod
    def of(cls, source: Source, frame: Standardised, columns: Columns, *, bias: bool, hold: bool) -> WideRows:
        """Of rows in memory that lean by no more than `MILD` no copy is made; of others where they are to be held."""
        lean = float(np.max(np.abs(frame.centre) / frame.scale))
        if isinstance(source, ArraySource) and lean <= MILD:
            # Where X'r is taken first, and the centre's part after it, zero comes out of an infinite scale only.
            idle = (columns.squares[:-1] == 0) & (frame.centre == columns.mean[:-1])
            X: Any = Shifted(source.X, frame.centre, np.where(idle, np.inf, frame.scale))
            share = Batch.of(np.empty((len(source.y), 0)), source.y, source.weight).share
            y = (source.y - frame.target_centre) / frame.target_scale
            return cls(source, frame, bias, columns.weight, Batch(X, y, source.weight, share), lean)
        everything = frame.rows(whole(source)) if hold else None
        return cls(source, frame, bias, columns.weight, everything, 0.0)

    @property
    def is_copied(self) -> bool:
        """Whether all rows are in memory as an array in the frame."""
        return self.everything is not None and not isinstance(self.everything.X, Shifted)

    def __iter__(self) -> Iterator[tuple[Batch, Array]]:
        """Rows in the frame, block by block, each block with its shares of the mean over all rows."""
        if self.everything is not None:
            yield self.everything, self.everything.share
            return
        for batch in self.source.batches(max(1, NUMBERS_AT_ONCE // len(self.source.feature_names))):
            total = float(len(batch)) if batch.weight is None else float(batch.weight.sum())
            yield self.frame.rows(batch), batch.share * (total / self.weight)

    def slope(self, w: Array, b: float) -> Slope:
        """Mean squared error and gradient at (w, b)."""
        loss, gradient = 0.0, np.zeros(len(w) + self.bias)
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged descent is infinitely far
            for rows, share in self:
                r = rows.X @ w + b - rows.y
                pull = 2 * share * r
                loss += float(share @ (r * r))
                gradient += self._transposed(rows, pull)
        return Slope(loss, gradient)

    def curve(self, v: Array) -> Array:
        """2 H v, with H the mean of z z': half a pass more than a prediction."""
        w, b = (v[:-1], v[-1]) if self.bias else (v, 0.0)
        product = np.zeros_like(v)
        for rows, share in self:
            product += self._transposed(rows, 2 * share * (rows.X @ w + b))
        return product

    def spread(self, v: Array) -> float:
        """Root mean square of z'v: of a sum of squares, which tells far less from zero than a product with H does."""
        w, b = (v[:-1], v[-1]) if self.bias else (v, 0.0)
        return math.sqrt(sum(float(share @ (rows.X @ w + b) ** 2) for rows, share in self))

    def combination(self, rng: np.random.Generator) -> Array:
        """A random combination of rows: a direction in which the rows do differ."""
        direction = np.zeros(len(self.frame.scale) + self.bias)
        for rows, share in self:
            direction += self._transposed(rows, np.sqrt(share) * rng.standard_normal(len(rows)))
        return direction

    def _transposed(self, rows: Batch, pull: Array) -> Array:
        product = rows.X.T @ pull
        return np.append(product, pull.sum()) if self.bias else product
