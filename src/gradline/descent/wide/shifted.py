"""A table centred and scaled as it is multiplied: without a copy, and a sparse one stays sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradline.solution import Array

MILD = 100.0  # spreads: nearer to zero than this, columns lose two digits at most when centred afterwards


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """(X - 1 centre') / scale for X (rows, features), an array or CSR; what products with it need, and no more.

    X v - centre'v cancels where a centre is many scales from zero: use it where none is beyond `MILD`.

    Examples
    --------
    >>> X = np.array([[1.0, 2.0], [3.0, 6.0]])
    >>> rows = Shifted(X, centre=np.array([2.0, 4.0]), scale=np.array([1.0, 2.0]))
    >>> rows @ np.array([1.0, 1.0]), rows.T @ np.array([1.0, 1.0])
    (array([-2.,  2.]), array([0., 0.]))
    """

    X: Any
    centre: Array
    scale: Array

    @property
    def T(self) -> Transposed:  # noqa: N802  # NumPy's name
        """Its transpose."""
        return Transposed(self)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, features."""
        rows, features = self.X.shape
        return rows, features

    def astype(self, dtype: Any, copy: bool = True) -> Shifted:
        """Itself: float64 is all there is."""
        if np.dtype(dtype) != np.float64:
            raise TypeError(f"a shifted table is float64, not {dtype}")
        return self

    def __matmul__(self, v: Array) -> Array:
        scaled = v / self.scale
        product: Array = self.X @ scaled - self.centre @ scaled
        return product


@dataclass(frozen=True, slots=True, eq=False)
class Transposed:
    """The transpose of a `Shifted` table."""

    table: Shifted

    def __matmul__(self, r: Array) -> Array:
        product: Array = (self.table.X.T @ r - self.table.centre * r.sum()) / self.table.scale
        return product
