"""What a source of rows is, and how anything with rows in it becomes one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np

from gradline.data.arrays import ArraySource, open_table
from gradline.data.batch import Batch
from gradline.data.blocks import check_rows
from gradline.data.columns.design import check_weights, designed
from gradline.data.elsewhere import opener
from gradline.data.readers.bad_files import OnBadFile, check_on_bad_file
from gradline.data.readers.many import ManyReader
from gradline.data.readers.opening import opened
from gradline.data.roles import check_names
from gradline.data.table_source import BATCH_ROWS, TableSource
from gradline.data.tables import are_numbers, as_table, is_stream
from gradline.data.tally import Missing
from gradline.data.text.cells import Decimal
from gradline.data.weighting import Weights
from gradline.errors import DataError

PARTS = ("target_name", "name", "feature_names", "rows_dropped", "batches")
UNSAID = {"weights": "analytic", "missing": "error", "decimal": ".", "on_bad_file": "error"}  # the others are None


@runtime_checkable
class Source(Protocol):
    """Rows that can be read again and again, always the same.

    Attributes
    ----------
    target_name : str
    name : str
        What the user called it, for messages and reports: "housing.csv", "X, y".
    """

    target_name: str
    name: str

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `Batch.X`, in order."""
        ...

    @property
    def rows_dropped(self) -> int:
        """Rows that the last pass left out because a cell was missing or infinite."""
        ...

    def batches(self, rows: int | None = None, *, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """Start a fresh pass over the rows.

        Parameters
        ----------
        rows : int or None
            Rows in each batch; only the last may be smaller, none is empty, rows of weight zero do not count.
            None: blocks of a size that suits the source.
        shuffle : numpy.random.Generator or None
            Visit the rows in random order; the same state of the generator gives the same batches.
        """
        ...


def is_source(data: Any) -> TypeGuard[Source]:
    """Whether it has what a Source has; without asking for any of it, as names may cost a pass over the rows."""
    return all(hasattr(type(data), part) or part in getattr(data, "__dict__", {}) for part in PARTS)


def comes_once(source: Any) -> bool:
    """Whether its rows can be read a single time, as those of a pipe."""
    return bool(getattr(getattr(source, "reader", None), "once", False))


def open_source(
    data: Any,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    formula: str | None = None,
    reference: Mapping[str, str] | None = None,
    weight: str | None = None,
    weights: Weights = "analytic",
    missing: Missing = "error",
    batch_rows: int | None = BATCH_ROWS,
    query: str | None = None,
    decimal: Decimal = ".",
    encoding: str | None = None,
    on_bad_file: OnBadFile = "error",
) -> Source:
    """Open files or a table as a source of numeric rows.

    Parameters
    ----------
    data : path, table or Source
        One of

        - a file: CSV (separated by comma, semicolon, tab, | or blanks) or JSON lines, each plain or compressed
          (gzip, bzip2, Zstandard); Parquet; Arrow IPC, which Feather is. What it is shows in its first bytes;
        - several files as one table: a glob (``"sales/*.parquet"``; ``**`` for any depth, on the local disk), or a
          folder of files of one kind at any depth, in the order of their paths. Folders named ``key=value`` are columns
          too, where the files have none of that name. All files must have the same columns, or, where `features` names
          them, those;
        - a URL of a file system that Arrow knows (``s3://``, ``gs://``, ``abfs://``, ``hdfs://``, ``file://``), for any
          of these; credentials come from the environment, as that system has it;
        - ``"-"``, standard input, or a named pipe: CSV, JSON lines or an Arrow IPC stream, and one pass only;
        - a database, with `query`: ``sqlite:///houses.db``, the path of an SQLite file, or
          ``postgresql://user@host/houses``; needs the extra ``db``;
        - a pandas or polars DataFrame, an Arrow table, a dict of columns, or anything with the Arrow stream interface;
          one pass only where that has no length, such as a RecordBatchReader;
        - a Dask DataFrame: its partitions are summed where they lie, and only their statistics travel; needs the extra
          ``dask``;
        - a Source, which is returned as it is; nothing else about it can be asked for any more.

        Of files only the columns asked for are kept, and of columnar ones only those are read, in constant memory.
    target : str
        The column to predict.
    features : sequence of str or None
        The columns to predict it from; None: every column but the target and the weight. Numbers are taken as they are;
        booleans, dates and times as numbers in the unit that `gradline.data.columns.kinds.Kind.unit` states; a column
        of text, or of the categorical type of pandas, polars or Arrow, as a category: one 0/1 column for each level
        that occurs but its reference. ``"C(rooms)"`` takes a column of numbers as a category, and a column of text that
        looks like a key. Padding around text is trimmed; blank text is a missing cell.
    formula : str or None
        In place of `target` and `features`: ``"log(price) ~ sqft + C(city) * age"``, as
        `gradline.data.columns.formula` reads it; ``- 1`` leaves out the intercept. Needs the extra ``formula``.
    reference : mapping of str to str, optional
        The level of a category that the others are compared with; default: the first, by number or alphabet.
    weight : str or None
        The column that says how much each row counts; rows of weight 0 are left out.
    weights : {"analytic", "frequency"}
        What a weight of 3 says: "analytic", that the row is as precise as the mean of three (as R's `lm` and
        statsmodels' `WLS`); "frequency", that the row was met three times, so that it counts as three in standard
        errors and in the number of rows. Frequencies are whole numbers.
    missing : {"error", "drop"}
        What to do with rows that hold a missing (blank, NaN, null) or infinite cell in a column that is used.
    batch_rows : int or None
        Rows in a block read from a file, about; None: as many as suit.
    query : str or None
        Of a database: a SELECT, or the name of a table. It runs again at each pass.
    decimal : {".", ","}
        Of a text file: what separates decimals.
    encoding : str or None
        Of a text file, as Python calls it; None: UTF-8, or what its first bytes tell.
    on_bad_file : {"error", "skip"}
        Of several files: what becomes of one that is empty, cut off or damaged. "skip" leaves it out as a whole, with a
        DataWarning that counts and names them; each file is then read once more, before the first pass.

    Returns
    -------
    Source
        After a complete pass, beside `rows_dropped`, its `rows_read` counts the rows met and `dropped` the rows left
        out by column (a source that you wrote yourself need not have these two).

    Raises
    ------
    DataError
        Where the file or a column is not there, files differ in their columns, or (in the pass that meets it) a row or
        a cell that is used cannot be read as numbers. Credentials in a URL are in no message.

    Examples
    --------
    >>> source = open_source({"sqft": [50, 80, 120], "price": [1.0, 1.6, 2.4]}, target="price")
    >>> source.feature_names
    ('sqft',)
    >>> whole(source).X.ravel()
    array([ 50.,  80., 120.])

    A category is compared with its first level:

    >>> sales = {"city": ["Rome", "Bonn", "Bonn", "Rome"], "price": [2.0, 1.0, 1.5, 2.5]}
    >>> source = open_source(sales, target="price")
    >>> source.feature_names, whole(source).X.ravel()
    (('city[T.Rome]',), array([1., 0., 0., 1.]))

    A folder for each year, read as one table of which the year is a column:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for year, rows in {2024: "50,1.0", 2025: "80,1.6"}.items():
    ...         part = Path(folder) / f"year={year}"
    ...         part.mkdir()
    ...         _ = (part / "sales.csv").write_text(f"sqft,price\\n{rows}\\n")
    ...     sales = open_source(folder, target="price")
    ...     print(sales.feature_names, whole(sales).X.tolist())
    ('sqft', 'year') [[50.0, 2024.0], [80.0, 2025.0]]
    """
    check_names(features, reference, target=target, formula=formula, weight=weight, query=query, encoding=encoding)
    check_weights(weights)
    check_on_bad_file(on_bad_file)
    check_rows(batch_rows)
    batch_rows = BATCH_ROWS if batch_rows is None else batch_rows
    if is_source(data):
        if target not in (None, data.target_name):
            raise DataError(f"the target of {data.name} is {data.target_name!r}, not {target!r}")
        _refuse_late(
            data.name,
            features=None if features is None or tuple(features) == data.feature_names else features,
            formula=formula,
            reference=reference or None,
            weight=weight,
            weights=weights,
            missing=missing,
            query=query,
            decimal=decimal,
            encoding=encoding,
            on_bad_file=on_bad_file,
        )
        return data
    if (elsewhere := opener(data)) is not None:
        if query is not None:
            raise DataError(f"a query needs a database, which {type(data).__name__} is not")
        partitions: Source = elsewhere.open_partitions(
            data,
            target=target,
            features=features,
            formula=formula,
            reference=reference,
            weight=weight,
            weights=weights,
            missing=missing,
            batch_rows=batch_rows,
        )
        return partitions
    if not isinstance(data, str | os.PathLike):
        table = None if (stream := is_stream(data)) else as_table(data)
        numbers = formula is None and not reference and weights == "analytic" and query is None
        if not stream and (table is None or (numbers and are_numbers(table, target, features, weight))):
            return open_table(data, target=target, features=features, weight=weight, missing=missing)
    reader = opened(data, query=query, decimal=decimal, encoding=encoding, on_bad_file=on_bad_file)
    roles, design = designed(reader, target, features, formula, reference or {}, weight)
    if isinstance(reader, ManyReader):
        reader.agree(None if features is None and formula is None else roles.columns)
    return TableSource(
        reader,
        roles,
        design,
        missing=missing,
        batch_rows=batch_rows,
        frequencies=weights == "frequency",
    )


def _refuse_late(name: str, **asked: Any) -> None:
    """Refuse what a source that is open can no longer be asked for."""
    for option, value in asked.items():
        if value != UNSAID.get(option):
            raise DataError(
                f"{name} is a source already, and {option}={value!r} would change nothing",
                hint=f"say {option}=... where the source is opened",
            )


def whole(source: Source) -> Batch:
    """All rows of a source as one batch, for full-batch descent; without a copy where they are in memory already.

    A source with a `full_batch` of its own has a part of the rows, and knows what share of the loss that is.

    Examples
    --------
    >>> len(whole(ArraySource([[1.0], [2.0]], [1.0, 2.0])))
    2
    """
    if isinstance(source, ArraySource):
        return source.whole()
    full_batch: Callable[[], Batch] | None = getattr(source, "full_batch", None)
    if full_batch is not None:
        return full_batch()
    batches = list(source.batches())
    return Batch.joined(batches, len(source.feature_names))
