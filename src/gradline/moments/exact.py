"""Exact sums of squares and products: the same bits in any order, split, sharding or number of threads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from gradline.data.batch import Batch, BatchPiece, rows_at_once
from gradline.data.cells import short
from gradline.data.float_arrays import array_of_numbers
from gradline.data.weighting import check_total
from gradline.errors import DataError
from gradline.moments.asked_device import device_of, exact_sums_on
from gradline.moments.block_sums import NotFiniteError, not_finite
from gradline.moments.foreign_rows import foreign_rows
from gradline.moments.frequencies import whole_rows
from gradline.moments.integers import solve as exact_solve
from gradline.moments.integers.accumulator import ExactAccumulator
from gradline.moments.integers.equations import ExactEquations, to_float
from gradline.moments.integers.integer_sums import IntegerSums
from gradline.moments.parallel import ByPiece, accumulate, available_threads, numbered, one_blas_thread, row_blocks
from gradline.moments.solve import Dispersion, Triangle
from gradline.moments.state import UNREADABLE, VERSION, check_columns, checked_features, count, read_state
from gradline.solution import Array, Solution

_NUMBER = re.compile(r"(-?[0-9a-f]+)p(-?[0-9]{1,4})")


@dataclass(frozen=True, eq=False, repr=False)
class ExactMoments:
    """What least squares needs to know of some rows, unrounded: `a + b` knows the rows of both, `a - b` the rest.

    With z = (x_1 .. x_p, y, 1) the state is the sum of w z z^T in integers, each column with a power of two of its own.
    Every finite float64 is exact, every weight too. Integer addition knows no order: moments of the same rows are equal
    (`==`, and the same JSON) however the rows were ordered, split, spread over machines or threads, or came to be the
    ones left after others were removed; and what is solved from equal moments is the same to the bit.

    Make one with `of`, `from_batches`, `zero` or `gradline.moments.polynomial.power_moments`; it never changes. An
    integer weight k gives what the row taken k times gives, but for `rows`. A row of weight zero is no row.

    Attributes
    ----------
    n_features : int
        p.
    rows : int
        Rows of weight above zero.
    sums : IntegerSums
        Of w z z^T, (p + 2, p + 2).

    Notes
    -----
    Rows are cut into digits small enough for float64 matrix products to be exact (`gradline.moments.integers.digits`),
    so an exact pass costs a few times a float64 one. The state takes about 25 bytes a number, 10 kB at 20 features.

    Examples
    --------
    >>> january = ExactMoments.of([[0.1], [1e16]], [2.0, 6.0])
    >>> february = ExactMoments.of([[-1e16], [13.0], [5e-324]], [0.3, 26.0, 14.0])
    >>> year = february + january
    >>> year == january + february, year - january == february
    (True, True)
    """

    n_features: int
    rows: int
    sums: IntegerSums

    __hash__ = None  # type: ignore[assignment]  # of arrays, which may change; mypy: of `object`

    def __post_init__(self) -> None:
        check_total(self.weight)

    @classmethod
    def zero(cls, n_features: int) -> ExactMoments:
        """No rows yet: `zero(p) + m == m`.

        Examples
        --------
        >>> ExactMoments.zero(3)
        ExactMoments(rows=0, weight=0.0, n_features=3)
        """
        features = checked_features(n_features, cls)
        return cls(features, 0, IntegerSums.zero(features + 2))

    @classmethod
    def of(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        threads: int | None = None,
        device: str | None = None,
    ) -> ExactMoments:
        """Sums over arrays, read once, by several threads.

        Parameters
        ----------
        X : (rows, n_features)
            Real numbers, taken as float64.
        y : (rows,)
        sample_weight : (rows,), optional
            Finite, zero or above.
        threads : int, optional
            Default: the cores this process may use.
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
        >>> ExactMoments.of([[1.0], [3.0]], [2.0, 6.0], sample_weight=[1.0, 3.0]).mean
        array([2.5, 5. ])
        """
        if (there := device_of(device, X, y, sample_weight)) is not None:
            rows, sums = exact_sums_on(there, X, y, sample_weight)
            return cls(len(sums.exponent) - 2, rows, sums)
        features, target = array_of_numbers(X, "X"), array_of_numbers(y, "y")
        weight = None if sample_weight is None else array_of_numbers(sample_weight, "sample_weight").astype(np.float64)
        n_features = features.shape[-1] if features.ndim == 2 else 0
        blocks = row_blocks(features, target, weight, rows_at_once(n_features))
        try:
            return cls.from_batches(blocks, n_features, threads=threads)
        except NotFiniteError as error:
            # A batch knows its own rows only; the message counts all.
            raise not_finite(features, target, weight) or error from None

    @classmethod
    def from_batches(
        cls, batches: Iterable[Batch], n_features: int, *, threads: int | None = None, start: ExactMoments | None = None
    ) -> ExactMoments:
        """Sums over a stream of batches, in memory that does not grow with the rows; `start` is added to them.

        Raises
        ------
        DataError
            Where a batch has another number of features, or a cell is not a finite number.

        Examples
        --------
        >>> batches = (Batch.of(np.full((4, 1), i), np.full(4, 2.0 * i)) for i in range(3))
        >>> ExactMoments.from_batches(batches, 1).rows
        12
        """
        total = cls.zero(n_features) if start is None else start
        if threads is None:
            # One a core: calls are so long here that a thread more than that finds no core waiting.
            threads = max(1, available_threads() - 1)
        # To add what the threads set aside takes small products too, which more BLAS threads would only slow down.
        with one_blas_thread():
            for part in accumulate(lambda: ExactAccumulator(n_features + 1), numbered(batches, total.rows), threads):
                total += cls(n_features, part.rows, part.sums())
        return total

    @classmethod
    def from_pieces(
        cls, pieces: Iterable[BatchPiece], n_features: int, *, watch: Callable[[int], None] | None = None
    ) -> ExactMoments:
        """Sums over pieces that the threads read themselves; `watch` is called with the rows of each batch.

        Examples
        --------
        >>> pieces = [BatchPiece(i, lambda: iter([Batch.of(np.ones((1, 1)), np.ones(1))])) for i in range(3)]
        >>> ExactMoments.from_pieces(pieces, 1).rows
        3
        """
        total = cls.zero(n_features)
        with one_blas_thread():
            for part in accumulate(
                lambda: ByPiece(ExactAccumulator(n_features + 1), watch=watch),
                enumerate(pieces),
                max(1, available_threads() - 1),
            ):
                total += cls(n_features, part.inner.rows, part.inner.sums())
        return total

    def __repr__(self) -> str:
        return f"ExactMoments(rows={self.rows}, weight={self.weight}, n_features={self.n_features})"

    @property
    def weight(self) -> float:
        """Total weight, rounded once."""
        return to_float(int(self.sums.numerator[-1, -1]), 1, 2 * int(self.sums.exponent[-1]))

    @property
    def mean(self) -> Array:
        """(p + 1,) means of the columns of X, then of y, each rounded once; NaN without rows."""
        if self.rows == 0:
            return np.full(self.n_features + 1, np.nan)
        *sums, weight = self.sums.numerator[-1].tolist()
        *exponents, weight_exponent = self.sums.exponent.tolist()
        return np.array([to_float(s, weight, e - weight_exponent) for s, e in zip(sums, exponents, strict=True)])

    @property
    def scatter(self) -> Array:
        """(p + 1, p + 1) sums of w (z - mean)(z - mean)^T, z = (x, y), each rounded once."""
        size = self.n_features + 1
        if self.rows == 0:
            return np.zeros((size, size))
        equations = ExactEquations.of(self.sums, fit_intercept=True)
        scale = [s - equations.place // 2 for s in equations.scale]
        numbers = zip(equations.number.tolist(), scale, strict=True)
        return np.array(
            [[to_float(c, equations.weight, a + b) for c, b in zip(row, scale, strict=True)] for row, a in numbers]
        )

    def __add__(self, other: ExactMoments) -> ExactMoments:
        if not isinstance(other, ExactMoments):
            return NotImplemented
        self._refuse_other_features(other)
        return ExactMoments(self.n_features, self.rows + other.rows, self.sums + other.sums)

    def __sub__(self, other: ExactMoments) -> ExactMoments:
        """Remove rows that are in it.

        Raises
        ------
        DataError
            Where it shows that they never were: what is left belongs to no rows.
        """
        if not isinstance(other, ExactMoments):
            return NotImplemented
        self._refuse_other_features(other)
        left = ExactMoments(self.n_features, self.rows - other.rows, self.sums - other.sums)
        if not left._could_be_rows():
            raise foreign_rows(other.rows, self.rows)
        return left

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExactMoments):
            return NotImplemented
        return (self.n_features, self.rows) == (other.n_features, other.rows) and self.sums == other.sums

    def selected(self, columns: Sequence[int | None]) -> ExactMoments:
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
        >>> ExactMoments.of([[1.0, 5.0]], [2.0]).selected([1, None]) == ExactMoments.of([[5.0, 0.0]], [2.0])
        True
        """
        p = self.n_features
        check_columns(columns, p)
        return ExactMoments(len(columns), self.rows, self.sums.selected([*columns, p, p + 1]))

    def with_rest(self, columns: Sequence[int]) -> ExactMoments:
        """The same rows with one more column of X: 1 less the sum of those columns.

        Of all levels of a category but one, it is the level that was left out.

        Examples
        --------
        >>> ExactMoments.of([[1.0], [0.0]], [2.0, 3.0]).with_rest([0]).mean
        array([0.5, 0.5, 2.5])
        """
        p = self.n_features
        sums = self.sums.with_difference(p + 1, columns).selected([*range(p), p + 2, p, p + 1])
        return ExactMoments(p + 1, self.rows, sums)

    def counted(self) -> ExactMoments:
        """The same, of as many rows as the weights add up to: for weights that are frequencies.

        Raises
        ------
        DataError
            Where that is no whole number.

        Examples
        --------
        >>> ExactMoments.of([[1.0], [3.0]], [2.0, 6.0], sample_weight=[3.0, 1.0]).counted().rows
        4
        """
        return ExactMoments(self.n_features, whole_rows(self.weight), self.sums)

    def solve(self, fit_intercept: bool = True) -> Solution:
        """Least squares: every coefficient is the exact one, rounded once, and proved to be.

        A column that is an exact linear combination of those before it (and of the constant, where there is an
        intercept) gets the coefficient 0.0 and a `Dependency` in the certificate: the answer is least squares on the
        columns that are left. Rank is decided without a tolerance, so a column that is such a combination but for its
        own rounding counts as independent, at an enormous condition number.

        Raises
        ------
        DataError
            Without rows.

        Examples
        --------
        >>> solution = ExactMoments.of([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]], [5.0, 7.0, 11.0]).solve()
        >>> solution.coef, solution.intercept
        (array([2., 0.]), 3.0)
        >>> solution.certificate.dependencies
        (Dependency(column=1, factors={0: Fraction(2, 1)}),)
        """
        return exact_solve.solution(self._fit(fit_intercept))

    def dispersion(self, fit_intercept: bool = True) -> Dispersion:
        """What standard errors are made of, without cancellation; `rss` is zero only where the fit is exact.

        The inverse cross-product matrix takes most of the time: about n_features ** 3 products of long integers.

        Raises
        ------
        DataError
            Without rows.

        Examples
        --------
        >>> ExactMoments.of([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0]).dispersion().rss
        1.5
        """
        if fit_intercept not in self._dispersions:
            fit = self._fit(fit_intercept)
            self._dispersions[fit_intercept] = exact_solve.dispersion(fit, self.rows, self.weight, fit_intercept)
        return self._dispersions[fit_intercept]

    def triangle(self, fit_intercept: bool = True) -> Triangle:
        """What whitens the columns: from a factor of more than 53 bits, right where one of float64 sums is noise.

        Raises
        ------
        DataError
            Without rows.

        Examples
        --------
        >>> X = [[1.0, 1.0], [3.0, 3.0], [5.0, 5.0 + 1e-9]]
        >>> ExactMoments.of(X, [0.0, 0.0, 0.0]).triangle().lower[1]
        array([1.63299e+00, 2.35702e-10])
        """
        return exact_solve.triangle(self._fit(fit_intercept), self.sums)

    def to_json(self) -> str:
        """The state as a JSON object, the same text for equal moments.

        `sums` is the upper triangle, row by row, as hexadecimal strings, so that no reader rounds them: "-3p-52" is
        -3 * 2^-52, and what stands before the p is odd or zero.

        Examples
        --------
        >>> m = ExactMoments.of([[0.5], [3.0]], [2.0, 6.0])
        >>> json.loads(m.to_json())["sums"]
        ['25p-2', '13p0', '7p-1', '5p3', '1p3', '1p1']
        >>> ExactMoments.from_json(m.to_json()) == m
        True
        """
        sums = [f"{number:x}p{exponent}" for number, exponent in self.sums.entries()]
        state = {
            "kind": "ExactMoments",
            "version": VERSION,
            "features": self.n_features,
            "rows": self.rows,
            "sums": sums,
        }
        return json.dumps(state)

    @classmethod
    def from_json(cls, text: str) -> ExactMoments:
        """Read what `to_json` wrote.

        Raises
        ------
        DataError
            Where the text is not such a state.

        Examples
        --------
        >>> ExactMoments.from_json(ExactMoments.zero(2).to_json())
        ExactMoments(rows=0, weight=0.0, n_features=2)
        """
        state = read_state(text, "ExactMoments")
        features, rows, sums = count(state, "features"), count(state, "rows"), state.get("sums")
        expected = (features + 2) * (features + 3) // 2
        if not isinstance(sums, list) or len(sums) != expected:
            found = f"has {len(sums)} numbers" if isinstance(sums, list) else "is not a list"
            raise DataError(f"{UNREADABLE}: 'sums' {found}, expected {expected} for {features} features")
        moments = cls(features, rows, IntegerSums.from_entries(features + 2, [_number(entry) for entry in sums]))
        if not (moments._could_be_rows() and moments._correlations_could_be()):
            raise DataError(f"{UNREADABLE}: no {short(rows)} rows have such sums")
        return moments

    def _refuse_other_features(self, other: ExactMoments) -> None:
        if other.n_features != self.n_features:
            raise DataError(f"moments of {self.n_features} and of {other.n_features} features do not go together")

    def _could_be_rows(self) -> bool:
        S = self.sums.numerator
        if self.rows <= 0:
            return self.rows == 0 and not S.any()
        weight = S[-1, -1]
        return bool(weight > 0 and (np.diagonal(S)[:-1] * weight >= S[-1, :-1] ** 2).all())

    def _correlations_could_be(self) -> bool:
        """Whether none is beyond 1, about the mean."""
        S = self.sums.numerator
        C = S[-1, -1] * S[:-1, :-1] - S[:-1, -1, None] * S[-1, :-1]
        return bool((np.multiply.outer(np.diagonal(C), np.diagonal(C)) >= C * C).all())

    def _fit(self, fit_intercept: bool) -> exact_solve.ExactFit:
        if fit_intercept not in self._fits:
            self._fits[fit_intercept] = exact_solve.fit(self.sums, self.rows, fit_intercept)
        return self._fits[fit_intercept]

    @cached_property
    def _fits(self) -> dict[bool, exact_solve.ExactFit]:
        return {}

    @cached_property
    def _dispersions(self) -> dict[bool, Dispersion]:
        return {}


def _number(entry: object) -> tuple[int, int]:
    match = _NUMBER.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        raise DataError(f"{UNREADABLE}: {short(entry)} in 'sums', expected a number such as '-3p-52'")
    return int(match[1], 16), int(match[2])
