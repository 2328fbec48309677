"""A table of which each of several processes reads its own part, and descends on that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gradline.data.batch import Batch
from gradline.data.blocks import WINDOW_ROWS, Rows, check_rows, portions, shuffled
from gradline.data.file_parts import parts_of
from gradline.data.part import State, part_of
from gradline.data.parted import PartedSource
from gradline.data.table_source import TableSource
from gradline.descent.options import Options
from gradline.descent.wide.refusals import MOST_FEATURES
from gradline.distributed.in_shares import Group, InShares
from gradline.errors import DataError

FINEST = 1  # rows of a part: each row group is one
ROUNDS = 64  # of a pass that is kept: after each all processes have met, and what they have found has travelled


class Share(PartedSource):
    """The rows of a table as one of several processes descends on them.

    Statistics and measures are those of all rows (`gradline.moments.parts`, `gradline.diagnostics.in_parts`), `batches`
    those of this process. Parts are row groups of Parquet, or whole files; neighbours go to one process.

    Parameters
    ----------
    table : TableSource
    group : Group

    Raises
    ------
    DataError
        Where its rows lie in no file.
    """

    def __init__(self, table: TableSource, group: Group) -> None:
        self._own = InShares(group)
        super().__init__(table, parts_of(table, FINEST), self._own, least_rows=FINEST)
        self.processes, self._rank = group, group.rank

    def gathered(
        self,
        of: Callable[[TableSource], State],
        merged: Callable[[State, State], State],
        first: int = 0,
        parts: Sequence[Any] | None = None,
        *,
        in_rounds: bool = False,
    ) -> Iterator[tuple[int, State]]:
        """See `PartedSource.gathered`. A pass in rounds has at most `ROUNDS`, and where they end the parts decide."""
        if not in_rounds:
            yield from super().gathered(of, merged, first, parts)
            return
        self._leave_out_bad_files()
        parts = self.parts if parts is None else parts
        size = self._own.size * math.ceil(len(parts) / (ROUNDS * self._own.size))
        while first < len(parts):
            end = (first // size + 1) * size
            yield from super().gathered(of, merged, first, parts[:end])
            first = end

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass over the rows of this process.

        Batches of `rows` rows are so large over all processes, give or take one row a process: each takes its share of
        every step from its own rows, so that all are done at the same step. `shuffle` is at the same place in all of
        them, before and after; the order of its own rows each process draws by itself.
        """
        check_rows(rows)
        own = [part_of(self._whole(), part) for part in self._own.own(self.parts)]
        if rows is None:
            for some in own:
                yield from some.batches()
            return
        blocks: Iterator[Rows] = (
            Rows(batch.X, batch.y, batch.weight) for some in own for batch in some.batches(self.batch_rows)
        )
        if shuffle is not None:
            drawn = np.random.default_rng([int(shuffle.integers(2**63)), self._rank])
            blocks = shuffled(blocks, max(WINDOW_ROWS, rows), drawn)
        equal = lru_cache(maxsize=4)(np.broadcast_to)  # batches of one size have it in common, on a GPU too
        steps = self._steps(rows)
        sizes = (step[self._rank] for step in steps)
        for step, part in zip(steps, portions(blocks, sizes, len(self.feature_names)), strict=True):
            count = sum(step)
            if count:
                yield Batch(*part, equal(1.0 / count, len(part.y)), count)

    @property
    def most_parts(self) -> int:
        """That one process has."""
        return max(len(self._own.own(self.parts, rank)) for rank in range(self._own.size))

    def full_batch(self) -> Batch:
        """The rows of this process as one batch, with their shares of the mean loss of all."""
        own = Batch.joined(list(self.batches()), len(self.feature_names))
        weight = float(len(own)) if own.weight is None else float(own.weight.sum())
        all_of_them = self.processes.gathered((len(own), weight))
        part = weight / math.fsum(each for _, each in all_of_them)
        return Batch(own.X, own.y, own.weight, own.share * part, sum(count for count, _ in all_of_them))

    def _steps(self, rows: int) -> list[list[int]]:
        """How many rows each process gives to each step of a pass."""
        return steps_of(self.processes.gathered(self._own.tally.used), rows)


def steps_of(counts: Sequence[int], rows: int) -> list[list[int]]:
    """How many of its rows each process gives to each step, so that a step has about `rows` of all.

    Process r of K with n_r rows gives floor((n_r (k + 1) + S r / K) / S) - floor((n_r k + S r / K) / S) to step k of
    S = ceil(n / rows): all of its rows in the end, and the remainders of different processes at different steps.

    Examples
    --------
    >>> steps_of([4, 3], 3)
    [[1, 1], [1, 1], [2, 1]]
    >>> steps_of([2, 2], 1)
    [[0, 1], [1, 0], [0, 1], [1, 0]]
    """
    steps = max(1, math.ceil(sum(counts) / rows))
    shifts = [steps * rank // len(counts) for rank in range(len(counts))]
    given = [
        [(count * (k + 1) + shift) // steps - (count * k + shift) // steps for k in range(steps)]
        for count, shift in zip(counts, shifts, strict=True)
    ]
    return [list(step) for step in zip(*given, strict=True)]


def check_options(options: Options, share: Share, size: int) -> None:
    """Refuse what several processes cannot do together, before they read a row.

    Raises
    ------
    DataError
    """
    together = f"{size} processes"
    if options.engine not in ("nn", "moments"):
        raise DataError(
            f"engine '{options.engine}' is a lesson for one process: of {together} only engine 'nn' adds the "
            "gradients, and 'moments' needs no rows",
            hint="engine='nn'",
        )
    if not options.squared:
        raise DataError(f"{together} descend on the squared loss only, not on the {options.cost.name} loss")
    if options.validation_fraction is not None:
        raise DataError(f"{together} hold out no rows: validation_fraction is for one", hint="leave it out")
    if len(share.feature_names) > MOST_FEATURES:
        raise DataError(
            f"{together} descend on at most {MOST_FEATURES} features, and there are {len(share.feature_names)}",
            hint="start one process",
        )
