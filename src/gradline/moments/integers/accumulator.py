"""What one thread fills with rows: three ways to add them exactly, each for what the one before leaves out."""

from __future__ import annotations

import numpy as np

from gradline.data.batch import Batch
from gradline.errors import DataError
from gradline.moments.block_sums import not_finite
from gradline.moments.integers.digit_sums import DigitSums
from gradline.moments.integers.integer_sums import IntegerSums
from gradline.solution import Array

USUAL_DIGITS, DEEP_DIGITS = 3, 6
NEGLIGIBLE = 1 / 16  # part of the rows: so few may be left out by the usual digits
ROWS_ASIDE = 1024
FEW_ROWS = 16  # measured: so few are added faster in Python integers


class ExactAccumulator:
    """Exact sums of w z z^T, z = (x_1 .. x_p, y, 1), of all rows added.

    Nearly all rows are done with three digits a number. The rest wait aside, until they are many, for a second try with
    six digits and other tops; what is left then, numbers many decades apart, is added in Python integers.
    """

    def __init__(self, columns: int) -> None:
        self.rows = 0
        self._columns = columns
        self._usual: DigitSums | None = None
        self._deep: DigitSums | None = None
        self._sums = IntegerSums.zero(columns + 1)
        self._aside: list[tuple[Array, Array | None]] = []
        self._rows_aside = 0

    def add(self, numbered: tuple[int, int, Batch], /) -> None:
        """Add a batch, which comes with its number and the number of rows before it.

        Raises
        ------
        DataError
            Where the batch has another number of columns, or a cell is not a finite number.
        """
        _, rows_before, batch = numbered
        if batch.X.shape[1] + 1 != self._columns:
            raise DataError(f"a batch has {batch.X.shape[1]} features, expected {self._columns - 1}")
        try:
            self._add(batch)
        except _NotFiniteError:
            raise not_finite(batch.X, batch.y, None, rows_before) or AssertionError from None

    def _add(self, batch: Batch) -> None:
        X, y = (np.asarray(part, dtype=np.float64) for part in (batch.X, batch.y))
        weight = None if batch.weight is None or (batch.weight == 1.0).all() else batch.weight
        self.rows += len(y)
        if len(y) < FEW_ROWS:
            self._set_aside(X, y, weight)
            return
        if self._usual is None:
            self._usual = DigitSums(self._columns, USUAL_DIGITS, NEGLIGIBLE)
        step = self._usual.rows_at_once
        left_out = []
        for start in range(0, len(y), step):
            part = slice(start, start + step)
            left_out.append(start + self._usual.add(X[part], y[part], None if weight is None else weight[part]))
        rows = np.concatenate(left_out)
        if len(rows):
            self._set_aside(X[rows], y[rows], None if weight is None else weight[rows])

    def sums(self) -> IntegerSums:
        """Of all rows added so far."""
        self._add_aside()
        for digit_sums in (self._usual, self._deep):
            if digit_sums is not None:
                self._sums += digit_sums.sums()
        self._usual = self._deep = None
        return self._sums

    def _set_aside(self, X: Array, y: Array, weight: Array | None) -> None:
        # Rows that are not finite fit nowhere, so this is the one place where they come by.
        if not (np.isfinite(X).all() and np.isfinite(y).all()):
            raise _NotFiniteError
        self._aside.append((np.column_stack([X, y]), weight))
        self._rows_aside += len(y)
        if self._rows_aside >= ROWS_ASIDE:
            self._add_aside()

    def _add_aside(self) -> None:
        aside, self._aside, self._rows_aside = self._aside, [], 0
        if not aside:
            return
        Z = np.concatenate([rows for rows, _ in aside])
        weight = None
        if any(weight is not None for _, weight in aside):
            weight = np.concatenate([np.ones(len(rows)) if weight is None else weight for rows, weight in aside])
        if len(Z) < FEW_ROWS:
            self._sums += IntegerSums.of_rows(Z, weight)
            return
        if self._deep is None:
            self._deep = DigitSums(self._columns, DEEP_DIGITS, negligible=0.0)
        step = self._deep.rows_at_once
        for start in range(0, len(Z), step):
            part, part_weight = Z[start : start + step], None if weight is None else weight[start : start + step]
            left_out = self._deep.add(part[:, :-1], part[:, -1], part_weight)
            if len(left_out):
                rest_weight = None if part_weight is None else part_weight[left_out]
                self._sums += IntegerSums.of_rows(part[left_out], rest_weight)


class _NotFiniteError(Exception):
    pass
