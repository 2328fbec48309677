"""Sums of parts on disk: whoever gathered them, and cut the table as they liked, others go on behind them."""

import hashlib
import json
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradline import DataError, ExactMoments, open_source
from gradline.data import file_parts
from gradline.data.part import states_ahead
from gradline.data.parted import parted
from gradline.moments.by_threads import by_threads
from gradline.moments.keeping import Keep
from gradline.moments.keeping_parts import in_kept_parts
from gradline.moments.one_pass import one_pass
from gradline.moments.precision import gather
from tests.data.parts import in_turn

ROWS = 240


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three files of eight row groups each, two parts of at least 30 rows."""
    monkeypatch.setattr(file_parts, "PART_ROWS", 30)
    rng = np.random.default_rng(7)
    x = rng.normal(1e6, 1, ROWS)
    table = pa.table(
        {
            "x": x,
            "rooms": rng.integers(1, 5, ROWS),
            "city": [*rng.choice(["a\nb", "nan"], 20), *rng.choice(["Oslo", "Rome"], ROWS - 21), "Zagreb"],
            "y": 2 * x + rng.normal(size=ROWS),
        }
    )
    folder = tmp_path / "files"
    for number in range(3):
        (folder / f"year={2020 + number}").mkdir(parents=True)
        pq.write_table(table.slice(80 * number, 80), folder / f"year={2020 + number}" / "t.parquet", row_group_size=10)
    return folder


def failing_after(runs):
    def run(of, whole, parts, merged):
        for number, state in enumerate(in_turn(of, whole, parts, merged)):
            if number == runs:
                raise DataError("the workers are gone")
            yield state

    return run


FITS = [{"features": ["x", "rooms"]}, {"features": ["x", "city"], "missing": "drop"}]


def kept_until_the_workers_were_gone(files, path, fit, runs, rows=None):
    source = parted(open_source(files, target="y", **fit), failing_after(runs), rows)
    with pytest.raises(DataError, match="the workers are gone"):
        gather(source, fit_intercept=True, precision="exact", keep=Keep(path, every_seconds=1e9))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("runs", [1, 4])
def test_a_checkpoint_goes_on_behind_the_parts_that_had_come_in(files, tmp_path, fit, runs):
    path = tmp_path / "sums.json"
    expected, _ = gather(open_source(files, target="y", **fit), fit_intercept=True, precision="exact")
    kept_until_the_workers_were_gone(files, path, fit, runs)
    read = []

    def counting(of, whole, parts, merged):
        read.extend(parts)
        return in_turn(of, whole, parts, merged)

    for left in (6 - runs, 0):
        read.clear()
        source = parted(open_source(files, target="y", **fit), counting)
        found, _ = gather(source, fit_intercept=True, precision="exact", keep=Keep(path))
        assert found.to_json() == expected.to_json()
        assert len(read) == left
        assert source.rows_read == ROWS


def test_a_checkpoint_of_other_files_is_refused_and_says_which(files, tmp_path):
    keep = Keep(tmp_path / "sums.json", every_seconds=0.0)
    gather(parted(open_source(files, target="y"), in_turn), fit_intercept=True, keep=keep)
    changed, other = files / "year=2021" / "t.parquet", files / "year=2021" / "u.parquet"
    pq.write_table(pq.read_table(changed, partitioning=None), changed)
    with pytest.raises(DataError, match=rf"sums.json is of other files: {changed} has changed\n"):
        gather(parted(open_source(files, target="y"), in_turn), fit_intercept=True, keep=keep)
    changed.rename(other)
    with pytest.raises(DataError, match=rf"sums.json is of other files: {changed} is gone; {other} is new\n"):
        gather(parted(open_source(files, target="y"), in_turn), fit_intercept=True, keep=keep)


def test_what_was_wrong_with_missing_cells_may_be_mended_by_leaving_their_rows_out(tmp_path):
    """As the hint says; the sums are of the other rows either way."""
    folder, keep = text_files(tmp_path / "text"), Keep(tmp_path / "sums.json")
    with (folder / "0.csv").open("a") as file:
        file.write(";2;Rom;4\n")
    with pytest.raises(DataError, match="has 1 missing"):
        gather(parted(open_source(folder, target="y", features=["x"]), in_turn), fit_intercept=True, keep=keep)
    source = parted(open_source(folder, target="y", features=["x"], missing="drop"), None)  # which reads nothing
    found, _ = gather(source, fit_intercept=True, keep=keep)
    assert (source.rows_read, source.dropped, found.rows) == (41, {"x": 1}, 40)


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.update(iteration=99),
        lambda kept: kept.update(iteration=-1),
        lambda kept: kept["state"].pop("sums"),
        lambda kept: kept["state"].update(design={"x": 1}),
        lambda kept: kept["state"].update(tally={"foo": 1}),
    ],
)
def test_a_checkpoint_with_a_right_checksum_and_a_wrong_content_is_damaged(change, files, tmp_path):
    keep = Keep(tmp_path / "sums.json")
    source = parted(open_source(files, target="y"), in_turn)
    gather(source, fit_intercept=True, precision="exact", keep=keep)
    written = json.loads(keep.path.read_text())
    change(written["content"])
    body = json.dumps(written["content"])
    keep.path.write_text(json.dumps(written | {"sha256": hashlib.sha256(body.encode()).hexdigest()}))
    with pytest.raises(DataError, match=r"the checkpoint .*sums\.json is damaged: "):
        gather(parted(open_source(files, target="y"), in_turn), fit_intercept=True, precision="exact", keep=keep)


def text_files(folder, encoding="latin-1"):
    folder.mkdir()
    for number in range(4):
        rows = "\n".join(f"{i % 7 + 0.25 * number};{i % 3};{city};{i}" for i, city in enumerate(["Köln", "Rom"] * 5))
        (folder / f"{number}.csv").write_text(f"x;rooms;city;y\n{rows}\n", encoding)
    return folder


@pytest.mark.parametrize(
    ("first", "then", "other"),
    [
        ({"features": ["x", "C(rooms)"]}, {"features": ["x", "rooms"]}, "categories"),
        ({"features": ["x", "rooms"]}, {"features": ["x", "C(rooms)"]}, "categories"),
        (
            {"features": ["city"], "encoding": "latin-1"},
            {"features": ["city"], "encoding": "latin-1", "reference": {"city": "Rom"}},
            "references",
        ),
        (
            {"features": ["x", "city"], "encoding": "cp437"},
            {"features": ["x", "city"], "encoding": "latin-1"},
            "encoding",
        ),
        ({"features": ["x", "rooms"]}, {"features": ["x", "rooms"], "decimal": ","}, "decimal"),
    ],
)
def test_other_columns_of_the_same_files_are_another_fit(first, then, other, tmp_path):
    folder, keep = text_files(tmp_path / "text"), Keep(tmp_path / "sums.json")

    def fit(how):
        source = in_kept_parts(open_source(folder, target="y", **how), keep.path)
        assert len(source.parts) == 4
        return gather(source, fit_intercept=True, precision="exact", keep=keep)

    fit(first)
    with pytest.raises(DataError, match=f"belongs to another fit: its {other} was "):
        fit(then)


@pytest.mark.filterwarnings("ignore:1 of 4 files")  # which is the case that is made
def test_files_that_were_left_out_do_not_take_the_place_of_others(tmp_path):
    """Parts are counted without them: where none is to be left out, these are other parts."""
    folder, keep = text_files(tmp_path / "text"), Keep(tmp_path / "sums.json")
    with (folder / "0.csv").open("a") as file:
        file.write("1;2;3;4;5\n")
    source = in_kept_parts(open_source(folder, target="y", features=["x"], on_bad_file="skip"), keep.path)
    gather(source, fit_intercept=True, precision="exact", keep=keep)
    assert source.rows_read == 30
    again = in_kept_parts(open_source(folder, target="y", features=["x"], on_bad_file="skip"), keep.path)
    again._run = None if again.identity == source.identity else again._run  # nothing is left to be read
    gather(again, fit_intercept=True, precision="exact", keep=keep)
    with pytest.raises(DataError, match="belongs to another fit: its files left out was "):
        gather(
            in_kept_parts(open_source(folder, target="y", features=["x"]), keep.path),
            fit_intercept=True,
            precision="exact",
            keep=keep,
        )


def test_files_that_take_long_are_kept_batch_by_batch(tmp_path, monkeypatch):
    """Of text by its bytes, of Parquet by its cells: what is broken off is read again."""
    folder = text_files(tmp_path / "text")
    pq.write_table(pa.table({"x": np.arange(20.0), "y": np.arange(20.0)}), tmp_path / "t.parquet", row_group_size=10)
    text = open_source(folder, target="y", features=["x"])
    columns = open_source(tmp_path / "t.parquet", target="y")
    assert [len(in_kept_parts(source, tmp_path / "k").parts) for source in (text, columns)] == [4, 2]
    monkeypatch.setattr(file_parts, "SMALL_BYTES", (folder / "0.csv").stat().st_size - 1)
    monkeypatch.setattr(file_parts, "SMALL_CELLS", 19)  # ten rows of two columns have twenty
    assert in_kept_parts(text, tmp_path / "k") is text
    assert in_kept_parts(columns, tmp_path / "k") is columns


@pytest.mark.parametrize("kept", [True, False])
def test_a_file_without_row_groups_has_no_rows(kept, tmp_path):
    schema = pa.schema([("x", pa.float64()), ("city", pa.string()), ("y", pa.float64())])
    pq.ParquetWriter(tmp_path / "t.parquet", schema).close()
    source = open_source(tmp_path / "t.parquet", target="y")
    source = in_kept_parts(source, tmp_path / "k") if kept else parted(source, in_turn)
    with pytest.raises(DataError, match=r"t\.parquet has column names but no rows"):
        gather(source, fit_intercept=True, keep=Keep(tmp_path / "k") if kept else None)
    with pytest.raises(DataError, match=r"t\.parquet has column names but no rows"):
        _ = source.feature_names


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("rows", [1, 30, 1000])
def test_one_process_cuts_a_table_as_those_did_whose_sums_it_goes_on_with(files, tmp_path, fit, rows):
    path = tmp_path / "sums.json"
    expected, _ = gather(open_source(files, target="y", **fit), fit_intercept=True, precision="exact")
    kept_until_the_workers_were_gone(files, path, fit, 1, rows)
    source = in_kept_parts(open_source(files, target="y", **fit), path)
    assert len(source.parts) == {1: 24, 30: 6, 1000: 3}[rows]
    told = []
    found, _ = gather(source, fit_intercept=True, precision="exact", watch=told.append, keep=Keep(path))
    assert found.to_json() == expected.to_json()
    assert (source.rows_read, source.feature_names) == (ROWS, source.alone().feature_names)
    # What is told are all rows so far, those of the file among them, whichever threads have read them.
    assert told == sorted(told)
    assert told[0] > ROWS // len(source.parts)
    assert told[-1] == ROWS


def test_others_cut_it_as_one_process_did(files, tmp_path, monkeypatch):
    path = tmp_path / "sums.json"
    keep = Keep(path, every_seconds=0.0)
    begun = in_kept_parts(open_source(files, target="y"), path)
    assert len(begun.parts) == 24  # few enough to be kept one by one
    gather(begun, fit_intercept=True, precision="exact", keep=keep)
    worth_a_task = parted(open_source(files, target="y"), in_turn)
    assert len(worth_a_task.parts) == 6
    as_kept = in_kept_parts(worth_a_task, path)
    assert as_kept.parts == begun.parts
    monkeypatch.setattr(as_kept, "_run", None)  # nothing is left to be read
    gather(as_kept, fit_intercept=True, precision="exact", keep=keep)


def test_many_small_parts_are_kept_as_fewer(tmp_path):
    pq.write_table(pa.table({"x": np.arange(650.0), "y": np.arange(650.0)}), tmp_path / "t.parquet", row_group_size=10)
    source = open_source(tmp_path / "t.parquet", target="y")
    assert len(in_kept_parts(source, tmp_path / "sums.json").parts) == 1
    assert one_pass(in_kept_parts(source, tmp_path / "sums.json"), ExactMoments) == one_pass(source, ExactMoments)


def test_a_table_of_many_columns_has_parts_of_fewer_rows(tmp_path):
    rows = []
    for columns in (3, 64):
        path = tmp_path / f"{columns}.parquet"
        pq.write_table(pa.table({f"x{j}": np.arange(3.0) for j in range(columns)}), path)
        rows.append(file_parts.rows_worth_a_part(open_source(path, target="x0")))
    assert rows == [2**20, 2**18]


@pytest.mark.parametrize("table", ["one file of text", "one row group", "memory"])
def test_a_table_of_one_part_stays_as_it_is(table, tmp_path):
    if table == "memory":
        source = open_source({"x": [1.0, 2.0], "y": [2.0, 3.0]}, target="y")
    elif table == "one row group":
        pq.write_table(pa.table({"x": [1.0, 2.0], "y": [2.0, 3.0]}), tmp_path / "t.parquet")
        source = open_source(tmp_path / "t.parquet", target="y")
    else:
        (tmp_path / "t.csv").write_text("x,y\n1,2\n2,3\n")
        source = open_source(tmp_path / "t.csv", target="y")
    assert in_kept_parts(source, tmp_path / "sums.json") is source


@pytest.mark.parametrize("rows", ["", "-1", "1.5", "²", "9" * 5000, "None", 3, None])
def test_what_no_gradline_wrote_into_a_checkpoint_is_not_believed(rows, files, tmp_path):
    """What is wrong with the file is said where it is loaded."""
    path = tmp_path / "sums.json"
    path.write_text(json.dumps({"content": {"fingerprint": {"least rows of a part": rows}}}))
    assert len(in_kept_parts(open_source(files, target="y"), path).parts) == 24


def test_threads_that_read_ahead_stop_where_nobody_waits_for_them(files, monkeypatch):
    """A part that never ends is left at its next block, as Ctrl-C leaves it."""
    source = parted(open_source(files, target="y"), by_threads)
    reader = type(source.reader)
    read, blocks = reader.read, []

    def endless(self, columns, rows, texts=()):
        for block in read(self, columns, rows, texts):
            while "2020" not in self.parts[0].place.path:
                blocks.append(len(block[0]))
                yield block
                time.sleep(0.001)
            yield block

    monkeypatch.setattr(reader, "read", endless)
    states = states_ahead(lambda part: one_pass(part, ExactMoments, threads=1), source._whole(), source.parts, 3)
    assert next(states).rows == 40
    leaving = threading.Thread(target=states.close, daemon=True)
    leaving.start()
    leaving.join(60)
    assert not leaving.is_alive()
    assert blocks
