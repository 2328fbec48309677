"""Dask's DataFrames and Arrays, by threads of this process: diagnosed, grouped, predicted and scored where they lie."""

import pickle

import numpy as np
import pandas as pd
import pytest

from gradline import DataError, GradientDescentRegressor, LinearRegression, ResidualDisplay, open_source
from tests.diagnostics.test_in_parts import same_diagnosis

pytest.importorskip("dask.dataframe", reason="needs the extra 'dask'")
pytest.importorskip("distributed", reason="needs the extra 'dask'")

import dask
import dask.array as da
import dask.dataframe as dd

from gradline.distributed import results

ROWS = 600
NAMES = ["x", "rooms"]
FIT = {"target": "y", "features": ["x", "rooms", "city"], "missing": "drop"}


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """Whatever client of Dask is open, these tests are for none."""
    monkeypatch.setattr(results, "_open_client", lambda: None)
    with dask.config.set(scheduler="threads"):
        yield


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "x": rng.normal(100, 1, ROWS),
            "rooms": rng.integers(1, 5, ROWS),
            "city": rng.choice(["Oslo", "Rome"], ROWS),
            "firm": rng.choice(["a", "b", "c", "d", "e"], ROWS),
            "year": rng.integers(2001, 2009, ROWS),
            "w": rng.integers(1, 3, ROWS).astype(float),
        },
        index=np.arange(ROWS) * 2 + 7,
    )
    frame["y"] = 2 * frame["x"] + frame["rooms"] ** 2 + rng.normal(size=ROWS)
    return frame


@pytest.fixture(scope="module")
def holed(table):
    holed = table.copy()
    holed.iloc[[5, 333, 334], 0] = np.nan
    return holed


@pytest.fixture
def ddf(table):
    return dd.from_pandas(table, npartitions=5)


def test_a_dataframe_is_diagnosed_as_in_one_process(holed):
    alone = LinearRegression().fit(open_source(holed, **FIT))
    spread = LinearRegression().fit(open_source(dd.from_pandas(holed, npartitions=5), **FIT))
    for covariance in (None, ("cluster", "firm"), ("cluster", "firm", "year"), "newey-west:3"):
        found, expected = (model.diagnose(covariance=covariance, ordered=True) for model in (spread, alone))
        same_diagnosis(found, expected)
    assert (
        str(spread.summary(covariance=("cluster", "firm"))).splitlines()[1:]
        == (str(alone.summary(covariance=("cluster", "firm"))).splitlines()[1:])
    )


def test_x_and_y_are_diagnosed_and_grouped_by_labels_that_lie_beside_them(table, ddf):
    alone = LinearRegression().fit(table[NAMES], table["y"], table["w"])
    spread = LinearRegression().fit(ddf[NAMES], ddf["y"], ddf["w"])
    same_diagnosis(spread.diagnose(), alone.diagnose())
    for here, there in (
        ([table["firm"]], [ddf["firm"]]),
        ([table["firm"], table["year"]], [ddf["firm"], ddf["year"]]),
        ([table["firm"], table["year"]], [ddf["firm"], table["year"].to_numpy()]),
    ):
        expected, found = alone.summary(covariance=("cluster", *here)), spread.summary(covariance=("cluster", *there))
        assert str(found) == str(expected)


def test_labels_beside_a_source_too(table, ddf):
    alone, spread = (LinearRegression().fit(open_source(rows, **FIT)) for rows in (table, ddf))
    expected = alone.summary(covariance=("cluster", table["firm"], "year"))
    found = spread.summary(covariance=("cluster", ddf["firm"], "year"))
    assert str(found).splitlines()[1:] == str(expected).splitlines()[1:]


def test_arrays_too(table):
    X, y, firm = table[NAMES].to_numpy(), table["y"].to_numpy(), table["firm"].to_numpy(str)
    alone = LinearRegression().fit(X, y)
    spread = LinearRegression().fit(da.from_array(X, chunks=(170, 1)), da.from_array(y, chunks=200))
    same_diagnosis(spread.diagnose(), alone.diagnose())
    found = spread.summary(covariance=("cluster", da.from_array(firm, chunks=333)))
    assert str(found) == str(alone.summary(covariance=("cluster", firm)))


def test_a_descent_from_the_sums_is_diagnosed_too(table, ddf):
    options = {"engine": "moments", "random_state": 0}
    alone = GradientDescentRegressor(**options).fit(table[NAMES], table["y"])
    spread = GradientDescentRegressor(**options).fit(ddf[NAMES], ddf["y"])
    same_diagnosis(spread.diagnose(), alone.diagnose())


@pytest.mark.parametrize("kind", ["standardised", "on a line", "few rows", "all but collinear"])
def test_a_descent_from_the_sums_needs_no_rows_where_the_sums_are_exact(table, kind):
    rows = table[["x", "rooms", "y"]].astype(float)
    if kind == "standardised":
        rows = (rows - rows.mean()) / rows.std()
    elif kind == "on a line":  # the slope of the rooms is zero but for the rounding of y
        rows["y"] = 0.1 * rows["x"]
    elif kind == "few rows":
        rows = rows.iloc[:4]
    else:
        rows["rooms"] = rows["x"] + 1e-7 * rows["rooms"]
    spread = dd.from_pandas(rows, npartitions=3)
    found = GradientDescentRegressor("moments").fit(spread[NAMES], spread["y"])
    X = rows[NAMES].to_numpy()
    expected = np.linalg.lstsq(np.column_stack([X - X.mean(axis=0), np.ones(len(X))]), rows["y"], rcond=None)[0]
    np.testing.assert_allclose(found.coef_, expected[:2], rtol=1e-6, atol=1e-12)
    assert found.converged_, found.stop_reason_


@pytest.mark.parametrize(
    "labels",
    [
        lambda ddf: ddf["firm"].repartition(npartitions=2),
        lambda ddf: ddf[["firm"]],
        lambda ddf: dd.from_pandas(pd.Series("a", range(500)), npartitions=5),
        lambda ddf: ddf["year"].to_dask_array(lengths=True),
    ],
)
def test_labels_that_do_not_lie_beside_the_rows_are_refused(ddf, labels):
    for fit in (LinearRegression().fit(ddf[NAMES], ddf["y"]), LinearRegression().fit(open_source(ddf, **FIT))):
        with pytest.raises(DataError, match="not one label for each row of each partition") as error:
            fit.summary(covariance=("cluster", labels(ddf)))
        assert error.value.hint


def test_a_report_without_rows_here_says_what_it_lacks(ddf, tmp_path):
    LinearRegression().fit(open_source(ddf, **FIT)).report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "A sign of curvature" in page
    assert "Left out: the rows of DataFrame lie with the workers of Dask" in page
    assert "<iframe" not in page


# Predictions


def never(*_, **__):
    raise AssertionError("something was computed")


def test_predictions_are_as_lazy_as_the_rows(table, ddf):
    frame = LinearRegression().fit(open_source(table, target="y", features=["x", "city"]))
    plain = LinearRegression().fit(table[NAMES], table["y"])
    array = LinearRegression(polynomial=2).fit(table[["x"]].to_numpy(), table["y"])
    with dask.config.set(scheduler=never):
        lazy = [
            frame.predict(ddf),
            plain.predict(ddf[NAMES]),
            array.predict(da.from_array(table[["x"]].to_numpy(), chunks=100)),
        ]
    assert [type(found) for found in lazy] == [type(ddf["x"]), type(ddf["x"]), type(da.ones(1))]
    found = lazy[0].compute()
    assert found.index.equals(table.index)
    assert found.tolist() == frame.predict(table).tolist()
    # A product of some rows may round otherwise than one of all: by some units in the last place of numbers near 200.
    np.testing.assert_allclose(lazy[1].compute(), plain.predict(table[NAMES]), rtol=1e-14)
    np.testing.assert_allclose(lazy[2].compute(), array.predict(table[["x"]].to_numpy()), rtol=1e-14)


def test_residuals_are_drawn_of_what_is_computed_for_them(table, ddf):
    figure = pytest.importorskip("matplotlib.figure", reason="needs the extra 'plots'")
    fit = LinearRegression().fit(table[NAMES], table["y"])
    drawn, expected = (
        ResidualDisplay.from_estimator(fit, X, y, ax=figure.Figure().subplots())
        for X, y in ((ddf[NAMES], ddf["y"]), (table[NAMES], table["y"]))
    )
    np.testing.assert_allclose(drawn.residual, expected.residual, atol=1e-12)


def test_limits_of_predictions_say_that_they_need_the_rows_here(table, ddf):
    fit = LinearRegression().fit(table[NAMES], table["y"])
    with pytest.raises(DataError, match="needs the rows of X here") as error:
        fit.predict_interval(ddf[NAMES])
    assert "X.compute()" in error.value.hint


def test_an_empty_partition_has_no_predictions(table, ddf):
    plain = LinearRegression().fit(table[NAMES], table["y"])
    some = ddf[ddf["x"] < 98]
    assert len(plain.predict(some[NAMES]).compute()) == (table["x"] < 98).sum()


def test_scores_are_those_of_one_process_and_need_no_rows_here(table, ddf):
    plain = LinearRegression().fit(table[NAMES], table["y"])
    frame = LinearRegression().fit(open_source(table, target="y", features=["x", "city"]))
    X, y = table[NAMES].to_numpy(), table["y"].to_numpy()
    bare = GradientDescentRegressor().fit(X, y)
    # R^2 is at most 1: to some units in the last place of float64 sums.
    same = {"rel": 1e-12}
    assert plain.score(ddf[NAMES], ddf["y"]) == pytest.approx(plain.score(table[NAMES], table["y"]), **same)
    weighted = plain.score(ddf[NAMES], ddf["y"], ddf["w"])
    assert weighted == pytest.approx(plain.score(table[NAMES], table["y"], table["w"]), **same)
    assert frame.score(ddf, ddf["y"]) == pytest.approx(frame.score(table, table["y"]), **same)
    arrays = da.from_array(X, chunks=100), da.from_array(y, chunks=150)
    assert bare.score(*arrays) == pytest.approx(bare.score(X, y), **same)


def test_a_source_is_scored_by_those_who_read_it(table, holed):
    model = LinearRegression().fit(open_source(table, **FIT))
    there, here = (open_source(rows, **FIT) for rows in (dd.from_pandas(holed, npartitions=4), holed))
    assert model.score(there) == pytest.approx(model.score(here), rel=1e-13)
    travels = pickle.loads(pickle.dumps(model._bare()._predictions))
    assert travels(np.ones((1, 3))) == model._predictions(np.ones((1, 3)))
    with pytest.raises(DataError, match="these 3 of 600 rows"):
        model.score(open_source(dd.from_pandas(holed, npartitions=4), **{**FIT, "missing": "error"}))


def test_a_constant_target_scores_as_in_scikit_learn(table, ddf):
    constant = LinearRegression().fit(table[NAMES], np.ones(ROWS))
    one = ddf["w"] * 0 + 1
    assert constant.score(ddf[NAMES], one) == 1.0
    assert constant.score(ddf[NAMES], one + 1) == 0.0


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (lambda ddf: ddf[["x"]], "yet now missing"),
        (lambda ddf: ddf["x"], "expected rows and columns"),
        (lambda ddf: da.ones(4), "expected rows and columns"),
        (lambda ddf: da.ones((4, 3)), "X has 3 features"),
    ],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_other_columns_are_refused_before_anything_is_computed(table, ddf, rows, told):
    fit = LinearRegression().fit(table[NAMES], table["y"])
    with dask.config.set(scheduler=never), pytest.raises(ValueError, match=told):
        fit.predict(rows(ddf))


def test_a_row_that_cannot_be_predicted_is_named_when_it_is_computed(table, ddf):
    fit = LinearRegression().fit(open_source(table, target="y", features=["x", "city"]))
    lazy = fit.predict(ddf.assign(city="Bonn"))
    with pytest.raises(DataError, match="holds the level 'Bonn' in row 1, which the fit never met"):
        lazy.compute()
