"""Without an intercept R2 about the mean is that of statsmodels, where columns add up to a constant, and only there."""

import numpy as np
import pytest
import statsmodels.api as sm

from gradline.moments.about_mean import about_the_mean
from gradline.moments.classical import infer
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments


def table(n=90, seed=0):
    rng = np.random.default_rng(seed)
    levels = np.eye(3)[rng.integers(0, 3, n)]
    x = rng.normal(size=(n, 1)) * 30.0 + 100.0
    y = levels @ [1.0, 4.0, 2.0] + 0.02 * x[:, 0] + rng.normal(size=n) + 50.0
    return levels, x, y, rng.uniform(0.2, 4.0, n)


def both(X, y, w=None, kind=Moments):
    m = kind.of(X, y, w)
    inference = infer(m, m.solve(False), fit_intercept=False)
    return about_the_mean(m, inference), (sm.OLS(y, X) if w is None else sm.WLS(y, X, w)).fit()


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", ["levels", "levels and x", "two that add up to 7"])
def test_columns_that_add_up_to_a_constant_have_statsmodels_figures(columns, weighted, kind):
    levels, x, y, w = table()
    u = (x - 100.0) / 30.0
    X = {"levels": levels, "levels and x": np.hstack([levels, x]), "two that add up to 7": np.hstack([u, 7.0 - u])}
    about, theirs = both(X[columns], y, w if weighted else None, kind)
    assert theirs.model.k_constant == 1  # as statsmodels finds by the rank of the columns and a one
    expected = (theirs.rsquared, theirs.rsquared_adj, theirs.fvalue, theirs.f_pvalue)
    # Columns that are hundreds from zero cost four of 16 digits; p is about F^(-df/2), so it errs 45 times as much.
    np.testing.assert_allclose((about.r2, about.adjusted_r2, about.f_statistic, about.f_p_value), expected, rtol=1e-10)
    assert about.f_df == (theirs.df_model, theirs.df_resid)


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_a_column_that_depends_on_others_plays_no_part(kind):
    levels, _, y, _ = table()
    found = []
    for X in (levels, np.hstack([levels, levels[:, :1]])):
        m = kind.of(X, y)
        found.append(about_the_mean(m, infer(m, m.solve(False), fit_intercept=False)))
    assert found[0] == found[1] is not None


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_columns_without_a_constant_among_them_have_none(kind):
    levels, x, y, _ = table()
    for X in (
        x,
        levels[:, :2],
        np.hstack([levels[:, :2], x]),
        np.hstack([x, x**2]),
        2000.0 + np.hstack([x, x**2]) / 100,
    ):
        about, theirs = both(X, y, kind=kind)
        assert theirs.model.k_constant == 0
        assert about is None
    with_intercept = kind.of(levels[:, :2], y)
    inference = infer(with_intercept, with_intercept.solve(), fit_intercept=True)
    assert about_the_mean(with_intercept, inference) is None
