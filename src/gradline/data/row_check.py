"""A checksum of rows in their order, the same however these are cut into batches or shared among processes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gradline.data.batch import Batch

POLYNOMIAL = 0xEDB88320  # of CRC-32 (IEEE 802.3), the coefficient of x^0 in the highest bit


class RowCheck(NamedTuple):
    """CRC-32 of the numbers of some rows, and how many bytes they take; `+` appends the rows of another.

    A CRC is the remainder of the rows read as one long polynomial over two elements, so that of rows which follow each
    other it is a sum: that of the first, moved by as many powers of x as the others have bits, plus that of these.

    Examples
    --------
    >>> rows = np.arange(12.0).reshape(4, 3)
    >>> first, then = (Batch.of(part[:, :2], part[:, 2]) for part in (rows[:1], rows[1:]))
    >>> RowCheck.of([first]) + RowCheck.of([then]) == RowCheck.of([first, then])
    True
    >>> RowCheck.of([then]) + RowCheck.of([first]) == RowCheck.of([first, then])
    False
    """

    bytes: int = 0
    crc: int = 0

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> RowCheck:
        """Of x_1 .. x_p, y and the weight of each row in turn."""
        count, crc = 0, 0
        for batch in batches:
            weight = [] if batch.weight is None else [batch.weight]
            rows = np.ascontiguousarray(np.column_stack([batch.X, batch.y, *weight]))
            count, crc = count + rows.nbytes, zlib.crc32(rows.data, crc)
        return cls(count, crc)

    def __add__(self, after: object) -> RowCheck:
        if not isinstance(after, RowCheck):
            return NotImplemented
        return RowCheck(self.bytes + after.bytes, _product(_power(8 * after.bytes), self.crc) ^ after.crc)

    def __str__(self) -> str:
        return f"{self.bytes} bytes, CRC-32 {self.crc:08x}"


def _product(a: int, b: int) -> int:
    """Of two polynomials, modulo that of the CRC."""
    product = 0
    for place in range(31, -1, -1):
        if a >> place & 1:
            product ^= b
        b = b >> 1 ^ (POLYNOMIAL if b & 1 else 0)  # times x
    return product


def _power(n: int) -> int:
    """x^n, modulo that of the CRC, by repeated squares."""
    power, square = 1 << 31, 1 << 30
    while n:
        if n & 1:
            power = _product(power, square)
        square, n = _product(square, square), n >> 1
    return power
