"""Many files as one table, one after the other."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from gradline.data.cells import MISSING_WORDS, NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.readers.columnar import ColumnarReader, ParquetReader
from gradline.data.readers.finding import Part
from gradline.data.readers.places import Place
from gradline.data.readers.reader import Cells, Cut, Piece, Reader, labels_of
from gradline.data.roles import listed
from gradline.data.text.cells import Form, form_of, from_text
from gradline.errors import DataError

PARQUET = re.compile(r"\.(parquet|pq)$", re.IGNORECASE)
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # how Hive, Spark and pyarrow write a key that is null


class ManyReader:
    """The files of a folder or a glob; folders named key=value are columns too. Opened one at a time.

    `cure` is what could be done about one of several that cannot be read, beside what is wrong with it; `asked` how
    text is to be read, as `open_place` takes it. `first` is the first file, opened: the others are read as it is.
    """

    def __init__(
        self,
        name: str,
        parts: Sequence[Part],
        open_place: Callable[[Place, Reader | None], Reader],
        cure: str | None = None,
        asked: Mapping[str, str | None] | None = None,
    ) -> None:
        self.name = name
        self.parts = parts
        self.asked = asked or {}
        self._open_place = open_place
        self._cure = cure if len(parts) > 1 else None
        self._cut: Cut | None = None
        self.first = self._opened(parts[0], None)
        self.column_names = self._names(self.first, parts[0])
        self.labels = labels_of(self.first)
        self._key_forms = {key: self._form(key) for part in parts for key in part.keys}
        self._found = dict(self._kinds_found())

    @property
    def columns_of(self) -> str:
        """Whose columns these are, for messages: those of the first file."""
        return f"{self.first.name} (the first file of {self.name})"

    def kinds(self) -> dict[str, Kind]:
        """What each column holds, in the first file that tells, and the keys of the folders."""
        return {key: form.kind for key, form in self._key_forms.items()} | {
            name: kind for name, (kind, _) in self._found.items()
        }

    def agree(self, columns: Sequence[str] | None) -> None:
        """Refuse files that lack one of the columns; None: files whose columns are not all the same."""
        for part in self.parts:
            self._checked(part, columns)

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`; rows of a NotANumber count within its file."""
        for part in self.parts:
            reader = self._checked(part, columns)
            if self._cut is not None and isinstance(reader, ParquetReader):
                reader = reader.only(self._cut)
            own = [name for name in columns if name in reader.column_names]
            blocks = reader.read(own or reader.column_names[:1], rows, [name for name in texts if name in own])
            yield from self._told(reader, self._complete(part, columns, own, blocks, texts))

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Piece]:
        """Those of each file in turn; none where the files are not all Parquet."""
        if not (isinstance(self.first, ParquetReader) and all(PARQUET.search(part.place.path) for part in self.parts)):
            return
        before = 0
        for part in self.parts:
            reader = self._checked(part, columns)
            assert isinstance(reader, ParquetReader)
            own = [name for name in columns if name in reader.column_names]
            for piece in reader.pieces(own or reader.column_names[:1], rows):
                yield piece._replace(
                    rows_before=before, read=partial(self._with_keys, part, reader, columns, own, piece)
                )
                before += piece.rows

    def cuts(self, rows: int) -> list[Cut]:
        """Parts for processes that each read one: the files, of Parquet in runs of row groups of so many rows."""
        cuts: list[Cut] = []
        before: int | None = 0
        for number, part in enumerate(self.parts):
            reader = self._opened(part, self.first)
            if not isinstance(reader, ParquetReader):
                cuts.append(Cut(number))
                before = None
                continue
            for cut in reader.cuts(rows):
                cuts.append(cut._replace(file=number, rows_before=before))
                before = None if before is None or cut.rows is None else before + cut.rows
        return cuts

    def only(self, cut: Cut) -> ManyReader:
        """Those rows; called by the name of their file where it is not known how many rows of others come before."""
        some = copy.copy(self)
        some.parts, some._cut = [self.parts[cut.file]], cut
        if cut.rows_before is None:
            some.name = some.parts[0].place.name
        return some

    def _with_keys(
        self, part: Part, reader: Reader, columns: Sequence[str], own: Sequence[str], piece: Piece
    ) -> Iterator[list[Cells]]:
        return self._told(reader, self._complete(part, columns, own, piece.read(), ()))

    def _complete(
        self,
        part: Part,
        columns: Sequence[str],
        own: Sequence[str],
        blocks: Iterator[list[Cells]],
        texts: Collection[str],
    ) -> Iterator[list[Cells]]:
        """Blocks of a file, with what the names of its folders say."""
        keys = {key: self._key(key, part, key in texts) for key in columns if key not in own}
        for block in blocks:
            cells = dict(zip(own, block, strict=False))
            yield [cells[name] if name in cells else _repeated(keys[name], len(block[0])) for name in columns]

    def _kinds_found(self) -> Iterator[tuple[str, tuple[Kind, str]]]:
        """Of each column of the first file its kind, and the file that tells: one whose cells are not all null."""
        kinds = self.first.kinds()
        unknown = {name for name in kinds if _is_null(self.first, name)}
        yield from ((name, (kind, self.first.name)) for name, kind in kinds.items())
        for part in self.parts[1:]:
            if not unknown:
                break
            reader = self._opened(part, self.first)
            told = {name for name in unknown.intersection(reader.column_names) if not _is_null(reader, name)}
            yield from ((name, (reader.kinds()[name], reader.name)) for name in told)
            unknown -= told

    def _opened(self, part: Part, first: Reader | None) -> Reader:
        with self._with_cure():
            return self._open_place(part.place, first)

    @contextmanager
    def _with_cure(self) -> Iterator[None]:
        """A hint besides on a file that cannot be read."""
        try:
            yield
        except DataError as error:
            if self._cure is not None:
                and_then = " " if (error.hint or "").endswith("?") else "; or "
                error.hint = f"{error.hint}{and_then}{self._cure}" if error.hint else self._cure
            raise

    def _told(self, reader: Reader, blocks: Iterator[list[Cells]]) -> Iterator[list[Cells]]:
        """The same; a cell that is no number knows its file."""
        try:
            with self._with_cure():
                yield from blocks
        except NotANumber as cell:
            cell.table = reader.name
            raise

    def _form(self, key: str) -> Form:
        import pyarrow as pa

        return form_of(pa.concat_arrays([_text(part.keys[key]) for part in self.parts if key in part.keys]))

    def _key(self, key: str, part: Part, as_text: bool) -> Cells:
        cell = _text(part.keys[key])
        return Labels.of_text(cell, MISSING_WORDS) if as_text else from_text(cell, key, self._key_forms[key])

    @staticmethod
    def _names(reader: Reader, part: Part) -> tuple[str, ...]:
        own = reader.column_names
        return type(own)((*own, *(key for key in part.keys if key not in own)))

    def _checked(self, part: Part, columns: Sequence[str] | None) -> Reader:
        reader = self._opened(part, self.first)
        names = self._names(reader, part)
        needed = [name for name in self.column_names if name not in self.labels] if columns is None else columns
        lacking = [name for name in needed if name not in names]
        if lacking:
            raise DataError(
                f"{reader.name} has no column {lacking[0]!r}, which {self.first.name} has; it has {listed(names)}",
                hint=None if columns else "name the columns to use, if all files have those: features=[...]",
            )
        further = [name for name in names if name not in self.column_names and name not in labels_of(reader)]
        if further and columns is None:
            raise DataError(
                f"{reader.name} has a column {further[0]!r}, which {self.first.name} has not",
                hint="name the columns to use: features=[...]",
            )
        own = [name for name in needed if name in reader.column_names]
        if isinstance(reader, ColumnarReader):  # text is read as that of the first file, or else refused
            self._refuse_other_kinds(reader, own)
        for name in needed:
            kind, file = self._found.get(name, (None, ""))
            if kind is not None and name not in own and kind is not self._key_forms[name].kind:
                raise DataError(
                    f"column {name!r} of {reader.name} is a {self._key_forms[name].kind.value}, by the name of its "
                    f"folder, but a {kind.value} in {file}",
                    hint="write it into all of the files, or leave the column out: features=[...]",
                )
        return reader

    def _refuse_other_kinds(self, reader: ColumnarReader, columns: Sequence[str]) -> None:
        """A column of dates in one file and of numbers in another would mix units; one of nulls alone has no kind."""
        others = reader.kinds()
        for name in columns:
            kind, file = self._found.get(name) or (self._key_forms[name].kind, self.first.name)
            if kind is not others[name] and not reader.is_null(name):
                raise DataError(
                    f"column {name!r} of {reader.name} is a {others[name].value}, but a {kind.value} in {file}",
                    hint="write the files with one type a column, or leave the column out: features=[...]",
                )


def _is_null(reader: Reader, name: str) -> bool:
    """Whether a column has the type of one that never held a value; in text such a column is one of numbers."""
    return isinstance(reader, ColumnarReader) and reader.is_null(name)


def _text(value: str) -> Any:
    """One cell, of the key that a folder is named by."""
    import pyarrow as pa

    return pa.array([None if value == NO_VALUE else value], pa.string())


def _repeated(cell: Cells, rows: int) -> Cells:
    index = np.zeros(rows, dtype=np.intp)
    return cell.take(index) if isinstance(cell, Labels) else np.take(cell, index)
