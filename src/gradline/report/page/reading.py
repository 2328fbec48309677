"""A fit of either way, as the page reads it: what is there, what is not, and whether it is finished."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradline.data.skipped import Skipped
from gradline.data.weighting import Weighting
from gradline.descent.finished import Descent
from gradline.descent.goal.problem import Problem
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.moments.about_mean import AboutMean
from gradline.moments.inference import Inference
from gradline.report.sentences import capitalised
from gradline.report.summary import INTERCEPT, Summary
from gradline.report.summary.columns import MOST_TOLD, collinear
from gradline.report.wide_summary import WideSummary
from gradline.solution import Array, Certificate


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a descent went.

    Attributes
    ----------
    limit : float
        On the rate; NaN where its steps have none.
    loss_name : str
        "" for least squares.
    exact : (k,) float64 or None
        The answer, where it is known.
    gap : float
        Largest distance from it, in standard errors (relative, where there is none).
    count : str
        What `steps` are: "step", or "pass" where each takes mini-batches.
    history : (steps + 1,) float64
        The loss before each step (of mini-batches the mean over each pass), and where it ended; empty where it was not
        kept.
    distance : (steps + 1,) float64
        A bound on `gap` at the same places; empty where it cannot be had, as from the losses of mini-batches.
    """

    engine: str
    steps: int
    count: str
    rate: float
    limit: float
    loss_name: str
    converged: bool
    interrupted: bool
    stop_reason: str
    cure: str | None
    loss: float
    held_out_loss: float | None
    exact: Array | None
    gap: float
    history: Array
    distance: Array


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the sections are written from.

    Attributes
    ----------
    terms : tuple of str
        "(Intercept)" first, where there is one; the order of every array of coefficients.
    inference, certificate : or None
        None where no sums over pairs of features were kept.
    about_mean : AboutMean or None
        Where columns stand in for an intercept.
    effect_of_one_sd : (k,) float64 or None
        What one standard deviation more of each column does to the target; NaN for the constant.
    least_step : (k,) float64 or None
        By how much each coefficient may change and move no row by a hundredth of the residual sd, or by a millionth of
        the target's own where that is more.
    by_term : dict of str to (k,) float64
        Figures of the columns beside each other.
    collinear : tuple of str
        Sentences on columns that say nearly the same.
    way : Way or None
        None for the exact way.
    no_diagnosis : str
        Why there is no diagnosis.
    unfinished : bool
        A descent that ended short of the answer, or farther from it than NEAR: its coefficients get no tests.
    """

    source: str
    target: str
    terms: tuple[str, ...]
    coef: Array
    rows: int
    rows_dropped: int
    dropped: dict[str, int]
    notes: tuple[str, ...]
    weighting: Weighting | None
    skipped: Skipped
    inference: Inference | None
    about_mean: AboutMean | None
    certificate: Certificate | None
    covariance: str
    covariance_notes: tuple[str, ...]
    effect_of_one_sd: Array | None
    least_step: Array | None
    by_term: dict[str, Array]
    collinear: tuple[str, ...]
    way: Way | None
    diagnosis: Diagnosis | None
    no_diagnosis: str
    unfinished: bool

    @classmethod
    def of(cls, summary: Summary | WideSummary, diagnosis: Diagnosis | str, descent: Descent | None) -> Reading:
        """Either summary; a diagnosis or why there is none; `descent` adds its loss curve."""
        if isinstance(summary, WideSummary):
            return cls._of_wide(summary, diagnosis)
        few = len(summary.features) <= MOST_TOLD and summary.trusted
        robust = summary.robust
        return cls(
            source=summary.source,
            target=summary.target,
            terms=summary.terms,
            coef=summary.coef,
            rows=summary.inference.rows,
            rows_dropped=summary.rows_dropped,
            dropped=dict(summary.dropped),
            notes=summary.notes,
            weighting=summary.weighting,
            skipped=summary.skipped,
            inference=summary.inference,
            about_mean=summary.about_mean,
            certificate=summary.certificate,
            covariance="classical" if robust is None else robust.described,
            covariance_notes=() if robust is None else robust.notes,
            effect_of_one_sd=summary.effect_of_one_sd,
            least_step=_least_step(summary),
            by_term={"VIF": summary.vif, "partial R²": summary.partial_r2} if few else {},
            collinear=tuple(collinear(summary)),
            way=_way(summary, descent),
            **_told(diagnosis),
            unfinished=not summary.trusted,
        )

    @classmethod
    def _of_wide(cls, summary: WideSummary, diagnosis: Diagnosis | str) -> Reading:
        descent, names, coef = summary.descent, summary.names, summary.coef
        way = Way(
            engine=summary.engine,
            steps=len(descent.solution.history),
            count="pass" if descent.in_batches else "step",
            rate=descent.learning_rate,
            limit=descent.max_learning_rate if descent.limited else math.nan,
            loss_name="",
            converged=descent.converged,
            interrupted=descent.solution.status.name == "INTERRUPTED",
            stop_reason=descent.stop_reason,
            cure=descent.cure,
            loss=descent.loss,
            held_out_loss=descent.validation_loss[-1] if descent.validation_loss else None,
            exact=None,
            gap=descent.gap,
            history=_history(descent),
            distance=np.empty(0),
        )
        return cls(
            source=names.source,
            target=names.target,
            terms=tuple(coef),
            coef=np.array(list(coef.values())),
            rows=summary.rows,
            rows_dropped=names.rows_dropped,
            dropped=dict(names.dropped),
            notes=names.notes,
            weighting=names.weighting,
            skipped=names.skipped,
            inference=None,
            about_mean=None,
            certificate=None,
            covariance="",
            covariance_notes=(),
            effect_of_one_sd=None,
            least_step=None,
            by_term={},
            collinear=(),
            way=way,
            **_told(diagnosis),
            unfinished=not descent.converged,
        )

    @property
    def features(self) -> tuple[str, ...]:
        """The terms but for the constant."""
        return tuple(term for term in self.terms if term != INTERCEPT)

    @property
    def intercept(self) -> bool:
        """Is there one?"""
        return INTERCEPT in self.terms

    @property
    def robust(self) -> bool:
        """Are the standard errors by another covariance than the classical one?"""
        return self.covariance not in ("", "classical")

    @property
    def another_loss(self) -> bool:
        """Was anything but squares minimised?"""
        return self.way is not None and bool(self.way.loss_name)

    @property
    def exact_fit(self) -> bool:
        """Do the data lie on the line?"""
        return self.inference is not None and self.inference.exact_fit

    @property
    def near_as_asked(self) -> bool:
        """Did a descent converge as it was asked to, which is not near enough for tests?"""
        return self.unfinished and self.way is not None and self.way.converged

    @property
    def told_by_tests(self) -> bool:
        """Are there standard errors that belong to these coefficients?"""
        return self.inference is not None and not self.unfinished

    def columns_told(self) -> list[str]:
        """Collinear, nearly collinear, constant and dropped columns by name."""
        if self.certificate is None:
            return []
        told = self.certificate.warnings(self.features, centred=self.intercept)
        return [*map(capitalised, told), *self.collinear]


def _least_step(summary: Summary) -> Array:
    """Rows are taken to reach two standard deviations beyond the mean of each column."""
    sd, mean = summary.association.standard_deviation, summary.association.moments.mean
    reach = np.abs(mean) + 2.0 * sd
    constant = [1.0] * (len(summary.terms) - len(summary.features))
    known = [step for step in (0.01 * summary.inference.residual_sd, 1e-6 * float(sd[-1])) if math.isfinite(step)]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return np.asarray(max(known, default=math.nan) / np.append(constant, reach[:-1]))


def _told(diagnosis: Diagnosis | str) -> dict[str, Any]:
    there = not isinstance(diagnosis, str)
    return {"diagnosis": diagnosis if there else None, "no_diagnosis": "" if there else diagnosis}


def _way(summary: Summary, descent: Descent | None) -> Way | None:
    ended = summary.descent
    if ended is None:
        return None
    history = np.empty(0) if descent is None else _history(descent)
    return Way(
        engine=ended.engine,
        steps=ended.iterations,
        count="pass" if ended.in_batches else "step",
        rate=ended.learning_rate,
        limit=ended.max_learning_rate if ended.limited else math.nan,
        loss_name="" if ended.loss_function is None else ended.loss_function.name,
        converged=ended.converged,
        interrupted=ended.interrupted,
        stop_reason=ended.stop_reason,
        cure=ended.cure,
        loss=ended.loss,
        held_out_loss=ended.held_out_loss,
        exact=ended.exact,
        gap=ended.gap,
        history=history,
        distance=_distances(summary, descent, history),
    )


def _history(descent: Descent) -> Array:
    """See `Way.history`."""
    return np.array([*descent.solution.history, descent.loss], dtype=np.float64)


def _distances(summary: Summary, descent: Descent | None, history: Array) -> Array:
    """Standard errors from the answer before each step, at most.

    With C = sd^2 (X'WX)^-1, the covariance, and e the error of the coefficients, e_j^2 / C_jj <= e' C^-1 e for every j,
    and the right side is W (loss - least loss) / sd^2. Float64 knows the difference to 2^-52 of the least loss.
    """
    if descent is None or descent.in_batches or not isinstance(descent.problem, Problem):
        return np.empty(0)
    problem = descent.problem
    if summary.inference.exact_fit or summary.another_loss:
        return np.empty(0)
    least = problem.quadratic.floor * problem.unit_of_loss
    above = np.sqrt(np.maximum(history - least, 2.0**-52 * least))  # sums of the squares may be beyond float64
    return np.asarray(above * math.sqrt(problem.moments.weight) / summary.inference.residual_sd)
