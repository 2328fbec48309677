"""A full-batch step by one process and by two: what a step costs, and what they have to tell each other.

    python -m bench.torchrun [--processes 1 2] [--steps 100]

Starts itself under torchrun on this machine, for each number of processes once, one thread each. Each process makes its
part of the rows; engine "nn" steps on them, by itself or in step with the others. The fastest step, in
milliseconds: whatever else the machine does only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SHAPES = [(rows, features) for features in (10, 1000) for rows in (1_000, 10_000, 100_000, 1_000_000)]
MOST_NUMBERS = 2 * 10**8  # of a table, so that it fits here


def shapes() -> list[tuple[int, int]]:
    return [(rows, features) for rows, features in SHAPES if rows * features <= MOST_NUMBERS]


def step_seconds(rows: int, features: int, steps: int, rank: int, size: int) -> float:
    """The fastest step of this process on its part of the rows."""
    import torch

    from gradline.data.batch import Batch
    from gradline.descent.engines import make_engine
    from gradline.descent.goal.quadratic import Quadratic

    torch.set_num_threads(1)
    own = rows // size
    rng = np.random.default_rng(rank)
    X = rng.standard_normal((own, features))
    batch = Batch(X, X.sum(axis=1), None, np.full(own, 1.0 / rows), rows)
    flat = Quadratic(np.eye(features + 1), np.zeros(features + 1), 0.0, True)
    engine = make_engine("nn", np.zeros(features), 0.0, learning_rate=1e-4, quadratic=flat)
    if size > 1:
        engine = GROUP.together(engine)
    taken = []
    for _ in range(steps + 3):
        start = time.perf_counter()
        engine.step(batch)
        taken.append(time.perf_counter() - start)
    return min(taken[3:])


GROUP = None


def inside(steps: int) -> None:
    """One process of a launch; the first prints."""
    global GROUP
    from gradline.distributed.place import Place
    from gradline.distributed.torchrun import ProcessGroup

    place = Place.of_environment()
    rank, size = (0, 1) if place is None else (place.rank, place.size)
    if size > 1:
        GROUP = ProcessGroup(place, lambda words: print(words, file=sys.stderr))
    found = [[rows, features, step_seconds(rows, features, steps, rank, size)] for rows, features in shapes()]
    if rank == 0:
        print(json.dumps(found))
    if GROUP is not None:
        GROUP.finish()
        sys.stdout.flush()
        os._exit(0)  # as fits do: what torch keeps for its processes would be taken down in any order


def launched(processes: int, steps: int) -> dict[tuple[int, int], float]:
    """Seconds a step, by shape."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command += ["-m", "bench.torchrun", "--inside", "--steps", str(steps)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800)
    if done.returncode:
        raise SystemExit(done.stderr)
    return {(rows, features): took for rows, features, took in json.loads(done.stdout.splitlines()[-1])}


def page(by_processes: dict[int, dict[tuple[int, int], float]]) -> str:
    """A table: milliseconds a step, and how many times faster than one process."""
    counts = sorted(by_processes)
    lines = [
        "| rows | features | "
        + " | ".join(f"{count} process{'es'[: 2 * (count > 1)]}, ms" for count in counts)
        + " | gain |",
        "|---:|---:|" + "---:|" * (len(counts) + 1),
    ]
    for shape in by_processes[counts[0]]:
        took = [by_processes[count][shape] for count in counts]
        cells = " | ".join(f"{1e3 * each:.3g}" for each in took)
        lines.append(f"| {shape[0]:,} | {shape[1]} | {cells} | {took[0] / took[-1]:.2f} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.inside:
        inside(chosen.steps)
        return 0
    print(page({count: launched(count, chosen.steps) for count in chosen.processes}))
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: beside other work processes wait for each other.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
