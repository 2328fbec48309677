"""The rows of a query to a database: SQLite and PostgreSQL."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradline.data.databases.query import DatabaseReader


def open_database_reader(uri: str | os.PathLike[str], query: str | None) -> DatabaseReader:
    """Open a database to read what a query gives, and nothing else.

    Parameters
    ----------
    uri : str or path-like
        ``postgresql://user@host:5432/houses``, ``sqlite:///houses.db`` (in this folder), ``sqlite:////data/houses.db``,
        or the path of an SQLite file. What the address of a server does not say, and the password best, comes from the
        environment (PGHOST, PGPASSWORD, ...) or ``~/.pgpass``, as for psql.
    query : str or None
        One SELECT, WITH, VALUES or TABLE; or the name of a table.

    Raises
    ------
    DataError
        Where the database cannot be opened, or the query is missing or wrong. User, password, host and options are in
        no message.
    MissingExtraError
        Where the drivers are not installed.

    Notes
    -----
    The query runs again at each pass, in PostgreSQL in a transaction of its own (repeatable read, read only): a pass
    sees one state of the table, but the rows of two passes may differ if the table changes between them. Without ORDER
    BY the same rows may come in another order.
    """
    text = os.fspath(uri)
    if re.match(r"postgres(ql)?://", text, re.IGNORECASE):
        from gradline.data.databases.postgresql import PostgresReader

        return PostgresReader(text, query)
    from gradline.data.databases.sqlite import SqliteReader, path_of

    return SqliteReader(path_of(text), query)


def is_database_uri(text: object) -> bool:
    """Whether it is the address of a database.

    Examples
    --------
    >>> [is_database_uri(text) for text in ("sqlite:///houses.db", "postgresql://localhost/houses", "s3://houses")]
    [True, True, False]
    """
    return isinstance(text, str) and re.match(r"(sqlite|postgres(ql)?)://", text, re.IGNORECASE) is not None


def is_sqlite_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file on the local disk is an SQLite database, by its first bytes."""
    try:
        path = os.path.expanduser(path)
        if not os.path.isfile(path):  # what is read from a pipe is gone
            return False
        with open(path, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except (OSError, ValueError):
        return False
