"""How long one waits before anything happens."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.clock import environment
from bench.page import Finding, Section, Table, duration

IMPORTS = {
    "import gradline": 0.15,
    "from gradline import LinearRegression": None,
    "from sklearn.linear_model import LinearRegression": None,
    "import statsmodels.api": None,
}
HELP = "gradline --help"
HELP_GOAL = 0.5


@dataclass(frozen=True)
class StartUp:
    """Fresh interpreters, one after the other, interleaved."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        rounds = 3 if self.quick else 9
        environ = {**os.environ, **environment(threads)}
        seconds: dict[str, list[float]] = {name: [] for name in (*IMPORTS, HELP)}
        for number in range(rounds + 1):
            for statement in IMPORTS:
                taken = import_seconds(statement, environ)
                if number and taken is not None:
                    seconds[statement].append(taken)
            taken = help_seconds(environ)
            if number and taken is not None:
                seconds[HELP].append(taken)
        rows, findings = [], []
        for name, goal in {**IMPORTS, HELP: HELP_GOAL}.items():
            times = seconds[name]
            median = statistics.median(times) if times else float("nan")
            say(f"    {name}: {duration(median) if times else 'failed'}")
            spread = f"{duration(min(times))} .. {duration(max(times))}" if times else ""
            rows.append([f"`{name}`", duration(median) if times else "failed", spread])
            if goal:
                reached = median < goal if times else None
                findings.append(Finding("start-up", f"`{name}`", "-", rows[-1][1], f"< {goal:g} s", reached))
        return Section(
            "Start-up",
            "In fresh interpreters, files in the system's cache. An import is timed inside the interpreter; "
            f"`{HELP}` is the whole process.",
            [Table(["", "median", "fastest .. slowest"], rows)],
            findings,
            ["gradline imports its parts on first use, scikit-learn (for the estimators) among them."],
        )


def import_seconds(statement: str, environ: dict[str, str]) -> float | None:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def help_seconds(environ: dict[str, str]) -> float | None:
    script = Path(sys.executable).with_name("gradline")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "gradline"]
    start = time.perf_counter()
    done = subprocess.run([*command, "--help"], env=environ, capture_output=True, check=False)
    return time.perf_counter() - start if done.returncode == 0 else None
