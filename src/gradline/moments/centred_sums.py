"""The state of `Moments`: float64 sums about a shift, how two of them become one, and what rounding did to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradline.moments.integers.double_double import two_sum
from gradline.solution import Array

UNIT_ROUNDOFF = 2.0**-53
# A sum of squares below this may have lost squares to underflow, down to all of them;
TINY = 2.0**-900
# its mass is then such that rounding times it is more than was lost.
VANISHED = TINY / UNIT_ROUNDOFF


@dataclass(frozen=True, slots=True, eq=False)
class CentredSums:
    """Sums over rows z = (x_1 .. x_p, y) with weights w, about a shift c near their mean.

    Two states are brought to one shift and added (Chan, Golub, LeVeque 1983, "Algorithms for computing the sample
    variance", eq. 2.1, with a shift in place of the mean). Nothing cancels: every term is part of the variance of the
    union. A difference does cancel, and what rounding left in the sums stays behind; `mass` keeps account of that.

    Attributes
    ----------
    rows : int
    weight : float
        W = sum w.
    shift : (p + 1,) float64
        c; meaningless without rows.
    sums : (p + 1,) float64
        s = sum w (z - c).
    squares : (p + 1, p + 1) float64
        S = sum w (z - c)(z - c)^T.
    mass : (p + 2,) float64
        What ever went into the diagonal of S, then into W. It is never subtracted from: the error of S_ij is about
        rounding * sqrt(mass_i mass_j). Zero for a column of z - c that is zero to the bit, `VANISHED` for a block of
        rows in which squares underflowed.
    block_sums : int
        The sums over one block of rows that were added up,
    block_rows : int
        and the rows of the longest.
    """

    rows: int
    weight: float
    shift: Array
    sums: Array
    squares: Array
    mass: Array
    block_sums: int
    block_rows: int

    @classmethod
    def zero(cls, n_features: int) -> CentredSums:
        """No rows."""
        q = n_features + 1
        return cls(0, 0.0, np.zeros(q), np.zeros(q), np.zeros((q, q)), np.zeros(q + 1), 0, 0)

    @property
    def mean(self) -> Array:
        """Of z; NaN without rows."""
        if self.rows == 0:
            return np.full(len(self.sums), np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.shift + self.sums / self.weight

    @property
    def rest(self) -> Array:
        """What rounding took from `mean`: together they err by the rounding of s / W. 0 where the mean is no number."""
        if self.rows == 0:
            return np.zeros(len(self.sums))
        with np.errstate(over="ignore", invalid="ignore"):
            _, rest = two_sum(self.shift, self.sums / self.weight)
        return np.where(np.isfinite(rest), rest, 0.0)

    @property
    def rounding(self) -> float:
        """Relative error of the sums: some roundings a term, and as many more as a random walk over the terms makes.

        The product of a block and the sum over the blocks are two such walks.
        """
        walks = math.sqrt(self.block_rows) + math.sqrt(self.block_sums)
        return UNIT_ROUNDOFF * (3 + len(self.sums) + walks)

    def is_to_the_bit(self, other: CentredSums) -> bool:
        """Whether two states of as many columns are one: every number has the same bits, and NaN is NaN."""
        if self.rows == 0 or other.rows == 0:
            return self.rows == other.rows
        counts, theirs = ((s.rows, s.block_sums, s.block_rows, s.weight) for s in (self, other))
        a, b = self._numbers(), other._numbers()
        same = ((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
        return counts == theirs and bool(same.all())

    def _numbers(self) -> Array:
        upper = self.squares[np.triu_indices(len(self.sums))]
        return np.concatenate([self.shift, self.sums, upper, self.mass])

    def selected(self, columns: Sequence[int | None]) -> CentredSums:
        """The same rows with other columns of X: those of these numbers; None: a column of zeros."""
        index = np.array([*(len(self.sums) if j is None else j for j in columns), len(self.sums) - 1])

        def picked(values: Array) -> Array:
            return np.asarray(np.append(values, 0.0)[index])

        squares = np.pad(self.squares, (0, 1))[np.ix_(index, index)]
        return replace(
            self,
            shift=picked(self.shift),
            sums=picked(self.sums),
            squares=squares,
            mass=np.append(picked(self.mass[:-1]), self.mass[-1]),
        )

    def with_rest(self, columns: Sequence[int]) -> CentredSums:
        """The same rows with one more column of X, the last: 1 less the sum of those columns."""
        # A row of the matrix that makes the new columns from the old, but for the constant, which only shifts.
        own = np.eye(len(self.sums))
        rest = -own[list(columns)].sum(axis=0)
        to_new = np.vstack([own[:-1], rest, own[-1:]])
        reach = np.sqrt(self.mass[:-1])
        return replace(
            self,
            shift=np.insert(self.shift, -1, 1.0 - self.shift[list(columns)].sum()),
            sums=to_new @ self.sums,
            squares=to_new @ self.squares @ to_new.T,
            mass=np.insert(self.mass, -2, (reach[list(columns)].sum()) ** 2),
        )

    def centred(self) -> CentredSums:
        """The same rows about their mean. The step is s / W itself: the rounded mean has lost its last digits."""
        return self.moved(self.sums / self.weight, self.mean)

    def about_zero(self) -> CentredSums:
        """The same rows about zero."""
        return self.moved(-self.shift, np.zeros_like(self.shift))

    def moved(self, step: Array, shift: Array) -> CentredSums:
        """The same rows about another shift, `step` away. Errors of s, up to rounding * sqrt(mass W), grow with it."""
        if not step.any():
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            half = np.outer(step, 0.5 * self.weight * step - self.sums)
            squares = half + half.T
            squares += self.squares
            mass = self.mass.copy()
            mass[:-1] = (np.sqrt(mass[:-1]) + math.sqrt(mass[-1]) * np.abs(step)) ** 2
            mass[:-1][(mass[:-1] < TINY) & (step != 0.0)] = VANISHED
            return replace(self, shift=shift, sums=self.sums - self.weight * step, squares=squares, mass=mass)

    def merged(self, other: CentredSums, sign: int) -> CentredSums:
        """These rows and (sign = 1), or without (sign = -1), those of `other`."""
        if other.rows == 0:
            return self
        if sign > 0 and self.rows == 0:
            return other
        if sign > 0 and other.weight > self.weight:
            # A few rows far away shall not set the shift for the many.
            return other.merged(self, sign)
        with np.errstate(over="ignore", invalid="ignore"):
            other = other.moved(self.shift - other.shift, self.shift)
            merged = CentredSums(
                rows=self.rows + sign * other.rows,
                weight=self.weight + sign * other.weight,
                shift=self.shift,
                sums=self.sums + sign * other.sums,
                squares=self.squares + sign * other.squares,
                mass=self.mass + other.mass,
                block_sums=self.block_sums + other.block_sums,
                block_rows=max(self.block_rows, other.block_rows),
            )
        # To the rounded mean: what it has lost stays in the sums, for `rest`.
        return merged.moved(merged.mean - merged.shift, merged.mean) if merged.is_off_centre() else merged

    def is_off_centre(self) -> bool:
        """Whether centring would cost a digit: some S_jj is ten times what is left of it about the mean."""
        if not self.weight > 0.0:
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return bool((self.sums**2 / self.weight > 0.9 * np.diag(self.squares)).any())

    def is_finite(self) -> bool:
        """Whether all is that overflow does not account for: `mass` has overflowed wherever something else has."""
        held = np.isfinite(self.mass[:-1])
        vectors = np.isfinite(self.shift) & np.isfinite(self.sums)
        return bool(vectors[held].all() and np.isfinite(self.squares[np.ix_(held, held)]).all())

    def could_be_rows(self) -> bool:
        """False where no rows can have these sums, by more than rounding explains: something foreign was removed."""
        tolerance = 10.0 * self.rounding
        if self.rows == 0:
            left = np.append(np.diag(self.squares), self.weight)
            drift = tolerance * np.sqrt(self.mass[:-1] * self.mass[-1])
            return not ((np.abs(left) > tolerance * self.mass).any() or (np.abs(self.sums) > drift).any())
        if not (self.rows > 0 and self.weight > 0.0):
            return False
        centred = self.centred()
        return not (np.diag(centred.squares) < -tolerance * centred.mass[:-1]).any()
