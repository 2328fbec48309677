"""Files give the numbers that are written in them, or one sentence about the line, row or cell that does not."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import shutil
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DataError, open_source
from gradline.data.cells import MISSING_WORDS
from gradline.data.columns.labels import Labels
from gradline.data.extent import extent
from gradline.data.readers.files import reader_of
from gradline.data.source import whole
from gradline.data.table_source import TableSource
from gradline.data.text import csv_chunks
from gradline.data.text.csv_chunks import row_end
from gradline.data.written.whole_file import replacing
from tests.data.given import write


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files every 64 bytes, so that a small file has many chunks."""
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 64)


# What a file may look like


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n1,2\n3,4\n",
        "x,y\n1,2\n3,4",
        "x,y\r\n1,2\r\n\r\n3,4\r\n",
        "x,y\r1,2\r3,4\r",
        "\n\nx,y\n1,2\n\n3,4\n\n",
        "\ufeffx,y\n1,2\n3,4\n",
        '\ufeff"x","y"\n1,2\n3,4\n',
        "x;y\n1;2\n3;4\n",
        "x\ty\n1\t2\n3\t4\n",
        " x , y \n 1 , 2 \n  3,4  \n",
        '"x", "y"\n"1", "2"\n"3" ,  " 4 "\n',
        "x,y\n+1,2.0\n3e0,.4e1\n",
        "x,y,note\n1,2,\n3,4,x\n",
        'x,y,note\n1,2,"two\nlines, and ""quotes"""\n3,4,\n',
        'x,y,note\n1,2,5" pipe\n3,4,\n',
        'note, x, y\n"a, b", 1, 2\n  "c, d", 3, 4\n',
        'x,y,"odd\nname"\n1,2,\n3,4,\n',
        "x,y,note,note\n1,2,a,b\n3,4,c,d\n",
        "x,y,key\n1,2,9007199254740993\n3,4,a\n",
        "x,y,note\n1,2,caf\xe9\n3,4,\xfc\n".encode("latin-1"),
        "x,y,note\n1,2,caf\xe9\n3,4,\U0001f600\n".encode("utf-16"),
        "\ufeffx,y\n1,2\n3,4\n".encode("utf-16-be"),
        "\ufeffx,y\n1,2\n3,4\n".encode("utf-32-le"),
        "x|y\n1|2\n3|4\n",
        "x y\n1 2\n3 4\n",
        "  x     y  \n  1.0  2.0\n\n 3 \t 4  \n",
        'x y "a  name"\r\n1 2  "a  b" \r\n3 4   c\r\n',
        " x y \r1 2 \r  3  4\t\r \r",
        "x,y\n   \n1,2\n \t \r\n3,4\n  ",
        'x,y,note\n1,2,"two\n  \nlines"\n\t\n3,4, "  \n"\n',
        'x,y,note\n"1", "2", 5" pipe\n "3", "4", "5"" pipe"\n',
        "x\ty\n  \n1\t2\n \n3\t4\n",
        gzip.compress(b"x,y\n1,2\n3,4\n", mtime=0),
        bz2.compress(b"x,y\n1,2\n3,4\n"),
    ],
)
def test_the_same_numbers_written_differently(tmp_path: Path, content: str | bytes) -> None:
    source = open_source(write(tmp_path / "t.csv", content), target="y", features=["x"])
    assert whole(source).X.tolist() == [[1.0], [3.0]]
    assert whole(source).y.tolist() == [2.0, 4.0]


def test_truth_is_one_and_its_opposite_zero(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,y\nTrue,1\nfalse,2\nTRUE,3\n")
    assert whole(open_source(path, target="y")).X.ravel().tolist() == [1, 0, 1]


def test_every_word_for_missing_is_missing_padded_or_not(tmp_path: Path) -> None:
    words = [padding + word for word in MISSING_WORDS for padding in ("", "  ")]
    path = write(tmp_path / "t.csv", "x,y\n" + "".join(f"{word},1\n" for word in words) + "7,8\n")
    source = open_source(path, target="y", missing="drop")
    assert whole(source).X.tolist() == [[7.0]]
    assert (source.rows_read, source.rows_dropped) == (len(words) + 1, len(words))
    assert source.dropped == {"x": len(words)}


def test_what_pandas_takes_for_missing_is_missing() -> None:
    from pandas._libs.parsers import STR_NA_VALUES

    assert set(MISSING_WORDS) >= STR_NA_VALUES


PADDING = st.sampled_from(["", " ", "   "])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
TEXT = st.text(st.sampled_from('ab ,;\n"\u00e9'), max_size=8)


@st.composite
def csv_files(draw: st.DrawFn) -> str:
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))

    def cell(text: str, quoted: bool) -> str:
        quoted = quoted or any(letter in text for letter in ',;\t\n"')
        text = '"' + text.replace('"', '""') + '"' if quoted else text
        return draw(PADDING) + text + draw(PADDING)

    lines = [delimiter.join(cell(name, draw(st.booleans())) for name in ("x", "note", "y"))]
    for x, note, y in draw(st.lists(st.tuples(NUMBERS, TEXT, NUMBERS), min_size=1, max_size=30)):
        cells = [cell(repr(x), draw(st.booleans())), cell(note, True), cell(repr(y), draw(st.booleans()))]
        lines.append(delimiter.join(cells))
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@settings(max_examples=80, deadline=None)
@given(text=csv_files(), chunk=st.sampled_from([64, 200, 1 << 20]), rows=st.integers(1, 12))
def test_any_padding_quoting_and_cutting_reads_as_with_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory, text: str, chunk: int, rows: int
) -> None:
    path = write(tmp_path_factory.mktemp("csv") / "t.csv", text)
    delimiter = next(letter for letter in text if letter in ",;\t")
    table = [
        row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True) if row
    ]
    expected = np.array([[float(row[0]), float(row[2])] for row in table[1:]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
        source = open_source(path, target="y", features=["x"])
        batches = list(source.batches(rows))
    assert [len(batch) for batch in batches[:-1]] == [rows] * (len(batches) - 1)
    assert np.array_equal(np.concatenate([batch.X[:, 0] for batch in batches]), expected[:, 0])
    assert np.array_equal(np.concatenate([batch.y for batch in batches]), expected[:, 1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_first_lines_are_read_however_long_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, end: str, encoding: str
) -> None:
    monkeypatch.setattr("gradline.data.text.file.SAMPLE_BYTES", 64)
    frame = pd.DataFrame({f"gene_number_{j}": np.arange(12) * 1.5 + j for j in range(30)})
    frame["g"] = ["a", "b", "c"] * 4
    if kind == "csv":
        text = frame.to_csv(index=False, lineterminator=end)
    else:
        text, encoding = frame.to_json(orient="records", lines=True), "utf-8"
    path = write(tmp_path / f"t.{kind}", text.encode(encoding))
    source = open_source(path, target="gene_number_0", features=["gene_number_29", "g"])
    assert source.feature_names == ("gene_number_29", "g[T.b]", "g[T.c]")
    assert np.array_equal(whole(source).X[:, 0], frame["gene_number_29"])


STRAY = st.sampled_from(['5" pipe', 'a "b" c', 'a"', "b", '"b, c"', '"two\nlines"', '"say ""a"""', '""'])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), STRAY, STRAY), min_size=1, max_size=12),
    padding=st.sampled_from(["", " ", "  "]),
    delimiter=st.sampled_from([",", ";", "\t", "|", " "]),
    chunk=st.sampled_from([16, 1 << 20]),
)
def test_a_quote_within_a_field_is_one_character(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str, str]],
    padding: str,
    delimiter: str,
    chunk: int,
) -> None:
    lines = (
        ["y z t", *(f"{y} {z} {t}" for y, z, t in rows)]
        if delimiter == " "
        else [f"{delimiter}{padding}".join(map(str, row)) for row in [("y", "z", "t"), *rows]]
    )
    text = "\n".join(lines) + "\n"
    if delimiter == " ":  # where a blank within a field would end it
        text = text.replace('5" pipe', '5"pipe').replace('a "b" c', 'a"b"c')
    theirs = pd.read_csv(io.StringIO(text), sep=delimiter, skipinitialspace=True, keep_default_na=False)
    path = write(tmp_path_factory.mktemp("csv") / "t.csv", text)
    found: list[list[str | None]] = [[], []]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
        for block in reader_of(path).read(["z", "t"], 5, ["z", "t"]):
            for column, labels in zip(found, block, strict=True):
                assert isinstance(labels, Labels)
                column += [None if code < 0 else labels.levels[code] for code in labels.codes]
    for name, column in zip("zt", found, strict=True):
        assert column == [cell.strip() or None for cell in theirs[name].astype(str)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text(st.sampled_from('a,"\n'), min_size=1, max_size=6), min_size=2, max_size=2), max_size=9)
)
def test_a_cut_is_at_the_last_end_of_a_row(rows: list[list[str]]) -> None:
    ends, text = [0], io.StringIO(newline="")
    for row in rows:
        csv.writer(text, lineterminator="\n").writerow(row)
        ends.append(text.tell())
    content = text.getvalue().encode()
    for cut in range(len(content) + 1):
        last = max(end for end in ends if end <= cut)
        assert row_end(content[:cut]) == last
        for start in range(last):  # the same end, from a piece that starts within a row
            assert start + row_end(content[start:cut], quotes_before=content[:start].count(b'"')) == last


@pytest.mark.filterwarnings("ignore::gradline.errors.DataWarning")
@settings(max_examples=130, deadline=None)
@given(
    content=st.binary(max_size=60) | st.text(st.sampled_from('xy,;"\n 1.eE-\u00e9\t\r'), max_size=60).map(str.encode),
    start=st.sampled_from([b"", b"x,y\n", b"PAR1", b"\x1f\x8b\x08", b"BZh9", b"\x28\xb5\x2f\xfd"]),
)
def test_any_bytes_are_numbers_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("any") / "t.csv", start + content)
    message = ""
    try:
        batch = whole(open_source(path, target="y"))
        assert np.isfinite(batch.X).all()
    except DataError as error:
        message = error.message
    assert "\n" not in message


# What is wrong with it


LONG = "a number this long is usually a key or a time in nanoseconds: leave it out, or scale it down first"
NUMBER = "expected a number, as in the first rows; C({}) reads the column as a category"
THOUSANDS = "write thousands without a separator"
NO_TABLE = "expected a line of column names and rows below it: was the file written to its end?"
MEND = "mend the row; a field that holds ',' stands in quotes"
OTHER = "a target is a number: target='x'"
COMMA = "decimal=',' reads the comma as the decimal point"
DROP = "leave out these 1 of 2 rows (open_source(..., missing='drop') does so and counts them)"
BIG = "column 'x' of t.csv holds an integer that float64 cannot hold exactly: 9007199254740993 in row 1"


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("", "t.csv is empty (0 bytes)", NO_TABLE),
        ("\n \n", "t.csv is empty: it holds 3 bytes, all blank", NO_TABLE),
        ("x,y\n", "t.csv has column names but no rows", "was a file cut off, or did a filter keep none of them?"),
        ("x,y", "t.csv has column names but no rows", "was a file cut off, or did a filter keep none of them?"),
        ("x,y\n1,2\n\n3,4,5\n", "line 4 of t.csv has 3 fields, expected 2 as in the header", MEND),
        ("x,y\n1,2\n3\n", "line 3 of t.csv has 1 field, expected 2 as in the header", MEND),
        ('x,y\n"1\n",2\n3\n', "line 4 of t.csv has 1 field, expected 2 as in the header", MEND),
        ('x,y\n1,2\n3,"4\n5,6\n', "line 3 of t.csv opens a quote that is not closed", "close it, or write it twice"),
        ("x,y\n1,2\nbad,4\n", "column 'x' of t.csv holds text: 'bad' in row 2", NUMBER.format("x")),
        ("x,y\n1,2\n3,bad\n", "column 'y' of t.csv holds text: 'bad' in row 2", "expected a number"),
        ("x,y\n2,1_000\n", "column 'y' of t.csv holds text: '1_000' in row 1", OTHER),
        ("x,y\n2,0x10\n", "column 'y' of t.csv holds text: '0x10' in row 1", OTHER),
        (
            "x,z,y\nworse,2,3\n1,2,3\nbad,4,5\n",
            "column 'x' of t.csv looks like a key: it holds 3 different texts in 3 rows",
            "leave it out, features=['z']; or insist on a coefficient for each of them with 'C(x)' among the features",
        ),
        (
            "x;y\n1,5;2\n",
            "column 'x' of t.csv holds text: '1,5' in row 1",
            COMMA,
        ),
        ("y;x\n1,5;2\n", "column 'y' of t.csv holds text: '1,5' in row 1", COMMA),
        ("x;y\n1,234;2\n", "column 'x' of t.csv holds text: '1,234' in row 1", f"{THOUSANDS}; {COMMA}"),
        ("x;y\n1.234,5;2\n", "column 'x' of t.csv holds text: '1.234,5' in row 1", f"{THOUSANDS}; {COMMA}"),
        ("x;y\n1,234.5;2\n", "column 'x' of t.csv holds text: '1,234.5' in row 1", THOUSANDS),
        ("x,y\n9007199254740993,2\n", BIG, LONG),
        ("x,y\n 9007199254740993 ,2\n", BIG, LONG),
        ("x,y\n2,\xe9\n".encode("latin-1"), "column 'y' of t.csv holds text: 'é' in row 1", OTHER),
        (
            "x,y\n1,2\n".encode("utf-16-le"),
            "t.csv is not a text file: it holds the byte 0x00 at position 1",
            "if it is UTF-16 without a mark: encoding='utf-16-le' or 'utf-16-be'",
        ),
        (
            b"\x89PNG\r\n\x1a\n",
            "t.csv is not a text file: it holds the byte 0x1a at position 6",
            "save the table as CSV or Parquet",
        ),
        (b"PK\x03\x04rest", "t.csv is a workbook or a zip archive", "save the table as CSV or Parquet"),
        (
            "x,y\ninf,2\n3,4\n",
            "t.csv has cells that hold no number: column 'x' has 1 infinite (inf) cell, the first in row 1",
            f"fill the cells, {DROP}, or use other columns",
        ),
    ],
)
def test_each_defect_has_its_sentence(tmp_path: Path, content: str | bytes, message: str, hint: str | None) -> None:
    path = write(tmp_path / "t.csv", content)
    with pytest.raises(DataError) as error:
        whole(open_source(path, target="y"))
    assert error.value.message == message
    assert error.value.hint == hint


@pytest.mark.usefixtures("small_chunks")
def test_lines_and_rows_are_counted_over_the_whole_file(tmp_path: Path) -> None:
    good = "x,y,note\n\n" + '1,2,"a\nb"\n' * 500
    with pytest.raises(DataError, match=r"line 1003 of t.csv has 2 fields, expected 3"):
        whole(open_source(write(tmp_path / "t.csv", good + "3,4\n" + "1,2,\n" * 100), target="y", features=["x"]))
    with pytest.raises(DataError, match=r"column 'x' of t.csv holds text: 'bad' in row 501"):
        whole(open_source(write(tmp_path / "t.csv", good + "bad,4,\n" + "1,2,\n" * 100), target="y", features=["x"]))
    with pytest.raises(DataError, match=r"column 'x' has 2 missing \(NaN\) cells, the first in row 501"):
        whole(open_source(write(tmp_path / "t.csv", good + ",4,\n" * 2 + "1,2,\n" * 100), target="y", features=["x"]))
    with pytest.raises(DataError, match=r"line 1003 of t.csv opens a quote that is not closed"):
        whole(open_source(write(tmp_path / "t.csv", good + '1,2,"\n' + "1,2,\n" * 100), target="y", features=["x"]))


@pytest.mark.usefixtures("small_chunks")
def test_the_first_defect_is_told_whatever_comes_later(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,y\n1,2\nbad,4\n" + "5,6\n" * 100 + "7\n")
    with pytest.raises(DataError, match="holds text: 'bad' in row 2"):
        whole(open_source(path, target="y"))


@pytest.mark.usefixtures("small_chunks")
def test_a_column_may_turn_to_padded_blanks_late(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,y\n" + "1,2\n" * 500 + " NA ,3\n" + "\t,4\n" + "5,6\n" * 500)
    source = open_source(path, target="y", missing="drop")
    assert len(whole(source)) == 1000
    assert source.dropped == {"x": 2}


COLUMNS = "['price', 'sqft', 'city']"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"target": "pric"}, f"no column 'pric' in FILE; it has {COLUMNS}", "did you mean 'price'?"),
        ({"target": "SQFT"}, f"no column 'SQFT' in FILE; it has {COLUMNS}", "did you mean 'sqft'?"),
        ({"target": "zzz"}, f"no column 'zzz' in FILE; it has {COLUMNS}", None),
        ({"target": None}, f"which column of FILE is the target? It has {COLUMNS}", "target='city'"),
        ({"features": ["sqf"]}, f"no column 'sqf' in FILE; it has {COLUMNS}", "did you mean 'sqft'?"),
        ({"weight": "w"}, f"no column 'w' in FILE; it has {COLUMNS}", None),
        (
            {"weight": "price"},
            "column 'price' of FILE cannot be both the target and the weight",
            "choose another weight, or none",
        ),
        (
            {"features": ["price"]},
            "column 'price' of FILE cannot be both the target and a feature",
            "name the other columns alone",
        ),
        ({"features": ["sqft", "sqft"]}, "feature 'sqft' is listed 2 times", "list it once"),
        ({"features": []}, "features is empty, expected a column of FILE", "features=['sqft', 'city']"),
        ({"batch_rows": 1.5}, "a batch of 1.5 rows cannot be made", "give a whole number of rows"),
        ({"batch_rows": "9"}, "a batch of '9' rows cannot be made", "give a whole number of rows"),
        ({"missing": "fill"}, "missing='fill' is not known", "missing='error' or missing='drop'"),
        (
            {"target": "city", "features": "sqft"},
            "column 'city' of FILE holds text: 'Rome' in row 1",
            "a target is a number: target='price'",
        ),
    ],
)
def test_each_slip_of_the_caller_has_its_sentence(
    tmp_path: Path, kind: str, asked: dict[str, str], message: str, hint: str | None
) -> None:
    frame = pd.DataFrame({"price": [1.0, 2.0], "sqft": [3, 4], "city": ["Rome", "Bonn"]})
    path = tmp_path / f"houses.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    with pytest.raises(DataError) as error:
        whole(open_source(path, **({"target": "price"} | asked)))
    assert error.value.message == message.replace("FILE", path.name)
    assert error.value.hint == hint


def test_a_header_that_is_no_header_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the first line of t.csv looks like data"):
        open_source(write(tmp_path / "t.csv", "1,2\n3,4\n"), target="y")


@pytest.mark.parametrize("names", [["x", "y"], ["1", "2"], ["sep=1", "y"]])
def test_only_a_text_has_a_first_line(tmp_path: Path, names: list[str]) -> None:
    frame = pd.DataFrame([[1.0, 2.0], [2.0, 3.0], [4.0, 3.0]], columns=names)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for data in (frame, frame.to_dict("list"), pa.table(frame), tmp_path / "t.parquet", tmp_path / "t.jsonl"):
        with pytest.raises(DataError, match="no column 'price'") as error:
            open_source(data, target="price")
        assert error.value.hint is None
    frame.to_csv(tmp_path / "t.csv", index=False)
    for text in (tmp_path / "t.csv", tmp_path / "*.csv"):
        with pytest.raises(DataError, match="no column 'price'") as error:
            open_source(text, target="price")
        assert "first line" in str(error.value.hint)


@pytest.mark.parametrize(
    "above", ["sep=;", "Sep=;", "A study", "A study; 2004", "# made by us; in 2004; and 2005", "A study;;"]
)
def test_what_stands_above_the_header_is_to_be_deleted(tmp_path: Path, above: str) -> None:
    """Followed, the hint opens the table."""
    path = write(tmp_path / "t.csv", f"{above}\nx;z;price\n1;2;3\n")
    with pytest.raises(DataError, match="no column 'price'") as error:
        open_source(path, target="price")
    assert "first line of" in str(error.value.hint)
    assert "delete" in str(error.value.hint)
    assert open_source(write(path, path.read_text().partition("\n")[2]), target="price").feature_names == ("x", "z")


def test_equal_or_empty_names_are_errors_only_where_they_are_used(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t.csv has 2 columns named 'x'"):
        open_source(write(tmp_path / "t.csv", "x, x ,y\n1,2,3\n"), target="y")
    path = write(tmp_path / "t.csv", ",x,y\n0,1,2\n")
    with pytest.raises(DataError, match=r"column 1 of t.csv has no name") as error:
        open_source(path, target="y")
    assert error.value.hint == "say which columns to use: features=['x']"
    assert whole(open_source(path, target="y", features=["x"])).X.tolist() == [[1.0]]


def test_a_file_that_is_not_there_suggests_one_that_is(tmp_path: Path) -> None:
    write(tmp_path / "houses.csv", "x,y\n1,2\n")
    with pytest.raises(DataError, match=r"no such file: .*hose.csv") as error:
        open_source(tmp_path / "hose.csv", target="y")
    assert error.value.hint == f"did you mean {tmp_path / 'houses.csv'}?"
    with pytest.raises(DataError, match="no such file") as error:
        open_source(tmp_path / "no" / "houses.csv", target="y")
    assert error.value.hint == f"there is no folder {tmp_path / 'no'}"
    with pytest.raises(DataError, match="no such file") as error:
        open_source(tmp_path / "q.parquet", target="y")
    assert error.value.hint == f"looked for in {tmp_path}"


def test_a_cut_off_archive_is_no_short_table(tmp_path: Path) -> None:
    lines = "".join(f"{row * 0.37},{row}\n" for row in range(20_000))
    path = write(tmp_path / "t.csv.gz", gzip.compress(f"x,y\n{lines}".encode())[:-2000])
    with pytest.raises(DataError, match=r"cannot read .*t\.csv\.gz: Truncated compressed stream"):
        whole(open_source(path, target="y"))


# Weights


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_of_weight_zero_are_no_rows(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"w": [1.0, 0, 2, 0, 3], "x": [1, 2, 3, 4, 5], "y": [1.0, 2, 3, 4, 5]})
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    source = open_source(path, target="y", weight="w")
    assert source.feature_names == ("x",)
    assert [batch.y.tolist() for batch in source.batches(2)] == [[1, 3], [5]]
    weight = whole(source).weight
    assert weight is not None
    assert weight.tolist() == [1, 2, 3]
    assert (source.rows_read, source.rows_dropped) == (5, 0)


def test_weights_that_weigh_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"weight 'w' of t.csv is negative: -1.0 in row 2"):
        whole(open_source(write(tmp_path / "t.csv", "x,y,w\n1,2,1\n1,2,-1\n"), target="y", weight="w"))
    with pytest.raises(DataError, match=r"every usable row of t.csv has weight zero"):
        whole(open_source(write(tmp_path / "t.csv", "x,y,w\n1,2,0\n1,2,0\n"), target="y", weight="w"))


# Parquet


def test_parquet_keeps_every_kind_of_number(tmp_path: Path) -> None:
    columns = {
        "bool": pa.array([True, False]),
        "int8": pa.array([-1, 2], pa.int8()),
        "int64": pa.array([2**53, -(2**60)]),
        "uint64": pa.array([0, 2**63], pa.uint64()),
        "float16": pa.array([0.5, 2], pa.float16()),
        "float32": pa.array([0.25, 3], pa.float32()),
        "decimal": pa.array([1, 2], pa.decimal128(5, 2)),
        "category": pa.array([5, 7]).dictionary_encode(),
        "a.b": pa.array([1.0, 2.0]),
        "y": pa.array([1.0, 2.0]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet", target="y")
    assert source.feature_names == tuple(columns)[:-1]
    for j, name in enumerate(source.feature_names):
        assert whole(source).X[:, j].tolist() == [float(value.as_py()) for value in columns[name]]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (pa.array(["a"]), r"column 'x' of t.parquet holds text: 'a' in row 1"),
        (pa.array([None, "a"]), r"column 'x' of t.parquet holds text: 'a' in row 2"),
        (pa.array([[1.0]]), r"column 'x' of t.parquet holds a list: \[1.0\] in row 1"),
        (pa.array([2**53 + 1]), r"column 'x' of t.parquet holds an integer that float64 cannot hold exactly"),
        (pa.array([None], pa.null()), r"column 'x' has 1 missing \(NaN\) cell, the first in row 1"),
        (pa.array([1.0, None, np.nan, np.inf]), r"column 'x' has 2 missing \(NaN\) and 1 infinite \(inf\) cells, the"),
        (pa.array([], pa.float64()), r"t.parquet has column names but no rows"),
    ],
)
def test_parquet_cells_that_are_no_numbers_are_refused(tmp_path: Path, cells: pa.Array, words: str) -> None:
    pq.write_table(pa.table({"x": cells, "y": np.ones(len(cells))}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=words):
        whole(open_source(tmp_path / "t.parquet", target="x"))


def test_rows_of_parquet_are_counted_over_row_groups(tmp_path: Path) -> None:
    x = np.ones(1000)
    x[[700, 900]] = np.nan
    pq.write_table(pa.table({"x": x, "y": x}), tmp_path / "t.parquet", row_group_size=64)
    with pytest.raises(DataError, match=r"column 'x' has 2 missing \(NaN\) cells, the first in row 701; column 'y'"):
        whole(open_source(tmp_path / "t.parquet", target="y"))
    source = open_source(tmp_path / "t.parquet", target="y", missing="drop", batch_rows=100)
    # Blocks of at most 100 rows, cut anew after each run of row groups that makes four of them: 448, 448, 104.
    assert [len(batch) for batch in source.batches()] == [100] * 4 + [48] + [100, 100, 99, 100, 48, 99, 4]
    assert (source.rows_read, source.rows_dropped, source.dropped) == (1000, 2, {"x": 2, "y": 2})


def test_a_damaged_parquet_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": np.ones(1000), "y": np.ones(1000)}), path)
    good = path.read_bytes()
    for damaged in (good[:-20], good[:4], good[:20] + b"\xff" * 40 + good[60:]):
        with pytest.raises(DataError, match=r"cannot read .*t\.parquet: "):
            whole(open_source(write(path, damaged), target="y"))
    with pytest.raises(DataError, match=r"t.parquet is not a Parquet file: it does not start with PAR1"):
        open_source(write(path, "x,y\n"), target="y")


def test_rows_laid_out_late_are_the_rows_laid_out_early(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(300, 3)), rng.integers(0, 3, 300).astype(float)
    x[7, 1] = np.nan
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "y": x[:, 2], "w": weight})
    pq.write_table(table, tmp_path / "t.parquet")
    kept = (weight > 0) & np.isfinite(x).all(axis=1)
    source = open_source(tmp_path / "t.parquet", target="y", weight="w", missing="drop", batch_rows=64)
    late, early = next(source.batches()), next(source.batches(int(kept[:64].sum())))
    assert late.X is late.X
    assert late.X.flags.f_contiguous
    for batch in (late, replace(late, share=late.share)):
        assert np.array_equal(batch.X, early.X)
        assert np.array_equal(batch.y, early.y)
        assert np.array_equal(batch.share, early.share)
    assert np.array_equal(np.concatenate([batch.X for batch in source.batches()]), x[kept, :2])


# Memory and threads


def peak_memory(source: TableSource) -> int:
    """Bytes of Python, NumPy and Arrow at the worst moment of a pass."""
    peak = 0
    tracemalloc.start()
    for _ in source.batches(1000, shuffle=np.random.default_rng(0)):
        peak = max(peak, tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes())
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_four_times_the_rows_need_no_more_memory(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 13)
    monkeypatch.setattr("gradline.data.blocks.WINDOW_ROWS", 2500)
    peaks = []
    for rows in (15_000, 60_000):
        table = pa.table({name: np.random.default_rng(j).normal(size=rows) for j, name in enumerate("abcy")})
        path = tmp_path / f"{rows}.{kind}"
        if kind == "csv":
            table.to_pandas().to_csv(path, index=False)
        else:
            pq.write_table(table, path, row_group_size=2000)
        peaks.append(peak_memory(open_source(path, target="y", batch_rows=1000)))
    # Memory that grew with the rows would be four times as much; how far the threads are ahead varies.
    assert peaks[1] < 2 * peaks[0]


def test_a_pass_that_is_left_early_leaves_no_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 10)
    source = open_source(write(tmp_path / "t.csv", "x,y\n" + "1,2\n" * 10_000), target="y")
    batches = source.batches(10)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gradline-read")]


# Real tables


def test_housing_reads_as_with_pandas(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "housing.csv", skipinitialspace=True)
    features = [name for name in frame.columns if name not in ("median_house_value", "ocean_proximity")]
    assert frame["total_bedrooms"].isna().sum() == 207
    kept = frame.dropna()
    source = open_source(shared_data / "housing.csv", target="median_house_value", features=features, missing="drop")
    assert np.array_equal(whole(source).X, kept[features].to_numpy())
    assert np.array_equal(whole(source).y, kept["median_house_value"].to_numpy())
    assert (source.rows_read, source.rows_dropped, source.dropped) == (20640, 207, {"total_bedrooms": 207})


def test_housing_says_what_is_in_its_way(shared_data: Path) -> None:
    with pytest.raises(DataError, match=r"column 'ocean_proximity' of housing.csv holds text: 'NEAR BAY' in row 1"):
        whole(open_source(shared_data / "housing.csv", target="ocean_proximity"))
    with pytest.raises(DataError, match=r"'total_bedrooms' has 207 missing \(NaN\) cells, the first in row 291"):
        whole(open_source(shared_data / "housing.csv", target="median_house_value"))


@pytest.mark.parametrize(("name", "target"), [("diamonds", "price"), ("mpg", "mpg")])
def test_real_tables_read_as_with_pandas(shared_data: Path, name: str, target: str) -> None:
    frame = pd.read_csv(shared_data / f"{name}.csv").select_dtypes("number").dropna()
    features = [column for column in frame.columns if column != target]
    batch = whole(open_source(shared_data / f"{name}.csv", target=target, features=features, missing="drop"))
    assert np.array_equal(batch.X, frame[features].to_numpy())
    assert np.array_equal(batch.y, frame[target].to_numpy())


def test_how_much_there_is_to_read_goes_by_the_kind_that_is_read(tmp_path):
    rows = [{"[x]": float(i), "y": float(i * i % 7)} for i in range(20)]
    (tmp_path / "box.csv").write_text("[x],y\n" + "".join(f"{row['[x]']},{row['y']}\n" for row in rows))
    (tmp_path / "mark.jsonl").write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode("utf-8-sig"))
    (tmp_path / "many").mkdir()
    for part in range(3):
        shutil.copy(tmp_path / "box.csv", tmp_path / "many" / f"{part}.csv")
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.arrow")
    kinds = {
        "box.csv": "CSV",
        "mark.jsonl": "JSON lines",
        "many": "CSV",
        "t.parquet": "Parquet",
        "t.arrow": "Arrow",
    }
    for name, kind in kinds.items():
        source = open_source(tmp_path / name, target="y")
        there = extent(source)
        assert (there.kind, there.rows) == (kind, sum(len(batch) for batch in source.batches())), name


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX here")
def test_who_might_read_the_file_before_may_read_the_new_one_and_nobody_else(tmp_path):
    path = tmp_path / "m.json"
    path.write_text("before")
    path.chmod(0o600)
    with replacing(path) as file:
        file.write(b"after")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o600)
