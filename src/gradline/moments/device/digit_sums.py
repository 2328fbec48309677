"""Sums of products of digits on a device, for rows of which nearly all fit: see `gradline.moments.integers.digits`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradline.moments.device.arithmetic import BLOCK
from gradline.moments.device.rows import NUMBERS_AT_ONCE, rows_at_once
from gradline.moments.integers.digit_products import by_place
from gradline.moments.integers.digit_sums import in_integers
from gradline.moments.integers.digits import BASE, DIGIT_BITS, LARGEST_DIGIT, fitting_top
from gradline.moments.integers.integer_sums import IntegerSums

SAMPLE = 4096  # rows by which the tops of the columns and the number of digits are chosen
HALF_WORD = 32


def blocks_of(columns: int, digits: int) -> int:
    """Rows at once for so many columns: their digits, and the products of 512 of them, are held in memory.

    At most 2^18 rows are 512 such blocks: their products, of at most 2^53, add up to at most 2^62.
    """
    lines = digits * columns + 1
    return min(rows_at_once(lines), max(1, NUMBERS_AT_ONCE // lines**2) * BLOCK)


class DeviceSums:
    """Sums of w z z^T of the rows that fit; `add` says which do not.

    Parameters
    ----------
    columns : int
        p + 1.
    device : torch.device
    most : int
        Digits of a number, at most.
    negligible : float
        Part of the rows that may be left out without choosing other tops and more digits.
    """

    def __init__(self, columns: int, device: torch.device, most: int, negligible: float) -> None:
        self._columns, self._device, self._most, self._negligible = columns, device, most, negligible
        self._tops: np.ndarray[Any, np.dtype[np.int64]] | None = None  # of the columns and the weight
        self._digits = self._weight_digits = 0
        self._scale, self._low, self._high = Tensor(), Tensor(), Tensor()
        self._sums = IntegerSums.zero(columns + 1)

    def add(self, Z: Tensor, weight: Tensor | None) -> Tensor | None:
        """Add at most `blocks_of(columns, most)` rows; return which are left out, (rows,) bool, or None for none."""
        if self._tops is None or (weight is not None) != bool(self._weight_digits):
            self._choose(Z, weight)
        lines, weight_lines, misfits = self._cut(Z, weight)
        left_out = int(misfits.sum())
        if left_out > self._negligible * len(Z):
            # Rows have become others: choose anew, for what is to come too.
            self._choose(Z, weight)
            lines, weight_lines, misfits = self._cut(Z, weight)
            left_out = int(misfits.sum())
        if left_out:
            lines.masked_fill_(misfits[:, None], 0.0)
            weight_lines.masked_fill_(misfits[:, None], 0.0)
        left = _times(lines, self._digits, weight_lines) if self._weight_digits else lines
        product = torch.matmul(_blocks(left).transpose(1, 2), _blocks(lines)).to(torch.int64).sum(dim=0)
        # An int64 would be full after a thousand blocks: its halves are added apart, and are not for 2^31 calls.
        self._low += product & (1 << HALF_WORD) - 1
        self._high += product >> HALF_WORD
        return misfits if left_out else None

    def sums(self) -> IntegerSums:
        """Of everything added so far."""
        if self._tops is not None:
            for half, place in ((self._low, 0), (self._high, HALF_WORD)):
                total = by_place(half.cpu().numpy(), self._columns, self._digits, self._weight_digits)
                part = in_integers(total, self._tops, self._digits, self._weight_digits)
                self._sums += IntegerSums(part.numerator << place, part.exponent)
            self._tops = None
        return self._sums

    def _choose(self, Z: Tensor, weight: Tensor | None) -> None:
        """Tops of the columns, and how many digits are needed, by a sample; what was summed is put away first."""
        self.sums()
        every = max(1, len(Z) // SAMPLE)
        sample = Z[::every].cpu().numpy()
        weights = np.zeros(0) if weight is None else weight[::every].cpu().numpy()
        self._tops = np.array([fitting_top(column) for column in (*sample.T, weights)], dtype=np.int64)
        # Once for many blocks: behind the next of them, which is on its way, a few numbers would wait.
        self._scale = _scale(self._tops).to(self._device)
        self._digits = self._digits_of(sample, self._tops[:-1])
        self._weight_digits = 0 if weight is None else self._digits_of(weights[:, None], self._tops[-1:])
        lines = self._digits * self._columns + 1
        left = (self._digits + self._weight_digits) * (self._columns + 1) if self._weight_digits else lines
        self._low = torch.zeros((left, lines), dtype=torch.int64, device=self._device)
        self._high = torch.zeros_like(self._low)

    def _digits_of(self, sample: Any, tops: Any) -> int:
        """The fewest that leave out no more than a negligible part of the rows."""
        Z = torch.from_numpy(np.ascontiguousarray(sample))
        for digits in range(1, self._most):
            misfits = _cut(Z, _scale(tops), digits, torch.empty_like(Z).repeat(1, digits))
            if int(misfits.sum()) <= self._negligible * len(Z):
                return digits
        return self._most

    def _cut(self, Z: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Lines of the numbers and a one, of the weights, and which rows do not fit."""
        lines, weight_lines = (
            torch.empty((len(Z), count), dtype=torch.float64, device=self._device)
            for count in (self._digits * self._columns + 1, self._weight_digits)
        )
        lines[:, -1] = 1.0
        misfits = _cut(Z, self._scale[:-1], self._digits, lines)
        if weight is not None:
            misfits |= _cut(weight[:, None], self._scale[-1:], self._weight_digits, weight_lines)
        return lines, weight_lines, misfits


def _scale(tops: Any) -> Tensor:
    """What the numbers of each column are multiplied by, that their first digit is a whole number."""
    return torch.from_numpy(np.ldexp(1.0, (DIGIT_BITS - 1 - tops).astype(np.intc)))


def _cut(Z: Tensor, scale: Tensor, digits: int, lines: Tensor) -> Tensor:
    """Digits into `lines`, the least significant first; the rows that they do not hold: see `DigitCutter.cut`."""
    rest, columns = Z * scale, Z.shape[1]
    misfits = ((rest == 0) & (Z != 0)) | ~(rest.abs() <= LARGEST_DIGIT)
    for place in reversed(range(digits)):
        digit = lines[:, place * columns : (place + 1) * columns]
        torch.round(rest, out=digit)
        rest -= digit
        if place:
            rest *= BASE
    return (misfits | (rest != 0)).any(dim=1)


def _times(lines: Tensor, digits: int, weight: Tensor) -> Tensor:
    """Digits of each number times those of its row's weight: see `gradline.moments.integers.digits.times`."""
    columns = (lines.shape[1] - 1) // digits
    places = digits + weight.shape[1]
    product = torch.zeros((places, len(lines), columns + 1), dtype=torch.float64, device=lines.device)
    for k in range(digits):
        digit = lines[:, k * columns : (k + 1) * columns + (k == digits - 1)]
        for m, factor in enumerate(weight.T):
            product[k + m, :, : digit.shape[1]] += digit * factor[:, None]
    for place in range(places - 1):
        carry = torch.round(product[place] * (1.0 / BASE))
        product[place] -= carry * BASE
        product[place + 1] += carry
    return product.permute(1, 0, 2).reshape(len(lines), -1)


def _blocks(lines: Tensor) -> Tensor:
    """(blocks, 512, lines), the last filled up with zeros."""
    lacking = -len(lines) % BLOCK
    if lacking:
        lines = torch.nn.functional.pad(lines, (0, 0, 0, lacking))
    return lines.view(-1, BLOCK, lines.shape[1])
