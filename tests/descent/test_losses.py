"""Losses against finite differences, integrals and the libraries that have them; the engines against plain loops."""

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradline.descent.steps.loss_by_hand
from gradline.data.batch import Batch
from gradline.descent.losses.by_name import loss_named
from gradline.descent.losses.huber import Huber
from gradline.descent.losses.quantile import Absolute, Quantile
from gradline.descent.losses.squared import Squared
from gradline.descent.rung1_by_hand import ByHand
from gradline.descent.steps.loss_by_hand import LossByHand
from gradline.errors import DataError

FOLDER = Path(gradline.descent.steps.loss_by_hand.__file__).parent
SMOOTH = [Squared(), Huber(0.7), Huber(math.inf), Absolute(0.5), Quantile(0.9, 0.3), Quantile(0.25, 2.0)]
KINKED = [Absolute(), Quantile(0.9), Quantile(0.5)]
residuals = st.floats(-100, 100).filter(lambda r: r == 0 or abs(r) > 1e-6)
widths = st.floats(0.01, 10)
losses = st.one_of(
    st.just(Squared()),
    st.builds(Huber, widths),
    st.builds(Absolute, st.just(0.0) | widths),
    st.builds(Quantile, st.floats(0.01, 0.99), st.just(0.0) | widths),
)


@settings(deadline=None)
@given(loss=losses, r=residuals)
def test_slope_is_the_derivative_of_value(loss, r):
    """Value is a parabola or a straight line on each side of a bend: a central difference is exact, but for rounding
    of eps * value / h, and but for a bend inside (r - h, r + h), which moves it by less than curvature * h."""
    h = 1e-5
    below, above = loss.value(np.array([r - h, r + h]))
    bends = loss.width == 0 and abs(r) <= h
    bound = 0.0 if loss.width == 0 else loss.curvature_bound * h
    if not bends:
        assert loss.slope(np.array([r]))[0] == pytest.approx(
            (above - below) / (2 * h), abs=1e-11 * max(1, above) / h + bound
        )


@settings(deadline=None)
@given(loss=losses, r=residuals)
def test_curvature_is_the_derivative_of_slope(loss, r):
    h = 1e-6
    if abs(abs(r) - loss.width) > h:  # not across a bend
        below, above = loss.slope(np.array([r - h, r + h]))
        assert loss.curvature(np.array([r]))[0] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-7)


@settings(deadline=None)
@given(loss=losses, r=residuals)
def test_no_curvature_exceeds_its_bound(loss, r):
    assert 0 <= loss.curvature(np.array([r]))[0] <= loss.curvature_bound


@settings(deadline=None)
@given(loss=losses, r=residuals, unit=st.floats(1e-3, 1e3))
def test_units_do_not_change_a_loss(loss, r, unit):
    there = loss.in_units(unit)
    r = np.array([r])
    assert there.value(r / unit) * unit**loss.degree == pytest.approx(loss.value(r), rel=1e-12)
    assert there.slope(r / unit) * unit ** (loss.degree - 1) == pytest.approx(loss.slope(r), rel=1e-12, abs=1e-14)
    assert there.curvature_bound * unit ** (loss.degree - 2) == pytest.approx(loss.curvature_bound)


@settings(deadline=None, max_examples=30)
@given(level=st.floats(0.01, 0.99), h=st.floats(0.1, 5), r=st.floats(-10, 10))
def test_smoothing_is_the_mean_over_a_window(level, h, r):
    """Convolution with a uniform kernel; scipy integrates each straight piece exactly."""
    from scipy.integrate import quad

    for smooth, kinked in ((Absolute(h), Absolute()), (Quantile(level, h), Quantile(level))):
        pieces = [r - h, *([0.0] if abs(r) < h else []), r + h]
        area = sum(quad(lambda u, loss=kinked: loss.value(np.array([u]))[0], a, b)[0] for a, b in pairwise(pieces))
        assert smooth.value(np.array([r]))[0] == pytest.approx(area / (2 * h), rel=1e-10)


def test_the_pinball_is_that_of_scikit_learn():
    from sklearn.metrics import mean_pinball_loss

    rng = np.random.default_rng(0)
    p, y = rng.normal(size=(2, 100))
    for level in (0.05, 0.5, 0.9):
        assert Quantile(level).value(p - y).mean() == pytest.approx(mean_pinball_loss(y, p, alpha=level), rel=1e-12)


def test_huber_without_a_limit_is_least_squares():
    r = np.array([-1e200, -3.0, 0.0, 0.5])
    with np.errstate(over="ignore"):
        for verb in ("value", "slope", "curvature"):
            np.testing.assert_array_equal(getattr(Huber(math.inf), verb)(r), getattr(Squared(), verb)(r))


@pytest.mark.parametrize("loss", [*SMOOTH, *KINKED], ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_criteria_are_the_same_losses(loss, dtype):
    """Also on the bends, where there are several subgradients: both take the middle."""
    torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
    from gradline.descent.losses.criteria import criterion

    r = np.array([*np.linspace(-3, 3, 49), 0.0, loss.width, -loss.width, 1e6])
    r = r[np.isfinite(r)].astype(dtype)
    p, y = torch.from_numpy(r).requires_grad_(), torch.zeros(len(r), dtype=getattr(torch, dtype))
    value = criterion(loss)(p, y)
    value.sum().backward()
    assert value.dtype == y.dtype
    assert loss.value(r).dtype == loss.slope(r).dtype == loss.curvature(r).dtype == r.dtype
    # a pinball is a difference of two terms of the size of r / 2; a smoothed loss has a constant h / 2
    rounding = 4 * np.finfo(dtype).eps
    near = rounding * (np.abs(r) + (loss.width if math.isfinite(loss.width) else 0))
    assert (np.abs(value.detach().numpy() - loss.value(r)) <= near + rounding * loss.value(r)).all()
    np.testing.assert_allclose(p.grad.numpy(), loss.slope(r), rtol=rounding, atol=rounding)


def test_torch_criteria_are_torchs_own_where_it_has_them():
    pytest.importorskip("torch", reason="needs the extra 'torch'")
    from torch import nn

    from gradline.descent.losses.criteria import criterion

    assert type(criterion(Squared())) is nn.MSELoss
    assert type(criterion(Absolute())) is nn.L1Loss
    assert any(isinstance(module, nn.HuberLoss) for module in criterion(Huber(1.0)).modules())


def test_an_unknown_loss_is_told_the_names():
    with pytest.raises(DataError, match="no loss 'hubert', expected one of 'squared', 'huber', 'absolute', 'quantile'"):
        loss_named("hubert")
    with pytest.raises(DataError, match="no loss 3"):
        loss_named(3)
    with pytest.raises(DataError, match=r"Quantile\(0.9\)"):
        loss_named(Quantile)


def test_names_give_defaults_and_losses_themselves():
    assert [loss_named(name) for name in ("squared", "huber", "absolute", "quantile")] == [
        Squared(),
        Huber(),
        Absolute(),
        Quantile(),
    ]
    assert loss_named(Huber()) == Huber(None)
    assert loss_named(Quantile(0.1)) == Quantile(0.1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Huber(0.0), "delta of the Huber loss is 0.0, expected a number above 0"),
        (lambda: Huber(math.nan), "delta of the Huber loss is nan"),
        (lambda: Quantile(1.0), "level of the quantile loss is 1.0, expected a number between 0 and 1"),
        (lambda: Quantile(math.nan), "level of the quantile loss is nan"),
        (lambda: Absolute(-1.0), "bandwidth is -1.0, expected a finite number, 0 or above"),
        (lambda: Quantile(0.5, math.inf), "bandwidth is inf"),
        (lambda: Huber().value(np.ones(1)), "delta of the Huber loss is left to the data"),
    ],
)
def test_parameters_out_of_range_are_named(make, sentence):
    with pytest.raises(DataError, match=re.escape(sentence)):
        make()


def problem(seed, rows=30, features=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features))
    y = X @ rng.normal(size=features) + 1.5 + rng.standard_t(2, size=rows)
    return X, y, rng.uniform(0.2, 3.0, rows), rng.normal(size=features)


def engines(w, b, loss, *, learning_rate, bias, dtype="float64"):
    yield LossByHand(w, b, loss=loss, learning_rate=learning_rate, bias=bias, dtype=dtype)
    try:
        from gradline.descent.losses.criteria import criterion
        from gradline.descent.steps.loss_by_autograd import LossByAutograd
    except ImportError:
        return
    yield LossByAutograd(
        w, b, criterion=criterion(loss), learning_rate=learning_rate, bias=bias, dtype=dtype, device="cpu"
    )


@pytest.mark.parametrize("loss", [*SMOOTH, *KINKED], ids=repr)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_engines_follow_plain_loops(loss, bias, weighted):
    X, y, weight, start = problem(3)
    weight = weight if weighted else None
    for engine in engines(start, 0.0, loss, learning_rate=0.05, bias=bias):
        w, b, share = start.copy(), 0.0, (np.ones(30) if weight is None else weight)
        share = share / share.sum()
        for _ in range(20):
            r = [sum(X[i, j] * w[j] for j in range(3)) + b - y[i] for i in range(30)]
            expected = sum(share[i] * loss.value(np.array([r[i]]))[0] for i in range(30))
            pull = [share[i] * loss.slope(np.array([r[i]]))[0] for i in range(30)]
            w = w - 0.05 * np.array([sum(pull[i] * X[i, j] for i in range(30)) for j in range(3)])
            b = b - 0.05 * sum(pull) if bias else b
            assert engine.step(Batch.of(X, y, weight)) == pytest.approx(expected, rel=1e-12)
            slopes, intercept = engine.read()
            np.testing.assert_allclose(np.append(slopes, intercept), np.append(w, b), rtol=0, atol=1e-12)


def test_least_squares_is_rung_1_to_the_bit():
    X, y, weight, start = problem(5)
    rung = ByHand(start, 0.3, learning_rate=0.1, bias=True, dtype="float64")
    own = LossByHand(start, 0.3, loss=Squared(), learning_rate=0.1, bias=True, dtype="float64")
    for _ in range(10):
        assert own.step(Batch.of(X, y, weight)) == rung.step(Batch.of(X, y, weight))
        np.testing.assert_allclose(own.read()[0], rung.read()[0], rtol=1e-15)


def test_an_engine_goes_where_it_is_told():
    X, y, _, start = problem(6)
    there = np.array([3.0, -1.0, 0.5])
    for engine in engines(start, 0.0, Huber(1.0), learning_rate=0.1, bias=True):
        engine.step(Batch.of(X, y))
        engine.write(there, 0.25)
        slopes, intercept = engine.read()
        assert slopes.tolist() == there.tolist()
        assert intercept == 0.25
        assert engine.step(Batch.of(X, y)) == pytest.approx(Huber(1.0).value(X @ there + 0.25 - y).mean(), rel=1e-12)


@pytest.mark.parametrize("loss", [*SMOOTH, *KINKED], ids=repr)
def test_float32_stays_within_its_rounding(loss):
    X, y, _, start = problem(7)
    far = [
        next(engines(start, 0.0, loss, learning_rate=0.05, bias=True, dtype=dtype)) for dtype in ("float32", "float64")
    ]
    for _ in range(20):
        low, high = (engine.step(Batch.of(X, y)) for engine in far)
        # 20 steps, each of which rounds sums of numbers of size 1 to 10 (a kink that rounding steps over: one pull)
        assert low == pytest.approx(high, rel=1e-5)


@pytest.mark.parametrize("file", ["loss_by_hand.py", "loss_by_autograd.py"])
def test_an_engine_is_at_most_45_lines_with_its_four_stages_in_order(file):
    text = (FOLDER / file).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45
    assert re.findall(r"# (\d)\. (\w+)", text) == [("1", "predict"), ("2", "loss"), ("3", "gradient"), ("4", "update")]
