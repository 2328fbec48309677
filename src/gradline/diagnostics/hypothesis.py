"""What a test says, and how: a statistic from sums, its probability, and how large the departure is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradline.solution import Array

RANK = 1e-11  # of cross products scaled to 1: what is smaller is rounding


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One test.

    Attributes
    ----------
    name : str
        "Breusch-Pagan", "White", "RESET", "Jarque-Bera".
    null : str
        What it takes for granted and tries to refute.
    statistic : float
        NaN where the test is meaningless (an exact fit, no rows to spare).
    kind : str
        "chi2" or "F".
    df : tuple of int
        Of the statistic: one number for chi2, two for F.
    p_value : float
    effect : float
        How large the departure is, whatever the number of rows.
    effect_name : str
        What `effect` is.
    notes : tuple of str
    """

    name: str
    null: str
    statistic: float
    kind: str
    df: tuple[int, ...]
    p_value: float
    effect: float
    effect_name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """The tests, and the shape of the distribution of residuals.

    Attributes
    ----------
    breusch_pagan, white, reset, jarque_bera : Hypothesis
    skewness, excess_kurtosis : float
        Of the scaled residuals, as moments (no small-sample factors); 0 for normal errors.
    """

    breusch_pagan: Hypothesis
    white: Hypothesis
    reset: Hypothesis
    jarque_bera: Hypothesis
    skewness: float
    excess_kurtosis: float

    def __iter__(self) -> Iterator[Hypothesis]:
        """One after the other."""
        return iter((self.breusch_pagan, self.white, self.reset, self.jarque_bera))


def explained(sums: Array, g: tuple[float, float], n: float) -> tuple[float, int]:
    """R^2 of g on columns among which there is a constant, and how many of the others are independent."""
    gram, with_g = sums[:-1], sums[-1]
    # About the mean: the constant is column 0.
    gram = gram[1:, 1:] - np.outer(gram[0, 1:], gram[0, 1:]) / gram[0, 0]
    with_g = with_g[1:] - sums[0, 1:] * (g[0] / n)
    total = float(g[1] - g[0] ** 2 / n)
    size = np.sqrt(np.diag(sums[:-1])[1:])
    varies = np.diag(gram) > RANK * size * size
    gram, with_g = gram[np.ix_(varies, varies)], with_g[varies]
    if total <= 0.0 or not len(gram):
        return math.nan, 0
    scale = np.sqrt(np.diag(gram))
    values, directions = np.linalg.eigh(gram / scale / scale[:, None])
    some = values > RANK
    explained = float(((directions[:, some].T @ (with_g / scale)) ** 2 / values[some]).sum())
    return min(explained / total, 1.0), int(some.sum())


def lagrange(
    name: str, null: str, n: float, r2: float, df: int, effect: str, notes: tuple[str, ...] = ()
) -> Hypothesis:
    """n R^2 of a regression of g on df columns, chi2 with df degrees of freedom where none of them tells of g."""
    if math.isnan(r2) or df == 0 or n <= df + 1:
        return unknown(name, null, "chi2", (df,), effect, notes)
    from scipy.special import chdtrc

    return Hypothesis(name, null, n * r2, "chi2", (df,), float(chdtrc(df, n * r2)), r2, effect, notes)


def added_columns(name: str, null: str, share: float, df: tuple[int, int], effect: str) -> Hypothesis:
    """F of columns added to a fit that explain a share of what it leaves: (share / df_1) / ((1 - share) / df_2)."""
    from scipy.special import fdtrc

    statistic = (share / df[0]) / ((1.0 - share) / df[1]) if share < 1.0 else math.inf
    return Hypothesis(name, null, statistic, "F", df, float(fdtrc(*df, statistic)), share, effect)


def normality(powers: Array, judged: bool) -> tuple[float, float, Hypothesis]:
    """Skewness, excess kurtosis and Jarque-Bera of u, from the sums of u^0 .. u^4."""
    name, null = "Jarque-Bera", "the errors are normal"
    effect = "excess kurtosis: 0 for normal errors, above it with heavy tails"
    n = float(powers[0])
    if not judged:
        return math.nan, math.nan, unknown(name, null, "chi2", (2,), effect)
    mean, second, third, fourth = (float(value) for value in powers[1:] / n)
    m2 = second - mean**2
    m3 = third - 3.0 * mean * second + 2.0 * mean**3
    m4 = fourth - 4.0 * mean * third + 6.0 * mean**2 * second - 3.0 * mean**4
    if not m2 > 0.0:
        return math.nan, math.nan, unknown(name, null, "chi2", (2,), effect)
    skewness, excess = m3 / m2**1.5, m4 / m2**2 - 3.0
    statistic = n / 6.0 * (skewness**2 + excess**2 / 4.0)
    from scipy.special import chdtrc

    return (
        skewness,
        excess,
        Hypothesis(name, null, statistic, "chi2", (2,), float(chdtrc(2, statistic)), excess, effect),
    )


def unknown(
    name: str, null: str, kind: str, df: tuple[int, ...], effect: str, notes: tuple[str, ...] = ()
) -> Hypothesis:
    """A test that says nothing."""
    return Hypothesis(name, null, math.nan, kind, df, math.nan, math.nan, effect, notes)
