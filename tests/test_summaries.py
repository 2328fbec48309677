"""Summaries by another covariance, of both estimators and on the command line: where rows come from, what is told."""

import copy
import json
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import typer
from scipy import stats
from sklearn.base import clone
from typer.testing import CliRunner

from gradline import GradientDescentRegressor, LinearRegression, load, open_source
from gradline.cli.app import app
from gradline.cli.looking import covariance_for
from gradline.errors import CollinearityWarning, DataError
from gradline.model_file import read_model
from tests.by_statsmodels import semidefinite
from tests.command import in_fresh_process

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3)) * [1.0, 10.0, 0.1] + [0.0, 50.0, 2.0]
Y = 1.0 + X @ [1.0, 0.2, 3.0] + RNG.normal(size=120) * (1.0 + np.abs(X[:, 0]))
CITY = RNG.integers(0, 15, 120)
YEAR = RNG.integers(2000, 2008, 120)
ERRORS = sm.OLS(Y, sm.add_constant(X)).fit().get_robustcov_results("HC3").bse
CLUSTERED = semidefinite(
    sm.OLS(Y, sm.add_constant(X))
    .fit()
    .get_robustcov_results("cluster", groups=np.column_stack([CITY, YEAR]), use_t=True)
)


def frame():
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    return table.assign(y=Y, city=[f"city {k}" for k in CITY], year=YEAR)


def errors(summary):
    return summary.inference.standard_error


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor()])
@pytest.mark.parametrize("rows", [(X, Y), (X.tolist(), Y.tolist()), (frame()[["a", "b", "c"]], frame()["y"])])
def test_right_after_a_fit_the_rows_are_known(estimator, rows):
    np.testing.assert_allclose(errors(clone(estimator).fit(*rows).summary(covariance="HC3")), ERRORS, rtol=1e-10)


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor("moments")])
def test_clusters_are_columns_of_the_source_or_arrays(estimator):
    source = open_source(frame(), target="y", features=["a", "b", "c"])
    by_column = clone(estimator).fit(source).summary(covariance=("cluster", "city", "year"))
    by_array = clone(estimator).fit(X, Y).summary(covariance=("cluster", CITY, YEAR))
    for found in (by_column, by_array):
        np.testing.assert_allclose(errors(found), CLUSTERED.bse, rtol=1e-10)
        np.testing.assert_allclose(found.inference.p_value, CLUSTERED.pvalues, rtol=1e-7)
    assert by_column.robust.described.startswith("clustered by 'city' (15 clusters) and 'year' (8 clusters)")
    told = by_column.as_dict()["covariance"]
    assert (told["kind"], told["df"]) == ("cluster", 7)
    assert "t on 7 degrees of freedom" in str(by_column).replace("\n", " ")


def test_one_row_and_no_slope_are_told_in_words_that_fit():
    with pytest.warns(CollinearityWarning):
        flat = LinearRegression().fit(np.ones((2, 1)), [1.0, 2.0]).summary()
    told = str(flat)
    assert "(2 rows)" in told
    assert "on 1 degree of freedom" in told
    assert "F(" not in told
    assert "\nAIC " in told
    with pytest.warns(CollinearityWarning):
        assert "(1 row)" in str(LinearRegression().fit([[1.0]], [1.0]).summary())


def test_that_clusters_cannot_test_all_slopes_is_said_where_there_is_no_test():
    half, third = np.arange(120) % 2, np.arange(120) // 30 % 3
    for by, tested in (((half,), False), ((half, CITY), False), ((third, CITY), True), ((half, half), False)):
        summary = LinearRegression().fit(X, Y).summary(covariance=("cluster", *by))
        assert np.isfinite(summary.inference.f_statistic) == tested
        assert ("2 clusters cannot test all 3 slopes together" in str(summary).replace("\n", " ")) != tested


def test_categories_weights_and_dropped_rows_are_read_again_as_they_were_fitted():
    table = frame().assign(w=RNG.uniform(0.5, 2.0, 120), kind=np.where(CITY % 2, "odd", "even"))
    table.loc[[3, 50], "a"] = np.nan
    source = open_source(table, target="y", features=["a", "kind"], weight="w", missing="drop")
    found = LinearRegression(missing="drop").fit(source).summary(covariance=("cluster", "city"))
    kept = table.dropna()
    design = sm.add_constant(np.column_stack([kept.a, kept.kind == "odd"]).astype(float))
    expected = (
        sm.WLS(kept.y, design, kept.w)
        .fit()
        .get_robustcov_results("cluster", groups=pd.factorize(kept.city)[0], use_t=True)
    )
    np.testing.assert_allclose(errors(found), expected.bse, rtol=1e-10)


def test_frequencies_count_as_rows():
    times = RNG.integers(1, 4, 120)
    found = LinearRegression(weights="frequency").fit(X, Y, times).summary(covariance="HC1")
    repeated = LinearRegression().fit(np.repeat(X, times, axis=0), np.repeat(Y, times)).summary(covariance="HC1")
    np.testing.assert_allclose(errors(found), errors(repeated), rtol=1e-10)
    assert found.inference.df == repeated.inference.df


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor()])
def test_pickles_and_copies_hold_no_rows(estimator):
    model = clone(estimator).fit(np.repeat(X, 200, axis=0), np.repeat(Y, 200))
    assert len(pickle.dumps(model)) < 5_000
    for other in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
        with pytest.raises(DataError, match=r"needs the rows of the fit a second time|needs the descent itself"):
            other.summary(covariance="HC3")
    assert model.summary(covariance="HC3").robust is not None


def test_rows_can_be_given_where_the_model_has_none(tmp_path):
    path = tmp_path / "m.json"
    model = LinearRegression(precision="exact").fit(X[:70], Y[:70]).partial_fit(X[70:], Y[70:])
    model.save(path)
    for one in (
        model,
        load(path),
        LinearRegression.from_moments(model.moments_),
        model.forget(X[:1], Y[:1]).partial_fit(X[:1], Y[:1]),
    ):
        with pytest.raises(DataError, match="needs the rows of the fit a second time") as caught:
            one.summary(covariance="HC3")
        assert "data=" in caught.value.hint
        np.testing.assert_allclose(errors(one.summary(covariance="HC3", data=(X, Y))), ERRORS, rtol=1e-10)
        assert one.diagnose(X, Y).rows == 120


def test_other_rows_than_those_of_the_fit_are_refused():
    rows = X.copy()
    model = LinearRegression().fit(rows, Y)
    rows[5, 1] += 1e-3
    with pytest.raises(DataError, match="have changed since the fit"):
        model.summary(covariance="HC3")
    with pytest.raises(DataError, match="there are 119, expected 120"):
        model.summary(covariance="HC3", data=(X[1:], Y[1:]))
    with pytest.raises(DataError, match="expected \\(X, y\\)"):
        model.summary(covariance="HC3", data=X)


@pytest.mark.parametrize("covariance", ["HC9", "cluster", ("cluster",), ("newey-west", -1), 3])
@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor()])
def test_an_unknown_covariance_is_one_sentence(estimator, covariance):
    with pytest.raises(DataError) as caught:
        clone(estimator).fit(X, Y).summary(covariance=covariance)
    assert caught.value.hint


def test_what_comes_once_cannot_come_twice():
    import pyarrow as pa

    table = pa.table({"a": X[:, 0], "y": Y})
    source = open_source(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), target="y")
    with pytest.raises(DataError, match="can be read only once"):
        LinearRegression().fit(source).summary(covariance="HC3")


def test_a_polynomial_has_the_classical_covariance_alone():
    model = LinearRegression(polynomial=2).fit(X[:, :1], Y)
    assert model.summary().robust is None
    for ask in (lambda: model.summary(covariance="HC3"), model.diagnose):
        with pytest.raises(DataError, match="polynomial"):
            ask()


def test_a_descent_tells_as_much_as_its_end_deserves():
    arrived = GradientDescentRegressor().fit(X, Y).summary(covariance="HC3", confidence=0.9)
    assert arrived.inference.confidence == 0.9
    assert "Robust F(3, 116)" in str(arrived)
    with pytest.warns(match="iteration"):
        short = GradientDescentRegressor(learning_rate=1e-4, max_iter=2).fit(X, Y).summary(covariance="HC3")
    assert "unfinished" in str(short)
    assert short.as_dict()["covariance"] is None
    huber = GradientDescentRegressor(loss="huber").fit(X, Y)
    assert huber.summary().as_dict()["covariance"]["description"] == "the sandwich of M-estimates"
    with pytest.raises(DataError, match="robust already"):
        huber.summary(covariance="HC3")


Z = (X - X.mean(axis=0)) / X.std(axis=0)  # a constant rate comes near step by step


@pytest.mark.parametrize(("loss", "covariance"), [("squared", "classical"), ("squared", "HC3"), ("huber", "classical")])
def test_t_p_and_intervals_of_a_descent_are_of_the_coefficients_beside_them(loss, covariance):
    model = GradientDescentRegressor(loss=loss, tol=0.009, learning_rate=0.1).fit(Z, Y)
    assert 1e-4 < model.optimality_gap_ <= 0.009
    told = model.summary(covariance=covariance, confidence=0.9).as_dict()
    coef, error = (np.array([*told[figure].values()]) for figure in ("coef", "standard_error"))
    assert coef == pytest.approx(np.append(model.intercept_, model.coef_), rel=1e-14)
    t, half = coef / error, error * stats.t.ppf(0.95, 116)
    assert [*told["t"].values()] == pytest.approx(t, rel=1e-14)
    assert [*told["p_value"].values()] == pytest.approx(2.0 * stats.t.sf(np.abs(t), 116), rel=1e-9)
    low, high = np.array([*told["confidence_interval"].values()]).T
    assert low == pytest.approx(coef - half, rel=1e-9)
    assert high == pytest.approx(coef + half, rel=1e-9)
    if loss == "squared":
        exact = LinearRegression().fit(Z, Y).summary().as_dict()
        assert [told["r2"], told["aic"]] == pytest.approx([exact["r2"], exact["aic"]], rel=1e-12)


def test_a_descent_that_converged_too_far_for_tests_says_how_near_they_are(tmp_path):
    model = GradientDescentRegressor(tol=0.5, learning_rate=0.1).fit(Z, Y)
    assert model.converged_
    assert model.optimality_gap_ > 0.01
    text = " ".join(str(model.summary()).split())
    assert "Converged as near as was asked; standard errors, tests and R² are told within 0.01 standard errors" in text
    pd.DataFrame(Z, columns=["a", "b", "c"]).assign(y=Y).to_csv(tmp_path / "z.csv", index=False)
    command = ["fit", tmp_path / "z.csv", "--target", "y", "--engine", "moments", "--learning-rate", 0.1]
    far, nearer = run(*command, "--tol", 0.5), run(*command, "--tol", 0.01)
    assert not any("nfinished" in told for told in (text, far.stdout, far.stderr))
    assert far.stderr == (
        "warning: converged to the 0.5 asked for; standard errors are told within 0.01\nhint: come nearer: --tol 0.01\n"
    )
    assert (nearer.stderr, "R² 0." in nearer.stdout) == ("", True)


def test_a_descent_on_part_of_the_rows_is_judged_by_that_part():
    model = GradientDescentRegressor(validation_fraction=0.25, random_state=0, tol=None, max_iter=50).fit(X, Y)
    found = model.summary(covariance="HC3")
    assert found.inference.rows == 90
    assert found.robust.described == "HC3"


def test_parameters_set_after_a_fit_say_nothing_of_it(tmp_path):
    """Its rows, the seed and the call are those of the fit, as the page was before."""
    model = GradientDescentRegressor(validation_fraction=0.3, random_state=3, batch_size=20, tol=0.1).fit(X, Y)
    before = model.summary(covariance="HC3").as_dict()
    model.report(tmp_path / "before.html")
    model.set_params(validation_fraction=None, random_state=5, batch_size=None, tol=0.2)
    assert model.summary(covariance="HC3").as_dict() == before
    assert model.diagnose().rows == before["rows"] == 84
    model.report(tmp_path / "after.html")
    page = (tmp_path / "after.html").read_text()
    assert page == (tmp_path / "before.html").read_text()
    assert "batch_size=20" in page
    exact = LinearRegression(precision="exact").fit(X, Y).set_params(precision="float64")
    exact.report(tmp_path / "exact.html")
    assert "LinearRegression(precision=&#x27;exact&#x27;).fit" in (tmp_path / "exact.html").read_text()


def test_thousands_of_columns_have_no_errors_to_be_robust():
    wide = np.random.default_rng(1).normal(size=(60, 2100))
    with pytest.warns(UserWarning, match="2100 features"):
        model = GradientDescentRegressor(tol=1e-2, max_iter=300).fit(wide, wide[:, 0])
    assert "2,100 features" in str(model.summary())
    with pytest.raises(DataError, match="sums over pairs"):
        model.summary(covariance="HC3")
    with pytest.raises(DataError, match="there is no diagnosis"):
        model.diagnose()


def test_a_module_has_no_summary():
    torch = pytest.importorskip("torch")
    model = GradientDescentRegressor(
        "nn", module=lambda p: torch.nn.Linear(p, 1), learning_rate=0.01, tol=None, max_iter=2
    ).fit(X, Y)
    with pytest.raises(DataError, match="a module was fitted"):
        model.summary()


def test_a_diagnosis_of_few_rows_passes_no_verdict():
    model = LinearRegression().fit(X[:12], Y[:12])
    assert {check.sign for check in model.diagnose().checks} == {None}
    exact = LinearRegression().fit(np.arange(40.0)[:, None], np.arange(40.0))
    assert all(check.sign is not True for check in exact.diagnose().checks)


def test_a_diagnosis_looks_at_neighbours_only_where_rows_are_ordered():
    model = GradientDescentRegressor().fit(X, Y)
    assert model.diagnose().durbin_watson is None
    residuals = Y - model.predict(X)
    assert model.diagnose(ordered=True).durbin_watson == pytest.approx(sm.stats.durbin_watson(residuals), rel=1e-9)


# The command line


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=True, **options)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("summaries") / "rows.csv"
    frame().to_csv(path, index=False)
    return path


FIT = ("--target", "y", "--features", "a,b,c")


@pytest.mark.parametrize("engine", [(), ("--engine", "numpy")])
def test_fit_tells_the_covariance_that_was_asked_for(table, engine):
    told = json.loads(run("fit", table, *FIT, *engine, "--covariance", "hc3", "--json").stdout)
    np.testing.assert_allclose([*told["standard_error"].values()], ERRORS, rtol=1e-10)
    assert told["covariance"] == {"kind": "HC3", "description": "HC3", "df": 116, "notes": []}
    text = run("fit", table, *FIT, *engine, "--covariance", "cluster:city,year").stdout
    assert "clustered by 'city' (15 clusters) and 'year' (8 clusters)" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80


def test_a_diagnosis_stands_below_the_fit(table):
    text = run("fit", table, *FIT, "--diagnose", "--covariance", "newey-west").stdout
    assert text.index("Newey-West, 4 lags") < text.index("Diagnosis of 120 rows")
    flat = " ".join(run("fit", table, *FIT, "--diagnose").stdout.split())
    assert "neighbouring rows" in text  # Newey-West is for rows in order: so is Durbin-Watson
    told = json.loads(run("fit", table, *FIT, "--diagnose", "--ordered", "--json").stdout)
    assert told["diagnosis"]["durbin_watson"] is not None
    assert told["diagnosis"]["rows"] == 120
    for form in ("markdown", "latex", "html"):
        written = run("fit", table, *FIT, "--diagnose", "--details", "--format", form).stdout
        assert "Diagnosis of 120 rows" in written
        assert "standardised" in written
        quantiles = [re.search(r"Residuals: least.*?largest\D*[\d.]+", each)[0] for each in (flat, written)]
        assert len({tuple(re.findall(r"\d+\.\d+", each)) for each in quantiles}) == 1


def test_a_saved_model_keeps_the_covariance(table, tmp_path):
    robust, classical = tmp_path / "robust.json", tmp_path / "classical.json"
    fitted = run("fit", table, *FIT, "--covariance", "HC3", "--precision", "exact", "--save", robust).stdout
    run("fit", table, *FIT, "--precision", "exact", "--save", classical)
    assert run("summary", robust).stdout == fitted
    np.testing.assert_allclose(errors(load(robust).summary(covariance="HC3")), ERRORS, rtol=1e-10)
    assert load(robust).summary().robust is None
    load(robust).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == robust.read_bytes()
    limits = [
        np.loadtxt(run("predict", model, table, "--interval", "0.9").stdout.splitlines()[1:], delimiter=",")
        for model in (robust, classical)
    ]
    np.testing.assert_array_equal(limits[0][:, 0], limits[1][:, 0])
    assert not np.array_equal(limits[0][:, 1], limits[1][:, 1])
    assert "HC3" in run("compare", robust, classical).stdout
    run("merge", robust, classical, "-o", tmp_path / "both.json")
    assert read_model(tmp_path / "both.json").robust is None


def test_a_file_knows_that_variances_were_set_to_zero(tmp_path, table):
    saved = tmp_path / "clustered.json"
    fitted = run("fit", table, *FIT, "--covariance", "cluster:city,year", "--save", saved).stdout
    assert "No joint test of all slopes" in fitted
    assert run("summary", saved).stdout == fitted
    load(saved).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("change", [
    {"kind": "HC7"},
    {"df": -1},
    {"root": [[1.0]]},
    {"notes": "none"},
])  # fmt: skip
def test_a_damaged_covariance_is_refused(table, tmp_path, change):
    path = tmp_path / "m.json"
    run("fit", table, *FIT, "--covariance", "HC3", "--save", path)
    content = json.loads(path.read_text())
    content["robust"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="is damaged"):
        read_model(path)


@pytest.mark.parametrize(("covariance", "said"), [
    ("HC9", "^'HC9' is not known: expected one of classical, HC0"),
    ("cluster:a,b,c", "by one or two groupings, got 3: cluster:COLUMN"),
    ("newey-west:x", "'x' lags, expected a whole number, 0 or more: newey-west:4"),
])  # fmt: skip
def test_a_covariance_that_is_none_is_a_usage_error(table, covariance, said):
    source = open_source(table, target="y", features=["a", "b", "c"])
    with pytest.raises(typer.BadParameter, match=said) as error:
        covariance_for(covariance, source, another_loss=False)
    assert error.value.exit_code == 2
    assert error.value.param_hint == "--covariance"


@pytest.mark.parametrize(
    ("grouping", "hint"), [("cty", "did you mean 'city'?"), ("nosuch", "names a column of the table")]
)
def test_a_column_that_is_none_is_said_before_the_fit(table, grouping, hint, monkeypatch):
    monkeypatch.setattr("gradline.cli.exact_way.fit", None)
    with pytest.raises(DataError, match=f"no column '{grouping}' in rows.csv; it has ") as error:
        run("fit", table, *FIT, "--covariance", f"cluster:{grouping}")
    assert hint in error.value.hint


def test_options_that_do_not_go_together(table):
    for arguments in (("--engine", "numpy", "--loss", "huber", "--covariance", "HC3"), ("--json", "--format", "html")):
        assert run("fit", table, *FIT, *arguments, code=2).stdout == ""


def test_a_stream_is_refused_before_the_fit_and_a_failing_second_pass_takes_no_fit_along(table, monkeypatch):
    done = in_fresh_process("fit", "-", *FIT, "--covariance", "HC3", cwd=table.parent, input=table.read_text())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 2
    assert "can be read only once, but the HC3 covariance needs the rows a second time" in done.stderr

    def changed(*_, **__):
        raise DataError("the rows have changed")

    monkeypatch.setattr("gradline.report.second_look.judge_again", changed)
    done = CliRunner().invoke(app, ["fit", str(table), *FIT, "--covariance", "HC3"])
    assert isinstance(done.exception, DataError)
    assert done.stdout == run("fit", table, *FIT).stdout
    assert "warning: the standard errors shown are classical, not those of --covariance" in done.stderr


def test_clusters_that_a_file_keeps_are_asked_for_by_their_kind(tmp_path, table):
    saved = tmp_path / "clustered.json"
    run("fit", table, *FIT, "--covariance", "cluster:city", "--save", saved)
    model = load(saved)
    assert str(model.summary(covariance="cluster")) == run("summary", saved).stdout.rstrip("\n")
    with pytest.raises(DataError, match="needs the rows of the fit a second time"):
        model.summary(covariance=("cluster", "city"))


def test_a_single_slope_is_not_told_that_it_cannot_be_tested_together():
    rng = np.random.default_rng(28)
    x = rng.normal(size=20)
    groups = rng.normal(size=20), rng.integers(0, 4, 20), rng.integers(0, 5, 20)
    summary = LinearRegression().fit(x[:, None], x + groups[0]).summary(covariance=("cluster", *groups[1:]))
    assert summary.inference.f_statistic == pytest.approx(summary.inference.t[1] ** 2)
    assert "cannot test" not in str(summary)
