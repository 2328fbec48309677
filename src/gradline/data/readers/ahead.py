"""Work that threads do a few items ahead of the reader."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    work: Callable[[T], R], items: Iterable[T], threads: int | None = None, left: threading.Event | None = None
) -> Iterator[R]:
    """work(item) for each item, in order, done by threads a few items ahead of the reader.

    A reader who leaves early waits for the items that are under way; they may look whether it has `left`.

    Examples
    --------
    >>> list(ahead(abs, [3, -4]))
    [3, 4]
    """
    threads = threads or min(os.cpu_count() or 1, 8)
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="gradline-read")
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        if left is not None:
            left.set()
        pool.shutdown(cancel_futures=True)
