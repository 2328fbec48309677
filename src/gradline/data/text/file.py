"""Files of text as UTF-8, whatever encoding they are in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradline.data.readers.places import Pipe, Place
from gradline.errors import DataError

SAMPLE_BYTES = 1 << 20
# Of long lines so many, if they fit: a header, and rows that tell what its columns hold.
SAMPLE_LINES, MOST_BYTES = 4, 1 << 26
MARKS = {  # the longer first: one of UTF-32 starts as one of UTF-16 does
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
ASSUMED = ("cp1252", "latin-1")


class TextFile:
    """A place whose bytes are read as UTF-8.

    Parameters
    ----------
    place : Place or Pipe
        Uncompressed.
    encoding : str, optional
        As Python calls it. Default: what the mark at the start says (UTF-8, UTF-16, UTF-32); else UTF-8 where the first
        megabyte is; else it is assumed to be Windows-1252, or Latin-1 where it has a byte that the former lacks.

    Attributes
    ----------
    name : str
    encoding : str
    whole : bool
        Whether `head()` is all of it.
    assumed : bool
        Whether nothing but the absence of UTF-8 speaks for it.

    Raises
    ------
    DataError
        Where the encoding does not exist, or the first megabyte is not in it, or is no text.
    """

    def __init__(self, place: Place | Pipe, encoding: str | None = None) -> None:
        self.place = place
        self.name = place.name
        start, whole = _sample(place)
        self.whole = whole
        stated = None if encoding is None else known(encoding)
        self.encoding = stated or encoding_of(start, whole)
        if stated is None and self.encoding in ("utf-8", *ASSUMED):
            refuse_binary(start, self.name)
        self.assumed = stated is None and self.encoding in ASSUMED
        self._start = start if self.encoding == "utf-8" else Transcoder(self.encoding, self.name)(start, whole)

    def head(self, size: int | None = None) -> bytes:
        """The first `size` bytes, or all, up to a megabyte, or a few lines where these are longer."""
        return self._start[:size]

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Its bytes from the start: `read(size)` gives about as many, and none at the end only."""
        with self.place.opened() as file:
            yield file if self.encoding == "utf-8" else Transcoded(file, Transcoder(self.encoding, self.name))


def _sample(place: Place | Pipe) -> tuple[bytes, bool]:
    size = SAMPLE_BYTES
    while len(start := place.head(size)) == size < MOST_BYTES and max(map(start.count, (b"\n", b"\r"))) < SAMPLE_LINES:
        size *= 2
    return start, len(start) < size


class Transcoded:
    """A file as UTF-8."""

    def __init__(self, file: Any, transcoder: Transcoder) -> None:
        self._file, self._transcoder = file, transcoder

    def read(self, size: int) -> bytes:
        """About as many of the next bytes."""
        while data := self._file.read(size):
            if text := self._transcoder(data):
                return text
        return self._transcoder(b"", last=True)


class Transcoder:
    """Bytes piece by piece; remembers in which line it is, to tell where a byte is wrong."""

    def __init__(self, encoding: str, name: str) -> None:
        self.encoding, self.name = encoding, name
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._line = 1

    def __call__(self, data: bytes, last: bool = False) -> bytes:
        """The same in UTF-8, but for a character at its end that is not whole yet."""
        try:
            text = self._decoder.decode(data, last)
        except UnicodeError as error:
            line, found = self._line, ""
            if isinstance(error, UnicodeDecodeError):
                before = error.object[: error.start].decode(self.encoding, "ignore")
                line, found = line + before.count("\n"), f": it holds the byte {error.object[error.start]:#04x}"
            raise DataError(
                f"line {line} of {self.name} is not in {self.encoding}{found}", hint=f"encoding={other(self.encoding)}"
            ) from None
        self._line += text.count("\n")
        return text.encode("utf-8", "replace")


def encoding_of(start: bytes, whole: bool) -> str:
    r"""How a text is encoded, by its first bytes: those of the file if `whole`.

    Examples
    --------
    >>> [encoding_of(text, True) for text in (b"caf\xc3\xa9", b"\xff\xfec\x00", b"caf\xe9", b"\x80 5", b"\x81")]
    ['utf-8', 'utf-16', 'cp1252', 'cp1252', 'latin-1']
    """
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, whole)
    except UnicodeDecodeError:
        return "latin-1" if NOT_IN_CP1252.search(start) else "cp1252"
    return "utf-8"


def refuse_binary(start: bytes, name: str) -> None:
    """DataError where there is a byte that no text holds."""
    if control := NO_TEXT.search(start):
        wide = max(start[::2].count(0), start[1::2].count(0)) > len(start) // 4
        utf16 = "if it is UTF-16 without a mark: encoding='utf-16-le' or 'utf-16-be'"
        raise DataError(
            f"{name} is not a text file: it holds the byte {control[0][0]:#04x} at position {control.start()}",
            hint=utf16 if wide else "save the table as CSV or Parquet",
        )


def known(encoding: str) -> str:
    """The encoding as Python calls it; DataError where there is none of that name."""
    try:
        codec = codecs.lookup(encoding)
        "a,1\n".encode(encoding)  # codecs that are no encodings of text refuse
    except (LookupError, UnicodeError, ValueError):
        raise DataError(
            f"encoding={encoding!r} is not known", hint="such as 'utf-8', 'cp1252', 'latin-1', 'utf-16' or 'shift_jis'"
        ) from None
    return "utf-8" if codec.name in ("utf-8", "utf-8-sig") else codec.name


def other(encoding: str) -> str:
    """What to try where an encoding was wrong."""
    return "'latin-1', which takes every byte" if encoding == "cp1252" else "'utf-8' or 'cp1252', or none to detect it"
