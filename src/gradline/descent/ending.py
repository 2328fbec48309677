"""How a descent ended, in words: the sentence behind `stop_reason_`."""

from __future__ import annotations

from gradline.descent import divergence, outlook
from gradline.descent.problem import Problem
from gradline.solution import Solution, Status


def sentence(
    problem: Problem, solution: Solution, learning_rate: float, *, predictable: bool, asked: bool, to_go: int | None
) -> str:
    """What happened; with a tolerance `asked` for and `predictable` steps, also how long it would still take."""
    losses, gaps = solution.history, problem.tolerance.gaps(solution.coef, solution.intercept)
    if solution.status is Status.DIVERGED:
        return divergence.stop_sentence(learning_rate, losses, problem.quadratic if predictable else None)
    farthest = int(gaps.argmax())
    distance = problem.tolerance.in_words(gaps[farthest], farthest)
    if solution.status is Status.CONVERGED:
        near = f"every coefficient is within {distance} of the least squares answer"
        return f"Converged at iteration {len(losses)}: {near}."
    name = f"'{problem.names[farthest]}'" if farthest < len(problem.names) else "the intercept"
    far = f"{name} is {distance} from the least squares answer"
    if solution.status is Status.ROUNDING:
        return f"Stopped at iteration {len(losses)}, where rounding allows no more: {far}."
    text = f"Stopped after the {len(losses)} iterations asked for: {far}."
    if not (predictable and asked):
        return text
    if to_go is None:
        return f"{text} At this rate it would take more than a trillion."
    half_life = outlook.half_life(problem.quadratic, learning_rate)
    crawl = f"The slowest direction halves its error every {half_life:,.3g} iterations; about {to_go:,} more would do."
    return f"{text} {crawl}"


def cure(solution: Solution, *, automatic: bool, predictable: bool, to_go: int | None, dtype: str) -> str:
    """What to do about a descent that stopped short of its tolerance."""
    if solution.status is Status.ROUNDING:
        return "use dtype='float64'" if dtype == "float32" else "fit the exact way: LinearRegression"
    if not predictable:
        return "lower the rate, or descend by full batches (batch_size=None) with optimizer='sgd'"
    worthwhile = to_go is not None and to_go < 10**6
    choices = [f"raise max_iter to {len(solution.history) + (to_go or 0)}"] if worthwhile else []
    choices += [] if automatic else ["let learning_rate='auto' choose"]
    return ", or ".join(choices or ["fit the exact way: LinearRegression"])
