"""Rows in: the sums of one batch, block by block in the cache. This is where a float64 fit spends its time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.batch import Batch
from gradline.errors import DataError
from gradline.moments.centred_sums import TINY, VANISHED, CentredSums
from gradline.moments.parallel import InOrder
from gradline.solution import Array

# Numbers a thread works on at a time: a megabyte, which stays in the cache.
SCRATCH = 2**17
# Rows at a time where X is wide: a product of fewer takes less time than adding its p^2 numbers to the sums.
LEAST_ROWS = 512
# And where it is narrow. Terms that are all alike, as the squares of a standardised dummy are, round all one way: the
# error of a product grows with its rows then, and is beyond the random walk that `CentredSums.rounding` reckons with
# from some 10 000 rows on (measured against exact sums, one column of +-v).
MOST_ROWS = 2**13


class BlockSums:
    """One thread's accumulator: sums batches in scratch memory of its own and hands them on in their order.

    A block of rows takes a subtraction (the shift; where that is zero, X is read in place), a product x'x, and the
    products x'v for v = y and v = 1. `np.dot` sees that x'x is symmetric, which halves the work, and always lets other
    threads run meanwhile; `np.matmul` does not for a small result, however long the product. With weights, rows are
    multiplied by sqrt(w): that rounds them by less than the product does.
    """

    def __init__(self, n_features: int, results: InOrder[CentredSums]) -> None:
        self._results = results
        self._features = n_features
        # A shift repeated to some 160 numbers makes the inner loop of the subtraction long where X is narrow.
        self._repeats = max(1, 160 // max(n_features, 1))
        rows = max(LEAST_ROWS, min(MOST_ROWS, SCRATCH // max(n_features, 1)))
        self._rows = rows // self._repeats * self._repeats
        self._scratch = np.empty(0)
        self._ones = np.ones(self._rows)

    def add(self, numbered: tuple[int, int, Batch], /) -> None:
        """Take in one batch, with its number and the number of rows before it."""
        index, rows_before, batch = numbered
        if batch.X.shape[1] != self._features:
            raise DataError(f"a batch has {batch.X.shape[1]} features, expected {self._features}")
        if len(batch) == 0:
            self._results.put(index, CentredSums.zero(self._features))
            return
        with np.errstate(all="ignore"):
            sums = self._sums(batch, near_mean(batch.X, batch.y))
            if sums.is_off_centre():
                sums = self._sums(batch, sums.mean)
        if not np.isfinite(sums.squares).all():
            error = not_finite(batch.X, batch.y, None, rows_before)
            if error is not None:
                raise error
        self._results.put(index, sums)

    def _sums(self, batch: Batch, shift: Array) -> CentredSums:
        X, n, p = batch.X, len(batch), self._features
        v = np.subtract(batch.y, shift[p], dtype=np.float64)
        root = None
        if batch.weight is not None:
            root = np.sqrt(batch.weight)
            v *= root
        in_place = root is None and X.dtype == np.float64 and X.flags.c_contiguous and not shift[:p].any()
        repeated = np.tile(shift[:p], self._repeats)

        products, block, square, total = np.zeros((p + 2, p)), np.empty((p + 2, p)), 0.0, 0.0
        for start in range(0, n, self._rows):
            stop = min(start + self._rows, n)
            x = X[start:stop] if in_place else self._shifted(X[start:stop], repeated)
            one = self._ones[: stop - start]
            if root is not None:
                one = root[start:stop]
                x *= one[:, None]
            np.dot(x.T, x, out=block[:p])
            np.dot(v[start:stop], x, out=block[p])
            np.dot(one, x, out=block[p + 1])
            products += block
            part = v[start:stop]
            square += float(np.square(part).sum())  # pairwise, and so better than a product of the BLAS
            total += float((part if root is None else part * one).sum())

        squares = np.empty((p + 1, p + 1))
        squares[:p, :p] = products[:p]
        squares[p, :p] = squares[:p, p] = products[p]
        squares[p, p] = square
        weight = float(n) if batch.weight is None else float(batch.weight.sum())
        mass = np.append(np.diag(squares), weight)
        for j in np.flatnonzero(mass[:-1] < TINY):
            # Either the column is constant, to the bit, or its squares underflowed.
            column = X[:, j] if j < p else batch.y
            mass[j] = VANISHED if (column != shift[j]).any() else 0.0
        return CentredSums(
            rows=n,
            weight=weight,
            shift=shift,
            sums=np.append(products[p + 1], total),
            squares=squares,
            mass=mass,
            block_sums=-(-n // self._rows),
            block_rows=min(n, self._rows),
        )

    def _shifted(self, x: NDArray[Any], repeated: Array) -> Array:
        """x - shift, in scratch memory and in the memory order of x."""
        m, p = x.shape
        if self._scratch.size < m * p:
            self._scratch = np.empty(m * p)
        flat = self._scratch[: m * p]
        out = flat.reshape(p, m).T if x.strides[0] == x.itemsize else flat.reshape(m, p)
        if x.flags.c_contiguous and m % self._repeats == 0:
            np.subtract(x.reshape(-1, len(repeated)), repeated, out=flat.reshape(-1, len(repeated)))
        else:
            np.subtract(x, repeated[:p], out=out)
        return out


def near_mean(X: NDArray[Any], y: NDArray[Any]) -> Array:
    """A shift near the mean, from some 64 rows: a multiple of a power of two as large as the spread.

    Such round shifts leave whole numbers whole and are the same for most blocks. A column that does not vary here has
    its own value for a shift, to the bit. Where no mean of X is more than two spreads from zero, much data is not
    shifted: that saves a pass and costs at most 0.7 of the sixteen digits (sums of squares five times as large).
    """
    p, every = X.shape[1], -(-len(y) // 64)
    Z = np.empty((-(-len(y) // every), p + 1))
    Z[:, :p] = X[::every]
    Z[:, p] = y[::every]
    first = Z[0].copy()
    Z -= first
    offset = Z.mean(0)
    Z -= offset
    mean, spread = first + offset, np.sqrt((Z * Z).mean(0))
    grid = np.ldexp(1.0, np.frexp(spread)[1])
    steps = mean / grid
    rounded = np.where(np.abs(steps) < 2.0**52, np.rint(steps) * grid, mean)
    shift: Array = np.where(spread > 0.0, rounded, first)
    if X.size > SCRATCH and (np.abs(mean[:p]) <= 2.0 * spread[:p]).all():
        shift[:p] = 0.0
    return shift


class NotFiniteError(DataError):
    """Cells are NaN or infinite."""


def not_finite(
    X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None, rows_before: int = 0
) -> NotFiniteError | None:
    """The error that names the first such cell and counts them all; None where there are none."""
    bad = ~np.isfinite(np.column_stack([X, y]))
    if weight is not None:
        bad[weight == 0] = False
    if not bad.any():
        return None
    row, column = np.argwhere(bad)[0]
    value, of_X = (X[row, column], column) if column < X.shape[1] else (y[row], None)
    return not_finite_cells(int(bad.sum()), value, rows_before + row + 1, of_X)


def not_finite_cells(count: int, value: float, row: int, column: int | None) -> NotFiniteError:
    """So many cells, the first of them this value in that row (from 1), column `column` (from 0) of X, or of y."""
    cells = "1 cell is" if count == 1 else f"{count} cells are"
    where = " of y" if column is None else f", column {column + 1} of X"
    return NotFiniteError(
        f"{cells} not finite (NaN or inf), the first is {value} in row {row}{where}",
        hint="rows and columns are counted from 1; drop or fill such rows first",
    )
