"""Products of large matrices of long integers, by float64 products of their digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradline.moments.integers.blas_product import float64_is_exact
from gradline.moments.integers.integer_sums import Integers
from gradline.moments.parallel import one_blas_thread
from gradline.solution import Array

FEW = 32  # rows; measured: below, Python's own arithmetic is as fast


def integer_product(A: Integers, B: Integers) -> Integers:
    """A @ B for square matrices of Python integers.

    In base 2^16 a product of digits is at most 2^32, so a sum of 2^21 of them is exact in float64.

    Examples
    --------
    >>> A = np.full((40, 40), -(3**200), dtype=object)
    >>> bool((integer_product(A, A) == 40 * 9**200).all())
    True
    """
    size = len(A)
    a, b = _digits(A), _digits(B)
    if size < FEW or size * min(len(a), len(b)) > 2**21 or not float64_is_exact():
        product: Integers = A @ B
        return product
    places = len(a) + len(b) + 2  # with room for the last carries and the sign
    digits = np.empty((size, size, places), dtype=np.uint16)
    carry = np.zeros((size, size), dtype=np.int64)
    with one_blas_thread():
        for place in range(places):
            for k in range(max(0, place - len(b) + 1), min(len(a), place + 1)):
                carry += (a[k] @ b[place - k]).astype(np.int64)
            digits[..., place] = carry & 0xFFFF
            carry >>= 16
    width = 2 * places
    joined = digits.astype("<u2").tobytes()
    numbers = [
        int.from_bytes(joined[start : start + width], "little", signed=True) for start in range(0, len(joined), width)
    ]
    return np.array(numbers, dtype=object).reshape(size, size)


def _digits(A: Integers) -> list[Array]:
    """Digits in base 2^16, least significant first; the last carries the sign."""
    numbers = A.ravel().tolist()
    width = 2 * (max(n.bit_length() for n in numbers) // 16 + 1)
    joined = b"".join(n.to_bytes(width, "little", signed=True) for n in numbers)
    digits: NDArray[np.uint16] = np.frombuffer(joined, dtype="<u2").reshape(*A.shape, -1)
    unsigned = [digits[..., k].astype(np.float64) for k in range(width // 2 - 1)]
    return [*unsigned, digits[..., -1].astype(np.int16).astype(np.float64)]
