"""Watch a descent and stop it: callbacks, Ctrl-C, held-out rows, warm starts."""

import math
import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from gradline import DataError, GradientDescentRegressor, LinearRegression, open_source
from gradline.data.split import held_out
from gradline.descent.watching.early_stopping import EarlyStopping

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3)) * [1.0, 3.0, 0.5] + [0.0, 5.0, 0.0]
Y = X @ [1.0, -2.0, 3.0] + 0.5 + RNG.normal(size=200)
ENGINES = ("numpy", "autograd", "nn", "moments")
SLOW = {"learning_rate": 0.005, "tol": None}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_sees_every_pass_in_data_units(engine):
    seen = []

    def watch(history):
        seen.append((history.iteration, list(history.loss), history.coef, history.intercept, history.distance))

    fit = GradientDescentRegressor(engine, **SLOW, max_iter=6, record_path=True, callback=watch).fit(X, Y)
    assert [one[0] for one in seen] == [1, 2, 3, 4, 5, 6]
    assert all(one[1] == fit.loss_curve_[: one[0]] for one in seen)
    assert all((one[2] == fit.coef_path_[one[0]]).all() for one in seen)
    assert seen[-1][3] == fit.intercept_
    exact = LinearRegression().fit(X, Y)
    errors = exact.inference().standard_error
    gaps = np.abs(np.r_[fit.intercept_, fit.coef_] - np.r_[exact.intercept_, exact.coef_]) / errors
    assert seen[-1][4] == fit.optimality_gap_ == pytest.approx(gaps.max(), rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_that_returns_true_ends_the_descent_there(engine):
    how = {**SLOW, "max_iter": 50, "callback": lambda history: history.iteration == 7}
    fit = GradientDescentRegressor(engine, **how).fit(X, Y)
    assert fit.n_iter_ == 7
    assert not fit.converged_
    assert fit.stop_reason_.startswith("Stopped by the callback after iteration 7: ")
    assert (fit.coef_ == GradientDescentRegressor(engine, **SLOW, max_iter=7).fit(X, Y).coef_).all()


def test_under_auto_the_callback_is_told_data_units_too():
    losses = []
    far = 1e6 * Y + 1e9
    fit = GradientDescentRegressor(callback=lambda history: losses.append(history.loss[-1]), batch_size=50, max_iter=40)
    with pytest.warns(ConvergenceWarning):
        fit.fit(X, far)
    assert losses == fit.loss_curve_
    assert losses[-1] == pytest.approx(np.mean((far - LinearRegression().fit(X, far).predict(X)) ** 2), rel=0.01)


def test_the_forecast_a_callback_is_told_comes_true():
    forecasts = []
    how = {"learning_rate": 0.02, "max_iter": 10**5}
    fit = GradientDescentRegressor(**how, callback=lambda h: forecasts.append(h.iterations_to_go)).fit(X, Y)
    # Right but for rounding where the tolerance is just met or missed.
    assert all(abs(k + 1 + to_go - fit.n_iter_) <= 1 for k, to_go in enumerate(forecasts[:-1]))
    batches = []
    one = GradientDescentRegressor(batch_size=20, max_iter=1, callback=lambda h: batches.append(h.iterations_to_go))
    with pytest.warns(ConvergenceWarning):
        one.fit(X, Y)
    assert batches == [None]


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_returns_what_there_is_marked_unfinished(engine):
    def interrupt(history):
        if history.iteration == 5:
            raise KeyboardInterrupt

    fit = GradientDescentRegressor(engine, **SLOW, max_iter=100, callback=interrupt)
    with pytest.warns(ConvergenceWarning, match=r"Unfinished: interrupted after 5 complete iterations; .* standard"):
        fit.fit(X, Y)
    assert fit.n_iter_ == 5
    assert not fit.converged_
    assert (fit.coef_ == GradientDescentRegressor(engine, **SLOW, max_iter=5).fit(X, Y).coef_).all()


def test_an_error_in_a_callback_is_the_users_to_see():
    def broken(history):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        GradientDescentRegressor(callback=broken).fit(X, Y)


def overfitting(rows=60, features=40):
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(rows, features))
    return Z, Z[:, 0] + 2 * rng.normal(size=rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_early_stopping_goes_back_to_the_lowest_held_out_loss(engine):
    Z, y = overfitting()
    how = {"learning_rate": 0.02, "tol": None, "max_iter": 2000, "random_state": 0}
    fit = GradientDescentRegressor(engine, **how, validation_fraction=0.3, n_iter_no_change=10).fit(Z, y)
    losses = fit.validation_loss_curve_
    best = int(np.argmin(losses))
    assert fit.n_iter_ == len(losses) == best + 11 < 2000
    assert f"lowest after iteration {best + 1}" in fit.stop_reason_
    assert not fit.converged_

    # The split, the descent and the held-out loss by themselves.
    rng = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
    from gradline.data.arrays import ArraySource

    train, held = held_out(ArraySource(Z, y), 0.3, int(rng.integers(2**31)))
    alone = GradientDescentRegressor(engine, **how | {"max_iter": best + 1}).fit(train.X, train.y)
    np.testing.assert_allclose(fit.coef_, alone.coef_, rtol=1e-12)
    assert np.mean((held.X @ alone.coef_ + alone.intercept_ - held.y) ** 2) == pytest.approx(losses[best], rel=1e-12)


def test_early_stopping_without_an_end_uses_all_iterations_and_says_so():
    fit = GradientDescentRegressor(**SLOW, max_iter=3, validation_fraction=0.2, random_state=0).fit(X, Y)
    assert fit.n_iter_ == 3
    assert len(fit.validation_loss_curve_) == 3
    assert "3 iterations asked for" in fit.stop_reason_


def test_held_out_rows_of_a_file_stay_out_in_every_pass(tmp_path):
    table = np.c_[X, Y]
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header="a,b,c,y", comments="", fmt="%.17g")
    source = open_source(tmp_path / "t.csv", target="y", batch_rows=30)
    how = {"learning_rate": 0.01, "batch_size": 16, "max_iter": 4, "tol": None, "random_state": 1}
    fit = GradientDescentRegressor(**how, validation_fraction=0.25).fit(source)
    again = GradientDescentRegressor(**how, validation_fraction=0.25).fit(source)
    assert fit.validation_loss_curve_ == again.validation_loss_curve_
    assert (fit.coef_ == again.coef_).all()


def test_a_share_that_leaves_nothing_is_a_sentence():
    with pytest.raises(DataError, match="leaves 2 to train on and 0 to validate"):
        GradientDescentRegressor(validation_fraction=0.1).fit(X[:2], Y[:2])
    with pytest.raises(ValueError, match="validation_fraction"):
        GradientDescentRegressor(validation_fraction=1.0).fit(X, Y)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_warm_start_goes_on_where_the_last_fit_ended(engine):
    whole = GradientDescentRegressor(engine, **SLOW, max_iter=20).fit(X, Y)
    parts = GradientDescentRegressor(engine, **SLOW, max_iter=8, warm_start=True).fit(X, Y)
    parts.set_params(max_iter=12).fit(X, Y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_[8:], rtol=1e-12)
    cold = GradientDescentRegressor(engine, **SLOW, max_iter=8).fit(X, Y)
    assert cold.fit(X, Y).loss_curve_ == whole.loss_curve_[:8]


def test_a_warm_start_on_other_columns_is_a_sentence():
    fit = GradientDescentRegressor(**SLOW, max_iter=2, warm_start=True).fit(X, Y)
    with pytest.raises(DataError, match=r"warm_start.*3 .*2"):
        fit.fit(X[:, :2], Y)


def test_a_line_without_an_intercept_prints_none(capsys):
    table = open_source({"x": [1.0, 2.0, 4.0], "y": [2.0, 4.0, 8.5]}, formula="y ~ x - 1")
    GradientDescentRegressor(max_iter=1, verbose=1).fit(table)
    assert capsys.readouterr().out.endswith("'a' = 2.0952\n")  # 44 / 21: from (1, 2), (2, 4), (4, 8.5)


def test_verbose_still_prints_beside_a_callback(capsys):
    heard = []
    GradientDescentRegressor(**SLOW, max_iter=4, verbose=2, callback=lambda h: heard.append(h.iteration)).fit(X, Y)
    assert heard == [1, 2, 3, 4]
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["Iteration 2", "Iteration 4"]


def test_a_warning_points_at_the_line_that_called_fit():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GradientDescentRegressor(learning_rate=0.001, max_iter=2).fit(X, Y)
    assert [w.filename for w in caught] == [__file__]


def test_early_stopping_remembers_its_best_in_a_time_that_does_not_grow():
    losses = iter([math.nan, *np.linspace(5.0, 1.0, 20_000), 3.0])
    early = EarlyStopping(lambda w, b: float(next(losses)), patience=10)
    began = time.perf_counter()
    for k in range(20_002):
        early.after_pass(np.array([float(k)]), 0.0)
    assert time.perf_counter() - began < 5.0  # looking through all of them took half a minute
    again = EarlyStopping(lambda w, b: 0.5, patience=10)
    again.load_state_dict(early.state_dict())
    for each in (early, again):
        assert each.best_pass == 20_001
        assert each.best[0] == [20_000.0]
    again.after_pass(np.array([-1.0]), 0.0)
    assert again.best_pass == 20_003
