"""A pass over any source for its rows with their numbers, and with those of the groups they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradline.data.groups import ByArray, ByColumn, Grouping, Seen
from gradline.data.roles import find_column
from gradline.data.source import Source
from gradline.errors import DataError


def seen(source: Source, groups: Sequence[Any] = ()) -> Iterator[Seen]:
    """Start a fresh pass over a source for its batches, with the numbers of their rows and of their labels.

    Parameters
    ----------
    source : Source
        One with a `seen(groupings)` of its own knows which rows it left out, and other columns than those of X. Of any
        other the rows are counted as its batches hold them.
    groups : sequence
        Each a column of the source, by name, or an array of one label for each row read: numbers, texts, booleans or
        dates; or a Grouping. Labels are numbered in the order in which they are met.

    Raises
    ------
    DataError
        Where a column is absent, a row has no label, an array has not one label a row; and what the source raises.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> source = ArraySource([[1.0], [np.nan], [3.0]], [2.0, 4.0, 6.0], missing="drop")
    >>> [(s.row.tolist(), s.groups[0].tolist()) for s in seen(source, [["b", "b", "a"]])]
    [([1, 3], [0, 1])]
    """
    own: Callable[[Sequence[Grouping]], Iterator[Seen]] | None = getattr(source, "seen", None)
    if own is not None:
        names: Sequence[str] = getattr(source, "column_names", ())
        yield from own([grouping(source.name, names, group) for group in groups])
        return
    groupings = [grouping(source.name, (), group) for group in groups]
    before = 0
    for batch in source.batches():
        row = np.arange(before + 1, before + len(batch) + 1)
        yield Seen(batch, row, tuple(each.numbers(row, {}) for each in groupings))
        before += len(batch)
    for each in groupings:
        each.at_the_end(before)


def grouping(table: str, names: Sequence[str], group: Any) -> Grouping:
    """What `seen` takes as a group, for one pass over a table of such columns.

    Raises
    ------
    DataError
        Where a column is absent, or an array holds no labels.
    """
    if isinstance(group, ByColumn | ByArray):
        return group
    if not isinstance(group, str):
        return ByArray(group)
    if not names:
        raise DataError(
            f"{table} has no column names to look for {group!r}", hint="give an array with one label for each row"
        )
    return ByColumn(find_column(table, names, group))
