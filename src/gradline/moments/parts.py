"""The sums of a table in parts: gathered where the rows lie, and merged there, levels and all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple, TypeVar

from gradline.data.columns.design import Design
from gradline.data.columns.formula import Formula
from gradline.data.columns.terms import Terms
from gradline.data.found_in_parts import refuse_spread
from gradline.data.parted import PartedSource
from gradline.data.table_source import TableSource
from gradline.data.tally import Tally
from gradline.moments.exact import ExactMoments
from gradline.moments.levels import aligned, recoded
from gradline.moments.moments import Moments

S = TypeVar("S", Moments, ExactMoments)


class PartSums(NamedTuple):
    """What is known of some rows of a table: all that leaves the process which read them.

    Attributes
    ----------
    sums : Moments or ExactMoments
    design : Terms or Formula
        What the columns of the sums are: of categories the levels that these rows have.
    tally : Tally
        Rows read, and those left out.
    """

    sums: Any
    design: Design
    tally: Tally


def sums_of_parts(
    source: PartedSource,
    kind: type[Any],
    one_pass: Callable[..., Any],
    *,
    watch: Callable[[int], None] | None = None,
    keep: Any = None,
) -> Any:
    """The sums over all parts of a source.

    The states of neighbours are merged in order, so that float64 sums depend on how the rows are parted but on nothing
    else; exact sums do not depend on that either.

    Parameters
    ----------
    source : PartedSource
    kind : Moments or ExactMoments
    one_pass : callable
        What is done with one part: `one_pass(part, kind, threads=1)`, in the process that reads it.
    watch : callable, optional
        Called with the number of rows so far, whenever a run of parts has come in.
    keep : optional
        Saves what has come in: see `gradline.moments.keeping_parts.PartsKeeper`.
    """
    if isinstance(source.design, Formula):
        _ = source.feature_names  # its columns mix levels, which a pass of their own finds
    merged = partial(merged_sums, table=source.name)
    done, whole = (0, None) if keep is None else keep.resumed(kind)
    with nullcontext() if keep is None else keep.at_an_end(lambda: (done, whole)):
        at_work = _AtWork(watch, whole) if source.here and watch is not None else None
        of = partial(_sums_of, kind=kind, one_pass=one_pass, at_work=at_work)
        for parts, state in source.gathered(of, merged, done, in_rounds=keep is not None):
            whole, done = state if whole is None else merged(whole, state), done + parts
            if watch is not None and at_work is None:
                watch(whole.tally.rows_read)
            if keep is not None:
                keep.after_parts(done, whole, last=done == len(source.parts))
    if whole is None:  # Parquet without row groups
        raise Tally().empty(source.name)
    source.settle(whole.design, whole.tally)
    return _laid_out_as(whole, source.design)


def merged_sums(first: PartSums, then: PartSums, *, table: str) -> PartSums:
    """Of the rows of both, those of `then` after those of `first`.

    Raises
    ------
    DataError
        Where a category has too many levels in both together.
    """
    a, b, design = aligned(first.sums, first.design, then.sums, then.design)
    tally = first.tally.then(then.tally)
    assert design is not None
    refuse_spread(design, tally, table)
    return PartSums(a + b, design, tally)


def _sums_of(part: TableSource, *, kind: type[Any], one_pass: Callable[..., Any], at_work: _AtWork | None) -> PartSums:
    sums = one_pass(part, kind, threads=part.threads, watch=None if at_work is None else at_work.of_a_part())
    return PartSums(sums, part.design, part.tally)


class _AtWork:
    """Tells the rows so far of threads that each read a part and know the rows of that."""

    def __init__(self, watch: Callable[[int], None], before: PartSums | None) -> None:
        self._watch, self._lock = watch, threading.Lock()
        self._rows = 0 if before is None else before.tally.rows_read

    def of_a_part(self) -> Callable[[int], None]:
        """For the pass over one."""
        told = 0

        def watch(rows: int) -> None:
            nonlocal told
            with self._lock:
                self._rows += rows - told
                told = rows
                self._watch(self._rows)

        return watch


def _laid_out_as(whole: PartSums, design: Design) -> Any:
    """The sums of the columns of the whole table, whose reference levels may be others than those of its parts."""
    if isinstance(whole.design, Terms) and isinstance(design, Terms):
        return recoded(whole.sums, whole.design, design)
    return whole.sums
