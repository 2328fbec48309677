"""The commands that measure a GPU and torchrun run, at the smallest size, on CPU tensors and one process."""

import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from bench import gpu, torchrun  # noqa: E402


def test_the_gpu_command_measures_cpu_tensors(capsys):
    assert gpu.main(["--rows", "2000", "--features", "3", "--device", "cpu"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("2,000 rows of 3 features, float64, made on the device: CPU tensors")
    assert table.count("\n| ") == 7


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_without_a_gpu_it_says_so(capsys):
    assert gpu.main([]) == 1
    assert "there is no GPU that PyTorch can use" in capsys.readouterr().err


def test_a_step_of_one_process_is_timed_and_told():
    took = torchrun.step_seconds(100, 2, steps=3, rank=0, size=1)
    assert took > 0
    told = torchrun.page({1: {(100, 2): 2e-3}, 2: {(100, 2): 1e-3}})
    assert told.splitlines()[-1] == "| 100 | 2 | 2 | 1 | 2.00 |"
