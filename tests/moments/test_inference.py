import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.errors import DataError
from gradline.moments.classical import infer
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments

# Our sums and statsmodels' QR are both right to 12 digits on these tables (condition numbers below 100); p-values far
# out in the tail multiply a relative error of t by t^2, some 1e3 here.
CLOSE = {"rtol": 1e-10}


def table(weighted, rows=200, seed=40):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1, 10, 0.1, 3] + [1, -5, 0.2, 4]
    y = X @ [0.2, 0.02, 3.0, -0.1] + 0.5 + rng.normal(size=rows)
    return X, y, rng.uniform(0.1, 5.0, rows) if weighted else None


def both(weighted, fit_intercept, confidence=0.95):
    """Our inference and the result of statsmodels."""
    X, y, weight = table(weighted)
    m = Moments.of(X, y, weight)
    design = sm.add_constant(X) if fit_intercept else X
    model = sm.OLS(y, design) if weight is None else sm.WLS(y, design, weights=weight)
    ours = infer(m, m.solve(fit_intercept), fit_intercept=fit_intercept, confidence=confidence)
    return ours, model.fit(method="qr"), weight


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_figure_is_that_of_statsmodels(weighted, fit_intercept):
    ours, theirs, _ = both(weighted, fit_intercept)
    np.testing.assert_allclose(ours.coefficients, theirs.params, **CLOSE)
    np.testing.assert_allclose(ours.standard_error, theirs.bse, **CLOSE)
    np.testing.assert_allclose(ours.t, theirs.tvalues, **CLOSE)
    np.testing.assert_allclose(ours.p_value, theirs.pvalues, **CLOSE)
    np.testing.assert_allclose(ours.confidence_interval, theirs.conf_int(), **CLOSE)
    np.testing.assert_allclose(ours.covariance, theirs.cov_params(), **CLOSE)
    np.testing.assert_allclose(ours.r2, theirs.rsquared, **CLOSE)
    np.testing.assert_allclose(ours.adjusted_r2, theirs.rsquared_adj, **CLOSE)
    np.testing.assert_allclose(ours.residual_sd, math.sqrt(theirs.mse_resid), **CLOSE)
    np.testing.assert_allclose(ours.f_statistic, theirs.fvalue, **CLOSE)
    np.testing.assert_allclose(ours.f_p_value, theirs.f_pvalue, **CLOSE)
    assert ours.f_df == (theirs.df_model, theirs.df_resid)
    assert (ours.rows, ours.df_residual) == (200, theirs.df_resid)
    assert ours.r2_kind == ("centred" if fit_intercept else "uncentred")
    assert not ours.exact_fit


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_likelihood_lacks_the_logarithms_of_the_weights(weighted, fit_intercept):
    ours, theirs, weight = both(weighted, fit_intercept)
    missing = 0.5 * np.log(weight / weight.mean()).sum() if weighted else 0.0
    np.testing.assert_allclose(ours.log_likelihood + missing, theirs.llf, **CLOSE)
    np.testing.assert_allclose(ours.aic - 2 * missing, theirs.aic, **CLOSE)
    np.testing.assert_allclose(ours.bic - 2 * missing, theirs.bic, **CLOSE)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_intervals_for_new_rows_are_those_of_statsmodels(weighted, fit_intercept, confidence):
    ours, theirs, _ = both(weighted, fit_intercept, confidence)
    X = table(False, rows=7, seed=41)[0]
    design = np.column_stack([np.ones(7), X]) if fit_intercept else X
    prediction = theirs.get_prediction(design)
    # A limit is a difference of the expected value and the half width: compare relative to the width.
    for kind, observed in (("prediction", True), ("confidence", False)):
        expected = prediction.conf_int(obs=observed, alpha=1 - confidence)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(ours.predict_interval(X, kind=kind), expected, rtol=1e-10, atol=1e-10 * scale)
    asked = ours.predict_interval(X, confidence=0.8)
    np.testing.assert_allclose(asked, prediction.conf_int(obs=True, alpha=0.2), rtol=1e-10, atol=1e-10 * scale)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_wald_tests_are_those_of_statsmodels(weighted, fit_intercept):
    ours, theirs, _ = both(weighted, fit_intercept)
    k = len(ours.coefficients)
    rng = np.random.default_rng(42)
    for R, q in ((rng.normal(size=(2, k)), rng.normal(size=2)), (np.eye(k)[1:], None), (np.eye(k)[0], None)):
        expected = theirs.wald_test((np.atleast_2d(R), q), use_f=True, scalar=True)
        test = ours.wald(R, q)
        np.testing.assert_allclose(test.statistic, expected.statistic, **CLOSE)
        np.testing.assert_allclose(test.p_value, expected.pvalue, **CLOSE)
        assert test.df == (len(np.atleast_2d(R)), theirs.df_resid)


def test_all_slopes_at_once_are_the_f_test_and_one_is_the_t_test():
    ours, _, _ = both(False, True)
    together = ours.wald(np.eye(5)[1:])
    assert (together.statistic, together.p_value) == pytest.approx((ours.f_statistic, ours.f_p_value), rel=1e-10)
    single = ours.wald(np.eye(5)[2])
    assert (single.statistic, single.p_value) == pytest.approx((ours.t[2] ** 2, ours.p_value[2]), rel=1e-10)


@pytest.mark.parametrize("factor", [1e-3, 7.0])
def test_a_common_factor_of_the_weights_changes_the_residual_sd_only(factor):
    X, y, weight = table(True)
    a, b = (
        infer(m, m.solve(), fit_intercept=True) for m in (Moments.of(X, y, weight), Moments.of(X, y, factor * weight))
    )
    for figure in ("standard_error", "t", "p_value", "confidence_interval", "r2", "f_statistic", "aic", "bic"):
        np.testing.assert_allclose(getattr(b, figure), getattr(a, figure), **CLOSE)
    assert b.residual_sd == pytest.approx(a.residual_sd * math.sqrt(factor), rel=1e-10)


def assert_no_tests(inference):
    for figure in ("t", "p_value", "f_statistic", "f_p_value", "log_likelihood", "aic", "bic"):
        assert np.isnan(getattr(inference, figure)).all(), figure


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scale", [1.0, 1e-100, 1e100])
def test_an_exact_fit_has_no_tests_and_no_errors(fit_intercept, scale):
    x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
    m = Moments.of(x[:, None], 2 * x * scale)
    inference = infer(m, m.solve(fit_intercept), fit_intercept=fit_intercept)
    assert inference.exact_fit
    assert_no_tests(inference)
    np.testing.assert_array_equal(inference.standard_error, 0.0)
    np.testing.assert_array_equal(inference.covariance, 0.0)
    assert (inference.residual_sd, inference.r2, inference.adjusted_r2) == (0.0, 1.0, 1.0)
    low, high = inference.confidence_interval.T
    np.testing.assert_array_equal(low, high)
    interval = inference.predict_interval([[4.0]])
    assert interval[0, 0] == interval[0, 1] == pytest.approx(8.0 * scale)
    assert math.isnan(inference.wald(np.eye(1 + fit_intercept)[-1]).statistic)


def test_a_hypothesis_in_words_is_refused():
    X, y, _ = table(False)
    m = Moments.of(X, y)
    with pytest.raises(DataError, match="R is 'x0 = 1', expected rows of"):
        infer(m, m.solve(), fit_intercept=True).wald("x0 = 1")


@pytest.mark.parametrize("jitter", [2e4, 1e6])
def test_microseconds_beside_nanoseconds_since_1970_are_residuals(jitter):
    """The clock is 2e14 times as large as what it strays by, and a float64 of it is right to 256 nanoseconds."""
    n = 200
    seconds = np.arange(float(n))
    clock = 1.7e18 + 1e9 * seconds + jitter * np.random.default_rng(0).normal(size=n)
    m = ExactMoments.of(seconds[:, None], clock)
    inference = infer(m, m.solve(), fit_intercept=True)
    x, y = [Fraction(v) for v in seconds], [Fraction(v) for v in clock]
    mean_x, mean_y = sum(x) / n, sum(y) / n
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    rss = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    assert not inference.exact_fit
    assert inference.residual_sd == pytest.approx(math.sqrt(rss / (n - 2)), rel=1e-13)
    assert inference.standard_error[1] == pytest.approx(math.sqrt(rss / (n - 2) / spread), rel=1e-13)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_what_rounding_leaves_of_a_computed_target_is_no_residual(fit_intercept):
    """Terms a thousand times as large as the target: its last digits are what is left of theirs."""
    rng = np.random.default_rng(1)
    X = np.round(1000.0 * rng.normal(size=(100, 3)), 1)
    X[:, 2] = X[:, 0] + rng.normal(size=100)
    X = np.column_stack([X, X[:, 1].round()])
    m = ExactMoments.of(X, X @ [0.3, 0.7, -0.3, -0.7] + 0.1 * fit_intercept)
    inference = infer(m, m.solve(fit_intercept), fit_intercept=fit_intercept)
    assert inference.exact_fit
    assert_no_tests(inference)


def test_noise_is_no_rounding_however_large_the_terms():
    """One temperature in two units: the two slopes are 1e13 and more, and their terms cancel."""
    rng = np.random.default_rng(1)
    celsius = np.round(rng.normal(15, 8, 200), 1)
    fahrenheit = celsius * 1.8 + 32
    y = np.round(2 + 0.5 * celsius + rng.normal(size=200), 3)
    a, b, c = ([Fraction(v) - sum(map(Fraction, each)) / 200 for v in each] for each in (celsius, fahrenheit, y))
    aa, ab, bb, ac, bc, cc = (
        sum(map(Fraction.__mul__, u, v)) for u, v in ((a, a), (a, b), (b, b), (a, c), (b, c), (c, c))
    )
    det = aa * bb - ab * ab
    rss = cc - (bb * ac * ac - 2 * ab * ac * bc + aa * bc * bc) / det
    m = ExactMoments.of(np.column_stack([celsius, fahrenheit]), y)
    inference = infer(m, m.solve(), fit_intercept=True)
    assert not inference.exact_fit
    assert inference.residual_sd == pytest.approx(math.sqrt(rss / 197), rel=1e-13)
    assert inference.r2 == pytest.approx(float(1 - rss / cc), rel=1e-13)
    assert inference.standard_error[1] == pytest.approx(math.sqrt(rss / 197 * bb / det), rel=1e-13)


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_noise_of_some_last_digits_of_a_far_target_is_no_rounding(kind):
    rng = np.random.default_rng(0)
    x = np.arange(50.0)
    noise = np.round((0.02 * x + rng.normal(size=50)) * 8) / 8  # a last digit of 1e15 is 1/8
    m = kind.of(x[:, None], 1e15 + noise)
    inference, near = infer(m, m.solve(), fit_intercept=True), sm.OLS(noise, sm.add_constant(x)).fit()
    assert not inference.exact_fit
    np.testing.assert_allclose(inference.standard_error, near.bse, rtol=1e-9)
    assert (inference.r2, inference.adjusted_r2) == pytest.approx((near.rsquared, near.rsquared_adj), rel=1e-9)


def test_a_target_that_varies_by_rounding_alone_has_no_r2():
    rng = np.random.default_rng(0)
    m = ExactMoments.of(rng.normal(size=(50, 2)), np.where(rng.random(50) < 0.5, 0.3, 0.1 + 0.2))
    inference = infer(m, m.solve(), fit_intercept=True)
    assert inference.exact_fit
    assert_no_tests(inference)
    assert np.isnan([inference.r2, inference.adjusted_r2]).all()


def test_no_degrees_of_freedom_leave_the_errors_unknown():
    rng = np.random.default_rng(43)
    m = Moments.of(rng.normal(size=(4, 3)), rng.normal(size=4))
    inference = infer(m, m.solve(), fit_intercept=True)
    assert (inference.df_residual, inference.exact_fit) == (0, True)
    assert_no_tests(inference)
    for figure in ("standard_error", "covariance", "confidence_interval", "residual_sd", "adjusted_r2"):
        assert np.isnan(getattr(inference, figure)).all(), figure
    assert np.isnan(inference.predict_interval(np.ones((1, 3)))).all()
    assert inference.r2 == 1.0


def test_a_target_that_does_not_vary_has_no_r2():
    rng = np.random.default_rng(44)
    m = Moments.of(rng.normal(size=(20, 2)), np.full(20, 3.0))
    inference = infer(m, m.solve(), fit_intercept=True)
    assert inference.exact_fit
    assert math.isnan(inference.r2)
    assert math.isnan(inference.adjusted_r2)


def test_the_mean_alone_has_its_standard_error():
    y = np.array([1.0, 2.0, 4.0, 9.0])
    m = Moments.of(np.empty((4, 0)), y)
    inference = infer(m, m.solve(), fit_intercept=True)
    assert inference.standard_error[0] == pytest.approx(y.std(ddof=1) / 2, rel=1e-14)
    assert inference.r2 == 0.0
    assert math.isnan(inference.f_statistic)


def test_a_dependent_column_has_no_inference_and_leaves_that_of_the_others():
    X, y, _ = table(False)
    double = Moments.of(np.column_stack([X, 2 * X[:, 0]]), y)
    single = Moments.of(X, y)
    a = infer(double, double.solve(), fit_intercept=True)
    b = infer(single, single.solve(), fit_intercept=True)
    for figure in ("standard_error", "t", "p_value", "confidence_interval"):
        values = getattr(a, figure)
        assert np.isnan(values[5]).all()
        np.testing.assert_allclose(values[:5], getattr(b, figure), rtol=1e-9)
    assert a.df_residual == b.df_residual == 195
    assert a.f_df == (4, 195)
    assert (a.r2, a.aic) == pytest.approx((b.r2, b.aic), rel=1e-10)
    np.testing.assert_allclose(
        a.predict_interval(np.column_stack([X, 2 * X[:, 0]])), b.predict_interval(X), rtol=1e-9, atol=1e-9
    )
    with pytest.raises(DataError, match="R uses coefficient 5, which has no estimate"):
        a.wald(np.eye(6)[5])
    assert a.wald(np.eye(6)[1]).statistic == pytest.approx(b.wald(np.eye(5)[1]).statistic, rel=1e-9)


@given(st.integers(-400, 400), st.integers(-400, 400))
@settings(max_examples=40, deadline=None)
def test_the_units_of_the_data_are_the_units_of_the_errors(x_power, y_power):
    # Powers of two change no rounding, as long as sums of squares stay well inside the range of float64.
    X, y, _ = table(False, rows=30)
    a, b = (
        infer(m, m.solve(), fit_intercept=True)
        for m in (Moments.of(X, y), Moments.of(X * 2.0**x_power, y * 2.0**y_power))
    )
    unit = 2.0 ** np.array([y_power] + [y_power - x_power] * 4)
    np.testing.assert_allclose(b.standard_error, a.standard_error * unit, rtol=1e-14)
    np.testing.assert_allclose(b.t, a.t, rtol=1e-14)
    assert (b.r2, b.f_statistic) == pytest.approx((a.r2, a.f_statistic), rel=1e-13)
    assert b.log_likelihood == pytest.approx(a.log_likelihood - 30 * y_power * math.log(2.0), rel=1e-12)


class Fixed:
    """Statistics with a mean and a dispersion of our choice."""

    def __init__(self, moments, mean, dispersion):
        self.mean, self.scatter, self.triangle = mean, moments.scatter, moments.triangle
        self._dispersion = dispersion

    def dispersion(self, fit_intercept=True):
        return self._dispersion


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-1000])
def test_a_target_beyond_the_squares_of_float64_has_its_errors(unit):
    X, y, _ = table(False)
    m = Moments.of(X, y)
    plain, solution = infer(m, m.solve(), fit_intercept=True), m.solve()
    far = Fixed(m, np.append(m.mean[:-1], m.mean[-1] * unit), replace(m.dispersion(), unit=unit))
    inference = infer(
        far, replace(solution, coef=solution.coef * unit, intercept=solution.intercept * unit), fit_intercept=True
    )
    np.testing.assert_array_equal(inference.standard_error, plain.standard_error * unit)
    np.testing.assert_allclose(inference.t, plain.t, rtol=1e-15)
    assert (inference.r2, inference.f_statistic) == (plain.r2, plain.f_statistic)
    assert inference.log_likelihood == pytest.approx(plain.log_likelihood - 200 * math.log(unit), rel=1e-13)
    assert inference.wald(np.eye(5)[1]).statistic == pytest.approx(plain.wald(np.eye(5)[1]).statistic, rel=1e-12)


@pytest.mark.parametrize("statistics", [Moments, ExactMoments])
def test_a_mean_whose_square_leaves_float64_hides_no_residuals(statistics):
    X, y, _ = table(False)
    plain, far = (statistics.of(X, target) for target in (y, np.ldexp(y, 498) + 1e155))
    a, b = (infer(m, m.solve(), fit_intercept=True) for m in (plain, far))
    # The mean is some 1e5 times y, whose last digits it takes; residuals are of the size of y.
    np.testing.assert_allclose(b.t[1:], a.t[1:], rtol=1e-7)
    assert b.r2 == pytest.approx(a.r2, rel=1e-7)
    assert not b.exact_fit


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_exact_sums_of_such_a_target_have_its_errors(size):
    X, y, _ = table(False)
    plain, far = ExactMoments.of(X, y), ExactMoments.of(X, y * size)
    a, b = (infer(m, m.solve(), fit_intercept=True) for m in (plain, far))
    # y * size rounds y once, by 1e-16; residuals are of the size of y.
    np.testing.assert_allclose(b.standard_error, a.standard_error * size, rtol=1e-13)
    np.testing.assert_allclose(b.t, a.t, rtol=1e-13)
    np.testing.assert_allclose(b.p_value, a.p_value, rtol=1e-10)
    assert (b.r2, b.f_statistic) == pytest.approx((a.r2, a.f_statistic), rel=1e-13)
    assert b.aic == pytest.approx(a.aic + 400 * math.log(size), rel=1e-12)


def test_large_means_cost_the_intervals_nothing():
    X, y, _ = table(False)
    near, far = Moments.of(X, y), Moments.of(X + 2.0**23, y)
    a, b = (infer(m, m.solve(), fit_intercept=True) for m in (near, far))
    # X + 2^23 rounds X to 2^-30, hence rows that differ by 1e-9 of the smallest column's spread of 0.1.
    np.testing.assert_allclose(b.predict_interval(X + 2.0**23), a.predict_interval(X), atol=1e-6)
    moved = b.wald(np.concatenate([[1.0], np.full(4, 2.0**23)]))  # the expectation at x = 2^23, that is at x = 0
    assert moved.statistic == pytest.approx(a.wald(np.eye(5)[0]).statistic, rel=1e-5)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_limits_stand_about_the_fitted_value_where_coefficients_cancel(fit_intercept, weighted):
    g = np.random.default_rng(0)
    a = (1e6 if fit_intercept else 0.0) + g.normal(size=40)
    more = g.random(40) < 0.5
    b = np.where(more, np.nextafter(a, np.inf) if fit_intercept else a * (1.0 + 1e-11), a)
    X, y = np.column_stack([a, b]), 0.5 * a + 0.01 * g.normal(size=40) + 3.0 * more
    weight = g.integers(1, 5, 40).astype(float) if weighted else np.ones(40)
    m = ExactMoments.of(X, y, weight)
    solution = m.solve(fit_intercept)
    assert solution.certificate.condition_number > 1e10
    limits = infer(m, solution, fit_intercept=fit_intercept).predict_interval(X)
    # The exact fitted values, from the means and two normal equations, by Cramer's rule.
    w = [Fraction(v) for v in weight]
    columns = [[Fraction(v) for v in column] for column in (a, b, y)]
    if fit_intercept:
        means = [sum(k * v for k, v in zip(w, column, strict=True)) / sum(w) for column in columns]
    else:
        means = [Fraction(0)] * 3
    p, q, r = ([v - mean for v in column] for column, mean in zip(columns, means, strict=True))
    pp, pq, qq, pr, qr = (
        sum(k * u * v for k, u, v in zip(w, *pair, strict=True)) for pair in ((p, p), (p, q), (q, q), (p, r), (q, r))
    )
    slopes = (pr * qq - qr * pq) / (pp * qq - pq * pq), (qr * pp - pr * pq) / (pp * qq - pq * pq)
    fitted = np.array([float(means[2] + slopes[0] * u + slopes[1] * v) for u, v in zip(p, q, strict=True)])
    # Rounding times the condition number, as the width; coefficients times x far from zero are off by as much as 1.
    rounding = 4.0 * 2.0**-53 * solution.certificate.condition_number * np.std(y)
    np.testing.assert_allclose(limits.mean(axis=1), fitted, rtol=4e-16, atol=rounding)
    if fit_intercept:
        assert np.abs(X @ solution.coef + solution.intercept - fitted).max() > 10.0 * rounding


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, math.nan])
def test_a_confidence_is_between_0_and_1(confidence):
    X, y, _ = table(False)
    m = Moments.of(X, y)
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        infer(m, m.solve(), fit_intercept=True, confidence=confidence)
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        infer(m, m.solve(), fit_intercept=True).predict_interval(X, confidence=confidence)


def test_questions_that_do_not_fit_are_refused():
    X, y, _ = table(False)
    m = Moments.of(X, y)
    inference = infer(m, m.solve(), fit_intercept=True)
    with pytest.raises(ValueError, match="kind is 'mean'"):
        inference.predict_interval(X, kind="mean")
    with pytest.raises(DataError, match=r"X has shape \(200, 3\), expected \(rows, 4\)"):
        inference.predict_interval(X[:, :3])
    with pytest.raises(DataError, match=r"R has shape \(1, 4\) and q \(1,\), expected \(r, 5\) and \(r,\)"):
        inference.wald(np.ones(4))
    with pytest.raises(DataError, match=r"q \(3,\)"):
        inference.wald(np.eye(5)[:2], [1.0, 2.0, 3.0])
    for R in (np.zeros(5), [[0, 1, 0, 0, 0], [0, 2, 0, 0, 0]]):
        with pytest.raises(DataError, match="is zero or follows from the others"):
            inference.wald(R)


def test_what_is_no_question_is_a_sentence():
    X, y, _ = table(False)
    m = Moments.of(X, y)
    inference = infer(m, m.solve(), fit_intercept=True)
    with pytest.raises(DataError, match=r"R has shape \(0, 5\)"):
        inference.wald(np.zeros((0, 5)))
    with pytest.raises(DataError, match="q is 'x', expected a number for each row of R"):
        inference.wald(np.eye(5)[1], "x")
    with pytest.raises(ValueError, match="confidence is 'x', expected a number between 0 and 1"):
        infer(m, m.solve(), fit_intercept=True, confidence="x")
    for kind in (Moments, ExactMoments):
        with pytest.raises(ValueError, match="threads='a', expected a whole number, 1 or more"):
            kind.of(X, y, threads="a")
        for column in (4, -1, "a"):
            with pytest.raises(DataError, match=f"there is no column {column!r} of X, expected one of 0 to 3, or None"):
                kind.of(X, y).selected([0, column])
