"""Processes that torchrun starts fit as one does, and end as one does: on loopback, bounded in time."""

import json
import os
import shutil
import signal
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer

from gradline.cli import processes
from gradline.data.processes import Alone
from gradline.descent.options import Options
from gradline.distributed import share, torchrun
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.one_pass import one_pass

from ..descent import oracle
from . import mishaps
from .cases import BATCHES, CASES, KILLED, NUMBERS, RESUMED, descent, opened
from .ranks import ROOT, SECONDS, ended

pytest.importorskip("torch", reason="needs the extra 'torch'")

SOME = ("weighted", "automatic", "city", "few")
FIT = ("fit", "t.parquet", "--target", "y", "--features", "a,b", "--json")
DESCENT = ("--engine", "nn", "--learning-rate", "0.001", "--batch-size", "250", "--tol", "0", "--iterations")
# Sums over other parts of the rows are rounded in another order: by some 2^-53 times the square root of a thousand
# rows and of 15 steps, of numbers of size 1 to 10, and no step makes an error larger.
SAME = 1e-12


def numbers(texts):
    return np.array([float.fromhex(text) for text in texts])


@pytest.fixture(scope="module")
def alone(tables):
    """What one process finds."""

    @cache
    def find(name):
        file, how, options = CASES[name]
        source = opened(tables, file, how)
        exact = one_pass(source, ExactMoments).to_json()
        return {"exact": exact, **descent(source, options)}

    return find


@pytest.fixture(scope="module")
def begun(tables):
    """A checkpoint of six passes that one process made."""
    file, how, options = RESUMED
    descent(opened(tables, file, how), options | {"max_iter": 6, "checkpoint": tables / "one.json"})
    return tables / "one.json"


@pytest.fixture(scope="module")
def launched(ranks, tables, begun, tmp_path_factory):
    """For each number of processes what each of them has found, and the folder of that; three torchrun starts."""
    own, module = tmp_path_factory.mktemp("together"), "tests.distributed.together"
    for count in (2, 3):
        (own / f"by{count}").mkdir()
        shutil.copy(begun, own / f"by{count}" / "one.json")
    three = ranks.torchrun(3, module, tables, own / "by3", *SOME, cwd=ROOT)
    two = ranks.each(2, tables, own / "by2", *CASES, "killed", cwd=ROOT, module=module)
    codes, _, errors = ended([three, *two], SECONDS)
    assert codes == [0] * 3, errors

    def found(processes):
        folder = own / f"by{processes}"
        return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(processes)], folder

    return found


EVERY = [(2, name) for name in CASES] + [(3, name) for name in SOME]


@pytest.mark.parametrize(("processes", "name"), EVERY)
def test_exact_moments_are_those_of_one_process_byte_for_byte(processes, name, launched, alone):
    for own in launched(processes)[0]:
        assert own[name]["exact"] == alone(name)["exact"]


@pytest.mark.parametrize(("processes", "name"), EVERY)
def test_the_trajectory_is_that_of_one_process(processes, name, launched, alone):
    """With weights, uneven row groups, rows left out, a level in the last rows only, a process without any rows."""
    found, expected = launched(processes)[0][0][name], alone(name)
    for same in ("names", "rows", "dropped", "converged"):
        assert found[same] == expected[same]
    assert numbers(found["coef"]) == pytest.approx(numbers(expected["coef"]), rel=SAME)
    assert numbers(found["loss"]) == pytest.approx(numbers(expected["loss"]), rel=SAME)
    if expected["path"] is not None:
        assert numbers(found["path"]) == pytest.approx(numbers(expected["path"]), rel=SAME, abs=SAME)


@pytest.mark.parametrize("processes", [2, 3])
def test_all_processes_hold_the_same_bits(processes, launched):
    first, *others = launched(processes)[0]
    for own in others:
        assert {name: value for name, value in own.items() if name not in BATCHES} == {
            name: value for name, value in first.items() if name not in BATCHES
        }
        assert all(own[name]["coef"] == first[name]["coef"] for name in BATCHES)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("name", BATCHES)
def test_mini_batches_take_every_row_once_and_descend_as_the_formulas_say(processes, name, launched, tables):
    """The steps that were taken, by plain loops over the rows of all processes together."""
    found = launched(processes)[0]
    file, how, options = BATCHES[name]
    source = opened(tables, file, how)
    batches = list(source.batches())
    X, y = np.concatenate([b.X for b in batches]), np.concatenate([b.y for b in batches])
    weight = np.concatenate([b.weight for b in batches]) if "weight" in how else None
    row_of = {value: row for row, value in enumerate(y.tolist())}
    epochs = []
    for steps in zip(*(own[name]["steps"] for own in found), strict=True):
        passed = [[row_of[value] for own, _ in step for value in own] for step in zip(*steps, strict=True)]
        assert sorted(row for rows in passed for row in rows) == list(range(len(y)))
        together = [[rows for _, rows in step] for step in zip(*steps, strict=True)]
        assert [len(rows) for rows in passed] == [told[0] for told in together]
        assert len(passed) == -(-len(y) // options["batch_size"])
        assert all(abs(len(rows) - len(y) / len(passed)) <= processes for rows in passed)
        epochs.append(passed)
    if weight is not None:
        weight = weight / weight.mean()
    losses, path = replayed(X, y, weight, epochs, options["learning_rate"])
    assert numbers(found[0][name]["coef"]) == pytest.approx(path[-1], rel=SAME, abs=SAME)
    assert numbers(found[0][name]["loss"]) == pytest.approx(losses, rel=SAME)


def replayed(X, y, weight, epochs, rate):
    """The oracle, step by step; a row's part of a step is its weight against the mean weight of all rows."""
    w, b, losses, path = [0.0] * X.shape[1], 0.0, [], []
    for steps in epochs:
        total = count = 0
        for rows in steps:
            scale = 1.0 if weight is None else float(np.mean(weight[rows]))
            step, where = oracle.descend(X, y, w, b, learning_rate=rate * scale, epochs=[[rows]], weight=weight)
            total, count = total + step[0] * scale * len(rows), count + len(rows)
            *w, b = where[-1]
            path.append(where[-1])
        losses.append(total / count)
    return losses, path


@pytest.mark.parametrize("processes", [2, 3])
def test_mini_batches_with_a_rate_of_their_own_converge(processes, launched):
    assert launched(processes)[0][0]["stochastic"]["converged"]


@pytest.mark.parametrize("processes", [2, 3])
def test_a_checkpoint_goes_on_to_the_bit_and_with_another_number_of_processes_to_rounding(
    processes, launched, tables, tmp_path
):
    found, own = launched(processes)
    assert found[0]["begun"]["loss"] == found[0]["unbroken"]["loss"][:6]
    assert found[0]["gone on"] == found[0]["unbroken"]
    file, how, options = RESUMED
    shutil.copy(own / "begun.json", tmp_path / "begun.json")
    by_one = descent(opened(tables, file, how), options | {"checkpoint": tmp_path / "begun.json"})
    whole = descent(opened(tables, file, how), options)
    for resumed in (by_one, found[0]["gone on from one"]):
        for curve in ("path", "loss", "coef"):
            assert numbers(resumed[curve]) == pytest.approx(numbers(whole[curve]), rel=SAME, abs=SAME)
    assert by_one["loss"][:6] == found[0]["unbroken"]["loss"][:6]


def test_what_several_processes_cannot_do_is_a_sentence(launched):
    found = launched(2)[0][0]
    assert found["autograd"].startswith("of 2 processes only engine 'nn' adds the gradients")
    assert found["lbfgs"].startswith("optimizer LBFGS looks at the loss as often as it likes")


# The command line: each process ends, and with the same code; one of them speaks.


def test_a_corrupt_row_group_in_one_process_ends_all_with_one_sentence_and_no_file(ranks, tables, tmp_path):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    with open(tmp_path / "t.parquet", "r+b") as file:
        file.seek(-9000, os.SEEK_END)  # pages of the last row group, which is the second process's
        file.write(b"\xff" * 3000)
    codes, out, errors = ended(ranks.each(2, *FIT, "--save", "m.json", cwd=tmp_path), SECONDS)
    assert codes == [1, 1]
    assert out == ["", ""]
    assert errors[1] == ""
    assert errors[0].startswith("error: cannot read t.parquet: ")
    assert errors[0].count("error:") == 1
    assert "Traceback" not in errors[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.parquet"]


def child_of(parent, rank):
    """The process of that rank among the children of torchrun."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if f"RANK={rank}".encode() in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            return int(child)
    raise LookupError(rank)


def wait_for(path, *started):
    deadline = time.monotonic() + SECONDS
    while not path.exists() and time.monotonic() < deadline and all(process.is_alive() for process in started):
        time.sleep(0.005)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="which process is which is read from /proc")
def test_kill_9_of_one_process_ends_all_and_the_same_command_goes_on_to_the_bits_of_an_unbroken_run(
    launched, ranks, tables, tmp_path
):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    command = (*FIT, *DESCENT, str(KILLED[2]["max_iter"]), "--checkpoint", "fit.json", "--checkpoint-every", "0")
    run = ranks.torchrun(2, "gradline", *command, cwd=tmp_path)
    wait_for(tmp_path / "fit.json", run)
    assert run.is_alive(), ended([run], SECONDS)
    others = [child_of(run.pid, 0)]
    os.kill(child_of(run.pid, 1), signal.SIGKILL)
    [code], [out], _ = ended([run], SECONDS)
    assert code not in (0, None)
    assert out == ""
    assert not any(Path(f"/proc/{pid}").exists() for pid in others)
    assert 0 < json.loads((tmp_path / "fit.json").read_text())["content"]["iteration"] < KILLED[2]["max_iter"]
    codes, out, errors = ended(ranks.each(2, *command, cwd=tmp_path), SECONDS)
    assert codes == [0, 0]
    assert out[1] == errors[1] == ""
    assert "warning: not converged" in errors[0]
    unbroken = numbers(launched(2)[0][0]["killed"]["coef"])
    assert list(json.loads(out[0])["coef"].values()) == [unbroken[-1], *unbroken[:-1]]


def test_ctrl_c_ends_all_with_what_there_is(ranks, tables, tmp_path):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    command = (*FIT, *DESCENT, "1000000", "--checkpoint", "fit.json", "--checkpoint-every", "0")
    started = ranks.each(2, *command, cwd=tmp_path)
    wait_for(tmp_path / "fit.json", *started)
    for process in started:
        os.kill(process.pid, signal.SIGINT)
    codes, out, errors = ended(started, SECONDS)
    assert codes == [130, 130]
    assert json.loads(out[0])["converged"] is False
    assert out[1] == errors[1] == ""
    assert "warning: interrupted, unfinished" in errors[0]
    json.loads((tmp_path / "fit.json").read_text())


def test_ctrl_c_for_one_process_alone_is_told_by_the_first_and_ends_all(ranks, tables, tmp_path):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    command = (*FIT, *DESCENT, "1000000", "--checkpoint", "fit.json", "--checkpoint-every", "0")
    started = ranks.each(2, *command, cwd=tmp_path, befalls={1: mishaps.soon_believed_to_be_alone})
    wait_for(tmp_path / "fit.json", *started)
    os.kill(started[1].pid, signal.SIGINT)
    codes, out, errors = ended(started, SECONDS)
    assert codes == [130, 130]
    assert out == ["", ""]
    told = "error: process 1 of 2 was interrupted, and the others cannot go on without it\n"
    assert errors == [told, ""]
    json.loads((tmp_path / "fit.json").read_text())


def test_a_process_that_stops_is_waited_for_no_longer_than_agreed(ranks, tables, tmp_path):
    shutil.copy(tables / "t.parquet", tmp_path / "t.parquet")
    command = (*FIT, *DESCENT, "1000000", "--checkpoint", "fit.json", "--checkpoint-every", "0")
    started = ranks.each(2, *command, cwd=tmp_path, GRADLINE_TIMEOUT="5")
    wait_for(tmp_path / "fit.json", *started)
    os.kill(started[1].pid, signal.SIGSTOP)
    [code], [out], [error] = ended(started[:1], SECONDS)
    assert code == 1
    assert out == ""
    assert "error: another of the 2 processes ended, or said nothing for 5 seconds" in error
    told = next(line for line in error.splitlines() if line.startswith("error: "))
    assert [inner for inner in ("[/", ".cc:", "callback") if inner in told] == [], told


GLOO = "[/__w/pytorch/pytorch/pytorch/third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:81] "
CALLED_BACK = "Got the following error when running the callback: RuntimeError: "


@pytest.mark.parametrize("before", [GLOO, CALLED_BACK + GLOO, CALLED_BACK])
@pytest.mark.parametrize("after", ["", ". " + CALLED_BACK + GLOO + "Connection closed by peer", "\n\nAt:\n  somewhere"])
def test_where_in_the_sources_of_gloo_a_sum_broke_is_not_told(before, after):
    error = RuntimeError(f"{before}Timed out waiting 5000ms for recv operation to complete{after}")
    assert torchrun._first_line(error) == "Timed out waiting 5000ms for recv operation to complete"


NCCL = "NCCL error in: /pytorch/NCCLUtils.cpp:77, {}, NCCL version 2.27.5\n{}: A call failed.\nLast error:\n{}\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            NCCL.format("unhandled system error", "ncclSystemError", "No space left on device"),
            "NCCL failed in process 1: No",
        ),
        (NCCL.format("remote process exited", "ncclRemoteError", "closed"), "another of the 2 processes ended"),
        ("CUDA error: the launch timed out and was terminated", "CUDA error: the launch timed out"),
    ],
)
def test_what_failed_here_is_not_put_down_to_another_process(said, told):
    group = torchrun.ProcessGroup.__new__(torchrun.ProcessGroup)
    group.rank, group.size = 1, 2
    with pytest.raises(Exception, match=f"^{told}"), group.noticing():
        raise RuntimeError(said)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"engine": "numpy"}, "engine 'numpy' is a lesson for one process: of 2 processes only engine 'nn'"),
        ({"engine": "nn", "loss": "huber"}, "2 processes descend on the squared loss only, not on the huber loss"),
        ({"engine": "nn", "validation_fraction": 0.1}, "2 processes hold out no rows"),
        ({"engine": "nn", "most": 1}, "2 processes descend on at most 1 features, and there are 2"),
    ],
)
def test_what_one_process_alone_can_do_is_refused_in_a_sentence(options, told, tables, monkeypatch):
    monkeypatch.setattr(share, "MOST_FEATURES", options.pop("most", 2048))
    with pytest.raises(DataError, match=told):
        share.check_options(Options(**options), opened(tables, "t.parquet", NUMBERS), 2)


def test_equal_shares_of_batches_of_one_size_are_one_array(tables):
    """Which a GPU is brought once: see test_gpu.py."""

    class One(Alone):
        rank, size, alarmed = 0, 1, staticmethod(lambda: False)

    source = share.Share(opened(tables, "t.parquet", NUMBERS), One())
    one_pass(source, ExactMoments)
    shares = [batch.share for batch in source.batches(100)]
    assert len(shares) > 5
    assert len({id(part) for part in shares}) == len({len(part) for part in shares}) < 4


def test_dask_beside_torchrun_is_a_wrong_use_of_either(monkeypatch):
    assert processes.shared("a table", dask="local") == "a table"
    monkeypatch.setattr(processes, "_group", SimpleNamespace(size=2))
    with pytest.raises(typer.BadParameter, match="2 processes of torchrun share the rows already: leave it") as error:
        processes.shared("a table", dask="local")
    assert error.value.param_hint == "--dask"
