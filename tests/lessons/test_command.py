"""`gradline check` and `gradline practice` as commands: arguments, exit codes, signals, pipes, and what they refuse."""

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from gradline.cli import entry
from gradline.errors import GradlineError, MissingExtraError
from gradline.lessons import handed_out
from gradline.lessons.checker.check import check, leave
from gradline.lessons.practice.exercises import EXERCISES, practice
from gradline.lessons.practice.verdict import verdict
from tests.lessons.checking import LOOPS, run

COMMAND = [sys.executable, "-m", "gradline"]


def written(path, source):
    path.write_text(source, encoding="utf-8")
    return path


def test_arguments_after_the_file_are_the_scripts(gradline, tmp_path):
    written(tmp_path / "a.py", "import sys\nprint(sys.argv)\nsys.exit(7)\n")
    arguments = ["a.py", "--help", "-x", "--", "--epochs=3", "a b"]
    done = gradline("check", *arguments)
    expected = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == expected.stdout + "\na.py: no notes.\n"
    assert (done.returncode, done.stderr) == (expected.returncode, "") == (7, "")


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(0)", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit(True)", 1, ""),
        ("import sys; sys.exit('no data')", 1, "no data\n"),
        ("raise ValueError(1)", 0, ""),  # explained, which is the job
    ],
)
def test_the_exit_code_is_the_scripts(tmp_path, capsys, source, code, said):
    done = run(written(tmp_path / "e.py", source))
    assert leave(done.checked) == code
    assert capsys.readouterr().err == said


def test_an_exit_code_of_130_is_no_interrupt_of_ours(gradline, tmp_path):
    written(tmp_path / "e.py", "raise SystemExit(130)\n")
    done = gradline("check", "e.py")
    assert (done.returncode, done.stderr) == (130, "")


ENDLESS = """\
import numpy as np
x = np.arange(3.0)
p = x[:, None] * 2
for i in range(10**12):
    e = p - x
    if i == 5:
        print("running", flush=True)
"""


@pytest.fixture
def started():
    """Commands that run already, and are gone when the test ends, however it ends."""
    running = []

    def start(path, *command):
        process = subprocess.Popen(
            [*command, path.name], cwd=path.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        running.append(process)
        assert process.stdout.readline() == b"running\n"
        time.sleep(0.1)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_script_as_python_ends_it(tmp_path, started, number):
    path = written(tmp_path / "endless.py", ENDLESS)
    plain, checked = started(path, sys.executable), started(path, *COMMAND, "check")
    for process in (plain, checked):
        process.send_signal(number)
    (_, expected), (told, errors) = plain.communicate(timeout=60), checked.communicate(timeout=60)
    assert checked.returncode == plain.returncode == -number
    if number == signal.SIGINT:  # what was seen until then is told
        assert errors.splitlines()[-1] == expected.splitlines()[-1] == b"KeyboardInterrupt"
        assert b"endless.py:5: p of shape (3, 1) and x of shape (3,) are subtracted" in told
    else:
        assert (told, errors) == (b"", b"")


def test_a_handler_of_the_script_gets_its_signal(tmp_path):
    handled = (
        "import signal, os\nsignal.signal(signal.SIGTERM, lambda *_: print('handled'))\nos.kill(os.getpid(), 15)\n"
    )
    path = written(tmp_path / "handles.py", handled)
    try:
        assert run(path).stdout == "handled\n"
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_a_reader_that_has_seen_enough_is_no_traceback(tmp_path):
    path = written(tmp_path / "lines.py", "for i in range(10**6):\n    print(i - 1)\n")
    process = subprocess.Popen(
        [*COMMAND, "check", path.name], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == b"-1\n"
    process.stdout.close()
    process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("missing.py", None, "'missing.py' cannot be read: No such file or directory"),
        ("book.ipynb", "{}", "'book.ipynb' is a notebook"),
        ("null.py", "a = 1\0", "'null.py' is not Python"),
        ("coded.py", "# -*- coding: no-such-coding -*-\n", "unknown encoding: no-such-coding"),
        ("open.py", "x = (1,\n", "open.py:1: the syntax is wrong: '(' was never closed\n    x = (1,\n        ^"),
        (
            "wrong.py",
            "import torch\nfor i in range(3):\n    a = = 3\n",
            "wrong.py:3: the syntax is wrong: invalid syntax\n    a = = 3\n        ^",
        ),
        ("indent.py", "def f():\nreturn 1\n", "indent.py:2: the syntax is wrong: expected an indented block"),
        ("two.py", "print 'a'\n", "two.py:1: the syntax is wrong: Missing parentheses"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_place(tmp_path, monkeypatch, name, source, words):
    monkeypatch.chdir(tmp_path)
    if source is not None:
        written(tmp_path / name, source)
    with pytest.raises(GradlineError) as refused:
        run(name)
    assert words in refused.value.message
    assert refused.value.hint


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(GradlineError, match="cannot be read: Is a directory"):
        run(tmp_path)


def test_a_refusal_is_two_lines_and_exit_1(gradline, tmp_path):
    written(tmp_path / "wrong.py", "a = = 3\n")
    done = gradline("check", "wrong.py")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: wrong.py:1: the syntax is wrong: invalid syntax",
        "    a = = 3",
        "        ^",
        "hint: correct this line first: nothing of the file has run",
    ]


def test_torch_that_is_not_installed_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"rung2_autograd.py' needs the extra 'torch'"):
        check(str(LOOPS / "clean" / "rung2_autograd.py"))
    path = written(tmp_path / "either.py", "try:\n    import torch\nexcept ImportError:\n    print('without')\n")
    check(str(path))
    assert capsys.readouterr().out == "without\n"
    assert check(str(LOOPS / "clean" / "rung1_numpy.py")).notes == ()


# the short way in, and Typer's

WAYS = {  # by what stands in a.py, None: no such file
    "print(1 - 0)": ["check", "a.py"],
    "import sys\nprint(sys.argv)\nsys.exit(7)": ["check", "a.py", "--help", "--", "-x", "--epochs=3"],
    "raise SystemExit('no data')": ["check", "a.py"],
    "a = 1 / 0": ["check", "a.py", "check"],
    "a = = 3": ["check", "a.py"],
    "# gradline practice 6 of 6: mend it\na = 1": ["check", "./a.py"],
    "{}": ["check", "a.ipynb"],
    None: ["check", "a.py"],
    "": ["check", "https://anna:secret@example.org/a.py"],
    "#": ["check", "."],
    "b = 1": ["check", ""],
}


@pytest.mark.parametrize("source", WAYS)
def test_the_short_way_in_does_what_typer_does(source, gradline, tmp_path, monkeypatch):
    def ended(*arguments):
        done = gradline(*arguments)
        return done.returncode, done.stdout, done.stderr

    arguments = WAYS[source]
    if source is not None:
        written(tmp_path / "a.py", source + "\n")
    assert entry.names_a_script(arguments)
    short = ended(*arguments)
    assert ended("check", "--", *arguments[1:]) == short
    monkeypatch.setattr(entry, "names_a_script", lambda arguments: False)
    assert ended(*arguments) == short
    assert "".join(map(str, short)).count("secret") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["check"], 2, "Missing argument 'FILE.py'"),
        (["check", "--help"], 0, "Run a training loop of yours"),
        (["--version", "check", "a.py"], 0, "gradline "),
        (
            ["check", "--epochs", "a.py"],
            1,
            "'--epochs' cannot be read",
        ),  # options come after the file: they are its own
        (["check", "--"], 2, "Missing argument"),
        (["chekc", "a.py"], 2, "No such command"),
    ],
)
def test_all_else_is_typers(arguments, code, said, gradline, tmp_path):
    written(tmp_path / "a.py", "")
    assert not entry.names_a_script(arguments)
    done = gradline(*arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_one_of_several_processes_goes_typers_way(monkeypatch):
    assert entry.names_a_script(["check", "a.py"])
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not entry.names_a_script(["check", "a.py"])


SCRIPT = os.path.join(os.path.dirname(sys.executable), "gradline")


@pytest.mark.parametrize(
    "command",
    [
        COMMAND,
        pytest.param([SCRIPT], marks=pytest.mark.skipif(not os.path.exists(SCRIPT), reason="not installed here")),
    ],
)
def test_a_check_loads_no_library_that_the_script_does_not(tmp_path, command):
    heavy = {"typer", "rich", "pydantic", "numpy", "scipy", "sklearn", "pyarrow", "torch", "pandas", "formulaic"}
    written(tmp_path / "a.py", "import sys\nprint({name.partition('.')[0] for name in sys.modules})\n")
    done = subprocess.run([*command, "check", "a.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "gradline" in done.stdout
    assert {name for name in heavy if f"'{name}'" in done.stdout} == set()


def test_a_check_that_is_interrupted_before_the_script_runs_says_so(gradline, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradline.cli.checking.check", interrupted)
    done = gradline("check", "a.py")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error: interrupted before there was anything to show\n"


@pytest.mark.parametrize("command", ["check one.py", "check missing.py", "check -- one.py"])
def test_a_closed_stdout_is_no_traceback(tmp_path, command):
    written(tmp_path / "one.py", "print(1)\n")
    done = subprocess.run(
        ["sh", "-c", f"{shlex.join(COMMAND)} {command} >&-"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == ("missing" in command)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_notes_that_cannot_be_written_are_an_error(tmp_path):
    written(tmp_path / "quiet.py", "")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "check", "quiet.py"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


# practice

MENDED = {
    1: ("a -= 0.001 * a.grad\n", "a -= 0.001 * a.grad\n        a.grad.zero_()\n"),
    2: ("(p - y)", "(p.ravel() - y)"),
    3: ("    a -= 0.001 * a.grad\n", "    with torch.no_grad():\n        a -= 0.001 * a.grad\n"),
    4: ("torch.ones(1, requires_grad=True) * 0.5", "(torch.ones(1) * 0.5).requires_grad_()"),
    5: ("    optimizer.zero_grad()\n    optimizer.step()\n", "    optimizer.step()\n    optimizer.zero_grad()\n"),
    6: ("gradient = np.mean", "gradient = 2 * np.mean"),
}


def hand_out(folder):
    return handed_out.hand_out(practice(), str(folder), what="the loops", command="gradline practice")


def mend(folder, number):
    path = folder / f"{number:02}.py"
    broken, mended = MENDED[number]
    source = path.read_text(encoding="utf-8")
    if number == 2:
        source = source.replace("x.reshape(-1, 1) * (p", "x * (p")
    assert broken in source
    return written(path, source.replace(broken, mended))


def judged(path):
    return verdict(run(path).checked)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.file)
def test_a_broken_exercise_has_its_pitfall_and_a_question(exercise, tmp_path):
    if b"import torch" in exercise.source():
        pytest.importorskip("torch")
    hand_out(tmp_path)
    done = run(tmp_path / exercise.file)
    assert [pitfall for pitfall, _ in done.found] == [exercise.pitfall]
    assert verdict(done.checked).startswith(f"practice {exercise.number} of 6: not yet. It ")
    assert exercise.question in verdict(done.checked)
    assert len(exercise.source().splitlines()) <= 15


def test_any_order_leads_to_the_end_and_each_is_explained(tmp_path):
    pytest.importorskip("torch")
    hand_out(tmp_path)
    order = [4, 1, 6, 2, 5, 3]
    for done, number in enumerate(order):
        told = judged(mend(tmp_path, number))
        assert told.startswith(f"practice {number} of 6: solved.\n  {EXERCISES[number - 1].explanation}")
        still = ", ".join(f"{tmp_path / f'{other:02}.py'}" for other in sorted(order[done + 1 :]))
        assert (f"Still broken, in any order: {still}." in told) == bool(still)
    assert "All six are done." in told
    assert sorted(os.listdir(tmp_path)) == [f"{k:02}.py" for k in range(1, 7)]  # no state is kept
    written(tmp_path / "01.py", EXERCISES[0].source().decode() + "# changed, and as broken as before\n")
    assert f"Still broken, in any order: {tmp_path / '01.py'}." in judged(tmp_path / "06.py")
    (tmp_path / "02.py").unlink()
    assert "02.py (not in this folder" in judged(tmp_path / "06.py")


def test_taking_the_loop_away_mends_nothing(tmp_path):
    hand_out(tmp_path)
    first = (tmp_path / "06.py").read_text(encoding="utf-8").splitlines()[0]
    assert "not yet. There is no number called a" in judged(written(tmp_path / "06.py", first + "\n"))
    assert "not yet. It ends at a = 1; the answer is 2." in judged(written(tmp_path / "06.py", first + "\na = 1\n"))
    assert "not yet. It stopped with NameError." in judged(written(tmp_path / "06.py", first + "\na = b\n"))


def test_a_script_without_the_first_line_is_no_exercise(tmp_path):
    assert judged(written(tmp_path / "01.py", "a = 2.0\n")) == ""


def test_copying_writes_over_nothing(gradline, tmp_path):
    written(tmp_path / "02.py", "mine\n")
    (tmp_path / "03.py").symlink_to("nowhere")
    done = gradline("practice", ".")
    assert done.returncode == 0
    assert done.stdout.split() == ["01.py", "04.py", "05.py", "06.py"]
    assert "there already, and left alone: 02.py, 03.py" in done.stderr
    assert "gradline check 01.py" in done.stderr
    assert (tmp_path / "02.py").read_text(encoding="utf-8") == "mine\n"
    assert (tmp_path / "03.py").is_symlink()
    for number in (1, 4, 5, 6):
        assert (tmp_path / f"{number:02}.py").read_bytes() == EXERCISES[number - 1].source()


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    written(tmp_path / "file", "")
    for place in ("file", "file/below"):
        with pytest.raises(GradlineError, match="cannot be copied to"):
            hand_out(tmp_path / place)
