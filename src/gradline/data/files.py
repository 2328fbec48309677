"""Tables in files: CSV and Parquet, read block by block in constant memory."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradline.data.blocks import BATCH_ROWS, Missing, Reader, Roles, TableSource
from gradline.data.cells import MISSING_WORDS, NotANumber, from_arrow, from_text, is_number
from gradline.errors import DataError
from gradline.solution import Array

SAMPLE_BYTES = 1 << 20
CHUNK_BYTES = 8 << 20
DELIMITERS = (",", ";", "\t")


def open_file(
    path: str | Path,
    *,
    target: str | None,
    features: Sequence[str] | None = None,
    weight: str | None = None,
    missing: Missing = "error",
    batch_rows: int = BATCH_ROWS,
) -> TableSource:
    """Open a CSV or Parquet file as a source; see `gradline.open_source`."""
    reader = open_reader(Path(path))
    roles = Roles.of(reader.name, reader.column_names, target=target, features=features, weight=weight)
    return TableSource(reader, roles, missing=missing, batch_rows=batch_rows)


def open_reader(path: Path) -> Reader:
    """Tell CSV from Parquet by the first bytes, not by the name."""
    if not path.exists():
        folder = path.parent
        near = difflib.get_close_matches(path.name, [p.name for p in folder.iterdir()] if folder.is_dir() else [], n=1)
        raise DataError(f"no such file: {path}", hint=f"did you mean {folder / near[0]}?" if near else None)
    if path.is_dir():
        raise DataError(f"{path} is a folder, expected a file")
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return ParquetReader(path)
    if not start:
        raise DataError(f"{path.name} is empty (0 bytes)")
    return CsvReader(path)


class CsvReader:
    """A delimited text file with a header line.

    Names and fields may be padded with spaces. The text is cut into chunks at line ends; each chunk is parsed by
    pyarrow straight into numbers, and only where that fails as text, which is trimmed, and tells which cell is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        with self._open() as file:
            sample = file.read(SAMPLE_BYTES)
        self.delimiter, self.column_names, self.header_bytes = read_header(self.name, sample)

    def _open(self) -> Any:
        import pyarrow as pa

        return pa.input_stream(str(self.path))

    def numeric_columns(self) -> list[str]:
        """Columns whose cells in the first chunk are numbers."""
        numeric = []
        chunk = next(self._chunks())
        for name in self.column_names:
            try:
                self._as_text(chunk, [name], 0)
            except NotANumber:
                continue
            numeric.append(name)
        return numeric

    def read(self, columns: Sequence[str], rows: int) -> Iterator[list[Array]]:
        """Blocks of numbers, see `Reader`."""
        before = 0
        for chunk in self._chunks():
            block = self._as_numbers(chunk, columns)
            if block is None:
                block = self._as_text(chunk, columns, before)
            count = len(block[0])
            before += count
            for start in range(0, count, rows):
                yield [column[start : start + rows] for column in block]

    def _chunks(self) -> Iterator[bytes]:
        with self._open() as file:
            file.read(self.header_bytes)
            rest = b""
            while data := file.read(CHUNK_BYTES):
                data = rest + data
                end = row_end(data)
                if data[:end].strip():
                    yield data[:end]
                rest = data[end:]
            if rest.strip():
                yield rest

    def _parse(self, chunk: bytes, columns: Sequence[str], kind: Any) -> Any:
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        # Columns are known by position: names may be padded, and those not asked for may be equal.
        wanted = [str(self.column_names.index(name)) for name in columns]
        return pa_csv.read_csv(
            pa.BufferReader(chunk),
            read_options=pa_csv.ReadOptions(column_names=[str(j) for j in range(len(self.column_names))]),
            parse_options=pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=b'"' in chunk),
            convert_options=pa_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, kind),
                null_values=MISSING_WORDS,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )

    def _as_numbers(self, chunk: bytes, columns: Sequence[str]) -> list[Array] | None:
        import pyarrow as pa

        try:
            table = self._parse(chunk, columns, pa.float64())
        except pa.ArrowInvalid:
            return None
        block = [np.asarray(table.column(j).to_numpy(), dtype=np.float64) for j in range(len(columns))]
        return block

    def _as_text(self, chunk: bytes, columns: Sequence[str], before: int) -> list[Array]:
        import pyarrow as pa

        table = self._parse(chunk, columns, pa.string()).combine_chunks()
        return [from_text(table.column(j).chunk(0), name, before) for j, name in enumerate(columns)]


def read_header(name: str, sample: bytes) -> tuple[str, tuple[str, ...], int]:
    """Return the delimiter, the column names (trimmed) and the length of the header in bytes."""
    first = sample.split(b"\n", 1)[0]
    header = first.decode("utf-8-sig")
    counts = {d: header.count(d) for d in DELIMITERS}
    delimiter = max(counts, key=lambda d: counts[d])
    names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True))
    return delimiter, tuple(n.strip() for n in names), len(first) + 1


def row_end(text: bytes) -> int:
    """Length of the whole rows in a piece of CSV that starts with a row: up to the last newline outside quotes."""
    end = text.rfind(b"\n")
    quotes = text.count(b'"', 0, max(end, 0))
    while quotes % 2 and end >= 0:
        previous = text.rfind(b"\n", 0, end)
        quotes -= text.count(b'"', max(previous, 0), end)
        end = previous
    return end + 1


class ParquetReader:
    """A Parquet file; only the columns asked for are read."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self.name = path.name
        with pq.ParquetFile(path) as file:
            self.schema = file.schema_arrow
        self.column_names = tuple(field.name for field in self.schema)

    def numeric_columns(self) -> list[str]:
        """Columns of a numeric type."""
        return [field.name for field in self.schema if is_number(field.type)]

    def read(self, columns: Sequence[str], rows: int) -> Iterator[list[Array]]:
        """Blocks of numbers, see `Reader`."""
        import pyarrow.parquet as pq

        before = 0
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                yield [from_arrow(batch.column(name), name, before) for name in columns]
                before += batch.num_rows
