"""Residuals drawn: against the fitted values, against the normal distribution, and their spread along the fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradline.data.source import is_source
from gradline.errors import DataError
from gradline.report.displays.canvas import BLUE, RED, SOFT, axes, label, legend_above, quiet
from gradline.report.displays.quantiles import beside_normal, draw
from gradline.report.displays.smoother import FEWEST, Smooth, smooth
from gradline.report.sentences import counted
from gradline.solution import Array

MOST_POINTS = 2_000
Kind = Literal["residuals", "qq", "scale_location"]
Weights = Literal["analytic", "frequency"]


class ResidualDisplay:
    """Residuals of a fit, one drawing of three kinds.

    - "residuals": y - fitted against fitted, with their mean in bins (a smoother) between two standard errors of it.
      Flat near zero: no sign of curvature.
    - "qq": residuals in standard deviations against normal quantiles, with the pointwise 95% envelope of normal
      rows, z +- 1.96 sqrt(p (1 - p) / n) / phi(z). Beyond it at the ends: a sign of heavy tails.
    - "scale_location": `sqrt(|residual| / standard deviation)` against fitted, with its mean in bins. Level: no sign of
      a spread that changes.

    At most 2,000 rows are drawn, always the same ones of as many rows ("qq": ranks evenly apart along the axis, both
    extremes among them); the smoother, the standard deviation and the ranks use all. Below 20 rows there is no
    smoother. The standard deviation is sqrt(mean(w residual^2)), without degrees of freedom, which predictions do
    not tell; leverage is not accounted for.

    Parameters
    ----------
    fitted, residual : (n,) float64
        In units of y; residual = y - fitted.
    sample_weight : (n,) float64, optional
        A row of weight zero is no row.
    weights : str
        What these are. "analytic": the precision of each row; "qq" and "scale_location" show sqrt(weight) residual, of
        equal variance. "frequency": how many equal rows each stands for, as if they were there.
    target : str
        What y is called.
    rows : int, optional
        Of which these are a sample.
    curve : Smooth, optional
        Means of the residuals over all of those, in place of means over these.

    Attributes
    ----------
    scatter_ : PathCollection
        The points.
    line_ : Line2D or None
        What points of a good fit lie about; None for "scale_location".
    smoother_ : Line2D or None
    band_ : PolyCollection or None
        Two standard errors about the smoother, or the envelope.
    ax_ : Axes
    figure_ : Figure

    Raises
    ------
    DataError
        For lengths that differ, no rows, numbers that are not finite, or frequencies that are no whole numbers.
    MissingExtraError
        Where matplotlib is not installed.

    References
    ----------
    Fox (2016), Applied Regression Analysis, 3rd ed., section 12.1 (the envelope); Cleveland (1993), Visualizing Data,
    chapter 2 (spread against location); Gelman, Hill (2007), section 5.6 (binned residuals).

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> shown = ResidualDisplay.from_predictions([1.1, 1.9, 3.2, 3.8], [1.0, 2.0, 3.0, 4.0], ax=ax)
    >>> shown.scatter_.get_offsets().round(1).tolist()
    [[1.0, 0.1], [2.0, -0.1], [3.0, 0.2], [4.0, -0.2]]
    >>> shown.plot(Figure().subplots(), kind="qq").ax_.get_xlabel()
    'normal quantile'
    """

    def __init__(
        self,
        *,
        fitted: ArrayLike,
        residual: ArrayLike,
        sample_weight: ArrayLike | None = None,
        weights: Weights = "analytic",
        target: str = "y",
        rows: int | None = None,
        curve: Smooth | None = None,
    ) -> None:
        if weights not in ("analytic", "frequency"):
            raise ValueError(f"weights is {weights!r}, expected 'analytic' or 'frequency'")
        self.fitted = np.asarray(fitted, dtype=np.float64)
        self.residual = np.asarray(residual, dtype=np.float64)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.weights = weights
        self.target = target
        self.rows = rows
        self.curve = curve
        columns = [("fitted", self.fitted), ("residual", self.residual)]
        columns += [] if self.sample_weight is None else [("sample_weight", self.sample_weight)]
        for name, values in columns:
            if values.shape != self.fitted.shape or values.ndim != 1 or not len(values):
                raise DataError(
                    f"{name} has shape {values.shape}, expected one number for each row, as fitted {self.fitted.shape}"
                )
            if not np.isfinite(values).all():
                row = int(np.argmin(np.isfinite(values)))
                raise DataError(f"{name} is {values[row]} in row {row + 1}, expected a finite number")
        if self.sample_weight is not None:
            if (self.sample_weight < 0).any():
                row = int(np.argmax(self.sample_weight < 0))
                raise DataError(
                    f"sample_weight is {self.sample_weight[row]} in row {row + 1}, expected no negative one"
                )
            counted = self.sample_weight > 0
            if not counted.any():
                raise DataError("sample_weight is zero in every row", hint="give at least one row a weight above zero")
            self.fitted, self.residual = self.fitted[counted], self.residual[counted]
            self.sample_weight = self.sample_weight[counted]
            if weights == "frequency" and (self.sample_weight % 1 != 0).any():
                row = int(np.flatnonzero(counted)[np.argmax(self.sample_weight % 1 != 0)])
                raise DataError(
                    f"sample_weight is {self.sample_weight[self.sample_weight % 1 != 0][0]} in row {row + 1}, expected "
                    "a whole number of rows",
                    hint="weights='analytic' takes any weight above zero",
                )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        kind: Kind = "residuals",
        ax: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Of a fitted regressor on rows X, y, best on rows it was not fitted to.

        Parameters
        ----------
        estimator
            Anything with `predict`, scikit-learn's too.
        X : (n, features); or a gradline source, then y=None
        y : (n,)
        sample_weight : (n,), optional

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from gradline import LinearRegression
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9]
        >>> shown = ResidualDisplay.from_estimator(LinearRegression().fit(X, y), X, y, ax=Figure().subplots())
        >>> shown.residual.round(2)
        array([ 0.04, -0.12,  0.12, -0.04])
        """
        target = None
        fitted = estimator.predict(X)
        if is_source(X):
            target = X.target_name
            batches = [(batch.y, batch.weight) for batch in X.batches()]
            y = np.concatenate([values for values, _ in batches])
            weights = [weight for _, weight in batches if weight is not None]
            sample_weight = np.concatenate(weights) if weights else None
        frequencies = is_source(X) and bool(getattr(X, "frequencies", False))
        return cls.from_predictions(
            y,
            fitted,
            sample_weight,
            weights="frequency" if frequencies else "analytic",
            target=target,
            kind=kind,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
            line_kwargs=line_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        fitted: Any,
        sample_weight: Any = None,
        *,
        weights: Weights = "analytic",
        target: str | None = None,
        kind: Kind = "residuals",
        ax: Any = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Of observed and fitted values, (n,) each; `target` is y's own name where it has one (a pandas Series).

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> shown = ResidualDisplay.from_predictions([1.0, 2.0], [1.5, 1.75], kind="qq", ax=Figure().subplots())
        >>> shown.residual
        array([-0.5 ,  0.25])
        """
        actual, expected = np.asarray(y, dtype=np.float64), np.asarray(fitted, dtype=np.float64)
        if actual.shape != expected.shape:
            raise DataError(f"y has shape {actual.shape}, but there are fitted values of shape {expected.shape}")
        name = getattr(y, "name", None) if target is None else target
        display = cls(
            fitted=expected,
            residual=actual - expected,
            sample_weight=sample_weight,
            weights=weights,
            target="y" if name is None else str(name),
        )
        return display.plot(ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: Kind = "residuals",
        scatter_kwargs: Mapping[str, Any] | None = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw on `ax`, or on a new figure of pyplot; `scatter_kwargs` and `line_kwargs` change points and smoother."""
        if kind not in ("residuals", "qq", "scale_location"):
            raise ValueError(f"kind is {kind!r}, expected 'residuals', 'qq' or 'scale_location'")
        self.ax_ = axes(ax, type(self).__name__)
        self.figure_ = self.ax_.figure
        self.line_ = self.smoother_ = self.band_ = None
        quiet(self.ax_)
        points = {"s": 16 if len(self.fitted) <= 500 else 8, "color": BLUE, "linewidths": 0}
        points |= {"alpha": 0.55 if len(self.fitted) <= 500 else 0.35, "zorder": 2} | dict(scatter_kwargs or {})
        line = {"color": RED, "linewidth": 2.0, "zorder": 4} | dict(line_kwargs or {})
        if kind == "qq":
            found = beside_normal(self._standardised(), self._times(), MOST_POINTS)
            self.scatter_, self.line_, self.band_ = draw(
                self.ax_, found, points, envelope="95% of normal rows", name="residual / its standard deviation"
            )
            drawn_of = _how_many(len(found.expected), int(self._times().sum()) if self.rows is None else self.rows)
            self.ax_.set_xlabel("\n".join(filter(None, ("normal quantile", drawn_of))))
        elif kind == "residuals":
            self.line_ = self.ax_.axhline(0.0, color=SOFT, linewidth=1.0, linestyle=(0, (5, 3)), zorder=3)
            self._against_fitted(self.residual, self.curve, f"residual ({label(self.target)} - fitted)", points, line)
        else:
            spread = np.sqrt(np.abs(self._standardised()))
            self._against_fitted(spread, None, "√( |residual| / its standard deviation )", points, line)
        return self

    def _against_fitted(
        self, y: Array, curve: Smooth | None, name: str, points: dict[str, Any], line: dict[str, Any]
    ) -> None:
        rows = len(y) if self.rows is None else self.rows
        drawn = _sampled(len(y))
        from_all = curve is not None or rows == len(y)
        self.scatter_ = self.ax_.scatter(self.fitted[drawn], y[drawn], **points)
        frequencies = self.weights == "frequency"
        curve = curve or smooth(self.fitted, y, None if frequencies else self.sample_weight, self._times())
        if curve is not None:
            known = np.isfinite(curve.low)
            self.band_ = self.ax_.fill_between(
                curve.x, curve.low, curve.high, where=known, color=line["color"], alpha=0.16, linewidth=0, zorder=3,
                label="± 2 standard errors",
            )  # fmt: skip
            (self.smoother_,) = self.ax_.plot(curve.x, curve.mean, label="mean in bins", **line)
            legend_above(self.ax_)
        drawn_of = _how_many(len(drawn), rows)
        if drawn_of and curve is not None and from_all:
            drawn_of += "; smoother: all"
        elif (met := max(rows, int(self._times().sum()))) < FEWEST:
            drawn_of = f"{counted(met, 'row')}: too few for a smoother"
        self.ax_.set_xlabel("\n".join(filter(None, (f"fitted {label(self.target)}", drawn_of))))
        self.ax_.set_ylabel(name)

    def _times(self) -> Array:
        """How many equal rows each stands for."""
        counts = self.sample_weight if self.weights == "frequency" else None
        return np.ones(len(self.residual)) if counts is None else counts

    def _standardised(self) -> Array:
        precision = self.sample_weight if self.weights == "analytic" else None
        scaled = self.residual if precision is None else np.sqrt(precision) * self.residual
        largest = float(np.abs(scaled).max())
        if largest == 0.0:
            return scaled
        # Squares of 1e-200 would be gone.
        sd = largest * math.sqrt(float(np.average((scaled / largest) ** 2, weights=self._times())))
        standardised: Array = scaled / sd
        return standardised


def _sampled(rows: int) -> NDArray[np.intp]:
    """Which rows are drawn: all, or 2,000 chosen with a seed of their own, the same at every call."""
    if rows <= MOST_POINTS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))


def _how_many(drawn: int, rows: int) -> str:
    return f"{drawn:,} of {rows:,} rows drawn" if drawn < rows else ""
