"""The command line as a person meets it: in a process of its own, its two streams, its exit codes."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

from gradline.cli.telling import escape_what_stdout_lacks, tell_warning
from gradline.errors import DataWarning
from gradline.lessons import demo as lesson
from tests.command import gradline, in_fresh_process

LESSON = """\
Iteration 10: Loss = 11.7393, 'a' = 1.6325
Iteration 20: Loss = 0.7048, 'a' = 1.9099
Iteration 30: Loss = 0.0423, 'a' = 1.9779
Iteration 40: Loss = 0.0025, 'a' = 1.9946
Iteration 50: Loss = 0.0002, 'a' = 1.9987
Iteration 60: Loss = 0.0000, 'a' = 1.9997
Iteration 70: Loss = 0.0000, 'a' = 1.9999
Iteration 80: Loss = 0.0000, 'a' = 2.0000
Iteration 90: Loss = 0.0000, 'a' = 2.0000
Iteration 100: Loss = 0.0000, 'a' = 2.0000
Optimal parameter 'a': 2.0000
"""
SIDE_BY_SIDE = """\
Five points, y = a*x, start a = 0.5, learning rate 0.001 (limit for these data: 0.01524)

 iteration   loss          numpy       autograd    nn          moments
         1   147.6         0.696800    0.696800    0.696800    0.696800
        10   11.7393       1.632473    1.632473    1.632473    1.632473
        20   0.704757      1.909949    1.909949    1.909949    1.909949
        30   0.0423093     1.977936    1.977936    1.977936    1.977936
        40   0.00253999    1.994594    1.994594    1.994594    1.994594
        50   0.000152485   1.998675    1.998675    1.998675    1.998675
        60   9.15428e-06   1.999675    1.999675    1.999675    1.999675
        70   5.49567e-07   1.999920    1.999920    1.999920    1.999920
        80   3.29926e-08   1.999981    1.999981    1.999981    1.999981
        90   1.98067e-09   1.999995    1.999995    1.999995    1.999995
       100   1.18907e-10   1.999999    1.999999    1.999999    1.999999

"""


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(0)
    sqft, rooms = rng.uniform(400, 4000, 60), rng.integers(1, 9, 60)
    price = 150 * sqft + 9000 * rooms + 20_000 + rng.normal(0, 10_000, 60)
    rows = "\n".join(
        f"{p:.2f},{s:.1f},{r},district {i % 3}" for i, (p, s, r) in enumerate(zip(price, sqft, rooms, strict=True))
    )
    (tmp_path / "houses.csv").write_text("price,sqft,rooms,district\n" + rows + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fit", "houses.csv", "--target", "price"], 0),
        (["fit", "house.csv", "--target", "price"], 1),
        (["fit", "houses.csv", "--target", "price", "--iterations", "5"], 2),
        (["fit", "houses.csv", "--target", "price", "--engine", "numpy", "--learning-rate", "1"], 1),
    ],
)
def test_a_forked_command_ends_as_one_in_a_fresh_interpreter(arguments, code, houses):
    """Most tests of commands fork a process that has its imports: see tests/command.py."""
    forked, fresh = gradline(*arguments, cwd=houses), in_fresh_process(*arguments, cwd=houses)
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)
    assert fresh.returncode == code


def test_the_demo_prints_the_lesson_character_for_character():
    for engine in ("numpy", "autograd"):
        done = gradline("demo", "--engine", engine)
        assert (done.stdout, done.stderr, done.returncode) == (LESSON, "", 0)


def test_the_nn_rung_prints_its_own_lines():
    lines = [line.split(", 'a'")[0] for line in LESSON.splitlines()]
    assert gradline("demo", "--engine", "nn").stdout == "\n".join(lines) + "\n"


def test_the_demo_side_by_side():
    done = gradline("demo")
    assert done.returncode == 0
    assert done.stdout.startswith(SIDE_BY_SIDE)
    closing = done.stdout.removeprefix(SIDE_BY_SIDE)
    assert closing.startswith("Largest disagreement: ")
    assert "Closed form sum(xy)/sum(xx) = 2." in closing
    assert "Still to go: 1.2e-06" in closing
    assert "--learning-rate 0.02" in closing
    assert "0.0076219512" in closing


def test_the_demo_as_json():
    demo = json.loads(gradline("demo", "--json").stdout)
    assert list(demo["engines"]) == ["numpy", "autograd", "nn", "moments"]
    for run in demo["engines"].values():
        assert len(run["loss"]) == len(run["a"]) == 100
        assert run["loss"][0] == pytest.approx(147.6)
        assert run["a"][0] == pytest.approx(0.6968)
    assert demo["largest_disagreement"] <= 1e-12
    assert demo["closed_form"] == 2.0
    assert demo["max_learning_rate"] == pytest.approx(2 / 131.2)


def test_a_diverging_demo_is_shown_and_explained():
    done = gradline("demo", "--learning-rate", 0.02)
    assert done.returncode == 1
    assert done.stderr == (
        "Stopped at iteration 16: the loss is 2,000,000 times its start; every step multiplies the error by -1.624.\n"
        "hint: these data allow at most 0.01524; 0.00762 lands in one step.\n"
    )
    assert "-189.404" in done.stdout
    lines = gradline("demo", "--engine", "numpy", "--learning-rate", 0.02).stdout
    assert lines == "Iteration 10: Loss = 911244.2602, 'a' = -189.4042\n"


@pytest.mark.parametrize("rate", ["1e155", "1e300", "1e308"])
def test_a_demo_that_leaves_float64_is_told_all_the_same(rate):
    engine = ["--engine", "numpy"] if rate == "1e300" else []
    result = gradline("demo", "--json", "--learning-rate", rate, *engine)
    assert result.returncode == 1
    assert re.fullmatch(
        r"Stopped at iteration 2: the loss is inf; every step multiplies the error by "
        r"(-1\.312e\+\d+|more than float64 holds)\.\nhint: these data allow at most 0\.01524; .*\n",
        result.stderr,
    )
    shown = json.loads(result.stdout)
    a = float(rate) * 2 * 65.6 * 1.5  # the gradient at 0.5: 2 mean(x^2) (0.5 - 2)
    for run in shown["engines"].values():
        assert run["loss"] == [pytest.approx(147.6), None]
        assert run["a"] == [None if rate == "1e308" else pytest.approx(a), None]
    assert shown["largest_disagreement"] is None if rate == "1e308" else shown["largest_disagreement"] < 1e-15
    beside = gradline("demo", "--learning-rate", rate)
    assert beside.stderr == result.stderr
    assert "nan (float64)" not in beside.stdout


def test_the_demo_in_one_step():
    rows = gradline("demo", "--learning-rate", 0.0076219512).stdout.splitlines()
    assert rows[3].split()[2:] == ["2.000000"] * 4


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (2 / 131.2, "At the limit itself a bounces for ever."),
        (0.0152439, "As good as at the limit: a bounces, and every step multiplies the error by -0.99999968."),
        (0.0152439025, "As good as at the limit: a bounces, and every step multiplies the error by -1.00000001."),
        (0.015244, "Above the limit: every step multiplies the error by -1.000013."),
        (0.01524, "Half the limit lands in one step"),
    ],
)
def test_a_rate_near_the_limit_is_called_what_it_is(rate, said):
    """Here every step multiplies the error by 1 - rate * 131.2, the mean of 2 x^2; counted by hand."""
    assert f"\n{said}" in lesson.side_by_side(lesson.run(lesson.Setting(learning_rate=rate), engines=("numpy",)))


def test_the_demo_with_an_intercept_crawls():
    done = gradline("demo", "--intercept")
    assert done.returncode == 0
    assert "curvatures are 0.5839 and 132.6" in done.stdout
    lines = gradline("demo", "--engine", "numpy", "--intercept").stdout.splitlines()
    assert ", 'b' = " in lines[0]
    assert lines[-1].startswith("Optimal parameter 'b': ")


def test_the_demo_with_one_iteration():
    assert gradline("demo", "--iterations", 1).returncode == 0


@pytest.mark.parametrize("engine", ["numpy", "autograd", "nn", "moments"])
def test_fit_reaches_the_exact_answer(engine, houses):
    done = gradline(
        "fit", "houses.csv", "--target", "price", "--features", "sqft,rooms", "--engine", engine, "--json", cwd=houses
    )
    assert done.returncode == 0, done.stderr
    fit = json.loads(done.stdout)
    data = np.loadtxt(houses / "houses.csv", delimiter=",", skiprows=1, usecols=(0, 1, 2))
    best = np.linalg.lstsq(np.c_[np.ones(60), data[:, 1:]], data[:, 0], rcond=None)[0]
    np.testing.assert_allclose([fit["coef"][k] for k in ("(Intercept)", "sqft", "rooms")], best, rtol=1e-9)
    assert fit["intercept"] == fit["coef"]["(Intercept)"]
    assert (fit["way"], fit["engine"], fit["rows"], fit["converged"]) == ("descent", engine, 60, True)
    assert fit["features"] == ["sqft", "rooms"]


def test_fit_prints_a_table_and_how_near_it_is(houses):
    done = gradline(
        "fit", "houses.csv", "--target", "price", "--features", "sqft,rooms", "--engine", "numpy", cwd=houses
    )
    assert done.returncode == 0
    assert "price on 2 features of houses.csv (60 rows)" in done.stdout
    assert "standard errors of the least squares answer" in " ".join(done.stdout.split())
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert done.stderr == ""


def test_a_long_descent_tells_its_progress_in_plain_lines(houses):
    slow = ["--learning-rate", "1e-8", "--iterations", "50"]
    done = gradline(
        "fit", "houses.csv", "--target", "price", "--features", "sqft", "--engine", "numpy", *slow, cwd=houses
    )
    assert [line.split(":")[0] for line in done.stderr.splitlines()[:3]] == [
        "iteration 5",
        "iteration 10",
        "iteration 15",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_sees_a_progress_bar(houses):
    import pty

    ours, theirs = pty.openpty()
    command = ["fit", "houses.csv", "--target", "price", "--features", "sqft", "--engine", "numpy"]
    slow = ["--learning-rate", "1e-8", "--iterations", "3000"]
    with subprocess.Popen(
        [sys.executable, "-m", "gradline", *command, *slow],
        cwd=houses, stdout=subprocess.PIPE, stderr=theirs, text=True, env={**os.environ, "TERM": "xterm"},
    ) as process:  # fmt: skip
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
        assert "unfinished" in process.stdout.read()
    os.close(ours)
    assert b"epoch " in seen
    assert b"/3000" in seen
    assert b"standard errors off" in seen


def test_fit_without_an_engine_solves(houses):
    fit = json.loads(
        gradline("fit", "houses.csv", "--target", "price", "--features", "sqft,rooms", "--json", cwd=houses).stdout
    )
    assert (fit["way"], fit["engine"], fit["iterations"]) == ("exact", None, None)
    assert fit["digits"] >= 9


FIT_KEYS = [
    "way", "engine", "rows", "rows_dropped", "features", "intercept", "coef", "standard_error", "t", "p_value",
    "confidence_interval", "r2", "adjusted_r2", "residual_sd", "f_statistic", "aic", "bic", "digits",
    "condition_number", "precision", "iterations", "learning_rate", "max_learning_rate", "converged", "stop_reason",
    "loss",
]  # fmt: skip


@pytest.mark.parametrize("engine", [[], ["--engine", "numpy"]])
def test_fit_json_has_every_key_of_the_contract(engine, houses):
    fit = json.loads(
        gradline("fit", "houses.csv", "--target", "price", "--features", "sqft", *engine, "--json", cwd=houses).stdout
    )
    contract = [*FIT_KEYS, "dropped", "notes"]  # further keys stand behind these, never in between
    assert list(fit)[: len(contract)] == contract
    for key in ("coef", "standard_error", "t", "p_value", "confidence_interval"):
        assert list(fit[key]) == ["(Intercept)", "sqft"]


def test_an_exact_fit_has_null_tests(tmp_path):
    (tmp_path / "line.csv").write_text("x,y\n1,2\n3,6\n10,20\n13,26\n7,14\n")
    done = gradline("fit", "line.csv", "--target", "y", "--no-intercept", "--json", cwd=tmp_path)
    fit = json.loads(done.stdout)
    assert fit["coef"] == {"x": 2.0}
    assert fit["standard_error"] == {"x": 0.0}
    assert (fit["t"], fit["p_value"], fit["f_statistic"], fit["aic"], fit["bic"]) == (
        {"x": None},
        {"x": None},
        None,
        None,
        None,
    )
    assert fit["intercept"] is None
    text = gradline("fit", "line.csv", "--target", "y", "--no-intercept", cwd=tmp_path).stdout
    assert "tests are meaningless" in " ".join(text.split())


BAD_FILES = {
    "text": ("x,y\n1,2\n2,four\n3,6\n", ["'y'", "'four'", "row 2"]),
    "empty": ("", ["empty"]),
    "header only": ("x,y\n", ["no rows"]),
    "one row": ("x,y\n1,2\n", ["one row"]),
    "nan": ("x,y\n1,2\nnan,3\n3,nan\n4,7\n", ["column 'x' has 1 missing", "row 2", "column 'y' has 1", "row 3"]),
    "infinite": ("x,y\n1,2\n2,3\ninf,4\n", ["row 3"]),
    "all constant": ("c,y\n5,2\n5,3\n5,4\n", ["constant"]),
    "ragged": ("x,y\n1,2\n3\n5,6\n", ["line 3"]),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_input_gets_one_clear_sentence(case, tmp_path):
    text, words = BAD_FILES[case]
    (tmp_path / "bad.csv").write_text(text)
    done = gradline("fit", "bad.csv", "--target", "y", "--engine", "numpy", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("engine", [[], ["--engine", "numpy"]])
def test_a_constant_column_is_named_and_the_others_are_fitted(engine, tmp_path):
    (tmp_path / "table.csv").write_text("x,c,y\n1,5,2\n2,5,3\n4,5,4\n")
    done = gradline("fit", "table.csv", "--target", "y", *engine, "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert "'c' is constant" in done.stderr
    fit = json.loads(done.stdout)
    assert fit["coef"]["x"] == pytest.approx(9 / 14)  # by hand: sums of products about the means, 3 and 14/3
    assert fit["coef"]["c"] == 0


@pytest.mark.parametrize("arguments", ["", "--diagnose --format markdown", "--json"])
def test_what_the_encoding_of_stdout_lacks_is_escaped(arguments, houses):
    """As stderr escapes it, and Python's codec is the oracle; the page is written all the same."""
    command = ["fit", "houses.csv", "--target", "price", "--report", "fit.html", *arguments.split()]
    first = "import sys; sys.stdout.reconfigure(encoding='ascii')"
    done, whole = gradline(*command, cwd=houses, first=first), gradline(*command, cwd=houses)
    assert (done.returncode, done.stdout) == (0, whole.stdout.encode("ascii", "backslashreplace").decode())
    assert (houses / "fit.html").exists()
    assert gradline("fit", "--help", first=first).returncode == 0  # it has a raised 2


def test_what_an_encoding_has_is_written_in_it(monkeypatch):
    for encoding, told in (("cp1252", b"gr\xf6\xdfe \\u0416"), ("utf-8", "größe Ж".encode())):
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding))
        escape_what_stdout_lacks()
        print("größe Ж", end="", flush=True)
        assert sys.stdout.buffer.getvalue() == told


def test_a_missing_target_suggests_the_nearest(houses):
    done = gradline("fit", "houses.csv", "--target", "prise", cwd=houses)
    assert done.returncode == 1
    assert "no column 'prise' in houses.csv" in done.stderr
    assert "hint: did you mean 'price'?" in done.stderr


def test_a_text_feature_is_a_category_and_its_reference_is_said(houses):
    done = gradline("fit", "houses.csv", "--target", "price", cwd=houses)
    assert (done.returncode, done.stderr) == (0, "")
    assert "district[T.district 2]" in done.stdout
    assert "district: 3 levels, compared with 'district 0'." in done.stdout


def test_a_feature_that_is_a_key_says_which_columns_to_use(houses):
    lines = (houses / "houses.csv").read_text().splitlines()
    rows = [f"{line},house {number}" for number, line in enumerate(lines[1:])]
    (houses / "named.csv").write_text("\n".join([f"{lines[0]},name", *rows]))
    done = gradline("fit", "named.csv", "--target", "price", cwd=houses)
    assert done.returncode == 1
    assert "'name' of named.csv looks like a key: it holds 60 different texts in 60 rows" in done.stderr
    assert "--features sqft,rooms,district" in done.stderr.splitlines()[-1]


STRANGE = [
    ("id", "temp [C]", "flow [l/s]", "max_iter"),
    ("id", "it's", "x"),
    ("id", "sold on", 'the "price"', "$x"),
    ("id", "comma, name", "x,y", "x"),
    ("id", *(f"c{number}" for number in range(20))),
    ("id", *(f"a rather long name, of the column {number}" for number in range(40))),
]


@pytest.mark.parametrize("columns", STRANGE, ids=lambda columns: f"{len(columns)} {columns[1]}")
def test_a_hint_that_names_columns_can_be_followed_to_the_letter(columns, tmp_path):
    """A shell's own parser reads it; what is fitted then are all columns but the key."""
    rng = np.random.default_rng(0)
    rows = [[f"key {row}", *rng.normal(size=len(columns))] for row in range(60)]
    with open(tmp_path / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows([[*columns, "y"], *rows])
    done = gradline("fit", "t.csv", "--target", columns[-1], cwd=tmp_path)
    told, hint = done.stderr.splitlines()
    assert (done.returncode, "column 'id' of t.csv looks like a key" in told) == (1, True)
    following = shlex.split(re.search("(--features .*); or insist on", hint)[1])
    assert len(following) == 2
    done = gradline("fit", "t.csv", "--target", columns[-1], *following, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["features"] == [*columns[1:-1], "y"]


def test_a_hint_that_names_what_nobody_sees_can_be_followed_by_bash(tmp_path):
    """Nothing that a terminal would obey is printed, and a shell reads the names that the table has."""
    names = ["\u202eevil", "a\x1b[31mb", "i\x85t's\\n", "x"]
    rows = [f"key {row},{row},{row % 7},{row % 5},{row**2 % 11},{row}" for row in range(60)]
    head = ",".join(["id", *names, "y"])
    (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    done = gradline("fit", "t.csv", "--target", "y", cwd=tmp_path)
    assert "".join(done.stderr.splitlines()).isprintable()
    following = re.search("(--features .*); or insist on", done.stderr)[1]
    bash = ["bash", "-c", f"printf '%s\\0' {following}"]
    read = subprocess.run(bash, capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})
    assert read.stdout.decode() == f"--features\0{','.join(names)}\0"


@pytest.mark.parametrize("column", ["region", "o'region", "a region"])
def test_a_hint_that_names_a_level_can_be_followed_to_the_letter(column, tmp_path):
    levels = ["O'Brien", 'South "$HOME"', "South"]
    rows = [f"{levels[row % 3]},{row**2}" for row in range(9)]
    (tmp_path / "t.csv").write_text(
        "\n".join([f"{column},y", *rows]).replace('South "$HOME"', '"South ""$HOME"""') + "\n"
    )
    done = gradline("fit", "t.csv", "--target", "y", "--reference", f"{column}=Sout", cwd=tmp_path)
    following = shlex.split(done.stderr.partition("hint: ")[2])
    assert following == ["--reference", f"{column}=O'Brien"]
    assert gradline("fit", "t.csv", "--target", "y", *following, cwd=tmp_path).returncode == 0


def test_a_name_of_the_data_is_no_option(tmp_path):
    (tmp_path / "t.csv").write_text("max_iter,y\n1,2\n2,5\n3,4\n")
    done = gradline("fit", "t.csv", "--target", "y", "--features", "max_ite", cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "hint: did you mean 'max_iter'?"


@pytest.mark.parametrize(
    ("asked", "features"),
    [
        ("comma,name", ["comma,name"]),
        ("a,comma,name", ["a", "comma,name"]),
        ('"comma,name", a', ["comma,name", "a"]),
        ("C(comma,name),a", ["comma,name[T.7]", "comma,name[T.8]", "a"]),
        ('"C(`comma,name`)"', ["comma,name[T.7]", "comma,name[T.8]"]),
    ],
)
def test_a_name_may_hold_a_comma(asked, features, tmp_path):
    rows = "".join(f"{row},{6 + row % 3},{row**2}\n" for row in range(9))
    (tmp_path / "t.csv").write_text(f'a,"comma,name",y\n{rows}')
    done = gradline("fit", "t.csv", "--target", "y", "--features", asked, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["features"] == features


def test_a_missing_file_is_a_sentence(tmp_path):
    done = gradline("fit", "nowhere.csv", "--target", "y", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere.csv" in done.stderr


def test_a_rate_too_large_is_a_sentence(houses):
    done = gradline(
        "fit",
        "houses.csv",
        "--target",
        "price",
        "--features",
        "sqft",
        "--engine",
        "numpy",
        "--learning-rate",
        0.1,
        cwd=houses,
    )
    assert done.returncode == 1
    assert "set by column 'sqft'" in done.stderr
    assert "hint: these data allow at most" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit"],
        ["fit", "houses.csv"],
        ["fit", "houses.csv", "--target", "price", "--engine", "jax"],
        ["fit", "houses.csv", "--target", "price", "--engine", "numpy", "--learning-rate", "fast"],
        ["fit", "houses.csv", "--target", "price", "--learning-rate", "0.1"],
        ["demo", "--learning-rate", "-1"],
        ["demo", "--iterations", "0"],
        ["demo", "--engine", "jax"],
        ["nonsense"],
    ],
)
def test_usage_errors_exit_2(arguments, houses):
    done = gradline(*arguments, cwd=houses)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("--engine", "jax", "'jax' is not one of 'numpy', 'autograd', 'nn'"),
        ("--iterations", "0", "'0' should be greater than or equal to 1"),
        ("--iterations", "many", "'many' should be a valid integer"),
        ("--init", "Input", "'Input' should be a valid number"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_given(option, given, said):
    told = " ".join(gradline("demo", option, given).stderr.replace("\u2502", " ").split())
    assert f"Invalid value for '{option}': {said}" in told


def test_files_that_a_shell_put_for_a_pattern_are_told_how_they_are_read(houses):
    (houses / "more.csv").write_text("price,sqft\n1,2\n")
    for command in (["fit", "--target", "price"], ["predict", "model.json"]):
        told = gradline(*command, "houses.csv", "more.csv", cwd=houses).stderr.replace("\u2502", " ").split()
        assert "put their pattern in quotes, '*.csv', or name their folder" in " ".join(told)
    assert "pattern" not in gradline("fit", "houses.csv", "nosuch.csv", "--target", "price", cwd=houses).stderr


@pytest.mark.parametrize("option", [["--save", "m.json"], ["--precision", "exact"]])
def test_what_a_descent_refuses_its_help_says(option, houses):
    done = gradline("fit", "houses.csv", "--target", "price", "--engine", "numpy", *option, cwd=houses)
    assert (done.returncode, f"Invalid value for {option[0]}" in done.stderr) == (2, True)
    told = " ".join(gradline("fit", "--help").stdout.replace("\u2502", " ").split())
    assert "(no --engine)" in told.partition(option[0] + " ")[2][:120]


def test_an_empty_name_among_the_features_is_no_column(houses):
    for features in ("sqft,", "sqft,,rooms", ""):
        done = gradline("fit", "houses.csv", "--target", "price", "--features", features, cwd=houses)
        assert (done.returncode, "holds an empty name" in done.stderr) == (2, True)


def test_help_has_an_example_for_every_command():
    import typer
    from typer.testing import CliRunner

    from gradline.cli.app import app

    names = list(typer.main.get_command(app).commands)
    assert {"demo", "fit", "lab", "check", "predict"} <= set(names)
    for name in names:
        shown = CliRunner().invoke(app, [name, "--help"])
        assert shown.exit_code == 0
        assert f"Example: gradline {name}" in shown.stdout


def test_housing_by_gradient_descent_to_six_digits(shared_data):
    done = gradline(
        "fit", shared_data / "housing.csv", "--target", "median_house_value",
        "--features", "median_income,housing_median_age,latitude,longitude", "--engine", "nn", "--json",
    )  # fmt: skip
    fit = json.loads(done.stdout)
    import pandas as pd

    table = pd.read_csv(shared_data / "housing.csv", skipinitialspace=True)
    names = ["median_income", "housing_median_age", "latitude", "longitude"]
    design = np.c_[np.ones(len(table)), table[names]]
    best = np.linalg.lstsq(design, table["median_house_value"], rcond=None)[0]
    np.testing.assert_allclose([fit["coef"][k] for k in ("(Intercept)", *names)], best, rtol=1e-6)
    assert fit["rows"] == 20_640


def test_the_recorded_torch_runs_are_what_torch_gives():
    from importlib import resources

    recorded = json.loads(resources.files("gradline.lessons").joinpath("recorded.json").read_text(encoding="utf-8"))
    fresh = json.loads(gradline("demo", "--json").stdout)
    for engine in ("autograd", "nn"):
        np.testing.assert_allclose(recorded["engines"][engine]["a"], fresh["engines"][engine]["a"], rtol=1e-12)


def test_without_torch_the_demo_shows_the_recorded_runs(tmp_path):
    """A folder with a `torch` that cannot be found: the import system says no, as where it is not installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch' or name.startswith('torch.'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'torch' else found(name, package)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "100"}

    def without_torch(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "gradline", *arguments], capture_output=True, text=True, check=False, env=environment
        )

    done = without_torch("demo")
    assert done.returncode == 0, done.stderr
    assert "recorded" in done.stdout
    assert "pip install 'gradline[torch]'" in done.stdout
    assert json.loads(without_torch("demo", "--json").stdout)["engines"]["nn"] is None
    alone = without_torch("demo", "--engine", "nn")
    assert alone.returncode == 1
    assert "hint: pip install 'gradline[torch]'" in alone.stderr


def test_the_package_lists_what_it_offers_once_and_nothing_else():
    import gradline as package

    listed = [name for name in dir(package) if not name.startswith("__")]
    assert listed == sorted(package.__all__)
    assert "__version__" in dir(package)


def test_a_warning_about_data_names_options_too(capsys):
    tell_warning("it was read as cp1252: say which it is (encoding='latin-1')", DataWarning)
    tell_warning("it was read as cp1252: say which it is (encoding='latin-1')", UserWarning)  # a library's own words
    tell_warning("give one yourself, Huber(delta=...) or Quantile(level, bandwidth=...), in units of y", DataWarning)
    asked = "warning: it was read as cp1252: say which it is"
    own = "warning: give one yourself, --loss huber --delta ..., in units of y"
    assert capsys.readouterr().err == f"{asked} (--encoding latin-1)\n{asked} (encoding='latin-1')\n{own}\n"
