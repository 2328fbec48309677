"""Columns of numbers written as they come: CSV to any stream, CSV or Parquet to a file that is whole or not there."""

from __future__ import annotations

import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gradline.data.arrow import column
from gradline.data.readers.credentials import shown_path
from gradline.data.written.whole_file import replacing
from gradline.errors import DataError
from gradline.solution import Array

SUFFIXES = (".csv", ".parquet")
EMPTY_LINE = re.compile(rb"^\n", re.MULTILINE)


def write_rows(path: str | os.PathLike[str], names: tuple[str, ...], blocks: Iterable[Array]) -> int:
    """Write blocks (rows, columns) to `path`, Parquet where it ends in .parquet, otherwise CSV, and count the rows.

    NaN is an empty cell.

    Raises
    ------
    DataError
        Where the file cannot be written; what was there stays, as it does where reading the blocks fails.
    """
    write = _write_parquet if Path(path).suffix == ".parquet" else write_csv
    count = 0

    def counted() -> Iterator[Array]:
        nonlocal count
        for block in blocks:
            count += len(block)
            yield block

    try:
        with replacing(path) as file:
            write(file, names, counted())
    except OSError as error:
        raise DataError(
            f"{shown_path(path)} cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists, may be written to and has room",
        ) from None
    return count


def write_csv(file: BinaryIO, names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    """A header, then numbers with as many digits as tell them apart.

    NaN is an empty cell; in a single column a quoted one, since readers take an empty line for none at all.

    Examples
    --------
    >>> import numpy as np
    >>> file = io.BytesIO()
    >>> write_csv(file, ("prediction", "lower"), [np.array([[0.1, -2.0], [1e300, np.nan]])])
    >>> print(file.getvalue().decode())
    prediction,lower
    0.1,-2
    1e+300,
    <BLANKLINE>
    >>> file = io.BytesIO()
    >>> write_csv(file, ("prediction",), [np.array([[1.5], [np.nan]])])
    >>> print(file.getvalue().decode().split())
    ['prediction', '1.5', '""']
    """
    import pyarrow.csv as pa_csv

    header = (",".join(names) + "\n").encode()  # goes with the first rows: if they cannot be had, nothing is written
    for block in blocks:
        text = io.BytesIO()  # pyarrow would hide what a closed pipe or a full disk says
        pa_csv.write_csv(_table(names, block), text, pa_csv.WriteOptions(include_header=False))
        lines = text.getvalue()
        file.write(header + (EMPTY_LINE.sub(b'""\n', lines) if len(names) == 1 else lines))
        file.flush()
        header = b""
    file.write(header)


def write_json_lines(file: BinaryIO, names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    """An object a row; NaN, and what is infinite, is null.

    Examples
    --------
    >>> import numpy as np
    >>> file = io.BytesIO()
    >>> write_json_lines(file, ("prediction", "lower"), [np.array([[0.1, -2.0], [1e300, np.nan]])])
    >>> print(file.getvalue().decode())
    {"prediction": 0.1, "lower": -2.0}
    {"prediction": 1e+300, "lower": null}
    <BLANKLINE>
    """
    for block in blocks:
        rows = ((value if math.isfinite(value) else None for value in row) for row in block.tolist())
        lines = [json.dumps(dict(zip(names, row, strict=True)), allow_nan=False) + "\n" for row in rows]
        file.write("".join(lines).encode())
        file.flush()


def _write_parquet(file: BinaryIO, names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, pa.schema([(name, pa.float64()) for name in names])) as writer:
        for block in blocks:
            writer.write_table(_table(names, block))


def _table(names: tuple[str, ...], block: Array) -> Any:
    import pyarrow as pa

    return pa.Table.from_arrays([column(cells) for cells in block.T], names=list(names))
