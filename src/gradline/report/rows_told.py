"""The rows of a fit told: how many were left out and for which columns, how they were weighted, what columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradline.data.skipped import Skipped
from gradline.data.weighting import Weighting
from gradline.report.one_line import one_line
from gradline.report.sentences import counted

LISTED = 10  # columns with unusable cells, of perhaps thousands


def rows_left_out(count: int, by_column: Mapping[str, int]) -> list[str]:
    """A sentence, where rows were dropped; the columns in their order, of many those with the most such cells.

    Examples
    --------
    >>> rows_left_out(3, {"age": 2, "rooms": 2}), rows_left_out(0, {})
    (['3 rows dropped, for a missing or infinite cell of age in 2, rooms in 2.'], [])
    """
    if count == 0:
        return []
    rows = f"{counted(count, 'row')} dropped"
    most = sorted(by_column, key=by_column.__getitem__, reverse=True)[:LISTED]
    found = [f"{one_line(name)} in {cells:,}" for name, cells in by_column.items() if name in most]
    others = len(by_column) - len(found)
    found += [counted(others, "more column")] if others else []
    return [f"{rows}, for a missing or infinite cell of {', '.join(found)}." if found else f"{rows}."]


def read_of(rows: int, dropped: int, skipped: Skipped) -> str:
    """How many rows a fit is of, and what was left out; for a heading.

    Examples
    --------
    >>> read_of(1200, 3, Skipped.of(["042.parquet"])), read_of(1, 0, Skipped())
    ('1,200 rows, 3 dropped, 1 file skipped', '1 row')
    """
    told = [counted(rows, "row")]
    told += [f"{dropped:,} dropped"] if dropped else []
    told += [f"{counted(skipped.count, 'file')} skipped"] if skipped.count else []
    return ", ".join(told)


def about_the_rows(
    dropped: int, by_column: Mapping[str, int], skipped: Skipped, weighting: Weighting | None, notes: Sequence[str]
) -> list[str]:
    """A sentence each: rows and files left out, weights, and `notes` on units, origins and reference levels."""
    others = [skipped.note, weighting.note if weighting else "", *notes]
    return [*rows_left_out(dropped, by_column), *(f"{one_line(note)}." for note in others if note)]
