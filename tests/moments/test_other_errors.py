"""t, intervals, F and Wald from a robust covariance: the figures of statsmodels, to ten digits."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from gradline.data.arrays import ArraySource
from gradline.diagnostics.sandwich import robust_covariance
from gradline.errors import DataError
from gradline.moments.classical import infer
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from tests.by_statsmodels import fitted, semidefinite

DIGITS = 1e-10
CITY = np.random.default_rng(9).integers(0, 30, 400)
YEAR = np.random.default_rng(23).integers(0, 9, 400)  # by both no variance comes out negative
KINDS = {
    **{kind: (kind, kind, {}) for kind in ("HC0", "HC1", "HC2", "HC3")},
    "cluster": (("cluster", CITY), "cluster", {"groups": CITY, "use_t": True}),
    "two clusters": (("cluster", CITY, YEAR), "cluster", {"groups": np.column_stack([CITY, YEAR]), "use_t": True}),
    "newey-west": (("newey-west", 3), "HAC", {"maxlags": 3, "use_t": True}),
}


def table(n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3)) * [1.0, 30.0, 0.1] + [0.0, 100.0, 3.0]
    return X, 2.0 + X @ [1.0, -0.1, 4.0] + rng.normal(size=n) * (1.0 + np.abs(X[:, 0]))


def both(name, *, intercept=True, weighted=False, kind=Moments):
    """Our inference, and statsmodels' results."""
    X, y = table()
    w = np.random.default_rng(1).uniform(0.2, 4.0, len(y)) if weighted else None
    source = ArraySource(X, y, w)
    moments = one_pass(source, kind)
    solution = moments.solve(intercept)
    spec, theirs, options = KINDS[name]
    robust = robust_covariance(source, moments, solution, spec, fit_intercept=intercept)
    design = sm.add_constant(X) if intercept else X
    fit = (sm.OLS(y, design) if w is None else sm.WLS(y, design, w)).fit()
    return robust.judge(infer(moments, solution, fit_intercept=intercept)), fit.get_robustcov_results(theirs, **options)


@pytest.mark.parametrize("name", [*KINDS])
@pytest.mark.parametrize(("intercept", "weighted"), [(True, False), (True, True), (False, False)])
def test_every_figure_that_statsmodels_has(name, intercept, weighted):
    ours, theirs = both(name, intercept=intercept, weighted=weighted)
    np.testing.assert_allclose(ours.standard_error, theirs.bse, rtol=DIGITS)
    np.testing.assert_allclose(ours.t, theirs.tvalues, rtol=DIGITS)
    # A tail is exp(-t^2 / 2) and the like: an error in t is as many times larger in it.
    np.testing.assert_allclose(ours.p_value, theirs.pvalues, rtol=DIGITS * max(1.0, float(np.max(ours.t**2))))
    width = np.abs(theirs.conf_int()).max()
    np.testing.assert_allclose(ours.confidence_interval, theirs.conf_int(), rtol=DIGITS, atol=DIGITS * width)
    np.testing.assert_allclose(ours.f_statistic, float(np.squeeze(theirs.fvalue)), rtol=10 * DIGITS)
    assert ours.f_df == (3, ours.df)
    unchanged = ("r2", "rsquared"), ("adjusted_r2", "rsquared_adj"), ("aic", "aic"), ("bic", "bic")
    for mine, other in unchanged if not weighted else unchanged[:2]:
        assert getattr(ours, mine) == pytest.approx(getattr(theirs, other), rel=DIGITS)


@pytest.mark.parametrize("name", ["HC3", "cluster", "newey-west"])
def test_wald_tests_of_combinations_as_statsmodels_has_them(name):
    ours, theirs = both(name)
    R, q = np.array([[1.0, 0.0, 0.0, 3.0], [0.0, 1.0, 10.0, 0.0]]), np.array([14.0, 0.5])
    expected = theirs.f_test((R, q))
    found = ours.wald(R, q)
    assert found.statistic == pytest.approx(float(np.squeeze(expected.fvalue)), rel=1e-9)
    assert found.p_value == pytest.approx(float(expected.pvalue), rel=1e-8)
    assert found.df == (2, int(expected.df_denom))


@pytest.mark.parametrize("name", ["HC3", "cluster"])
def test_intervals_of_predictions_as_statsmodels_has_them(name):
    ours, theirs = both(name)
    rows = table()[0][:5] * 1.5
    frame = theirs.get_prediction(sm.add_constant(rows)).summary_frame()
    middle, error = frame["mean"].to_numpy(), frame["mean_se"].to_numpy()
    # Student's t has the degrees of freedom of the clusters, as in their tables; their predictions take those of rows.
    t = stats.t.ppf(0.975, ours.df)
    for kind, half in (("confidence", t * error), ("prediction", t * np.sqrt(error**2 + theirs.scale))):
        found = ours.predict_interval(rows, kind=kind)
        np.testing.assert_allclose(found, np.column_stack([middle - half, middle + half]), rtol=1e-9)


def test_columns_far_from_zero_keep_the_digits_of_a_joint_test():
    """Where columns are 1e7 standard deviations from zero, the error of the intercept is 1e7 times that at the mean."""
    rng = np.random.default_rng(5)
    X, groups = rng.integers(-50, 50, size=(300, 2)).astype(float), np.arange(300) % 20
    y = X @ [1.0, 2.0] + rng.integers(-30, 30, 300)
    found = []
    for origin in (0.0, 2.0**30):
        source = ArraySource(X + origin, y)
        moments = one_pass(source, ExactMoments)
        solution = moments.solve()
        robust = robust_covariance(source, moments, solution, ("cluster", groups), fit_intercept=True)
        judged = robust.judge(infer(moments, solution, fit_intercept=True))
        at_mean = judged.wald(np.array([1.0, *(X.mean(0) + origin)]), y.mean() + 1.0)
        found.append([judged.f_statistic, at_mean.statistic])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)  # the intercept itself is rounded to 1e-7 of a spread


def test_few_clusters_test_few_slopes_together():
    X, y = table()
    source = ArraySource(X, y)
    moments = one_pass(source, Moments)
    solution = moments.solve()
    robust = robust_covariance(source, moments, solution, ("cluster", np.arange(400) % 3), fit_intercept=True)
    judged = robust.judge(infer(moments, solution, fit_intercept=True))
    assert np.isnan([judged.f_statistic, judged.f_p_value]).all()
    assert judged.wald([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).df == (2, 2)
    with pytest.raises(DataError, match="too low a rank to test 3 combinations"):
        judged.wald(np.eye(4)[1:])
    with pytest.raises(DataError, match="follows from the others"):
        judged.wald([[0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])


@pytest.mark.parametrize("intercept", [True, False])
def test_no_joint_test_rests_on_variances_that_were_set_to_zero(intercept):
    """Labels that split the rows crosswise: of some combinations of slopes statsmodels' variance is negative."""
    X, y = table()
    source = ArraySource(X, y)
    moments = one_pass(source, Moments)
    solution = moments.solve(intercept)
    negative = 0
    for seed in range(12):
        a, b = np.random.default_rng(seed).integers(0, 4, (2, 400))
        robust = robust_covariance(source, moments, solution, ("cluster", a, b), fit_intercept=intercept)
        judged = robust.judge(infer(moments, solution, fit_intercept=intercept))
        theirs = fitted(X, y, intercept=intercept).get_robustcov_results(
            "cluster", groups=np.column_stack([a, b]), use_t=True
        )
        slopes = np.eye(3 + intercept)[intercept:]
        C, mended = slopes @ theirs.cov_params() @ slopes.T, semidefinite(theirs)
        scale = np.sqrt(np.abs(np.diag(C)))
        definite = np.linalg.eigvalsh(C / scale / scale[:, None])[0] > 0
        assert any("cannot test all 3 slopes" in note for note in robust.notes) != definite
        np.testing.assert_allclose(judged.standard_error, mended.bse, rtol=1e-9)
        if definite:
            assert judged.f_statistic == pytest.approx(float(np.squeeze(mended.fvalue)), rel=1e-7)
            continue
        negative += 1
        assert np.isnan(judged.f_statistic)
        with pytest.raises(DataError, match="too low a rank to test 3 combinations"):
            judged.wald(slopes)
        assert judged.wald(slopes[0]).statistic == pytest.approx(judged.t[int(intercept)] ** 2)
    assert 0 < negative < 12


def test_a_combination_without_variance_is_not_tested():
    """Of two clusters one combination of slopes alone varies; rounding leaves the others a little of it, or less."""
    X, y = table()
    source = ArraySource(X, y)
    moments = one_pass(source, Moments)
    solution = moments.solve()
    robust = robust_covariance(source, moments, solution, ("cluster", np.arange(400) % 2), fit_intercept=True)
    judged = robust.judge(infer(moments, solution, fit_intercept=True))
    for null in np.linalg.svd(robust.covariance[1:, 1:])[2][1:]:
        with pytest.raises(DataError, match="too low a rank to test this combination"):
            judged.wald([0.0, *null])


def test_an_exact_fit_has_no_tests_by_any_covariance():
    x = np.arange(12.0)[:, None]
    source = ArraySource(x, 2 * x[:, 0] + 1)
    moments = one_pass(source, ExactMoments)
    solution = moments.solve()
    robust = robust_covariance(source, moments, solution, "HC3", fit_intercept=True)
    judged = robust.judge(infer(moments, solution, fit_intercept=True))
    assert (judged.standard_error == 0).all()
    assert np.isnan([*judged.t, judged.f_statistic, judged.wald([0.0, 1.0]).statistic]).all()


@pytest.mark.parametrize("name", ["HC0", "HC1", "HC2", "HC3", "cluster", "newey-west"])
def test_a_coefficient_without_any_residual_of_its_own_has_no_error_rather_than_one_of_zero(name):
    """The mean of a level met once, beside those of two others, with rows far enough from zero to be rounded."""
    level = np.append(np.arange(59) % 2, 2)
    X, y = (level[:, None] == np.arange(3)).astype(float), 1e3 + np.random.default_rng(3).normal(size=60)
    source = ArraySource(X, y)
    moments = one_pass(source, Moments)
    solution = moments.solve(False)
    spec = {"cluster": ("cluster", np.arange(60) // 2 + level), "newey-west": ("newey-west", 0)}.get(name, name)
    robust = robust_covariance(source, moments, solution, spec, fit_intercept=False)
    judged = robust.judge(infer(moments, solution, fit_intercept=False))
    for figures in (judged.standard_error, judged.t, judged.p_value, judged.confidence_interval[:, 0]):
        np.testing.assert_array_equal(np.isnan(figures), [False, False, True])
    assert np.isnan([judged.f_statistic, judged.f_p_value]).all()
    with pytest.raises(DataError, match="uses coefficient 2, which has no standard error"):
        judged.wald([0.0, 0.0, 1.0])
    for limits in judged.predict_interval(np.eye(3), kind="confidence"), judged.predict_interval(np.eye(3)):
        np.testing.assert_array_equal(np.isnan(limits), [[False] * 2, [False] * 2, [True] * 2])


def by_hc3(X, y):
    source = ArraySource(X, y)
    moments = one_pass(source, ExactMoments)
    solution = moments.solve()
    robust = robust_covariance(source, moments, solution, "HC3", fit_intercept=True)
    return robust.judge(infer(moments, solution, fit_intercept=True))


@pytest.mark.parametrize(("of_x", "of_y"), [(1.0, 2.0**-500), (1.0, 2.0**495), (2.0**-490, 1.0), (2.0**490, 1.0)])
def test_a_unit_changes_no_test(of_x, of_y):
    X, y = table()
    one, other = by_hc3(X, y), by_hc3(X * of_x, y * of_y)
    np.testing.assert_allclose(other.t, one.t, rtol=DIGITS)
    np.testing.assert_allclose(other.standard_error[1:], one.standard_error[1:] * (of_y / of_x), rtol=DIGITS)


@pytest.mark.parametrize(("of_x", "of_y"), [(1.0, 1e-200), (1.0, 1e200), (1e-200, 1.0), (1e200, 1.0)])
def test_squares_beyond_float64_are_refused_and_give_no_wrong_error(of_x, of_y):
    X, y = table()
    with pytest.raises(DataError, match=f"{'column' if of_y == 1.0 else 'residuals'}.* leave the range of float64"):
        by_hc3(X * of_x, y * of_y)


def test_without_degrees_of_freedom_nothing_is_known():
    source = ArraySource([[1.0], [2.0]], [1.0, 5.0])
    moments = one_pass(source, Moments)
    solution = moments.solve()
    robust = robust_covariance(source, moments, solution, "HC1", fit_intercept=True)
    judged = robust.judge(infer(moments, solution, fit_intercept=True))
    assert np.isnan([*judged.standard_error, *judged.t, *judged.p_value]).all()


@pytest.mark.parametrize("covariance", ["nonrobust", "HC3"])
@pytest.mark.parametrize("apart", [1e-3, 1e-7, 1e-10])
def test_limits_of_a_prediction_survive_columns_that_say_nearly_the_same(apart, covariance):
    """statsmodels is given what the second column says beside the first: the same fit, in which nothing cancels."""
    rng = np.random.default_rng(5)
    a = rng.normal(size=40) + 3.0
    b = 2.0 * a + apart * rng.normal(size=40)
    y = a + rng.normal(size=40)
    source = ArraySource(np.column_stack([a, b]), y)
    moments = ExactMoments.of(source.X, y)
    solution = moments.solve()
    ours = infer(moments, solution, fit_intercept=True)
    if covariance != "nonrobust":
        ours = robust_covariance(source, moments, solution, covariance, fit_intercept=True).judge(ours)
    design = sm.add_constant(np.column_stack([a, (b - 2.0 * a) / apart]))
    fit = sm.OLS(y, design).fit(cov_type=covariance, use_t=True)
    expected = fit.get_prediction(design).se_mean * 2.0 * stats.t.ppf(0.975, 37)
    low, high = ours.predict_interval(source.X, kind="confidence").T
    condition = solution.certificate.condition_number
    np.testing.assert_allclose(high - low, expected, rtol=1e-11 + 1e-15 * condition)
