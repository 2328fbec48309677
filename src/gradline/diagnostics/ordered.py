"""Rows in order of time: errors that remember, and what they do to standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.covariance import Robust
from gradline.diagnostics.frame import Frame
from gradline.errors import DataError
from gradline.solution import Array


class _Windows(NamedTuple):
    rows: int
    total: Array  # (k, k) sum of b b' over all whole windows
    head: Array  # (k, L at most) terms of the first rows
    tail: Array  # and of the last


@dataclass(frozen=True, slots=True)
class NeweyWest:
    """T S T', S = sum over lags |l| <= L of (1 - |l| / (L + 1)) sum over t of u_t u_(t-l)', u = z e, e the residual.

    Newey and West (1987), Econometrica 55, with Bartlett's kernel and no factor for small samples, as in statsmodels
    and in R's `sandwich`. S is computed as the sum of b b' / (L + 1) over all windows of L + 1 consecutive rows, b the
    sum of u in a window, which may begin before the first row and end after the last: the same sum in another order,
    at a cost that does not grow with L, and never negative.

    Rows are in the order of the source; rows that were left out leave no gap.

    Parameters
    ----------
    frame : Frame
    lags : int, optional
        L. Default: floor(4 (n / 100)^(2/9)).
    """

    of_any_part: ClassVar[bool] = True
    frame: Frame
    lags: int | None = None

    @property
    def L(self) -> int:  # noqa: N802 - as the formula calls it
        """Lags that are used."""
        return default_lags(self.frame.rows) if self.lags is None else self.lags

    def of(self, block: Block) -> _Windows:
        """See `Measure`."""
        if block.times is not None:
            raise DataError(
                "Newey-West is for rows in order of time, which weights that count rows have none of",
                hint="leave the frequencies out, or use HC3",
            )
        if self.frame.rows <= self.L:
            raise DataError(f"{self.L} lags are too many for {self.frame.rows} rows", hint="newey-west:4")
        terms = block.z.T * block.scaled
        return _Windows(len(block.row), _windows(terms, self.L), terms[:, : self.L].copy(), _last(terms, self.L).copy())

    def merged(self, first: _Windows, then: _Windows) -> _Windows:
        """See `Measure`."""
        both = np.concatenate([first.tail, then.head], axis=1)
        # A window that lies in one of them alone is no longer than that part, which is too short for one.
        total = first.total + then.total + _windows(both, self.L)
        head = first.head
        if head.shape[1] < self.L:
            head = np.concatenate([head, then.head], axis=1)[:, : self.L]
        tail = then.tail
        if tail.shape[1] < self.L:
            tail = _last(np.concatenate([first.tail, tail], axis=1), self.L).copy()
        return _Windows(first.rows + then.rows, total, head, tail)

    def figures(self, state: _Windows) -> Robust:
        """See `Measure`."""
        begun = np.cumsum(state.head, axis=1)
        ended = np.cumsum(state.tail[:, ::-1], axis=1)
        S = (state.total + begun @ begun.T + ended @ ended.T) / (self.L + 1)
        described = f"Newey-West, {self.L} lag{'s'[: self.L != 1]}"
        return Robust.of(self.frame, "newey-west", described, S, self.frame.df_residual)


def default_lags(rows: int) -> int:
    """floor(4 (n / 100)^(2/9)), the rule of thumb of Newey and West (1994), Review of Economic Studies 61.

    Examples
    --------
    >>> default_lags(100), default_lags(10_000_000)
    (4, 51)
    """
    return math.floor(4.0 * math.pow(rows / 100.0, 2.0 / 9.0))


def _windows(terms: Array, lags: int) -> Array:
    """Sum of b b' over all windows of lags + 1 columns."""
    if lags == 0:
        return _square(terms)
    if terms.shape[1] <= lags:
        return np.zeros((len(terms), len(terms)))
    running = np.cumsum(terms, axis=1)
    b = running[:, lags:].copy()
    b[:, 1:] -= running[:, : -lags - 1]
    return _square(b)


def _square(terms: Array) -> Array:
    square: Array = np.dot(terms, terms.T)  # which lets other threads compute, as @ does not
    return square


def _last(terms: Array, count: int) -> Array:
    return terms[:, max(0, terms.shape[1] - count) :]


class _Steps(NamedTuple):
    square: float
    step: float
    first: float
    last: float
    counted: bool


@dataclass(frozen=True, slots=True)
class DurbinWatson:
    """Sum of (e_t - e_(t-1))^2 / sum of e^2: near 2 (1 - r), r the correlation of successive residuals.

    Near 2 for errors that do not remember, towards 0 where neighbours go together, towards 4 where they alternate:
    Durbin and Watson (1950), Biometrika 37. Of `scaled` residuals, in the order of the source; rows that were left out
    leave no gap. NaN where weights count rows, or all residuals are zero.
    """

    def of(self, block: Block) -> _Steps:
        """See `Measure`."""
        e = block.scaled
        step = np.diff(e)
        return _Steps(float(e @ e), float(step @ step), float(e[0]), float(e[-1]), block.times is not None)

    def merged(self, first: _Steps, then: _Steps) -> _Steps:
        """See `Measure`."""
        step = first.step + then.step + (then.first - first.last) ** 2
        return _Steps(first.square + then.square, step, first.first, then.last, first.counted or then.counted)

    def figures(self, state: _Steps) -> float:
        """See `Measure`."""
        return state.step / state.square if state.square > 0.0 and not state.counted else math.nan
