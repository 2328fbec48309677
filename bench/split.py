"""Where the time of the exact fit goes: its functions are timed from outside, by putting a clock around each."""

from __future__ import annotations

import functools
import importlib
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import tables
from bench.clock import Contender, Failure, Worker
from bench.page import Section, Table, duration
from bench.work import Work

SIZES = ((2_000_000, 20), (200_000, 200))
QUICK_SIZES = ((200_000, 20), (20_000, 200))
ROUNDS, QUICK_ROUNDS = 5, 3

# A stage's time is that of its functions, less that of other stages' functions which they call.
INTEGERS = "gradline.moments.integers"
CUTTING, PRODUCTS, ADDING = "cutting into digits", "products of digits", "adding the products up"
FOLDING, SOLVING, WAITING, REST = "into Python integers, merging threads", "solving", "waiting for blocks", "the rest"
STAGES = {
    CUTTING: [f"{INTEGERS}.digits:DigitCutter.cut"],
    PRODUCTS: [f"{INTEGERS}.blas_product:_products"],
    ADDING: [f"{INTEGERS}.digit_products:DigitProducts.add"],
    FOLDING: [
        f"{INTEGERS}.digit_sums:DigitSums._flush",
        f"{INTEGERS}.integer_sums:IntegerSums.__add__",
        f"{INTEGERS}.accumulator:ExactAccumulator.sums",
    ],
    SOLVING: [f"{INTEGERS}.solve:fit", f"{INTEGERS}.solve:solution"],
    REST: [f"{INTEGERS}.accumulator:ExactAccumulator.add"],
}
ORDER = (CUTTING, PRODUCTS, ADDING, WAITING, FOLDING, SOLVING, REST)
PASS = "gradline.moments.exact:accumulate"


@dataclass(frozen=True)
class Split:
    """One process a size, which fits in turn with and without the clocks."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        rounds = QUICK_ROUNDS if self.quick else ROUNDS
        columns, captions = [], []
        for n, d in QUICK_SIZES if self.quick else SIZES:
            title = f"{n:,} x {d}"
            contender = Contender(title, "bench.split:exact_fit", {"stem": tables.arrays(folder, n, d)})
            try:
                plain, watched, stages = _asked(contender, threads, rounds)
            except Failure as failure:
                say(f"    {title}: {failure}")
                columns.append((title, {}))
                captions.append(f"{title}: {failure}.")
                continue
            say(f"    {title}: {duration(watched)}, {duration(plain)} without the clocks")
            columns.append((title, stages))
            captions.append(f"{title}: {duration(watched)} with the clocks, {duration(plain)} without.")
        return Section(
            "Where the time of the exact fit goes",
            "Medians of each stage's time, and its part of their sum.",
            [_table(columns)],
            notes=[
                f"The whole fit, medians. {' '.join(captions)}",
                "Clocks are put around gradline's functions from outside. A stage's time leaves out what other stages "
                "take within it. During the pass over the rows it is the mean of the threads', so that the "
                "stages add up to the time of the fit.",
                f'"{PRODUCTS}" is the BLAS alone; "{FOLDING}" runs in one thread, nearly all of it Python\'s integers; '
                f'"{WAITING}" is for a thread that has none left, until the others are done.',
            ],
        )


def _asked(contender: Contender, threads: int, rounds: int) -> tuple[float, float, dict[str, float]]:
    """Median seconds without and with clocks, and of each stage."""
    worker = Worker(contender, threads)
    try:
        replies = [(worker.ask(False), worker.ask(True)) for _ in range(rounds + 1)][1:]
    finally:
        worker.close()
    plain, watched = (statistics.median(reply["seconds"] for reply in kind) for kind in zip(*replies, strict=True))
    return (
        plain,
        watched,
        {s: statistics.median(reply["answer"][s] for _, reply in replies) for s in (*STAGES, WAITING)},
    )


def _table(columns: list[tuple[str, dict[str, float]]]) -> Table:
    rows = []
    for stage in ORDER:
        row = [stage]
        for _, stages in columns:
            row += [duration(stages[stage]), f"{stages[stage] / sum(stages.values()):.0%}"] if stages else ["-", "-"]
        rows.append(row)
    return Table(["", *(cell for title, _ in columns for cell in (title, "part"))], rows)


def exact_fit(stem: str) -> Work:
    """Asked True it tells the seconds of each stage, asked False nothing."""
    from gradline import LinearRegression

    X, y = tables.load(stem)
    model = LinearRegression(precision="exact")

    def run(watched: bool) -> dict[str, float] | None:
        if not watched:
            model.fit(X, y)
            return None
        clocks = Clocks()
        with clocks.around_all():
            start = time.perf_counter()
            model.fit(X, y)
            whole = time.perf_counter() - start
        clocks.seconds[REST] += whole - sum(clocks.seconds.values())
        return {stage: clocks.seconds[stage] for stage in ORDER}

    return Work(run, lambda stages: stages)


class Clocks:
    """Seconds of each stage, as far as they lengthen the whole: what several threads do at once counts once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._thread = threading.local()

    @contextmanager
    def around_all(self):
        """While this lasts, the functions of all stages are timed."""
        undo = []
        try:
            for stage, functions in STAGES.items():
                for name in functions:
                    undo.append(_replaced(name, functools.partial(self._timed, stage)))
            undo.append(_replaced(PASS, self._pass))
            yield
        finally:
            for restore in reversed(undo):
                restore()

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            outer, self._thread.inner = getattr(self._thread, "inner", 0.0), 0.0
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                taken = time.perf_counter() - start
                with self._lock:
                    self.seconds[stage] += taken - self._thread.inner
                self._thread.inner = outer + taken

        return timed

    def _pass(self, accumulate: Callable[..., Any]) -> Callable[..., Any]:
        """Each thread returns a part: what they did is divided by their number, and the rest of the pass is waiting."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            before, self.seconds = self.seconds, defaultdict(float)
            start = time.perf_counter()
            parts = accumulate(*args, **kwargs)
            taken = time.perf_counter() - start
            during, self.seconds = self.seconds, before
            for stage, seconds in during.items():
                self.seconds[stage] += seconds / len(parts)
            self.seconds[WAITING] += taken - sum(during.values()) / len(parts)
            return parts

        return timed


def _replaced(name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[], None]:
    """Put a wrapper in the place of `module:function` or `module:class.method`; returns what puts the old one back."""
    module, _, path = name.partition(":")
    *outer, last = path.split(".")
    owner = functools.reduce(getattr, outer, importlib.import_module(module))
    original = getattr(owner, last)
    setattr(owner, last, wrapper(original))
    return lambda: setattr(owner, last, original)
