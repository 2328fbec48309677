import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.errors import DataError
from gradline.moments.digits_left import MOST_DIGITS
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.normal_equations import NormalEquations
from gradline.moments.solve import solve
from gradline.solution import Dependency, Status


def rational_least_squares(X, y, weight=None, fit_intercept=True):
    """Coefficients (the intercept first), residual sum of squares and inverse cross-product matrix, in fractions."""
    rows = [[Fraction(1)] * fit_intercept + [Fraction(float(v)) for v in x] for x in X]
    target = [Fraction(float(v)) for v in y]
    w = [Fraction(1)] * len(rows) if weight is None else [Fraction(float(v)) for v in weight]
    k = len(rows[0])
    g = [sum(wi * z[a] * t for wi, z, t in zip(w, rows, target, strict=True)) for a in range(k)]
    system = [
        [sum(wi * z[a] * z[c] for wi, z in zip(w, rows, strict=True)) for c in range(k)]
        + [g[a]]
        + [Fraction(int(a == c)) for c in range(k)]
        for a in range(k)
    ]
    for c in range(k):  # Gauss and Jordan
        pivot = next(r for r in range(c, k) if system[r][c] != 0)
        system[c], system[pivot] = system[pivot], system[c]
        system[c] = [v / system[c][c] for v in system[c]]
        for r in range(k):
            if r != c:
                system[r] = [v - system[r][c] * u for v, u in zip(system[r], system[c], strict=True)]
    b = [row[k] for row in system]
    tss = sum(wi * t * t for wi, t in zip(w, target, strict=True))
    return b, tss - sum(u * v for u, v in zip(b, g, strict=True)), [row[k + 1 :] for row in system]


def digits(error, size):
    return MOST_DIGITS if error == 0 else -math.log10(error / size) if size else 0.0


def true_digits(solution, exact, rows, fit_intercept=True):
    """Digits of the worst coefficient, small ones measured against 1e-6 of their standard error: as `solve` says."""
    b, rss, inverse = exact
    found = [solution.intercept] * fit_intercept + list(solution.coef)
    worst = MOST_DIGITS
    for j, (estimate, truth) in enumerate(zip(found, b, strict=True)):
        freedom = max(rows - len(b), 1)
        error = abs(Fraction(float(estimate)) - truth)
        worst = min(worst, digits(error, max(abs(truth), 1e-6 * math.sqrt(rss * inverse[j][j] / freedom))))
    return worst


def true_dispersion_digits(dispersion, exact):
    _, rss, inverse = exact
    pairs = [(dispersion.unscaled[j, j], inverse[j][j]) for j in range(len(inverse))] + [(dispersion.rss, rss)]
    return min(digits(abs(Fraction(float(found)) - truth), truth) for found, truth in pairs)


def hostile_problem(rng):
    """Condition numbers to 1e8, offsets, scales, weights, small and zero coefficients; merged, or with rows removed."""
    features, fit_intercept = int(rng.integers(1, 5)), bool(rng.random() < 0.7)
    rows = int(rng.integers(features + 2, 40))
    spectrum = np.geomspace(1.0, 10.0 ** -rng.uniform(0, 8), features)
    X = np.linalg.qr(rng.normal(size=(rows, features)))[0] * spectrum @ rng.normal(size=(features, features))
    X = X * 10.0 ** rng.uniform(-6, 6, features)
    X = X + rng.choice([0, 0, 1, 10, 1e3, 1e6]) * rng.normal(size=features) * np.abs(X).max(0)
    y = X @ (rng.normal(size=features) * (rng.random(features) < 0.8)) + rng.normal() * rng.choice([0, 1, 100])
    y = y + 10.0 ** rng.uniform(-8, 1) * (np.std(y) + 1e-3) * rng.normal(size=rows)
    weight = [None, rng.integers(1, 4, rows).astype(float), 10.0 ** rng.uniform(-4, 4, rows)][rng.integers(3)]

    def of(part):
        return Moments.of(X[part], y[part], None if weight is None else weight[part])

    match rng.choice(["whole", "two shards", "many shards", "removed", "heavy rows removed"]):
        case "whole":
            m = of(slice(None))
        case "two shards":
            m = of(slice(0, rows // 2)) + of(slice(rows // 2, None))
        case "many shards":
            m = sum((of(slice(i, i + 3)) for i in range(0, rows, 3)), Moments.zero(features))
        case kind:
            size = 10.0 ** rng.uniform(0, 6) if kind == "heavy rows removed" else 1.0
            extra = Moments.of(
                rng.normal(size=(5, features)) * size * np.abs(X).max(0), rng.normal(size=5) * size * np.abs(y).max()
            )
            m = (of(slice(None)) + extra) - extra
    return X, y, weight, fit_intercept, m


@pytest.mark.parametrize(("rows", "features"), [(300_000, 1), (300_000, 2), (200_000, 5), (100_000, 11)])
@pytest.mark.parametrize("size", [0.3, 1 / 3, 0.99999])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_neither_are_they_where_all_terms_round_one_way(rows, features, size, fit_intercept):
    """Two values, as a standardised dummy has: their squares are alike, and sums of them drift. Beside exact sums."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, features))
    X[:, 0], y = size * rng.choice([-1.0, 1.0], (2, rows))
    m, exact = Moments.of(X, y), ExactMoments.of(X, y)
    found, true = m.solve(fit_intercept), exact.solve(fit_intercept)
    told, spread = m.dispersion(fit_intercept), exact.dispersion(fit_intercept)
    off = np.abs(np.append(found.intercept - true.intercept, found.coef - true.coef)[not fit_intercept :])
    error = np.sqrt(spread.rss / (rows - len(off)) * np.diag(spread.unscaled))
    size = np.abs(np.append(true.intercept, true.coef)[not fit_intercept :])
    assert (off <= 10.0**-found.certificate.digits * np.maximum(size, 1e-6 * error)).all()
    assert (off <= told.moved * error).all()
    assert abs(told.rss / spread.rss - 1.0) <= 10.0**-told.digits
    line = Moments.of(X, 2.0 * X[:, 0]).dispersion(fit_intercept)
    assert (line.rss, line.digits) == (0.0, 0.0)


@pytest.mark.parametrize("seed", range(2))
def test_the_digits_reported_are_never_above_the_truth(seed):
    rng = np.random.default_rng(seed)
    slack = []
    for _ in range(150):
        X, y, weight, fit_intercept, m = hostile_problem(rng)
        solution, dispersion = m.solve(fit_intercept), m.dispersion(fit_intercept)
        if solution.certificate.dependencies:
            # Beyond what float64 sums can tell: nothing is claimed.
            assert solution.certificate.digits == 0.0
            continue
        exact = rational_least_squares(X, y, weight, fit_intercept)
        truth = true_digits(solution, exact, len(y), fit_intercept)
        assert solution.certificate.digits <= max(truth, 0.0)
        assert dispersion.digits <= max(true_dispersion_digits(dispersion, exact), 0.0)
        slack.append(truth - solution.certificate.digits)
    # An estimate that always said 0 would pass: it has to be worth reading.
    assert len(slack) > 60
    assert np.median(slack) < 3.0


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_good_data_give_the_answer_of_numpy(fit_intercept):
    rng = np.random.default_rng(20)
    X = rng.normal(size=(500, 6)) + 3
    y = X @ rng.normal(size=6) + rng.normal(size=500)
    solution = Moments.of(X, y).solve(fit_intercept)
    design = np.column_stack([np.ones(500), X]) if fit_intercept else X
    expected = np.linalg.lstsq(design, y)[0]
    # Both are right to 10 digits: the condition number of the uncentred design is below 30.
    np.testing.assert_allclose(np.append([solution.intercept] * fit_intercept, solution.coef), expected, rtol=1e-10)
    assert solution.status is Status.SOLVED
    assert solution.history == ()
    assert solution.certificate.digits > 10
    assert not solution.certificate.certain
    assert solution.certificate.precision == "float64"
    assert solution.intercept == 0.0 or fit_intercept


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_condition_number_is_that_of_the_scaled_columns(fit_intercept):
    rng = np.random.default_rng(21)
    X = rng.normal(size=(80, 4)) * [1, 1e5, 1e-5, 1] + 2
    X[:, 3] = X[:, 0] + 1e-3 * X[:, 3]
    scaled = X - X.mean(0) if fit_intercept else X
    scaled = scaled / np.linalg.norm(scaled, axis=0)
    certificate = Moments.of(X, rng.normal(size=80)).solve(fit_intercept).certificate
    # The sums hold the square of X: 1e-16 * kappa^2 of the condition number is lost.
    assert certificate.condition_number == pytest.approx(np.linalg.cond(scaled), rel=1e-8)
    assert certificate.rank == 4


def test_mixed_units_lose_nothing():
    # scikit-learn 1.9 finds 2e-14 for the coefficient of z here.
    rng = np.random.default_rng(22)
    revenue, z = rng.normal(5e6, 2e6, 1000), rng.normal(size=1000)
    y = 1e-6 * revenue + 3 * z + rng.normal(size=1000)
    exact = rational_least_squares(np.column_stack([revenue, z]), y)
    solution = Moments.of(np.column_stack([revenue, z]), y).solve()
    np.testing.assert_allclose(solution.coef, [float(b) for b in exact[0][1:]], rtol=1e-12)


def year_and_its_square():
    year = np.arange(1970.0, 2021.0)
    return np.column_stack([year, year**2]), 3 + 0.5 * year + 0.25 * year**2


def unix_time():
    t = 1.7e9 + np.arange(0.0, 1000.0)
    return t[:, None], 0.5 * t


@pytest.mark.parametrize(("table", "at_least"), [(year_and_its_square, 5.0), (unix_time, 9.0)])
def test_tables_that_break_other_tools_keep_the_digits_they_report(table, at_least):
    X, y = table()
    solution = Moments.of(X, y).solve()
    truth = true_digits(solution, rational_least_squares(X, y), len(y))
    assert solution.certificate.digits <= truth
    assert truth > at_least


NIST = ["Longley", "Filip", "Norris", "Pontius", "NoInt1", "NoInt2", *(f"Wampler{i}" for i in range(1, 6))]


@pytest.mark.parametrize("name", NIST)
def test_nist_sets_keep_the_digits_they_report(name, shared_table):
    data = json.loads(shared_table(f"nist/{name}.json").read_text())
    x, y = np.array(data["x"], dtype=float), np.array(data["y"], dtype=float)
    if x.ndim == 1:
        x = np.cumprod(np.repeat(x[:, None], data["degree"], axis=1), axis=1)
    truth = json.loads(shared_table("nist/exact_float64_design.json").read_text())[f"{name}|cumprod"]
    b, se = [Fraction(v) for v in truth["coef"]], [float(v) for v in truth["se"]]
    solution = Moments.of(x, y).solve(data["intercept"])
    found = dict(zip(data["coef_order"], b, strict=True))
    order = sorted(found, key=lambda label: int("".join(c for c in label if c.isdigit())))
    worst = MOST_DIGITS
    for estimate, label in zip([solution.intercept] * data["intercept"] + list(solution.coef), order, strict=True):
        error = abs(Fraction(float(estimate)) - found[label])
        worst = min(worst, digits(error, max(abs(found[label]), Fraction(1e-6 * se[data["coef_order"].index(label)]))))
    assert solution.certificate.digits <= max(worst, 0.0)


def test_a_dependent_column_is_named_with_its_factors():
    rng = np.random.default_rng(23)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    X[:, 2] = 3 * X[:, 0] - X[:, 1] / 4 + 7  # the constant goes into the intercept
    solution = Moments.of(X, y).solve()
    certificate = solution.certificate
    assert certificate.dependencies == (Dependency(2, {0: Fraction(3), 1: Fraction(-1, 4)}),)
    assert (certificate.rank, certificate.condition_number) == (3, math.inf)
    assert certificate.digits == 0.0  # not proved: the exact way decides
    others = Moments.of(X[:, [0, 1, 3]], y).solve()
    assert solution.coef[2] == 0.0
    np.testing.assert_allclose(solution.coef[[0, 1, 3]], others.coef, rtol=1e-10)
    assert solution.intercept == pytest.approx(others.intercept, rel=1e-10)


def test_earlier_columns_are_kept():
    rng = np.random.default_rng(24)
    x, y = rng.normal(size=30), rng.normal(size=30)
    solution = Moments.of(np.column_stack([x, 2 * x, x + 1, 0 * x]), y).solve()
    assert [d.column for d in solution.certificate.dependencies] == [1, 2, 3]
    assert [d.factors for d in solution.certificate.dependencies] == [{0: Fraction(2)}, {0: Fraction(1)}, {}]
    assert solution.coef[0] != 0.0
    np.testing.assert_array_equal(solution.coef[1:], 0.0)


def test_factors_that_are_no_short_fractions_are_not_invented():
    rng = np.random.default_rng(25)
    X = rng.normal(size=(30, 3))
    X[:, 2] = math.pi * X[:, 0] + X[:, 1]
    (dependency,) = Moments.of(X, rng.normal(size=30)).solve().certificate.dependencies
    assert dependency == Dependency(2, None)


def test_one_hot_columns_that_sum_to_one_depend_on_the_intercept():
    level = np.arange(60) % 3
    X = (level[:, None] == np.arange(3)).astype(float)
    y = np.array([1.0, 2.0, 4.0])[level]
    (dependency,) = Moments.of(X, y).solve().certificate.dependencies
    assert dependency == Dependency(2, {0: Fraction(-1), 1: Fraction(-1)})
    assert Moments.of(X, y).solve(fit_intercept=False).certificate.dependencies == ()


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e9 + 0.1, -3e-7])
@pytest.mark.parametrize("shards", [1, 3])
def test_a_constant_column_is_told_to_the_bit(value, shards):
    rng = np.random.default_rng(26)
    X, y = rng.normal(size=(100, 2)), rng.normal(size=100)
    X[:, 1] = value
    m = sum((Moments.of(X[i::shards], y[i::shards]) for i in range(shards)), Moments.zero(2))
    certificate = m.solve().certificate
    assert certificate.dependencies == (Dependency(1, {}),)
    assert certificate.digits > 9  # proved, so the other coefficients keep their digits
    without_intercept = m.solve(fit_intercept=False).certificate
    assert without_intercept.dependencies == ((Dependency(1, {}),) if value == 0.0 else ())


def test_more_columns_than_rows_leave_as_many_coefficients_as_rows():
    rng = np.random.default_rng(27)
    X, y = rng.normal(size=(4, 7)), rng.normal(size=4)
    for fit_intercept, rank in ((True, 3), (False, 4)):
        solution = Moments.of(X, y).solve(fit_intercept)
        assert solution.certificate.rank == rank
        assert [d.column for d in solution.certificate.dependencies] == list(range(rank, 7))
        np.testing.assert_allclose(X @ solution.coef + solution.intercept, y, atol=1e-9)


def test_one_row_is_its_own_mean():
    solution = Moments.of([[2.0, 5.0]], [3.0]).solve()
    assert (solution.intercept, solution.coef.tolist(), solution.certificate.rank) == (3.0, [0.0, 0.0], 0)
    through_zero = Moments.of([[2.0]], [3.0]).solve(fit_intercept=False)
    assert through_zero.coef.tolist() == [1.5]


def test_a_constant_target_has_slopes_of_zero_and_all_digits():
    rng = np.random.default_rng(28)
    solution = Moments.of(rng.normal(size=(50, 3)), np.full(50, 0.1)).solve()
    np.testing.assert_array_equal(solution.coef, 0.0)
    assert solution.intercept == 0.1
    assert solution.certificate.digits > 14


def test_no_features_leave_the_mean():
    m = Moments.of(np.empty((4, 0)), [1.0, 2.0, 3.0, 6.0])
    assert m.solve().intercept == 3.0
    assert m.solve().certificate.condition_number == 1.0
    assert m.dispersion().unscaled.tolist() == [[0.25]]


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_no_rows_are_no_fit(fit_intercept):
    for ask in (Moments.zero(2).solve, Moments.zero(2).dispersion):
        with pytest.raises(DataError, match="no rows to fit"):
            ask(fit_intercept)


@given(st.integers(-300, 300), st.integers(-300, 300))
@settings(max_examples=40, deadline=None)
def test_powers_of_two_in_the_data_come_out_in_the_coefficients(x_power, y_power):
    rng = np.random.default_rng(29)
    X, y = rng.normal(size=(30, 3)) + 1, rng.normal(size=30)
    plain, scaled = Moments.of(X, y).solve(), Moments.of(X * 2.0**x_power, y * 2.0**y_power).solve()
    np.testing.assert_array_equal(scaled.coef, plain.coef * 2.0 ** (y_power - x_power))
    assert scaled.intercept == plain.intercept * 2.0**y_power
    assert scaled.certificate.digits == pytest.approx(plain.certificate.digits, abs=1e-9)


@given(st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_columns_is_the_order_of_coefficients(order):
    rng = np.random.default_rng(30)
    X, y = rng.normal(size=(40, 4)), rng.normal(size=40)
    plain, permuted = Moments.of(X, y).solve(), Moments.of(X[:, order], y).solve()
    np.testing.assert_allclose(permuted.coef, plain.coef[list(order)], rtol=10.0**-plain.certificate.digits)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_dispersion_is_that_of_the_rows(fit_intercept):
    rng = np.random.default_rng(31)
    X, weight = rng.normal(size=(70, 3)) * [1, 100, 0.01] + 2, rng.uniform(0.1, 2, 70)
    y = X @ [1, 0.1, 5] + rng.normal(size=70)
    d = Moments.of(X, y, weight).dispersion(fit_intercept)
    design = np.column_stack([np.ones(70), X]) if fit_intercept else X
    gram = design.T @ (weight[:, None] * design)
    b = np.linalg.solve(gram, design.T @ (weight * y))
    centre = weight @ y / weight.sum() if fit_intercept else 0.0
    assert (d.rows, d.weight, d.unit) == (70, pytest.approx(weight.sum()), 1.0)
    # The Gram matrix of the oracle is not scaled; its condition number is below 1e7.
    np.testing.assert_allclose(d.unscaled, np.linalg.inv(gram), rtol=1e-8, atol=1e-8 * np.abs(d.unscaled).min())
    assert d.rss == pytest.approx(weight @ (y - design @ b) ** 2, rel=1e-9)
    assert d.tss == pytest.approx(weight @ (y - centre) ** 2, rel=1e-12)
    assert d.ess == pytest.approx(d.tss - d.rss, rel=1e-12)
    assert d.digits > 9


def test_a_dependent_column_has_no_dispersion():
    rng = np.random.default_rng(32)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    X[:, 1] = 2 * X[:, 0]
    d, others = Moments.of(X, y).dispersion(), Moments.of(X[:, [0, 2]], y).dispersion()
    assert np.isnan(d.unscaled[2]).all()
    assert np.isnan(d.unscaled[:, 2]).all()
    np.testing.assert_allclose(d.unscaled[np.ix_([0, 1, 3], [0, 1, 3])], others.unscaled, rtol=1e-9, atol=1e-15)
    assert d.rss == pytest.approx(others.rss)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_an_exact_fit_has_no_residual(fit_intercept):
    x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
    m = Moments.of(x[:, None], 2 * x)
    assert m.solve(fit_intercept).coef.tolist() == [2.0]
    d = m.dispersion(fit_intercept)
    assert d.rss == 0.0
    assert d.ess == pytest.approx(d.tss, rel=1e-15)


def test_a_residual_below_the_rounding_of_the_sums_is_not_vouched_for():
    rng = np.random.default_rng(33)
    x = rng.normal(size=200)
    d = Moments.of(x[:, None], x + 1e-9 * rng.normal(size=200)).dispersion()
    assert (d.rss, d.digits) == (0.0, 0.0)


def test_equations_of_overflowed_sums_have_no_answer():
    sums = NormalEquations(3, 3.0, np.ones(2), np.zeros(2), np.full((2, 2), np.inf), np.full(3, np.inf), 1e-15, True)
    with pytest.raises(DataError, match="the squares of column 1 of X"):
        solve(sums)


def test_sums_of_squares_near_the_end_of_float64_are_solved():
    """What rounding can have done to residuals, squared, would be more than float64 holds."""
    x = np.array([1.0, 2.0, 4.0, 7.0])
    y = 0.9e154 * np.array([0.1, -0.5, 0.5, 0.3])
    plain, far = (Moments.of(x[:, None], target) for target in (y * 2.0**-300, y))
    assert far.scatter[1, 1] > np.finfo(float).max / 4
    assert far.solve().coef == plain.solve().coef * 2.0**300
    assert far.dispersion().rss == plain.dispersion().rss * 2.0**600
