"""The rows of a block of a table that count, and some of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradline.data.columns.labels import Labels
from gradline.data.readers.reader import Cells
from gradline.solution import Array


class Usable(NamedTuple):
    """The rows of a block that count: their cells, and which rows of the table they are, from 1."""

    cells: dict[str, Cells]
    weight: Array | None
    row: NDArray[np.intp]

    def take(self, index: Any) -> Usable:
        """Some of them: a slice, or numbers."""
        cells = {name: taken(column, index) for name, column in self.cells.items()}
        return Usable(cells, None if self.weight is None else self.weight[index], self.row[index])

    def parts(self, rows: int) -> Iterator[Usable]:
        """The same, at most `rows` at a time."""
        if len(self.row) <= rows:
            yield self
            return
        for start in range(0, len(self.row), rows):
            yield self.take(slice(start, start + rows))


def taken(column: Cells, index: Any) -> Cells:
    """Some cells of a column: a slice, or numbers of rows."""
    if isinstance(column, Labels):
        return column.take(index)
    return column[index] if isinstance(index, slice) else np.take(column, index)
