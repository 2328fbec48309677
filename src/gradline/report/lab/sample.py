"""Rows kept by chance while all of them stream by: what the page draws of a table of any length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.solution import Array

SEED = 20  # any: what matters is that the same table gives the same page


class Reservoir:
    """At most `size` rows of a stream, each equally likely; in memory that does not grow with it.

    Row t (from 0) takes the place of a kept one with probability size / (t + 1): algorithm R of Vitter (1985,
    "Random sampling with a reservoir", ACM Transactions on Mathematical Software 11, section 2).

    Examples
    --------
    >>> few = Reservoir(3, columns=1)
    >>> for start in range(0, 100, 10):
    ...     few.add(np.arange(start, start + 10.0)[:, None])
    >>> few.seen, few.rows.shape
    (100, (3, 1))
    """

    def __init__(self, size: int, columns: int) -> None:
        self._kept = np.empty((size, columns))
        self._rng = np.random.default_rng(SEED)
        self.seen = 0

    @property
    def rows(self) -> Array:
        """(rows, columns) what is kept; in the order of the table while all of it fits."""
        return self._kept[: self.seen]

    def add(self, block: Array) -> None:
        """Take the next rows in."""
        size, start = len(self._kept), self.seen
        filling = max(0, min(len(block), size - start))
        self._kept[start : start + filling] = block[:filling]
        later = np.arange(start + filling, start + len(block))
        places = self._rng.integers(0, later + 1)
        chosen = places < size
        self._kept[places[chosen]] = block[filling:][chosen]  # of two rows for one place the later one stays
        self.seen += len(block)


class Sampled:
    """A source that keeps a sample of what passes through it: one pass serves the sums and the picture."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._size = source, size
        self.feature_names, self.target_name, self.name = source.feature_names, source.target_name, source.name
        self.sample = Reservoir(size, len(self.feature_names) + 2)
        self.weighted = False

    @property
    def rows_dropped(self) -> int:
        """Of the source."""
        return self._source.rows_dropped

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """A fresh pass, and a fresh sample of it: (x, y, weight) side by side, all rows equally likely."""
        self.sample = sample = Reservoir(self._size, len(self.feature_names) + 2)
        for batch in self._source.batches(rows, shuffle=shuffle):
            self.weighted = batch.weight is not None
            sample.add(
                np.column_stack([batch.X, batch.y, np.ones(len(batch.y)) if batch.weight is None else batch.weight])
            )
            yield batch
