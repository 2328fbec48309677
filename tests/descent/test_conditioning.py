"""The frame of a conditioned descent: every curvature is the same, however collinear and far from zero columns are."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import GradientDescentRegressor
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.descent.goal.conditioning import Conditioned
from gradline.descent.goal.problem import Problem
from gradline.descent.goal.standardised import Standardised
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.solution import Status

EPS = np.finfo(float).eps
BOTH = pytest.mark.parametrize("kind", [Moments, ExactMoments])
BIAS = pytest.mark.parametrize("bias", [True, False])


def table(rows=200, columns=5, offset=3.0, seed=0):
    """Correlated columns of sizes from 1e-4 to 1e4, and y."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns)) + offset
    return X * 10.0 ** np.linspace(-4, 4, columns), rng.normal(size=rows)


def near(condition_number, offset=0.0, rows=400, seed=0):
    """Three columns, two of them equal but for 1 / condition number; y feels the difference."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(rows, 3))
    X = np.c_[base[:, 0], base[:, 0] + base[:, 1] / condition_number, base[:, 2]] + offset
    return X, base @ [1.0, -2.0, 0.5] + 3 + rng.normal(size=rows)


def powers(x, degree):
    return np.column_stack([x**k for k in range(1, degree + 1)])


@BIAS
@BOTH
def test_the_triangle_is_that_of_a_qr_decomposition(kind, bias):
    X, y = table()
    weight = np.random.default_rng(1).integers(1, 5, len(y)).astype(float)
    centre = np.average(X, axis=0, weights=weight) if bias else np.zeros(X.shape[1])
    R = np.linalg.qr(np.sqrt(weight / weight.sum())[:, None] * (X - centre), mode="r")
    expected = (R * np.sign(np.diag(R))[:, None]).T
    triangle = kind.of(X, y, weight).triangle(fit_intercept=bias)
    size = np.sqrt((expected**2).sum(axis=1))
    # Float64 sums square the condition number, some 1e2 here.
    np.testing.assert_allclose(triangle.lower / size[:, None], expected / size[:, None], rtol=0, atol=1e4 * EPS)
    assert (np.triu(triangle.lower, 1) == 0).all()
    np.testing.assert_allclose(triangle.centre[:-1], centre, rtol=1e-13)


def gram_schmidt(X, bias):
    """Squares of what is left of each column after those before it, as mean squares, without rounding."""
    columns = [[Fraction(v) for v in column] for column in X.T.tolist()]
    done = [[Fraction(1)] * len(X)] if bias else []
    left = []
    for column in columns:
        for d in done:
            factor = sum(a * b for a, b in zip(column, d, strict=True)) / sum(a * a for a in d)
            column = [a - factor * b for a, b in zip(column, d, strict=True)]
        done.append(column)
        left.append(sum(a * a for a in column) / len(X))
    return left


@BIAS
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("e", [2, 6, 10, 12])
def test_the_triangle_of_exact_sums_is_right_where_columns_are_nearly_equal(e, offset, bias):
    X, y = near(10.0**e, offset, rows=12)
    expected = gram_schmidt(X, bias)
    lower = ExactMoments.of(X, y).triangle(fit_intercept=bias).lower
    # The factor is of A - 8 p (p + 2) 2^-102 I, where A has a diagonal of at least 1/2, and condition number K^2. K is
    # that of the two columns, 5 because there are few rows, and the offset comes on top unless it is taken out.
    K = 5 * 10.0**e * (1.0 if bias else max(1.0, offset))
    shift = 2 * 8 * 3 * (3 + 2) * 2.0**-102
    for found, square in zip(np.diag(lower), expected, strict=True):
        assert abs(found**2 / float(square) - 1) < 8 * EPS + 2 * shift * K**2


def test_the_centre_of_exact_sums_has_a_hundred_bits():
    X, y = near(1e6, offset=1e9 / 3)
    triangle = ExactMoments.of(X, y).triangle()
    for column, high, low in zip([*X.T.tolist(), y.tolist()], triangle.centre, triangle.rest, strict=True):
        mean = sum(map(Fraction, column)) / len(column)
        assert abs(Fraction(high) + Fraction(low) - mean) <= abs(mean) / 2**105


COLLINEAR = {
    "near 1e4": (1e4, near(1e4)[0]),
    "near 1e8": (1e8, near(1e8)[0]),
    "near 1e10, far off": (1e10, near(1e10, 1e5)[0]),
    "near 1e12": (1e12, near(1e12)[0]),
    "near 1e12, far off": (1e12, near(1e12, 1e3)[0]),
    "Wampler": (4e3, powers(np.arange(21.0), 5)),
    "years to the fifth": (2e9, powers(np.arange(1900.0, 2021.0), 5)),
    "Filip": (4e9, powers(np.linspace(-8.8, -3.1, 82), 10)),
    "unix time and its square": (4e5, powers(1.7e9 + np.sort(np.random.default_rng(0).uniform(0, 1e5, 300)), 2)),
}


@pytest.mark.parametrize("name", COLLINEAR)
def test_every_curvature_of_the_rows_is_the_same(name):
    """To the condition number K in units of rounding, not K^2."""
    K, X = COLLINEAR[name]
    y = np.arange(len(X)) % 7.0
    u = Conditioned.of(ExactMoments.of(X, y), bias=True).rows(Batch.of(X, y)).X
    z = np.c_[u, np.ones(len(u))]
    # p roundings of products each K eps in size, and as much from T.
    assert np.abs(z.T @ z / len(z) - np.eye(z.shape[1])).max() < 2 * (X.shape[1] + 2) * K * EPS


@BIAS
@BOTH
def test_every_curvature_of_an_easy_table_is_the_same(kind, bias):
    X, y = table()
    weight = np.random.default_rng(1).integers(1, 5, len(y)).astype(float)
    batch = Batch.of(X, y, weight)
    u = Conditioned.of(kind.of(X, y, weight), bias=bias).rows(batch).X
    np.testing.assert_allclose(u.T @ (batch.share[:, None] * u), np.eye(5), rtol=0, atol=1e4 * EPS)


@BIAS
@BOTH
def test_leaving_undoes_entering(kind, bias):
    X, y = table()
    frame = Conditioned.of(kind.of(X, y), bias=bias)
    w, b = np.array([3e4, -2.0, 0.5, 1e-2, 7e-5]), 4.0 if bias else 0.0
    w2, b2 = frame.leave(*frame.enter(w, b))
    np.testing.assert_allclose(w2, w, rtol=1e-10)
    assert b2 == pytest.approx(b, abs=1e-10)


def test_a_batch_in_a_frame_is_of_the_same_step():
    """Which several processes make together, of as many rows as all of them have."""
    X, y = table()
    batch = replace(Batch.of(X, y), together=600)
    moments = Moments.of(X, y)
    plain = Standardised.of(moments.mean, np.diag(moments.scatter) / moments.weight)
    assert [frame.rows(batch).rows for frame in (Conditioned.of(moments, bias=True), plain)] == [600, 600]


@BIAS
@BOTH
def test_both_sides_predict_the_same(kind, bias):
    X, y = table()
    y = 1e3 * y + (1e5 if bias else 0.0)
    frame = Conditioned.of(kind.of(X, y), bias=bias)
    batch = frame.rows(Batch.of(X, y))
    v, c = np.array([1.0, -2.0, 3.0, 0.5, -0.25]), 0.125 if bias else 0.0
    w, b = frame.leave(v, c)
    inside = (batch.X @ v + c - batch.y) * frame.target_scale
    np.testing.assert_allclose(inside, X @ w + b - y, rtol=0, atol=1e-8)


def test_the_intercept_follows_the_slopes_as_if_nothing_were_rounded():
    """Slopes of nearly equal columns are large and opposite: their products with the means cancel."""
    X, y = near(1e12, offset=50.0)
    frame = Conditioned.of(ExactMoments.of(X, y), bias=True)
    means = [sum(map(Fraction, column)) / len(column) for column in X.T.tolist()]
    for found, direction in zip(frame.lever, frame.T.T.tolist(), strict=True):
        exact = sum(Fraction(t) * m for t, m in zip(direction, means, strict=True))
        assert abs(Fraction(found) - exact) <= abs(exact) * Fraction(EPS)


def test_left_out_columns_have_no_part_in_any_direction():
    X, y = table(columns=3)
    frame = Conditioned.of(ExactMoments.of(np.c_[X[:, 0], 2 * X[:, 0], X[:, 1:]], y), bias=True)
    assert frame.T.shape == (4, 3)
    assert (frame.T[1] == 0).all()
    assert frame.leave(np.ones(3), 0.0)[0][1] == 0.0


@given(
    cells=st.lists(st.integers(-1000, 1000), min_size=24, max_size=24),
    powers=st.lists(st.integers(-40, 40), min_size=3, max_size=3),
    shifts=st.lists(st.integers(-(2**40), 2**40), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_units_and_origins_of_columns_are_nothing_to_the_frame(cells, powers, shifts):
    X, y = np.array(cells, dtype=float).reshape(8, 3), np.arange(8.0)
    other = (X + shifts) * 2.0 ** np.array(powers)  # exact: 51 bits
    one, two = (Conditioned.of(ExactMoments.of(Z, y), bias=True).rows(Batch.of(Z, y)).X for Z in (X, other))
    # An integer determinant is at least 1: K is at most some 1e10 here, and as a rule below 1e2.
    K = np.linalg.cond((X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-300)) if one.shape[1] == 3 else 1e5
    np.testing.assert_allclose(one, two, rtol=0, atol=100 * max(K, 1.0) * EPS)


@pytest.mark.filterwarnings("ignore:some columns are collinear but for their last digits")
@pytest.mark.parametrize("condition_number", [1e6, 1e10, 1e12, 1e14])
def test_the_gap_told_is_the_distance_from_the_exact_answer(condition_number):
    """Also where the rows, being rounded, have their least elsewhere: that counts as error, not as the aim."""
    X, y = near(condition_number, offset=5.0)
    problem = Problem.of(ArraySource(X, y), bias=True, conditioned=True, dtype="float64")
    rows = problem.frame.rows(Batch.of(X, y))
    z = np.c_[rows.X, np.ones(len(y))]
    v = np.linalg.lstsq(z, rows.y, rcond=None)[0]  # where a descent on these rows ends
    w, b = problem.frame.leave(v[:-1], v[-1])
    error = np.abs(np.append(w, b) - np.append(problem.exact.coef, problem.exact.intercept)) / problem.tolerance.unit
    gaps = problem.tolerance.gaps(v[:-1], v[-1])
    np.testing.assert_allclose(gaps, error, rtol=1e-3, atol=1e-9)
    near_enough = Status.CONVERGED if error.max() < 0.01 else Status.ROUNDING
    assert problem.tolerance.reached(v[:-1], v[-1], 1e-6) is near_enough


@pytest.mark.parametrize("seed", range(20))
def test_the_last_digits_of_the_mean_of_y_are_not_pursued(seed):
    """Where there is little noise, a last digit of the mean is many tolerances of 1e-6 standard errors."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 1))
    fit = GradientDescentRegressor().fit(x, 1e5 / 3 + x[:, 0] + 1e-5 * rng.normal(size=200))
    assert fit.converged_
    assert fit.n_iter_ <= 2
