"""The exact pass on a GPU, against the memory's bandwidth: rows are made on the device and never leave it.

    python -m bench.gpu [--rows 100000000] [--features 20] [--device cuda]

Prints the device, how fast its memory is copied, seconds and bytes a second of the exact and of the float64 sums (the
bytes of X and y, each once), of a fit from them, and of rows that are brought from the host. Of the first rows the
exact sums are compared with the CPU's. Medians of five.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from gradline import ExactMoments, Moments

REPEATS = 5
COMPARED = 10_000
COPIED = 1 << 28  # numbers: 2 GB


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Median, after one that does not count."""
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measured(rows: int, features: int, device: torch.device) -> list[tuple[str, float, float]]:
    """What was done, bytes, seconds."""
    made = torch.Generator(device).manual_seed(0)
    X = torch.randn((rows, features), dtype=torch.float64, device=device, generator=made)
    y = X.sum(dim=1) + torch.randn(rows, dtype=torch.float64, device=device, generator=made)
    some = slice(0, min(rows, COMPARED))
    on = str(device)
    here = ExactMoments.of(X[some].cpu().numpy(), y[some].cpu().numpy())
    assert ExactMoments.of(X[some], y[some], device=on) == here, "the device has found other integers than the CPU"
    copied = torch.empty(min(COPIED, X.numel()), dtype=torch.float64, device=device)
    source = X.view(-1)[: copied.numel()]
    read = X.nbytes + y.nbytes
    host = X[: rows // 8].cpu().numpy(), y[: rows // 8].cpu().numpy()
    moved = sum(part.nbytes for part in host)
    return [
        ("copy of its memory, read and written", 2 * copied.nbytes, seconds(lambda: copied.copy_(source), device)),
        ("exact sums", read, seconds(lambda: ExactMoments.of(X, y, device=on), device)),
        ("exact fit", read, seconds(lambda: ExactMoments.of(X, y, device=on).solve(), device)),
        ("float64 sums", read, seconds(lambda: Moments.of(X, y, device=on), device)),
        ("float64 fit", read, seconds(lambda: Moments.of(X, y, device=on).solve(), device)),
        (
            "exact sums, an eighth of the rows, from the host",
            moved,
            seconds(lambda: ExactMoments.of(*host, device=on), device),
        ),
    ]


def page(rows: int, features: int, device: torch.device) -> str:
    """A table."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU tensors"
    found = measured(rows, features, device)
    bandwidth = found[0][1] / found[0][2]
    lines = [
        f"{rows:,} rows of {features} features, float64, made on the device: {name}, torch {torch.__version__}",
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


if __name__ == "__main__":
    sys.exit(main())
