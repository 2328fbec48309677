"""Ways in which it was once silently wrong, or ended in a traceback: each found by somebody who tried."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from gradline import CollinearityWarning, DataError, GradientDescentRegressor, LinearRegression
from tests.command import gradline


def rng():
    return np.random.default_rng(0)


def noisy(n=400):
    z = rng().normal(size=(n, 3))
    return z, z @ [1.0, 2.0, 3.0] + rng().normal(size=n)


@pytest.mark.parametrize("engine", ["numpy", "autograd", "nn", "moments"])
def test_a_crawling_descent_on_offset_data_is_not_called_converged(engine):
    x = 1e4 + rng().normal(size=(500, 1))
    y = 3 * x[:, 0] + np.random.default_rng(1).normal(size=500)
    with pytest.warns(ConvergenceWarning):
        fit = GradientDescentRegressor(engine, learning_rate=4e-9, max_iter=100).fit(x, y)
    assert not fit.converged_
    exact = LinearRegression(precision="exact").fit(x, y)
    error = abs(fit.coef_[0] - exact.coef_[0]) / exact.inference().standard_error[1]
    assert fit.optimality_gap_ >= 0.99 * error


@pytest.mark.parametrize("engine", ["numpy", "autograd", "nn"])
@pytest.mark.parametrize("size", [1, 2, 8])
def test_small_batches_do_not_forget_the_weights(engine, size):
    X = rng().normal(size=(400, 1))
    w = np.where(X[:, 0] > 0, 100.0, 1.0)
    y = np.where(X[:, 0] > 0, 5.0, 1.0) * X[:, 0] + 0.1 * np.random.default_rng(1).normal(size=400)
    weighted = LinearRegression().fit(X, y, w).coef_[0]
    unweighted = LinearRegression().fit(X, y).coef_[0]
    passes = {1: 3, 2: 5, 8: 10}[size]
    fit = GradientDescentRegressor(engine, batch_size=size, max_iter=passes, tol=None, random_state=0).fit(X, y, w)
    assert abs(fit.coef_[0] - weighted) < 0.1 * abs(unweighted - weighted)


@pytest.mark.parametrize("size", [1e-170, 1e170, 1e-300, 1e300])
def test_standard_errors_beyond_float64_are_absent_not_wrong(size):
    x = np.arange(10.0)
    inference = LinearRegression().fit(x[:, None] * size, (x + np.sin(x)) * size).inference()
    plain = LinearRegression().fit(x[:, None], x + np.sin(x)).inference()
    for ours, truth in zip(inference.standard_error[1:], plain.standard_error[1:], strict=True):
        assert np.isnan(ours) or ours == pytest.approx(truth, rel=1e-9)
    for ours, truth in zip(inference.p_value, plain.p_value, strict=True):
        assert np.isnan(ours) or ours == pytest.approx(truth, rel=1e-9)


def test_an_unfinished_descent_reports_no_fit_it_did_not_reach(tmp_path):
    z, t = noisy(60)
    pd.DataFrame(z, columns=list("abc")).assign(y=t).to_csv(tmp_path / "t.csv", index=False)
    options = ["--engine", "numpy", "--learning-rate", "1e-9", "--iterations", "3"]
    fit = json.loads(gradline("fit", "t.csv", "--target", "y", *options, "--json", cwd=tmp_path).stdout)
    assert fit["converged"] is False
    for figure in ("r2", "adjusted_r2", "residual_sd", "f_statistic", "aic", "bic"):
        assert fit[figure] is None
    text = gradline("fit", "t.csv", "--target", "y", *options, cwd=tmp_path).stdout
    assert "Unfinished" in text
    assert "unfinished" in text


def test_forgetting_more_than_float64_sums_can_tell_is_refused():
    z, t = noisy()
    big, big_t = np.r_[z * 1e6, z[:20]], np.r_[t * 1e6, t[:20]]
    fit = LinearRegression().fit(big, big_t)
    before = fit.coef_.copy()
    with pytest.raises(DataError, match="precision='exact'"):
        fit.forget(big[:400], big_t[:400])
    np.testing.assert_array_equal(fit.coef_, before)
    exact = LinearRegression(precision="exact").fit(big, big_t).forget(big[:400], big_t[:400])
    np.testing.assert_allclose(exact.coef_, LinearRegression().fit(z[:20], t[:20]).coef_, rtol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "nn", "moments"])
def test_sums_of_rounded_columns_are_told_as_nearly_collinear(engine):
    food, rent = rng().uniform(50, 500, 200).round(2), rng().uniform(200, 900, 200).round(2)
    X = np.c_[food, rent, food + rent]
    y = 0.3 * food + 0.5 * rent + np.random.default_rng(1).normal(size=200)
    for model in (LinearRegression(), GradientDescentRegressor(engine, max_iter=50)):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            model.fit(X, y)
        assert any(one.category is CollinearityWarning and "collinear" in str(one.message) for one in seen)
    assert min(model.loss_curve_) > 0


def test_a_feature_may_not_take_the_name_of_the_constant(tmp_path):
    (tmp_path / "t.csv").write_text("(Intercept),y\n1,2\n2,3\n4,4\n")
    done = gradline("fit", "t.csv", "--target", "y", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "rename the column" in done.stderr


def test_parameters_set_after_the_fit_change_nothing_fitted():
    z, t = noisy()
    fit = LinearRegression().fit(z, t + 50)
    told = str(fit.summary())
    fit.set_params(fit_intercept=False, polynomial=2)
    assert str(fit.summary()) == told
    assert fit.predict(z).shape == (400,)
    with pytest.raises(ValueError, match="another model"):
        fit.partial_fit(z, t)


@pytest.mark.parametrize("device", ["cuda", "foo", "meta"])
def test_a_device_that_is_not_there_is_a_sentence(device):
    import torch

    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(DataError, match=f"device '{device}' cannot be used here"):
        GradientDescentRegressor("nn", device=device).fit(*noisy())
    with pytest.raises(DataError, match="runs on the CPU"):
        GradientDescentRegressor("numpy", device=device).fit(*noisy())


@pytest.mark.parametrize("optimizer", ["optimizer", "muon", "sparseadam", int])
def test_an_optimizer_that_cannot_work_says_why(optimizer):
    with pytest.raises(DataError, match=r"cannot make this descent|did you mean|no optimizer"):
        GradientDescentRegressor("nn", learning_rate=0.01, optimizer=optimizer).fit(*noisy())


@pytest.mark.parametrize("optimizer", ["SGD", "Sgd"])
def test_plain_sgd_is_known_by_any_name(optimizer):
    from torch import optim

    assert GradientDescentRegressor("nn", optimizer=optimizer).fit(*noisy()).converged_
    assert GradientDescentRegressor("nn", optimizer=optim.SGD).fit(*noisy()).converged_
    assert GradientDescentRegressor("numpy", optimizer=optimizer).fit(*noisy()).converged_


def test_every_feature_zero_is_a_sentence():
    with pytest.raises(DataError, match=r"zero in every row"):
        GradientDescentRegressor(fit_intercept=False).fit(np.zeros((5, 2)), np.arange(5.0))


@pytest.mark.parametrize("X", ["houses.csv", {"a": [1.0, 2.0]}])
def test_what_is_not_rows_is_sent_to_open_source(X):
    with pytest.raises(DataError, match="open_source"):
        LinearRegression().fit(X, [1.0, 2.0])


@pytest.mark.parametrize("init", [["a", "b", "c"], {}, np.nan, [1.0]])
def test_a_start_that_is_none_is_a_sentence(init):
    with pytest.raises((DataError, ValueError), match="init"):
        GradientDescentRegressor(init=init).fit(*noisy())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_a_sentence():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gradline", "demo", "--engine", "numpy"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--init", "1e200"],
        ["demo", "--init", "nan"],
        ["fit", "t.csv", "--target", "y", "--iterations", "5"],
        ["fit", "t.csv", "--target", "y", "--device", "cuda"],
        ["fit", "t.csv", "--target", "y", "--engine", "numpy", "--precision", "exact"],
    ],
)
def test_options_that_would_be_ignored_are_refused(arguments, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,3\n4,4\n")
    assert gradline(*arguments, cwd=tmp_path).returncode == 2


def test_a_descent_in_data_units_shares_between_equal_columns():
    z, t = noisy()
    with pytest.warns(CollinearityWarning, match="how an effect is shared"):
        fit = GradientDescentRegressor(learning_rate=0.1).fit(np.c_[z, z[:, 0]], t)
    assert fit.converged_
    assert fit.coef_[3] == pytest.approx(fit.coef_[0])


def test_a_relation_with_a_constant_says_so():
    X = pd.DataFrame({"a": [1.0, 2, 3, 5], "b": [2.0, 0, 1, 1]}).assign(c=lambda t: 2 * t.a + 3 * t.b + 1)
    with pytest.warns(CollinearityWarning, match=r"'c' = 2 \* 'a' \+ 3 \* 'b' \(but for a constant\)"):
        LinearRegression().fit(X, [1.0, 2.0, 4.0, 3.0])


def test_many_dependent_columns_are_told_in_one_breath():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        LinearRegression().fit(rng().normal(size=(5, 30)), np.arange(5.0))
    assert 1 <= len(seen) <= 4


def test_advice_is_not_given_where_it_would_not_help():
    z, t = noisy()
    with pytest.warns(ConvergenceWarning) as seen:
        GradientDescentRegressor(batch_size=7, max_iter=5, random_state=0, learning_rate=0.05).fit(z, t)
    assert "raise max_iter" not in str(seen[0].message)  # at a constant rate the noise stays
    with pytest.warns(ConvergenceWarning) as seen:
        GradientDescentRegressor("nn", optimizer="adam", learning_rate=1e-3, max_iter=5).fit(z, t)
    assert "optimizer='sgd', learning_rate='auto'" in str(seen[0].message)  # alone, "auto" is Adam's own 0.001


def test_a_source_can_be_predicted():
    from gradline import open_source

    z, t = noisy()
    frame = pd.DataFrame(z, columns=list("abc")).assign(y=t)
    source = open_source(frame, target="y")
    fit = LinearRegression().fit(source)
    np.testing.assert_allclose(fit.predict(source), fit.predict(frame[list("abc")]), rtol=1e-12, atol=1e-12)


def test_a_refit_without_a_path_keeps_none():
    fit = GradientDescentRegressor(record_path=True).fit(*noisy())
    assert hasattr(fit, "coef_path_")
    assert not hasattr(fit.set_params(record_path=False).fit(*noisy()), "coef_path_")
