"""Tables in JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradline.data.ahead import ahead
from gradline.data.cells import EXACT_INTEGERS, NotANumber, from_numpy
from gradline.data.kinds import Kind
from gradline.data.places import Pipe, Place
from gradline.data.reader import Cells
from gradline.errors import DataError
from gradline.solution import Array

SAMPLE_BYTES = 1 << 20
CHUNK_BYTES = 4 << 20
ONE_A_LINE = "each line must be one whole object, as jq -c writes it"


class Lines(NamedTuple):
    """Some whole lines, and how many come before them."""

    text: bytes
    before: int


class JsonLinesReader:
    """One JSON object a line, plain or compressed; a key that an object lacks, and null, are missing cells.

    The columns are the keys of the first megabyte. Threads parse chunks of whole lines straight into numbers, or, where
    that fails or could round, object by object.
    """

    def __init__(self, place: Place | Pipe) -> None:
        self.place = place
        self.name = place.name
        text = place.head(SAMPLE_BYTES)
        if text.lstrip().startswith(b"["):
            raise DataError(
                f"{self.name} is one JSON array, expected one object a line", hint="jq -c '.[]' rows.json > rows.jsonl"
            )
        whole = text if len(text) < SAMPLE_BYTES else text[: text.rfind(b"\n") + 1] or text
        self._sample = [record for _, record in self._objects(Lines(whole, 0))]
        if not self._sample:
            raise DataError(f"{self.name} is empty: it holds {len(text)} bytes, all blank")
        self.column_names = tuple(dict.fromkeys(key for record in self._sample for key in record))

    def kinds(self) -> dict[str, Kind]:
        """What the cells of each column are in the first rows."""

        def numeric(name: str) -> bool:
            cells = [record.get(name) for record in self._sample]
            return any(cell is not None for cell in cells) and all(
                cell is None or isinstance(cell, int | float) for cell in cells
            )

        return {name: Kind.NUMBER if numeric(name) else Kind.TEXT for name in self.column_names}

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.reader.Reader`."""
        before = 0
        try:
            for block in ahead(lambda lines: self._numbers(lines, columns), self._chunks()):
                count = len(block[0])
                for start in range(0, count, rows):
                    yield [column[start : start + rows] for column in block]
                before += count
        except NotANumber as cell:
            cell.row += before
            raise

    def _chunks(self) -> Iterator[Lines]:
        with self.place.opened() as file:
            rest, before = b"", 0
            while data := file.read(CHUNK_BYTES):
                end = data.rfind(b"\n") + 1
                if not end:
                    rest += data
                    continue
                lines = Lines(b"".join((rest, memoryview(data)[:end])), before)
                rest = data[end:]
                before += lines.text.count(b"\n")
                yield lines
            if rest:
                yield Lines(rest, before)

    def _numbers(self, lines: Lines, columns: Sequence[str]) -> list[Array]:
        import pyarrow as pa
        import pyarrow.json as pa_json

        try:
            table = pa_json.read_json(
                pa.BufferReader(lines.text),
                read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines.text) + 1),
                parse_options=pa_json.ParseOptions(
                    explicit_schema=pa.schema([(name, pa.float64()) for name in columns]),
                    unexpected_field_behavior="ignore",
                ),
            )
            block = [np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in columns]
            # Integers beyond 2^53 may have been rounded; the text still tells.
            if not any((np.abs(column) >= EXACT_INTEGERS).any() for column in block):
                return block
        except (pa.ArrowInvalid, KeyError):
            pass
        records = [record for _, record in self._objects(lines)]
        block = []
        for name in columns:
            cells = np.empty(len(records), dtype=object)
            for row, record in enumerate(records):
                cells[row] = record.get(name)
            block.append(from_numpy(cells, name))
        return block

    def _objects(self, lines: Lines) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each object with its line, by Python's slower parser, which says what is wrong."""
        for number, line in enumerate(lines.text.split(b"\n"), lines.before + 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                raise DataError(f"line {number} of {self.name} is not in UTF-8") from None
            except (ValueError, RecursionError) as error:
                reason = str(error).partition(":")[0]
                raise DataError(f"line {number} of {self.name} is not JSON: {reason}", hint=ONE_A_LINE) from None
            if not isinstance(record, dict):
                raise DataError(f'line {number} of {self.name} holds no object, expected one as in {{"x": 1}}')
            yield number, record
