"""Where a module's random numbers come from: initial weights and dropout, by our seed, on its device."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from gradline.errors import DataError

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Initial weights and dropout from our seed, without a trace in the caller's random numbers."""
    gpu = _gpu(device)
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[gpu] if gpu else [], device_type="cuda"):  # one for all threads
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU's, and leave them so
        if gpu:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


def _gpu(device: str) -> torch.device | None:
    """The GPU, which draws dropout from a generator of its own; None for the CPU; DataError for anything else."""
    found = torch.device(device)
    if found.type not in ("cpu", "cuda"):
        raise DataError(
            f"a module is trained on the CPU or by CUDA, not on device '{device}', whose random numbers are not kept",
            hint="device='cpu', or device='cuda'",
        )
    return found if found.type == "cuda" else None


class TorchRandom:
    """Where torch's generators are, for a checkpoint: dropout draws from that of its device."""

    def __init__(self, device: str) -> None:
        self._gpu = _gpu(device)

    def state_dict(self) -> dict[str, Any]:
        """The states of the generators."""
        there = {"cuda": torch.cuda.get_rng_state(self._gpu)} if self._gpu else {}
        return {"cpu": torch.get_rng_state(), **there}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        torch.set_rng_state(state["cpu"])
        if self._gpu:
            torch.cuda.set_rng_state(state["cuda"], self._gpu)
