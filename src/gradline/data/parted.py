"""A table in parts that several processes read side by side: what is gathered of them travels, rows never do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial, reduce
from itertools import accumulate
from typing import Any, Self

from gradline.data.columns.design import Design
from gradline.data.columns.growing import refuse_keys
from gradline.data.columns.terms import Terms
from gradline.data.file_parts import files_of, parts_of, rows_worth_a_part, text_as_asked
from gradline.data.found_in_parts import (
    all_bad_files,
    all_rows,
    bad_files,
    levels_of,
    merged_levels,
    refuse_spread,
    rows_of,
)
from gradline.data.groups import ByArray
from gradline.data.part import Placed, Runner, State
from gradline.data.readers.bad_files import TolerantReader
from gradline.data.roles import find_column
from gradline.data.source import Source
from gradline.data.table_source import TableSource
from gradline.data.tally import Tally

LEAST_ROWS = "least rows of a part"


class PartedSource(TableSource):
    """A table whose parts are read by others: a pass gathers a small state of each, and merges these in order.

    Parameters
    ----------
    whole : TableSource
        The table; its reader has `only(part)`, which is what lies in one part, for whoever reads that.
    parts : sequence
        In the order of their rows.
    run : Runner
    collection : hashable
        Of rows that lie in no file: differs where they do.
    least_rows : int, optional
        Of files: how many rows a part has at least, where it can.
    here : bool
        Whether `run` stays in this process.
    parts_with : (groups) -> (parts, groups), optional
        Where parts hold no more than the columns of the fit: the same rows with what groups them (columns, labels that
        lie with the parts, or arrays, which are given back), and what that is called there.

    Examples
    --------
    A part may lack a level that others have, or have no rows:

    >>> from gradline.moments.by_threads import by_threads
    >>> from gradline.data.source import open_source
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name, rows in {"a": "Rome,2", "b": "Bonn,1"}.items():
    ...         _ = (Path(folder) / f"{name}.csv").write_text(f"city,price\\n{rows}\\n")
    ...     sales = parted(open_source(folder, target="price"), by_threads)
    ...     print(len(sales.parts), sales.feature_names)
    2 ('city[T.Rome]',)
    """

    def __init__(
        self,
        whole: TableSource,
        parts: Sequence[Any],
        run: Runner,
        *,
        collection: Hashable = None,
        least_rows: int | None = None,
        here: bool = False,
        parts_with: Callable[[Sequence[Any]], tuple[Sequence[Any], Sequence[Any]]] | None = None,
    ) -> None:
        super().__init__(
            whole.reader,
            whole.roles,
            whole.design,
            missing=whole.missing,
            batch_rows=whole.batch_rows,
            frequencies=whole.frequencies,
        )
        self.parts, self._collection, self._run = parts, collection, run
        self.least_rows, self.here = least_rows, here
        self._looked = False
        self._parts_with = parts_with
        self._rows_of_parts: Sequence[int] = ()

    @property
    def identity(self) -> dict[str, Any]:
        """What the parts of these `files`, or of a collection, are: by names, for checkpoints.

        Bad files that are to be left out are looked for first, as other files would take their places.
        """
        if self.least_rows is None:
            return {"collection": self._collection}
        self._leave_out_bad_files()
        left_out = sorted(getattr(self.reader, "skipped", ()))
        return {LEAST_ROWS: self.least_rows, "files left out": left_out, **text_as_asked(self)}

    @property
    def files(self) -> dict[str, Any]:
        """See `gradline.data.file_parts.files_of`; none of a collection."""
        return {} if self.least_rows is None else files_of(self)

    def gathered(
        self,
        of: Callable[[TableSource], State],
        merged: Callable[[State, State], State],
        first: int = 0,
        parts: Sequence[Any] | None = None,
        *,
        in_rounds: bool = False,
    ) -> Iterator[tuple[int, State]]:
        """States of runs of neighbouring parts from part `first` on, with the number of parts in each.

        `of` and `merged` travel to the processes that hold the rows. A part is a source that leaves out rows with
        missing cells, whatever `missing` says: `settle` is told of them in the end. `parts` are the source's own, or
        those that `placed` gave. Where what has come in is to be kept, `in_rounds` has it come in during the pass, and
        not at its end only.
        """
        self._leave_out_bad_files()
        parts = self.parts if parts is None else parts
        if first < len(parts):
            yield from self._run(of, self._whole(), parts[first:], merged)

    def whole(self, of: Callable[[TableSource], State], merged: Callable[[State, State], State]) -> State:
        """The state of all parts; of the arguments see `gathered`."""
        states = [state for _, state in self.gathered(of, merged)]
        if not states:  # Parquet without row groups
            raise Tally().empty(self.name)
        return reduce(merged, states)

    def placed(self, groups: Sequence[Any] = ()) -> list[Placed]:
        """The parts, each with the number of rows before it and with what groups its rows, for `gathered`.

        How many rows a part has, Parquet says, or the pass of the fit has found; else this takes a pass of its own.
        Row numbers count the rows that are left out. Columns stay where they are; of an array of labels, one for each
        row, each part is given its own.

        Raises
        ------
        DataError
            Where a column is absent, or an array does not have one label a row.
        """
        self._leave_out_bad_files()
        asked = [find_column(self.name, self.column_names, g) if isinstance(g, str) else g for g in groups]
        parts, found = (self.parts, asked) if self._parts_with is None else self._parts_with(asked)
        rows = self._rows_of_each()
        before = list(accumulate(rows, initial=0))
        by = [group if isinstance(group, str) else ByArray(group) for group in found]
        for labels in by:
            if isinstance(labels, ByArray):
                labels.at_the_end(before[-1])
        return [
            Placed(part, start, tuple(g.of_rows(start, count) if isinstance(g, ByArray) else g for g in by))
            for part, start, count in zip(parts, before[:-1], rows, strict=True)
        ]

    def _rows_of_each(self) -> Sequence[int]:
        """Rows of each part, usable or not."""
        told = [rows for part in self.parts if (rows := getattr(part, "rows", None)) is not None]
        if len(told) == len(self.parts):
            return told
        if len(self._rows_of_parts) != len(self.parts):
            self._rows_of_parts = self.whole(rows_of, all_rows)[0].each_read
        return self._rows_of_parts

    def settle(self, design: Design, tally: Tally) -> None:
        """Take in what the parts have found, merged; raises what a pass over all of the rows would have raised."""
        if self.missing == "error" and tally.rows_dropped:
            raise tally.error(self.name, self.leaves_out)
        if not tally.used:
            raise tally.empty(self.name)
        if not self.design.known:
            levels = {column.name: column.levels or () for column in design.categories.columns}
            features = self.design.raw if isinstance(self.design, Terms) else ()
            refuse_keys(self.design.categories, levels, tally.used, self.name, features)
            self.design = self.design.with_levels(levels)
            refuse_spread(self.design, tally, self.name)
        self._tally, self._order = tally, None
        self._rows_of_parts = tally.each_read

    def cut(self, rows: int) -> Self:
        """The same files in other parts, of at least so many rows."""
        same = copy.copy(self)
        same.parts, same.least_rows = parts_of(self, rows), rows
        return same

    def laid_out_as(self, design: Design) -> PartedSource:
        """See `TableSource.laid_out_as`."""
        same = copy.copy(self)
        same.design, same._tally = super().laid_out_as(design).design, Tally()
        return same

    def alone(self) -> TableSource:
        """The same rows for one process that reads all of them, where it can reach them."""
        source = TableSource.laid_out_as(self, self.design)
        source._tally = self._tally
        if isinstance(self.reader, TolerantReader):
            source.reader = self.reader.sound()
        return source

    def _known_design(self) -> Design:
        if not self.design.known:
            self.settle(*self.whole(levels_of, partial(merged_levels, table=self.name)))
        return self.design

    def _leave_out_bad_files(self) -> None:
        """Look at every file first, where bad ones are to be left out."""
        reader = self.reader
        if isinstance(reader, TolerantReader) and not self._looked:
            states = (state for _, state in self._run(bad_files, self._whole(), self.parts, all_bad_files))
            nothing: tuple[dict[str, str], Tally] = {}, Tally()
            bad = reduce(all_bad_files, states, nothing)[0]
            self.parts = [part for part in self.parts if reader.parts[part.file].place.path not in bad]
            self._looked = True
            reader.leave_out(bad)

    def _whole(self) -> TableSource:
        """The same without what runs it, to be sent to the parts."""
        design = self.design
        return TableSource(self.reader, self.roles, design, batch_rows=self.batch_rows, frequencies=self.frequencies)


def parted(source: Source, run: Runner, rows: int | None = None, *, here: bool = False) -> PartedSource:
    """A source on files, in parts: of Parquet runs of row groups, of other kinds the files.

    A part has at least so many `rows`, where it can; by default as many as are worth a task of their own.

    Raises
    ------
    DataError
        Where its rows lie in no file.
    """
    rows = rows_worth_a_part(source) if rows is None else rows
    parts = parts_of(source, rows)
    assert isinstance(source, TableSource)
    return PartedSource(source, parts, run, least_rows=rows, here=here)
