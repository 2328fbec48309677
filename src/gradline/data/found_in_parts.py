"""What is looked for in all parts of a table before it is fitted: rows, levels, files that cannot be read."""

from __future__ import annotations

from gradline.data.columns.design import Design
from gradline.data.columns.growing import refuse_too_many
from gradline.data.columns.terms import Terms
from gradline.data.table_source import TableSource
from gradline.data.tally import Tally


def rows_of(part: TableSource) -> tuple[Tally]:
    """How many rows a part has, as a Tally."""
    return (Tally(rows_read=part.count()),)


def all_rows(first: tuple[Tally], then: tuple[Tally]) -> tuple[Tally]:
    """Of both."""
    return (first[0].then(then[0]),)


def bad_files(part: TableSource) -> tuple[dict[str, str], Tally]:
    """What is wrong with the files of a part, by their paths."""
    return part.bad_files(), Tally()


def all_bad_files(
    first: tuple[dict[str, str], Tally], then: tuple[dict[str, str], Tally]
) -> tuple[dict[str, str], Tally]:
    """Of both."""
    return first[0] | then[0], Tally()


def levels_of(part: TableSource) -> tuple[Design, Tally]:
    """The levels that the categories have in a part."""
    levels, tally = part.levels()
    names = levels or {column.name: [] for column in part.design.categories.columns}
    return Terms(tuple(column.with_levels(names[column.name]) for column in part.design.categories.columns)), tally


def merged_levels(first: tuple[Design, Tally], then: tuple[Design, Tally], *, table: str) -> tuple[Design, Tally]:
    """Of both, those of `first` first; raises where they are too many together."""
    columns = []
    tally = first[1].then(then[1])
    for a, b in zip(first[0].categories.columns, then[0].categories.columns, strict=True):
        columns.append(a.with_levels([*dict.fromkeys((*(a.levels or ()), *(b.levels or ())))]))
    levels = Terms(tuple(columns))
    refuse_spread(levels, tally, table)
    return levels, tally


def refuse_spread(design: Design, tally: Tally, table: str) -> None:
    """Refuse a category whose parts have too many different levels together, where nobody insisted on it.

    Raises
    ------
    DataError
    """
    features = design.raw if isinstance(design, Terms) else ()
    for column in design.categories.columns:
        if not column.insisted:
            refuse_too_many(column, len(column.levels or ()), tally.used, table, features)
