"""From what the user typed to the files it means: a path, a glob, a folder, a URL, or standard input."""

from __future__ import annotations

import difflib
import fnmatch
import glob
import os
import re
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from gradline.data.readers.credentials import purged, secrets, shown_path
from gradline.errors import DataError

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
KINDS = {
    **dict.fromkeys(("csv", "tsv"), "CSV"),
    **dict.fromkeys(("parquet", "pq"), "Parquet"),
    **dict.fromkeys(("arrow", "feather", "ipc"), "Arrow"),
    **dict.fromkeys(("jsonl", "ndjson"), "JSON lines"),
}
TABLE = re.compile(rf"\.({'|'.join(KINDS)})(\.(gz|bz2|zst))?$", re.IGNORECASE)
SYSTEMS = ("file", "s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
WILD = re.compile(r"[*?\[]")


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
        # Whoever receives it may be in another folder.
        from pyarrow import fs

        path = os.path.abspath(self.path) if isinstance(self.system, fs.LocalFileSystem) else self.path
        return Place, (self.system, path, self.name, self.compression, self.state)

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


class Part(NamedTuple):
    """One file of a table of several, and what the names of its folders (key=value) say about each of its rows."""

    place: Place
    keys: dict[str, str]


def find(text: str) -> Place | Pipe | tuple[str, list[Part]]:
    """Find what it means: one place, or the name of a table of several parts, and these in the order of their paths.

    Raises
    ------
    DataError
        Where there is no such file, no file in the folder or the glob, files of several kinds in a folder, or no such
        file system. Credentials in a URL are in no message.
    """
    from pyarrow import fs

    if text == "-":
        return Pipe(sys.stdin.buffer, "standard input")
    if URL.match(text):
        system, path = _file_system(text)
    else:
        system, path = fs.LocalFileSystem(), os.path.expanduser(text)
    shown = shown_path(text if URL.match(text) else path)
    with foreseen(text):
        info = system.get_file_info(path)
    kind = info.type
    name = Path(path).name or path
    if kind == fs.FileType.File:
        return Place(system, path, name, state=(info.size, info.mtime_ns))
    if kind == fs.FileType.Directory:
        return Path(path).resolve().name or path, _folder(system, path, shown)
    if kind == fs.FileType.Unknown:  # a named pipe, or what the shell puts in place of <(command)
        with foreseen(path):
            file = open(path, "rb")  # noqa: SIM115 - read, and closed, later
        pipe = Pipe(file, shown)
        weakref.finalize(pipe, file.close)
        return pipe
    if WILD.search(path):
        return shown, _glob(system, path, shown)
    hint = None
    if isinstance(system, fs.LocalFileSystem) and shown == path and (folder := Path(path).parent).is_dir():
        near = difflib.get_close_matches(name, [other.name for other in folder.iterdir()], n=1)
        hint = f"did you mean {folder / near[0]}?" if near else None
    raise DataError(f"no such file: {shown}", hint=hint)


def _folder(system: Any, path: str, shown: str) -> list[Part]:
    found = [part for part in _below(system, path, shown) if TABLE.search(part.place.name)]
    kinds: dict[str, int] = {}
    for part in found:
        ending = TABLE.search(part.place.name)
        kind = KINDS[ending[1].lower()] if ending else ""
        kinds[kind] = kinds.get(kind, 0) + 1
    if not found:
        raise DataError(
            f"folder {shown} holds no table", hint=f"gradline looks for files that end in .{', .'.join(KINDS)}"
        )
    if len(kinds) > 1:
        several = " and ".join(f"{count} {kind} file{'s'[: count > 1]}" for kind, count in kinds.items())
        raise DataError(f"folder {shown} holds {several}, expected one kind", hint=f"choose: '{shown}/**/*.csv'")
    return found


def _glob(system: Any, path: str, shown: str) -> list[Part]:
    from pyarrow import fs

    steps = path.split("/")
    base = "/".join(steps[: next(j for j, step in enumerate(steps) if WILD.search(step))])
    if isinstance(system, fs.LocalFileSystem):
        matches = sorted(glob.glob(path, recursive=True))
        with foreseen(shown):
            infos = system.get_file_info(matches)
        found = [_part(system, info, base) for info in infos if info.is_file]
        hint = f"'{shown}/*' for the files in the folders of that name" if matches else None
    else:
        found = [part for part in _below(system, base, shown) if _matches(part.place.path.split("/"), steps)]
        hint = None
    if not found:
        raise DataError(f"no file matches {shown}", hint=hint)
    return found


def _matches(path: list[str], pattern: list[str]) -> bool:
    return len(path) == len(pattern) and all(map(fnmatch.fnmatchcase, path, pattern))


def _below(system: Any, base: str, shown: str) -> list[Part]:
    """All files at any depth but those that are hidden (.x) or notes of a writer (_x), in the order of their paths."""
    from pyarrow import fs

    with foreseen(shown):
        infos = system.get_file_info(fs.FileSelector(base, recursive=True))
    parts = [_part(system, info, base) for info in infos if info.type == fs.FileType.File]
    tables = [part for part in parts if not re.search(r"(^|/)[._]", part.place.name)]
    return sorted(tables, key=lambda part: part.place.path)


def _part(system: Any, info: Any, base: str) -> Part:
    """A file and its keys; its name is its path below the base."""
    name = info.path[len(base) :].lstrip("/")
    steps = [step.partition("=") for step in name.split("/")[:-1]]
    keys = {unquote(key): unquote(value) for key, mark, value in steps if mark and key}
    return Part(Place(system, info.path, name, state=(info.size, info.mtime_ns)), keys)


def compression(start: bytes) -> str | None:
    """How a file is compressed, by its first bytes."""
    return next((kind for magic, kind in COMPRESSIONS.items() if start.startswith(magic)), None)


@contextmanager
def foreseen(path: str) -> Iterator[None]:
    """What the disk or a damaged file may raise, as one sentence."""
    import pyarrow as pa

    try:
        yield
        return
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
        told = f"cannot read {path}: {reason}"
        hint = None if isinstance(error, OSError) else "it may be cut off or damaged: copy or write it again"
        if (shown := shown_path(path)) == path:
            raise DataError(told, hint=hint) from error
        told = purged(told.replace(path, shown), secrets(path))
    # Beyond the `except`, so that the error which may hold credentials is not in the chain.
    raise DataError(told, hint=hint)


def _file_system(url: str) -> tuple[Any, str]:
    import pyarrow as pa
    from pyarrow import fs

    scheme = url.partition("://")[0].lower()
    if scheme not in SYSTEMS:
        raise DataError(
            f"cannot open {shown_path(url)}: no file system is called {scheme}, expected one of {', '.join(SYSTEMS)}",
            hint="download the file first" if scheme in ("http", "https", "ftp") else None,
        )
    try:
        return fs.FileSystem.from_uri(url)  # type: ignore[no-any-return]
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = purged(str(error).partition("\n")[0].replace(url, shown_path(url)), secrets(url))
    # Beyond the `except`, so that the error which may hold credentials is not in the chain.
    raise DataError(f"cannot open {shown_path(url)}: {reason}")
