"""The rows of a table that count, block by block: their cells, what y is of them, and their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from gradline.data.blocks import check_rows
from gradline.data.cells import NotANumber
from gradline.data.columns.formula import Formula
from gradline.data.columns.growing import Growing
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import as_labels
from gradline.data.columns.terms import Terms, as_numbers
from gradline.data.float_arrays import check_whole
from gradline.data.readers.reader import Cells, Reader, numeric_columns
from gradline.data.roles import Roles, not_a_number
from gradline.data.tally import OF_A_SOURCE, Missing, Tally, check_missing
from gradline.data.usable import Usable
from gradline.errors import DataError
from gradline.solution import Array


class RowsThatCount:
    """Rows without missing cells and of weight above zero, as a design needs them; each reading starts afresh.

    Parameters
    ----------
    reader, roles, design, missing, batch_rows, frequencies, rows_before
        See `gradline.data.table_source.TableSource`.
    """

    leaves_out = OF_A_SOURCE  # rows with missing cells: what to tell who would have them left out

    def __init__(
        self,
        reader: Reader,
        roles: Roles,
        design: Terms | Formula,
        *,
        missing: Missing,
        batch_rows: int,
        frequencies: bool,
        rows_before: int | None,
    ) -> None:
        check_missing(missing)
        check_rows(batch_rows)
        self.reader = reader
        self.roles = roles
        self.design = design
        self.missing = missing
        self.batch_rows = batch_rows
        self.frequencies = frequencies
        self._rows_before = rows_before
        self.name = reader.name

    @property
    def is_part(self) -> bool:
        """Whether it has only some rows of a table."""
        return self._rows_before is not None

    def count(self) -> int:
        """How many rows there are, usable or not: one pass over a column."""
        column = self._columns()[:1]
        with self._naming_cells():
            blocks = self.reader.read(column, self.batch_rows, self._texts(()))
            return sum(len(block[0]) for block in blocks)

    def bad_files(self) -> dict[str, str]:
        """What is wrong with those files that are to be left out, by their paths; reads all."""
        look: Callable[..., dict[str, str]] | None = getattr(self.reader, "bad_files", None)
        return {} if look is None else look(self._columns(), self.batch_rows, self._texts(()))

    def refuse_missing(self) -> None:
        """Read the rows once more, and raise the DataError that counts missing and infinite cells, if there are any."""
        for _ in self._usable(Tally()):
            pass

    def levels(self) -> tuple[dict[str, list[str]] | None, Tally]:
        """One pass for the levels of all categories, and what it met; None where no row counts.

        Raises
        ------
        DataError
            Where a category is a key or free text.
        """
        design, tally = self.design, Tally()
        features = design.raw if isinstance(design, Terms) else ()
        growing = Growing(design.categories, self.name, features, some=self.is_part)
        for usable in self._usable(tally):
            # A level of rows that will be left out, as for log(0), does not exist.
            growing.meet(self._computable(usable, tally if self.is_part else Tally()).cells)
        return growing.levels() if growing.rows else None, tally

    def _usable(self, tally: Tally, *, look: bool = True, others: Sequence[str] = ()) -> Iterator[Usable]:
        """The rows that count, block by block; raises where a cell is missing and may not be, once all are read.

        Without a `look` at the cells all rows count. Cells of `others` are read besides, and may be missing.
        """
        of_fit = self._columns()
        names = tuple(dict.fromkeys((*of_fit, *others)))
        with self._naming_cells():
            for block in self.reader.read(names, self.batch_rows, self._texts(others)):
                first = tally.rows_read + (self._rows_before or 0) + 1
                good = None
                cells = self.design.categories.renamed(dict(zip(names, block, strict=True)))
                if look:
                    good = tally.usable(of_fit, [cells[name] for name in of_fit])
                else:
                    tally.passed(len(block[0]))
                if self.missing == "error" and tally.rows_dropped and not isinstance(self.design, Formula):
                    continue  # read on, to count them all before saying so; what a formula computes counts too
                weight = self._weight(cells, first)
                if weight is not None and not weight.all():
                    tally.weightless += int(np.count_nonzero(weight == 0 if good is None else good & (weight == 0)))
                    good = (weight > 0) if good is None else good & (weight > 0)
                if isinstance(self.design, Terms):  # numbers that are categories are named once
                    cells |= {name: as_labels(cells[name]) for name in self.design.categories.raw}
                usable = Usable(cells, weight, np.arange(first, first + len(block[0])))
                yield usable if good is None else usable.take(np.flatnonzero(good))
        if self.missing == "error" and tally.rows_dropped:
            raise tally.error(self.name, self.leaves_out)

    @contextmanager
    def _naming_cells(self) -> Iterator[None]:
        """A cell that is no number becomes a sentence."""
        try:
            yield
        except NotANumber as cell:
            raise not_a_number(cell, cell.table or self.name, self.roles, numeric_columns(self.reader)) from None

    def _computable(self, block: Usable, tally: Tally) -> Usable:
        """The rows of which a formula can be computed; all, where there is none."""
        computed = self.design.computed(block.cells) if isinstance(self.design, Formula) else {}
        good = tally.usable([*computed], [*computed.values()], self._here(block.row)) if computed else None
        return block if good is None else block.take(np.flatnonzero(good))

    def _here(self, row: NDArray[np.intp]) -> NDArray[np.intp]:
        """Their numbers among the rows that are read here, as a Tally has them."""
        return row - (self._rows_before or 0)

    def _columns(self) -> tuple[str, ...]:
        """Every column of the table that is read, each once."""
        left = self.design.left if isinstance(self.design, Formula) else ()
        weight = () if self.roles.weight is None else (self.roles.weight,)
        return tuple(dict.fromkeys((*self.design.raw, *(left or (self.roles.target,)), *weight)))

    def _texts(self, others: Sequence[str]) -> tuple[str, ...]:
        """The columns that are read as labels; a weight is a number, whatever else it is."""
        texts = tuple(name for name in self.design.texts if name != self.roles.weight)
        if not others:
            return texts
        kinds = self.reader.kinds()
        return tuple(dict.fromkeys((*texts, *(name for name in others if kinds[name] is Kind.TEXT))))

    def _response(self, part: Usable) -> Array:
        if isinstance(self.design, Formula) and self.design.left:
            return self.design.response(part.cells)
        return as_numbers(part.cells[self.roles.target])

    def _weight(self, cells: Mapping[str, Cells], first: int) -> Array | None:
        if self.roles.weight is None:
            return None
        weight = as_numbers(cells[self.roles.weight])
        name = f"weight {self.roles.weight!r} of {self.name}"
        negative = np.flatnonzero(weight < 0)
        if negative.size:
            raise DataError(
                f"{name} is negative: {weight[negative[0]]} in row {first + negative[0]}",
                hint="weights are 0 or more: mend the cell, or choose another weight",
            )
        if self.frequencies:
            check_whole(weight, name, first)
        return weight
