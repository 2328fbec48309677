"""A descent drawn: the loss by pass, down to the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gradline.data.source import is_source, whole
from gradline.errors import DataError
from gradline.report.displays.canvas import BLUE, GREEN, RED, SOFT, VIOLET, axes, label, quiet

# Colour, then dashes: who sees no colours, or prints without them, tells them apart too.
STROKES = ((BLUE, "-"), (RED, (0, (6, 2))), (GREEN, (0, (3, 1.5, 1, 1.5))), (VIOLET, (0, (1.5, 1.5))))
OF_A_DESCENT = "gradline-loss"


class LossCurveDisplay:
    """The loss of a descent by pass on a log axis, dashed below it the lowest there is, where that is known.

    Losses are those of `loss_curve_`: before each update (mini-batches: their mean during the pass), so the first is
    at 0 passes done, and a held-out loss after pass k at k. On the log axis a loss of zero has no place and is left
    out.

    Parameters
    ----------
    loss : (passes,) float64
    validation : (passes,) float64, optional
        On held-out rows after each pass.
    floor : float, optional
        The least loss of all coefficients, in the same units.
    name : str
        Of the descent in the legend.

    Attributes
    ----------
    line_ : Line2D
    validation_ : Line2D or None
        Thinner, in the same colour.
    floor_ : Line2D or None
    ax_ : Axes
    figure_ : Figure

    Raises
    ------
    DataError
        Where there is no loss to draw.
    MissingExtraError
        Where matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> slow = LossCurveDisplay(loss=[8.0, 4.0, 2.0], floor=1.0, name="slow").plot(ax)
    >>> fast = LossCurveDisplay(loss=[8.0, 2.0, 1.1], name="fast").plot(ax)
    >>> ax.get_yscale(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('log', ['slow', 'optimum 1', 'fast'])
    """

    def __init__(
        self,
        *,
        loss: ArrayLike,
        validation: ArrayLike | None = None,
        floor: float | None = None,
        name: str = "loss",
    ) -> None:
        self.loss = np.asarray(loss, dtype=np.float64)
        self.validation = None if validation is None else np.asarray(validation, dtype=np.float64)
        self.floor = floor
        self.name = name
        if self.loss.ndim != 1 or not len(self.loss):
            raise DataError(f"loss has shape {self.loss.shape}, expected one number for each pass")

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        name: str | None = None,
        floor: float | None = None,
        ax: Any = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> Self:
        """Of a fitted `GradientDescentRegressor`, or anything with a `loss_curve_`; give the same `ax` to compare some.

        Parameters
        ----------
        X, y, sample_weight : optional
            The rows it was fitted to (or a source as X): their loss at `exact_coef_` is the optimum, dashed. Not with
            held-out rows, as which rows these were is not kept.
        name : str, optional
            In the legend; default: its engine and its learning rate.
        floor : float, optional
            The optimum, where it is known otherwise.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from gradline import GradientDescentRegressor
        >>> X, y = [[1.0], [3.0], [4.0]], [2.0, 6.1, 7.9]
        >>> walk = GradientDescentRegressor(learning_rate=0.01, max_iter=20, tol=None).fit(X, y)
        >>> shown = LossCurveDisplay.from_estimator(walk, X, y, ax=Figure().subplots())
        >>> shown.name, len(shown.loss), round(shown.floor, 5)
        ('numpy, rate 0.01', 20, 0.00595)
        """
        curve = getattr(estimator, "loss_curve_", None)
        if curve is None:
            raise DataError(
                f"this {type(estimator).__name__} has no loss_curve_", hint="fit a gradline.GradientDescentRegressor"
            )
        held_out = getattr(estimator, "validation_loss_curve_", None)
        if floor is None and X is not None and held_out is None and hasattr(estimator, "exact_coef_"):
            floor = _optimum(estimator, X, y, sample_weight)
        if name is None:
            rate = getattr(estimator, "learning_rate_", np.nan)
            engine = getattr(estimator, "engine", type(estimator).__name__)
            name = f"{engine}, rate {rate:.3g}" if np.isfinite(rate) else str(engine)
        return cls(loss=curve, validation=held_out, floor=floor, name=name).plot(ax, line_kwargs=line_kwargs)

    def plot(self, ax: Any = None, *, line_kwargs: Mapping[str, Any] | None = None) -> Self:
        """Draw on `ax`, beside what is there already, or on a new figure of pyplot."""
        self.ax_ = axes(ax, type(self).__name__)
        self.figure_ = self.ax_.figure
        self.validation_ = self.floor_ = None
        quiet(self.ax_)
        there = sum(line.get_gid() == OF_A_DESCENT for line in self.ax_.lines)
        color, dashes = STROKES[there % len(STROKES)]
        style = {"color": color, "linestyle": dashes, "linewidth": 2.0, "zorder": 3} | dict(line_kwargs or {})
        style |= {"marker": "o", "markersize": 4.0} if len(self.loss) == 1 else {}
        passes = np.arange(len(self.loss))
        (self.line_,) = self.ax_.plot(passes, _drawable(self.loss), **style, label=label(self.name))
        self.line_.set_gid(OF_A_DESCENT)
        if self.validation is not None and len(self.validation):
            thinner = style | {"linewidth": 1.0}
            after = np.arange(1, len(self.validation) + 1)
            held_out = label(f"{self.name}, held-out rows", 48)
            (self.validation_,) = self.ax_.plot(after, _drawable(self.validation), **thinner, label=held_out)
        if self.floor is not None and np.isfinite(self.floor) and self.floor > 0:
            self.floor_ = self._floor(self.floor)
        if any(np.nanmax(np.append(line.get_ydata(), -1.0)) > 0 for line in self.ax_.lines):
            self.ax_.set_yscale("log")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.set_xlabel("passes over the data")
        self.ax_.set_ylabel("loss")
        self.ax_.legend(loc="upper right", frameon=False, fontsize="small", handlelength=2.6)
        return self

    def _floor(self, floor: float) -> Any:
        """A dashed line at the optimum; that of the same rows is there already where descents are compared."""
        words = f"optimum {floor:.5g}"
        for line in self.ax_.lines:
            if line.get_label() == words:
                return line
        return self.ax_.axhline(floor, color=SOFT, linewidth=1.2, linestyle=(0, (2, 3)), zorder=2, label=words)


def _drawable(loss: Any) -> Any:
    """What has a place on a log axis; elsewhere a gap."""
    return np.where(np.isfinite(loss) & (loss > 0), loss, np.nan)


def _optimum(estimator: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """The mean loss of these rows at the certified answer."""
    if is_source(X):
        batch = whole(X)
        rows, actual, weight = batch.X, batch.y, batch.weight
    else:
        rows, actual, weight = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64), sample_weight
    off = rows @ estimator.exact_coef_ + estimator.exact_intercept_ - actual
    return float(np.average(estimator.loss_.value(off), weights=weight))
