"""Rows to predict: the features alone, found by name, every row in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gradline.data.blocks import stacked
from gradline.data.cells import NotANumber
from gradline.data.files import reader_of
from gradline.data.many import ManyReader
from gradline.data.reader import Reader
from gradline.data.roles import Roles, find_column, listed, not_a_number
from gradline.data.table_source import BATCH_ROWS
from gradline.data.tally import Tally
from gradline.errors import DataError
from gradline.solution import Array


@dataclass(slots=True)
class FeatureTable:
    """A file as rows of features, in whatever order its columns are, with whatever others beside them.

    Attributes
    ----------
    name : str
    blank : int
        Rows of NaN that the last pass gave, for rows with a missing or infinite cell.
    """

    reader: Reader
    features: tuple[str, ...]
    missing: Literal["error", "blank"] = "error"
    blank: int = field(default=0, init=False)

    @classmethod
    def of(
        cls,
        path: str | os.PathLike[str],
        features: Sequence[str],
        missing: Literal["error", "blank"] = "error",
    ) -> FeatureTable:
        """Open a table in a file, or in those of a folder or a glob, that has these columns.

        Raises
        ------
        DataError
            Where the file is not there or is no table, and where columns are absent: all of them are named.
        """
        reader = reader_of(path)
        have = {str(name).strip() for name in reader.column_names}
        absent = [name for name in features if name.strip() not in have]
        if len(absent) > 1:
            raise DataError(
                f"{reader.name} has no columns {listed(absent)}; it has {listed(reader.column_names)}",
                hint=f"the model needs the columns it was fitted to: {listed(list(features))}",
            )
        found = tuple(find_column(reader.name, reader.column_names, name) for name in features)
        if isinstance(reader, ManyReader):
            reader.agree(found)
        return cls(reader, found, missing)

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.reader.name

    def blocks(self) -> Iterator[Array]:
        """Start a pass: X (rows, features), all rows in their order; under "blank" an unusable one is all NaN.

        Raises
        ------
        DataError
            Where a cell holds no number; under "error" also where one is missing or infinite, after counting them all.
        """
        tally = Tally()
        try:
            for columns in self.reader.read(self.features, BATCH_ROWS):
                good = tally.usable(self.features, columns)
                if self.missing == "error" and tally.rows_dropped:
                    continue  # read on, to count them all before saying so
                X = stacked(columns)
                if good is not None:
                    X[~good] = np.nan
                yield X
        except NotANumber as cell:
            # The columns are those of the model: there are no others to advise.
            roles = Roles(self.features, "", None)
            raise not_a_number(cell, cell.table or self.name, roles, ()) from None
        if self.missing == "error" and tally.rows_dropped:
            raise DataError(
                tally.error(self.name).message,
                hint="fill the cells; or missing='blank' leaves the predictions of such rows empty",
            )
        self.blank = tally.rows_dropped
