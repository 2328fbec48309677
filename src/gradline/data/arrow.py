"""Arrow's memory as NumPy's, and words as Arrow's.

pyarrow's own `to_numpy`, `array` and `scalar` import pandas where that is installed: this takes longer than a small
fit, and swallows a Ctrl-C that comes meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def plain(cells: Any, missing: float = np.nan) -> NDArray[Any]:
    """Numbers; without a copy where none is missing, and then the array may be read-only.

    Parameters
    ----------
    cells : pyarrow.Array or pyarrow.ChunkedArray
        Of whole or floating-point numbers.
    missing : number
        What stands for null, of a kind that the numbers have room for.

    Examples
    --------
    >>> import pyarrow as pa
    >>> plain(pa.array([1.5, None])), plain(pa.array([7, None]), missing=0)
    (array([1.5, nan]), array([7, 0]))
    """
    import pyarrow as pa

    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if not cells.null_count:
        return np.from_dlpack(cells)
    values = pa.Array.from_buffers(cells.type, len(cells), [None, cells.buffers()[1]], offset=cells.offset)
    return np.where(truths(cells.is_null()), missing, np.from_dlpack(values))


def truths(cells: Any) -> NDArray[np.bool_]:
    """Booleans, none of them missing; Arrow packs eight into a byte.

    Examples
    --------
    >>> import pyarrow as pa
    >>> truths(pa.array([1.5, None]).is_null())
    array([False,  True])
    """
    import pyarrow as pa

    return plain(cells.cast(pa.uint8())).view(np.bool_)


def column(numbers: NDArray[np.float64]) -> Any:
    """(rows,) as an Arrow array; NaN is null.

    Examples
    --------
    >>> column(np.array([1.5, np.nan])).to_pylist()
    [1.5, None]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    memory = pa.py_buffer(np.ascontiguousarray(numbers, dtype=np.float64))
    cells = pa.Array.from_buffers(pa.float64(), len(numbers), [None, memory])
    return pc.if_else(pc.is_nan(cells), pa.nulls(len(cells), cells.type), cells)


def words(texts: Sequence[str], kind: Any) -> Any:
    """A few strings, as an Arrow array of this type.

    Examples
    --------
    >>> import pyarrow as pa
    >>> words(["NA", "", "é"], pa.string()).to_pylist()
    ['NA', '', 'é']
    """
    import pyarrow as pa

    coded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, coded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(coded), pa.py_buffer(ends), pa.py_buffer(b"".join(coded))).cast(kind)
