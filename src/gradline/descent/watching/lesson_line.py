"""The lesson's line, printed after every so many passes."""

from __future__ import annotations

from gradline.descent.watching.history import Callback, History


def lesson_line(iteration: int, loss: float, a: float | None = None, b: float | None = None) -> str:
    """The loss before the update, and the parameters after it where they are given.

    Examples
    --------
    >>> lesson_line(10, 11.73933, 1.63251)
    "Iteration 10: Loss = 11.7393, 'a' = 1.6325"
    """
    parameters = (("a", a), ("b", b))
    told = "".join(f", '{name}' = {number:.4f}" for name, number in parameters if number is not None)
    return f"Iteration {iteration}: Loss = {loss:.4f}{told}"


def printer(every: int, *, coefficients: bool, fit_intercept: bool) -> Callback | None:
    """Prints the line after each `every`th pass; None for 0. Of more coefficients than one it shows none."""
    if not every:
        return None

    def print_line(history: History) -> None:
        if history.iteration % every == 0:
            shown = coefficients and len(history.coef) == 1
            a = float(history.coef[0]) if shown else None
            b = history.intercept if shown and fit_intercept else None
            print(lesson_line(history.iteration, history.loss[-1], a, b))

    return print_line
