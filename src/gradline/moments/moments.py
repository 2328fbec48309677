"""Centred sums in float64: all that least squares needs to know of the rows, in a state that adds and subtracts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradline.data.batch import Batch, BatchPiece
from gradline.data.float_arrays import array_of_numbers
from gradline.data.weighting import check_total
from gradline.errors import DataError
from gradline.moments.asked_device import device_of, float_sums_on
from gradline.moments.block_sums import BlockSums, NotFiniteError, not_finite
from gradline.moments.centred_sums import CentredSums
from gradline.moments.foreign_rows import foreign_rows
from gradline.moments.frequencies import whole_rows
from gradline.moments.normal_equations import NormalEquations
from gradline.moments.parallel import ByPiece, InOrder, InOrderOfPieces, accumulate, numbered, row_blocks
from gradline.moments.solve import Dispersion, Triangle, disperse, factor, solve
from gradline.moments.state import UNREADABLE, VERSION, check_columns, checked_features, count, read_state
from gradline.solution import Array, Solution


class Moments:
    """What least squares needs to know of some rows, as float64 sums: `a + b` knows the rows of both, `a - b` the rest.

    With z = (x_1 .. x_p, y) and a shift c near the mean of z::

        W = sum w,    s = sum w (z - c),    S = sum w (z - c)(z - c)^T

    Sums about c lose nothing to a large mean, as sum w z z^T would. Make one with `of`, `from_batches` or `zero`; it
    never changes. The number of threads does not change a bit; another split or order of the rows gives the same up to
    rounding (`ExactMoments`: the same bits), so that `==`, which compares every bit, knows the same sums but not the
    same rows. What is removed leaves its rounding errors behind, and `solve` takes them into the digits it reports.

    Weights count as repetition does: weight 2 gives the sums of the row taken twice, to rounding. A row of weight zero
    is no row.

    Attributes
    ----------
    rows : int
        Rows of weight above zero.
    weight : float
        W.
    n_features : int
        p.
    mean : (p + 1,) float64
        Means of the columns of X, then of y. NaN without rows.
    scatter : (p + 1, p + 1) float64
        Sums of w (z - mean)(z - mean)^T, y last.

    Examples
    --------
    >>> january = Moments.of([[1.0], [3.0]], [2.0, 6.0])
    >>> february = Moments.of([[10.0], [13.0], [7.0]], [20.0, 26.0, 14.0])
    >>> year = january + february
    >>> year.rows, year.solve().coef
    (5, array([2.]))
    >>> (year - january).mean
    array([10., 20.])
    """

    __slots__ = ("_sums",)
    __hash__ = None  # type: ignore[assignment]  # of arrays, which may change; mypy: of `object`

    def __init__(self, sums: CentredSums) -> None:
        check_total(sums.weight)
        self._sums = sums

    @classmethod
    def zero(cls, n_features: int) -> Moments:
        """No rows yet: `zero(p) + m` is m.

        Examples
        --------
        >>> Moments.zero(3)
        Moments(rows=0, weight=0.0, n_features=3)
        """
        return cls(CentredSums.zero(checked_features(n_features, cls)))

    @classmethod
    def of(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        threads: int | None = None,
        device: str | None = None,
    ) -> Moments:
        """Sums over arrays, read once, by several threads.

        Parameters
        ----------
        X : (rows, n_features)
            Any real dtype and memory order, read in place; the sums are float64.
        y : (rows,)
        sample_weight : (rows,), optional
            Finite, zero or above.
        threads : int, optional
            Default: the cores this process may use, and one more.
        device : str, optional
            Of PyTorch's, such as "cuda": where to sum, after a test that it computes as IEEE 754 says; rows are brought
            there block by block. Default: where X is, which may be a tensor on a device.

        Raises
        ------
        DataError
            Where shapes do not fit, a weight is negative, or a cell is not a finite number; where the device is not
            to be had, or rounds what must not be rounded.
        MissingExtraError
            Where a device is asked for and PyTorch is not installed.

        Examples
        --------
        >>> Moments.of([[1.0], [3.0]], [2.0, 6.0], sample_weight=[1.0, 3.0]).mean
        array([2.5, 5. ])
        """
        if (there := device_of(device, X, y, sample_weight)) is not None:
            return cls(float_sums_on(there, X, y, sample_weight))
        features, target = array_of_numbers(X, "X"), array_of_numbers(y, "y")
        weight = None if sample_weight is None else array_of_numbers(sample_weight, "sample_weight").astype(np.float64)
        blocks = row_blocks(features, target, weight)
        try:
            return cls.from_batches(blocks, features.shape[1], threads=threads)
        except NotFiniteError as error:
            # A block knows its own rows only; the message counts all.
            raise not_finite(features, target, weight) or error from None

    @classmethod
    def from_batches(
        cls, batches: Iterable[Batch], n_features: int, *, threads: int | None = None, start: Moments | None = None
    ) -> Moments:
        """Sums over a stream of batches, in memory that does not grow with the rows.

        `start` goes on from the sums of batches before these: to the bit what one stream of all of them gives.

        Raises
        ------
        DataError
            Where a batch has another number of features, or a cell is not a finite number.

        Examples
        --------
        >>> batches = (Batch.of(np.full((4, 1), i), np.full(4, 2.0 * i)) for i in range(3))
        >>> Moments.from_batches(batches, 1).rows
        12
        """
        start = cls.zero(n_features) if start is None else start
        results = InOrder(start._sums)
        accumulate(lambda: BlockSums(n_features, results), numbered(batches, start.rows), threads)
        return cls(results.total)

    @classmethod
    def from_pieces(
        cls, pieces: Iterable[BatchPiece], n_features: int, *, watch: Callable[[int], None] | None = None
    ) -> Moments:
        """Sums over pieces that the threads read themselves: to the bit those of `from_batches` over their batches.

        `watch` is called with the rows of each batch, by several threads.

        Examples
        --------
        >>> pieces = [BatchPiece(i, lambda: iter([Batch.of(np.ones((1, 1)), np.ones(1))])) for i in range(3)]
        >>> Moments.from_pieces(pieces, 1).rows
        3
        """
        results = InOrderOfPieces(CentredSums.zero(n_features))
        accumulate(lambda: ByPiece(BlockSums(n_features, results), results.finished, watch), enumerate(pieces))
        return cls(results.total)

    def __repr__(self) -> str:
        return f"Moments(rows={self.rows}, weight={self.weight}, n_features={self.n_features})"

    @property
    def rows(self) -> int:
        """Rows of weight above zero."""
        return self._sums.rows

    @property
    def weight(self) -> float:
        """Total weight."""
        return self._sums.weight

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return len(self._sums.sums) - 1

    @property
    def mean(self) -> Array:
        """Means of the columns of X, then of y; NaN without rows."""
        return self._sums.mean

    @property
    def scatter(self) -> Array:
        """Sums of w (z - mean)(z - mean)^T, z = (x, y)."""
        return (self._sums.centred() if self.rows > 0 else self._sums).squares.copy()

    def selected(self, columns: Sequence[int | None]) -> Moments:
        """The moments of the same rows with other columns of X, without the rows.

        Parameters
        ----------
        columns : sequence of int or None
            New column j is column `columns[j]` of these; None: a column of zeros.

        Raises
        ------
        DataError
            Where there is no such column.

        Examples
        --------
        >>> Moments.of([[1.0, 5.0], [2.0, 7.0]], [2.0, 3.0]).selected([1, None]).mean
        array([6. , 0. , 2.5])
        """
        check_columns(columns, self.n_features)
        return Moments(self._sums.selected(columns))

    def with_rest(self, columns: Sequence[int]) -> Moments:
        """The same rows with one more column of X: 1 less the sum of those columns.

        Of all levels of a category but one, it is the level that was left out.

        Examples
        --------
        >>> Moments.of([[1.0], [0.0]], [2.0, 3.0]).with_rest([0]).mean
        array([0.5, 0.5, 2.5])
        """
        return Moments(self._sums.with_rest(columns))

    def counted(self) -> Moments:
        """The same, of as many rows as the weights add up to: for weights that are frequencies.

        Raises
        ------
        DataError
            Where that is no whole number.

        Examples
        --------
        >>> Moments.of([[1.0], [3.0]], [2.0, 6.0], sample_weight=[3.0, 1.0]).counted().rows
        4
        """
        return Moments(replace(self._sums, rows=whole_rows(self.weight)))

    def solve(self, fit_intercept: bool = True) -> Solution:
        """Least squares, with an estimate of the digits that are right: see `gradline.moments.solve.solve`.

        Raises
        ------
        DataError
            Without rows, or where squares left the range of float64.

        Examples
        --------
        >>> solution = Moments.of([[1.0], [3.0], [4.0]], [5.0, 9.0, 11.0]).solve()
        >>> solution.coef, solution.intercept
        (array([2.]), 3.0)
        """
        return solve(self._equations(fit_intercept))

    def dispersion(self, fit_intercept: bool = True) -> Dispersion:
        """What standard errors are made of: see `gradline.moments.solve.disperse`.

        Raises
        ------
        DataError
            Without rows, or where squares left the range of float64.

        Examples
        --------
        >>> Moments.of([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0]).dispersion().rss
        1.5
        """
        return disperse(self._equations(fit_intercept))

    def triangle(self, fit_intercept: bool = True) -> Triangle:
        """What whitens the columns: see `gradline.moments.solve.factor`.

        Raises
        ------
        DataError
            Without rows, or where squares left the range of float64.

        Examples
        --------
        >>> Moments.of([[1.0, 2.0], [3.0, 8.0], [5.0, 8.0]], [0.0, 0.0, 0.0]).triangle().lower ** 2
        array([[2.66666667, 0.        ],
               [6.        , 2.        ]])
        """
        return factor(self._equations(fit_intercept))

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        self._refuse_other_features(other)
        return Moments(self._sums.merged(other._sums, 1))

    def __sub__(self, other: Moments) -> Moments:
        """Remove rows that are in it.

        Raises
        ------
        DataError
            Where it shows that they never were: what is left belongs to no rows.
        """
        if not isinstance(other, Moments):
            return NotImplemented
        self._refuse_other_features(other)
        left = self._sums.merged(other._sums, -1)
        if not left.could_be_rows():
            raise foreign_rows(other.rows, self.rows)
        return Moments(left) if left.rows > 0 else Moments.zero(self.n_features)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        return self.n_features == other.n_features and self._sums.is_to_the_bit(other._sums)

    def to_json(self) -> str:
        """The state as a JSON object; numbers are hexadecimal strings, so that no reader rounds them.

        Examples
        --------
        >>> m = Moments.of([[1.0], [3.0]], [2.0, 6.0])
        >>> Moments.from_json(m.to_json()) == m
        True
        """
        sums = self._sums
        state = {
            "kind": "Moments",
            "version": VERSION,
            "features": self.n_features,
            "rows": sums.rows,
            "weight": [sums.weight.hex()],
            "shift": _hex(sums.shift),
            "sums": _hex(sums.sums),
            "squares": _hex(sums.squares[np.triu_indices(self.n_features + 1)]),
            "mass": _hex(sums.mass),
            "block_sums": sums.block_sums,
            "block_rows": sums.block_rows,
        }
        return json.dumps(state)

    @classmethod
    def from_json(cls, text: str) -> Moments:
        """Read what `to_json` wrote, to the bit.

        Raises
        ------
        DataError
            Where the text is not such a state.

        Examples
        --------
        >>> Moments.from_json(Moments.zero(2).to_json())
        Moments(rows=0, weight=0.0, n_features=2)
        """
        state = read_state(text, "Moments")
        q, rows = count(state, "features") + 1, count(state, "rows")
        triangle = _unhex(state, "squares", q * (q + 1) // 2)
        squares, upper = np.empty((q, q)), np.triu_indices(q)
        squares[upper] = squares.T[upper] = triangle
        sums = CentredSums(
            rows=rows,
            weight=float(_unhex(state, "weight", 1)[0]),
            shift=_unhex(state, "shift", q),
            sums=_unhex(state, "sums", q),
            squares=squares,
            mass=_unhex(state, "mass", q + 1),
            block_sums=count(state, "block_sums"),
            block_rows=count(state, "block_rows"),
        )
        if rows == 0:
            if sums.weight or sums._numbers().any():
                raise DataError(f"{UNREADABLE}: no 0 rows have such sums")
            return cls.zero(q - 1)
        if not 0.0 < sums.weight < math.inf or (sums.mass < 0.0).any():
            raise DataError(f"{UNREADABLE}: a weight or a mass is negative or not finite")
        if not sums.is_finite():
            raise DataError(f"{UNREADABLE}: a sum is not finite where its squares are")
        return cls(sums)

    def _refuse_other_features(self, other: Moments) -> None:
        if other.n_features != self.n_features:
            raise DataError(f"moments of {self.n_features} and of {other.n_features} features do not go together")

    def _equations(self, fit_intercept: bool) -> NormalEquations:
        sums = self._sums
        if self.rows > 0:
            sums = sums.centred() if fit_intercept else sums.about_zero()
        return NormalEquations(
            rows=self.rows,
            weight=self.weight,
            mean=self.mean,
            rest=self._sums.rest,
            scatter=sums.squares,
            mass=sums.mass,
            rounding=sums.rounding,
            fit_intercept=fit_intercept,
        )


def _hex(values: Array) -> list[str]:
    return [float(value).hex() for value in values]


def _unhex(state: dict[str, Any], key: str, length: int) -> Array:
    try:
        values = np.array([float.fromhex(text) for text in state[key]])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DataError(f"{UNREADABLE}: {key!r} is not a list of hexadecimal numbers") from None
    if len(values) != length:
        raise DataError(f"{UNREADABLE}: {key!r} has {len(values)} numbers, expected {length}")
    return values
