"""Whatever a table is kept in, as a reader: text, columns, memory, a database."""

from __future__ import annotations

import os
from typing import Any

from gradline.data.databases.database import is_database_uri, is_sqlite_file, open_database_reader
from gradline.data.readers.bad_files import OnBadFile
from gradline.data.readers.columnar import StreamReader, TableReader
from gradline.data.readers.credentials import is_connection_string, shown_path
from gradline.data.readers.files import reader_of
from gradline.data.readers.finding import names_nothing, no_such_file
from gradline.data.readers.reader import Reader
from gradline.data.tables import is_stream
from gradline.data.text.cells import Decimal
from gradline.errors import DataError

SERVER = "postgresql://USER@HOST/DATABASE"


def opened(
    data: Any,
    *,
    query: str | None = None,
    decimal: Decimal = ".",
    encoding: str | None = None,
    on_bad_file: OnBadFile | None = None,
) -> Reader:
    """A path, a URL, the address of a database with a query, or a table in memory; see `gradline.open_source`.

    Raises
    ------
    DataError
        Where it cannot be opened, or an option has no meaning for it.
    """
    if isinstance(data, str | os.PathLike):
        if is_database_uri(data) or is_sqlite_file(data):
            return open_database_reader(data, query)
        shown = shown_path(data)
        if isinstance(data, str) and is_connection_string(data):
            raise DataError(f"{shown} is no address of a database that gradline reads", hint=f"write it as {SERVER}")
        if query is not None:
            if names_nothing(data):
                raise no_such_file(data)
            raise DataError(
                f"a query needs a database, which {shown} is not",
                hint=f"sqlite:///FILE, the path of an SQLite file, or {SERVER}",
            )
        return reader_of(data, decimal=decimal, encoding=encoding, on_bad_file=on_bad_file)
    if query is not None:
        raise DataError(f"a query needs a database, which {type(data).__name__} is not")
    return StreamReader.of(data) if is_stream(data) else TableReader.of(data)
