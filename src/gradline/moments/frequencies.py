"""Weights that say how often a row was met."""

from __future__ import annotations

from gradline.data.weighting import check_total
from gradline.errors import DataError


def whole_rows(weight: float) -> int:
    """A total weight as a number of rows.

    Raises
    ------
    DataError
        Where it is no whole number.

    Examples
    --------
    >>> whole_rows(12.0)
    12
    """
    check_total(weight)
    if weight != int(weight):
        raise DataError(
            f"the weights add up to {weight}, which is no number of rows", hint="frequencies are whole numbers"
        )
    return int(weight)
