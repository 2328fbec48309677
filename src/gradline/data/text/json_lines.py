"""Tables in JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradline.data.arrow import plain
from gradline.data.cells import EXACT_INTEGERS, NotANumber, from_numpy
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels, as_labels
from gradline.data.readers.reader import Cells
from gradline.data.text.cells import Form, form_of, from_text
from gradline.data.text.file import TextFile
from gradline.data.text.reader import TextReader
from gradline.errors import DataError

CHUNK_BYTES = 4 << 20
STRINGS = (Kind.DATE, Kind.TIME, Kind.ZONED, Kind.CLOCK)
SURROGATE, HALF = re.compile(rb"\\u[dD][89a-fA-F]"), re.compile("[\ud800-\udfff]")
ONE_A_LINE = "each line must be one whole object, as jq -c writes it"


class Lines(NamedTuple):
    """Some whole lines, and how many come before them."""

    text: bytes
    before: int


class JsonLinesReader(TextReader[Lines]):
    """One JSON object a line; a key that an object lacks, and null, are missing cells.

    The columns are the keys of the first megabyte. Threads parse chunks of whole lines straight into numbers, or, where
    that fails or could round, object by object. Strings are dates, times or text; none is a number, or missing
    but for a blank one in a column of text.

    Parameters
    ----------
    file : TextFile
    forms : mapping of str to Form, optional
        What columns hold in another file of the same table. Default: as the first megabyte tells.
    """

    def __init__(self, file: TextFile, forms: Mapping[str, Form] | None = None) -> None:
        self.file = file
        self.name = file.name
        text = file.head()
        if text.lstrip().startswith(b"["):
            raise DataError(
                f"{self.name} is one JSON array, expected one object a line", hint="jq -c '.[]' rows.json > rows.jsonl"
            )
        whole = text if file.whole else text[: text.rfind(b"\n") + 1] or text
        self._sample = [record for _, record in self._objects(Lines(whole, 0))]
        if not self._sample:
            raise DataError(
                f"{self.name} is empty: it holds {len(text)} bytes, all blank",
                hint="expected one object a line, its keys the columns",
            )
        self.column_names = tuple(dict.fromkeys(key for record in self._sample for key in record))
        self._known_forms = {name: form for name, form in (forms or {}).items() if name in self.column_names}

    @cached_property
    def forms(self) -> dict[str, Form]:
        """How each column is written in the first rows."""
        names = (name for name in self.column_names if name not in self._known_forms)
        forms = {name: _form([record.get(name) for record in self._sample]) for name in names}
        return forms | self._known_forms

    def _chunks(self) -> Iterator[Lines]:
        with self.file.opened() as file:
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

    def _cells(self, lines: Lines, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        quick = self._quick_cells(lines, columns, texts)
        if quick is not None:
            return quick
        records = [record for _, record in self._objects(lines)]
        return [
            _column([record.get(name) for record in records], name, self.forms[name], name in texts) for name in columns
        ]

    def _quick_cells(self, lines: Lines, columns: Sequence[str], texts: Collection[str]) -> list[Cells] | None:
        """None where some object has to be looked at."""
        import pyarrow as pa
        import pyarrow.json as pa_json

        try:
            table = pa_json.read_json(
                pa.BufferReader(lines.text),
                read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines.text) + 1),
                parse_options=pa_json.ParseOptions(
                    explicit_schema=pa.schema([(name, self._type(name, name in texts)) for name in columns]),
                    unexpected_field_behavior="ignore",
                ),
            )
            cells: list[Cells] = []
            for name in columns:
                column = table.column(name).combine_chunks()
                if name in texts and not pa.types.is_floating(column.type):
                    cells.append(Labels.of_text(column.cast(pa.string())))
                elif pa.types.is_string(column.type):
                    cells.append(from_text(column, name, self.forms[name], words=()))
                else:
                    cells.append(plain(column.cast(pa.float64())))
        except (pa.ArrowInvalid, UnicodeDecodeError, KeyError, NotANumber):
            return None
        # Integers beyond 2^53 may have been rounded; the text still tells.
        if any((np.abs(column) >= EXACT_INTEGERS).any() for column in cells if not isinstance(column, Labels)):
            return None
        return [as_labels(column) if name in texts else column for name, column in zip(columns, cells, strict=True)]

    def _type(self, name: str, is_text: bool) -> Any:
        import pyarrow as pa

        kind = self.forms[name].kind
        if kind is Kind.BOOLEAN:
            return pa.bool_()
        return pa.string() if kind in STRINGS or (is_text and kind is not Kind.NUMBER) else pa.float64()

    def _objects(self, lines: Lines) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each object with its line, by Python's slower parser, which says what is wrong."""
        for number, line in enumerate(lines.text.split(b"\n"), lines.before + 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                raise DataError(
                    f"line {number} of {self.name} is not in UTF-8", hint="save the file in UTF-8, as JSON is"
                ) from None
            except (ValueError, RecursionError) as error:
                reason = str(error).partition(":")[0]
                raise DataError(f"line {number} of {self.name} is not JSON: {reason}", hint=ONE_A_LINE) from None
            if SURROGATE.search(line) and (half := HALF.search(json.dumps(record, ensure_ascii=False))):
                raise DataError(
                    f"line {number} of {self.name} holds half a character, \\u{ord(half[0]):x}",
                    hint="JSON writes such a character as two escapes one after the other, or as itself",
                )
            if not isinstance(record, dict):
                raise DataError(
                    f'line {number} of {self.name} holds no object, expected one as in {{"x": 1}}', hint=ONE_A_LINE
                )
            yield number, record


def _form(cells: list[Any]) -> Form:
    """What at least half of the cells are, as with other text; null does not count."""
    there = [cell for cell in cells if cell is not None]
    texts = [cell for cell in there if isinstance(cell, str)]
    numbers = [cell for cell in there if isinstance(cell, int | float)]
    if 2 * len(numbers) >= len(there):
        return Form(Kind.BOOLEAN if numbers and all(isinstance(cell, bool) for cell in numbers) else Kind.NUMBER)
    if 2 * len(texts) < len(there):
        return Form(Kind.OTHER)
    import pyarrow as pa

    form = form_of(pa.array(texts, pa.string()))
    return form if form.kind in STRINGS else Form(Kind.TEXT)


def _column(cells: list[Any], name: str, form: Form, is_text: bool) -> Cells:
    import pyarrow as pa

    def fits(cell: Any) -> bool:
        if is_text:
            return isinstance(cell, str | int | float)
        if form.kind in STRINGS:
            return isinstance(cell, str)
        return isinstance(cell, bool) if form.kind is Kind.BOOLEAN else isinstance(cell, int | float)

    for row, cell in enumerate(cells, 1):
        if cell is not None and not fits(cell):
            raise NotANumber(name, row, cell, expected=form.expected)
    if is_text:
        return Labels.of_text(pa.array([None if cell is None else _word(cell) for cell in cells], pa.string()))
    if form.kind in STRINGS:
        return from_text(pa.array(cells, pa.string()), name, form, words=())
    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return from_numpy(objects, name)


def _word(cell: str | float) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
