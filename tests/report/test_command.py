"""`fit --report` and `fit --plot` as commands: where they may write, and that nothing of theirs takes the fit along."""

import errno
import json
import os
import re
import shlex
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from gradline.cli import main, places, saving
from gradline.cli.app import app
from gradline.cli.command_line import command_of
from gradline.cli.fitted import Fitted
from gradline.cli.places import Places
from gradline.data.written import whole_file
from gradline.errors import DataError
from gradline.model_file import read_model
from gradline.report import progress
from tests.command import gradline
from tests.report.conftest import fit, skewed, table

LINE = skewed(300)


@pytest.fixture(scope="module")
def line(written):
    return written(LINE)


def test_the_fit_is_printed_as_without_a_report(line, tmp_path):
    report, plot = tmp_path / "r.html", tmp_path / "fit.svg"
    pytest.importorskip("matplotlib")
    plain = fit(line, "--target", "y")
    assert fit(line, "--target", "y", "--report", report, "--plot", plot) == plain
    assert report.read_text().startswith("<!doctype html>")
    assert plot.read_bytes().startswith(b"<?xml")
    told = json.loads(fit(line, "--target", "y", "--json", "--report", report))
    diagnosis = told.pop("diagnosis")
    assert told == json.loads(fit(line, "--target", "y", "--json"))
    assert diagnosis["rows"] == 300
    assert diagnosis["checks"]["influence"]["sign"]


def test_equal_fits_give_equal_files(line, tmp_path):
    pytest.importorskip("matplotlib")
    first, again = {}, {}
    for plot in ("fit.png", "fit.svg", "fit.pdf"):
        places = ["--plot", tmp_path / plot, *(["--report", tmp_path / "r.html"] if plot == "fit.png" else [])]
        for found in (first, again):
            fit(line, "--target", "y", *places)
            found |= {path.name: path.read_bytes() for path in tmp_path.iterdir()}
            for path in tmp_path.iterdir():
                path.unlink()
    assert len(first) == 4
    assert first == again


@pytest.mark.parametrize("option", ["--report", "--plot"])
def test_places_are_refused_before_a_row_is_read(option, tmp_path):
    """The table is not even there: that is not what is complained of."""
    suffix = ".html" if option == "--report" else ".png"
    for place, why in (
        (f"s3://key:secret@bucket/r{suffix}", "is a URL, expected a file"),
        (tmp_path / "nowhere" / f"r{suffix}", "there is no folder"),
        (tmp_path, "it is a folder"),
        ("/dev/null", "it is no ordinary file"),
        (tmp_path / f"{'x' * 300}{suffix}", "cannot be written"),
    ):
        with pytest.raises((DataError, typer.BadParameter)) as refused:
            places.check(Places(**{option[2:]: str(place)}), "absent.csv", None)
        assert why in str(refused.value)
        assert "secret" not in str(refused.value)
    done = gradline("fit", tmp_path / "absent.csv", "--target", "y", option, f"s3://key:secret@bucket/r{suffix}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "secret" not in done.stderr
    assert "is a URL" in done.stderr


def test_a_folder_that_takes_no_files_is_refused(tmp_path):
    if os.geteuid() == 0:
        place = "/proc/r.html"  # to root too
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        place = str(tmp_path / "locked" / "r.html")
    with pytest.raises(DataError, match="cannot be written"):
        places.check(Places(report=place), "absent.csv", None)


def test_what_is_read_or_written_already_is_not_written_over(line):
    for report, plot, save, why in (
        (str(line), None, None, "is the table that is read"),
        (None, str(line), None, "is the table that is read"),
        ("fit.png", "fit.png", None, "is the file of --report"),
        ("m.json", None, "m.json", "is the file of --save"),
    ):
        with pytest.raises(typer.BadParameter, match=why):
            places.check(Places(report, plot), str(line), save)


@pytest.mark.parametrize("name", ["r.pdf", "r", "r.html.txt"])
def test_a_page_needs_a_suffix_that_a_browser_takes(name, line, tmp_path):
    for command in (["fit", line, "--target", "y", "--report"], ["lab", "-o"]):
        done = gradline(*command, name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.search(rf"^error: {name} .*, expected \.html or \.htm\nhint: for example \w+\.html$", done.stderr)
    assert not (tmp_path / name).exists()
    places.check(Places(report=str(tmp_path / "R.HTM")), str(line), None)


def test_what_is_written_to_a_file_is_not_written_to_stdout(line, tmp_path):
    for option in ("--report", "--save", "--checkpoint"):
        done = gradline("fit", line, "--target", "y", option, "-", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{option}: '-' would be standard output, expected a file" in " ".join(done.stderr.split())
    for command in (["lab"], ["merge", "a.json", "b.json"], ["subtract", "a.json", "b.json"]):
        assert "'-' would be standard output" in gradline(*command, "-o", "-", cwd=tmp_path).stderr
    assert list(tmp_path.glob("-")) == []


def test_a_figure_needs_a_suffix_that_can_be_drawn_and_matplotlib(line, tmp_path, monkeypatch):
    done = gradline("fit", line, "--target", "y", "--plot", tmp_path / "fit.jpeg")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ends in '.jpeg', expected .png, .svg or .pdf" in done.stderr
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="--plot needs the extra 'plots'") as missing:
        places.check(Places(plot=str(tmp_path / "fit.png")), str(line), None)
    assert missing.value.hint == "pip install 'gradline[plots]'"


@pytest.mark.parametrize("as_json", [False, True])
def test_rows_that_can_be_read_once_have_a_page_without_the_panels_that_need_them(line, tmp_path, as_json):
    pytest.importorskip("matplotlib")
    report, plot = tmp_path / "r.html", tmp_path / "fit.svg"
    options = ["--target", "y", "--report", report, "--plot", plot, *(["--json"] if as_json else [])]
    done = gradline("fit", "-", *options, stdin=line)
    assert done.returncode == 0
    once = "standard input can be read only once"
    assert f"warning: {once}: --report and --plot will leave out what needs the rows again" in done.stderr
    page = report.read_text()
    assert f"Five of the six look at rows. Left out: {once}." in page
    assert page.count('class="panel"') == 1
    assert "Left out: standard input" in page  # the lab
    assert once in plot.read_text()
    if as_json:
        assert json.loads(done.stdout)["diagnosis"] is None
    else:
        assert done.stdout.startswith("y on 1 feature of standard input (300 rows)")


@pytest.mark.parametrize("as_json", [False, True])
def test_rows_that_change_between_the_passes_do_not_take_the_fit_along(written, tmp_path, as_json, monkeypatch, capsys):
    path, report = written(table(50, 1)), tmp_path / "r.html"
    look = Fitted.second_look

    def changed(fitted, **asked):
        path.write_text(path.read_text() + "1.0,2.0\n")
        return look(fitted, **asked)

    monkeypatch.setattr(Fitted, "second_look", changed)
    monkeypatch.setattr(sys, "argv", ["gradline", "fit", str(path), "--target", "y", "--report", str(report)])
    monkeypatch.setattr(sys, "argv", sys.argv + ["--json"] * as_json)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    out, told = capsys.readouterr()
    assert re.search("error: .*table.csv ha(s|ve) changed since", told)
    if as_json:
        assert json.loads(out)["diagnosis"] is None
    else:
        assert out.startswith("y on 1 feature of table.csv (50 rows)")
    assert re.search("Left out: reading them again failed, as .*table.csv ha(s|ve) changed since", report.read_text())


def test_a_full_disk_does_not_take_the_fit_along(line, tmp_path, monkeypatch):
    """What was there stays, and the other file is written all the same."""
    pytest.importorskip("matplotlib")
    report, plot = tmp_path / "r.html", tmp_path / "fit.png"
    report.write_text("before")
    sync = os.fsync

    def full(descriptor):
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(f".html.{os.getpid()}.tmp"):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(whole_file.os, "fsync", full)
    arguments = ["fit", str(line), "--target", "y", "--report", str(report), "--plot", str(plot)]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, DataError)
    assert done.exception.message == f"{report} cannot be written: No space left on device"
    assert done.stdout.startswith("y on 1 feature of table.csv (300 rows)")
    assert report.read_text() == "before"
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert sorted(os.listdir(tmp_path)) == ["fit.png", "r.html"]


def test_an_interrupted_second_pass_does_not_take_the_fit_along(line, tmp_path, monkeypatch):
    def interrupted(fitted, **asked):
        raise KeyboardInterrupt

    monkeypatch.setattr(Fitted, "second_look", interrupted)
    report = tmp_path / "r.html"
    for more in ([], ["--json"]):
        done = CliRunner().invoke(app, ["fit", str(line), "--target", "y", "--report", str(report), *more])
        assert done.exit_code == 130
        assert "300" in done.stdout
        assert "interrupted while the rows were read again: --report not written" in done.stderr
        assert not report.exists()


def test_a_second_pass_tells_its_progress(line, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "SHORT_PASS", -1.0)
    monkeypatch.setattr(progress, "BETWEEN_LINES", -1.0)
    done = CliRunner().invoke(app, ["fit", str(line), "--target", "y", "--report", str(tmp_path / "r.html")])
    assert "reading again: 300 rows" in done.stderr


def test_the_page_says_how_to_get_it_again(line, tmp_path):
    """The command, and the fingerprint that the model file has."""
    report, model = tmp_path / "r.html", tmp_path / "m.json"
    fit(line, "--target", "y", "--report", report, "--save", model, "--precision", "exact")
    page = report.read_text()
    assert f"gradline fit {line} --target y --precision exact --save {model} --report {report}" in page
    assert read_model(model).statistics_sha256 in page
    assert "gradline 0.1.0, numpy" in page


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["s3://key:secret@bucket/t.parquet?token=t", "--target", "y", "--report", "r.html"],
            "gradline fit s3://bucket/t.parquet --target y --report r.html",
        ),
        (
            ["postgresql://anna:secret@db/houses", "--query", "SELECT a, b FROM t", "--target", "b", "--no-intercept"],
            "gradline fit postgresql://db/houses --target b --query 'SELECT a, b FROM t' --no-intercept",
        ),
        (
            ["t.csv", "--formula", "y ~ a:b + C(c)", "--reference", "c=x", "--reference", "d=z", "--engine", "nn"],
            "gradline fit t.csv --formula 'y ~ a:b + C(c)' --reference c=x --reference d=z --engine nn",
        ),
        (["--target", "y", "--", "-t.csv"], "gradline fit ./-t.csv --target y"),
        (["-", "--target", "y"], "gradline fit - --target y"),
    ],
)
def test_the_command_is_as_it_was_given_but_for_credentials(words, expected):
    command = typer.main.get_command(app).commands["fit"]
    with command.make_context("fit", words) as ctx:
        assert command_of(ctx) == expected
    with command.make_context("fit", shlex.split(expected)[2:]) as again:  # as a shell hands it over
        assert command_of(again) == expected


def test_a_failed_model_file_and_a_report_are_both_told(line, tmp_path, monkeypatch):
    def unsaved(*_, **__):
        raise DataError("the model m.json cannot be written: No space left on device")

    monkeypatch.setattr(saving, "save", unsaved)
    report = tmp_path / "r.html"
    arguments = ["fit", str(line), "--target", "y", "--report", str(report), "--save", str(tmp_path / "m.json")]
    done = CliRunner().invoke(app, arguments)
    assert "the model m.json cannot be written" in str(done.exception)
    assert report.exists()


def test_an_interrupted_descent_is_not_read_again(line, tmp_path):
    from gradline.data.source import open_source
    from gradline.descent.fit import fit as descend
    from gradline.descent.options import Options
    from gradline.report.made import Made
    from gradline.report.second_look import look_again

    def interrupt(history):
        raise KeyboardInterrupt

    source = open_source(line, target="y")
    descent = descend(source, Options(learning_rate=1e-4), np.random.default_rng(0), interrupt)
    made = Made.by_descent(descent, engine="numpy", fit_intercept=True)
    assert look_again(made, source) == "the descent was interrupted"


def test_a_column_beyond_squares_has_its_sd_and_a_note_and_takes_no_page_along(written, tmp_path):
    """The figures are those of the same column in another unit."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 60))
    y = 2.0 * x + z + rng.normal(size=60)
    page = tmp_path / "r.html"
    said = fit(written({"x": x * 1e-200, "z": z, "y": y}), "--target", "y", "--details", "--diagnose", "--report", page)
    told = " ".join(said.split())
    sd, effect = re.search(r"one sd its effect .*? x (\d\.\d+e-2\d\d) (\d\.\d+) ", told).groups()
    slope = np.linalg.lstsq(np.column_stack([np.ones(60), x, z]), y, rcond=None)[0][1]
    assert float(sd) == pytest.approx(1e-200 * x.std(ddof=1), rel=1e-4)
    assert float(effect) == pytest.approx(slope * x.std(ddof=1), rel=1e-4)
    assert re.search(r"Squares of 'x' \(sd \d\.\de-20\d\) leave the range of float64", told)
    assert "those of column &#x27;x&#x27; (sd 9e-201) leave the range of float64" in page.read_text(encoding="utf-8")
