"""Diagnosis: whether to trust a fit, from one more pass over its rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradline.data.source import Source
from gradline.diagnostics.covariance import Robust, Spec, checked
from gradline.diagnostics.folds import Folds, FoldsMeasure
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.hypotheses import MOST_GRAM, AboutMeans, HypothesesMeasure
from gradline.diagnostics.hypothesis import Hypotheses
from gradline.diagnostics.influence import Influence, InfluenceMeasure
from gradline.diagnostics.left_out import LeftOut, LeftOutMeasure
from gradline.diagnostics.ordered import DurbinWatson
from gradline.diagnostics.profile import Profile, ProfileMeasure
from gradline.diagnostics.quantile_plot import QuantilePlot, quantile_plot
from gradline.diagnostics.quantiles import Quantiles, QuantilesMeasure
from gradline.diagnostics.sample import Sample, SampleMeasure
from gradline.diagnostics.sandwich import Sandwich
from gradline.diagnostics.second_pass import examine
from gradline.diagnostics.told import dictionary_of, hypertext_of, text_of
from gradline.diagnostics.wording import Check, checks
from gradline.errors import DataError
from gradline.moments.precision import Statistics
from gradline.solution import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What a second pass over the rows says of a fit.

    Attributes
    ----------
    rows : int
        Frequency weights counted.
    terms : tuple of str
        Coefficients, "(Intercept)" first where there is one.
    k : int
        How many of them are estimated.
    exact_fit : bool
    residual_sd : float
    df_residual : int
    ordered : bool
        Whether the order of the rows means something.
    influence : Influence
    quantiles : Quantiles
        `quantiles.residual.quantile(0.5)`, within `relative_error`; `quantiles.studentised` likewise.
    quantile_plot : QuantilePlot
    profile : Profile
    folds : Folds or None
        None where they were not asked for, or are too large.
    left_out : LeftOut
    hypotheses : Hypotheses
    durbin_watson : float or None
        None where rows are not ordered; NaN in an exact fit.
    sample : Sample
    robust : Robust or None
        The covariance that was asked for, from the same pass.
    checks : tuple of Check
        The verdicts, with what good looks like and what to try.
    notes : tuple of str
        What was left out, and why.
    unjudged : str
        Why there are no verdicts and no held-out errors; empty where there are.
    """

    rows: int
    terms: tuple[str, ...]
    k: int
    exact_fit: bool
    residual_sd: float
    df_residual: int
    ordered: bool
    influence: Influence
    quantiles: Quantiles
    quantile_plot: QuantilePlot
    profile: Profile
    folds: Folds | None
    left_out: LeftOut
    hypotheses: Hypotheses
    durbin_watson: float | None
    sample: Sample
    robust: Robust | None
    notes: tuple[str, ...]
    unjudged: str = ""
    checks: tuple[Check, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", checks(self))

    @property
    def press(self) -> float:
        """Sum of squared leave-one-out errors."""
        return self.left_out.press

    @property
    def coverage(self) -> float:
        """Share of rows in the 95 % prediction band."""
        return self.profile.coverage

    def quantile(self, q: float) -> float:
        """A quantile of the residuals, in units of y."""
        return self.quantiles.residual.quantile(q)

    def check(self, name: str) -> Check:
        """The check of that name: "band", "curvature", "tails", "spread", "influence", "autocorrelation"."""
        return next(check for check in self.checks if check.name == name)

    def __str__(self) -> str:
        """The verdicts, in 80 columns."""
        return text_of(self)

    def held_out_sentence(self) -> str:
        """The error on rows that the fit had not seen, beside that of the mean."""
        folds = self.folds
        if self.unjudged:
            return f"The error on held-out rows is not known: {self.unjudged}."
        if folds is None or math.isnan(folds.rmse):
            if math.isnan(self.left_out.rmse):
                return "The error on held-out rows is not known."
            return f"Error with each row held out in turn: {self.left_out.rmse:.4g}."
        return (
            f"Error on held-out rows ({folds.described}): {folds.rmse:.4g}, "
            f"against {folds.baseline_rmse:.4g} for always predicting the mean."
        )

    def as_dict(self) -> dict[str, Any]:
        """All figures but the sample, ready for JSON: NaN and infinite ones are None."""
        return dictionary_of(self)

    def _repr_html_(self) -> str:
        return hypertext_of(self)


def diagnose(
    source: Source,
    moments: Statistics,
    solution: Solution,
    *,
    fit_intercept: bool,
    top: int = 10,
    folds: int = 10,
    ordered: bool = False,
    covariance: Spec | None = None,
    unjudged: str = "",
    watch: Callable[[int], None] | None = None,
) -> Diagnosis:
    """Read the rows of a fit once more, in constant memory, and say what they say of it.

    Parameters
    ----------
    source : Source
        The rows of the fit.
    moments, solution, fit_intercept
        The fit.
    top : int
        How many of the most remarkable rows are named; 1 or more.
    folds : int
        K of the K-fold error; below 2: none.
    ordered : bool
        Rows are in the order of time: Durbin-Watson is meant.
    covariance : optional
        One that the same pass is to find, see `gradline.diagnostics.covariance.checked`.
    unjudged : str
        Why these are not the least squares answer to the rows ("the descent has not arrived"): rows are drawn and
        listed all the same, but verdicts and held-out errors, which are about that answer, are not given.
    watch : callable, optional
        Called with the number of rows so far.

    Raises
    ------
    DataError
        Where these are not the rows of the fit, see `gradline.diagnostics.second_pass.examine`; for a `top` below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.moments.moments import Moments
    >>> X = np.linspace(0.0, 9.0, 40)[:, None]
    >>> y = X[:, 0] ** 2 + np.tile([1.0, -1.0, -1.0, 1.0], 10)
    >>> m = Moments.of(X, y)
    >>> diagnosis = diagnose(ArraySource(X, y), m, m.solve(), fit_intercept=True)
    >>> diagnosis.check("curvature").seen
    'A sign of curvature: middle below, ends above (RESET p < 0.0001).'
    """
    if top < 1:
        raise DataError(
            f"top is {top}, expected a whole number, 1 or more", hint="verdicts need the most remarkable row"
        )
    frame = Frame.of(moments, solution, fit_intercept=fit_intercept, names=source.feature_names)
    p = len(frame.centre)
    mean, scatter = moments.mean, moments.scatter
    centre = float(mean[:p] @ frame.slopes) + (solution.intercept if fit_intercept else 0.0)
    spread = math.sqrt(max(float(frame.slopes @ scatter[:p, :p] @ frame.slopes) / frame.weight, 0.0))
    spread = spread if spread > 0.0 and math.isfinite(spread) else 1.0

    about = None if fit_intercept or p > MOST_GRAM else AboutMeans.of(mean[:p], scatter[:p, :p] / frame.weight)

    notes = []
    with_folds = folds >= 2 and not unjudged
    if with_folds and not FoldsMeasure.fits(frame.k, folds):
        with_folds = False
        notes.append(f"the error of {folds} folds is left out: {frame.k:,} coefficients need too much memory")
    measures: dict[str, Any] = {
        "influence": InfluenceMeasure(frame, top),
        "quantiles": QuantilesMeasure(frame),
        "profile": ProfileMeasure.of_fit(frame, mean, scatter),
        "left_out": LeftOutMeasure(frame),
        "hypotheses": HypothesesMeasure(frame, centre, spread, about),
        "sample": SampleMeasure(frame),
    }
    if with_folds:
        measures["folds"] = FoldsMeasure(frame, folds)
    if ordered:
        measures["durbin_watson"] = DurbinWatson()
    asked = None if covariance is None else checked(covariance)
    if asked is not None and asked.kind != "classical":
        measures["robust"] = Sandwich(frame, asked)
    groups = asked.groups if asked is not None else ()
    found = dict(
        zip(measures, examine(source, frame, list(measures.values()), groups=groups, watch=watch), strict=True)
    )

    quantiles: Quantiles = found["quantiles"]
    profile: Profile = found["profile"]
    hypotheses: Hypotheses = found["hypotheses"]
    robust: Robust | None = found.get("robust")
    held: Folds | None = found.get("folds")
    left_out: LeftOut = LeftOut(math.nan, math.nan, 0) if unjudged else found["left_out"]
    notes += profile.notes
    notes += [f"{test.name}: {note}" for test in hypotheses for note in test.notes]
    if held is not None:
        notes += held.notes
        if ordered:
            notes.append("neighbours in time of each held-out row are in the fit: the held-out error is too low")
    if alone := left_out.left_out:
        rows = f"{alone:,} rows decide their" if alone != 1 else "1 row decides its"
        notes.append(f"{rows} own fitted value: no error can be told there")
    if frame.weight != frame.rows:
        notes.append("residuals are scaled by their weights: tests ask whether the spread is other than weights say")
    if robust is not None:
        notes += robust.notes
    return Diagnosis(
        rows=frame.rows,
        terms=frame.names,
        k=frame.k,
        exact_fit=frame.exact_fit,
        residual_sd=frame.residual_sd,
        df_residual=frame.df_residual,
        ordered=ordered,
        influence=found["influence"],
        quantiles=quantiles,
        quantile_plot=quantile_plot(quantiles.studentised, frame.df_residual - 1),
        profile=profile,
        folds=held,
        left_out=left_out,
        hypotheses=hypotheses,
        durbin_watson=found.get("durbin_watson"),
        sample=found["sample"],
        robust=robust,
        notes=tuple(notes),
        unjudged=unjudged,
    )
