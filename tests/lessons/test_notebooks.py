"""The five lessons: they run, print and draw what is stored in them, and keep their promises to the learner."""

import ast
import difflib
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from gradline.lessons.demo import Setting, lesson_lines
from gradline.lessons.demo import run as run_demo
from gradline.lessons.handed_out import NOTEBOOKS

from . import notebooks

STAGES = ["# 1. predict", "# 2. loss", "# 3. gradient", "# 4. update"]
RUNGS = sorted((notebooks.ROOT / "src" / "gradline" / "descent").glob("rung*.py"))
ORDINARY = {"but": ("pencil", "install", "live")}

each_lesson = pytest.mark.parametrize("path", notebooks.LESSONS, ids=lambda path: path.stem)


def lesson(number):
    return notebooks.read(notebooks.LESSONS[number - 1])


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def printed(cell):
    return "".join(text for kind, text in notebooks.shown(cell) if kind == "stdout")


# --- what happens when they run


@pytest.fixture(scope="module")
def kernel():
    """One for all lessons: that each runs in a fresh one too, what `make lessons` stored in it shows."""
    with notebooks.kernel() as client:
        yield client


@pytest.mark.slow
@pytest.mark.xdist_group("notebooks")  # whose kernel starts once
@each_lesson
def test_a_lesson_prints_and_draws_what_is_stored_in_it_and_a_loop_run_again_starts_again(path, kernel):
    fresh, twice = notebooks.run(path, kernel, trained_twice=True)
    for stored, cell in zip(notebooks.code(notebooks.read(path)), notebooks.code(fresh), strict=True):
        shown = notebooks.shown(cell)
        assert "stderr" not in dict(shown), f"{cell.id} warns"
        if "live" in notebooks.tags(cell):
            assert dict(shown)["text/html"].startswith("<iframe srcdoc=")
            continue
        before = notebooks.shown(stored)
        assert [kind for kind, _ in before] == [kind for kind, _ in shown], cell.id
        for (_, old), (kind, new) in zip(before, shown, strict=True):
            assert notebooks.alike(old, new), f"{cell.id}, {kind}: stored\n{old}\nbut now\n{new}\n(make lessons)"
    assert twice
    for name, once, again in twice:
        assert once == again, f"{name} run a second time shows something else"


def test_the_comparison_sees_what_differs_and_forgives_rounding():
    assert notebooks.alike("Loss = 11.7393 after 1,000, 2 - 1.2e-06", "Loss = 11.7394 after 1,000, 2 - 1.3e-06")
    assert notebooks.alike("apart: 0", "apart: 1e-16")
    assert notebooks.alike("PyTorch says: one thing\na is 0.5", "PyTorch says: another\na is 0.5")
    assert not notebooks.alike("Loss = 11.7393", "Loss = 11.7395")
    assert not notebooks.alike("Iteration 10", "Iteration 11")
    assert not notebooks.alike("a leaf: True", "a leaf: False")
    assert not notebooks.alike("a = inf", "a = nan")
    assert not notebooks.alike("2e+03", "4e+03")
    assert not notebooks.alike("PyTorch says: one thing\na is 0.5", "PyTorch says: another\na is 0.8")
    assert not notebooks.alike("1.5 2.5", "1.5")


# --- the numbers, from elsewhere


@pytest.mark.parametrize(
    ("number", "cell", "engine"),
    [(1, "loop-run", "numpy"), (2, "before-run", "numpy"), (2, "loop-run", "autograd"), (3, "loop-run", "nn")],
)
def test_the_loops_print_the_lines_of_the_engines(number, cell, engine):
    lines = lesson_lines(run_demo(Setting(), (engine,)), engine)
    shown = printed(cell_of(lesson(number), cell)).splitlines()
    assert shown[:10] == lines[:10]
    if cell == "loop-run":
        assert shown[10] == lines[10] == "Optimal parameter 'a': 2.0000"


ASSERTED = {  # what the last cell must hold; tests/descent/test_lesson_numbers.py holds the engines to the same
    1: ["0.6968", "-196.8", "11.7393", "1.6325", "2"],
    2: ["1e-12", "1.3007"],
    3: ["1e-12", "1.4098", "132.03", "4.8115", "2.8443"],
    4: ["2", "0.5", "3.5", "227.1", "23652", "17", "-3.36e+108"],
    5: ["best_line", "predicted - by_walk"],
}


@pytest.mark.parametrize("number", ASSERTED)
def test_the_last_cell_asserts_the_numbers_of_the_lesson(number):
    last = lesson(number).cells[-1]
    asserts = [ast.unparse(node.test) for node in ast.walk(ast.parse(last.source)) if isinstance(node, ast.Assert)]
    for expected in ASSERTED[number]:
        assert any(re.search(rf"(?<![\d.]){re.escape(expected)}(?![\d.])", one) for one in asserts), expected
    assert printed(last).rstrip().endswith("all hold")


def test_without_zeroing_the_lines_are_those_of_a_pendulum():
    lines = printed(cell_of(lesson(2), "forget-run"))
    shown = [float(value) for value in re.findall(r"Loss = ([\d.]+)", lines)]
    expected = [137.64, 71.15, 9.41, 9.32, 70.97, 137.53, 147.66, 92.03, 21.90, 1.91]
    assert shown == pytest.approx(expected, abs=0.006)  # the table has two decimals


# --- how they teach


@each_lesson
def test_every_run_is_preceded_by_a_question_and_answered_by_a_number_and_a_picture(path):
    cells = notebooks.read(path).cells
    for before, cell in pairwise(cells):
        if cell.cell_type == "code" and not {"pencil", "install"} & {*notebooks.tags(cell)}:
            assert before.cell_type == "markdown", f"{cell.id} follows another run"
            question = before.source.split("**Predict:**")
            assert len(question) == 2, f"nothing is asked before {cell.id}"
            assert "?" in question[1]
            if cell is not cells[-1] and "live" not in notebooks.tags(cell):
                shown = dict(notebooks.shown(cell))
                assert re.search(r"\d", shown["stdout"]), f"{cell.id} prints no number"
                assert re.search(r">[^<]*\d[^<]*</text>", shown["image/svg+xml"]), (
                    f"no number in the picture of {cell.id}"
                )
                assert shown["text/plain"].startswith("Picture: ")


@each_lesson
def test_a_lesson_takes_under_ten_minutes(path):
    """At 200 words a minute, three seconds for a new line of code that draws nothing, ten for each guess."""
    notebook = notebooks.read(path)
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    runs = notebooks.code(notebook, but=("pencil", "install"))
    lines = {line for cell in runs for line in cell.source.splitlines() if line.strip() and "sheet" not in line}
    assert words / 200 + len(lines) * 3 / 60 + len(runs) * 10 / 60 < 10


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_first_lessons_import_numpy_and_torch_only(number):
    imported = set()
    for cell in notebooks.code(lesson(number)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    assert imported == ({"numpy"} if number == 1 else {"numpy", "torch"})


@pytest.mark.parametrize("path", RUNGS, ids=lambda path: path.stem)
def test_the_rungs_have_the_stages_of_the_lessons(path):
    assert re.findall(r"# \d\. \w+", path.read_text(encoding="utf-8")) == STAGES


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "loop-run"), (2, "before-run"), (2, "loop-run"), (3, "loop-run"), (5, "line-run"), (5, "network-run")],
)
def test_the_lessons_have_the_stages_of_the_rungs(number, name):
    cell = cell_of(lesson(number), name)
    assert re.findall(r"# \d\. \w+", cell.source) == STAGES
    assert "train" in notebooks.tags(cell)


@each_lesson
def test_every_loop_starts_in_its_own_cell_and_from_the_same_place(path):
    for cell in notebooks.code(notebooks.read(path), but=("pencil",)):
        source = cell.source
        if re.search(r"^\s*for \w+ in range\(\d{3,}\)", source, re.M):
            assert "train" in notebooks.tags(cell) or cell.id == "forget-run", cell.id
        if re.search(r"nn\.(Linear|Sequential)\(", source):
            assert re.search(r"torch\.manual_seed\(|nn\.init\.constant_\(model\.weight", source), f"{cell.id}: no seed"


def test_the_bridge_changes_the_model_and_nothing_else():
    notebook = lesson(5)
    line, network = (cell_of(notebook, name).source.splitlines() for name in ("line-run", "network-run"))
    changed = [text for text in difflib.ndiff(line, network) if text[0] in "+-"]
    assert [text[2:9] for text in changed] == ["model =", "model ="]
    assert "nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))" in changed[1]


def test_lesson_3_discusses_shapes_and_the_bias():
    text = " ".join(cell.source for cell in lesson(3).cells if cell.cell_type == "markdown")
    for said in ("(batch, features)", "x.view(-1, 1)", "bias=False", "y = a x + b", "through the origin", "bias=True"):
        assert said in text


def test_lessons_2_and_3_break_what_they_promise():
    assert not any("zero_(" in line.split("#")[0] for line in cell_of(lesson(2), "forget-run").source.splitlines())
    assert "PyTorch says:" in printed(cell_of(lesson(2), "outside-run"))
    assert "the same object: False" in printed(cell_of(lesson(2), "rename-run"))
    assert "= (5, 5)" in printed(cell_of(lesson(3), "shape-bug-run"))


# --- how they are kept


def test_there_are_five_and_they_are_the_ones_handed_out():
    assert [path.name for path in notebooks.LESSONS] == list(NOTEBOOKS)


@each_lesson
def test_a_lesson_is_a_valid_notebook_with_its_outputs_and_nothing_of_the_machine_it_ran_on(path):
    notebook = notebooks.read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert not any(re.fullmatch(r"[0-9a-f]{8}", cell.id) for cell in notebook.cells), "an id that Jupyter made up"
    runs = notebooks.code(notebook)
    assert [cell.execution_count for cell in runs] == list(range(1, len(runs) + 1))
    for cell in notebooks.code(notebook, **ORDINARY):
        assert notebooks.shown(cell), f"{cell.id} has no stored output (make lessons)"
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert "/tmp" not in text
    assert "application/vnd.jupyter.widget" not in text


@each_lesson
def test_the_badge_leads_to_this_lesson_as_it_was_released(path):
    title = notebooks.read(path).cells[0].source
    assert notebooks.BADGE.search(title)[0] == notebooks.badge(path)
    assert f"/blob/v{notebooks.VERSION}/src/gradline/lessons/notebooks/{path.name}" in title


@each_lesson
def test_magics_are_one_install_where_gradline_is_used(path):
    cells = notebooks.code(notebooks.read(path))
    magic = [cell for cell in cells if re.search(r"^\s*[%!]", cell.source, re.M)]
    if path.name[0] in "123":
        assert magic == []
    else:
        assert magic == [cells[0]]
        assert notebooks.tags(cells[0]) == ["install"]
        assert re.fullmatch(rf'%pip install --quiet "?gradline(\[torch\])?=={notebooks.VERSION}"?', cells[0].source)


def pencil():
    sources = {cell.source for path in notebooks.LESSONS for cell in notebooks.code(notebooks.read(path))}
    found = [source for source in sources if source.startswith("# @title Pencil")]
    assert len(found) == 1, "the lessons draw with different pencils"
    space = {}
    exec(found[0], space)
    return space


def test_all_lessons_draw_with_the_same_pencil_and_it_escapes_what_it_writes():
    hostile = "</text><script>alert(1)</script> & \"'\n\x00\ud800 🙂"
    sheet = pencil()["Picture"](hostile, x=(0, 1), y=(0, 1), across=hostile, up=hostile)
    sheet.dots([0.5], [0.5], hostile)
    sheet.note(0.5, 0.5, hostile)
    drawn = ElementTree.fromstring(sheet._repr_svg_())
    assert not [element for element in drawn.iter() if element.tag.endswith("script")]
    assert sum("alert(1)" in (element.text or "") for element in drawn.iter()) == 6  # title twice, axes, name, note


@pytest.mark.parametrize("limits", [(0, 1), (-1, 5), (0, 0.02), (23, 346), (-1e9, 1e9), (44.1, 60.3)])
def test_the_pencil_ticks_at_round_numbers_within_the_limits(limits):
    picture = pencil()["Picture"]
    ticks = picture("", x=limits, y=(0, 1)).ticks(*limits)
    assert 2 <= len(ticks) <= 7
    assert limits[0] - 1e-9 * abs(limits[0]) <= ticks[0] < ticks[-1] <= limits[1] * (1 + 1e-9)


@each_lesson
def test_every_picture_is_well_formed_says_what_it_is_and_asks_for_nothing(path):
    for cell in notebooks.code(notebooks.read(path), **ORDINARY):
        for kind, text in notebooks.shown(cell):
            if kind == "image/svg+xml":
                drawn = ElementTree.fromstring(text)
                assert drawn.get("role") == "img"
                assert drawn.find("{http://www.w3.org/2000/svg}title").text
                assert "nan" not in text
                assert not re.search(r"(href|url\(|@import)", text)


# --- the command


def test_the_command_copies_all_five_and_says_how_to_open_them(gradline, tmp_path):
    done = gradline("lessons", "a folder/of mine")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [str(Path("a folder/of mine") / name) for name in NOTEBOOKS]
    assert "jupyter lab 'a folder/of mine'" in done.stderr
    for path in notebooks.LESSONS:
        copied = tmp_path / "a folder" / "of mine" / path.name
        assert copied.read_bytes() == path.read_bytes()
        assert json.loads(copied.read_text(encoding="utf-8"))["nbformat"] == 4


def test_the_command_never_writes_over_what_is_there(gradline, tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "2_autograd.ipynb").write_text("my notes")
    (folder / "4_the_rate.ipynb").symlink_to(tmp_path / "nowhere")
    done = gradline("lessons")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert "left alone: lessons/2_autograd.ipynb, lessons/4_the_rate.ipynb" in done.stderr.replace("\\", "/")
    assert "hint: for a fresh copy rename or delete them, then again" in done.stderr
    assert (folder / "2_autograd.ipynb").read_text() == "my notes"
    assert not (tmp_path / "nowhere").exists()
    assert sorted(os.listdir(folder)) == sorted(NOTEBOOKS)  # and nothing half written


def test_a_folder_that_looks_like_an_option_is_named_so_that_it_is_none(gradline, tmp_path):
    for command, told in (("lessons", "jupyter lab ./-x "), ("practice", "gradline check ./-x/01.py\n")):
        assert told in gradline(command, "--", "-x").stderr


NO_FOLDERS = pytest.param("/proc/lessons", marks=pytest.mark.skipif(not os.path.isdir("/proc"), reason="no /proc"))


@pytest.mark.parametrize("place", ["file", "file/within", NO_FOLDERS])
def test_where_there_can_be_no_folder_the_command_says_why_and_what_to_do(gradline, tmp_path, place):
    (tmp_path / "file").write_text("mine")
    done = gradline("lessons", place)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(rf"error: the lessons cannot be copied to '{place}': .+\nhint: name another folder", done.stderr)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="who is root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_named(gradline, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o500)
    done = gradline("lessons", "theirs")
    assert done.returncode == 1
    assert "'theirs': Permission denied" in done.stderr
