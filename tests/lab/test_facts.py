"""What Python computes for the page, without a browser."""

import errno
import itertools
import json
import math
import os
import re
import shlex
import tracemalloc
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradline
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.descent.goal.problem import Problem
from gradline.descent.goal.quadratic import Quadratic
from gradline.errors import DataError
from gradline.moments.moments import Moments
from gradline.report import svg
from gradline.report.figures import MINUS
from gradline.report.lab import names, recorded
from gradline.report.lab.facts import Facts, Setup, ways_to_look
from gradline.report.lab.notebook import Lab
from gradline.report.lab.recorded import condensed
from gradline.report.lab.sample import Reservoir
from gradline.report.ticks import power_label
from tests.command import gradline as in_a_process
from tests.lab.conftest import facts_of, hostile, lesson, long_names, rows


class Stream:
    """Rows that are made while they are read, and counted."""

    feature_names, target_name, name, rows_dropped = ("x",), "y", "a stream", 0

    def __init__(self, blocks, rows=10_000):
        self.blocks, self.rows, self.passes = blocks, rows, 0

    def batches(self, rows=None, *, shuffle=None):
        self.passes += 1
        for number in range(self.blocks):
            x = np.random.default_rng(number).normal(size=self.rows)
            yield Batch.of(x[:, None], 2 * x + np.random.default_rng(-number % 997).normal(size=self.rows))


@pytest.fixture(scope="module")
def small():
    return gradline.lab([1.0, 3.0, 10.0], [2.0, 6.0, 20.1])


@pytest.fixture(scope="module")
def the_lessons_facts():
    return Facts.of(*lesson())


BY_NUMPY = Setup(torch=False)  # where the rungs of PyTorch, which take a second, say nothing more


# ---- the sample


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 30))
def test_any_split_keeps_rows_of_the_stream_none_twice(sizes, size):
    few, start = Reservoir(size, columns=1), 0
    for block in sizes:
        few.add(np.arange(start, start + block, dtype=float)[:, None])
        start += block
    kept = few.rows[:, 0].tolist()
    assert len(kept) == min(size, start) == len(set(kept))
    assert set(kept) <= set(range(start))
    if start <= size:
        assert kept == list(range(start))


def test_every_row_is_as_likely():
    """Of 40 rows 10 are kept: over 4,000 streams each row 1,000 times, within five standard deviations of 27."""
    counts = np.zeros(40)
    rng = np.random.default_rng(1)
    for _ in range(4000):
        few = Reservoir(10, columns=1)
        few._rng = rng
        for start in range(0, 40, 8):
            few.add(np.arange(start, start + 8.0)[:, None])
        counts[few.rows[:, 0].astype(int)] += 1
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)


def test_one_pass_serves_sums_and_sample_and_the_page_is_the_same_each_time():
    source = Stream(3)
    first = Lab(source, Setup()).html
    assert source.passes == 1
    assert Lab(Stream(3), Setup()).html == first


def test_memory_does_not_grow_with_the_rows():
    Lab(Stream(2), BY_NUMPY)  # imports, and what is kept once for all
    peaks = []
    for blocks in (12, 120):  # the fewer are enough for every thread to hold as many as it ever does
        tracemalloc.start()
        Lab(Stream(blocks), BY_NUMPY)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]  # ten times the rows; 1.5 for how many blocks threads hold at a time


# ---- the recorded rungs


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_condensed_rows_have_the_sums_of_all(features, seed):
    """1e-9 of the size of each, as the root of a matrix halves its digits at worst."""
    X, y = rows(200, features, seed)
    few = condensed(Moments.of(X, y))
    for ours, theirs in ((few.X, X), (few.y[:, None], y[:, None])):
        np.testing.assert_allclose(ours.mean(0), theirs.mean(0), rtol=1e-9, atol=1e-9)
    ours, theirs = np.cov(np.column_stack([few.X, few.y]).T, bias=True), np.cov(np.column_stack([X, y]).T, bias=True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())


def test_the_recorded_rungs_are_the_estimators_paths(the_lessons_facts):
    pytest.importorskip("torch")
    from gradline import GradientDescentRegressor
    from gradline.lessons.demo import X, Y

    for recording in the_lessons_facts.recordings[:3]:
        for rung in ("numpy", "autograd", "nn"):
            model = GradientDescentRegressor(
                rung,
                learning_rate=recording.rate,
                max_iter=100,
                tol=None,
                fit_intercept=False,
                init=0.5,
                record_path=True,
            )
            theirs = model.fit(X[:, None], Y).coef_path_
            np.testing.assert_array_equal(recording.paths["float64", rung][:, 0], theirs[:, 0])


def test_the_rungs_agree_and_float32_parts(the_lessons_facts):
    """The promise is 1e-12 relative; float32 leaves by some 1e-7 and no less than half a unit in its last place."""
    recordings = the_lessons_facts.recordings
    assert max(recording.disagreement("float64") for recording in recordings) < 1e-12
    assert 1e-8 < max(recording.parting() for recording in recordings) < 1e-4


def test_without_torch_the_first_rung_alone_is_recorded(monkeypatch):
    monkeypatch.setattr(recorded, "torch_is_installed", lambda: False)
    facts = Facts.of(*lesson())
    assert {rung for _, rung in facts.recordings[0].paths} == {"numpy"}
    assert facts.as_dict()["recorded"]["disagreement"] == 0.0


# ---- the views


def test_the_lessons_numbers_are_the_lessons(the_lessons_facts):
    views = the_lessons_facts.as_dict()["views"]
    slope, _, line, even = views
    assert slope["curvatures"] == pytest.approx([131.2])
    assert slope["best"] == pytest.approx([2.0])
    assert line["curvatures"] == pytest.approx([0.58394, 132.616], rel=1e-5)
    assert line["directions"] == ["the flat direction (b)", "the steep direction (a)"]
    assert even["curvatures"] == pytest.approx([2.0, 2.0])
    assert slope["wrongBest"] == pytest.approx([1.4097561], abs=1e-7)
    assert slope["wrongFloor"] == pytest.approx(132.0257561, abs=1e-7)


@given(st.integers(1, 5), st.booleans(), st.booleans(), st.integers(0, 10**6))
def test_every_view_is_the_mean_squared_error_where_it_stands(features, intercept, standardise, seed):
    """Against its definition, at places in the view; 1e-8 of the loss at the start, as sums round."""
    X, y = rows(60, features, seed)
    source = ArraySource(X, y)
    problem = Problem.of(source, bias=intercept, conditioned=False, dtype="float64")
    view = next(
        view
        for view in ways_to_look(problem, Setup(fit_intercept=intercept))
        if view.coordinates.intercept is intercept and view.coordinates.standardise is standardise
    )
    Z, offset = view.columns(X)
    rng = np.random.default_rng(seed)
    size = np.mean(y**2)
    for _ in range(3):
        v = view.best + rng.normal(size=len(view.best)) / np.sqrt(np.diag(view.H)) * np.sqrt(size)
        e = v - view.best
        assert view.floor + e @ view.H @ e == pytest.approx(np.mean((offset + Z @ v - y) ** 2), abs=1e-8 * size)
        e = v - view.wrong_best
        pairs = ((offset + Z @ v)[:, None] - y[None, :]) ** 2
        assert view.wrong_floor + e @ view.H @ e == pytest.approx(pairs.mean(), abs=1e-8 * size)


def test_a_slice_has_the_largest_and_the_smallest_curvature():
    X, y = rows(300, 5)
    view = Facts.of(ArraySource(X, y), BY_NUMPY).views[0]
    Z = np.column_stack([X, np.ones(300)])
    values = np.linalg.eigvalsh(2 * Z.T @ Z / 300)
    np.testing.assert_allclose(view.curvatures[0], [values[0], values[-1]], rtol=1e-9)


def test_columns_far_from_zero_open_standardised():
    """Seconds since 1970: beside them a constant bends the loss 1e22 times less, which is 0 to float64."""
    x = 1.7e9 + np.arange(100.0)
    facts = Facts.of(ArraySource(x[:, None], np.sin(x) + x / 100), BY_NUMPY)
    assert facts.views[0].coordinates.standardise
    assert facts.views[0].curvatures[0] == pytest.approx([2.0, 2.0])
    assert "standardised units, z = " in Lab(ArraySource(x[:, None], x), BY_NUMPY).html


# ---- the file


def test_facts_are_packed_in_characters_that_are_no_markup_and_hold_no_infinity():
    html = Lab(*hostile()).html
    assert re.search(r'id="facts">[A-Za-z0-9+/]+=*</script>', html)
    facts = facts_of(html)
    assert facts["rows"] == 30
    json.dumps(facts, allow_nan=False)


def test_a_notebook_gets_a_frame_of_its_own(small):
    shown = small._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert 'sandbox="allow-scripts"' in shown
    assert shown.count("<") == 2  # the frame alone: the page in it is an attribute
    assert "save" in repr(small)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://key:secret@bucket/lab.html", "s3://bucket/lab.html is a URL"),
        ("file:///lab.html", "is a URL"),
        (Path("https://host/lab.html"), "is a URL"),  # a path has one slash of the two
        ("nowhere/lab.html", "there is no folder"),
        (".", "it is a folder"),
        ("a\0b.html", "cannot be written"),
        (f"{'n' * 300}.html", "File name too long"),
    ],
    ids=repr,
)
def test_a_place_that_is_none_is_told_and_nothing_is_written(small, tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=words) as told:
        small.save(place)
    assert "name a file in a folder that is there" in told.value.hint
    assert "secret" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_leaves_the_one_before(small, tmp_path, monkeypatch):
    place = tmp_path / "lab.html"
    place.write_text("the one before")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left on device") as told:
        small.save(place)
    assert told.value.hint.startswith("make room there")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("lab.html", "the one before")]


def test_a_table_gives_its_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"sqft": [50.0, 80.0, 120.0, 90.0]})
    assert "sqft" in gradline.lab(frame, [1.0, 1.7, 2.4, 1.6]).html


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.ones((5, 1)), np.arange(5.0), "constant"),
        ([[1.0]], [2.0], "1 sample"),
        (np.arange(2010.0).reshape(10, 201), np.arange(10.0), "201 features"),
        ([[1.0], [np.nan]], [1.0, 2.0], "missing"),
        ([[1.0], [np.inf]], [1.0, 2.0], "infinite"),
    ],
)
def test_what_no_picture_can_show_is_refused_in_a_sentence(X, y, words):
    with pytest.raises(DataError, match=words):
        gradline.lab(X, y)


@pytest.mark.parametrize(
    "start", [(np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0), (0.0, -np.inf), (1e100, 0.0), 0.5, (1.0,), ("a", 0.0)]
)
def test_a_start_that_is_none_is_refused_in_a_sentence(start):
    with pytest.raises(DataError, match=f"^start is {re.escape(repr(start))}, where two numbers") as told:
        gradline.lab([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], start=start)
    gradline.lab([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], start=eval(told.value.hint.split("start=")[1]))


@pytest.mark.parametrize("start", [(1e39, 0.0), (0.0, -1e39), (9e99, 9e99)])
def test_a_start_beyond_float32_is_recorded_in_float64_alone(start):
    source = ArraySource([[1.0], [2.0], [4.0]], [1.0, 2.0, 5.0])
    for intercept in (True, False):
        setup = Setup(fit_intercept=intercept, start=start, torch=False)
        gone = np.abs(np.array(start)[: 1 + intercept]).max() > np.finfo(np.float32).max
        for recording in Facts.of(source, setup).recordings:
            for (dtype, _), path in recording.paths.items():
                assert (len(path) == 0) == (gone and dtype == "float32")
        assert facts_of(Lab(source, setup).html)["start"] == list(start)


@pytest.mark.parametrize("features", [1, 3])
def test_a_weight_of_three_is_the_row_three_times(features):
    """All that is drawn but the points; 1e-9, as sums of other lengths round."""
    X, y = rows(90, features)
    weights = np.random.default_rng(3).integers(1, 6, 90)
    ours = Facts.of(ArraySource(X, y, weights.astype(float)), BY_NUMPY).as_dict()
    theirs = Facts.of(ArraySource(X.repeat(weights, 0), y.repeat(weights)), BY_NUMPY).as_dict()
    assert ours["weight"] == theirs["weight"] == weights.sum()
    for view, same in zip(ours["views"], theirs["views"], strict=True):
        for what in ("H", "best", "floor", "curvatures", "wrongBest", "wrongFloor"):
            np.testing.assert_allclose(view[what], same[what], rtol=1e-9, atol=1e-9)
    for run, same in zip(ours["recorded"]["runs"], theirs["recorded"]["runs"], strict=True):
        here, there = np.array(run["numpy"]), np.array(same["numpy"])
        size = np.maximum(1.0, np.abs(there).max(0))  # of all coordinates: a diverging one rounds the others too
        np.testing.assert_array_less(np.abs(here - there) / size, 1e-9)
    assert ours["points"]["w"] == weights.tolist()
    assert ours["batches"] == [0]


def test_weighted_rungs_agree_whether_their_rows_are_all_here_or_few_stand_for_them():
    """1e-12 relative is what the rungs promise each other."""
    for n in (300, 3000):
        X, y = rows(n, 1)
        source = ArraySource(X, y, np.random.default_rng(5).uniform(0.1, 9.0, n))
        facts = Facts.of(source, Setup())
        assert facts.all_here is (n == 300)
        assert max(recording.disagreement("float64") for recording in facts.recordings) < 1e-12


def test_the_command_takes_weights(tmp_path):
    (tmp_path / "t.csv").write_text("y,x,n\n1,2,1\n2,3,4\n3,5,2\n")
    done = gradline_lab("t.csv", "--target", "y", "--weight", "n", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "lab.html").read_text("utf-8")
    assert facts_of(page)["points"]["w"] == [1, 4, 2]
    assert facts_of(page)["features"] == ["x"]
    assert "gradline fit t.csv --target y --weight n" in page
    assert "Rows count by their weights" in page


def test_with_and_without_the_intercept_the_page_has_the_command_that_fits_it(tmp_path):
    """What each command finds, the view that the page shows with it has as its answer."""
    (tmp_path / "t.csv").write_text("y,x,n\n1,2,1\n2,3,4\n3,5,2\n7,6,3\n")
    for opens in ([], ["--no-intercept"]):
        done = gradline_lab("t.csv", "--target", "y", "--features", "x", "--weight", "n", *opens, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        facts = facts_of((tmp_path / "lab.html").read_text("utf-8"))
        for intercept in (True, False):
            fitted = in_a_process(*shlex.split(facts["commands"][str(intercept).lower()])[1:], "--json", cwd=tmp_path)
            found = list(json.loads(fitted.stdout)["coef"].values())[-1:]
            found += [json.loads(fitted.stdout)["intercept"]] * intercept
            view = next(
                view for view in facts["views"] if (view["intercept"], view["standardise"]) == (intercept, False)
            )
            assert view["best"] == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    ("asked", "commands"),
    [
        (["t.csv", "--formula", "y ~ x"], {"true": "gradline fit t.csv --formula 'y ~ x'", "false": ""}),
        (["t.csv", "--formula", "y ~ x - 1"], {"true": "", "false": "gradline fit t.csv --formula 'y ~ x - 1'"}),
        (["t.csv", "--target", "y"], {"true": "gradline fit t.csv --target y", "false": ""}),  # c is a category
        (["--target", "y", "--", "-t.csv"], {"true": "gradline fit ./-t.csv --target y", "false": ""}),
        ([], {"true": "gradline demo --intercept", "false": "gradline demo"}),
    ],
)
def test_where_no_command_switches_the_intercept_none_is_told(tmp_path, asked, commands):
    for name in ("t.csv", "-t.csv"):
        (tmp_path / name).write_text("y,x,c\n1,2,a\n2,3,b\n3,5,a\n7,6,b\n")
    done = gradline_lab(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert facts_of((tmp_path / "lab.html").read_text("utf-8"))["commands"] == commands


def test_two_equal_columns_without_an_intercept_are_refused():
    x = np.arange(1.0, 9.0)
    with pytest.raises(DataError, match="bends"), pytest.warns(gradline.CollinearityWarning):
        gradline.lab(np.column_stack([x, x]), x + 1, fit_intercept=False)


def test_the_quadratic_of_the_condensed_rows_is_that_of_all():
    X, y = rows(500, 2)
    moments = Moments.of(X, y)
    few = condensed(moments)
    ours = Quadratic.of(Moments.of(few.X, few.y), Moments.of(few.X, few.y).solve(), bias=True)
    theirs = Quadratic.of(moments, moments.solve(), bias=True)
    np.testing.assert_allclose(ours.best, theirs.best, rtol=1e-9)
    assert ours.floor == pytest.approx(theirs.floor, rel=1e-9)


# ---- names


@given(st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_labels_are_short_tame_and_those_that_fit_stay(given):
    for name, label in zip(given, names.labels(given), strict=True):
        assert len(label) <= names.SHOWN
        label.encode()
        assert not re.search("[\u2028\u2029\u202a-\u202e\u2066-\u2069\x00-\x1f]", label)
        if len(name) <= names.SHOWN and name.isprintable():
            assert label == name


@given(st.integers(33, 90), st.integers(2, 5))
def test_long_names_that_are_alike_have_labels_that_are_not(length, count):
    assert len(set(names.labels(["x" * length] * count))) == count


@pytest.mark.parametrize("features", [1, 2, 12, 200])
def test_long_names_are_there_in_full_as_far_as_there_is_room(features):
    """3,600 bytes for all of them; where one is cut, it says how long it is. Of 200 that leaves 18 bytes each: none."""
    every = long_names(features)
    there = names.in_full(every, names.labels(every))
    if features == 200:
        assert there == []
        return
    assert [label for label, _ in there] == list(names.labels(every))
    for whole, (_, name) in zip(every, there, strict=True):
        begin = name.split("\u2026 (")[0]
        assert whole.startswith(begin)
        assert name == whole if features <= 4 else len(begin.encode()) > 270 and f"({len(whole)} characters)" in name


# ---- drawings


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_within(low, width):
    scale = svg.Scale((low, low + width), (0.0, 100.0))
    ticks = scale.ticks(5)
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-6 * width <= tick <= low + width + 1e-6 * width for tick in ticks)
    exact = [Decimal(repr(tick)) for tick in ticks]
    (step,) = {after - before for before, after in itertools.pairwise(exact)}
    assert step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
    assert all(tick % step == 0 for tick in exact)


@given(st.integers(-300, 280), st.integers(2, 22), st.floats(1.0, 9.9), st.floats(1.0, 9.9))
def test_ticks_of_a_log_axis_are_powers_of_ten_and_say_so(power, decades, first, last):
    low, high = first * 10.0**power, last * 10.0 ** (power + decades)
    ticks = svg.Scale((low, high), (0.0, 100.0), log=True).ticks(4)
    assert 2 <= len(ticks) <= 5
    powers = [round(math.log10(tick)) for tick in ticks]
    assert len(set(np.diff(powers))) == 1
    for tick, power in zip(ticks, powers, strict=True):
        assert tick == pytest.approx(float(f"1e{power}"), rel=1e-15)
        assert low * (1 - 1e-8) <= tick <= high * (1 + 1e-8)
        said = power_label(float(f"1e{power}")).replace(MINUS, "-")
        assert Decimal(said.replace("k", "e3").replace("M", "e6").replace("G", "e9")) == Decimal(f"1e{power}")


def test_words_in_a_drawing_are_escaped():
    assert "<b>" not in svg.figure(1.0, 1.0, '"<b>', svg.text("<b>", 0.0, 0.0))


# ---- the command


def gradline_lab(*arguments, **options):
    return in_a_process("lab", *arguments, **options)


def test_the_command_writes_a_page_and_says_where(tmp_path):
    done = gradline_lab(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "lab.html: open it in a browser\n"
    assert 'data-rate="0.00762"' in (tmp_path / "lab.html").read_text("utf-8")


def test_the_command_takes_a_table(tmp_path):
    (tmp_path / "my houses.csv").write_text("price,sqft,rooms\n" + "".join(f"{i * i},{i},{i % 3}\n" for i in range(40)))
    done = gradline_lab("my houses.csv", "--target", "price", "--features", "sqft", "-o", "one page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "one page.html").read_text("utf-8")
    assert "price by sqft, 40 rows of my houses.csv" in page
    assert "gradline fit &#x27;my houses.csv&#x27; --target price --features sqft" in page


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--target", "y"], 2, "name a table"),
        (["t.csv"], 2, "--target"),
        (["t.csv", "--target", "y", "-o", "t.csv"], 2, "overwritten"),
        (["t.csv", "--target", "y", "-o", "nowhere/lab.html"], 1, "no folder"),
        (["t.csv", "--target", "z"], 1, "no column 'z'"),
        (["t.csv", "--target", "y", "-o", ""], 2, "no file is named"),
        (["t.csv", "--target", "y", "-o", "-"], 2, "would be standard output"),
        (["--missing", "drop"], 2, "name a table"),
        (["t.csv", "--formula", "y ~ x", "--reference", "x"], 2, "COLUMN=LEVEL"),
        (["t.csv", "--target", "y", "-o", "s3://key:secret@bucket/lab.html"], 2, "'s3://bucket/lab.html' is a URL"),
    ],
)
def test_the_command_refuses_in_a_sentence(tmp_path, arguments, code, words):
    (tmp_path / "t.csv").write_text("y,x\n1,2\n2,3\n3,5\n")
    done = gradline_lab(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in re.sub(r"[\s│]+", " ", done.stderr)
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert (tmp_path / "t.csv").read_text().startswith("y,x")


def test_the_command_reads_a_table_as_fit_does(tmp_path):
    (tmp_path / "t.csv").write_bytes("y;größe;city\n1,5;1;a\n;2;b\n4,5;3;a\n5,1;7;b\n6,0;8;b\n".encode("cp1252"))
    options = [
        "--target",
        "y",
        "--features",
        "größe,city",
        "--decimal",
        ",",
        "--encoding",
        "cp1252",
        "--missing",
        "drop",
    ]
    done = gradline_lab("t.csv", *options, "--reference", "city=b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "lab.html").read_text("utf-8")
    assert "4 rows of t.csv" in page
    assert "--reference city=b --decimal , --encoding cp1252 --missing drop" in page
    done = gradline_lab("t.csv", "--formula", "y ~ größe - 1", *options[4:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no intercept, data units" in (tmp_path / "lab.html").read_text("utf-8")


def test_a_full_disk_is_told_with_the_file_and_what_to_do(tmp_path):
    """A page is larger than the 10 kB that this process may write to a file."""
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)); "
    limited += "sys.dont_write_bytecode = True"  # what is compiled is a file too, and would be cut off
    done = gradline_lab("-o", "page.html", cwd=tmp_path, first=limited)
    assert done.returncode == 1
    assert "page.html cannot be written: File too large" in done.stderr
    assert "hint: make room there" in done.stderr
    assert not (tmp_path / "page.html").exists()
