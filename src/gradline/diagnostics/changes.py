"""Which row changes a coefficient most: found without the changes of all rows to all coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.keys import PART, Key
from gradline.solution import Array

AT_ONCE = 256
ROUNDING = 1e-9  # two ways to one number may differ by so much of it


def told_of(frame: Frame) -> NDArray[np.intp]:
    """The terms among which a row's largest change is: the estimated slopes, or where there are none the intercept."""
    estimated = np.flatnonzero(np.isfinite(frame.T).all(axis=1))
    slopes = estimated[estimated >= frame.bias]
    return slopes if len(slopes) else estimated


def largest_change(block: Block, cooks: Key, size: Key, first: NDArray[np.intp]) -> tuple[NDArray[np.intp], Array]:
    """The row of a block that changes one of `told_of` most (of equal ones the first), and by how much; or none.

    The change of term j, in standard errors, is t / sqrt(1 - h) times T_j z / |T_j| (DFBETAS, see `InfluentialRow`), so
    not above |t| sqrt(h / (1 - h)), which is DFFITS: the square of that is k D (df - 1 + t^2) / df, D Cook's distance.
    Rows for which it is below the largest change of some row are passed over.

    Parameters
    ----------
    block : Block
    cooks, size : Key
        Of Cook's distances and of |studentised residuals|.
    first : (m,) int
        The rows to begin with: those of the largest Cook's distances leave few others to look at.

    Source: Belsley, Kuh and Welsch (1980), equations 2.7 and 2.11.
    """
    frame = block.frame
    terms = frame.T[told_of(frame)]
    if not len(first) or not len(terms) or frame.df_residual <= 1:
        return first[:0], np.empty(0)
    directions = terms / np.sqrt((terms * terms).sum(axis=1, keepdims=True))

    def changes(rows: NDArray[np.intp]) -> Array:
        most = np.abs(directions @ block.z[rows].T).max(axis=0)
        step = size.values[rows] / np.sqrt(1.0 - block.leverage[rows])
        change: Array = np.multiply(most, step, out=np.zeros(len(rows)), where=most > 0.0)  # a step may be infinite
        return change

    def above(distance: Array, studentised: Array, change: float) -> NDArray[np.bool_]:
        bound = frame.k * distance * (frame.df_residual - 1.0 + studentised**2) / frame.df_residual
        return bound >= change * change * (1.0 - ROUNDING)

    looked_at = [first]
    found = [changes(first)]
    best = float(found[0].max())
    parts = np.flatnonzero(above(cooks.parts, size.parts, best))
    rows = (parts[:, None] * PART + np.arange(PART)).ravel()
    rows = rows[rows < len(cooks.values)]
    rows = rows[above(cooks.values[rows], size.values[rows], best)]
    rows = rows[np.argsort(-cooks.values[rows], kind="stable")]
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        some = some[above(cooks.values[some], size.values[some], best)]
        looked_at.append(some)
        found.append(changes(some))
        best = max(best, float(found[-1].max(initial=0.0)))
    row, change = np.concatenate(looked_at), np.concatenate(found)
    one = row[change >= best * (1.0 - ROUNDING)].min(keepdims=True)
    return one, changes(one)  # of one row always by the same sums: of equal rows in several blocks the first is told
