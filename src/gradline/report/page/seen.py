"""What the second pass saw, as the drawings need it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradline.diagnostics.diagnosis import Diagnosis
from gradline.diagnostics.quantile_plot import QuantilePlot
from gradline.report.displays.smoother import bin_count
from gradline.report.page.drawings import Line, NormalQuantiles, Points, Smoother
from gradline.report.page.reading import Reading
from gradline.solution import Array

NAMED = 3  # rows, in the drawing of influence
MOST_QUANTILES = 400  # dots: more than that lie on each other
# The mean of sqrt|z| for a standard normal z, 2^(1/4) Gamma(3/4) / sqrt(pi).
ROOT_OF_NORMAL = 2**0.25 * math.gamma(0.75) / math.sqrt(math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Points and curves of the drawings.

    Attributes
    ----------
    points : Points
        A sample of the rows, or all of them, and the most extreme ones.
    rows : int
        Of how many these are; a row counts once, whatever its frequency weight.
    k, df : int
        Estimated coefficients, residual degrees of freedom.
    residual_means, scale_means : Smoother or None
        Along the fit: the means of residuals, and of the square root of their size. None where rows are few.
    normal_quantiles : NormalQuantiles or None
    half_band : float
        Half the width of the 95 % band of new rows.
    unjudged : bool
        Whether these are not the residuals of least squares, in which influence has its meaning.
    named : tuple of int
        Numbers of the rows with the largest Cook's distances; none where these are not judged.
    """

    points: Points
    rows: int
    k: int
    df: int
    residual_means: Smoother | None
    scale_means: Smoother | None
    normal_quantiles: NormalQuantiles | None
    half_band: float
    unjudged: bool
    named: tuple[int, ...]

    @classmethod
    def of(cls, reading: Reading) -> Seen | None:
        """None where there was no second pass."""
        diagnosis = reading.diagnosis
        if diagnosis is None:
            return None
        influence = diagnosis.influence
        known = [] if diagnosis.unjudged else [row for row in influence.by_cooks if math.isfinite(row.cooks)]
        return cls(
            points=_points(diagnosis, one_feature=len(reading.features) == 1),
            rows=diagnosis.sample.of,
            k=diagnosis.k,
            df=diagnosis.df_residual,
            residual_means=_residual_means(diagnosis),
            scale_means=_scale_means(diagnosis),
            normal_quantiles=_quantiles(diagnosis.quantile_plot),
            half_band=math.nan if diagnosis.unjudged else diagnosis.profile.half_band,
            unjudged=bool(diagnosis.unjudged),
            named=tuple(row.row for row in known[:NAMED]),
        )

    def line(self, reading: Reading) -> Line:
        """The fit along its only feature, from the least to the largest value; no bands about what is no answer."""
        assert self.points.x is not None
        grid = np.linspace(self.points.x.min(), self.points.x.max(), 60)
        fitted = grid * reading.coef[-1] + (reading.coef[0] if reading.intercept else 0.0)
        mean = new = np.full((len(grid), 2), np.nan)
        inference = reading.inference
        if inference is not None and not reading.unfinished and not reading.another_loss:
            mean = inference.predict_interval(grid[:, None], confidence=0.95, kind="confidence")
            new = inference.predict_interval(grid[:, None], confidence=0.95)
        return Line(grid, fitted, mean, new)


def _points(diagnosis: Diagnosis, *, one_feature: bool) -> Points:
    sample, influence = diagnosis.sample, diagnosis.influence
    there = set(sample.row.tolist())
    most = () if influence.largest_change is None else (influence.largest_change,)
    remarkable = (influence.by_cooks, influence.by_studentised, influence.by_leverage, most)
    extreme = {row.row: row for by in remarkable for row in by}
    more = [row for number, row in sorted(extreme.items()) if number not in there]

    def both(of_sample: Array, of_more: Sequence[float]) -> Array:
        return np.concatenate([of_sample, np.array(of_more, dtype=np.float64)])

    x = None
    if one_feature and sample.X is not None:
        x = both(sample.X[:, 0], [math.nan if row.x is None else float(row.x[0]) for row in more])
    return Points(
        row=np.concatenate([sample.row, np.array([row.row for row in more], dtype=np.intp)]),
        x=x,
        fitted=both(sample.fitted, [row.fitted for row in more]),
        actual=both(sample.actual, [row.actual for row in more]),
        studentised=both(sample.studentised, [row.studentised for row in more]),
        leverage=both(sample.leverage, [row.leverage for row in more]),
    )


def _residual_means(diagnosis: Diagnosis) -> Smoother | None:
    count = bin_count(diagnosis.rows)
    if count is None:
        return None
    bins = diagnosis.profile.fitted.fewer(count)
    return Smoother(bins.x, bins.mean, bins.standard_error)


def _scale_means(diagnosis: Diagnosis) -> Smoother | None:
    """The root mean square of residuals in each bin, as the mean of sqrt|t| that normal errors of that size would have.

    The relative error of a root mean square of m rows is sqrt((2 + excess kurtosis) / (4 m)); its root has half of it.
    """
    count = bin_count(diagnosis.rows)
    if count is None or not diagnosis.residual_sd > 0.0:
        return None
    bins = diagnosis.profile.fitted.fewer(count)
    mean = ROOT_OF_NORMAL * np.sqrt(bins.sd / diagnosis.residual_sd)
    kurtosis = max(diagnosis.hypotheses.excess_kurtosis, -1.9)
    return Smoother(bins.x, mean, 0.5 * mean * np.sqrt((2.0 + kurtosis) / (4.0 * bins.rows)))


def _quantiles(plot: QuantilePlot) -> NormalQuantiles | None:
    drawn = plot.fewer(MOST_QUANTILES)
    if len(drawn.expected) < 2:
        return None
    return NormalQuantiles(drawn.expected, drawn.observed, drawn.low, drawn.high, drawn.outside, drawn.count)
