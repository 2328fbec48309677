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
HELP, FIT = "gradline --help", "gradline fit small.csv --target y"
NUMPY = 'python -c "import numpy"'
COMMANDS = {  # whole processes, and how long they may take
    HELP: (["--help"], 0.5),
    FIT: (["fit", "small.csv", "--target", "y"], None),
    NUMPY: ("import numpy", None),
    'python -c "import sklearn.linear_model"': ("import sklearn.linear_model", None),
}
LIMITS = {HELP: "most of it is Typer, which reads the options, and Rich, which lays the help out."}
SMALL = "x,y\n1,2\n2,4.1\n3,6\n"


@dataclass(frozen=True)
class StartUp:
    """Fresh interpreters, one after the other, interleaved."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        rounds = 3 if self.quick else 9
        environ = {**os.environ, **environment(threads)}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has been compiled
        seconds: dict[str, list[float]] = {name: [] for name in (*IMPORTS, *COMMANDS)}
        (folder / "small.csv").write_text(SMALL, encoding="utf-8")
        for number in range(rounds + 1):
            for name in seconds:
                taken = import_seconds(name, environ) if name in IMPORTS else process_seconds(name, folder, environ)
                if number and taken is not None:
                    seconds[name].append(taken)
        medians = {name: statistics.median(times) if times else float("nan") for name, times in seconds.items()}
        rows, findings = [], []
        for name, goal in {**IMPORTS, **{name: goal for name, (_, goal) in COMMANDS.items()}}.items():
            times, median = seconds[name], medians[name]
            say(f"    {name}: {duration(median) if times else 'failed'}")
            spread = f"{duration(min(times))} .. {duration(max(times))}" if times else ""
            beside = f"{median / medians[NUMPY]:.2g}x" if name in COMMANDS and times else ""
            rows.append([f"`{name}`", duration(median) if times else "failed", spread, beside])
            if goal:
                reached = median < goal if times else None
                found = Finding(
                    "start-up", f"`{name}`", "-", rows[-1][1], f"< {goal:g} s", reached, LIMITS.get(name, "")
                )
                findings.append(found)
        return Section(
            "Start-up",
            "In fresh interpreters, files in the system's cache. An import is timed inside the interpreter; "
            "what begins with `gradline` or `python` is the whole process, `small.csv` of three rows.",
            [Table(["", "median", "fastest .. slowest", f"x `{NUMPY}`"], rows)],
            findings,
            [
                "gradline imports its parts on first use, scikit-learn (for the estimators) among them.",
                f"Most of `{FIT}` is libraries: NumPy, pyarrow (which reads the file), Typer (which reads the "
                "options) and SciPy's special functions (for tests and intervals).",
            ],
        )


def import_seconds(statement: str, environ: dict[str, str]) -> float | None:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def process_seconds(name: str, folder: Path, environ: dict[str, str]) -> float | None:
    """Of a command of COMMANDS, from its start to its end."""
    what, _ = COMMANDS[name]
    command = [sys.executable, "-c", what] if isinstance(what, str) else [*_gradline(), *what]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    return time.perf_counter() - start if done.returncode == 0 else None


def _gradline() -> list[str]:
    script = Path(sys.executable).with_name("gradline")
    return [str(script)] if script.exists() else [sys.executable, "-m", "gradline"]
