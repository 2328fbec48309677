"""A descent on too many features for standard errors, told: coefficients, and how near they are to the answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from gradline.descent.finished import Descent
from gradline.moments.frequencies import whole_rows
from gradline.report.figures import plain, short
from gradline.report.formats import Account, Readable, Table
from gradline.report.rows_told import about_the_rows, read_of
from gradline.report.summary import INTERCEPT, Names
from gradline.report.summary.dictionary import ASSOCIATION
from gradline.report.summary.told import how_it_went

SHOWN = 20  # terms, of perhaps thousands
TESTED = ("standard_error", "t", "p_value", "confidence_interval")


@dataclass(frozen=True, slots=True, eq=False)
class WideSummary(Readable):
    """What there is to say without sums over pairs of features; `print` it, write it in a format, or take `as_dict()`.

    Attributes
    ----------
    descent : Descent
    names : Names
    engine : str
    fit_intercept : bool
    """

    descent: Descent
    names: Names
    engine: str
    fit_intercept: bool

    @property
    def coef(self) -> dict[str, float]:
        """By term, "(Intercept)" first where there is one."""
        solution = self.descent.solution
        intercept = {INTERCEPT: float(solution.intercept)} if self.fit_intercept else {}
        return {**intercept, **dict(zip(self.names.features, map(float, solution.coef), strict=True))}

    @property
    def rows(self) -> int:
        """Each as often as it was met, where weights are frequencies."""
        columns, weighting = self.descent.problem.moments, self.names.weighting
        return whole_rows(columns.weight) if weighting and weighting.kind == "frequency" else columns.rows

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with the keys of `Summary` and `gap`, the bound on the distance from the answer; what needs the
        sums is None.
        """
        way, names, coef = self.descent, self.names, self.coef
        weighting = names.weighting
        unknown = dict.fromkeys(coef)
        return {
            "way": "descent",
            "engine": self.engine,
            "rows": self.rows,
            "rows_dropped": names.rows_dropped,
            "features": list(names.features),
            "intercept": coef.get(INTERCEPT),
            "coef": {term: plain(value) for term, value in coef.items()},
            **dict.fromkeys(TESTED, unknown),
            **dict.fromkeys(("r2", "adjusted_r2", "residual_sd", "f_statistic", "aic", "bic")),
            **dict.fromkeys(("digits", "condition_number", "precision")),
            "iterations": len(way.solution.history),
            "learning_rate": plain(way.learning_rate),
            "max_learning_rate": plain(way.max_learning_rate),
            "converged": way.converged,
            "stop_reason": way.stop_reason,
            "loss": plain(way.loss),
            "dropped": dict(names.dropped),
            "notes": list(names.notes),
            "target": names.target,
            "source": names.source,
            "weight": weighting.column if weighting else None,
            "weights": weighting.kind if weighting else None,
            "rows_of_weight_zero": weighting.zero_rows if weighting else 0,
            **names.skipped.as_dict(),
            "df_residual": None,
            "f_p_value": None,
            "r2_kind": None,
            "r2_about_mean": None,
            "covariance": None,
            **dict.fromkeys(ASSOCIATION),
            "gap": plain(way.gap),
        }

    def account(self, *, details: bool = False) -> Account:
        """See `Readable`; there are no details."""
        way, names, coef = self.descent, self.names, self.coef
        rows = read_of(self.rows, names.rows_dropped, names.skipped)
        head = f"{names.target} on {len(names.features):,} features of {names.source} ({rows}), gradient descent by "
        table = [["", "estimate"], *([term, short(value)] for term, value in islice(coef.items(), SHOWN))]
        limit = way.max_learning_rate if way.limited else None
        held_out = way.validation_loss[-1] if way.validation_loss else None
        left = len(coef) - SHOWN
        notes = [
            *([f"{left:,} more terms; --json has all."] if left > 0 else []),
            *how_it_went(way.learning_rate, limit, way.loss, held_out),
            way.stop_reason,
            "No standard errors, tests or R\u00b2: they need sums over all pairs of features.",
            *about_the_rows(names.rows_dropped, names.dropped, names.skipped, names.weighting, names.notes),
        ]
        return Account(head + self.engine, [Table(table)], notes)
