"""R^2 of a source, beside scikit-learn's of the same rows in memory."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score

from gradline import DataError, GradientDescentRegressor, LinearRegression, open_source
from gradline.data.parted import parted
from gradline.moments.by_threads import by_threads

SAME = {"rel": 1e-13}  # sums of residuals that err by some units of rounding each


def table(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "w": rng.integers(0, 4, rows)})
    frame["city"] = rng.choice(["Bonn", "Rome", "Oslo"], rows)
    frame["y"] = frame["a"] - 2 * frame["b"] + (frame["city"] == "Rome") + rng.normal(size=rows)
    return frame


@pytest.fixture
def folder(tmp_path):
    for part in range(3):
        table()[100 * part : 100 * (part + 1)].to_csv(tmp_path / f"{part}.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor("moments")], ids=lambda e: type(e))
def test_a_source_is_scored_as_its_rows_in_memory_are(estimator, folder):
    rows, seen = table(), {"target": "y", "weight": "w"}
    model = estimator.fit(open_source(folder, **seen))
    expected = r2_score(rows["y"], model.predict(rows), sample_weight=rows["w"])
    in_memory = open_source(rows, **seen)
    for source in (
        open_source(folder, **seen, batch_rows=7),
        parted(open_source(folder, **seen), by_threads),
        in_memory,
    ):
        assert model.score(source) == pytest.approx(expected, **SAME)
        assert model.score(source, None) == model.score(source)
    other = open_source(table(80, seed=1), **seen)
    expected = r2_score(table(80, 1)["y"], model.predict(table(80, 1)), sample_weight=table(80, 1)["w"])
    assert model.score(other) == pytest.approx(expected, **SAME)
    with pytest.raises(TypeError, match=r"call score\(source\) alone"):
        model.score(other, rows["y"])
    with pytest.raises(DataError, match="no column 'y'"):
        model.score(open_source(table().drop(columns="y"), **seen))


def test_rows_that_a_source_leaves_out_do_not_count():
    rows = table()[["a", "b", "y"]]
    rows.iloc[3, 0] = rows.iloc[17, 2] = np.nan
    model = LinearRegression().fit(table()[["a", "b"]], table()["y"])
    good = rows.dropna()
    found = model.score(open_source(rows, target="y", missing="drop"))
    assert found == pytest.approx(r2_score(good["y"], model.predict(good[["a", "b"]])), **SAME)
    with pytest.raises(DataError, match="these 2 of 300 rows"):
        model.score(open_source(rows, target="y"))
    with pytest.raises(DataError, match="has features"):
        model.score(open_source(table()[["a", "b", "y"]], target="b"))


def test_polynomials_and_networks_score_sources():
    from torch import nn

    rows = table()[["a", "y"]]
    source = open_source(rows, target="y")
    network = GradientDescentRegressor("nn", module=nn.Linear(1, 1), optimizer="adam", max_iter=5, tol=None)
    for model in (LinearRegression(polynomial=3), network):
        expected = r2_score(rows["y"], model.fit(source).predict(rows[["a"]]))
        assert model.score(source) == pytest.approx(expected, rel=1e-6 if model is network else 1e-13)


@pytest.mark.parametrize("size", [1e170, 1.0, 1e-170])
def test_the_score_of_any_float64_is_that_of_the_line(size):
    x, y = [1.0, 2.0, 3.0, 4.0], [3.1 * size, 4.9 * size, 7.1 * size, 8.9 * size]
    source = open_source({"x": x, "y": y}, target="y")
    model = LinearRegression().fit(source)
    residuals = [Fraction(b) - Fraction(p) for b, p in zip(y, model.predict(source).tolist(), strict=True)]
    mean = sum(map(Fraction, y)) / 4
    truth = 1 - sum(r * r for r in residuals) / sum((Fraction(b) - mean) ** 2 for b in y)
    assert model.score(source) == pytest.approx(float(truth), rel=1e-14)


def test_the_score_of_a_constant_or_of_one_row_is_as_in_scikit_learn():
    model = LinearRegression().fit([[1.0], [2.0]], [5.0, 5.0])
    assert model.score(open_source({"x0": [1.0, 3.0], "y": [5.0, 5.0]}, target="y")) == 1.0
    assert model.score(open_source({"x0": [1.0, 3.0], "y": [6.0, 6.0]}, target="y")) == 0.0
    with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
        assert np.isnan(model.score(open_source({"x0": [1.0], "y": [5.0]}, target="y")))


def test_without_a_target_there_is_no_score():
    model = LinearRegression().fit([[1.0], [2.0]], [5.0, 6.0])
    with pytest.raises(DataError, match=r"y is None\nhint: .*source"):
        model.score([[1.0], [2.0]])
