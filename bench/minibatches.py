"""Mini-batches: after how many passes is the error 1 % of a standard error, by which rule for the learning rate?

    python -m bench.minibatches                                  prints the page: some five minutes
    python -m bench.minibatches --output docs/minibatches.md     writes it
    python -m bench.minibatches --quick                          the tables up to 1000 rows, batches of 8 and 64

Every rule sees the same tables, in the frame of learning_rate="auto", from the same start, in the same shuffled orders;
so one run steps them all at once, a row of V each. A step is that of the rungs: V -= rate * gradient of the batch.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from bench.page import duration
from gradline.data.arrays import ArraySource
from gradline.descent.goal.problem import Problem
from gradline.descent.steps.schedule import Schedule

MARKS = (10, 30, 100, 300, 1000)
SEED = 20240229


# --- tables


@dataclass(frozen=True, eq=False)
class Case:
    """A table; y is X @ slopes + 1 + noise unless a `target` says otherwise."""

    name: str
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None

    @cached_property
    def frame(self) -> Frame:
        return Frame.of(self)


def cases() -> Iterator[Case]:
    def rng(k: int) -> np.random.Generator:
        return np.random.default_rng([SEED, k])

    def linear(r: np.random.Generator, X: np.ndarray, noise: float) -> np.ndarray:
        return X @ r.normal(size=X.shape[1]) + 1 + noise * r.normal(size=len(X))

    r = rng(0)
    yield Case("one column, 50 rows", X := r.normal(size=(50, 1)), linear(r, X, 1.0))
    r = rng(1)
    yield Case("noise 20 times the signal", X := r.normal(size=(1000, 5)) + 3, linear(r, X, 50.0))
    r = rng(2)
    yield Case("hardly any noise", X := r.normal(size=(1000, 5)), linear(r, X, 1e-4))
    r = rng(3)
    yield Case("lognormal columns", X := r.lognormal(size=(300, 3), sigma=1.5), linear(r, X, 1.0))
    r = rng(4)
    yield Case("Cauchy columns", X := r.standard_cauchy(size=(1000, 3)), linear(r, X, 1.0))
    r = rng(5)
    yield Case("one-hot, 6 levels", X := np.eye(6)[r.integers(0, 6, 500)][:, 1:], linear(r, X, 1.0))
    r = rng(6)
    X = r.normal(size=(1000, 3))
    order = np.argsort(y := linear(r, X, 1.0))
    yield Case("sorted by y", X[order], y[order])
    r = rng(7)
    yield Case("lognormal weights", X := r.normal(size=(777, 4)), linear(r, X, 1.0), r.lognormal(size=777))
    r = rng(8)
    X = r.normal(size=(1000, 2))
    yield Case("curved: y is exp(x)", X, np.exp(X).sum(axis=1) + 0.1 * r.normal(size=1000))
    r = rng(9)
    X = r.normal(size=(1000, 2))
    yield Case("noise grows with x", X, linear(r, X, 0.0) + np.exp(2 * X[:, 0]) * r.normal(size=1000))
    r = rng(10)
    yield Case("20 columns, 30 rows", X := r.normal(size=(30, 20)), linear(r, X, 1.0))
    r = rng(11)
    X = r.lognormal(size=(200, 20), sigma=2.0)
    yield Case("20 lognormal columns, hardly any noise", X, linear(r, X, 1e-6))
    r = rng(141)  # of 300 such tables one of the 16 in which a first pass misleads
    yield Case("2 columns, 9 rows, far from the origin", X := r.normal(size=(9, 2)) ** 3 + 5, linear(r, X, 1e-6))
    r = rng(12)
    yield Case("20 columns", X := r.normal(size=(10_000, 20)), linear(r, X, 1.0))
    r = rng(13)
    yield Case("10 columns", X := r.normal(size=(100_000, 10)), linear(r, X, 1.0))


@dataclass(frozen=True, eq=False)
class Frame:
    """A table as `learning_rate="auto"` descends it; the intercept is the last of k parameters.

    Attributes
    ----------
    Z : (n, k)
        Rows, with a one at the end.
    y, weight : (n,)
        Weights have mean one.
    best, start : (k,)
    to_errors : (k, k)
        Takes a distance from the best to standard errors of the coefficients.
    curvature : float
        All of them are this.
    """

    Z: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    best: np.ndarray
    start: np.ndarray
    to_errors: np.ndarray
    curvature: float

    @classmethod
    def of(cls, case: Case) -> Frame:
        source = ArraySource(case.X, case.y, case.weight)
        problem = Problem.of(source, bias=True, conditioned=True, dtype="float64")
        rows = problem.frame.rows(source.whole())
        w, b = problem.frame.enter(np.zeros(case.X.shape[1]), 0.0)
        return cls(
            np.column_stack([rows.X, np.ones(len(rows))]),
            rows.y,
            len(rows) * rows.share,
            problem.quadratic.best,
            np.append(w, b),
            problem.tolerance.differences / problem.tolerance.unit[:, None],
            problem.quadratic.largest,
        )

    def smoothness(self, m: int) -> float:
        """L_m, the expected smoothness of batches of m (Gower et al. 2019, proposition 3.8)."""
        n = len(self.y)
        worst = float(2 * (self.weight * (self.Z**2).sum(axis=1)).max())
        return n * (m - 1) / (m * (n - 1)) * self.curvature + (n - m) / (m * (n - 1)) * worst

    def errors(self, V: np.ndarray) -> np.ndarray:
        """(..., k) parameters -> (...) the largest error of a coefficient, in standard errors."""
        largest: np.ndarray = np.abs((V - self.best) @ self.to_errors.T).max(axis=-1)
        return largest


# --- rules for the rate


@dataclass(frozen=True)
class Setting:
    """What a rule may know beforehand: n rows in batches of m, the safe rate 1 / (2 L_m), the curvature."""

    n: int
    m: int
    safe: float
    curvature: float

    @property
    def pull(self) -> float:
        return self.curvature * self.n / self.m


class Rule(Protocol):
    def rates(self, k: int, steps: int) -> np.ndarray | float:
        """For the steps of pass k = 1, 2, ..."""

    def after(self, error: float) -> None:
        """Hear of the error after a pass."""


@dataclass
class ByPass:
    """A rate known beforehand, the same in all steps of a pass."""

    rate: Callable[[int], float]

    def rates(self, k: int, steps: int) -> float:
        return self.rate(k)

    def after(self, error: float) -> None: ...


@dataclass
class ByStep:
    """Constant for 4 L_m / mu steps, then (2 t + 1) / ((t + 1)^2 mu) in step t (Gower et al. 2019, theorem 3.2)."""

    setting: Setting

    def rates(self, k: int, steps: int) -> np.ndarray:
        t = np.arange((k - 1) * steps + 1, k * steps + 1)
        kappa = 0.5 / self.setting.safe / self.setting.curvature
        falling = (2 * t + 1) / ((t + 1.0) ** 2 * self.setting.curvature)
        return np.where(t <= 4 * math.ceil(kappa), self.setting.safe, falling)

    def after(self, error: float) -> None: ...


@dataclass
class Halving:
    """Half the rate after three passes in which the error has not fallen by 10 %."""

    rate: float
    least: float = math.inf
    idle: int = 0

    def rates(self, k: int, steps: int) -> float:
        return self.rate

    def after(self, error: float) -> None:
        self.idle = 0 if error < 0.9 * self.least else self.idle + 1
        self.least = min(self.least, error) if self.idle == 0 else self.least
        if self.idle == 3:
            self.rate, self.idle = self.rate / 2, 0


@dataclass
class Predicted:
    """The rate that makes exp(-2 b) d^2 + b^4 / 12 smallest, b = rate * pull, d standard errors away."""

    setting: Setting
    error: float = math.inf

    def rates(self, k: int, steps: int) -> float:
        return min(self.setting.safe, (6 * self.error**2) ** (1 / 3) / self.setting.pull)

    def after(self, error: float) -> None:
        self.error = error


@dataclass
class Latched:
    """Constant until a pass falls short of half its promise; from then on 1 / b grows by a half in every pass."""

    setting: Setting
    rate: float
    error: float = math.inf
    falling: bool = False

    def rates(self, k: int, steps: int) -> float:
        return self.rate

    def after(self, error: float) -> None:
        b = self.rate * self.setting.pull
        self.falling |= error > self.error * (1 + math.exp(-b)) / 2
        self.rate, self.error = self.rate / (1 + b / 2) if self.falling else self.rate, error


@dataclass
class Measured:
    """`gradline.descent.steps.schedule`; where `mean_of_rest`, a smaller last batch takes the mean of its own rows."""

    setting: Setting
    schedule: Schedule
    mean_of_rest: bool = False

    def rates(self, k: int, steps: int) -> np.ndarray:
        rates = np.full(steps, self.schedule.rate)
        if self.mean_of_rest:
            rates[-1] *= self.setting.m / (self.setting.n - (steps - 1) * self.setting.m)
        return rates

    def after(self, error: float) -> None:
        self.schedule = self.schedule.after_pass(error)


CHOSEN = "measured: lower after a pass that falls short (chosen)"
CONSTANT = "constant"
THEOREM = "constant, then 1 / step (Gower et al., theorem 3.2)"
SLOW = "1 / pass^(3/4)"


def rules(setting: Setting) -> dict[str, Rule]:
    safe, pull = setting.safe, setting.pull
    start = Schedule(safe, pull)
    return {
        CONSTANT: ByPass(lambda k: safe),
        THEOREM: ByStep(setting),
        "1 / pass": ByPass(lambda k: min(safe, 2 / (pull * k))),
        "2 / pass": ByPass(lambda k: min(safe, 4 / (pull * k))),
        SLOW: ByPass(lambda k: safe * k**-0.75),
        "halved where the error stays": Halving(safe),
        "best for the noise predicted": Predicted(setting),
        "measured: 1 / pass from the first that falls short": Latched(setting, safe),
        CHOSEN: Measured(setting, start),
        "chosen, smaller last batch by its own mean": Measured(setting, start, mean_of_rest=True),
    }


# --- averages of the iterates


def last_half(ends: np.ndarray) -> np.ndarray:
    """Of the ends of passes 1 .. k: the mean of the last half, for every k."""
    total = np.concatenate([np.zeros_like(ends[:1]), np.cumsum(ends, axis=0)])
    k = np.arange(1, len(ends) + 1)
    return (total[k] - total[k // 2]) / (k - k // 2)[:, None]


def rising(ends: np.ndarray) -> np.ndarray:
    """Weights 1, 2, 3 ... (Lacoste-Julien, Schmidt, Bach 2012)."""
    k = np.arange(1.0, len(ends) + 1)[:, None]
    return np.cumsum(k * ends, axis=0) / np.cumsum(k, axis=0)


def polynomial(ends: np.ndarray) -> np.ndarray:
    """Polynomial-decay averaging with eta = 3 (Shamir, Zhang 2013, section 4)."""
    averages = ends.copy()
    for k in range(1, len(ends)):
        part = 4.0 / (k + 4.0)
        averages[k] = (1 - part) * averages[k - 1] + part * ends[k]
    return averages


def mean(passes: np.ndarray) -> np.ndarray:
    return np.cumsum(passes, axis=0) / np.arange(1, len(passes) + 1)[:, None]


# --- the descents


def descend(frame: Frame, m: int, passes: int, seed: int = 0) -> dict[str, np.ndarray]:
    """(passes,) the error in standard errors after each pass, by rule."""
    n = len(frame.y)
    setting = Setting(n, m, 0.5 / frame.smoothness(m), frame.curvature)
    chosen = rules(setting)
    V = np.tile(frame.start, (len(chosen), 1))
    steps, rng = -(-n // m), np.random.default_rng([SEED, seed])
    ends, means = np.empty((passes, *V.shape)), np.empty((passes, *V.shape))
    for k in range(1, passes + 1):
        order = rng.permutation(n)
        Z, y, share = frame.Z[order], frame.y[order, None], 2 * frame.weight[order, None] / m
        rates = np.empty((steps, len(V), 1))
        for j, rule in enumerate(chosen.values()):
            rates[:, j, 0] = rule.rates(k, steps)
        total = np.zeros_like(V)
        for i in range(steps):
            rows = slice(i * m, (i + 1) * m)
            dp = Z[rows] @ V.T
            dp -= y[rows]
            dp *= share[rows]
            V -= rates[i] * (dp.T @ Z[rows])
            total += V
        ends[k - 1], means[k - 1] = V, total / steps
        for rule, error in zip(chosen.values(), frame.errors(V).tolist(), strict=True):
            rule.after(error)
    found = {name: frame.errors(ends[:, j]) for j, name in enumerate(chosen)}
    constant, slow = list(chosen).index(CONSTANT), list(chosen).index(SLOW)
    averages = {
        f"{CONSTANT}: mean of every step": mean(means[:, constant]),
        f"{CONSTANT}: mean of the last half": last_half(ends[:, constant]),
        f"{CONSTANT}: mean with weights 1, 2, 3 ...": rising(ends[:, constant]),
        f"{CONSTANT}: polynomial-decay mean": polynomial(ends[:, constant]),
        f"{SLOW}: mean of the last half": last_half(ends[:, slow]),
    }
    return found | {name: frame.errors(path) for name, path in averages.items()}


def affordable(n: int, m: int) -> int:
    """Passes: at most some 1.5 million steps, but at least 30 passes."""
    return max([passes for passes in MARKS if passes * (n // m) <= 1_500_000] + [30])


# --- the page


@dataclass(frozen=True, eq=False)
class Run:
    case: Case
    batch: int
    errors: dict[str, np.ndarray]


def first(errors: np.ndarray, goal: float) -> float:
    """The first pass that ends within the goal; infinite where none does."""
    reached = np.flatnonzero(errors <= goal)
    return float(reached[0] + 1) if len(reached) else math.inf


def page(runs: Sequence[Run], seconds: float, command: str) -> str:
    long = [run for run in runs if len(run.errors[CONSTANT]) == MARKS[-1]]
    tables = len({run.case.name for run in runs})
    parts = [
        "# Mini-batches: which rule for the learning rate?",
        f"Written by `{command}` in {duration(seconds)}; do not edit. Seeds are fixed.",
        f"{len(runs)} descents, of {tables} tables in batches of {min(run.batch for run in runs)} to "
        f'{max(run.batch for run in runs)} rows, in the conditioned frame of `learning_rate="auto"`, where every '
        "curvature is the same; rows are shuffled anew in each pass. The error is the largest of a coefficient, in its "
        "standard errors. The constant rate is the safe one, 1 / (2 L_m) for batches of m (Gower et al. 2019, theorem "
        "3.1), and no rule exceeds it. Each row counts alike over a pass: a smaller last batch takes a shorter step "
        '(all but the line "by its own mean"). A rate of "1 / pass" is 2 / (curvature x steps in a pass x pass), '
        '"2 / pass" twice that.',
        "## All together",
        "Passes until the error is 1 % of a standard error: the median of the descents, the most, and how many never "
        "got there (the larger tables were given 30 to 300 passes). Then, of the "
        f"{len(long)} descents of 1000 passes: passes until 0.1 %, the error at the end (geometric mean), its largest.",
        summary(runs, long),
        words(runs, long),
        "## One by one",
        "The error in standard errors by the chosen rule after so many passes; and that of two others after the last.",
        details(runs),
        "## Sources",
        SOURCES,
    ]
    return "\n\n".join(parts)


def summary(runs: Sequence[Run], long: Sequence[Run]) -> str:
    lines = [
        "| rule | 1 %: median | most | never | 0.1 %: median | error at the end | largest |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in runs[0].errors:
        percent = np.array([first(run.errors[name], 0.01) for run in runs])
        tenth = np.median([first(run.errors[name], 0.001) for run in long])
        ends = np.array([run.errors[name][-1] for run in long])
        most = percent[np.isfinite(percent)].max(initial=0)
        cells = [count(np.median(percent)), count(most), str(int(np.isinf(percent).sum())), count(tenth)]
        lines.append(f"| {name} | {' | '.join(cells)} | {np.exp(np.log(ends).mean()):.1e} | {ends.max():.1e} |")
    return "\n".join(lines)


def words(runs: Sequence[Run], long: Sequence[Run]) -> str:
    ends = [run.errors[CHOSEN][-1] for run in long]
    passes = [first(run.errors[CHOSEN], 0.01) for run in runs if len(run.errors[CHOSEN]) >= 100]
    least = min(run.errors[name].min() for run in long for name in run.errors)
    return (
        f"Of {len(passes)} descents of 100 passes or more the chosen rule brought {np.isfinite(passes).sum()} within "
        f"1 % of a standard error, in at most {max(p for p in passes if math.isfinite(p)):.0f} passes; after 1000 it "
        f"was {min(ends):.0e} to {max(ends):.0e} away. It needs no figure but the error after each pass. The error "
        "falls with passes^(-3/2), and in the end with 1 / passes where single rows weigh most: both are of the order "
        "of the least that reshuffled rows allow (Safran, Shamir 2020). So 1e-6 would take ten thousand passes or "
        f"more; the least that any rule came to at any time was {least:.0e}. Full batches take one or two steps.\n\n"
        "Why not the others: averages of the iterates gain nothing over a rate that falls with 1 / pass. A rate that "
        "falls from the first pass on arrives late from far away, as does theorem 3.2, which near the answer gains a "
        "factor of two by lowering the rate within a pass. Halving stops short. The rate predicted best relies on "
        "noise alike in all rows. The rule that lets go of the constant rate once and for all is a little sooner, but "
        "where a single pass far from the answer misleads it, it stays there."
    )


def details(runs: Sequence[Run]) -> str:
    lines = [
        f"| table | rows | batch | {' | '.join(map(str, MARKS))} | constant | theorem 3.2 |",
        "|---|" + "---:|" * (len(MARKS) + 4),
    ]
    for run in runs:
        errors = run.errors[CHOSEN]
        cells = [f"{errors[k - 1]:.1e}" if k <= len(errors) else "-" for k in MARKS]
        cells += [f"{run.errors[name][-1]:.1e}" for name in (CONSTANT, THEOREM)]
        lines.append(f"| {run.case.name} | {len(run.case.y):,} | {run.batch} | {' | '.join(cells)} |")
    return "\n".join(lines)


def count(passes: float) -> str:
    return "-" if math.isinf(passes) or passes == 0 else f"{passes:.0f}"


SOURCES = """\
- Ahn, Yun, Sra 2020: SGD with shuffling: optimal rates without component convexity and large epoch requirements.
- Bach, Moulines 2013: Non-strongly-convex smooth stochastic approximation with convergence rate O(1/n).
- Cha, Lee, Yun 2023: Tighter lower bounds for shuffling SGD: random permutations and beyond.
- Gower, Loizou, Qian, Sailanbayev, Shulgin, Richtarik 2019: SGD: general analysis and improved rates.
- Gurbuzbalaban, Ozdaglar, Parrilo 2021: Why random reshuffling beats stochastic gradient descent.
- Lacoste-Julien, Schmidt, Bach 2012: A simpler approach to obtaining an O(1/t) convergence rate for the projected
  stochastic subgradient method.
- Mishchenko, Khaled, Richtarik 2020: Random reshuffling: simple analysis with vast improvements.
- Polyak, Juditsky 1992: Acceleration of stochastic approximation by averaging.
- Safran, Shamir 2020: How good is SGD with random shuffling?
- Shamir, Zhang 2013: Stochastic gradient descent for non-smooth optimization: convergence results and optimal averaging
  schemes."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.minibatches", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the tables up to 1000 rows, batches of 8 and 64")
    parser.add_argument("--output", type=Path, help="write the page there instead of printing it")
    options = parser.parse_args(arguments)
    started, runs = time.perf_counter(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases():
            for m in (8, 64) if options.quick else (1, 8, 64, 256):
                n = len(case.y)
                if m < n and not (options.quick and n > 1000):
                    runs.append(Run(case, m, descend(case.frame, m, affordable(n, m))))
                    print(f"{case.name}, batches of {m} ...", file=sys.stderr, flush=True)
    command = " ".join(["python -m bench.minibatches", *(["--quick"] if options.quick else [])])
    text = page(runs, time.perf_counter() - started, command) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
