"""Mini-batches reach the answer when the rate falls by what is measured; every step here is rung 1's."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradline import GradientDescentRegressor
from gradline.data.batch import Batch
from gradline.descent.rung1_by_hand import ByHand
from gradline.descent.steps.schedule import Schedule, set_rate

from .test_rungs import RUNGS, engine


class Table:
    """Rows whitened by a Cholesky factor: every curvature is 2; distances in standard errors of the raw slopes."""

    def __init__(self, X, y, weight=None):
        n, p = X.shape
        self.weight = np.ones(n) if weight is None else weight / weight.mean()
        X = X - np.average(X, axis=0, weights=self.weight)
        self.y = y - np.average(y, weights=self.weight)
        scatter = (self.weight[:, None] * X).T @ X
        L = np.linalg.cholesky(scatter / n)
        self.Z = np.linalg.solve(L, X.T).T
        self.best = (self.weight[:, None] * self.Z).T @ self.y / n
        residuals = self.y - self.Z @ self.best
        variance = self.weight @ residuals**2 / (n - p - 1)
        standard_errors = np.sqrt(variance * np.diag(np.linalg.inv(scatter)))
        self.to_errors = np.linalg.inv(L).T / standard_errors[:, None]

    def __len__(self):
        return len(self.y)

    def safe_rate(self, m):
        """1 / (2 L_m), L_m the expected smoothness (Gower et al. 2019, proposition 3.8), intercept included."""
        n, worst = len(self), 2 * (self.weight * ((self.Z**2).sum(axis=1) + 1)).max()
        return 0.5 / (n * (m - 1) / (m * (n - 1)) * 2 + (n - m) / (m * (n - 1)) * worst)

    def error(self, rung):
        return float(np.abs(self.to_errors @ (rung.read()[0] - self.best)).max())

    def descend(self, m, passes, *, falling=True, seed=0, own_mean=False):
        """The error after each pass, and the rate of each."""
        n, rng = len(self), np.random.default_rng(seed)
        schedule = Schedule(self.safe_rate(m), pull=2 * n / m)
        rung = ByHand(np.zeros(self.Z.shape[1]), 0.0, learning_rate=schedule.rate, bias=True, dtype="float64")
        errors, rates = [], []
        for _ in range(passes):
            order = rng.permutation(n)
            for start in range(0, n, m):
                i = order[start : start + m]
                rung.step(Batch(self.Z[i], self.y[i], None, self.weight[i] / (len(i) if own_mean else m)))
            errors.append(self.error(rung))
            rates.append(rung.learning_rate)
            schedule = schedule.after_pass(errors[-1])
            if falling:
                set_rate(rung, schedule.rate)
        return np.array(errors), np.array(rates)


def table(kind):
    rng = np.random.default_rng(7)
    X, noise, weight = rng.normal(size=(400, 3)), 1.0, None
    if kind == "noise":
        noise = 30.0
    elif kind == "hardly any noise":
        noise = 1e-4
    elif kind == "lognormal":
        X = np.exp(1.5 * X)
    elif kind == "Cauchy":
        X = rng.standard_cauchy(size=(400, 3))
    elif kind == "one-hot":
        X = np.eye(4)[rng.integers(0, 4, 400)][:, 1:]
    elif kind == "weighted":
        weight = rng.lognormal(size=400)
    y = X @ [1.0, -2.0, 3.0] + noise * rng.normal(size=400)
    return Table(X, y, weight)


KINDS = ("noise", "hardly any noise", "lognormal", "Cauchy", "one-hot", "weighted")


@pytest.mark.parametrize("m", [8, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_every_table_comes_within_a_hundredth_of_a_standard_error_but_at_a_constant_rate(kind, m):
    rows = table(kind)
    errors, _ = rows.descend(m, 200)
    constant, _ = rows.descend(m, 200, falling=False)
    assert (errors[-50:] < 0.01).all()  # to stay, which a lucky crossing does not
    assert (constant > 0.01).all()


def test_single_rows_as_batches_come_there_too():
    errors, _ = table("noise").descend(1, 60)
    assert (errors[-5:] < 0.01).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_never_exceeds_the_safe_one_and_never_rises(kind):
    rows = table(kind)
    _, rates = rows.descend(8, 50)
    assert rates[0] == rows.safe_rate(8)
    assert (np.diff(rates) <= 0).all()


def test_the_error_falls_faster_than_one_over_the_passes():
    """From pass 25 to 400 as k^(-3/2), by a factor of 64; 1 / k would be 16. The geometric mean of five orders."""
    rows = table("noise")
    paths = np.array([rows.descend(50, 400, seed=seed)[0] for seed in range(5)])
    early, late = (np.exp(np.log(paths[:, k - 5 : k]).mean()) for k in (25, 400))
    assert 32 < early / late < 128


def test_a_smaller_last_batch_must_not_count_for_more():
    """One row of 385 as a batch of its own among batches of 64: by its own mean it weighs as much as 64 others."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(385, 3))
    rows = Table(X, X.sum(axis=1) + rng.normal(size=385))
    alike, own = (rows.descend(64, 300, own_mean=own_mean)[0][-20:].mean() for own_mean in (False, True))
    assert own > 10 * alike


def test_an_exact_fit_keeps_its_rate():
    rng = np.random.default_rng(4)
    X = rng.standard_cauchy(size=(200, 3))
    rows = Table(X, X.sum(axis=1) + 1e-9 * rng.normal(size=200))
    errors, rates = rows.descend(8, 30)
    far = errors > 100  # standard errors: distance, not noise
    assert far[:20].all()
    assert (rates[:20] == rates[0]).all()


ERRORS = st.lists(st.floats(0.0) | st.just(math.nan), max_size=30)
RATES = st.floats(1e-12, 1e3)


@given(rate=RATES, pull=st.floats(1e-6, 1e9), errors=ERRORS)
def test_whatever_the_errors_the_rate_stays_above_zero_and_does_not_rise(rate, pull, errors):
    schedule = Schedule(rate, pull)
    for error in errors:
        after = schedule.after_pass(error)
        assert 0.0 < after.rate <= schedule.rate
        schedule = after


@given(
    rate=RATES, pull=st.floats(1e-6, 1e9), errors=st.lists(st.floats(0.0, 1e300), max_size=30), cut=st.integers(0, 30)
)
def test_a_schedule_read_back_goes_on_with_the_same_bits(rate, pull, errors, cut):
    whole = resumed = Schedule(rate, pull)
    for k, error in enumerate(errors):
        if k == cut:
            resumed = Schedule(**json.loads(json.dumps(asdict(resumed))))
        whole, resumed = whole.after_pass(error), resumed.after_pass(error)
        assert resumed == whole


@given(rate=RATES, pull=st.floats(1e-6, 1e3), error=st.floats(1e-100, 1e100))
def test_only_a_pass_that_falls_short_of_half_its_promise_lowers_the_rate(rate, pull, error):
    schedule = Schedule(rate, pull, error)
    halfway = error * (1 + math.exp(-rate * pull)) / 2
    assert schedule.after_pass(halfway).rate == rate
    lower = schedule.after_pass(math.nextafter(halfway, math.inf)).rate
    assert 1 / lower == pytest.approx(1 / rate + pull, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, dtype) for name in RUNGS for dtype in ("float64", "float32")), ("moments", "float64")]
)
def test_a_rung_moves_by_the_rate_it_is_given(name, dtype):
    if name in ("autograd", "nn"):
        pytest.importorskip("torch")
    x, y = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 3.0, 4.0])
    moved = []
    for change in (None, 0.0625):
        rung = engine(name, x, y, [0.0], 0.0, learning_rate=0.25, bias=True, dtype=dtype)
        if change:
            set_rate(rung, change)
        rung.step(Batch.of(x, y))
        w, b = rung.read()
        moved.append(np.append(w, b))
    # powers of two: from zero the step scales without rounding
    np.testing.assert_array_equal(moved[1] * 4, moved[0])


@pytest.mark.parametrize("how", [{"batch_size": 16}, {"loss": "huber", "init": 100.0}], ids=["falls", "is cautious"])
def test_engines_take_the_same_steps_with_momentum_where_the_rate_changes(how):
    """The heavy ball by hand is torch's, which keeps gradients."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, -2.0, 3.0] + rng.standard_t(3, size=200)
    how |= {"momentum": 0.9, "tol": None, "max_iter": 12, "random_state": 0}
    by_hand, by_torch = (GradientDescentRegressor(engine, **how).fit(X, y) for engine in ("numpy", "nn"))
    np.testing.assert_allclose(by_hand.loss_curve_, by_torch.loss_curve_, rtol=1e-11)
    np.testing.assert_allclose(by_hand.coef_, by_torch.coef_, rtol=1e-11)
