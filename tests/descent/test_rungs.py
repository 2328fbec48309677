"""Three rungs, one trajectory: each against the others, an oracle of plain loops, and finite differences."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.data.batch import Batch
from gradline.descent.engines import make_engine
from gradline.descent.goal.quadratic import Quadratic
from gradline.moments.moments import Moments

from .oracle import X5, Y5, descend

RUNGS = ("numpy", "autograd", "nn")
FOLDER = Path(inspect.getfile(make_engine)).parent


def engine(name, X, y, w, b, *, learning_rate, bias, weight=None, dtype="float64"):
    moments = Moments.of(X, y, weight)
    quadratic = Quadratic.of(moments, moments.solve(fit_intercept=bias), bias=bias)
    return make_engine(name, np.asarray(w, float), b, learning_rate=learning_rate, quadratic=quadratic, dtype=dtype)


def problem(seed, rows, features, weighted):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features)) * rng.uniform(0.5, 2.0, features) + rng.normal(size=features)
    y = X @ rng.normal(size=features) + 1.5 + rng.normal(size=rows)
    return X, y, rng.uniform(0.2, 3.0, rows) if weighted else None, rng.normal(size=features), rng


@pytest.mark.parametrize("name", [*RUNGS, "moments"])
@pytest.mark.parametrize("bias", [False, True])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), features=st.integers(1, 6), weighted=st.booleans())
def test_a_full_batch_follows_the_oracle(name, bias, seed, features, weighted):
    X, y, weight, w, _ = problem(seed, 20, features, weighted)
    rate = (
        0.5
        / np.linalg.eigvalsh(2 * np.cov(np.c_[X, np.ones(20)].T, bias=True) + 2 * np.outer(*[np.r_[X.mean(0), 1]] * 2))[
            -1
        ]
    )
    b = 0.7 if bias else 0.0
    losses, path = descend(X, y, w, b, learning_rate=rate, epochs=[[range(20)]] * 30, bias=bias, weight=weight)
    rung, batch = engine(name, X, y, w, b, learning_rate=rate, bias=bias, weight=weight), Batch.of(X, y, weight)
    for k in range(30):
        loss = rung.step(batch)
        np.testing.assert_allclose(loss, losses[k], rtol=1e-12, atol=1e-12 * losses.max())
        slopes, intercept = rung.read()
        # relative to the size of the parameters: one that passes through zero has no relative digits there
        np.testing.assert_allclose(np.append(slopes, intercept), path[k + 1], rtol=0, atol=1e-12 * np.abs(path).max())


@pytest.mark.parametrize("name", RUNGS)
@pytest.mark.parametrize("bias", [False, True])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), features=st.integers(1, 6), weighted=st.booleans(), size=st.integers(1, 7))
def test_mini_batches_follow_the_oracle(name, bias, seed, features, weighted, size):
    X, y, weight, w, rng = problem(seed, 20, features, weighted)
    epochs = []
    for _ in range(3):
        order = rng.permutation(20)
        epochs.append([order[i : i + size] for i in range(0, 20, size)])
    losses, path = descend(X, y, w, 0.0, learning_rate=0.005, epochs=epochs, bias=bias, weight=weight)
    rung = engine(name, X, y, w, 0.0, learning_rate=0.005, bias=bias, weight=weight)
    batches = [rows for batches in epochs for rows in batches]
    seen = [rung.step(Batch.of(X[i], y[i], None if weight is None else weight[i])) for i in batches]
    # a residual is a difference of numbers of the size of y: where it nearly vanishes its rounding does not
    np.testing.assert_allclose(seen, losses, rtol=1e-12, atol=1e-12 * losses.max())
    slopes, intercept = rung.read()
    np.testing.assert_allclose(np.append(slopes, intercept), path[-1], rtol=0, atol=1e-12 * np.abs(path).max())


@pytest.mark.parametrize("name", [*RUNGS, "moments"])
@pytest.mark.parametrize("bias", [False, True])
def test_each_gradient_is_the_slope_of_its_loss(name, bias):
    """Central differences of a quadratic are exact but for rounding: eps * loss / h, with h of the size of w."""
    X, y, weight, w, _ = problem(7, 30, 4, weighted=True)
    b, rate = (0.3 if bias else 0.0), 1e-3
    batch, start = Batch.of(X, y, weight), np.append(w, b)

    def loss(v):
        return engine(name, X, y, v[:4], v[4], learning_rate=rate, bias=bias, weight=weight).step(batch)

    rung = engine(name, X, y, w, b, learning_rate=rate, bias=bias, weight=weight)
    rung.step(batch)
    slopes, intercept = rung.read()
    gradient = (start - np.append(slopes, intercept)) / rate
    for j in range(4 + bias):
        h = np.eye(5)[j] * 0.5
        assert gradient[j] == pytest.approx((loss(start + h) - loss(start - h)) / 1.0, rel=1e-9)
    if not bias:
        assert intercept == 0.0


@pytest.mark.parametrize("name", RUNGS)
def test_the_engines_agree_on_the_five_points(name):
    reference = engine("numpy", X5[:, None], Y5, [0.5], 0.0, learning_rate=0.001, bias=False)
    rung = engine(name, X5[:, None], Y5, [0.5], 0.0, learning_rate=0.001, bias=False)
    batch = Batch.of(X5[:, None], Y5)
    for _ in range(100):
        assert rung.step(batch) == pytest.approx(reference.step(batch), rel=1e-12)
        assert rung.read()[0][0] == pytest.approx(reference.read()[0][0], rel=1e-12)


@pytest.mark.parametrize("name", RUNGS)
def test_float32_stays_within_its_rounding(name):
    rung = engine(name, X5[:, None], Y5, [0.5], 0.0, learning_rate=0.001, bias=False, dtype="float32")
    batch = Batch.of(X5[:, None], Y5)
    _, path = descend(X5[:, None], Y5, [0.5], 0.0, learning_rate=0.001, epochs=[[range(5)]] * 100, bias=False)
    for k in range(100):
        rung.step(batch)
        assert rung.read()[0][0] == pytest.approx(path[k + 1, 0], rel=1e-6)


def test_nn_meets_its_target_in_the_same_shape(monkeypatch):
    """(n, 1) against (n, 1): what `MSELoss` is given can never broadcast to (n, n)."""
    from torch import nn

    shapes = []
    plain = nn.MSELoss.forward
    monkeypatch.setattr(
        nn.MSELoss, "forward", lambda self, p, y: shapes.append((p.shape, y.shape)) or plain(self, p, y)
    )
    engine("nn", X5[:, None], Y5, [0.5], 0.0, learning_rate=0.001, bias=False).step(Batch.of(X5[:, None], Y5))
    assert shapes == [((5, 1), (5, 1))]


@pytest.mark.parametrize("file", ["rung1_by_hand.py", "rung2_autograd.py", "rung3_nn.py", "from_moments.py"])
def test_a_rung_is_at_most_45_lines_with_its_four_stages_in_order(file):
    text = (FOLDER / file).read_text()
    assert len(text.splitlines()) <= 45
    assert re.findall(r"# (\d)\. (\w+)", text) == [("1", "predict"), ("2", "loss"), ("3", "gradient"), ("4", "update")]


@pytest.mark.parametrize("file", ["rung2_autograd.py", "rung3_nn.py"])
def test_a_torch_rung_shows_what_the_lesson_teaches(file):
    text = (FOLDER / file).read_text()
    words = {
        "rung2_autograd.py": ("loss.backward()", "torch.no_grad()", "grad.zero_()"),
        "rung3_nn.py": ("nn.MSELoss", "zero_grad()", "loss.backward()", "optimizer.step()"),
    }
    for word in words[file]:
        assert word in text
