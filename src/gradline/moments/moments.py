"""Centred sums in float64: everything least squares needs to know of the rows, in a state that adds and subtracts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gradline.data.batch import Batch
from gradline.moments import parallel
from gradline.moments.solve import UNIT_ROUNDOFF, Dispersion, NormalEquations, disperse, solve
from gradline.solution import Array, Solution


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums of w z, w z z^T over rows z = (x_1 .. x_p, y), about a shift near the mean. Make one with `of` or `zero`."""

    rows: int
    weight: float
    shift: Array | None  # (p + 1,); None without rows
    sums: Array  # (p + 1,) sum of w (z - shift)
    squares: Array  # (p + 1, p + 1) sum of w (z - shift)(z - shift)^T
    mass: Array  # (p + 2,) sum of w (z - shift)^2, then of w, that ever went through the sums
    block_sums: int
    block_rows: int

    @classmethod
    def zero(cls, n_features: int) -> Moments:
        q = n_features + 1
        return cls(0, 0.0, None, np.zeros(q), np.zeros((q, q)), np.zeros(q + 1), 0, 0)

    @classmethod
    def of(
        cls, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *, threads: int | None = None
    ) -> Moments:
        X, y = np.asarray(X), np.asarray(y)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        blocks = parallel.row_blocks(X, y, weight)
        return cls.from_batches(blocks, X.shape[1], threads=threads)

    @classmethod
    def from_batches(cls, batches: Iterable[Batch], n_features: int, *, threads: int | None = None) -> Moments:
        total = cls.zero(n_features)
        for batch in batches:
            total = total + _block(batch)
        return total

    @property
    def n_features(self) -> int:
        return len(self.sums) - 1

    @property
    def mean(self) -> Array:
        if self.shift is None:
            return np.full(self.n_features + 1, np.nan)
        return self.shift + self.sums / self.weight

    @property
    def scatter(self) -> Array:
        if self.shift is None:
            return self.squares.copy()
        return self._moved(self.shift + self.sums / self.weight).squares

    def __add__(self, other: Moments) -> Moments:
        return self._merged(other, 1)

    def __sub__(self, other: Moments) -> Moments:
        return self._merged(other, -1)

    def solve(self, fit_intercept: bool = True) -> Solution:
        return solve(self._equations(fit_intercept))

    def dispersion(self, fit_intercept: bool = True) -> Dispersion:
        return disperse(self._equations(fit_intercept))

    def _equations(self, fit_intercept: bool) -> NormalEquations:
        q = self.n_features + 1
        rounding = UNIT_ROUNDOFF * (4 + self.n_features + math.sqrt(self.block_rows) + math.sqrt(self.block_sums))
        if self.shift is None:
            return NormalEquations(0, 0.0, np.zeros(q), self.squares, self.mass[:q], rounding, fit_intercept)
        mean = self.mean
        about = self._moved(mean if fit_intercept else np.zeros(q))
        return NormalEquations(self.rows, self.weight, mean, about.squares, about.mass[:q], rounding, fit_intercept)

    def _moved(self, shift: Array) -> Moments:
        if self.shift is None or (shift == self.shift).all():
            return self
        d, q = self.shift - shift, len(shift)
        cross = np.outer(d, self.sums)
        mass = self.mass.copy()
        mass[:q] = (np.sqrt(mass[:q]) + math.sqrt(mass[q]) * np.abs(d)) ** 2
        return Moments(
            self.rows,
            self.weight,
            shift,
            self.sums + self.weight * d,
            self.squares + cross + cross.T + self.weight * np.outer(d, d),
            mass,
            self.block_sums,
            self.block_rows,
        )

    def _merged(self, other: Moments, sign: int) -> Moments:
        if other.shift is None:
            return self
        shift = other.shift if self.shift is None else self.shift
        other = other._moved(shift)
        return Moments(
            self.rows + sign * other.rows,
            self.weight + sign * other.weight,
            shift,
            self.sums + sign * other.sums,
            self.squares + sign * other.squares,
            self.mass + other.mass,
            self.block_sums + other.block_sums,
            max(self.block_rows, other.block_rows),
        )


def _block(batch: Batch) -> Moments:
    Z = np.column_stack([batch.X, batch.y])
    w = np.ones(len(Z)) if batch.weight is None else batch.weight
    shift = Z[0] + (Z - Z[0]).mean(0)
    Z = Z - shift
    squares = (w * Z.T) @ Z
    return Moments(len(Z), float(w.sum()), shift, w @ Z, squares, np.append(np.diag(squares), w.sum()), 1, len(Z))
