"""Files that are either whole or not there: what a path held stays until its successor is complete and on the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gradline.data.readers.credentials import shown_path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` at the end of the block, if nothing went wrong in it.

    A kill while writing may leave the unfinished one behind, as `.NAME.PROCESS.tmp` in the same folder.

    Raises
    ------
    OSError
        Where the file cannot be written, or `path` is no ordinary file; what was there stays.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "total.txt"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"12")
    ...     path.exists()
    False
    >>> path.read_text()
    '12'
    """
    refuse_place(path)
    whole = Path(os.path.realpath(path))  # of a link, the file behind it
    temporary = _beside(whole)
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power failure could leave the new name on an empty file
        with suppress(OSError):  # who might read the file before may read it now, and nobody else
            shutil.copymode(whole, temporary)
        os.replace(temporary, whole)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with suppress(OSError):  # not every system can bring a folder to the disk
        folder = os.open(whole.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def refuse_place(path: str | os.PathLike[str]) -> None:
    """What can be told before anything is written: OSError where `path` is no place for a file."""
    refuse_special(path)
    folder = os.path.dirname(os.path.realpath(path))
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        known = shown_path(path) == os.fspath(path)
        raise OSError(f"there is no folder {folder}" if known else "its folder is not there") from None
    except OSError:
        return  # one that may not be looked at: writing will say so


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """The same, and a folder in which this process may write nothing: OSError. Leaves nothing behind."""
    refuse_place(path)
    # Only a file can tell: rights, read-only disks, long names and root are a matter of the system.
    trial = _beside(Path(os.path.realpath(path)))
    with open(trial, "wb"):
        pass
    trial.unlink()


def _beside(whole: Path) -> Path:
    """In the same folder, since only there a move is one step; by the process, since two may save beside each other."""
    return whole.with_name(f".{whole.name}.{os.getpid()}.tmp")


def refuse_special(path: str | os.PathLike[str]) -> None:
    """A device or a pipe would be replaced by a file, or be read without an end: OSError."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError("it is a folder" if os.path.isdir(path) else "it is no ordinary file")
