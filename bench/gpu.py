"""The exact pass on a GPU, against the memory's bandwidth: rows are made on the device and never leave it.

    python -m bench.gpu [--rows 100000000] [--features 20] [--device cuda]

Prints a table in Markdown with the machine above it: how fast the device's memory is copied, seconds and bytes a second
of the exact and of the float64 sums (the bytes of X and y, each once), of a fit from them, and of rows that are brought
from the host, for exact sums and for steps by mini-batches, of which each comes before its step or during the one
before. The exact sums of the first rows are compared with the CPU's, and nothing is printed where an integer differs.
Times are medians of five; of fewer, where one takes more than six seconds. Fewer rows are made where the device has no
room for all of them, and the page says so.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bench.machine import describe_in_a_line
from gradline import ExactMoments, Moments
from gradline.data.arrays import ArraySource
from gradline.descent.brought import brought_batches
from gradline.descent.loop import descend
from gradline.descent.rung2_autograd import ByAutograd

REPEATS = 5
MOST_SECONDS = 30.0  # for the repeats of one line: all of them take less than five minutes
BATCH = 65_536  # rows
COMPARED = 1_000_000  # rows: several blocks
COPIED = 1 << 28  # numbers: 2 GB
NUMBER = 8  # bytes
AT_WORK = 3_000_000_000  # bytes that a pass needs beside the rows, and CUDA for itself


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Median, after one that does not count; the device is done before a clock is read."""
    work()
    taken: list[float] = []
    while len(taken) < REPEATS and sum(taken) < MOST_SECONDS:
        _wait_for(device)
        start = time.perf_counter()
        work()
        _wait_for(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def rows_that_fit(rows: int, features: int, free: int) -> int:
    """At most so many that X, y and two columns to make y of lie in the memory, beside a copy and a pass at work.

    Examples
    --------
    >>> rows_that_fit(100_000_000, 20, 80_000_000_000), rows_that_fit(100_000_000, 20, 15_000_000_000)
    (100000000, 53000000)
    """
    room = (free - AT_WORK - NUMBER * COPIED) // (NUMBER * (features + 3))
    return rows if rows <= room else max(1, room // 1_000_000) * 1_000_000


def measured(rows: int, features: int, device: torch.device) -> list[tuple[str, float, float]]:
    """What was done, bytes, seconds."""
    made = torch.Generator(device).manual_seed(0)
    X = torch.randn((rows, features), dtype=torch.float64, device=device, generator=made)
    y = X.sum(dim=1) + torch.randn(rows, dtype=torch.float64, device=device, generator=made)
    on = str(device)
    _compare(X[:COMPARED], y[:COMPARED], on)
    copied = torch.empty(min(COPIED, X.numel()), dtype=torch.float64, device=device)
    source = X.view(-1)[: copied.numel()]
    read = X.nbytes + y.nbytes
    found = [
        ("copy of its memory, read and written", 2 * copied.nbytes, seconds(lambda: copied.copy_(source), device)),
        ("exact sums", read, seconds(lambda: ExactMoments.of(X, y, device=on), device)),
        ("exact fit", read, seconds(lambda: ExactMoments.of(X, y, device=on).solve(), device)),
        ("float64 sums", read, seconds(lambda: Moments.of(X, y, device=on), device)),
        ("float64 fit", read, seconds(lambda: Moments.of(X, y, device=on).solve(), device)),
    ]
    part = max(1, rows // 8)
    host = X[:part].cpu().numpy(), y[:part].cpu().numpy()
    brought = sum(array.nbytes for array in host)
    numbers = min(COPIED, brought // NUMBER)
    locked = torch.zeros(numbers, dtype=torch.float64, device="cpu", pin_memory=device.type == "cuda")
    there = torch.empty(numbers, dtype=torch.float64, device=device)
    took = seconds(lambda: there.copy_(locked, non_blocking=True), device)
    found.append(("copy from page-locked memory of the host, which bounds the lines below", there.nbytes, took))
    took = seconds(lambda: ExactMoments.of(*host, device=on), device)
    found.append((f"exact sums of {part:,} rows from the host", brought, took))
    size = min(BATCH, max(1, part // 2))
    batches = list(ArraySource(*host, look=False).batches(size))  # cut here: no gathering of rows is measured
    coming = brought_batches(lambda: batches, "float64", on)
    for when, epoch in ("before its step", lambda: batches), ("during the step before", coming):
        rung = ByAutograd(np.zeros(features), 0.0, learning_rate=1e-3, bias=True, dtype="float64", device=on)
        took = seconds(lambda rung=rung, epoch=epoch: descend(rung, epoch, max_iter=1), device)
        found.append((f"a pass of steps by {size:,} of them, each batch brought {when}", brought, took))
    return found


def page(rows: int, features: int, device: torch.device) -> str:
    """The machine and a table."""
    free, name = None, "CPU tensors"
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(torch.empty(0, device=device).device)  # with its number, for torch 2.4
        name = f"{torch.cuda.get_device_name(device)} ({total / 1e9:.0f} GB), CUDA {torch.version.cuda}"
    fitting = rows if free is None else rows_that_fit(rows, features, free)
    found = measured(fitting, features, device)
    bandwidth = found[0][1] / found[0][2]
    lines = [
        f"{fitting:,} rows of {features} features, float64, made on the device: {name}, torch {torch.__version__};",
        f"host: {describe_in_a_line()}.",
    ]
    if free is not None and fitting < rows:
        lines.append(f"{rows:,} rows do not fit into the {free / 1e9:.1f} GB of the device that are free.")
    lines += [
        f"Of the first {min(fitting, COMPARED):,} rows the device has the integers of the CPU.",
        "",
        "| work | seconds | GB/s | of the copy's bytes a second |",
        "|---|---:|---:|---:|",
    ]
    for what, count, took in found:
        lines.append(f"| {what} | {took:.4g} | {count / took / 1e9:.4g} | {count / took / bandwidth:.3f} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--device", default="cuda")
    chosen = parser.parse_args(arguments)
    if chosen.device.startswith("cuda") and not torch.cuda.is_available():
        print("there is no GPU that PyTorch can use; --device cpu measures CPU tensors", file=sys.stderr)
        return 1
    print(page(chosen.rows, chosen.features, torch.device(chosen.device)))
    return 0


def _compare(X: torch.Tensor, y: torch.Tensor, device: str) -> None:
    if ExactMoments.of(X, y, device=device) != ExactMoments.of(X.cpu().numpy(), y.cpu().numpy()):
        sys.exit(f"device '{device}' has found other integers than the CPU")


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(main())
