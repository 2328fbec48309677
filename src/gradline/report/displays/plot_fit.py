"""A fit in one figure file: the line, its residuals, the coefficients, and the descent or the residuals' quantiles."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradline.data.written.whole_file import replacing
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.errors import MissingExtraError
from gradline.report.displays.canvas import BLUE, INK, LINE, PAPER, RED, SOFT, label, legend_above, quiet
from gradline.report.displays.coefficients import CoefficientDisplay
from gradline.report.displays.loss_curve import LossCurveDisplay
from gradline.report.displays.quantiles import Quantiles, draw
from gradline.report.displays.residuals import ResidualDisplay
from gradline.report.displays.smoother import Smooth, bin_count
from gradline.report.figures import short
from gradline.report.one_line import one_line
from gradline.report.page_file import refuse_ending, unwritten
from gradline.report.sentences import counted
from gradline.report.summary import INTERCEPT, Summary
from gradline.report.wide_summary import WideSummary
from gradline.solution import Array

# What a format would otherwise add of its own: the time, so that equal fits would give files that differ.
KINDS: dict[str, dict[str, None]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
EXAMPLE = "fit.png"
TERMS = 12
MOST_QUANTILES = 2_000  # dots


def plot_fit(
    path: str | os.PathLike[str],
    summary: Summary | WideSummary,
    diagnosis: Diagnosis | str,
    *,
    history: Sequence[float] | None = None,
) -> None:
    """Write one figure of a fit to a file, whole or not at all; pyplot and its backend are left alone.

    Top left the rows: of one feature with the line, the 95% band of its mean and that of new rows; of more, actual
    against fitted values. Beside it residuals against fitted values with their mean in bins over all rows; below the
    coefficients with their intervals (more than one: standardised, where `summary` has that); and of a descent its
    loss by pass, of the exact way the residuals' quantiles.

    Parameters
    ----------
    path
        Its suffix says which kind of file: .png, .svg or .pdf. Equal fits give equal files, with equal fonts.
    summary : Summary or WideSummary
    diagnosis : Diagnosis or str
        Its sample of rows and its binned residuals are drawn; or why there is none, which the figure says instead.
    history : sequence of float, optional
        The loss before each pass.

    Raises
    ------
    DataError
        For another suffix, before anything is drawn, and where the file cannot be written.
    MissingExtraError
        Where matplotlib is not installed.
    """
    kind = ready(path)
    from matplotlib.figure import Figure
    from matplotlib.style import context

    with context(["default", _style()]):
        figure = Figure(figsize=(11.0, 8.0), layout="constrained", facecolor=PAPER)
        _title(figure, summary, diagnosis)
        panels = _panels(summary, diagnosis, history)
        across = 2 if len(panels) > 1 else 1
        spaces = figure.subplots(max(1, -(-len(panels) // across)), across, squeeze=False).ravel()
        for ax in spaces[len(panels) :]:
            ax.set_visible(False)
        for panel, ax in zip(panels, spaces, strict=False):
            panel(ax)
        try:
            with replacing(path) as file:
                figure.savefig(file, format=kind.removeprefix("."), dpi=150, metadata=KINDS[kind])
        except OSError as error:
            raise unwritten(path, error, EXAMPLE) from None


def _panels(
    summary: Summary | WideSummary, diagnosis: Diagnosis | str, history: Sequence[float] | None
) -> list[Callable[[Any], None]]:
    """What there is to draw, in its order."""
    panels: list[Callable[[Any], None]] = []
    # A wide summary has no diagnosis: both need sums over pairs of columns.
    if isinstance(summary, Summary) and not isinstance(diagnosis, str):
        panels += [partial(_rows, summary=summary, diagnosis=diagnosis)]
        panels += [partial(_residuals, summary=summary, diagnosis=diagnosis)]
    panels += [partial(_coefficients, summary=summary)] if summary.as_dict()["features"] else []
    if history is not None and len(history):
        panels += [partial(_descent, summary=summary, history=history)]
    elif isinstance(summary, Summary) and not isinstance(diagnosis, str) and len(diagnosis.quantile_plot.expected) > 1:
        panels += [partial(_quantiles, diagnosis=diagnosis)]
    return panels


def ready(path: str | os.PathLike[str]) -> str:
    """The suffix of a figure that can be written; what it raises can be told before the fit.

    Raises
    ------
    DataError
        For another suffix than .png, .svg or .pdf.
    MissingExtraError
        Where matplotlib is not installed.
    """
    kind = refuse_ending(path, EXAMPLE, tuple(KINDS))
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("--plot", "plots")
    return kind


def _style() -> dict[str, Any]:
    """The page's colours; the user's fonts only where the usual one has no such character."""
    from matplotlib import rcParams

    generic = {f"font.{family}": rcParams[f"font.{family}"] for family in ("sans-serif", "serif", "monospace")}
    return generic | {
        "font.family": ["DejaVu Sans", *rcParams["font.family"]],
        "axes.facecolor": PAPER,
        "axes.labelcolor": SOFT,
        "axes.labelsize": 9.5,
        "xtick.labelcolor": SOFT,
        "ytick.labelcolor": SOFT,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "axes.edgecolor": LINE,
        "text.color": INK,
        "svg.hashsalt": "gradline",
    }


def _title(figure: Any, summary: Summary | WideSummary, diagnosis: Diagnosis | str) -> None:
    told = summary.as_dict()
    features = len(told["features"])
    how = "exact least squares" if told["way"] == "exact" else f"gradient descent by {told['engine']}"
    head = f"{label(told['target'])} on {counted(features, 'feature')} of {label(told['source'], 48)}"
    figure.get_layout_engine().set(rect=(0.005, 0.0, 0.99, 0.915), w_pad=0.09, h_pad=0.09)
    figure.text(0.014, 0.978, head, va="top", fontsize=15, fontweight="bold")
    facts = [counted(told["rows"], "row"), how]
    if told["converged"] is False:
        facts = ["Unfinished: " + one_line(told["stop_reason"])[:110]]
    elif isinstance(summary, Summary) and summary.inference.exact_fit:
        facts += ["the data lie on the line"]
    elif told["r2"] is not None:
        facts += [f"R² {told['r2']:.4f}"]
        facts += [f"residual sd {short(told['residual_sd'], 4)}"] if told["residual_sd"] is not None else []
    facts += [f"without rows: {one_line(diagnosis)[:80]}"] if isinstance(diagnosis, str) else []
    unfinished = facts[0].startswith("Unfinished")
    figure.text(
        0.014, 0.942, ";  ".join(facts).replace("$", r"\$"), va="top", fontsize=10, color=RED if unfinished else SOFT
    )


def _rows(ax: Any, *, summary: Summary, diagnosis: Diagnosis) -> None:
    seen = diagnosis.sample
    fitted, actual = seen.fitted, seen.actual
    quiet(ax)
    size, alpha = (36, 0.9) if len(actual) < 50 else (18, 0.55) if len(actual) <= 500 else (9, 0.4)
    points = {"s": size, "alpha": alpha, "color": INK, "linewidths": 0, "zorder": 6 if len(actual) < 50 else 3}
    features = [term for term in summary.terms if term != INTERCEPT]
    if seen.X is not None and seen.X.shape[1] == len(features) == 1:
        ax.scatter(seen.X[:, 0], actual, **points)
        _line_and_bands(ax, summary, seen.X[:, 0])
        ax.set_xlabel(label(features[0]))
        ax.set_ylabel(label(summary.target))
    else:
        ends = [min(fitted.min(), actual.min()), max(fitted.max(), actual.max())]
        ax.plot(ends, ends, color=BLUE, linewidth=2.0, zorder=4, label="actual = fitted")
        ax.scatter(fitted, actual, **points)
        ax.set_xlabel(f"fitted {label(summary.target)}")
        ax.set_ylabel(f"actual {label(summary.target)}")
    if not seen.whole:
        ax.set_xlabel(f"{ax.get_xlabel()}\n{len(actual):,} of {seen.of:,} rows drawn")
    legend_above(ax)


def _line_and_bands(ax: Any, summary: Summary, x: Array) -> None:
    """The line of the coefficients, and bands about the answer where the coefficients are the answer."""
    grid = np.linspace(x.min(), x.max(), 101)
    line = grid * summary.coef[-1] + (summary.coef[0] if INTERCEPT in summary.terms else 0.0)
    if np.isfinite(line).all():
        ax.plot(grid, line, color=BLUE, linewidth=2.2, zorder=5, label="fit")
    trusted = summary.as_dict()["r2"] is not None and not summary.inference.exact_fit
    if not trusted or not np.isfinite(summary.inference.covariance).all():
        return
    analytic = summary.weighting is not None and summary.weighting.kind == "analytic"
    new = "95% of new rows" + (" of weight 1" if analytic else "")
    for what, words, alpha in (("prediction", new, 0.10), ("confidence", "95% for the mean", 0.28)):
        limits = summary.inference.predict_interval(grid[:, None], confidence=0.95, kind=what)  # type: ignore[arg-type]
        if np.isfinite(limits).all():
            ax.fill_between(grid, *limits.T, color=BLUE, alpha=alpha, linewidth=0, zorder=2, label=words)


def _residuals(ax: Any, *, summary: Summary, diagnosis: Diagnosis) -> None:
    """Their mean in bins is that of all rows by their weights, as on the page."""
    seen, count, curve = diagnosis.sample, bin_count(diagnosis.rows), None
    if count is not None and len(diagnosis.profile.fitted.x) > 1:
        bins = diagnosis.profile.fitted.fewer(count)
        reach = 2 * bins.standard_error
        curve = Smooth(bins.x, bins.mean, bins.mean - reach, bins.mean + reach)
    ResidualDisplay(fitted=seen.fitted, residual=seen.residual, target=summary.target, rows=seen.of, curve=curve).plot(
        ax
    )


def _quantiles(ax: Any, *, diagnosis: Diagnosis) -> None:
    """Of all rows, each as often as it was met, studentised by their weights, as on the page."""
    plot = diagnosis.quantile_plot.fewer(MOST_QUANTILES)
    quiet(ax)
    size, alpha = (16, 0.55) if plot.count <= 500 else (8, 0.35)
    points = {"s": size, "alpha": alpha, "color": BLUE, "linewidths": 0, "zorder": 2}
    shown = Quantiles(plot.expected, plot.observed, plot.low, plot.high)
    draw(ax, shown, points, envelope="all of normal errors, in 95 of 100 samples", name="studentised residual")
    ax.set_xlabel("expected of normal errors")


def _coefficients(ax: Any, *, summary: Summary | WideSummary) -> None:
    told = summary.as_dict()
    names = told["features"]
    standardised = told.get("standardised")
    scale = None
    if standardised is not None and len(names) > 1:
        coef = np.array([told["coef"][name] for name in names], dtype=np.float64)
        by_sd = np.array([standardised.get(name) for name in names], dtype=np.float64)
        scale = np.divide(by_sd, coef, out=np.full_like(coef, np.nan), where=coef != 0)
        scale = np.where(np.isfinite(scale), scale, np.nan)
    CoefficientDisplay.of_summary(summary, intercept=len(names) == 1, scale=scale, top=TERMS).plot(ax)


def _descent(ax: Any, *, summary: Summary | WideSummary, history: Sequence[float]) -> None:
    floor = None
    if isinstance(summary, Summary) and summary.descent is not None and summary.weighting is None:
        i = summary.inference
        # Least squares of rows that count once: the mean square of the residuals at the answer.
        if summary.descent.loss_function is None and i.df_residual > 0:
            floor = i.residual_sd**2 * i.df_residual / i.rows
    LossCurveDisplay(loss=history, floor=floor, name=summary.as_dict()["engine"] or "loss").plot(ax)
