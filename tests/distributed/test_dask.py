"""Dask reads the parts: with two worker processes on the loopback device, the bits of one process; faults cost time."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from gradline import DataError, ExactMoments, GradientDescentRegressor, LinearRegression, Moments, open_source
from gradline.cli.app import app
from gradline.data import file_parts
from gradline.data.parted import parted
from gradline.errors import MissingExtraError
from gradline.moments.keeping import Keep
from gradline.moments.one_pass import one_pass
from gradline.moments.precision import gather
from tests.command import gradline
from tests.data.parts import in_turn
from tests.diagnostics.test_in_parts import same, same_diagnosis

pytest.importorskip("distributed", reason="needs the extra 'dask'")
pytest.importorskip("dask.dataframe", reason="needs the extra 'dask'")

import dask
import dask.array as da
import dask.dataframe as dd
import distributed
from distributed.diagnostics.plugin import SchedulerPlugin

from gradline.distributed import cluster as clusters
from gradline.distributed import results
from gradline.distributed.cluster import ClusterError, connected
from gradline.distributed.tree import on_dask

ROWS = 3000
BOUND = 60.0  # seconds, for what may wait on processes


@pytest.fixture(scope="module")
def cluster():
    """A client of two worker processes."""
    with connected("local", workers=2) as client:
        yield client


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "x": rng.normal(1e5, 1, ROWS),
            "rooms": rng.integers(1, 5, ROWS),
            "city": rng.choice(["Oslo", "Rome"], ROWS),
            "w": rng.integers(1, 3, ROWS).astype(float),
        }
    )
    frame.loc[:40, "city"] = "Bonn"  # in the first partition only
    frame.loc[2990, "city"] = "Zagreb"  # in the last
    frame["y"] = 2 * frame["x"] + frame["rooms"] + rng.normal(size=ROWS)
    return frame


@pytest.fixture(scope="module")
def ddf(table):
    return dd.from_pandas(table, npartitions=7)


def exact(*rows, **options):
    return LinearRegression(precision="exact", **options).fit(*rows)


@pytest.mark.parametrize(
    "options",
    [
        {"features": ["x", "rooms"]},
        {"features": ["x", "city", "C(rooms)"], "weight": "w", "reference": {"city": "Rome"}},
        {"formula": "log(y) ~ x + C(city)"},
    ],
    ids=["numbers", "categories", "formula"],
)
def test_a_dataframe_is_fitted_to_the_bits_of_one_process(cluster, table, ddf, options):
    options = options if "formula" in options else {"target": "y", **options}
    alone, spread = exact(open_source(table, **options)), exact(open_source(ddf, **options))
    assert spread.moments_.to_json() == alone.moments_.to_json()
    assert spread.coef_.tolist() == alone.coef_.tolist()
    assert spread.feature_names_in_.tolist() == alone.feature_names_in_.tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_x_and_y_may_come_as_dataframe_and_series(cluster, table, ddf, weighted):
    names = ["x", "rooms"]
    weights = [(frame["w"],) if weighted else () for frame in (table, ddf)]
    alone, spread = exact(table[names], table["y"], *weights[0]), exact(ddf[names], ddf["y"], *weights[1])
    assert spread.moments_.to_json() == alone.moments_.to_json()
    assert spread.feature_names_in_.tolist() == names
    assert str(spread.summary()) == str(alone.summary())


def test_or_as_arrays_in_any_chunks(cluster, table):
    X, y = table[["x", "rooms"]].to_numpy(), table["y"].to_numpy()
    alone = exact(X, y)
    spread = exact(da.from_array(X, chunks=(700, 1)), da.from_array(y, chunks=1100))
    assert spread.moments_.to_json() == alone.moments_.to_json()
    assert not hasattr(spread, "feature_names_in_")
    assert spread.predict(X[:3]).tolist() == alone.predict(X[:3]).tolist()
    assert spread.partial_fit(da.from_array(X), da.from_array(y)).n_samples_ == 2 * ROWS


@pytest.mark.parametrize("partitions", [1, 3, 40])
def test_any_number_of_partitions_gives_the_same_bits(cluster, table, partitions):
    spread = open_source(dd.from_pandas(table, npartitions=partitions), target="y")
    assert one_pass(spread, ExactMoments).to_json() == one_pass(open_source(table, target="y"), ExactMoments).to_json()


def test_without_a_client_threads_of_this_process_read(table, ddf, monkeypatch):
    monkeypatch.setattr(results, "_open_client", lambda: None)
    with dask.config.set(scheduler="threads"):
        found = one_pass(open_source(ddf, target="y"), ExactMoments)
    assert found == one_pass(open_source(table, target="y"), ExactMoments)


def test_float64_sums_are_the_same_in_every_run(cluster, ddf):
    runs = {one_pass(open_source(ddf, target="y"), Moments).to_json() for _ in range(3)}
    assert len(runs) == 1


def test_auto_reads_again_where_digits_are_few(cluster):
    x = np.arange(500.0)
    frame = pd.DataFrame({"x": x, "x2": x * (1 + 1e-9 * np.sin(x)), "y": x + np.cos(x)})
    alone = LinearRegression().fit(open_source(frame, target="y"))
    spread = LinearRegression().fit(open_source(dd.from_pandas(frame, npartitions=3), target="y"))
    assert isinstance(spread.moments_, ExactMoments)
    assert spread.coef_.tolist() == alone.coef_.tolist()


def test_diagnoses_and_robust_errors_come_from_the_workers(cluster, table, ddf):
    spread, alone = exact(open_source(ddf, target="y")), exact(open_source(table, target="y"))
    same_diagnosis(
        spread.diagnose(covariance=("cluster", "city"), ordered=True),
        alone.diagnose(covariance=("cluster", "city"), ordered=True),
    )
    assert str(spread.summary(covariance="HC3")) == str(alone.summary(covariance="HC3")).replace("X, y", "DataFrame")


def test_rows_never_travel(cluster):
    """Workers give away less than one partition weighs, to each other and to this process together."""
    fit, look = {}, {}
    for rows in (16_000, 64_000):
        frame = dd.from_map(made_there, range(8), rows=rows // 8, meta=made_there(0, 1))
        start = outgoing(cluster)
        model = LinearRegression(precision="exact").fit(open_source(frame, target="y"))
        assert model.n_samples_ == rows
        fit[rows] = outgoing(cluster) - start
        model.diagnose(covariance=("cluster", "g"))
        look[rows] = outgoing(cluster) - start - fit[rows]
    # Dask counts by its own estimate: of a DataFrame its size (64 kB and 256 kB a partition), of states too little.
    # What those weigh, and that it does not grow, tests/data/test_parted.py and diagnostics/test_in_parts.py measure.
    assert max(fit.values()) < 30_000
    # Of 2000 rows in a part as of 8000, a thousand are a sample, and thirty are named: eight states of some 70 kB, of
    # which chance leaves some where they are. One partition of 8000 rows beside them would be 256 kB more.
    assert max(look.values()) < 8 * 70_000 + 128_000


def made_there(number: int, rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(number)
    columns = {name: rng.normal(size=rows) for name in ("x", "y", "z")}
    return pd.DataFrame(columns | {"g": rng.integers(0, 9, rows).astype(float)})


def outgoing(client) -> int:
    return sum(client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total).values())


# What cannot be fitted


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (lambda ddf, table: (ddf[["city"]], ddf["y"]), "column 'city' of X holds text"),
        (lambda ddf, table: (ddf[["x"]], table["y"]), "X is a Dask DataFrame but y is a Series"),
        (lambda ddf, table: (ddf[["x"]], ddf["y"].repartition(npartitions=2)), "parted at different rows"),
        (lambda ddf, table: (da.ones((9, 2)), da.ones(8)), "X has 9 rows but y has 8"),
        (lambda ddf, table: (da.ones(9), da.ones(9)), "X is a Dask Array of 1 dimension, expected rows and columns"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_computed(ddf, table, rows, told):
    with pytest.raises(DataError) as error:
        LinearRegression().fit(*rows(ddf, table))
    assert told in str(error.value)
    assert error.value.hint is not None or "rows but" in told or "expected" in told


def test_a_descent_says_that_it_needs_the_rows(ddf):
    with pytest.raises(DataError, match="the rows of X, y lie with the workers of Dask"):
        GradientDescentRegressor(max_iter=3).fit(ddf[["x"]], ddf["y"])


def test_missing_cells_are_counted_over_all_partitions(cluster, table):
    holes = table.copy()
    holes.loc[[100, 2900], "x"] = np.nan
    with pytest.raises(DataError, match=r"column 'x' has 2 missing \(NaN\) cells, the first in row 101"):
        exact(open_source(dd.from_pandas(holes, npartitions=5), target="y"))
    dropping = exact(open_source(dd.from_pandas(holes, npartitions=5), target="y", missing="drop"))
    assert dropping.n_dropped_ == 2
    assert dropping.moments_ == exact(open_source(holes, target="y", missing="drop")).moments_


# Faults


def slowly(part: pd.DataFrame) -> pd.DataFrame:
    time.sleep(0.1)
    return part


class Watching(SchedulerPlugin):
    """Calls back once, when so many tasks are done."""

    name = "watching"

    def __init__(self, after, call):
        self.left, self.call = after, call

    def transition(self, key, start, finish, *args, **kwargs):
        if start == "processing" and finish == "memory":
            self.left -= 1
            if self.left == 0:
                threading.Thread(target=self.call).start()


def during_a_fit(client, ddf, call):
    """An exact fit to slow partitions, with something happening after the first few of their tasks."""
    done = threading.Event()

    def once():
        call()
        done.set()

    plugin = Watching(6, once)
    client.cluster.scheduler.add_plugin(plugin)
    try:
        fit = exact(open_source(ddf.map_partitions(slowly, meta=ddf._meta), target="y"))
    finally:
        client.cluster.scheduler.remove_plugin(plugin.name)
    assert done.wait(BOUND)
    return fit


def test_a_worker_killed_in_the_middle_changes_nothing(cluster, table):
    pids = set(cluster.run(os.getpid).values())
    victim = min(pids)
    fit = during_a_fit(cluster, dd.from_pandas(table, npartitions=24), lambda: os.kill(victim, signal.SIGKILL))
    assert fit.moments_.to_json() == exact(open_source(table, target="y")).moments_.to_json()
    cluster.wait_for_workers(2, timeout=BOUND)
    assert victim not in set(cluster.run(os.getpid).values())


def test_a_worker_that_stands_still_for_a_while_changes_nothing(cluster, table):
    slow = min(cluster.run(os.getpid).values())

    def stand_still():
        os.kill(slow, signal.SIGSTOP)
        time.sleep(1.0)
        os.kill(slow, signal.SIGCONT)

    fit = during_a_fit(cluster, dd.from_pandas(table, npartitions=24), stand_still)
    assert fit.moments_.to_json() == exact(open_source(table, target="y")).moments_.to_json()


def test_a_part_that_kills_one_worker_after_the_other_is_an_error(cluster, table, monkeypatch):
    monkeypatch.setattr(cluster.cluster.scheduler, "allowed_failures", 1)  # 3 by default
    frame = dd.from_pandas(table, npartitions=2)
    with pytest.raises(
        ClusterError, match="was given to 2 workers one after the other, and each of them died"
    ) as error:
        exact(open_source(frame.map_partitions(deadly, meta=frame._meta), target="y"))
    assert error.value.hint == "give the workers more memory, or make the partitions smaller"
    cluster.wait_for_workers(2, timeout=BOUND)


def test_workers_that_are_gone_are_waited_for_no_longer_than_agreed(ddf, monkeypatch):
    monkeypatch.setattr(results, "NO_WORKER_SECONDS", 0.6)
    monkeypatch.setattr(results, "LOOK_SECONDS", 0.2)
    scheduler = distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None)
    with scheduler, distributed.Client(scheduler), pytest.raises(ClusterError, match="has had no worker for") as error:
        exact(open_source(ddf, target="y"))
    assert error.value.hint == "start workers again"


def deadly(part: pd.DataFrame) -> pd.DataFrame:
    os.kill(os.getpid(), signal.SIGKILL)
    return part


@pytest.fixture
def files(tmp_path, table):
    """A hundred files: a hundred parts."""
    for number in range(100):
        part = pa.Table.from_pandas(table.iloc[number * 30 : number * 30 + 30], preserve_index=False)
        pq.write_table(part, tmp_path / f"{number:03}.parquet")
    return tmp_path


def test_a_bad_file_among_a_hundred(cluster, files):
    (files / "042.parquet").write_bytes((files / "042.parquet").read_bytes()[:500])
    with pytest.raises(DataError, match=r"cannot read .*042\.parquet"):
        parted(open_source(files, target="y"), on_dask)
    with pytest.warns(UserWarning, match=r"1 of 100 files .* were left out: cannot read .*042\.parquet"):
        found = one_pass(parted(open_source(files, target="y", on_bad_file="skip"), on_dask), ExactMoments)
    assert found.rows == ROWS - 30


def started(*command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_scheduler_lost_in_the_middle(files, tmp_path_factory):
    """One sentence, exit 1, nothing by half; what had come in is kept, and the fit goes on to the same bits."""
    kept = tmp_path_factory.mktemp("kept")
    port = kept / "scheduler.json"
    scheduler = started(
        "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(port)
    )
    others = []
    try:
        wait_for(lambda: address_in(port))
        address = address_in(port)
        nothing_else = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(kept))
        others.append(started("dask", "worker", address, *nothing_else))
        command = ("gradline", "fit", str(files), "--target", "y", "--precision", "exact", "--dask", address)
        fit = started(
            *command, "--checkpoint", str(kept / "sums"), "--checkpoint-every", "0", "--save", str(kept / "model.json")
        )
        others.append(fit)
        wait_for(lambda: (kept / "sums").exists() or fit.poll() is not None)
        scheduler.kill()
        out, err = fit.communicate(timeout=BOUND)
    finally:
        for process in (scheduler, *others):
            process.kill()
            process.communicate()
    assert fit.returncode == 1
    assert out == ""
    assert err.splitlines()[-2] == f"error: the scheduler at {address} was lost before the fit was done"
    assert err.splitlines()[-1].startswith("hint: run the same fit again")
    assert sorted(path.name for path in kept.iterdir() if path.is_file()) == ["scheduler.json", "sums"]

    read = []

    def counting(of, whole, parts, merged):
        read.extend(parts)
        return in_turn(of, whole, parts, merged)

    source = parted(open_source(files, target="y"), counting)
    found, _ = gather(source, fit_intercept=True, precision="exact", keep=Keep(kept / "sums"))
    assert found.to_json() == one_pass(open_source(files, target="y"), ExactMoments).to_json()
    assert 0 < len(read) < 100


@pytest.mark.skipif(os.name == "nt", reason="a terminal's Ctrl-C goes to the processes of a group on POSIX")
def test_ctrl_c_is_for_the_command_and_not_for_its_workers(files):
    """A terminal tells it to all of them; each worker would answer with a traceback of its own."""
    from psutil import NoSuchProcess, Process

    fit = started("gradline", "fit", str(files), "--target", "y", "--dask", "local")
    command = Process(fit.pid)
    workers = []

    def begun() -> bool:
        for child in command.children(recursive=True):
            with contextlib.suppress(NoSuchProcess):
                if "spawn_main" in " ".join(child.cmdline()):
                    workers.append(child)
        return bool(workers) or fit.poll() is not None

    wait_for(begun)
    os.killpg(fit.pid, signal.SIGINT)
    out, err = fit.communicate(timeout=BOUND)
    assert (fit.returncode, out, err) == (130, "", "error: interrupted before there was anything to show\n")
    assert not any(worker.is_running() for worker in workers)


def address_in(file: Path) -> str | None:
    """The scheduler's, once it has written it to the end."""
    try:
        return json.loads(file.read_text())["address"]
    except (OSError, ValueError):
        return None


def wait_for(there) -> None:
    end = time.monotonic() + BOUND
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


# The command line


def alone(*arguments: str):
    """The command in this process, without workers."""
    return CliRunner().invoke(app, arguments)


def test_the_command_line_starts_workers_and_ends_them(files, tmp_path):
    """Everything that reads the rows again reads them there."""
    fit = ("fit", f"{files}/00*.parquet", "--target", "y", "--precision", "exact", "--json")
    look = ("--diagnose", "--ordered", "--covariance", "cluster:city,w")
    pages = [tmp_path / "page.html", tmp_path / "plot.svg"]
    command = (*fit, *look, "--report", str(pages[0]), "--plot", str(pages[1]), "--dask", "local")
    spread = gradline(*command)
    assert spread.returncode == 0, spread.stderr
    told = [line for line in spread.stderr.splitlines() if not line.startswith(("reading: ", "reading again: "))]
    assert told == [f"{pages[0]}: open it in a browser"]
    found, expected = json.loads(spread.stdout), json.loads(alone(*fit, *look).stdout)
    same(found, expected)
    assert found["coef"] == expected["coef"]
    page = pages[0].read_text("utf-8")
    assert "(3 clusters)" in page
    assert "(2 clusters)" in page
    assert "<iframe" in page  # the lab, whose rows are read here
    assert pages[1].read_text("utf-8").startswith("<?xml")


def test_an_address_that_is_none_is_one_sentence(files):
    error = alone("fit", str(files), "--target", "y", "--dask", "nonsense").exception
    assert isinstance(error, ClusterError)
    assert error.message == "no scheduler of Dask answers at nonsense: missing port number in address 'nonsense'"
    assert error.hint == "such as tcp://10.0.0.5:8786, or local"


@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize("plan", [(), ("--plan",)])
def test_an_empty_address_is_a_usage_error(files, nothing, plan):
    done = alone("fit", str(files), "--target", "y", "--dask", nothing, *plan)
    assert done.exit_code == 2
    assert "it is empty, expected local or an address" in " ".join(done.output.split())


def test_a_plan_says_how_the_rows_would_be_shared_and_starts_no_worker(files, cluster, monkeypatch):
    monkeypatch.setattr(clusters, "_cores", lambda: 3)
    monkeypatch.setattr(clusters, "connected", None)
    for where, workers, most in (("local", 3, 34), (cluster.scheduler.address, 2, 50)):
        plan = json.loads(alone("fit", str(files), "--target", "y", "--dask", where, "--plan", "--json").stdout)
        assert plan["spread"] == {"processes": workers, "parts": 100, "most": most}
    nowhere = alone("fit", str(files), "--target", "y", "--dask", "nonsense", "--plan")
    assert isinstance(nowhere.exception, ClusterError)


def test_a_descent_does_not_run_on_dask(files):
    done = alone("fit", str(files), "--target", "y", "--dask", "local", "--engine", "numpy")
    assert done.exit_code == 2
    assert "only the exact way runs on Dask" in " ".join(done.output.split())


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError) as error, connected("local"):
        pass
    assert error.value.hint == "pip install 'gradline[dask]'"


def test_a_server_that_is_no_scheduler_is_an_error_in_bounded_time(monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no scheduler of Dask answers at {address}"), connected(address):
            pass


def test_parts_of_a_file_are_runs_of_row_groups(cluster, tmp_path, table, monkeypatch):
    monkeypatch.setattr(file_parts, "PART_ROWS", 400)
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), tmp_path / "t.parquet", row_group_size=100)
    source = parted(open_source(tmp_path / "t.parquet", target="y"), on_dask)
    assert len(source.parts) == 8
    assert one_pass(source, ExactMoments) == one_pass(open_source(table, target="y"), ExactMoments)
