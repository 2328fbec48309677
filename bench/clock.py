"""Interleaved timing: every contender in a process of its own, rounds A B C A B C, so that noise falls on all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# Whatever reads one of these reads it before its first computation, hence before anything is imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)

# A pool of threads may spin for some tenths of a second after its work, on the core of whoever is next.
PAUSE_SECONDS = 0.3
PATIENCE_SECONDS = 300.0


class Failure(Exception):  # noqa: N818 - an outcome that the page reports, rather than an error of the run
    """A contender that is missing, raised, crashed or did not answer; the message is one line."""


@dataclass(frozen=True)
class Contender:
    """A name for the page, and `module:function`, which prepares its work from the arguments."""

    label: str
    call: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Timing:
    """Seconds of each round, and what the contender found; or the reason why there are none."""

    label: str
    seconds: tuple[float, ...] = ()
    answer: Any = None
    failure: str | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else float("nan")


class Worker:
    """A process that holds one contender ready. See `bench.worker` for the other end of the pipe."""

    def __init__(self, contender: Contender, threads: int, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", contender.call, json.dumps(contender.arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **environment(threads)},
            cwd=ROOT,
        )
        try:
            self._reply()
        except Failure:
            self.close()
            raise

    def ask(self, question: Any = None, *, tell: bool = True) -> dict[str, Any]:
        """One timed run: `{"seconds": ..., "answer": ...}`; the answer is None where it is not to `tell`."""
        try:
            self._process.stdin.write(json.dumps({"question": question, "tell": tell}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self._last_words()) from None
        return self._reply()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            pipe.close()

    def _reply(self) -> dict[str, Any]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self.patience, give_up)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if late.is_set():
            raise Failure(f"no answer within {self.patience:g} s")
        if not line:
            raise Failure(self._last_words())
        reply = json.loads(line)
        if "failure" in reply:
            raise Failure(reply["failure"])
        return reply

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"crashed (exit {code})" + (f": {lines[-1][:200]}" if lines else "")


def environment(threads: int) -> dict[str, str]:
    """The same number of threads for everyone; `bench.worker` also keeps the process to as many cores."""
    return dict.fromkeys((*THREAD_VARIABLES, "GRADLINE_BENCH_THREADS"), str(threads))


def measure(
    contenders: Sequence[Contender],
    rounds: int,
    threads: int,
    say: Callable[[str], None] = lambda line: None,
    patience: float = PATIENCE_SECONDS,
) -> list[Timing]:
    """One warm-up each, then `rounds` interleaved rounds. A contender that fails leaves, and the others go on."""
    failures: dict[str, str] = {}
    workers: dict[str, Worker] = {}
    seconds: dict[str, list[float]] = {c.label: [] for c in contenders}
    answers: dict[str, Any] = {}
    try:
        for contender in contenders:
            try:
                workers[contender.label] = Worker(contender, threads, patience)
            except Failure as failure:
                failures[contender.label] = str(failure)
                say(f"    {contender.label}: {failure}")
        for number in range(rounds + 1):
            for label, worker in list(workers.items()):
                time.sleep(PAUSE_SECONDS)
                try:
                    reply = worker.ask(tell=number == 0)
                except Failure as failure:
                    failures[label] = str(failure)
                    say(f"    {label}: {failure}")
                    workers.pop(label).close()
                    continue
                if number == 0:  # the warm-up
                    answers[label] = reply["answer"]
                else:
                    seconds[label].append(reply["seconds"])
    finally:
        for worker in workers.values():
            worker.close()
    return [
        Timing(c.label, tuple(seconds[c.label]), answers.get(c.label), failures.get(c.label))
        if c.label not in failures
        else Timing(c.label, failure=failures[c.label])
        for c in contenders
    ]


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
