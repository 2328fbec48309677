"""Tables in columns: Parquet, and Arrow IPC or Feather; only the columns asked for are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradline.data.cells import from_arrow, is_number, pandas_index
from gradline.data.places import Place, foreseen
from gradline.errors import DataError
from gradline.solution import Array

PAGE_BUFFER_BYTES = 1 << 16  # a column; without it pyarrow keeps whole row groups, and with pre_buffer all of them


class ColumnarReader:
    """What a file of Arrow types has for columns. The index of a DataFrame that was written is none."""

    def __init__(self, place: Place, schema: Any) -> None:
        self.place = place
        self.name = place.name
        self._schema = schema
        index = pandas_index(schema)
        self.column_names = tuple(name for name in schema.names if name not in index)

    def numeric_columns(self) -> list[str]:
        """Columns of a numeric type."""
        return [field.name for field in self._schema if is_number(field.type) and field.name in self.column_names]


class ParquetReader(ColumnarReader):
    """A Parquet file, decoded page by page."""

    def __init__(self, place: Place) -> None:
        with self._opened(place) as file:
            super().__init__(place, file.schema_arrow)

    @staticmethod
    @contextmanager
    def _opened(place: Place) -> Iterator[Any]:
        import pyarrow.parquet as pq

        options = {"pre_buffer": False, "buffer_size": PAGE_BUFFER_BYTES}
        with foreseen(place.path), pq.ParquetFile(place.path, filesystem=place.system, **options) as file:
            yield file

    def read(self, columns: Sequence[str], rows: int) -> Iterator[list[Array]]:
        """Start a fresh pass, see `gradline.data.blocks.Reader`."""
        before = 0
        with self._opened(self.place) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                yield [from_arrow(batch.column(name), name, before) for name in columns]
                before += batch.num_rows


class ArrowReader(ColumnarReader):
    """An Arrow IPC file (which Feather is) or stream, record batch by record batch."""

    def __init__(self, place: Place) -> None:
        with self._opened(place) as (schema, _):
            super().__init__(place, schema)

    @staticmethod
    @contextmanager
    def _opened(place: Place, fields: Sequence[int] | None = None) -> Iterator[tuple[Any, Iterator[Any]]]:
        from pyarrow import ipc

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

    def read(self, columns: Sequence[str], rows: int) -> Iterator[list[Array]]:
        """Start a fresh pass, see `gradline.data.blocks.Reader`."""
        before = 0
        fields = sorted({self._schema.get_field_index(name) for name in columns})
        with self._opened(self.place, fields) as (_, batches):
            for batch in batches:
                for start in range(0, batch.num_rows, rows):
                    part = batch.slice(start, rows)
                    yield [from_arrow(part.column(name), name, before + start) for name in columns]
                before += batch.num_rows
