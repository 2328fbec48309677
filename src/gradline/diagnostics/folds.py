"""Held-out error without a second fit: K folds, from their own sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.products import Products
from gradline.solution import Array

MOST_NUMBERS = 2**22  # K k^2, what the sums of the folds may hold in memory: 32 MB a thread
UNSEEN = 1e-10  # a direction of which the other folds hold less than this share is one they do not know


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The error on rows that the fit had not seen.

    Row number i is in fold i mod K, so every fold is spread over the whole table; where rows are ordered in time,
    neighbours of each held-out row are in the fit, and the error is too low. Errors are weighted as the fit is.

    Attributes
    ----------
    folds : int
        That held rows, of which arrays are.
    of : int
        All of them, K: row number i is in fold i mod K.
    rows : (folds,) float64
        Of each fold; frequency weights counted.
    rmse : float
        Root of the mean squared error over all held-out rows, in units of y. NaN where it is unknown.
    baseline_rmse : float
        The same of "always predict the mean", the mean of the other folds.
    r2 : float
        1 - (rmse / baseline_rmse)^2; below zero where the mean does better.
    each_rmse : (folds,) float64
        Of each fold; NaN where the other folds do not determine all coefficients.
    notes : tuple of str
    """

    folds: int
    of: int
    rows: Array
    rmse: float
    baseline_rmse: float
    r2: float
    each_rmse: Array
    notes: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """How many, and which rows are in one."""
        of_all = "" if self.of == self.folds else f" of {self.of}"
        return f"{self.folds}{of_all} folds, row number modulo {self.of}"


@dataclass(frozen=True, slots=True)
class FoldsMeasure:
    """K-fold error, exact. In the frame fold f has A = sum z z', b = sum z e, c = sum e^2, and all folds the identity.

    Without fold f the coefficients on z are further by d, and its rows have the squared error::

        (I - A) d = b_all - b          c - 2 d'b + d'A d

    b_all is zero for least squares; then all three terms are positive and nothing cancels.

    Parameters
    ----------
    frame : Frame
    folds : int
        2 or more.
    """

    frame: Frame
    folds: int = 10

    @staticmethod
    def fits(k: int, folds: int) -> bool:
        """Whether the sums of so many folds are small enough to be kept."""
        return folds * k * k <= MOST_NUMBERS

    def of(self, block: Block) -> Products:
        """See `Measure`."""
        return block.products(self.folds)

    def merged(self, first: Products, then: Products) -> Products:
        """See `Measure`."""
        return first.merged(then)

    def figures(self, state: Products) -> Folds:
        """See `Measure`."""
        held, k = np.flatnonzero(state.rows), self.frame.k
        rows, sums = state.rows[held], state.stack[held]
        pull_of_all = sums[:, :k, k].sum(axis=0)
        errors = np.array([_error(each[:k, :k], each[:k, k], each[k, k], pull_of_all) for each in sums])
        y_square, total, weight = sums[:, -2, -2], sums[:, -2, -1], sums[:, -1, -1]
        others = weight.sum() - weight
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (total.sum() - total) / others
            baseline = y_square - 2.0 * mean * total + mean * mean * weight
            each = np.sqrt(errors / weight)
        unknown = np.isnan(errors)
        notes = []
        if unknown.any() and not unknown.all():
            notes.append(
                f"{unknown.sum()} of {len(held)} folds left out of the held-out error: a coefficient rests on the rows "
                "of that fold alone"
            )
        known = ~unknown
        mass = weight[known].sum()
        rmse = math.sqrt(errors[known].sum() / mass) if known.any() and len(held) > 1 else math.nan
        baseline_rmse = math.sqrt(max(baseline[known].sum(), 0.0) / mass) if known.any() and len(held) > 1 else math.nan
        r2 = 1.0 - (rmse / baseline_rmse) ** 2 if baseline_rmse > 0.0 else math.nan
        return Folds(len(held), self.folds, rows, rmse, baseline_rmse, r2, each, tuple(notes))


def _error(gram: Array, pull: Array, square: float, pull_of_all: Array) -> float:
    """Sum of squared errors on a fold, of the fit to the others."""
    shares, directions = np.linalg.eigh(gram)
    left = 1.0 - shares
    if (left < UNSEEN).any():
        return math.nan
    b = directions.T @ pull
    d = (directions.T @ pull_of_all - b) / left
    return max(float(square - 2.0 * (d @ b) + (shares * d) @ d), 0.0)
