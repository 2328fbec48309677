"""What no descent can use of its rows, however many features they have."""

from __future__ import annotations

import numpy as np

from gradline.data.source import Source
from gradline.errors import DataError
from gradline.solution import Array


def refuse_one_row(source: Source, rows: int) -> None:
    """Through one point every line can be drawn."""
    if rows == 1:
        raise DataError(
            f"there is 1 sample (one row) in {source.name}, through which every line can be drawn",
            hint="give at least two rows",
        )


def refuse_idle(source: Source, idle: int, bias: bool) -> None:
    """Where all features are `idle`, which beside an intercept the constant ones are, nothing is to be found."""
    if idle == len(source.feature_names):
        what = "is constant in" if bias else "is zero in every row of"
        raise DataError(
            f"every feature {what} {source.name}: there is nothing to descend", hint="give a column that varies"
        )


def refuse_extreme(names: tuple[str, ...], mean: Array, square: Array, dtype: str, *, cure: str) -> None:
    """A descent multiplies columns by themselves: where that overflows or vanishes there is no curvature to see.

    Parameters
    ----------
    names : tuple of str
        Of the features.
    mean, square : (p + 1,) float64
        Of each column and, last, the target: its mean, its mean square.
    cure : str
        What to do in float64.
    """
    limits = np.finfo(dtype)
    bad = ~(square <= limits.max) | ((square < limits.tiny) & ((mean != 0) | (square > 0)))
    for j in np.flatnonzero(bad)[:1]:
        what = "the target" if j == len(names) else f"column '{names[j]}'"
        raise DataError(
            f"the square of {what} (of size {abs(mean[j]):.2g}) is beyond {dtype}",
            hint=cure if dtype == "float64" else "use dtype='float64', or learning_rate='auto', which rescales",
        )
