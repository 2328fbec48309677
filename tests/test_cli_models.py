"""Commands on saved models, in processes of their own: what they print, write, refuse, and leave alone."""

import importlib.util
import io
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow.csv as pa_csv
import pytest

from gradline import ExactMoments, LinearRegression, load, open_source
from gradline.data.readers.opening import opened
from gradline.errors import CollinearityWarning
from tests.command import gradline, in_fresh_process


def rows(n=50, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(10, 3, (n, 2)), columns=["sqft", "rooms"])
    return frame.assign(price=3 * frame.sqft - frame.rooms + rng.normal(size=n))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    months = {"jan": rows(50, 1), "feb": rows(70, 2)}
    months["both"] = pd.concat(months.values())
    for name, frame in months.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        # Saved here, as `fit --save` is tested by itself: a process each would take seconds.
        source = open_source(folder / f"{name}.csv", target="price")
        LinearRegression(precision="exact").fit(source).save(folder / f"{name}.json")
    return folder


@pytest.fixture
def folder(models, tmp_path):
    """A copy of them for each test."""
    return shutil.copytree(models, tmp_path, dirs_exist_ok=True)


def run(folder, *arguments):
    return gradline(*arguments, cwd=folder)


def refused(done, said, code=1):
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    if code == 1:
        sentence, hint = done.stderr.rstrip("\n").split("\n")
        assert sentence.startswith("error: ")
        assert hint.startswith("hint: ")
        assert said in sentence
    else:
        assert said in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("options", [[], ["--precision", "exact"], ["--no-intercept"]])
def test_a_fit_saved_by_the_command_is_that_of_python(options, folder):
    done = run(folder, "fit", "jan.csv", "--target", "price", "--save", "m.json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    estimator = LinearRegression(
        precision="exact" if "exact" in options else "auto", fit_intercept="--no-intercept" not in options
    )
    estimator.fit(open_source(folder / "jan.csv", target="price")).save(folder / "python.json")
    assert (folder / "m.json").read_bytes() == (folder / "python.json").read_bytes()
    assert run(folder, "summary", "m.json").stdout == done.stdout == f"{estimator.summary()}\n"


def test_a_summary_as_json_is_that_of_the_fit(folder):
    shown = json.loads(run(folder, "summary", "jan.json", "--json").stdout)
    assert shown == load(folder / "jan.json").summary().as_dict()


def test_only_the_exact_way_has_a_model_file(folder):
    done = run(folder, "fit", "jan.csv", "--target", "price", "--engine", "numpy", "--save", "m.json")
    refused(done, "only the exact way has a model file", code=2)
    assert not (folder / "m.json").exists()


def test_a_place_for_no_file_is_refused_before_the_fit(folder):
    done = run(folder, "fit", "jan.csv", "--target", "price", "--save", "none/m.json")
    refused(done, "the model none/m.json cannot be written: there is no folder")


def test_predictions_are_those_of_python_row_by_row(folder):
    frame = rows(30, 3)
    frame[["price", "rooms", "sqft"]].assign(note="text").to_csv(folder / "other.csv", index=False)
    done = run(folder, "predict", "both.json", "other.csv", "--interval", 0.9)
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head == "prediction,lower,upper"
    found = np.array([list(map(float, line.split(","))) for line in lines])
    model, X = load(folder / "both.json"), frame[["sqft", "rooms"]]
    # A product of a row and the coefficients may be added up in another order where there are other rows beside it.
    np.testing.assert_allclose(found[:, 0], model.predict(X), rtol=1e-14)
    np.testing.assert_allclose(found[:, 1:], model.predict_interval(X, confidence=0.9), rtol=1e-13)


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_predictions_go_to_a_file(name, folder):
    rows().drop(columns="price").to_parquet(folder / "new.parquet")
    done = run(folder, "predict", "jan.json", "new.parquet", "-o", name, "--interval", 0.95)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = pd.read_csv(folder / name) if name.endswith("csv") else pd.read_parquet(folder / name)
    assert list(found) == ["prediction", "lower", "upper"]
    model = load(folder / "jan.json")
    np.testing.assert_allclose(found["prediction"], model.predict(rows()[["sqft", "rooms"]]), rtol=1e-14)


def test_a_million_rows_keep_their_order(folder):
    sqft = np.arange(300_000.0)
    pd.DataFrame({"rooms": 0.0, "sqft": sqft}).to_csv(folder / "long.csv", index=False)
    done = run(folder, "predict", "jan.json", "long.csv", "-o", "p.parquet")
    assert done.returncode == 0
    model = load(folder / "jan.json")
    found = pd.read_parquet(folder / "p.parquet")["prediction"]
    np.testing.assert_allclose(found, sqft * model.coef_[0] + model.intercept_, rtol=1e-13, atol=1e-13)


def test_a_polynomial_is_predicted(folder):
    x = np.linspace(-2, 3, 20)
    pd.DataFrame({"x": x, "y": np.sin(x)}).to_csv(folder / "sin.csv", index=False)
    model = LinearRegression(polynomial=3).fit(open_source(folder / "sin.csv", target="y"))
    model.save(folder / "m.json")
    lines = run(folder, "predict", "m.json", "sin.csv", "--interval", 0.95).stdout.splitlines()[1:]
    found = np.array([list(map(float, line.split(","))) for line in lines])
    frame = pd.DataFrame({"x": x})
    np.testing.assert_array_equal(found[:, 0], model.predict(frame))
    np.testing.assert_allclose(found[:, 1:], model.predict_interval(frame), rtol=1e-12)


def test_missing_columns_are_all_named(folder):
    (folder / "t.csv").write_text("a,b\n1,2\n")
    refused(run(folder, "predict", "jan.json", "t.csv"), "t.csv has no columns ['sqft', 'rooms']; it has ['a', 'b']")
    (folder / "t.csv").write_text("sqft,room\n1,2\n")
    done = run(folder, "predict", "jan.json", "t.csv")
    refused(done, "no column 'rooms' in t.csv")
    assert "did you mean 'room'?" in done.stderr


def test_a_cell_that_cannot_be_used_is_an_error_and_writes_nothing(folder):
    (folder / "p.csv").write_text("here before\n")
    for cell, said in (("", "has 1 missing (NaN) cell, the first in row 2"), ("many", "'many' in row 2")):
        (folder / "t.csv").write_text(f"sqft,rooms\n1,2\n1,{cell}\n3,4\n")
        done = run(folder, "predict", "jan.json", "t.csv", "-o", "p.csv")
        assert done.returncode == 1
        assert said in done.stderr
        assert (folder / "p.csv").read_text() == "here before\n"
        assert run(folder, "predict", "jan.json", "t.csv").stdout == ""  # no header over nothing
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


def test_a_blank_cell_may_leave_a_blank_prediction(folder):
    (folder / "t.csv").write_text("sqft,rooms\n1,2\n1,\n3,4\n")
    done = run(folder, "predict", "jan.json", "t.csv", "--missing", "blank", "--interval", 0.5)
    assert done.returncode == 0
    assert done.stdout.splitlines()[2] == ",,"
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == "warning: 1 row has empty cells, and no prediction\n"


def test_a_blank_prediction_alone_in_its_line_keeps_its_place(folder):
    (folder / "t.csv").write_text("sqft,rooms\n1,2\n1,\n3,4\n,\n")
    done = run(folder, "predict", "jan.json", "t.csv", "--missing", "blank", "-o", "p.csv")
    assert done.returncode == 0
    assert (folder / "p.csv").read_text().splitlines()[2::2] == ['""', '""']
    read = {
        "pandas": pd.read_csv(folder / "p.csv")["prediction"],
        "pyarrow": pa_csv.read_csv(folder / "p.csv")["prediction"].to_pylist(),
        "gradline": [row for block in opened(folder / "p.csv").read(["prediction"], 10, []) for row in block[0]],
    }
    if importlib.util.find_spec("polars"):
        import polars as pl

        # Left to itself polars takes the column for text, every row in its place.
        assert len(pl.read_csv(folder / "p.csv")) == 4
        told = pl.read_csv(folder / "p.csv", schema_overrides={"prediction": pl.Float64})
        read["polars"] = told["prediction"].to_list()
    for values in read.values():
        assert list(pd.isna(pd.Series(list(values), dtype="object"))) == [False, True, False, True]


def test_predictions_as_json_are_an_object_a_row(folder):
    (folder / "t.csv").write_text("sqft,rooms\n1,2\n1,\n3,4\n")
    arguments = ["predict", "jan.json", "t.csv", "--missing", "blank", "--interval", 0.9]
    table = pd.read_csv(io.StringIO(run(folder, *arguments).stdout))
    lines = [json.loads(line) for line in run(folder, *arguments, "--json").stdout.splitlines()]
    assert lines[1] == {"prediction": None, "lower": None, "upper": None}
    for row in (0, 2):
        assert lines[row] == table.loc[row].to_dict()
    done = run(folder, *arguments, "--json", "-o", "p.parquet")
    assert json.loads(done.stdout) == {"output": "p.parquet", "rows": 3, "blank": 1}
    assert len(pd.read_parquet(folder / "p.parquet")) == 3


def test_a_hint_names_the_option(folder):
    (folder / "t.csv").write_text("sqft,rooms\n1,\n")
    assert "--missing blank" in run(folder, "predict", "jan.json", "t.csv").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "jan.json", "jan.csv", "--interval", "95"], "95.0 is not between 0 and 1"),
        (["predict", "jan.json", "jan.csv", "-o", "p.xlsx"], "ends neither in .csv nor in .parquet"),
        (["merge", "jan.json", "-o", "m.json"], "one model is not enough"),
        (["compare", "jan.json"], "one model is not enough"),
        (["merge", "jan.json", "feb.json"], "Missing option"),
    ],
)
def test_usage(arguments, said, folder):
    refused(run(folder, *arguments), said, code=2)


def test_merged_and_subtracted_models_are_those_of_the_rows_to_the_bit(folder):
    assert run(folder, "merge", "jan.json", "feb.json", "-o", "merged.json").returncode == 0
    assert run(folder, "merge", "feb.json", "jan.json", "-o", "turned.json").returncode == 0
    assert run(folder, "subtract", "merged.json", "jan.json", "-o", "left.json").returncode == 0
    for ours, theirs in (("merged", "both"), ("turned", "both"), ("left", "feb")):
        ours, theirs = (json.loads((folder / f"{name}.json").read_text()) for name in (ours, theirs))
        for key in ("moments", "coefficients", "standard_errors", "covariance", "certificate", "terms"):
            assert ours[key] == theirs[key]
        assert ours["provenance"]["statistics_sha256"] == theirs["provenance"]["statistics_sha256"]
    assert load(folder / "merged.json").moments_ == ExactMoments.of(
        *(lambda t: (t[["sqft", "rooms"]].to_numpy(), t["price"].to_numpy()))(pd.read_csv(folder / "both.csv"))
    )
    report = run(folder, "summary", "left.json").stdout
    assert report.startswith("price on 2 features of jan.csv + feb.csv without jan.csv (70 rows)")


def test_what_was_merged_and_subtracted_is_told_as_json(folder):
    told = json.loads(run(folder, "merge", "jan.json", "feb.json", "-o", "m.json", "--json").stdout)
    digits = load(folder / "m.json").summary().as_dict()["digits"]
    sources = ["jan.csv", "feb.csv"]
    assert told == {"output": "m.json", "rows": 120, "rows_dropped": 0, "sources": sources, "digits": digits}
    told = json.loads(run(folder, "subtract", "m.json", "jan.json", "-o", "left.json", "--json").stdout)
    assert (told["output"], told["rows"]) == ("left.json", 70)
    assert told["sources"] == ["jan.csv + feb.csv", "jan.csv"]


def test_rows_that_are_merged_twice_are_told(folder):
    (folder / "again.json").write_bytes((folder / "jan.json").read_bytes())
    done = run(folder, "merge", "jan.json", "feb.json", "again.json", "-o", "m.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "warning: jan.json and again.json are of equal rows: all count twice\n"
    assert run(folder, "merge", "jan.json", "feb.json", "-o", "m.json").stderr == ""


@pytest.mark.parametrize("command", ["merge", "subtract"])
@pytest.mark.parametrize("place", ["both.json", "jan.json"])
def test_a_model_that_is_read_is_never_written_over(command, place, folder):
    before = (folder / place).read_bytes()
    refused(run(folder, command, "both.json", "jan.json", "-o", f"./{place}"), "would be overwritten", code=2)
    assert (folder / place).read_bytes() == before


def saved(folder, frame, name="other.json", target="price", **options):
    options = {"precision": "exact", **options}
    LinearRegression(**options).fit(open_source(frame, target=target)).save(folder / name)


@pytest.mark.parametrize("command", ["merge", "subtract"])
@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda t: t.rename(columns={"rooms": "floors"}), {}, "features is ['sqft', 'rooms'] in one"),
        (lambda t: t[["rooms", "sqft", "price"]], {}, "['rooms', 'sqft'] in the other"),
        (lambda t: t.rename(columns={"price": "rent"}), {"target": "rent"}, "target is 'price' in one"),
        (lambda t: t, {"fit_intercept": False}, "fit_intercept is True in one, False in the other"),
        (lambda t: t, {"precision": "float64"}, "keeps float64 sums"),
    ],
)
def test_models_that_do_not_go_together_say_why(command, change, options, said, folder):
    saved(folder, change(rows()), **options)
    done = run(folder, command, "jan.json", "other.json", "-o", "m.json")
    refused(done, said)
    named = "other.json keeps" if said.startswith("keeps") else "jan.json and other.json do not go together"
    assert done.stderr.startswith(f"error: {named}")
    assert not (folder / "m.json").exists()


def test_of_many_models_the_file_at_fault_is_named(folder):
    saved(folder, rows(), precision="float64")
    saved(folder, rows().assign(rooms=["few", "many"] * 25), name="words.json")
    refused(
        run(folder, "merge", "jan.json", "feb.json", "other.json", "-o", "m.json"), "error: other.json keeps float64"
    )
    refused(run(folder, "merge", "other.json", "feb.json", "-o", "m.json"), "error: other.json keeps float64")
    refused(
        run(folder, "merge", "jan.json", "feb.json", "words.json", "-o", "m.json"), "error: jan.json and words.json"
    )


def test_rows_that_were_never_there_are_not_subtracted(folder):
    refused(run(folder, "subtract", "jan.json", "feb.json", "-o", "m.json"), "were never in it")
    refused(run(folder, "subtract", "jan.json", "jan.json", "-o", "m.json"), "no rows are left")


def test_a_damaged_model_is_one_sentence_in_every_command(folder):
    (folder / "bad.json").write_bytes((folder / "jan.json").read_bytes()[:-40])
    for arguments in (
        ["predict", "bad.json", "jan.csv"],
        ["summary", "bad.json"],
        ["merge", "jan.json", "bad.json", "-o", "m.json"],
        ["subtract", "bad.json", "jan.json", "-o", "m.json"],
        ["compare", "jan.json", "bad.json"],
    ):
        refused(run(folder, *arguments), "the model bad.json is damaged")


def test_models_side_by_side(folder):
    saved(folder, rows().drop(columns="rooms"), "short.json")
    shown = run(folder, "compare", "jan.json", "short.json").stdout.splitlines()
    jan, short = (load(folder / name).summary().as_dict() for name in ("jan.json", "short.json"))
    assert shown[0].split() == ["jan.json", "short.json"]
    cells = {line.split()[0]: line.split()[1:] for line in shown if line}
    assert [float(cell) for cell in cells["sqft"]] == pytest.approx([jan["coef"]["sqft"], short["coef"]["sqft"]], 1e-6)
    below = shown[[line.split()[:1] == ["rooms"] for line in shown].index(True) + 1].split()
    assert below == [f"({jan['standard_error']['rooms']:.4g})"]
    assert cells["rows"] == ["50", "50"]


def test_dropped_rows_and_weights_are_compared_where_there_are_any(folder):
    shown = run(folder, "compare", "jan.json", "feb.json").stdout
    assert "dropped" not in shown
    assert "weight" not in shown
    frame = rows().assign(w=2.0)
    frame.loc[[3, 7], "rooms"] = np.nan
    frame.to_csv(folder / "holes.csv", index=False)
    source = open_source(folder / "holes.csv", target="price", weight="w", missing="drop", weights="frequency")
    LinearRegression(precision="exact").fit(source).save(folder / "holes.json")
    lines = [line.split("  ") for line in run(folder, "compare", "jan.json", "holes.json").stdout.splitlines()]
    cells = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert cells["rows dropped"] == ["-", "2"]
    assert cells["weight"] == ["-", "w"]
    assert cells["weights"] == ["-", "frequency"]


def test_that_an_aic_leaves_out_the_weights_is_said_wherever_it_is_shown(folder):
    frame = rows().assign(w=np.linspace(0.5, 2.0, len(rows())))
    frame.to_csv(folder / "weighted.csv", index=False)
    LinearRegression().fit(open_source(folder / "weighted.csv", target="price", weight="w")).save(folder / "w.json")
    for command in (["summary", "w.json"], ["compare", "jan.json", "w.json"]):
        shown = " ".join(run(folder, *command).stdout.split())
        assert "Weighted by w, analytically: log-likelihood, AIC and BIC without log w." in shown
        assert shown.count("without log w") == 1


def test_compared_fits_tell_for_which_columns_rows_were_dropped(folder):
    frame = rows()
    frame.loc[[3, 7], "rooms"] = np.nan
    frame.loc[7, "sqft"] = np.inf
    frame.to_csv(folder / "holes.csv", index=False)
    LinearRegression().fit(open_source(folder / "holes.csv", target="price", missing="drop")).save(folder / "h.json")
    shown = run(folder, "compare", "jan.json", "h.json").stdout
    told = " ".join(run(folder, "summary", "h.json").stdout.split())
    sentence = "2 rows dropped, for a missing or infinite cell of sqft in 1, rooms in 2."
    assert shown.count("rows dropped, for") == 1
    assert f"h.json: {sentence}" in " ".join(shown.split())
    assert sentence in told
    models = json.loads(run(folder, "compare", "jan.json", "h.json", "--json").stdout)["models"]
    assert [one["dropped"] for one in models] == [{}, {"sqft": 1, "rooms": 2}]


def test_models_side_by_side_as_json(folder):
    shown = json.loads(run(folder, "compare", "jan.json", "feb.json", "--json").stdout)["models"]
    assert [one.pop("model") for one in shown] == ["jan.json", "feb.json"]
    assert [one["target"] for one in shown] == ["price", "price"]
    assert shown == [load(folder / name).summary().as_dict() for name in ("jan.json", "feb.json")]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("predict jan.json long.csv", 2),
        ("predict jan.json long.csv --json", 2),
        ("summary jan.json", 0),
        ("fit jan.csv --target price", 0),
        ("fit jan.csv --target price --json", 0),
    ],
)
def test_a_closed_pipe_is_quiet_and_exits_as_shells_know_it(command, lines, folder):
    if "long.csv" in command:
        pd.DataFrame({"sqft": np.arange(200_000.0), "rooms": 1.0}).to_csv(folder / "long.csv", index=False)
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{shlex.quote(sys.executable)} -m gradline {command} | head -n {lines}; exit ${{PIPESTATUS[0]}}",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == lines
    assert done.returncode == 141  # 128 + SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_a_sentence(folder):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gradline", "predict", "jan.json", "jan.csv"],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["merge", "jan.json", "feb.json", "-o", "old.json"],
        ["predict", "jan.json", "both.csv", "-o", "old.csv"],
        ["predict", "jan.json", "both.csv", "-o", "old.parquet"],
    ],
    ids=["merge", "csv", "parquet"],
)
def test_a_disk_without_room_leaves_what_was_there(arguments, folder):
    """No file may grow beyond 700 bytes: the write fails as on a full disk, whoever asks."""
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700)); "
    limit += "sys.dont_write_bytecode = True"  # what is compiled is a file too, and would be cut off
    old = folder / arguments[-1]
    old.write_text("here before\n")
    done = gradline(*arguments, cwd=folder, first=limit)
    refused(done, "cannot be written: File too large")
    assert old.read_text() == "here before\n"
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_disk_without_room_takes_no_finished_fit_along(options, folder):
    arguments = ["fit", "jan.csv", "--target", "price", *options]
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))}
    # What is compiled is a file too, and would be cut off.
    done = in_fresh_process(*arguments, "--save", "m.json", cwd=folder, env={"PYTHONDONTWRITEBYTECODE": "1"}, **limit)
    assert done.returncode == 1
    assert done.stdout == run(folder, *arguments).stdout
    sentence, hint = done.stderr.rstrip("\n").split("\n")
    assert sentence == "error: the model m.json cannot be written: File too large"
    assert hint.startswith("hint: ")
    assert not (folder / "m.json").exists()
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no folder here where nobody may write")
def test_a_folder_that_takes_no_files_is_refused_before_the_fit(folder):
    (folder / "bad.csv").write_text("x,price\n1,no number\n")
    refused(
        run(folder, "fit", "bad.csv", "--target", "price", "--save", "/proc/m.json"), "/proc/m.json cannot be written"
    )


def test_the_table_that_is_read_is_never_written_over(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2\n2,4\n3,7\n")
    before = table.read_bytes()
    done = gradline("fit", "t.csv", "--target", "y", "--save", "./t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "overwritten" in done.stderr
    assert gradline("fit", "t.csv", "--target", "y", "--save", "m.json", cwd=tmp_path).returncode == 0
    done = gradline("predict", "m.json", "t.csv", "-o", "t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert table.read_bytes() == before
    model = (tmp_path / "m.json").rename(tmp_path / "m.csv")
    before = model.read_bytes()
    done = gradline("predict", "m.csv", "t.csv", "-o", "./m.csv", cwd=tmp_path)
    refused(done, "'./m.csv' is the model that is read: it would be overwritten", code=2)
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "d.csv", "{}", "--target", "y"),
        ("fit", "d.csv", "--engine", "{}", "--target", "y"),
        ("predict", "a.json", "b.csv", "{}"),
        ("{}",),
        ("fit", "--{}"),
    ],
)
def test_no_word_on_wrong_arguments_holds_credentials(arguments, tmp_path):
    secret = "postgresql://anna:s3cret@localhost/houses"
    done = run(tmp_path, *(argument.format(secret) for argument in arguments))
    assert done.returncode == 2
    assert "s3cret" not in done.stdout + done.stderr


def test_predictions_that_rounding_spoils_come_with_a_word(tmp_path):
    rng = np.random.default_rng(1)
    celsius = np.round(rng.normal(15, 8, 200), 1)
    table = pd.DataFrame({"celsius": celsius, "fahrenheit": celsius * 1.8 + 32, "y": 2 + celsius / 2})
    table["y"] += rng.normal(size=200)
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(CollinearityWarning):
        LinearRegression().fit(table[["celsius", "fahrenheit"]], table["y"]).save(tmp_path / "m.json")
    done = gradline("predict", "m.json", "t.csv", "--interval", "0.95", cwd=tmp_path)
    found = np.loadtxt(io.StringIO(done.stdout), delimiter=",", skiprows=1)
    a, b, c = ([Fraction(v) - sum(map(Fraction, table[name])) / 200 for v in table[name]] for name in table)
    aa, ab, bb, ac, bc = (sum(map(Fraction.__mul__, u, v)) for u, v in ((a, a), (a, b), (b, b), (a, c), (b, c)))
    det = aa * bb - ab * ab
    slopes = (bb * ac - ab * bc) / det, (aa * bc - ab * ac) / det
    mean = sum(map(Fraction, table["y"])) / 200
    exact = np.array([float(mean + slopes[0] * u + slopes[1] * v) for u, v in zip(a, b, strict=True)])
    unknown = float(re.search("right to about (.*) only", done.stderr)[1])
    assert 0.01 < np.abs(found[:, 0] - exact).max() < unknown
    assert np.isfinite(found).all()
    assert (found[:, 1] < found[:, 2]).all()
