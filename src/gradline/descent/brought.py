"""Mini-batches that are on the GPU when their step begins: they came while the step before was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from gradline.data.batch import Batch
from gradline.descent.steps.epochs import Epoch
from gradline.moments.device.arithmetic import memory_of
from gradline.moments.device.transfer import Room, brought

SOME_ROWS = 65_536  # that every device takes


@dataclass(frozen=True, slots=True, eq=False)
class BroughtBatch(Batch):
    """A batch, and its numbers on a device.

    Attributes
    ----------
    there : tensors (rows, features), (rows,), and (rows,) or None
        X, y, and the shares where rows have weights; equal shares are those of other batches, and there already.
    """

    there: tuple[Tensor, Tensor, Tensor | None] = field(kw_only=True)


def brought_batches(epoch: Epoch, dtype: str, device: str) -> Epoch:
    """The same batches, each brought to the GPU during the step before; as they are for any other device.

    A pass reads one batch ahead of its steps. The GPU must have room for three.
    """
    target, kind = torch.device(device), getattr(torch, dtype)
    if target.type != "cuda":
        return epoch

    def written(batch: Batch, room: Room) -> Tensor:
        parts = [batch.X.reshape(-1), batch.y, *([] if batch.weight is None else [batch.share])]
        numbers = room(sum(part.size for part in parts), kind)
        np.concatenate(parts, out=numbers.numpy(), casting="same_kind")
        return numbers

    def there(batch: Batch, numbers: Tensor) -> BroughtBatch:
        size, rows = batch.X.size, len(batch)
        X, y = numbers[:size].view(batch.X.shape), numbers[size : size + rows]
        share = None if batch.weight is None else numbers[size + rows :]
        return BroughtBatch(batch.X, batch.y, batch.weight, batch.share, batch.together, there=(X, y, share))

    def batches() -> Iterator[Batch]:
        with memory_for_rows(device):
            for batch, numbers in brought(epoch(), written, target):
                yield there(batch, numbers)

    return batches


def memory_for_rows(device: str) -> AbstractContextManager[None]:
    """Around what brings rows, or makes something of them: too little memory is a sentence, with a way out."""
    return memory_of(device, f"batch_size={SOME_ROWS} or so, or device='cpu'")
