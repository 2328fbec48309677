"""PostgreSQL: each column has one type, and the driver reads them in binary."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import numpy as np

from gradline.data.cells import from_arrow
from gradline.data.columns.kinds import Kind, kind_of
from gradline.data.columns.labels import Labels
from gradline.data.databases import adbc
from gradline.data.databases.adbc import Connection
from gradline.data.databases.query import DatabaseReader, NoSuchTable, TableName, selected
from gradline.data.readers.credentials import secrets
from gradline.data.readers.reader import Cells
from gradline.data.text.cells import Form, from_text
from gradline.errors import DataError
from gradline.solution import Array

CONNECT_SECONDS = 10
OPEN_OPTIONS = ("dbname", "sslmode", "connect_timeout", "application_name")

# One snapshot for all rows of a pass, and nothing that writes; UTF-8 whatever the database has; and tables read from
# their start, though somebody else may be reading them.
BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL synchronize_seqscans = off",
)
TABLES = """
SELECT c.relname AS name,
       CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname)
       AS quoted
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 2"""

# Read by the driver as text, as hundredths, and as a signed integer.
NUMERIC = {"numeric": "{c}", "money": "{c}::numeric", "oid": "{c}::int8"}

# PostgreSQL's calendar starts in 4713 BC. The driver shifts the origin from 2000 to 1970 without regard to infinity,
# which is the largest or smallest integer: both end up before that.
EARLIEST = {Kind.DATE: -2_440_588, Kind.TIME: -2_440_588 * 86_400, Kind.ZONED: -2_440_588 * 86_400}

REFUSALS = {  # of a connection: the server's own words name user and host
    r"no password supplied": ("it asks for a password, and none was given", "PASSWORD"),
    r"password authentication failed": ("the password or the user was refused", "PASSWORD"),
    r"authentication failed": ("the server refuses this user", None),
    r"no pg_hba\.conf entry": ("the server lets nobody in from here under that user and database", None),
    r"role .* does not exist": ("there is no such user", None),
    r"database .* does not exist": ("there is no database of that name", None),
    r"permission denied for database|not permitted to log in": ("that user may not connect", None),
    r"could not translate host name": ("the host of the address is not known", None),
    r"Connection refused": ("nothing answers there: connection refused", "does the server run, on that host and port?"),
    r"No such file or directory": ("no server runs on this machine", "does the server run, on that host and port?"),
    r"timeout|timed out": ("no answer in time", "is the server reachable, on that host and port?"),
    r"unreachable|No route": ("the host cannot be reached", None),
    r"SSL|certificate": ("the server and the address do not agree about SSL", "see sslmode in PostgreSQL's manual"),
    r"too many|remaining connection slots": ("the server takes no more connections", "try again later"),
    r"starting up|shutting down|recovery mode": ("the server is starting or stopping", "try again in a moment"),
    r"invalid|unexpected|missing|unterminated": (
        "the address is not well formed: expected postgresql://user@host:port/database",
        "characters such as @ / : # % in a password are written %40 %2F %3A %23 %25",
    ),
}
PASSWORD = "PGPASSWORD or ~/.pgpass can hold it, and keep it out of the address"
GONE = r"terminating connection|server closed|server was lost|could not receive|no connection|has been closed"


class PostgresReader(DatabaseReader):
    """A query to a server, in a read-only transaction."""

    def __init__(self, uri: str, query: str | None) -> None:
        self._uri = uri
        self._hidden = hidden(uri)
        self._types: dict[str, str] = {}
        super().__init__(_database(uri, self._hidden), query)

    def connected(self) -> Connection:
        """Connect, and begin to read."""
        return Connection(lambda: adbc.postgresql(_patient(self._uri), BEGIN), self._explain)

    def tables(self, connection: Connection) -> list[TableName]:
        """All tables and views that may be read, those on the search path without their schema."""
        return [TableName(row["name"], row["quoted"]) for row in connection.table(TABLES).to_pylist()]

    def describe(self, connection: Connection) -> list[tuple[str, Kind]]:
        """Names and types; the query is not run."""
        schema = connection.names_and_types(self.query)
        self._types = {field.name: _typename(field) for field in schema}
        return [(field.name, _kind(field)) for field in schema]

    def select(self, columns: Sequence[str], texts: Collection[str]) -> str:
        """The columns, those in `texts` as text."""
        place = {name: f"c{j}" for j, name in enumerate(self.column_names)}
        cells = [
            ("{c}::text" if self._is_text(name, texts) else NUMERIC.get(self._types[name], "{c}")) for name in columns
        ]
        cells = [cell.format(c=place[name]) for cell, name in zip(cells, columns, strict=True)]
        return selected(self.query, len(self.column_names), cells)

    def options(self, rows: int, columns: int) -> Mapping[str, str]:
        """About so many: each cell takes 4 bytes for its length and mostly 8 for itself."""
        return {"adbc.postgresql.batch_size_hint_bytes": str(rows * (2 + 12 * columns))}

    def cells(self, batch: Any, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        """As `select` gives them."""
        kinds = self.kinds()
        return [
            Labels.of_text(cells) if self._is_text(name, texts) else _numbers(cells, name, kinds[name])
            for name, cells in zip(columns, batch.columns, strict=True)
        ]

    def _is_text(self, name: str, texts: Collection[str]) -> bool:
        """Whether to read a column as text: of numbers those alone that may be longer than any float64."""
        return name in texts and (not self.kinds()[name].is_numeric or self._types[name] in ("int8", "numeric"))

    def _explain(self, message: str) -> DataError:
        if "Failed to connect" in message:
            for pattern, (reason, hint) in REFUSALS.items():
                if re.search(pattern, message):
                    hint = PASSWORD if hint == "PASSWORD" else hint
                    return DataError(f"cannot connect to {self.database}: {reason}", hint=hint)
            return DataError(
                f"cannot connect to {self.database}",
                hint="what the server says is not shown, since it may name the user",
            )
        if re.search(GONE, message):
            return DataError(f"{self.database} went away before the last row: the connection is closed")
        found = re.search(r"(?:ERROR|FATAL):\s*(.*)", message)
        reason = self._purged(found[1] if found else message.partition("\n")[0])
        if absent := re.search(r'relation "(.+)" does not exist', reason):
            return NoSuchTable(f"{self.database} holds no table {absent[1]!r}", absent[1])
        advice = re.search(r"HINT:\s*(.*)", message)
        return DataError(
            f"{self.database} refuses the query: {reason}", hint=self._purged(advice[1]) if advice else None
        )

    def _purged(self, text: str) -> str:
        for word in sorted(self._hidden, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "...", text)
        return text


def hidden(uri: str) -> set[str]:
    """User, password, host and options, from the address and from the environment.

    Examples
    --------
    >>> sorted(hidden("postgresql://anna:s3cret@db.example.org:5432/houses") - hidden("postgresql://"))
    ['anna', 'anna:s3cret', 'db.example.org', 's3cret']
    """
    address, _, options = uri.partition("?")
    place = address.partition("://")[2].rpartition("@")[2].partition("/")[0]
    hosts = {re.sub(r":\d*$", "", host) for host in place.split(",")}
    known = {os.environ.get(name, "") for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGHOSTADDR")}
    values = {value for name, value in parse_qsl(options) if name not in OPEN_OPTIONS}
    return {*secrets(address), *hosts, *known, *values} - {""}


def _database(uri: str, hidden: set[str]) -> str:
    """What to call it: its name, unless that tells the user or the host."""
    address, _, options = uri.partition("?")
    path = unquote(address.partition("://")[2].rpartition("@")[2].partition("/")[2])
    name = dict(parse_qsl(options)).get("dbname") or path or os.environ.get("PGDATABASE", "")
    return name if name and name not in hidden else "PostgreSQL"


def _patient(uri: str) -> str:
    """The address with a limit on how long to wait for an answer, where none is set."""
    if "connect_timeout=" in uri or "PGCONNECT_TIMEOUT" in os.environ:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}connect_timeout={CONNECT_SECONDS}"


def _typename(field: Any) -> str:
    metadata = field.metadata or {}
    return str(metadata.get(b"ADBC:postgresql:typname", metadata.get(b"POSTGRESQL:type", b"")).decode())


def _kind(field: Any) -> Kind:
    return Kind.NUMBER if _typename(field) in NUMERIC else kind_of(field.type)


def _numbers(cells: Any, name: str, kind: Kind) -> Array:
    import pyarrow as pa

    stored = getattr(cells, "storage", cells)  # of an extension type, as which numeric comes where Arrow knows it
    if kind is Kind.NUMBER and pa.types.is_string(stored.type):
        return from_text(stored, name, Form(Kind.NUMBER))
    numbers = from_arrow(cells, name)
    return np.where(numbers < EARLIEST[kind], np.inf, numbers) if kind in EARLIEST else numbers
