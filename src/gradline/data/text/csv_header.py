"""The first line of a delimited file: the names of its columns, and what separates them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from gradline.data.text.cells import Decimal
from gradline.data.text.csv_chunks import BLANKS
from gradline.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
NO_TABLE = "expected a line of column names and rows below it: was the file written to its end?"


def read_header(sample: bytes, name: str, decimal: Decimal = ".") -> tuple[tuple[str, ...], str, int]:
    r"""Find the column names (trimmed), the delimiter, and how many bytes come before the first row.

    The delimiter is the one that splits the first two lines into equally many and most fields; runs of blanks are one
    where the first line has no other, and a comma that is the decimal point is none where the first line has another.

    Raises
    ------
    DataError
        Where the bytes are not UTF-8 text, or all of it is blank.

    Examples
    --------
    >>> read_header(b"size, price\n1,2\n", "t.csv")
    (('size', 'price'), ',', 12)
    """
    mark = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    text = sample[mark:].decode("utf-8", "surrogateescape")
    splits = {delimiter: _first_rows(text, delimiter) for delimiter in DELIMITERS}
    if not any(splits.values()):
        raise DataError(f"{name} is empty: it holds {len(sample)} bytes, all blank", hint=NO_TABLE)
    if all(len(rows[0][0]) == 1 for rows in splits.values() if rows):
        splits[BLANKS] = _first_rows(text, BLANKS)

    def fit(delimiter: str) -> tuple[bool, bool, int]:
        widths = [len(row) for row, _ in splits[delimiter]] or [0]
        return widths[0] > 1 and widths[0] == widths[-1], delimiter != decimal, widths[0]

    delimiter = max(splits, key=fit)
    if not fit(delimiter)[0] and delimiter == BLANKS:
        delimiter = next(other for other in DELIMITERS if splits[other])
    header, length = splits[delimiter][0]
    names = tuple(column.strip() for column in header)
    strange = [column for column in names if column != column.encode("utf-8", "ignore").decode()]
    if strange:
        raise DataError(
            f"the column names of {name} are not in UTF-8: {strange[0].encode('utf-8', 'replace').decode()!r}",
            hint="encoding='cp1252', or none to detect it",
        )
    return names, delimiter, mark + len(text[:length].encode("utf-8", "surrogateescape"))


def _first_rows(text: str, delimiter: str) -> list[tuple[list[str], int]]:
    """The first two rows that are not blank, each with the length of the text up to its end."""
    length = 0

    def lines() -> Iterator[str]:
        nonlocal length
        for line in io.StringIO(text, newline=""):
            length += len(line)
            yield " ".join(line.split()) + "\n" if delimiter == BLANKS else line

    found: list[tuple[list[str], int]] = []
    try:
        for row in csv.reader(lines(), delimiter=delimiter, skipinitialspace=True):
            if any(field.strip() for field in row):
                found.append((row, length))
            if len(found) == 2:
                break
    except csv.Error:  # a field too long to be one: the wrong delimiter, or no table
        pass
    return found
