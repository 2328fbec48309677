"""Heavy-ball momentum: the same recursion on every engine, its limit, its forecast."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DivergenceError, GradientDescentRegressor
from gradline.data.batch import Batch
from gradline.descent.engines import make_engine
from gradline.descent.goal.quadratic import Quadratic
from gradline.descent.steps.momentum import HeavyBall, factor
from gradline.moments.moments import Moments

ENGINES = ("numpy", "autograd", "nn", "moments")


def table(seed=0, rows=40, features=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features)) * [1.0, 2.0, 0.5][:features]
    return X, X @ [1.0, -2.0, 3.0][:features] + 0.5 + rng.normal(size=rows)


def heavy_ball(X, y, rate, momentum, batches):
    """The recursion of Polyak's equation 9, from its formula alone."""
    Z = np.c_[X, np.ones(len(X))]
    before = now = np.zeros(Z.shape[1])
    for rows in batches:
        gradient = 2 * Z[rows].T @ (Z[rows] @ now - y[rows]) / len(rows)
        before, now = now, now - rate * gradient + momentum * (now - before)
    return now


def engine(name, X, y, rate, momentum):
    moments = Moments.of(X, y)
    quadratic = Quadratic.of(moments, moments.solve(), bias=True)
    start = np.zeros(X.shape[1])
    return make_engine(name, start, 0.0, learning_rate=rate, quadratic=quadratic, momentum=momentum)


@pytest.mark.parametrize("name", ENGINES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), momentum=st.sampled_from([0.1, 0.5, 0.9, 0.99]))
def test_full_batches_follow_the_recursion(name, seed, momentum):
    X, y = table(seed)
    rung, batch = engine(name, X, y, 0.02, momentum), Batch.of(X, y)
    for _ in range(30):
        rung.step(batch)
    expected = heavy_ball(X, y, 0.02, momentum, [np.arange(40)] * 30)
    np.testing.assert_allclose(np.append(*rung.read()), expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("name", ENGINES[:3])
def test_mini_batches_follow_the_recursion(name):
    X, y = table()
    rung, batches = engine(name, X, y, 0.02, 0.8), [np.arange(k, k + 8) for k in (0, 8, 16, 24, 32)] * 4
    for rows in batches:
        rung.step(Batch.of(X[rows], y[rows]))
    expected = heavy_ball(X, y, 0.02, 0.8, batches)
    np.testing.assert_allclose(np.append(*rung.read()), expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("name", ENGINES)
def test_without_momentum_no_wrapper_is_in_the_way(name):
    assert not isinstance(engine(name, *table(), 0.02, 0.0), HeavyBall)


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_the_factor_is_the_spectral_radius(momentum):
    """After many steps of the scalar recursion, the error per step."""
    for step in (0.01, 0.5, 1.5, 2.2, 5.0):
        before, now, logs = 1.0, 1.0, 0.0
        for _ in range(4000):
            before, now = now, (1 + momentum - step) * now - momentum * before
            size = max(abs(now), abs(before)) or 1e-300
            before, now, logs = before / size, now / size, logs + np.log(size)
        if factor(step, 1.0, momentum) != 0.0 and now:
            # complex roots turn while they shrink: the size wobbles, by a factor that 4000 steps divide away
            assert np.exp(logs / 4000) == pytest.approx(abs(factor(step, 1.0, momentum)), rel=2e-3)


@pytest.mark.parametrize("name", ENGINES)
def test_the_limit_is_two_times_one_plus_momentum_over_the_largest_curvature(name):
    X, y = table()
    curvature = np.linalg.eigvalsh(2 * np.c_[X, np.ones(40)].T @ np.c_[X, np.ones(40)] / 40)[-1]
    limit = 2 * (1 + 0.6) / curvature
    below = GradientDescentRegressor(name, learning_rate=0.99 * limit, momentum=0.6, max_iter=5000).fit(X, y)
    assert below.converged_
    assert below.max_learning_rate_ == pytest.approx(limit, rel=1e-12)
    with pytest.raises(DivergenceError, match=r"1 \+ momentum 0.6"):
        GradientDescentRegressor(name, learning_rate=1.01 * limit, momentum=0.6).fit(X, y)


def test_what_is_refused_would_have_diverged():
    X, y = table()
    start = engine("numpy", X, y, 0.02, 0.6)
    limit = 2 * 1.6 / np.linalg.eigvalsh(2 * np.c_[X, np.ones(40)].T @ np.c_[X, np.ones(40)] / 40)[-1]
    rung, batch = engine("numpy", X, y, 1.05 * limit, 0.6), Batch.of(X, y)
    losses = [rung.step(batch) for _ in range(400)]
    assert losses[-1] > 1e3 * start.step(batch)


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_the_forecast_from_rest_is_the_number_of_iterations(momentum):
    X, y = table()
    one = GradientDescentRegressor(learning_rate=0.01, momentum=momentum, max_iter=1)
    with pytest.warns(match="more would do"):
        one.fit(X, y)
    # forecast as if at rest after the first step: a start at rest where that step ended must take exactly so many
    forecast = int(one.stop_reason_.split("about ")[1].split(" more")[0].replace(",", ""))
    again = GradientDescentRegressor(
        learning_rate=0.01, momentum=momentum, max_iter=10**5, init=np.append(one.coef_, one.intercept_)
    ).fit(X, y)
    assert again.n_iter_ == forecast


def test_momentum_crosses_a_ravine_sooner():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) * [1.0, 0.1]
    y = X @ [1.0, 1.0] + 0.1 * rng.normal(size=200)
    plain = GradientDescentRegressor(learning_rate=0.2, max_iter=10**5).fit(X, y)
    heavy = GradientDescentRegressor(learning_rate=0.2, momentum=0.9, max_iter=10**5).fit(X, y)
    assert heavy.converged_
    assert heavy.n_iter_ < plain.n_iter_ / 4


def test_the_state_takes_up_where_it_was():
    X, y = table()
    batch, whole, first, second = Batch.of(X, y), *(engine("numpy", X, y, 0.02, 0.9) for _ in range(3))
    for _ in range(10):
        whole.step(batch)
    for _ in range(4):
        first.step(batch)
    second.write(*first.read())
    second.load_state_dict(first.state_dict())
    for _ in range(6):
        second.step(batch)
    assert (second.read()[0] == whole.read()[0]).all()
    assert second.read()[1] == whole.read()[1]
