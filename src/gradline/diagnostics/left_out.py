"""Held-out error without a second fit: one row left out at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The error on each row, of the fit to all others (PRESS: Allen 1974).

    Attributes
    ----------
    press : float
        Sum of squares of e / (1 - h), over scaled residuals e; rows of leverage 1 left out.
    rmse : float
        sqrt(press / weight of the rows), in units of y.
    left_out : int
        Rows of leverage 1: without them a coefficient has no estimate.
    """

    press: float
    rmse: float
    left_out: int


class _Left(NamedTuple):
    press: float
    weight: float
    alone: int


@dataclass(frozen=True, slots=True)
class LeftOutMeasure:
    """Leave-one-out error; of a row with frequency weight, one copy is left out.

    Parameters
    ----------
    frame : Frame
    """

    frame: Frame

    def of(self, block: Block) -> _Left:
        """See `Measure`."""
        left = 1.0 - block.leverage
        some: NDArray[np.bool_] = left > self.frame.alone
        whole = bool(some.all())
        error = block.scaled / left if whole else np.where(some, block.scaled / np.where(some, left, 1.0), 0.0)
        weight = block.precision if block.times is None else block.times
        times = error if block.times is None else error * block.times
        seen = float(len(left)) if weight is None else float(weight.sum())
        alone = 0
        if not whole:
            seen = float(some.sum()) if weight is None else float(weight[some].sum())
            alone = int((~some).sum()) if block.times is None else int(block.times[~some].sum())
        return _Left(float(times @ error), seen, alone)

    def merged(self, first: _Left, then: _Left) -> _Left:
        """See `Measure`."""
        return _Left(first.press + then.press, first.weight + then.weight, first.alone + then.alone)

    def figures(self, state: _Left) -> LeftOut:
        """See `Measure`."""
        rmse = math.sqrt(state.press / state.weight) if state.weight > 0.0 else math.nan
        return LeftOut(state.press, rmse, state.alone)
