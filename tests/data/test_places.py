"""One table has many homes: wherever its rows lie, they read as the same rows, or one sentence says why not."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import fs

from gradline import DataError, open_source
from gradline.data.readers import finding
from gradline.data.source import whole
from gradline.data.table_source import TableSource
from gradline.data.text import csv_chunks, json_lines
from gradline.data.text import file as text_file
from gradline.errors import DataWarning
from tests.data.given import standard_input

ROWS = 400
FRAME = pd.DataFrame(
    {
        "a": np.arange(ROWS) * 0.5,
        "b": np.random.default_rng(1).normal(size=ROWS),
        "note": ["aé"] * ROWS,
        "y": np.random.default_rng(2).normal(size=ROWS),
        "year": np.repeat([2020, 2021, 2022, 2023], ROWS // 4),
    }
)
TABLE = pa.Table.from_pandas(FRAME, preserve_index=False)
QUARTERS = [TABLE.slice(start, ROWS // 4) for start in range(0, ROWS, ROWS // 4)]


def many(folder: Path, write: Callable[[pa.Table, Path], object], ending: str) -> Path:
    """The four quarters of the table as four files, written in reverse."""
    folder.mkdir()
    for number in (3, 2, 1, 0):
        write(QUARTERS[number], folder / f"part-{number}.{ending}")
    return folder


def lines(table: pa.Table, path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


def stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as sink:
        sink.write_table(table, max_chunksize=33)


def hive(folder: Path) -> Path:
    ds.write_dataset(TABLE, folder, format="parquet", partitioning=["year"], partitioning_flavor="hive")
    (folder / "_SUCCESS").write_text("")
    (folder / ".part.parquet.crc").write_bytes(b"x")
    (folder / "_README.txt").write_text("not a table")
    return folder


def zstd_csv(table: pa.Table, path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as sink:
        pa_csv.write_csv(table, sink)


def gzip_lines(path: Path) -> Path:
    lines(TABLE, path / "t.jsonl")
    (path / "t.jsonl.gz").write_bytes(gzip.compress((path / "t.jsonl").read_bytes()))
    return path / "t.jsonl.gz"


def one(write: Callable[[pa.Table, Path], object], name: str) -> Callable[[Path], Path]:
    def home(path: Path) -> Path:
        write(TABLE, path / name)
        return path / name

    return home


HOMES: dict[str, Callable[[Path], object]] = {
    "folder of CSV": lambda path: many(path / "t", pa_csv.write_csv, "csv"),
    "folder of Parquet, trailing slash": lambda path: f"{many(path / 't', pq.write_table, 'parquet')}/",
    "folder of Parquet by keys": lambda path: hive(path / "t"),
    "glob of files by keys": lambda path: f"{hive(path / 't')}/year=*/*.parquet",
    "recursive glob": lambda path: f"{hive(path / 't')}/**/*.parquet",
    "glob of compressed CSV": lambda path: f"{many(path / 't', zstd_csv, 'csv.zst')}/*.csv.zst",
    "glob with a class": lambda path: f"{many(path / 't', pq.write_table, 'pq')}/part-[0-3].pq",
    "folder of Feather": lambda path: many(path / "t", feather.write_feather, "feather"),
    "folder of JSON lines": lambda path: many(path / "t", lines, "jsonl"),
    "CSV in Zstandard": one(zstd_csv, "t.csv.zst"),
    "Feather": one(lambda table, path: feather.write_feather(table, path, chunksize=90), "t.feather"),
    "Arrow file, no ending": one(lambda table, path: feather.write_feather(table, path, compression="zstd"), "t"),
    "Arrow stream": one(stream, "t.arrow"),
    "JSON lines": one(lines, "t.ndjson"),
    "JSON lines by content": one(lines, "rows.txt"),
    "JSON lines in gzip": gzip_lines,
    "name with brackets": one(pa_csv.write_csv, "t[1].csv"),
    "file://": lambda path: one(pq.write_table, "t.parquet")(path).as_uri(),
    "file:// and a glob": lambda path: f"file://{many(path / 't', pq.write_table, 'parquet')}/*.parquet",
}


@pytest.mark.parametrize("home", HOMES)
def test_the_same_rows_from_every_home(tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 10)
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 1 << 10)
    source = open_source(HOMES[home](tmp_path), target="y", features=["b", "year", "a"], batch_rows=30)
    for rows in (None, 64):
        batches = list(source.batches(rows))
        assert np.array_equal(np.concatenate([batch.X for batch in batches]), FRAME[["b", "year", "a"]].to_numpy())
        assert np.array_equal(np.concatenate([batch.y for batch in batches]), FRAME["y"].to_numpy())
    first, again = (
        [batch.X.tolist() for batch in source.batches(64, shuffle=np.random.default_rng(3))] for _ in range(2)
    )
    assert first == again
    assert sorted(row for batch in first for row in batch) == sorted(FRAME[["b", "year", "a"]].to_numpy().tolist())


def test_keys_in_folder_names_are_columns_as_pyarrow_reads_them(tmp_path: Path) -> None:
    table = pa.table({"x": [1.0, 2, 3], "y": [1.0, 2, 3], "site no": [7, None, 5], "city": ["a b", "c/d", "e"]})
    ds.write_dataset(
        table, tmp_path / "t", format="parquet", partitioning=["site no", "city"], partitioning_flavor="hive"
    )
    source = open_source(tmp_path / "t", target="y", features=["x", "site no"], missing="drop")
    assert source.name == "t"
    expected = ds.dataset(tmp_path / "t", partitioning="hive").to_table().sort_by("y").to_pandas().dropna()
    batch = whole(source)
    assert np.array_equal(batch.X[np.argsort(batch.y)], expected[["x", "site no"]].to_numpy())
    assert source.dropped == {"site no": 1}
    with pytest.raises(DataError, match=r"column 'city' of site no=.*parquet holds text: 'e' in row 1"):
        whole(open_source(tmp_path / "t", target="city", features=["x"]))


def test_a_column_in_the_file_outranks_the_name_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "t" / "x=5").mkdir(parents=True)
    (tmp_path / "t" / "x=5" / "a.csv").write_text("x,y\n1,2\n")
    assert whole(open_source(tmp_path / "t", target="y")).X.tolist() == [[1.0]]


def test_a_key_may_be_a_column_of_the_first_file_alone(tmp_path: Path) -> None:
    (tmp_path / "year=2025").mkdir()
    (tmp_path / "a.csv").write_text("year,x,y\n2024,1,2\n2024,2,3\n")
    (tmp_path / "year=2025" / "b.csv").write_text("x,y\n4,5\n")
    rows = whole(open_source(tmp_path, target="y", features=["year", "x"])).X
    assert rows.tolist() == [[2024.0, 1.0], [2024.0, 2.0], [2025.0, 4.0]]


@pytest.mark.parametrize("second", ["its own", "the key alone"])
def test_a_column_that_is_also_a_key_has_one_kind(tmp_path: Path, second: str) -> None:
    """Days since 1970 beside a number of 2025 or 2 would be one column of two units."""
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]
    first, other = {"day": days, "y": [1.0, 2.0]}, {"day": [1, 2], "y": [3.0, 4.0]}
    for number, columns in enumerate((first, other), 1):
        (tmp_path / f"day={number}").mkdir()
        table = pa.table(columns if number == 1 or second == "its own" else {"y": columns["y"]})
        pq.write_table(table, tmp_path / f"day={number}" / "t.parquet")
    with pytest.raises(
        DataError, match=r"column 'day' of day=2/t.parquet is a number,? .*but a date in day=1/t.parquet"
    ):
        whole(open_source(tmp_path, target="y"))


def test_a_folder_that_may_not_be_listed_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(folder: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(DataError, match=r"no such file: .*houses\.csv\nhint: looked for in"):
        open_source(tmp_path / "houses.csv", target="y")


def test_keys_alone_can_be_the_features(tmp_path: Path) -> None:
    source = open_source(hive(tmp_path / "t"), target="year", features=["a"])
    assert np.array_equal(whole(source).y, FRAME["year"])
    twice = open_source(tmp_path / "t", target="y", features=["year"], batch_rows=7)
    assert np.array_equal(whole(twice).X.ravel(), FRAME["year"])


def test_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many(tmp_path / "t", pa_csv.write_csv, "csv")
    monkeypatch.chdir(tmp_path / "t")
    for text in (".", "./", "*.csv", "./*.csv", "../t", "../*/*.csv"):
        assert np.array_equal(whole(open_source(text, target="y", features=["a"])).X.ravel(), FRAME["a"])
    assert open_source(".", target="y", features=["a"]).name == "t"


# Other file systems


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for an object store: no path in it is one on the disk."""
    system = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(finding, "_file_system", lambda url: (system, url.partition("://")[2].rpartition("@")[2]))
    (tmp_path / "bucket").mkdir()
    return tmp_path / "bucket"


@pytest.mark.parametrize("end", ["", "/*.parquet", "/part-?.parquet"])
def test_tables_in_an_object_store(bucket: Path, end: str) -> None:
    many(bucket / "sales", pq.write_table, "parquet")
    source = open_source(f"s3://bucket/sales{end}", target="y", features=["a"])
    assert np.array_equal(whole(source).X.ravel(), FRAME["a"])
    with pytest.raises(DataError, match=r"^no file matches s3://bucket/sales/\*.csv$"):
        open_source("s3://key:secret@bucket/sales/*.csv", target="y")
    with pytest.raises(DataError, match=r"^no such file: s3://bucket/sale.csv$"):
        open_source("s3://key:secret@bucket/sale.csv", target="y")


def test_each_kind_of_file_in_an_object_store(bucket: Path) -> None:
    for name, write in (
        ("t.csv", pa_csv.write_csv),
        ("t.csv.zst", zstd_csv),
        ("t.arrow", stream),
        ("t.feather", feather.write_feather),
        ("t.jsonl", lines),
        ("t.parquet", pq.write_table),
    ):
        write(TABLE, bucket / name)
        source = open_source(f"gs://bucket/{name}", target="y", features=["a"])
        assert source.name == name
        assert np.array_equal(whole(source).X.ravel(), FRAME["a"])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:s3cr%2Fet@host/t.csv",
        "https://user:s3cret@host/t.csv?token=hidden",
        "s3://user:s3cret@/t.csv?endpoint_override=hidden&nonsense=s3cret",
        "nosuch://s3cret@host/t.csv#x",
        "http://user:s3cret@[::1/t.csv",
        "file://user:s3cret@host/t.csv",
        "s3://user:s3cret@host:port/?hidden",
        "abfs://user:s3cret@/t.csv?tenant_id=hidden",
    ],
)
def test_no_error_shows_credentials(url: str) -> None:
    with pytest.raises(DataError, match=r"^cannot open ") as error:
        open_source(url, target="y")
    told, shown = error.value, ""
    chain: BaseException | None = told
    while chain is not None:
        shown += f"{chain} {chain.args}"
        chain = chain.__cause__ or chain.__context__
    assert "\n" not in told.message
    assert not any(secret in shown for secret in ("s3cr", "hidden", "user"))


UNREACHED = "?endpoint_override=127.0.0.1:{port}&scheme=http"
REACH = "check the address, the credentials that this machine has for it, and the network"


def test_a_store_that_cannot_be_reached_is_an_error_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PATIENCE", 1)
    for url in ("gs://anonymous@b/x.parquet", "gs://anonymous@b/*.csv"):
        with pytest.raises(DataError, match=r"^cannot read gs://b/.*: UNAVAILABLE: Retry policy exhausted") as error:
            open_source(f"{url}{UNREACHED.format(port=1)}", target="y")
        assert error.value.hint == REACH
    for url, seconds in (("gs://b/x", 1), ("gs://b/x?scheme=http", 1), ("gcs://b/x?retry_limit_seconds=9", 9)):
        options = finding._file_system(url)[0].__reduce__()[1][0]
        assert options["retry_time_limit"].total_seconds() == seconds


def test_ctrl_c_does_not_wait_for_a_store() -> None:
    interrupted, gave_up = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept_and_say_nothing() -> None:
            with server.accept()[0]:
                os.kill(os.getpid(), signal.SIGINT)
                if not interrupted.wait(30):
                    gave_up.set()

        silent = threading.Thread(target=accept_and_say_nothing)
        silent.start()
        options = UNREACHED.format(port=server.getsockname()[1])
        with pytest.raises(KeyboardInterrupt):
            open_source(f"gs://anonymous@b/x.parquet{options}&retry_limit_seconds=1", target="y")
        interrupted.set()
        silent.join()
    assert not gave_up.is_set()


@pytest.mark.parametrize(
    ("url", "told", "hint"),
    [
        ("s3://", "s3://: it names no bucket", "write s3://BUCKET/PATH"),
        ("gs:///?scheme=http", "gs:///: it names no bucket", "write gs://BUCKET/PATH"),
        ("abfss://c@", "abfss://c@: it names no container", "CONTAINER@ACCOUNT"),
        ("hdfs://", "hdfs://: Unable to load libjvm", "set JAVA_HOME"),
    ],
)
def test_an_address_without_a_store_says_what_is_missing(
    url: str, told: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DataError) as error:
        open_source(url, target="y")
    assert told in error.value.message
    assert hint in str(error.value.hint)


@pytest.mark.parametrize("path", ["/x", ""])
def test_a_container_is_no_secret(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutCredentials:
        def get_file_info(self, asked: object) -> None:
            assert asked != "a"  # of a whole container, Arrow would end the process
            raise pa.ArrowException("Unknown error: a check of 'https://b.blob.core.windows.net/a' failed")

    class Systems:
        @staticmethod
        def from_uri(url: str) -> tuple[WithoutCredentials, str]:
            return WithoutCredentials(), f"a{path}"

    monkeypatch.setattr(fs, "FileSystem", Systems)
    with pytest.raises(DataError) as error:
        open_source(f"abfs://a@b.dfs.core.windows.net{path}", target="y")
    assert error.value.message == (
        f"cannot read abfs://a@b.dfs.core.windows.net{path}: "
        "Unknown error: a check of 'https://b.blob.core.windows.net/a' failed"
    )
    assert error.value.hint == REACH
    with pytest.raises(
        DataError, match=r"^cannot read abfs://a/x: Unknown error: .* check of 'https://b.blob"
    ) as error:
        open_source("abfs://an:re@a/x", target="y")


# Several files


def test_files_that_differ_name_the_file_and_the_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,z,y\n1,2,3\n4,5,6\n")
    (tmp_path / "b.csv").write_text("y,x\n3,1\n")
    (tmp_path / "c.csv").write_text("y,x,z,new\n1,2,3,4\n")
    with pytest.raises(DataError, match=r"^b.csv has no column 'z', which a.csv has; it has \['y', 'x'\]"):
        open_source(f"{tmp_path}/*.csv", target="y")
    with pytest.raises(DataError, match=r"^c.csv has a column 'new', which a.csv has not") as error:
        open_source(f"{tmp_path}/[ac].csv", target="y")
    assert error.value.hint == "name the columns to use: features=[...]"
    with pytest.raises(DataError, match=r"^b.csv has no column 'z'"):
        open_source(f"{tmp_path}/*.csv", target="y", features=["z"])
    source = open_source(f"{tmp_path}/*.csv", target="y", features=["x"])
    assert whole(source).X.ravel().tolist() == [1, 4, 1, 2]
    assert whole(source).y.tolist() == [3, 6, 3, 1]


def test_a_column_is_what_the_first_file_says_that_has_cells_of_it(tmp_path: Path) -> None:
    columns = {
        "a": pa.nulls(2),
        "b": pa.nulls(2),
        "c": pa.array([dt.date(1970, 1, 2), None]),
        "d": pa.array([2.5, 7.0]),
        "e": pa.array(["u", "v"]),
    }
    for name, cells in columns.items():
        pq.write_table(pa.table({"x": cells, "y": [1.0, 2.0]}), tmp_path / f"{name}.parquet")
    dates = open_source(f"{tmp_path}/[abc].parquet", target="y", missing="drop")
    assert isinstance(dates, TableSource)
    assert dates.design.notes == ("x: days since 1970-01-01",)
    assert (whole(dates).X.tolist(), dates.rows_dropped) == ([[1.0]], 5)
    for files in ("[cd]", "[abcd]", "[acd]"):
        with pytest.raises(DataError, match=r"^column 'x' of d.parquet is a number, but a date in c.parquet\n"):
            open_source(f"{tmp_path}/{files}.parquet", target="y", missing="drop")
    for feature in ("x", "C(x)"):
        texts = open_source(f"{tmp_path}/[abe].parquet", target="y", features=[feature], missing="drop")
        assert (texts.feature_names, whole(texts).X.tolist()) == (("x[T.v]",), [[0.0], [1.0]])


def test_a_bad_cell_is_told_with_its_file_and_the_row_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("a", "x,y\n1,2\n3,4\n"), ("b", "x,y\n5,6\n7,8\nbad,1\n")):
        (tmp_path / f"{name}.csv").write_text(content)
    with pytest.raises(DataError, match=r"^column 'x' of b.csv holds text: 'bad' in row 3"):
        whole(open_source(tmp_path, target="y"))
    (tmp_path / "b.csv").write_text("x,y\n5,6\n7\n")
    with pytest.raises(DataError, match=r"^line 3 of b.csv has 1 field, expected 2"):
        whole(open_source(tmp_path, target="y"))
    (tmp_path / "b.csv").write_bytes(b"x,y\n5,6\n7,\xe9\n")
    with pytest.raises(DataError, match=r"^column 'y' of b.csv holds text: 'é' in row 2"):
        whole(open_source(tmp_path, target="y"))
    (tmp_path / "b.csv").write_text("x,y\n5,\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^\*.csv has .* column 'y' has 1 missing \(NaN\) cell, the first in row 3"):
        whole(open_source("*.csv", target="y"))


def test_an_absent_column_is_told_with_the_file_that_lacks_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\nsome text\n")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    for roles in ({"target": "y"}, {"formula": "y ~ x"}):
        with pytest.raises(DataError, match=r"^no column 'y' in README.md \(the first file of .*/\*\); it has \['#"):
            open_source(f"{tmp_path}/*", **roles)


def test_one_file_without_rows_is_no_error_but_all_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    assert whole(open_source(tmp_path, target="y")).y.tolist() == [2.0]
    (tmp_path / "b.csv").write_text("x,y\n")
    with pytest.raises(DataError, match="has column names but no rows"):
        whole(open_source(tmp_path, target="y"))
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(DataError, match=r"^b.csv is empty \(0 bytes\)"):
        open_source(tmp_path, target="y")


def test_a_folder_or_a_glob_without_a_table_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "_SUCCESS").write_text("")
    with pytest.raises(DataError, match=r"^folder .* holds no table\n") as error:
        open_source(tmp_path, target="y")
    assert "end in .csv, .tsv, .tab, .parquet" in str(error.value.hint)
    assert str(error.value.hint).endswith(f"; '{tmp_path}/*.txt' would take notes.txt")
    for folder, hint in (
        (tmp_path, f"looked for in {tmp_path}"),
        (tmp_path / "no", f"there is no folder {tmp_path}/no"),
    ):
        with pytest.raises(DataError, match=r"^no file matches .*/\*.csv\n") as error:
            open_source(f"{folder}/*.csv", target="y")
        assert error.value.hint == hint
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "year=1").mkdir()
    with pytest.raises(DataError, match=r"^no file matches .*/year=\*\n") as error:
        open_source(f"{tmp_path}/year=*", target="y")
    assert error.value.hint == f"'{tmp_path}/year=*/*' for the files in the folders of that name"
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    pq.write_table(TABLE, tmp_path / "c.parquet")
    with pytest.raises(DataError, match=r"holds 2 CSV files and 1 Parquet file, expected one kind") as error:
        open_source(tmp_path, target="y")
    one, some = f"{tmp_path}/a.csv", f"{tmp_path}/*.csv"
    assert error.value.hint == f"name one of them, such as '{one}', or some of one kind: '{some}'"
    for named, rows in ((one, 1), (some, 2)):
        assert len(whole(open_source(named, target="y"))) == rows


def test_what_a_folder_takes_and_what_it_leaves_out_is_told(tmp_path: Path) -> None:
    text = b"x,y\n1,2\n"
    (tmp_path / "d=1").mkdir()
    taken = {
        "a.csv": text,
        "b.CSV.gzip": gzip.compress(text),
        "c.csv.zstd": pa.compress(text, "zstd", asbytes=True),
        "e.tab": text.replace(b",", b"\t"),
        "f.csv.bz2": bz2.compress(text),
    }
    for name, content in taken.items():
        (tmp_path / name).write_bytes(content)
    for name in (".hidden", "_SUCCESS", "_metadata"):
        (tmp_path / name).write_bytes(b"?")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(whole(open_source(tmp_path, target="y", features=["x"]))) == len(taken)
    (tmp_path / "d=1" / "000000_0").write_bytes(text)
    with pytest.warns(DataWarning) as told:
        assert len(whole(open_source(tmp_path, target="y", features=["x"]))) == len(taken)
    said = f"1 of 6 files of folder {tmp_path} was left out, not being called a table (.csv, .parquet, ...)"
    assert [str(one.message) for one in told] == [f"{said}: d=1/000000_0; '{tmp_path}/d=1/*' would take d=1/000000_0"]
    assert len(whole(open_source(f"{tmp_path}/d=1/*", target="y", features=["x"]))) == 1
    for j in range(4):
        (tmp_path / f"more{j}.txt").write_bytes(text)
    with pytest.warns(DataWarning, match=r"5 of 10 files .* were left out, .*: d=1/000000_0, more0.txt, .* and 2 more"):
        open_source(tmp_path, target="y", features=["x"])


def test_of_a_folder_of_several_kinds_the_hint_names_the_files_of_most(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("other,columns\n1,2\n")
    (tmp_path / "year=1").mkdir()
    for name in ("b.csv.gz", "c.csv.gz"):
        (tmp_path / "year=1" / name).write_bytes(gzip.compress(b"x,y\n1,2\n"))
    pq.write_table(TABLE, tmp_path / "d.parquet")
    with pytest.raises(DataError, match="holds 3 CSV files and 1 Parquet file") as error:
        open_source(tmp_path, target="y")
    assert str(error.value.hint).endswith(f"some of one kind: '{tmp_path}/year=1/*.csv.gz'")


def test_a_cut_off_file_among_others_is_named(tmp_path: Path) -> None:
    folder = many(tmp_path / "t", pq.write_table, "parquet")
    cut = folder / "part-2.parquet"
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"^cannot read .*part-2\.parquet: "):
        open_source(folder, target="y")


# Arrow


def test_a_damaged_arrow_file_is_one_sentence(tmp_path: Path) -> None:
    for write in (stream, feather.write_feather):
        write(TABLE, tmp_path / "t.arrow")
        good = (tmp_path / "t.arrow").read_bytes()
        for size in (8, 12, 300, len(good) // 2, len(good) - 20):
            (tmp_path / "t.arrow").write_bytes(good[:size])
            with pytest.raises(DataError, match=r"^[^\n]*t\.arrow[^\n]*(\nhint: [^\n]*)?$"):
                whole(open_source(tmp_path / "t.arrow", target="y", features=["a"]))
    (tmp_path / "t.arrow").write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match=r"^t.arrow is not an Arrow file"):
        open_source(tmp_path / "t.arrow", target="y")
    (tmp_path / "t.feather").write_bytes(b"FEA1----")
    with pytest.raises(DataError, match=r"^t.feather is in the first version of Feather"):
        open_source(tmp_path / "t.feather", target="y")


def test_rows_of_arrow_are_counted_over_its_batches(tmp_path: Path) -> None:
    cells = pa.chunked_array([[1, 2], [3, 2**53 + 1]])
    feather.write_feather(pa.table({"x": cells, "y": cells}), tmp_path / "t.feather", chunksize=2)
    with pytest.raises(DataError, match=r"float64 cannot hold exactly: 9007199254740993 in row 4"):
        whole(open_source(tmp_path / "t.feather", target="y"))


def test_a_target_kept_as_categories_of_numbers_is_read_as_numbers(tmp_path: Path) -> None:
    for write in (stream, feather.write_feather):
        table = pa.table(
            {"s": pa.array(["a", "b"] * 40).dictionary_encode(), "x": pa.array([5, 7] * 40), "y": [1.0] * 80}
        )
        write(table.set_column(1, "x", table["x"].dictionary_encode()), tmp_path / "t.arrow")
        batch = whole(open_source(tmp_path / "t.arrow", target="x", features=["y"]))
        assert batch.y.tolist() == [5, 7] * 40


# JSON lines


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)
)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({"y": CELLS}, optional={"x": CELLS, "note": st.text(max_size=5)}), min_size=1),
    gaps=st.sampled_from(["\n", "\r\n", "\n\n"]),
    chunk=st.sampled_from([16, 100, 1 << 20]),
)
def test_json_lines_read_as_with_the_json_module(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], gaps: str, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("json") / "t.jsonl"
    rows = [{"x": 1.5, "y": 2.5}, *rows]
    path.write_bytes(gaps.join(map(json.dumps, rows)).encode())
    kept = [row for row in rows if row.get("x") is not None and row["y"] is not None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "CHUNK_BYTES", chunk)
        source = open_source(path, target="y", features=["x"], missing="drop")
        batch = whole(source)
    assert batch.X.ravel().tolist() == [float(row["x"]) for row in kept]
    assert batch.y.tolist() == [float(row["y"]) for row in kept]
    assert source.rows_dropped == len(rows) - len(kept)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"x": 1, "y": 2}]', "t.jsonl is one JSON array, expected one object a line"),
        ('{"x": 1, "y": 2}\n\n{"x": 1, "y": \n', "line 3 of t.jsonl is not JSON: Expecting value"),
        ('{"x": 1, "y": 2}\n[1, 2]\n', 'line 2 of t.jsonl holds no object, expected one as in {"x": 1}'),
        ('{"x": 1, "y": 2}\n{"x": "a", "y": 2}\n', "column 'x' of t.jsonl holds text: 'a' in row 2"),
        ('{"x": 1, "y": 2}\n{"x": "2020-01-01", "y": 2}\n', "column 'x' of t.jsonl holds text: '2020-01-01' in row 2"),
        ('{"x": {"z": 1}, "y": 2}\n', "column 'x' of t.jsonl holds a dict: {'z': 1} in row 1"),
        ('{"x": [1], "y": 2}\n', "column 'x' of t.jsonl holds a list: [1] in row 1"),
        (
            '{"x": 9007199254740993, "y": 2}\n{"x": 0.5, "y": 2}\n',
            "column 'x' of t.jsonl holds an integer that float64 cannot hold exactly: 9007199254740993 in row 1",
        ),
        ('{"x": 1, "y": 2}\n{"x": null, "y": 2}\n', "column 'x' has 1 missing (NaN) cell, the first in row 2"),
        ('{"x": 1, "y": 2}\n{"y": NaN}\n', "column 'y' has 1 missing (NaN) cell, the first in row 2"),
        (b'{"x": 1, "y": 2}\n{"x": "\xe9", "y": 2}\n', "line 2 of t.jsonl is not in UTF-8"),
        ('{"x": 1, "y": 2}\n{"x": "\\ud800", "y": 2}\n', r"line 2 of t.jsonl holds half a character, \ud800"),
        ('{"x\\uDc00\\ud83d\\ude00": 1, "y": 2}\n', r"line 1 of t.jsonl holds half a character, \udc00"),
        ("x,y\n1,2\n", "line 1 of t.jsonl is not JSON: Expecting value"),
        ("", "t.jsonl is empty (0 bytes)"),
        ("\n \n", "t.jsonl is empty: it holds 3 bytes, all blank"),
    ],
)
def test_each_defect_of_json_lines_has_its_sentence(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        whole(open_source(path, target="y"))
    assert message in error.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"x": 1}]', "t.txt is one JSON array, expected one object a line"),
        ("[\n {\n", "t.txt is one JSON array, expected one object a line"),
        ('{\n "x": 1}', "line 1 of t.txt is not JSON: Expecting property name enclosed in double quotes"),
    ],
)
def test_json_that_is_not_in_lines_is_recognised(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.txt").write_text(content)
    with pytest.raises(DataError) as error:
        open_source(tmp_path / "t.txt", target="y")
    assert error.value.message == message


@pytest.mark.parametrize("name", ["[x]", "{x}", "[{x}]"])
def test_a_bracket_in_a_column_name_makes_no_json(tmp_path: Path, name: str) -> None:
    (tmp_path / "t.csv").write_text(f"{name},y\n1,2\n")
    assert open_source(tmp_path / "t.csv", target="y").feature_names == (name,)


def test_lines_and_rows_of_json_are_counted_over_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 64)
    monkeypatch.setattr(text_file, "SAMPLE_BYTES", 64)
    good = '\n{"x": 1, "y": 2}\n' * 300
    path = tmp_path / "t.jsonl"
    path.write_text(good + "{]\n" + good)
    with pytest.raises(DataError, match=r"^line 601 of t.jsonl is not JSON"):
        whole(open_source(path, target="y"))
    path.write_text(good + '{"x": "a", "y": 2}\n' + good)
    with pytest.raises(DataError, match=r"^column 'x' of t.jsonl holds text: 'a' in row 301"):
        whole(open_source(path, target="y"))


# What can be read once


CSV = b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * row) for row in range(1000))
JSON = b"".join(b'{"a": %d, "b": %d}\n' % (row, row * row) for row in range(1000))


@pytest.mark.parametrize("content", [CSV, gzip.compress(CSV), bz2.compress(CSV), JSON, gzip.compress(JSON)])
def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 256)
    monkeypatch.setattr(text_file, "SAMPLE_BYTES", 128)
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 256)
    monkeypatch.setattr(text_file, "SAMPLE_BYTES", 128)
    standard_input(monkeypatch, content)
    source = open_source("-", target="b")
    assert source.name == "standard input"
    assert whole(source).X.ravel().tolist() == list(range(1000))
    with pytest.raises(DataError, match=r"^standard input can be read only once") as error:
        whole(source)
    assert "save the rows to a file" in str(error.value.hint)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^standard input is empty \(0 bytes\)"),
        (b"a,b\n", "^standard input has column names but no rows"),
        (CSV + b"1\n", "^line 1002 of standard input has 1 field, expected 2"),
        (gzip.compress(CSV)[:-9], "^cannot read standard input: "),
        (b"PAR1" + bytes(100), "^standard input holds columns, which are read in any order"),
    ],
)
def test_what_is_wrong_with_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes, message: str) -> None:
    standard_input(monkeypatch, content)
    with pytest.raises(DataError, match=message):
        whole(open_source("-", target="b"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CSV,))
    writer.start()
    source = open_source(pipe, target="b")
    assert whole(source).X.ravel().tolist() == list(range(1000))
    writer.join()
    with pytest.raises(DataError, match=r"^/.*/pipe can be read only once"):
        whole(source)


# Memory


@pytest.mark.parametrize("kind", ["feather", "jsonl", "parquet"])
def test_four_times_the_files_need_no_more_memory(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.data.test_files import peak_memory

    rows = 1000 if kind == "jsonl" else 8000  # a cell of JSON is an object of Python, which takes long to trace
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 1 << 11)
    monkeypatch.setattr("gradline.data.blocks.WINDOW_ROWS", rows * 5 // 8)
    table = pa.table({name: np.random.default_rng(j).normal(size=rows) for j, name in enumerate("aby")})
    write = {"feather": feather.write_feather, "jsonl": lines, "parquet": pq.write_table}[kind]
    peaks = []
    for count in (3, 12):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            write(table, folder / f"{number}.{kind}")
        source = open_source(folder, target="y", batch_rows=rows // 4)
        assert isinstance(source, TableSource)
        peaks.append(peak_memory(source))
    further = 9 * table.num_rows * table.num_columns * 8  # bytes that the rows of nine more files would take, if kept
    assert peaks[1] - peaks[0] < further / 2  # how far the threads are ahead varies
