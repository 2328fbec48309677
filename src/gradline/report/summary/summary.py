"""Everything there is to say about one fit of either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradline.data.skipped import NONE, Skipped
from gradline.data.weighting import Weighting
from gradline.diagnostics.covariance import Robust
from gradline.errors import DataError
from gradline.moments.about_mean import AboutMean, about_the_mean
from gradline.moments.association import Association
from gradline.moments.classical import infer
from gradline.moments.inference import Inference
from gradline.moments.other_errors import about, of_another_loss
from gradline.moments.precision import Statistics
from gradline.report.formats import Account, Readable
from gradline.report.summary.naming import INTERCEPT, Names
from gradline.solution import Array, Certificate, Solution, Status

if TYPE_CHECKING:
    from gradline.descent.finished import Descent
    from gradline.descent.losses.loss import Loss

NEAR = 0.01  # standard errors: farther from the answer, its tests and intervals would be about another line


@dataclass(frozen=True, slots=True, eq=False)
class DescentFigures:
    """What only a descent has: how it went, and how far it ended from the exact answer.

    `gap` is the largest distance of a coefficient from the answer `exact` (k,), in its standard errors (relative,
    where there is none). `loss_function` is None for least squares. `limited`: the limit on the rate is one of these
    steps, full batches by plain descent. `in_batches`: `iterations` are passes in mini-batches.
    """

    engine: str
    iterations: int
    learning_rate: float
    max_learning_rate: float
    limited: bool
    in_batches: bool
    held_out_loss: float | None
    loss_function: Loss | None
    converged: bool
    interrupted: bool
    stop_reason: str
    cure: str | None
    loss: float
    exact: Array
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Summary(Readable):
    """Everything there is to say about one fit; `print` it, show it in a notebook, or take `as_dict()`.

    Arrays run over the `terms`, correlations over the columns of X and, last, the target. `to_text()`, `to_html()`,
    `to_markdown()` and `to_latex()` take `details=True` for the table of columns beside each other.

    Attributes
    ----------
    source, target : str
        What was read, and the column explained.
    terms : tuple of str
        Names in the order of every array here, "(Intercept)" first where there is one.
    coef : (k,) float64
    inference : Inference
        By the covariance that was asked for.
    certificate : Certificate
        Of the exact answer: digits, rank, condition number.
    association : Association
        Variance inflation, collinear sets, correlation: from the statistics alone.
    descent : DescentFigures or None
        None for the exact way.
    robust : Robust or None
        Where another covariance than the classical one was asked for: what it is, and notes on it.
    rows_dropped : int
    dropped : dict of str to int
        The same by the column whose cell was unusable; a row with two such cells counts under both.
    notes : tuple of str
        Units, origins and reference levels.
    weighting : Weighting or None
    skipped : Skipped
        Files that could not be read.
    """

    source: str
    target: str
    terms: tuple[str, ...]
    coef: Array
    inference: Inference
    certificate: Certificate
    association: Association
    descent: DescentFigures | None = None
    robust: Robust | None = None
    rows_dropped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    weighting: Weighting | None = None
    skipped: Skipped = NONE

    @classmethod
    def of_solution(
        cls,
        moments: Statistics,
        solution: Solution,
        names: Names,
        *,
        fit_intercept: bool,
        confidence: float = 0.95,
        robust: Robust | None = None,
    ) -> Summary:
        """The exact way."""
        classical = infer(moments, solution, fit_intercept=fit_intercept, confidence=confidence)
        if solution.certificate is None:
            raise TypeError("a summary needs the certificate of the exact way")
        summary = cls(
            source=names.source,
            target=names.target,
            terms=(INTERCEPT, *names.features) if fit_intercept else names.features,
            coef=_by_term(solution, fit_intercept),
            inference=classical,
            certificate=solution.certificate,
            association=Association(moments, classical),
            rows_dropped=names.rows_dropped,
            dropped=names.dropped,
            notes=names.notes,
            weighting=names.weighting,
            skipped=names.skipped,
        )
        return summary if robust is None else summary.judged_by(robust)

    @classmethod
    def of_descent(
        cls, descent: Descent, names: Names, *, engine: str, fit_intercept: bool, confidence: float = 0.95
    ) -> Summary:
        """The gradient way: its own coefficients, with the uncertainty that the statistics of the same data give.

        t and the intervals are of these coefficients; R2, F and the likelihood are those of the answer they are near.
        """
        from gradline.descent.losses.squared import Squared

        problem = descent.problem
        if problem.exact is None:
            raise DataError(
                f"a summary needs sums over pairs of features, of which {len(problem.names)} have too many",
                hint="GradientDescentRegressor().fit(source) gives coefficients and stop_reason_ without one",
            )
        exact = cls.of_solution(
            problem.moments, problem.exact, names, fit_intercept=fit_intercept, confidence=confidence
        )
        if not isinstance(problem.settled, Squared):
            tolerance = problem.tolerance
            errors = np.roll(np.where(tolerance.has_error, tolerance.unit, np.nan), int(fit_intercept))
            errors = exact.inference.standard_error if problem.on_line else errors
            other = of_another_loss(
                exact.inference, exact.coef, errors, confidence=confidence, exact_fit=problem.on_line
            )
            exact = replace(exact, inference=other)
        figures = DescentFigures(
            engine=engine,
            iterations=len(descent.solution.history),
            learning_rate=descent.learning_rate,
            max_learning_rate=descent.max_learning_rate,
            limited=descent.limited,
            in_batches=descent.in_batches,
            held_out_loss=descent.validation_loss[-1] if descent.validation_loss else None,
            loss_function=None if isinstance(problem.settled, Squared) else problem.settled,
            converged=descent.converged,
            interrupted=descent.solution.status is Status.INTERRUPTED,
            stop_reason=descent.stop_reason,
            cure=f"come nearer: tol={NEAR:g}" if descent.converged and descent.gap > NEAR else descent.cure,
            loss=descent.loss,
            exact=exact.coef,
            gap=descent.gap,
        )
        coef = _by_term(descent.solution, fit_intercept)
        return replace(exact, coef=coef, inference=about(exact.inference, coef), descent=figures)

    def judged_by(self, robust: Robust | None) -> Summary:
        """The same fit by another covariance of its coefficients (None: as it is)."""
        if robust is None:
            return self
        self.refuse_another_loss()
        classical = robust.kind == "classical"
        judged = self.association.inference if classical else robust.judge(self.association.inference)
        if self.descent is not None:
            judged = about(judged, self.coef)
        return replace(self, inference=judged, robust=None if classical else robust)

    def refuse_another_loss(self) -> None:
        """Raise the DataError of a covariance that is for least squares alone."""
        if self.another_loss:
            raise DataError(
                "the standard errors of another loss are robust already (Huber 1967)",
                hint="leave covariance out, or fit least squares",
            )

    @property
    def trusted(self) -> bool:
        """Do the coefficients deserve the exact answer's tests? Not a hundredth of a standard error away from it."""
        return self.descent is None or (self.descent.converged and self.descent.gap <= NEAR)

    @property
    def another_loss(self) -> bool:
        """Was anything but squares minimised?"""
        return self.descent is not None and self.descent.loss_function is not None

    @property
    def features(self) -> tuple[str, ...]:
        """The terms but for the constant."""
        return tuple(term for term in self.terms if term != INTERCEPT)

    @property
    def about_mean(self) -> AboutMean | None:
        """R2 and F about the mean where columns stand in for an intercept, see `about_the_mean`; else None."""
        fitted = self.trusted and not self.another_loss
        return about_the_mean(self.association.moments, self.association.inference) if fitted else None

    @property
    def effect_of_one_sd(self) -> Array:
        """b_j sd_j: what one standard deviation more of each column does to the target; NaN for the constant."""
        return self._of_columns(self._slopes * self.association.standard_deviation[:-1])

    @property
    def standardised(self) -> Array:
        """b_j sd_j / sd_y: the same in standard deviations of the target."""
        sd = self.association.standard_deviation
        return self._of_columns(self._slopes * sd[:-1] / (sd[-1] if sd[-1] > 0.0 else np.nan))

    @property
    def vif(self) -> Array:
        """Variance inflation, see `Association.vif`; NaN for the constant and for what has no estimate."""
        return self._of_columns(self.association.vif)

    @property
    def partial_r2(self) -> Array:
        """What each column explains of what all others leave, see `Association.partial_r2`."""
        return self._of_columns(self.association.partial_r2 * self._of_squares)

    @property
    def semi_partial_r2(self) -> Array:
        """By how much R2 falls without each column, see `Association.semi_partial_r2`."""
        return self._of_columns(self.association.semi_partial_r2 * self._of_squares)

    @property
    def correlation(self) -> Array:
        """(p + 1, p + 1) of the columns of X and, last, the target; NaN for a constant."""
        return self.association.correlation

    @property
    def collinear_sets(self) -> tuple[tuple[str, ...], ...]:
        """Names of columns that say nearly the same, see `Association.collinear_sets`; the strongest first."""
        names = self.features
        return tuple(tuple(names[j] for j in near.columns) for near in self.association.collinear_sets)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: absent figures are None, per-term figures are dictionaries by term name."""
        from gradline.report.summary.dictionary import dictionary

        return dictionary(self)

    def account(self, *, details: bool = False) -> Account:
        """See `Readable`."""
        from gradline.report.summary.told import told

        return told(self, details=details)

    @property
    def _slopes(self) -> Array:
        slopes: Array = self.coef[len(self.terms) - len(self.features) :]
        known = ~np.isnan(self.association.inference.standard_error[len(self.terms) - len(self.features) :])
        known |= slopes != 0.0  # an estimate whose standard error is beyond float64; a dependent column has zero
        return np.where(known | (self.inference.df_residual <= 0), slopes, np.nan)

    @property
    def _of_squares(self) -> float:
        """Figures of sums of squares belong to finished least squares alone."""
        return np.nan if self.another_loss or not self.trusted else 1.0

    def _of_columns(self, figures: Array) -> Array:
        return np.append(np.full(len(self.terms) - len(self.features), np.nan), figures)


def _by_term(solution: Solution, fit_intercept: bool) -> Array:
    return np.append(solution.intercept, solution.coef) if fit_intercept else solution.coef
