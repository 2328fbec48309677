"""Whether a device computes as IEEE 754 says: asked once for each, before anything is summed on it."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import torch

from gradline.errors import DataError

BLOCK = 512
EMULATED = "CUBLAS_EMULATE_DOUBLE_PRECISION"  # cuBLAS would make float64 of narrower products


def trusted(device: str | torch.device) -> torch.device:
    """The device, where exact sums of integers come out exact on it.

    Its products of float64 matrices are compared with those in int64, with the largest digits that are ever multiplied,
    and its scaling and rounding with what they must be. TF32 and products of narrower numbers do not pass.

    Raises
    ------
    DataError
        Where there is no such device, or it rounds.

    Examples
    --------
    >>> trusted("cpu")
    device(type='cpu')
    """
    found = _found(str(device))
    if os.environ.get(EMULATED, "0") not in ("", "0"):
        raise DataError(
            f"{EMULATED} is set: float64 products would be made of narrower numbers", hint=f"unset {EMULATED}"
        )
    if not is_exact(str(found)):
        raise DataError(
            f"device '{found}' does not multiply integers exactly in float64, so that no sum on it can be exact",
            hint="device='cpu'",
        )
    return found


@cache
def is_exact(device: str) -> bool:
    """Whether the device passes: once a process."""
    return _products_are_exact(device) and _steps_are_exact(device)


def _found(device: str) -> torch.device:
    try:
        found = torch.device(device)
        torch.zeros(1, device=found).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DataError(
            f"device '{device}' cannot be used here: {str(error).splitlines()[0]}", hint="device='cpu' always works"
        ) from None
    return found


def _products_are_exact(device: str) -> bool:
    top, random = 2**22, np.random.default_rng(0)
    for lines in (2, 67):
        shape = (2, BLOCK, lines)
        for A in (np.full(shape, top), top - random.integers(0, 2, shape), random.integers(-top, top + 1, shape)):
            B = A[:, :, : lines // 2 + 1]
            for right in (A, B):  # of its own transpose a library may use another routine
                a, b = (torch.from_numpy(part.astype(np.float64)).to(device) for part in (A, right))
                product = torch.matmul(a.transpose(1, 2), b).cpu().numpy()
                if not (product == np.matmul(A.transpose(0, 2, 1), right)).all():
                    return False
    return True


def _steps_are_exact(device: str) -> bool:
    """Scaling by a power of two, rounding to even, and that tiny numbers are not flushed to zero."""
    numbers = torch.tensor([5e-324, 2.0**1000, 3.0 + 2.0**-40], dtype=torch.float64).to(device)
    scaled = (numbers * torch.tensor([2.0**60, 2.0**-60, 2.0**40], dtype=torch.float64).to(device)).cpu()
    halves = torch.round(torch.tensor([0.5, 1.5, -2.5, 2.0**51 + 0.5], dtype=torch.float64).to(device)).cpu()
    return scaled.tolist() == [2.0**-1014, 2.0**940, 3 * 2.0**40 + 1] and halves.tolist() == [0, 2, -2, 2.0**51]
