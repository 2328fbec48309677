"""Tables that lie with the processes of another library: which module of gradline opens them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Named, not imported: they stand above this row of the drawing, and need what they open.
OPENERS = {"dask": "gradline.distributed.partitions"}


def opener(data: Any) -> Any:
    """The module that opens it, with `open_partitions`, `open_rows` and `predicted`; None where it is no such table.

    Examples
    --------
    >>> opener({"x": [1.0]}) is None
    True
    """
    module = OPENERS.get(type(data).__module__.partition(".")[0])
    return None if module is None else import_module(module)
