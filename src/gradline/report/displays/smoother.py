"""The mean of y along x, in bins of about equally many rows: a smoother that uses every row and hides none."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gradline.solution import Array

FEWEST = 20  # rows; a curve through fewer shows their noise
MOST_BINS = 20


class Smooth(NamedTuple):
    """One number for each bin: mean of x, mean of y, and two standard errors of the latter below and above."""

    x: Array
    mean: Array
    low: Array
    high: Array


def bin_count(rows: int) -> int | None:
    """How many bins a smoother of so many rows has: 2/3 sqrt(rows), from 4 to 20; None below 20 rows.

    Examples
    --------
    >>> bin_count(19), bin_count(20), bin_count(400), bin_count(10**6)
    (None, 4, 13, 20)
    """
    return None if rows < FEWEST else min(MOST_BINS, max(4, 2 * math.isqrt(rows) // 3))


def smooth(x: Array, y: Array, weight: Array | None = None, times: Array | None = None) -> Smooth | None:
    """Means in 2/3 sqrt(rows) bins, from 4 to 20; rows of equal x share a bin. None below 20 rows or two bins.

    A standard error is sqrt(sum w^2 (y - mean)^2 m / (m - 1)) / sum w over the m rows of a bin: right whatever
    the variances are; NaN for a single row. `times` says how many equal rows each stands for.

    Examples
    --------
    >>> smooth(np.repeat([1.0, 2.0], 50), np.tile([0.0, 2.0], 50)).mean
    array([1., 1.])
    """
    counted = np.ones(len(x)) if times is None else times
    rows = int(counted.sum())
    bins = bin_count(rows)
    if bins is None:
        return None
    order = np.argsort(x, kind="stable")
    ranks = np.array([-(-rows * k // bins) for k in range(1, bins)], dtype=np.float64)
    edges = np.unique(x[order[np.searchsorted(np.cumsum(counted[order]), ranks)]])
    found, place = np.unique(np.searchsorted(edges, x, side="left"), return_inverse=True)
    if len(found) < 2:
        return None
    w = np.ones(len(x)) if weight is None else weight

    def sums(values: Array) -> Array:
        totals: Array = np.bincount(place, counted * values, minlength=len(found)).astype(np.float64)
        return totals

    count, total = sums(np.ones(len(x))), sums(w)
    mean = sums(w * y) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(sums((w * (y - mean[place])) ** 2) * count / (count - 1)) / total
    return Smooth(sums(w * x) / total, mean, mean - 2 * error, mean + 2 * error)
