"""A summary for readers: heading, tables, and what its numbers rest on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradline.report.figures import interval_digits, p_value, places, short
from gradline.report.formats import Account, Table
from gradline.report.formats.text import LEAST_NAME, room_for_names
from gradline.report.rows_told import about_the_rows, read_of
from gradline.report.sentences import capitalised, counted
from gradline.report.summary.columns import beside_each_other, collinear
from gradline.report.summary.naming import INTERCEPT
from gradline.report.summary.summary import NEAR

if TYPE_CHECKING:
    from gradline.descent.losses.loss import Loss
    from gradline.report.summary.summary import Summary


def told(summary: Summary, *, details: bool) -> Account:
    """See `Summary.account`."""
    tables, notes = _tables(summary), _notes(summary)
    if details and summary.trusted:
        table, more = beside_each_other(summary)
        tables.append(table)
        notes = [*notes, *more]
    return Account(_heading(summary), tables, notes)


def _heading(summary: Summary) -> str:
    features = len(summary.features)
    way = "exact least squares" if summary.descent is None else f"gradient descent by {summary.descent.engine}"
    rows = read_of(summary.inference.rows, summary.rows_dropped, summary.skipped)
    return f"{summary.target} on {counted(features, 'feature')} of {summary.source} ({rows}), {way}"


def _tables(summary: Summary) -> list[Table]:
    """The coefficients; their intervals in a table of their own where so many digits leave no room for names."""
    way = summary.descent
    if way is not None and not summary.trusted:
        rows = zip(summary.terms, summary.coef, way.exact, strict=True)
        ended = "descent" if way.converged else "unfinished"
        return [Table([["", ended, "exact answer"], *([n, short(c), short(e)] for n, c, e in rows)])]
    coefficients = _coefficients(summary)
    if room_for_names(coefficients) >= LEAST_NAME:
        return [Table(coefficients)]
    return [Table([row[:-2] for row in coefficients]), Table([[row[0], *row[-2:]] for row in coefficients])]


def _coefficients(summary: Summary) -> list[list[str]]:
    i = summary.inference
    tail = 50 * (1 - i.confidence)
    table = [["", "estimate", "std. error", "t", "p", f"{tail:g}%", f"{100 - tail:g}%"]]
    for k, name in enumerate(summary.terms):
        low, high = i.confidence_interval[k]
        error = i.standard_error[k]
        digits = interval_digits(low, high, error, least=5)
        table.append(
            [
                name,
                short(summary.coef[k], max(7, digits)),
                short(error, 4),
                places(i.t[k]),
                p_value(i.p_value[k]),
                short(low, digits),
                short(high, digits),
            ]
        )
    return table


def _notes(summary: Summary) -> list[str]:
    warnings = summary.certificate.warnings(summary.features, centred=INTERCEPT in summary.terms)
    return [
        *_figures(summary),
        *_certainty(summary),
        *about_the_rows(summary.rows_dropped, summary.dropped, summary.skipped, summary.weighting, summary.notes),
        *map(capitalised, warnings),
        *collinear(summary),
    ]


def _figures(summary: Summary) -> list[str]:
    i = summary.inference
    if not summary.trusted:
        if summary.descent is not None and summary.descent.converged:
            return [
                "Converged as near as was asked; standard errors, tests and R\u00b2 are told within "
                f"{NEAR:g} standard errors of the answer (a tol of {NEAR:g})."
            ]
        return ["Unfinished: no standard errors, tests or R\u00b2 for coefficients that are not the answer."]
    another = None if summary.descent is None else summary.descent.loss_function
    if another is not None and not i.exact_fit:
        return [_loss(another)]
    if another is None and i.exact_fit and i.df_residual > 0 and summary.certificate.precision == "float64":
        return ["The residuals are zero to float64 rounding; precision 'exact' would tell whether they are zero."]
    if i.exact_fit:
        return ["The data lie on the line: the residuals are zero to rounding, and tests are meaningless."]
    kind = "R\u00b2" if i.r2_kind == "centred" else "R\u00b2 (about zero, as there is no intercept)"
    good = (
        f"{kind} {i.r2:.4f}, adjusted {i.adjusted_r2:.4f}; "
        f"residual sd {short(i.residual_sd, 5)} on {counted(i.df_residual, 'degree')} of freedom"
    )
    likelihood = f"AIC {places(i.aic)}, BIC {places(i.bic)}"
    if i.f_df[0] == 0:
        joint = likelihood
    elif math.isnan(i.f_statistic) and summary.robust is not None:
        joint = f"No joint test of all slopes; {likelihood}"
    else:
        robust = "" if summary.robust is None else "robust "
        joint = (
            f"{robust}F({i.f_df[0]:,}, {i.f_df[1]:,}) = {short(i.f_statistic, 5)}, "
            f"p {p_value(i.f_p_value, inline=True)}; {likelihood}"
        )
    return [good, capitalised(joint), *_beyond_the_mean(summary), *_covariance(summary)]


def _beyond_the_mean(summary: Summary) -> list[str]:
    """Without an intercept, where columns do what it does: what they explain that it would not."""
    about = summary.about_mean
    if about is None:
        return []
    told = (
        "The columns add up to a constant, which is an intercept by another name: about the mean "
        f"R\u00b2 is {about.r2:.4f}, adjusted {about.adjusted_r2:.4f}"
    )
    if summary.robust is None:
        tested = p_value(about.f_p_value, inline=True)
        told += f"; F({about.f_df[0]:,}, {about.f_df[1]:,}) = {short(about.f_statistic, 5)}, p {tested}"
    return [f"{told}."]


def _covariance(summary: Summary) -> list[str]:
    """Which one it is, what it allows for, and what a reader should know of it."""
    robust = summary.robust
    if robust is None:
        return []
    if robust.kind == "cluster":
        allows = "errors of rows in one cluster may go together"
    elif robust.kind == "newey-west":
        allows = "errors of neighbouring rows may go together"
    else:
        allows = "errors may spread more in some rows than in others"
    df, others = summary.inference.df, summary.inference.df_residual
    freedom = f"; t on {counted(df, 'degree')} of freedom" if df != others else ""
    described = robust.described
    return [
        f"Standard errors {described}: {allows}{freedom}.",
        *(f"{capitalised(note)}." for note in robust.notes),
    ]


def _certainty(summary: Summary) -> list[str]:
    c, way = summary.certificate, summary.descent
    if way is not None:
        limit = way.max_learning_rate if way.limited and not way.loss_function else None
        return [*how_it_went(way.learning_rate, limit, way.loss, way.held_out_loss), way.stop_reason]
    condition = "infinite" if math.isinf(c.condition_number) else f"{c.condition_number:.3g}"
    return [f"{c.promise} ({c.precision} arithmetic, condition number {condition})."]


def how_it_went(learning_rate: float, limit: float | None, loss: float, held_out_loss: float | None) -> list[str]:
    """Of a descent: the rate (NaN: the optimizer's), its limit where it has one, and the loss at its end."""
    own = math.isnan(learning_rate)
    rate = "The optimizer's own learning rate" if own else f"Learning rate {learning_rate:.4g}"
    limited = "" if limit is None else f" (limit {limit:.4g})"
    held_out = [] if held_out_loss is None else [f"Loss on the rows held out {held_out_loss:.6g}."]
    return [f"{rate}{limited}, loss {loss:.6g}.", *held_out]


def _loss(loss: Loss) -> str:
    """Which loss was minimised, and where its standard errors are from."""
    from gradline.descent.losses.huber import Huber
    from gradline.descent.losses.quantile import Quantile

    match loss:
        case Huber():
            what = f"Huber loss: squares within {loss.width:.5g} of the line, straight beyond"
        case Quantile(level=level):
            what = f"Quantile loss, level {level:g}, its kink rounded off within {loss.width:.2g} of the line"
        case _:
            what = f"{loss.name.capitalize()} loss, its kink rounded off within {loss.width:.2g} of the line"
    return f"{what}. Standard errors are the sandwich of M-estimates (Huber 1967); R\u00b2 and F belong to squares."
