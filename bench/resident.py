"""Memory that this process holds, has held at most, and may have again without waiting for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PAGE = 4096


def resident_mb() -> float:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return peak_mb()


def peak_mb() -> float:
    """The high-water mark. On Linux getrusage would start from the parent's, which exec hands on."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def touch(megabytes: float) -> None:
    """Take so much memory and give it back.

    A virtual machine may hand its free pages to the host within seconds, and waits to get them back: without this,
    scikit-learn's fit of 2e6 x 20 took 0.6 to 2.2 s on one machine, the more the longer it had been idle.
    """
    import numpy as np

    np.empty(int(megabytes * 1e6), dtype=np.uint8)[::PAGE] = 1
