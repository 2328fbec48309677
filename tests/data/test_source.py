"""Every source keeps the same promises: fresh passes, batches of the size asked for, each row once."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gradline import DataError, load, open_source
from gradline.data import blocks
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.data.columns.terms import Column, Terms
from gradline.data.readers.opening import opened
from gradline.data.source import Source, whole
from gradline.data.text import csv_chunks
from gradline.data.to_predict import FeatureTable

ROWS = 500
COLUMNS = {
    "a": np.arange(ROWS) * 0.5,
    "b": np.random.default_rng(1).normal(size=ROWS),
    "y": np.random.default_rng(2).normal(size=ROWS),
    "w": np.random.default_rng(3).integers(0, 3, ROWS),
}
FRAME = pd.DataFrame(COLUMNS)
USED = FRAME[FRAME["w"] > 0]


def csv_file(path: Path) -> Path:
    FRAME.to_csv(path / "t.csv", index=False)
    return path / "t.csv"


def gz_file(path: Path) -> Path:
    (path / "t.csv.gz").write_bytes(gzip.compress(csv_file(path).read_bytes()))
    return path / "t.csv.gz"


def parquet_file(path: Path) -> Path:
    FRAME.to_parquet(path / "t.parquet", row_group_size=70)
    return path / "t.parquet"


KINDS: dict[str, Callable[[Path], object]] = {
    "CSV": csv_file,
    "compressed CSV": gz_file,
    "Parquet": parquet_file,
    "path as text": lambda path: str(csv_file(path)),
    "pandas": lambda path: FRAME,
    "polars": lambda path: pl.DataFrame(FRAME.to_dict("list")),
    "Arrow": lambda path: pa.table(COLUMNS),
    "dict": lambda path: COLUMNS,
}


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """One table, in every form we read, in small chunks."""
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 10)
    monkeypatch.setattr(blocks, "WINDOW_ROWS", 100)
    return open_source(KINDS[request.param](tmp_path), target="y", weight="w", batch_rows=30)


def rows_of(batches: list[Batch]) -> np.ndarray:
    """All rows as one array: a, b, y, weight."""
    return np.concatenate([np.column_stack([batch.X, batch.y, batch.weight]) for batch in batches])


def test_it_is_a_source_with_names(source: Source) -> None:
    assert isinstance(source, Source)
    assert source.feature_names == ("a", "b")
    assert source.target_name == "y"
    assert source.name in ("t.csv", "t.csv.gz", "t.parquet", "DataFrame", "Table", "dict")


@pytest.mark.parametrize("rows", [None, 1, 7, 30, 64, 499, 500, 10_000])
def test_batches_of_any_size_are_the_table(source: Source, rows: int | None) -> None:
    batches = list(source.batches(rows))
    assert np.array_equal(rows_of(batches), USED.to_numpy())
    sizes = [len(batch) for batch in batches]
    assert min(sizes) > 0
    if rows is not None:
        assert set(sizes[:-1]) <= {rows}
        assert sizes[-1] <= rows
    for batch in batches:
        assert batch.share.sum() == pytest.approx(1, abs=1e-12)  # rows x 2^-53, generously


def test_two_passes_are_equal(source: Source) -> None:
    assert np.array_equal(rows_of(list(source.batches(13))), rows_of(list(source.batches(13))))


def test_two_passes_at_once_do_not_disturb_each_other(source: Source) -> None:
    pairs = list(zip(source.batches(13), source.batches(13), strict=True))
    assert all(np.array_equal(one.X, other.X) for one, other in pairs)


@pytest.mark.parametrize("rows", [None, 1, 32, 10_000])
def test_a_shuffle_visits_each_row_once_in_another_order(source: Source, rows: int | None) -> None:
    shuffled = rows_of(list(source.batches(rows, shuffle=np.random.default_rng(0))))
    assert not np.array_equal(shuffled, USED.to_numpy())
    assert np.array_equal(shuffled[np.argsort(shuffled[:, 0])], USED.to_numpy())  # column a counts the rows


def test_the_same_state_of_the_generator_gives_the_same_batches(source: Source) -> None:
    first, again, other = (rows_of(list(source.batches(32, shuffle=np.random.default_rng(seed)))) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_epoch_of_one_generator_is_another_order(source: Source) -> None:
    generator = np.random.default_rng(0)
    first, second = (rows_of(list(source.batches(32, shuffle=generator))) for _ in range(2))
    assert not np.array_equal(first, second)


def test_the_whole_is_all_rows(source: Source) -> None:
    batch = whole(source)
    assert np.array_equal(rows_of([batch]), USED.to_numpy())
    assert batch.X.dtype == batch.y.dtype == np.float64


def test_batches_of_no_rows_are_refused(source: Source) -> None:
    with pytest.raises(DataError, match=r"a batch of 2\.5 rows cannot be made"):
        next(source.batches(2.5))
    with pytest.raises(DataError, match="a batch of 0 rows holds nothing"):
        next(source.batches(0))


def test_a_file_is_shuffled_within_windows_whatever_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WINDOW_ROWS", 100)
    seen = []
    for chunk in (64, 1000, 1 << 20):
        monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
        source = open_source(csv_file(tmp_path), target="y", features=["a"])
        seen.append(np.concatenate([b.X[:, 0] for b in source.batches(32, shuffle=np.random.default_rng(0))]))
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[2])
    window = (seen[0] * 2).astype(int) // 100
    assert np.array_equal(window, np.sort(window))


def test_rows_in_memory_are_shuffled_all_together() -> None:
    source = ArraySource(np.arange(1e5)[:, None], np.zeros(100_000))
    order = np.concatenate([b.X[:, 0] for b in source.batches(1000, shuffle=np.random.default_rng(0))])
    # The mean rank of 1000 rows drawn from 0 .. 99 999 has the standard deviation 99 999 / sqrt(12 * 1000) = 913.
    assert np.abs(order.reshape(-1, 1000).mean(axis=1) - 49_999.5).max() < 6 * 913


def test_arrays_in_column_order_are_shuffled_like_any() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    one, other = ArraySource(X, X[:, 0]), ArraySource(np.asfortranarray(X), X[:, 0])
    for a, b in zip(
        one.batches(7, shuffle=np.random.default_rng(1)),
        other.batches(7, shuffle=np.random.default_rng(1)),
        strict=True,
    ):
        assert np.array_equal(a.X, b.X)


def test_a_source_passes_through() -> None:
    source = ArraySource([[1.0]], [2.0])
    assert open_source(source) is source
    assert open_source(source, target="y", features=["x0"]) is source
    with pytest.raises(DataError, match="the target of X, y is 'y', not 'z'"):
        open_source(source, target="z")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("features", ["x1"]),
        ("formula", "y ~ x0"),
        ("reference", {"x0": "1"}),
        ("weight", "x0"),
        ("weights", "frequency"),
        ("missing", "drop"),
        ("query", "SELECT 1"),
        ("decimal", ","),
        ("encoding", "latin-1"),
        ("on_bad_file", "skip"),
    ],
)
def test_what_a_source_no_longer_heeds_is_refused(option: str, value: Any) -> None:
    source = ArraySource([[1.0]], [2.0])
    with pytest.raises(DataError, match="X, y is a source already") as caught:
        open_source(source, **{option: value})
    assert f"{option}={value!r}" in caught.value.message


def test_the_whole_of_a_source_of_your_own() -> None:
    class Counting:
        feature_names = ("x",)
        target_name = "y"
        name = "counting"
        rows_dropped = 0

        def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
            for start in (0, 3):
                numbers = np.arange(start, start + 3.0)
                yield Batch.of(numbers[:, None], 2 * numbers)

    source = open_source(Counting())
    assert whole(source).y.tolist() == [0, 2, 4, 6, 8, 10]
    assert whole(source).weight is None


def test_what_is_neither_file_nor_table_is_refused() -> None:
    with pytest.raises(DataError, match="cannot read an int as a table"):
        open_source(5, target="y")
    with pytest.raises(DataError, match="cannot read an ndarray as a table"):
        open_source(np.ones((3, 2)), target="y")


@pytest.mark.parametrize("name", [None, "id"])
def test_a_pandas_index_is_not_a_feature(tmp_path, name):
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [2.0, 3.0, 9.0]}, index=pd.Index([10, 20, 40], name=name))
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (tmp_path / "t.parquet", pa.Table.from_pandas(frame), frame):
        assert open_source(data, target="y").feature_names == ("x",)


def test_a_pandas_index_of_a_name_is_a_column_by_that_name(tmp_path):
    frame = pd.DataFrame({"year": [2001, 2002, 2004, 2007], "x": [1.0, 2.0, 4.0, 3.0], "y": [2.0, 3.0, 9.0, 7.0]})
    written = frame.set_index("year")
    written[:2].to_parquet(tmp_path / "a.parquet")
    written[2:].to_parquet(tmp_path / "b.parquet")
    written.to_parquet(tmp_path / "all.parquet")
    for data in (tmp_path / "all.parquet", tmp_path / "[ab].parquet", pa.Table.from_pandas(written)):
        assert open_source(data, target="y").feature_names == ("x",)
        assert open_source(data, formula="y ~ .").feature_names == ("x",)
        for asked in ({"target": "y", "features": ["year", "x"]}, {"formula": "y ~ year + x"}):
            source = open_source(data, **asked)
            assert source.feature_names == ("year", "x")
            np.testing.assert_array_equal(whole(source).X, frame[["year", "x"]])
        rows = FeatureTable.of(opened(data), Terms((Column("year"), Column("x")))).blocks()
        np.testing.assert_array_equal(np.concatenate(list(rows)), frame[["year", "x"]])
        assert whole(open_source(data, target="year")).y.tolist() == frame["year"].tolist()
        assert open_source(data, target="x", weight="year").feature_names == ("y",)
    frame.to_parquet(tmp_path / "b.parquet")  # its rows have a number, which is not kept as a column
    assert whole(open_source(tmp_path / "[ab].parquet", target="y", features=["year"])).X.sum() == 4003 + 8014


@pytest.mark.parametrize(
    ("asked", "told", "hint"),
    [
        ({"target": 5}, "target=5 is of type int, expected a text", "target='5'"),
        ({"formula": 5}, "formula=5 is of type int", "formula='5'"),
        ({"target": "y", "weight": 5}, "weight=5 is of type int", "weight='5'"),
        ({"target": "y", "features": 5}, "features=5 is no list of names", "features=['5']"),
        ({"target": "y", "features": iter("a")}, "features=<str", "features=['a', 'b']"),
        ({"target": "y", "features": ["a", 5]}, "features holds 5 of type int", None),
        ({"target": "y", "reference": "a"}, "reference='a' says of no column", "reference={'city': 'Rome'}"),
    ],
)
def test_what_is_no_name_is_refused_in_a_sentence(asked, told, hint, tmp_path):
    table = {"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 5.0], "y": [1.0, 2.0, 4.0]}
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,1\n2,1,2\n3,5,4\n")
    for data in (table, tmp_path / "t.csv"):
        with pytest.raises(DataError, match=re.escape(told)) as caught:
            open_source(data, **asked)
        assert caught.value.hint == hint


def test_a_model_file_is_named_by_its_path():
    with pytest.raises(DataError, match="5 is of type int, expected the path of a model file"):
        load(5)
