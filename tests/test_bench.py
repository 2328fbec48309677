"""The harness of the benchmarks, on tiny tables; no test here asserts a time."""

import dataclasses
import gc
import importlib
import itertools
import json
import math
import os
import sys
from fractions import Fraction

import numpy as np
import pytest

from bench import checker, clock, descents, fits, page, speed, split, tables
from bench.accuracy import score
from bench.clock import Contender, Failure, measure
from bench.digits import digits, least_squares, worst_digits
from bench.machine import describe
from bench.main import read
from bench.problems import NEED_THE_FOLDER, from_nist, longley, mixed_units, problems, unix_time, wampler, years
from bench.work import reason
from bench.worker import prepared

BAD = "tests.bench_contenders"


@pytest.fixture(autouse=True)
def _no_time_is_wasted(monkeypatch):
    """No pauses, as no time is asserted; and each collection of garbage passes over all that was there before."""
    monkeypatch.setattr(clock, "PAUSE_SECONDS", 0.0)
    gc.freeze()
    yield
    gc.unfreeze()


class InThisProcess:
    """A worker without a process of its own, in which what a contender imports takes far longer than all it does."""

    def __init__(self, contender, threads, patience=0.0):
        try:
            self.work = prepared(contender.call, contender.arguments)
        except Exception as error:
            raise Failure(reason(error)) from None

    def ask(self, question=None, *, tell=True):
        return json.loads(json.dumps(self.work.timed(question, tell=tell)))

    def close(self):
        pass


# --- digits


@pytest.mark.parametrize(
    ("found", "right", "expected"),
    [
        (1.001, Fraction(1), 3.0),
        (-199.98, Fraction(-200), 4.0),
        (1.0, Fraction(1), 15.0),
        (1 + 2**-52, Fraction(1), 15.0),  # 15.65, cut at 15
        (20.0, Fraction(2), 0.0),  # -0.95, cut at 0
        (-2.0, Fraction(2), 0.0),
        (1e-4, Fraction(0), 4.0),  # nothing to be relative to
        (0.0, Fraction(0), 15.0),
        (math.nan, Fraction(1), 0.0),
        (math.inf, Fraction(1), 0.0),
        (None, Fraction(1), 0.0),
        (1e-300, Fraction(1001, 1000) / 10**300, 3.0),
    ],
)
def test_digits_are_the_log_relative_error(found, right, expected):
    assert digits(found, right) == pytest.approx(expected, abs=0.001)


def test_the_worst_coefficient_counts():
    assert worst_digits([1.0, 2.02], [Fraction(1), Fraction(2)]) == pytest.approx(2.0)


def test_exact_least_squares_by_hand():
    # x = 1, 2, 3 and y = 1, 2, 2: slope 1/2 about the mean (2, 5/3); through the origin 11/14.
    assert least_squares([[1.0], [2.0], [3.0]], [1.0, 2.0, 2.0], intercept=True) == [Fraction(2, 3), Fraction(1, 2)]
    assert least_squares([[1.0], [2.0], [3.0]], [1.0, 2.0, 2.0], intercept=False) == [Fraction(11, 14)]


def test_exact_least_squares_pivots():
    # The first pivot, sum of squares of an all-zero beginning, is fine; a zero after elimination is not: swap.
    found = least_squares([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 2.0, 3.0], intercept=False)
    assert found == [2, 1]


@pytest.mark.parametrize("problem", [wampler(1), years(), unix_time()], ids=lambda p: p.name)
def test_tables_that_are_exact_in_float64_have_their_coefficients(problem):
    assert tuple(problem.of_design) == problem.certified
    assert tuple(problem.of_raw_x) == problem.certified


def test_longley_solves_to_its_certified_digits():
    problem = longley()
    assert all(digits(float(c), r) > 14 for c, r in zip(problem.of_design, problem.certified, strict=True))


def test_known_answers_are_those_of_the_folder(shared_data):
    """Tables that are always there equal NIST's files; the exact solutions equal those kept with them."""
    folder = shared_data / "nist"
    for ours in [longley(), *(wampler(k) for k in range(1, 6))]:
        theirs = from_nist(folder / f"{ours.name}.json")
        assert np.array_equal(ours.x, theirs.x)
        assert np.array_equal(ours.y, theirs.y)
        assert (ours.degree, ours.intercept, ours.certified) == (theirs.degree, theirs.intercept, theirs.certified)
    known = json.loads((folder / "exact_float64_design.json").read_text(encoding="utf-8"))
    for problem in problems(folder):
        if problem.nist:
            stored = [Fraction(c) for c in known[f"{problem.name}|cumprod"]["coef"]]
            # 34 digits were kept.
            assert all(abs(a - b) <= abs(b) / 10**33 for a, b in zip(problem.of_design, stored, strict=True))


def test_without_a_folder_the_rest_is_still_there():
    names = [problem.name for problem in problems(None)]
    assert not set(names) & set(NEED_THE_FOLDER)
    assert {"Longley", "Wampler1", "Wampler5", "unix time", "mixed units"} <= set(names)
    assert mixed_units().certified is None


def test_a_score_takes_t1_and_t2_from_the_order_given_and_the_spread_from_the_others():
    exact, published = [Fraction(1)], [Fraction(101, 100)]
    found = score([[1.0], [1.001], [0.99]], exact, published)
    assert found.t2 == 15.0
    assert found.t1 == pytest.approx(math.log10(101))  # |1 - 1.01| / 1.01
    assert found.orders == pytest.approx((3.0, 2.0))
    assert found.lowest == pytest.approx(2.0)
    assert not found.same_bits


def test_a_score_counts_a_failed_order_as_no_digits():
    found = score([[1.0], "LinAlgError: no"], [Fraction(1)], None)
    assert (found.t1, found.t2, found.orders) == (None, 15.0, (0.0,))
    assert score(["LinAlgError: no"], [Fraction(1)], None).failure == "LinAlgError: no"


# --- the clock


def test_a_contender_that_fails_is_a_row_and_the_others_go_on():
    contenders = [Contender(name, f"{BAD}:{name}") for name in ("missing", "raises", "dies", "environment")]
    missing, raises, dies, environment = measure(contenders, rounds=2, threads=1)
    assert missing.failure == "not installed (No module named 'there_is_no_such_library')"
    assert raises.failure == "ZeroDivisionError: division by zero"
    assert dies.failure == "crashed (exit 3): out of luck"
    assert environment.failure is None
    assert len(environment.seconds) == 2
    assert environment.answer == ["1", "1", 1]


def test_a_contender_that_does_not_answer_is_given_up():
    (sleeper,) = measure([Contender("sleeper", f"{BAD}:sleeps")], rounds=1, threads=1, patience=1.0)
    assert sleeper.failure == "no answer within 1 s"


def test_what_a_contender_prints_is_not_its_answer():
    (timing,) = measure([Contender("clock", f"{BAD}:clock", {"pause": 0.0})], rounds=1, threads=1)
    assert timing.failure is None
    assert len(timing.answer) == 1


# --- contenders do the same work


def test_contenders_find_the_same_coefficients(tmp_path):
    stem = tables.arrays(tmp_path, 500, 4)
    expected = fits.gradline(stem, "exact").timed(None)["answer"]
    found = {
        "float64": fits.gradline(stem, "float64"),
        "sklearn": fits.sklearn_in_place(stem),
        "ridge": fits.sklearn_ridge(stem),
        "numpy": fits.numpy_lstsq(stem),
    }
    found |= {"intelex": fits.intelex(stem)} if installed("sklearnex") else {}
    found |= {"polars": fits.polars_ols(stem)} if installed("polars_ols") else {}
    for name, work in found.items():
        # Well-conditioned normal equations of 500 rows: some hundred roundings of 1e-16 of the largest sum.
        assert speed.disagreement(work.timed(None)["answer"], expected) < 1e-12, name
        assert speed.disagreement(work.timed(None)["answer"], expected) < 1e-12, f"{name}, the second time"


def installed(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


@pytest.fixture(autouse=True)
def _sklearn_as_it_was():
    import sklearn

    with sklearn.config_context():
        yield


@pytest.mark.parametrize("write", [tables.parquet, tables.csv], ids=["parquet", "csv"])
def test_contenders_find_the_same_standard_errors_in_a_file(tmp_path, write):
    path = write(tmp_path, 500, 3)
    expected = fits.gradline_file(path).timed(None)["answer"]
    assert len(expected) == 8
    found = [fits.pandas_statsmodels(path), fits.pandas_sklearn(path)]
    found += [fits.polars_ols_file(path, 3)] if installed("polars_ols") else []
    for work in found:
        assert speed.disagreement(work.timed(None)["answer"], expected) < 1e-12  # as above


def test_both_kinds_of_steps_are_the_lesson(tmp_path):
    how = {"stem": tables.arrays(tmp_path, 300, 2), "steps": 20, "rate": 0.1}
    expected = descents.lesson_loop(**how).timed(None)["answer"]
    assert len(expected) == 20 * 2 + 20
    for engine in ("numpy", "moments"):
        assert speed.disagreement(descents.gradline_steps(engine=engine, **how).timed(None)["answer"], expected) < 1e-12
    assert speed.disagreement(descents.gradline_steps_alone(**how).timed(None)["answer"], expected) < 1e-12


def test_epochs_of_all_kinds_move_towards_the_answer(tmp_path):
    stem = tables.arrays(tmp_path, 2000, 2)
    right = np.array([1.0, 0.5, 1.0])
    works = [descents.gradline_epoch(stem, "numpy", 20, 0.05), descents.sgd_regressor(stem, 0.0025)]
    works += [descents.data_loader(stem, 20, 0.05), descents.bare_steps(stem, 20, 0.05)] if installed("torch") else []
    for work in works:
        # 100 steps of contraction 1 - 2 * 0.05 leave e^-10; the noise of the gradient leaves about
        # sqrt(rate * 2 / (2 * 20)) = 0.05 a coefficient, and the sample 1 / sqrt(2000).
        assert abs(np.array(work.timed(None)["answer"]) - right).max() < 0.3


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_both_descents_over_many_columns_fit_the_same(tmp_path, sparse):
    stem = tables.sparse(tmp_path, 20_000, 2100, 5) if sparse else tables.arrays(tmp_path, 150, 2100)
    expected = descents.gradline_wide(stem, sparse).timed(None)["answer"]
    assert len(expected) == 100
    # Every coefficient is right to 1e-6 of itself, or of its standard error where it has one, 0.15 here. So a fitted
    # value is off by 1e-6 |x| |b| at most, dense: |x| = 46, |b| = 7 beside |y| > 10; or sparse by 1e-6 beside |y| > 2.
    assert speed.disagreement(descents.lsqr(stem, sparse, 1e-9).timed(None)["answer"], expected) < 4e-5


# --- rows and the page


def test_a_row_is_measured_and_written(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "Worker", InThisProcess)
    row = speed.in_memory("tall", 500, 3, 2, 2, {speed.FLOAT64: (1e-9, 2), speed.EXACT: (1e9, None)})
    assert {goal.against for goal in row.goals} <= {contender.label for contender in row.contenders}
    few = [c for c in row.contenders if c.label in (speed.FLOAT64, speed.EXACT, speed.SKLEARN)]
    absent = Contender(speed.INTELEX, f"{BAD}:missing")
    section = dataclasses.replace(row, contenders=[*few, absent]).measured(tmp_path, 1, lambda line: None)
    assert [finding.reached for finding in section.findings] == [True, None, False]
    text = page.written(describe(1, quick=True), [section], 0.1)
    for line in (
        "## Exact fit in memory, 500 x 3",
        "1 of 3 goals reached, 1 missed, 1 not measured.",
        "| scikit-learn-intelex | not installed (No module named 'there_is_no_such_library') |",
    ):
        assert line in text
    assert all(len(set(widths)) == 1 for widths in table_widths(text))


def test_the_time_of_the_exact_fit_is_split_without_remainder(tmp_path):
    from gradline.moments.integers.digits import DigitCutter

    cut = DigitCutter.cut
    found = split.exact_fit(tables.arrays(tmp_path, 3000, 70)).timed(True)
    assert DigitCutter.cut is cut
    assert set(found["answer"]) == set(split.ORDER)
    assert all(found["answer"][stage] > 0 for stage in set(split.ORDER) - {split.REST, split.WAITING})
    # The stages add up to the time between two looks at the clock, which lie within those of the harness.
    assert 0 < sum(found["answer"].values()) <= found["seconds"]


def test_the_split_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "QUICK_SIZES", ((600, 3), (600, 70)))
    monkeypatch.setattr(split, "Worker", InThisProcess)
    section = split.Split(quick=True).measured(tmp_path, 1, lambda line: None)
    text = page.written(describe(1, quick=True), [section], 0.1)
    assert "## Where the time of the exact fit goes" in text
    assert "|  | 600 x 3 | part | 600 x 70 | part |" in text
    assert text.count("| products of digits |") == 1
    assert all(len(set(widths)) == 1 for widths in table_widths(text))


def test_what_a_check_adds_is_a_ratio_of_processor_seconds(tmp_path, monkeypatch):
    """Plain 2, 4, 4 seconds, checked 4, 4, 6: medians 4 and 4, single rounds 1 to 2 times; the first is a warm-up."""
    taken = {"python": [9.0, 2.0, 4.0, 4.0], "gradline": [9.0, 4.0, 4.0, 6.0]}
    rounds = {kind: itertools.cycle(seconds) for kind, seconds in taken.items()}
    monkeypatch.setattr(
        checker, "cpu_seconds", lambda command, _: next(rounds["gradline" if "-m" in command else "python"])
    )
    section = checker.Checker(quick=True).measured(tmp_path, 1, lambda line: None)
    (finding,) = section.findings
    assert (finding.measured, finding.reached) == ("1.00x (1.00x .. 2.00x)", True)
    assert section.tables[0].rows[-1] == ["an empty script", "4.00 s", "4.00 s", "1.00x"]


def test_processor_seconds_are_those_of_the_process(tmp_path):
    assert checker.cpu_seconds([sys.executable, "-c", ""], {**os.environ}) > 0
    with pytest.raises(SystemExit, match="exit 3"):
        checker.cpu_seconds([sys.executable, "-c", "raise SystemExit(3)"], {**os.environ})


def table_widths(text: str) -> list[list[int]]:
    """Cells in each line of each Markdown table."""
    return [
        [len(line.replace("\\|", "").split("|")) for line in block.splitlines()]
        for block in text.split("\n\n")
        if block.startswith("|")
    ]


def test_every_row_names_contenders_that_exist():
    for row in speed.rows(quick=True, threads=2):
        for contender in row.contenders:
            module, _, function = contender.call.partition(":")
            assert callable(getattr(importlib.import_module(module), function))
        assert {goal.ours for goal in row.goals} <= set(row.ours)
        assert set(row.ours) <= {contender.label for contender in row.contenders}


def test_rows_and_threads_are_checked(capsys):
    assert read(["--rows", "accuracy", "--quick"]).rows == ["accuracy"]
    for wrong in (["--rows", "beauty"], ["--threads", "0"]):
        with pytest.raises(SystemExit):
            read(wrong)
    assert "no rows called beauty; there are speed, accuracy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (4.2e-6, "4.20 µs"), (0.0523, "52.3 ms"), (0.4321, "432 ms"), (1.239, "1.24 s"), (61.2, "61.2 s")],
)
def test_durations_have_three_digits(seconds, text):
    assert page.duration(seconds) == text
