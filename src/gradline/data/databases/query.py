"""The rows of a query as a table, whichever database it is; read afresh at each pass, and never written to."""

from __future__ import annotations

import difflib
import re
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gradline.data.cells import NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.databases.adbc import Connection
from gradline.data.readers.reader import Cells
from gradline.data.roles import listed
from gradline.errors import DataError

READS = ("SELECT", "WITH", "VALUES", "TABLE")
FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", re.DOTALL)
NAME_LENGTH = 60


class NoSuchTable(DataError):  # noqa: N818 - what it becomes is a DataError with a hint
    """A query names a table that is not there."""

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table


class TableName(NamedTuple):
    """A table or a view: its name, and the same as a query has it."""

    name: str
    quoted: str


class DatabaseReader:
    """What a query gives, run again at each pass.

    A pass sees the database as it was when the pass began; the rows of two passes differ where somebody changes them in
    between. Without ORDER BY a database may also give the same rows in another order.
    """

    def __init__(self, database: str, query: str | None) -> None:
        self.database = database
        self.query = "" if query is None else query.strip().rstrip(";").rstrip()
        if not self.query or not re.search(r"\s", self.query) or not reads(self.query):
            self.query = self._whole_table(self.query)
        text = " ".join(self.query.split())
        self.name = f"{database}: {text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 3] + '...'}"
        try:
            with self.connected() as connection:
                columns = self.describe(connection)
        except NoSuchTable as error:
            tables = self._tables()
            holds = f"{error.message}; it holds {listed([table.name for table in tables])}"
            raise DataError(holds, hint=nearest(error.table, tables)) from None
        except UnicodeDecodeError:
            raise DataError(f"{self.name} holds text that is not in UTF-8") from None
        self.column_names = tuple(name for name, _ in columns)
        self._kinds = dict(columns)
        if not columns:
            raise DataError(f"{self.name} gives no columns", hint="a query starts with SELECT")

    @abstractmethod
    def connected(self) -> Connection:
        """A connection that can only read."""

    @abstractmethod
    def tables(self, connection: Connection) -> list[TableName]:
        """All tables and views that can be read."""

    @abstractmethod
    def describe(self, connection: Connection) -> list[tuple[str, Kind]]:
        """The columns of the query, in order, and what they hold."""

    @abstractmethod
    def select(self, columns: Sequence[str], texts: Collection[str]) -> str:
        """SQL for these columns of the query, in the form that `cells` takes."""

    @abstractmethod
    def options(self, rows: int, columns: int) -> Mapping[str, str]:
        """What tells the driver to give so many rows at a time."""

    @abstractmethod
    def cells(self, batch: Any, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        """The cells of a record batch; rows of a NotANumber count within it."""

    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by its type (PostgreSQL) or its first rows (SQLite)."""
        return self._kinds

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`."""
        before = 0
        with self.connected() as connection:
            for batch in connection.batches(self.select(columns, texts), self.options(rows, len(columns))):
                for start in range(0, batch.num_rows, rows):
                    block = batch.slice(start, rows)
                    yield self._cells(block, columns, texts, before)
                    before += block.num_rows

    def _cells(self, batch: Any, columns: Sequence[str], texts: Collection[str], before: int) -> list[Cells]:
        try:
            return self.cells(batch, columns, texts)
        except NotANumber as cell:
            cell.row += before
            raise
        except UnicodeDecodeError:
            raise DataError(
                f"{self.name} holds text that is not in UTF-8, in rows {before + 1} to {before + batch.num_rows}"
            ) from None

    def _tables(self) -> list[TableName]:
        with self.connected() as connection:
            return self.tables(connection)

    def _whole_table(self, asked: str) -> str:
        """The query for a table that is named in place of a query; a statement that gives no rows names none."""
        tables = self._tables()
        for table in tables:
            if asked in (table.name, table.quoted):
                return f"SELECT * FROM {table.quoted}"
        example = next((table for table in tables if table.name == table.quoted), tables[0] if tables else None)
        one = "" if example is None else f"query={f'SELECT * FROM {example.quoted}'!r}"
        if re.search(r"\s", asked):
            first = _first_word(asked) or asked[:20]
            raise DataError(
                f"a query starts with {', '.join(READS[:-1])} or {READS[-1]}, this one with {first!r}",
                hint=nearest(asked, tables) or "gradline only reads" + (one and f"; for one table: {one}"),
            )
        if not tables:
            raise DataError(f"{self.database} holds no tables that can be read")
        names = listed([table.name for table in tables])
        if not asked:
            raise DataError(f"which rows of {self.database}? It holds the tables {names}", hint=one)
        raise DataError(f"{self.database} holds no table {asked!r}; it holds {names}", hint=nearest(asked, tables))


def nearest(asked: str, tables: Sequence[TableName]) -> str | None:
    """A hint with the table of the most similar name, if there is one.

    Examples
    --------
    >>> nearest("Huoses", [TableName("houses", "houses"), TableName("sales", "sales")])
    "did you mean 'houses'?"
    """
    known = {table.name.casefold(): table for table in tables}
    near = difflib.get_close_matches(asked.casefold(), known, n=1)
    if not near:
        return None
    name, quoted = known[near[0]]
    return f"did you mean {repr(name) if name == quoted else quoted}?"


def reads(query: str) -> bool:
    """Whether a statement gives rows, by its first word.

    Examples
    --------
    >>> reads("-- all\\nselect * from houses"), reads("DROP TABLE houses")
    (True, False)
    """
    return _first_word(query).upper() in READS


def _first_word(query: str) -> str:
    word = FIRST_WORD.match(query)
    return word[1] if word else ""


def selected(query: str, width: int, columns: Sequence[str], *, limit: str = "") -> str:
    """SQL for expressions in c0, c1, ..., the columns of a query: by position, since their names may be any.

    Examples
    --------
    >>> " ".join(selected("SELECT a, b FROM t", 2, ["c1 + 0.0"]).split())
    'WITH q(c0, c1) AS ( SELECT a, b FROM t ) SELECT c1 + 0.0 FROM q'
    """
    names = ", ".join(f"c{j}" for j in range(width))
    # The query may end in a comment: what follows it needs a line of its own.
    return f"WITH q({names}) AS (\n{query}\n) SELECT {', '.join(columns)} FROM q{limit}"
