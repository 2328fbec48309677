"""A fitted line in other languages predicts the same there: ONNX by its reference evaluator, SQL by SQLite."""

import sqlite3

import numpy as np
import pytest

from gradline import DataError, LinearRegression, open_source

RNG = np.random.default_rng(5)
ROWS = 60
CITIES = np.array(["Bonn", "O'slo", "Rome \u2764"])[RNG.integers(0, 3, ROWS)]
TABLE = {
    "sqft": RNG.uniform(400, 4000, ROWS),
    "city": CITIES.tolist(),
    "garden": RNG.integers(0, 2, ROWS).astype(bool).tolist(),
    "rooms": RNG.integers(1, 4, ROWS).astype(float),
}
TABLE["price"] = (
    TABLE["sqft"] * 150 + (CITIES == "O'slo") * 9000.0 + np.array(TABLE["garden"]) * 70.0 + RNG.normal(size=ROWS)
)


def rounding(model, X):
    """What as many roundings as terms, on either side, may make of a prediction."""
    return 4 * (X.shape[1] + 1) * 2.0**-52 * (np.abs(X) @ np.abs(model.coef_) + abs(model.intercept_))


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_an_onnx_model_predicts_the_same(fit_intercept):
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    X = RNG.normal(size=(50, 3))
    model = LinearRegression(fit_intercept=fit_intercept).fit(X, X @ [1.0, -2.0, 0.5] + 3.0 + RNG.normal(size=50))
    exported = onnx.load_from_string(model.to_onnx().SerializeToString())
    (found,) = ReferenceEvaluator(exported).run(None, {"X": X})
    assert found.shape == (50, 1)
    assert (np.abs(found[:, 0] - model.predict(X)) <= rounding(model, X)).all()
    assert {p.key: p.value for p in exported.metadata_props} == {"features": "x0\nx1\nx2"}


def test_an_onnx_model_of_a_polynomial_predicts_the_same():
    pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    x = np.linspace(-2, 3, 40)[:, None]
    model = LinearRegression(polynomial=3).fit(x, np.sin(x[:, 0]))
    (found,) = ReferenceEvaluator(model.to_onnx()).run(None, {"X": x})
    assert np.array_equal(found[:, 0], model.predict(x))  # the same rule, step by step


def test_without_onnx_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'gradline\[onnx\]'"):
        LinearRegression().fit([[1.0], [2.0], [4.0]], [1.0, 3.0, 4.0]).to_onnx()


def test_a_database_predicts_categories_and_booleans_and_no_level_that_was_never_met():
    model = LinearRegression().fit(open_source(TABLE, target="price", features=["sqft", "city", "garden", "C(rooms)"]))
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (sqft REAL, city TEXT, garden INTEGER, rooms REAL)")
        rows = zip(*(list(TABLE[name]) for name in ("sqft", "city", "garden", "rooms")), strict=True)
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        database.execute("INSERT INTO t VALUES (1000, 'Paris', 0, 2)")
        found = [row for (row,) in database.execute(f"SELECT {model.to_sql()} FROM t")]
    database.close()
    assert found.pop() is None
    predicted = model.predict({name: TABLE[name] for name in ("sqft", "city", "garden", "rooms")})
    np.testing.assert_allclose(found, predicted, rtol=1e-13)


def test_what_sql_has_no_one_form_for_is_refused():
    dates = np.datetime64("2024-01-01") + np.arange(ROWS)
    model = LinearRegression().fit(open_source({"sold": dates, "price": TABLE["price"]}, target="price"))
    with pytest.raises(DataError, match=r"'sold' is a date, taken in days since 1970-01-01"):
        model.to_sql()
    model = LinearRegression().fit(open_source(TABLE, formula="price ~ log(sqft)"))
    with pytest.raises(DataError, match=r"the formula 'price ~ log\(sqft\)' has no form in SQL"):
        model.to_sql()
