"""One of two dozen files is broken: named, or left out as a whole, counted and told."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from gradline import DataError, ExactMoments, LinearRegression, load, open_source
from gradline.cli.app import app
from gradline.cli.telling import in_words
from gradline.data.parted import parted
from gradline.data.readers.bad_files import TolerantReader
from gradline.data.readers.files import reader_of
from gradline.data.skipped import Skipped
from gradline.errors import DataWarning
from gradline.estimators.saved import as_saved
from gradline.model_file import merged, subtracted
from gradline.model_file.schema import digest
from gradline.moments.one_pass import one_pass
from tests.data.parts import in_turn

FILES, ROWS = 24, 60


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
        if number != 17:
            others += ExactMoments.of(x[:, None], y)
    return folder, (folder / "017.parquet").read_bytes(), others


def broken_in_the_middle(whole: bytes) -> bytes:
    """One byte of the numbers of the last row group: the first two can be read."""
    column = pq.read_metadata(pa.BufferReader(whole)).row_group(2).column(1)
    place = column.data_page_offset + column.total_compressed_size - 10
    return whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]


BREAKS = {
    "cut off": (lambda whole: whole[:1000], "cannot read .*017.parquet: .*magic bytes"),
    "a byte changed": (broken_in_the_middle, "cannot read .*017.parquet: .*integrity"),
    "empty": (lambda whole: b"", "017.parquet is empty"),
    "another kind": (lambda whole: b"x,y\n1,2\n", "017.parquet is not a Parquet file"),
}


@pytest.fixture(params=BREAKS)
def broken(request, files):
    folder, whole, others = files
    change, told = BREAKS[request.param]
    (folder / "017.parquet").write_bytes(change(whole))
    yield folder, told, others
    (folder / "017.parquet").write_bytes(whole)


@pytest.mark.parametrize("run", [None, in_turn], ids=["whole", "in parts"])
def test_it_is_named_and_nothing_is_fitted(broken, run):
    folder, told, _ = broken
    with pytest.raises(DataError, match=told) as error:  # when it is opened, or in the pass that meets it
        one_pass(opened(folder, run), ExactMoments)
    assert str(error.value.hint).endswith("on_bad_file='skip' leaves such files out")
    assert in_words(error.value).endswith("--on-bad-file skip leaves such files out")
    assert "?;" not in error.value.hint


@pytest.mark.parametrize("run", [None, in_turn], ids=["whole", "in parts"])
def test_it_is_left_out_whole_where_that_is_asked_for(broken, run):
    folder, told, others = broken
    with pytest.warns(DataWarning, match=rf"^1 of 24 files of many\d* cannot be read and were left out: {told}"):
        found = one_pass(opened(folder, run, on_bad_file="skip"), ExactMoments)
    assert found == others


def opened(folder, run, **options):
    source = open_source(folder, target="y", **options)
    return source if run is None else parted(source, run)


def test_an_estimator_tells_too(files):
    folder, whole, others = files
    (folder / "017.parquet").write_bytes(whole[:1000])
    with pytest.warns(DataWarning, match="1 of 24 files"):
        fit = LinearRegression(precision="exact").fit(open_source(folder, target="y", on_bad_file="skip"))
    (folder / "017.parquet").write_bytes(whole)
    assert fit.moments_ == others


def test_where_all_is_well_nothing_is_told(files):
    folder, _, _ = files
    found = one_pass(open_source(folder, target="y", on_bad_file="skip"), ExactMoments)
    assert found == one_pass(open_source(folder, target="y"), ExactMoments)


def test_text_with_a_row_that_is_none_is_a_bad_file(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("x,y\n1,2\n2,3\n4,4\n")
    (tmp_path / "1.csv").write_text("x,y\n1,2\n2,3\n4,4,4\n")
    with pytest.raises(DataError, match=r"line 4 of 1\.csv has 3 fields.*\n(.|\n)*on_bad_file='skip'"):
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


@pytest.mark.parametrize("options", [{"on_bad_file": None}, {"on_bad_file": "error"}])
def test_to_leave_it_out_is_advised_where_that_may_be(tmp_path, options):
    (tmp_path / "0.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="not a Parquet file") as alone:
        reader_of(tmp_path, **options)
    (tmp_path / "1.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="not a Parquet file") as among_others:
        reader_of(tmp_path, **options)
    assert "skip" not in alone.value.hint  # nothing would be left
    assert ("skip" in among_others.value.hint) == (options["on_bad_file"] is not None)


@pytest.mark.filterwarnings("ignore:1 of 24 files")
def test_of_a_table_in_parts_one_process_reads_the_files_that_were_not_left_out(broken):
    """Those that a pass by others found to be broken."""
    folder, _, others = broken
    source = parted(open_source(folder, target="y", on_bad_file="skip"), in_turn)
    assert one_pass(source, ExactMoments) == others
    assert one_pass(source.alone(), ExactMoments) == others
    assert source.alone().skipped == source.skipped == Skipped(1, ("017.parquet",))


@pytest.mark.parametrize("policy", ["ignore", None, []])
def test_another_policy_is_refused(tmp_path, policy):
    with pytest.raises(DataError, match="is not known\nhint: on_bad_file='error' or on_bad_file='skip'") as refused:
        open_source(tmp_path, target="y", on_bad_file=policy)
    assert refused.value.message == f"on_bad_file={policy!r} is not known"


# What is told of them


@pytest.fixture
def with_broken(files):
    folder, whole, _ = files
    (folder / "017.parquet").write_bytes(whole[:1000])
    yield folder
    (folder / "017.parquet").write_bytes(whole)


TOLD = "1 file could not be read and was left out: 017.parquet"


@pytest.mark.filterwarnings("ignore:1 of 24 files")
@pytest.mark.parametrize("run", [None, in_turn], ids=["whole", "in parts"])
def test_a_fit_tells_which_files_it_is_not_of(with_broken, run, tmp_path):
    source = open_source(with_broken, target="y", on_bad_file="skip")
    model = LinearRegression(precision="exact").fit(source if run is None else parted(source, run))
    told = str(model.summary())
    assert "(1,380 rows, 1 file skipped)" in told
    assert f"{TOLD}." in told
    said = model.summary().as_dict()
    assert (said["files_skipped"], said["skipped"]) == (1, ["017.parquet"])
    model.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "1 file left out: see Rows." in page
    assert TOLD in page

    model.save(tmp_path / "model.json")
    provenance = json.loads((tmp_path / "model.json").read_text())["provenance"]
    assert provenance["skipped"] == {"count": 1, "names": ["017.parquet"]}
    assert str(load(tmp_path / "model.json").summary()) == told


def test_a_descent_and_the_command_tell_too(with_broken, tmp_path):
    path = str(tmp_path / "model.json")
    command = ["fit", str(with_broken), "--target", "y", "--on-bad-file", "skip", "--precision", "exact"]
    with pytest.warns(DataWarning, match="1 of 24 files"):
        done = CliRunner().invoke(app, [*command, "--json", "--save", path])
    assert (json.loads(done.stdout)["files_skipped"], json.loads(done.stdout)["skipped"]) == (1, ["017.parquet"])
    assert "1 file skipped" in CliRunner().invoke(app, ["summary", path]).stdout
    with pytest.warns(DataWarning, match="1 of 24 files"):
        done = CliRunner().invoke(app, [*command[:-2], "--engine", "moments", "--json"])
    assert json.loads(done.stdout)["skipped"] == ["017.parquet"]


@pytest.mark.parametrize("broken", [17, 0])
def test_a_plan_counts_the_look_for_broken_files_and_leaves_it_out(files, broken, tmp_path, monkeypatch):
    folder, whole, _ = files
    for number in range(FILES):
        name = f"{number:03}.parquet"
        (tmp_path / name).write_bytes(broken_in_the_middle(whole) if number == broken else (folder / name).read_bytes())
    monkeypatch.setattr(TolerantReader, "bad_files", lambda *_: pytest.fail("every file is read"))
    command = ["fit", str(tmp_path), "--target", "y", "--on-bad-file", "skip", "--plan"]
    told = json.loads(CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False).stdout)
    assert [(one["arithmetic"], one["times"], one["why"]) for one in told["passes"]][:2] == [
        ("none", 1, "to find broken files"),
        ("float64", 1, "sums of squares and products"),
    ]
    assert told["problem"] is None
    assert "passes    1 to find broken files\n          1 in float64:" in CliRunner().invoke(app, command).stdout


@pytest.mark.filterwarnings("ignore:1 of 24 files")
def test_models_that_are_merged_or_subtracted_keep_it_told(with_broken):
    def model(**how):
        fit = LinearRegression(precision="exact").fit(open_source(with_broken, target="y", on_bad_file="skip"))
        return replace(as_saved(fit), **how)

    both = merged(model(), model(skipped=Skipped.of(["a\nb.parquet", "</script>.parquet"])))
    assert both.skipped == Skipped(3, ("017.parquet", "a\nb.parquet", "</script>.parquet"))
    assert "3 files skipped" in str(both.summary())
    assert "left out: 017.parquet, a b.parquet, </script>.parquet." in " ".join(str(both.summary()).split())
    assert subtracted(both, model(skipped=Skipped())).skipped.count == 3
    assert subtracted(both, model()).skipped.names == ("a\nb.parquet", "</script>.parquet")


def test_of_many_files_some_are_named(tmp_path):
    names = [f"{number:02}.parquet" for number in range(25)]
    files = Skipped.of(names)
    assert (files.count, files.names) == (25, tuple(names[:10]))
    assert files.note.endswith("08.parquet, 09.parquet, and 15 more")
    assert files.and_those(files) == Skipped(50, files.names)


def test_a_model_file_with_a_count_that_is_none_is_refused(files, tmp_path):
    path = tmp_path / "model.json"
    LinearRegression().fit(open_source(files[0], target="y")).save(path)
    content = json.loads(path.read_text())
    assert "skipped" not in content["provenance"]
    del content["sha256"]
    content["provenance"]["skipped"] = {"count": "many", "names": []}
    path.write_text(json.dumps(content | {"sha256": digest(content)}))
    with pytest.raises(DataError, match="'count' is 'many', expected a count"):
        load(path)
