"""One source as two: rows to train on, and rows held out to validate with."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch
from gradline.data.blocks import Rows, batches_of, check_rows
from gradline.data.groups import Grouping, Seen
from gradline.data.seen import seen
from gradline.data.source import Source
from gradline.data.statistics import S
from gradline.data.weighting import Weighting
from gradline.errors import DataError


def held_out(source: Source, share: float, seed: int) -> tuple[Source, Source]:
    """Split a source into rows to train on and rows to validate with, each row into one of them.

    Row k draws u_k, the k-th number of `numpy.random.default_rng(seed).random`, whatever the rows hold. Of rows in
    memory, the round(share * rows) with the smallest u_k are held out; of any other source, every row with
    u_k < share, so that it is read in constant memory. Rows are counted as an unshuffled pass meets them, without
    those that were dropped or have weight zero.

    Parameters
    ----------
    source : Source
    share : float
        Of the rows to hold out, between 0 and 1.
    seed : int
        0 or more: the same seed makes the same split, in every pass and every run.

    Returns
    -------
    training, validation : Source
        Names are those of `source`, and `rows_dropped` counts for both together.

    Raises
    ------
    DataError
        Where `share` is not between 0 and 1, or leaves one side without rows; of a source outside memory the pass
        that finds none says so. For a seed below 0.

    Examples
    --------
    >>> training, validation = held_out(ArraySource(np.arange(10.0)[:, None], np.zeros(10)), 0.3, seed=0)
    >>> [batch.X.ravel().tolist() for part in (training, validation) for batch in part.batches()]
    [[0.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], [1.0, 2.0, 3.0]]
    """
    if not 0 < share < 1:
        raise DataError(f"share={share!r} of the rows cannot be held out", hint="a number between 0 and 1, such as 0.1")
    seed = operator.index(seed)  # a generator, or None, would draw other numbers in the next pass
    if seed < 0:
        raise DataError(f"seed={seed} draws no numbers", hint="a whole number, 0 or more")
    if not isinstance(source, ArraySource):
        return Part(source, share, seed, validation=False), Part(source, share, seed, validation=True)
    rows = len(source.y)
    count = round(share * rows)
    if not 0 < count < rows:
        raise DataError(
            f"holding out {share:g} of the {rows} rows of {source.name} leaves {rows - count} to train on and "
            f"{count} to validate with, expected at least one each",
            hint="hold out another share" if rows > 1 else None,
        )
    order = np.random.default_rng(seed).random(rows).argsort(kind="stable")
    return source.only(np.sort(order[count:])), source.only(np.sort(order[:count]))


class Part:
    """The rows of a source that are held out, or those that are not, chosen afresh in each pass by their numbers.

    Parameters
    ----------
    source : Source
    share : float
    seed : int
        As `held_out` takes them.
    validation : bool
        Whether these are the rows held out.
    """

    def __init__(self, source: Source, share: float, seed: int, *, validation: bool) -> None:
        self.source, self.share, self.seed, self.validation = source, share, seed, validation
        self.feature_names, self.target_name, self.name = source.feature_names, source.target_name, source.name

    @property
    def rows_dropped(self) -> int:
        """Rows that the last pass over the source left out, on either side."""
        return self.source.rows_dropped

    @property
    def weighting(self) -> Weighting | None:
        """How rows are weighted, on either side."""
        return getattr(self.source, "weighting", None)

    @property
    def frequencies(self) -> bool:
        """Whether a weight says how many rows a row stands for, on either side."""
        return bool(getattr(self.source, "frequencies", False))

    @property
    def column_names(self) -> Sequence[str]:
        """Of the columns that may group the rows."""
        return getattr(self.source, "column_names", ())

    def seen(self, groupings: Sequence[Grouping] = ()) -> Iterator[Seen]:
        """Start a fresh pass for `gradline.data.seen.seen`: rows keep the numbers that they have in the source."""
        drawn = np.random.default_rng(self.seed)
        own: Callable[[Sequence[Grouping]], Iterator[Seen]] | None = getattr(self.source, "seen", None)
        for batch, row, groups in seen(self.source) if own is None else own(groupings):
            if own is None:
                groups = tuple(grouping.numbers(row, {}) for grouping in groupings)
            index = np.flatnonzero((drawn.random(len(row)) < self.share) == self.validation)
            if index.size:
                some = Batch.of(*Rows(batch.X, batch.y, batch.weight).pick(index))
                yield Seen(some, row[index], tuple(numbers[index] for numbers in groups))

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass; `shuffle` permutes the rows within windows, see `gradline.data.blocks.batches_of`."""
        check_rows(rows)
        yield from batches_of(self._rows(), rows, shuffle)

    def settled(self, statistics: S) -> S:
        """What was gathered of these rows, as the source would have it."""
        settled: Callable[[S], S] | None = getattr(self.source, "settled", None)
        return statistics if settled is None else settled(statistics)

    def _rows(self) -> Iterator[Rows]:
        """Read in the order of the source, since a row is known by its number there."""
        drawn = np.random.default_rng(self.seed)
        read, used = 0, False
        for batch in self.source.batches():
            read += len(batch)
            index = np.flatnonzero((drawn.random(len(batch)) < self.share) == self.validation)
            if index.size:
                used = True
                yield Rows(batch.X, batch.y, batch.weight).pick(index)
        if not used:
            raise DataError(
                f"holding out {self.share:g} of the {read} rows of {self.name} leaves none to "
                f"{'validate with' if self.validation else 'train on'}",
                hint="hold out another share",
            )
