"""Text is read as the number, the date or the category it spells, or one sentence names the cell that is none."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DataError, LinearRegression, open_source
from gradline.data.cells import MISSING_WORDS, NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.readers.files import reader_of
from gradline.data.readers.reader import Reader
from gradline.data.source import whole
from gradline.data.text import csv_chunks, json_lines
from gradline.errors import DataWarning
from tests.data.given import write

EPOCH = dt.datetime(1970, 1, 1)
UTC = dt.timezone.utc  # noqa: UP017 - beside timezones of other offsets


def as_csv(path: Path, cells: list[str], **options: str) -> Reader:
    """A column x of these cells beside another."""
    return reader_of(write(path / "t.csv", "x;z\n" + "".join(f'"{cell}";1\n' for cell in cells)), **options)


def as_json(path: Path, cells: list[str]) -> Reader:
    return reader_of(write(path / "t.jsonl", "".join(json.dumps({"x": cell, "z": 1}) + "\n" for cell in cells)))


def numbers(reader: Reader, name: str = "x", rows: int = 7) -> list[float]:
    blocks = [block for (block,) in reader.read([name], rows)]
    assert not any(isinstance(block, Labels) for block in blocks)
    return np.concatenate(blocks).tolist()


def labels(reader: Reader, name: str = "x", rows: int = 7) -> list[str | None]:
    cells: list[str | None] = []
    for (block,) in reader.read([name], rows, [name]):
        assert isinstance(block, Labels)
        cells += [None if code < 0 else block.levels[code] for code in block.codes]
    return cells


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", " -2.5e3 ", "NA", "inf"], Kind.NUMBER),
        (["", "NA"], Kind.NUMBER),
        (["True", "false", ""], Kind.BOOLEAN),
        (["1", "true", "2"], Kind.NUMBER),
        (["2024-01-31", " 1969-12-31", "NA"], Kind.DATE),
        (["2024-01-31 12:30", "2024-01-31T12:30:00.5"], Kind.TIME),
        (["2024-01-31 12:30Z", "2024-01-31T12:30:00+05:30"], Kind.ZONED),
        (["2024-01-31", "2024-01-31 12:30"], Kind.TIME),
        (["12:30", "9:05", "23:59:59.25"], Kind.CLOCK),
        (["a", "b", "1"], Kind.TEXT),
        (["1", "2", "slip"], Kind.NUMBER),
        (["1,5", "2,5"], Kind.NUMBER),
        (["1.2.3", "1.2.4"], Kind.TEXT),
        (["31/01/2024", "2024/01/31"], Kind.TEXT),
        (["12-30", "a:b"], Kind.TEXT),
    ],
)
def test_a_column_is_what_at_least_half_of_its_first_cells_are(tmp_path: Path, cells: list[str], kind: Kind) -> None:
    assert as_csv(tmp_path, cells).kinds() == {"x": kind, "z": Kind.NUMBER}


MOMENTS = st.datetimes(dt.datetime(1678, 1, 1), dt.datetime(2261, 12, 31))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


def seconds(difference: dt.timedelta) -> float:
    """Whole seconds and the rest added once, as the documentation has it."""
    return float(difference.days * 86_400 + difference.seconds) + difference.microseconds / 1e6


@settings(max_examples=60, deadline=None)
@given(days=st.lists(st.dates() | st.none(), min_size=1), home=st.sampled_from([as_csv, as_json]))
def test_dates_are_days_since_1970(
    tmp_path_factory: pytest.TempPathFactory, days: list[dt.date | None], home: Callable[..., Reader]
) -> None:
    days = [dt.date(2024, 1, 31), *days]
    missing = "" if home is as_csv else None
    reader = home(tmp_path_factory.mktemp("t"), [missing if day is None else day.isoformat() for day in days])
    expected = [np.nan if day is None else (day - EPOCH.date()).days for day in days]
    assert np.array_equal(numbers(reader), expected, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(MOMENTS, min_size=1),
    zone=ZONES | st.none(),
    mark=st.sampled_from("T "),
    home=st.sampled_from([as_csv, as_json]),
)
def test_times_are_seconds_since_1970_in_utc_where_they_have_a_zone(
    tmp_path_factory: pytest.TempPathFactory,
    moments: list[dt.datetime],
    zone: dt.timezone | None,
    mark: str,
    home: Callable[..., Reader],
) -> None:
    moments = [moment.replace(tzinfo=zone) for moment in moments]
    reader = home(tmp_path_factory.mktemp("t"), [moment.isoformat(mark) for moment in moments])
    assert reader.kinds()["x"] is (Kind.TIME if zone is None else Kind.ZONED)
    origin = EPOCH.replace(tzinfo=UTC if zone else None)
    assert numbers(reader) == [seconds(moment - origin) for moment in moments]


@pytest.mark.parametrize("home", [as_csv, as_json])
def test_times_to_the_nanosecond_and_far_away(tmp_path: Path, home: Callable[..., Reader]) -> None:
    assert numbers(home(tmp_path, ["1970-01-01 00:00:01.123456789", "1970-01-01T00:00"])) == [1.123456789, 0]
    far = dt.datetime(9999, 12, 31, 23, 59)
    assert numbers(home(tmp_path, ["9999-12-31 23:59", "1970-01-02"])) == [seconds(far - EPOCH), 86_400]


@pytest.mark.parametrize("home", [as_csv, as_json])
@pytest.mark.parametrize("zone", ["", "Z"])
def test_nine_digits_and_far_years_may_stand_in_one_column(
    tmp_path: Path, home: Callable[..., Reader], zone: str
) -> None:
    far, early = (dt.datetime(year, 12, 31, 23, 59, 0, 250_000) for year in (9999, 1))
    cells = ["1970-01-01 00:00:01.123456789", far.isoformat(), early.isoformat(), "1970-01-02 00:00"]
    expected = [1.123456789, seconds(far - EPOCH), seconds(early - EPOCH), 86_400]
    assert numbers(home(tmp_path, [cell + zone for cell in cells])) == expected
    with pytest.raises(NotANumber) as error:
        numbers(home(tmp_path, [cell + zone for cell in [*cells, "2999-01-01 00:00:00.1234567", "2024-01-01 00:00"]]))
    assert (error.value.row, error.value.hint) == (5, "before 1678 and after 2262 a second has at most six decimals")


@settings(max_examples=60, deadline=None)
@given(clocks=st.lists(st.times(), min_size=1), home=st.sampled_from([as_csv, as_json]))
def test_times_of_day_are_seconds_since_midnight(
    tmp_path_factory: pytest.TempPathFactory, clocks: list[dt.time], home: Callable[..., Reader]
) -> None:
    reader = home(tmp_path_factory.mktemp("t"), ["9:05", *(clock.isoformat() for clock in clocks)])
    expected = [seconds(dt.datetime.combine(EPOCH, clock) - EPOCH) for clock in clocks]
    assert numbers(reader) == [9 * 3600 + 300, *expected]


LEVELS = st.text(st.sampled_from('ab é,;\n"'), max_size=5) | st.sampled_from(MISSING_WORDS)


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(LEVELS, min_size=1), chunk=st.sampled_from([32, 1 << 20]))
def test_labels_are_the_trimmed_fields_of_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], chunk: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["x", "z"], *([cell, "1"] for cell in cells)])
    path = write(tmp_path_factory.mktemp("t") / "t.csv", text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
        found = labels(reader_of(path))
    assert found == [None if cell.strip() in MISSING_WORDS else cell.strip() for cell in cells]


def test_numbers_and_dates_can_be_labels_as_they_are_written(tmp_path: Path) -> None:
    reader = reader_of(write(tmp_path / "t.csv", "x,d\n01,2024-01-31\n 1 ,NA\n1.0,2024-01-31\n"))
    assert labels(reader) == ["01", "1", "1.0"]
    assert labels(reader, "d") == ["2024-01-31", None, "2024-01-31"]


@pytest.mark.parametrize("home", [as_csv, as_json])
@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ("2024-01-31", "31/01/2024", "a date such as 2024-01-31"),
        ("2024-01-31", "2024-02-30", "a date such as 2024-01-31"),
        ("2024-01-31", "2024-01-31 10:00", "a date such as 2024-01-31"),
        ("2024-01-31 10:00", "soon", "a time without a zone such as 2024-01-31 12:30:00"),
        ("2024-01-31 10:00", "2024-01-31 10:00Z", "a time without a zone such as 2024-01-31 12:30:00"),
        ("2024-01-31 10:00Z", "2024-01-31 10:00", "a time with its zone such as 2024-01-31 12:30:00Z"),
        ("12:30", "24:00", "a time of day such as 12:30"),
        ("12:30", "12", "a time of day such as 12:30"),
    ],
)
def test_a_cell_further_down_that_does_not_fit_is_told_with_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Callable[..., Reader], good: str, bad: str, expected: str
) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 128)
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", 128)
    reader = home(tmp_path, [good] * 50 + [bad] + [good] * 10)
    with pytest.raises(NotANumber) as error:
        numbers(reader)
    cell = error.value
    assert (cell.column, cell.row, cell.cell) == ("x", 51, bad)
    assert (cell.expected, cell.hint) == (expected, None)


def test_truth_and_numbers_do_not_mix_in_text(tmp_path: Path) -> None:
    with pytest.raises(NotANumber) as error:
        numbers(as_csv(tmp_path, ["true", "false", "true", "1"]))
    assert (error.value.row, error.value.expected) == (4, "true or false")
    with pytest.raises(NotANumber) as error:
        numbers(as_csv(tmp_path, ["0", "1", "true"]))
    assert (error.value.row, error.value.expected) == (3, "a number")


def test_a_name_that_is_no_word_is_quoted_in_the_formula_of_the_hint(tmp_path: Path) -> None:
    for name, quoted in (("my x", "`my x`"), ("x", "x")):
        with pytest.raises(DataError, match="slip") as error:
            LinearRegression().fit(open_source(write(tmp_path / "t.csv", f"{name},z\n1,1\nslip,1\n"), target="z"))
        expected = f"expected a number, as in the first rows; C({quoted}) reads the column as a category"
        assert error.value.hint == expected


# Decimal comma


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_decimal_comma_by_option(tmp_path: Path, delimiter: str) -> None:
    frame = pd.DataFrame({"x": [1.5, -2.25e-7, np.nan, 1e300], "z": [1, 2, 3, 4], "a,b": ["1,5", "b", "c", ""]})
    frame.to_csv(tmp_path / "t.csv", sep=delimiter, decimal=",", index=False)
    reader = reader_of(tmp_path / "t.csv", decimal=",")
    assert reader.column_names == ("x", "z", "a,b")
    assert reader.kinds() == {"x": Kind.NUMBER, "z": Kind.NUMBER, "a,b": Kind.TEXT}
    assert np.array_equal(numbers(reader), frame["x"], equal_nan=True)
    assert labels(reader, "a,b") == ["1,5", "b", "c", None]


def test_a_decimal_comma_in_quotes_between_commas(tmp_path: Path) -> None:
    reader = reader_of(write(tmp_path / "t.csv", 'x,z\n"1,5",2\n" -3,25 ","4"\n'), decimal=",")
    assert (numbers(reader), numbers(reader, "z")) == ([1.5, -3.25], [2, 4])


@pytest.mark.parametrize(("cell", "row"), [("1.5", 2), ("1.234,5", 2), ("1.234", 2)])
def test_a_point_is_never_taken_for_a_separator_of_thousands(tmp_path: Path, cell: str, row: int) -> None:
    with pytest.raises(NotANumber) as error:
        numbers(as_csv(tmp_path, ["1,5", cell], decimal=","))
    assert (error.value.row, error.value.cell) == (row, cell)
    assert error.value.hint == "decimal=',' expects no point in a number: write thousands without a separator"


def test_a_hint_on_a_number_is_one_that_helps(tmp_path: Path) -> None:
    """No option says in a database what a comma is, and digits of other scripts are no separators."""
    with sqlite3.connect(tmp_path / "t.db") as file:
        file.execute("CREATE TABLE t (x, z)")
        file.executemany("INSERT INTO t VALUES (?, 1)", [(1,), (2,), ("1,5",)])
    file.close()
    for key in ("1", "2", "1,5"):
        (tmp_path / "keys" / f"x={key}").mkdir(parents=True)
        write(tmp_path / "keys" / f"x={key}" / "t.csv", "z\n1\n")
    for source, options in ((tmp_path / "t.db", {"query": "t"}), (tmp_path / "keys", {})):
        with pytest.raises(DataError, match="holds text: '1,5'") as error:
            whole(open_source(source, target="z", features=["x"], **options))
        assert error.value.hint == "write decimals with a point"
    with pytest.raises(NotANumber, match="٣") as cell:
        numbers(as_csv(tmp_path, ["1", "2", "٣"]))
    assert (cell.value.hint, cell.value.expected) == (None, "a number")


def test_an_option_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="decimal=';' is not known"):
        as_csv(tmp_path, ["1"], decimal=";")
    with pytest.raises(DataError, match="encoding='latin9x' is not known"):
        as_csv(tmp_path, ["1"], encoding="latin9x")
    with pytest.raises(DataError, match="encoding='base64' is not known"):
        as_csv(tmp_path, ["1"], encoding="base64")


# Encodings

TEXT = 'naïve,"city, town"\n1,Köln\n2,"Århus"\n3,NA\n4,Köln\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("chunk", [3, 64, 1 << 20])
def test_an_encoding_with_a_mark_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, chunk: int
) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
    reader = reader_of(write(tmp_path / "t.csv", TEXT.encode(encoding)))
    assert reader.column_names == ("naïve", "city, town")
    assert numbers(reader, "naïve") == [1, 2, 3, 4]
    assert labels(reader, "city, town") == ["Köln", "Århus", None, "Köln"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252", "latin-1", "mac-roman", "cp850"])
def test_an_encoding_that_is_stated(tmp_path: Path, encoding: str) -> None:
    reader = reader_of(write(tmp_path / "t.csv", TEXT.encode(encoding)), encoding=encoding)
    assert reader.column_names == ("naïve", "city, town")
    assert labels(reader, "city, town") == ["Köln", "Århus", None, "Köln"]


def test_an_encoding_that_is_assumed_is_told_where_it_matters(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,city,note\n1,Bonn,é\n2,K\xf6ln,\n".encode("latin-1"))
    reader = reader_of(path)
    assert numbers(reader) == [1, 2]
    with pytest.warns(DataWarning, match=r"t.csv is not in UTF-8 and was read as cp1252, which gives 'Köln'") as told:
        assert labels(reader, "city") == ["Bonn", "Köln"]
    assert labels(reader, "city") == ["Bonn", "Köln"]
    assert len(told) == 1
    with pytest.warns(DataWarning, match="which gives 'größe'"):
        assert reader_of(write(path, "größe,x\n1,2\n".encode("latin-1"))).column_names == ("größe", "x")


def test_a_byte_that_does_not_belong_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 64)
    monkeypatch.setattr("gradline.data.text.file.SAMPLE_BYTES", 64)
    good = "x,city\n" + "1,Köln\n" * 100
    path = write(tmp_path / "t.csv", good.encode() + b"2,K\xf6ln\n")
    assert numbers(reader_of(path))[-1] == 2
    with pytest.raises(NotANumber) as error:
        labels(reader_of(path), "city")
    assert (error.value.row, error.value.what) == (101, "text that is not in UTF-8: 'K\ufffdln'")
    with pytest.raises(DataError, match=r"^line 102 of t.csv is not in cp1252: it holds the byte 0x81"):
        numbers(reader_of(write(path, good.encode("cp1252") + b"2,K\x81ln\n"), encoding="cp1252"))
    with pytest.raises(DataError, match=r"^line 102 of t.csv is not in utf-16"):
        numbers(reader_of(write(path, (good + "2,x\n").encode("utf-16")[:-1])))
