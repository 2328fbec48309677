"""What the figures were taken on, and with which versions."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.clock import available_cores

PACKAGES = (
    "gradline",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "statsmodels",
    "pandas",
    "polars",
    "polars-ols",
    "pyarrow",
    "torch",
)


@dataclass(frozen=True)
class Pace:
    """What work of three kinds takes on this machine, by itself: the medians of five.

    Machines of one name differ in each, and not alike, so ratios of an interpreted to a compiled loop do too.
    """

    interpreter_ms: float  # a million additions in a Python loop
    copy_gb_per_s: float  # an array of 256 MB, by one thread
    gather_ms: float  # a million rows of ten float64, one after the other, in random order


@dataclass(frozen=True)
class About:
    """The head of the page."""

    date: str
    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    threads: int
    load: float
    quick: bool
    versions: dict[str, str]
    pace: Pace


def describe(threads: int, *, quick: bool) -> About:
    return About(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        processor=_processor(),
        cores=available_cores(),
        memory_gb=_memory_gb(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        threads=threads,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        quick=quick,
        versions={name: version(name) for name in PACKAGES},
        pace=_pace(),
    )


def describe_in_a_line() -> str:
    return f"{_processor()}, {available_cores()} cores, {platform.system()} {platform.machine()}"


def _pace() -> Pace:
    source = np.ones(32_000_000)
    target = np.zeros_like(source)
    rows, order = source[:10_000_000].reshape(-1, 10), np.random.default_rng(0).permutation(1_000_000)
    return Pace(
        interpreter_ms=1e3 * _median_seconds(_additions),
        copy_gb_per_s=source.nbytes / 1e9 / _median_seconds(lambda: np.copyto(target, source)),
        gather_ms=1e3 * _median_seconds(lambda: np.take(rows, order, axis=0)),
    )


def _additions() -> int:
    total = 0
    for number in range(1_000_000):
        total += number
    return total


def _median_seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError):
        return float("nan")
