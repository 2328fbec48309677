"""Passes over the rows of a source, in constant memory: what a loss is at some parameters, and how it bends there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.descent.goal.conditioning import Frame
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.squared import Squared
from gradline.moments.frequencies import whole_rows
from gradline.solution import Array

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one pass tells of a loss at v = (w, b); z = (x, 1), means are over all rows by weight.

    Attributes
    ----------
    value : float
        Mean loss.
    gradient : (k,) float64
    H : (k, k) float64
        Half the Hessian: mean of curvature / 2 * z z'.
    scatter : (k, k) float64
        Sum of (share * slope)^2 z z': how the gradient would scatter if other rows had been drawn. A row with a
        frequency is so many rows, each with its own part of the share.
    """

    value: float
    gradient: Array
    H: Array
    scatter: Array


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a source as a frame sees them, read again at every look.

    Attributes
    ----------
    n : int
        Each as often as it was met.
    weight : float
        Total.
    root : (k, r) float64
        Columns are directions d in which the mean of (z'd)^2 is one, and which together are all that the rows tell
        apart: r < k where columns are collinear.
    least_squares : (k,) float64
    size : float
        Root mean square of y.
    counted : bool
        Whether weights are frequencies: how often each row was met.
    """

    source: Source
    frame: Frame
    bias: bool
    n: int
    weight: float
    root: Array
    least_squares: Array
    size: float
    counted: bool = False

    @classmethod
    def of(cls, source: Source, frame: Frame, *, bias: bool) -> Rows:
        """Two passes: the total weight, then the second moments."""
        n, weight = 0, 0.0
        for batch in source.batches():
            n, weight = n + len(batch), weight + _total(batch)
        counted = bool(getattr(source, "frequencies", False))
        n = whole_rows(weight) if counted else n
        k = frame.differences(bias).shape[1]
        unseen = cls(source, frame, bias, n, weight, np.eye(k), np.zeros(k), 0.0, counted)
        at_zero = unseen.look(Squared(), np.zeros(k))
        scale = np.sqrt(np.diag(at_zero.H))
        scale[scale == 0] = 1.0
        values, Q = np.linalg.eigh(at_zero.H / scale / scale[:, None])
        told = values > k * EPS * values[-1]
        root = Q[:, told] / np.sqrt(values[told]) / scale[:, None]
        best = -root @ (root.T @ at_zero.gradient) / 2
        return cls(source, frame, bias, n, weight, root, best, math.sqrt(at_zero.value), counted)

    @property
    def slopes(self) -> int:
        """How many columns the rows tell apart, the intercept not counted."""
        return int(self.root.shape[1]) - self.bias

    def __iter__(self) -> Iterator[tuple[Array, Batch]]:
        """Z (rows, k) and the rows it belongs to, block by block."""
        for batch in self.source.batches():
            rows = self.frame.rows(batch)
            yield np.column_stack([rows.X, np.ones(len(rows))]) if self.bias else rows.X, rows

    def residuals(self, v: Array) -> Iterator[tuple[Array, Array]]:
        """Residuals and weights, block by block."""
        for Z, rows in self:
            yield Z @ v - rows.y, np.ones(len(rows)) if rows.weight is None else rows.weight

    def look(self, loss: Loss, v: Array) -> Look:
        """One pass."""
        k = len(v)
        value, gradient, H, scatter = 0.0, np.zeros(k), np.zeros((k, k)), np.zeros((k, k))
        for Z, rows in self:
            r, share = Z @ v - rows.y, rows.share * (_total(rows) / self.weight)
            slope = loss.slope(r)
            pull = share * slope
            value += float(share @ loss.value(r))
            gradient += Z.T @ pull
            H += Z.T @ (Z * (share * loss.curvature(r) / 2)[:, None])
            scatter += Z.T @ (Z * (pull * (slope / self.weight if self.counted else pull))[:, None])
        return Look(value, gradient, H, scatter)

    def size_quantile(self, v: Array, level: float) -> float:
        """The smallest |residual| that those of at least `level` of the weight do not exceed: exact, in four passes.

        The bits of a float64 above zero sort as it does. Each pass finds sixteen more of them: it counts the weight
        by these bits, among the rows that agree in those found.
        """
        found, below = 0, 0.0
        for shift in (48, 32, 16, 0):
            weights = np.zeros(2**16)
            for r, weight in self.residuals(v):
                bits = np.abs(r).view(np.uint64) >> np.uint64(shift)
                agree = bits >> np.uint64(16) == found
                digits = (bits[agree] & np.uint64(0xFFFF)).astype(np.intp)
                weights += np.bincount(digits, weight[agree], minlength=2**16)
            there = np.flatnonzero(weights)
            upto = below + np.cumsum(weights[there])
            i = min(int(np.searchsorted(upto, level * self.weight)), len(there) - 1)
            below, digit = float(upto[i] - weights[there[i]]), int(there[i])
            found = found << 16 | digit
        return float(np.array([found], np.uint64).view(np.float64)[0])


def _total(batch: Batch) -> float:
    return float(len(batch)) if batch.weight is None else float(batch.weight.sum())
