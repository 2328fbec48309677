"""How much memory the sums of so many columns take, and whether this machine has it."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.parallel import available_threads

# Measured peaks of a pass and its solution, bytes for each of p^2 numbers: some matrices for all threads together and
# some for each; of Python integers with their headers, as all threads share them out in the end.
FLOAT64_ONCE, FLOAT64_PER_THREAD = 5 * 8, 3 * 8
EXACT = 1000
EXACT_IN_FILES = 25
NOT_WORTH_ASKING = 1 << 28


def needed(n_features: int, kind: type[Moments | ExactMoments]) -> int:
    """About the memory that a pass for sums of this kind, and solving them, take at most; bytes.

    Examples
    --------
    >>> needed(40_000, ExactMoments) > 1e12
    True
    """
    numbers = (n_features + 1) ** 2
    if kind is ExactMoments:
        return EXACT * numbers
    return (FLOAT64_ONCE + FLOAT64_PER_THREAD * available_threads()) * numbers


def state(n_features: int, kind: type[Moments | ExactMoments]) -> int:
    """About the size of the sums themselves, bytes: (p + 1)^2 float64, or the numbers of the exact ones as written."""
    if kind is ExactMoments:
        return EXACT_IN_FILES * (n_features + 2) * (n_features + 3) // 2
    return 8 * (n_features + 1) ** 2


def available() -> int | None:
    """Bytes that this process may still take without pushing others out; None where the system does not say."""
    return min(
        (limit for limit in (_of_the_machine(), _of_the_group(), _of_the_process()) if limit is not None), default=None
    )


def refuse_beyond_memory(n_features: int, kind: type[Moments | ExactMoments]) -> None:
    """Refuse sums that this machine cannot hold, before rows are read for them.

    Raises
    ------
    DataError
        Where more is needed than there is.
    """
    need = needed(n_features, kind)
    if need < NOT_WORTH_ASKING:
        return
    there = available()
    if there is None or need <= there:
        return
    smaller = needed(n_features, Moments)
    less = f"precision='float64' needs {in_words(smaller)}; " if kind is ExactMoments and smaller <= there else ""
    raise DataError(
        f"the {'exact ' if kind is ExactMoments else ''}sums of {n_features:,} columns need about {in_words(need)} of "
        f"memory, but {in_words(there)} are available",
        hint=f"{less}engine='nn' descends without them; or choose fewer columns",
    )


def in_words(size: float) -> str:
    """A size in bytes, for a reader.

    Examples
    --------
    >>> in_words(812), in_words(12_345), in_words(1.81e11)
    ('812 bytes', '12.3 kB', '181 GB')
    """
    if size < 1000:
        return f"{size:.0f} byte{'s'[: size != 1]}"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5 or unit == "TB":
            break
    return f"{size:.3g} {unit}" if size < 999.5 else f"{size:,.0f} {unit}"


def _of_the_machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, OSError, ValueError):
        import os

        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_the_group() -> int | None:
    """What a container leaves: its limit less what is used, of which the cache of files can be given up."""
    folder = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, limit - used + int(stat.get("inactive_file", 0)))
    return None


def _of_the_process() -> int | None:
    if sys.platform == "win32":
        return None
    with suppress(OSError, ValueError, IndexError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            return max(0, limit - pages * resource.getpagesize())
    return None
