"""What the weights of some rows were, for those who read the result, and how much they may add up to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gradline.errors import DataError

Weights = Literal["analytic", "frequency"]


@dataclass(frozen=True, slots=True)
class Weighting:
    """Rows were weighted.

    Attributes
    ----------
    column : str
    kind : {"analytic", "frequency"}
    zero_rows : int
        Rows of weight zero, which are no rows.

    Examples
    --------
    >>> print(Weighting("w", "frequency", zero_rows=3).note)
    Weighted by w, as frequencies; 3 rows of weight zero left out
    """

    column: str
    kind: Weights
    zero_rows: int = 0

    @property
    def note(self) -> str:
        """In words."""
        kind = (
            "as frequencies" if self.kind == "frequency" else "analytically: log-likelihood, AIC and BIC without log w"
        )
        plural = "s" if self.zero_rows != 1 else ""
        zero = f"; {self.zero_rows:,} row{plural} of weight zero left out" if self.zero_rows else ""
        return f"Weighted by {self.column}, {kind}{zero}"


def check_total(weight: float, name: str = "the weights") -> None:
    """Refuse weights that add up to more than float64 holds: DataError."""
    if not math.isfinite(weight):
        raise DataError(f"the sum of {name} is beyond float64", hint="a common factor of the weights changes nothing")
