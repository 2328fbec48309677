"""Blocks of numbers to a GPU: while it computes with one, the next is on its way through page-locked memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import cycle
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
Room: TypeAlias = Callable[[int, torch.dtype], Tensor]


def brought(
    items: Iterable[T], written: Callable[[T, Room], Tensor], device: torch.device
) -> Iterator[tuple[T, Tensor]]:
    """Each item with its numbers on the GPU; by then the next item was read, and its numbers are on their way.

    Parameters
    ----------
    items : iterable
    written : (item, room) -> Tensor
        The numbers of an item, in what `room(numbers, dtype)` gives: a tensor (numbers,) in page-locked memory.
    device : torch.device
        Of CUDA.
    """
    coming: tuple[T, Tensor, _Place] | None = None
    places = [_Place(device, stream) for stream in _streams(_number(device))]
    for item, place in zip(items, cycle(places), strict=False):
        moved = place.sent(written(item, place.room))
        if coming is not None:
            yield _arrived(*coming)
        coming = item, moved, place
    if coming is not None:
        yield _arrived(*coming)


@cache
def _streams(number: int) -> tuple[Any, Any]:
    """The same two for all passes: memory that was of one stream is kept for it, and no other is given it."""
    cuda: Any = torch.cuda  # untyped
    return cuda.Stream(number), cuda.Stream(number)


def _number(device: torch.device) -> int:
    return int(torch.cuda.current_device()) if device.index is None else device.index


def _arrived(item: T, moved: Tensor, place: _Place) -> tuple[T, Tensor]:
    place.wait_for(moved)
    return item, moved


class _Place:
    """One of two places in page-locked memory that blocks pass through in turn, and the stream of their copies."""

    def __init__(self, device: torch.device, stream: Any) -> None:
        self._device, self._stream, self._pinned = device, stream, Tensor()

    def room(self, numbers: int, dtype: torch.dtype) -> Tensor:
        """To be filled; what was here before has left."""
        self._stream.synchronize()
        if self._pinned.dtype != dtype or self._pinned.numel() < numbers:
            self._pinned = torch.empty(numbers, dtype=dtype, device="cpu", pin_memory=True)
        return self._pinned[:numbers]

    def sent(self, filled: Tensor) -> Tensor:
        """What lies in the room, on the device: not to be read there before `wait_for`."""
        with torch.cuda.stream(self._stream):
            return filled.to(self._device, non_blocking=True)

    def wait_for(self, moved: Tensor) -> None:
        """Nothing that the device is told from now on begins before these are there."""
        current = torch.cuda.current_stream(self._device)
        current.wait_stream(self._stream)
        moved.record_stream(current)
