"""How columns go together, from statistics alone: the figures of statsmodels, of refits and of NumPy."""

import json

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor

from gradline.data.arrays import ArraySource
from gradline.moments.association import Association
from gradline.moments.classical import infer
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from tests.by_statsmodels import fitted

# Sums of a few hundred float64 rows lose no more than four of 16 digits at the condition numbers below ten here.
DIGITS = 1e-11


def table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) * [1.0, 30.0, 0.1, 5.0] + [0.0, 100.0, 3.0, -50.0]
    X[:, 3] += 3.0 * X[:, 0]
    return X, 2.0 + X @ [1.0, -0.1, 4.0, 0.2] + rng.normal(size=n)


def association(X, y, w=None, *, intercept=True, kind=Moments, frequencies=False):
    moments = one_pass(ArraySource(X, y, w, frequencies=frequencies), kind)
    return Association(moments, infer(moments, moments.solve(intercept), fit_intercept=intercept))


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("intercept", [True, False])
def test_variance_inflation_as_statsmodels_has_it(intercept, kind):
    X, y = table()
    if intercept:
        expected = [variance_inflation_factor(sm.add_constant(X), 1 + j) for j in range(4)]
    else:  # R2 about zero, as the fit is; statsmodels takes it about the mean, which that fit has not
        expected = [1.0 / (1.0 - sm.OLS(X[:, j], np.delete(X, j, 1)).fit().rsquared) for j in range(4)]
    np.testing.assert_allclose(association(X, y, intercept=intercept, kind=kind).vif, expected, rtol=1e-10)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_partial_r2_is_what_a_refit_without_the_column_loses(weighted, intercept):
    X, y = table()
    w = np.random.default_rng(1).uniform(0.2, 4.0, len(y)) if weighted else None
    found, whole = association(X, y, w, intercept=intercept), fitted(X, y, w, intercept=intercept)
    without = [fitted(np.delete(X, j, 1), y, w, intercept=intercept) for j in range(4)]
    np.testing.assert_allclose(found.partial_r2, [1.0 - whole.ssr / other.ssr for other in without], rtol=1e-9)
    lost = [whole.rsquared - other.rsquared for other in without]  # a difference: digits of R2, not of itself
    np.testing.assert_allclose(found.semi_partial_r2, lost, rtol=1e-9, atol=1e-13)


def test_correlation_is_that_of_numpy():
    X, y = table()
    expected = np.corrcoef(np.column_stack([X, y]), rowvar=False)
    for kind in (Moments, ExactMoments):
        np.testing.assert_allclose(association(X, y, kind=kind).correlation, expected, rtol=0, atol=DIGITS)


def test_condition_indices_are_those_of_the_singular_values():
    X, y = table()
    centred = X - X.mean(0)
    for intercept, columns in ((True, centred), (False, X)):
        values = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), compute_uv=False)
        found = association(X, y, intercept=intercept).condition_indices
        np.testing.assert_allclose(found, values[0] / values, rtol=1e-9)


def test_frequencies_are_repeated_rows():
    X, y = table(80)
    times = np.random.default_rng(2).integers(1, 4, len(y))
    one = association(X, y, times, frequencies=True)
    other = association(np.repeat(X, times, axis=0), np.repeat(y, times))
    for figure in ("vif", "partial_r2", "semi_partial_r2", "correlation", "standard_deviation"):
        np.testing.assert_allclose(getattr(one, figure), getattr(other, figure), rtol=DIGITS, err_msg=figure)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-100.0, 100.0))
def test_units_and_origins_do_not_matter_beside_an_intercept(unit, origin):
    X, y = table(60)
    one = association(X, y, kind=ExactMoments)
    other = association(X * [unit, 1.0, 1.0, 1.0] + [origin, 0.0, 0.0, 0.0], y, kind=ExactMoments)
    # An origin of 100 is 1e4 standard deviations away in a unit of 0.01: the cells have lost four of 16 digits.
    for figure in ("vif", "partial_r2", "condition_indices"):
        np.testing.assert_allclose(getattr(one, figure), getattr(other, figure), rtol=1e-9, err_msg=figure)


def test_near_dependencies_are_named_apart():
    """Of equal strength, so that their eigenvectors may be any mixture."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 8))
    X[:, 1] = X[:, 0] + 0.01 * rng.normal(size=400)
    X[:, 6] = X[:, 4] + X[:, 5] + 0.014 * rng.normal(size=400)
    sets = association(X, rng.normal(size=400)).collinear_sets
    assert {near.columns for near in sets} == {(0, 1), (4, 5, 6)}
    assert all(near.condition_index > 100 and near.vif > 1000 for near in sets)


def test_a_chain_of_columns_is_one_set():
    rng = np.random.default_rng(4)
    first = rng.normal(size=500)
    X = np.column_stack([first, *(first + 0.05 * rng.normal(size=500) for _ in range(3)), rng.normal(size=500)])
    assert [near.columns for near in association(X, rng.normal(size=500)).collinear_sets] == [(0, 1, 2, 3)]


def test_columns_that_go_their_own_way_are_in_no_set():
    X, y = table()
    assert association(X, y).collinear_sets == ()


def test_longley_is_one_tangle(shared_table):
    rows = json.loads(shared_table("nist/Longley.json").read_text())
    X, y = np.array(rows["x"], dtype=float), np.array(rows["y"], dtype=float)
    found = association(X, y, kind=ExactMoments)
    expected = [variance_inflation_factor(sm.add_constant((X - X.mean(0)) / X.std(0)), 1 + j) for j in range(6)]
    np.testing.assert_allclose(found.vif, expected, rtol=1e-10)
    (near,) = found.collinear_sets
    assert {1, 4, 5} <= set(near.columns)  # GNP, population, year
    assert near.condition_index == pytest.approx(found.condition_indices[-1])


def test_what_has_no_estimate_has_no_figures_and_spoils_none():
    X, y = table()
    wide = np.column_stack([X, 2.0 * X[:, 0], np.full(len(y), 7.0)])
    one, other = association(X, y), association(wide, y, kind=ExactMoments)
    assert np.isnan(other.vif[4:]).all()
    assert np.isnan(other.partial_r2[4:]).all()
    assert np.isnan(other.correlation[5]).all()
    assert other.standard_deviation[5] == 0.0
    np.testing.assert_allclose(other.vif[:4], one.vif, rtol=1e-10)
    np.testing.assert_allclose(other.condition_indices, one.condition_indices, rtol=1e-10)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("of_x", "of_y"), [(1e200, 1.0), (1e-200, 1.0), (1.0, 1e200), (1.0, 1e-200)])
def test_what_leaves_float64_is_unknown_and_what_does_not_is_as_before(of_x, of_y, intercept):
    """Warnings are errors here: none of them is for a reader."""
    rng = np.random.default_rng(20)
    X = rng.normal(size=(50, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=50)
    plain = ExactMoments.of(X, y)
    m = ExactMoments.of(X * [of_x, 1.0], y * of_y)
    before, found = (Association(s, infer(s, s.solve(intercept), fit_intercept=intercept)) for s in (plain, m))
    for figure in ("vif", "partial_r2", "standard_deviation", "correlation"):
        one, other = (np.array(getattr(each, figure)) for each in (before, found))
        if figure == "standard_deviation":
            one *= [of_x, 1.0, of_y]
        known = ~np.isnan(other) & (other != 0.0)
        assert known.any()
        np.testing.assert_allclose(other[known], one[known], rtol=1e-12)
    assert np.isfinite(found.condition_indices).all()
    assert found.collinear_sets == ()


def test_an_exact_fit_explains_without_remainder():
    x = np.arange(12.0)
    found = association(np.column_stack([x, x**2]), 2 * x + 1, kind=ExactMoments)
    assert np.isnan(found.partial_r2).all()  # of nothing left, no share
    assert np.isfinite(found.vif).all()


def test_one_row_has_no_spread():
    found = association([[1.0, 2.0]], [3.0])
    assert np.isnan(found.standard_deviation).all()
    assert np.isnan(found.correlation).all()


@pytest.mark.parametrize("unit", [1e-200, 1e-160, 1e170])
@pytest.mark.parametrize("intercept", [True, False])
def test_columns_whose_squares_float64_has_not_keep_their_sd(unit, intercept):
    """That of the same columns in another unit, one that depends on another too, beside constants that have none."""
    X = np.random.default_rng(0).normal(size=(50, 4)) + 1.0
    X[:, 1], X[:, 3] = 3.0, 2.0 * X[:, 0]
    y = X @ [1.0, 0.0, 2.0, 0.0] + np.random.default_rng(1).normal(size=50)
    units = np.array([unit, unit, 1.0, unit, unit])
    moments = ExactMoments.of(X * units[:-1], y * unit)
    solution = moments.solve(intercept)
    found = Association(moments, infer(moments, solution, fit_intercept=intercept))
    expected = np.column_stack([X * units[:-1], y * unit]) / units
    np.testing.assert_allclose(found.standard_deviation / units, expected.std(axis=0, ddof=1), rtol=1e-12, atol=1e-15)
