"""Columns of numbers cut into digits so small that float64 matrix products of them are exact.

A number below 2^top is written in base 2^23 with digits of at most 2^22. A product of two digits is an integer of at
most 2^44, and 512 of them add up to at most 2^53: every partial sum is a float64 number, so no order of summation,
fused multiply-add, vector width or number of threads can round anything.

Splitting for exact products: Ozaki, Ogita, Oishi, Rump (2012), Numerical Algorithms 59, 95-118.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradline.solution import Array

BLOCK = 512
DIGIT_BITS = 23
BASE = 2.0**DIGIT_BITS
LARGEST_DIGIT = 2.0 ** (DIGIT_BITS - 1)


class DigitCutter:
    """Cuts rows into digits, in scratch space of its own.

    The digits of a block are lines of 512 numbers, least significant digit first: for each digit one line a column, and
    at the end a spare line, which is the caller's.

    Parameters
    ----------
    columns, most_digits : int
    blocks : int
        As many blocks of 512 rows can be cut at a time.
    negligible : float
        Stop cutting when no more unfinished numbers than this part of the rows are left.
    """

    def __init__(self, columns: int, most_digits: int, blocks: int, negligible: float) -> None:
        self._columns = columns
        self._most_digits = most_digits
        self._negligible = negligible
        self._look_from = 1
        self._scaled = np.empty((blocks, columns, BLOCK))
        self._lines = np.empty((blocks, most_digits * columns + 1, BLOCK))

    def cut(self, parts: Sequence[Array], top: NDArray[np.int64]) -> tuple[Array, NDArray[np.bool_]]:
        """Cut the rows of `parts`, (rows, k) each, their columns side by side.

        A number of column j that fits is (sum over k of digit_k 2^(23 k)) * 2^lowest_place(top_j, digits).

        Returns
        -------
        lines : (blocks, digits * columns + 1, BLOCK) float64
            As many digits as were needed, in a view of the scratch space: good until the next call.
        misfits : (blocks, BLOCK) bool
            Rows with a number that is not below 2^top, or not a multiple of the last digit's unit; their lines are of
            no use. The rows that fill up the last block are zero.
        """
        blocks = -(-len(parts[0]) // BLOCK)
        scaled, lines = self._scaled[:blocks], self._lines[:blocks]
        # Until the digits are cut, their place holds the columns as they come.
        raw = lines[:, : self._columns]
        start = 0
        for part in parts:
            _transpose(part, raw[:, start : start + part.shape[1]])
            start += part.shape[1]
        misfits = _scale(raw, top, scaled)
        for used in range(1, self._most_digits + 1):
            first = (self._most_digits - used) * self._columns
            digit = lines[:, first : first + self._columns]
            # Exact, every step: the rest is a multiple of its own last bit and at most 1/2, and a power of two rounds
            # nothing. Times 2^23 it is at most 2^22 again.
            np.rint(scaled, out=digit)
            if used >= self._look_from:
                unfinished = scaled != digit
                if used == self._most_digits or np.count_nonzero(unfinished) <= self._negligible * misfits.size:
                    break
            np.subtract(scaled, digit, out=scaled)
            np.multiply(scaled, BASE, out=scaled)
        # Rows are like those before: it would be a waste of time to look much earlier than they were finished.
        self._look_from = used - 1
        misfits |= unfinished.any(axis=1)
        return lines[:, first:], misfits


def lowest_place(top: NDArray[np.int64], digits: int) -> NDArray[np.int64]:
    """The power of two that the least significant of `digits` digits counts."""
    return top - (DIGIT_BITS - 1) - DIGIT_BITS * (digits - 1)


def times(lines: Array, digits: int, factor: Array) -> Array:
    """Digits of each line's number times a factor, in base 2^23 like both.

    Parameters
    ----------
    lines : (blocks, lines, BLOCK) float64
        `digits` digits of each of k columns, and one more line that counts as the most significant digit of a column.
    factor : (blocks, factor_digits, BLOCK) float64

    Returns
    -------
    (blocks, (digits + factor_digits) * (k + 1), BLOCK) float64
    """
    blocks, count, _ = lines.shape
    columns = (count - 1) // digits
    places = digits + factor.shape[1]
    product = np.zeros((blocks, places, columns + 1, BLOCK))
    for k in range(digits):
        digit = lines[:, k * columns : (k + 1) * columns + (k == digits - 1)]
        for m in range(factor.shape[1]):
            product[:, k + m, : digit.shape[1]] += digit * factor[:, m, None]
    for place in range(places - 1):
        carry = np.rint(product[:, place] * (1.0 / BASE))
        product[:, place] -= carry * BASE
        product[:, place + 1] += carry
    return product.reshape(blocks, places * (columns + 1), BLOCK)


def fitting_top(column: Array) -> int:
    """A power of two that nearly all of the column's numbers are below, with a bit to spare.

    The largest 1 in 64 of them do not count, so that a few enormous numbers do not push the digits away from the rest.
    """
    sizes = np.abs(column[np.isfinite(column) & (column != 0)])
    if not len(sizes):
        return DIGIT_BITS + 1  # small integers will fit
    rank = len(sizes) - 1 - len(sizes) // 64
    _, exponent = np.frexp(np.partition(sizes, rank)[rank])
    # Beyond these the scale itself would leave the range of float64.
    return int(np.clip(exponent + 1, -900, 1024))


def _transpose(rows: Array, out: Array) -> None:
    full, rest = divmod(len(rows), BLOCK)
    np.copyto(out[:full], rows[: full * BLOCK].reshape(full, BLOCK, rows.shape[1]).transpose(0, 2, 1))
    if rest:
        out[full, :, :rest] = rows[full * BLOCK :].T
        out[full, :, rest:] = 0.0


def _scale(raw: Array, top: NDArray[np.int64], out: Array) -> NDArray[np.bool_]:
    """Columns times 2^(22 - top), and which rows that makes too large (they are set to zero) or underflow."""
    scale = np.ldexp(1.0, (DIGIT_BITS - 1 - top).astype(np.intc))[:, None]
    misfits = np.zeros((len(raw), BLOCK), dtype=bool)
    try:
        with np.errstate(under="raise", over="ignore"):
            np.multiply(raw, scale, out=out)
    except FloatingPointError:
        with np.errstate(under="ignore", over="ignore"):
            np.multiply(raw, scale, out=out)
        # What only became inexact stays a misfit by itself: it is too small to be a whole number of any digit's units.
        misfits |= ((raw != 0) & (out == 0)).any(axis=1)
    with np.errstate(invalid="ignore"):
        if not (out.max() <= LARGEST_DIGIT and out.min() >= -LARGEST_DIGIT):
            misfits |= ~(np.abs(out) <= LARGEST_DIGIT).all(axis=1)
            out.transpose(0, 2, 1)[misfits] = 0.0
    return misfits
