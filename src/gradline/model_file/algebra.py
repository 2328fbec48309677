"""Fits that are added and taken apart: the models of all their rows, to the bit, without the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from gradline.data.cells import short
from gradline.data.columns.design import Design
from gradline.data.columns.terms import Terms
from gradline.errors import DataError
from gradline.model_file.saved import SavedModel
from gradline.moments.exact import ExactMoments
from gradline.moments.levels import aligned, without_empty_levels

LONGEST_SOURCE = 200
Called: TypeAlias = tuple[str, str]


def merged(a: SavedModel, b: SavedModel, called: Called | None = None) -> SavedModel:
    """The fit to the rows of both, exactly: the same bits in any order. `called`: the files of the two, for errors.

    Raises
    ------
    DataError
        Where they are of other columns, differ in what they fit, or keep float64 statistics.
    """
    ours, theirs, design = _on_the_same_columns(a, b, called or (a.source, b.source))
    dropped = {name: a.dropped.get(name, 0) + b.dropped.get(name, 0) for name in (*a.dropped, *b.dropped)}
    weighting = a.weighting
    if weighting and b.weighting:
        weighting = replace(weighting, zero_rows=weighting.zero_rows + b.weighting.zero_rows)
    model = replace(
        a,
        design=design,
        rows_dropped=a.rows_dropped + b.rows_dropped,
        dropped=dropped,
        skipped=a.skipped.and_those(b.skipped),
        weighting=weighting,
    )
    return _refitted(model, ours + theirs, f"{a.source} + {b.source}")


def subtracted(whole: SavedModel, part: SavedModel, called: Called | None = None) -> SavedModel:
    """The fit to the rows of `whole` that are not in `part`: to the bit that of a model which never saw them.

    Raises
    ------
    DataError
        As for `merged`; also where these rows were never in it, or none are left.
    """
    called = called or (whole.source, part.source)
    ours, theirs, design = _on_the_same_columns(whole, part, called)
    left = ours - theirs
    if left.rows == 0:
        raise DataError(
            f"no rows are left of {called[0]} without {called[1]}",
            hint="subtract a model of some of its rows",
        )
    if isinstance(design, Terms):
        left, design = without_empty_levels(left, design)
    dropped = {name: count - part.dropped.get(name, 0) for name, count in whole.dropped.items()}
    weighting = whole.weighting
    if weighting and part.weighting:
        weighting = replace(weighting, zero_rows=max(0, weighting.zero_rows - part.weighting.zero_rows))
    model = replace(
        whole,
        design=design,
        rows_dropped=max(0, whole.rows_dropped - part.rows_dropped),
        weighting=weighting,
        dropped={name: count for name, count in dropped.items() if count > 0},
        skipped=whole.skipped.without(part.skipped),
    )
    return _refitted(model, left, f"{whole.source} without {part.source}")


def _on_the_same_columns(
    a: SavedModel, b: SavedModel, called: Called
) -> tuple[ExactMoments, ExactMoments, Design | None]:
    """The statistics of two models, once levels that only one of them met are known to both."""
    for what, ours, theirs in (
        ("features", list(a.starts_from.raw), list(b.starts_from.raw)),
        ("target", a.target, b.target),
        ("fit_intercept", a.fit_intercept, b.fit_intercept),
        ("polynomial", a.polynomial, b.polynomial),
        ("weight", a.weighting and a.weighting.column, b.weighting and b.weighting.column),
        ("weights", a.weighting and a.weighting.kind, b.weighting and b.weighting.kind),
    ):
        if ours != theirs:
            raise DataError(
                f"{' and '.join(called)} do not go together: "
                f"{what} is {short(ours)} in one, {short(theirs)} in the other",
                hint="fit both to the same columns, in the same order, with the same options",
            )
    if isinstance(a.moments, ExactMoments) and isinstance(b.moments, ExactMoments):
        try:
            return aligned(a.moments, a.design, b.moments, b.design)
        except DataError as error:
            raise DataError(f"{' and '.join(called)}: {error.message}", hint=error.hint) from None
    rounded = called[isinstance(a.moments, ExactMoments)]
    raise DataError(
        f"{rounded} keeps float64 sums, which add up only to rounding; expected exact ones",
        hint="fit it with precision='exact'",
    )


def _refitted(like: SavedModel, moments: ExactMoments, source: str) -> SavedModel:
    return replace(
        like,
        features=like.features if like.design is None else like.design.names,
        source=source if len(source) <= LONGEST_SOURCE else f"{moments.rows:,} rows of many models",
        precision="exact",
        moments=moments,
        solution=moments.solve(fit_intercept=like.fit_intercept),
        robust=None,  # which only the rows could tell
    )
