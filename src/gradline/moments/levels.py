"""Statistics when the levels of categories change: others come, some go, the reference moves; without the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias, TypeVar

from gradline.data.columns.design import Design
from gradline.data.columns.formula import Formula
from gradline.data.columns.terms import Column, Terms
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments

S = TypeVar("S", Moments, ExactMoments)
Key: TypeAlias = tuple[str, str | None]


def aligned(a: S, design_a: Design | None, b: S, design_b: Design | None) -> tuple[S, S, Design | None]:
    """Two statistics brought to the same columns: those of one design that knows the levels of both.

    Raises
    ------
    DataError
        Where the designs differ in more than the levels of categories.
    """
    if isinstance(design_a, Terms) and isinstance(design_b, Terms):
        both = united(design_a, design_b)
        return recoded(a, design_a, both), recoded(b, design_b, both), both
    if isinstance(design_a, Formula) and isinstance(design_b, Formula):
        if (design_a.text, design_a.names) == (design_b.text, design_b.names):
            return a, b, design_a
        if design_a.text == design_b.text:
            raise DataError(
                f"the formula {design_a.text!r} met other levels in one than in the other",
                hint="features in place of a formula may differ in their levels",
            )
    if design_a is not None or design_b is not None:
        raise DataError(
            f"fits to {_told(design_a)} and to {_told(design_b)} do not go together",
            hint="fit both to the same columns, and by the same formula where there is one",
        )
    return a, b, None


def _told(design: Design | None) -> str:
    if isinstance(design, Formula):
        return f"the formula {design.text!r}"
    return " and ".join(design.raw) if design else "numbers alone"


def united(a: Terms, b: Terms) -> Terms:
    """The same columns with the levels of both.

    Raises
    ------
    DataError
        Where they are not the same columns, or two references were asked for.

    Examples
    --------
    >>> from gradline.data.columns.kinds import Kind
    >>> january, february = (
    ...     Terms((Column("city", Kind.TEXT, is_category=True, levels=levels),))
    ...     for levels in (("Oslo", "Rome"), ("Bonn", "Oslo"))
    ... )
    >>> united(january, february).names
    ('city[T.Oslo]', 'city[T.Rome]')
    """
    if len(a.columns) != len(b.columns):
        raise DataError(f"{len(a.columns)} columns and {len(b.columns)} columns do not go together")
    return Terms(tuple(_united(*pair) for pair in zip(a.columns, b.columns, strict=True)))


def recoded(statistics: S, old: Terms, new: Terms) -> S:
    """Statistics of the columns that `old` names, as those of the columns that `new` names.

    The level that was the reference is 1 less the others, and a level that `old` does not know occurs in no row: so the
    exact statistics of the rows are found to the bit, as if all levels had been known from the start.

    Examples
    --------
    >>> from gradline.data.columns.kinds import Kind
    >>> old = Terms((Column("city", Kind.TEXT, is_category=True, levels=("Oslo", "Rome")),))
    >>> new = Terms((Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo", "Rome")),))
    >>> rows_as_old, rows_as_new = [[0.0], [1.0]], [[1.0, 0.0], [0.0, 1.0]]
    >>> y = [5.0, 7.0]
    >>> recoded(ExactMoments.of(rows_as_old, y), old, new) == ExactMoments.of(rows_as_new, y)
    True
    """
    if old.names == new.names:
        return statistics
    place = {key: number for number, key in enumerate(_keys(old))}
    wanted = list(_keys(new))
    for column in old.columns:
        if column.is_category and (column.name, column.reference) in wanted:
            own = [place[column.name, level] for level in column.other_levels]
            statistics = statistics.with_rest(own)
            place[column.name, column.reference] = statistics.n_features - 1
    return statistics.selected([place.get(key) for key in wanted])


def without_empty_levels(statistics: ExactMoments, terms: Terms) -> tuple[ExactMoments, Terms]:
    """What is left when the levels that no row has any more are forgotten, as if they had never been met.

    A reference that was asked for and is gone is the first level again.
    """
    columns = []
    for column in terms.columns:
        if column.is_category:
            alone = replace(column, asked_reference=None)
            counted = recoded(statistics, terms, Terms((alone,)))
            counted = counted.with_rest(range(counted.n_features))
            mean, zeros = counted.mean, counted.selected([None])
            # A share of rows of little weight may be 0.0 when rounded: the sums tell.
            empty = {
                level
                for j, level in enumerate((*alone.other_levels, alone.reference))
                if mean[j] == 0 and counted.selected([j]) == zeros
            }
            levels = tuple(level for level in column.levels or () if level not in empty)
            asked = column.asked_reference if column.asked_reference in levels else None
            column = replace(column, levels=levels, asked_reference=asked)
        columns.append(column)
    left = Terms(tuple(columns))
    return recoded(statistics, terms, left), left


def _keys(terms: Terms) -> Iterator[Key]:
    for column in terms.columns:
        if column.is_category:
            yield from ((column.name, level) for level in column.other_levels)
        else:
            yield column.name, None


def _united(a: Column, b: Column) -> Column:
    if (a.name, a.kind, a.is_category) != (b.name, b.kind, b.is_category):
        raise DataError(
            f"column {a.name!r} is a {_what(a)} in one and {b.name!r} a {_what(b)} in the other",
            hint="fit both to the same columns, in the same order",
        )
    if not a.is_category:
        return a
    if a.asked_reference and b.asked_reference and a.asked_reference != b.asked_reference:
        raise DataError(
            f"the levels of {a.name!r} are compared with {a.asked_reference!r} in one, with {b.asked_reference!r} in "
            "the other",
            hint="fit both with the same reference",
        )
    asked = a.asked_reference or b.asked_reference
    levels = dict.fromkeys((*(a.levels or ()), *(b.levels or ())))
    column = replace(a, insisted=a.insisted or b.insisted, asked_reference=asked)
    return column.with_levels(list(levels))


def _what(column: Column) -> str:
    return "category" if column.is_category else f"column of kind {column.kind.value!r}"
