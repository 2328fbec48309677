"""One more pass over the rows, for all measures at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame

State = TypeVar("State")
Figures_co = TypeVar("Figures_co", covariant=True)


class Measure(Protocol[State, Figures_co]):
    """What is to be known of all rows, gathered block by block. It never changes; what it gathers is its state."""

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
) -> list[Any]:
    """The figures of each measure, from one pass over the rows in memory that does not grow with them."""
    states: list[Any] | None = None
    for block in _blocks(source, frame):
        here = [measure.of(block) for measure in measures]
        states = here if states is None else [m.merged(a, b) for m, a, b in zip(measures, states, here, strict=True)]
    assert states is not None
    return [measure.figures(state) for measure, state in zip(measures, states, strict=True)]


def _blocks(source: Source, frame: Frame) -> Iterator[Block]:
    before, frequencies = 1, bool(getattr(source, "frequencies", False))
    for batch in source.batches():
        yield block_of(batch, frame, np.arange(before, before + len(batch)), frequencies=frequencies)
        before += len(batch)


def block_of(batch: Batch, frame: Frame, row: Any, *, frequencies: bool, groups: Any = ()) -> Block:
    """Some rows in the frame."""
    away = np.empty((batch.X.shape[1], len(batch)))
    np.subtract(batch.X.T, frame.centre[:, None], out=away)
    directions = np.column_stack([frame.whitening, frame.slopes]).T
    seen = directions @ away
    seen[:-1] += frame.shift[:, None]
    z, fitted = seen[:-1], seen[-1] + frame.level
    residual = batch.y - fitted
    scaled, precision, times = residual, None, None
    if batch.weight is not None and frequencies:
        times = batch.weight
    elif batch.weight is not None:
        precision = batch.weight
        root = np.sqrt(precision)
        z *= root
        scaled = residual * root
    leverage = np.einsum("ij,ij->j", z, z)
    return Block(row, batch.X, z.T, residual, fitted, scaled, leverage, times, precision, groups)
