"""What one pass of the loop reads: nothing, the whole table, or shuffled mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from gradline.data.batch import Batch
from gradline.data.processes import ALONE, Processes, processes_of
from gradline.data.source import Source, whole
from gradline.descent.goal.units import Units
from gradline.errors import DataError

Epoch: TypeAlias = Callable[[], Iterable[Batch]]


def full_batches(source: Source, frame: Units) -> Epoch:
    """The same batch of all rows, again and again."""
    everything = (frame.rows(whole(source)),)
    return lambda: everything


def no_rows(source: Source, batch_size: int | None) -> Epoch:
    """For the engine that needs none."""
    if batch_size is not None:
        raise DataError(
            f"engine 'moments' has no rows to cut into batches of {batch_size}",
            hint="batches need engine 'numpy', 'autograd' or 'nn'",
        )
    nothing = (Batch.of(np.empty((0, len(source.feature_names))), np.empty(0)),)
    return lambda: nothing


def rows_of_a_pass(source: Source, counted: int) -> int:
    """Rows that a pass meets, those of other processes included; `counted` by their statistics.

    Those count a row as often as its frequency says: then one more pass counts each once, as the batches do.
    """
    if not getattr(source, "frequencies", False):
        return counted
    return sum(processes_of(source).gathered(sum(map(len, source.batches()))))


def mini_batches(
    source: Source,
    frame: Units,
    batch_size: int,
    mean_weight: float,
    rng: np.random.Generator,
    mean_over: int | None = None,
) -> Epoch:
    """Every row once a pass, in an order of `rng`'s.

    A row's part of a step is its weight against the mean weight of all rows, not of its batch: otherwise small batches
    would forget the weights, and descend to another answer. A batch's loss is the mean over its rows, as the lesson
    has it; or over `mean_over`: then a smaller last batch takes a shorter step, and all rows of a pass count alike.
    """

    equal = lru_cache(maxsize=4)(np.broadcast_to)  # batches of one size have it in common, on a GPU too

    def shared(batch: Batch) -> Batch:
        if batch.weight is None and mean_over is None:
            return batch
        if batch.weight is None:
            return replace(batch, share=equal(1.0 / (mean_over or batch.rows), len(batch)))
        return replace(batch, share=batch.weight / (mean_weight * (mean_over or batch.rows)))

    return lambda: (frame.rows(shared(batch)) for batch in source.batches(batch_size, shuffle=rng))


def expected_smoothness(
    epoch: Epoch, m: int, n: int, largest: float, bias: bool, processes: Processes = ALONE
) -> float:
    """L_m of mini-batches of m rows: between L, the largest curvature of all rows, and that of the worst single row.

    L_m = n (m - 1) / (m (n - 1)) L + (n - m) / (m (n - 1)) max_i 2 |z_i|^2 for m of n rows, z_i with its relative
    weight (Gower, Loizou, Qian, Sailanbayev, Shulgin, Richtarik 2019, proposition 3.8). Takes a pass over batches
    whose losses are means over m rows.
    """
    if m >= n:
        return largest
    worst = steepest_row(epoch, bias, m, processes)
    return n * (m - 1) / (m * (n - 1)) * largest + (n - m) / (m * (n - 1)) * worst


def steepest_row(epoch: Epoch, bias: bool, m: int | None = None, processes: Processes = ALONE) -> float:
    """max_i 2 |z_i|^2, the largest curvature of a single row, z_i with its relative weight; takes a pass.

    The losses of batches are means over `m` rows; None: over those of their step. Then no batch is steeper than that.
    """
    worst = 0.0
    for batch in epoch():
        squares = np.einsum("ij,ij->i", batch.X, batch.X) + bias
        worst = max(worst, float(2 * ((m or batch.rows) * batch.share * squares).max(initial=0.0)))
    return max(processes.gathered(worst))
