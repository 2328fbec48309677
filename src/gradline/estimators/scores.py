"""What R^2 is made of, over the rows of a source: read batch by batch where they lie, of which only sums are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradline.data.parted import PartedSource
from gradline.data.source import Source
from gradline.data.tally import Tally
from gradline.moments.exact import ExactMoments
from gradline.moments.one_pass import naming_cells
from gradline.solution import Array


class Apart(NamedTuple):
    """How far y is from its predictions, and from its mean: exact sums, whose order and parts leave no trace."""

    residuals: ExactMoments
    target: ExactMoments
    tally: Tally


def squares(source: Source, predicted: Callable[[Array], Array]) -> tuple[int, float, float]:
    """Rows, sum w (y - predicted(X))^2 and sum w (y - mean)^2 of a source, the sums in one unit; in constant memory."""
    of = partial(_apart, predicted=predicted)
    if isinstance(source, PartedSource):
        sums = source.whole(of, _together)
        source.settle(source.design, sums.tally)
    else:
        with naming_cells(source):
            sums = of(source)
    left, total = sums.residuals.dispersion(fit_intercept=False), sums.target.dispersion(fit_intercept=True)
    larger = left.unit / total.unit  # which float64 can hold where it cannot hold either sum
    return sums.target.rows, left.tss * larger * larger, total.tss


def _apart(source: Source, predicted: Callable[[Array], Array]) -> Apart:
    residuals = target = ExactMoments.zero(0)
    for batch in source.batches():
        nothing = np.empty((len(batch), 0))
        residuals += ExactMoments.of(nothing, batch.y - predicted(batch.X), batch.weight)
        target += ExactMoments.of(nothing, batch.y, batch.weight)
    tally: Any = getattr(source, "tally", None)
    return Apart(residuals, target, tally or Tally())


def _together(first: Apart, then: Apart) -> Apart:
    return Apart(first.residuals + then.residuals, first.target + then.target, first.tally.then(then.tally))
