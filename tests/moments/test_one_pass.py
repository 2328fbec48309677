"""One pass: columns that are met on the way, cuts and kills that change no bit, rows that are known again."""

import contextlib
import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DataError, ExactMoments, Moments
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.data.source import open_source
from gradline.moments import room
from gradline.moments.classical import infer
from gradline.moments.keeping import Keep
from gradline.moments.keeping_batches import BatchesKeeper
from gradline.moments.one_pass import one_pass
from gradline.moments.precision import gather
from tests.command import gradline

KINDS = [Moments, ExactMoments]


class Blocks:
    """A source of given batches; an exception among them is raised when it is reached."""

    def __init__(self, batches, name="blocks"):
        self.given = batches
        self.feature_names = tuple(f"x{j}" for j in range(batches[0].X.shape[1]))
        self.target_name, self.name, self.rows_dropped = "y", name, 0
        self.passes = 0

    def batches(self, rows=None, *, shuffle=None):
        self.passes += 1
        for batch in self.given:
            if isinstance(batch, BaseException):
                raise batch
            yield batch


class Growing(Blocks):
    """The same, whose later batches may be wider; in the end the columns are turned around."""

    def growing(self):
        return self.batches()

    def settled(self, sums):
        return sums.selected(range(sums.n_features)[::-1])


def some_batches(sizes, features=3, seed=0, weighted=False):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** np.arange(features)
    return [
        Batch.of(
            rng.normal(7.0, 1.0, (n, features)) * scale,
            rng.normal(size=n),
            rng.integers(1, 5, n).astype(float) if weighted else None,
        )
        for n in sizes
    ]


def widening(sizes, widths, seed=0):
    """Batches of so many columns, and the same rows with all columns from the first."""
    rng = np.random.default_rng(seed)
    narrow, full = [], []
    for rows, width in zip(sizes, widths, strict=True):
        X, y = rng.normal(5.0, 1.0, (rows, width)), rng.normal(size=rows)
        narrow.append(Batch.of(X, y))
        full.append(Batch.of(np.pad(X, ((0, 0), (0, widths[-1] - width))), y))
    return narrow, full


class Cutting:
    """Keeps nothing; ends a run of batches wherever a list says so."""

    def __init__(self, cuts):
        self._cuts = iter(cuts)

    def resume(self, kind, rows):
        return None

    def due(self):
        return next(self._cuts, False)

    def after_run(self, total, rows):
        pass

    at_the_end = after_run

    def noticing(self):
        return threading.Lock()  # any context will do


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=9),
    cuts=st.lists(st.booleans(), max_size=9),
    weighted=st.booleans(),
)
def test_cuts_change_no_bit(kind, sizes, cuts, weighted):
    source = Blocks(some_batches(sizes, weighted=weighted))
    unbroken = one_pass(source, kind)
    assert one_pass(source, kind, keep=Cutting(cuts)).to_json() == unbroken.to_json()
    assert unbroken.rows == sum(sizes)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=7), stop=st.integers(0, 7), weighted=st.booleans())
def test_a_pass_that_broke_off_anywhere_ends_in_the_same_bits(kind, sizes, stop, weighted, tmp_path_factory):
    """Saved after every batch; the source fails at batch `stop`."""
    path = tmp_path_factory.mktemp("kept") / "run.json"
    batches = some_batches(sizes, weighted=weighted)
    unbroken = one_pass(Blocks(batches), kind)
    broken = Blocks([*batches[:1], *batches[1 : 1 + stop], OSError("gone")])
    with pytest.raises(OSError, match="gone"):
        one_pass(broken, kind, keep=keeper(path, broken))
    whole = Blocks(batches)
    resumed = one_pass(whole, kind, keep=keeper(path, whole))
    assert resumed.to_json() == unbroken.to_json()
    again = one_pass(whole, kind, keep=keeper(path, whole))
    assert again.to_json() == unbroken.to_json()


def keeper(path, source, seconds=0.0, precision="float64"):
    return BatchesKeeper(Keep(path, seconds), source, fit_intercept=True, precision=precision)


# Columns that are met on the way


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), min_size=1, max_size=7),
    st.lists(st.booleans(), max_size=7),
)
def test_columns_met_late_give_the_exact_sums_of_columns_known_before(blocks, cuts):
    sizes, widths = [rows for rows, _ in blocks], 1 + np.cumsum([more for _, more in blocks])
    narrow, full = widening(sizes, widths.tolist())
    known = one_pass(Blocks(full), ExactMoments).selected(range(widths[-1])[::-1])
    assert one_pass(Growing(narrow), ExactMoments) == known
    assert one_pass(Growing(narrow), ExactMoments, keep=Cutting(cuts)) == known


def test_columns_met_late_give_float64_sums_to_rounding():
    narrow, full = widening([500, 400, 300], [1, 2, 4])
    late, known = one_pass(Growing(narrow), Moments), one_pass(Blocks(full), Moments).selected([3, 2, 1, 0])
    # Sums of some 1200 products of size 25, in another order: each rounding is below 2^-53 of the sum.
    np.testing.assert_allclose(late.scatter, known.scatter, rtol=1e-12, atol=1e-9)
    assert late.to_json() == one_pass(Growing(narrow), Moments, keep=Cutting([True, True, True])).to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_a_growing_pass_goes_on_from_its_checkpoint(kind, tmp_path):
    narrow, _ = widening([50, 60, 70, 80], [1, 2, 2, 5])
    unbroken = one_pass(Growing(narrow), kind)
    for stop in (1, 2, 3):
        path = tmp_path / f"{stop}.json"
        broken = Growing([*narrow[:stop], OSError("gone")])
        with pytest.raises(OSError, match="gone"):
            one_pass(broken, kind, keep=keeper(path, broken))
        assert one_pass(Growing(narrow), kind, keep=keeper(path, broken)).to_json() == unbroken.to_json()


def test_no_more_than_one_batch_is_read_ahead():
    """A batch is asked for when all but those in the threads' hands and one more are summed: memory stays bounded."""
    taken, summed = [], []
    narrow, _ = widening([10] * 8, [1, 2, 3, 4, 5, 6, 7, 8])

    class Watched(Growing):
        def batches(self, rows=None, *, shuffle=None):
            for number, batch in enumerate(self.given):
                taken.append(number - len(summed))
                yield batch

    one_pass(Watched(narrow), ExactMoments, watch=summed.append)
    assert max(taken) <= 1


# Watching


def test_the_watcher_is_told_the_rows_after_every_batch():
    told = []
    one_pass(Blocks(some_batches([5, 1, 30])), Moments, watch=told.append)
    assert told == [5, 6, 36]


def test_a_second_pass_counts_from_the_start():
    told = []
    X = np.column_stack([np.arange(40.0), np.arange(40.0) + 1e-9 * np.random.default_rng(0).normal(size=40)])
    _, solution = gather(ArraySource(X, X[:, 0]), fit_intercept=True, watch=told.append)
    assert told == [40, 40]
    assert solution.certificate.digits > 9


@pytest.mark.parametrize("seed", range(10))
def test_where_the_answer_is_known_well_enough_the_digits_of_a_zero_are_not_asked_for(seed):
    """Columns and y centred, so that the intercept is rounding; told is at least how far the float64 answer is off."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2000, 4)) @ rng.normal(size=(4, 4)) * 10.0 ** rng.integers(-3, 4, 4)
    y = X @ [1.0, 0.0, 2.0, 3.0] + X.std() * rng.normal(size=2000)
    source = ArraySource(X - X.mean(axis=0), y - y.mean())
    moments, solution = gather(source, fit_intercept=True, within=1e-8)
    again, exact = gather(source, fit_intercept=True)
    assert (type(moments), type(again)) == (Moments, ExactMoments)
    off = np.append(solution.intercept - exact.intercept, solution.coef - exact.coef)
    error = infer(again, exact, fit_intercept=True).standard_error
    assert np.abs(off / error).max() <= moments.dispersion().moved <= 1e-8


@pytest.mark.parametrize(
    ("noise", "within", "moved", "digits"), [(3e-5, 1e-7, True, False), (1e-2, 1e-11, False, True)]
)
def test_where_rounding_moves_more_or_leaves_few_digits_rows_are_read_again(noise, within, moved, digits):
    """Each of the two conditions alone; the intercept is all but zero, so that its digits do not decide."""
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 500))
    x, e = x - x.mean(), e - e.mean()
    source = ArraySource(x[:, None], 3.0 * x + noise * e)
    told = Moments.of(source.X, source.y).dispersion()
    assert (told.moved <= within, told.digits >= 6.0) == (moved, digits)
    assert isinstance(gather(source, fit_intercept=True, within=within)[0], ExactMoments)
    assert isinstance(gather(source, fit_intercept=True, within=within if moved else 1e-3)[0], Moments) == digits


@pytest.mark.parametrize("of", ["arrays", "table", "Parquet"])
@pytest.mark.parametrize("rows", [30, 257, 258])
def test_no_more_rows_than_columns_are_read_once_and_exactly(rows, of, tmp_path):
    rng, told = np.random.default_rng(0), []
    columns = {f"c{j}": rng.normal(size=rows) for j in range(257)}  # so many that a source is asked for its rows
    X, y = np.column_stack(list(columns.values())), rng.normal(size=rows)
    if of == "Parquet":
        pq.write_table(pa.table({**columns, "y": y}), tmp_path / "wide.parquet")
    source = {
        "arrays": lambda: ArraySource(X, y),
        "table": lambda: open_source({**columns, "y": y}, target="y"),
        "Parquet": lambda: open_source(tmp_path / "wide.parquet", target="y"),
    }[of]()
    moments, solution = gather(source, fit_intercept=False, watch=told.append)
    assert solution.certificate.rank == min(rows, 257)
    assert told == [rows] if rows <= 257 else told[0] == rows
    assert isinstance(moments, ExactMoments) or rows > 257


# Which pass, which rows, which fit

ALMOST_COLLINEAR = [
    Batch.of(np.column_stack([x, x + 1e-9 * np.sin(x)]), np.cos(x)) for x in np.split(np.arange(60.0), 6)
]


@pytest.mark.parametrize("stop", range(1, 12))
def test_auto_goes_on_in_the_pass_it_was_in(stop, tmp_path):
    """Five digits are certain in float64, so that rows are read twice: six batches each."""
    options = {"fit_intercept": True, "precision": "auto", "keep": Keep(tmp_path / "run.json", 0.0)}

    class Failing(Blocks):
        taken = 0

        def batches(self, rows=None, *, shuffle=None):
            self.passes += 1
            for batch in self.given:
                if self.taken == stop:
                    raise OSError("gone")
                self.taken += 1
                yield batch

    with pytest.raises(OSError, match="gone"):
        gather(Failing(ALMOST_COLLINEAR), **options)
    source = Blocks(ALMOST_COLLINEAR)
    moments, solution = gather(source, **options)
    assert source.passes == (1 if stop > 6 else 2)
    expected, exact = gather(Blocks(ALMOST_COLLINEAR), fit_intercept=True, precision="exact")
    assert isinstance(moments, ExactMoments)
    assert moments == expected
    assert solution.coef.tobytes() == exact.coef.tobytes()


@pytest.mark.parametrize("precision", ["float64", "exact", "auto"])
@pytest.mark.parametrize("stop", [1, 3, 4, 7, 9, 12])
def test_levels_found_on_the_way_are_found_again(stop, precision, tmp_path):
    """A table of six blocks whose levels come late; the reader fails in block `stop`, which may be in a second pass."""
    x = np.arange(300.0)
    table = {"x": x, "z": x + 1e-9 * np.sin(x), "city": [f"city {i // 60}" for i in range(300)], "y": np.cos(x)}

    def opened():
        path = tmp_path / "t.csv"
        rows = zip(*(map(str, column) for column in table.values()), strict=True)
        path.write_text("x,z,city,y\n" + "".join(",".join(row) + "\n" for row in rows))
        return open_source(path, target="y", batch_rows=50)

    options = {"fit_intercept": True, "precision": precision}
    unbroken, expected = gather(opened(), **options)
    source, keep = opened(), Keep(tmp_path / "run.json", 0.0)
    read, blocks = source.reader.read, [0]

    def failing(*arguments):
        for block in read(*arguments):
            blocks[0] += 1
            if blocks[0] == stop:
                raise OSError("gone")
            yield block

    source.reader.read = failing
    with contextlib.suppress(OSError):
        gather(source, **options, keep=keep)
    again = opened()
    moments, solution = gather(again, **options, keep=keep)
    assert again.feature_names == ("x", "z", *(f"city[T.city {k}]" for k in range(1, 5)))
    assert moments.to_json() == unbroken.to_json()
    assert solution.coef.tobytes() == expected.coef.tobytes()


def finished(tmp_path, batches, **options):
    path = tmp_path / "run.json"
    source = Blocks(batches)
    one_pass(source, Moments, keep=keeper(path, source, **options))
    return path


def test_a_finished_fit_is_only_read_again(tmp_path, monkeypatch):
    batches = some_batches([20, 30])
    path = finished(tmp_path, batches)
    before = path.read_bytes()
    monkeypatch.setattr(Moments, "from_batches", None)
    source = Blocks(batches)
    assert one_pass(source, Moments, keep=keeper(path, source)).rows == 50
    assert json.loads(path.read_bytes()) == json.loads(before)


@pytest.mark.parametrize("change", ["a cell", "the target", "the order", "fewer", "a weight", "zero's sign"])
def test_other_rows_are_noticed_and_the_checkpoint_stays(change, tmp_path):
    batches = some_batches([20, 30, 10])
    batches[1].X[0, 0] = 0.0
    path = finished(tmp_path, batches)
    before = path.read_bytes()
    changed = some_batches([20, 30, 10], weighted=change == "a weight")
    changed[1].X[0, 0] = -0.0 if change == "zero's sign" else 0.0
    if change == "a cell":
        changed[1].X[3, 1] = np.nextafter(changed[1].X[3, 1], 0)
    elif change == "the target":
        changed[2].y[0] += 1
    elif change == "the order":
        changed[0], changed[2] = changed[2], changed[0]
    elif change == "fewer":
        del changed[2]
    source = Blocks(changed)
    with pytest.raises(DataError, match=r"run\.json is of other rows: the first 60 of blocks have changed, or come in"):
        one_pass(source, Moments, keep=keeper(path, source))
    assert path.read_bytes() == before


def test_rows_that_were_added_are_summed(tmp_path):
    batches = some_batches([20, 30, 10])
    path = finished(tmp_path, batches[:2])
    source = Blocks(batches)
    assert one_pass(source, Moments, keep=keeper(path, source)).to_json() == one_pass(source, Moments).to_json()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "other.csv"}, r"its source was 'blocks', expected 'other\.csv'"),
        ({"feature_names": ("a", "b", "c")}, "its features was"),
        ({"target_name": "price"}, "its target was 'y', expected 'price'"),
    ],
)
def test_another_fit_is_told_apart_before_a_row_is_read(change, told, tmp_path):
    path = finished(tmp_path, some_batches([20]))
    source = Blocks(some_batches([20]))
    vars(source).update(change)
    with pytest.raises(DataError, match=told):
        keeper(path, source)
    assert source.passes == 0


def test_another_precision_is_another_fit(tmp_path):
    path = finished(tmp_path, some_batches([20]))
    with pytest.raises(DataError, match="its precision was 'float64', expected 'exact'"):
        keeper(path, Blocks(some_batches([20])), precision="exact")


def test_a_place_where_nothing_can_be_written_is_told_before_a_row_is_read(tmp_path):
    with pytest.raises(DataError, match=r"cannot be written: there is no folder .*nowhere"):
        keeper(tmp_path / "nowhere" / "run.json", Blocks(some_batches([20])))


def test_a_cell_that_is_not_finite_is_told_in_its_row_after_a_cut(tmp_path):
    batches = some_batches([20, 30])
    batches[1].X[4, 2] = np.nan
    source = Blocks(batches)
    for kind in KINDS:
        with pytest.raises(DataError, match="nan in row 25, column 3 of X"):
            one_pass(source, kind, keep=keeper(tmp_path / kind.__name__, source))


# Ctrl-C and kills, in processes

FIT = """
import os, signal, sys, threading, time
import numpy as np
from gradline.data.batch import Batch
from gradline.moments.keeping import Keep
from gradline.moments.precision import gather

path, precision, wait, last = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
told = 0


class Slow:
    feature_names, target_name, name, rows_dropped = ("a", "b"), "y", "slow", 0

    def batches(self, rows=None, *, shuffle=None):
        rng = np.random.default_rng(0)
        for number in range(40):
            time.sleep(wait)
            x = rng.normal(5.0, 1.0, 200)
            yield Batch.of(np.column_stack([x, x + 1e-8 * rng.normal(size=200)]), rng.normal(size=200))
            print(number, flush=True)
            told_so_far()


def told_so_far():
    global told
    told += 1
    if told == last:  # killed a little later, whatever it is then at
        threading.Timer(0.002, os.kill, (os.getpid(), signal.SIGKILL)).start()


keep = None if path == "-" else Keep(path, 0.0 if wait else 1e9)
moments, solution = gather(Slow(), fit_intercept=True, precision=precision, keep=keep)
print(moments.to_json(), solution.coef.tobytes().hex())
raise SystemExit
"""

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")


def fit(path, precision, wait=0, last=0):
    """In a process of its own, which is killed after so many batches; how it ended, and the last that it said."""
    done = gradline(path, precision, wait, last, first=FIT)
    return done.returncode, done.stdout.splitlines()[-1]


@functools.cache
def unbroken(precision):
    return fit("-", precision)


@needs_kill
@pytest.mark.parametrize("precision", ["float64", "exact", "auto"])
def test_killed_again_and_again_it_ends_in_the_same_bits(precision, tmp_path):
    """Each process is killed some batches later than the one before; under auto that reaches into the second pass."""
    path = tmp_path / "run.json"
    for batches in (3, 9, 17, 30, *[55] * (precision == "auto")):
        assert fit(path, precision, 0.004, batches)[0] == -signal.SIGKILL
        assert path.exists()
    assert fit(path, precision) == unbroken(precision)


@needs_kill
@pytest.mark.parametrize("again", [1, 2])
def test_ctrl_c_saves_what_was_summed(again, tmp_path):
    """The interval is endless here, so that only Ctrl-C saves; a second one does not wait for anything."""
    path = tmp_path / "run.json"
    code = FIT.replace("0.0 if wait else 1e9", "1e9")
    command = [sys.executable, "-c", code, str(path), "exact", "0.05", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(5):
            process.stdout.readline()
        assert not path.exists()
        process.send_signal(signal.SIGINT)
        if again == 2:
            process.send_signal(signal.SIGINT)
        rest = process.stdout.read().splitlines()
        assert re.search(r"(KeyboardInterrupt|Interrupted: interrupted: .* holds the first)", process.stderr.read())
    assert len(rest) < 30
    if again == 1:
        kept = json.loads(path.read_text())["content"]
        assert 5 <= kept["iteration"] <= 5 + len(rest) + 1  # the last one taken is told when the next is asked for
        assert kept["state"]["rows"] == 200 * kept["iteration"]
    assert fit(path, "exact") == unbroken("exact")


def test_in_a_thread_a_checkpoint_does_without_ctrl_c(tmp_path):
    batches = some_batches([20, 30])
    source, found = Blocks(batches), []
    path, handler = tmp_path / "run.json", signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: found.append(one_pass(source, Moments, keep=keeper(path, source))))
    thread.start()
    thread.join()
    assert found[0].to_json() == one_pass(source, Moments).to_json()
    assert signal.getsignal(signal.SIGINT) is handler
    assert keeper(path, source)._file.found(Moments).iteration == 2


# Memory


@pytest.mark.parametrize(("kind", "columns"), [(Moments, 10_000), (ExactMoments, 3_000)])
def test_sums_that_memory_cannot_hold_are_refused_before_a_row_is_read(kind, columns, monkeypatch):
    monkeypatch.setattr(room, "available", lambda: 4_000_000_000)
    source = Blocks([Batch.of(np.zeros((1, columns)), np.zeros(1))])
    with pytest.raises(DataError, match=rf"sums of {columns:,} columns need about .* 4 GB are available\nhint: .*'nn'"):
        one_pass(source, kind)
    assert source.passes == 0


def test_exact_sums_of_few_rows_are_refused_before_a_pass_in_float64(monkeypatch):
    monkeypatch.setattr(room, "available", lambda: 4_000_000_000)
    told = []
    with pytest.raises(DataError, match=r"the exact sums of 3,000 columns need about 9.01 GB"):
        gather(ArraySource(np.ones((30, 3000)), np.ones(30)), fit_intercept=True, watch=told.append)
    assert not told


def test_exact_sums_too_large_name_the_arithmetic_that_fits(monkeypatch):
    monkeypatch.setattr(room, "available", lambda: 2_000_000_000)
    with pytest.raises(DataError, match=r"hint: precision='float64' needs .* MB; engine='nn' descends without them"):
        room.refuse_beyond_memory(2_000, ExactMoments)


def test_where_memory_is_not_known_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(room, "available", lambda: None)
    room.refuse_beyond_memory(1_000_000, ExactMoments)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of memory")
def test_memory_is_what_the_system_says_or_less():
    total = re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())
    assert 0 < room.available() <= int(total[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit as Linux has it")
def test_a_limit_of_the_process_counts():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9, 4 * 10**9));"
        "from gradline.moments.room import available; print(available())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert 0 < int(done.stdout) < 4 * 10**9


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a process")
@pytest.mark.parametrize(("kind", "p"), [(Moments, 700), (ExactMoments, 200)])
def test_the_memory_foretold_is_about_what_a_fit_takes(kind, p):
    """The peak beyond what the process held before; measured to 15 % at p = 3000, where what is fixed hides nothing."""
    code = f"""
import resource, numpy as np
from gradline import {kind.__name__} as K
K.of(np.random.default_rng(0).normal(size=(50, 3)), np.zeros(50)).solve()
X = np.random.default_rng(0).normal(size=({p} + 300, {p}))
before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
K.of(X, X[:, 0] + X[:, 1]**2).dispersion()
# Not ru_maxrss, which a child has from its parent.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024 - before)
"""
    peak = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert room.needed(p, kind) / 3 < peak < 3 * room.needed(p, kind)


@pytest.mark.parametrize("weighted", [False, True])
def test_arrays_are_summed_in_the_blocks_of_moments_of(weighted):
    """To the bit: so large an array is cut by either, and another cut rounds otherwise."""
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(1_000_000, 3)), rng.normal(size=1_000_000)
    weight = rng.uniform(0.5, 2.0, len(y)) if weighted else None
    found = one_pass(ArraySource(X, y, weight), Moments)
    assert found == Moments.of(X, y, weight)
    assert found != Moments.from_batches(ArraySource(X, y, weight).batches(65_536), 3)
