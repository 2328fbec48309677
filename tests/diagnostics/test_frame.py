"""A fit as a frame: orthonormal coordinates, the residuals and leverages of statsmodels."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.data.arrays import ArraySource
from gradline.diagnostics.frame import Frame
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.solution import Status
from tests.diagnostics.gathered import gathered


def table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * [1.0, 40.0, 0.2] + [0.0, 500.0, -3.0]
    return X, 5.0 + X @ [1.0, -2.0, 30.0] + rng.normal(size=n), rng.uniform(0.2, 5.0, n)


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_rows_in_the_frame_are_those_of_statsmodels(weighted, intercept, kind):
    X, y, w = table()
    source = ArraySource(X, y, w if weighted else None)
    frame, block = gathered(source, kind=kind, fit_intercept=intercept)
    design = sm.add_constant(X) if intercept else X
    model = sm.WLS(y, design, w if weighted else np.ones(len(y))).fit()
    np.testing.assert_allclose(block.residual, model.resid, atol=1e-10)
    np.testing.assert_allclose(block.fitted, model.fittedvalues, rtol=1e-12)
    np.testing.assert_allclose(block.scaled, model.wresid, atol=1e-10)
    # Of the whitened design, an orthonormal factor of which gives the leverages whatever the condition number.
    Q = np.linalg.qr(model.model.wexog)[0]
    np.testing.assert_allclose(block.leverage, (Q * Q).sum(axis=1), rtol=1e-10)
    np.testing.assert_allclose(frame.in_data_units(np.eye(frame.k)), model.normalized_cov_params, rtol=1e-8)
    np.testing.assert_allclose(
        frame.T @ (block.z.T @ (block.fitted * np.sqrt(w) if weighted else block.fitted)), frame.coefficients, rtol=1e-9
    )
    # Float64 sums of squares of y, of size 1e3 about its mean or zero, leave ten digits of a residual variance of 1.
    assert frame.residual_sd == pytest.approx(np.sqrt(model.scale), rel=1e-9)
    assert (frame.rows, frame.df_residual, frame.k) == (300, model.df_resid, 3 + intercept)
    assert frame.names == (("(Intercept)",) if intercept else ()) + ("x0", "x1", "x2")
    if intercept:
        root = np.sqrt(w) if weighted else np.ones(300)
        np.testing.assert_allclose(block.z[:, 0] / root, block.z[0, 0] / root[0], rtol=1e-12)
        assert frame.target_centre == pytest.approx(np.average(y, weights=root**2))


def test_a_frequency_weight_is_so_many_rows():
    X, y, _ = table()
    times = np.arange(len(y)) % 4
    _, block = gathered(ArraySource(X, y, times, frequencies=True))
    every = np.repeat(np.arange(len(y)), times)
    _, whole = gathered(ArraySource(X[every], y[every]))
    assert block.times.sum() == len(every)
    assert block.precision is None
    repeated = np.repeat(np.arange(len(block.row)), block.times.astype(int))
    np.testing.assert_allclose(block.leverage[repeated], whole.leverage, rtol=1e-10)
    np.testing.assert_allclose(block.scaled[repeated], whole.residual, atol=1e-10)


@pytest.mark.parametrize("intercept", [True, False])
def test_dependent_columns_have_no_direction(intercept):
    X, y, _ = table()
    wide = np.column_stack([X, X[:, 0] * 2.0, np.full(len(y), 7.0)])
    frame, block = gathered(ArraySource(wide, y), fit_intercept=intercept, kind=ExactMoments)
    # Without an intercept a constant column stands for one.
    assert frame.kept.tolist() == ([0, 1, 2] if intercept else [0, 1, 2, 4])
    assert frame.k == block.z.shape[1] == 4
    assert np.isnan(frame.T).all(axis=1).nonzero()[0].tolist() == ([4, 5] if intercept else [3])
    _, plain = gathered(ArraySource(X, y))
    np.testing.assert_allclose(block.leverage, plain.leverage, rtol=1e-9)


@pytest.mark.parametrize(("kind", "power"), [(Moments, 5), (Moments, 6), (ExactMoments, 7), (ExactMoments, 10)])
def test_nearly_collinear_columns_are_whitened_once_more(kind, power):
    """Float64 sums square the condition number of 10^power; the pass puts the frame right."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    X = np.column_stack([x, x + 10.0**-power * rng.normal(size=400), rng.normal(size=400)])
    y = x + rng.normal(size=400)
    moments = kind.of(X, y)
    first = Frame.of(moments, moments.solve(), fit_intercept=True)
    z = first.shift + (X - first.centre) @ first.whitening
    frame, block = gathered(ArraySource(X, y), kind=kind)
    assert np.abs(block.z.T @ block.z - np.eye(4)).max() < 1e-9
    if np.abs(z.T @ z - np.eye(4)).max() > 1e-9:
        assert not np.array_equal(frame.T, first.T)
    assert frame.looseness == first.looseness


def test_a_column_far_from_zero_is_whitened():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(500, 2)) + np.array([1e9, 0.0])
    _, block = gathered(ArraySource(X, rng.normal(size=500)))
    Q = np.linalg.qr(np.column_stack([np.ones(500), X - [1e9, 0.0]]))[0]
    np.testing.assert_allclose(block.leverage, (Q * Q).sum(axis=1), rtol=1e-6)  # X has lost nine of 16 digits


@pytest.mark.parametrize("intercept", [True, False])
def test_a_descent_that_has_not_arrived_has_its_own_residuals(intercept):
    X, y, w = table()
    source = ArraySource(X, y, w)
    moments = Moments.of(X, y, w)
    best = moments.solve(intercept)
    solution = replace(best, status=Status.MAX_ITER, coef=best.coef * 0.9, intercept=best.intercept + 0.5 * intercept)
    frame = Frame.of(moments, solution, fit_intercept=intercept)
    _, block = gathered(source, frame=frame)
    np.testing.assert_allclose(block.residual, y - X @ solution.coef - solution.intercept, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(block.z.T @ block.scaled, frame.pull, rtol=1e-8)


def test_too_few_rows_and_exact_fits_are_known():
    two = Moments.of([[1.0], [2.0]], [1.0, 5.0])
    frame = Frame.of(two, two.solve(), fit_intercept=True)
    assert frame.exact_fit
    assert np.isnan(frame.residual_sd)
    line = ExactMoments.of([[1.0], [2.0], [4.0]], [1.0, 2.0, 4.0])
    frame = Frame.of(line, line.solve(), fit_intercept=True)
    assert frame.exact_fit
    assert frame.residual_sd == 0.0


def test_without_rows_there_is_no_frame():
    with pytest.raises(DataError, match="no rows"):
        Frame.of(Moments.zero(1), Moments.of([[1.0]], [1.0]).solve(), fit_intercept=True)


def test_no_columns_that_vary_leave_the_intercept():
    frame, block = gathered(ArraySource(np.ones((5, 1)), np.arange(5.0)))
    assert frame.k == 1
    np.testing.assert_allclose(block.leverage, 0.2)
    np.testing.assert_allclose(block.fitted, 2.0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.booleans(),
    st.floats(-200, 200),
    st.floats(-1e4, 1e4),
)
def test_leverages_add_up_to_the_coefficients_in_any_units(seed, p, intercept, power, origin):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(40, p)) + origin) * 2.0**power
    frame, block = gathered(ArraySource(X, rng.normal(size=40)), fit_intercept=intercept, kind=ExactMoments)
    assert block.leverage.sum() == pytest.approx(frame.k, rel=1e-9)
    assert (block.leverage <= 1.0 + 1e-9).all()
