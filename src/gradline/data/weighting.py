"""What the weights of some rows were, for those who read the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
