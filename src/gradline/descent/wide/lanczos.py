"""The ends of a spectrum from products alone: the largest curvature with a bound, the smallest as far as it shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gradline.solution import Array

FEWEST, MOST = 30, 400  # steps; each keeps a direction of p numbers
ROOM = 2**23  # numbers: as many steps as have room in 64 MB, but a hundred in any case
LOOK_EVERY = 10
FLAT = 1e-13  # times the largest curvature: what rounding leaves of a zero
DOUBT = 1e-9  # probability that `bound` is none


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """What Lanczos steps tell of the curvatures, the eigenvalues of A.

    Attributes
    ----------
    largest : float
        The largest Ritz value: no curvature is known to be larger, and one at least is as large.
    bound : float
        No curvature is larger, but for a chance of 1e-9.
    smallest : float
        The smallest Ritz value above zero: an estimate, from above.
    settled : bool
        Whether it has stayed: its residual norm is less than a quarter of it, and ten steps more did not take a tenth
        off. Then there is a curvature this near; that none is smaller than half of it is likely, not certain. Otherwise
        there are smaller ones, and nobody knows how small.
    flat : bool
        Whether A is singular, as far as its products tell.
    level : (m, k) float64
        Directions in which they tell no curvature from none; some of all there are.
    steepest : int
        The largest entry of the steepest direction.
    steps : int
        Products taken.
    """

    largest: float
    bound: float
    smallest: float
    settled: bool
    flat: bool
    level: Array
    steepest: int
    steps: int


def lanczos(A: Callable[[Array], Array], start: Array, *, rank: int, trace: float) -> Spectrum:
    """Lanczos steps with full orthogonalisation, until both ends are settled.

    The bound: after k steps from a direction drawn evenly from r dimensions, the largest Ritz value is below
    (1 - eps) times the largest eigenvalue with a probability of at most 1.648 sqrt(r) exp(-(2 k - 1) sqrt(eps))
    (Kuczynski, Wozniakowski 1992, SIAM J. Matrix Anal. Appl. 13, theorem 4.2). A start that is weighted towards the
    large eigenvalues, as Z'g is for Gaussian g, does no worse: reweighting a mean by its own values raises it. The
    trace is a bound of its own.

    Parameters
    ----------
    A : vector -> vector
        Symmetric, no eigenvalue below zero.
    start : (k,) float64
        A random direction: Gaussian, or Z'g.
    rank : int
        No more than so many eigenvalues are above zero.
    trace : float
        Their sum.

    Examples
    --------
    >>> values = np.arange(1.0, 7.0)
    >>> seen = lanczos(lambda v: values * v, np.ones(6), rank=6, trace=21.0)
    >>> round(seen.largest, 9), round(seen.smallest, 9), seen.settled, seen.flat, seen.steps
    (6.0, 1.0, True, False, 6)
    """
    most = min(max(100, ROOM // len(start)), MOST, len(start))
    Q = np.empty((most, len(start)))
    diagonal: list[float] = []
    beside: list[float] = []
    before = math.inf
    q = start / np.linalg.norm(start)
    for k in range(1, most + 1):
        Q[k - 1] = q
        q = A(q)
        diagonal.append(float(Q[k - 1] @ q))
        for _ in range(2):  # twice is enough (Parlett 1998, section 6.9)
            q -= Q[:k].T @ (Q[:k] @ q)
        beta = float(np.linalg.norm(q))
        complete = beta <= FLAT * max(diagonal) or k == len(start)
        beside.append(0.0 if complete else beta)
        if complete or k == most or k % LOOK_EVERY == 0:
            seen, vectors = _ends(diagonal, beside, complete, rank, trace, before)
            before = seen.smallest
            if complete or (k >= FEWEST and seen.settled):
                break
        q /= beta
    level = vectors.T[: len(seen.level)] @ Q[: len(vectors)]
    steepest = int(np.argmax(np.abs(vectors[:, -1] @ Q[: len(vectors)])))
    return replace(seen, level=level, steepest=steepest)


def _ends(
    diagonal: list[float], beside: list[float], complete: bool, rank: int, trace: float, before: float
) -> tuple[Spectrum, Array]:
    """What the tridiagonal matrix tells so far, and its directions in the basis, the steepest last."""
    k = len(diagonal)
    T = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(T)
    residuals = beside[-1] * np.abs(vectors[-1])
    largest = float(values[-1])
    above = np.flatnonzero(values > FLAT * largest)
    if not len(above):
        return Spectrum(0.0, trace, 0.0, True, True, vectors.T, 0, k), vectors
    lowest = above[0]
    smallest = float(values[lowest])
    stays = 0.9 * before <= smallest  # never at the first look, where `before` is infinite
    settled = complete or bool(residuals[lowest] <= smallest / 4 and stays)
    share = math.log(1.648 * math.sqrt(max(rank, 1)) / DOUBT) / (2 * k - 1)
    bound = largest / (1 - share * share) if share < 1 else math.inf
    bound = largest if complete else bound
    bound = min(max(bound, largest) * (1 + 1e-10), max(trace, largest) * (1 + 1e-10))
    return Spectrum(largest, bound, smallest, settled, bool(lowest > 0), vectors.T[:lowest], 0, k), vectors
