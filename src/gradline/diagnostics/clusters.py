"""Standard errors for rows that come in clusters, within which errors may go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradline.data.groups import Numbers
from gradline.diagnostics.block import Block
from gradline.diagnostics.covariance import Robust
from gradline.diagnostics.frame import EPSILON, Frame
from gradline.errors import DataError
from gradline.solution import Array

FEW = 40
ROUNDING = 1e-12  # of what is added up by two groupings: eigenvalues this far below zero may be zero
PAIR = 2**31  # labels are numbered below it


class Run(NamedTuple):
    """What some clusters add up to: their numbers, ascending, and for each the sum of z e over its rows."""

    cluster: NDArray[np.int64]
    total: Array  # (clusters, k)


Runs: TypeAlias = list[Run]


@dataclass(frozen=True, slots=True)
class Clustered:
    """T (sum over clusters of s s') T', s the sum of z e over the rows of a cluster, e the residual.

    Each sum over G clusters is multiplied by G / (G - 1) (n - 1) / (n - k). By two groupings the covariance is that by
    the first, plus that by the second, less that by both together, each with its own factor: Cameron, Gelbach and
    Miller (2011), Journal of Business and Economic Statistics 29. Where that is no covariance, as some combination of
    coefficients would have a negative variance, the negative eigenvalues of the whole (in the frame, where no unit
    matters) are set to zero, as they propose in section 2.3: so also where all variances of single coefficients are
    positive, which then grow. Memory grows with the clusters, not with the rows.

    Parameters
    ----------
    frame : Frame
    by : (str,) or (str, str)
        What to call the groupings, which are the first of `Block.groups`.
    """

    of_any_part: ClassVar[bool] = True
    frame: Frame
    by: tuple[str, ...]

    def of(self, block: Block) -> list[Runs]:
        """See `Measure`."""
        weight = block.scaled if block.times is None else block.scaled * block.times
        terms = block.z.T * weight
        groups = block.groups
        keys = [groups[0]] if len(self.by) == 1 else [groups[0], groups[1], groups[0] * PAIR + groups[1]]
        return [[_run(key, terms)] for key in keys]

    def merged(self, first: list[Runs], then: list[Runs]) -> list[Runs]:
        """See `Measure`."""
        return [_appended(runs, more) for runs, more in zip(first, then, strict=True)]

    def renumbered(self, state: list[Runs], numbers: Sequence[Numbers | None]) -> list[Runs]:
        """See `Measure`."""
        alone, together = state[: len(self.by)], state[len(self.by) :]
        new = [
            [_in_order(_new(run.cluster, number), run.total) for run in runs]
            for runs, number in zip(alone, numbers, strict=False)
        ]
        for runs in together:
            pairs = [
                _new(run.cluster // PAIR, numbers[0]) * PAIR + _new(run.cluster % PAIR, numbers[1]) for run in runs
            ]
            new.append([_in_order(pair, run.total) for pair, run in zip(pairs, runs, strict=True)])
        return new

    def figures(self, state: list[Runs]) -> Robust:
        """See `Measure`."""
        frame, (n, k) = self.frame, (self.frame.rows, self.frame.k)
        parts: list[Array] = []
        sizes: list[int] = []
        for runs in state:
            total = _in_one(runs).total
            G = len(total)
            if G < 2:
                raise DataError(
                    f"all rows are in one cluster by {self.by[len(sizes)]}, expected two clusters at least",
                    hint="group by a column that has several values, or use HC3",
                )
            factor = G / (G - 1) * (n - 1) / (n - k) if n > k else np.nan
            parts.append(factor * (total.T @ total))
            sizes.append(G)
        meat, notes = parts[0], []
        judged = frame.df_residual > 0 and not frame.exact_fit
        if len(parts) == 3 and judged:
            meat = parts[0] + parts[1] - parts[2]
            mended, least = _semidefinite(meat)
            if least >= -ROUNDING * sum(np.trace(part) for part in parts):
                meat = mended
            else:  # for `Robust` to set right, which remembers it
                notes.append(
                    "by two groupings some variances came out negative: the negative eigenvalues of the covariance "
                    "were set to zero (Cameron, Gelbach and Miller 2011)"
                )
        sizes = sizes[: len(self.by)]
        G, slopes = min(sizes), k - frame.bias
        if G < FEW:
            notes.append(f"{G} clusters are few: these standard errors tend to be too small below about {FEW}")
        # A meat of G clusters has rank G - 1 at most; that of two groupings may have more than the smaller leaves it,
        # or less. The intercept has an axis of its own, the first, in which no slope has a part.
        of_slopes = meat[frame.bias :, frame.bias :]
        if judged and slopes > 1 and (slopes >= G if len(parts) == 1 else _positive(of_slopes) < slopes):
            few = f"{G} clusters" if slopes >= G else "these clusters"
            notes.append(f"{few} cannot test all {slopes} slopes together")
        named = [f"{by} ({size:,} clusters)" for by, size in zip(self.by, sizes, strict=True)]
        return Robust.of(frame, "cluster", f"clustered by {' and '.join(named)}", meat, G - 1, notes)


def _semidefinite(covariance: Array) -> tuple[Array, float]:
    """The matrix with its negative eigenvalues set to zero, and the least of them all."""
    values, vectors = np.linalg.eigh(covariance)
    least = float(values.min(initial=0.0))
    return (covariance if least >= 0.0 else (vectors * np.maximum(values, 0.0)) @ vectors.T), least


def _positive(covariance: Array) -> int:
    """How many eigenvalues are above zero, beyond rounding."""
    values = np.linalg.eigvalsh(covariance)
    return int(np.count_nonzero(values > len(values) * EPSILON * values.max(initial=0.0)))


def _run(key: NDArray[np.intp], terms: Array) -> Run:
    """The sums of some rows; `terms` is (k, rows)."""
    first = key.min()
    if key.max() - first < 4 * len(key):
        code = key - first
        here = np.flatnonzero(np.bincount(code))
        cluster = here + first
    else:
        cluster, code = np.unique(key, return_inverse=True)
        here = np.arange(len(cluster))
    total = np.empty((len(here), len(terms)))
    for column, term in zip(total.T, terms, strict=True):
        np.take(np.bincount(code, term), here, out=column)
    return Run(cluster, total)


def _new(old: Numbers, numbers: Numbers | None) -> Numbers:
    return old if numbers is None else numbers[old]


def _in_order(cluster: Numbers, total: Array) -> Run:
    order = np.argsort(cluster, kind="stable")
    return Run(cluster[order], total[order])


def _appended(runs: Runs, more: Runs) -> Runs:
    """Runs of falling length, so that a cluster is moved as often as the logarithm of their number says."""
    runs.extend(more)
    while len(runs) > 1 and len(runs[-2].cluster) < 2 * len(runs[-1].cluster):
        then = runs.pop()
        runs[-1] = _joined(runs[-1], then)
    return runs


def _joined(first: Run, then: Run) -> Run:
    cluster, total = (np.concatenate(both) for both in zip(first, then, strict=True))
    if first.cluster[-1] < then.cluster[0]:
        return Run(cluster, total)
    order = np.argsort(cluster, kind="stable")  # which merges two runs that are sorted already
    cluster, total = cluster[order], total[order]
    new = np.append(True, np.diff(cluster) > 0)
    again = np.flatnonzero(~new)
    total[again - 1] += total[again]
    return Run(cluster[new], total[new])


def _in_one(runs: Runs) -> Run:
    whole = runs[-1]
    for run in reversed(runs[:-1]):
        whole = _joined(run, whole)
    return whole
