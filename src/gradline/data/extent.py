"""How much there is to read: what file systems and metadata tell without reading the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gradline.data.arrays import ArraySource
from gradline.data.readers.columnar import ArrowReader, ParquetReader, TableReader
from gradline.data.readers.places import Pipe, Place, compression
from gradline.data.source import Source
from gradline.data.text.json_lines import JsonLinesReader

SAMPLE_BYTES = 1 << 20
MOST_FOOTERS = 200  # of so many files the metadata are read, of more the bytes stand for the rows


@dataclass(frozen=True, slots=True)
class Extent:
    """What a pass will read; None where that is not known.

    Attributes
    ----------
    kind : str
        "CSV", "Parquet", ...
    files : int or None
    bytes : int or None
        Of these files, as they lie there.
    rows : int or None
    rows_are_exact : bool
        False where the rows were estimated from the bytes of the first ones.
    bytes_of_columns : int or None
        Of the columns that are used, where only these are read.
    """

    kind: str
    files: int | None = None
    bytes: int | None = None
    rows: int | None = None
    rows_are_exact: bool = False
    bytes_of_columns: int | None = None


def extent(source: Source, columns: Collection[str] = ()) -> Extent:
    """How much a pass over `source` will read.

    Examples
    --------
    >>> extent(ArraySource([[1.0], [3.0]], [2.0, 6.0]))
    Extent(kind='memory', files=None, bytes=32, rows=2, rows_are_exact=True, bytes_of_columns=None)
    """
    if isinstance(source, ArraySource):
        parts = [part for part in (source.X, source.y, source.weight) if part is not None]
        return Extent("memory", bytes=sum(part.nbytes for part in parts), rows=len(source.y), rows_are_exact=True)
    reader = getattr(source, "reader", None)
    if isinstance(reader, TableReader):
        return Extent("table", rows=reader.rows, rows_are_exact=True)
    place = getattr(getattr(reader, "file", reader), "place", None)
    places = [part.place for part in getattr(reader, "parts", ())] or [place]
    if isinstance(place, Pipe):
        return Extent("pipe")
    if not all(isinstance(place, Place) for place in places):
        return Extent(type(reader).__name__.removesuffix("Reader").lower() or "rows")
    sizes = [info.size or 0 for info in places[0].system.get_file_info([place.path for place in places])]
    match getattr(reader, "first", reader):
        case ParquetReader():
            return _parquet(places, sizes, columns)
        case ArrowReader():
            return _arrow(places, sizes)
        case JsonLinesReader():
            return _text("JSON lines", places, sizes, names=0)
        case _:
            return _text("CSV", places, sizes, names=1)


def _arrow(places: Sequence[Place], sizes: Sequence[int]) -> Extent:
    first = places[0]
    if not Place(first.system, first.path, first.name).head(6).startswith(b"ARROW1"):  # a stream has no list of batches
        return Extent("Arrow", len(places), sum(sizes))
    import pyarrow.dataset as ds

    paths = [place.path for place in places]
    rows = int(ds.dataset(paths, filesystem=first.system, format="ipc").count_rows())
    return Extent("Arrow", len(places), sum(sizes), rows, True)


def _text(kind: str, places: Sequence[Place], sizes: Sequence[int], names: int) -> Extent:
    """Files of lines, the first `names` of each its column names."""
    text, taken = _sample(places[0])
    lines = max(text.count(b"\n"), text.count(b"\r")) + (not text.endswith((b"\n", b"\r")))
    rows_each = max(lines - names, 0)
    rows = rows_each if taken >= sizes[0] else round(rows_each * sizes[0] / max(taken, 1))
    if len(places) > 1:
        rows = round(rows * sum(sizes) / max(sizes[0], 1))
    return Extent(kind, len(places), sum(sizes), rows)


def _sample(place: Place) -> tuple[bytes, int]:
    """The first megabyte of text, and how many bytes of the file it took."""
    import pyarrow as pa

    kind = compression(Place(place.system, place.path, place.name).head(4))
    with place.random_access() as raw:
        stream: Any = raw if kind is None else pa.CompressedInputStream(raw, kind)
        text = bytes(stream.read(SAMPLE_BYTES))
        return text, raw.size() if len(text) < SAMPLE_BYTES else raw.tell()


def _parquet(places: Sequence[Place], sizes: Sequence[int], columns: Collection[str]) -> Extent:
    import pyarrow.parquet as pq

    rows = wanted = seen = 0
    looked_at = places[:MOST_FOOTERS]
    for place, size in zip(looked_at, sizes, strict=False):
        metadata = pq.read_metadata(place.path, filesystem=place.system)
        rows, seen = rows + metadata.num_rows, seen + size
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            chunks = map(group.column, range(group.num_columns))
            wanted += sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in columns)
    whole = len(looked_at) == len(places)
    share = 1.0 if whole else sum(sizes) / max(seen, 1)
    return Extent("Parquet", len(places), sum(sizes), round(rows * share), whole, round(wanted * share))
