"""A page, or a figure, on the disk: refused where it cannot be; a page is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gradline.data.readers.credentials import is_url, shown_path
from gradline.data.written.whole_file import refuse_unwritable, replacing
from gradline.errors import DataError

PAGES = (".html", ".htm")


def refuse_ending(path: str | os.PathLike[str], example: str, expected: Sequence[str] = PAGES) -> str:
    """The suffix, in small letters; DataError where no browser, or whatever opens the file, would take it for one."""
    ending = Path(path).suffix
    if ending.lower() not in expected:
        said = f"ends in '{ending}'" if ending else "has no suffix"
        known = f"{', '.join(expected[:-1])} or {expected[-1]}"
        raise DataError(f"{shown_path(path)} {said}, expected {known}", hint=f"for example {example}")
    return ending.lower()


def refuse_path(path: str | os.PathLike[str], example: str) -> None:
    """DataError where no page can be written to a path, as far as that can be told before; the hint has the example."""
    if is_url(path):
        raise DataError(f"{shown_path(path)} is a URL, and a page is written to a file", hint=_elsewhere(example))
    try:
        refuse_unwritable(path)
    except (OSError, ValueError) as error:
        raise unwritten(path, error, example) from None
    refuse_ending(path, example)


def write_page(path: str | os.PathLike[str], page: str, example: str) -> None:
    """The page as UTF-8, in place of what was there.

    Raises
    ------
    DataError
        Where it cannot be written; what was there stays.
    """
    refuse_path(path, example)
    try:
        with replacing(path) as file:
            file.write(page.encode("utf-8", "replace"))  # a lone surrogate of a broken name has no bytes
    except (OSError, ValueError) as error:
        raise unwritten(path, error, example) from None


def unwritten(path: str | os.PathLike[str], error: OSError | ValueError, example: str) -> DataError:
    """A ValueError is that of a path which no file can have."""
    told_by_system = isinstance(error, OSError) and error.strerror
    elsewhere = _elsewhere(example)
    hint = f"make room there, or {elsewhere}" if told_by_system else elsewhere
    return DataError(f"{shown_path(path)} cannot be written: {told_by_system or error}", hint=hint)


def _elsewhere(example: str) -> str:
    return f"name a file in a folder that is there, such as {example}"
