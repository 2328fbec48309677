"""How a descent ended, in words: the sentence behind `stop_reason_`."""

from __future__ import annotations

import math
import os

from gradline.data.readers.credentials import shown_path
from gradline.descent.goal.problem import Problem
from gradline.descent.options import Options
from gradline.descent.telling import divergence, outlook
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.wide.problem import WideProblem
from gradline.solution import Solution, Status


def sentence(
    problem: Problem | WideProblem,
    solution: Solution,
    learning_rate: float | None,
    momentum: float,
    *,
    predictable: bool,
    asked: bool,
    to_go: int | None,
    early_stopping: EarlyStopping | None = None,
) -> str:
    """What happened; with a tolerance `asked` for and `predictable` steps, also how long it would still take."""
    losses, where = solution.history, (solution.coef, solution.intercept)
    if solution.status is Status.DIVERGED:
        seen = problem.quadratic if predictable else None
        return divergence.stop_sentence(learning_rate or 0.0, losses, seen, momentum)
    if solution.status is Status.CONVERGED:
        return f"Converged at iteration {len(losses)}: {problem.near(*where)}."
    far = problem.far(*where)
    if solution.status is Status.ROUNDING:
        return f"Stopped at iteration {len(losses)}, where rounding allows no more: {far}."
    if solution.status is Status.VALIDATION and early_stopping:
        return f"{stopped_early(early_stopping)} {far[0].upper() + far[1:]}."
    if solution.status is Status.CALLBACK:
        return f"Stopped by the callback after iteration {len(losses)}: {far}."
    if solution.status is Status.INTERRUPTED:
        return f"Unfinished: interrupted after {len(losses)} complete iterations; {far}."
    text = f"Stopped after the {len(losses)} iterations asked for: {far}."
    if not (predictable and asked):
        return text
    if to_go is None:
        return f"{text} At this rate it would take more than a trillion."
    half_life = outlook.half_life(problem.quadratic, learning_rate or 0.0, momentum)
    mostly = problem.slowest(learning_rate or 0.0, momentum)
    slowest = f"The slowest direction, mostly {mostly}," if mostly else "The slowest direction"
    crawl = f"{slowest} halves its error every {half_life:,.3g} iterations; about {to_go:,} more would do."
    return f"{text} {crawl}"


def stopped_early(early_stopping: EarlyStopping) -> str:
    """Where and why, in a sentence."""
    losses, best = early_stopping.losses, early_stopping.best_pass
    if best == 0:
        return f"Stopped early at iteration {len(losses)}: the loss on the held-out rows is no number."
    return (
        f"Stopped early at iteration {len(losses)}: the loss on the held-out rows was lowest after iteration {best} "
        f"({losses[best - 1]:.6g}), whose parameters these are."
    )


def _rounded_up(number: float) -> str:
    """To one significant digit."""
    unit = 10.0 ** math.floor(math.log10(number))
    return f"{math.ceil(number / unit) * unit:.1g}"


def cure(
    solution: Solution,
    options: Options,
    *,
    solvable: bool,
    beyond_rounding: str,
    gap: float,
    tol: float,
    to_go: int | None,
) -> str:
    """What to do about a descent that stopped short of its tolerance; `solvable`: the exact way knows the answer."""
    automatic = options.automatic
    exact = ["fit the exact way: LinearRegression"] if solvable else ["raise max_iter"]
    if not solvable and 0 < gap < 0.01:  # of a standard error: not worth many passes, and maybe the reach of rounding
        exact.append(f"ask for less: tol={_rounded_up(gap)}")
    if solution.status is Status.ROUNDING:
        if options.dtype == "float32":
            return "use dtype='float64'"
        return beyond_rounding or f"ask for less: tol={_rounded_up(gap)}"
    if solution.status is Status.INTERRUPTED:
        if options.checkpoint is not None:
            if not os.path.exists(options.checkpoint):
                return f"fit again from the start: nothing had been saved in {shown_path(options.checkpoint)}"
            return "fit again to go on from where the checkpoint was last saved"
        return "fit again with warm_start=True to go on from here"
    if options.optimizer != "sgd" or options.optimizer_options or options.scheduler:
        lr = "optimizer_options={'lr': ...}" if automatic else "learning_rate"
        return f"raise max_iter, or the rate ({lr}), or take plain descent: optimizer='sgd', learning_rate='auto'"
    if options.batch_size is not None:
        if not automatic:
            return "lower the rate, let learning_rate='auto' choose, or descend by full batches (batch_size=None)"
        # The error of a falling rate goes with k^(-3/2) (see steps/schedule.py).
        passes = len(solution.history) * (gap / tol) ** (2 / 3) if tol else math.inf
        more = f"raise max_iter to some {float(f'{passes:.1g}'):,.0f}, or " if passes < 1e6 else ""
        return f"{more}ask for less (tol=0.01 is a hundredth of a standard error), or descend by full batches"
    worthwhile = to_go is not None and to_go < 10**6
    choices = [f"raise max_iter to {len(solution.history) + (to_go or 0)}"] if worthwhile else []
    choices += [] if automatic else ["let learning_rate='auto' choose"]
    return ", or ".join(choices or exact)
