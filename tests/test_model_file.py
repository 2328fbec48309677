"""A fit in a file: read back equal to the bit, and whatever else lies there told in a sentence."""

import contextlib
import hashlib
import json
import os
import sqlite3
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from gradline import DataError, ExactMoments, LinearRegression, Moments, load, open_source
from gradline.data.readers.opening import opened
from gradline.data.to_predict import FeatureTable
from gradline.errors import DataWarning
from gradline.estimators.saved import as_saved
from gradline.model_file import merged, read_model, write_model
from gradline.model_file.writing import bare_name

COLUMNS = ["sqft", "rooms", 'the "odd", one', "größe"]


def table(rows=40, features=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(50, 9, (rows, features))
    return dict(zip(COLUMNS, X.T, strict=False)) | {"price": X @ np.arange(1.0, features + 1) + rng.normal(size=rows)}


def fitted(**options):
    return LinearRegression(**options).fit(open_source(table(), target="price"))


def rewritten(path, change, *, checksum=True):
    """The file with a change in it, and the checksum of what it says then."""
    content = json.loads(path.read_text())
    change(content)
    if checksum:
        content.pop("sha256", None)
        text = json.dumps(content, sort_keys=True)
        content["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.json"
    fitted().save(path)
    return path


def assert_the_same(ours, theirs, X):
    assert type(ours.moments_) is type(theirs.moments_)
    assert ours.moments_.to_json() == theirs.moments_.to_json()
    np.testing.assert_array_equal(ours.coef_, theirs.coef_, strict=True)
    for figure in ("intercept_", "digits_", "rank_", "condition_number_", "n_samples_", "n_dropped_", "n_features_in_"):
        assert getattr(ours, figure) == getattr(theirs, figure)
    assert ours._solution.certificate == theirs._solution.certificate
    assert str(ours.summary()) == str(theirs.summary())
    assert ours.get_params() == theirs.get_params()
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.predict_interval(X), theirs.predict_interval(X))


def test_a_coefficient_beyond_float64_is_not_kept(tmp_path):
    with pytest.warns(DataWarning, match="the coefficient of 'x0' is"):
        model = LinearRegression(precision="exact", fit_intercept=False).fit([[0.0], [1e-308]], [0.0, 4.0])
    with pytest.raises(DataError, match="the coefficient of 'x0' is beyond float64"):
        model.save(tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()
    with pytest.warns(DataWarning, match="the intercept is"):
        model = LinearRegression(precision="exact").fit([[1e308], [1.01e308], [1.1e308]], [1e308, -1e308, 1.7e308])
    with pytest.raises(DataError, match="the intercept is beyond float64"):
        model.save(tmp_path / "m.json")


def test_a_coefficient_that_became_zero_is_told_by_the_model_too(tmp_path):
    with pytest.warns(DataWarning, match="the coefficient of 'x0' is in size outside .* other units"):
        model = LinearRegression().fit([[1e300], [2e300], [4e300]], [1e-100, 2e-100, 5e-100])
    assert (model.coef_[0], model.digits_) == (0.0, 0.0)
    model.save(tmp_path / "m.json")
    assert_the_same(load(tmp_path / "m.json"), model, [[1e300]])
    told = str(load(tmp_path / "m.json").summary())
    assert "No digits certified" in told
    assert "The coefficient of 'x0' is in size outside 2.2e-308 to 1.8e+308" in told


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(
        st.tuples(*[st.floats(-1e6, 1e6, allow_subnormal=False)] * 3, st.integers(0, 3)), min_size=2, max_size=12
    ),
    precision=st.sampled_from(["float64", "exact"]),
    fit_intercept=st.booleans(),
)
def test_what_is_loaded_is_equal_to_the_bit(numbers, precision, fit_intercept, tmp_path_factory):
    rows = np.array(numbers)
    rows[np.abs(rows) < 1e-100] = 0.0  # their squares vanish, and float64 sums say so
    X, y, weight = rows[:, :2], rows[:, 2], rows[:, 3] + (rows[:, 3].sum() == 0)
    path = tmp_path_factory.mktemp("saved") / "model.json"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns that hypothesis likes to make equal
        model = LinearRegression(precision=precision, fit_intercept=fit_intercept).fit(X, y, weight)
        assume(np.isfinite(model.coef_).all())  # of the others: test_a_coefficient_beyond_float64_is_not_kept
        model.save(path)
        loaded = load(path)
        assert_the_same(loaded, model, X)
        assert_the_same(loaded.partial_fit(X + 1, y), model.partial_fit(X + 1, y), X)


@pytest.mark.parametrize(
    "options",
    [{}, {"precision": "exact"}, {"fit_intercept": False}, {"missing": "drop"}],
    ids=lambda options: next(iter(options), "plain"),
)
def test_options_and_names_come_back(options, tmp_path):
    model = fitted(**options)
    model.save(tmp_path / "model.json")
    X = np.column_stack([table()[name] for name in COLUMNS[:3]])
    loaded = load(tmp_path / "model.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # X has no names here
        assert_the_same(loaded, model, X)
    assert loaded.feature_names_in_.tolist() == COLUMNS[:3]


def test_an_array_without_names_has_none_afterwards(tmp_path):
    X = np.arange(12.0).reshape(6, 2) ** 2
    LinearRegression().fit(X, X[:, 0]).save(tmp_path / "m")
    assert not hasattr(load(tmp_path / "m"), "feature_names_in_")


def test_a_polynomial_comes_back(tmp_path):
    x = np.linspace(0, 3, 20)[:, None]
    model = LinearRegression(polynomial=3).fit(x, np.sin(x[:, 0]))
    model.save(tmp_path / "m")
    assert_the_same(load(tmp_path / "m"), model, x)


def test_exact_relations_come_back_and_warn_only_once(tmp_path):
    X = np.arange(8.0)[:, None] ** [1, 2] @ [[1, 0, 0.5], [0, 1, 3]]
    with pytest.warns(UserWarning, match="'x2' = 1/2"):
        model = LinearRegression(precision="exact").fit(X, np.arange(8.0) ** 3)
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")  # warnings are errors here
    assert loaded._solution.certificate == model._solution.certificate
    assert loaded.condition_number_ == np.inf


def test_equal_fits_give_equal_files_and_loading_changes_nothing(tmp_path):
    for name in "ab":
        fitted().save(tmp_path / name)
    load(tmp_path / "a").save(tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_ten_features_take_about_ten_kilobytes(tmp_path):
    X = np.random.default_rng(0).normal(size=(500, 10))
    LinearRegression(precision="float64").fit(X, X @ np.arange(10.0) + X[:, 0] ** 2).save(tmp_path / "m")
    assert 5_000 < (tmp_path / "m").stat().st_size < 10_000


def test_any_reader_of_json_finds_the_figures(model):
    content, fit = json.loads(model.read_text()), fitted()
    assert content["terms"] == ["(Intercept)", *COLUMNS[:3]]
    assert content["coefficients"] == [fit.intercept_, *fit.coef_]
    assert content["standard_errors"] == fit.inference().standard_error.tolist()
    assert content["covariance"] == fit.inference().covariance.tolist()
    state = fit.moments_.to_json()
    assert content["moments"] == json.loads(state)
    assert content["provenance"]["statistics_sha256"] == hashlib.sha256(state.encode()).hexdigest()
    assert content["provenance"]["rows"] == 40


def test_a_layout_of_ones_own_changes_nothing(model):
    model.write_text(json.dumps(json.loads(model.read_text()), indent=4, sort_keys=True) + "\n")
    assert load(model).n_samples_ == 40


def test_no_folder_is_told(tmp_path):
    path = tmp_path / "secret-folder" / "t.csv"
    path.parent.mkdir()
    path.write_text("x,y\n1,2\n2,3\n3,5\n")
    LinearRegression().fit(open_source(path, target="y")).save(tmp_path / "m")
    assert "secret-folder" not in (tmp_path / "m").read_text()
    assert str(load(tmp_path / "m").summary()).startswith("y on 1 feature of t.csv (3 rows)")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("s3://key:secret@bucket/deep/t.parquet?token=abc", "t.parquet"),
        ("postgresql://me:p/w@host/sales", "sales"),
        ("postgresql://me:pw@host", "host"),
        ("C:\\data\\t.csv", "t.csv"),
        ("X, y", "X, y"),
    ],
)
def test_no_credentials_are_told(source, name):
    assert bare_name(source) == name


def test_every_shorter_file_is_refused(model):
    whole = model.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        model.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"is damaged|no model"):
            load(model)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_character_is_refused_or_means_the_same(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("changed") / "model.json"
    fitted().save(path)
    whole = bytearray(path.read_bytes())
    before = json.loads(whole)
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(32, 126))
    path.write_bytes(whole)
    with contextlib.suppress(DataError):
        load(path)
        assert json.loads(whole) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no model of gradline: it is empty"),
        ("x,y\n1,2\n", "is no model of gradline: it is not JSON"),
        ("[1, 2]", "its kind is None"),
        ('{"kind": "gradline.Checkpoint"}', "its kind is 'gradline.Checkpoint'"),
        ("[" * 100_000, "is no model of gradline"),
        ('{"kind": "gradline.LinearRegression", "schema": 1}', "is damaged: 'features' is None"),
        ('{"kind": "gradline.LinearRegression", "schema": "1"}', "is damaged: its schema version is '1'"),
    ],
)
def test_another_file_is_told_apart(text, said, tmp_path):
    (tmp_path / "m").write_text(text)
    with pytest.raises(DataError) as caught:
        load(tmp_path / "m")
    assert said in caught.value.message
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_what_is_not_there_or_no_file_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        load(tmp_path / "m")
    with pytest.raises(DataError, match="it is a folder"):
        load(tmp_path)


def test_a_newer_schema_is_told(model):
    rewritten(model, lambda content: content.update(schema=2))
    with pytest.raises(DataError, match="has schema version 2, expected at most 1"):
        load(model)


def _set(*keys):
    *path, last, value = keys

    def change(content):
        for key in path:
            content = content[key]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("coefficients", 1, float("nan")), "holds NaN where a number belongs"),
        (_set("coefficients", 1, float("-inf")), "holds -Infinity where a number belongs"),
        (_set("coefficients", 1, None), "'coefficients' holds None, expected a finite number"),
        (_set("coefficients", 1, "3"), "'coefficients' holds '3', expected a finite number"),
        (_set("coefficients", 1, 10**400), "'coefficients' holds 1000"),
        (_set("coefficients", [1.0]), "'coefficients' has 1 numbers, expected 4"),
        (_set("features", ["a", "b"]), "its moments are of 3 features, expected 2"),
        (_set("features", []), "its moments are of 3 features, expected 0"),
        (_set("features", [1, 2, 3]), "'features' holds 1, expected text"),
        (_set("terms", ["a"]), "its terms are not those of its features"),
        (_set("polynomial", 0), "the degree 0"),
        (_set("polynomial", 10**300), "3 features and the degree 1000000"),
        (_set("polynomial", 10**400), "'polynomial' is 1000000"),
        (_set("fit_intercept", 1), "'fit_intercept' is 1, expected true or false"),
        (_set("precision", "double"), "'precision' is 'double', expected one of auto"),
        (_set("moments", "kind", "Sums"), "the kind of its moments is 'Sums'"),
        (_set("moments", "kind", []), "the kind of its moments is []"),
        (_set("moments", "kind", {}), "the kind of its moments is {}"),
        (_set("moments", "version", 10**400), "version 1000000"),
        (_set("moments", "features", 10**400), "its moments are of 1000000"),
        (_set("moments", "rows", -1), "'rows' is -1, expected a count"),
        (_set("moments", "rows", 10**400), "'rows' is 1000000"),
        (_set("moments", "rows", 0), "no 0 rows have such sums"),
        (_set("moments", "squares", ["0x1p0"]), "'squares' has 1 numbers"),
        (_set("moments", "squares", ["one"] * 10), "'squares' is not a list of hexadecimal numbers"),
        (_set("certificate", "digits", "many"), "'digits' holds 'many'"),
        (_set("certificate", "dependencies", [{"column": 9, "factors": {}}]), "a column beyond 3"),
        (_set("certificate", "dependencies", [{"column": 1, "factors": {"0": "1/0"}}]), "the factors of a dependency"),
        # which Fraction would begin to write out
        (_set("certificate", "dependencies", [{"column": 1, "factors": {"0": "1e999999999"}}]), "the factors of a"),
        (_set("certificate", "rank", 10**400), "'rank' is 1000000"),
        (_set("certificate", "beyond", [3]), "'beyond' is [3], expected columns"),
        (_set("provenance", "rows_dropped", None), "'rows_dropped' is None, expected a count"),
    ],
)
def test_what_does_not_fit_is_named(change, said, model):
    rewritten(model, change)
    with pytest.raises(DataError) as caught:
        load(model)
    assert "is damaged: " in caught.value.message
    assert said in caught.value.message
    assert len(caught.value.message) < 300
    assert caught.value.hint


def test_degrees_of_freedom_that_are_none_are_named(tmp_path):
    X = np.random.default_rng(1).normal(size=(20, 2))
    source = open_source({"a": X[:, 0], "y": X[:, 1]}, target="y")
    fit = LinearRegression().fit(source)
    saved = as_saved(fit)
    write_model(tmp_path / "m.json", replace(saved, robust=fit._robust_covariance("HC3", None)))
    load(tmp_path / "m.json")
    for df in (10**400, -1, 1.5):
        rewritten(tmp_path / "m.json", _set("robust", "df", df))
        with pytest.raises(DataError, match=r"'df' is .*, expected a count"):
            load(tmp_path / "m.json")


@pytest.mark.parametrize("entry", range(15))
@pytest.mark.parametrize("sum_", ["1p9999", "-1p9999", "1p-9999"])
def test_exact_sums_that_no_rows_have_are_refused_or_read_without_a_traceback(entry, sum_, tmp_path):
    X = np.array([[1.0, 2.0, 0.5], [2.0, 3.5, 1.0], [4.0, 1.0, 3.0], [5.0, 9.0, 2.0], [3.0, 3.0, 3.0]])
    path = tmp_path / "m.json"
    LinearRegression(precision="exact").fit(X, [1.0, 2.0, 5.0, 3.0, 4.0]).save(path)
    rewritten(path, _set("moments", "sums", entry, sum_))
    if sum_ == "1p9999" and entry in (0, 5, 9, 12):  # a square alone may be as large as it likes, as of powers
        model = load(path)
        str(model.summary())
        model.predict_interval(X)
        return
    with pytest.raises(DataError) as caught:
        load(path)
    assert len(caught.value.message) < 300


def test_a_fit_of_the_mean_alone_is_kept(tmp_path):
    for kind in (Moments, ExactMoments):
        model = LinearRegression.from_moments(kind.of(np.zeros((3, 0)), [1.0, 2.0, 6.0]))
        model.save(tmp_path / "m.json")
        again = load(tmp_path / "m.json")
        assert (again.intercept_, again.coef_.shape) == (3.0, (0,))
        assert str(again.summary()) == str(model.summary())
    design = read_model(tmp_path / "m.json").starts_from
    with pytest.raises(DataError, match="the model has no features, and predicts the same for every row"):
        FeatureTable.of(opened({"a": [1.0]}), design)


def test_models_of_two_formulas_are_refused_by_both(tmp_path):
    table = {"a": [1.0, 2.0, 4.0, 7.0], "b": [2.0, 1.0, 5.0, 3.0], "y": [1.0, 2.0, 2.0, 5.0]}
    one, other = (
        as_saved(LinearRegression(precision="exact").fit(open_source(table, formula=formula)))
        for formula in ("y ~ a + np.log(b)", "y ~ a + np.sqrt(b)")
    )
    said = r"fits to the formula 'y ~ a \+ np.log\(b\)' and to the formula 'y ~ a \+ np.sqrt\(b\)' do not go together"
    with pytest.raises(DataError, match=said):
        merged(one, other)


def test_a_number_changed_by_hand_does_not_fit_the_checksum(model):
    rewritten(model, _set("coefficients", 1, 7.0), checksum=False)
    with pytest.raises(DataError, match="does not fit its checksum"):
        load(model)


def test_a_failed_write_leaves_what_was_there(model, monkeypatch):
    before = model.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        fitted(fit_intercept=False).save(model)
    assert model.read_bytes() == before
    assert os.listdir(model.parent) == [model.name]


def test_a_place_that_is_none_is_a_sentence(tmp_path):
    for place in (tmp_path, tmp_path / "none" / "m.json"):
        with pytest.raises(DataError, match="cannot be written") as caught:
            fitted().save(place)
        assert caught.value.hint


def test_only_a_fit_can_be_saved(tmp_path):
    with pytest.raises(NotFittedError):
        LinearRegression().save(tmp_path / "m")


def test_statistics_alone_can_be_saved(tmp_path):
    moments = Moments.of([[1.0], [2.0], [4.0]], [1.0, 3.0, 4.0])
    LinearRegression.from_moments(moments, fit_intercept=False).save(tmp_path / "m")
    assert load(tmp_path / "m").coef_ == moments.solve(fit_intercept=False).coef


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_torch_layer_predicts_the_same(fit_intercept):
    torch = pytest.importorskip("torch")
    model = fitted(fit_intercept=fit_intercept)
    X = np.column_stack([table(seed=1)[name] for name in COLUMNS[:3]])
    layer = model.to_torch()
    assert (layer.bias is not None) == fit_intercept
    predicted = layer(torch.tensor(X)).detach().numpy()
    assert predicted.shape == (40, 1)
    # a sum of four terms in any order: 4 eps of the sum of their sizes, twice
    size = np.abs(X) @ np.abs(model.coef_) + abs(model.intercept_)
    assert (np.abs(predicted[:, 0] - (X @ model.coef_ + model.intercept_)) <= 8 * 2.0**-52 * size).all()


def test_a_polynomial_is_no_layer():
    x = np.linspace(0, 3, 20)[:, None]
    with pytest.raises(DataError, match=r"no nn\.Linear"):
        LinearRegression(polynomial=2).fit(x, x[:, 0] ** 2 + np.sin(x[:, 0])).to_torch()


@pytest.mark.parametrize("features", [1, 3, 4])
def test_a_database_predicts_the_same(features):
    rows = table(features=features)
    names = COLUMNS[:features]
    model = LinearRegression().fit(open_source(rows, target="price"))
    X = np.column_stack([rows[name] for name in names])
    quoted = ", ".join('"' + name.replace('"', '""') + '" REAL' for name in names)
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE t ({quoted})")
        database.executemany(f"INSERT INTO t VALUES ({', '.join('?' * features)})", X.tolist())
        found = np.array(database.execute(f"SELECT {model.to_sql()} FROM t").fetchall())[:, 0]
    database.close()
    size = np.abs(X) @ np.abs(model.coef_) + abs(model.intercept_)
    # as many roundings as terms on either side, and one more where SQLite reads a number with 17 digits
    assert (np.abs(found - (X @ model.coef_ + model.intercept_)) <= 4 * (features + 1) * 2.0**-52 * size).all()


def test_a_database_predicts_a_polynomial():
    x = np.linspace(-2, 3, 20)
    model = LinearRegression(polynomial=3).fit(x[:, None], np.sin(x))
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (x0 REAL)")
        database.executemany("INSERT INTO t VALUES (?)", x[:, None].tolist())
        found = np.array(database.execute(f"SELECT {model.to_sql()} FROM t").fetchall())[:, 0]
    database.close()
    size = np.abs(x[:, None] ** [1, 2, 3]) @ np.abs(model.coef_) + abs(model.intercept_)
    assert (np.abs(found - model.predict(x[:, None])) <= 16 * 2.0**-52 * size).all()
