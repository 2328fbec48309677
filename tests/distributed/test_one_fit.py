"""Whatever `fit` is asked beside coefficients, several processes answer as one does: told once, and all end alike."""

import json
import os
import shutil

import pytest

from ..diagnostics.test_in_parts import same
from . import mishaps
from .ranks import SECONDS, ended

pytest.importorskip("torch", reason="needs the extra 'torch'")

FIT = ("fit", "t.parquet", "--target", "y", "--features", "a,b")
ROBUST = (*FIT, "--covariance", "HC3")
LOOK = ("--diagnose", "--ordered", "--report", "r.html", "--json")
OF_ERRORS = ("standard_error", "t", "p_value", "confidence_interval", "f_statistic", "diagnosis")


@pytest.fixture
def here(tables, tmp_path):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("processes", "arguments"),
    [
        # A level in the rows of the last process only, as a feature and as a cluster.
        (3, ("--features", "a,city", "--precision", "exact", "--covariance", "cluster:city")),
        (2, ("--features", "a,city", "--engine", "nn", "--covariance", "HC3")),
    ],
)
def test_several_processes_tell_what_one_tells(processes, arguments, ranks, tables, tmp_path):
    found = {}
    for size in (1, processes):
        folder = tmp_path / str(size)
        folder.mkdir()
        saved = () if "--engine" in arguments else ("--plot", "p.svg", "--save", "m.json")
        command = ("fit", str(tables / "city.parquet"), "--target", "y", *arguments, *LOOK, *saved)
        codes, out, errors = ended(ranks.each(size, *command, cwd=folder), SECONDS)
        assert codes == [0] * size, errors
        assert errors == ["r.html: open it in a browser\n", *[""] * (size - 1)]
        assert out[1:] == [""] * (size - 1)
        found[size] = json.loads(out[0])
        # Nothing is left beside them of what other processes might have begun to write.
        assert {path.name for path in folder.iterdir()} == {"r.html", *saved[1::2]}
    alone, together = found[1], found[processes]
    of_rows = [[told.pop(name) for name in OF_ERRORS] for told in (together, alone)]
    same(*of_rows)
    if "exact" in arguments:
        assert together == alone  # every bit, as JSON writes all of them
    else:
        reasons = [told.pop("stop_reason").partition(" is within ")[0] for told in (together, alone)]
        assert reasons[0] == reasons[1]  # how near it came is rounding
        same(together, alone)
    pages = [(tmp_path / str(size) / "r.html").read_text("utf-8") for size in (1, processes)]
    # Beside drawings and tables the lab, which has every row of all processes.
    assert pages[0].count("<svg") == pages[1].count("<svg") > 5
    assert ["<iframe" in page for page in pages] == [True, True]
    if "exact" in arguments:
        models = [json.loads((tmp_path / str(size) / "m.json").read_text()) for size in (1, processes)]
        assert models[0]["moments"] == models[1]["moments"]


SECOND_PASS = 5  # the part with which a process begins it that has four of the seven


def test_rows_that_change_between_the_passes_are_told_once_and_the_fit_is_not_lost(ranks, here):
    befalls = {1: mishaps.at_part(SECOND_PASS, mishaps.written_again)}
    codes, out, errors = ended(ranks.each(2, *ROBUST, cwd=here, befalls=befalls), SECONDS)
    assert codes == [1, 1]
    assert out[1] == errors[1] == ""
    assert out[0].startswith("y on 2 features of t.parquet (1,003 rows), exact least squares")
    assert errors[0] == (
        "warning: the standard errors shown are classical, not those of --covariance\n"
        "error: t.parquet has changed since it was opened: it was written again\n"
        "hint: read a copy that stays as it is\n"
    )


def test_kill_9_of_a_process_in_the_second_pass_ends_all_and_the_fit_is_not_lost(ranks, here):
    befalls = {1: mishaps.at_part(SECOND_PASS, mishaps.killed)}
    codes, out, errors = ended(ranks.each(2, *ROBUST, "--report", "r.html", cwd=here, befalls=befalls), SECONDS)
    assert codes == [1, -9]
    assert out[0].startswith("y on 2 features of t.parquet (1,003 rows), exact least squares")
    assert errors[0].startswith(
        "warning: the standard errors shown are classical, not those of --covariance\n"
        "r.html: open it in a browser\n"
        "error: another of the 2 processes ended, or said nothing for 1800 seconds: "
    )
    assert errors[0].count("error:") == 1
    assert "reading them again failed" in (here / "r.html").read_text("utf-8")


def test_a_first_process_that_stops_in_the_second_pass_is_waited_for_no_longer_than_agreed(ranks, here):
    """It keeps what the others would leave words in, and answers nobody."""
    befalls = {0: mishaps.at_part(4, mishaps.stopped), 1: mishaps.impatient}
    started = ranks.each(2, *ROBUST, cwd=here, befalls=befalls, GRADLINE_TIMEOUT="3")
    [code], [out], [error] = ended(started[1:], SECONDS)
    assert (code, out) == (1, "")
    assert error.startswith("error: another of the 2 processes ended, or said nothing for 3 seconds")


def test_ctrl_c_in_the_second_pass_of_one_process_ends_all_and_the_fit_is_not_lost(ranks, here):
    befalls = {1: mishaps.at_part(SECOND_PASS, mishaps.interrupted)}
    codes, out, errors = ended(ranks.each(2, *ROBUST, cwd=here, befalls=befalls), SECONDS)
    assert codes == [130, 130]
    assert out[0].startswith("y on 2 features of t.parquet (1,003 rows), exact least squares")
    assert errors == ["warning: interrupted while the rows were read again: no --covariance\n", ""]


def test_a_page_that_finds_no_room_ends_all_with_one_sentence_and_the_fit_is_not_lost(ranks, here):
    started = ranks.each(2, *FIT, "--report", "r.html", cwd=here, befalls={0: mishaps.disk_full})
    codes, out, errors = ended(started, SECONDS)
    assert codes == [1, 1]
    assert out[0].startswith("y on 2 features of t.parquet (1,003 rows), exact least squares")
    assert out[1] == errors[1] == ""
    assert errors[0].startswith("error: r.html cannot be written: No space left on device\nhint: make room there")
    assert [path.name for path in here.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_at_the_page_is_told_below_the_fit(processes, ranks, here):
    befalls = {0: mishaps.interrupted_at_the_page}
    started = ranks.each(processes, *FIT, "--report", "r.html", cwd=here, befalls=befalls)
    codes, out, errors = ended(started, SECONDS)
    assert codes == [130] * processes
    assert out[0].startswith("y on 2 features of t.parquet (1,003 rows), exact least squares")
    assert errors == ["warning: interrupted while --report was written\n", *[""] * (processes - 1)]
    assert [path.name for path in here.iterdir()] == ["t.parquet"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_stdout_that_takes_no_more_is_a_sentence(ranks, here):
    codes, _, errors = ended(ranks.each(2, *FIT, cwd=here, befalls={0: mishaps.no_room_for_stdout}), SECONDS)
    assert codes == [1, 1]
    assert errors == ["error: the output cannot be written: No space left on device\n", ""]


def test_a_reader_of_stdout_that_has_seen_enough_ends_all_without_a_word(ranks, here):
    codes, _, errors = ended(ranks.each(2, *FIT, cwd=here, befalls={0: mishaps.nobody_reads_stdout}), SECONDS)
    assert codes == [141, 141]  # as one process does
    assert errors == ["", ""]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--report", "nowhere/r.html"), 1, "error: --report: nowhere/r.html cannot be written: there is no folder"),
        (("--covariance", "cluster:nothing"), 1, "error: no column 'nothing' in t.parquet"),
        (("--covariance", "HC9"), 2, "Invalid value for --covariance"),
        (("--dask", "local"), 2, "2 processes of torchrun share the rows already"),
        (("--plan", "--engine", "numpy"), 1, "error: engine 'numpy' is a lesson for one process"),
    ],
)
def test_what_can_be_refused_is_refused_before_a_row_is_read(options, code, told, ranks, here):
    befalls = {0: mishaps.at_part(1, mishaps.killed)}
    codes, out, errors = ended(ranks.each(2, *FIT, *options, cwd=here, befalls=befalls), SECONDS)
    assert codes == [code, code]
    assert out == ["", ""]
    assert errors[1] == ""
    assert errors[0].count(told) == 1
    assert errors[0].lower().count("error") <= 2  # one, in a box that has the word as its title


def test_rows_that_lie_in_no_file_are_refused_with_what_to_do(ranks, here):
    codes, out, errors = ended(ranks.each(2, "fit", "-", "--target", "y", cwd=here), SECONDS)
    assert codes == [1, 1]
    assert out == ["", ""]
    told = "error: standard input cannot be shared by 2 processes\nhint: write the rows to Parquet files\n"
    assert errors == [told, ""]


def test_a_cell_that_is_no_number_in_a_file_of_one_process_is_told_once_with_its_row(ranks, tmp_path):
    for name, cell in (("a", "2"), ("b", "3"), ("c", "</script>")):
        (tmp_path / f"{name}.csv").write_text("x,y\n" + "1,2\n2,3\n4,4\n" * 5 + f"{cell},1\n")
    codes, out, errors = ended(
        ranks.each(3, "fit", "*.csv", "--target", "y", "--features", "x", "--covariance", "HC1", cwd=tmp_path), SECONDS
    )
    assert codes == [1, 1, 1]
    assert out == ["", "", ""]
    assert errors[1:] == ["", ""]
    assert errors[0].count("error:") == 1
    assert "row 16" in errors[0]
    assert "c.csv" in errors[0]


@pytest.mark.parametrize(
    ("begun_by", "mishap", "ends", "told", "processes"),
    [
        (
            2,
            mishaps.killed,
            [1, -9],
            "\nhint: see what it said; a fit with --checkpoint FILE goes on where it was: run",
            3,
        ),
        (
            2,
            mishaps.interrupted,
            [130, 130],
            "interrupted: k.json holds the first 600 rows, and the same fit goes on",
            1,
        ),
        (1, mishaps.killed, [-9], "", 2),
        (1, mishaps.interrupted, [130], "interrupted: k.json holds the first 600 rows, and the same fit goes on", 3),
    ],
)
def test_sums_kept_by_some_processes_are_gone_on_with_by_others_and_end_in_the_bits_of_one(
    begun_by, mishap, ends, told, processes, ranks, here
):
    command = (*FIT, "--precision", "exact", "--checkpoint", "k.json", "--checkpoint-every", "0", "--json")
    befalls = {2: {1: mishaps.at_part(3, mishap)}, 1: {0: mishaps.once_kept(4, mishap)}}[begun_by]
    codes, out, errors = ended(ranks.each(begun_by, *command, cwd=here, befalls=befalls), SECONDS)
    assert codes == ends
    assert out == [""] * begun_by
    assert told in errors[0]
    assert errors[0].count("interrupted") == (mishap is mishaps.interrupted)
    assert json.loads((here / "k.json").read_text())["content"]["iteration"] == 4  # parts, two a round
    # Of three processes that begin anew one would open three parts of the seven, of two one four, one alone all.
    befalls = {rank: mishaps.at_part({3: 3, 2: 4, 1: 4}[processes], mishaps.killed) for rank in range(processes)}
    codes, out, errors = ended(ranks.each(processes, *command, cwd=here, befalls=befalls), SECONDS)
    assert codes == [0] * processes, errors
    assert errors == [""] * processes
    _, [alone], _ = ended(ranks.each(1, *command[:-5], "--json", cwd=here), SECONDS)
    assert out == [alone, *[""] * (processes - 1)]
    assert json.loads((here / "k.json").read_text())["content"]["iteration"] == 7


def test_a_plan_says_how_the_rows_are_shared_and_reads_none_of_them_together(ranks, here):
    codes, out, errors = ended(ranks.each(2, *FIT, "--plan", "--json", cwd=here), SECONDS)
    assert codes == [0, 0]
    assert errors == ["", ""]
    assert out[1] == ""
    plan = json.loads(out[0])
    assert plan["spread"] == {"processes": 2, "parts": 7, "most": 4}
    assert plan["extent"]["rows"] == 1003
