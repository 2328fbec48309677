"""One of a hundred files is broken: named, or left out as a whole, counted and told."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradline import DataError, ExactMoments, LinearRegression, open_source
from gradline.data.parted import in_turn, parted
from gradline.errors import DataWarning
from gradline.moments.one_pass import one_pass

FILES, ROWS = 100, 60


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The folder, the bytes of the one that will break, and the sums of the others."""
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(5)
    others = ExactMoments.zero(1)
    for number in range(FILES):
        x = rng.normal(size=ROWS)
        y = 2 * x + rng.normal(size=ROWS)
        path = folder / f"{number:03}.parquet"
        pq.write_table(
            pa.table({"x": x, "y": y}), path, row_group_size=20, use_dictionary=False, write_page_checksum=True
        )
        if number != 42:
            others += ExactMoments.of(x[:, None], y)
    return folder, (folder / "042.parquet").read_bytes(), others


def broken_in_the_middle(whole: bytes) -> bytes:
    """One byte of the numbers of the last row group: the first two can be read."""
    column = pq.read_metadata(pa.BufferReader(whole)).row_group(2).column(1)
    place = column.data_page_offset + column.total_compressed_size - 10
    return whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]


BREAKS = {
    "cut off": (lambda whole: whole[:1000], "cannot read .*042.parquet: .*magic bytes"),
    "a byte changed": (broken_in_the_middle, "cannot read .*042.parquet: .*integrity"),
    "empty": (lambda whole: b"", "042.parquet is empty"),
    "another kind": (lambda whole: b"x,y\n1,2\n", "042.parquet is not a Parquet file"),
}


@pytest.fixture(params=BREAKS)
def broken(request, files):
    folder, whole, others = files
    change, told = BREAKS[request.param]
    (folder / "042.parquet").write_bytes(change(whole))
    yield folder, told, others
    (folder / "042.parquet").write_bytes(whole)


@pytest.mark.parametrize("run", [None, in_turn], ids=["whole", "in parts"])
def test_it_is_named_and_nothing_is_fitted(broken, run):
    folder, told, _ = broken
    with pytest.raises(DataError, match=told):  # when it is opened, or in the pass that meets it
        one_pass(opened(folder, run), ExactMoments)


@pytest.mark.parametrize("run", [None, in_turn], ids=["whole", "in parts"])
def test_it_is_left_out_whole_where_that_is_asked_for(broken, run):
    folder, told, others = broken
    with pytest.warns(DataWarning, match=rf"^1 of 100 files of many\d* cannot be read and were left out: {told}"):
        found = one_pass(opened(folder, run, on_bad_file="skip"), ExactMoments)
    assert found == others


def opened(folder, run, **options):
    source = open_source(folder, target="y", **options)
    return source if run is None else parted(source, run)


def test_an_estimator_tells_too(files):
    folder, whole, others = files
    (folder / "042.parquet").write_bytes(whole[:1000])
    with pytest.warns(DataWarning, match="1 of 100 files"):
        fit = LinearRegression(precision="exact").fit(open_source(folder, target="y", on_bad_file="skip"))
    (folder / "042.parquet").write_bytes(whole)
    assert fit.moments_ == others


def test_where_all_is_well_nothing_is_told(files):
    folder, _, _ = files
    found = one_pass(open_source(folder, target="y", on_bad_file="skip"), ExactMoments)
    assert found == one_pass(open_source(folder, target="y"), ExactMoments)


def test_text_with_a_row_that_is_none_is_a_bad_file(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("x,y\n1,2\n2,3\n4,4\n")
    (tmp_path / "1.csv").write_text("x,y\n1,2\n2,3\n4,4,4\n")
    with pytest.raises(DataError, match=r"line 4 of 1\.csv has 3 fields"):
        one_pass(open_source(tmp_path, target="y"), ExactMoments)
    with pytest.warns(DataWarning, match=r"1 of 3 files .* line 4 of 1\.csv has 3 fields"):
        found = one_pass(open_source(tmp_path, target="y", on_bad_file="skip"), ExactMoments)
    assert found.rows == 6


@pytest.mark.parametrize(
    ("text", "told"),
    [("x,z\n1,2\n", "has no column 'y'"), ("x,y\n1,2\n2,many\n", "many"), ("x,y\n1,\n", "missing")],
)
def test_what_the_cells_say_is_an_error_all_the_same(tmp_path, text, told):
    (tmp_path / "0.csv").write_text("x,y\n1,2\n2,3\n4,4\n")
    (tmp_path / "1.csv").write_text(text)
    with pytest.raises(DataError, match=told):
        one_pass(open_source(tmp_path, target="y", features=["x"], on_bad_file="skip"), ExactMoments)


def test_no_file_left_is_an_error(tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"none of the 2 files of .* can be read: cannot read"):
        open_source(tmp_path, target="y", on_bad_file="skip")


def test_another_policy_is_refused(tmp_path):
    with pytest.raises(DataError, match="on_bad_file='ignore' is not known"):
        open_source(tmp_path, target="y", on_bad_file="ignore")
