"""What the figures were taken on, and with which versions."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

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
    )


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
