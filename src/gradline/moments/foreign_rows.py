"""Rows taken out of statistics that never held them."""

from __future__ import annotations

from gradline.errors import DataError


def foreign_rows(removed: int, inside: int) -> DataError:
    """The error that says why `removed` rows are none of the `inside` rows that statistics are of.

    Examples
    --------
    >>> print(foreign_rows(30, 20).message)
    these 30 rows were never in it: it has only 20, and 10 more would be removed than are inside
    """
    these = "this 1 row was" if removed == 1 else f"these {removed:,} rows were"
    left = inside - removed
    if left < 0:
        why = f"it has {f'only {inside:,}' if inside else 'none'}, and {-left:,} more would be removed than are inside"
    elif left == 0:
        why = "it has as many, but others, or with other weights"
    else:
        why = (
            f"without {'it' if removed == 1 else 'them'}, a weight or a variance of the {left:,} left would be negative"
        )
    return DataError(f"{these} never in it: {why}", hint="subtract only what was added, with the same weights")
