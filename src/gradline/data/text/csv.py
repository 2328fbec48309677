"""Tables in delimited text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradline.data.arrow import plain
from gradline.data.cells import EXACT_INTEGERS, MISSING_WORDS
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.readers.reader import Cells
from gradline.data.roles import FirstLine
from gradline.data.text import csv_chunks
from gradline.data.text.cells import CONVERSIONS, Decimal, Form, form_of, from_text, labels_of
from gradline.data.text.csv_chunks import BLANKS, QUOTED, Chunk, Ragged, before_field, chunks, fields, whole_rows
from gradline.data.text.csv_header import read_header
from gradline.data.text.file import TextFile
from gradline.data.text.reader import TextReader
from gradline.errors import DataError, DataWarning

# Looking for every word costs a quarter of the parsing: only for files that have one. Columns padded to equal width
# have blanks of many spaces: knowing them spares such a file the slower way as text.
FEW_WORDS = ("",)
MANY_WORDS = MISSING_WORDS + tuple(" " * width for width in range(1, 33))


POINTED = re.compile(r"^([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)$", re.ASCII)


class CsvReader(TextReader[Chunk]):
    """A delimited text file with a header line.

    The text is cut into chunks of whole rows, which threads parse in parallel: straight into numbers, or, where
    that fails, as text that is trimmed, converted, and able to tell which cell is wrong. Names and fields may be
    padded with spaces. Blank lines are skipped. `gradline.data.cells.MISSING_WORDS` count as missing.

    Parameters
    ----------
    file : TextFile
    decimal : "." or ","
        What separates the decimals of a number.
    forms : mapping of str to Form, optional
        How columns are written in another file of the same table. Default: as the first megabyte tells.
    """

    def __init__(self, file: TextFile, decimal: Decimal = ".", forms: Mapping[str, Form] | None = None) -> None:
        self.file = file
        self.name = file.name
        self.decimal = decimal
        self._sample = file.head()
        names, self.delimiter, self._header_bytes = read_header(self._sample, self.name, decimal)
        self.column_names = FirstLine(names)
        self._positions = {name: j for j, name in enumerate(self.column_names)}
        self._line_end = b"\n" if b"\n" in self._sample else b"\r"
        before = before_field(self.delimiter)
        self._padded_quote = re.compile(before + rb' +"')
        self._quoted_field = re.compile(rb"(" + before + rb") *(" + QUOTED + rb")")
        self._words: tuple[str, ...] = FEW_WORDS
        self._warned = False
        self._known_forms = {name: form for name, form in (forms or {}).items() if name in self.column_names}
        self._warn_of_encoding(self.column_names)

    @cached_property
    def forms(self) -> dict[str, Form]:
        """How each column is written; rows of the sample that have too few or too many fields do not count."""
        rows = whole_rows(self._sample[self._header_bytes :], self._line_end, self.delimiter)
        sample = Chunk(squeezed(rows) if self.delimiter == BLANKS else rows, 0)
        try:
            table = self._parse(sample, range(len(self.column_names)), skip_ragged=True)
        except Ragged:  # not one row that could tell
            return dict.fromkeys(self.column_names, Form(Kind.NUMBER, decimal=self.decimal)) | self._known_forms
        forms = {
            name: form_of(column.combine_chunks(), self.decimal)
            for name, column in zip(self.column_names, table.columns, strict=True)
            if name not in self._known_forms
        }
        return forms | self._known_forms

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`."""
        try:
            yield from super().read(columns, rows, texts)
        except Ragged as row:
            raise DataError(f"line {row.line} of {self.name} {row.what}", hint=row.hint) from None

    def _chunks(self) -> Iterator[Chunk]:
        with self.file.opened() as file:
            header = b""
            while len(header) < self._header_bytes and (data := file.read(csv_chunks.CHUNK_BYTES)):
                header += data
            first, header = header[self._header_bytes :], header[: self._header_bytes]
            if header != self._sample[: self._header_bytes]:
                raise DataError(
                    f"{self.name} has changed since it was opened: its first line is another",
                    hint="fit it again once nothing writes to it",
                )

            def pieces() -> Iterator[bytes]:
                yield first
                while data := file.read(csv_chunks.CHUNK_BYTES):
                    yield data

            yield from chunks(pieces(), header.count(self._line_end), self._line_end, self.delimiter)

    def _cells(self, chunk: Chunk, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        import pyarrow as pa

        if self.delimiter == BLANKS:
            chunk = Chunk(squeezed(chunk.text), chunk.lines_before)
        positions = [self._positions[name] for name in columns]
        types = {j: self._type(name, name in texts) for j, name in zip(positions, columns, strict=True)}
        table = self._typed(chunk, positions, types)
        if table is None:
            table = self._parse(chunk, positions)
        cells: list[Cells] = []
        for name, column in zip(columns, table.columns, strict=True):
            if name in texts:
                labels = labels_of(column.combine_chunks(), name)
                if self.decimal == "," and self.forms[name].kind is Kind.NUMBER:
                    labels = labels.renamed([POINTED.sub(r"\1.\2", level) for level in labels.levels])
                cells.append(labels)
            elif pa.types.is_floating(column.type):
                cells.append(plain(column))
            else:
                cells.append(from_text(column.combine_chunks(), name, self.forms[name]))
        return cells

    def _type(self, name: str, is_text: bool) -> Any:
        import pyarrow as pa

        if is_text:
            return pa.dictionary(pa.int32(), pa.string())
        return pa.string() if self.forms[name].kind in CONVERSIONS else pa.float64()

    def _typed(self, chunk: Chunk, positions: Sequence[int], types: Mapping[int, Any]) -> Any:
        """The columns in their types; None where some cell has to be looked at as text."""
        import pyarrow as pa

        words = self._words
        try:
            table = self._parse(chunk, positions, types, words)
        except pa.ArrowInvalid:
            self._words = MANY_WORDS
            return None if words is MANY_WORDS else self._typed(chunk, positions, types)
        numbers = (plain(column) for column in table.columns if pa.types.is_floating(column.type))
        # Integers beyond 2^53 may have been rounded; the text still tells.
        return None if any((np.abs(column) >= EXACT_INTEGERS).any() for column in numbers) else table

    def _parse(
        self,
        chunk: Chunk,
        positions: Sequence[int],
        types: Mapping[int, Any] | None = None,
        words: Sequence[str] = (),
        *,
        skip_ragged: bool = False,
    ) -> Any:
        """Parse the columns at those positions; names do not do, since columns not asked for may share one.

        Without types they are text, as it is.
        """
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        text = chunk.text
        if len(self.column_names) == 1:  # where a line of blanks would pass for a field
            text = self._with_empty_lines(text)
        quoted = b'"' in text
        if quoted and self._padded_quote.search(text):  # a quote after padding is a quote as well
            text = self._quoted_field.sub(rb"\1\2", text)
        wanted = [str(j) for j in positions]
        try:
            return pa_csv.read_csv(
                pa.BufferReader(text),
                read_options=pa_csv.ReadOptions(
                    column_names=[str(j) for j in range(len(self.column_names))],
                    block_size=len(text) + 1,
                    use_threads=False,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.delimiter,
                    newlines_in_values=quoted,
                    invalid_row_handler=(lambda row: "skip") if skip_ragged else None,
                ),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=wanted,
                    column_types={str(j): types[j] if types else pa.string() for j in positions},
                    null_values=words,
                    decimal_point=self.decimal,
                    check_utf8=types is not None,
                ),
            )
        except pa.ArrowInvalid as error:
            if types is not None:
                raise
            if (emptied := self._with_empty_lines(text)) != text:
                return self._parse(chunk._replace(text=emptied), positions)
            for line, row in fields(chunk, self.delimiter):
                if row and len(row) != len(self.column_names):
                    count = "1 field" if len(row) == 1 else f"{len(row)} fields"
                    raise Ragged(
                        chunk,
                        line,
                        f"has {count}, expected {len(self.column_names)} as in the header",
                        hint=f"mend the row; a field that holds {self.delimiter!r} stands in quotes",
                    ) from None
            raise Ragged(
                chunk, 1, f"or a later one cannot be read: {error}", hint="mend or leave out the row"
            ) from None

    def _with_empty_lines(self, text: bytes) -> bytes:
        """Lines of blanks as lines of nothing, which are no rows; those in quoted fields stay."""
        blanks = rb" +" if self.delimiter == "\t" else rb"[ \t]+"
        blank = rb"(\A|[\r\n])" + blanks + rb"(?=[\r\n]|\Z)"
        return re.sub(self._quoted_field.pattern + rb"|" + blank, rb"\1\2\3", text)

    def _met(self, block: list[Cells]) -> None:
        self._warn_of_encoding(word for cells in block if isinstance(cells, Labels) for word in cells.levels)

    def _warn_of_encoding(self, words: Iterable[str]) -> None:
        """Once, where a word depends on an encoding that is a guess."""
        if not self.file.assumed or self._warned:
            return
        word = next((word for word in words if not word.isascii()), None)
        if word is not None:
            self._warned = True
            warnings.warn(
                f"{self.name} is not in UTF-8 and was read as {self.file.encoding}, which gives {word!r}: "
                f"if that is wrong, say which encoding it is in (encoding='latin-1', 'cp1250', ...)",
                DataWarning,
                stacklevel=2,
            )


def squeezed(text: bytes) -> bytes:
    r"""One space for each run of blanks, and none at the ends of lines; quoted ones stay.

    Examples
    --------
    >>> squeezed(b'  1   2 \n "a  b"\t3\n')
    b'1 2\n"a  b" 3\n'
    """
    if b'"' not in text:
        return _without_runs(text).strip(b" ")
    pieces = re.split(rb"(?<![^ \t\r\n])(" + QUOTED + rb")", text)
    pieces[::2] = map(_without_runs, pieces[::2])
    return b"".join(pieces).strip(b" ")


def _without_runs(text: bytes) -> bytes:
    text = re.sub(rb"[ \t]+", b" ", text)
    for end in (b"\n", b"\r"):
        text = text.replace(b" " + end, end).replace(end + b" ", end)
    return text
