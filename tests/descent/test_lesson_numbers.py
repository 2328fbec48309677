"""Every number of the lesson's table: the oracles that the demo, the lab and the docs repeat."""

import math
import warnings

import numpy as np
import pytest

from gradline import DivergenceError, DivergenceWarning, GradientDescentRegressor

from .oracle import X5, Y5

X = X5[:, None]
L = 131.2


def lesson(**changes):
    options = {
        "learning_rate": 0.001,
        "max_iter": 100,
        "tol": None,
        "fit_intercept": False,
        "init": 0.5,
        "record_path": True,
    }
    return GradientDescentRegressor(**(options | changes)).fit(X, Y5)


@pytest.fixture(params=["numpy", "autograd", "nn", "moments"])
def engine(request):
    return request.param


def test_the_first_step(engine):
    fit = lesson(engine=engine)
    assert fit.loss_curve_[0] == pytest.approx(147.6, rel=1e-14)
    assert fit.coef_path_[1, 0] == pytest.approx(0.6968, rel=1e-14)
    assert (fit.coef_path_[0, 0] - fit.coef_path_[1, 0]) / 0.001 == pytest.approx(-196.8, rel=1e-12)


def test_the_error_shrinks_by_the_same_factor_every_step(engine):
    errors = 2.0 - lesson(engine=engine).coef_path_[:60, 0]
    np.testing.assert_allclose(errors[1:] / errors[:-1], 1 - 0.001 * L, rtol=1e-9)


def test_losses_at_every_tenth_step(engine):
    expected = [
        147.6,
        8.861,
        0.53196,
        0.0319356,
        0.00191722,
        0.000115098,
        6.90977e-06,
        4.1482e-07,
        2.49033e-08,
        1.49504e-09,
    ]
    np.testing.assert_allclose(lesson(engine=engine).loss_curve_[::10], expected, rtol=5e-5)


def test_iteration_100_in_full():
    fit = lesson()
    # the loss is a square of differences of numbers near 26: it has about 26 * 2**-53 / 1e-5 relative rounding
    assert fit.loss_curve_[99] == pytest.approx(1.189074818252999e-10, rel=1e-9)
    assert fit.coef_[0] == pytest.approx(1.999998830305404, rel=1e-15)
    assert fit.n_iter_ == 100
    assert fit.stop_reason_ == (
        "Stopped after the 100 iterations asked for: 'x0' is a relative 5.8e-07 from the least squares answer."
    )
    assert len(fit.loss_curve_) == 100
    assert fit.coef_path_.shape == (101, 1)


def test_iteration_100_in_float32(engine):
    if engine == "moments":
        pytest.skip("the statistics are float64: there is no float32 descent on them")
    fit = lesson(engine=engine, dtype="float32")
    assert fit.loss_curve_[99] == pytest.approx(1.16e-10, rel=0.05)
    assert fit.coef_[0] == pytest.approx(1.9999988, abs=1.2e-7)


def test_one_over_the_curvature_lands_in_one_step(engine):
    fit = lesson(engine=engine, learning_rate=1 / L, max_iter=2)
    assert fit.coef_path_[1, 0] == pytest.approx(2.0, rel=1e-15)
    assert fit.loss_curve_[1] == pytest.approx(0.0, abs=1e-28)


def test_the_typed_rate_leaves_a_trace(engine):
    assert lesson(engine=engine, learning_rate=0.0076219512, max_iter=2).loss_curve_[1] == pytest.approx(
        9.7e-16, rel=0.01
    )


def test_twice_that_bounces_for_ever(engine):
    fit = lesson(engine=engine, learning_rate=2 / L)
    np.testing.assert_allclose(fit.coef_path_[::2, 0], 0.5, rtol=1e-11)
    np.testing.assert_allclose(fit.coef_path_[1::2, 0], 3.5, rtol=1e-11)
    np.testing.assert_allclose(fit.loss_curve_, 147.6, rtol=1e-11)


def test_beyond_the_limit_is_an_error_before_the_first_step(engine):
    with pytest.raises(DivergenceError, match=r"0\.01524") as caught:
        lesson(engine=engine, learning_rate=0.02)
    error = caught.value
    assert error.iteration == 0
    assert error.learning_rate == 0.02
    assert error.max_learning_rate == pytest.approx(2 / L, rel=1e-14)
    assert error.best_learning_rate == pytest.approx(1 / L, rel=1e-14)
    assert error.column == "column 'x0'"
    assert "-1.624" in str(error)


def test_beyond_the_limit_can_be_watched(engine):
    with pytest.warns(DivergenceWarning, match=r"0\.01524"):
        fit = lesson(engine=engine, learning_rate=0.02, on_divergence="warn")
    assert fit.n_iter_ == 16
    assert not fit.converged_
    assert fit.stop_reason_ == (
        "Stopped at iteration 16: the loss is 2,000,000 times its start; every step multiplies the error by -1.624."
    )
    assert f"{fit.loss_curve_[9]:.4f}" == "911244.2602"
    assert f"{fit.coef_path_[10, 0]:.4f}" == "-189.4042"


@pytest.mark.parametrize(
    ("dtype", "rate", "first_infinite", "final"),
    [
        ("float32", 0.02, 85, None),
        ("float32", 0.1, 17, np.nan),
        ("float64", 0.02, None, -1.7e21),
        ("float64", 0.1, None, -3.36e108),
    ],
)
def test_the_bare_lesson_beyond_the_limit(dtype, rate, first_infinite, final):
    """What the loop guards against: float32 overflows, float64 ends at a huge number that looks like an answer."""
    x, y, a = X5.astype(dtype), Y5.astype(dtype), np.dtype(dtype).type(0.5)
    losses = []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(100):
            losses.append(np.mean((a * x - y) ** 2))
            a = a - np.dtype(dtype).type(rate) * 2 * np.mean(x * (a * x - y))
    assert next((k for k, loss in enumerate(losses) if not np.isfinite(loss)), None) == first_infinite
    if final is not None:
        assert float(a) == pytest.approx(final, rel=0.03, nan_ok=True)


def test_with_an_intercept_the_limit_and_the_condition_number():
    from gradline.descent.goal.quadratic import Quadratic
    from gradline.moments.moments import Moments

    moments = Moments.of(X, Y5)
    quadratic = Quadratic.of(moments, moments.solve(), bias=True)
    assert quadratic.smallest == pytest.approx(0.58394, abs=5e-6)
    assert quadratic.largest == pytest.approx(132.616, abs=5e-4)
    assert quadratic.largest / quadratic.smallest == pytest.approx(227.1, abs=0.05)
    assert quadratic.max_learning_rate == pytest.approx(0.0150811, abs=5e-8)


@pytest.mark.parametrize(("steps", "b"), [(100, 4.8115), (1000, 2.8443), (10_000, 0.0148)])
def test_with_an_intercept_b_crawls(steps, b, engine):
    if engine in ("autograd", "nn") and steps == 10_000:
        pytest.skip("the same trajectory as numpy (test_rungs), and 10,000 torch steps take seconds")
    fit = lesson(engine=engine, fit_intercept=True, init=[0.5, 5.0], max_iter=steps)
    assert fit.intercept_ == pytest.approx(b, abs=5e-5)


def test_with_an_intercept_the_flat_direction_takes_23652_steps():
    """To shrink by a million; seen in the descent, and from its curvature."""
    from gradline.descent.goal.quadratic import Quadratic
    from gradline.moments.moments import Moments

    moments = Moments.of(X, Y5)
    quadratic = Quadratic.of(moments, moments.solve(), bias=True)
    assert round(math.log(1e-6) / math.log(1 - 0.001 * quadratic.smallest)) == 23_652
    fit = lesson(engine="moments", fit_intercept=True, init=[0.5, 5.0], max_iter=23_652, record_path=False)
    flat = quadratic.curvatures[1][:, 0]
    left = flat @ [fit.coef_[0] - 2, fit.intercept_] / (flat @ [0.5 - 2, 5.0])
    assert left == pytest.approx(1e-6, rel=0.0006)  # one step more or less is a factor of 0.9994


def test_standardised_one_half_finds_both_in_one_step(engine):
    z = (X - X.mean()) / X.std()
    fit = GradientDescentRegressor(engine, learning_rate=0.5, max_iter=1, tol=None, init=[0.5, 5.0]).fit(z, Y5)
    assert fit.coef_[0] == pytest.approx(2 * X.std(), rel=1e-14)
    assert fit.intercept_ == pytest.approx(Y5.mean(), rel=1e-14)


def test_float32_parts_from_float64_by_its_rounding():
    gap = {}
    for rate in (0.001, 0.02):
        paths = []
        for dtype in ("float32", "float64"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DivergenceWarning)
                paths.append(lesson(learning_rate=rate, dtype=dtype, on_divergence="warn").coef_path_[:, 0])
        gap[rate] = np.max(np.abs(paths[0] - paths[1]) / np.abs(paths[1]))
    assert gap[0.001] < 3e-7
    assert gap[0.02] < 5e-6


def test_sum_instead_of_mean_has_a_limit_five_times_lower():
    """With the loss summed over N rows the curvature is N times as large: the same descent at rate N times the rate."""
    fit = lesson(learning_rate=0.001 * 5)
    errors = 2.0 - fit.coef_path_[:10, 0]
    np.testing.assert_allclose(errors[1:] / errors[:-1], 0.344, rtol=1e-9)
    assert fit.max_learning_rate_ / 5 == pytest.approx(0.00304878, abs=5e-9)


def test_a_missing_factor_2_converges_slower():
    assert lesson(learning_rate=0.0005).coef_[0] == pytest.approx(1.9983042, abs=5e-8)


def test_gradients_that_are_never_zeroed_swing_for_ever():
    a, velocity, lines = 0.5, 0.0, []
    for k in range(100):
        loss = np.mean((a * X5 - Y5) ** 2)
        velocity += np.mean(2 * X5 * (a * X5 - Y5))
        a -= 0.001 * velocity
        if k % 10 == 9:
            lines.append(round(loss, 2))
    assert lines == [137.64, 71.15, 9.41, 9.32, 70.97, 137.53, 147.66, 92.03, 21.90, 1.91]
    assert a == pytest.approx(1.3007, abs=5e-5)


def test_a_column_against_a_row_would_settle_elsewhere():
    """The broadcast pitfall, by its formula: estimators make it impossible, the lessons show it."""
    a = X5.mean() * Y5.mean() / np.mean(X5**2)
    assert a == pytest.approx(1.4097561, abs=5e-8)
    assert np.mean((a * X - Y5[None, :]) ** 2) == pytest.approx(132.0257561, abs=5e-8)
    with pytest.raises(ValueError, match="Reshape"):
        GradientDescentRegressor().fit(X5, Y5)
