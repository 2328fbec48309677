"""From what the user typed to the files it means: a path, a glob, a folder, a URL, or standard input."""

from __future__ import annotations

import difflib
import fnmatch
import glob
import os
import re
import sys
import warnings
import weakref
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from gradline.data.readers.credentials import purged, secrets, shown_path
from gradline.data.readers.places import Pipe, Place, foreseen, in_short
from gradline.data.readers.reached import HOW_TO_REACH, PARTS, PATIENCE, answered
from gradline.errors import DataError, DataWarning

KINDS = {
    **dict.fromkeys(("csv", "tsv", "tab"), "CSV"),
    **dict.fromkeys(("parquet", "pq"), "Parquet"),
    **dict.fromkeys(("arrow", "feather", "ipc"), "Arrow"),
    **dict.fromkeys(("jsonl", "ndjson"), "JSON lines"),
}
TABLE = re.compile(rf"\.({'|'.join(KINDS)})(\.(gz|gzip|bz2|zst|zstd))?$", re.IGNORECASE)
TOLD = 3
SYSTEMS = ("file", "s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
WILD = re.compile(r"[*?\[]")


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
        system, path, info = answered(lambda: _reached(text))
    else:
        system, path = fs.LocalFileSystem(), os.path.expanduser(text)
        with foreseen(text):
            info = system.get_file_info(path)
    shown = shown_path(text if URL.match(text) else path)
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
    if isinstance(system, fs.LocalFileSystem) and shown == path:
        raise no_such_file(path)
    raise DataError(f"no such file: {shown}")


def names_nothing(text: str | os.PathLike[str]) -> bool:
    """Whether it is the path of one file on this machine, and that is not there."""
    path = os.fspath(text)
    return path != "-" and not (URL.match(path) or WILD.search(path) or os.path.exists(os.path.expanduser(path)))


def no_such_file(path: str | os.PathLike[str]) -> DataError:
    """The error on a path of this machine that leads nowhere: with the most similar name, or where it was looked for.

    Examples
    --------
    >>> no_such_file("/nowhere/houses.csv").hint
    'there is no folder /nowhere'
    """
    folder, name = Path(path).expanduser().parent, Path(path).name
    others: list[str] = []
    with suppress(OSError):  # a folder that may not be listed
        others = os.listdir(folder)
    near = difflib.get_close_matches(name, others, n=1)
    hint = f"did you mean {shown_path(str(folder / near[0]))}?" if near else _looked_in(folder)
    return DataError(f"no such file: {shown_path(str(path))}", hint=hint)


def _looked_in(folder: Path) -> str:
    if not os.path.isdir(folder):
        return f"there is no folder {shown_path(str(folder))}"
    return f"looked for in {shown_path(os.path.realpath(folder))}"


def _folder(system: Any, path: str, shown: str) -> list[Part]:
    """The files whose names say that they are tables; others may be anything, and are told."""
    parts = _below(system, path, shown)
    found = [part for part in parts if TABLE.search(part.place.name)]
    others = [part.place.name for part in parts if not TABLE.search(part.place.name)]
    # A glob of the folder and the ending of the first of them.
    takes = others and f"'{shown.rstrip('/')}/{Path(others[0]).with_name('*' + Path(others[0]).suffix)}' would take"
    if not found:
        hint = f"gradline looks for files that end in .{', .'.join(KINDS)}"
        raise DataError(f"folder {shown} holds no table", hint=f"{hint}; {takes} {others[0]}" if others else hint)
    if others:
        named = ", ".join(others[:TOLD]) + (f" and {len(others) - TOLD:,} more" if len(others) > TOLD else "")
        files = f"{len(others):,} of {len(parts):,} files of folder {shown} {'were' if len(others) > 1 else 'was'}"
        warnings.warn(
            f"{files} left out, not being called a table (.csv, .parquet, ...): {named}; {takes} {others[0]}",
            DataWarning,
            stacklevel=2,
        )
    endings = [ending for part in found if (ending := TABLE.search(part.place.name))]
    kinds = Counter(KINDS[ending[1].lower()] for ending in endings)
    if len(kinds) > 1:
        several = " and ".join(f"{count} {kind} file{'s'[: count > 1]}" for kind, count in kinds.items())
        # A glob of the folder and the ending that most of them share.
        ((most, _),) = Counter(str(Path(e.string).with_name(f"*{e[0]}")) for e in endings).most_common(1)
        base = shown.rstrip("/")
        raise DataError(
            f"folder {shown} holds {several}, expected one kind",
            hint=f"name one of them, such as '{base}/{endings[0].string}', or some of one kind: '{base}/{most}'",
        )
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
        where = Path(base or ("/" if path.startswith("/") else "."))
        hint = f"'{shown}/*' for the files in the folders of that name" if matches else _looked_in(where)
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

    with foreseen(shown, HOW_TO_REACH.get(_scheme(shown))):
        infos = answered(lambda: system.get_file_info(fs.FileSelector(base, recursive=True)))
    parts = [_part(system, info, base) for info in infos if info.type == fs.FileType.File]
    tables = [part for part in parts if not re.search(r"(^|/)[._]", part.place.name)]
    return sorted(tables, key=lambda part: part.place.path)


def _part(system: Any, info: Any, base: str) -> Part:
    """A file and its keys; its name is its path below the base."""
    name = info.path[len(base) :].lstrip("/")
    steps = [step.partition("=") for step in name.split("/")[:-1]]
    keys = {unquote(key): unquote(value) for key, mark, value in steps if mark and key}
    return Part(Place(system, info.path, name, state=(info.size, info.mtime_ns)), keys)


def _reached(url: str) -> tuple[Any, str, Any]:
    """The file system that it names, the path there, and what lies there."""
    from pyarrow import fs

    system, path = _file_system(url)
    with foreseen(url, HOW_TO_REACH.get(_scheme(url))):
        if _scheme(url) in ("abfs", "abfss") and "/" not in path.rstrip("/"):
            # Asked about a whole container, without credentials, Arrow ends the process; asked for a list, it raises.
            system.get_file_info(fs.FileSelector(path))
        return system, path, system.get_file_info(path)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _file_system(url: str) -> tuple[Any, str]:
    import pyarrow as pa
    from pyarrow import fs

    scheme = _scheme(url)
    if scheme not in SYSTEMS:
        raise DataError(
            f"cannot open {shown_path(url)}: no file system is called {scheme}, expected one of {', '.join(SYSTEMS)}",
            hint="download the file first" if scheme in ("http", "https", "ftp") else None,
        )
    if scheme in PARTS and not re.match(r"[^?]*[^?/]", url.partition("://")[2].rpartition("@")[2]):
        what, written = PARTS[scheme]
        raise DataError(f"cannot open {shown_path(url)}: it names no {what}", hint=f"write {scheme}://{written}")
    if scheme in ("gs", "gcs") and "retry_limit_seconds=" not in url:
        url += f"{'&' if '?' in url else '?'}retry_limit_seconds={PATIENCE}"
    try:
        system: tuple[Any, str] = fs.FileSystem.from_uri(url)
        return system
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = purged(in_short(error).replace(url, shown_path(url)), secrets(url))
        hint = HOW_TO_REACH.get(scheme) if isinstance(error, OSError) else None
    # Beyond the `except`, so that the error which may hold credentials is not in the chain.
    raise DataError(f"cannot open {shown_path(url)}: {reason}", hint=hint)
