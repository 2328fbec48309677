"""A summary for programs: JSON-ready, the same figures under the same names for either way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradline.report.figures import plain
from gradline.report.summary.naming import INTERCEPT

if TYPE_CHECKING:
    from gradline.report.summary.summary import Summary

MOST_ASSOCIATED = 500  # columns, of which more would take longer to compare with each other than to fit
MOST_CORRELATED = 100  # columns, of which more make a matrix that nobody reads as JSON
BY_TERM = ("effect_of_one_sd", "standardised", "vif", "partial_r2", "semi_partial_r2")
ASSOCIATION = (*BY_TERM, "collinear_sets", "correlation")


def dictionary(summary: Summary) -> dict[str, Any]:
    """See `Summary.as_dict`."""
    way, i, weighting = summary.descent, summary.inference, summary.weighting
    trusted, terms, robust = summary.trusted, summary.terms, summary.robust

    def by_term(values: Iterable[Any]) -> dict[str, Any]:
        return dict(zip(terms, (plain(v) for v in values), strict=True))

    def tested(values: Iterable[Any]) -> dict[str, Any]:
        return by_term(values) if trusted else dict.fromkeys(terms)

    coef = by_term(summary.coef)
    described = "the sandwich of M-estimates" if summary.another_loss else "classical"
    return {
        "way": "exact" if way is None else "descent",
        "engine": way.engine if way else None,
        "rows": i.rows,
        "rows_dropped": summary.rows_dropped,
        "features": list(summary.features),
        "intercept": coef.get(INTERCEPT),
        "coef": coef,
        "standard_error": tested(i.standard_error),
        "t": tested(i.t),
        "p_value": tested(i.p_value),
        "confidence_interval": tested(i.confidence_interval),
        **{
            figure: plain(getattr(i, figure)) if trusted else None
            for figure in ("r2", "adjusted_r2", "residual_sd", "f_statistic", "aic", "bic")
        },
        "digits": plain(summary.certificate.digits) if way is None else None,
        "condition_number": plain(summary.certificate.condition_number),
        "precision": summary.certificate.precision,
        "iterations": way.iterations if way else None,
        "learning_rate": plain(way.learning_rate) if way else None,
        "max_learning_rate": plain(way.max_learning_rate) if way else None,
        "converged": way.converged if way else None,
        "stop_reason": way.stop_reason if way else None,
        "loss": plain(way.loss) if way else None,
        "dropped": dict(summary.dropped),
        "notes": list(summary.notes),
        "target": summary.target,
        "source": summary.source,
        "weight": weighting.column if weighting else None,
        "weights": weighting.kind if weighting else None,
        "rows_of_weight_zero": weighting.zero_rows if weighting else 0,
        **summary.skipped.as_dict(),
        "df_residual": i.df_residual,
        "f_p_value": plain(i.f_p_value) if trusted else None,
        "r2_kind": i.r2_kind if trusted and not summary.another_loss else None,
        "r2_about_mean": plain(about.r2) if (about := summary.about_mean) else None,
        "covariance": {
            "kind": "classical" if robust is None else robust.kind,
            "description": described if robust is None else robust.described,
            "df": i.df,
            "notes": [] if robust is None else list(robust.notes),
        }
        if trusted
        else None,
        **_associated(summary, by_term),
    }


def _associated(summary: Summary, by_term: Any) -> dict[str, Any]:
    features = summary.features
    if len(features) > MOST_ASSOCIATED or not summary.trusted:
        return dict.fromkeys(ASSOCIATION)
    names = [*features, summary.target]
    return {
        **{figure: by_term(getattr(summary, figure)) for figure in BY_TERM},
        "collinear_sets": [
            {
                "columns": [features[j] for j in near.columns],
                "condition_index": plain(near.condition_index),
                "vif": plain(near.vif),
            }
            for near in summary.association.collinear_sets
        ],
        "correlation": {
            name: {other: plain(r) for other, r in zip(names, row, strict=True)}
            for name, row in zip(names, np.asarray(summary.correlation), strict=True)
        }
        if len(features) <= MOST_CORRELATED
        else None,
    }
