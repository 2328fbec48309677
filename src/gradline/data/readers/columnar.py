"""Tables in columns: Parquet, and Arrow IPC or Feather; only the columns asked for are read."""

from __future__ import annotations

import copy
import re
from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from gradline.data.cells import from_arrow, pandas_index
from gradline.data.columns.kinds import Kind, kind_of
from gradline.data.columns.labels import Labels
from gradline.data.in_arrow import column_in_arrow, in_arrow
from gradline.data.readers.places import Pipe, Place, foreseen, read_twice
from gradline.data.readers.reader import Cells, Cut, Piece
from gradline.errors import DataError

BLOCKS_A_PIECE = 4
MOMENTS = (Kind.DATE, Kind.TIME, Kind.ZONED, Kind.CLOCK, Kind.DURATION)  # as a category by their numbers
PAGE_BUFFER_BYTES = 1 << 16  # a column; without it pyarrow keeps whole row groups, and with pre_buffer all of them


class ColumnarReader:
    """What gives Arrow record batches of a known schema.

    The index of a DataFrame that was written is no column where it has no name, and else none but by that name.

    Attributes
    ----------
    labels : set of str
        Columns that are such an index.
    """

    def __init__(self, name: str, schema: Any) -> None:
        self.name = name
        self.schema = schema
        index = pandas_index(schema)
        unnamed = {name for name in index if re.fullmatch(r"__index_level_\d+__", name)}
        self.labels = index - unnamed
        self.column_names = tuple(name for name in schema.names if name not in unnamed)

    @abstractmethod
    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Start a fresh pass: record batches of at most `rows` rows that have these columns, and perhaps others."""

    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by its type."""
        return {field.name: kind_of(field.type) for field in self.schema if field.name in self.column_names}

    def is_null(self, name: str) -> bool:
        """Whether a column has the type of one that never held a value."""
        import pyarrow as pa

        return bool(pa.types.is_null(self.schema.field(name).type))

    @property
    def _first_row(self) -> int:
        """Rows before those that are read, for messages."""
        return 0

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`."""
        before, kinds = self._first_row, self.kinds()
        with closing(self.record_batches(columns, rows)) as batches:  # type: ignore[type-var]
            for batch in batches:
                yield [
                    Labels.of_text(batch.column(name))
                    if name in texts and kinds[name] not in MOMENTS
                    else from_arrow(batch.column(name), name, before)
                    for name in columns
                ]
                before += batch.num_rows


class TableReader(ColumnarReader):
    """An Arrow table in memory."""

    def __init__(self, table: Any, name: str) -> None:
        super().__init__(name, table.schema)
        self._table = table

    @property
    def rows(self) -> int:
        """Of the table."""
        return int(self._table.num_rows)

    @classmethod
    def of(cls, data: Any) -> TableReader:
        """A DataFrame, a dict of columns, or anything with the Arrow interface; DataError as `in_arrow`."""
        return cls(in_arrow(data), type(data).__name__)

    @classmethod
    def like(cls, frame: Any) -> TableReader:
        """The columns of a DataFrame; of one that Arrow has no type for, that it is text, or holds nothing."""
        import pyarrow as pa

        columns = {}
        for j, name in enumerate(frame.columns):
            cells = frame.iloc[:, j]
            try:
                columns[str(name)] = column_in_arrow(cells, str(name), type(frame).__name__)
            except DataError:
                columns[str(name)] = pa.nulls(len(cells), pa.string() if cells.dtype == object else pa.null())
        return cls(pa.table(columns), type(frame).__name__)

    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Start a fresh pass, without a copy."""
        yield from self._table.select(list(columns)).to_batches(max_chunksize=rows)


class StreamReader(ColumnarReader):
    """Record batches that come once: the first pass takes them, in constant memory; a second one is a DataError.

    Parameters
    ----------
    stream : pyarrow.RecordBatchReader
    name : str
    """

    once = True

    def __init__(self, stream: Any, name: str) -> None:
        super().__init__(name, stream.schema)
        self._stream, self._taken = stream, False

    @classmethod
    def of(cls, data: Any) -> StreamReader:
        """Anything with the Arrow stream interface."""
        import pyarrow as pa

        name = type(data).__name__
        with foreseen(name):
            return cls(pa.RecordBatchReader.from_stream(data), name)

    @classmethod
    def of_pipe(cls, pipe: Pipe) -> StreamReader:
        """An Arrow IPC stream on standard input or in a named pipe."""
        import pyarrow as pa

        with pipe.opened() as file:
            return cls(pa.ipc.open_stream(pa.PythonFile(file, mode="r")), pipe.name)

    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Start the pass."""
        if self._taken:
            raise read_twice(self.name)
        self._taken = True
        with foreseen(self.name):
            for batch in self._stream:
                part = batch.select(list(columns))
                yield from (part.slice(start, rows) for start in range(0, part.num_rows, rows))


class ParquetReader(ColumnarReader):
    """A Parquet file, decoded page by page."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._metadata: Any = None
        self._groups: Sequence[int] | None = None  # of rows; None: all
        with self._opened() as file:
            self._metadata = file.metadata
            super().__init__(place.name, file.schema_arrow)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow.parquet as pq

        place = self.place
        options = {
            "pre_buffer": False,
            "buffer_size": PAGE_BUFFER_BYTES,
            "metadata": self._metadata,
            "page_checksum_verification": True,  # where the writer left checksums
        }
        with place.unchanged(), pq.ParquetFile(place.path, filesystem=place.system, **options) as file:
            yield file

    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Start a fresh pass over the pages of these columns."""
        with self._opened() as file:
            for run, _ in self._runs(rows):
                yield from file.iter_batches(batch_size=rows, columns=list(columns), row_groups=run)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Piece]:
        """Runs of row groups, for threads that each decode one of their own: the blocks are those of `read`."""
        before = 0
        for run, count in self._runs(rows):
            yield Piece(count, before, partial(self._blocks, columns, rows, run, before))
            before += count

    def cuts(self, rows: int) -> list[Cut]:
        """Parts of at least so many rows but for the last, for processes that each read one: see `only`."""
        cuts: list[Cut] = []
        before = 0
        for run, count in self._runs(-(-rows // BLOCKS_A_PIECE)):
            cuts.append(Cut(0, tuple(run), before, count))
            before += count
        return cuts

    def only(self, cut: Cut) -> ParquetReader:
        """Those rows."""
        part = copy.copy(self)
        part._groups = cut.groups
        return part

    @property
    def _first_row(self) -> int:
        """Rows of the file before those that are read."""
        before = range(self._groups[0]) if self._groups else ()
        return sum(self._metadata.row_group(number).num_rows for number in before)

    def _blocks(self, columns: Sequence[str], rows: int, run: list[int], before: int) -> Iterator[list[Cells]]:
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns), row_groups=run, use_threads=False):
                yield [from_arrow(batch.column(name), name, before) for name in columns]
                before += batch.num_rows

    def _runs(self, rows: int) -> Iterator[tuple[list[int], int]]:
        """Row groups one after the other, as many as make some blocks, and their rows."""
        run: list[int] = []
        count = 0
        for number in range(self._metadata.num_row_groups) if self._groups is None else self._groups:
            run.append(number)
            count += self._metadata.row_group(number).num_rows
            if count >= BLOCKS_A_PIECE * rows:
                yield run, count
                run, count = [], 0
        if run:
            yield run, count


class ArrowReader(ColumnarReader):
    """An Arrow IPC file (which Feather is) or stream, record batch by record batch."""

    def __init__(self, place: Place) -> None:
        self.place = place
        with self._opened() as (schema, _):
            super().__init__(place.name, schema)

    @contextmanager
    def _opened(self, fields: Sequence[int] | None = None) -> Iterator[tuple[Any, Iterator[Any]]]:
        from pyarrow import ipc

        place = self.place
        options = ipc.IpcReadOptions(included_fields=None if fields is None else list(fields))
        with place.random_access() as file:
            start = file.read(6)
            file.seek(0)
            if start.startswith(b"FEA1"):
                raise DataError(
                    f"{place.name} is in the first version of Feather, which ended in 2020",
                    hint="read it with pyarrow.feather.read_table, and write it with write_feather",
                )
            if start == b"ARROW1":
                table = ipc.open_file(file, options=options)
                yield table.schema, (table.get_batch(j) for j in range(table.num_record_batches))
            else:
                stream = ipc.open_stream(file, options=options)
                yield stream.schema, iter(stream)

    def record_batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Start a fresh pass over these columns."""
        fields = sorted({self.schema.get_field_index(name) for name in columns})
        with self._opened(fields) as (_, batches):
            for batch in batches:
                yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))
