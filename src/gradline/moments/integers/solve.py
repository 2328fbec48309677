"""Least squares from exact sums: every number is the exact one, rounded once."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gradline.errors import DataError
from gradline.moments.integers.equations import ExactEquations, no_such_rows, to_float
from gradline.moments.integers.factor import DoubleDoubleFactor, Factor, FixedPointFactor, Float64Factor
from gradline.moments.integers.integer_product import integer_product
from gradline.moments.integers.integer_sums import Integers, IntegerSums
from gradline.moments.integers.rank import SHORT_BITS, independent_columns
from gradline.moments.integers.refine import Enclosure, ceil_shift, norm, refine
from gradline.moments.parallel import one_blas_thread
from gradline.moments.solve import Dispersion, Triangle, substituted
from gradline.solution import Array, Certificate, Dependency, Solution, Status

DIGITS = 15.95  # 53 bits, all of them right
FIRST_BITS = 256  # of a fixed-point factor, where double-double is not enough
INVERSE_BITS = 61  # of the inverse, absolutely: its diagonal is at least 1/2


@dataclass(frozen=True, slots=True, eq=False)
class ExactFit:
    """Least squares on the columns that do not depend on earlier ones."""

    problem: Problem
    factor: Factor
    dependencies: tuple[Dependency, ...]
    answer: Answer


def fit(sums: IntegerSums, rows: int, fit_intercept: bool) -> ExactFit:
    """Solve the normal equations, for `solution` and `dispersion` to be read from.

    Raises
    ------
    DataError
        Without rows, or where the sums are those of no rows.
    """
    if rows == 0:
        raise DataError("no rows to fit", hint="least squares needs at least one row of weight above zero")
    equations = ExactEquations.of(sums, fit_intercept)
    freedom = rows - fit_intercept
    problem = Problem.of(equations, list(range(len(equations.number) - 1)), freedom)
    dependencies: tuple[Dependency, ...] = ()
    factor = None if len(problem.kept) > freedom else _first_factor(problem)
    if factor is None:
        kept, relations = independent_columns(problem.A, most=freedom)
        problem = Problem.of(equations, kept, freedom)
        dependencies = tuple(_dependency(equations.scale, kept, *relation) for relation in relations.items())
        factor = _first_factor(problem)
    if len(problem.kept) > freedom:
        raise no_such_rows()
    for good_factor in _better_and_better(factor, problem):
        answer = refine(problem.A, problem.g, equations.place, good_factor, problem.read)
        if answer is not None:
            return ExactFit(problem, good_factor, dependencies, answer)
    raise AssertionError("better and better factors do not end")


def solution(fit: ExactFit) -> Solution:
    """Coefficients in data units, those of dependent columns being zero."""
    coef = np.zeros(len(fit.problem.equations.scale) - 1)
    coef[fit.problem.kept] = fit.answer.slopes
    certificate = Certificate(
        digits=_digits(fit.answer),
        certain=True,
        rank=len(fit.answer.slopes),
        condition_number=math.inf if fit.dependencies else _condition_number(fit.factor.lower),
        dependencies=fit.dependencies,
        precision="exact",
        beyond=tuple(fit.answer.beyond),
    )
    return Solution(coef=coef, intercept=fit.answer.intercept, status=Status.SOLVED, certificate=certificate)


def _digits(answer: Answer) -> float:
    """All; below the smallest normal number float64 has fewer bits left, in steps of 2^-1074, and beyond it none."""
    sizes = [abs(value) for value in answer.beyond.values()]
    if 0.0 in sizes or math.inf in sizes:
        return 0.0
    return math.log10(min(sizes)) + 1075 * math.log10(2.0) if sizes else DIGITS


def dispersion(fit: ExactFit, rows: int, weight: float, fit_intercept: bool) -> Dispersion:
    """Sums of squares, and the inverse cross-product matrix, in data units."""
    return Dispersion(
        rows=rows,
        weight=weight,
        rss=fit.answer.rss,
        tss=fit.problem.tss,
        ess=fit.answer.ess,
        unscaled=_unscaled(fit, fit_intercept),
        digits=DIGITS,
        unit=math.ldexp(1.0, fit.problem.unit_exponent),
    )


def triangle(fit: ExactFit, sums: IntegerSums) -> Triangle:
    """The factor in data units; the means in two float64 numbers each, high and low.

    The factor is that of a matrix off by no more than what the refinement of the answer could still make good: the mean
    squares of its directions are one but for a quarter, and as a rule to many digits.
    """
    equations, kept = fit.problem.equations, fit.problem.kept
    # C / total weight = number 2^(scale_i + scale_j - place) / (squared 4^unit)
    squared, unit = equations.weight * int(sums.numerator[-1, -1]), int(sums.exponent[-1])
    bits = squared.bit_length() // 2
    scale = np.array([equations.scale[j] - bits - unit for j in kept], dtype=int)
    # In 53 bits the factor would be off by the square of the condition number.
    factors = _better_and_better(fit.factor, fit.problem)
    factor = next(factor for factor in factors if not isinstance(factor, Float64Factor))
    unscaled = math.sqrt(to_float(squared, 1, -2 * bits))
    of_y = np.array([to_float(g, 1, -equations.place) for g in fit.problem.g.tolist()])
    with np.errstate(over="ignore", under="ignore"):  # powers of a column may leave float64
        lower = np.ldexp(factor.lower / unscaled, scale[:, None])
        effects = np.ldexp(substituted(factor.lower, of_y) / unscaled, equations.scale[-1] - bits - unit)
    centre, rest = [], []
    for mean, exponent in zip(equations.mean.tolist(), equations.scale, strict=True):
        centre.append(to_float(mean, equations.weight, exponent - equations.mean_place))
        exact = Fraction(mean, equations.weight) * Fraction(2) ** (exponent - equations.mean_place)
        rest.append(float(exact - Fraction(centre[-1])) if math.isfinite(centre[-1]) else 0.0)
    return Triangle(np.array(kept, dtype=np.intp), lower, np.array(centre), np.array(rest), effects)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """In float64, of the columns kept; sums of squares in units of 4^unit_exponent.

    `beyond` has what float64 cannot hold with all its digits, by the column (None: the intercept).
    """

    slopes: list[float]
    intercept: float
    beyond: dict[int | None, float]
    rss: float
    ess: float


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A b = g on the columns kept, scaled, and how to read its answer in data units."""

    equations: ExactEquations
    kept: list[int]
    A: Integers
    g: Integers
    interpolates: bool
    unit_exponent: int

    @classmethod
    def of(cls, equations: ExactEquations, kept: list[int], freedom: int) -> Problem:
        """Choose columns; `freedom` is the number of rows, less one for an intercept."""
        A, g = equations.number[np.ix_(kept, kept)], equations.number[kept, -1]
        # y of size 1e300 or 1e-300 has squares that only a unit of its own brings within range.
        size = 2 * equations.scale[-1] - equations.weight.bit_length()
        unit_exponent = 0 if abs(size) < 600 else max(-1000, min(size // 2, 1000))
        return cls(equations, kept, A, g, interpolates=len(kept) == freedom, unit_exponent=unit_exponent)

    @property
    def tss(self) -> float:
        """Sum of squares of y about its centre."""
        equations = self.equations
        return to_float(int(equations.number[-1, -1]), equations.weight, self._square_exponent)

    @property
    def _square_exponent(self) -> int:
        return 2 * (self.equations.scale[-1] - self.unit_exponent) - self.equations.place

    def read(self, found: Enclosure) -> Answer | None:
        """The answer, where everything in the enclosure rounds to the same numbers."""
        equations, denominator = self.equations, found.denominator
        scale, weight = equations.scale, equations.weight
        slopes = [
            _rounded(x - found.error, x + found.error, denominator, scale[-1] - scale[j])
            for x, j in zip(found.number.tolist(), self.kept, strict=True)
        ]
        mean = equations.mean[self.kept]
        centre = int(equations.mean[-1]) * denominator - int(mean @ found.number)
        slack = found.error * sum(map(abs, mean.tolist()))
        intercept = _rounded(centre - slack, centre + slack, denominator * weight, scale[-1] - equations.mean_place)

        total, explained = int(equations.number[-1, -1]) * denominator**2, found.explained
        unexplained = total - explained
        squares = denominator**2 * weight
        ess = _rounded(explained, explained + found.shortfall, squares, self._square_exponent)
        rss: float | None = 0.0
        if unexplained < 0:
            raise no_such_rows()
        if not self.interpolates:
            rss = _rounded(unexplained - found.shortfall, unexplained, squares, self._square_exponent)
        certain = [slope for slope in slopes if slope is not None]
        if len(certain) < len(slopes) or intercept is None or ess is None or rss is None:
            return None
        numbers = [*zip(self.kept, certain, found.number.tolist(), strict=True), (None, intercept, centre)]
        beyond = {j: value for j, value, number in numbers if number and not _whole(value)}
        return Answer(certain, intercept, beyond, rss, ess)


def _rounded(low: int, high: int, denominator: int, exponent: int) -> float | None:
    """What all between the two round to; None where they do not, or where it is not known whether all are zero."""
    value = to_float(low, denominator, exponent)
    certain = low == high or (value == to_float(high, denominator, exponent) and not low <= 0 <= high)
    # Plus zero: a negative number too small for float64 is 0.0, not -0.0.
    return value + 0.0 if certain else None


def _whole(value: float) -> bool:
    """Whether float64 has all its bits for numbers of this size."""
    return sys.float_info.min <= abs(value) <= sys.float_info.max


def _first_factor(problem: Problem) -> Factor | None:
    """The fastest that shows A to be positive definite."""
    A, place = problem.A, problem.equations.place
    return Float64Factor.of(A, place) or DoubleDoubleFactor.of(A, place)


def _better_and_better(first: Factor | None, problem: Problem) -> Iterator[Factor]:
    """Factors of A, of which one will do."""
    size, place, bits = len(problem.A), problem.equations.place, FIRST_BITS
    if first is not None:
        yield first
    if isinstance(first, Float64Factor):
        second = DoubleDoubleFactor.of(problem.A, place)
        if second is not None:
            yield second
    # The determinant is a whole number, and no eigenvalue exceeds the trace: the smallest is no smaller than this.
    most_bits = size * (place + size.bit_length() + 2) + 64
    while True:
        factor = FixedPointFactor.of(problem.A, place, bits)
        if factor is not None:
            yield factor
        elif bits > most_bits:
            raise no_such_rows()
        bits *= 2


def _dependency(scale: list[int], kept: list[int], column: int, relation: tuple[Integers, int] | None) -> Dependency:
    if relation is None:
        return Dependency(column, None)
    numerators, denominator = relation
    factors = {
        j: Fraction(int(n), denominator) * Fraction(2) ** (scale[column] - scale[j])
        for n, j in zip(numerators, kept, strict=True)
        if n
    }
    short = all(max(abs(f.numerator), f.denominator).bit_length() <= SHORT_BITS for f in factors.values())
    return Dependency(column, factors if short else None)


def _condition_number(lower: Array) -> float:
    """Of X, centred, its columns scaled to length one, where lower @ lower.T is X'X up to the scale of its columns."""
    if not len(lower):
        return 1.0
    if not np.diagonal(lower).all():  # beyond what float64 can say
        return math.inf
    lower = lower / np.sqrt((lower * lower).sum(axis=1, keepdims=True))
    inverse = substituted(lower, np.eye(len(lower)))
    # On more threads the last bits would not always be the same, nor would it be faster.
    with one_blas_thread():
        return float(np.linalg.norm(lower, 2) * np.linalg.norm(inverse, 2))


def _unscaled(fit: ExactFit, fit_intercept: bool) -> Array:
    """(X'WX)^-1 in data units.

    With an intercept it is bordered: 1/W + m'Vm, -m'V, V, where V inverts the centred sums and m is the mean.
    """
    problem, equations = fit.problem, fit.problem.equations
    V, places = _inverse(problem, fit.factor)
    weight, scale, terms = equations.weight, [equations.scale[j] for j in problem.kept], range(len(V))
    size = len(equations.scale) - 1
    unscaled = np.full((size, size), np.nan)
    unscaled[np.ix_(problem.kept, problem.kept)] = np.array(
        [[to_float(weight * V[i, j], 1, -places - scale[i] - scale[j]) for j in terms] for i in terms]
    ).reshape(V.shape)
    if not fit_intercept:
        return unscaled
    mean, mean_place = equations.mean[problem.kept], equations.mean_place
    lever = V @ mean
    row = np.full(size, np.nan)
    row[problem.kept] = [to_float(-lever[i], 1, -places - scale[i] - mean_place) for i in terms]
    corner = to_float((1 << places + equations.place) + int(mean @ lever), weight, -places - 2 * mean_place)
    return np.block([[np.full((1, 1), corner), row[None, :]], [row[:, None], unscaled]])


def _inverse(problem: Problem, factor: Factor) -> tuple[Integers, int]:
    """(V, places): V / 2^places is the inverse of A / 2^place, each element to INVERSE_BITS."""
    A, place, size = problem.A, problem.equations.place, len(problem.A)
    identity = np.zeros((size, size), dtype=object)
    identity[np.arange(size), np.arange(size)] = 1
    for better in _better_and_better(factor, problem):
        places = better.bits + INVERSE_BITS + 30
        target = identity << (places + place)
        V, residual, last = 0 * identity, target, None
        while True:
            error = max((norm(column) for column in residual.T), default=0)
            if ceil_shift(error, better.bits - place) <= 1 << (places - INVERSE_BITS):
                return (V + V.T) >> 1, places
            if last is not None and 4 * error > last:
                break
            V, last = V + better.solve(residual), error
            residual = target - integer_product(A, V)
    raise AssertionError("better and better factors do not end")
