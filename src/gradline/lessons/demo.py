"""`gradline demo`: the lesson's five points, descended by every engine from the same start."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.descent.engines import ENGINES, torch_is_installed
from gradline.descent.finished import Descent
from gradline.descent.fit import fit
from gradline.descent.goal.quadratic import Quadratic
from gradline.descent.options import Options
from gradline.descent.telling import divergence
from gradline.descent.watching.history import History
from gradline.descent.watching.lesson_line import lesson_line
from gradline.errors import DivergenceWarning
from gradline.report.figures import plain
from gradline.solution import Array, Status

X = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
Y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])


@dataclass(frozen=True, slots=True)
class Setting:
    """What the reader may change; the defaults are the lesson's."""

    learning_rate: float = 0.001
    iterations: int = 100
    init: float = 0.5
    intercept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One engine's way down: per iteration the loss before the update, and a (and b) after it."""

    loss: Array
    a: Array
    b: Array


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """The same descent on several engines.

    Attributes
    ----------
    runs : dict of Run by engine name; None where the engine is not installed
    quadratic : Quadratic
        The lesson's loss: where its limits come from.
    stopped : str or None
        The sentence of a descent that diverged.
    """

    setting: Setting
    runs: dict[str, Run | None]
    quadratic: Quadratic
    stopped: str | None

    @property
    def largest_disagreement(self) -> float:
        """The largest difference in a between any two engines at any iteration, relative to the largest a so far.

        NaN where no iteration left a number that all of them can be compared by.
        """
        paths = np.array([run.a for run in self.runs.values() if run])
        paths = paths[:, np.isfinite(paths).all(0)]
        if not paths.size:
            return math.nan
        size = np.maximum.accumulate(np.abs(paths).max(0))  # so far: where a passes through zero it has no size
        return float(np.max((paths.max(0) - paths.min(0)) / np.maximum(size, np.finfo(float).tiny)))

    @property
    def hint(self) -> str:
        """What the five points allow, as the cure for a rate that diverges."""
        return divergence.allowed(self.quadratic)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: null where a number has left float64."""

        def told(values: Array) -> list[float | None]:
            return [plain(value) for value in values]

        engines = {
            name: None
            if run is None
            else {"loss": told(run.loss), "a": told(run.a)} | ({"b": told(run.b)} if self.setting.intercept else {})
            for name, run in self.runs.items()
        }
        return {
            "engines": engines,
            "largest_disagreement": plain(self.largest_disagreement),
            "closed_form": float(self.quadratic.best[0]),
            "max_learning_rate": self.quadratic.max_learning_rate,
            "stopped": self.stopped,
        }


def run(setting: Setting, engines: tuple[str, ...] = ENGINES) -> Demo:
    """Descend on every engine that is installed; a rate that diverges is shown diverging."""
    runs: dict[str, Run | None] = {}
    stopped = None
    for name in engines:
        if name in ("autograd", "nn") and not torch_is_installed() and len(engines) > 1:
            runs[name] = None
            continue
        a: list[float] = []
        b: list[float] = []

        def hear(history: History, a: Any = a, b: Any = b) -> None:
            a.append(history.coef[0])
            b.append(history.intercept)

        descent = _descend(name, setting, hear)
        runs[name] = Run(np.array(descent.solution.history), np.array(a), np.array(b))
        if descent.solution.status is Status.DIVERGED:
            stopped = descent.stop_reason
    assert descent.problem.exact is not None
    quadratic = Quadratic.of(descent.problem.moments, descent.problem.exact, bias=setting.intercept)
    return Demo(setting, runs, quadratic, stopped)


def _descend(engine: str, setting: Setting, hear: Any) -> Descent:
    options = Options(
        engine=engine,
        learning_rate=setting.learning_rate,
        max_iter=setting.iterations,
        tol=None,
        fit_intercept=setting.intercept,
        init=setting.init,
        on_divergence="warn",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # the demo tells it in its own words
        return fit(ArraySource(X[:, None], Y, feature_names=("x",)), options, np.random.default_rng(0), hear)


def lesson_lines(demo: Demo, engine: str) -> list[str]:
    """The lesson's own printed lines, to the letter: every tenth iteration, then the parameter found."""
    run = demo.runs[engine]
    assert run is not None
    lines = []
    for k in range(9, len(run.a), 10):
        a = None if engine == "nn" else run.a[k]
        b = None if engine == "nn" or not demo.setting.intercept else run.b[k]
        lines.append(lesson_line(k + 1, run.loss[k], a, b))
    if demo.stopped is None:
        lines.append(f"Optimal parameter 'a': {run.a[-1]:.4f}")
        if demo.setting.intercept:
            lines.append(f"Optimal parameter 'b': {run.b[-1]:.4f}")
    return lines


def side_by_side(demo: Demo) -> str:
    """All engines beside each other, with how far they disagree and how far there is to go."""
    setting = demo.setting
    model, start = ("y = a*x + b", "a = b") if setting.intercept else ("y = a*x", "a")
    shown = {name: run for name, run in _with_recorded(demo).items() if run}
    first = next(iter(run for run in demo.runs.values() if run))
    every = max(1, setting.iterations // 10)
    rows = sorted({0, *range(every - 1, len(first.a), every), len(first.a) - 1})
    columns = {name: run.a for name, run in shown.items()}
    if setting.intercept:
        columns["b (all)"] = first.b
    head = "".join(f"{name:<12}" for name in columns).rstrip()
    lines = [
        f"Five points, {model}, start {start} = {setting.init:g}, learning rate {setting.learning_rate:g} "
        f"(limit for these data: {demo.quadratic.max_learning_rate:.4g})",
        "",
        f" iteration   loss          {head}",
    ]
    recorded = [name for name in shown if demo.runs[name] is None]
    if recorded:
        marks = "".join(f"{'recorded' if name in recorded else '':<12}" for name in columns).rstrip()
        lines.append(f"{'':27}{marks}")
    for k in rows:
        numbers = "".join(f"{_number(values[k]):<11} " for values in columns.values()).rstrip()
        lines.append(f"{k + 1:>10}   {first.loss[k]:<13.6g} {numbers}")
    lines += ["", _closing(demo, first)]
    if recorded:
        how = f"recorded with torch {_recorded()['torch']}; run them: pip install 'gradline[torch]'"
        lines.append(f"({' and '.join(recorded)}: {how})")
    return "\n".join(lines)


def _closing(demo: Demo, first: Run) -> str:
    best = demo.quadratic.best
    to_go = abs(first.a[-1] - best[0])
    if demo.setting.intercept:
        to_go = max(to_go, abs(first.b[-1] - best[1]))
        closed = f"Closed form: a = {best[0]:.6g}, b = {abs(best[1]):.6g}."
    else:
        closed = f"Closed form sum(xy)/sum(xx) = {best[0]:g}."
    apart = demo.largest_disagreement
    agree = "No step stayed in float64." if math.isnan(apart) else f"Largest disagreement: {apart:.2g} (float64)."
    text = f"{agree}   {closed}   Still to go: {to_go:.2g}" if math.isfinite(to_go) else f"{agree}   {closed}"
    return text if demo.stopped else f"{text}\n{_next_question(demo)}"


def _next_question(demo: Demo) -> str:
    setting, factor = demo.setting, divergence.growth(demo.setting.learning_rate, demo.quadratic)
    if factor < -1.000001:
        return f"Above the limit: every step multiplies the error by {factor:.7g}.   What do more --iterations do?"
    if factor < -0.999999:
        nearly = f"As good as at the limit: a bounces, and every step multiplies the error by {factor:.9g}."
        at_it = abs(1 + factor) < 1e-14  # a rate with all its digits; rounding leaves some 1e-16
        return f"{'At the limit itself a bounces for ever.' if at_it else nearly}   What does a little less do?"
    if setting.intercept:
        crawl = (
            f"With b there is a flat direction too: the curvatures are {demo.quadratic.smallest:.4g} and "
            f"{demo.quadratic.largest:.4g}, so b crawls."
        )
        return f"{crawl}   How far do --iterations 10000 get?" if setting.iterations < 10_000 else crawl
    if setting.learning_rate <= 0.5 * demo.quadratic.max_learning_rate * 0.999:
        return "What will --learning-rate 0.02 do? And 0.0076219512?   Try them, or see it move: gradline lab"
    return "Half the limit lands in one step, beyond the limit nothing does.   What will --intercept change?"


def _with_recorded(demo: Demo) -> dict[str, Run | None]:
    """The runs, with recorded ones in place of the engines that are not installed (the lesson's setting only)."""
    if all(demo.runs.values()) or demo.setting != Setting():
        return demo.runs
    recorded = {
        name: Run(np.array(one["loss"]), np.array(one["a"]), np.zeros(0))
        for name, one in _recorded()["engines"].items()
    }
    return {name: run or recorded[name] for name, run in demo.runs.items()}


def _recorded() -> Any:
    """What the engines of PyTorch once gave, and the version that gave it."""
    return json.loads(resources.files("gradline.lessons").joinpath("recorded.json").read_text(encoding="utf-8"))


def _number(value: float) -> str:
    return f"{value:.6f}" if abs(value) < 100 else f"{value:.6g}"
