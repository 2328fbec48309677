"""The exact pass on Dask: by one worker process and by two, beside one pass without Dask; and what a state weighs.

    python -m bench.scaling [--quick]

Writes Parquet files of standard normal numbers, starts workers on the loopback device, and prints two tables. Times are
the fastest of several runs: whatever else the machine does only adds. Processor time is that of all processes together,
a run: it does not depend on who else is waiting for the cores. The bits are compared in every run.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gradline import ExactMoments, open_source
from gradline.data.columns.terms import Column, Terms
from gradline.data.parted import parted
from gradline.data.tally import Tally
from gradline.distributed.cluster import connected
from gradline.distributed.tree import on_dask
from gradline.moments.one_pass import one_pass
from gradline.moments.parts import PartSums, merged_sums

FILES, FEATURES, RUNS = 8, 10, 5
ROWS = (100_000, 400_000, 1_600_000)
WIDTHS = (10, 50, 200)


def written(folder: Path, rows: int) -> Path:
    """Parquet files that hold so many rows together."""
    folder.mkdir()
    for number in range(FILES):
        rng = np.random.default_rng(number)
        X = rng.normal(size=(rows // FILES, FEATURES))
        columns = {f"x{j}": X[:, j] for j in range(FEATURES)} | {"y": X.sum(axis=1) + rng.normal(size=len(X))}
        pq.write_table(pa.table(columns), folder / f"{number}.parquet", row_group_size=100_000)
    return folder


def fastest(call: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """Seconds of the fastest call, and what the last one gave."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - began)
    return min(seconds), found


def passes(folder: Path, sizes: tuple[int, ...]) -> None:
    """A row for each number of rows: one pass here, then by one worker and by two."""
    tables = {rows: written(folder / str(rows), rows) for rows in sizes}
    times: dict[tuple[int, str], float] = {}
    bits: dict[int, str] = {}
    cpu: dict[tuple[int, int], float] = {}
    for rows, path in tables.items():
        for label, threads in (("1 thread", 1), ("all cores", None)):
            call = partial(one_pass, open_source(path, target="y"), ExactMoments, threads=threads)
            times[rows, label], found = fastest(call)
            bits[rows] = found.to_json()
            if threads == 1:
                cpu[rows, 0] = processor_seconds(call)
    start = {}
    for workers in (1, 2):
        began = time.perf_counter()
        with connected("local", workers=workers) as client:
            start[workers] = time.perf_counter() - began
            for rows, path in tables.items():
                source = parted(open_source(path, target="y"), on_dask)
                one_pass(source, ExactMoments)  # what is imported in the workers
                times[rows, f"{workers} workers"], found = fastest(partial(one_pass, source, ExactMoments))
                cpu[rows, workers] = processor_seconds(partial(one_pass, source, ExactMoments), client)
                assert found.to_json() == bits[rows], "these are other bits"
    print("| rows | 1 thread | all cores | 1 worker | 2 workers | processor: 1 thread | 1 worker | 2 workers |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for rows in sizes:
        one, two = times[rows, "1 workers"], times[rows, "2 workers"]
        alone = f"{times[rows, '1 thread']:.2f} s | {times[rows, 'all cores']:.2f} s"
        each = " | ".join(f"{cpu[rows, workers]:.2f} s" for workers in (0, 1, 2))
        print(f"| {rows:,} | {alone} | {one:.2f} s | {two:.2f} s | {each} |")
    print(f"\nTo start the workers took {start[1]:.1f} s (1) and {start[2]:.1f} s (2).\n")


def processor_seconds(call: Callable[[], Any], client: Any = None) -> float:
    """Of this process and of the workers, for one call: the least of several."""

    def so_far() -> float:
        return time.process_time() + (0.0 if client is None else sum(client.run(time.process_time).values()))

    least = float("inf")
    for _ in range(RUNS):
        began = so_far()
        call()
        least = min(least, so_far() - began)
    return least


def states(widths: tuple[int, ...]) -> None:
    """A row for each number of features: what the state of a part weighs, and what merging two of them takes."""
    print("| features | a state | to merge two |")
    print("|---:|---:|---:|")
    for width in widths:
        design = Terms(tuple(Column(f"x{j}") for j in range(width)))
        first, then = (
            PartSums(ExactMoments.of(X := rng.normal(size=(1000, width)), X.sum(axis=1)), design, Tally(1000))
            for rng in map(np.random.default_rng, (1, 2))
        )
        seconds, _ = fastest(lambda first=first, then=then: merged_sums(first, then, table="t"))
        print(f"| {width} | {len(pickle.dumps(first)) / 1000:,.1f} kB | {1000 * seconds:.2f} ms |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.scaling", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small tables only: a check that it runs")
    quick = parser.parse_args().quick
    states(WIDTHS[:1] if quick else WIDTHS)
    print()
    with tempfile.TemporaryDirectory(prefix="gradline-bench-") as folder:
        passes(Path(folder), (8_000,) if quick else ROWS)


if __name__ == "__main__":
    main()
