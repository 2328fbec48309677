"""Text of 80 columns, whatever names hold: in a terminal, a log, a mail."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from gradline.report.formats.table import Table
from gradline.report.one_line import one_line

WIDTH = 80
LONGEST_NAME = 160  # columns; of a longer one the middle is left out
LEAST_NAME = 12  # columns that figures leave for names, at least


def written(heading: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """Heading, tables and notes, parted by empty lines."""
    parts = [
        wrapped(heading),
        *(lines_of(table) for table in tables),
        [line for note in notes for line in wrapped(note)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def lines_of(table: Table) -> list[str]:
    """The rows as lines, the first column to the left, the others to the right.

    A name that leaves its figures no room stands on lines of its own above them.
    """
    rows = [[_shortened(one_line(row[0])), *map(one_line, row[1:])] for row in table.rows]
    figures = [max(columns_of(row[k]) for row in rows) for k in range(1, len(rows[0]))]
    room = WIDTH - sum(figures) - 2 * len(figures)
    names = max((size for row in rows if (size := columns_of(row[0])) <= room), default=0)
    lines = []
    for name, *cells in rows:
        if columns_of(name) > room:
            lines += wrapped(name)
            name = ""
        padded = [
            name + " " * (names - columns_of(name)),
            *(" " * (w - columns_of(c)) + c for c, w in zip(cells, figures, strict=True)),
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def room_for_names(rows: Sequence[Sequence[str]]) -> int:
    """Columns that figures leave for the names before them."""
    return WIDTH - sum(max(columns_of(cell) for cell in column) + 2 for column in list(zip(*rows, strict=True))[1:])


def wrapped(text: str) -> list[str]:
    """A paragraph as lines."""
    text = one_line(text)
    if columns_of(text) == len(text):
        return textwrap.wrap(text, WIDTH)
    lines, line = [], ""
    for word in text.split(" "):
        if columns_of(line) + bool(line) + columns_of(word) <= WIDTH:
            line = f"{line} {word}" if line else word
            continue
        lines += [line] if line else []
        line = ""
        for character in word:
            if columns_of(line + character) > WIDTH:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line] if line else lines


def columns_of(text: str) -> int:
    """Places that a text takes on a terminal: two for an emoji or an ideograph.

    Examples
    --------
    >>> columns_of("price"), columns_of("\u4fa1\u683c"), columns_of("e\u0301")
    (5, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shortened(name: str) -> str:
    if columns_of(name) <= LONGEST_NAME:
        return name
    half = LONGEST_NAME // 2 - 1
    start, end = name[:half], name[-half:]
    while columns_of(start) > half:
        start = start[:-1]
    while columns_of(end) > half:
        end = end[1:]
    return f"{start}\u2026{end}"
