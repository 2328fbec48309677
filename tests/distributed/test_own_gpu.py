"""Each process has a GPU of its own, or all of them say that there are too few: on GPUs that are pretended.

The last test sends gradients between real ones, where there are two.
"""

import json
import os

import pytest

from gradline.errors import DataError

pytest.importorskip("torch", reason="needs the extra 'torch'")

import torch

from gradline.cli.hints import as_options
from gradline.distributed import torchrun
from gradline.distributed.own_gpu import take_gpu

from .ranks import ended


class Group:
    """Processes of which each has told what it has."""

    def __init__(self, told):
        self.told = told

    def gathered(self, value):
        assert value in self.told
        return self.told


@pytest.mark.parametrize("local_rank", range(3))
def test_each_process_takes_the_gpu_of_its_number_before_any_is_used(local_rank, gpu):
    gpu.devices = 3
    take_gpu("cuda", local_rank, Group(["GPU-0", "GPU-1", "GPU-2"]))
    assert gpu.asked == [local_rank]
    assert gpu.brought == []


def test_a_process_that_is_shown_one_gpu_takes_that_one(gpu):
    """As launchers do that set CUDA_VISIBLE_DEVICES: the number of the process says nothing then."""
    take_gpu("cuda", 2, Group(["GPU-7", "GPU-8", "GPU-0"]))
    assert gpu.asked == [0]


@pytest.mark.parametrize(
    ("device", "devices", "told", "words"),
    [
        ("cuda", 1, ["GPU-0", "GPU-0"], "2 processes have 1 GPU between them: each needs its own"),
        ("cuda", 2, ["GPU-0", "GPU-1", "GPU-0"], "3 processes have 2 GPUs between them"),
        ("cuda:0", 2, ["GPU-0", "GPU-0"], "2 processes have 1 GPU between them"),
    ],
)
def test_processes_that_would_share_a_gpu_are_a_sentence(device, devices, told, words, gpu):
    gpu.devices = devices
    with pytest.raises(DataError, match=words) as error:
        take_gpu(device, 0, Group(told))
    assert "--nproc-per-node" in error.value.hint
    assert "--device cuda" in as_options(error.value.hint)


@pytest.mark.parametrize(
    ("device", "told"),
    [("cpu", []), ("nonsense", []), ("cuda:5", [None, None]), ("cuda:x", [None, None]), ("cuda:5", [None, "GPU-5"])],
)
def test_a_device_that_is_no_gpu_or_not_there_is_left_to_the_descent(device, told, gpu):
    """All processes take part where one of them may have a GPU: what one says, the others wait for."""
    take_gpu(device, 0, Group(told))
    assert gpu.asked == []


def test_objects_and_numbers_of_the_cpu_never_travel_by_nccl(gpu, monkeypatch):
    """PyTorch sends Python's objects by the CPU's backend where a group has one."""
    import torch.distributed as dist

    monkeypatch.setattr(dist, "is_nccl_available", lambda: True)
    assert torchrun._backend() == "cpu:gloo,cuda:nccl"
    monkeypatch.setattr(dist, "is_nccl_available", lambda: False)
    assert torchrun._backend() == "gloo"
    assert gpu.asked == []  # a fit on the CPU leaves the GPUs alone


def test_processes_that_meet_on_loopback_listen_nowhere_else(monkeypatch):
    names = [f"{library}_SOCKET_IFNAME" for library in ("GLOO", "NCCL")]
    for address, expected in (("10.0.0.5", {None}), ("127.0.0.1", {"lo", "lo0"})):
        for name in names:
            monkeypatch.delenv(name, raising=False)
        torchrun._stay_on_loopback(address)
        assert {os.environ.get(name) for name in names} <= expected
    for name in names:
        monkeypatch.delenv(name, raising=False)


def test_without_a_gpu_none_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    take_gpu("cuda", 0, Group([None, "GPU-0"]))
    assert torchrun._backend() == "gloo"


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two GPUs that PyTorch can use")
def test_two_real_gpus_descend_as_one_cpu_does(ranks, tables):
    """To rounding: sums of 1003 rows in another order, some 1e-13 a step, and 15 steps."""
    rows = ("fit", str(tables / "t.parquet"), "--target", "y", "--features", "a,b", "--json")
    descent = ("--engine", "nn", "--learning-rate", "0.02", "--tol", "0", "--iterations", "15")
    [code], [alone], [error] = ended(ranks.each(1, *rows, *descent, cwd=tables), 120)
    assert code == 0, error
    codes, out, errors = ended(ranks.each(2, *rows, *descent, "--device", "cuda", cwd=tables), 120)
    assert codes == [0, 0], errors
    assert json.loads(out[0])["coef"] == pytest.approx(json.loads(alone)["coef"], rel=1e-11)
