"""Exact sums over rows on a device: the digits of `gradline.moments.integers.digits`, cut and multiplied there."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradline.data.batch import Batch
from gradline.moments.block_sums import NotFiniteError
from gradline.moments.device.arithmetic import BLOCK, memory_of, trusted
from gradline.moments.device.rows import NUMBERS_AT_ONCE, DeviceRows, rows_at_once
from gradline.moments.integers.accumulator import NEGLIGIBLE, USUAL_DIGITS, ExactAccumulator
from gradline.moments.integers.digit_products import by_place
from gradline.moments.integers.digit_sums import in_integers
from gradline.moments.integers.digits import BASE, DIGIT_BITS, LARGEST_DIGIT, fitting_top
from gradline.moments.integers.integer_sums import IntegerSums

SAMPLE = 4096  # rows by which the tops of the columns and the number of digits are chosen
HALF_WORD = 32


def exact_sums(X: Any, y: Any, weight: Any, device: str) -> tuple[int, IntegerSums]:
    """The rows of weight above zero, and the sums of w z z^T over them: the integers that the CPU would find.

    The device cuts each number into the fewest digits that nearly all rows need, multiplies digits in float64 and adds
    the products in int64, which is exact: see `gradline.moments.integers.digits` for the bounds. Rows with a number
    that these digits do not hold, which are few as a rule, are added by the CPU.

    Raises
    ------
    DataError
        Where the device cannot be trusted, shapes do not fit, a weight is negative, or a cell is not finite.
    """
    rows = DeviceRows(X, y, weight, trusted(device), blocks_of)
    sums, aside, counted = DeviceSums(rows.features + 1, rows.device), ExactAccumulator(rows.features + 1), 0
    try:
        with memory_of(rows.device, "device='cpu'"):
            for block in rows:
                if not len(block.Z):
                    continue
                counted += len(block.Z)
                left_out = sums.add(block.Z, block.weight)
                if bool(left_out.any()):
                    Z = block.Z[left_out].cpu().numpy()
                    w = None if block.weight is None else block.weight[left_out].cpu().numpy()
                    aside.add((0, 0, Batch.of(np.ascontiguousarray(Z[:, :-1]), Z[:, -1].copy(), w)))
            return counted, sums.sums() + aside.sums()
    except NotFiniteError as error:
        raise rows.not_finite() or error from None


def blocks_of(columns: int) -> int:
    """Rows at once for so many columns: their digits, and the products of 512 of them, are held in memory.

    At most 2^18 rows are 512 such blocks: their products, of at most 2^53, add up to at most 2^62.
    """
    lines = USUAL_DIGITS * columns + 1
    return min(rows_at_once(lines), max(1, NUMBERS_AT_ONCE // lines**2) * BLOCK)


class DeviceSums:
    """Sums of w z z^T of the rows that fit; `add` says which do not.

    Parameters
    ----------
    columns : int
        p + 1.
    device : torch.device
    """

    def __init__(self, columns: int, device: torch.device) -> None:
        self._columns, self._device = columns, device
        self._tops: np.ndarray[Any, np.dtype[np.int64]] | None = None  # of the columns and the weight
        self._digits = self._weight_digits = 0
        self._low, self._high = Tensor(), Tensor()
        self._sums = IntegerSums.zero(columns + 1)

    def add(self, Z: Tensor, weight: Tensor | None) -> Tensor:
        """Add at most `blocks_of(columns)` rows; return which are left out, (rows,) bool."""
        if self._tops is None or (weight is not None) != bool(self._weight_digits):
            self._choose(Z, weight)
        digits, weight_digits, misfits = self._cut(Z, weight)
        if int(misfits.sum()) > NEGLIGIBLE * len(Z):
            # Rows have become others: choose anew, for what is to come too.
            self._choose(Z, weight)
            digits, weight_digits, misfits = self._cut(Z, weight)
        ones = torch.ones((len(Z), 1), dtype=torch.float64, device=self._device)
        lines = torch.cat([*digits, ones], dim=1).masked_fill(misfits[:, None], 0.0)
        left = lines
        if weight_digits:
            left = _times(lines, self._digits, [part.masked_fill(misfits, 0.0) for part in weight_digits])
        product = torch.matmul(_blocks(left).transpose(1, 2), _blocks(lines)).to(torch.int64).sum(dim=0)
        # An int64 would be full after a thousand blocks: its halves are added apart, and are not for 2^31 calls.
        self._low += product & (1 << HALF_WORD) - 1
        self._high += product >> HALF_WORD
        return misfits

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
        self._digits = _digits_of(sample, self._tops[:-1])
        self._weight_digits = 0 if weight is None else _digits_of(weights[:, None], self._tops[-1:])
        lines = self._digits * self._columns + 1
        left = (self._digits + self._weight_digits) * (self._columns + 1) if self._weight_digits else lines
        self._low = torch.zeros((left, lines), dtype=torch.int64, device=self._device)
        self._high = torch.zeros_like(self._low)

    def _cut(self, Z: Tensor, weight: Tensor | None) -> tuple[list[Tensor], list[Tensor], Tensor]:
        assert self._tops is not None
        digits, misfits = _cut(Z, self._tops[:-1], self._digits)
        if weight is None:
            return digits, [], misfits
        weight_digits, others = _cut(weight[:, None], self._tops[-1:], self._weight_digits)
        return digits, [digit[:, 0] for digit in weight_digits], misfits | others


def _cut(Z: Tensor, tops: Any, digits: int) -> tuple[list[Tensor], Tensor]:
    """Digits, the least significant first, and the rows with a number that they do not hold: see `DigitCutter.cut`."""
    scale = torch.from_numpy(np.ldexp(1.0, (DIGIT_BITS - 1 - tops).astype(np.intc))).to(Z.device)
    rest = Z * scale
    misfits = ((rest == 0) & (Z != 0)) | ~(rest.abs() <= LARGEST_DIGIT)
    cut: list[Tensor] = []
    for place in range(digits):
        digit = torch.round(rest)
        rest = rest - digit
        if place < digits - 1:
            rest = rest * BASE
        cut.insert(0, digit)
    return cut, (misfits | (rest != 0)).any(dim=1)


def _times(lines: Tensor, digits: int, weight: list[Tensor]) -> Tensor:
    """Digits of each number times those of its row's weight: see `gradline.moments.integers.digits.times`."""
    columns = (lines.shape[1] - 1) // digits
    places = digits + len(weight)
    product = torch.zeros((places, len(lines), columns + 1), dtype=torch.float64, device=lines.device)
    for k in range(digits):
        digit = lines[:, k * columns : (k + 1) * columns + (k == digits - 1)]
        for m, factor in enumerate(weight):
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


def _digits_of(sample: Any, tops: Any) -> int:
    """The fewest digits that leave no more than a sixteenth of the rows unfinished, three at most."""
    for digits in range(1, USUAL_DIGITS):
        _, misfits = _cut(torch.from_numpy(np.ascontiguousarray(sample)), tops, digits)
        if int(misfits.sum()) <= NEGLIGIBLE * len(sample):
            return digits
    return USUAL_DIGITS
