"""Parquet files whose row groups several threads read side by side: the same bits, the same sentences."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradline import DataError, ExactMoments, LinearRegression, Moments, open_source
from gradline.moments import one_pass as module
from gradline.moments.one_pass import one_pass

ROWS = 20_000


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(3)
    columns = {name: rng.normal(50, 3, ROWS) for name in ("a", "b", "y")}
    return pa.table({**columns, "k": rng.integers(0, 9, ROWS)})


def source_of(path: Path, **options):
    return open_source(path, target="y", batch_rows=512, **options)


def written(folder: Path, table: pa.Table, group: int = 700) -> Path:
    pq.write_table(table, folder / "t.parquet", row_group_size=group)
    return folder / "t.parquet"


def in_order(source, kind):
    """The batches one after the other, as one thread reads them."""
    return kind.from_batches(source.growing(), len(source.feature_names))


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("group", [100, 700, 5000])
def test_they_give_the_bits_of_the_rows_in_order(tmp_path, table, kind, group):
    source = source_of(written(tmp_path, table, group))
    assert len(list(source.pieces())) > 2
    assert one_pass(source, kind).to_json() == in_order(source, kind).to_json()
    assert source.rows_read == ROWS


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_a_folder_with_keys_is_in_pieces_too(tmp_path, table, kind):
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        written(tmp_path / f"year={year}", table.slice(0, year * 5))
    source = source_of(tmp_path)
    assert "year" in source.feature_names
    assert one_pass(source, kind).to_json() == in_order(source, kind).to_json()
    assert source.rows_read == 2023 * 5 + 2024 * 5


def test_they_are_what_a_fit_reads(tmp_path, table, monkeypatch):
    taken = []
    monkeypatch.setattr(module, "pieces_of", lambda source, real=module.pieces_of: taken.extend(real(source)) or taken)
    LinearRegression().fit(source_of(written(tmp_path, table)))
    assert taken


def test_every_row_is_told_to_whom_it_may_concern(tmp_path, table):
    told = []
    one_pass(source_of(written(tmp_path, table)), Moments, watch=told.append)
    assert told == sorted(told)
    assert told[-1] == ROWS


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_missing_cells_are_counted_with_their_first_row(tmp_path, table, kind):
    a = table["a"].to_numpy().copy()
    a[[4321, 17_000]] = np.nan
    source = source_of(written(tmp_path, table.set_column(0, "a", pa.array(a))))
    with pytest.raises(DataError, match=r"column 'a' has 2 missing \(NaN\) cells, the first in row 4322"):
        one_pass(source, kind)


def test_a_cell_that_is_no_number_has_its_row(tmp_path, table):
    k = table["k"].to_numpy().copy()
    k[9000] = 2**53 + 1
    source = source_of(written(tmp_path, table.set_column(3, "k", pa.array(k))))
    with pytest.raises(DataError, match=r"column 'k' of t.parquet holds an integer .* in row 9001"):
        one_pass(source, Moments)


def test_rows_that_may_be_dropped_and_categories_are_read_in_order(tmp_path, table):
    path = written(tmp_path, table)
    assert not list(source_of(path, missing="drop").pieces())
    assert not list(source_of(path, weight="k").pieces())
    assert not list(source_of(path, features=["a", "C(k)"]).pieces())


def test_an_empty_file_is_one_sentence(tmp_path, table):
    with pytest.raises(DataError, match="has column names but no rows"):
        one_pass(source_of(written(tmp_path, table.slice(0, 0))), Moments)
