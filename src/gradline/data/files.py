"""Tables in files, read block by block in constant memory: which kind a file is, and CSV."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradline.data.ahead import ahead
from gradline.data.cells import EXACT_INTEGERS, MISSING_WORDS, NotANumber, from_text
from gradline.data.columnar import ArrowReader, ParquetReader
from gradline.data.json_lines import JsonLinesReader
from gradline.data.kinds import Kind
from gradline.data.many import ManyReader
from gradline.data.places import KINDS, TABLE, Pipe, Place, find
from gradline.data.reader import Cells, Reader
from gradline.data.roles import Roles
from gradline.data.table_source import BATCH_ROWS, TableSource
from gradline.data.tally import Missing
from gradline.errors import DataError
from gradline.solution import Array

SAMPLE_BYTES = 1 << 20
CHUNK_BYTES = 4 << 20
JSON_OBJECT = re.compile(rb'\s*(\[\s*)?\{\s*(["}]|\Z)')
DELIMITERS = (",", ";", "\t")
COLUMNAR: dict[bytes, Callable[[Place], Reader]] = {
    b"PAR1": ParquetReader,
    b"ARROW1": ArrowReader,
    b"FEA1": ArrowReader,
    b"\xff\xff\xff\xff": ArrowReader,  # an Arrow stream
}

# Columns padded to equal width have blanks of many spaces: knowing them spares such a file the slower way as text.
BLANKS = tuple(" " * width for width in range(1, 33))


def open_file(
    path: str | os.PathLike[str],
    *,
    target: str | None,
    features: Sequence[str] | None = None,
    weight: str | None = None,
    missing: Missing = "error",
    batch_rows: int = BATCH_ROWS,
) -> TableSource:
    """Open a file, or those of a folder, a glob or a URL, as a source; see `gradline.open_source`."""
    reader = reader_of(path)
    roles = Roles.of(reader.name, reader.column_names, target=target, features=features, weight=weight)
    if isinstance(reader, ManyReader):
        reader.agree(None if features is None else roles.columns)
    return TableSource(reader, roles, missing=missing, batch_rows=batch_rows)


def reader_of(path: str | os.PathLike[str]) -> Reader:
    """What a path names, before it is known which of its columns are wanted."""
    found = find(os.fspath(path))
    return ManyReader(*found, open_place) if isinstance(found, tuple) else open_place(found)


def open_place(place: Place | Pipe) -> Reader:
    """Tell what kind of file it is, by its first bytes rather than by its name."""
    start = place.head(8)
    if not start:
        raise DataError(f"{place.name} is empty (0 bytes)")
    kind = next((reader for magic, reader in COLUMNAR.items() if start.startswith(magic)), None)
    if kind is not None:
        if isinstance(place, Pipe):
            raise DataError(
                f"{place.name} holds columns, which are read in any order: expected CSV or JSON lines",
                hint="save it to a file and fit that",
            )
        return kind(place)
    if place.path.endswith((".parquet", ".pq")):
        raise DataError(f"{place.name} is not a Parquet file: it does not start with PAR1")
    if place.path.endswith((".arrow", ".feather", ".ipc")):
        raise DataError(f"{place.name} is not an Arrow file: it starts neither with ARROW1 nor as a stream does")
    if start.startswith(b"PK\x03\x04"):
        raise DataError(f"{place.name} is a workbook or a zip archive", hint="save the table as CSV or Parquet")
    place = place.uncompressed()
    ending = TABLE.search(place.path)
    if (ending and KINDS[ending[1].lower()] == "JSON lines") or JSON_OBJECT.match(place.head(64)):
        return JsonLinesReader(place)
    return CsvReader(place)


class Chunk(NamedTuple):
    """Some whole rows of a CSV file, and how many line ends come before them."""

    text: bytes
    lines_before: int


class Ragged(Exception):  # noqa: N818 - passed from the threads that parse to the reader, which knows line numbers
    """A row with too few or too many fields, in a line counted from 1 within its chunk."""

    def __init__(self, chunk: Chunk, line: int, what: str) -> None:
        super().__init__(line, what)
        self.chunk, self.line, self.what = chunk, line, what


class CsvReader:
    """A delimited text file with a header line, plain or compressed, in UTF-8.

    The text is cut into chunks of whole rows, which threads parse in parallel: straight into numbers, or, where
    that fails, as text that is trimmed, converted, and able to tell which cell is wrong. Names and fields may be
    padded with spaces. The delimiter is the one of comma, semicolon and tab that splits the first two lines into
    equally many and most fields. Empty lines are skipped. `gradline.data.cells.MISSING_WORDS` count as missing.
    """

    def __init__(self, place: Place | Pipe) -> None:
        self.place = place
        self.name = place.name
        self._sample = place.head(SAMPLE_BYTES)
        header = read_header(self._sample, self.name)
        self.column_names, self.delimiter, self._header_bytes = header
        self._line_end = b"\n" if b"\n" in self._sample else b"\r"

    def kinds(self) -> dict[str, Kind]:
        """What the cells of each column are in the first rows."""
        numeric = self._numeric_columns()
        return {name: Kind.NUMBER if name in numeric else Kind.TEXT for name in self.column_names}

    def _numeric_columns(self) -> list[str]:
        rows = self._sample[self._header_bytes :]
        chunk = Chunk(rows[: row_end(rows, self._line_end)] or rows, 0)
        numeric: list[str] = []
        try:
            table = self._parse(chunk, range(len(self.column_names)), as_text=True)
        except Ragged:
            return numeric
        for column, name in zip(table.columns, self.column_names, strict=True):
            try:
                if not np.isnan(from_text(column.combine_chunks(), name)).all():
                    numeric.append(name)
            except NotANumber:
                continue
        return numeric

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.reader.Reader`."""
        positions = [self.column_names.index(name) for name in columns]
        before = 0
        try:
            for block in ahead(lambda chunk: self._numbers(chunk, positions), self._chunks()):
                count = len(block[0])
                for piece in range(pieces := -(-count // rows)):
                    part = slice(piece * count // pieces, (piece + 1) * count // pieces)
                    yield [column[part] for column in block]
                before += count
        except NotANumber as cell:
            cell.row += before
            raise
        except Ragged as row:
            raise DataError(f"line {row.chunk.lines_before + row.line} of {self.name} {row.what}") from None

    def _chunks(self) -> Iterator[Chunk]:
        """Cut the rows into chunks that end where a row ends, so that each can be parsed by itself."""
        with self.place.opened() as file:
            lines = file.read(self._header_bytes).count(self._line_end)
            rest = b""
            while data := file.read(CHUNK_BYTES):
                end = row_end(data, self._line_end, quotes_before=rest.count(b'"'))
                if end:
                    chunk = Chunk(b"".join((rest, memoryview(data)[:end])), lines)
                    rest = data[end:]
                else:
                    rest += data
                    if len(rest) < 2 * CHUNK_BYTES:
                        continue
                    # A quote that stays open for long is none, or was not closed.
                    end = rest.rfind(self._line_end) + 1
                    chunk = Chunk(rest[:end], lines)
                    self._refuse_open_quote(chunk)
                    rest = rest[end:]
                lines += chunk.text.count(self._line_end)
                if not chunk.text.isspace():
                    yield chunk
            chunk = Chunk(rest, lines)
            self._refuse_open_quote(chunk)
            if rest.strip():
                yield chunk

    def _refuse_open_quote(self, chunk: Chunk) -> None:
        if chunk.text.count(b'"') % 2:
            for line, row in self._rows(Chunk(chunk.text + b"\nend", chunk.lines_before)):
                if row is None or (len(row) > 1 and row[-1].endswith("\nend")):
                    raise Ragged(chunk, line, "opens a quote that is not closed")

    def _numbers(self, chunk: Chunk, positions: Sequence[int]) -> list[Array]:
        import pyarrow as pa

        try:
            table = self._parse(chunk, positions)
            block = [np.asarray(column.to_numpy(), dtype=np.float64) for column in table.columns]
            # Integers beyond 2^53 may have been rounded; the text still tells.
            if not any((np.abs(column) >= EXACT_INTEGERS).any() for column in block):
                return block
        except pa.ArrowInvalid:
            pass
        table = self._parse(chunk, positions, as_text=True)
        names = [self.column_names[j] for j in positions]
        return [from_text(column.combine_chunks(), name) for column, name in zip(table.columns, names, strict=True)]

    def _parse(self, chunk: Chunk, positions: Sequence[int], *, as_text: bool = False) -> Any:
        """Parse the columns at those positions; names do not do, since columns not asked for may share one."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        text = chunk.text
        quoted = b'"' in text
        if quoted:  # a quote after padding is a quote as well
            text = re.sub(rb"(^|[\r\n" + self.delimiter.encode() + rb"]) +(?=\")", rb"\1", text)
        wanted = [str(j) for j in positions]
        try:
            return pa_csv.read_csv(
                pa.BufferReader(text),
                read_options=pa_csv.ReadOptions(
                    column_names=[str(j) for j in range(len(self.column_names))],
                    block_size=len(text) + 1,
                    use_threads=False,
                ),
                parse_options=pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=quoted),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=wanted,
                    column_types=dict.fromkeys(wanted, pa.string() if as_text else pa.float64()),
                    null_values=MISSING_WORDS + BLANKS,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if not as_text:
                raise
            for line, row in self._rows(chunk):
                if row and len(row) != len(self.column_names):
                    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
                    what = f"has {fields}, expected {len(self.column_names)} as in the header"
                    raise Ragged(chunk, line, what) from None
            raise Ragged(chunk, 1, f"or a later one cannot be read: {error}") from None

    def _rows(self, chunk: Chunk) -> Iterator[tuple[int, list[str] | None]]:
        """Fields by line, with Python's slower parser, which counts lines; None where it fails."""
        text = io.StringIO(chunk.text.decode("utf-8", "replace"), newline="")
        parser = csv.reader(text, delimiter=self.delimiter, skipinitialspace=True)
        line = 1
        try:
            for row in parser:
                yield line, row
                line = parser.line_num + 1
        except csv.Error:
            yield line, None


def read_header(sample: bytes, name: str) -> tuple[tuple[str, ...], str, int]:
    """Find the column names (trimmed), the delimiter, and how many bytes come before the first row.

    Raises
    ------
    DataError
        Where the bytes are not UTF-8 text, or all of it is blank.
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name} is text in UTF-16, expected UTF-8", hint=f"iconv -f UTF-16 -t UTF-8 {name} > utf8.csv")
    if control := re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", sample):
        raise DataError(
            f"{name} is not a text file: it holds the byte {control[0][0]:#04x} at position {control.start()}"
        )
    mark = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    text = sample[mark:].decode("utf-8", "surrogateescape")
    splits = {delimiter: _first_rows(text, delimiter) for delimiter in DELIMITERS}
    if not any(splits.values()):
        raise DataError(f"{name} is empty: it holds {len(sample)} bytes, all blank")

    def fit(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row, _ in splits[delimiter]] or [0]
        return widths[0] > 1 and widths[0] == widths[-1], widths[0]

    delimiter = max(DELIMITERS, key=fit)
    header, length = splits[delimiter][0]
    names = tuple(column.strip() for column in header)
    strange = [column for column in names if column != column.encode("utf-8", "ignore").decode()]
    if strange:
        raise DataError(
            f"the column names of {name} are not in UTF-8: {strange[0].encode('utf-8', 'replace').decode()!r}",
            hint=f"if the file is in Latin-1: iconv -f LATIN1 -t UTF-8 {name} > utf8.csv",
        )
    return names, delimiter, mark + len(text[:length].encode("utf-8", "surrogateescape"))


def _first_rows(text: str, delimiter: str) -> list[tuple[list[str], int]]:
    """The first two rows that are not blank, each with the length of the text up to its end."""
    length = 0

    def lines() -> Iterator[str]:
        nonlocal length
        for line in io.StringIO(text, newline=""):
            length += len(line)
            yield line

    found: list[tuple[list[str], int]] = []
    try:
        for row in csv.reader(lines(), delimiter=delimiter, skipinitialspace=True):
            if any(field.strip() for field in row):
                found.append((row, length))
            if len(found) == 2:
                break
    except csv.Error:  # a field too long to be one: the wrong delimiter, or no table
        pass
    return found


def row_end(text: bytes, line_end: bytes = b"\n", *, quotes_before: int = 0) -> int:
    r"""Length of the text up to the last end of a row, which is a line end after an even number of quotes; or 0.

    Examples
    --------
    >>> row_end(b'1,"two\nlines"\n2,"two\nli')
    14
    """
    end = text.rfind(line_end)
    quotes = quotes_before + text.count(b'"', 0, max(end, 0))
    while quotes % 2 and end >= 0:
        previous = text.rfind(line_end, 0, end)
        quotes -= text.count(b'"', max(previous, 0), end)
        end = previous
    return end + 1
