"""Which GPU is a process's own: NCCL gives no two processes the same, and "cuda" is another one in each."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from gradline.errors import DataError


class Gathers(Protocol):
    """As much of a ProcessGroup as is needed here."""

    def gathered(self, value: str, /) -> list[str]:
        """The value that each process has, in their order."""


def take_gpu(device: str, local_rank: int, group: Gathers) -> None:
    """From now on "cuda" is the GPU of this process; nothing, where the device is none or is not there.

    Each process calls this, with the same device, before it uses a GPU.

    Parameters
    ----------
    device : str
        As it was asked for: "cuda" takes the GPU with the number of the process on its machine.
    local_rank : int
    group : Gathers

    Raises
    ------
    DataError
        Where two processes would have the same GPU.
    """
    if not device.startswith("cuda") or not torch.cuda.is_available():
        return
    cuda: Any = torch.cuda  # untyped
    count = cuda.device_count()
    number = local_rank % count if device == "cuda" else _number(device)  # a launcher may show each process one only
    if not 0 <= number < count:
        return  # which the descent says
    cuda.set_device(number)
    names = group.gathered(str(cuda.get_device_properties(number).uuid))
    different = len(set(names))
    if different < len(names):
        raise DataError(
            f"{len(names)} processes have {different} GPU{'s' * (different > 1)} between them: each needs its own",
            hint="torchrun --nproc-per-node with as many as there are GPUs, and device='cuda', another one in each",
        )


def _number(device: str) -> int:
    digits = device.partition(":")[2]
    return int(digits) if digits.isdecimal() else -1
