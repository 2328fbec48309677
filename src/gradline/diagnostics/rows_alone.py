"""Rows that decide their own fitted value: no covariance learns from them, and some coefficients hang on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.solution import Array

HANGS = 0.01  # share of its classical variance that a coefficient owes to such rows, to be named with them
NAMED = 4


class RowsAlone(NamedTuple):
    """Rows of leverage h = 1, which have no residual, however wide their error is.

    Attributes
    ----------
    rows : int
        One for each, whatever its frequency weight: two copies would share the fitted value.
    total : (k, k) float64
        Sum of z z' over them.
    """

    rows: int
    total: Array

    @classmethod
    def of(cls, block: Block) -> RowsAlone:
        """Those of a block."""
        some = block.z[1.0 - block.leverage <= block.frame.alone]
        return cls(len(some), some.T @ some)

    def merged(self, other: RowsAlone) -> RowsAlone:
        """Those of both."""
        return RowsAlone(self.rows + other.rows, self.total + other.total)

    def note(self, frame: Frame, who: str) -> str:
        """What it means for the covariance called so; empty where there are none."""
        if not self.rows:
            return ""
        one = self.rows == 1
        return (
            f"{self.rows:,} row{' decides its' if one else 's decide their'} own fitted value{'' if one else 's'} "
            f"(leverage 1), so that {who} learns nothing from {'it' if one else 'them'}{self._too_small(frame)}"
        )

    def _too_small(self, frame: Frame) -> str:
        """Which coefficients hang on these rows."""
        share = np.einsum("ij,ij->i", frame.T @ self.total, frame.T) / np.einsum("ij,ij->i", frame.T, frame.T)
        names = [f"'{' '.join(frame.names[j].split())}'" for j in np.flatnonzero(share > HANGS)]
        if not names or frame.df_residual <= 0:
            return ""
        listed = [*names[:NAMED], f"{len(names) - NAMED:,} more"] if len(names) > NAMED else names
        together = f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]
        many = len(names) > 1
        return f"; the standard error{'s'[:many]} of {together}, if any, {'are' if many else 'is'} too small"
