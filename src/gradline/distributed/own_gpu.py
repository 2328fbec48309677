"""Which GPU is a process's own: NCCL gives no two processes the same, and "cuda" is another one in each."""

from __future__ import annotations

from typing import Any

import torch

from gradline.data.processes import Processes
from gradline.errors import DataError


def take_gpu(device: str, local_rank: int, group: Processes) -> None:
    """From now on "cuda" is the GPU of this process; nothing, where the device is none or is not there.

    Each process calls this, with the same device, before it uses a GPU.

    Parameters
    ----------
    device : str
        As it was asked for: "cuda" takes the GPU with the number of the process on its machine.
    local_rank : int
    group : Processes

    Raises
    ------
    DataError
        Where two processes would have the same GPU.
    """
    if not device.startswith("cuda"):
        return
    # One that has none takes part all the same: what it lacks, its descent says.
    names = [name for name in group.gathered(_taken(device, local_rank)) if name is not None]
    different = len(set(names))
    if different < len(names):
        raise DataError(
            f"{len(names)} processes have {different} GPU{'s' * (different > 1)} between them: each needs its own",
            hint="torchrun --nproc-per-node with as many as there are GPUs, and device='cuda', another one in each",
        )


def _taken(device: str, local_rank: int) -> str | None:
    """The name of the GPU that is this process's from now on; None where there is no such one."""
    cuda: Any = torch.cuda  # untyped
    count = cuda.device_count() if cuda.is_available() else 0
    # A launcher may show each process one only.
    number = local_rank % max(1, count) if device == "cuda" else _number(device)
    if not 0 <= number < count:
        return None
    cuda.set_device(number)
    return str(cuda.get_device_properties(number).uuid)


def _number(device: str) -> int:
    digits = device.partition(":")[2]
    return int(digits) if digits.isdecimal() else -1
