"""X, y and weights that lie with Dask are read as those of one process: the same bits, or the same refusal."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from gradline import DataError, LinearRegression, open_source

pytest.importorskip("distributed", reason="needs the extra 'dask'")
pytest.importorskip("dask.dataframe", reason="needs the extra 'dask'")

import dask
import dask.array as da
import dask.dataframe as dd
import distributed

ROWS = 300


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=ROWS) * 1e3, "z": rng.normal(size=ROWS) + 1e6})
    frame["w"] = rng.integers(0, 4, ROWS)
    frame["b"] = rng.random(ROWS) < 0.5
    frame["c"] = pd.Categorical(frame["w"])
    frame["sparse"] = pd.arrays.SparseArray(np.where(frame["b"], 1.5, 0.0))
    frame["y"] = 2 * frame["x"] + frame["z"] + rng.normal(size=ROWS)
    return frame


def parted(frame):
    return dd.from_pandas(frame, npartitions=3, sort=False)


def arrays(frame, *columns):
    """As NumPy and as Dask has them."""
    here = frame[[*columns]].to_numpy()
    return here, da.from_array(here, chunks=(70, len(columns)))


def fit(*rows, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn, of y in a column
        return LinearRegression(precision="exact", **how).fit(*rows)


@pytest.mark.parametrize(
    "rows",
    [
        lambda t: (t[["x"]], t["b"]),
        lambda t: (t[["x"]], t[["y"]]),
        lambda t: (t[["x", "c"]], t["y"], t["w"]),
        lambda t: (t[["x"]].astype("Float64"), t["y"].astype("Float64")),
        lambda t: (t[["w"]].astype("int8"), t["y"].astype("float32")),
        lambda t: (t[["x", "sparse"]], t["y"]),
        lambda t: (t[["x", "w"]].astype({"w": object}), t["y"]),
        lambda t: (t[["x", "z"]].rename(columns={"x": 0, "z": 1}), t["y"]),
        lambda t: (t[["x"]].astype("longdouble"), t["y"]),
    ],
    ids=[
        "truths as y",
        "one column as y",
        "a category of numbers",
        "numbers that may be missing",
        "narrow numbers",
        "sparse numbers",
        "numbers that are objects",
        "names that are numbers",
        "wide numbers",
    ],
)
def test_frames_give_the_bits_of_one_process(table, rows):
    assert fit(*rows(parted(table))).moments_ == fit(*rows(table)).moments_


@pytest.mark.parametrize("how", [{}, {"missing": "drop"}])
@pytest.mark.parametrize("which", ["X", "y"])
def test_masked_cells_are_missing(table, which, how):
    (here, there), y = arrays(table, "x"), table["y"].to_numpy()
    lazy = da.from_array(y, chunks=70)
    if which == "X":
        rows, parts = (np.ma.masked_greater(here, 500.0), y), (da.ma.masked_greater(there, 500.0), lazy)
    else:
        rows, parts = (here, np.ma.masked_greater(y, 1e6)), (there, da.ma.masked_greater(lazy, 1e6))
    if how:
        found, expected = fit(*parts, **how), fit(*rows, **how)
        assert found.moments_ == expected.moments_
        assert 0 < found.moments_.rows < ROWS
        return
    for given in (rows, parts):
        with pytest.raises(DataError, match=r"column '(x0|y)' has \d+ missing"):
            fit(*given)


def test_sparse_blocks_are_made_dense(table):
    here, there = arrays(table, "x", "w")
    assert fit(there.map_blocks(sp.csr_matrix), da.from_array(table["y"].to_numpy(), chunks=70)).moments_ == (
        fit(here, table["y"]).moments_
    )


def changed(frame, change):
    """The last of three partitions is other than the frame says."""

    def some(part):
        return change(part) if len(part) and part.index[0] >= 200 else part

    return frame.map_partitions(some, meta=frame._meta, enforce_metadata=False)


def test_columns_of_a_partition_are_known_by_their_names(table):
    there = parted(table)
    turned = changed(there[["x", "z"]], lambda part: part[["z", "x"]])
    assert fit(turned, there["y"]).moments_ == fit(table[["x", "z"]], table["y"]).moments_


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda part: part.assign(k=1.0), "'x', 'z', 'k'"),
        (lambda part: part.rename(columns={"z": "q"}), "'x', 'q'"),
        (lambda part: part[["x"]], "'x'"),
    ],
)
def test_a_partition_with_other_columns_is_named(table, change, found):
    there = parted(table)
    with pytest.raises(DataError) as error:
        fit(changed(there[["x", "z"]], change), there["y"])
    assert error.value.message.startswith("partition 3 of X, y has other columns than X says: ")
    assert found in error.value.message


def test_an_absent_column_of_a_partition_is_named(table):
    source = open_source(
        changed(parted(table), lambda part: part.rename(columns={"z": "q"})), target="y", features=["x", "z"]
    )
    with pytest.raises(DataError, match=r"a part of the rows cannot be made: .*'z'"):
        fit(source)


def test_times_of_a_zone_in_some_partitions_only_are_refused(table):
    frame = pd.DataFrame({"d": pd.date_range("2026-01-01", periods=ROWS, freq="h"), "y": table["y"]})
    there = changed(parted(frame), lambda part: part.assign(d=part["d"].dt.tz_localize("US/Eastern")))
    with pytest.raises(
        DataError, match=r"column 'd' of partition 3 of DataFrame is a time with a zone, expected a time\n"
    ):
        fit(open_source(there, target="y"))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (lambda t: (t[["x"]], t[["y", "z"]]), "y has 2 columns, expected one"),
        (lambda t: (t[["x"]], t["y"], t[["w", "b"]]), "sample_weight has 2 columns, expected one"),
        (lambda t: (t[[]], t["y"]), "X has no columns"),
        (lambda t: (t["x"], t["y"]), "X is a Dask Series of 1 dimension, expected rows and columns"),
        (lambda t: (t[["x", "x"]], t["y"]), "X has 2 columns named 'x'"),
    ],
)
def test_frames_that_do_not_fit_are_refused_before_anything_is_computed(table, rows, told):
    there = parted(table).map_partitions(lambda part: 1 / 0, meta=table.iloc[:0])
    with pytest.raises(DataError, match=told):
        fit(*rows(there))


@pytest.mark.parametrize(
    ("weight", "told"),
    [(lambda X: X, r"sample_weight has shape \(300, 2\)"), (lambda X: X[:, :, None], r"has shape \(300, 2, 1\)")],
)
def test_weights_of_several_columns_are_refused(table, weight, told):
    _, X = arrays(table, "x", "z")
    with pytest.raises(DataError, match=told):
        fit(X, X[:, 0], weight(X))


def test_what_no_number_is_says_its_partition(table):
    complex_ = da.from_array(table[["x"]].to_numpy() * 1j, chunks=70)
    with pytest.raises(DataError, match=r"Complex data not supported: X of partition \d of X, y"):
        fit(complex_, da.ones(ROWS, chunks=70))
    with pytest.raises(DataError, match=r"y of partition \d of X, y holds text: 'a' in row 1"):
        fit(parted(table)[["x"]], parted(table.assign(y="a"))["y"])


def test_powers_of_a_column_are_gathered_where_it_lies(table):
    there = parted(table)
    found, expected = (fit(frame[["z"]], frame["y"], polynomial=3) for frame in (there, table))
    assert found.moments_ == expected.moments_
    assert found.coef_.tolist() == expected.coef_.tolist()


def test_rows_that_delayed_functions_make_unseen_are_fitted(table):
    """Dask loses a link of such graphs where it makes one task of each chain."""
    parts = [dask.delayed(table.iloc[start : start + 100]) for start in range(0, ROWS, 100)]
    there = dd.from_delayed(parts, meta=table.iloc[:0], verify_meta=False)
    expected = fit(table[["x", "z"]], table["y"]).moments_
    assert fit(open_source(there, target="y", features=["x", "z"])).moments_ == expected
    assert fit(there[["x", "z"]], there["y"]).moments_ == expected


@pytest.mark.parametrize("gone", ["a file", "a place that is shut"])
def test_what_a_worker_cannot_read_is_not_a_lost_scheduler(table, tmp_path, gone):
    there = parted(table)
    if gone == "a file":
        for number in range(3):
            table[["x", "y"]].to_parquet(tmp_path / f"{number}.parquet")
        there = dd.read_parquet(tmp_path / "*.parquet")
        (tmp_path / "1.parquet").unlink()
    else:

        def shut(part):
            raise PermissionError(13, "Permission denied", "/data/part-7.parquet")

        there = there.map_partitions(shut, meta=table.iloc[:0])
    told = "1.parquet" if gone == "a file" else "part-7.parquet"
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        pytest.raises(DataError, match=rf"a part of the rows cannot be read: .*{told}"),
    ):
        fit(open_source(there, target="y", features=["x"]))


@pytest.mark.parametrize("kind", ["frame", "array"])
def test_a_row_that_cannot_be_predicted_says_in_which_partition_it_is(table, kind):
    model = fit(table[["x"]], table["y"]) if kind == "frame" else fit(*(arrays(table, "x")[0], table["y"]))
    holed = table.assign(x=table["x"].mask(table.index == 250))
    rows = parted(holed)[["x"]] if kind == "frame" else arrays(holed, "x")[1]
    told = "partition 3 of X: " if kind == "frame" else "block 4 of X: "
    with pytest.raises(DataError) as error:
        model.predict(rows).compute()
    assert error.value.message.startswith(told)
    assert "1 missing" in error.value.message


@pytest.mark.parametrize("kind", ["frame", "array"])
def test_names_are_learnt_and_held_to_as_in_one_process(table, kind):
    """A frame has names whatever they are, an array has none."""
    named = table.rename(columns={"x": "x0", "z": "x1"})
    if kind == "frame":
        alone, there = (fit(frame[["x0", "x1"]], frame["y"]) for frame in (named, parted(named)))
        for turned in (named[["x1", "x0"]], parted(named)[["x1", "x0"]]):
            with pytest.raises(ValueError, match="must be in the same order"):
                there.predict(turned)
    else:
        here, lazy = arrays(table, "x", "z")
        alone, there = fit(here, table["y"]), fit(lazy, da.from_array(table["y"].to_numpy(), chunks=70))
    assert getattr(alone, "feature_names_in_", None) is None or (
        alone.feature_names_in_.tolist() == there.feature_names_in_.tolist()
    )
    assert hasattr(alone, "feature_names_in_") == hasattr(there, "feature_names_in_") == (kind == "frame")
    assert alone.n_features_in_ == there.n_features_in_ == 2


@pytest.mark.filterwarnings("ignore:X (does not have|has) ")  # scikit-learn, of names on one side only
def test_rows_with_and_without_names_go_together(table):
    here, there = arrays(table, "x", "z")
    y, lazy = table["y"], da.from_array(table["y"].to_numpy(), chunks=70)
    frame = parted(table)
    expected = fit(here, y).partial_fit(table[["x", "z"]], y).moments_
    assert fit(there, lazy).partial_fit(frame[["x", "z"]], frame["y"]).moments_ == expected
    assert fit(frame[["x", "z"]], frame["y"]).partial_fit(there, lazy).moments_ == expected


def test_names_that_are_partly_numbers_are_refused_as_in_one_process(table):
    frame = table[["x", "z"]].rename(columns={"z": 1})
    for rows in ((frame, table["y"]), (parted(frame), parted(table)["y"])):
        with pytest.raises(TypeError, match="only supported if all input features have string names"):
            fit(*rows)


def test_columns_that_arrow_has_no_type_for_disturb_nobody(table):
    there = parted(table).assign(k=parted(table)["x"].map(lambda x: "ab"[x > 0], meta=("k", object)))
    here = table.drop(columns="sparse").assign(k=np.where(table["x"] > 0, "b", "a"))
    for features in (["x"], ["x", "k"]):
        found, expected = (fit(open_source(frame, target="y", features=features)) for frame in (there, here))
        assert found.moments_ == expected.moments_


def test_turned_columns_of_a_partition_are_predicted_by_their_names(table):
    model = fit(table[["x", "z"]], table["y"])
    turned = changed(parted(table)[["x", "z"]], lambda part: part[["z", "x"]])
    assert model.predict(turned).compute().to_numpy() == pytest.approx(model.predict(table[["x", "z"]]), rel=1e-15)
    other = changed(parted(table)[["x", "z"]], lambda part: part.rename(columns={"z": "q"}))
    with pytest.raises(DataError, match=r"partition 3 of X: The feature names should match"):
        model.predict(other).compute()


@pytest.mark.parametrize("weight", [1e308, 1e307])
@pytest.mark.parametrize("weights", ["analytic", "frequency"])
def test_weights_that_add_up_to_more_than_float64_are_refused(table, weight, weights, tmp_path):
    heavy = table[["x", "y"]].assign(w=weight)
    there = parted(heavy)
    with pytest.raises(DataError, match="the sum of the weights is beyond float64"):
        fit(there[["x"]], there["y"], there["w"], weights=weights)
    heavy.to_csv(tmp_path / "t.csv", index=False)
    for how in ({"precision": "float64"}, {"precision": "exact"}, {"polynomial": 2}):
        for fitted in (LinearRegression.fit, LinearRegression.partial_fit):
            source = open_source(tmp_path / "t.csv", target="y", weight="w", weights=weights)
            with pytest.raises(DataError, match="the sum of the weights is beyond float64"):
                fitted(LinearRegression(**how), source)


@pytest.mark.parametrize("kind", ["Int64", "UInt64", "int64[pyarrow]", "int64"])
def test_integers_of_y_that_float64_would_round_are_refused(table, kind):
    y = pd.Series([2**53 + 1, *range(ROWS - 1)]).astype(kind)
    for given in (y, y.to_frame()):
        with pytest.raises(DataError, match="float64 cannot hold exactly: 9007199254740993 in row 1"):
            fit(table[["x"]], given)


def test_masked_cells_of_objects_are_missing_and_scores_see_them(table):
    here = np.ma.array(table[["x"]].to_numpy().astype(object), mask=table[["x"]] < -900)
    there = da.from_array(here, chunks=(70, 1), asarray=False)
    lazy = da.from_array(table["y"].to_numpy(), chunks=70)
    found, expected = fit(there, lazy, missing="drop"), fit(here, table["y"], missing="drop")
    assert found.moments_ == expected.moments_
    assert found.moments_.rows < ROWS
    with pytest.raises(ValueError, match="NaN"):
        expected.score(table[["x"]].to_numpy(), np.ma.masked_greater(table["y"].to_numpy(), 1e6))


def test_what_is_no_collection_of_rows_is_a_sentence(table):
    there = arrays(table, "x")[1]
    with pytest.raises(DataError, match=r"y has shape \(\), expected \(rows,\)"):
        fit(there, there.sum())
    with pytest.raises(DataError, match=r"X is a Dask Delayed.*, expected a DataFrame or an Array"):
        fit(dask.delayed(table[["x"]]), table["y"])
