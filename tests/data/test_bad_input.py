"""Whatever is wrong with a file is told in one sentence: what, where, and what to do."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradline import DataError, open_source
from gradline.data.source import whole
from gradline.data.text import csv_chunks, json_lines

N = 4000
ROWS = "".join(f"{row * 0.37},{row}\n" for row in range(N))  # a dozen chunks
TABLE = pa.table({"x": np.arange(N) * 0.37, "y": np.arange(float(N))})


@pytest.fixture(autouse=True)
def many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 12)
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 1 << 12)


def told(path: object, **asked: object) -> DataError:
    """The error of opening and reading it all."""
    with pytest.raises(DataError) as error:
        whole(open_source(path, **({"target": "y"} | asked)))
    assert "\n" not in error.value.message
    assert len(error.value.message) < 400
    return error.value


# Files that end too soon, or were never tables


@pytest.mark.parametrize("kept", [1 - 1e-3, 0.5, 0.01])
@pytest.mark.parametrize("kind", ["parquet", "csv.gz", "csv.zst", "csv.bz2", "arrow"])
def test_a_file_that_was_cut_off(tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(TABLE, path)
    elif kind == "arrow":
        with pa.ipc.new_file(path, TABLE.schema) as sink:
            sink.write_table(TABLE)
    else:
        codec = {"csv.gz": "gzip", "csv.zst": "zstd", "csv.bz2": "bz2"}[kind]
        with pa.CompressedOutputStream(str(path), codec) as file:
            file.write(f"x,y\n{ROWS}".encode())
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert f"t.{kind}" in told(path).message


def test_a_row_that_was_cut_off_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + ROWS + "7")
    assert told(tmp_path / "t.csv").message == f"line {N + 2} of t.csv has 1 field, expected 2 as in the header"
    (tmp_path / "t.csv").write_text("x,y\n" + ROWS + "7,8,9\n" + ROWS)
    assert told(tmp_path / "t.csv").message == f"line {N + 2} of t.csv has 3 fields, expected 2 as in the header"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.csv is empty (0 bytes)"),
        (b"x,y\n", "t.csv has column names but no rows"),
        (gzip.compress(b"", mtime=0), "t.csv is empty: it holds 0 bytes, all blank"),
        (bytes(100), "t.csv is not a text file: it holds the byte 0x00 at position 0"),
        (b"x,y\n1,\x002\n", "t.csv is not a text file: it holds the byte 0x00 at position 6"),
        (b"x,x,y\n1,2,3\n", "t.csv has 2 columns named 'x'"),
        (b"<html><body>404</body></html>\n", "no column 'y' in t.csv; it has ['<html><body>404</body></html>']"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert told(tmp_path / "t.csv").message == message


def test_a_nul_byte_far_down_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradline.data.text.file.SAMPLE_BYTES", 1 << 10)
    (tmp_path / "t.csv").write_bytes(f"x,y\n{ROWS}".encode() + b"1\x002,3\n")
    assert told(tmp_path / "t.csv").message == f"column 'x' of t.csv holds text: '1\\x002' in row {N + 1}"


def test_a_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    error = told(tmp_path / "empty")
    assert error.message == f"folder {tmp_path / 'empty'} holds no table"
    assert "end in .csv" in str(error.hint)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    (tmp_path / "t.csv").chmod(0)
    assert told(tmp_path / "t.csv").message == f"cannot read {tmp_path / 't.csv'}: Permission denied"


# Cells


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("abc", "text: 'abc'"),
        ("1,000", "text: '1,000'"),
        ("9007199254740993", "an integer that float64 cannot hold exactly: 9007199254740993"),
        ("-9223372036854775809", "an integer that float64 cannot hold exactly: -9223372036854775809"),
        ("123456789012345678901234567891", "an integer that float64 cannot hold exactly: 1234567890123456789012345678"),
    ],
)
def test_a_column_whose_cells_change_far_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, what: str
) -> None:
    monkeypatch.setattr("gradline.data.text.file.SAMPLE_BYTES", 1 << 10)
    (tmp_path / "t.csv").write_text(f'x,y\n{ROWS}"{cell}",7\n{ROWS}')
    error = told(tmp_path / "t.csv")
    assert error.message.startswith(f"column 'x' of t.csv holds {what}")
    assert error.message.endswith(f"in row {N + 1}")
    assert error.hint


def test_a_number_beyond_float64_is_infinite_and_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"x,y\n{ROWS}1e999,7\n")
    assert f"'x' has 1 infinite (inf) cell, the first in row {N + 1}" in told(tmp_path / "t.csv").message


def test_a_whole_number_that_float64_holds_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"x,y\n{2**53},1\n{2**63},2\n{10**22},3\n-{2**80},4\n")
    assert whole(open_source(tmp_path / "t.csv", target="y")).X.ravel().tolist() == [2**53, 2**63, 10**22, -(2**80)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2,1\n1,2,-0.5\n", "weight 'w' of t.csv is negative: -0.5 in row 2"),
        ("1,2,0\n3,4,0\n", "every usable row of t.csv has weight zero"),
        ("1,2,1\n3,4,inf\n", "t.csv has cells that hold no number: column 'w' has 1 infinite (inf) cell, the first in"),
    ],
)
def test_weights_that_are_none(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "t.csv").write_text("x,y,w\n" + rows)
    assert told(tmp_path / "t.csv", weight="w").message.startswith(message)


def test_a_target_among_the_features(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    error = told(tmp_path / "t.csv", features=["x", "y"])
    assert error.message == "column 'y' of t.csv cannot be both the target and a feature"


@pytest.mark.parametrize("name", ["\U0001f600", "</script><b>", "a\tb", "x" * 5000, "price (€)", "'", "`", "{0}", "%s"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_any_name_of_a_column_will_do(tmp_path: Path, name: str, kind: str) -> None:
    table = pa.table({name: [1.0, 2.0], "y": [1.0, 2.0]})
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "csv":
        table.to_pandas().to_csv(path, index=False)
    else:
        table.to_pandas().to_json(path, orient="records", lines=True)
    assert open_source(path, target="y").feature_names == (name,)
    assert whole(open_source(path, target=name)).y.tolist() == [1, 2]


def test_three_thousand_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 16)
    names = [f"x{j}" for j in range(3000)]
    rows = np.arange(9000).reshape(3, -1)
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    batch = whole(open_source(tmp_path / "t.csv", target="x2999"))
    assert np.array_equal(batch.X, rows[:, :-1])
    assert np.array_equal(batch.y, rows[:, -1])
    (tmp_path / "t.csv").write_text("\n".join([*lines, "1,2"]))
    assert (
        told(tmp_path / "t.csv", target="x0").message == "line 5 of t.csv has 2 fields, expected 3000 as in the header"
    )


# Files that do not stay as they were


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"1,2\n")


def write_again(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content)
    os.utime(path, (0, time.time() + 10))


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "arrow"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (grow, r"^.*/t.\w+ has changed since it was opened: from \d+ to \d+ bytes\n"),
        (write_again, r"^.*/t.\w+ has changed since it was opened: it was written again\n"),
        (Path.unlink, r"^cannot read .*/t.\w+: "),
    ],
)
def test_a_file_that_changes_between_two_passes(
    tmp_path: Path, kind: str, change: Callable[[Path], None], message: str
) -> None:
    source = open_source(table_in(tmp_path, kind), target="y")
    assert len(whole(source)) == 100
    change(tmp_path / f"t.{kind}")
    with pytest.raises(DataError, match=message):
        whole(source)


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "arrow"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, kind: str) -> None:
    path = table_in(tmp_path, kind, rows=N)
    batches: Iterator[object] = open_source(path, target="y", batch_rows=10).batches()
    next(batches)
    grow(path)
    with pytest.raises(DataError, match="has changed since it was opened"):
        list(batches)


def table_in(folder: Path, kind: str, rows: int = 100) -> Path:
    table = TABLE.slice(0, rows)
    path = folder / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "arrow":
        with pa.ipc.new_stream(path, table.schema) as sink:
            sink.write_table(table)
    elif kind == "csv":
        table.to_pandas().to_csv(path, index=False)
    else:
        table.to_pandas().to_json(path, orient="records", lines=True)
    return path


# Several files


def test_files_of_several_schemas_name_the_file_and_the_column(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    pq.write_table(TABLE.rename_columns(["x", "z"]), tmp_path / "b.parquet")
    message = told(f"{tmp_path}/*.parquet").message
    assert message == "b.parquet has no column 'y', which a.parquet has; it has ['x', 'z']"


def test_a_part_whose_column_is_text_names_the_file(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    pq.write_table(TABLE.set_column(0, "x", pa.array(["n/k"] * len(TABLE))), tmp_path / "b.parquet")
    assert told(f"{tmp_path}/*.parquet").message == "column 'x' of b.parquet is a text, but a number in a.parquet"
    pq.write_table(TABLE.set_column(0, "x", pa.nulls(len(TABLE))), tmp_path / "b.parquet")
    assert f"column 'x' has {len(TABLE)} missing" in told(f"{tmp_path}/*.parquet").message
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,5\n")
    (tmp_path / "b.csv").write_text("x,y\nn/k,2\nn/k,2\n")
    assert told(f"{tmp_path}/*.csv").message == "column 'x' of b.csv holds text: 'n/k' in row 1"


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(["x,y", "1,2", '"', "3,4"]),
        "x,y\n" + '"' * 7,
        "x,y\r1,2\n3,4\r\n5",
        "x,y\n1,2\n\x0c\n",
        ",,,\n,,,\n",
        ";;\n1\n",
        "\ufeff",
        "\ufeff\n\n",
        " " * 100 + "\n" + "\t" * 100,
    ],
)
def test_odd_text_is_numbers_or_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.csv").write_bytes(content.encode())
    message = ""
    try:
        whole(open_source(tmp_path / "t.csv", target="y"))
    except DataError as error:
        message = error.message
    assert "\n" not in message
