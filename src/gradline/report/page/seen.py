"""What the second pass saw, as the drawings need it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradline.report.page.drawings import Line, NormalQuantiles, Points, Smoother
from gradline.report.page.reading import Reading

Verdict = tuple[str, bool]  # a sentence, and whether it tells of a sign


@dataclass(frozen=True, slots=True)
class Extreme:
    """A row that is told by its number."""

    row: int
    actual: float
    fitted: float
    studentised: float
    leverage: float
    cooks: float


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    points: Points
    rows: int
    k: int
    df: int
    exact_fit: bool
    few: bool
    residual_means: Smoother | None
    scale_means: Smoother | None
    normal_quantiles: NormalQuantiles | None
    half_band: float
    coverage_verdict: Verdict | None
    form: Verdict | None
    normality: Verdict | None
    spread: Verdict | None
    influence: Verdict | None
    named: tuple[int, ...]
    most_influential: list[Extreme]
    farthest: list[Extreme]

    @classmethod
    def of(cls, reading: Reading) -> Seen | None:
        return reading.diagnosis

    def line(self, reading: Reading) -> Line:
        x = self.points.x
        grid = np.linspace(x.min(), x.max(), 60)
        i = reading.inference
        rows = grid[:, None]
        return Line(
            grid,
            rows @ i.coefficients[-1:] + (i.coefficients[0] if reading.intercept else 0),
            i.predict_interval(rows, kind="confidence"),
            i.predict_interval(rows),
        )
