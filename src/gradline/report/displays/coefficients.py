"""Coefficients drawn: each estimate a dot, its interval a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gradline.errors import DataError
from gradline.report.displays.canvas import BLUE, SOFT, axes, label, legend_above, quiet
from gradline.report.summary import INTERCEPT, Summary
from gradline.report.wide_summary import WideSummary
from gradline.solution import Array


class CoefficientDisplay:
    """Estimates with intervals, one line each, in the order of the columns from the top.

    An estimate without an interval is a hollow dot: a column that depends on others, a descent that is not finished,
    no degrees of freedom.

    Parameters
    ----------
    names : sequence of str, (k,)
    estimates : (k,) float64
    intervals : (k, 2) float64
        Lower and upper limit; NaN where there is none.
    confidence : float
        Of the intervals.
    unit : str
        What the axis counts.
    top : int
        At most so many are drawn: those farthest from zero, in half widths of their intervals where there are any.

    Attributes
    ----------
    dots_ : Line2D
        Estimates with an interval.
    bars_ : LineCollection
        One segment for each of them.
    hollow_ : Line2D
        Estimates without.
    line_ : Line2D
        Zero.
    ax_ : Axes
    figure_ : Figure

    Raises
    ------
    DataError
        For lengths that differ, or no coefficient to draw.
    MissingExtraError
        Where matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> shown = CoefficientDisplay(names=["rooms", "age"], estimates=[2.0, -1.0], intervals=[[1.5, 2.5], [-3.0, 1.0]])
    >>> [text.get_text() for text in shown.plot(Figure().subplots()).ax_.get_yticklabels()]
    ['rooms', 'age']
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        estimates: ArrayLike,
        intervals: ArrayLike,
        confidence: float = 0.95,
        unit: str = "coefficient",
        top: int = 30,
    ) -> None:
        self.names = tuple(names)
        self.estimates = np.asarray(estimates, dtype=np.float64)
        self.intervals = np.asarray(intervals, dtype=np.float64)
        self.confidence = confidence
        self.unit = unit
        self.top = top
        k = len(self.names)
        if k == 0:
            raise DataError("there is no coefficient to draw", hint="intercept=True draws the intercept too")
        if self.estimates.shape != (k,) or self.intervals.shape != (k, 2):
            raise DataError(
                f"estimates have shape {self.estimates.shape} and intervals {self.intervals.shape}, "
                f"expected ({k},) and ({k}, 2) for {k} names"
            )
        if top < 1:
            raise DataError(f"top is {top}, expected 1 or more")

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        confidence: float = 0.95,
        covariance: Any = "classical",
        intercept: bool = False,
        standardise: bool = False,
        top: int = 30,
        ax: Any = None,
        dot_kwargs: Mapping[str, Any] | None = None,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Of a fitted estimator of gradline, by its `summary(confidence=..., covariance=...)`.

        Parameters
        ----------
        confidence : float
            Between 0 and 1.
        covariance
            Which standard errors: whatever `summary` takes.
        intercept : bool
            Draw the constant term too; its size would often hide the others.
        standardise : bool
            Coefficients times sd(x) / sd(y): how many standard deviations of y by one of x. Comparable where units
            differ; intervals take the standard deviations as known. Needs `moments_`, as `LinearRegression` has.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from gradline import LinearRegression
        >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
        >>> shown = CoefficientDisplay.from_estimator(model, ax=Figure().subplots())
        >>> shown.names, shown.estimates, shown.intervals.round(4)
        (('x0',), array([1.96]), array([[1.7166, 2.2034]]))
        """
        if not callable(getattr(estimator, "summary", None)):
            raise DataError(
                f"a {type(estimator).__name__} gives no standard errors",
                hint="fit a gradline.LinearRegression, or give CoefficientDisplay(names=, estimates=, intervals=)",
            )
        scale = _standard_deviations(estimator) if standardise else None
        display = cls.of_summary(
            estimator.summary(confidence=confidence, covariance=covariance), intercept=intercept, scale=scale, top=top
        )
        return display.plot(ax, dot_kwargs=dot_kwargs, bar_kwargs=bar_kwargs)

    @classmethod
    def of_summary(
        cls, summary: Summary | WideSummary, *, intercept: bool = False, scale: Array | None = None, top: int = 30
    ) -> Self:
        """Not drawn yet; `scale` (slopes,) multiplies slopes and limits, and leaves no place for the intercept.

        Examples
        --------
        >>> from gradline import LinearRegression
        >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
        >>> CoefficientDisplay.of_summary(model.summary(), intercept=True).names
        ('(Intercept)', 'x0')
        """
        told = summary.as_dict()
        names = [name for name in told["coef"] if name != INTERCEPT or (intercept and scale is None)]
        factors = np.ones(len(names)) if scale is None else scale
        limits = (told["confidence_interval"][name] or (np.nan, np.nan) for name in names)
        coef = np.array([told["coef"][name] for name in names], dtype=np.float64)  # None, where diverged: NaN
        return cls(
            names=names,
            estimates=np.where(coef == 0, coef, coef * factors),  # a column set to 0 is so in every unit
            intervals=np.array([*limits], dtype=np.float64).reshape(-1, 2) * factors[:, None],
            confidence=summary.inference.confidence if isinstance(summary, Summary) else 0.95,
            unit=(
                f"change of {told['target']} by one unit"
                if scale is None
                else f"standard deviations of {told['target']} by one of the column"
            ),
            top=top,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        dot_kwargs: Mapping[str, Any] | None = None,
        bar_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw on `ax`, or on a new figure of pyplot; `dot_kwargs` and `bar_kwargs` change dots and bars."""
        self.ax_ = axes(ax, type(self).__name__)
        self.figure_ = self.ax_.figure
        quiet(self.ax_)
        self.ax_.grid(False, axis="y")
        drawn = self._farthest()
        names = [label(self.names[k]) for k in drawn]
        estimates, intervals = self.estimates[drawn], self.intervals[drawn]
        place = np.arange(len(drawn), dtype=np.float64)
        known = np.isfinite(estimates) & np.isfinite(intervals).all(axis=1)

        self.line_ = self.ax_.axvline(0.0, color=SOFT, linewidth=1.0, linestyle=(0, (5, 3)), zorder=1)
        bar = {"color": BLUE, "linewidth": 3.0, "alpha": 0.45, "capstyle": "round", "zorder": 2}
        self.bars_ = self.ax_.hlines(
            place[known],
            intervals[known, 0],
            intervals[known, 1],
            label=f"{100 * self.confidence:g}% interval",
            **(bar | dict(bar_kwargs or {})),
        )
        dot = {"color": BLUE, "marker": "o", "markersize": 7.0, "linestyle": "none", "zorder": 3}
        dot |= dict(dot_kwargs or {})
        (self.dots_,) = self.ax_.plot(estimates[known], place[known], label="estimate", **dot)
        (self.hollow_,) = self.ax_.plot(
            estimates[~known], place[~known], **(dot | {"markerfacecolor": "none"}), label="without an interval"
        )
        for artist, there in ((self.dots_, known.any()), (self.bars_, known.any()), (self.hollow_, not known.all())):
            if not there:
                artist.set_label("_nothing")
        self.ax_.set_yticks(place, names)
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.set_ylim(len(drawn) - 0.4, -0.6)
        few = f"{len(drawn)} of {len(self.names):,} coefficients: the farthest from zero"
        self.ax_.set_xlabel(label(self.unit, 64) + (f"\n{few}" if len(drawn) < len(self.names) else ""))
        legend_above(self.ax_)
        return self

    def _farthest(self) -> list[int]:
        """Which coefficients are drawn, in their order."""
        if len(self.names) <= self.top:
            return [*range(len(self.names))]
        half = (self.intervals[:, 1] - self.intervals[:, 0]) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.abs(self.estimates) / half
        if np.isnan(distance).all():
            distance = np.abs(self.estimates)
        distance = np.where(np.isnan(distance), -1.0, distance)
        return sorted(np.argsort(-distance, kind="stable")[: self.top].tolist())


def _standard_deviations(estimator: Any) -> Array:
    """sd(x) / sd(y) for each slope."""
    if not hasattr(estimator, "moments_"):
        raise DataError(
            f"a {type(estimator).__name__} keeps no standard deviations of its columns",
            hint="standardise=True works with a LinearRegression",
        )
    squares = np.diag(estimator.moments_.scatter)
    if not squares[-1] > 0:
        raise DataError("y does not vary: there is no standard deviation to count in", hint="standardise=False")
    scale: Array = np.sqrt(squares[:-1]) / np.sqrt(squares[-1])
    return scale
