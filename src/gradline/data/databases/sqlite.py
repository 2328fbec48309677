"""SQLite: any cell of a column may be of any type; what is text there is read as the text of a CSV file is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from gradline.data.cells import EXACT_INTEGERS, MISSING_WORDS, NotANumber, refuse_rounding
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.databases import adbc
from gradline.data.databases.adbc import Connection
from gradline.data.databases.query import DatabaseReader, NoSuchTable, TableName, selected
from gradline.data.readers.credentials import shown_path
from gradline.data.readers.finding import no_such_file
from gradline.data.readers.reader import Cells
from gradline.data.text.cells import Form, form_of, from_text
from gradline.errors import DataError
from gradline.solution import Array

SAMPLE_ROWS = 1000
TOGETHER = 50  # columns in one check: SQLite limits the arguments of a function and the depth of an expression
BATCH_ROWS = "adbc.sqlite.query.batch_rows"
TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' ORDER BY name"

# The driver takes the type of a column from its first batch, and rounds, refuses or misreads what comes later. These
# expressions are of one type in every row: text, with nothing for NULL; or numbers, with infinity for NULL as well as
# for itself, beside which a row that holds anything but plain numbers and NULL has its cells once more, as JSON.
WRITTEN = "quote(CASE {c} WHEN CAST({c} AS INTEGER) THEN CAST({c} AS INTEGER) ELSE {c} END)"  # 5.0 as 5
TEXT = f"CASE typeof({{c}}) WHEN 'text' THEN {{c}} WHEN 'null' THEN '' ELSE {WRITTEN} END"
TYPED = f"substr(typeof({{c}}), 1, 1) || {TEXT}"
NUMBER = "ifnull(CAST({c} AS REAL), 9e999)"
PLAIN = f"ifnull(+{{c}} BETWEEN {-EXACT_INTEGERS} AND {EXACT_INTEGERS}, 1)"  # without the + some text is converted
CELL = "CASE typeof({c}) WHEN 'blob' THEN json('{{}}') ELSE {c} END"
BINARY = "CASE 'blob' {cases} ELSE '' END"
ODD = "CASE WHEN {plain} THEN '' ELSE json_array({cells}) END"


class Told(NamedTuple):
    """What the first rows tell about a column: how its text is written, and whether it is mostly text."""

    kind: Kind
    form: Form
    mostly_text: bool


class SqliteReader(DatabaseReader):
    """A query to a file, which is opened to read only.

    What a column holds is told by its first 1000 rows, as in a CSV file: numbers, dates and times also where they are
    written as text.
    """

    def __init__(self, path: Path, query: str | None) -> None:
        self.path = path
        self._told: dict[str, Told] = {}
        super().__init__(path.name, query)

    def connected(self) -> Connection:
        """Open the file: never makes one."""
        return Connection(lambda: adbc.sqlite(f"{self.path.absolute().as_uri()}?mode=ro"), self._explain)

    def tables(self, connection: Connection) -> list[TableName]:
        """All tables and views."""
        return [TableName(name, quoted(name)) for name in connection.table(TABLES).column(0).to_pylist()]

    def describe(self, connection: Connection) -> list[tuple[str, Kind]]:
        """Names, and kinds by the first rows."""
        try:
            names = connection.names_at_start(f"SELECT * FROM (\n{self.query}\n) LIMIT 0")
        except DataError:
            connection.names_at_start(f"EXPLAIN {self.query}")  # what is wrong with it, and not with what is around it
            raise
        if any(re.search(r":\d+$", name) for name in names):  # so SQLite calls a name that occurs twice
            names = connection.names_at_start(self.query, {BATCH_ROWS: "1"})
        few = f"SELECT * FROM (\n{self.query}\n) LIMIT {SAMPLE_ROWS}"
        sample = connection.table(selected(few, len(names), [TYPED.format(c=f"c{j}") for j in range(len(names))]))
        told = [_told(column.to_pylist()) for column in sample.columns]
        self._told = dict(zip(names, told, strict=True))
        return [(name, column.kind) for name, column in zip(names, told, strict=True)]

    def select(self, columns: Sequence[str], texts: Collection[str]) -> str:
        """One expression for each column, and after them what is odd in the numbers of a row, and binary in others."""
        place = {name: f"c{j}" for j, name in enumerate(self.column_names)}
        numbers = self._numbers(columns, texts)
        cells = [(NUMBER if name in numbers else TEXT).format(c=place[name]) for name in columns]
        for few in _groups(numbers):
            plain = " AND ".join(PLAIN.format(c=place[name]) for name in few)
            cells.append(ODD.format(plain=plain, cells=", ".join(CELL.format(c=place[name]) for name in few)))
        for few in _groups([name for name in columns if name not in numbers]):
            cases = " ".join(f"WHEN typeof({place[name]}) THEN '{j}'" for j, name in enumerate(few))
            cells.append(BINARY.format(cases=cases))
        # Two limits keep SQLite from merging the queries, in which it would compute each column again at each mention.
        query = f"SELECT * FROM (\n{self.query}\n) LIMIT -1"
        return selected(query, len(self.column_names), cells, limit=" LIMIT -1")

    def options(self, rows: int, columns: int) -> Mapping[str, str]:
        """Exactly so many rows."""
        return {BATCH_ROWS: str(rows)}

    def cells(self, batch: Any, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        """As `select` gives them."""
        read: dict[str, Cells] = {}
        odd = list(batch.columns[len(columns) :])
        numbers: dict[str, Array] = {name: np.empty(0) for name in self._numbers(columns, texts)}
        of_numbers = _groups(list(numbers))
        for few, binary in zip(
            _groups([name for name in columns if name not in numbers]), odd[len(of_numbers) :], strict=True
        ):
            _refuse_binary(few, binary)
        for name, cells in zip(columns, batch.columns, strict=False):
            if name in texts:
                read[name] = Labels.of_text(cells, MISSING_WORDS)
            elif name in numbers:
                read[name] = numbers[name] = np.array(cells.to_numpy(zero_copy_only=False), dtype=np.float64)
            else:
                read[name] = from_text(cells, name, self._told[name].form)
        for few, cells in zip(of_numbers, odd, strict=False):
            _settle({name: numbers[name] for name in few}, cells)
        return [read[name] for name in columns]

    def _numbers(self, columns: Sequence[str], texts: Collection[str]) -> list[str]:
        """Columns that are read as numbers; a text among them then takes longer, and a number keeps all its digits."""
        return [name for name in columns if name not in texts and not self._told[name].mostly_text]

    def _explain(self, message: str) -> DataError:
        reason = re.sub(r"^(([A-Z_]+|Failed to \w+ query): |\[SQLite\] )*", "", message.partition("\n")[0])
        if not self.path.exists():
            return no_such_file(self.path)
        if absent := re.fullmatch(r"no such table: (.+)", reason):
            return NoSuchTable(f"{self.database} holds no table {absent[1]!r}", absent[1])
        if "not a database" in reason:
            return DataError(f"{self.database} is not an SQLite database")
        if "malformed" in reason:
            return DataError(f"{self.database} is damaged: {reason}", hint="sqlite3's .recover saves what is left")
        if "locked" in reason:
            return DataError(f"{self.database} is being written to: {reason}", hint="try again when that is done")
        if "failed to open" in reason or "unable to open" in reason:
            return DataError(f"cannot open {shown_path(self.path)}", hint="may it be read?")
        return DataError(f"{self.database} refuses the query: {reason}")


def path_of(text: str) -> Path:
    """The file that is meant: sqlite:///houses.db and houses.db are in this folder, sqlite:////houses.db is not.

    Raises
    ------
    DataError
        Where there is none.
    """
    rest = re.sub(r"^sqlite://", "", text, flags=re.IGNORECASE)
    path = rest if rest == text else rest.removeprefix("/")
    # An address with one slash too few is understood, and one that is escaped.
    for way in (path, rest, unquote(path), unquote(rest)):
        if way and Path(way).expanduser().is_file():
            return Path(way).expanduser()
    if not path:
        raise DataError(f"{shown_path(text)} names no file", hint="sqlite:///houses.db for a file in this folder")
    shown = shown_path(path)
    if os.path.isdir(path):
        raise DataError(f"{shown} is a folder, expected an SQLite database")
    raise no_such_file(path)


# What no table may be called without quotes: all keywords of SQLite that "SELECT * FROM ..." does not take.
RESERVED = """
    add all alter and as autoincrement between case check collate commit constraint create default deferrable delete
    distinct drop else escape except exists foreign from group having in index insert intersect into is isnull join
    limit not nothing notnull null on or order primary references returning select set table then to transaction union
    unique update using values when where
"""


def quoted(name: str) -> str:
    """A name as SQL has it, in quotes where it needs them.

    Examples
    --------
    >>> quoted("houses"), quoted("my houses"), quoted("Order")
    ('houses', '"my houses"', '"Order"')
    """
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) and name.lower() not in RESERVED.split()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _told(sample: Sequence[str]) -> Told:
    """By cells each with the first letter of its type before it."""
    import pyarrow as pa

    form = form_of(pa.array([cell[1:] for cell in sample], pa.string()))
    numbers = sum(cell[0] in "ir" for cell in sample)
    texts = sum(cell[0] == "t" and cell[1:].strip() not in MISSING_WORDS for cell in sample)
    return Told(form.kind, form, form.kind is not Kind.NUMBER or texts > numbers)


def _groups(columns: Sequence[str]) -> list[Sequence[str]]:
    return [columns[start : start + TOGETHER] for start in range(0, len(columns), TOGETHER)]


def _refuse_binary(columns: Sequence[str], first: Any) -> None:
    """`first` says of each row which of the columns is the first with binary data, if one is."""
    import pyarrow.compute as pc

    rows = np.flatnonzero(pc.not_equal(first, "").to_numpy(zero_copy_only=False)).tolist()
    if rows:
        raise NotANumber(columns[int(first[rows[0]].as_py())], rows[0] + 1, b"", what="binary data")


def _settle(numbers: Mapping[str, Array], odd: Any) -> None:
    """Put right what is no plain number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    infinite = {name: np.isposinf(cells) for name, cells in numbers.items()}
    for name, where in infinite.items():
        numbers[name][where] = np.nan
    rows = np.flatnonzero(pc.not_equal(odd, "").to_numpy(zero_copy_only=False))
    written: dict[str, dict[int, str]] = {}
    for row in rows.tolist():
        for name, cell in zip(numbers, json.loads(odd[row].as_py()), strict=True):
            if isinstance(cell, int):
                refuse_rounding(cell, name, row + 1)
            elif isinstance(cell, str):
                written.setdefault(name, {})[row] = cell
            elif isinstance(cell, dict):
                raise NotANumber(name, row + 1, b"", what="binary data")
            elif cell is not None and infinite[name][row]:
                numbers[name][row] = np.inf
    for name, texts in written.items():
        rows_of_texts = list(texts)
        try:
            numbers[name][rows_of_texts] = from_text(pa.array(texts.values(), pa.string()), name, Form(Kind.NUMBER))
        except NotANumber as cell:
            cell.row = rows_of_texts[cell.row - 1] + 1
            raise
