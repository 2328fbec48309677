"""Arrow's memory as NumPy's: the same numbers as pyarrow's own conversion gives, and no pandas for them."""

import random
import subprocess
import sys
from decimal import Context, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradline import DataError, open_source
from gradline.data.arrow import column, plain, truths, words
from gradline.data.decimals import nearest
from gradline.data.source import whole


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.int64(), pa.uint64(), pa.int32(), pa.int8()], ids=str)
@pytest.mark.parametrize("cells", [[], [1, 2, 3], [1, None, 3, None], [None, None]], ids=str)
@pytest.mark.parametrize("start", [0, 1])
def test_numbers_are_those_of_pyarrow(kind, cells, start):
    array = pa.array(cells, kind)[start:]
    for given in (array, pa.chunked_array([array, array], kind), pa.chunked_array([], kind)):
        found = plain(given, missing=7)
        expected = [7 if cell is None else cell for cell in given.to_pylist()]
        assert found.tolist() == expected
        assert found.dtype == kind.to_pandas_dtype()
    assert truths(array.is_null()).tolist() == [cell is None for cell in array.to_pylist()]


def test_a_missing_number_is_nan_and_nan_a_missing_number():
    numbers = np.array([[1.5, np.nan], [np.inf, -0.0], [np.nan, 5e-324]])
    for cells in (*numbers.T, numbers[:0, 0]):
        np.testing.assert_array_equal(plain(column(cells)), cells)
        assert column(cells).null_count == np.isnan(cells).sum()


def test_numbers_without_a_gap_are_not_copied():
    cells = pa.array([1.5, 2.5])
    assert plain(cells).ctypes.data == cells.buffers()[1].address


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@pytest.mark.parametrize("texts", [[], [""], ["NA", "", "\N{HOUSE BUILDING}", "a\0b"]])
def test_words_are_those_of_pyarrow(texts, kind):
    assert words(texts, kind).equals(pa.array(texts, kind))


DIGITS = {"decimal32": 9, "decimal64": 18, "decimal128": 38, "decimal256": 76}


@pytest.mark.parametrize("kind", DIGITS)
@pytest.mark.parametrize("scale", [0, 2, 15, 22, 23, 40, 76, 90, -2, -22, -23, -60])
def test_a_decimal_is_the_nearest_float64(kind, scale):
    if not hasattr(pa, kind):
        pytest.skip(f"pyarrow {pa.__version__} has no {kind}")
    draw, most = random.Random(f"{kind} {scale}"), DIGITS[kind]
    numbers = [draw.randint(-(10**size) + 1, 10**size - 1) for size in range(1, most + 1) for _ in range(20)]
    numbers += [sign * (2**53 + off) for sign in (1, -1) for off in range(-2, 3) if most > 15]
    numbers[3::7] = [None] * len(numbers[3::7])
    whole_numbers = pa.array([number and Decimal(number) for number in numbers], getattr(pa, kind)(most, 0))
    array = pa.Array.from_buffers(getattr(pa, kind)(most, scale), len(numbers), whole_numbers.buffers())
    expected = [np.nan if n is None else float(Decimal(n).scaleb(-scale, Context(prec=100))) for n in numbers]
    for start in (0, 5):
        np.testing.assert_array_equal(nearest(array[start:]), expected[start:])
    np.testing.assert_array_equal(nearest(array[:0]), [])


def test_a_whole_decimal_that_float64_would_round_is_refused_as_an_integer_is(tmp_path):
    pay = [Decimal("7992.15"), Decimal("8130.85"), None, Decimal("0.07")]
    keys = [Decimal(7), Decimal(2**60), None, Decimal(2**53 + 1)]
    table = {
        "pay": pa.array(pay, pa.decimal128(10, 2)),
        "key": pa.array(keys, pa.decimal128(38, 0)),
        "y": [1.0, 2, 3, 4],
    }
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    rows = whole(open_source(tmp_path / "t.parquet", target="y", features=["pay"], missing="drop"))
    assert rows.X[:, 0].tolist() == [7992.15, 8130.85, 0.07]
    what = "column 'key' of t.parquet holds an integer that float64 cannot hold exactly: 9007199254740993 in row 4"
    with pytest.raises(DataError, match=what):
        whole(open_source(tmp_path / "t.parquet", target="y", features=["key"], missing="drop"))


COMMANDS = """
import contextlib, io, sys
from gradline.cli import main
for arguments in (
    ["fit", "t.csv", "--target", "y", "--save", "m.json"],
    ["fit", "t.parquet", "--target", "y"],
    ["predict", "m.json", "t.csv"],
    ["predict", "m.json", "t.parquet", "-o", "p.parquet"],
):
    sys.argv = ["gradline", *arguments]
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(SystemExit):
        main()
print("pandas" in sys.modules)
"""


def test_files_are_fitted_and_predicted_without_pandas(tmp_path):
    x = np.arange(50.0)
    table = pa.table(
        {
            "x": [None, *x[1:]],
            "k": np.arange(50),
            "town": ["Bern", "Thun"] * 25,
            "flag": [True, False] * 25,
            "y": x + x % 3,
        }
    )
    table = table.slice(1)
    pq.write_table(table, tmp_path / "t.parquet")
    lines = [",".join(map(str, row.values())) for row in table.to_pylist()]
    (tmp_path / "t.csv").write_text("\n".join([",".join(table.column_names), *lines]))
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert pq.read_metadata(tmp_path / "p.parquet").num_rows == 49
