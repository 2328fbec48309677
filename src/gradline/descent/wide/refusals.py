"""What a problem with many features is refused for, and what is told of its columns."""

from __future__ import annotations

import warnings

import numpy as np

from gradline.data.source import Source
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


def refuse_extreme(columns: Columns, names: tuple[str, ...], dtype: str) -> None:
    """A descent multiplies columns by themselves: where that overflows or vanishes there is no curvature to see."""
    limits = np.finfo(dtype)
    with np.errstate(all="ignore"):
        square = columns.variance + columns.mean**2
        bad = ~(square <= limits.max) | ((square < limits.tiny) & ((columns.mean != 0) | (square > 0)))
        lost = (columns.squares == 0) & (columns.rest != 0)
    for j in np.flatnonzero(bad | lost)[:1]:
        what = "the target" if j == len(names) else f"column '{names[j]}'"
        raise DataError(
            f"the square of {what} (of size {abs(columns.mean[j]):.2g}) is beyond {dtype}",
            hint="rescale it" if dtype == "float64" else "dtype='float64', or learning_rate='auto', which rescales",
        )


def warn_of(source: Source, columns: Columns, flat: bool, apart: float, bias: bool, options: Options) -> None:
    """What a reader must know of the columns; `apart`: by how much those differ that were taken for equal."""
    names, spread = source.feature_names, columns.squares[:-1]
    idle = np.flatnonzero(spread == 0 if bias else (spread == 0) & (columns.mean[:-1] == 0))
    if len(idle) == len(names):
        what = "is constant in" if bias else "is zero in every row of"
        raise DataError(
            f"every feature {what} {source.name}: there is nothing to descend", hint="give a column that varies"
        )
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
