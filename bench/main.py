"""The order of the run: rows of speed, then rows of accuracy, then the page."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bench import accuracy, checker, memory, page, second_pass, speed, split, startup
from bench.clock import available_cores
from bench.machine import describe

ROOT = Path(__file__).resolve().parents[1]
ROWS = ("speed", "accuracy")


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    about = describe(options.threads, quick=options.quick)
    nist = os.environ.get("GRADLINE_NIST_DIR")
    jobs = []
    if "speed" in options.rows:
        for row in speed.rows(quick=options.quick, threads=options.threads):
            jobs.append((row.key, row.measured))
            if row.key == "wide":
                jobs.append(("split", split.Split(options.quick).measured))
        jobs += [
            ("second-pass", second_pass.SecondPass(options.quick).measured),
            ("memory", memory.Memory(options.quick).measured),
            ("startup", startup.StartUp(options.quick).measured),
            ("checker", checker.Checker(options.quick).measured),
        ]
    if "accuracy" in options.rows:
        jobs += [("accuracy", accuracy.Accuracy(Path(nist) if nist else None).measured)]
    started = time.perf_counter()
    sections = []
    for key, measured in jobs:
        if options.only in key:
            say(f"{key} ...")
            with tempfile.TemporaryDirectory(prefix="gradline-bench-") as scratch:
                sections.append(measured(Path(scratch), options.threads, say))
    minutes = (time.perf_counter() - started) / 60
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page.written(about, sections, minutes), encoding="utf-8")
    say(f"wrote {options.output} after {minutes:.1f} minutes")
    return 0


def read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description="Measure gradline beside its peers.")
    parser.add_argument("--quick", action="store_true", help="small sizes: a minute or two instead of a quarter hour")
    parser.add_argument("--rows", default=",".join(ROWS), help="which kinds (%(default)s)")
    parser.add_argument("--only", default="", metavar="KEY", help="only rows whose key contains this")
    parser.add_argument("--threads", type=int, default=available_cores(), help="for every contender (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args(arguments)
    options.rows = options.rows.split(",")
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no rows called {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if not 1 <= options.threads <= available_cores():
        parser.error(f"--threads {options.threads}: this process may use 1 to {available_cores()}")
    return options


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
