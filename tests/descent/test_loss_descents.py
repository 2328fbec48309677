"""Descents on other losses end where independent solvers end, on every engine, or say that they do not."""

import re
import warnings

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gradline import (
    Absolute,
    DataError,
    DivergenceError,
    GradientDescentRegressor,
    Huber,
    LinearRegression,
    Quantile,
)
from gradline.errors import DivergenceWarning

from .oracle import X5, Y5

ENGINES = ("numpy", "autograd", "nn")
LOSSES = ("huber", "absolute", "quantile", Huber(2.0), Absolute(0.5), Quantile(0.9), Quantile(0.1))


def table(rows=400, seed=0, outliers=True):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3)) * [1.0, 50.0, 0.02] + [0.0, 1000.0, 5.0]
    y = X @ [1.0, -0.2, 30.0] + 7 + rng.standard_t(3, size=rows)
    if outliers:
        y[::40] += 1e5
    return X, y


def by_linear_programming(X, y, level):
    """Quantile regression exactly: min level u + (1 - level) v with y = Z b + u - v (Koenker, Bassett 1978)."""
    n, k = len(X), X.shape[1] + 1
    centre, scale = X.mean(0), X.std(0)
    Z = np.c_[(X - centre) / scale, np.ones(n)]
    cost = np.r_[np.zeros(k), np.full(n, level), np.full(n, 1 - level)]
    found = linprog(
        cost, A_eq=np.c_[Z, np.eye(n), -np.eye(n)], b_eq=y, bounds=[(None, None)] * k + [(0, None)] * (2 * n)
    )
    slopes = found.x[: k - 1] / scale
    return slopes, found.x[k - 1] - centre @ slopes


def slopes_by_the_dual(X, y, level):
    """The same slopes in a fraction of the time: max y'd with Z'd = (1 - level) Z'1 and 0 <= d <= 1."""
    scale = X.std(0)
    Z = np.c_[(X - X.mean(0)) / scale, np.ones(len(X))]
    dual = linprog(-y, A_eq=Z.T, b_eq=(1 - level) * Z.sum(0), bounds=(0, 1))
    return -dual.eqlin.marginals[:-1] / scale


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_by_default_every_loss_converges_on_every_engine(engine, loss):
    X, y = table()
    fit = GradientDescentRegressor(engine, loss=loss).fit(X, y)
    assert fit.converged_
    assert fit.optimality_gap_ <= 1e-6
    assert "from" not in fit.stop_reason_
    reference = GradientDescentRegressor("numpy", loss=loss).fit(X, y)
    np.testing.assert_allclose(fit.coef_, reference.coef_, rtol=1e-5)
    assert fit.loss_curve_[-1] == pytest.approx(reference.loss_curve_[-1], rel=1e-6)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantiles_agree_with_linear_programming_to_a_third_of_a_standard_error(level):
    """What rounding off the kink costs one answer: 0.36 standard errors, root mean square, in settling.py's figures."""
    X, y = table(rows=1000)
    fit = GradientDescentRegressor(loss=Quantile(level)).fit(X, y)
    slopes, intercept = by_linear_programming(X, y, level)
    rng, others = np.random.default_rng(1), []
    for _ in range(25):  # the bootstrap, for an independent standard error
        rows = rng.integers(0, len(y), len(y))
        others.append(slopes_by_the_dual(X[rows], y[rows], level))
    np.testing.assert_allclose(slopes_by_the_dual(X, y, level), slopes, rtol=1e-6)
    error = np.std(others, axis=0)
    assert (np.abs(fit.coef_ - slopes) < 0.75 * error).all()
    below = np.mean(y < X @ fit.coef_ + fit.intercept_)
    assert below == pytest.approx(level, abs=0.01)
    ours = np.mean(np.where(y > fit.predict(X), level, level - 1) * (y - fit.predict(X)))
    exact = np.mean(np.where(y > X @ slopes + intercept, level, level - 1) * (y - X @ slopes - intercept))
    assert exact <= ours * (1 + 1e-12)
    assert ours < exact * (1 + 1e-4)


def test_outliers_do_not_move_a_robust_fit():
    clean, wild = table(outliers=False), table()
    for loss in ("huber", "absolute"):
        a, b = (GradientDescentRegressor(loss=loss).fit(*rows).coef_ for rows in (clean, wild))
        assert (np.abs(a - b) < 0.05 * np.abs([1.0, -0.2, 30.0])).all()
    squares = LinearRegression().fit(*wild).coef_
    assert (np.abs(squares - [1.0, -0.2, 30.0]) > 5 * np.abs([1.0, -0.2, 30.0])).any()


def test_a_huge_delta_is_least_squares():
    X, y = table()
    fit = GradientDescentRegressor(loss=Huber(1e9)).fit(X, y)
    np.testing.assert_allclose(fit.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_with_a_rate_of_ones_own_the_kink_is_descended_as_written(engine):
    """Subgradient steps on the five points, by plain loops."""
    y = Y5 + np.array([0.0, 0.1, -0.1, 0.2, -0.2])
    a, expected = 0.5, []
    for _ in range(30):
        r = a * X5 - y
        expected.append(np.mean(np.abs(r)))
        a -= 0.01 * np.mean(np.sign(r) * X5)
    fit = GradientDescentRegressor(
        engine, loss="absolute", learning_rate=0.01, max_iter=30, tol=None, fit_intercept=False, init=0.5
    ).fit(X5[:, None], y)
    np.testing.assert_allclose(fit.loss_curve_, expected, rtol=1e-12)
    assert fit.coef_[0] == pytest.approx(a, rel=1e-12)
    assert np.isnan(fit.max_learning_rate_)


def test_a_constant_rate_on_a_kink_does_not_pass_for_converged():
    X, y = table(outliers=False)
    Z = (X - X.mean(0)) / X.std(0)
    with pytest.warns(ConvergenceWarning, match="standard errors from the answer of the smoothed absolute loss"):
        fit = GradientDescentRegressor(loss="absolute", learning_rate=0.5, max_iter=300).fit(Z, y)
    assert not fit.converged_
    assert fit.optimality_gap_ > 1e-6


@pytest.mark.parametrize("loss", ["huber", "absolute", Quantile(0.8)], ids=str)
def test_mini_batches_come_near_the_same_answer(loss):
    X, y = table()
    fit = GradientDescentRegressor(loss=loss, batch_size=32, tol=0.02, random_state=0).fit(X, y)
    assert fit.converged_
    whole = GradientDescentRegressor(loss=loss).fit(X, y)
    assert fit.optimality_gap_ <= 0.02
    np.testing.assert_allclose(fit.predict(X), whole.predict(X), rtol=0, atol=0.05)


def test_weights_are_repeated_rows():
    X, y = table(rows=120)
    counts = np.random.default_rng(0).integers(1, 4, 120)
    for loss in (Huber(2.0), Quantile(0.7, bandwidth=0.5)):
        weighted = GradientDescentRegressor(loss=loss).fit(X, y, sample_weight=counts)
        repeated = GradientDescentRegressor(loss=loss).fit(np.repeat(X, counts, 0), np.repeat(y, counts))
        np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-5)


def test_what_a_loss_cannot_do_is_a_sentence():
    X, y = table()
    with pytest.raises(DataError, match="knows sums of squares only"):
        GradientDescentRegressor("moments", loss="huber").fit(X, y)
    with pytest.raises(ValueError, match="loss"):
        GradientDescentRegressor(loss="hubber").fit(X, y)
    with pytest.raises(DataError, match=r"level of the quantile loss is 1.5"):
        Quantile(1.5)


def test_a_loss_is_cloned_with_its_estimator():
    first = GradientDescentRegressor(loss=Quantile(0.9))
    assert clone(first).get_params()["loss"] == Quantile(0.9)


HOSTILE = {
    "every y the same": (np.arange(30.0)[:, None], np.full(30, 4.0)),
    "an exact fit": (np.arange(30.0)[:, None], 2 * np.arange(30.0) + 1),
    "as many rows as coefficients": (np.array([[0.0], [1.0]]), np.array([1.0, 5.0])),
    "outliers of 1e12": (np.arange(50.0)[:, None], np.arange(50.0) + 1e12 * (np.arange(50) % 10 == 0)),
    "Cauchy noise": (np.arange(200.0)[:, None], np.random.default_rng(0).standard_cauchy(200)),
    "y of size 1e-12": (np.arange(50.0)[:, None], 1e-12 * np.random.default_rng(0).normal(size=50)),
    "a column of size 1e9": (1e9 + np.arange(50.0)[:, None], np.random.default_rng(0).normal(size=50)),
    "a binary y": (np.random.default_rng(0).normal(size=(80, 2)), np.arange(80) % 2 * 1.0),
    "half the rows tied": (np.arange(40.0)[:, None], np.where(np.arange(40) < 25, 3.0, np.arange(40.0))),
}


@pytest.mark.parametrize("loss", ["huber", "absolute", Quantile(0.9)], ids=str)
@pytest.mark.parametrize("name", HOSTILE)
def test_on_hostile_tables_no_failure_is_silent(name, loss):
    """The loss at the answer is as low as linear programming finds it (absolute, quantile), or something is said."""
    X, y = HOSTILE[name]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            fit = GradientDescentRegressor(loss=loss).fit(X, y)
        except DataError:
            return
    assert np.isfinite(fit.coef_).all()
    if said or loss == "huber":
        return
    level = loss.level if isinstance(loss, Quantile) else 0.5
    slopes, intercept = by_linear_programming(X, y, level)

    def pinball(p):
        return np.mean(np.where(y > p, level, level - 1) * (y - p))

    # The smoothed loss is lowest at ours, and nowhere more than a quarter of the bandwidth above the pinball loss.
    exact, rounding = pinball(X @ slopes + intercept), 2e-6 * np.median(np.abs(y))  # tol of an exact fit
    assert pinball(fit.predict(X)) <= exact + fit.loss_.bandwidth / 4 + rounding


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("intercept", [True, False])
def test_rows_on_one_line_are_that_line_and_no_scatter(loss, intercept, tmp_path):
    """Whatever is minimised: no residual is left to have standard errors by, and what rounding leaves is none."""
    x = np.arange(30.0)[:, None]
    fit = GradientDescentRegressor(loss=loss, fit_intercept=intercept).fit(x, 2 * x[:, 0] + intercept)
    assert fit.converged_
    assert "a relative" in fit.stop_reason_
    near = 0.3 if isinstance(loss, Quantile) and loss.bandwidth else 1e-5  # a quantile is smoothed off the line
    np.testing.assert_allclose([*fit.coef_, fit.intercept_], [2.0, float(intercept)], atol=near)
    summary = fit.summary()
    assert (summary.inference.standard_error == 0.0).all()
    assert summary.inference.exact_fit
    assert np.isnan([*summary.inference.t, *summary.inference.p_value]).all()
    assert "The data lie on the line" in str(summary)
    assert "unfinished" not in str(summary)
    page = tmp_path / "report.html"
    fit.report(page)
    assert "The data lie on the line; tests are meaningless." in page.read_text()


@pytest.mark.parametrize("loss", ["huber", "absolute", Quantile(0.5)], ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_as_many_rows_as_coefficients_are_gone_through(loss, seed):
    """In columns and targets of any size; warnings are errors here."""
    rng = np.random.default_rng(seed)
    p = 1 + seed % 3
    X = rng.normal(size=(p + 1, p)) * 10.0 ** rng.integers(-3, 4, p)
    y = rng.normal(size=p + 1) * 10.0 ** rng.integers(-3, 4)
    fit = GradientDescentRegressor(loss=loss).fit(X, y)
    np.testing.assert_allclose(fit.predict(X), y, rtol=0, atol=1e-4 * np.abs(y).max())


@pytest.mark.parametrize("batch_size", [None, 2])
def test_huber_takes_the_steps_of_the_lesson_on_the_lessons_points(batch_size):
    """They lie on a line: a width of next to nothing would hold every step back."""
    x = np.array([[1.0], [3.0], [10.0], [13.0], [7.0]])
    how = {"learning_rate": 0.001, "max_iter": 100, "tol": None, "fit_intercept": False, "init": 0.5}
    how |= {"batch_size": batch_size, "random_state": 0}
    huber, squared = (GradientDescentRegressor(loss=loss, **how).fit(x, 2 * x[:, 0]) for loss in ("huber", "squared"))
    np.testing.assert_allclose(huber.loss_curve_, squared.loss_curve_, rtol=1e-12, atol=1e-28)


def test_rows_near_a_line_and_as_many_as_coefficients_are_judged_as_they_were():
    rng = np.random.default_rng(0)
    x = np.arange(30.0)[:, None]
    near = GradientDescentRegressor(loss="huber").fit(x, 2 * x[:, 0] + 1e-9 * rng.normal(size=30)).summary().inference
    assert not near.exact_fit
    assert (near.standard_error > 1e-12).all()
    two = GradientDescentRegressor(loss=Huber(5.0)).fit(x[:2], [1.0, 3.0]).summary().inference
    assert np.isnan(two.standard_error).all()


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_constant_target_leaves_slopes_of_zero_that_no_digit_is_asked_of(loss):
    fit = GradientDescentRegressor(loss=loss).fit(np.arange(30.0)[:, None], np.full(30, 5.0))
    assert fit.converged_
    assert abs(fit.coef_[0]) < 1e-5


@pytest.mark.parametrize("loss", ["squared", "huber", "absolute", "quantile", Absolute(0.5)], ids=str)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2, "random_state": 0}, {"learning_rate": 0.01}], ids=str)
def test_a_target_of_zeros_is_found_at_once(loss, options):
    fit = GradientDescentRegressor(loss=loss, **options).fit([[1.0], [2.0], [4.0], [5.0]], np.zeros(4))
    assert fit.converged_
    assert (*fit.coef_, fit.intercept_, fit.n_iter_) == (0.0, 0.0, 1)


@pytest.mark.parametrize("options", [{}, {"batch_size": 2, "random_state": 0}], ids=str)
def test_a_quantile_of_zeros_is_zero_but_for_its_bandwidth(options):
    fit = GradientDescentRegressor(loss=Quantile(0.9), **options).fit([[1.0], [2.0], [4.0], [5.0]], np.zeros(4))
    assert fit.converged_
    assert max(abs(fit.coef_[0]), abs(fit.intercept_)) < fit.loss_.bandwidth < 1e-9


def beyond_delta():
    x = np.array([[1.0], [3.0], [10.0], [13.0], [7.0]])
    return x, 2 * x[:, 0] + [0.0, 1.0, -1.0, 30.0, 0.0]


@pytest.mark.parametrize("loss", ["huber", Huber(2.0), Absolute(0.5)], ids=str)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_rate_above_the_limit_at_the_answer_is_refused_for_every_loss_that_bends(loss, momentum):
    x, y = beyond_delta()
    with pytest.raises(DivergenceError, match=r"does not converge on these data: .*, set by column 'x0'\)") as refused:
        GradientDescentRegressor(loss=loss, learning_rate=10.0, momentum=momentum, max_iter=50, tol=None).fit(x, y)
    error = refused.value
    assert (error.learning_rate, error.iteration, error.column) == (10.0, 0, "column 'x0'")
    safe = float(re.match(r"(\S+) is safe from any start", error.hint)[1])
    fit = GradientDescentRegressor(loss=loss, learning_rate=safe, momentum=momentum, max_iter=10_000).fit(x, y)
    assert fit.converged_
    assert fit.max_learning_rate_ == error.max_learning_rate

    def steps(rate, count=2000):
        """By hand, from a hair's breadth beside the answer: how far it leads."""
        Z = np.c_[x, np.ones(5)]
        best = np.r_[fit.exact_coef_, fit.exact_intercept_]
        v, before = best + 1e-7, best + 1e-7
        for _ in range(count):
            pull = Z.T @ fit.loss_.slope(Z @ v - y) / 5
            v, before = v - rate * pull + momentum * (v - before), v
        return np.abs(v - best).max()

    assert steps(error.max_learning_rate * 0.98) < 1e-7
    assert steps(error.max_learning_rate * 1.02) > 1e-3


def test_a_kink_has_no_limit_and_a_warning_lets_one_watch():
    x, y = beyond_delta()
    kinked = GradientDescentRegressor(loss="absolute", learning_rate=10.0, max_iter=5, tol=None).fit(x, y)
    assert np.isnan(kinked.max_learning_rate_)
    with pytest.warns(DivergenceWarning, match="does not converge"):
        fit = GradientDescentRegressor(
            loss="huber", learning_rate=10.0, max_iter=50, tol=None, on_divergence="warn"
        ).fit(x, y)
    assert fit.n_iter_ == 50
    assert not fit.converged_


@pytest.mark.parametrize("loss", ["huber", "absolute"])
def test_on_a_line_intervals_stand_about_the_estimates_and_no_row_is_beside_it(loss):
    X = np.random.default_rng(2).normal(size=(45, 2)) + 100
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GradientDescentRegressor(loss=loss).fit(X, X @ [3.0, 2.0])
    inference, coef = model.summary().inference, np.append(model.intercept_, model.coef_)
    np.testing.assert_array_equal(inference.confidence_interval, np.column_stack([coef, coef]))


@pytest.mark.parametrize("loss", ["huber", "absolute", Quantile(0.8)], ids=str)
def test_a_scheduler_gets_a_rate_that_needs_no_lowering(loss):
    """From afar a far larger one would do, were it lowered in time: a scheduler does what it has been told."""
    torch = pytest.importorskip("torch")
    X, y = table()
    how = {"engine": "nn", "loss": loss, "init": 1e4}
    constant = GradientDescentRegressor(**how, scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 10**6), tol=None)
    constant.set_params(max_iter=1).fit(X, y)
    assert constant.learning_rate_ < constant.max_learning_rate_
    near = constant.set_params(init="zeros", max_iter=3000).fit(X, y)
    assert near.optimality_gap_ < 1e-3


def test_no_forecast_is_made_where_the_loss_bends_otherwise_on_the_way():
    """By the curvature at the answer 120 steps were foretold of these, which take more than twice as many."""
    X, y = table(outliers=False)
    heard = []
    fit = GradientDescentRegressor(
        loss="huber", learning_rate=0.1, callback=lambda history: heard.append(history.iterations_to_go)
    ).fit((X - X.mean(0)) / X.std(0), y)
    assert fit.converged_
    assert set(heard) == {None}
