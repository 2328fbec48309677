"""What an adversarial reading of the descent found, held from now on."""

import functools
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from gradline import DataError, DivergenceWarning, GradientDescentRegressor, Quantile

torch = pytest.importorskip("torch")
nn = torch.nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = X @ [1.0, 2.0, 3.0] + 5 + RNG.normal(size=200)


def fit(**how):
    return GradientDescentRegressor(**how).fit(X, Y)


@pytest.mark.parametrize("engine", ["numpy", "autograd", "nn", "moments"])
def test_a_row_of_enormous_numbers_does_not_hide_that_the_others_are_missed(engine):
    """Beside 1e36 the residuals of all other rows are rounding to a sum of squares."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(20, 2))
    y = Z @ [1.0, 2.0] + rng.normal(size=20)
    Z[0], y[0] = [1e18, 1.0], 1e18
    with pytest.warns(ConvergenceWarning, match="rounding allows no more"):
        bad = GradientDescentRegressor(engine).fit(Z, y)
    assert not bad.converged_


def test_an_exact_fit_with_a_coefficient_of_zero_converges_without_a_word():
    for truth in ([1.0, 2.0, 0.0], [0.1, 0.0, 0.0]):
        for how in ({}, {"learning_rate": 0.1}, {"engine": "nn", "dtype": "float32"}):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                exact = GradientDescentRegressor(**how).fit(X, X @ truth + 5)
            assert exact.converged_
            assert exact.optimality_gap_ < 1e-5


@pytest.mark.parametrize(
    "how", [{}, {"tol": None, "max_iter": 5}, {"callback": lambda history: history.iteration == 3}]
)
def test_however_an_exact_fit_ends_its_zero_is_not_missed(how):
    """The coefficient of x^2 is zero but for the rounding of y."""
    x = np.linspace(1, 3, 50)
    exact = GradientDescentRegressor(**how).fit(np.c_[x, x**2], 0.1 * x)
    assert exact.converged_, exact.stop_reason_


def test_a_target_of_zeros_is_reached_from_anywhere():
    zero = GradientDescentRegressor(init="normal", random_state=0).fit(X, np.zeros(200))
    assert zero.converged_
    assert np.abs(zero.coef_).max() < 1e-6


def test_high_momentum_does_not_multiply_the_rate_that_reaches_the_answer():
    assert fit(loss="absolute", momentum=0.9, max_iter=3000).converged_


# --- checkpoints know whose they are


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    def network(activation):
        return lambda p: nn.Sequential(nn.Linear(p, 4), activation(), nn.Linear(4, 1))

    how = {"engine": "nn", "optimizer": "adam", "max_iter": 5, "random_state": 0, "checkpoint": tmp_path / "c"}
    fit(module=network(nn.Tanh), **how)
    with pytest.raises(DataError, match="belongs to another fit: its module"):
        fit(module=network(nn.ReLU), **how)


def test_a_checkpoint_of_the_same_sums_in_other_rows_is_refused(tmp_path):
    how = {"learning_rate": 0.01, "max_iter": 5, "tol": None, "checkpoint": tmp_path / "c"}
    whole = RNG.integers(-3, 4, size=(64, 2)).astype(float)
    y = whole[:, 0] + RNG.integers(-5, 6, size=64)
    GradientDescentRegressor(**how).fit(whole, y)
    with pytest.raises(DataError, match="belongs to another fit: its rows themselves"):
        GradientDescentRegressor(**how).fit(whole, y[::-1].copy())


def test_a_checkpoint_of_another_schedule_is_refused(tmp_path):
    step = torch.optim.lr_scheduler.StepLR
    how = {"engine": "nn", "learning_rate": 0.01, "max_iter": 5, "tol": None, "checkpoint": tmp_path / "c"}
    fit(scheduler=functools.partial(step, step_size=3), **how)
    with pytest.raises(DataError, match="belongs to another fit: its scheduler"):
        fit(scheduler=functools.partial(step, step_size=1, gamma=0.01), **how)


def test_more_patience_goes_on_from_an_early_stop(tmp_path):
    rng = np.random.default_rng(5)
    Z = rng.normal(size=(60, 20))
    y = Z[:, 0] + 3 * rng.normal(size=60)
    how = {"learning_rate": 0.02, "validation_fraction": 0.3, "random_state": 0, "tol": None, "max_iter": 300}
    fresh = GradientDescentRegressor(**how, n_iter_no_change=40).fit(Z, y)
    GradientDescentRegressor(**how, n_iter_no_change=1, checkpoint=tmp_path / "c").fit(Z, y)
    more = GradientDescentRegressor(**how, n_iter_no_change=40, checkpoint=tmp_path / "c").fit(Z, y)
    assert more.n_iter_ == fresh.n_iter_
    assert (more.coef_ == fresh.coef_).all()


def test_fewer_iterations_than_the_checkpoint_holds_are_refused(tmp_path):
    how = {"learning_rate": 1e-4, "tol": None, "checkpoint": tmp_path / "c"}
    fit(max_iter=20, **how)
    with pytest.raises(DataError, match="holds 20 iterations, more than the 10 asked for"):
        fit(max_iter=10, **how)


# --- options that contradict each other


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"learning_rate": 0.1, "optimizer_options": {"lr": 0.3}}, "are both given"),
        ({"learning_rate": 0.1, "momentum": 0.5, "optimizer_options": {"momentum": 0.9}}, "are both given"),
        ({"optimizer": "adam", "optimizer_options": {"capturable": True}}, "graphs that this loop does not keep"),
        ({"optimizer": "adam", "optimizer_options": {"differentiable": True}}, "graphs that this loop does not keep"),
        ({"scheduler": torch.optim.lr_scheduler.StepLR}, "the scheduler cannot be made"),
        ({"scheduler": lambda optimizer: optimizer}, "expected a torch.optim.lr_scheduler"),
        (
            {"scheduler": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=3), "learning_rate": 0.01},
            "no more steps after pass",
        ),
        ({"module": nn.Linear(3, 1), "optimizer": "adam", "init": np.ones(77)}, "init is for a line"),
        ({"module": nn.Linear(3, 1), "optimizer": "adam", "record_path": True}, "record_path is for a line"),
        ({"module": nn.Linear(3, 1), "optimizer": "adam", "fit_intercept": False}, "fit_intercept=False is for a line"),
        ({"module": nn.Linear, "optimizer": "adam"}, "cannot be made"),
        ({"module": lambda p: nn.LSTM(p, 1), "optimizer": "adam"}, "returns tuple, expected a tensor"),
        ({"module": lambda p: nn.Bilinear(p, p, 1), "optimizer": "adam"}, "does not take rows of 3 features"),
        ({"warm_start": True, "checkpoint": "c"}, "both say where to begin"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(how, told):
    with pytest.raises(DataError, match=told):
        GradientDescentRegressor("nn", max_iter=20, tol=None).set_params(**how).fit(X, Y)


def test_a_last_batch_of_one_row_that_a_network_cannot_take_is_a_sentence():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(DataError, match="cannot be trained on these rows: Expected more than 1 value"):
        fit(engine="nn", module=network, optimizer="adam", batch_size=199, max_iter=2)


def test_the_rate_told_is_the_optimizers_own():
    assert fit(engine="nn", optimizer="adam", optimizer_options={"lr": 0.3}, max_iter=1, tol=None).learning_rate_ == 0.3


# --- one estimator, many fits


def test_a_failed_refit_leaves_an_unfitted_estimator():
    network = GradientDescentRegressor("nn", module=nn.Linear(3, 1), optimizer="adam", max_iter=2).fit(X, Y)
    with pytest.raises(DataError):
        network.set_params(module=None, optimizer="sgd").fit(X * np.nan, Y)
    with pytest.raises(NotFittedError):
        network.predict(X)


def test_a_warm_start_with_another_module_begins_anew():
    how = {"engine": "nn", "optimizer": "adam", "max_iter": 2, "random_state": 0, "warm_start": True}
    two = fit(module=nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), **how)
    assert isinstance(two.set_params(module=nn.Linear(3, 1)).fit(X, Y).module_, nn.Linear)


def test_a_warm_start_after_a_divergence_is_a_sentence():
    diverged = GradientDescentRegressor(learning_rate=1e150, on_divergence="warn", warm_start=True, tol=None)
    with pytest.warns(DivergenceWarning):
        diverged.fit(X, Y)
    diverged.coef_ = np.full(3, np.inf)
    with pytest.raises(DataError, match="nowhere to go on from"):
        diverged.fit(X, Y)


def test_networks_trained_in_threads_are_those_trained_one_by_one():
    def network(features):
        return nn.Sequential(nn.Linear(features, 4), nn.Dropout(0.2), nn.Linear(4, 1))

    def first(seed):
        how = {"engine": "nn", "module": network, "optimizer": "adam", "max_iter": 20, "random_state": seed}
        return fit(**how).predict(X[:1])[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [first(seed) for seed in range(4)]


def test_a_quantile_with_momentum_says_where_it_ends():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        far = fit(loss=Quantile(0.95), momentum=0.99)
    assert far.converged_ or any("standard errors from the answer" in str(w.message) for w in told)


def test_an_error_in_a_callback_of_a_network_is_the_users_to_see():
    def broken(history):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fit(engine="nn", module=nn.Linear(3, 1), optimizer="adam", callback=broken)
