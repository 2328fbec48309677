"""Where bytes come from: one file, on whatever file system, which may be read again, or a pipe, which may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gradline.data.readers.credentials import purged, secrets, shown_path
from gradline.errors import DataError

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}


@dataclass(frozen=True, slots=True)
class Place:
    """One file, on the local disk or on any other file system that pyarrow knows.

    Attributes
    ----------
    system : pyarrow.fs.FileSystem
    path : str
        On that system; holds no credentials.
    name : str
        What to call it in messages.
    compression : str or None
        How `opened` and `head` read it, as pyarrow calls it.
    state : (int or None, int or None) or None
        Its size in bytes and when it was written, as it was found; None: not known.
    """

    system: Any
    path: str
    name: str
    compression: str | None = None
    state: tuple[int | None, int | None] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.system, self.whole_path, self.name, self.compression, self.state)

    @property
    def whole_path(self) -> str:
        """That for whoever is in another folder."""
        from pyarrow import fs

        return os.path.abspath(self.path) if isinstance(self.system, fs.LocalFileSystem) else self.path

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Its bytes, uncompressed, from the start; what the disk or a damaged file raises is a DataError.

        So is that the file is not the one that was found, before or after: every pass reads the same rows.
        """
        with self.unchanged(), self.system.open_input_stream(self.path, compression=self.compression) as file:
            yield file

    @contextmanager
    def random_access(self) -> Iterator[Any]:
        """Its bytes as they lie there, in any order."""
        with self.unchanged(), self.system.open_input_file(self.path) as file:
            yield file

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """A stretch of reading that is a DataError where the file cannot be read, or is another one by then."""
        with foreseen(self.path):
            self._refuse_change()
            yield
            self._refuse_change()

    def _refuse_change(self) -> None:
        if self.state is None:
            return
        info = self.system.get_file_info(self.path)
        if info.is_file and (info.size, info.mtime_ns) != self.state:
            sizes = (
                f"from {self.state[0]} to {info.size} bytes" if info.size != self.state[0] else "it was written again"
            )
            raise DataError(
                f"{shown_path(self.path)} has changed since it was opened: {sizes}",
                hint="read a copy that stays as it is",
            )

    def head(self, size: int) -> bytes:
        """The first `size` bytes, or all."""
        with self.opened() as file:
            return bytes(file.read(size))

    def uncompressed(self) -> Place:
        """The same, read as its first bytes tell."""
        return replace(self, compression=compression(self.head(4)))


class Pipe:
    """Bytes that come once: the first pass takes them, a second one is a DataError."""

    def __init__(self, file: Any, name: str) -> None:
        self.name = self.path = name
        self._file, self._head, self._taken = file, b"", False

    def head(self, size: int) -> bytes:
        """The first `size` bytes, or all; they are kept for the pass."""
        with foreseen(self.name):
            while len(self._head) < size and (more := self._file.read(size - len(self._head))):
                self._head += more
        return self._head[:size]

    def uncompressed(self) -> Pipe:
        """The same, read as its first bytes tell."""
        import pyarrow as pa

        kind = compression(self.head(4))
        if kind is None:
            return self
        with foreseen(self.name):
            return Pipe(pa.CompressedInputStream(pa.PythonFile(self, mode="r"), kind), self.name)

    @contextmanager
    def opened(self) -> Iterator[Pipe]:
        """Itself, once."""
        if self._taken:
            raise read_twice(self.name)
        self._taken = True
        with foreseen(self.name):
            yield self

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer than `size` do not mean the end, none do."""
        if not self._head:
            return bytes(self._file.read(size))
        stop = len(self._head) if size < 0 else size
        taken, self._head = self._head[:stop], self._head[stop:]
        return taken

    @property
    def closed(self) -> bool:
        """As Arrow asks of a file."""
        return False

    def readable(self) -> bool:
        """As Arrow asks of a file."""
        return True

    def close(self) -> None:
        """Standard input stays open."""


def read_twice(name: str) -> DataError:
    """What comes once cannot be read again."""
    return DataError(
        f"{name} can be read only once, and this needs a second pass over the rows",
        hint="save the rows to a file and fit that; the exact way takes one pass, but for a formula with categories",
    )


def compression(start: bytes) -> str | None:
    """How a file is compressed, by its first bytes."""
    return next((kind for magic, kind in COMPRESSIONS.items() if start.startswith(magic)), None)


@contextmanager
def foreseen(path: str, hint: str | None = None) -> Iterator[None]:
    """What the disk, a network or a damaged file may raise, as one sentence, with that hint or, where it fits, one.

    The path may be a URL that holds credentials.
    """
    import pyarrow as pa

    try:
        yield
        return
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        shown = shown_path(path)
        if hint is None and not isinstance(error, OSError):
            hint = "it may be cut off or damaged: copy or write it again"
        reason = error.strerror if isinstance(error, OSError) and error.strerror else in_short(error)
        if shown == path:
            raise DataError(f"cannot read {path}: {reason}", hint=hint) from error
        told = f"cannot read {shown}: {purged(reason.replace(path, shown), secrets(path))}"
    # Beyond the `except`, so that the error which may hold credentials is not in the chain.
    raise DataError(told, hint=hint)


def in_short(error: Exception) -> str:
    """Its first line; of Google's client, which tells all of it twice, the first account."""
    line, twice, _ = str(error).partition("\n")[0].partition(" error_info={")
    return line.removeprefix("google::cloud::Status(") if twice else line
