"""A fit told: the numbers once, as text, as HTML and as a dictionary."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradline.data.source import Source
from gradline.data.weighting import Weighting
from gradline.descent.fit import Descent
from gradline.descent.losses.loss import Huber, Loss, Quantile, Squared
from gradline.errors import DataError
from gradline.moments.inference import Inference, infer
from gradline.moments.other_errors import of_another_loss
from gradline.moments.precision import Statistics
from gradline.report.rows_told import about_the_rows, one_line
from gradline.solution import Array, Certificate, Solution, Status

INTERCEPT = "(Intercept)"
NEAR = 0.01  # standard errors: farther from the answer, its tests and intervals would be about another line


@dataclass(frozen=True, slots=True)
class Names:
    """What the data are called and in which units they are, and how many of their rows were left out, and why."""

    source: str
    target: str
    features: tuple[str, ...]
    rows_dropped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    weighting: Weighting | None = None

    @classmethod
    def of(cls, source: Source) -> Names:
        """After a pass over `source`, which counts the rows dropped."""
        refuse_reserved(source.feature_names)
        design = getattr(source, "design", None)
        return cls(
            source.name,
            source.target_name,
            source.feature_names,
            source.rows_dropped,
            dict(getattr(source, "dropped", {})),
            () if design is None else design.notes,
            getattr(source, "weighting", None),
        )


def refuse_reserved(features: Iterable[str]) -> None:
    """The constant term has a name of its own, which no column may take."""
    if INTERCEPT in features:
        raise DataError(f"a feature is called '{INTERCEPT}', the name of the constant term", hint="rename the column")


@dataclass(frozen=True, slots=True, eq=False)
class DescentFigures:
    """What only a descent has: how it went, and how far it ended from the exact answer.

    `gap` is the largest distance of a coefficient from the answer `exact` (k,), in its standard errors (relative,
    where there is none). `loss_function` is None for least squares. `limited`: the limit on the rate is one of these
    steps, full batches by plain descent.
    """

    engine: str
    iterations: int
    learning_rate: float
    max_learning_rate: float
    limited: bool
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
class Summary:
    """Everything there is to say about one fit; `print` it, show it in a notebook, or take `as_dict()`.

    Attributes
    ----------
    source, target : str
        What was read, and the column explained.
    terms : tuple of str
        Names in the order of every array here, "(Intercept)" first where there is one.
    coef : (k,) float64
    inference : Inference
    certificate : Certificate
        Of the exact answer: digits, rank, condition number.
    descent : DescentFigures or None
        None for the exact way.
    rows_dropped : int
    dropped : dict of str to int
        The same by the column whose cell was unusable; a row with two such cells counts under both.
    notes : tuple of str
        Units, origins and reference levels.
    weighting : Weighting or None
    """

    source: str
    target: str
    terms: tuple[str, ...]
    coef: Array
    inference: Inference
    certificate: Certificate
    descent: DescentFigures | None = None
    rows_dropped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    weighting: Weighting | None = None

    @classmethod
    def of_solution(
        cls, moments: Statistics, solution: Solution, names: Names, *, fit_intercept: bool, confidence: float = 0.95
    ) -> Summary:
        """The exact way."""
        return cls(
            source=names.source,
            target=names.target,
            terms=(INTERCEPT, *names.features) if fit_intercept else names.features,
            coef=_by_term(solution, fit_intercept),
            inference=infer(moments, solution, fit_intercept=fit_intercept, confidence=confidence),
            certificate=_certificate(solution),
            rows_dropped=names.rows_dropped,
            dropped=names.dropped,
            notes=names.notes,
            weighting=names.weighting,
        )

    @classmethod
    def of_descent(cls, descent: Descent, names: Names, *, engine: str, fit_intercept: bool) -> Summary:
        """The gradient way: its own coefficients, with the uncertainty that the statistics of the same data give."""
        problem = descent.problem
        if problem.exact is None:
            raise DataError(
                f"a summary needs sums over pairs of features, of which {len(problem.names)} have too many",
                hint="GradientDescentRegressor().fit(source) gives coefficients and stop_reason_ without one",
            )
        exact = cls.of_solution(problem.moments, problem.exact, names, fit_intercept=fit_intercept)
        if not isinstance(problem.settled, Squared):
            tolerance = problem.tolerance
            errors = np.where(tolerance.has_error, tolerance.unit, np.nan)
            errors = np.roll(errors, 1) if fit_intercept else errors
            exact = replace(exact, inference=of_another_loss(exact.inference, exact.coef, errors))
        figures = DescentFigures(
            engine=engine,
            iterations=len(descent.solution.history),
            learning_rate=descent.learning_rate,
            max_learning_rate=descent.max_learning_rate,
            limited=descent.limited,
            held_out_loss=descent.validation_loss[-1] if descent.validation_loss else None,
            loss_function=None if isinstance(problem.settled, Squared) else problem.settled,
            converged=descent.converged,
            interrupted=descent.solution.status is Status.INTERRUPTED,
            stop_reason=descent.stop_reason,
            cure=descent.cure,
            loss=descent.loss,
            exact=exact.coef,
            gap=descent.gap,
        )
        return replace(exact, coef=_by_term(descent.solution, fit_intercept), descent=figures)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: absent figures are None, per-term figures are dictionaries by term name."""
        way, i, weighting = self.descent, self.inference, self.weighting
        trusted = self._trusted

        def by_term(values: Iterable[Any]) -> dict[str, Any]:
            return dict(zip(self.terms, (_plain(v) for v in values), strict=True))

        coef = by_term(self.coef)
        return {
            "way": "exact" if way is None else "descent",
            "engine": way.engine if way else None,
            "rows": i.rows,
            "rows_dropped": self.rows_dropped,
            "features": [term for term in self.terms if term != INTERCEPT],
            "intercept": coef.get(INTERCEPT),
            "coef": coef,
            "standard_error": by_term(i.standard_error if trusted else np.full(len(self.terms), np.nan)),
            "t": by_term(i.t if trusted else np.full(len(self.terms), np.nan)),
            "p_value": by_term(i.p_value if trusted else np.full(len(self.terms), np.nan)),
            "confidence_interval": by_term(i.confidence_interval if trusted else np.full((len(self.terms), 2), np.nan)),
            **{
                figure: _plain(getattr(i, figure)) if trusted else None
                for figure in ("r2", "adjusted_r2", "residual_sd", "f_statistic", "aic", "bic")
            },
            "digits": _plain(self.certificate.digits) if way is None else None,
            "condition_number": _plain(self.certificate.condition_number),
            "precision": self.certificate.precision,
            "iterations": way.iterations if way else None,
            "learning_rate": _plain(way.learning_rate) if way else None,
            "max_learning_rate": _plain(way.max_learning_rate) if way else None,
            "converged": way.converged if way else None,
            "stop_reason": way.stop_reason if way else None,
            "loss": _plain(way.loss) if way else None,
            "dropped": dict(self.dropped),
            "notes": list(self.notes),
            "target": self.target,
            "source": self.source,
            "weight": weighting.column if weighting else None,
            "weights": weighting.kind if weighting else None,
            "rows_of_weight_zero": weighting.zero_rows if weighting else 0,
            "df_residual": i.df_residual,
            "f_p_value": _plain(i.f_p_value) if trusted else None,
        }

    def __str__(self) -> str:
        notes = [line for note in self._notes() for line in textwrap.wrap(note, 80)]
        return "\n".join([self._heading(), "", *aligned(self._table()), "", *notes])

    def _repr_html_(self) -> str:
        """For notebooks: the same table, escaped."""
        head, *rows = self._table()
        cells = "".join(f"<th>{html.escape(c)}</th>" for c in head)
        body = "".join(
            "<tr>"
            + f"<th>{html.escape(row[0])}</th>"
            + "".join(f"<td>{html.escape(c)}</td>" for c in row[1:])
            + "</tr>"
            for row in rows
        )
        return (
            f"<p>{html.escape(self._heading())}</p>"
            f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
            + "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        )

    @property
    def _trusted(self) -> bool:
        """Do the coefficients deserve the exact answer's tests? Not a hundredth of a standard error away from it."""
        return self.descent is None or (self.descent.converged and self.descent.gap <= NEAR)

    @property
    def _feature_names(self) -> tuple[str, ...]:
        return tuple(term for term in self.terms if term != INTERCEPT)

    def _notes(self) -> list[str]:
        collinear = self.certificate.warnings(self._feature_names, centred=INTERCEPT in self.terms)
        return [
            *self._figures(),
            *self._certainty(),
            *about_the_rows(self.rows_dropped, self.dropped, self.weighting, self.notes),
            *(note[0].upper() + note[1:] for note in collinear),
        ]

    def _heading(self) -> str:
        features = len(self._feature_names)
        dropped = f", {self.rows_dropped:,} dropped" if self.rows_dropped else ""
        plural = "feature" if features == 1 else "features"
        way = "exact least squares" if self.descent is None else f"gradient descent by {self.descent.engine}"
        return f"{self.target} on {features} {plural} of {self.source} ({self.inference.rows:,} rows{dropped}), {way}"

    def _table(self) -> list[list[str]]:
        i, way = self.inference, self.descent
        if way is not None and not self._trusted:
            rows = zip(self.terms, self.coef, way.exact, strict=True)
            return [["", "unfinished", "exact answer"], *([one_line(n), short(c), short(e)] for n, c, e in rows)]
        tail = 50 * (1 - i.confidence)
        table = [["", "estimate", "std. error", "t", "p", f"{tail:g}%", f"{100 - tail:g}%"]]
        for k, name in enumerate(self.terms):
            low, high = i.confidence_interval[k]
            error = i.standard_error[k]
            # as many digits as show the third of the standard error
            digits = max(5, min(15, _magnitude(max(abs(low), abs(high))) - _magnitude(error) + 3))
            table.append(
                [
                    one_line(name),
                    short(self.coef[k], max(7, digits)),
                    short(error, 4),
                    "-" if math.isnan(i.t[k]) else f"{i.t[k]:.2f}",
                    _p_value(i.p_value[k]),
                    short(low, digits),
                    short(high, digits),
                ]
            )
        return table

    def _figures(self) -> list[str]:
        i = self.inference
        if not self._trusted:
            return ["Unfinished: no standard errors, tests or R\u00b2 for coefficients that are not the answer."]
        if self.descent is not None and self.descent.loss_function is not None:
            return [_told(self.descent.loss_function)]
        if i.exact_fit and i.df_residual > 0 and self.certificate.precision == "float64":
            return ["The residuals are zero to float64 rounding; precision 'exact' would tell whether they are zero."]
        if i.exact_fit:
            return ["The data lie on the line: the residuals are zero to rounding, and tests are meaningless."]
        kind = "R\u00b2" if i.r2_kind == "centred" else "R\u00b2 (about zero, as there is no intercept)"
        lines = [
            f"{kind} {i.r2:.4f}, adjusted {i.adjusted_r2:.4f}; "
            f"residual sd {short(i.residual_sd, 5)} on {i.df_residual:,} degrees of freedom"
        ]
        lines.append(
            f"F({i.f_df[0]:g}, {i.f_df[1]:g}) = {short(i.f_statistic, 5)}, "
            f"p {_p_value(i.f_p_value, inline=True)}; AIC {i.aic:.2f}, BIC {i.bic:.2f}"
        )
        return lines

    def _certainty(self) -> list[str]:
        c, way = self.certificate, self.descent
        if way is not None:
            own = math.isnan(way.learning_rate)
            used = "The optimizer's own learning rate" if own else f"Learning rate {way.learning_rate:.4g}"
            limit = f" (limit {way.max_learning_rate:.4g})" if way.limited and not way.loss_function else ""
            rate = f"{used}{limit}, loss {way.loss:.6g}."
            held = [] if way.held_out_loss is None else [f"Loss on the rows held out {way.held_out_loss:.6g}."]
            return [rate, *held, way.stop_reason]
        sure = (
            f"All {int(c.digits)} digits certified" if c.certain else f"At least about {int(c.digits)} digits are right"
        )
        condition = "infinite" if math.isinf(c.condition_number) else f"{c.condition_number:.3g}"
        return [f"{sure} ({c.precision} arithmetic, condition number {condition})."]


def _told(loss: Loss) -> str:
    """Which loss was minimised, and where its standard errors are from."""
    match loss:
        case Huber():
            what = f"Huber loss: squares within {loss.width:.5g} of the line, straight beyond"
        case Quantile(level=level):
            what = f"Quantile loss, level {level:g}, its kink rounded off within {loss.width:.2g} of the line"
        case _:
            what = f"{loss.name.capitalize()} loss, its kink rounded off within {loss.width:.2g} of the line"
    return f"{what}. Standard errors are the sandwich of M-estimates (Huber 1967); R\u00b2 and F belong to squares."


def _by_term(solution: Solution, fit_intercept: bool) -> Array:
    return np.append(solution.intercept, solution.coef) if fit_intercept else solution.coef


def _certificate(solution: Solution) -> Certificate:
    if solution.certificate is None:
        raise TypeError("a summary needs the certificate of the exact way")
    return solution.certificate


def aligned(table: list[list[str]]) -> list[str]:
    """The rows as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    return [
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def short(value: float, digits: int = 7) -> str:
    """So many significant digits; plain below ten million, where an exponent would only slow the reader down."""
    if math.isnan(value):
        return "-"
    rounded = float(f"{value:.{digits}g}")
    if rounded != 0 and not 1e-4 <= abs(rounded) < 1e7:
        return f"{value:.{digits}g}"
    return np.format_float_positional(rounded, trim="-")


def _magnitude(value: float) -> int:
    """The place of the first digit; 0 where there is none."""
    return math.floor(math.log10(value)) if 0 < value < math.inf else 0


def _p_value(p: float, *, inline: bool = False) -> str:
    if math.isnan(p):
        return "-"
    if p < 0.0001:
        return "< 0.0001"
    return f"= {p:.4f}" if inline else f"{p:.4f}"


def _plain(value: Any) -> Any:
    """Floats and pairs of floats for JSON; what is not a number is absent."""
    if np.ndim(value):
        return None if not np.isfinite(value).all() else [float(v) for v in value]
    return float(value) if math.isfinite(value) else None
