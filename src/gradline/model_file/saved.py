"""What a model file holds: least squares from sufficient statistics, ready to report, predict and go on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradline.data.columns.design import Design
from gradline.data.columns.terms import Column, Terms
from gradline.data.skipped import NONE, Skipped
from gradline.data.weighting import Weighting, Weights
from gradline.diagnostics.covariance import Robust
from gradline.moments.classical import infer
from gradline.moments.inference import Inference
from gradline.moments.polynomial import horner, names_of_powers, powers
from gradline.moments.precision import Statistics
from gradline.report.summary import INTERCEPT, Names, Summary
from gradline.solution import Array, Certificate, Solution

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """Least squares from sufficient statistics, with all that is needed to report, predict and go on.

    Attributes
    ----------
    features : tuple of str
        Columns of X.
    design : Terms, Formula or None
        How X is made of the columns of a table; None where they are the same numbers.
    named : bool
        False where the rows had no column names, and these are x0, x1, ...
    target, source : str
        The column explained, and what was read.
    rows_dropped : int
    dropped : dict of str to int
        The same by the column whose cell was unusable.
    skipped : Skipped
        Files that could not be read.
    fit_intercept : bool
    precision : {"auto", "float64", "exact"}
        What was asked for; the certificate says what was taken.
    missing : {"error", "drop"}
    weights : {"analytic", "frequency"}
    polynomial : int
        Degree; above 1 there is one feature, and the coefficients are those of its powers.
    weighting : Weighting or None
        None where rows were not weighted.
    moments : Moments or ExactMoments
    solution : Solution
        Of these moments, with its certificate.
    robust : Robust or None
        The covariance that the fit was judged by, where it was not the classical one, which the moments give.
    """

    features: tuple[str, ...]
    design: Design | None
    named: bool
    target: str
    source: str
    rows_dropped: int
    dropped: Mapping[str, int]
    fit_intercept: bool
    precision: str
    missing: Literal["error", "drop"]
    weights: Weights
    weighting: Weighting | None
    polynomial: int
    moments: Statistics
    solution: Solution
    robust: Robust | None = None
    skipped: Skipped = NONE

    @property
    def columns(self) -> tuple[str, ...]:
        """What each coefficient belongs to: the features, or the powers of one."""
        return self.features if self.polynomial == 1 else names_of_powers(self.features[0], self.polynomial)

    @property
    def terms(self) -> tuple[str, ...]:
        """The same with "(Intercept)" first, where there is one."""
        return (INTERCEPT, *self.columns) if self.fit_intercept else self.columns

    @property
    def starts_from(self) -> Design:
        """The columns of a table that a prediction needs, and what becomes of them."""
        return Terms(tuple(map(Column, self.features))) if self.design is None else self.design

    @property
    def certificate(self) -> Certificate:
        """What the exact way vouches for."""
        assert self.solution.certificate is not None
        return self.solution.certificate

    @property
    def statistics_sha256(self) -> str:
        """Equal for the same rows, and in practice for no others."""
        return hashlib.sha256(self.moments.to_json().encode()).hexdigest()

    def summary(self, *, confidence: float = 0.95) -> Summary:
        """The report that the fit gave."""
        notes = () if self.design is None else self.design.notes
        names = Names(
            self.source,
            self.target,
            self.columns,
            self.rows_dropped,
            dict(self.dropped),
            notes,
            self.weighting,
            self.skipped,
        )
        return Summary.of_solution(
            self.moments,
            self.solution,
            names,
            fit_intercept=self.fit_intercept,
            confidence=confidence,
            robust=self.robust,
        )

    def inference(self, *, confidence: float = 0.95) -> Inference:
        """Standard errors, covariance, intervals."""
        found = infer(self.moments, self.solution, fit_intercept=self.fit_intercept, confidence=confidence)
        return found if self.robust is None else self.robust.judge(found)

    def predict(self, X: Array) -> Array:
        """X @ coefficients + intercept, or the polynomial at x; X is (rows, features), the result (rows,)."""
        coef, intercept = self.solution.coef, self.solution.intercept
        predicted: Array = X @ coef + intercept if self.polynomial == 1 else horner(X[:, 0], coef, intercept)
        return predicted

    def unknown(self, X: Array) -> float:
        """How far rounding of coefficients, products and sums may take a prediction of these rows, by order of size."""
        coef, intercept = self.solution.coef, self.solution.intercept
        return float(EPSILON * (np.abs(self.powers(X)) @ np.abs(coef) + abs(intercept)).max(initial=0.0))

    def powers(self, X: Array) -> Array:
        """A column for each coefficient."""
        return X if self.polynomial == 1 else powers(X, self.polynomial)
