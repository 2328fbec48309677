"""Student's t and Fisher's F, as far as tests and intervals need them."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from gradline.solution import Array


def checked_level(confidence: float) -> float:
    """A probability of an interval: ValueError unless it is between 0 and 1."""
    if not isinstance(confidence, Real) or not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is {confidence!r}, expected a number between 0 and 1, e.g. 0.95")
    return confidence


def t_quantile(df: int, confidence: float) -> float:
    """Half width of a two-sided interval, in standard errors; NaN without degrees of freedom.

    Examples
    --------
    >>> round(t_quantile(10, 0.95), 4)
    2.2281
    """
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + 0.5 * confidence)) if df > 0 else math.nan


def t_tails(df: int, t: Array) -> Array:
    """Probabilities of a t at least as far from zero, either way."""
    from scipy.special import stdtr

    tails: Array = 2.0 * stdtr(df, -np.abs(t)) if df > 0 else np.full_like(t, np.nan)
    return tails


def f_tail(df: tuple[int, int], statistic: float) -> float:
    """Probability of an F at least as large."""
    from scipy.special import fdtrc

    return float(fdtrc(df[0], df[1], statistic)) if df[1] > 0 else math.nan
