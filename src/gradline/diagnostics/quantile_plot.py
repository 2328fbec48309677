"""Quantiles of residuals beside those of normal errors, in an envelope that all of them stay in together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gradline.diagnostics.quantiles import RELATIVE_ERROR, Sketch
from gradline.solution import Array


@dataclass(frozen=True, slots=True, eq=False)
class QuantilePlot:
    """One point for each cell of the sketch that holds something, ascending.

    Attributes
    ----------
    expected, observed : (m,) float64
        Quantiles of Student's t (`df` degrees of freedom; nearly normal where there are many rows), and of the
        externally studentised residuals, which have that distribution if errors are normal.
    low, high : (m,) float64
        The envelope: with normal errors all residuals lie in it in about 95 of 100 samples.
    rows : (m,) float64
        Rows in each cell.
    outside : int
        Rows outside the envelope.
    further_out : int
        Those of them that are further from zero than it allows; the others are nearer.
    count : int
        Rows in all.
    """

    expected: Array
    observed: Array
    low: Array
    high: Array
    rows: Array
    outside: int
    further_out: int
    count: int

    def fewer(self, most: int) -> QuantilePlot:
        """At most so many of the points, evenly along the axis, both ends among them; none that are not finite."""
        there = np.flatnonzero(np.isfinite(self.expected) & np.isfinite(self.observed))
        if len(there) > most:
            wanted = np.linspace(self.expected[there[0]], self.expected[there[-1]], most)
            there = there[np.unique(np.searchsorted(self.expected[there], wanted).clip(0, len(there) - 1))]
        arrays = ("expected", "observed", "low", "high", "rows")
        return replace(self, **{name: getattr(self, name)[there] for name in arrays})


def quantile_plot(studentised: Sketch, df: float) -> QuantilePlot:
    """Compare a sketch of externally studentised residuals with Student's t.

    The i-th smallest of n uniform numbers has the beta distribution (i, n + 1 - i); its quantiles at a level that is
    the same for all i, `local_level`, make the envelope (Aldor-Noiman, Brown, Buja, Rolke and Stine 2013).
    """
    from scipy.special import betaincinv, stdtr, stdtrit

    observed, held = studentised.filled()
    n = int(held.sum())
    none = np.empty(0)
    if n < 2 or not df > 0:
        return QuantilePlot(none, none, none, none, none, 0, 0, n)
    rank = np.cumsum(held) - 0.5 * (held - 1)
    half = 0.5 * local_level(n)
    bottom, top = betaincinv(rank, n + 1.0 - rank, half), 1.0 - betaincinv(n + 1.0 - rank, rank, half)
    # The cell is known, the value in it only to the sketch's error: it gets the benefit of the doubt.
    doubt = np.abs(observed) * RELATIVE_ERROR
    below, above = stdtr(df, observed + doubt) < bottom, stdtr(df, observed - doubt) > top
    further = np.where(rank > 0.5 * (n + 1), above, below)
    return QuantilePlot(
        expected=stdtrit(df, (rank - 0.375) / (n + 0.25)),
        observed=observed,
        low=stdtrit(df, bottom),
        high=stdtrit(df, top),
        rows=held.astype(np.float64),
        outside=int(held[below | above].sum()),
        further_out=int(held[further].sum()),
        count=n,
    )


def local_level(n: int) -> float:
    """Level of each of n order statistics at which all of them stay inside together with a probability of about 0.95.

    Gontscharuk and Finner (2017), their asymptotic formula with the constant 1.3.
    """
    log = math.log(max(n, 16))
    loglog = math.log(log)
    return -math.log(0.95) / (2.0 * loglog * log) * (1.0 - 1.3 * math.log(loglog) / loglog)
