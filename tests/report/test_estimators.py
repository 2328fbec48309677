"""Reports from Python: of either estimator, of rows at hand and of models that know none."""

import html
import pickle
import re

import numpy as np
import pytest

import gradline
from gradline import DataError, GradientDescentRegressor, LinearRegression, open_source
from gradline.estimators import reported
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
