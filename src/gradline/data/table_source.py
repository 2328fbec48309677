"""Rows of a table outside memory as a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradline.data.batch import Batch, BatchPiece, rows_at_once
from gradline.data.blocks import LazyBatch, Rows, batches_of, check_rows
from gradline.data.columns.formula import Formula
from gradline.data.columns.growing import Growing
from gradline.data.columns.terms import Column, Layout, Terms, UnseenLevel, in_order
from gradline.data.groups import ByColumn, Grouping, Seen
from gradline.data.readers.reader import Piece, Reader
from gradline.data.roles import Roles, listed
from gradline.data.rows_that_count import RowsThatCount
from gradline.data.skipped import NONE, Skipped
from gradline.data.statistics import S
from gradline.data.tally import Missing, Tally
from gradline.data.usable import Usable
from gradline.data.weighting import Weighting
from gradline.errors import DataError
from gradline.solution import Array

BATCH_ROWS = 65_536


class TableSource(RowsThatCount):
    """Rows of a table outside memory, read afresh at each pass in constant memory.

    The levels of its categories are found by the first pass: one of `growing`, or else a pass of its own, which
    `feature_names` and `batches` start where it has not been made.

    Parameters
    ----------
    reader : Reader
    roles : Roles
    design : Terms or Formula, optional
        How X is made of the columns. Default: each of the features is a number.
    missing : {"error", "drop"}
    batch_rows : int
    frequencies : bool
        Whether a weight says how many rows of the data a row stands for (a whole number), rather than how precise it
        is.
    rows_before : int or None
        Of a part of a table: rows of the table before it, from which its own are counted on. Such a part may hold no
        row that counts, and does not say that a category has too many levels for so few rows. None: a table as a whole.

    Attributes
    ----------
    target_name, name
        As `gradline.data.source.Source` has them.
    design : Terms or Formula
    groups : tuple
        Of a part: what is known to group its rows, as `gradline.data.seen.seen` takes it.
    threads : int or None
        Of a part: how many work on it, others being at work on other parts. None: as many as there are cores.
    """

    groups: tuple[Any, ...] = ()
    threads: int | None = None

    def __init__(
        self,
        reader: Reader,
        roles: Roles,
        design: Terms | Formula | None = None,
        *,
        missing: Missing = "error",
        batch_rows: int = BATCH_ROWS,
        frequencies: bool = False,
        rows_before: int | None = None,
    ) -> None:
        super().__init__(
            reader,
            roles,
            Terms(tuple(map(Column, roles.features))) if design is None else design,
            missing=missing,
            batch_rows=batch_rows,
            frequencies=frequencies,
            rows_before=rows_before,
        )
        self.target_name = roles.target
        self._tally = Tally()
        self._order: list[int] | None = None

    def laid_out_as(self, design: Terms | Formula) -> TableSource:
        """The same rows with X as another design has it, such as that of a fit; it must start from the same columns.

        Raises
        ------
        DataError
            Where it does not.
        """
        theirs, ours = design.kinds, self.design.kinds
        for name, kind in theirs.items():
            if name not in ours:
                raise DataError(f"the features of {self.name} are {listed([*ours])}, expected {listed([*theirs])}")
            if ours[name] is not kind:
                raise DataError(f"column {name!r} of {self.name} is a {ours[name].value}, expected a {kind.value}")
        return TableSource(
            self.reader,
            self.roles,
            design,
            missing=self.missing,
            batch_rows=self.batch_rows,
            frequencies=self.frequencies,
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Of the columns of X; a pass finds the levels of categories where none has yet."""
        return self._known_design().names

    @property
    def intercept(self) -> bool | None:
        """Whether a formula has a constant term; None where no formula says."""
        return self.design.intercept if isinstance(self.design, Formula) else None

    @property
    def rows_read(self) -> int:
        """Rows that the last complete pass met."""
        return self._tally.rows_read

    @property
    def rows_dropped(self) -> int:
        """Rows that the last complete pass left out (`missing="drop"`)."""
        return self._tally.rows_dropped

    @property
    def tally(self) -> Tally:
        """What the last complete pass met."""
        return self._tally

    @property
    def skipped(self) -> Skipped:
        """Files that could not be read, and that the passes so far have left out."""
        return getattr(self.reader, "left_out", NONE)

    @property
    def weighting(self) -> Weighting | None:
        """How rows were weighted in the last complete pass; None where they were not."""
        if self.roles.weight is None:
            return None
        return Weighting(self.roles.weight, "frequency" if self.frequencies else "analytic", self._tally.weightless)

    @property
    def dropped(self) -> dict[str, int]:
        """Rows left out, by the column whose cell was unusable; a row with two such cells counts under both."""
        return self._tally.dropped

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass: batches of exactly `rows` rows (None: blocks as they come, about `batch_rows`).

        `shuffle` permutes the rows within consecutive windows of 262 144 rows (or `rows`, if that is more), so memory
        stays constant: a file sorted by some column is still visited in that order, window by window.
        """
        check_rows(rows)
        self._order = None
        blocks = self._laid_out(self._known_design())
        if rows is None and shuffle is None:
            yield from (LazyBatch.of_layout(partial(X, "F"), width, y, weight) for (width, X), y, weight, _ in blocks)
        else:
            yield from batches_of((Rows(layout.X("C"), y, weight) for layout, y, weight, _ in blocks), rows, shuffle)

    def growing(self) -> Iterator[Batch]:
        """Start a pass that needs to know no levels: X gets wider where new ones are met.

        Each column of X keeps its place and is zero in all rows before its level was met. When the pass is complete,
        `settled` brings what was made of its batches to the columns of `feature_names`. Missing cells of plain numbers
        are left for the sums to notice, which they do at no cost: then `refuse_missing` says which.
        """
        design: Terms | Formula | Growing = self.design if isinstance(self.design, Terms) else self._known_design()
        if isinstance(design, Terms) and not design.known:
            design = Growing(design, self.name, design.raw, some=self.is_part)
        self._order = None
        blocks = self._laid_out(design, look=not self._sums_will_tell())
        yield from (LazyBatch.of_layout(partial(X, "F"), width, y, weight) for (width, X), y, weight, _ in blocks)
        if isinstance(design, Growing):
            self.design, self._order = design.known(), design.order()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Of the columns of the table, any of which may group the rows."""
        return self.reader.column_names

    def seen(self, groupings: Sequence[Grouping] = ()) -> Iterator[Seen]:
        """Start a fresh pass for `gradline.data.seen.seen`: the batches of `batches`, with columns that group rows."""
        others = tuple(grouping.column for grouping in groupings if isinstance(grouping, ByColumn))
        self._order = None
        for (width, X), y, weight, used in self._laid_out(self._known_design(), others=others):
            batch = LazyBatch.of_layout(partial(X, "F"), width, y, weight)
            yield Seen(batch, used.row, tuple(grouping.numbers(used.row, used.cells) for grouping in groupings))
        for grouping in groupings:
            grouping.at_the_end(self.rows_read)

    def pieces(self) -> Iterator[BatchPiece]:
        """The batches of `growing`, in pieces that threads may read side by side; none where that cannot be."""
        cut = getattr(self.reader, "pieces", None)
        if cut is None or not self._sums_will_tell():
            return
        rows = 0
        for piece in cut(self._columns(), self.batch_rows):
            rows += piece.rows
            yield BatchPiece(piece.rows_before, partial(self._batches_of, piece))
        self._order, self._tally = None, Tally(rows_read=rows)

    def _batches_of(self, piece: Piece) -> Iterator[Batch]:
        names, width = self._columns(), len(self.design.names)
        with self._naming_cells():
            for block in piece.read():
                usable = Usable(dict(zip(names, block, strict=True)), None, np.arange(len(block[0])))
                for part in usable.parts(rows_of_width(width)):
                    layout = self.design.layout(part.cells)
                    yield LazyBatch.of_layout(partial(layout.X, "F"), width, self._response(part))

    def settled(self, statistics: S) -> S:
        """Of the columns of `feature_names`, what was gathered from the batches of the last pass; counted, if asked."""
        if self._order is not None:
            statistics = statistics.selected(self._order)
        return statistics.counted() if self.frequencies else statistics

    def _sums_will_tell(self) -> bool:
        """Whether all that is read are numbers, which are in the sums and can be read again to be named."""
        numbers = isinstance(self.design, Terms) and not self.design.categories.columns and self.roles.weight is None
        return numbers and self.missing == "error" and not getattr(self.reader, "once", False)

    def _known_design(self) -> Terms | Formula:
        if not self.design.known:
            levels, tally = self.levels()
            if levels is None:
                raise tally.empty(self.name)
            self.design = self.design.with_levels(levels)
        return self.design

    def _laid_out(
        self, design: Terms | Formula | Growing, *, look: bool = True, others: Sequence[str] = ()
    ) -> Iterator[tuple[Layout, Array, Array | None, Usable]]:
        """X, y and weight of the rows that count, some at a time, and these rows, with cells of `others` besides."""
        tally = Tally()
        used = False
        for block in self._usable(tally, look=look, others=others):
            if isinstance(design, Growing):
                design.meet(block.cells)
            width = design.width if isinstance(design, Growing) else len(design.names)
            for part in self._computable(block, tally).parts(rows_of_width(width)):
                try:
                    layout = design.layout(part.cells)
                except UnseenLevel as unseen:
                    raise self._unseen(unseen, part) from None
                y, weight = self._response(part), part.weight
                if isinstance(self.design, Formula):
                    X = layout.X("F")
                    good = tally.usable([*self.feature_names, self.target_name], [*X.T, y], self._here(part.row))
                    if good is not None:
                        X, y, part = X[good], y[good], part.take(np.flatnonzero(good))
                        weight = part.weight
                    layout = Layout(layout.width, partial(in_order, X))
                if len(y):
                    used = True
                    if self.missing == "drop" or not tally.rows_dropped:
                        yield layout, y, weight, part
        if self.missing == "error" and tally.rows_dropped:
            raise tally.error(self.name, self.leaves_out)
        if not used and not self.is_part:
            raise tally.empty(self.name)
        self._tally = tally

    def _unseen(self, unseen: UnseenLevel, part: Usable) -> DataError:
        return DataError(
            f"column {unseen.column!r} of {self.name} holds the level {unseen.level!r} in row "
            f"{part.row[unseen.index]}, which is none of {listed(unseen.known, 8)}"
        )


def rows_of_width(width: int) -> int:
    """Rows of X to lay out at a time: some MB.

    Where there are many columns up to 32 MB, so that the products of the rows take longer than handing those on.
    """
    return max(rows_at_once(width), min(width // 2, 2**22 // max(width, 1)))
