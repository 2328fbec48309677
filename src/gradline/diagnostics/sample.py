"""Some rows kept for drawings: always the same, whatever the batches, files or threads they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.influence import MOST_FEATURES
from gradline.diagnostics.standing import standing
from gradline.solution import Array

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows in the order of their numbers: all of them, up to `MOST_ROWS`, else as many, chosen by their numbers alone.

    Attributes
    ----------
    row : (m,) int
    fitted, actual, residual, studentised, leverage, cooks : (m,) float64
    X : (m, p) float64 or None
        None where there are more than `MOST_FEATURES` features.
    of : int
        Of how many these are; a row counts once, whatever its frequency weight.
    """

    row: NDArray[np.intp]
    fitted: Array
    actual: Array
    residual: Array
    studentised: Array
    leverage: Array
    cooks: Array
    X: Array | None
    of: int

    @property
    def whole(self) -> bool:
        """Whether these are all rows."""
        return len(self.row) == self.of


class _State(NamedTuple):
    place: NDArray[np.uint64]
    row: NDArray[np.intp]
    figures: Array  # (m, 4): fitted, residual, scaled, leverage
    X: Array
    seen: int


@dataclass(frozen=True, slots=True)
class SampleMeasure:
    """The rows whose scrambled numbers are least.

    Parameters
    ----------
    frame : Frame
    rows : int
    """

    frame: Frame
    rows: int = MOST_ROWS

    def of(self, block: Block) -> _State:
        """See `Measure`."""
        place = scrambled(block.row)
        if block.times is None and self.frame.rows > 64 * self.rows:
            # Four times as many as are wanted can be expected below this: fewer than wanted do not occur.
            below = np.uint64(int(4 * self.rows / self.frame.rows * 2**64))
            chosen = np.flatnonzero(place < below)
        else:
            chosen = np.arange(len(place))
        if len(chosen) > self.rows:
            chosen = chosen[np.argpartition(place[chosen], self.rows - 1)[: self.rows]]
        columns = (block.fitted, block.residual, block.scaled, block.leverage)
        X = block.X[chosen] if block.X.shape[1] <= MOST_FEATURES else np.empty((len(chosen), 0))
        figures = np.column_stack([column[chosen] for column in columns])
        return _State(place[chosen], block.row[chosen], figures, np.array(X, dtype=np.float64), len(place))

    def merged(self, first: _State, then: _State) -> _State:
        """See `Measure`."""
        seen = first.seen + then.seen
        if not len(then.place):
            return first._replace(seen=seen)
        parts = [np.concatenate(pair) for pair in zip(first[:4], then[:4], strict=True)]
        if len(parts[0]) > 2 * self.rows:  # not at each block: what is chosen stays the same
            parts = self._least(parts)
        return _State(parts[0], parts[1], parts[2], parts[3], seen)

    def _least(self, parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Of what was kept, places first, the rows that are wanted."""
        if len(parts[0]) <= self.rows:
            return [*parts]
        chosen = np.sort(np.argpartition(parts[0], self.rows - 1)[: self.rows])
        return [part[chosen] for part in parts]

    def figures(self, state: _State) -> Sample:
        """See `Measure`."""
        _, row, figures, X = self._least(state[:4])
        order = np.argsort(row, kind="stable")
        fitted, residual, scaled, leverage = figures[order].T
        stands = standing(scaled, leverage, self.frame)
        return Sample(
            row=row[order],
            fitted=fitted,
            actual=fitted + residual,
            residual=residual,
            studentised=stands.studentised,
            leverage=leverage,
            cooks=stands.cooks,
            X=X[order] if len(self.frame.centre) <= MOST_FEATURES else None,
            of=state.seen,
        )


def scrambled(row: NDArray[np.intp]) -> NDArray[np.uint64]:
    """64 bits that differ for each row number and show no pattern of it: SplitMix64 (Steele, Lea and Flood 2014).

    Examples
    --------
    >>> len(np.unique(scrambled(np.arange(1000))))
    1000
    """
    x = row.astype(np.uint64)
    x *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x ^= x >> np.uint64(shift)
        x *= np.uint64(factor)
    x ^= x >> np.uint64(31)
    return x
