"""Exact solutions against rational elimination: coefficients to the bit, everything else to its last place."""

import json
import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.integers.factor import DoubleDoubleFactor, FixedPointFactor, Float64Factor
from gradline.moments.integers.integer_sums import IntegerSums
from gradline.moments.integers.rank import independent_columns, rational_solution
from gradline.solution import Dependency


def rational_fit(X, y, intercept=True, weight=None):
    """Coefficients (the intercept first), rss, tss and the inverse of Z'WZ, by elimination over the rationals."""
    Z = [[Fraction(1)] * intercept + [Fraction(v) for v in row] for row in np.asarray(X, float).tolist()]
    b = [Fraction(v) for v in np.asarray(y, float).tolist()]
    w = [Fraction(1)] * len(b) if weight is None else [Fraction(v) for v in np.asarray(weight, float).tolist()]
    p = len(Z[0])
    A = [
        [sum(c * r[i] * r[j] for c, r in zip(w, Z, strict=True)) for j in range(p)]
        + [sum(c * r[i] * v for c, r, v in zip(w, Z, b, strict=True))]
        + [Fraction(i == j) for j in range(p)]
        for i in range(p)
    ]
    for k in range(p):
        pivot = next(i for i in range(k, p) if A[i][k])
        A[k], A[pivot] = A[pivot], A[k]
        A[k] = [a / A[k][k] for a in A[k]]
        for i in range(p):
            if i != k and A[i][k]:
                A[i] = [a - A[i][k] * d for a, d in zip(A[i], A[k], strict=True)]
    coef = [row[p] for row in A]
    rss = sum(c * (v - sum(a * q for a, q in zip(r, coef, strict=True))) ** 2 for c, r, v in zip(w, Z, b, strict=True))
    centre = sum(c * v for c, v in zip(w, b, strict=True)) / sum(w) if intercept else 0
    tss = sum(c * (v - centre) ** 2 for c, v in zip(w, b, strict=True))
    return coef, rss, tss, [row[p + 1 :] for row in A]


def coefficients(solution, intercept=True):
    return [solution.intercept] * intercept + solution.coef.tolist()


def check(X, y, intercept=True, weight=None):
    moments = ExactMoments.of(X, y, weight)
    solution, dispersion = moments.solve(intercept), moments.dispersion(intercept)
    coef, rss, tss, inverse = rational_fit(X, y, intercept, weight)
    assert coefficients(solution, intercept) == [float(c) for c in coef]
    assert solution.certificate.certain
    assert solution.certificate.digits == 15.95
    assert solution.certificate.precision == "exact"
    assert (dispersion.rss, dispersion.tss, dispersion.ess) == (float(rss), float(tss), float(tss - rss))
    root = [math.sqrt(inverse[i][i]) for i in range(len(coef))]
    for i, row in enumerate(inverse):
        # One rounding to float64, 2^-53, and 2^-60 from the inverse itself.
        assert dispersion.unscaled[i, i] == pytest.approx(float(row[i]), rel=1.2e-16, abs=0)
        for j, element in enumerate(row):
            assert abs(dispersion.unscaled[i, j] - float(element)) <= 2e-16 * root[i] * root[j]
    assert (dispersion.unscaled == dispersion.unscaled.T).all()
    return solution, dispersion


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("log_condition", range(0, 18))
def test_coefficients_are_the_exact_ones_rounded(log_condition, intercept):
    g = np.random.default_rng(log_condition)
    X = g.standard_normal((100, 4)) * 10.0 ** g.uniform(-6, 6, 4) + [1e3, 10.0 ** g.uniform(-2, 3), 0, 0]
    X[:, 3] = X[:, 2] + 10.0**-log_condition * X[:, 2].std() * g.standard_normal(100)
    solution, _ = check(X, X @ g.standard_normal(4) + g.standard_normal(100), intercept)
    assert solution.certificate.rank == 4


@pytest.mark.parametrize("intercept", [True, False])
def test_weighted_fits_are_exact_too(intercept):
    g = np.random.default_rng(0)
    check(g.standard_normal((30, 3)), g.standard_normal(30), intercept, 10.0 ** g.uniform(-9, 9, 30))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 3), min_size=4, max_size=12, unique=True),
    intercept=st.booleans(),
)
def test_any_small_problem(rows, intercept):
    Z = np.array(rows)
    X, y = Z[:, :-1], Z[:, -1]
    if ExactMoments.of(X, y).solve(intercept).certificate.rank == 2:
        check(X, y, intercept)


def test_condition_number_is_that_of_centred_scaled_columns():
    g = np.random.default_rng(1)
    for exponent in (0, 3, 6):
        X = g.standard_normal((50, 4))
        X[:, 1] = X[:, 0] + 10.0**-exponent * X[:, 1]
        X = X * [1, 1e5, 1e-9, 3] + [0, 0, 0, 7]
        centred = X - X.mean(0)
        for intercept, Z in ((True, centred), (False, X)):
            want = np.linalg.cond(Z / np.linalg.norm(Z, axis=0))
            # The float64 oracle itself is good to about condition * 1e-16.
            assert ExactMoments.of(X, X[:, 0]).solve(intercept).certificate.condition_number == pytest.approx(
                want, rel=1e-7
            )


def test_condition_number_beyond_float64():
    # x'x is twice ((1, 1), (1, 1 + 2^-98)): a correlation of 1 - e with e = 2^-99, and the condition sqrt((2 - e) / e).
    X = np.array([[1.0, 1.0], [-1.0, -1.0], [0.0, 2.0**-49], [0.0, -(2.0**-49)]])
    certificate = ExactMoments.of(X, [1.0, 2.0, 3.0, 4.0]).solve(False).certificate
    assert certificate.condition_number == pytest.approx(2.0**50, rel=1e-12)


def test_a_rounded_sum_of_columns_is_no_dependency():
    g = np.random.default_rng(2)
    X = g.standard_normal((30, 4))
    X[:, 3] = X[:, 0] + X[:, 1]
    solution, _ = check(X, g.standard_normal(30))
    assert solution.certificate.rank == 4
    assert 1e15 < solution.certificate.condition_number < 1e18


def test_exact_zeros_and_an_exact_fit():
    X = np.random.default_rng(3).standard_normal((50, 3))
    solution, dispersion = check(X, X[:, 0])
    assert coefficients(solution) == [0, 1, 0, 0]
    assert (dispersion.rss, dispersion.ess) == (0.0, dispersion.tss)


def test_an_exact_fit_with_thirds():
    X = np.arange(12.0).reshape(6, 2) ** 2
    y = 3 * X[:, 0] + 9 * X[:, 1]
    solution, dispersion = check(9 * X, y)
    assert solution.coef.tolist() == [1 / 3, 1.0]
    assert dispersion.rss == 0.0


def test_a_nearly_exact_fit_is_none():
    # The residual is 2^-664 of the total: no float64 solver sees it.
    X, y = np.array([[1.0], [2.0], [3.0], [0.0]]), np.array([1.0, 2.0, 3.0, 1e-100])
    _, dispersion = check(X, y, intercept=False)
    assert dispersion.rss == 1e-200


def test_zeros_by_balance():
    # A two-level factorial design: its interactions with a response that has none are zero, exactly.
    levels = np.array([[(i >> k & 1) * 2.0 - 1.0 for k in range(4)] for i in range(16)])
    X = np.column_stack([levels, levels[:, 0] * levels[:, 1]])
    y = 0.1 * levels[:, 0] + 0.7 * levels[:, 2]
    solution, _ = check(X, y)
    assert solution.coef[3] == solution.coef[4] == 0.0


def test_a_coefficient_half_way_between_two_numbers_rounds_to_even():
    y = np.array([1.0, 1.0 + 2.0**-52])
    assert ExactMoments.of(np.zeros((2, 0)), y).solve().intercept == 1.0
    y = np.array([1.0 + 2.0**-52, 1.0 + 2.0**-51])
    assert ExactMoments.of(np.ones((2, 1)), y).solve(False).coef[0] == 1.0 + 2.0**-51


@pytest.mark.parametrize("k", [-1000, -500, 500, 1000])
def test_a_power_of_two_scales_the_answer_exactly(k):
    g = np.random.default_rng(4)
    X, y = g.standard_normal((60, 3)), g.standard_normal(60)
    a, of_y, of_X = (ExactMoments.of(*data) for data in ((X, y), (X, np.ldexp(y, k)), (np.ldexp(X, k), y)))
    assert np.ldexp(coefficients(a.solve()), k).tolist() == coefficients(of_y.solve())
    assert np.ldexp(a.solve().coef, -k).tolist() == of_X.solve().coef.tolist()
    assert a.solve().intercept == of_X.solve().intercept
    # Standard errors need rss / unit^2, whatever the size of y.
    plain, scaled = a.dispersion(), of_y.dispersion()
    assert (plain.unscaled == scaled.unscaled).all()
    shift = round(math.log2(scaled.unit)) - k
    assert math.ldexp(scaled.rss, 2 * shift) == plain.rss
    assert math.ldexp(scaled.ess, 2 * shift) == plain.ess


def test_shifted_integers_keep_their_slopes():
    g = np.random.default_rng(5)
    X, y = g.integers(-99, 99, (60, 3)).astype(float), g.integers(-99, 99, 60).astype(float)
    a, b = ExactMoments.of(X, y), ExactMoments.of(X + 2.0**40, y - 2.0**50)
    assert a.solve().coef.tolist() == b.solve().coef.tolist()
    assert a.dispersion().rss == b.dispersion().rss
    assert (a.dispersion().unscaled[1:, 1:] == b.dispersion().unscaled[1:, 1:]).all()


def test_the_inverse_of_many_columns_is_as_right():
    g = np.random.default_rng(13)
    X = g.integers(-99, 99, (120, 40)).astype(float)
    unscaled = ExactMoments.of(X, X[:, 0]).dispersion(False).unscaled
    gram = X.T.astype(int).astype(object) @ X.astype(int).astype(object)
    for j in (0, 17, 39):
        column, denominator = rational_solution(gram, np.array([int(i == j) for i in range(40)], dtype=object))
        # As for few columns: one rounding, and 2^-60.
        exact = np.array([int(n) / denominator for n in column])
        assert (abs(unscaled[j] - exact) <= 2e-16 * np.sqrt(unscaled[j, j] * np.diag(unscaled))).all()


def test_weights_are_repetition_and_their_common_factor_nothing():
    g = np.random.default_rng(6)
    X, y, k = g.standard_normal((50, 3)), g.standard_normal(50), g.integers(1, 5, 50)
    i = np.repeat(np.arange(50), k)
    a, b = ExactMoments.of(X, y, k), ExactMoments.of(X[i], y[i])
    assert coefficients(a.solve()) == coefficients(b.solve())
    assert a.dispersion().rss == b.dispersion().rss
    assert (a.dispersion().unscaled == b.dispersion().unscaled).all()
    assert (a.dispersion().rows, a.dispersion().weight) == (50, k.sum())
    for factor in (2.0**-31, 3.0):
        c = ExactMoments.of(X, y, k * factor).solve()
        assert coefficients(c) == coefficients(a.solve())


def test_equal_moments_solve_to_equal_bits():
    g = np.random.default_rng(7)
    X = g.standard_normal((4000, 6)) + 1e5
    X[:, 5] = X[:, 4] + 1e-7 * X[:, 5]
    y = X @ g.standard_normal(6) + g.standard_normal(4000)
    whole = ExactMoments.of(X, y)
    backwards = ExactMoments.of(X[::-1], y[::-1])
    halves = ExactMoments.of(X[:7], y[:7]) + ExactMoments.of(X[7:], y[7:])
    removed = ExactMoments.of(np.vstack([X, 1e9 * X]), np.append(y, y)) - ExactMoments.of(1e9 * X, y)
    got = {
        (
            *coefficients(m.solve()),
            m.solve().certificate.condition_number,
            m.dispersion().rss,
            m.dispersion().unscaled.tobytes(),
        )
        for m in (whole, backwards, halves, removed, ExactMoments.from_json(whole.to_json()))
    }
    assert len(got) == 1


# ----------------------------------------------------------------------------------------------------- rank deficiency


def test_dependent_columns_are_named_and_left_out():
    g = np.random.default_rng(8)
    X, y = g.integers(0, 50, (200, 6)).astype(float), g.standard_normal(200)
    X[:, 2] = 3 * X[:, 0] - X[:, 1] + 7
    X[:, 3] = 0.1
    X[:, 5] = X[:, 4] / 2 - X[:, 2]
    moments = ExactMoments.of(X, y)
    solution = moments.solve()
    certificate = solution.certificate
    assert certificate.dependencies == (
        Dependency(2, {0: Fraction(3), 1: Fraction(-1)}),
        Dependency(3, {}),
        Dependency(5, {0: Fraction(-3), 1: Fraction(1), 4: Fraction(1, 2)}),
    )
    assert (certificate.rank, certificate.condition_number, certificate.digits) == (3, math.inf, 15.95)
    kept = [0, 1, 4]
    coef, rss, _, inverse = rational_fit(X[:, kept], y)
    assert solution.coef[[2, 3, 5]].tolist() == [0, 0, 0]
    assert [solution.intercept, *solution.coef[kept]] == [float(c) for c in coef]
    dispersion = moments.dispersion()
    assert dispersion.rss == float(rss)
    terms = np.array([0, *(j + 1 for j in kept)])
    # Within two units in the last place; rounding the oracle takes half of one.
    assert dispersion.unscaled[np.ix_(terms, terms)] == pytest.approx(np.array(inverse, dtype=float), rel=4e-16)
    assert np.isnan(dispersion.unscaled[[3, 4, 6]]).all()
    assert np.isnan(dispersion.unscaled[:, [3, 4, 6]]).all()


def test_without_an_intercept_a_constant_column_is_a_column_and_zeros_are_none():
    X, y = np.column_stack([np.ones(5), np.arange(5.0), np.zeros(5)]), np.array([1.0, 2, 3, 5, 4])
    certificate = ExactMoments.of(X, y).solve(False).certificate
    assert certificate.dependencies == (Dependency(2, {}),)
    assert certificate.rank == 2


def test_the_dummy_trap():
    g = np.random.default_rng(9)
    X = np.eye(4)[g.integers(0, 4, 100)]
    certificate = ExactMoments.of(X, g.standard_normal(100)).solve().certificate
    assert certificate.dependencies == (Dependency(3, {0: Fraction(-1), 1: Fraction(-1), 2: Fraction(-1)}),)
    assert ExactMoments.of(X, g.standard_normal(100)).solve(False).certificate.rank == 4


@pytest.mark.parametrize("intercept", [True, False])
def test_more_columns_than_rows(intercept):
    g = np.random.default_rng(10)
    X, y = g.standard_normal((5, 9)), g.standard_normal(5)
    X[:, 1] = 2 * X[:, 0]
    moments = ExactMoments.of(X, y)
    solution, rank = moments.solve(intercept), 5 - intercept
    kept = [0, *range(2, rank + 1)]
    dependencies = [Dependency(1, {0: Fraction(2)}), *(Dependency(j, None) for j in range(rank + 1, 9))]
    assert list(solution.certificate.dependencies) == dependencies
    assert [*[solution.intercept] * intercept, *solution.coef[kept]] == [
        float(c) for c in rational_fit(X[:, kept], y, intercept)[0]
    ]
    assert moments.dispersion(intercept).rss == 0.0


def test_repeated_rows_prove_long_relations():
    # Three distinct rows of four columns; nothing but the relation itself can prove that the fourth depends.
    g = np.random.default_rng(11)
    X = np.tile(g.standard_normal((3, 4)), (4, 1))
    certificate = ExactMoments.of(X, g.standard_normal(12)).solve(False).certificate
    assert (certificate.rank, certificate.dependencies) == (3, (Dependency(3, None),))


def test_one_row():
    moments = ExactMoments.of([[2.0, 3.0]], [5.0])
    solution = moments.solve()
    assert (solution.coef.tolist(), solution.intercept, solution.certificate.rank) == ([0, 0], 5.0, 0)
    assert solution.certificate.dependencies == (Dependency(0, {}), Dependency(1, {}))
    assert (moments.dispersion().rss, moments.dispersion().tss) == (0.0, 0.0)
    without = moments.solve(False)
    assert without.coef.tolist() == [2.5, 0]
    assert without.certificate.dependencies == (Dependency(1, {0: Fraction(3, 2)}),)


def test_a_constant_response():
    X = np.random.default_rng(12).standard_normal((20, 2))
    moments = ExactMoments.of(X, np.full(20, 0.1))
    assert coefficients(moments.solve()) == [0.1, 0, 0]
    assert (moments.dispersion().rss, moments.dispersion().tss, moments.dispersion().ess) == (0, 0, 0)


def test_no_columns_at_all():
    moments = ExactMoments.of(np.zeros((4, 0)), np.arange(4.0))
    assert (moments.solve().intercept, moments.solve().coef.shape) == (1.5, (0,))
    assert (moments.dispersion().rss, moments.dispersion().unscaled.tolist()) == (5.0, [[0.25]])
    assert moments.dispersion(False).rss == 14.0


def test_no_rows_to_fit():
    for ask in (ExactMoments.zero(2).solve, ExactMoments.zero(2).dispersion):
        with pytest.raises(DataError, match="no rows to fit"):
            ask()


@pytest.mark.parametrize(
    ("squares", "rows"),
    [
        ([[1, 2, 0], [2, 1, 0], [0, 0, 1]], 9),  # x'x is indefinite
        ([[1, 0, 2], [0, 1, 0], [2, 0, 1]], 9),  # a residual sum of squares of -3
        ([[0, 1, 0], [1, 1, 0], [0, 0, 1]], 9),  # a column of zeros that correlates
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 2),  # two rows, about their mean, of rank 2
        ([[2**200, 2**200, 0], [2**200, 2**200 - 1, 0], [0, 0, 1]], 9),
        ([[3, 3, 0, 0], [3, 3, 1, 0], [0, 1, 3, 0], [0, 0, 0, 1]], 9),  # a pivot of exactly zero
    ],
)
def test_sums_of_no_rows_are_refused(squares, rows):
    columns = len(squares)
    sums = np.zeros((columns + 1, columns + 1), dtype=object)
    sums[:columns, :columns] = squares
    sums[columns, columns] = rows
    moments = ExactMoments(columns - 1, rows, IntegerSums(sums, np.zeros(columns + 1, dtype=np.int64)))
    with pytest.raises(DataError, match="these moments belong to no rows"):
        moments.solve()


def test_a_misleading_prime_is_found_out():
    prime = 2**31 - 1
    A = np.array([[1, 1], [1, 1 + prime]], dtype=object)
    assert independent_columns(A) == ([0, 1], {})
    x, d = rational_solution(A, np.array([0, 1], dtype=object))
    assert [Fraction(int(n), d) for n in x] == [Fraction(-1, prime), Fraction(1, prime)]
    # Modulo this prime column 1 depends on column 0, and column 2 does not.
    Z = np.array([[1, 1, 0], [0, prime, 0], [0, 0, 1]], dtype=object)
    assert independent_columns(Z.T @ Z) == ([0, 1, 2], {})


@pytest.mark.parametrize("bits", range(4, 220, 12))
def test_the_smallest_eigenvalue_is_never_overrated(bits):
    # Eigenvalues e and 2 - e, and 1.
    place = 300
    one, e = 1 << place, 1 << (place - bits)
    A = np.array([[one, one - e, 0], [one - e, one, 0], [0, 0, one]], dtype=object)
    seen = [Float64Factor.of(A, place), DoubleDoubleFactor.of(A, place)]
    seen += [FixedPointFactor.of(A, place, b) for b in (64, 256, 1024)]
    assert seen[0] is not None or bits > 14
    assert seen[1] is not None or bits > 90
    assert seen[-1] is not None
    assert all(factor is None or factor.bits >= bits for factor in seen)
    singular = np.array([[one, one, 0], [one, one, 0], [0, 0, one]], dtype=object)
    assert Float64Factor.of(singular, place) is None
    assert DoubleDoubleFactor.of(singular, place) is None
    assert FixedPointFactor.of(singular, place, 256) is None


@pytest.mark.parametrize("size", range(2, 66, 4))
def test_nor_where_no_pivot_gives_it_away(size):
    # L has ones on its diagonal and -1 below: pivots of A = D L L' D are at least 1 / size, but L^-1 grows as 2^size.
    L = np.tril(np.full((size, size), -1, dtype=object), -1) + np.eye(size, dtype=int).astype(object)
    place, half = 40, [(k + 1).bit_length() // 2 for k in range(size)]  # D_k = 2^-half_k
    A = (L @ L.T) * np.array([[1 << place - i - j for j in half] for i in half], dtype=object)
    # The smallest eigenvalue is at most x'A x / x'x, which is 1 / x'x for x = D^-1 L^-T (0 .. 0 1).
    x = [2**h * 2 ** max(0, size - 2 - k) for k, h in enumerate(half)]
    at_most = Fraction(1, sum(v * v for v in x))
    factors = [Float64Factor.of(A, place), DoubleDoubleFactor.of(A, place), FixedPointFactor.of(A, place, 256)]
    assert factors[0] is not None or size > 20
    assert factors[1] is not None or size > 40
    for factor in factors:
        assert factor is None or Fraction(1, 2**factor.bits) <= at_most


# ---------------------------------------------------------------------------------------------------------------- NIST

NIST = ["Filip", "Longley", "NoInt1", "NoInt2", "Norris", "Pontius", *(f"Wampler{i}" for i in range(1, 6))]


@pytest.mark.parametrize("name", NIST)
def test_nist_float64_designs_are_solved_to_the_bit(name, shared_data):
    problem = json.loads((shared_data / "nist" / f"{name}.json").read_text())
    exact = json.loads((shared_data / "nist" / "exact_float64_design.json").read_text())[f"{name}|cumprod"]
    x, y, intercept = np.array(problem["x"], float), np.array(problem["y"], float), problem["intercept"]
    X = x if x.ndim == 2 else np.cumprod(np.repeat(x[:, None], problem["degree"], 1), axis=1)
    moments = ExactMoments.of(X, y)
    assert coefficients(moments.solve(intercept), intercept) == [float(c) for c in exact["coef"]]
    dispersion = moments.dispersion(intercept)
    freedom = problem["n"] - problem["p"]
    errors = np.sqrt(dispersion.rss / freedom * np.diag(dispersion.unscaled)) * dispersion.unit
    # Four roundings, half a unit each, one of them under the root.
    assert errors == pytest.approx([float(c) for c in exact["se"]], rel=4.5e-16, abs=0)


@pytest.mark.parametrize("power", [-1021, -1030, -1060, -1074])
def test_a_coefficient_that_float64_cannot_hold_whole_has_the_digits_it_has(power):
    X = np.ldexp([[1.0], [2.0], [4.0]], 500)
    y = np.ldexp([1.0, 2.1, 3.9], power + 500)
    solution = ExactMoments.of(X, y).solve(fit_intercept=False)
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(X[:, 0], y, strict=True)) / sum(
        Fraction(a) ** 2 for a in X[:, 0]
    )
    error = abs(Fraction(solution.coef[0]) / exact - 1)
    digits = solution.certificate.digits
    assert error <= 10.0**-digits
    # Half a step of 2^-1074, or of 53 bits, whichever is more.
    assert digits == pytest.approx(min(15.95, math.log10(2.0) * (power + 1075)), abs=0.1)


@pytest.mark.parametrize(
    ("X", "y", "beyond"),
    [
        ([1e300, 2e300, 4e300], [1e-100, 2e-100, 5e-100], (0,)),
        ([1e-300, 2e-300, 4e-300], [1e100, 2e100, 5e100], (0,)),
        ([-1e-5, 2e-5, 5e-5], [3e-320, -6e-320, 4e-321], (0, None)),
        ([1e-290, 1.1e-290, 1.3e-290], [1e300, -1e300, 1e300], (0,)),
        ([1e200, 1.1e200, 1.2e200], [1e308, -1.7e308, 1e308], ()),
        ([1.0, 1.0 + 1e-15, 1.0 + 3e-15], [1e300, -1e300, 1.5e300], (0, None)),
        ([1e300, -1e300, 2e300, -2e300], [1e-100, 1e-100, 3e-100, 3e-100], ()),  # the slope is zero
        ([1e300, -1e300, 2e300, -2e300], [1e-100, -1e-100, 2e-100, -2e-100], (0,)),  # and here the intercept
    ],
)
def test_no_digits_are_certified_of_what_leaves_float64(X, y, beyond):
    x, z = [Fraction(v) for v in X], [Fraction(v) for v in y]
    mean_x, mean_y = sum(x) / len(x), sum(z) / len(z)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, z, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    exact = (slope, mean_y - slope * mean_x)
    solution = ExactMoments.of(np.array(X)[:, None], y).solve()
    certificate = solution.certificate
    least, most = Fraction(sys.float_info.min), Fraction(sys.float_info.max)
    assert beyond == tuple(j for j, v in zip((0, None), exact, strict=True) if v and not least <= abs(v) <= most)
    assert certificate.beyond == beyond
    found = (solution.coef[0], solution.intercept)
    lost = any(v and (f == 0.0 or math.isinf(f)) for v, f in zip(exact, found, strict=True))
    assert (certificate.digits == 0.0) == lost
    assert (certificate.digits == 15.95) == (not beyond)
    assert len(certificate.out_of_range(["a"])) == bool(beyond)
