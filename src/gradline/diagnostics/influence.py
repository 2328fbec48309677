"""The rows that decide most: leverage, studentised residuals, Cook's distance; the first few of each, by number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.diagnostics.block import Block
from gradline.diagnostics.changes import largest_change, told_of
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.keys import Key
from gradline.diagnostics.standing import standing
from gradline.solution import Array

COOKS, STUDENTISED, LEVERAGE, CHANGE = range(4)
MOST_FEATURES = 20  # of whose columns the values are kept as well


@dataclass(frozen=True, slots=True, eq=False)
class InfluentialRow:
    """One row, and what the fit would be without it.

    Attributes
    ----------
    row : int
        Its number in the source, from 1.
    fitted, actual, residual : float
        In units of y.
    studentised, leverage, cooks : float
        See `standing`.
    changes : (k_all,) float64
        DFBETAS: by how many standard errors (sigma from the other rows) each coefficient would be *lower* without it.
        NaN for terms without an estimate. Belsley, Kuh and Welsch (1980), equation 2.7.
    term : str
        The term that it changes most; the intercept only where there is nothing else. Empty where nothing is known.
    change : float
        The entry of `changes` for `term`.
    x : (p,) float64 or None
        The row's features; None where there are more than `MOST_FEATURES`.
    """

    row: int
    fitted: float
    actual: float
    residual: float
    studentised: float
    leverage: float
    cooks: float
    changes: Array
    term: str
    change: float
    x: Array | None = None


@dataclass(frozen=True, slots=True)
class Influence:
    """The most remarkable rows, and how many there are.

    Attributes
    ----------
    by_cooks, by_studentised, by_leverage : tuple of InfluentialRow
        The largest first; of equal ones, the row that comes first.
    largest_change : InfluentialRow or None
        The row of all rows that changes a slope by most standard errors; None where nothing is known.
    largest_leverage, mean_leverage : float
        The mean is k / rows.
    cooks_above_half, cooks_above_one, studentised_above_3, decide_themselves : int
        Rows with D > 0.5, D > 1, |t| > 3, and with leverage 1.
    """

    by_cooks: tuple[InfluentialRow, ...]
    by_studentised: tuple[InfluentialRow, ...]
    by_leverage: tuple[InfluentialRow, ...]
    largest_change: InfluentialRow | None
    largest_leverage: float
    mean_leverage: float
    cooks_above_half: int
    cooks_above_one: int
    studentised_above_3: int
    decide_themselves: int


class _Found(NamedTuple):
    key: Array  # (m,), descending; of equal keys, the first row first
    row: NDArray[np.intp]
    figures: Array  # (m, 3): fitted, residual, scaled
    leverage: Array
    z: Array  # (m, k)
    X: Array  # (m, p), or (m, 0)

    def first(self, top: int) -> _Found:
        order = np.lexsort((self.row, -self.key))[:top]
        figures, leverage, z, X = (part[order] for part in self[2:])
        return _Found(self.key[order], self.row[order], figures, leverage, z, X)


class _State(NamedTuple):
    found: tuple[_Found, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class InfluenceMeasure:
    """The `top` rows by Cook's distance, by |studentised residual| and by leverage, and the one of the largest change.

    Parameters
    ----------
    frame : Frame
    top : int
    """

    frame: Frame
    top: int = 10

    def of(self, block: Block) -> _State:
        """See `Measure`."""
        stands = block.standing
        keys = [Key.of(key) for key in (stands.cooks, np.abs(stands.studentised), block.leverage)]
        cooks, size, leverage = keys
        bounds = ((cooks, 0.5), (cooks, 1.0), (size, 3.0), (leverage, np.nextafter(1.0 - self.frame.alone, 0.0)))
        counts = [key.beyond(bound, block.times) for key, bound in bounds]
        chosen = [key.largest(self.top) for key in keys]
        found = [self._found(rows, key.values[rows], block) for key, rows in zip(keys, chosen, strict=True)]
        found.append(self._found(*largest_change(block, cooks, size, chosen[COOKS]), block))
        return _State(tuple(found), np.array(counts, dtype=np.int64))

    def _found(self, chosen: NDArray[np.intp], key: Array, block: Block) -> _Found:
        figures = np.column_stack([block.fitted[chosen], block.residual[chosen], block.scaled[chosen]])
        few = block.X.shape[1] <= MOST_FEATURES
        X = block.X[chosen] if few else np.empty((len(chosen), 0))
        leverage, z = block.leverage[chosen], block.z[chosen]
        return _Found(key, block.row[chosen], figures, leverage, z, X).first(self.top)

    def merged(self, first: _State, then: _State) -> _State:
        """See `Measure`."""
        found = tuple(
            _Found(*(np.concatenate(parts) for parts in zip(a, b, strict=True))).first(1 if by == CHANGE else self.top)
            for by, (a, b) in enumerate(zip(first.found, then.found, strict=True))
        )
        return _State(found, first.counts + then.counts)

    def figures(self, state: _State) -> Influence:
        """See `Measure`."""
        by_cooks, by_studentised, by_leverage, by_change = (self._rows(found) for found in state.found)
        half, one, three, alone = (int(count) for count in state.counts)
        return Influence(
            by_cooks=by_cooks,
            by_studentised=by_studentised,
            by_leverage=by_leverage,
            largest_change=by_change[0] if by_change else None,
            largest_leverage=float(state.found[LEVERAGE].key[0]) if len(state.found[LEVERAGE].key) else math.nan,
            mean_leverage=self.frame.k / self.frame.rows if self.frame.rows else math.nan,
            cooks_above_half=half,
            cooks_above_one=one,
            studentised_above_3=three,
            decide_themselves=alone,
        )

    def _rows(self, found: _Found) -> tuple[InfluentialRow, ...]:
        frame = self.frame
        fitted, residual, scaled = found.figures.T
        stands = standing(scaled, found.leverage, frame)
        with np.errstate(divide="ignore", invalid="ignore"):
            # t = e / (s_others sqrt(1 - h)), so this is T z e / (1 - h) in units of s_others sqrt(diag T T').
            step = stands.studentised / np.sqrt(1.0 - found.leverage)
            length = np.sqrt((frame.T * frame.T).sum(axis=1))
            changes = (found.z @ frame.T.T) / length * step[:, None]
        return tuple(
            InfluentialRow(
                row=int(found.row[i]),
                fitted=float(fitted[i]),
                actual=float(fitted[i] + residual[i]),
                residual=float(residual[i]),
                studentised=float(stands.studentised[i]),
                leverage=float(found.leverage[i]),
                cooks=float(stands.cooks[i]),
                changes=changes[i],
                x=found.X[i] if found.X.shape[1] else None,
                **self._most(changes[i]),
            )
            for i in range(len(found.row))
        )

    def _most(self, changes: Array) -> dict[str, Any]:
        terms = told_of(self.frame)
        size = np.abs(changes[terms])
        if np.isnan(size).all():
            return {"term": "", "change": math.nan}
        most = terms[np.nanargmax(size)]
        return {"term": self.frame.names[most], "change": float(changes[most])}
