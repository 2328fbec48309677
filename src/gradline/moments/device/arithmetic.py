"""Whether a device computes as IEEE 754 says: asked once for each, before anything is computed on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradline.errors import DataError

BLOCK = 512
BLOCKS_AT_ONCE = 512  # a library chooses its routine by the shape: a GPU is tested at the size of its work
EMULATED = "CUBLAS_EMULATE_DOUBLE_PRECISION"  # cuBLAS would make float64 of narrower numbers
MANTISSA = {"float64": 53, "float32": 24}  # bits


def trusted(device: str | torch.device, dtype: str = "float64") -> torch.device:
    """The device, with its number, where it multiplies numbers of `dtype` by all their bits.

    Products with the identity must leave every number as it is: TF32 and products made of narrower numbers, which keep
    some bits below the largest number of a row, do not pass. In float64, products of integers are compared with those
    in int64, with the largest digits that are ever multiplied, and scaling and rounding with what they must be.

    Parameters
    ----------
    device : str or torch.device
    dtype : {"float64", "float32"}

    Raises
    ------
    DataError
        Where there is no such device, it has no such numbers, it is set to narrower products, or it rounds.

    Examples
    --------
    >>> trusted("cpu")
    device(type='cpu')
    """
    found = _found(str(device), dtype)
    if dtype == "float32":
        if _tf32_is_asked_for():
            raise DataError(
                "products of float32 are set to TF32, which keeps 10 bits: the loss and its gradient would not be "
                "those of the rows",
                hint="torch.set_float32_matmul_precision('highest'), or dtype='float64'",
            )
        if not _asked(keeps_every_bit, str(found), dtype):
            raise DataError(
                f"device '{found}' multiplies float32 by fewer than its 24 bits",
                hint="dtype='float64', or device='cpu'",
            )
        return found
    if os.environ.get(EMULATED, "0") not in ("", "0"):
        raise DataError(
            f"{EMULATED} is set: float64 products would be made of narrower numbers", hint=f"unset {EMULATED}"
        )
    if not _asked(is_exact, str(found)):
        raise DataError(
            f"device '{found}' does not multiply integers exactly in float64, so that no sum on it can be exact",
            hint="device='cpu'",
        )
    return found


@contextmanager
def memory_of(device: object, hint: str) -> Iterator[None]:
    """Around work on a device, for which it may have too little memory: says so, and what to do.

    Too little page-locked memory of the host is told as "out of memory" too, by an error of another type.
    """
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED")):
            raise
        raise DataError(f"device '{device}' has too little memory: {str(error).splitlines()[0]}", hint=hint) from None


def _asked(test: Callable[..., bool], device: str, *more: str) -> bool:
    try:
        with memory_of(device, "device='cpu'"):
            return test(device, *more)
    except RuntimeError as error:  # a library that is not there, settings that it does not take
        raise _unusable(device, error) from None


@cache
def is_exact(device: str) -> bool:
    """Whether the device passes in float64: once a process."""
    return keeps_every_bit(device, "float64") and _products_are_exact(device) and _steps_are_exact(device)


def _found(device: str, dtype: str) -> torch.device:
    try:
        there = torch.zeros(1, dtype=getattr(torch, dtype), device=device)
        there.item()
        return there.device
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise _unusable(device, error) from None


def _unusable(device: str, error: Exception) -> DataError:
    said = (str(error) or type(error).__name__).splitlines()[0]
    return DataError(f"device '{device}' cannot be used here: {said}", hint="device='cpu' always works")


def _tf32_is_asked_for() -> bool:
    matmul = torch.backends.cuda.matmul
    try:
        # Of both ways to set it, old and new; torch's other question is an error once the new one was used.
        return bool(matmul.fp32_precision == "tf32")
    except AttributeError:  # torch < 2.9
        return bool(matmul.allow_tf32)


@cache
def keeps_every_bit(device: str, dtype: str) -> bool:
    """Whether numbers of all magnitudes, times the identity, are those numbers."""
    bits, random = MANTISSA[dtype], np.random.default_rng(0)
    size = 2 * bits  # of the exponents, up and down: products of two numbers neither overflow nor underflow
    numbers = random.integers(2 ** (bits - 1), 2**bits, (2, BLOCK, 67)) * random.choice([-1.0, 1.0], (2, BLOCK, 67))
    A = torch.from_numpy(np.ldexp(numbers, random.integers(-size, size, numbers.shape))).to(getattr(torch, dtype))
    there, one = A.to(device), torch.eye(BLOCK, dtype=A.dtype, device=device)
    flat, unit = there.reshape(-1, 67), one[:67, :67].contiguous()
    found = (torch.matmul(there.transpose(1, 2), one.expand(2, BLOCK, BLOCK)), flat @ unit, unit @ flat.T)
    expected = (A.transpose(1, 2), A.reshape(-1, 67), A.reshape(-1, 67).T)
    return all(torch.equal(left.cpu(), right) for left, right in zip(found, expected, strict=True))


def _products_are_exact(device: str) -> bool:
    """Sums over a block of products of digits: the largest, those around it, and any."""
    top, random = 2**22, np.random.default_rng(0)
    again = 1 if torch.device(device).type == "cpu" else BLOCKS_AT_ONCE // 2
    for lines in (2, 67):
        shape = (2, BLOCK, lines)
        for A in (np.full(shape, top), top - random.integers(0, 2, shape), random.integers(-top, top + 1, shape)):
            B = A[:, :, : lines // 2 + 1]
            for right in (A, B):  # of its own transpose a library may use another routine
                a, b = (_there(part, device, again) for part in (A, right))
                expected = _there(np.matmul(A.transpose(0, 2, 1), right), device, again)
                if not torch.equal(torch.matmul(a.transpose(1, 2), b), expected):
                    return False
    return True


def _there(integers: np.ndarray[tuple[int, ...], np.dtype[np.int64]], device: str, again: int) -> Tensor:
    """In float64, which holds all of them, and repeated."""
    return torch.from_numpy(integers.astype(np.float64)).to(device).repeat(again, 1, 1)


def _steps_are_exact(device: str) -> bool:
    """Scaling by a power of two, rounding to even, and that tiny numbers are not flushed to zero."""
    on: Any = {"dtype": torch.float64, "device": torch.device(device)}
    numbers = torch.tensor([5e-324, 2.0**1000, 3.0 + 2.0**-40], **on)
    scaled = numbers * torch.tensor([2.0**60, 2.0**-60, 2.0**40], **on)
    halves = torch.round(torch.tensor([0.5, 1.5, -2.5, 2.0**51 + 0.5], **on))
    return scaled.tolist() == [2.0**-1014, 2.0**940, 3 * 2.0**40 + 1] and halves.tolist() == [0, 2, -2, 2.0**51]
