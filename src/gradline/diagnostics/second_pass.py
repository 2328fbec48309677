"""One more pass over the rows, for all measures at once: several threads, constant memory, always the same bits."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np

from gradline.data.batch import Batch
from gradline.data.groups import Seen
from gradline.data.parted import PartedSource
from gradline.data.seen import seen
from gradline.data.source import Source
from gradline.data.table_source import TableSource
from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import EPSILON, Frame
from gradline.errors import DataError
from gradline.moments.one_pass import pieces_of
from gradline.moments.parallel import InOrder, accumulate, available_threads
from gradline.solution import Array

State = TypeVar("State")
Figures_co = TypeVar("Figures_co", covariant=True)

ORTHONORMAL = 1e-9  # sums of z z' this near the identity move no figure in its tenth digit by more than a unit
PASSES = 3  # the second is orthonormal to rounding, unless the first was near to singular
NUMBERS_A_BLOCK = 2**18  # 2 MB of z: near the cache, and worth the calls


class Measure(Protocol[State, Figures_co]):
    """What is to be known of all rows, gathered block by block; it never changes, what it gathers is its state.

    Where its class says so (`of_any_part = True`), a table in parts (`gradline.data.parted`) is measured where its rows
    lie: such a measure asks neither for their numbers nor for groups.

    A measure that is a dataclass with a field `frame` is given the frame that the pass ends with, see `examine`. `of`
    must not keep views of a block: its arrays are large, and states wait for their turn.
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
    for last in range(PASSES - 1, -1, -1):
        check = Check(frame, source.name)
        asked = [check, *(_in_frame(measure, frame) for measure in measures)]
        states = _read(source, frame, asked, groups, watch, threads)
        gram = check.figures(states[0])
        if last == 0 or np.abs(gram - np.eye(frame.k)).max(initial=0.0) <= ORTHONORMAL:
            break
        try:
            frame = frame.whitened_by(gram)
        except np.linalg.LinAlgError:  # columns that are one but for their last digits: no frame tells them apart
            break
    return [measure.figures(state) for measure, state in zip(asked[1:], states[1:], strict=True)]


def rows_a_block(k: int) -> int:
    """Rows in a block: a power of two, 256 to 16384.

    Examples
    --------
    >>> rows_a_block(11), rows_a_block(200)
    (16384, 1024)
    """
    return 1 << min(max(8, (NUMBERS_A_BLOCK // max(1, k)).bit_length() - 1), 14)


def block_of(rows: Seen, frame: Frame, directions: Array, *, frequencies: bool) -> Block:
    """Some rows in the frame; `directions` is (k + 1, p), what makes z of rows, and below it the slopes."""
    batch = rows.batch
    away = np.empty((len(frame.centre), len(batch)))  # in one memory order whatever X has: it decides how sums round
    np.subtract(batch.X.T, frame.centre[:, None], out=away)
    found = np.dot(directions, away)  # np.dot lets other threads compute, as @ does not
    z, fitted = found[:-1], found[-1]
    z += frame.shift[:, None]
    if frame.turn is not None:
        z = np.dot(frame.turn.T, z)
    residual = batch.y - frame.level  # first: what is left has lost nothing to a mean that is far from zero
    residual -= fitted
    fitted += frame.level
    scaled, precision, times = residual, None, None
    if batch.weight is not None and frequencies:
        times = batch.weight
    elif batch.weight is not None:
        precision = batch.weight
        root = np.sqrt(precision)
        z *= root
        scaled = residual * root
    leverage = np.einsum("ij,ij->j", z, z)
    return Block(frame, rows.row, batch.X, z.T, residual, fitted, scaled, leverage, times, precision, rows.groups)


class _Sums(NamedTuple):
    rows: float
    gram: Array  # sum times z z'
    pull: Array  # sum times z scaled
    square: float  # sum times precision y^2, about the level


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the rows are those of the fit; its figure is what the sums of z z' have come to."""

    of_any_part: ClassVar[bool] = True
    frame: Frame
    name: str

    def of(self, block: Block) -> _Sums:
        """See `Measure`."""
        z, times = block.z, block.times
        about = block.residual + block.fitted - self.frame.level
        if block.precision is not None:
            about *= np.sqrt(block.precision)
        if times is None:
            return _Sums(len(block.row), np.dot(z.T, z), np.dot(z.T, block.scaled), float(about @ about))
        counted = z * times[:, None]
        return _Sums(
            float(times.sum()), np.dot(counted.T, z), np.dot(counted.T, block.scaled), float((about * times) @ about)
        )

    def merged(self, first: _Sums, then: _Sums) -> _Sums:
        """See `Measure`."""
        gram = np.add(first.gram, then.gram, out=first.gram)
        return _Sums(first.rows + then.rows, gram, first.pull + then.pull, first.square + then.square)

    def figures(self, state: _Sums) -> Array:
        """See `Measure`; raises where these are other rows."""
        frame, loose = self.frame, self.frame.looseness
        hint = "fit these rows, or give those of the fit"
        if state.rows != frame.rows:
            raise DataError(
                f"the rows of {self.name} have changed since the fit: there are {state.rows:,.0f}, expected "
                f"{frame.rows:,}",
                hint=hint,
            )
        off = np.abs(state.gram - np.eye(frame.k)).max(initial=0.0)
        left = np.abs(state.pull - frame.pull)
        far = 100.0 * EPSILON * abs(frame.level) * np.sqrt(frame.weight)
        same = off <= loose and (left[~np.isnan(frame.pull)] <= loose * np.sqrt(state.square) + far).all()
        if not same:
            raise DataError(f"the rows of {self.name} have changed since the fit: their sums are others", hint=hint)
        return state.gram


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
    directions = np.ascontiguousarray(np.column_stack([frame.whitening, frame.slopes]).T)
    frequencies = bool(getattr(source, "frequencies", False))
    if isinstance(source, PartedSource) and not groups and all(getattr(m, "of_any_part", False) for m in measures):
        whole = source.whole(partial(_of_part, frame=frame, measures=measures), _merged_parts)
        if whole.states is None:
            raise DataError(f"{source.name} has no rows left")
        return whole.states

    def take(number: int, rows: Seen) -> None:
        block = block_of(rows, frame, directions, frequencies=frequencies)
        results.put(number, _States(measures, [measure.of(block) for measure in measures]))

    cut = _Cut(rows_a_block(frame.k), take, watch)
    with np.errstate(over="ignore", invalid="ignore"):
        accumulate(lambda: cut, _parts(source, groups), threads or max(1, available_threads() - 1))
        cut.finish()
    if results.total.states is None:
        if getattr(source, "is_part", False):
            return []
        raise DataError(f"{source.name} has no rows left")
    return results.total.states


def _of_part(part: TableSource, *, frame: Frame, measures: Sequence[Measure[Any, Any]]) -> _States:
    return _States(measures, _read(part, frame, measures, (), None, 1) or None)


def _merged_parts(first: _States, then: _States) -> _States:
    # A task that is done twice must find what it is given as it was.
    return copy.deepcopy(first).merged(then, 1)


Part = tuple[int, Callable[[], Iterable[Seen]]]


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


class _Cut:
    """Counts rows off into blocks, whatever the batches they come in, and hands on each block that is whole.

    Parameters
    ----------
    rows : int
        In each block but the last.
    take : (number, rows) -> None
        Called for each block, by the thread that completes it.
    watch : callable, optional
    """

    def __init__(self, rows: int, take: Callable[[int, Seen], None], watch: Callable[[int], None] | None) -> None:
        self._rows, self._take, self._watch = rows, take, watch
        self._seen = 0
        self._broken: dict[int, list[tuple[int, Seen]]] = {}
        self._lock = threading.Lock()

    def add(self, part: Part, /) -> None:
        """All rows of one part."""
        before, read = part
        for rows in read():
            here = len(rows.row)
            start = 0
            while start < here:
                number, place = divmod(before + start, self._rows)
                stop = min(here, start + self._rows - place)
                self._put(number, place, _some(rows, start, stop))
                start = stop
            before += here
            if self._watch is not None:
                with self._lock:
                    self._seen += here
                    self._watch(self._seen)

    def _put(self, number: int, place: int, rows: Seen) -> None:
        if len(rows.row) < self._rows:
            with self._lock:
                pieces = self._broken.setdefault(number, [])
                pieces.append((place, rows))
                if sum(len(piece.row) for _, piece in pieces) < self._rows:
                    return
                del self._broken[number]
            rows = _joined(pieces)
        self._take(number, rows)

    def finish(self) -> None:
        """Hand on the last block."""
        for number, pieces in sorted(self._broken.items()):
            self._take(number, _joined(pieces))
        self._broken.clear()


def _some(rows: Seen, start: int, stop: int) -> Seen:
    batch, part = rows.batch, slice(start, stop)
    weight = None if batch.weight is None else batch.weight[part]
    some = Batch(batch.X[part], batch.y[part], weight, batch.share[part])
    return Seen(some, rows.row[part], tuple(numbers[part] for numbers in rows.groups))


def _joined(pieces: list[tuple[int, Seen]]) -> Seen:
    parts = [rows for _, rows in sorted(pieces, key=lambda piece: piece[0])]
    if len(parts) == 1:
        return parts[0]
    batches = [part.batch for part in parts]
    weights = [batch.weight for batch in batches if batch.weight is not None]
    whole = Batch(
        np.concatenate([batch.X for batch in batches]),
        np.concatenate([batch.y for batch in batches]),
        np.concatenate(weights) if weights else None,
        np.concatenate([batch.share for batch in batches]),
    )
    groups = tuple(np.concatenate(numbers) for numbers in zip(*(part.groups for part in parts), strict=True))
    return Seen(whole, np.concatenate([part.row for part in parts]), groups)
