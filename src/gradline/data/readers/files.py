"""Tables in files, read block by block in constant memory: which kind a file is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial

from gradline.data.readers.bad_files import OnBadFile, TolerantReader
from gradline.data.readers.columnar import ArrowReader, ParquetReader, StreamReader
from gradline.data.readers.finding import KINDS, TABLE, find
from gradline.data.readers.many import ManyReader
from gradline.data.readers.places import Pipe, Place
from gradline.data.readers.reader import Reader
from gradline.data.text.cells import Decimal
from gradline.data.text.csv import CsvReader
from gradline.data.text.csv_header import NO_TABLE
from gradline.data.text.file import TextFile
from gradline.data.text.json_lines import JsonLinesReader
from gradline.errors import DataError

MISNAMED = "name it by what it holds (.csv, .parquet, .arrow, .jsonl), or write it again if it was damaged"
SKIP = "on_bad_file='skip' leaves such files out"
JSON_OBJECT = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*(["}]|\Z)')
STREAM = b"\xff\xff\xff\xff"  # of Arrow
COLUMNAR: dict[bytes, Callable[[Place], Reader]] = {
    b"PAR1": ParquetReader,
    b"ARROW1": ArrowReader,
    b"FEA1": ArrowReader,
    STREAM: ArrowReader,
}


def reader_of(
    path: str | os.PathLike[str],
    *,
    decimal: Decimal = ".",
    encoding: str | None = None,
    on_bad_file: OnBadFile | None = None,
) -> Reader:
    """What a path names, before it is known which of its columns are wanted.

    Parameters
    ----------
    path : str or path-like
    decimal : {".", ","}
        What separates the decimals of a number in delimited text.
    encoding : str or None
        Of text, as Python calls it; None: see `gradline.data.text.file.TextFile`.
    on_bad_file : {"error", "skip"} or None
        Of several files: what becomes of one that cannot be read. None: an error, where there is no choice.
    """
    if decimal not in (".", ","):
        raise DataError(f"decimal={decimal!r} is not known", hint="decimal='.' or decimal=','")
    asked = {"decimal": decimal, "encoding": encoding}
    opened = partial(open_place, decimal=decimal, encoding=encoding)
    found = find(os.fspath(path))
    if not isinstance(found, tuple):
        return opened(found)
    if on_bad_file == "skip":
        return TolerantReader(*found, opened, asked=asked)
    return ManyReader(*found, opened, cure=SKIP if on_bad_file == "error" else None, asked=asked)


def open_place(
    place: Place | Pipe, first: Reader | None = None, *, decimal: Decimal = ".", encoding: str | None = None
) -> Reader:
    """Tell what kind of file it is, by its first bytes rather than by its name.

    `first` is another file of the same table: cells of text are then read as those of the same column in it.
    """
    start = place.head(8)
    if not start:
        raise DataError(f"{place.name} is empty (0 bytes)", hint=NO_TABLE)
    kind = next((reader for magic, reader in COLUMNAR.items() if start.startswith(magic)), None)
    if kind is not None:
        if isinstance(place, Pipe):
            if start.startswith(STREAM):
                return StreamReader.of_pipe(place)
            raise DataError(
                f"{place.name} holds columns, which are read in any order: expected CSV, JSON lines or an Arrow stream",
                hint="save it to a file and fit that",
            )
        return kind(place)
    if place.path.endswith((".parquet", ".pq")):
        raise DataError(f"{place.name} is not a Parquet file: it does not start with PAR1", hint=MISNAMED)
    if place.path.endswith((".arrow", ".feather", ".ipc")):
        raise DataError(
            f"{place.name} is not an Arrow file: it starts neither with ARROW1 nor as a stream does", hint=MISNAMED
        )
    if start.startswith(b"PK\x03\x04"):
        raise DataError(f"{place.name} is a workbook or a zip archive", hint="save the table as CSV or Parquet")
    place = place.uncompressed()
    ending = TABLE.search(place.path)
    file = TextFile(place, encoding)
    forms = first.forms if isinstance(first, CsvReader | JsonLinesReader) else None
    if (ending and KINDS[ending[1].lower()] == "JSON lines") or JSON_OBJECT.match(file.head(64)):
        return JsonLinesReader(TextFile(place, "utf-8") if file.assumed else file, forms)  # JSON is, by its standard
    return CsvReader(file, decimal, forms)
