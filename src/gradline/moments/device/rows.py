"""Rows on their way to a device: while one block is summed there, the next is on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gradline.data.batch import check_shapes
from gradline.data.float_arrays import array_of_numbers
from gradline.errors import DataError
from gradline.moments.block_sums import NotFiniteError, not_finite_cells
from gradline.moments.device.transfer import Room, brought

ROWS_AT_ONCE = 1 << 18
NUMBERS_AT_ONCE = 1 << 26  # 512 MB


def rows_at_once(numbers: int) -> int:
    """Rows in a block, of which each makes so many float64 numbers: fewer where rows are long, for the memory's sake.

    Examples
    --------
    >>> rows_at_once(64), rows_at_once(3000)
    (262144, 22369)
    """
    return max(1, min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // numbers))


class Block(NamedTuple):
    """Some rows on the device, as float64; those of weight zero are left out.

    Attributes
    ----------
    start : int
        Rows before the block, those of weight zero included.
    Z : (rows, p + 1)
        x_1 .. x_p, y.
    weight : (rows,) or None
    """

    start: int
    Z: Tensor
    weight: Tensor | None


class DeviceRows:
    """Rows that are on a device, or are brought there block by block.

    Parameters
    ----------
    X, y, weight : tensors or arrays
        (rows, p), (rows,), (rows,) or None. Arrays of NumPy are copied through page-locked memory, two blocks in turn.
    device : torch.device
    rows_at_once : (columns) -> int
        Rows in a block, for p + 1 columns.

    Raises
    ------
    DataError
        Where shapes do not fit, or a weight is negative or not finite.
    """

    def __init__(self, X: Any, y: Any, weight: Any, device: torch.device, rows_at_once: Callable[[int], int]) -> None:
        self._X, self._y = _numbers(X, "X"), _numbers(y, "y")
        self._weight = None if weight is None else _numbers(weight, "sample_weight")
        self.device = device
        if self._X.ndim != 2 or self._y.ndim != 1 or len(self._X) != len(self._y):
            check_shapes(np.empty(self._X.shape), np.empty(self._y.shape), None)
        if self._weight is not None:
            check_shapes(
                np.empty((len(self._y), 0)), np.empty(len(self._y)), self._weight.to(torch.float64).cpu().numpy()
            )
        self.features = int(self._X.shape[1])
        self._rows = rows_at_once(self.features + 1)

    def __iter__(self) -> Iterator[Block]:
        given = [self._X, self._y[:, None], *([] if self._weight is None else [self._weight[:, None]])]
        starts = range(0, len(self._y), self._rows)
        if self.device.type != "cuda" or any(column.is_cuda for column in given):
            for start in starts:
                there = [column[start : start + self._rows].to(self.device, torch.float64) for column in given]
                yield self._block(start, torch.cat(there, dim=1))
            return
        width = sum(column.shape[1] for column in given)

        def written(start: int, room: Room) -> Tensor:
            part = [column[start : start + self._rows].to(torch.float64) for column in given]
            return torch.cat(part, dim=1, out=room(len(part[0]) * width, torch.float64).view(-1, width))

        for start, moved in brought(starts, written, self.device):
            yield self._block(start, moved)

    def _block(self, start: int, moved: Tensor) -> Block:
        if self._weight is None:
            return Block(start, moved, None)
        Z, weight = moved[:, :-1], moved[:, -1]
        some = weight > 0
        return Block(start, Z, weight) if bool(some.all()) else Block(start, Z[some], weight[some])

    def not_finite(self) -> NotFiniteError | None:
        """The error that names the first cell that is not finite and counts them all; None where there is none."""
        count, first = 0, None
        for block in self:
            bad = ~torch.isfinite(block.Z)
            if self._weight is not None and first is None:
                # Rows of weight zero were left out, and their places with them: count them in.
                kept = torch.nonzero(self._weight[block.start : block.start + self._rows] > 0)[:, 0].cpu()
            if first is None and bool(bad.any()):
                row, column = torch.nonzero(bad)[0].tolist()
                place = row if self._weight is None else int(kept[row])
                first = block.start + place + 1, column, float(block.Z[row, column])
            count += int(bad.sum())
        if first is None:
            return None
        row, column, value = first
        return not_finite_cells(count, value, row, column if column < self.features else None)


def _numbers(values: Any, name: str) -> Tensor:
    if isinstance(values, Tensor):
        if values.is_complex() or values.layout != torch.strided:
            raise DataError(f"{name} has the type {values.dtype}, expected real numbers in a dense tensor")
        if values.dtype in (torch.int64, torch.uint64) and _would_be_rounded(values):
            raise DataError(f"{name} holds integers beyond 2**53 that float64 would round")
        return values.detach()
    array = array_of_numbers(values, name)
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:
        array = array.astype(np.float64)  # of which torch knows no arithmetic
    taken = array.flags.writeable and all(step >= 0 and step % array.itemsize == 0 for step in array.strides)
    return torch.from_numpy(array if taken else array.copy())


def _would_be_rounded(integers: Tensor) -> bool:
    """Whether float64 does not hold each; above all of them a conversion back may stop at the largest."""
    beyond = 2.0**63 if integers.dtype == torch.int64 else 2.0**64
    step = max(1, NUMBERS_AT_ONCE // max(1, integers[:1].numel()))  # rows: no copy is made of a whole table
    for start in range(0, len(integers), step):
        some = integers[start : start + step]
        there = some.to(torch.float64)
        if bool(((there >= beyond) | (there.to(some.dtype) != some)).any()):
            return True
    return False
