"""A fit of either way, as a second look at its rows and its pages take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gradline.descent.finished import Descent
    from gradline.moments.precision import Statistics
    from gradline.solution import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A fit and how it was made, without its rows.

    Attributes
    ----------
    fit_intercept : bool
    statistics : Moments, ExactMoments or None
        Of the rows; None where no sums over pairs of columns were kept.
    solution : Solution
        Where a descent ended, or the answer of the exact way.
    descent : Descent or None
        None for the exact way.
    engine : str or None
        Of a descent.
    seed : str
        What decided whatever was drawn by chance; "" where nothing was.
    """

    fit_intercept: bool
    statistics: Statistics | None
    solution: Solution
    descent: Descent | None = None
    engine: str | None = None
    seed: str = ""

    @classmethod
    def by_descent(cls, descent: Descent, *, engine: str, fit_intercept: bool, seed: str = "") -> Self:
        """One of the gradient way."""
        problem = descent.problem
        statistics = None if problem.exact is None else problem.moments
        return cls(fit_intercept, statistics, descent.solution, descent, engine, seed)
