"""The cells of a category: for each row the number of its level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.arrow import plain
from gradline.solution import Array

MISSING = -1


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Cells of a category. Levels are those of these rows, in any order; other rows may have others.

    Attributes
    ----------
    codes : (rows,) int32
        Which of the levels; -1 where the cell is missing.
    levels : tuple of str
        Each once; not all of them need to occur.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(rows,) where a cell is missing."""
        return np.equal(self.codes, MISSING)

    def take(self, index: Any) -> Labels:
        """Some of the rows: a slice, or numbers of rows."""
        return Labels(self.codes[index], self.levels)

    @classmethod
    def of_text(cls, cells: Any, missing_words: tuple[str, ...] = ()) -> Labels:
        """An Arrow array or chunked array, plain or dictionary-encoded; of strings, what is blank counts as missing.

        Padding is trimmed. What is no string, as in a column that a database or pandas calls a category of numbers, is
        named as `of_numbers` does.

        Parameters
        ----------
        cells : pyarrow.Array or pyarrow.ChunkedArray
        missing_words : tuple of str
            Levels that stand for a missing cell, beside null.

        Examples
        --------
        >>> import pyarrow as pa
        >>> labels = Labels.of_text(pa.array(["north", " south ", None, "north ", "NA"]), missing_words=("NA",))
        >>> labels.codes.tolist(), labels.levels
        ([0, 1, -1, 0, -1], ('north', 'south'))
        """
        import pyarrow as pa

        if pa.types.is_null(cells.type):
            return cls(np.full(len(cells), MISSING, dtype=np.int32), ())
        encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # of no chunks, in some versions
            encoded = pa.concat_arrays(encoded.chunks)
        codes = plain(encoded.indices.cast(pa.int32()), MISSING)
        words = [word_of(cell) for cell in encoded.dictionary.to_pylist()]
        return cls._numbered(codes, [None if word in missing_words else word for word in words])

    @classmethod
    def of_numbers(cls, cells: Array) -> Labels:
        """Numbers taken as names: whole ones without a decimal point; NaN is missing.

        Examples
        --------
        >>> Labels.of_numbers(np.array([3.0, 0.5, np.nan, 3.0])).levels
        ('0.5', '3')
        """
        numbers, codes = np.unique(cells, return_inverse=True)
        return cls._numbered(codes.astype(np.int32), [word_of(number) for number in numbers.tolist()])

    def renamed(self, names: Sequence[str | None]) -> Labels:
        """The same rows by other names of the levels, those that are equal as one; None: missing.

        Examples
        --------
        >>> Labels(np.array([0, 1, -1], dtype=np.int32), ("01", "1")).renamed(["1", "1"]).codes.tolist()
        [0, 0, -1]
        """
        return self if tuple(names) == self.levels else self._numbered(self.codes, names)

    @classmethod
    def _numbered(cls, codes: NDArray[np.int32], words: Sequence[str | None]) -> Labels:
        """Number the words afresh, those that are equal as one."""
        levels = tuple(dict.fromkeys(word for word in words if word is not None))
        place = {level: number for number, level in enumerate(levels)}
        fresh = np.array([*(MISSING if word is None else place[word] for word in words), MISSING], dtype=np.int32)
        return cls(fresh[codes], levels)  # -1 finds the last, which is missing


def as_labels(cells: Array | Labels) -> Labels:
    """Numbers become names where they stand for categories."""
    return cells if isinstance(cells, Labels) else Labels.of_numbers(cells)


def word_of(cell: Any) -> str | None:
    """The name of a level; None where the cell is missing."""
    if cell is None or isinstance(cell, str):
        return (cell or "").strip() or None
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, int | float | Decimal):
        return str(int(cell)) if math.isfinite(cell) and cell == int(cell) else repr(float(cell))
    return str(cell)
