"""The commands that measure a GPU and torchrun run, at the smallest size, on CPU tensors and one process."""

import pytest

pytest.importorskip("torch", reason="needs the extra 'torch'")

import torch

from bench import gpu as bench_gpu
from bench import torchrun
from gradline import ExactMoments


def test_the_gpu_command_measures_cpu_tensors(capsys):
    assert bench_gpu.main(["--rows", "2000", "--features", "3", "--device", "cpu"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("2,000 rows of 3 features, float64, made on the device: CPU tensors, torch ")
    assert "Of the first 2,000 rows the device has the integers of the CPU." in table
    assert table.count("\n| ") == 10


def test_the_gpu_command_waits_for_the_device_before_it_reads_a_clock(gpu, capsys, monkeypatch):
    """On a GPU that is pretended: once before each of five repeats, and once after."""
    waited, generator = [], torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: generator())
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    assert bench_gpu.main(["--rows", "2000", "--features", "3"]) == 0
    table = capsys.readouterr().out
    assert "a GPU that is not there (10 GB)" in table
    assert table.count("\n| ") == 10
    assert len(waited) == 9 * 5 * 2


def test_fewer_rows_are_made_where_a_gpu_has_no_room_for_all(gpu, capsys, monkeypatch):
    """n = 1e8, d = 20: 80 GB and 24 GB have room, whatever CUDA takes for itself; 16 GB has for half."""
    assert bench_gpu.rows_that_fit(10**8, 20, 79 * 10**9) == 10**8
    assert bench_gpu.rows_that_fit(10**8, 20, 24 * 10**9) == 10**8
    assert bench_gpu.rows_that_fit(10**8, 20, 15 * 10**9) == 53 * 10**6
    monkeypatch.setattr(bench_gpu, "rows_that_fit", lambda rows, features, free: rows // 2)
    generator = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: generator())
    assert bench_gpu.main(["--rows", "4000", "--features", "3"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("2,000 rows of 3 features")
    assert "4,000 rows do not fit into the 8.0 GB of the device that are free." in table


def test_a_device_with_other_integers_is_not_measured(monkeypatch):
    of = ExactMoments.of
    wrong = of([[1.0, 2.0, 3.0]], [4.0])
    monkeypatch.setattr(ExactMoments, "of", lambda *rows, device=None: wrong if device else of(*rows))
    with pytest.raises(SystemExit, match="device 'cpu' has found other integers than the CPU"):
        bench_gpu.main(["--rows", "2000", "--features", "3", "--device", "cpu"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_without_a_gpu_it_says_so(capsys):
    assert bench_gpu.main([]) == 1
    assert "there is no GPU that PyTorch can use" in capsys.readouterr().err


def test_a_step_of_one_process_is_timed_and_told():
    took = torchrun.step_seconds(100, 2, steps=3, rank=0, size=1)
    assert took > 0
    told = torchrun.page({1: {(100, 2): 2e-3}, 2: {(100, 2): 1e-3}})
    assert told.splitlines()[-1] == "| 100 | 2 | 2 | 1 | 2.00 |"
