"""scikit-learn's contract over both ways, and what each promises beyond it."""

import re
import warnings
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression as SklearnLinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from gradline import (
    CollinearityWarning,
    DataError,
    DivergenceError,
    ExactMoments,
    GradientDescentRegressor,
    LinearRegression,
    Moments,
    load,
    open_source,
)

ENGINES = ("numpy", "autograd", "nn", "moments")

# Checks that cannot pass, each with its reason; everything else must.
EXPECTED_TO_FAIL: dict[str, str] = {}


def checks(estimator):
    for est, check in estimator_checks_generator(estimator):
        name = getattr(check, "func", check).__name__
        yield pytest.param(est, check, id=f"{type(est).__name__}-{getattr(est, 'engine', est)}-{name}")


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        case
        for estimator in (
            *map(GradientDescentRegressor, ENGINES),
            LinearRegression(),
            LinearRegression(precision="exact"),
        )
        for case in checks(estimator)
    ],
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        # some checks fit data that are constant or collinear on purpose; the warnings are ours and deserved
        warnings.simplefilter("ignore", (CollinearityWarning, ConvergenceWarning))
        check(estimator)


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = np.c_[rng.normal(5e6, 2e6, n), rng.normal(0, 1, n), rng.uniform(1900, 2020, n)]
    return X, X @ [1e-6, 3.0, 0.02] + rng.normal(size=n)


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_defaults_reach_least_squares_in_any_units(engine, fit_intercept):
    X, y = table()
    ours = GradientDescentRegressor(engine, fit_intercept=fit_intercept).fit(X, y)
    # an oracle that neither scales nor cuts singular values: QR of the design
    design = np.c_[X, np.ones(len(y))] if fit_intercept else X
    scale = np.linalg.norm(design, axis=0)
    best = np.linalg.lstsq(design / scale, y, rcond=None)[0] / scale
    assert ours.converged_
    np.testing.assert_allclose(ours.coef_, best[:3], rtol=1e-8)
    assert ours.intercept_ == pytest.approx(best[3] if fit_intercept else 0.0, rel=1e-8)


def test_mixed_units_where_others_lose_a_column():
    """On these data scikit-learn 1.9's defaults give 2e-14 for a coefficient of 3, silently."""
    rng = np.random.default_rng(1)
    revenue, z = rng.normal(5e6, 2e6, 1000), rng.normal(size=1000)
    y = 1e-6 * revenue + 3 * z + rng.normal(size=1000)
    X = np.c_[revenue, z]
    for model in (LinearRegression(), GradientDescentRegressor()):
        assert model.fit(X, y).coef_[1] == pytest.approx(3.0, abs=0.15)


def test_every_kind_of_table_gives_the_same_fit():
    X, y = table()
    names = ["revenue", "z", "year"]
    reference = GradientDescentRegressor().fit(X, y)
    frame = pd.DataFrame(X, columns=names)
    for kind in (
        frame,
        pl.DataFrame(frame.to_dict("list")),
        pa.table(frame.to_dict("list")),
        X.tolist(),
        np.asfortranarray(X),
    ):
        fit = GradientDescentRegressor().fit(kind, y)
        # another memory order is another order of summation: roundings differ, nothing else
        np.testing.assert_allclose(fit.coef_, reference.coef_, rtol=1e-12)
        np.testing.assert_allclose(fit.predict(kind), reference.predict(X), rtol=1e-12)
    assert list(GradientDescentRegressor().fit(frame, y).feature_names_in_) == names


def test_sample_weights_are_repeated_rows(engine):
    X, y = table(30)
    k = np.random.default_rng(2).integers(0, 4, 30)
    weighted = GradientDescentRegressor(engine).fit(X, y, sample_weight=k)
    repeated = GradientDescentRegressor(engine).fit(np.repeat(X, k, axis=0), np.repeat(y, k))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)


def test_it_works_in_a_pipeline_and_a_grid_search():
    X, y = table()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GradientDescentRegressor()),
        {
            "gradientdescentregressor__engine": ["numpy", "moments"],
            "gradientdescentregressor__fit_intercept": [True, False],
        },
        cv=3,
    )
    assert search.fit(X, y).best_score_ > 0.8
    assert clone(GradientDescentRegressor(learning_rate=0.1)).learning_rate == 0.1


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_the_tables_of_set_output_give_their_names(kind):
    """A regressor transforms nothing and so has no set_output of its own, in scikit-learn either; a pipeline has."""
    X, y = table()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    for model in (LinearRegression(), GradientDescentRegressor()):
        pipeline = make_pipeline(StandardScaler(), model).set_output(transform=kind).fit(frame, y)
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        assert pipeline.score(frame, y) == pytest.approx(LinearRegression().fit(X, y).score(X, y), rel=1e-9)
        assert not hasattr(model, "set_output")


def test_mini_batches_come_near_and_say_how_near(engine):
    if engine == "moments":
        with pytest.raises(DataError, match="no rows to cut into batches"):
            GradientDescentRegressor("moments", batch_size=10).fit(*table())
        return
    X, y = table()
    with pytest.warns(ConvergenceWarning, match="standard errors"):
        fit = GradientDescentRegressor(engine, batch_size=20, max_iter=30, random_state=0).fit(X, y)
    assert not fit.converged_
    assert 0 < fit.optimality_gap_ < 3
    assert len(fit.loss_curve_) == 30


def test_the_same_seed_gives_the_same_mini_batches_on_every_engine():
    X, y = table()
    fits = []
    for name in ("numpy", "autograd", "nn"):
        model = GradientDescentRegressor(name, batch_size=32, max_iter=5, tol=None, init="normal", random_state=3)
        fits.append(model.fit(X, y))
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.coef_, fits[0].coef_, rtol=1e-12)
        np.testing.assert_allclose(fit.loss_curve_, fits[0].loss_curve_, rtol=1e-12)


def test_stopping_is_tied_to_the_standard_error():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(100, 2))
    y = X @ [1.0, -2.0] + rng.normal(size=100)
    import statsmodels.api as sm

    error = sm.OLS(y, sm.add_constant(X)).fit().bse[1:]
    fit = GradientDescentRegressor(learning_rate=0.05, tol=0.01, record_path=True).fit(X, y)
    best = fit.exact_coef_
    assert fit.converged_
    assert (np.abs(fit.coef_ - best) <= 0.01 * error * (1 + 1e-9)).all()
    assert (np.abs(fit.coef_path_[-2] - best) > 0.01 * error * 0.5).any()
    assert fit.stop_reason_.startswith(f"Converged at iteration {fit.n_iter_}")


def test_too_few_iterations_warn():
    X, y = table()
    with pytest.warns(ConvergenceWarning, match="after the 3 iterations.*\n.*learning_rate='auto'"):
        GradientDescentRegressor(learning_rate=1e-15, max_iter=3).fit(X, y)


def test_a_rate_too_large_names_the_column_and_the_limit():
    X, y = table()
    frame = pd.DataFrame(X, columns=["revenue", "z", "year"])
    with pytest.raises(DivergenceError, match="set by column 'revenue'") as caught:
        GradientDescentRegressor(learning_rate=0.01).fit(frame, y)
    design = np.c_[X, np.ones(len(y))]
    limit = 2 / np.linalg.eigvalsh(2 * design.T @ design / len(y))[-1]
    assert caught.value.max_learning_rate == pytest.approx(limit, rel=1e-9)


def test_a_mini_batch_rate_too_large_is_caught_in_the_iteration():
    X, y = table()
    with pytest.raises(DivergenceError, match="at iteration 1") as caught:
        GradientDescentRegressor(learning_rate=0.01, batch_size=10, random_state=0).fit(X, y)
    assert caught.value.iteration == 1


@pytest.mark.parametrize("optimizer", ["adam", "RMSprop", "sgd"])
def test_nn_takes_optimizers_by_name(optimizer):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 2))
    y = X @ [1.0, 2.0] + 0.5
    fit = GradientDescentRegressor("nn", learning_rate=0.01, optimizer=optimizer, max_iter=50, tol=None).fit(X, y)
    assert fit.loss_curve_[-1] < fit.loss_curve_[0]


def test_an_optimizer_class_is_taken_too():
    from torch import optim

    X, y = table(40)
    X = StandardScaler().fit_transform(X)
    by_name = GradientDescentRegressor("nn", learning_rate=0.1, optimizer="adam", max_iter=5, tol=None).fit(X, y)
    by_class = GradientDescentRegressor("nn", learning_rate=0.1, optimizer=optim.Adam, max_iter=5, tol=None).fit(X, y)
    np.testing.assert_array_equal(by_name.coef_, by_class.coef_)


def test_an_unknown_optimizer_suggests_the_nearest():
    with pytest.raises(DataError, match="did you mean 'adam'"):
        GradientDescentRegressor("nn", learning_rate=0.1, optimizer="adamm").fit(*table())


def test_a_numpy_engine_refuses_torch_optimizers():
    with pytest.raises(DataError, match="only engine 'nn'"):
        GradientDescentRegressor("numpy", learning_rate=0.1, optimizer="adam").fit(*table())


def test_one_row_is_refused():
    with pytest.raises(DataError, match="one row"):
        GradientDescentRegressor().fit([[1.0]], [2.0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_of_ones_from_a_pipeline_is_named_and_gets_zero_as_the_exact_way_has_it(engine):
    X, y = table()
    with pytest.warns(CollinearityWarning, match="column 'x0' is constant; its coefficient is set to 0"):
        descent, exact = (
            make_pipeline(StandardScaler(), PolynomialFeatures(2), model).fit(X, y)[-1]
            for model in (GradientDescentRegressor(engine), LinearRegression())
        )
    assert descent.converged_
    assert descent.coef_[0] == exact.coef_[0] == 0.0
    # Converged: within tol = 1e-6 of a standard error, and those are below one in these standardised columns.
    np.testing.assert_allclose(descent.coef_, exact.coef_, atol=1e-6)
    np.testing.assert_allclose(descent.intercept_, exact.intercept_, atol=1e-6)


def test_at_a_rate_of_ones_own_a_constant_column_shares_the_intercept_and_the_predictions_are_best():
    X = np.c_[np.full(50, 2.0), np.random.default_rng(0).normal(size=(50, 2))]
    y = X @ [0.5, 1.0, -2.0] + np.random.default_rng(1).normal(size=50)
    with pytest.warns(CollinearityWarning, match="column 'x0' is constant; how an effect is shared depends"):
        fit = GradientDescentRegressor(learning_rate=0.05, max_iter=5000).fit(X, y)
    assert fit.converged_
    # From zero, steps of the intercept and of the constant column have the ratio 1 to 2: the gradient has.
    assert fit.coef_[0] == pytest.approx(2 * fit.intercept_, rel=1e-12)
    # Within tol = 1e-6 standard errors, below one here, of each of three coefficients, |x| < 5.
    np.testing.assert_allclose(fit.predict(X), SklearnLinearRegression(tol=1e-14).fit(X, y).predict(X), atol=2e-5)


def test_where_every_column_is_constant_there_is_nothing_to_descend():
    with pytest.raises(DataError, match="every feature is constant in X, y: there is nothing to descend"):
        GradientDescentRegressor().fit(np.full((5, 2), 3.0), np.arange(5.0))


def test_collinear_columns_are_named_and_the_descent_still_predicts_best():
    X, y = table()
    X = np.c_[X[:, 1:], 4 * X[:, 1]]  # exactly: a rounded relation is no relation to the exact way
    with pytest.warns(CollinearityWarning, match="column 'x2' = 4 \\* 'x0'"):
        fit = GradientDescentRegressor().fit(X, y)
    np.testing.assert_allclose(fit.predict(X), SklearnLinearRegression(tol=1e-14).fit(X, y).predict(X), rtol=1e-9)


def test_verbose_prints_the_lesson_lines(capsys):
    GradientDescentRegressor(learning_rate=0.001, max_iter=20, tol=None, init=[0.5, 5.0], verbose=20).fit(
        [[1.0], [3.0], [10.0], [13.0], [7.0]], [2.0, 6.0, 20.0, 26.0, 14.0]
    )
    out = capsys.readouterr().out
    assert out.startswith("Iteration 20: Loss = ")
    assert ", 'a' = " in out
    assert ", 'b' = 5.0358" in out


# ------------------------------------------------------------------------------------------------ the exact way


def test_partial_fit_and_forget_are_exact_to_the_bit():
    X, y = table()
    whole = LinearRegression(precision="exact").fit(X, y)
    pieces = LinearRegression()
    for part in np.array_split(np.random.default_rng(0).permutation(200), 7):
        pieces.partial_fit(X[part], y[part])
    np.testing.assert_array_equal(pieces.coef_, whole.coef_)
    assert pieces.moments_ == whole.moments_
    extra_X, extra_y = table(50, seed=9)
    pieces.partial_fit(1e6 * extra_X, extra_y).forget(1e6 * extra_X, extra_y)
    np.testing.assert_array_equal(pieces.coef_, whole.coef_)
    assert pieces.n_samples_ == 200


def test_from_moments_needs_no_data():
    X, y = table()
    shards = [ExactMoments.of(X[i::3], y[i::3]) for i in range(3)]
    merged = LinearRegression.from_moments(shards[0] + shards[1] + shards[2])
    np.testing.assert_array_equal(merged.coef_, LinearRegression(precision="exact").fit(X, y).coef_)
    np.testing.assert_allclose(LinearRegression.from_moments(Moments.of(X, y)).coef_, merged.coef_, rtol=1e-9)


def test_auto_precision_escalates_where_digits_are_lost():
    x = np.arange(21.0)
    X = np.column_stack([x**k for k in range(1, 6)])  # NIST Wampler1: y is an exact polynomial
    fit = LinearRegression().fit(X, X.sum(1) + 1)
    np.testing.assert_array_equal(fit.coef_, np.ones(5))
    assert fit.intercept_ == 1.0
    assert fit.digits_ >= 15
    assert isinstance(fit.moments_, ExactMoments)
    X, y = table()
    assert isinstance(LinearRegression().fit(X, y).moments_, Moments)


def test_missing_rows_are_an_error_or_counted():
    X, y = table()
    X[5, 1] = y[17] = np.nan
    with pytest.raises(DataError, match="NaN"):
        LinearRegression().fit(X, y)
    fit = LinearRegression(missing="drop").fit(X, y)
    assert (fit.n_samples_, fit.n_dropped_) == (198, 2)


def test_collinear_columns_are_reported_with_their_relation():
    X = pd.DataFrame({"a": [1.0, 2, 3, 5], "b": [2.0, 0, 1, 1]}).assign(c=lambda t: 3 * t.a - t.b + 7)
    with pytest.warns(CollinearityWarning, match=r"column 'c' = 3 \* 'a' - 1 \* 'b'"):
        fit = LinearRegression().fit(X, [1.0, 2.0, 4.0, 3.0])
    assert fit.coef_[2] == 0.0
    assert fit.rank_ == 2


def test_a_polynomial_from_raw_x_is_exact(shared_data):
    import json

    filip = json.loads((shared_data / "nist" / "Filip.json").read_text())
    fit = LinearRegression(polynomial=10).fit(np.array(filip["x"])[:, None], filip["y"])
    certified = dict(zip(filip["coef_order"], filip["certified"]["coef"], strict=True))
    found = [fit.intercept_, *fit.coef_]
    digits = -np.log10(np.max(np.abs(np.array(found) / list(certified.values()) - 1)))
    assert digits >= 13.9
    assert fit.predict(np.array(filip["x"])[:, None]).std() == pytest.approx(np.std(filip["y"]), rel=0.01)


def test_a_polynomial_can_be_split_and_forgotten():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 1)), rng.normal(size=60)
    whole = LinearRegression(polynomial=4).fit(x, y)
    pieces = LinearRegression(polynomial=4).partial_fit(x[:20], y[:20]).partial_fit(x, y).forget(x[:20], y[:20])
    assert pieces.moments_ == whole.moments_
    powers = np.column_stack([x[:, 0] ** k for k in (1, 2, 3, 4)])
    np.testing.assert_allclose(whole.coef_, SklearnLinearRegression(tol=1e-15).fit(powers, y).coef_, rtol=1e-9)
    np.testing.assert_allclose(whole.predict(x), powers @ whole.coef_ + whole.intercept_, rtol=1e-12, atol=1e-14)
    assert "x0^4" in str(whole.summary())
    assert whole.predict_interval(x).shape == (60, 2)
    with pytest.raises(DataError, match="one feature"):
        LinearRegression(polynomial=2).fit(powers, y)


def test_intervals_are_those_of_statsmodels():
    import statsmodels.api as sm

    X, y = table()
    fit = LinearRegression().fit(X, y)
    scaled = (X - X.mean(0)) / X.std(0)
    frame = sm.OLS(y, sm.add_constant(scaled)).fit().get_prediction(sm.add_constant(scaled)[:10]).summary_frame(0.1)
    ours = fit.predict_interval(X[:10], confidence=0.9)
    np.testing.assert_allclose(ours, frame[["obs_ci_lower", "obs_ci_upper"]], rtol=1e-9)
    ours = fit.predict_interval(X[:10], confidence=0.9, kind="confidence")
    np.testing.assert_allclose(ours, frame[["mean_ci_lower", "mean_ci_upper"]], rtol=1e-9)


def test_the_summary_says_it_in_text_in_html_and_as_a_dictionary():
    X, y = table()
    frame = pd.DataFrame(X, columns=["revenue", "<b>z</b>", "year"])
    summary = LinearRegression().fit(frame, y).summary()
    assert "std. error" in str(summary)
    assert "<b>" not in summary._repr_html_()
    assert "&lt;b&gt;z&lt;/b&gt;" in summary._repr_html_()
    assert summary.as_dict()["coef"].keys() == {"(Intercept)", "revenue", "<b>z</b>", "year"}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("noise", "guarded"), [(0.0, True), (1e-10, False), (1e-3, False)])
def test_the_exact_fit_guard_tells_no_noise_from_a_little(noise, guarded, fit_intercept):
    x = np.arange(1.0, 31.0)[:, None]
    y = 2.1 * x[:, 0] * (1 + noise * np.random.default_rng(0).normal(size=30))
    inference = LinearRegression(fit_intercept=fit_intercept).fit(x, y).inference()
    assert inference.exact_fit == guarded
    assert np.isnan(inference.t).all() == guarded
    if not guarded:
        residuals = [Fraction(float(v)) for v in y]
        truth = exact_residual_sd(x[:, 0], residuals, fit_intercept)
        assert inference.residual_sd == pytest.approx(truth, rel=1e-9)


def exact_residual_sd(x, y, fit_intercept):
    """By the textbook formulas of one feature, in fractions."""
    x = [Fraction(float(v)) for v in x]
    n = len(x)
    mx, my = (sum(x) / n, sum(y) / n) if fit_intercept else (Fraction(0), Fraction(0))
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    rss = sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y, strict=True))
    return float(rss / (n - 1 - fit_intercept)) ** 0.5


def test_float32_that_gets_no_nearer_says_so():
    X, y = table()
    y = y + 1e9 * X[:, 1]  # a slope of ten billion standard errors: float32 has seven digits
    with pytest.warns(ConvergenceWarning, match="rounding allows no more.*\n.*dtype='float64'"):
        fit = GradientDescentRegressor(dtype="float32").fit(X, y)
    assert not fit.converged_
    assert GradientDescentRegressor().fit(X, y).converged_


def test_a_target_far_from_zero_costs_float32_nothing():
    X, y = table()
    assert GradientDescentRegressor(dtype="float32").fit(X, y + 1e10).converged_


@pytest.mark.parametrize("engine", ["numpy", "autograd", "nn"])
def test_a_float32_overflow_is_not_called_divergence(engine):
    x = np.arange(1.0, 11.0)[:, None]
    with pytest.raises(DataError, match="float32 overflowed at iteration 1"):
        GradientDescentRegressor(engine, learning_rate=0.001, dtype="float32", init=1e19).fit(x, x[:, 0])
    with pytest.raises(DataError, match="beyond float32"):
        GradientDescentRegressor(engine, learning_rate=0.001, dtype="float32").fit(x, 1e30 * x[:, 0])
    assert GradientDescentRegressor(engine, dtype="float32").fit(x, 1e30 * x[:, 0]).converged_


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_squares_beyond_float64_are_refused_by_descent_and_taken_by_the_exact_way(size):
    X, y = table()
    X = (X - X.mean(0)) / X.std(0)
    with pytest.raises(DataError, match="beyond float64"):
        GradientDescentRegressor().fit(X * size, y)
    exact = LinearRegression().fit(X * size, y)
    np.testing.assert_allclose(exact.coef_ * size, LinearRegression().fit(X, y).coef_, rtol=1e-9)


@pytest.mark.parametrize(("size", "fate"), [(1e170, "overflow"), (1e-170, "vanish in")])
def test_squares_beyond_float64_are_refused_where_float64_was_asked_for_and_the_hint_works(size, fate):
    X, y = table()
    X = (X - X.mean(0)) / X.std(0)
    plain = LinearRegression().fit(X, y)
    for frame, target, name in (
        (pd.DataFrame(X, columns=["a", "b", "c"]), y * size, "'y'"),
        (pd.DataFrame(X * [1, size, 1], columns=["a", "b", "c"]), y, "column 'b'"),
    ):
        told = rf"the squares of {name} \(mean .*\) {fate} float64.*\n.*precision 'auto' or 'exact'"
        for call in (LinearRegression(precision="float64").fit, LinearRegression(precision="float64").partial_fit):
            with pytest.raises(DataError, match=told):
                call(frame, target)
        for precision in ("auto", "exact"):
            found = LinearRegression(precision=precision).fit(frame, target)
            assert found.inference().r2 == pytest.approx(plain.inference().r2, rel=1e-12)


def test_the_iterations_foretold_are_the_iterations_needed():
    X, y = [[1.0], [3.0], [10.0], [13.0], [7.0]], [2.0, 6.0, 20.0, 26.0, 14.0]
    with pytest.warns(ConvergenceWarning, match="raise max_iter to ([0-9]+)") as seen:
        GradientDescentRegressor("moments", learning_rate=0.001, max_iter=50).fit(X, y)
    foretold = int(re.search(r"raise max_iter to (\d+)", str(seen[0].message))[1])
    assert GradientDescentRegressor("moments", learning_rate=0.001, max_iter=10**6).fit(X, y).n_iter_ == foretold


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("1111x", "'c3' is constant too."),
        ("11111x", "'c3' and 'c4' are constant too."),
        ("1" * 11 + "x", "'c3', 'c4', 'c5', 'c6', 'c7', 'c8' and 2 more are constant too."),
        ("x222+2", "'c5' depends on columns before it too."),
        ("x222+221", "'c7' is constant too. 'c5' and 'c6' depend on columns before them too."),
    ],
)
def test_columns_that_tell_nothing_are_told_apart_however_many_there_are(columns, told):
    x = np.arange(20.0)
    made = {"1": np.ones(20), "x": x, "2": 2 * x, "+": x**2}
    X = pd.DataFrame({f"c{j}": made[kind] for j, kind in enumerate(columns)})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LinearRegression(precision="exact").fit(X, x**2 + np.cos(x))
    assert " ".join(str(warning.message) for warning in caught[3:]) == told
    assert len(caught) >= 4
    assert " ".join(str(model.summary()).split()).endswith(told)


def test_near_collinearity_is_said():
    X, y = table()
    X = np.c_[X[:, 1:], X[:, 1] / 3]
    for model in (LinearRegression(), GradientDescentRegressor(max_iter=5, tol=None)):
        with pytest.warns(CollinearityWarning, match="collinear but for their last digits"):
            model.fit(X, y)


def test_columns_by_name_are_predicted_in_any_order_with_others_beside_them():
    columns = {"a": [1.0, 2.0, 3.0, 5.0], "b": [2.0, 1.0, 0.0, 4.0], "y": [1.0, 2.0, 2.5, 3.0]}
    model = LinearRegression().fit(open_source(columns, target="y"))
    expected = model.predict(pd.DataFrame({"a": columns["a"], "b": columns["b"]}))
    # The BLAS may add in another order where columns lie otherwise in memory: a few roundings.
    found = model.predict({name: columns[name] for name in ("y", "b", "a")})
    np.testing.assert_allclose(found, expected, rtol=4 * 2.0**-52)
    with pytest.raises(DataError, match="no column 'a' in dict"):
        model.predict({"b": [1.0]})


class Stream:
    """Rows of some library that has the Arrow interface, and a length, and no more."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.rows.__arrow_c_stream__(requested_schema)


TABLES_OF_ARROW = {
    "Table": lambda rows: rows,
    "RecordBatch": lambda rows: rows.combine_chunks().to_batches()[0],
    "RecordBatchReader": lambda rows: rows.to_reader(),
    "a library's own": Stream,
    "with the index of pandas": lambda rows: pa.Table.from_pandas(rows.to_pandas().set_index(pd.Index(range(9, 13)))),
    "polars": pl.from_arrow,
    "OrderedDict": lambda rows: OrderedDict(rows.to_pydict()),
}


@pytest.mark.parametrize("make", TABLES_OF_ARROW.values(), ids=TABLES_OF_ARROW)
def test_any_table_is_held_to_the_names_of_the_fit(make):
    right = pa.table({"a": [1.0, 2.0, 3.0, 5.0], "b": [10.0, 0.0, 7.0, 3.0]})
    swapped, y = right.select(["b", "a"]), np.array([1.0, 2.0, 3.0, 9.0])
    for model in (LinearRegression(), GradientDescentRegressor()):
        reference = clone(model).fit(right.to_pandas(), y)
        assert list(model.fit(make(right), y).feature_names_in_) == ["a", "b"]
        assert model.predict(make(right)) == pytest.approx(reference.predict(right.to_pandas()), rel=1e-12)
        assert model.score(make(right), y) == pytest.approx(reference.score(right.to_pandas(), y), rel=1e-12)
        assert model.diagnose().rows == model.diagnose(make(right), y).rows == 4  # of a stream too, which was read
        calls = [model.predict, lambda X: model.score(X, y), lambda X: model.diagnose(X, y)]  # noqa: B023 - called below
        if isinstance(model, LinearRegression):
            calls += [model.predict_interval, lambda X: model.forget(X, y), lambda X: model.partial_fit(X, y)]  # noqa: B023 - called below
        for call in calls:
            with pytest.raises(ValueError, match="in the same order as they were in fit"):
                call(make(swapped))
    exact = LinearRegression(precision="exact").fit(make(right), y).partial_fit(make(right), y)
    assert exact.moments_ == ExactMoments.of(right.to_pandas(), y) + ExactMoments.of(right.to_pandas(), y)


def test_what_is_no_statistics_is_refused():
    for thing, called in (({}, "a dict"), (None, "a NoneType"), ([[1.0]], "a list")):
        with pytest.raises(DataError, match=f"{called} holds no statistics, expected Moments"):
            LinearRegression.from_moments(thing)


def test_a_query_that_has_not_run_is_no_table():
    lazy, y = pl.LazyFrame({"x": [1.0, 2.0, 4.0]}), [3.0, 5.0, 9.0]
    fitted = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    for call in (lambda: LinearRegression().fit(lazy, y), lambda: fitted.predict(lazy), lambda: fitted.score(lazy, y)):
        with pytest.raises(DataError, match=r"LazyFrame is a query that has not run.*\n.*\.collect\(\)"):
            call()
    assert LinearRegression().fit(lazy.collect(), y).coef_ == pytest.approx([2.0])


def test_what_leaves_out_rows_is_named_where_it_would():
    rows = pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0], "c": ["u", "v", "u", "v"], "y": [3.0, 5.0, 7.0, 9.5]})
    X, y, droppers = rows[["a"]], rows["y"], LinearRegression(missing="drop")
    source = r"leave out these 1 of 4 rows \(open_source\(\.\.\., missing='drop'\) does so"
    for table in (rows[["a", "y"]], rows):
        with pytest.raises(DataError, match=source):
            droppers.fit(open_source(table, target="y"))
        assert droppers.fit(open_source(table, target="y", missing="drop")).n_dropped_ == 1
    with pytest.raises(DataError, match=r"these 1 of 4 rows \(missing='drop' does so"):
        LinearRegression().fit(X, y)
    assert droppers.fit(X, y).n_dropped_ == 1
    for call in (
        lambda: GradientDescentRegressor().fit(X, y),
        lambda: droppers.predict(X),
        lambda: droppers.score(X, y),
    ):
        with pytest.raises(DataError, match=r"hint: fill the cells, or leave out these 1 of 4 rows$"):
            call()


@pytest.mark.parametrize(
    ("X", "y", "weight"),
    [
        ([[1e-200]] * 3, [1.0, 2.0, 3.0], None),
        ([[1e-160]] * 5, [1.0, 2.0, 3.0, 2.0, 1.0], None),
        ([[1e-200]] * 3, [1e-200] * 3, None),
        ([[1.0], [2.0], [3.0]], [1e-200] * 3, None),
        (
            [[1e-65, 1.0], [1e-65, 2.0], [1e-65, 4.0], [1e-65, 5.0]],
            [1.0, 2.0, 3.0, 2.0],
            [1e-200, 2e-200, 1e-200, 3e-200],
        ),
    ],
)
def test_a_column_whose_squares_vanish_is_not_taken_for_zero(X, y, weight):
    model = LinearRegression(fit_intercept=False).fit(X, y, weight)
    w = [Fraction(1)] * len(y) if weight is None else [Fraction(v) for v in weight]
    columns = [[Fraction(v) for v in column] for column in zip(*X, strict=True)]

    def total(a, b):
        return sum(k * u * v for k, u, v in zip(w, a, b, strict=True))

    target = [Fraction(v) for v in y]
    if len(columns) == 1:
        expected = [total(columns[0], target) / total(columns[0], columns[0])]
    else:
        aa, ab, bb = (total(columns[i], columns[j]) for i, j in ((0, 0), (0, 1), (1, 1)))
        ac, bc = (total(column, target) for column in columns)
        expected = [(bb * ac - ab * bc) / (aa * bb - ab * ab), (aa * bc - ab * ac) / (aa * bb - ab * ab)]
    np.testing.assert_allclose(model.coef_, [float(v) for v in expected], rtol=1e-15)


@pytest.mark.parametrize("size", [1e155, 1.0, 1e-215])
def test_levels_of_a_target_of_any_size_are_summed_up(size):
    X, y = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], np.array([1.0, 2.0, 4.0, 3.0]) * size
    model = LinearRegression(fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(model.coef_, [1.5 * size, 3.5 * size], rtol=1e-15)
    assert "R² (about zero" in str(model.summary())


def test_frequencies_are_met_again_by_a_model_that_was_loaded(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    y, w = X @ [1.0, 2.0] + rng.normal(size=20), rng.integers(0, 4, 20).astype(float)
    model = LinearRegression(weights="frequency").fit(X, y, sample_weight=w)
    model.save(tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    robust, expected = (m.inference(covariance="HC1", data=(X, y, w)) for m in (again, model))
    np.testing.assert_array_equal(robust.standard_error, expected.standard_error)
    assert str(again.diagnose(X, y, w)) == str(model.diagnose())
