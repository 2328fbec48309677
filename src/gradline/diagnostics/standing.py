"""Where rows stand: studentised residuals and Cook's distance."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gradline.diagnostics.frame import Frame
from gradline.solution import Array


class Standing(NamedTuple):
    """Where rows stand: (rows,) arrays."""

    internal: Array  # e / (s sqrt(1 - h))
    studentised: Array  # the same, s from the other rows
    cooks: Array


def standing(scaled: Array, leverage: Array, frame: Frame) -> Standing:
    """Studentised residuals and Cook's distances of rows, from their scaled residuals e and leverages h.

    ::

        internal:     r = e / (s sqrt(1 - h))              s^2 = RSS / df, so r^2 <= df
        studentised:  t = r sqrt((df - 1) / (df - r^2))    s from the other rows; Student's t with df - 1 if errors are
                                                           normal
        Cook:         D = r^2 / k * h / (1 - h)            how far all fitted values move without the row

    Of a row with frequency weight w they say what leaving out *one* of its w copies would do.

    Returns
    -------
    Standing
        NaN for rows of leverage 1, and everywhere in an exact fit. A row without which the fit is exact is infinite.

    Source: Cook (1977); Cook and Weisberg (1982), section 2.2.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1.0 - leverage
        if left.min(initial=np.inf) <= frame.alone:
            left = np.where(left > frame.alone, left, np.nan)
        sd = frame.residual_sd if frame.residual_sd > 0.0 else math.nan
        internal = scaled / np.sqrt(left)
        internal /= sd
        square = internal * internal
        cooks = square * (leverage / left) / frame.k
        rest = frame.df_residual - square
        if frame.df_residual > 1:
            studentised = internal * np.sqrt((frame.df_residual - 1.0) / np.maximum(rest, 0.0))
        else:
            studentised = np.full_like(internal, np.nan)
    return Standing(internal, studentised, cooks)
