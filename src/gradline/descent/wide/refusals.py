"""What a problem with many features is refused for, and what is told of its columns."""

from __future__ import annotations

import warnings

import numpy as np

from gradline.data.source import Source
from gradline.descent.goal.refusals import refuse_extreme, refuse_idle
from gradline.descent.options import Options
from gradline.errors import CollinearityWarning, DataError
from gradline.moments.columns import Columns

MOST_FEATURES = 2048  # whose p^2 sums, some 32 MB, are gathered


def refuse_ways(options: Options, features: int) -> None:
    """A loss, or an engine, that needs sums over pairs of features."""
    if not options.squared:
        raise DataError(
            f"the {options.cost.name} loss needs sums over pairs of features, of which {features} have too many",
            hint=f"loss='squared', or at most {MOST_FEATURES} features",
        )
    if options.engine == "moments":
        raise DataError(
            f"engine 'moments' needs sums over pairs of features, of which {features} have too many",
            hint=f"engine='numpy' or engine='nn' reads the rows; or give at most {MOST_FEATURES} features",
        )


def refuse_sizes(columns: Columns, names: tuple[str, ...], dtype: str) -> None:
    """Columns whose squares leave the range of the dtype."""
    with np.errstate(all="ignore"):
        square = columns.variance + columns.mean**2
        lost = (columns.squares == 0) & (columns.rest != 0)
    refuse_extreme(names, columns.mean, np.where(lost, np.inf, square), dtype, cure="rescale it")


def warn_of(source: Source, columns: Columns, flat: bool, apart: float, bias: bool, options: Options) -> None:
    """What a reader must know of the columns; `apart`: by how much those differ that were taken for equal."""
    names, spread = source.feature_names, columns.squares[:-1]
    idle = np.flatnonzero(spread == 0 if bias else (spread == 0) & (columns.mean[:-1] == 0))
    refuse_idle(source, len(idle), bias)
    told = []
    if len(idle):
        listed = ", ".join(f"'{names[j]}'" for j in idle[:6]) + (f" and {len(idle) - 6} more" if len(idle) > 6 else "")
        told.append(f"constant columns tell nothing, and keep the coefficient they start with: {listed}.")
    if flat:
        few = f"{columns.rows} rows cannot tell {len(names)} features apart"
        unit = "standard deviations" if options.automatic and bias else "root mean squares"
        units = f"columns in {unit}" if options.automatic else "in data units"
        closely = f"to {apart:.1g} {unit if options.automatic else 'in data units'}" if apart else "to rounding"
        some = few if columns.rows < len(names) + bias else f"some columns are combinations of others, {closely}"
        well = "about equally well, as far as a descent can tell" if apart else "equally well"
        told.append(
            f"{some}: many answers fit {well}. A descent from 0 leads to the one with the smallest sum of "
            f"squared coefficients ({units}), a descent from elsewhere to the nearest one."
        )
    for sentence in told:
        warnings.warn(sentence, CollinearityWarning, stacklevel=5)
