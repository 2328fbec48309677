"""What a descent says of its slowest direction, and of how it grows, is what happens."""

import re

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from gradline import DivergenceError, GradientDescentRegressor, LinearRegression
from gradline.data.batch import Batch
from gradline.descent.steps.epochs import steepest_row
from gradline.errors import DivergenceWarning

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2)) * [1.0, 0.05]
Y = X @ [1.0, 2.0] + 0.1 * RNG.normal(size=300)


def told(**how):
    fit = GradientDescentRegressor(**how)
    with pytest.warns(ConvergenceWarning) as seen:
        fit.fit(X, Y)
    found = re.search(r"mostly (.*), halves its error every ([\d.,e+]+) iterations", str(seen[0].message))
    return fit, found[1], float(found[2].replace(",", ""))


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_crawl_names_its_column_and_its_half_life(momentum):
    fit, name, half_life = told(learning_rate=0.5, max_iter=200, momentum=momentum, record_path=True)
    assert name == "'x1'"
    errors = np.abs(fit.coef_path_[:, 1] - fit.exact_coef_[1])
    halved = np.log(0.5) / np.log(errors[200] / errors[150]) * 50
    assert half_life == pytest.approx(halved, rel=0.01)


def test_near_the_limit_the_bounce_is_the_slowest():
    limit = GradientDescentRegressor(learning_rate=0.5, max_iter=1, tol=None).fit(X, Y).max_learning_rate_
    Z = X * [1.0, 20.0]  # alike columns: nothing crawls
    fit = GradientDescentRegressor(learning_rate=limit * 0.95, max_iter=60, record_path=True)
    with pytest.warns(ConvergenceWarning) as seen:
        fit.fit(Z, Y)
    found = re.search(r"halves its error every ([\d.,]+) iterations", str(seen[0].message))
    e = fit.coef_path_ - fit.exact_coef_
    assert (e[41:60] * e[40:59] < 0).any()  # it changes sides
    halved = np.log(0.5) / np.log(np.linalg.norm(e[60]) / np.linalg.norm(e[40])) * 20
    assert float(found[1]) == pytest.approx(halved, rel=0.05)


def test_a_descent_that_explodes_says_how_fast():
    with pytest.raises(DivergenceError, match=r"diverged at iteration \d+: .*, ([\d.e+]+) times that of the iteration"):
        GradientDescentRegressor("nn", optimizer="sgd", optimizer_options={"nesterov": True, "momentum": 0.9},
                                 learning_rate=3.0).fit(X, Y)  # fmt: skip


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_batches_that_ran_away_are_told_a_rate_that_works(batch_size, momentum, weighted):
    """The lesson's: single rows bend by up to 2 x 13^2, so 1 / 169 is what the steepest allows; all five 0.01524."""
    x = np.array([[1.0], [3.0], [10.0], [13.0], [7.0]])
    y = 2 * x[:, 0]
    weight = np.array([1.0, 2.0, 1.0, 3.0, 1.0]) if weighted else None
    how = {"batch_size": batch_size, "momentum": momentum, "fit_intercept": False, "random_state": 0}
    with pytest.raises(DivergenceError, match=r"diverged at iteration \d+: .*; .* mostly column 'x0'") as gone:
        GradientDescentRegressor(learning_rate=0.05, **how).fit(x, y, weight)
    assert gone.value.column == "column 'x0'"
    steepest = 2 * max((1.0 if weight is None else weight / weight.mean()) * x[:, 0] ** 2)
    named = float(re.search(r"try (\S+?),", gone.value.hint)[1])
    assert named == pytest.approx((1 - momentum) / steepest, rel=1e-2)
    assert named <= (1 - momentum) / steepest
    if not momentum:
        assert float(re.search(r"allows (\S+?),", gone.value.hint)[1]) == pytest.approx(2 / steepest, rel=1e-3)
    for seed in range(5):
        fit = GradientDescentRegressor(learning_rate=named, max_iter=500, **how | {"random_state": seed})
        assert fit.fit(x, y, weight).coef_[0] == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_rate_that_a_hint_names_is_one_that_the_data_allow(momentum):
    rng = np.random.default_rng(1)
    for scale in np.exp(rng.uniform(-20, 20, 40)):
        rows, targets = rng.normal(size=(9, 1)) * scale, rng.normal(size=9)
        with pytest.raises(DivergenceError) as refused:
            GradientDescentRegressor(learning_rate=1e30, momentum=momentum, fit_intercept=False).fit(rows, targets)
        most, named = map(float, re.search(r"at most (\S+); (\S+)", refused.value.hint).groups())
        assert refused.value.max_learning_rate * (1 - 1e-3) < most <= refused.value.max_learning_rate
        for rate in (most, named):
            GradientDescentRegressor(
                learning_rate=rate, momentum=momentum, fit_intercept=False, max_iter=1, tol=None
            ).fit(rows, targets)


@pytest.mark.parametrize("loss", ["huber", "absolute"])
def test_another_loss_that_gets_no_nearer_is_told_what_to_ask_for(loss):
    """Nearly collinear columns: its steps end some 1e-6 standard errors away, however many more there are."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    columns, y = np.column_stack([x, x + 3e-11 * rng.normal(size=300)]), x + rng.standard_t(3, 300)
    with pytest.warns(ConvergenceWarning, match="raise max_iter, or ask for less: tol=") as seen:
        short = GradientDescentRegressor(loss=loss, max_iter=300, tol=1e-12).fit(columns, y)
    tol = float(str(seen[0].message).split("tol=")[1])
    assert 1 <= tol / short.optimality_gap_ <= 2.001
    assert GradientDescentRegressor(loss=loss, max_iter=300, tol=tol).fit(columns, y).converged_


def test_a_divergence_tells_the_loss_in_units_of_the_data():
    """Where every curvature is two, a rate of 3 multiplies the error by -5: the loss above its floor by 25 a step."""
    y = 300 * Y
    floor = np.mean((y - LinearRegression().fit(X, y).predict(X)) ** 2)
    how = {"engine": "nn", "optimizer_options": {"lr": 3.0}}
    with pytest.raises(DivergenceError) as gone:
        GradientDescentRegressor(**how).fit(X, y)
    k = gone.value.iteration - 1
    assert gone.value.loss == pytest.approx(floor + (np.mean(y**2) - floor) * 25.0**k, rel=1e-9)
    with pytest.warns(DivergenceWarning):
        told = GradientDescentRegressor(**how, on_divergence="warn").fit(X, y)
    assert told.loss_curve_[-1] == gone.value.loss


def test_a_divergence_of_a_module_does_too():
    import torch

    losses = []
    for unit in (1.0, 1024.0):  # the frame takes a power of two off: the same steps
        how = {"optimizer_options": {"lr": 30.0}, "random_state": 0}
        with pytest.raises(DivergenceError) as gone:
            GradientDescentRegressor("nn", **how, module=lambda p: torch.nn.Linear(p, 1)).fit(X, unit * Y)
        losses.append(gone.value.loss)
    assert losses[1] == pytest.approx(1024.0**2 * losses[0])


def test_the_steepest_row_of_a_share_counts_the_rows_of_the_whole_step():
    """Of two processes' step of six rows one has two, each with a share of a sixth; their curvatures are 2 |z|^2."""
    rows = np.array([[1.0, 2.0], [3.0, -1.0]])
    share = Batch(rows, np.zeros(2), None, np.full(2, 1 / 6), 6)
    assert steepest_row(lambda: [share], bias=True) == pytest.approx(2 * (9 + 1 + 1))
