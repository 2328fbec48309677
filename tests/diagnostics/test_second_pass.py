"""The second pass: every row by number, whatever the cuts, threads and files; and rows that have changed."""

import subprocess
import sys
import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.data.columns.labels import Labels
from gradline.data.groups import ByArray, ByColumn
from gradline.data.seen import seen
from gradline.data.source import open_source
from gradline.diagnostics import second_pass
from gradline.diagnostics.covariance import checked
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.ordered import DurbinWatson
from gradline.diagnostics.sandwich import Sandwich, robust_covariance
from gradline.diagnostics.second_pass import examine
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from tests.diagnostics.gathered import gathered

SPECS = ("HC0", "HC3", "newey-west:7")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of 64 rows: some hundred rows are several of them."""
    monkeypatch.setattr(second_pass, "rows_a_block", lambda k: 64)


class Given:
    """A source as a user writes one: no more than a Source has."""

    target_name, name, feature_names, rows_dropped = "y", "mine", ("a", "b"), 0

    def __init__(self, X, y, weight=None, cuts=(), order="C"):
        self.rows = np.asarray(X, order=order), y, weight
        self.cuts = sorted({0, len(y), *cuts})

    def batches(self, rows=None, *, shuffle=None):
        X, y, weight = self.rows
        for start, stop in pairwise(self.cuts):
            yield Batch.of(X[start:stop], y[start:stop], None if weight is None else weight[start:stop])


def table(n=500, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) + np.array([0.0, 20.0])
    return X, X @ [1.0, -2.0] + rng.normal(size=n)


def figures(source, frame, groups, threads=None):
    specs = [*SPECS, *([("cluster", *groups)] if groups else [])]
    measures = [Sandwich(frame, checked(spec)) for spec in specs]
    *robust, watson = examine(source, frame, [*measures, DurbinWatson()], groups=groups, threads=threads)
    return [r.covariance.tobytes() for r in robust], [r.described for r in robust], watson


def frame_of(source, kind=ExactMoments):
    moments = one_pass(source, kind)
    return Frame.of(moments, moments.solve(), fit_intercept=True, names=source.feature_names)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 499), max_size=40), st.integers(1, 5), st.booleans(), st.sampled_from("CF"))
def test_any_cut_and_any_number_of_threads_give_the_same_bits(cuts, threads, weighted, order):
    X, y = table()
    rng = np.random.default_rng(1)
    w = rng.uniform(0.5, 2.0, 500) if weighted else None
    groups = (rng.integers(0, 30, 500), rng.integers(0, 9, 500))
    frame = frame_of(ArraySource(X, y, w))
    expected = figures(ArraySource(X, y, w), frame, groups, threads=1)
    assert figures(Given(X, y, w, cuts, order), frame, groups, threads) == expected


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One table in each kind of file: numbers, a text, a date and a boolean to group by."""
    folder = tmp_path_factory.mktemp("files")
    X, y = table()
    rng = np.random.default_rng(2)
    city = np.array(["Bonn", "Oslo", "Rome", "Turin"])[rng.integers(0, 4, 500)]
    day = np.datetime64("2024-01-01") + rng.integers(0, 20, 500)
    columns = {"a": X[:, 0], "b": X[:, 1], "y": y, "city": city, "day": day, "new": day > day[0]}
    columns["shop"] = rng.integers(100, 160, 500)
    whole = pa.table(columns)
    pa.parquet.write_table(whole, folder / "t.parquet", row_group_size=32)
    pa.feather.write_feather(whole, folder / "t.feather", chunksize=90)
    pa.csv.write_csv(whole, folder / "t.csv")
    import sqlite3

    with sqlite3.connect(folder / "t.db") as database:
        database.execute("CREATE TABLE t (a REAL, b REAL, y REAL, city TEXT, day TEXT, new INTEGER, shop INTEGER)")
        rows = zip(*(column.to_pylist() for column in whole.columns), strict=True)
        database.executemany(
            "INSERT INTO t VALUES (?,?,?,?,?,?,?)", [(a, b, c, d, str(e), int(f), g) for a, b, c, d, e, f, g in rows]
        )
    database.close()
    return folder, columns


def opened(files, kind, **options):
    folder, columns = files
    options = {"target": "y", "features": ["a", "b"]} | options
    if kind == "pandas":
        import pandas as pd

        return open_source(pd.DataFrame(columns), **options)
    if kind == "arrow":
        return open_source(pa.table(columns), **options)
    if kind == "db":
        pytest.importorskip("adbc_driver_sqlite")
        return open_source(f"sqlite:///{folder / 't.db'}", query="t", **options)
    return open_source(folder / f"t.{kind}", batch_rows=48, **options)


@pytest.mark.parametrize("group", ["city", "day", "new", "shop", "b", "y"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "feather", "db", "pandas", "arrow"])
def test_files_give_what_arrays_give(files, kind, group):
    columns = files[1]
    arrays = ArraySource(np.column_stack([columns["a"], columns["b"]]), columns["y"])
    frame = frame_of(arrays)
    # By two groupings, of which one is an array.
    expected = figures(arrays, frame, (columns[group], columns["shop"]))
    found = figures(opened(files, kind), frame, (group, columns["shop"]))
    assert found[0] == expected[0]
    assert found[2] == expected[2]
    assert found[1][-1].startswith(f"clustered by '{group}' (")


def test_threads_that_read_a_file_side_by_side_give_the_same(files):
    columns = files[1]
    arrays = ArraySource(np.column_stack([columns["a"], columns["b"]]), columns["y"])
    frame = frame_of(arrays)
    pieces = opened(files, "parquet")
    assert len(list(pieces.pieces())) > 1
    _, block = gathered(pieces, frame=frame)
    _, expected = gathered(arrays, frame=frame)
    for name in ("row", "X", "z", "residual", "fitted", "scaled", "leverage"):
        assert getattr(block, name).tobytes() == getattr(expected, name).tobytes()


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather", "db", "arrow"])
@pytest.mark.parametrize(
    "options",
    [
        {"features": ["a", "b", "city"]},
        {"features": None, "target": None, "formula": "y ~ a + C(city) * b"},
        {"features": ["a", "C(shop)"]},
        {"features": ["a", "b"], "weight": "shop"},
        {"features": ["a", "city"], "weight": "shop", "weights": "frequency"},
    ],
)
def test_categories_formulas_and_weights(files, kind, options):
    columns = files[1]
    found = ours_and_classical(opened(files, kind, **options))
    expected = ours_and_classical(opened(files, "pandas", **options))
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).all()
    assert len(columns["city"]) == 500


def ours_and_classical(source):
    moments = one_pass(source, ExactMoments)
    return robust_covariance(source, moments, moments.solve(), "cluster:city,shop", fit_intercept=True).covariance


def with_holes(kind, tmp_path):
    """Rows 3 and 70 lack a cell, rows 5 and 90 have weight zero."""
    X, y = table(n=100)
    X[2, 0], y[69] = np.nan, np.nan
    weight = np.ones(100)
    weight[[4, 89]] = 0.0
    columns = {"a": X[:, 0], "b": X[:, 1], "y": y, "w": weight, "city": np.array(["x", "y", "z"])[np.arange(100) % 3]}
    holes = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    options = {"target": "y", "features": ["a", "b"], "weight": "w", "missing": "drop"}
    if kind == "arrays":
        return ArraySource(X, y, weight, missing="drop"), columns
    if kind == "table":
        return open_source(holes, **options), columns
    if kind == "csv":
        pa.csv.write_csv(holes, tmp_path / "t.csv")
    else:
        pa.parquet.write_table(holes, tmp_path / "t.parquet", row_group_size=30)
    return open_source(tmp_path / f"t.{kind}", batch_rows=16, **options), columns


@pytest.mark.parametrize("kind", ["arrays", "table", "csv", "parquet"])
def test_rows_keep_their_numbers_and_labels_where_others_are_left_out(kind, tmp_path):
    source, columns = with_holes(kind, tmp_path)
    _, block = gathered(source, groups=[columns["city"]])
    assert block.row.tolist() == [row for row in range(1, 101) if row not in (3, 5, 70, 90)]
    assert (block.groups[0] == (block.row - 1) % 3).all()
    np.testing.assert_array_equal(block.X[:, 1], columns["b"][block.row - 1])


@pytest.mark.parametrize("kind", ["table", "csv", "parquet"])
def test_a_column_groups_rows_as_its_array_does_where_others_are_left_out(kind, tmp_path):
    source, columns = with_holes(kind, tmp_path)
    _, block = gathered(source, groups=["city"])
    names = columns["city"][block.row - 1]
    assert len({*zip(names.tolist(), block.groups[0].tolist(), strict=True)}) == 3


def test_a_formula_leaves_out_what_it_cannot_compute(tmp_path):
    X, y = table(n=100)
    X[:, 1] = np.abs(X[:, 1])
    X[[9, 50], 1] = 0.0
    columns = {"a": X[:, 0], "b": X[:, 1], "y": y, "g": np.arange(100) // 10}
    pa.csv.write_csv(pa.table(columns), tmp_path / "t.csv")
    source = open_source(tmp_path / "t.csv", formula="y ~ a + log(b)", missing="drop", batch_rows=16)
    _, block = gathered(source, groups=["g"])
    assert block.row.tolist() == [row for row in range(1, 101) if row not in (10, 51)]
    assert (block.groups[0] == (block.row - 1) // 10).all()


def test_sparse_rows_are_made_dense_some_at_a_time():
    from scipy.sparse import csr_matrix

    X, y = table()
    X[X < 0] = 0.0
    frame = frame_of(ArraySource(X, y))
    sparse = ArraySource(csr_matrix(X), y)
    groups = (np.arange(500) % 7,)
    assert figures(sparse, frame, groups) == figures(ArraySource(X, y), frame, groups)
    assert figures(sparse, frame, ("x1",))[0] == figures(ArraySource(X, y), frame, (X[:, 1],))[0]


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "b", "a"],
        [True, False, False, True],
        np.array(["2024-01-01", "2024-02-01", "2024-02-01", "2024-01-01"], dtype="datetime64[D]"),
        np.array([0.5, 7.0, 7.0, 0.5]),
        np.array([[3], [1], [1], [3]]),
        np.array(["a", "b", "b", "a"], dtype=object),
        pa.array(["a", "b", "b", "a"]),
        pa.chunked_array([["a", "b"], ["b", "a"]]),
    ],
)
def test_labels_of_any_kind(labels):
    source = ArraySource(np.arange(4.0)[:, None], np.zeros(4))
    (rows,) = seen(source, [labels])
    assert rows.groups[0].tolist() == [0, 1, 1, 0]


def test_labels_of_pandas_and_polars():
    import pandas as pd
    import polars as pl

    source = ArraySource(np.arange(4.0)[:, None], np.zeros(4))
    for labels in (pd.Series(["a", "b", "b", "a"], index=[9, 3, 4, 4]), pd.Categorical(["a", "b", "b", "a"])):
        (rows,) = seen(source, [labels])
        assert rows.groups[0].tolist() == [0, 1, 1, 0]
    (rows,) = seen(source, [pl.Series(["a", "b", "b", "a"])])
    assert rows.groups[0].tolist() == [0, 1, 1, 0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=200, max_size=200), st.lists(st.integers(1, 199), max_size=10))
def test_labels_are_numbered_as_they_are_met(labels, cuts):
    labels = np.array(labels, dtype=float)
    words = np.array([f"{label:g}" for label in labels])
    category = pa.DictionaryArray.from_arrays(*np.unique(words, return_inverse=True)[::-1])
    labels[::2][labels[::2] == 0] = -0.0  # no other label
    by_array, by_category, by_column, by_words = ByArray(labels), ByArray(category), ByColumn("g"), ByColumn("g")
    edges = sorted({0, 200, *cuts})
    found = [
        (
            by_array.numbers(row, {}),
            by_category.numbers(row, {}),
            by_column.numbers(row, {"g": labels[a:b]}),
            by_words.numbers(row, {"g": Labels.of_numbers(labels[a:b])}),
        )
        for a, b in pairwise(edges)
        for row in [np.arange(a, b) + 1]
    ]
    order = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    expected = [order[label] for label in labels]
    for numbers in zip(*found, strict=True):
        assert np.concatenate(numbers).tolist() == expected


def clusters(source, *groups, kind=Moments):
    moments = one_pass(source, kind)
    return robust_covariance(source, moments, moments.solve(), ("cluster", *groups), fit_intercept=True)


def test_one_cluster_is_refused(files):
    X, y = table()
    with pytest.raises(DataError, match="all rows are in one cluster by the groups given"):
        clusters(ArraySource(X, y), np.zeros(500))
    with pytest.raises(DataError, match="all rows are in one cluster by 'city'"):
        clusters(
            open_source(
                {"x": np.arange(9.0), "y": np.arange(9.0) ** 2, "city": np.ones(9)}, target="y", features=["x"]
            ),
            "city",
        )


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_label_is_named_by_its_row(missing):
    X, y = table()
    labels = ["a", "b"] * 250
    labels[321] = missing
    with pytest.raises(DataError, match=r"the label of row 322 is missing in the groups") as caught:
        clusters(ArraySource(X, y), labels)
    assert caught.value.hint


def test_a_missing_label_of_a_row_that_is_left_out_does_not_matter():
    X, y = table()
    X[321, 0] = np.nan
    labels = ["a", "b"] * 250
    labels[321] = None
    assert "(2 clusters)" in clusters(ArraySource(X, y, missing="drop"), labels).described


@pytest.mark.parametrize("kind", ["csv", "parquet", "table"])
def test_a_missing_cell_of_the_groups_is_named_by_its_row(tmp_path, kind):
    X, y = table()
    for column in (["x"] * 321 + [None] + ["y"] * 178, [1.0] * 321 + [None] + [2.0] * 178):
        whole = pa.table({"a": X[:, 0], "y": y, "g": column})
        pa.csv.write_csv(whole, tmp_path / "t.csv")
        pa.parquet.write_table(whole, tmp_path / "t.parquet", row_group_size=100)
        data = whole if kind == "table" else tmp_path / f"t.{kind}"
        with pytest.raises(DataError, match=r"the label of row 322 is missing in column 'g'"):
            clusters(open_source(data, target="y", features=["a"], batch_rows=50), "g")


@pytest.mark.parametrize("count", [499, 501, 0])
def test_labels_must_be_as_many_as_rows(files, count):
    X, y = table()
    for source in (ArraySource(X, y), Given(X, y, cuts=[100]), opened(files, "csv")):
        with pytest.raises(DataError, match=f"the groups hold {count} labels, but") as caught:
            clusters(source, np.arange(count))
        assert "one label for each row" in caught.value.hint


def test_labels_must_be_in_one_dimension():
    X, y = table()
    with pytest.raises(DataError, match=r"shape \(500, 2\)"):
        clusters(ArraySource(X, y), X)


def test_labels_must_be_of_one_kind():
    X, y = table()
    with pytest.raises(DataError, match="no labels"):
        clusters(ArraySource(X, y), [1, "a"] * 250)


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather", "db", "pandas", "arrow"])
def test_an_absent_column_is_named_with_those_there_are(files, kind):
    with pytest.raises(DataError, match=r"no column 'town' in .*'city'"):
        clusters(opened(files, kind), "town")
    with pytest.raises(DataError) as caught:
        clusters(opened(files, kind), "citi")
    assert caught.value.hint == "did you mean 'city'?"


def test_an_absent_column_of_arrays():
    X, y = table()
    with pytest.raises(DataError, match=r"no column 'city' in X, y; it has \['x0', 'x1', 'y'\]"):
        clusters(ArraySource(X, y), "city")
    with pytest.raises(DataError, match="mine has no column names"):
        clusters(Given(X, y), "city")


CHANGES = {
    "a row more": lambda X, y: (np.vstack([X, X[:1]]), np.append(y, y[0])),
    "a row less": lambda X, y: (X[1:], y[1:]),
    "another target": lambda X, y: (X, y + (np.arange(len(y)) == 3)),
    "another cell": lambda X, y: (X + np.outer(np.arange(len(y)) == 3, [1, 0]), y),
    "columns swapped": lambda X, y: (X[:, ::-1], y),
    "another unit": lambda X, y: (X * 1.001, y),
    "shuffled target": lambda X, y: (X, y[::-1]),
    "not a number": lambda X, y: (np.where(np.outer(np.arange(len(y)) == 3, [1, 0]), np.nan, X), y),
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_have_changed_since_the_fit_are_refused(change):
    X, y = table()
    frame = frame_of(ArraySource(X, y))
    with pytest.raises(DataError, match="the rows of mine have changed since the fit"):
        figures(Given(*CHANGES[change](X, y)), frame, ())


def test_another_number_of_columns_is_refused():
    X, y = table()
    frame = frame_of(ArraySource(X, y))
    with pytest.raises(DataError, match="X, y has 1 features, but the fit has 2"):
        figures(ArraySource(X[:, :1], y), frame, ())


def test_rows_in_another_order_are_the_rows_of_the_fit():
    X, y = table()
    frame = frame_of(ArraySource(X, y))
    order = np.random.default_rng(3).permutation(500)
    _, block = gathered(ArraySource(X[order], y[order]), frame=frame)
    _, expected = gathered(ArraySource(X, y), frame=frame)
    np.testing.assert_allclose(block.leverage, expected.leverage[order], rtol=1e-11)


def test_a_second_pass_over_what_comes_once_says_what_to_do():
    code = """
import sys
from gradline.data.source import open_source
from gradline.diagnostics.sandwich import robust_covariance
from gradline.errors import DataError
from gradline.moments.precision import gather
source = open_source("-", target="y")
moments, solution = gather(source, fit_intercept=True)
try:
    robust_covariance(source, moments, solution, "HC3", fit_intercept=True)
except DataError as error:
    print(error)
"""
    rows = "x,y\n" + "".join(f"{i},{i * i}\n" for i in range(50))
    done = subprocess.run([sys.executable, "-c", code], input=rows, capture_output=True, text=True, check=True)
    assert "can be read only once" in done.stdout
    assert "hint: save the rows to a file" in done.stdout


def test_watch_counts_the_rows():
    X, y = table()
    counts = []
    examine(Given(X, y, cuts=[100, 130]), frame_of(ArraySource(X, y)), [], watch=counts.append)
    assert sorted(counts) == counts
    assert counts[-1] == 500


def test_an_error_of_a_measure_ends_the_pass():
    class Broken:
        def of(self, block):
            raise ZeroDivisionError("here")

    X, y = table()
    with pytest.raises(ZeroDivisionError, match="here"):
        examine(ArraySource(X, y), frame_of(ArraySource(X, y)), [Broken()])


class Endless:
    """Rows made as they are read: some thousand at a time, the same in every pass."""

    target_name, name, feature_names, rows_dropped = "y", "made", tuple("abcd"), 0

    def __init__(self, batches):
        self.count = batches

    def batches(self, rows=None, *, shuffle=None):
        for seed in range(self.count):
            rng = np.random.default_rng(seed)
            X = rng.normal(size=(5000, 4))
            yield Batch.of(X, X.sum(axis=1) + rng.normal(size=5000))


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    monkeypatch.setattr(second_pass, "rows_a_block", lambda k: 4096)

    def peak(batches):
        source = Endless(batches)
        frame = frame_of(source, Moments)
        tracemalloc.start()
        figures(source, frame, (), threads=2)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    # A pass over 20 times the rows: no more than what two threads hold at a time, if both are at it, which varies.
    assert peak(200) < 1.5 * max(peak(10) for _ in range(3))
