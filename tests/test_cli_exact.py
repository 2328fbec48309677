"""A long exact fit on the command line: watched, killed, interrupted, gone on with, planned; and what Tab offers."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from gradline import ExactMoments, Moments, open_source
from gradline.moments.one_pass import pieces_of
from gradline.report.plan import first_rows
from tests.command import gradline, in_fresh_process

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
ROWS = 600_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Several chunks of CSV, of which float64 promises fewer than nine digits: auto reads it twice."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)
    x = rng.normal(5.0, 1.0, ROWS).round(4)
    table = pa.table({"x": x, "z": x + 1e-8 * rng.integers(-9, 9, ROWS), "y": (3 * x + rng.normal(size=ROWS)).round(4)})
    pa.csv.write_csv(table, folder / "large.csv")
    pq.write_table(table, folder / "large.parquet", row_group_size=100_000)
    return folder


KEPT = ["--checkpoint", "run.json", "--checkpoint-every", "0"]


def exact(fit):
    """What must be the same to the bit."""
    fit = json.loads(fit)
    return {key: fit[key] for key in ("coef", "standard_error", "rows", "digits", "r2")}


def killed_after(saves):
    """What makes a process watch its checkpoint from a thread, and kill itself once it has seen so many."""
    return f"""
import contextlib, os, signal, threading, time
def watch():
    seen = set()
    while len(seen) < {saves}:
        with contextlib.suppress(FileNotFoundError):
            seen.add(os.stat("run.json").st_mtime_ns)
        time.sleep(0.002)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
"""


@needs_kill
@pytest.mark.parametrize(
    ("table", "precision"),
    [
        *((table, precision) for table in ("large.csv", "large.parquet") for precision in ("float64", "auto")),
        ("large.csv", "exact"),
    ],
)
def test_killed_and_started_again_a_fit_ends_in_the_same_bits(table, precision, large, tmp_path):
    """One file of text is kept batch by batch and summed as without a checkpoint; Parquet is in parts, and so kept."""
    os.symlink(large / table, tmp_path / table)
    command = ["fit", table, "--target", "y", "--json", "--precision", precision]
    unbroken = gradline(
        *command, *(() if table == "large.csv" else ("--checkpoint", "other.json")), cwd=tmp_path
    ).stdout
    ends = [gradline(*command, *KEPT, cwd=tmp_path, first=killed_after(saves)).returncode for saves in (1, 3, 4)]
    assert ends[0] == -signal.SIGKILL
    done = gradline(*command, *KEPT, cwd=tmp_path)
    assert exact(done.stdout) == exact(unbroken)
    again = gradline(*command, *KEPT, cwd=tmp_path)
    assert exact(again.stdout) == exact(unbroken)


@needs_kill
def test_ctrl_c_saves_and_says_so_in_a_sentence(tmp_path):
    """Rows come through a pipe for as long as they are read, so that Ctrl-C comes within the pass."""
    rows = b"1.5,2.25,3.125\n2.5,1.25,4.5\n0.5,0.75,1.0\n" * 20_000
    command = [sys.executable, "-m", "gradline", "fit", "-", "--target", "y", "--precision", "exact", *KEPT]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:
        process.stdin.write(b"x,z,y\n")
        pressed = False
        with contextlib.suppress(BrokenPipeError):
            while process.poll() is None:
                process.stdin.write(rows)
                if not pressed and (tmp_path / "run.json").exists():
                    process.send_signal(signal.SIGINT)
                    pressed = True
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        told, out = process.stderr.read().decode(), process.stdout.read()
    assert (process.returncode, out) == (130, b"")
    kept = json.loads((tmp_path / "run.json").read_text())["content"]["state"]["rows"]
    assert told == f"interrupted: run.json holds the first {kept:,} rows, and the same fit goes on there\n"


def test_robust_errors_are_those_without_a_checkpoint_to_the_bit(large, tmp_path):
    command = ["fit", large / "large.parquet", "--target", "y", "--precision", "exact", "--covariance", "HC3", "--json"]
    assert gradline(*command, *KEPT, cwd=tmp_path).stdout == gradline(*command, cwd=tmp_path).stdout


def test_ctrl_c_after_the_last_row_names_what_there_is_to_go_on_from(large, tmp_path):
    before_it_is_shown = """
import os, signal
from gradline.report.summary import Summary
def interrupted(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)
Summary.of_solution = interrupted
"""
    command = ["fit", "large.parquet", "--target", "y", *KEPT]
    os.symlink(large / "large.parquet", tmp_path / "large.parquet")
    done = gradline(*command, cwd=tmp_path, first=before_it_is_shown)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: run.json holds what was summed up, and the same fit goes on there\n"
    done = gradline(*command[:-4], cwd=tmp_path, first=before_it_is_shown)
    assert done.stderr == "error: interrupted before there was anything to show\n"


def test_ctrl_c_between_parts_saves_and_says_so_in_a_sentence(large, tmp_path):
    """Threads are reading the next parts when it comes."""
    at_the_second = """
import os, signal
from gradline.moments.keeping_parts import PartsKeeper
after_parts = PartsKeeper.after_parts
def then(self, done, whole, *, last):
    after_parts(self, done, whole, last=last)
    if done == 2:
        os.kill(os.getpid(), signal.SIGINT)
PartsKeeper.after_parts = then
"""
    command = ["fit", "large.parquet", "--target", "y", "--precision", "exact", "--json", *KEPT]
    os.symlink(large / "large.parquet", tmp_path / "large.parquet")
    done = gradline(*command, cwd=tmp_path, first=at_the_second)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: run.json holds the first 200,000 rows, and the same fit goes on there\n"
    assert exact(gradline(*command, cwd=tmp_path).stdout) == exact(gradline(*command[:-4], cwd=tmp_path).stdout)


def test_a_checkpoint_of_a_descent_is_none_of_an_exact_fit(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2\n2,4.5\n3,6\n4,8\n")
    run = ["--target", "y", "--checkpoint", tmp_path / "run.json"]
    descent = gradline("fit", table, *run, "--features", "x", "--engine", "numpy")
    assert descent.returncode == 0, descent.stderr
    before = (tmp_path / "run.json").read_bytes()
    done = gradline("fit", table, *run, "--features", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"error: the checkpoint .*run\.json belongs to another fit: .*\nhint: delete the file", done.stderr)
    assert (tmp_path / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x,y\n1,2\n", "is not a checkpoint"),
        (b'{"kind": "gradline.Checkpoint", "version": 1, "sha256"', "is damaged"),
        (b'{"kind": "gradline.Checkpoint", "version": 99}', "is of version 99"),
    ],
)
def test_a_file_that_is_none_or_damaged_or_newer_is_a_sentence_and_stays(content, told, large, tmp_path):
    (tmp_path / "run.json").write_bytes(content)
    done = gradline("fit", large / "large.csv", "--target", "y", "--checkpoint", tmp_path / "run.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert (tmp_path / "run.json").read_bytes() == content


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--checkpoint", "r.json", "--save", "r.json"], "'r.json' is the file of --checkpoint, expected another"),
        (["--checkpoint", "r.html", "--report", "r.html"], "'r.html' is the file of --checkpoint, expected another"),
        (["--checkpoint", ""], "no file is named"),
        (["--checkpoint", "https://e.x/s.json"], "'https://e.x/s.json' is a URL, expected a file"),
    ],
)
def test_a_checkpoint_has_a_file_of_its_own(more, told, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4.5\n3,6\n4,8\n")
    done = gradline("fit", "t.csv", "--target", "y", *more, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_rows_that_changed_are_a_sentence(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4.5\n3,6\n4,8\n")
    run = ["fit", "t.csv", "--target", "y", "--checkpoint", "run.json"]
    assert gradline(*run, cwd=tmp_path).returncode == 0
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4.6\n3,6\n4,8\n")
    done = gradline(*run, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run.json is of other rows: the first 4 of t.csv have changed" in done.stderr


# Progress


def test_of_a_short_pass_nothing_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4.5\n3,6\n4,8\n")
    assert gradline("fit", "t.csv", "--target", "y", cwd=tmp_path).stderr == ""


def watched(source, rows, seconds_each, terminal=False):
    """What is on stderr after batches at these moments; on a terminal, by a process of its own."""
    code = f"""
from gradline.data.source import open_source
from gradline.report.progress import reading
now = [0.0]
with reading(open_source({str(source)!r}, target="y"), clock=lambda: now[0]) as watch:
    for rows in {rows!r}:
        now[0] += {seconds_each}
        watch(rows)
"""
    if not terminal:
        with contextlib.redirect_stderr(io.StringIO()) as seen:
            exec(code, {})
        return seen.getvalue()
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stderr=theirs, env={**os.environ, "TERM": "xterm"}):
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            seen += piece
    os.close(ours)
    return seen.decode()


def test_a_log_gets_a_line_every_five_seconds(large):
    lines = watched(large / "large.parquet", range(50_000, 650_000, 50_000), 1.0).splitlines()
    assert lines == [
        "reading: 250,000 rows, 50,000 rows/s, 41 %, 7 s left",
        "reading: 500,000 rows, 50,000 rows/s, 83 %, 2 s left",
    ]


def test_rows_that_are_not_counted_are_told_with_about(large):
    (line,) = watched(large / "large.csv", [300_000], 6.0).splitlines()
    assert re.fullmatch(r"reading: 300,000 rows, 50,000 rows/s, about (4[5-9]|5[0-5]) %, \d s left", line)


def test_a_second_pass_says_that_it_is_one(large):
    lines = watched(large / "large.parquet", [600_000, 60_000, 300_000], 6.0).splitlines()
    assert lines[0] == "reading: 600,000 rows, 100,000 rows/s, 99 %"
    assert lines[1] == "reading: 300,000 rows, 50,000 rows/s, 50 %, 6 s left, once more, exactly"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_sees_a_bar_of_the_rows(large):
    seen = watched(large / "large.parquet", range(0, 600_000, 20_000), 0.2, terminal=True)
    assert "reading" in seen
    assert re.search(r"[\d,]+ rows, \d\d,\d00 rows/s, \d+ %", seen)
    assert watched(large / "large.parquet", [100_000, 600_000], 0.3, terminal=True) == ""


# The plan


def plan(*arguments, cwd):
    done = gradline("fit", *arguments, "--plan", "--json", cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["large.csv", "large.parquet"])
def test_a_plan_says_what_the_fit_then_reads(name, large):
    told = plan(name, "--target", "y", "--features", "x", cwd=large)
    assert (told["extent"]["files"], told["extent"]["bytes"]) == (1, (large / name).stat().st_size)
    assert told["kinds"] == {"x": "number", "y": "number"}
    assert (told["columns_in_table"], told["columns"], told["columns_are_exact"]) == (3, 1, True)
    assert [one["arithmetic"] for one in told["passes"]] == ["float64", "exact"]
    assert told["problem"] is None
    rows = json.loads(gradline("fit", name, "--target", "y", "--features", "x", "--json", cwd=large).stdout)["rows"]
    if told["extent"]["rows_are_exact"]:
        assert told["extent"]["rows"] == rows
    else:  # lines of a megabyte of cells that are alike
        assert told["extent"]["rows"] == pytest.approx(rows, rel=0.05)
    if name.endswith(".parquet"):
        assert told["extent"]["rows_are_exact"]
        groups = pq.read_metadata(large / name)
        chunks = [groups.row_group(g).column(c) for g in range(6) for c in range(3)]
        used = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema != "z")
        assert told["extent"]["bytes_of_columns"] == used


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_a_plan_reads_the_first_rows_alone_of_row_groups_for_threads_too(kind, large, monkeypatch):
    monkeypatch.setattr(first_rows, "SAMPLE_SECONDS", 0.0)
    source = open_source(large / "large.parquet", target="y", batch_rows=10_000)
    assert len(pieces_of(source)) > 1
    first = first_rows.first_rows(source, kind)
    assert 0 < first.rows < 300_000  # of 600,000
    assert not first.whole


def test_a_plan_counts_the_pass_that_follows_the_fit(large):
    told = plan("large.csv", "--target", "y", "--covariance", "HC3", "--diagnose", cwd=large)
    assert [one["arithmetic"] for one in told["passes"]] == ["float64", "exact", "measures"]
    assert told["passes"][-1]["why"] == "the rows once more, for --covariance, --diagnose"


def test_a_plan_of_a_folder_counts_its_files_and_rows(large, tmp_path):
    table = pq.read_table(large / "large.parquet")
    for year in (2024, 2025):
        (tmp_path / f"year={year}").mkdir()
        pq.write_table(table.slice(0, 1000 + year), tmp_path / f"year={year}" / "part.parquet")
    told = plan(".", "--target", "y", cwd=tmp_path)
    assert (told["extent"]["files"], told["extent"]["rows"]) == (2, 3024 + 3025)
    assert told["kinds"] == {"x": "number", "z": "number", "year": "number", "y": "number"}


def test_a_plan_of_a_small_file_knows_its_rows_and_columns_and_fits_nothing(tmp_path):
    rows = "".join(f"{i},{i * i % 7},{'abc'[i % 3]}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("x,y,level\n" + rows)
    told = plan("t.csv", "--target", "y", "--save", "model.json", cwd=tmp_path)
    assert (told["extent"]["rows"], told["extent"]["rows_are_exact"]) == (40, True)
    assert told["kinds"] == {"x": "number", "level": "category", "y": "number"}
    assert (told["columns"], told["columns_are_exact"]) == (3, True)  # x, and two of three levels
    assert os.listdir(tmp_path) == ["t.csv"]
    text = gradline("fit", "t.csv", "--target", "y", "--plan", cwd=tmp_path).stdout
    assert "40 rows" in text
    assert "x (number), level (category), y (number); 3 of the 3 in the table" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    text = gradline("fit", "t.csv", "--target", "y", "--plan", cwd=tmp_path).stdout
    assert "; 1 row\n" in text
    assert not re.search(r"\b1 (rows|threads|columns|cores|files)", text)


def test_a_plan_says_what_the_first_rows_show(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n,3\n3,4\n")
    told = plan("t.csv", "--target", "y", cwd=tmp_path)
    assert "column 'x' has 1 missing (NaN) cell, the first in row 2" in told["problem"]


def test_a_plan_does_not_wait_for_a_pipe(tmp_path):
    done = in_fresh_process("fit", "-", "--target", "y", "--plan", cwd=tmp_path, input="x,y\n1,2\n2,3\n")
    assert done.returncode == 0
    assert "rows unknown before it is read" in done.stdout


@pytest.mark.parametrize("options", [[], ["--precision", "float64"], ["--engine", "numpy"]])
def test_a_plan_of_a_pipe_is_what_the_fit_then_does(options, tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,3\n3,5\n4,4\n")
    command = ["fit", "-", "--target", "y", *options, "--json"]
    fitted = gradline(*command, cwd=tmp_path, stdin=tmp_path / "rows.csv")
    told = json.loads(gradline(*command, "--plan", cwd=tmp_path, stdin=tmp_path / "rows.csv").stdout)
    if fitted.returncode:
        assert f"error: {told['problem']}\n" in fitted.stderr
    else:
        assert [one["arithmetic"] for one in told["passes"]] == [json.loads(fitted.stdout)["precision"]]
        assert told["problem"] is None


@pytest.mark.parametrize(
    ("options", "ways"),
    [
        (["--precision", "exact"], ["exact"]),
        (["--precision", "float64"], ["float64"]),
        (["--engine", "numpy"], ["float64", "exact", "steps"]),
        (["--engine", "moments"], ["float64", "exact"]),
        (["--engine", "numpy", "--batch-size", "8", "--iterations", "7"], ["float64", "exact", "steps"]),
    ],
)
def test_a_plan_counts_the_passes_of_every_way(options, ways, large):
    told = plan("large.parquet", "--target", "y", *options, cwd=large)
    assert [one["arithmetic"] for one in told["passes"]] == ways
    assert told["passes"][-1]["times"] == (7 if "7" in options else 1)
    in_memory = plan("large.parquet", "--target", "y", "--engine", "moments", cwd=large)["memory"]
    if options == ["--engine", "numpy"]:
        assert told["memory"] > in_memory + 8 * 3 * ROWS - 50e6


def with_room_for(size):
    """What makes a machine of one with so many bytes."""
    return f"from gradline.moments import room; room.available = lambda: {size}"


def test_sums_that_cannot_be_held_are_a_sentence_before_rows_are_read(tmp_path):
    columns = {f"c{j}": [0.0, 1.0] for j in range(3000)}
    pq.write_table(pa.table({**columns, "y": [1.0, 2.0]}), tmp_path / "wide.parquet")
    exact_fit = ("fit", "wide.parquet", "--target", "y", "--precision", "exact")
    done = gradline(*exact_fit, cwd=tmp_path, first=with_room_for(10**9))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the exact sums of 3,000 columns need about 9.01 GB of memory, but 1 GB are")
    assert "--engine nn descends without them" in done.stderr


def thirty_rows(columns, folder):
    """Of so many columns, and the folder they are in."""
    numbers = np.random.default_rng(0).normal(size=(30, columns + 1))
    names = [*(f"c{j}" for j in range(columns)), "y"]
    pq.write_table(pa.table(dict(zip(names, numbers.T, strict=True))), folder / "wide.parquet")
    return folder


def planned(room, options, cwd):
    """The plan on a machine with so many bytes."""
    done = gradline("fit", "wide.parquet", "--target", "y", "--plan", *options, cwd=cwd, first=with_room_for(room))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_plan_says_at_its_end_that_there_is_no_room_for_the_sums(tmp_path):
    wide, little = thirty_rows(600, tmp_path), 3 * 10**8
    for options in ([], ["--precision", "exact"]):  # so few rows leave no digit certain: exact ones will be needed
        told = " ".join(planned(little, options, wide).split())
        assert told.endswith("but the exact sums of 600 columns need about 361 MB of memory, but 300 MB are available")
    assert "but " not in planned(little, ["--precision", "float64"], wide)
    enough = " ".join(planned(10**11, [], wide).split())
    assert "but " not in enough
    assert "1 exact: sums without rounding, as there are no more rows than columns" in enough


def test_a_plan_of_a_wide_descent_speaks_of_no_sums(tmp_path):
    told = planned(2 * 10**9, ["--engine", "nn"], thirty_rows(2100, tmp_path))
    assert "2,100 columns: none over pairs of them" in told
    assert "but " not in told


# Tab


def offered(shell, words, cwd):
    """What the shell's own question is answered."""
    line = " ".join(words)
    asked = {"_GRADLINE_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        asked |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    else:
        asked |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = gradline(cwd=cwd, env=asked, as_script=True)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def houses(tmp_path):
    (tmp_path / "houses.csv").write_text("price,sqft,rooms,year built,sold\n1,2,3,4,5\n2,3,5,6,1\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 but no more")
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gradline", "fit", "houses.csv", "--target", "p"], ["price"]),
        (["gradline", "fit", "houses.csv", "--target", "s"], ["sqft", "sold"]),
        (["gradline", "fit", "houses.csv", "--target", "price", "--features", "sqft,"], ["sqft,rooms", "sqft,sold"]),
        (["gradline", "fit", "houses.csv", "--engine", "n"], ["numpy", "nn"]),
        (["gradline", "fit", "houses.csv", "--precision", "e"], ["exact"]),
        (["gradline", "fit", "houses.csv", "--missing", "d"], ["drop"]),
        (["gradline", "su"], ["summary", "subtract"]),
    ],
)
def test_tab_offers_columns_and_choices(shell, words, expected, houses):
    item = r'(?:^|\()"([\w,]+)"' if shell == "zsh" else r"^([\w,]+)(?=\t|$)"
    found = re.findall(item, offered(shell, words, houses), re.M)
    assert found == expected


@pytest.mark.parametrize("source", ["nowhere.csv", "broken.parquet", ".", "-", "s3://bucket/x.csv", "*.csv"])
def test_tab_is_silent_where_there_is_nothing_to_offer(source, houses):
    assert offered("bash", ["gradline", "fit", source, "--target", "p"], houses).strip() == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed(shell):
    done = gradline(env={"_GRADLINE_COMPLETE": f"source_{shell}"}, as_script=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_GRADLINE_COMPLETE" in done.stdout
