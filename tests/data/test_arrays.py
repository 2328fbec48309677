"""Tables in memory become float64 arrays, unchanged or refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from gradline import DataError, GradientDescentRegressor, LinearRegression, open_source
from gradline.data.arrays import ArraySource, open_table
from gradline.data.float_arrays import as_features, as_target, as_weight
from gradline.data.source import whole

X = np.arange(12.0).reshape(4, 3)
Y = np.array([2.0, 6.0, 20.0, 26.0])
NAMES = ("a", "b", "c")
COLUMNS = {name: X[:, j] for j, name in enumerate(NAMES)}


class OnlyArrow:
    """A table of a library we know nothing about."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


TABLES: dict[str, Any] = {
    "pandas": pd.DataFrame(COLUMNS),
    "pandas float32": pd.DataFrame(COLUMNS).astype("float32"),
    "pandas int": pd.DataFrame(COLUMNS).astype("int64"),
    "pandas nullable": pd.DataFrame(COLUMNS).astype("Float64"),
    "pandas on Arrow": pd.DataFrame(COLUMNS).astype("double[pyarrow]"),
    "pandas object": pd.DataFrame(COLUMNS).astype(object),
    "pandas mixed": pd.DataFrame(
        {"a": X[:, 0].astype("int8"), "b": X[:, 1], "c": pd.Series(X[:, 2]).astype("category")}
    ),
    "polars": pl.DataFrame(COLUMNS),
    "polars int": pl.DataFrame({name: column.astype("int64") for name, column in COLUMNS.items()}),
    "Arrow": pa.table(COLUMNS),
    "Arrow in chunks": pa.concat_tables([pa.table(COLUMNS).slice(0, 1), pa.table(COLUMNS).slice(1)]),
    "Arrow float16": pa.table({name: pa.array(column.astype("float16")) for name, column in COLUMNS.items()}),
    "Arrow decimal": pa.table(
        {n: pa.array([Decimal(int(v)) for v in c], pa.decimal128(9, 2)) for n, c in COLUMNS.items()}
    ),
    "Arrow batch": pa.record_batch(COLUMNS),
    "stream": pa.RecordBatchReader.from_batches(pa.table(COLUMNS).schema, pa.table(COLUMNS).to_batches()),
    "unknown library": OnlyArrow(pa.table(COLUMNS)),
    "dict": {name: column.tolist() for name, column in COLUMNS.items()},
}
ARRAYS: dict[str, Any] = {
    "float64": X,
    "column order": np.asfortranarray(X),
    "float32": X.astype("float32"),
    "uint64": X.astype("uint64"),
    "object": X.astype(object),
    "fractions": [[Fraction(int(value)) for value in row] for row in X],
    "lists": X.tolist(),
    "masked": np.ma.array(X, mask=False),
    "read-only": np.frombuffer(X.tobytes()).reshape(4, 3),
    "pandas without names": pd.DataFrame(X),
}


@pytest.mark.parametrize("kind", TABLES)
def test_any_table_gives_its_numbers_and_names(kind: str) -> None:
    array, names = as_features(TABLES[kind])
    assert array.dtype == np.float64
    assert np.array_equal(array, X)
    assert names == NAMES


@pytest.mark.parametrize("kind", ARRAYS)
def test_any_array_gives_its_numbers_and_no_names(kind: str) -> None:
    array, names = as_features(ARRAYS[kind])
    assert array.dtype == np.float64
    assert np.array_equal(array, X)
    assert names is None


def test_a_float64_array_is_not_copied() -> None:
    assert np.shares_memory(as_features(X)[0], X)
    assert np.shares_memory(as_target(Y), Y)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1.0, None]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"a": [1, None]}, dtype=object),
        pd.DataFrame({"a": [1, pd.NA]}, dtype=object),
        pl.DataFrame({"a": [1, None]}),
        pa.table({"a": [1, None]}),
        pa.table({"a": [True, None]}),
        pa.table({"a": pa.array([1, None]).dictionary_encode()}),
        {"a": [1, None]},
        np.ma.array([[1.0], [2.0]], mask=[[False], [True]]),
        [[1.0], [np.nan]],
    ],
)
def test_a_missing_cell_is_nan_or_an_error_that_names_it(table: Any) -> None:
    array, _ = as_features(table, finite=False)
    assert array[0, 0] == 1
    assert np.isnan(array[1, 0])
    name = "x0" if isinstance(table, list | np.ndarray) else "a"
    with pytest.raises(DataError, match=rf"column '{name}' has 1 missing \(NaN\) cell, the first in row 2"):
        as_features(table)


def test_missing_and_infinite_cells_are_counted_by_column() -> None:
    bad = X.copy()
    bad[1:, 0] = np.nan
    bad[2, 2] = -np.inf
    with pytest.raises(DataError) as error:
        as_features(pd.DataFrame(bad, columns=NAMES))
    assert error.value.message == (
        "X has cells that hold no number: column 'a' has 3 missing (NaN) cells, the first in row 2; "
        "column 'c' has 1 infinite (inf) cell, the first in row 3"
    )
    assert "3 of 4" in str(error.value.hint)


def test_a_sum_that_overflows_is_no_bad_cell() -> None:
    huge = np.full((3, 1), 1e308)
    assert np.array_equal(as_features(huge)[0], huge)


# scikit-learn's estimator checks look for these words.
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (X[0], "Reshape your data"),
        (pd.Series(Y), "Reshape your data"),
        (pl.Series(Y), "Reshape your data"),
        (pa.array(Y), "Reshape your data"),
        (5.0, "Expected 2D array, got scalar array instead"),
        (None, "Expected 2D array"),
        ("houses.csv", "Expected 2D array"),
        (X[None], "Found array with dim 3"),
        (X + 1j, "Complex data not supported"),
        (pd.DataFrame(X + 1j), "complex"),
        (scipy.sparse.coo_array(X[0]), "Expected 2D array, got 1D array instead"),
        (scipy.sparse.csr_array(X + 1j), "Complex data not supported"),
        (scipy.sparse.csr_array((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required."),
        (scipy.sparse.csr_array((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required."),
        (scipy.sparse.csr_array([[0, 1], [2**53 + 1, 0]]), "column 'x0' of X holds .*: 9007199254740993 in row 2"),
        (np.empty((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required."),
        (np.empty((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required."),
        (pd.DataFrame(index=range(12)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required."),
        ([[1.0, 2.0], [3.0]], "differ in length"),
        ({"a": [1.0, 2.0], "b": [3.0]}, r"shapes \{'a': \(2,\), 'b': \(1,\)\}"),
        (X * np.nan, "NaN"),
        (np.full((2, 1), np.inf), "inf"),
        ([["1.5", "2"]], "column 'x0' of X holds text: '1.5' in row 1"),
        (pd.DataFrame({"a": [1.0], "city": ["Rome"]}), "column 'city' of X holds text: 'Rome' in row 1"),
        (pl.DataFrame({"city": [None, "Rome"]}), "column 'city' of X holds text: 'Rome' in row 2"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-31"])}), "column 'day' of X holds a datetime64: 2020-01-31"),
        (pa.table({"a": pa.chunked_array([[1, 2], [2**53 + 1]])}), "cannot hold exactly: 9007199254740993 in row 3"),
        (np.array([[2**64 - 1]], dtype="uint64"), "cannot hold exactly: 18446744073709551615 in row 1"),
        ([[2**53 + 1]], "cannot hold exactly: 9007199254740993 in row 1"),
        (np.array([[10**400]], dtype=object), "holds an int"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_one_sentence(bad: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as error:
        as_features(bad)
    assert "\n" not in error.value.message


def test_a_dict_for_a_number_is_a_type_error_as_in_scikit_learn() -> None:
    bad = X.astype(object)
    bad[0, 0] = {"foo": "bar"}
    with pytest.raises(TypeError, match=r"argument must be .* string.* number"):
        as_features(bad)


@given(st.integers(min_value=-(2**64), max_value=2**64))
def test_an_integer_is_kept_exactly_or_refused(integer: int) -> None:
    try:
        array, _ = as_features([[integer]])
    except DataError:
        assert int(float(integer)) != integer
    else:
        assert int(array[0, 0]) == integer


@given(st.integers(min_value=-(2**64), max_value=2**70), st.sampled_from([[], [2.5], [None], [None, 0.5]]))
def test_an_integer_in_a_column_is_kept_exactly_or_refused_with_its_row(integer: int, others: list[Any]) -> None:
    cells = [7, *others, integer]
    table = {"x": cells, "y": [1.0] * len(cells)}
    row = f"hold exactly: {integer} in row {len(cells)}"
    for data in (
        table,
        table | {"text": ["a"] * len(cells)},
        pd.DataFrame(table | {"x": pd.Series(cells, dtype=object)}),
    ):
        if int(float(integer)) == integer:
            rows = whole(open_source(data, target="y", features=["x"], missing="drop"))
            assert [int(rows.X[0, 0]), int(rows.X[-1, 0])] == [7, integer]
        else:
            with pytest.raises(DataError, match=row):
                whole(open_source(data, target="y", features=["x"], missing="drop"))
    lists = [[1.5, cell or 0] for cell in cells]
    if int(float(integer)) == integer:
        assert int(as_features(lists)[0][-1, 1]) == integer
    else:
        with pytest.raises(DataError, match=row):
            as_features(lists)


@pytest.mark.parametrize("integer", [np.int64(2**53 + 1), np.uint64(2**64 - 1), np.int64(-(2**53) - 1)])
def test_an_integer_of_numpy_in_a_list_is_no_more_rounded_than_one_of_python(integer: Any) -> None:
    cells = [integer, 0.5, 1.0]
    for table in ({"x": cells}, {"x": cells, "text": ["a"] * 3}, pd.DataFrame({"x": pd.Series(cells, dtype=object)})):
        with pytest.raises(DataError, match=f"hold exactly: {integer} in row 1"):
            whole(open_source({"y": [1.0, 2.0, 3.0]} | dict(table), target="y", features=["x"]))
    with pytest.raises(DataError, match=f"hold exactly: {integer} in row 2"):
        as_features([[1.5, 2.5], [1.5, integer]])
    assert as_features([[1.5, np.int64(2**53)]])[0].tolist() == [[1.5, 2.0**53]]


def test_an_integer_beyond_int64_that_no_feature_needs_is_no_hindrance() -> None:
    table = {"key": [2**80 + 1, 2, None], "city": ["Rome", "Oslo", "Rome"], "y": [1.0, 2.0, 3.0]}
    for data in (table, pd.DataFrame(table)):
        assert whole(open_source(data, target="y", features=["city"])).X.tolist() == [[1.0], [0.0], [1.0]]
        with pytest.raises(DataError, match=rf"hold exactly: {2**80 + 1} in row 1"):
            whole(open_source(data, target="y", features=["key"], missing="drop"))


@pytest.mark.parametrize(
    "cells", [pd.cut([1, 2, np.nan, 8, 9], [0, 5, 10]), pd.arrays.IntervalArray.from_breaks(range(6))]
)
def test_intervals_are_categories_named_as_pandas_prints_them(cells: Any) -> None:
    frame = pd.DataFrame({"x": cells, "y": [1.0, 2.0, 3.0, 5.0, 4.0]})
    for features in (["C(x)"], ["x"] if frame["x"].nunique() == 2 else ["C(x)"]):
        source = open_source(frame, target="y", features=features, missing="drop")
        rows, kept = whole(source), frame.dropna()
        expected = pd.get_dummies(kept["x"].astype(str), drop_first=True)
        assert source.feature_names == tuple(f"x[T.{level}]" for level in expected)
        assert rows.X.tolist() == expected.to_numpy(dtype=float).tolist()
    with pytest.raises(DataError, match=r"column 'x' of X holds text: '\(0, \d+\]' in row 1"):
        LinearRegression().fit(frame[["x"]], frame["y"])


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(DataError, match=r"a name of dict is no text: 'a\\ud800'"):
        open_source({"a\ud800": ["u", "v", "u"], "y": [1.0, 2.0, 3.0]}, target="y")
    for make in (dict, pd.DataFrame):
        table = make({"a": pd.Series(["u\ud800", "v"], dtype=object), "y": [1.0, 2.0]})
        with pytest.raises(DataError, match=r"column 'a' of \w+ cannot be read: .*surrogates not allowed"):
            open_source(table, target="y")


def test_integers_of_a_type_of_polars_that_arrow_has_not_are_integers() -> None:
    frame = pl.DataFrame(
        {"x": pl.Series([2**100, -2, None], dtype=pl.Int128), "t": ["a", "b", "b"], "y": [1.0, 2.0, 4.0]}
    )
    source = open_source(frame, target="y", features=["x", "t"], missing="drop")
    assert whole(source).X.tolist() == [[2.0**100, 0.0], [-2.0, 1.0]]
    assert as_features(frame[:2, ["x"]])[0].tolist() == [[2.0**100], [-2.0]]
    assert whole(open_source(frame, target="y", features=["t"])).X.tolist() == [[0.0], [1.0], [1.0]]
    with pytest.raises(DataError, match=rf"hold exactly: {2**100 + 1} in row 1"):
        as_features(frame.select(pl.col("x") + 1))


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor()], ids=repr)
def test_two_columns_of_one_name_are_refused(estimator: Any) -> None:
    frame = pd.DataFrame([[1.0, 5.0], [2.0, 4.0], [3.0, 7.0]], columns=["a", "a"])
    fitted = clone(estimator).fit(frame.set_axis(["a", "b"], axis=1), [1.0, 2.0, 4.0])
    for refused in (lambda: estimator.fit(frame, [1.0, 2.0, 4.0]), lambda: fitted.predict(frame)):
        with pytest.raises(DataError, match=r"^X has 2 columns named 'a'\nhint: give each column a name of its own$"):
            refused()


@pytest.mark.parametrize(
    "y",
    [
        Y,
        Y[:, None],
        Y.tolist(),
        Y.astype(int),
        Y.astype(object),
        pd.Series(Y),
        pd.DataFrame({"y": Y}),
        pd.Series(Y, dtype="Float64"),
        pl.Series(Y),
        pl.DataFrame({"y": Y}),
        pa.array(Y),
        pa.chunked_array([Y[:1], Y[1:]]),
    ],
)
def test_a_target_is_one_dimensional(y: Any) -> None:
    target = as_target(y)
    assert target.shape == (4,)
    assert np.array_equal(target, Y)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (X, "should be a 1d array, got an array of shape .4, 3. instead: one target at a time"),
        (5.0, "should be a 1d array"),
        (["dear"], "y holds text: 'dear' in row 1"),
        ([1.0, np.nan], r"1 missing \(NaN\) cell, the first in row 2"),
        ([np.inf, np.inf], r"2 infinite \(inf\) cells, the first in row 1"),
        (Y + 1j, "Complex data not supported"),
        (scipy.sparse.csr_matrix(Y), "sparse"),
    ],
)
def test_what_is_no_target_is_refused(bad: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        as_target(bad)


def test_one_weight_serves_all_rows() -> None:
    assert as_weight(None, 3) is None
    weight = as_weight(2, 3)
    assert weight is not None
    assert weight.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ([1.0, 2.0], r"sample_weight has shape \(2,\), expected \(3,\)"),
        ([[1.0, 2.0, 3.0]], "sample_weight should be a 1d array"),
        ([1.0, -2.0, 3.0], "sample_weight is negative: -2.0 in row 2"),
        ([0.0, 0.0, 0.0], "sample_weight is zero in every row"),
        ([1.0, np.nan, 0.0], "sample_weight has cells"),
        (np.nan, "sample_weight has cells"),
        (-1, "sample_weight is negative: -1.0 in row 1"),
        ("heavy", "sample_weight should be a 1d array"),
    ],
)
def test_what_is_no_weight_is_refused(bad: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        as_weight(bad, 3)


# ArraySource


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(DataError, match="X has 4 rows but y has 3"):
        ArraySource(X, Y[:3])


def test_names_come_from_the_table_or_the_caller() -> None:
    assert ArraySource(pd.DataFrame(COLUMNS), Y).feature_names == NAMES
    assert ArraySource(X, Y).feature_names == ("x0", "x1", "x2")
    assert ArraySource(X, Y, feature_names=["p", "q", "r"]).feature_names == ("p", "q", "r")
    with pytest.raises(DataError, match="2 feature names for 3 columns"):
        ArraySource(X, Y, feature_names=["p", "q"])


def test_rows_of_weight_zero_are_no_rows() -> None:
    source = ArraySource(X, Y, [1.0, 0.0, 2.0, 3.0])
    assert [batch.y.tolist() for batch in source.batches(2)] == [[2.0, 20.0], [26.0]]
    assert source.whole().weight is not None
    assert source.whole().weight.tolist() == [1.0, 2.0, 3.0]


def test_dropped_rows_are_counted_by_column() -> None:
    features = X.copy()
    features[0, 0] = features[1, 0] = features[1, 2] = np.nan
    source = ArraySource(features, [1.0, 2.0, np.inf, 4.0], [1, 1, 1, 1], missing="drop")
    assert source.X.tolist() == [[9.0, 10.0, 11.0]]
    assert source.y.tolist() == [4.0]
    assert (source.rows_read, source.rows_dropped) == (4, 3)
    assert source.dropped == {"x0": 2, "x2": 1, "y": 1}


def test_a_row_whose_weight_is_missing_is_dropped_like_any_other() -> None:
    source = ArraySource(X, Y, [1, np.nan, 0, 2], missing="drop")
    assert source.y.tolist() == [2.0, 26.0]
    assert source.dropped == {"sample_weight": 1}


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match="every one of the 4 rows of X, y has a missing cell"):
        ArraySource(X * np.nan, Y, missing="drop")
    with pytest.raises(DataError, match="missing='fill' is not known"):
        ArraySource(X, Y, missing="fill")


def test_the_whole_is_a_view() -> None:
    assert np.shares_memory(ArraySource(X, Y).whole().X, X)


def test_a_frame_of_sparse_columns_is_read() -> None:
    frame = pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csr_matrix(X), columns=NAMES)
    array, names = as_features(frame)
    assert np.array_equal(array, X)
    assert names == NAMES


def test_a_target_that_is_a_column_of_a_table_is_laid_out_once_for_shuffling() -> None:
    """np.take copies all of an array that is not contiguous, at each batch."""
    source = ArraySource(X, np.column_stack([Y, Y])[:, 0], np.ones((4, 2))[:, 0])
    assert [sorted(batch.y) for batch in source.batches(4, shuffle=np.random.default_rng(0))] == [sorted(Y)]
    assert source.y.flags.c_contiguous
    assert source.weight is not None
    assert source.weight.flags.c_contiguous


def test_a_frame_is_never_changed() -> None:
    frame = pd.DataFrame(COLUMNS)
    source = ArraySource(frame, Y)
    for _ in source.batches(2, shuffle=np.random.default_rng(0)):
        pass
    assert frame.equals(pd.DataFrame(COLUMNS))


# open_table


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind != "stream"])
def test_columns_are_found_by_name(kind: str) -> None:
    source = open_table(TABLES[kind], target="b", features=["c", "a"])
    assert source.X.tolist() == X[:, [2, 0]].tolist()
    assert source.y.tolist() == X[:, 1].tolist()
    assert (source.feature_names, source.target_name) == (("c", "a"), "b")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
def test_columns_not_asked_for_may_hold_anything(make: Any) -> None:
    table = make({"y": [1.0, 2.0], "x": [3.0, 4.0], "city": ["Rome", None], "key": [2**53 + 1, None]})
    assert open_table(table, target="y", features=["x"]).X.tolist() == [[3.0], [4.0]]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_text_in_a_table_of_features_has_a_way_that_reads_it(frame: Any) -> None:
    table = frame({"city": ["Rome", "Oslo", "Rome", "Oslo"], "y": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(DataError, match="column 'city' of X holds text") as error:
        LinearRegression().fit(table[["city"]], table["y"])
    assert "fit(open_source(table, target=...)) reads text as a category" in str(error.value.hint)
    model = LinearRegression().fit(open_source(table, target="y"))
    np.testing.assert_allclose([model.intercept_, *model.coef_], [3.5, -1.5])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
def test_text_among_all_columns_is_named_with_the_numeric_ones(make: Any) -> None:
    table = make({"y": [1.0, 2.0], "x": [3, 4], "city": [None, "Rome"], "z": [True, False]})
    with pytest.raises(DataError) as error:
        open_table(table, target="y")
    assert error.value.message == f"column 'city' of {type(table).__name__} holds text: 'Rome' in row 2"
    assert error.value.hint == "use the numeric columns: features=['x', 'z']"


def test_a_table_may_hold_weights_and_lose_rows() -> None:
    table = {"y": [1, 2, 3, 4], "x": [1, None, 3, 4], "w": [1, 1, 0, 2]}
    source = open_table(table, target="y", weight="w", missing="drop")
    assert source.feature_names == ("x",)
    assert (source.y.tolist(), source.weight.tolist()) == ([1.0, 4.0], [1.0, 2.0])
    assert source.dropped == {"x": 1}
    data = {"y": [1.0, 2.0, 3.0, 5.0], "x": [1.0, 2.0, 3.0, 4.0]}
    weighted = open_source(data | {"w": [1.0, 0.0, 1.0, 1.0]}, target="y", weight="w")
    assert LinearRegression().fit(weighted).summary().as_dict()["weight"] == "w"
    with pytest.raises(DataError, match=r"column 'w' has 1 missing \(NaN\) cell, the first in row 1"):
        open_source(data | {"w": [np.nan, 1.0, 1.0, 1.0]}, target="y", weight="w")
    with pytest.raises(DataError, match=r"weight 'w' of dict is negative: -1.0 in row 2"):
        open_table({"y": [1, 2], "x": [1, 2], "w": [1, -1]}, target="y", weight="w")


def test_names_are_found_padded_or_not() -> None:
    frame = pd.DataFrame({" x": [1.0], "y ": [2.0]})
    for target, features in (("y", ["x"]), ("y ", [" x"]), (" y", None)):
        source = open_table(frame, target=target, features=features)
        assert (source.feature_names, source.target_name) == ((" x",), "y ")


def test_pandas_columns_without_string_names_are_found_by_what_they_print() -> None:
    assert open_table(pd.DataFrame(X), target="2").feature_names == ("0", "1")


def test_what_is_no_table_says_what_is() -> None:
    with pytest.raises(DataError, match="cannot read an ndarray as a table"):
        open_table(X, target="y")
    with pytest.raises(DataError, match="has column names but no rows"):
        open_table(pd.DataFrame({"x": [], "y": []}), target="y")
    with pytest.raises(DataError, match="DataFrame has 2 columns named 'x'"):
        open_table(pd.DataFrame([[1, 2, 3]], columns=["x", "x", "y"]), target="y")


def test_where_every_row_has_such_a_cell_leaving_them_out_is_no_advice():
    with pytest.raises(DataError, match="hint: no row is without them: fill the cells, or use other columns"):
        ArraySource(np.full((4, 1), np.nan), np.arange(4.0))
