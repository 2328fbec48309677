"""Columns of numbers written as they come: CSV to any stream, CSV or Parquet to a file that is whole or not there."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from gradline.data.written.whole_file import replacing
from gradline.errors import DataError
from gradline.solution import Array

SUFFIXES = (".csv", ".parquet")


def write_rows(path: str | os.PathLike[str], names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    """Write blocks (rows, columns) to `path`, Parquet where it ends in .parquet, otherwise CSV; NaN is an empty cell.

    Raises
    ------
    DataError
        Where the file cannot be written; what was there stays, as it does where reading the blocks fails.
    """
    write = _write_parquet if Path(path).suffix == ".parquet" else write_csv
    try:
        with replacing(path) as file:
            write(file, names, blocks)
    except OSError as error:
        raise DataError(
            f"{os.fspath(path)} cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists, may be written to and has room",
        ) from None


def write_csv(file: BinaryIO, names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    """A header, then numbers with as many digits as tell them apart.

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
    """
    import pyarrow.csv as pa_csv

    file.write((",".join(names) + "\n").encode())
    for block in blocks:
        text = io.BytesIO()  # pyarrow would hide what a closed pipe or a full disk says
        pa_csv.write_csv(_table(names, block), text, pa_csv.WriteOptions(include_header=False))
        file.write(text.getbuffer())
        file.flush()


def _write_parquet(file: BinaryIO, names: tuple[str, ...], blocks: Iterable[Array]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, pa.schema([(name, pa.float64()) for name in names])) as writer:
        for block in blocks:
            writer.write_table(_table(names, block))


def _table(names: tuple[str, ...], block: Array) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(block[:, j], from_pandas=True) for j, name in enumerate(names)})
