"""One more pass over the rows, for all measures at once: several threads, constant memory, always the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from gradline.data.batch import Batch
from gradline.data.groups import Seen
from gradline.data.parted import PartedSource
from gradline.data.seen import seen
from gradline.data.source import Source
from gradline.diagnostics.block import Block
from gradline.diagnostics.cutting import Cut, Part, rows_a_block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.in_parts import states_of_parts
from gradline.diagnostics.same_rows import SameRows
from gradline.diagnostics.scratch import Scratch
from gradline.errors import DataError
from gradline.moments.one_pass import pieces_of
from gradline.moments.parallel import InOrder, accumulate, available_threads, one_blas_thread

State = TypeVar("State")
Figures_co = TypeVar("Figures_co", covariant=True)

ORTHONORMAL = 1e-9  # sums of z z' this near the identity move no figure in its tenth digit by more than a unit
PASSES = 3  # the second is orthonormal to rounding, unless the first was near to singular


class Measure(Protocol[State, Figures_co]):
    """What is to be known of all rows, gathered block by block; it never changes, what it gathers is its state.

    A table in parts (`gradline.data.parted`) is measured where its rows lie. A measure that asks for no row's number
    says so (`of_any_part = True` in its class): rows need not be counted first then. One whose state holds numbers of
    groups has `renumbered(state, numbers)`, where `numbers[j]` has for each number of group j the one to take in its
    place; None: as they are.

    A measure that is a dataclass with a field `frame` is given the frame that the pass ends with, see `examine`. `of`
    must not keep views of a block: its memory is used again for the next.
    """

    def of(self, block: Block, /) -> State:
        """From some rows alone."""
        ...

    def merged(self, first: State, then: State, /) -> State:
        """Of the rows of both, those of `then` after those of `first`, whose memory may be used again."""
        ...

    def figures(self, state: State, /) -> Figures_co:
        """What there is to know, when all rows are in."""
        ...


def examine(
    source: Source,
    frame: Frame,
    measures: Sequence[Measure[Any, Any]],
    *,
    groups: Sequence[Any] = (),
    watch: Callable[[int], None] | None = None,
    threads: int | None = None,
) -> list[Any]:
    """The figures of each measure, from one pass over the rows.

    Rows are counted off into blocks of `rows_a_block`, and their states merged in order. So the batches in which the
    rows come, the kind of file and the number of threads do not change a bit of a figure.

    The same pass proves that these are the rows of the fit: as many, orthonormal in its frame, and with residuals that
    have nothing left in its directions. Where rounding has left the frame further than 1e-9 from orthonormal, it is
    whitened once more, and the rows are read again.

    Parameters
    ----------
    source : Source
    frame : Frame
    measures : sequence of Measure
    groups : sequence
        Columns or arrays that group the rows, as `gradline.data.seen.seen` takes them: `Block.groups`.
    watch : callable, optional
        Called with the number of rows so far.
    threads : int, optional
        Default: as many as cores, for what computes more than it reads.

    Raises
    ------
    DataError
        Where these are not the rows of the fit; where the source can be read only once; and what it raises.

    Examples
    --------
    The leverages of all rows add up to the number of coefficients:

    >>> from dataclasses import dataclass
    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.moments.moments import Moments
    >>> @dataclass(frozen=True)
    ... class Total:
    ...     def of(self, block): return block.leverage.sum()
    ...     def merged(self, first, then): return first + then
    ...     def figures(self, state): return float(state.round(12))
    >>> X, y = np.array([[1.0], [2.0], [3.0], [6.0]]), np.array([1.0, 3.0, 2.0, 6.0])
    >>> m = Moments.of(X, y)
    >>> examine(ArraySource(X, y), Frame.of(m, m.solve(), fit_intercept=True), [Total()])[0]
    2.0
    """
    features = len(source.feature_names)
    if features != len(frame.centre):
        raise DataError(f"{source.name} has {features} features, but the fit has {len(frame.centre)}")
    with one_blas_thread():  # several round otherwise, and not always alike
        for last in range(PASSES - 1, -1, -1):
            same = SameRows(frame, source.name)
            asked = [*(_in_frame(measure, frame) for measure in measures), same]
            *states, sums = _read(source, frame, asked, groups, watch, threads)
            gram = same.figures(sums)
            if last == 0 or np.abs(gram - np.eye(frame.k)).max(initial=0.0) <= ORTHONORMAL:
                break
            try:
                frame = frame.whitened_by(gram)
            except np.linalg.LinAlgError:  # columns that are one but for their last digits: no frame tells them apart
                break
        return [measure.figures(state) for measure, state in zip(asked[:-1], states, strict=True)]


def _in_frame(measure: Any, frame: Frame) -> Any:
    holds = is_dataclass(measure) and any(field.name == "frame" for field in fields(measure))
    return replace(measure, frame=frame) if holds and measure.frame is not frame else measure


class _States(NamedTuple):
    """Of all measures, as `InOrder` adds them up."""

    measures: Sequence[Measure[Any, Any]]
    states: list[Any] | None

    def merged(self, other: _States, sign: int) -> _States:
        if self.states is None or other.states is None:
            return other if self.states is None else self
        each = zip(self.measures, self.states, other.states, strict=True)
        return _States(self.measures, [measure.merged(first, then) for measure, first, then in each])


def _read(
    source: Source,
    frame: Frame,
    measures: Sequence[Measure[Any, Any]],
    groups: Sequence[Any],
    watch: Callable[[int], None] | None,
    threads: int | None,
) -> list[Any]:
    results = InOrder(_States(measures, None))
    directions, scratch = frame.directions(), Scratch()
    frequencies = bool(getattr(source, "frequencies", False))
    if isinstance(source, PartedSource):
        read = partial(_read, frame=frame, measures=measures, watch=None, threads=threads)
        return states_of_parts(source, read, measures, groups, watch)

    def take(number: int, rows: Seen) -> None:
        block = Block.of(rows, frame, directions, scratch, frequencies=frequencies)
        results.put(number, _States(measures, [measure.of(block) for measure in measures]))

    cut = Cut(rows_a_block(frame.k), take, watch)
    threads = threads or getattr(source, "threads", None) or max(1, available_threads() - 1)
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        accumulate(lambda: cut, _parts(source, groups), threads)
        cut.finish()
    if results.total.states is None:
        if getattr(source, "is_part", False):
            return []
        raise DataError(f"{source.name} has no rows left")
    return results.total.states


def _parts(source: Source, groups: Sequence[Any]) -> Iterator[Part]:
    """What a thread takes at a time: some batches, after so many rows; read by the thread itself where that may be."""
    pieces = [] if groups else pieces_of(source)
    for piece in pieces:
        yield piece.rows_before, partial(_counted, piece.rows_before, piece.batches)
    if pieces:
        return
    before = 0
    for rows in seen(source, groups):
        yield before, partial(iter, [rows])
        before += len(rows.row)


def _counted(before: int, batches: Callable[[], Iterator[Batch]]) -> Iterator[Seen]:
    for batch in batches():
        yield Seen(batch, np.arange(before + 1, before + len(batch) + 1))
        before += len(batch)
