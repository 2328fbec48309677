"""Arrow's decimals as float64: whole numbers beside a power of ten, each divided or multiplied with one rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.arrow import plain, truths, words
from gradline.solution import Array

EXACT_POWERS = 22  # of ten, which float64 holds without rounding: 5^22 < 2^53


def nearest(cells: Any) -> Array:
    """The float64 next to each cell; null becomes NaN.

    A whole number below 2^53 and a power of ten up to 10^22 are float64 themselves, and so their quotient or product is
    rounded once (W. D. Clinger, How to read floating point numbers accurately, 1990). All others are read as text.

    Parameters
    ----------
    cells : pyarrow.Array
        Of decimals, of any width, precision and scale.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from decimal import Decimal
    >>> nearest(pa.array([Decimal("7992.15"), None, Decimal("12345678901234567.89")], pa.decimal128(20, 2)))
    array([7.99215000e+03,            nan, 1.23456789e+16])
    """
    scale, there = cells.type.scale, truths(cells.is_valid())
    low, small = _low_words(cells)
    power = np.float64(10 ** min(abs(scale), EXACT_POWERS))
    numbers: Array = low / power if scale > 0 else low * power
    numbers[~there] = np.nan
    others = np.flatnonzero(there & ~small) if abs(scale) <= EXACT_POWERS else np.flatnonzero(there)
    if len(others):
        numbers[others] = _by_text(cells if len(others) == len(cells) else cells.take(others))
    return numbers


def _low_words(cells: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The lowest 64 bits of each whole number, and whether these are all of it and float64 holds it."""
    bits, count = cells.type.bit_width, len(cells)
    word = np.dtype(np.int32 if bits == 32 else np.int64)
    memory = cells.buffers()[1] if count else b""
    wide = bits // 8 // word.itemsize
    parts = np.frombuffer(memory, word, count * wide, offset=cells.offset * bits // 8).reshape(count, wide)
    low = parts[:, 0].astype(np.int64)
    small = (low >= -(2**53)) & (low <= 2**53)
    return low, small & np.equal(parts[:, 1:], low[:, None] >> 63).all(axis=1)


def _by_text(cells: Any) -> Array:
    """Digits and exponent apart: Arrow writes no decimal out whose scale is beyond its precision."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    whole = getattr(pa, f"decimal{kind.bit_width}")(kind.precision, 0)
    digits = pa.Array.from_buffers(whole, len(cells), cells.buffers(), offset=cells.offset).cast(pa.string())
    return plain(pc.binary_join_element_wise(digits, words([f"E{-kind.scale}"], pa.string())[0], "").cast(pa.float64()))
