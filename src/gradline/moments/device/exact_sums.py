"""Exact sums over rows on a device: the digits of `gradline.moments.integers.digits`, cut and multiplied there."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradline.data.batch import Batch
from gradline.moments.block_sums import NotFiniteError
from gradline.moments.device.arithmetic import memory_of, trusted
from gradline.moments.device.digit_sums import DeviceSums, blocks_of
from gradline.moments.device.rows import DeviceRows
from gradline.moments.integers.accumulator import DEEP_DIGITS, NEGLIGIBLE, USUAL_DIGITS, ExactAccumulator
from gradline.moments.integers.integer_sums import IntegerSums

ROWS_ASIDE = 1 << 14


def exact_sums(X: Any, y: Any, weight: Any, device: str) -> tuple[int, IntegerSums]:
    """The rows of weight above zero, and the sums of w z z^T over them: the integers that the CPU would find.

    The device cuts each number into the fewest digits that nearly all rows need, multiplies digits in float64 and adds
    the products in int64, which is exact: see `gradline.moments.integers.digits` for the bounds. Rows with a number
    that these digits do not hold, which are few as a rule, are added by the CPU.

    Raises
    ------
    DataError
        Where the device cannot be trusted, shapes do not fit, a weight is negative, or a cell is not finite.
    """
    there = trusted(device)
    with memory_of(there, "device='cpu'"):
        rows = DeviceRows(X, y, weight, there, lambda columns: blocks_of(columns, USUAL_DIGITS))
        sums, counted = DeviceAccumulator(rows.features + 1, there), 0
        try:
            for block in rows:
                counted += len(block.Z)
                sums.add(block.Z, block.weight)
            return counted, sums.sums()
        except NotFiniteError as error:
            raise rows.not_finite() or error from None


class DeviceAccumulator:
    """Three ways to add rows, each for what the one before leaves out: see `ExactAccumulator`.

    Rows that the usual digits do not hold wait on the device, until they are many, for six digits and tops of their
    own. What is left then is added by the CPU.

    Parameters
    ----------
    columns : int
        p + 1.
    device : torch.device
    """

    def __init__(self, columns: int, device: torch.device) -> None:
        self._usual = DeviceSums(columns, device, USUAL_DIGITS, NEGLIGIBLE)
        self._deep = DeviceSums(columns, device, DEEP_DIGITS, 0.0)
        self._by_cpu = ExactAccumulator(columns)
        self._aside: list[tuple[Tensor, Tensor | None]] = []
        self._rows_aside, self._deep_rows = 0, blocks_of(columns, DEEP_DIGITS)

    def add(self, Z: Tensor, weight: Tensor | None) -> None:
        """Add a block, (rows, columns)."""
        if not len(Z):
            return
        left_out = self._usual.add(Z, weight)
        if left_out is not None:
            self._aside.append((Z[left_out], None if weight is None else weight[left_out]))
            self._rows_aside += len(self._aside[-1][0])
        if self._rows_aside >= min(ROWS_ASIDE, self._deep_rows):
            self._add_aside()

    def sums(self) -> IntegerSums:
        """Of all rows added so far."""
        self._add_aside()
        return self._usual.sums() + self._deep.sums() + self._by_cpu.sums()

    def _add_aside(self) -> None:
        aside, self._aside, self._rows_aside = self._aside, [], 0
        if not aside:
            return
        Z = torch.cat([rows for rows, _ in aside])
        weight = None if aside[0][1] is None else torch.cat([weight for _, weight in aside if weight is not None])
        for start in range(0, len(Z), self._deep_rows):
            part = slice(start, start + self._deep_rows)
            some, its_weight = Z[part], None if weight is None else weight[part]
            left_out = self._deep.add(some, its_weight)
            if left_out is not None:
                self._add_by_cpu(some[left_out], None if its_weight is None else its_weight[left_out])

    def _add_by_cpu(self, Z: Tensor, weight: Tensor | None) -> None:
        rows = Z.cpu().numpy()
        weights = None if weight is None else weight.cpu().numpy()
        self._by_cpu.add((0, 0, Batch.of(np.ascontiguousarray(rows[:, :-1]), rows[:, -1].copy(), weights)))
