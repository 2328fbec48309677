"""What `gradline check` adds to a script's run time: the same file, plain and checked, in processes of their own.

    python -m bench.checker

Whole processes, interleaved, medians; CPU seconds, of all threads, since others may use the machine meanwhile. The
loops over five numbers are the worst cases: there is nothing to hide a look behind, or the checker's own start. What
that start is, the empty script says.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.clock import environment
from bench.page import Finding, Section, Table, duration, ratio

ROUNDS, MOST_ROUNDS, ENOUGH = 3, 15, 5.0  # of short scripts more: until so many seconds were spent on them
AT_MOST = 3.0
FIVE = "x = {0}([1.0, 3.0, 10.0, 13.0, 7.0])\ny = {0}([2.0, 6.0, 20.0, 26.0, 14.0])\n"

LEARNERS = {
    "NumPy, 5 points, 1,000 steps": f"import numpy as np\n{FIVE.format('np.array')}"
    + """\
a = 0.5
for i in range(1000):
    p = a * x
    loss = np.mean((p - y) ** 2)
    gradient = 2 * np.mean(x * (p - y))
    a = a - 0.001 * gradient
    if i % 100 == 0:
        print(f"Iteration {i}: Loss = {loss:.4f}, 'a' = {a:.4f}")
""",
    "autograd, 5 points, 1,000 steps": f"import torch\n{FIVE.format('torch.tensor')}"
    + """\
a = torch.tensor([0.5], requires_grad=True)
for i in range(1000):
    loss = ((a * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        a -= 0.001 * a.grad
        a.grad.zero_()
    if i % 100 == 0:
        print(f"Iteration {i}: Loss = {loss.item():.4f}, 'a' = {a.item():.4f}")
""",
}
SCRIPTS = {
    **LEARNERS,
    "Python only, 5 points, 200,000 steps": """\
xs, ys, a = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0], 0.5
for i in range(200000):
    loss = gradient = 0.0
    for x, y in zip(xs, ys):
        error = a * x - y
        loss += error * error / 5
        gradient += 2 * x * error / 5
    a -= 0.001 * gradient
""",
    "Python only, 5 points, 100,000 steps, no loss": """\
xs, ys, a = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0], 0.5
for i in range(100000):
    gradient = 0.0
    for x, y in zip(xs, ys):
        gradient += 2 * x * (a * x - y) / 5
    a -= 0.001 * gradient
print(a)
""",
    "Python only, one row a step, 500,000 steps": """\
xs, ys, a = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0], 0.5
for epoch in range(100000):
    for x, y in zip(xs, ys):
        a -= 0.001 * 2 * x * (a * x - y)
print(a)
""",
    "NumPy, 5 points, 100,000 steps": f"import numpy as np\n{FIVE.format('np.array')}"
    + """\
a = 0.5
for i in range(100000):
    p = a * x
    loss = np.mean((p - y) ** 2)
    gradient = 2 * np.mean(x * (p - y))
    a = a - 0.001 * gradient
""",
    "NumPy, 100,000 x 10, 300 steps": """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(100000, 10))
y = X.sum(1) + rng.normal(size=100000)
w = np.zeros(10)
for i in range(300):
    error = X @ w - y
    loss = np.mean(error**2)
    w -= 0.1 * 2 / len(y) * X.T @ error
""",
    "NumPy, one row a step, 50,000 steps": """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(50000, 3))
y = X.sum(1)
w = np.zeros(3)
for i in range(len(y)):
    error = X[i] @ w - y[i]
    w -= 0.01 * error * X[i]
""",
    "autograd, 5 points, 5,000 steps": f"import torch\n{FIVE.format('torch.tensor')}"
    + """\
a = torch.tensor([0.5], requires_grad=True)
for i in range(5000):
    loss = ((a * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        a -= 0.001 * a.grad
        a.grad.zero_()
""",
    "nn.Linear, 1,000 x 10, 2,000 steps": """\
import torch
X = torch.randn(1000, 10)
y = X.sum(1, keepdim=True)
model, criterion = torch.nn.Linear(10, 1), torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for i in range(2000):
    optimizer.zero_grad()
    loss = criterion(model(X), y)
    loss.backward()
    optimizer.step()
""",
    "two hidden layers, DataLoader, 8 epochs": """\
import torch
from torch.utils.data import DataLoader, TensorDataset
X = torch.randn(4000, 10)
y = X[:, :1] ** 2
model = torch.nn.Sequential(
    torch.nn.Linear(10, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    for xb, yb in DataLoader(TensorDataset(X, y), batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(xb), yb)
        loss.backward()
        optimizer.step()
""",
}
NOTHING = "an empty script"


@dataclass(frozen=True)
class Checker:
    """Scripts from a learner's thousand steps to a network's epochs, and an empty one."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        """With one thread, since seconds of all of them are added up."""
        scripts = LEARNERS if self.quick else SCRIPTS
        environ = {**os.environ, **environment(1), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: compiled once
        rows, ratios = [], {}
        for name, source in {**scripts, NOTHING: ""}.items():
            plain, checked = both(folder / "loop.py", source, environ)
            middle, of_checked = statistics.median(plain), statistics.median(checked)
            rows.append([name, duration(middle), duration(of_checked), ratio(of_checked / middle)])
            say(f"    {name:46}{'   '.join(rows[-1][1:])}")
            if name != NOTHING:
                ratios[name] = [b / a for a, b in zip(plain, checked, strict=True)], of_checked / middle
        worst = max(ratios, key=lambda name: ratios[name][1])
        singles, times = ratios[worst]
        finding = Finding(
            f"`gradline check`, {len(ratios)} scripts",
            f"the worst: {worst}",
            "`python FILE.py`",
            f"{ratio(times)} ({ratio(min(singles))} .. {ratio(max(singles))})",
            f"<= {AT_MOST:g}x",
            times <= AT_MOST,
            "what looks cost, or the start: see the empty script.",
        )
        return Section(
            "A script under `gradline check`",
            "Seconds of CPU, whole processes, one thread: what the learner's file takes by itself, and checked.",
            [Table(["", "python", "checked", "x python"], rows)],
            [finding],
            [f"The row of {NOTHING} is the command's own start, beside python's: it has no goal."],
        )


def both(path: Path, source: str, environ: dict[str, str]) -> tuple[list[float], list[float]]:
    """CPU seconds of a script, plain and checked, round by round."""
    path.write_text(source, encoding="utf-8")
    commands = ([sys.executable, str(path)], [sys.executable, "-m", "gradline", "check", str(path)])
    seconds: tuple[list[float], list[float]] = ([], [])
    for command in commands:  # warms the file system, and compiles
        cpu_seconds(command, environ)
    for number in range(MOST_ROUNDS):
        if number >= ROUNDS and sum(map(sum, seconds)) >= ENOUGH:
            break
        for taken, command in zip(seconds, commands, strict=True):
            taken.append(cpu_seconds(command, environ))
    return seconds


def cpu_seconds(command: list[str], environ: dict[str, str]) -> float:
    """Of a process and its threads, from its start to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        Checker(quick="--quick" in sys.argv).measured(Path(scratch), 1, print)
