"""The columns of a fit beside each other: how large their effects are, and how far they say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradline.moments.association import STRONG, WEAK, CollinearSet
from gradline.report.figures import places, short
from gradline.report.formats import Table
from gradline.report.summary.naming import INTERCEPT

if TYPE_CHECKING:
    from gradline.report.summary.summary import Summary

MOST_TOLD = 200  # columns: more take longer to compare with each other than a reader would wait for a table
NAMED = 8  # of the columns of a set
PAIRS = 3


def beside_each_other(summary: Summary) -> tuple[Table, list[str]]:
    """A row for each column (effect of one sd, variance inflation, partial R2), and sentences on them."""
    first = len(summary.terms) - len(summary.features)
    rows = [["", "one sd", "its effect", "standardised", "VIF", "partial R\u00b2"]]
    figures = zip(
        summary.features,
        summary.association.standard_deviation,
        summary.effect_of_one_sd[first:],
        summary.standardised[first:],
        summary.vif[first:],
        summary.partial_r2[first:],
        strict=False,
    )
    for name, sd, effect, standardised, vif, partial in figures:
        cells = [short(sd, 5), short(effect, 5), places(standardised, 3), short(vif, 4), places(partial, 4)]
        rows.append([name, *cells])
    about = "zero, as there is no intercept" if INTERCEPT not in summary.terms else "the mean"
    notes = [
        f"Effect: of one standard deviation (sd) more, in units of {summary.target}; standardised: in its sd. "
        "VIF: so many times larger is the variance of a coefficient for what other columns tell of it "
        f"(about {about}). Partial R\u00b2: what a column explains of what all others leave."
    ]
    found = summary.association
    notes += [
        f"Squares of '{summary.features[j]}' (sd {found.standard_deviation[j]:.2g}) leave the range of float64, and "
        "what takes them is left out: measure the column in another unit."
        for j in found.beyond_squares[:NAMED]
    ]
    if len(summary.features) <= MOST_TOLD:
        notes += collinear(summary, strong=False)
        notes += _correlations(summary)
    return Table(rows), notes


def collinear(summary: Summary, *, strong: bool = True) -> list[str]:
    """A sentence for each set of columns that say nearly the same: strongly (indices above 30), or less (above 10)."""
    known = summary.certificate.condition_number
    if not summary.trusted or known <= (STRONG if strong else WEAK) or len(summary.features) > MOST_TOLD:
        return []
    sets = summary.association.collinear_sets
    return [_sentence(near, summary.features) for near in sets if (near.condition_index > STRONG) is strong]


def _sentence(near: CollinearSet, names: Sequence[str]) -> str:
    listed = [f"'{names[j]}'" for j in near.columns[:NAMED]]
    rest = len(near.columns) - len(listed)
    listed += [f"{rest:,} more"] if rest else []
    together = f"{', '.join(listed[:-1])} and {listed[-1]}"
    index = f"{near.condition_index:.3g}" if near.condition_index < 1e7 else "above 1e7"
    return (
        f"{together} say nearly the same (condition index {index}): a coefficient has up to {near.vif:.3g} times the "
        "variance that it would have without the others."
    )


def _correlations(summary: Summary) -> list[str]:
    names = summary.features
    r = np.nan_to_num(np.triu(summary.correlation[:-1, :-1], 1))
    strongest = np.argsort(-np.abs(r), axis=None, kind="stable")[:PAIRS]
    pairs = [divmod(int(place), len(names)) for place in strongest]
    told = [f"'{names[i]}' and '{names[j]}' {r[i, j]:.3f}" for i, j in pairs if r[i, j] != 0.0]
    return [f"Strongest correlations: {', '.join(told)}."] if told else []
