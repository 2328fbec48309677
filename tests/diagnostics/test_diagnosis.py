"""A fit diagnosed: what is told, in which words, and where nothing can be told."""

import json

import numpy as np
import pytest
import statsmodels.api as sm

from gradline import LinearRegression
from gradline.diagnostics import wording
from gradline.errors import CollinearityWarning, DataError
from gradline.moments.exact import ExactMoments
from gradline.report.second_look import written
from tests.diagnostics.fits import diagnosed, near, table

NAMES = ["band", "curvature", "tails", "spread", "influence"]


def straight(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, 10.0, n)
    return x[:, None], 3.0 + 2.0 * x + rng.normal(size=n)


def test_good_rows_show_no_sign_of_anything():
    diagnosis = diagnosed(*straight())
    assert [check.name for check in diagnosis.checks] == NAMES
    assert [check.sign for check in diagnosis.checks] == [False] * 5
    assert all("no sign of" in check.seen.lower() for check in diagnosis.checks)


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("curvature", lambda x, e: 3.0 + 0.3 * (x - 5.0) ** 2 + 2.0 * x + e, "middle below, ends above"),
        ("curvature", lambda x, e: 3.0 - 0.1 * (x - 5.0) ** 2 + 2.0 * x + e, "middle above, ends below"),
        ("tails", lambda x, e: x + e**3, "A sign of heavy tails:"),
        ("tails", lambda x, e: x + np.exp(e), "the upper tail is longer"),
        ("spread", lambda x, e: 2.0 * x + e * (1.0 + x), "A sign of spread growing with the fit: x "),
        ("spread", lambda x, e: 2.0 * x + e * (12.0 - x), "shrinking with the fit: x 0."),
        ("influence", lambda x, e: 2.0 * x + e + 100.0 * (np.arange(len(x)) == 16), "row 17 changes the slope of 'x0'"),
    ],
)
def test_a_sign_is_told_with_its_number(name, spoil, words):
    rng = np.random.default_rng(6)
    x = rng.uniform(0.0, 10.0, 400)
    diagnosis = diagnosed(x[:, None], spoil(x, rng.normal(size=400)))
    check = diagnosis.check(name)
    assert check.sign is True
    assert words in check.seen
    assert any(character.isdigit() for character in check.seen)
    assert check.to_try in " ".join(str(diagnosis).split()).replace("try: ", "")


def test_order_is_judged_only_where_it_means_something():
    X, y = straight()
    y = y + 3.0 * np.sin(np.arange(400) / 20.0)
    assert all(check.name != "autocorrelation" for check in diagnosed(X, y).checks)
    ordered = diagnosed(X, y, ordered=True)
    assert "A sign that neighbouring rows go together" in ordered.check("autocorrelation").seen
    assert 0.0 < ordered.durbin_watson < 1.0
    assert any("too low" in note for note in ordered.notes)


@pytest.mark.parametrize("n", [3, 4, 5, 19])
def test_below_twenty_rows_there_is_no_verdict(n):
    diagnosis = diagnosed(*straight(n))
    assert {check.sign for check in diagnosis.checks} == {None}
    assert all("too few points to judge" in check.seen for check in diagnosis.checks)


@pytest.mark.parametrize("kind", [ExactMoments])
@pytest.mark.parametrize("n", [1, 2, 5, 50])
def test_rows_on_the_line_are_not_tested(n, kind):
    x = np.arange(1.0, n + 1.0)
    for intercept in (True, False):
        diagnosis = diagnosed(x[:, None], 2.0 * x, intercept=intercept, kind=kind)
        assert diagnosis.exact_fit
        assert {check.seen for check in diagnosis.checks} == {wording.EXACT}
        assert all(np.isnan(test.p_value) for test in diagnosis.hypotheses)
        json.dumps(diagnosis.as_dict(), allow_nan=False)


def test_a_target_that_never_changes():
    X, _ = straight(60)
    diagnosis = diagnosed(X, np.full(60, 7.0), kind=ExactMoments)
    assert {check.seen for check in diagnosis.checks} == {wording.EXACT}


@pytest.mark.parametrize("shape", [(6, 5), (6, 8)])
def test_no_more_rows_than_coefficients(shape):
    rng = np.random.default_rng(7)
    diagnosis = diagnosed(rng.normal(size=shape), rng.normal(size=shape[0]))
    assert diagnosis.exact_fit
    json.dumps(diagnosis.as_dict(), allow_nan=False)
    assert "The data lie on the line" in str(diagnosis)


@pytest.mark.parametrize("rows", [400, 30, 10, 3])
@pytest.mark.parametrize("intercept", [True, False])
def test_it_fits_eighty_columns_and_json(rows, intercept):
    X, y = table(rows, 1)
    diagnosis = diagnosed(X, y * 1e9, intercept=intercept, ordered=True, covariance="HC3")
    assert max(map(len, str(diagnosis).splitlines())) <= 80
    told = json.loads(json.dumps(diagnosis.as_dict(), allow_nan=False))
    assert told["rows"] == rows
    assert set(told["checks"]) == {*NAMES, "autocorrelation"}
    assert diagnosis.robust.kind == "HC3"
    first = diagnosis.influence.by_leverage[0]
    assert told["influence"]["by_leverage"][0]["row"] == first.row
    assert "<table>" in diagnosis._repr_html_()


def test_of_one_row_the_heading_is_in_the_singular():
    diagnosis = diagnosed(np.array([[2.0]]), np.array([3.0]), intercept=False)
    for form in ("text", "markdown", "latex", "html"):
        assert "Diagnosis of 1 row" in written(diagnosis, form)
        assert "1 rows" not in written(diagnosis, form)
    assert "Diagnosis of 1 row<" in diagnosis._repr_html_()


def test_what_weights_mean_and_rows_of_their_own_kind_are_told():
    X, y = table(100, 2)
    X = np.column_stack([X, np.arange(100) == 41])
    diagnosis = diagnosed(X, y, np.linspace(0.5, 3.0, 100))
    assert any("weights" in note for note in diagnosis.notes)
    assert any(note.startswith("1 row decides its own") for note in diagnosis.notes)
    check = diagnosis.check("influence")
    assert (check.sign, check.seen) == (
        True,
        "A sign of a row that decides: row 42 decides its own fitted value (leverage 1).",
    )


def test_of_a_mean_alone_the_row_that_moves_it_most_is_told():
    y = np.random.default_rng(14).normal(size=40)
    y[16] += 8.0
    expected = sm.OLS(y, np.ones(40)).fit().get_influence().dfbetas[16, 0]
    row = diagnosed(np.ones((40, 1)), y).influence.by_cooks[0]
    assert (row.row, row.term) == (17, "(Intercept)")
    near(row.change, expected)


@pytest.mark.parametrize("top", [0, -1])
def test_a_verdict_on_influence_needs_a_row(top):
    with pytest.raises(DataError, match=f"top is {top}, expected a whole number, 1 or more"):
        diagnosed(*straight(30), top=top)


def test_no_wording_promises_too_much():
    X, y = table()
    assert "assumption" not in str(diagnosed(X, y)).lower() + json.dumps(diagnosed(X, y).as_dict()).lower()


@pytest.mark.parametrize(
    ("name", "spoil", "sign", "words"),
    [
        ("curvature", lambda x, e: x + 0.002 * x**2 + e, False, "% of what is left"),
        ("curvature", lambda x, e: x + 0.1 * x**2 + e, True, "% of what is left"),
        ("tails", lambda x, e: x + e, False, "times as far"),
        ("tails", lambda x, e: x + e**3, True, "times as far"),
        ("spread", lambda x, e: x + e * (1.0 + 0.005 * x), False, "from low to high (features and their squares"),
        ("spread", lambda x, e: x + e * (1.0 + 0.3 * x), True, "from low to high (features and their squares"),
        ("spread", lambda x, e: x + e * np.abs(x - 5.0), True, "though not along the fit (features and their squares"),
    ],
)
def test_above_many_rows_effects_decide_and_no_p_value_is_told(monkeypatch, name, spoil, sign, words):
    monkeypatch.setattr(wording, "MANY_ROWS", 100_000)
    rng = np.random.default_rng(8)
    x = rng.uniform(0.0, 10.0, 100_001)
    check = diagnosed(x[:, None], spoil(x, rng.normal(size=len(x))), rows=16384).check(name)
    assert check.sign is sign
    assert words in check.seen
    assert " p " not in check.seen


def test_hundreds_of_columns():
    X, y = table(900, 300)
    diagnosis = diagnosed(X, y)
    assert diagnosis.k == 301
    assert len(diagnosis.profile.features) == 50
    assert diagnosis.hypotheses.white.df == (2,)
    assert np.isfinite(diagnosis.folds.rmse)
    assert "x299" in diagnosis.terms
    told = diagnosis.as_dict()["influence"]["by_cooks"][0]
    assert len(told["changes"]) == 10
    assert told["changes"][told["term"]] == told["change"]
    assert len(json.dumps(diagnosis.as_dict())) < 300_000


def test_the_answer_does_not_depend_on_threads_or_kind_of_sums():
    X, y = table(3000)
    one, other = diagnosed(X, y), diagnosed(X, y, kind=ExactMoments)
    assert one.quantiles.residual.count == other.quantiles.residual.count
    assert str(one) == str(other)


def test_what_is_no_answer_has_rows_but_no_verdicts():
    diagnosis = diagnosed(*straight(), unjudged="the descent has not arrived")
    assert {check.seen for check in diagnosis.checks} == {"Not judged: the descent has not arrived."}
    assert {check.sign for check in diagnosis.checks} == {None}
    assert str(diagnosis).count("Not judged: the descent has not arrived.") == 1
    assert diagnosis.folds is None
    assert np.isnan(diagnosis.press)
    assert "not known: the descent has not arrived" in str(diagnosis)
    assert len(diagnosis.sample.row) == 400
    assert diagnosis.as_dict()["unjudged"] == "the descent has not arrived"


def test_columns_equal_but_for_rounding_make_no_row_decide_and_no_curve():
    """A temperature in two units: the powers of the fit are known to no digit, and that is all that is wrong."""
    rng = np.random.default_rng(0)
    celsius = np.round(rng.normal(15, 8, 200), 1)
    X = np.column_stack([celsius, celsius * 9 / 5 + 32, rng.normal(size=200)])
    with pytest.warns(CollinearityWarning, match="but for their last digits"):
        model = LinearRegression().fit(X, celsius / 2 + X[:, 2] + rng.normal(size=200))
    diagnosis = model.diagnose(covariance="HC3")
    assert diagnosis.influence.decide_themselves == diagnosis.left_out.left_out == 0
    # Nor is there a row that HC3 learns nothing from; rounding of such coefficients times x is told.
    assert [note.split(" that ")[0] for note in diagnosis.robust.notes] == [
        "residuals are so small beside the terms of a row"
    ]
    assert np.isfinite(np.diag(diagnosis.robust.covariance)).all()
    told = "Curvature is not judged: columns are collinear but for their last digits."
    assert diagnosis.check("curvature").seen == told
