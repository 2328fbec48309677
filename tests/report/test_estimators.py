"""Reports from Python: of either estimator, of rows at hand and of models that know none."""

import html
import pickle
import re
import warnings

import numpy as np
import pytest
import statsmodels.api as sm

import gradline
from gradline import DataError, GradientDescentRegressor, LinearRegression, open_source
from gradline.estimators import reported
from gradline.report.page.endings import loss_and_distance
from gradline.report.svg import Scale
from gradline.report.ticks import Ticks
from gradline.solution import Certificate
from tests.report.conftest import skewed, table

COLUMNS = skewed(200)
X, Y = COLUMNS["x"][:, None], COLUMNS["y"]


def page_of(model, folder, *rows, **options):
    model.report(folder / "r.html", *rows, **options)
    return (folder / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [LinearRegression(), GradientDescentRegressor()])
def test_the_page_has_the_verdicts_of_the_diagnosis(model, tmp_path):
    model.fit(X, Y)
    page = page_of(model, tmp_path)
    for check in model.diagnose().checks:
        assert html.escape(check.seen) in page
    assert f"{type(model).__name__}().fit(X, y)" in page


def test_a_source_is_named_and_read_again(tmp_path):
    source = open_source(COLUMNS, target="y")
    page = page_of(LinearRegression(precision="exact").fit(source), tmp_path)
    assert (
        "LinearRegression(precision=&#x27;exact&#x27;).fit(open_source(&#x27;dict&#x27;, target=&#x27;y&#x27;" in page
    )
    assert page.count('class="panel"') == 6


def test_a_model_that_knows_no_rows_says_so_and_takes_them(tmp_path):
    fitted = LinearRegression().fit(X, Y)
    fitted.save(tmp_path / "m.json")
    whole = page_of(fitted, tmp_path)
    for model in (gradline.load(tmp_path / "m.json"), pickle.loads(pickle.dumps(fitted))):
        page = page_of(model, tmp_path)
        assert page.count('class="panel"') == 1
        assert "Left out: the model does not know its rows" in page
        assert page_of(model, tmp_path, X, Y).count('class="panel"') == 6
        with pytest.raises(DataError, match="have changed since the fit"):
            page_of(model, tmp_path, X, Y + X[:, 0] ** 2)
    assert whole == page_of(fitted, tmp_path)


def test_another_covariance_is_that_of_the_summary(tmp_path):
    model = LinearRegression().fit(X, Y)
    page = page_of(model, tmp_path, covariance="HC3")
    assert "Standard errors: HC3." in page
    error = model.summary(covariance="HC3").inference.standard_error[1]
    shown = re.search(r'scope="row">x0</th><td>[^<]*</td><td>([\d.]+)</td>', page)[1]
    assert float(shown) == pytest.approx(error, rel=5e-3)
    assert "Standard errors: HC3." not in page_of(model, tmp_path)


def test_a_diverged_descent_is_red_and_has_no_rows(tmp_path):
    with pytest.warns(gradline.DivergenceWarning):
        model = GradientDescentRegressor(learning_rate=1.0, max_iter=200, on_divergence="warn", tol=None).fit(X, Y)
    page = page_of(model, tmp_path)
    assert "Not converged: these coefficients are unfinished." in page
    assert re.search("Left out: the descent diverged|Not judged: the descent has not arrived", page)
    assert not re.search(r">(nan|inf)<", page)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "none: nothing was drawn by chance"),
        ({"batch_size": 16, "tol": 0.5, "random_state": 7}, "7"),
        ({"batch_size": 16, "tol": 0.5}, "none was given: another fit draws anew"),
        ({"init": "normal"}, "none was given: another fit draws anew"),
        ({"init": 0.5, "random_state": 7}, "none: nothing was drawn by chance"),
    ],
)
def test_the_seed_told_is_that_of_what_was_drawn(options, said, tmp_path):
    page = page_of(GradientDescentRegressor(**options).fit(X, Y), tmp_path)
    assert f"<dt>Seed</dt><dd>{said}</dd>" in page


def test_a_polynomial_has_no_panels_of_rows(tmp_path):
    page = page_of(LinearRegression(polynomial=2).fit(X, Y), tmp_path)
    assert page.count('class="panel"') == 1
    assert "whose powers the rows do not hold" in page


def test_a_place_that_cannot_be_written_is_refused_before_rows_are_read(tmp_path, monkeypatch):
    model = LinearRegression().fit(X, Y)
    monkeypatch.setattr(reported, "look_again", None)
    for path, why in (("s3://bucket/r.html", "is a URL"), (tmp_path / "no" / "r.html", "there is no folder")):
        with pytest.raises(DataError, match=why):
            model.report(path)


def test_thousands_of_columns_descend_to_a_page(tmp_path):
    columns = table(25, 2100)
    rows = np.column_stack([columns[f"x{j}"] for j in range(2100)])
    with pytest.warns(gradline.CollinearityWarning):
        model = GradientDescentRegressor().fit(rows, columns["y"])
    page = page_of(model, tmp_path)
    assert "2,100 have too many" in page
    with pytest.raises(DataError, match="standard errors need sums over pairs"):
        model.report(tmp_path / "r.html", covariance="HC3")


# ---- what a page says of how the coefficients were found


def centred(n=200, p=3, seed=0):
    """Columns about zero, so that a constant rate comes near step by step."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, p))
    return rows, rows @ np.arange(1.0, p + 1.0) + rng.normal(size=n)


def said_by(page):
    """The words of a page but for its lab's, and its labels apart."""
    page = page.partition("<body>")[2].partition("<iframe")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split()), re.findall(r'aria-label="([^"]*)"', page)


def test_the_distance_that_a_page_gives_is_a_bound_and_there_is_none_in_mini_batches(tmp_path):
    """From statsmodels: how many standard errors the start, zero, and the end are from the answer."""
    rows, y = centred()
    answer = sm.OLS(y, sm.add_constant(rows)).fit()
    model = GradientDescentRegressor(tol=0.5, learning_rate=0.1).fit(rows, y)
    _, labels = said_by(page_of(model, tmp_path))
    told = re.search(r"at most ([\d.]+) standard errors at the start, ([\d.]+) at the end", " ".join(labels))
    ended = np.append(model.intercept_, model.coef_)
    for bound, place in zip(told.groups(), (np.zeros(4), ended), strict=True):
        true = np.abs((answer.params - place) / answer.bse).max()
        assert true <= float(bound) * 1.01 <= 3 * true  # of three digits; all four coefficients are off together
    words, labels = said_by(page_of(GradientDescentRegressor(tol=0.5, batch_size=10).fit(rows, y), tmp_path))
    assert "distance from the answer" not in " ".join(labels)
    assert "Loss by pass" in words


def test_passes_are_called_passes_and_steps_steps(tmp_path):
    rows, y = centred()
    for options, count, plural in (({"batch_size": 10}, "pass", "passes"), ({"learning_rate": 0.1}, "step", "steps")):
        model = GradientDescentRegressor(tol=0.5, random_state=0, **options).fit(rows, y)
        words, labels = said_by(page_of(model, tmp_path))
        assert f"Converged after {model.n_iter_} {plural if model.n_iter_ > 1 else count}:" in words
        assert f"{plural.capitalize()} {model.n_iter_} by engine numpy" in words
        assert f"at {count} {model.n_iter_}:" in words
        assert [label for label in labels if label.startswith(f"Loss by {count}: ")]
        other = "step" if count == "pass" else "pass"
        assert not re.search(rf"\d {other}|{other}(es)? \d", " ".join([words, *labels]))


def test_a_page_does_not_call_a_converged_descent_unfinished(tmp_path):
    rows, y = centred()
    model = GradientDescentRegressor(tol=0.5, learning_rate=0.1).fit(rows, y)
    assert model.converged_
    assert model.optimality_gap_ > 0.01
    words, labels = said_by(page_of(model, tmp_path))
    assert not re.search("unfinished|not arrived", " ".join([words, *labels]), re.IGNORECASE)
    assert "term descent exact answer" in words
    assert "Not judged: the descent came as near as was asked" in words
    assert "What to try Come nearer: tol=0.01." in words


def test_losses_at_the_end_of_float64_are_drawn(tmp_path):
    """The square of 1.2e154 is 1.4e308; no power of ten above it is a number."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 1)), 1.2e154 * (1.0 + 0.01 * rng.normal(size=40))
    model = GradientDescentRegressor(tol=None, max_iter=20).fit(x, y)
    assert model.loss_curve_[0] > 1e308
    assert "Loss by step: 1.4" in " ".join(said_by(page_of(model, tmp_path))[1])


def test_loss_axes_take_what_float64_can_hold():
    for history in ([5e-324, 1e-322], [1e308, 1.7e308], [1e-300, 1.7e308]):
        drawn = loss_and_distance(np.array(history), np.empty(0), 0.01, "loss", "step")
        assert re.search(r'<path d="M[-\d.]+ [-\d.]+L[-\d.]+ [-\d.]+" class="fit"/>', drawn)


def test_powers_of_ten_at_ticks_are_those_of_decimals():
    ticks = Ticks.of(Scale((1e20, 1e26), (0.0, 100.0), log=True), 6)
    assert ticks.said == [f"1e{power}" for power in range(20, 27)]


def test_digits_are_of_fifteen_and_few_have_a_cure_that_can_be_followed(tmp_path):
    words, _ = said_by(page_of(LinearRegression(precision="exact").fit(X, Y), tmp_path))
    assert "all 15 digits of every coefficient are certified." in words
    assert "Digits, worst coefficient 15 of 15" in words
    x = np.array([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings(action="ignore"):
        beyond = LinearRegression(precision="exact").fit(x[:, None] * 1e-200, np.array([1.0, 2.1, 2.9, 4.0]) * 1e200)
    words, _ = said_by(page_of(beyond, tmp_path))
    assert "So few digits are no answer: give the data in other units." in words
    assert "What to try Give the data in other units." in words
    assert "Nothing" not in words


def test_the_degrees_of_freedom_of_millions_of_rows_have_all_their_digits(tmp_path):
    rows, y = centred(n=40, p=2)
    model = LinearRegression(weights="frequency").fit(rows, y, np.full(40, 37_037))
    df = 40 * 37_037 - 3
    said = f"F(2, {df:,}) = "
    assert said in said_by(page_of(model, tmp_path))[0]
    assert said in str(model.summary())


def test_one_of_a_thing_is_not_called_several(tmp_path):
    rows, y = centred(n=3, p=1)
    words, _ = said_by(page_of(LinearRegression().fit(rows, y), tmp_path))
    assert "on 1 degree of freedom." in words
    assert Certificate(1.3, False, 1, 1.0).promise == "At least about 1 digit is right"


def test_a_p_value_in_a_sentence_has_a_sign_before_it(tmp_path):
    rng = np.random.default_rng(3)
    rows, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    p = sm.OLS(y, sm.add_constant(rows)).fit().f_pvalue
    assert p > 1e-4
    assert re.search(rf"All slopes together: F\(2, 27\) = [\d.]+, p = {p:.4f}\. Residual", said_by(
        page_of(LinearRegression().fit(rows, y), tmp_path))[0])  # fmt: skip
