"""Which arithmetic: float64 while enough digits are certain, exact where they are not."""

from __future__ import annotations

from typing import TypeAlias

from gradline.data.source import Source
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.solution import Solution

Statistics: TypeAlias = Moments | ExactMoments

ENOUGH_DIGITS = 9.0


def gather(source: Source, *, fit_intercept: bool, precision: str = "auto") -> tuple[Statistics, Solution]:
    """One pass over `source` for its statistics and the answer solved from them; a second one only to escalate.

    Parameters
    ----------
    source : Source
    fit_intercept : bool
    precision : {"float64", "exact", "auto"}
        "auto" reads in float64 first and, where the certificate promises fewer than 9 digits, once more exactly:
        a float64 sum that has lost its digits cannot be repaired.
    """
    features = len(source.feature_names)
    if precision != "exact":
        moments = Moments.from_batches(source.batches(), features)
        solution = moments.solve(fit_intercept=fit_intercept)
        if precision == "float64" or _enough(solution):
            return moments, solution
    exact = ExactMoments.from_batches(source.batches(), features)
    return exact, exact.solve(fit_intercept=fit_intercept)


def _enough(solution: Solution) -> bool:
    return solution.certificate is not None and solution.certificate.digits >= ENOUGH_DIGITS
