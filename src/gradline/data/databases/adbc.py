"""A connection to a database through ADBC: rows as Arrow record batches, errors as sentences, Ctrl-C heard at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from gradline.errors import DataError, MissingExtraError

T = TypeVar("T")
LISTEN_SECONDS = 0.2


def sqlite(uri: str) -> Any:
    """Connect to a file; the address is an URI as SQLite has it, with mode=ro."""
    with _extra("reading an SQLite database"):
        from adbc_driver_sqlite import dbapi
    return dbapi.connect(uri, autocommit=True)


def postgresql(uri: str, begin: Sequence[str]) -> Any:
    """Connect to a server, the address an URI as libpq has it, and begin a transaction with these statements."""
    with _extra("reading a PostgreSQL database"):
        from adbc_driver_postgresql import dbapi
    connection = dbapi.connect(uri)
    try:
        for statement in begin:
            with connection.cursor() as cursor:
                cursor.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _extra(feature: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError:
        raise MissingExtraError(feature, "db") from None


class Connection:
    """An open connection; closed, and what it was doing cancelled, at the end of its `with` block.

    A thread of its own makes all calls: the main one waits where Ctrl-C reaches it, and the next batch is on its way
    while this one is used.

    Parameters
    ----------
    connect : () -> a connection of the driver
    explain : str -> DataError
        What a message of the driver becomes. The error of the driver, which may hold credentials, goes no further: it
        is not in the chain of the DataError either.
    """

    def __init__(self, connect: Callable[[], Any], explain: Callable[[str], DataError]) -> None:
        self._explain = explain
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gradline-database")
        self._cursor: Any = None
        self._last: Future[Any] | None = None
        try:
            self._connection = self._call(connect)
        finally:
            if not hasattr(self, "_connection"):
                self._thread.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None and not self._last.done():
            with suppress(Exception):  # SQLite cannot, and what is gone need not be cancelled
                self._connection.adbc_cancel()
        with suppress(Exception):
            self._call(self._close)
        self._thread.shutdown()

    def names_and_types(self, sql: str) -> Any:
        """The Arrow schema of what a query would give, found without running it (PostgreSQL only)."""
        return self._call(self._describe, sql)

    def table(self, sql: str) -> Any:
        """A small result, whole."""
        return self._call(lambda: self._start(sql, {}).read_all())

    def batches(self, sql: str, options: Mapping[str, str] | None = None) -> Iterator[Any]:
        """Record batches of a query, as the driver cuts them; `options` are those of its statements."""
        stream = iter(self._call(self._start, sql, options or {}))
        waiting = self._submit(next, stream, None)
        while (batch := self._answer(waiting)) is not None:
            waiting = self._submit(next, stream, None)
            yield batch

    def names_at_start(self, sql: str, options: Mapping[str, str] | None = None) -> list[str]:
        """The column names of a query, which is run up to its first batch."""
        return [str(name) for name in self._call(self._start, sql, options or {}).schema.names]

    def _start(self, sql: str, options: Mapping[str, str]) -> Any:
        self._free()
        self._cursor = self._connection.cursor(adbc_stmt_kwargs=dict(options))
        self._cursor.execute(sql)
        return self._cursor.fetch_record_batch()

    def _describe(self, sql: str) -> Any:
        self._free()
        self._cursor = self._connection.cursor()
        return self._cursor.adbc_execute_schema(sql)

    def _free(self) -> None:
        if self._cursor is not None:
            self._cursor.close()
        self._cursor = None

    def _close(self) -> None:
        self._free()
        self._connection.close()

    def _call(self, work: Callable[..., T], *arguments: Any) -> T:
        return self._answer(self._submit(work, *arguments))

    def _submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        self._last = waiting = self._thread.submit(work, *arguments)
        return waiting

    def _answer(self, waiting: Future[T]) -> T:
        while not waiting.done():  # a wait without an end does not hear Ctrl-C everywhere
            wait([waiting], LISTEN_SECONDS)
        error = waiting.exception()
        if error is None:
            return waiting.result()
        if _by_driver(error):
            raise self._explain(str(error))
        raise error


def _by_driver(error: BaseException) -> bool:
    import pyarrow as pa

    return isinstance(error, OSError | pa.ArrowException) or type(error).__module__.startswith("adbc_driver")
