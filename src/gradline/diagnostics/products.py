"""Cross products of rows, fold by fold: what proves the rows to be those of the fit, and gives the error of K folds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.scratch import PASSING, Scratch
from gradline.solution import Array

BESIDE_Z = 3  # rows of the stack of a block below z: the scaled residual, y and 1


class Products(NamedTuple):
    """Sums over the rows of each of K folds; row number i is in fold i mod K.

    Attributes
    ----------
    rows : (K,) float64
        Frequency weights counted.
    stack : (K, k + 3, k + 3) float64
        Sums of times q q', where q = (z, scaled residual, a y, a), a = sqrt(precision), y about the level of the fit.

    Examples
    --------
    >>> stack = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    >>> sums = Products.of(stack, np.array([1, 2, 3]), None, folds=2)
    >>> sums.rows, sums.stack[1]
    (array([1., 2.]), array([[10.,  4.],
           [ 4.,  2.]]))
    """

    rows: Array
    stack: Array

    @classmethod
    def of(
        cls, stack: Array, row: NDArray[np.intp], times: Array | None, folds: int, scratch: Scratch | None = None
    ) -> Products:
        """Of rows with these numbers; `stack` is (k + 3, rows), `scratch` of the thread."""
        if folds == 1:
            counted = stack if times is None else stack * times
            rows = stack.shape[1] if times is None else times.sum()
            return cls(np.array([rows], dtype=np.float64), np.dot(counted, stack.T)[None])
        rows, sums = np.zeros(folds), np.zeros((folds, len(stack), len(stack)))
        if times is None and len(row) and row[-1] - row[0] == len(row) - 1:
            for fold, part in enumerate(_dealt(stack, folds, scratch or Scratch()), start=int(row[0])):
                sums[fold % folds] = np.dot(part, part.T)
                rows[fold % folds] = (len(row) - 1 - (fold - row[0])) // folds + 1
            return cls(rows, sums)
        for fold in range(folds):
            some = np.flatnonzero(row % folds == fold)
            part = stack[:, some]
            counted = part if times is None else part * times[some]
            sums[fold] = np.dot(counted, part.T)
            rows[fold] = len(some) if times is None else times[some].sum()
        return cls(rows, sums)

    def merged(self, other: Products) -> Products:
        """Of the rows of both; uses the memory of this one."""
        return Products(*(np.add(a, b, out=a) for a, b in zip(self, other, strict=True)))

    def together(self) -> Products:
        """Of all folds as one."""
        return Products(self.rows.sum(keepdims=True), self.stack.sum(axis=0, keepdims=True))


def _dealt(stack: Array, hands: int, scratch: Scratch) -> Array:
    """(hands, k + 3, rows) columns dealt out like cards; zeros where the last round does not reach all."""
    height, rows = stack.shape
    rounds = rows // hands
    whole = rounds * hands
    dealt = scratch.array(PASSING, hands, height, rounds + 1)
    dealt[:, :, rounds] = 0.0
    for j in range(height):  # one after the other: each is read once, and stays near
        dealt[:, j, :rounds] = stack[j, :whole].reshape(rounds, hands).T
    dealt[: rows - whole, :, rounds] = stack[:, whole:].T
    return dealt
