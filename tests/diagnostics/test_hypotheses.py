"""Breusch-Pagan, White, RESET, Jarque-Bera: statsmodels' figures to ten digits."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.diagnostic import het_breuschpagan, het_white, linear_reset
from statsmodels.stats.stattools import jarque_bera

from gradline.diagnostics import hypotheses
from gradline.moments.exact import ExactMoments
from tests.diagnostics.fits import diagnosed, fitted, near, table


def assert_figures(test, statistic, p_value):
    near(test.statistic, statistic)
    # A tail is exp(-statistic / 2) and the like: an error in the statistic is as many times larger in it.
    np.testing.assert_allclose(test.p_value, p_value, rtol=1e-10 * max(1.0, abs(statistic)))


def reset(X, y, w=None, intercept=True):
    """F of the powers of the fit, from two fits; statsmodels' own forgets the weights."""
    small = fitted(X, y, w, intercept=intercept)
    f = (small.fittedvalues - (y.mean() if intercept else 0.0)) / small.fittedvalues.std()
    large = fitted(np.column_stack([X, f**2, f**3]), y, w, intercept=intercept)
    return large.compare_f_test(small)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_figures_of_statsmodels(weighted, intercept):
    X, y = table()
    w = np.random.default_rng(1).uniform(0.2, 4.0, len(y)) if weighted else None
    found = diagnosed(X, y, w, intercept=intercept).hypotheses
    fit = fitted(X, y, w, intercept=intercept)
    centred = sm.add_constant((X - X.mean(0)) / X.std(0))
    assert_figures(found.breusch_pagan, *het_breuschpagan(fit.wresid, centred)[:2])
    assert_figures(found.white, *het_white(fit.wresid, centred)[:2])
    assert found.white.df == (14,)
    assert_figures(found.reset, *reset(X, y, w, intercept)[:2])
    statistic, p_value, skewness, kurtosis = jarque_bera(fit.wresid)
    assert_figures(found.jarque_bera, statistic, p_value)
    near([found.skewness, found.excess_kurtosis + 3.0], [skewness, kurtosis])


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
def test_without_an_intercept_no_test_depends_on_how_far_columns_are_from_zero(far, weighted):
    """All of them ask about spans that hold a constant or the fit: the oracle takes centred columns for the same."""
    rng = np.random.default_rng(11)
    n = 200
    # numbers of few digits, moved by a power of two: nothing is rounded
    near_zero = np.round(rng.normal(size=(n, 2)) * 2**10) / 2**10
    X = near_zero + 2.0 ** np.round(np.log2(far)) * np.array([1.0, -2.0])
    y = X @ [1.0, -0.5] + (1.0 + 0.5 * near_zero[:, 0] ** 2) * rng.normal(size=n)
    w = rng.uniform(0.2, 4.0, n) if weighted else None
    found = diagnosed(X, y, w, intercept=False, kind=ExactMoments).hypotheses
    # beside the first column the second says what it says of the deviations: so nothing cancels
    root = np.ones(n) if w is None else np.sqrt(w)
    Q = np.linalg.qr(np.column_stack([X[:, 0], near_zero[:, 1] + 2.0 * near_zero[:, 0]]) * root[:, None])[0]
    e = y * root - Q @ (Q.T @ (y * root))
    base = sm.add_constant(near_zero)
    rtol = 1e-10 * far  # residuals are what is left of fitted values of size `far`
    for test, (statistic, p_value) in (
        (found.breusch_pagan, het_breuschpagan(e, base)[:2]),
        (found.white, het_white(e, base)[:2]),
    ):
        np.testing.assert_allclose([test.statistic, test.p_value], [statistic, p_value], rtol=rtol)
    assert (found.breusch_pagan.df, found.white.df) == ((2,), (5,))
    f = (y * root - e) / root
    d = (f - f.mean()) / f.std()
    powers = np.column_stack([f * d, f * (d * d - 1.0)]) * root[:, None]
    powers -= Q @ (Q.T @ powers)
    P = np.linalg.qr(powers)[0]
    share = ((P.T @ e) ** 2).sum() / (e @ e)
    assert found.reset.df == (2, n - 4)
    np.testing.assert_allclose(found.reset.statistic, share / (1.0 - share) * (n - 4) / 2.0, rtol=rtol)


def test_without_an_intercept_a_narrow_column_beside_a_wide_one_keeps_its_square():
    """Without its part along the wide one, the narrow one is mostly the constant that the fit has none of."""
    rng = np.random.default_rng(13)
    Z = rng.normal(size=(200, 2))
    X = Z * [10.0, 1e-3] + [-3.0, 3.0]
    y = X @ [1.0, 2.0] + rng.normal(size=200)
    found = diagnosed(X, y, intercept=False, kind=ExactMoments).hypotheses.white
    # sd of the narrow one beside its size: 3e-4, twice in its square
    np.testing.assert_allclose(
        [found.statistic, found.p_value], het_white(fitted(X, y, intercept=False).resid, sm.add_constant(Z))[:2], 1e-8
    )
    assert found.df == (5,)


@pytest.mark.parametrize("intercept", [True, False])
def test_a_constant_column_bends_nothing_however_its_sums_are_rounded(intercept):
    y = np.random.default_rng(12).normal(size=300)
    found = diagnosed(np.full((300, 1), 0.1), y, intercept=intercept).hypotheses
    assert all(np.isnan(test.statistic) for test in (found.breusch_pagan, found.white, found.reset))


def test_reset_is_that_of_statsmodels_where_it_takes_no_weights():
    X, y = table()
    X = (X - X.mean(0)) / X.std(0)
    y = (y - y.mean()) / y.std()
    expected = linear_reset(fitted(X, y), power=3, test_type="fitted", use_f=True)
    assert_figures(diagnosed(X, y).hypotheses.reset, float(expected.fvalue), float(expected.pvalue))


def test_frequency_weights_are_repeated_rows():
    X, y = table(200)
    times = np.random.default_rng(2).integers(1, 4, 200)
    one = diagnosed(X, y, times.astype(float), frequencies=True).hypotheses
    other = diagnosed(np.repeat(X, times, axis=0), np.repeat(y, times)).hypotheses
    for a, b in zip(one, other, strict=True):
        assert a.df == b.df
        near([a.statistic, a.effect], [b.statistic, b.effect])


def test_whites_special_form_where_products_are_too_many(monkeypatch):
    monkeypatch.setattr(hypotheses, "MOST_TERMS", 10)
    X, y = table()
    diagnosis = diagnosed(X, y)
    fit = fitted(X, y)
    f = (fit.fittedvalues - fit.fittedvalues.mean()) / fit.fittedvalues.std()
    assert_figures(
        diagnosis.hypotheses.white, *het_breuschpagan(fit.resid, sm.add_constant(np.column_stack([f, f**2])))[:2]
    )
    assert diagnosis.hypotheses.white.df == (2,)
    assert any("special form" in note for note in diagnosis.notes)


@pytest.mark.filterwarnings("ignore:The design matrix is rank-deficient")
def test_products_that_depend_on_others_are_not_counted():
    X, y = table(300, 2)
    group = np.random.default_rng(3).integers(0, 3, 300)
    X = np.column_stack([X, group == 1, group == 2]).astype(float)
    found = diagnosed(X, y).hypotheses.white
    centred = sm.add_constant(np.column_stack([(X[:, :2] - X[:, :2].mean(0)) / X[:, :2].std(0), X[:, 2:]]))
    assert_figures(found, *het_white(fitted(X, y).resid, centred)[:2])
    assert found.df == (11,)  # of 14, the squares of two indicators and their product are none of their own


def test_columns_that_depend_on_others_change_nothing():
    X, y = table(300, 3)
    one, other = diagnosed(X, y), diagnosed(np.column_stack([X, X[:, 0]]), y)
    for a, b in zip(one.hypotheses, other.hypotheses, strict=True):
        near(a.statistic, b.statistic)


@pytest.mark.parametrize("name", ["breusch_pagan", "white", "reset"])
def test_a_mean_alone_has_nothing_to_test(name):
    y = np.random.default_rng(4).normal(size=50)
    assert np.isnan(getattr(diagnosed(np.ones((50, 1)), y).hypotheses, name).statistic)


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 400))
def test_any_cut_gives_the_same_figures(rows):
    X, y = table(300)
    one, other = (diagnosed(X, y, rows=size).hypotheses for size in (rows, 1000))
    near([test.statistic for test in one], [test.statistic for test in other])


@pytest.mark.filterwarnings("ignore:The design matrix is rank-deficient")
def test_diabetes_in_full():
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    Z = (X - X.mean(0)) / X.std(0)
    found = diagnosed(X, y).hypotheses.white
    # White's test takes products of columns as they are given: any affine change of them spans the same.
    assert_figures(found, *het_white(fitted(Z, y).resid, sm.add_constant(Z))[:2])
    assert found.df == (64,)  # of 65, the square of an indicator is none of its own


@pytest.mark.parametrize(("name", "target"), [("housing", "median_house_value"), ("diamonds", "price")])
def test_real_tables(shared_table, name, target):
    frame = pd.read_csv(shared_table(f"{name}.csv"), skipinitialspace=True).select_dtypes("number").dropna()
    y = frame.pop(target).to_numpy(float)
    X = frame.to_numpy(float)
    found = diagnosed(X, y, rows=4096)
    Z = (X - X.mean(0)) / X.std(0)
    y = (y - y.mean()) / y.std()
    fit = fitted(Z, y)
    design = sm.add_constant(Z)
    assert_figures(found.hypotheses.breusch_pagan, *het_breuschpagan(fit.resid, design)[:2])
    assert_figures(found.hypotheses.reset, *reset(Z, y)[:2])
    assert_figures(found.hypotheses.jarque_bera, *jarque_bera(fit.resid)[:2])
    influence = fit.get_influence()
    cooks = influence.cooks_distance[0]
    near([row.cooks for row in found.influence.by_cooks], np.sort(cooks)[::-1][:10])
    near(found.influence.largest_leverage, influence.hat_matrix_diag.max())
