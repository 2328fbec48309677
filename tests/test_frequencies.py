"""Weights that say how often a row was met: every figure is that of the repeated rows."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import (
    DataError,
    ExactMoments,
    GradientDescentRegressor,
    Huber,
    LinearRegression,
    Quantile,
    load,
    open_source,
)
from gradline.moments.one_pass import one_pass
from tests.command import gradline


def houses(rows=40, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"sqft": rng.normal(90, 20, rows), "city": rng.choice(["Bonn", "Oslo", "Rome"], rows)})
    frame["price"] = 2 * frame.sqft + 9 * (frame.city == "Oslo") + rng.normal(size=rows)
    return frame.assign(times=rng.integers(0, 5, rows))


def repeated(frame):
    return frame.loc[frame.index.repeat(frame.times)].drop(columns="times").reset_index(drop=True)


TOLD_OF_WEIGHTS = ("notes", "source", "weight", "weights", "rows_of_weight_zero")


def figures(summary):
    return {name: value for name, value in summary.as_dict().items() if name not in TOLD_OF_WEIGHTS}


def test_weights_and_the_rows_they_leave_out_are_told():
    frame = houses()
    zero = int((frame.times == 0).sum())
    assert zero
    told = {}
    for weights in ("analytic", "frequency"):
        summary = LinearRegression().fit(open_source(frame, target="price", weight="times", weights=weights)).summary()
        told[weights] = " ".join(str(summary).split())
        found = summary.as_dict()
        assert (found["weight"], found["weights"], found["rows_of_weight_zero"]) == ("times", weights, zero)
    assert f"Weighted by times, as frequencies; {zero} rows of weight zero left out." in told["frequency"]
    assert "Weighted by times, analytically: log-likelihood, AIC and BIC without log w" in told["analytic"]


@pytest.mark.parametrize("formula", [None, "log(price) ~ sqft * city"])
def test_every_figure_is_that_of_the_repeated_rows_to_the_bit(formula, tmp_path):
    frame = houses()
    frame.to_csv(tmp_path / "t.csv", index=False)
    roles = {"formula": formula} if formula else {"target": "price"}
    expected = LinearRegression(precision="exact").fit(open_source(repeated(frame), **roles))
    for data in (frame, tmp_path / "t.csv"):
        source = open_source(data, weight="times", weights="frequency", batch_rows=7, **roles)
        found = LinearRegression(precision="exact").fit(source)
        assert found.moments_ == expected.moments_
        assert found.n_samples_ == frame.times.sum()
        assert figures(found.summary()) == figures(expected.summary())


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=12))
@settings(deadline=None)
def test_arrays_too(rows):
    x, y, times = np.array(rows).T
    if not times.any():
        return
    again = np.repeat(np.arange(len(x)), times.astype(int))
    assert ExactMoments.of(x[:, None], y, times).counted() == ExactMoments.of(x[again, None], y[again])


@pytest.mark.parametrize("precision", ["auto", "float64", "exact"])
def test_an_estimator_of_arrays_counts_rows(precision):
    frame = houses()
    X, y, times = frame[["sqft"]].to_numpy(), frame.price.to_numpy(), frame.times.to_numpy()
    again = repeated(frame)
    counted = LinearRegression(precision=precision, weights="frequency").fit(X, y, times)
    rows = LinearRegression(precision=precision).fit(again[["sqft"]].to_numpy(), again.price.to_numpy())
    assert counted.n_samples_ == rows.n_samples_ == len(again)
    for name in ("standard_error", "t", "p_value", "confidence_interval", "aic", "bic", "adjusted_r2", "f_statistic"):
        ours, theirs = (getattr(model.inference(), name) for model in (counted, rows))
        np.testing.assert_allclose(ours, theirs, rtol=0 if precision == "exact" else 1e-9)
    quadratic = LinearRegression(polynomial=2, weights="frequency").fit(X, y, times)
    assert quadratic.moments_ == LinearRegression(polynomial=2).fit(again[["sqft"]].to_numpy(), again.price).moments_


def test_rows_come_and_go_by_their_counts():
    frame, more = houses(), houses(seed=1)

    def columns(f):
        return f[["sqft"]].to_numpy(), f.price.to_numpy(), f.times.to_numpy()

    model = LinearRegression(weights="frequency").partial_fit(*columns(frame)).partial_fit(*columns(more))
    both = repeated(pd.concat([frame, more], ignore_index=True))
    assert model.moments_ == ExactMoments.of(both[["sqft"]].to_numpy(), both.price.to_numpy())
    model.forget(*columns(more))
    once = repeated(frame)
    assert model.moments_ == ExactMoments.of(once[["sqft"]].to_numpy(), once.price.to_numpy())


@pytest.mark.parametrize(("kind", "other"), [("frequency", "analytic"), ("analytic", "frequency")])
def test_weights_of_both_kinds_are_never_summed_together(kind, other):
    X, y, w = [[1.0], [2.0], [4.0]], [3.0, 5.0, 8.0], [2, 3, 1]
    model = LinearRegression(weights=kind).partial_fit(X, y, w).partial_fit([[5.0]], [11.0])
    sums = model.moments_
    model.set_params(weights=other)
    for change in (model.partial_fit, model.forget):
        with pytest.raises(DataError, match=f"of these rows are {other}, those of the rows fitted before {kind}") as no:
            change(X, y, w)
        assert f"weights='{kind}'" in no.value.hint
    assert model.moments_ == sums
    model.partial_fit([[6.0]], [13.0])  # without weights either kind is as good
    assert f"{'as frequencies' if kind == 'frequency' else 'analytically'}" in str(model.summary())
    assert model.set_params(weights=kind).partial_fit(X, y, w).n_samples_ == 2 * (6 if kind == "frequency" else 3) + 2
    plain = LinearRegression(weights=kind).partial_fit(X, y).set_params(weights=other).partial_fit(X, y, w)
    assert plain.n_samples_ == 3 + (6 if other == "frequency" else 3)


def test_analytic_weights_are_those_of_statsmodels():
    frame = houses().assign(w=np.random.default_rng(3).uniform(0.1, 4.0, 40)).drop(columns="times")
    summary = LinearRegression().fit(open_source(frame, target="price", weight="w")).inference()
    dummies = pd.get_dummies(frame[["sqft", "city"]], drop_first=True, dtype=float)
    theirs = sm.WLS(frame.price, sm.add_constant(dummies), weights=frame.w).fit()
    for ours, other in (("coefficients", "params"), ("standard_error", "bse"), ("p_value", "pvalues")):
        np.testing.assert_allclose(getattr(summary, ours), getattr(theirs, other), rtol=1e-9, atol=1e-300)
    assert summary.rows == 40


def test_what_is_not_whole_is_named_with_its_row(tmp_path):
    frame = houses().astype({"times": float})
    frame.loc[22, "times"] = 1.5
    frame.to_csv(tmp_path / "t.csv", index=False)
    for data in (frame, tmp_path / "t.csv"):
        with pytest.raises(DataError, match=r"weight 'times' of .* is 1\.5 in row 23, expected a whole number"):
            one_pass(open_source(data, target="price", weight="times", weights="frequency", batch_rows=5), ExactMoments)
    with pytest.raises(DataError, match=r"sample_weight is 1\.5 in row 23, expected a whole number of rows"):
        LinearRegression(weights="frequency").fit(frame[["sqft"]], frame.price, frame.times)


def test_a_negative_count_and_none_at_all_are_refused():
    for times, said in ((-1, "is negative: -1.0 in row 1"), (0, "weight zero")):
        with pytest.raises(DataError, match=said):
            one_pass(
                open_source(houses().assign(times=times), target="price", weight="times", weights="frequency"),
                ExactMoments,
            )


def test_analytic_weights_do_not_pass_for_frequencies():
    source = open_source(houses(), target="price", weight="times")
    with pytest.raises(DataError, match="are analytic, but weights='frequency' was asked for") as caught:
        LinearRegression(weights="frequency").fit(source)
    assert caught.value.hint.startswith("open_source(..., weights='frequency')")
    unweighted = open_source(houses(), target="price")
    assert LinearRegression(weights="frequency").fit(unweighted).n_samples_ == 40
    with pytest.raises(DataError, match="weights='often' is not known"):
        open_source(houses(), target="price", weights="often")


def test_the_model_file_says_which(tmp_path):
    frame = houses()
    model = LinearRegression(weights="frequency", precision="exact").fit(frame[["sqft"]], frame.price, frame.times)
    model.save(tmp_path / "m.json")
    loaded = load(tmp_path / "m.json")
    assert loaded.get_params() == model.get_params()
    assert loaded.partial_fit(frame[["sqft"]], frame.price, frame.times).n_samples_ == 2 * frame.times.sum()


ALL_ROWS = {"batch_size": 40, "learning_rate": 1e-5, "max_iter": 20, "tol": None, "random_state": 0}
SOME_ROWS = {"batch_size": 7, "max_iter": 20, "tol": None, "random_state": 0}


@pytest.mark.parametrize("share", [None, 0.3])
@pytest.mark.parametrize("scale", [1, 1000])
def test_a_mini_batch_of_all_rows_takes_the_steps_of_the_full_batch(scale, share):
    """Whose mean is by weight, whatever weights mean: one count for all of them changes nothing either."""
    frame = houses().assign(times=lambda frame: scale * (frame.times + 1))
    counted = open_source(frame, target="price", features=["sqft"], weight="times", weights="frequency")
    found, full = (
        GradientDescentRegressor(**ALL_ROWS | {"batch_size": size}, validation_fraction=share).fit(counted)
        for size in (40, None)
    )
    np.testing.assert_allclose(found.loss_curve_, full.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(found.coef_, full.coef_, rtol=1e-12)
    analytic = GradientDescentRegressor(**ALL_ROWS).fit(frame[["sqft"]].to_numpy(), frame.price, frame.times)
    if share is None:
        np.testing.assert_allclose(found.loss_curve_, analytic.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("loss", ["squared", Huber(1.0)])
def test_mini_batches_are_those_of_analytic_weights(loss):
    """The rate falls where a pass falls short in standard errors, all of which have one factor in common."""
    found = []
    for weights in ("analytic", "frequency"):
        source = open_source(houses(), target="price", features=["sqft"], weight="times", weights=weights)
        model = GradientDescentRegressor(**SOME_ROWS, loss=loss).fit(source)
        found.append([*model.loss_curve_, *model.coef_, model.intercept_, model.learning_rate_])
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_a_module_is_trained_on_rows_as_often_as_they_count():
    torch = pytest.importorskip("torch")
    curves = []
    for weights in ("analytic", "frequency"):
        source = open_source(houses(), target="price", features=["sqft"], weight="times", weights=weights)
        module = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(module.weight), torch.nn.init.zeros_(module.bias)
        curves.append(GradientDescentRegressor("nn", module=module, **ALL_ROWS).fit(source).loss_curve_)
    assert curves[0] == curves[1]


@pytest.mark.parametrize("loss", ["huber", "absolute", Quantile(0.8)])
def test_another_loss_takes_every_figure_from_the_repeated_rows(loss):
    """Width, answer and standard errors: the same sums in another order, through Newton's method."""
    frame, roles = houses(rows=80), {"target": "price", "features": ["sqft"]}
    fits = [
        GradientDescentRegressor(loss=loss).fit(source)
        for source in (open_source(frame, weight="times", weights="frequency", **roles),
                       open_source(repeated(frame), **roles))
    ]  # fmt: skip
    counted, rows = (np.r_[m.loss_.width, m.exact_coef_, m.exact_intercept_] for m in fits)
    np.testing.assert_allclose(counted, rows, rtol=1e-9)
    counted, rows = (m.summary().inference for m in fits)
    for name in ("standard_error", "t", "p_value", "confidence_interval"):
        np.testing.assert_allclose(getattr(counted, name), getattr(rows, name), rtol=1e-7, atol=1e-300)


def test_from_the_command_line(tmp_path):
    frame = houses()
    frame.to_csv(tmp_path / "t.csv", index=False)
    repeated(frame).to_csv(tmp_path / "r.csv", index=False)
    arguments = ["--target", "price", "--precision", "exact", "--json"]
    counted = gradline("fit", "t.csv", "--weight", "times", "--weights", "frequency", *arguments, cwd=tmp_path)
    rows = gradline("fit", "r.csv", *arguments, cwd=tmp_path)
    assert (counted.returncode, counted.stderr) == (0, "")
    ours, theirs = (
        {name: value for name, value in json.loads(done.stdout).items() if name not in TOLD_OF_WEIGHTS}
        for done in (counted, rows)
    )
    assert ours == theirs


def test_one_row_that_counts_several_times_is_descended_on_by_itself():
    source = open_source({"x": [2.0], "y": [4.0], "w": [3]}, target="y", weight="w", weights="frequency")
    fit = GradientDescentRegressor(fit_intercept=False, batch_size=1).fit(source)
    assert fit.coef_ == pytest.approx([2.0])
