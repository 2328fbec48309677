"""A share held out: two sources over disjoint rows, together all of them, the same in every pass and every run."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from gradline import DataError, ExactMoments, open_source
from gradline.data import blocks
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.data.seen import seen
from gradline.data.source import Source, whole
from gradline.data.split import held_out
from gradline.data.text import csv_chunks

ROWS = 2000
NUMBER = np.arange(float(ROWS))
OTHER = np.random.default_rng(0).normal(size=ROWS)
TARGET = np.random.default_rng(1).normal(size=ROWS)


class OwnSource:
    """What a user may write: it cannot shuffle, and hands out blocks of its own sizes."""

    feature_names = ("number", "other")
    target_name = "y"
    name = "own"
    rows_dropped = 3

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        assert rows is None
        assert shuffle is None
        for start, stop in ((0, 1), (1, 700), (700, ROWS)):
            part = slice(start, stop)
            yield Batch.of(np.column_stack([NUMBER, OTHER])[part], TARGET[part])


def frame() -> pd.DataFrame:
    return pd.DataFrame({"number": NUMBER, "other": OTHER, "y": TARGET})


def csv_source(folder: Path, **asked: object) -> Source:
    if not (folder / "t.csv").exists():
        frame().to_csv(folder / "t.csv", index=False)
    return open_source(folder / "t.csv", target="y", **asked)


def parquet_source(folder: Path) -> Source:
    frame().to_parquet(folder / "t.parquet", row_group_size=300)
    return open_source(folder / "t.parquet", target="y", batch_rows=70)


def sparse_source(folder: Path) -> Source:
    return ArraySource(scipy.sparse.coo_array(np.column_stack([NUMBER, OTHER])), TARGET)


KINDS: dict[str, Callable[[Path], Source]] = {
    "array": lambda _: ArraySource(np.column_stack([NUMBER, OTHER]), TARGET),
    "sparse": sparse_source,
    "CSV": csv_source,
    "Parquet": parquet_source,
    "own": lambda _: OwnSource(),
}


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """One table in every form, in small chunks."""
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 12)
    monkeypatch.setattr(blocks, "WINDOW_ROWS", 100)
    return KINDS[request.param](tmp_path)


def numbers(source: Source, rows: int | None = None, seed: int | None = None) -> np.ndarray:
    """Which rows a pass visits, in its order; their targets must be their own."""
    batches = list(source.batches(rows, shuffle=None if seed is None else np.random.default_rng(seed)))
    sizes = [len(batch) for batch in batches]
    assert min(sizes) > 0
    assert rows is None or (set(sizes[:-1]) <= {rows} and sizes[-1] <= rows)
    number = np.concatenate([batch.X[:, 0] for batch in batches])
    assert np.array_equal(np.concatenate([batch.y for batch in batches]), TARGET[number.astype(int)])
    return number


def test_each_row_is_on_one_side(source: Source) -> None:
    training, validation = (numbers(part) for part in held_out(source, 0.2, seed=7))
    assert np.array_equal(np.sort(np.concatenate([training, validation])), NUMBER)
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_both_sides_are_sources_of_the_same_columns(source: Source) -> None:
    for part in held_out(source, 0.2, seed=7):
        assert isinstance(part, Source)
        assert (part.feature_names, part.target_name, part.name) == (
            source.feature_names,
            source.target_name,
            source.name,
        )
        numbers(part)
        assert part.rows_dropped == source.rows_dropped


@pytest.mark.parametrize("rows", [None, 1, 32, 10_000])
def test_a_shuffle_visits_the_same_rows_in_another_order(source: Source, rows: int | None) -> None:
    for part in held_out(source, 0.3, seed=1):
        shuffled = numbers(part, rows, seed=0)
        assert not np.array_equal(shuffled, numbers(part))
        assert np.array_equal(np.sort(shuffled), numbers(part))
        assert np.array_equal(shuffled, numbers(part, rows, seed=0))
        assert not np.array_equal(shuffled, numbers(part, rows, seed=1))


def test_the_seed_decides_and_nothing_else(source: Source) -> None:
    _, first = held_out(source, 0.25, seed=3)
    _, again = held_out(source, 0.25, seed=3)
    _, other = held_out(source, 0.25, seed=4)
    assert np.array_equal(numbers(first), numbers(again))
    assert np.array_equal(numbers(first), numbers(first))
    assert not np.array_equal(numbers(first), numbers(other))


def test_a_row_is_chosen_by_its_number_in_the_documented_stream(tmp_path: Path) -> None:
    u = np.random.default_rng(5).random(ROWS)
    _, validation = held_out(OwnSource(), 0.1, seed=5)
    assert np.array_equal(numbers(validation), np.flatnonzero(u < 0.1))
    _, validation = held_out(KINDS["array"](tmp_path), 0.1, seed=5)
    assert np.array_equal(numbers(validation), np.sort(np.argsort(u)[:200]))


def test_the_size_of_chunks_does_not_move_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for chunk, rows in ((1 << 10, 7), (1 << 12, 1000), (1 << 20, 65_536)):
        monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
        seen.append(numbers(held_out(csv_source(tmp_path, batch_rows=rows), 0.4, seed=0)[1]))
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[2])


@given(rows=st.integers(1, 60), share=st.floats(0.001, 0.999), seed=st.integers(0, 2**63))
def test_of_arrays_exactly_the_share_is_held_out(rows: int, share: float, seed: int) -> None:
    source = ArraySource(np.arange(float(rows))[:, None], np.zeros(rows))
    count = round(share * rows)
    if 0 < count < rows:
        training, validation = held_out(source, share, seed)
        assert len(whole(validation)) == count
        assert len(whole(training)) == rows - count
    else:
        with pytest.raises(DataError, match=f"leaves {rows - count} to train on and {count} to validate with"):
            held_out(source, share, seed)


def test_of_a_stream_about_the_share_is_held_out(source: Source) -> None:
    _, validation = held_out(source, 0.2, seed=0)
    # Binomial: 2000 rows at 0.2 have the standard deviation 17.9.
    assert abs(len(numbers(validation)) - 400) < 6 * 17.9


def test_the_sums_of_both_sides_are_the_sums_of_all(source: Source) -> None:
    parts = [ExactMoments.from_batches(part.batches(), 2) for part in held_out(source, 0.2, seed=0)]
    assert parts[0] + parts[1] == ExactMoments.from_batches(source.batches(), 2)


def test_a_part_can_be_split_again(source: Source) -> None:
    training, test = held_out(source, 0.2, seed=0)
    parts = [numbers(part) for part in (*held_out(training, 0.2, seed=0), test)]
    assert np.array_equal(np.sort(np.concatenate(parts)), NUMBER)


def test_weights_and_dropped_rows_go_along(tmp_path: Path) -> None:
    table = frame().assign(w=np.arange(ROWS) % 3)
    table.loc[5, "other"] = np.nan
    table.to_csv(tmp_path / "w.csv", index=False)
    used = table[table["w"] > 0].dropna()
    for data in (table, tmp_path / "w.csv"):
        source = open_source(data, target="y", weight="w", missing="drop")
        training, validation = held_out(source, 0.3, seed=2)
        both = [whole(training), whole(validation)]
        number = np.concatenate([batch.X[:, 0] for batch in both]).astype(int)
        weight = np.concatenate([batch.weight for batch in both])
        assert np.array_equal(np.sort(number), used["number"])
        assert np.array_equal(weight, number % 3)
        assert training.rows_dropped == validation.rows_dropped == 1


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(DataError, match=f"share={share} of the rows cannot be held out"):
        held_out(OwnSource(), share, seed=0)


def test_a_seed_must_be_a_number() -> None:
    for seed in (None, np.random.default_rng(0)):
        with pytest.raises(TypeError):
            held_out(OwnSource(), 0.1, seed=seed)


def test_a_side_without_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holding out 0.1 of the 2 rows of X, y leaves 2 to train on and 0"):
        held_out(ArraySource([[1.0], [2.0]], [1.0, 2.0]), 0.1, seed=0)
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,3\n")
    source = open_source(tmp_path / "t.csv", target="y")
    _, validation = held_out(source, 1e-9, seed=0)
    with pytest.raises(DataError, match=r"of the 2 rows of t.csv leaves none to validate with"):
        whole(validation)
    training, _ = held_out(source, 1 - 1e-9, seed=0)
    with pytest.raises(DataError, match=r"of the 2 rows of t.csv leaves none to train on"):
        whole(training)


def test_a_batch_of_no_rows_is_refused(source: Source) -> None:
    for part in held_out(source, 0.5, seed=0):
        with pytest.raises(DataError, match="a batch of 0 rows holds nothing"):
            next(part.batches(0))


def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WINDOW_ROWS", 1000)

    class Endless(OwnSource):
        def __init__(self, blocks: int) -> None:
            self.blocks = blocks

        def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
            for _ in range(self.blocks):
                yield Batch.of(np.ones((1000, 2)), np.ones(1000))

    def peak(blocks: int) -> int:
        training, _ = held_out(Endless(blocks), 0.1, seed=0)
        tracemalloc.start()
        for _ in training.batches(64, shuffle=np.random.default_rng(0)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(5)  # what is imported or cached on first use
    # 400 blocks of 24 kB are 10 MB; a window and two blocks are some 100 kB.
    assert peak(400) < peak(20) + 50_000


@pytest.mark.parametrize("kind", ["own", "table", "memory"])
def test_rows_keep_their_numbers_and_their_groups_on_either_side(kind):
    """Row 5 of the table has an empty cell, row 7 the weight zero."""
    columns = {"x": NUMBER[:50].copy(), "y": TARGET[:50], "w": np.ones(50), "g": np.arange(50) % 3}
    columns["x"][4], columns["w"][6] = np.nan, 0.0
    if kind == "own":
        source: Source = OwnSource()
    elif kind == "table":
        table = pa.table(columns)
        source = open_source(table, target="y", features=["x"], weight="w", missing="drop", weights="frequency")
    else:
        source = ArraySource(columns["x"][:, None], columns["y"], columns["w"], missing="drop")
    numbers = []
    for part in held_out(source, 0.3, seed=0):
        groups = ["g"] if kind == "table" else [columns["g"]] if kind == "memory" else []
        for batch, row, found in seen(part, groups):
            # The column is the number of its row, from 0.
            assert (batch.X[:, 0] == row - 1).all()
            numbers += row.tolist()
            for codes in found:
                assert len({(code, label) for code, label in zip(codes, (row - 1) % 3, strict=True)}) <= 3
        assert bool(getattr(part, "frequencies", False)) == (kind == "table")
    expected = set(range(1, 51)) - {5, 7} if kind != "own" else set(range(1, len(numbers) + 1))
    assert sorted(numbers) == sorted(expected)


def test_a_seed_below_zero_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="seed=-1 draws no numbers"):
        held_out(ArraySource(np.ones((5, 1)), np.ones(5)), 0.2, seed=-1)
