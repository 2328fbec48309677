"""Delimited text cut where a row ends, so that each piece can be parsed by itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

CHUNK_BYTES = 4 << 20
BLANKS = " "  # as a delimiter: one or more of them, or of tabs
# A quote opens a field where it is the first in it; within one that began without, it is a character like any other.
QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"'


class Chunk(NamedTuple):
    """Some whole rows, and how many line ends come before them."""

    text: bytes
    lines_before: int


class Ragged(Exception):  # noqa: N818 - passed from the threads that parse to the reader, which knows the file
    """A row with too few or too many fields, in a line counted from 1 within its chunk."""

    def __init__(self, chunk: Chunk, line: int, what: str, hint: str) -> None:
        super().__init__(line, what)
        self.line, self.what, self.hint = chunk.lines_before + line, what, hint


def chunks(
    pieces: Iterable[bytes], lines_before: int, line_end: bytes = b"\n", delimiter: str = ","
) -> Iterator[Chunk]:
    r"""Cut a text that comes piece by piece into chunks of whole rows, about as long as its pieces.

    Raises
    ------
    Ragged
        Where a quote stays open for two chunks, or at the end.

    Examples
    --------
    >>> [chunk.text for chunk in chunks([b"1,2\n3,", b"4\n5,6"], 1)]
    [b'1,2\n', b'3,4\n', b'5,6']
    """
    lines, rest = lines_before, b""
    for piece in pieces:
        end = row_end(piece, line_end, quotes_before=rest.count(b'"'))
        end = end and len(rest) + end
        rest += piece
        stays_open = not end and len(rest) >= 2 * CHUNK_BYTES
        if (end or stays_open) and _has_strays(rest[:end] or rest, delimiter):
            end = _row_end_among_strays(rest, line_end, delimiter)
        if not end:
            if stays_open and line_end in rest:
                _refuse_open_quote(Chunk(rest, lines), delimiter)
            continue
        chunk, rest = Chunk(rest[:end], lines), rest[end:]
        lines += _line_ends(chunk.text, line_end)
        if not chunk.text.isspace():
            yield chunk
    chunk = Chunk(rest, lines)
    _refuse_open_quote(chunk, delimiter)
    if rest.strip():
        yield chunk


def row_end(text: bytes, line_end: bytes = b"\n", *, quotes_before: int = 0) -> int:
    r"""Length of the text up to the last end of a row, which is a line end after an even number of quotes; or 0.

    Examples
    --------
    >>> row_end(b'1,"two\nlines"\n2,"two\nli')
    14
    """
    end = text.rfind(line_end)
    if not quotes_before and b'"' not in text:
        return end + 1
    quotes = quotes_before + text.count(b'"', 0, max(end, 0))
    while quotes % 2 and end >= 0:
        previous = text.rfind(line_end, 0, end)
        quotes -= text.count(b'"', max(previous, 0), end)
        end = previous
    return end + 1


def whole_rows(text: bytes, line_end: bytes, delimiter: str) -> bytes:
    r"""A text up to its last end of a row, whatever its quotes are; all of it where it has none.

    Examples
    --------
    >>> whole_rows(b'5" pipe,"two\nlines"\n3,"two\nli', b"\n", ",")
    b'5" pipe,"two\nlines"\n'
    """
    end = row_end(text, line_end)
    if _has_strays(text[:end] or text, delimiter):
        end = _row_end_among_strays(text, line_end, delimiter)
    return text[:end] or text


def before_field(delimiter: str) -> bytes:
    """A pattern: what a field comes after, padding aside."""
    blanks = rb" \t" if delimiter == BLANKS else re.escape(delimiter.encode())
    return rb"(?:\A|[\r\n" + blanks + rb"])"


def fields(chunk: Chunk, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each row with its line, by Python's slower parser, which counts lines; None where it fails."""
    text = io.StringIO(chunk.text.decode("utf-8", "replace"), newline="")
    parser = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
    line = 1
    try:
        for row in parser:
            yield line, row
            line = parser.line_num + 1
    except csv.Error:
        yield line, None


def _has_strays(text: bytes, delimiter: str) -> bool:
    """Whether a quote may be a character of its field, so that counting them does not tell where rows end."""
    if b'"' not in text:
        return False
    data = np.frombuffer(b"\n\n" + text + b"\n", np.uint8)
    quotes = np.flatnonzero(data == ord('"'))
    opening, closing = quotes[::2], quotes[1::2]
    between = b"\r\n" + (b" \t" if delimiter == BLANKS else delimiter.encode())
    if data[closing + 1].tobytes().translate(None, between + b' "'):
        return True
    before = data[opening - 1]
    odd = before.tobytes().translate(None, between + b'"')
    padded = opening[before == ord(" ")] if odd else opening[:0]
    return len(padded) < len(odd) or bool(data[padded - 2].tobytes().translate(None, between))


def _row_end_among_strays(text: bytes, line_end: bytes, delimiter: str) -> int:
    """Length of the text, which starts with a row, up to the last end of one; or 0."""
    quoted = rb"(" + before_field(delimiter) + rb" *)(" + QUOTED.removesuffix(b'"') + rb'(?:"|\Z))'
    hidden = re.sub(quoted, lambda found: found[1] + b"x" * len(found[2]), text)
    return hidden.rfind(line_end) + 1


def _line_ends(text: bytes, line_end: bytes) -> int:
    # bytes.count takes five times as long, and other threads wait for it.
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == line_end[0]))


def _refuse_open_quote(chunk: Chunk, delimiter: str) -> None:
    if chunk.text.count(b'"') % 2:
        for line, row in fields(Chunk(chunk.text + b"\nend", chunk.lines_before), delimiter):
            if row is None or (len(row) > 1 and row[-1].endswith("\nend")):
                raise Ragged(chunk, line, "opens a quote that is not closed", hint="close it, or write it twice")
