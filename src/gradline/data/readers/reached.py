"""Object stores over a network: asked so that Ctrl-C is heard, and what to do where none answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 15  # seconds that Google's client tries again; its own limit is a quarter of an hour
T = TypeVar("T")

HOW_TO_REACH = {
    **dict.fromkeys(
        ("s3", "gs", "gcs", "abfs", "abfss"),
        "check the address, the credentials that this machine has for it, and the network",
    ),
    **dict.fromkeys(
        ("hdfs", "viewfs"),
        "Java and Hadoop's own library are needed: set JAVA_HOME, HADOOP_HOME and CLASSPATH as Hadoop's manual says",
    ),
}
PARTS = {
    **dict.fromkeys(("s3", "gs", "gcs"), ("bucket", "BUCKET/PATH")),
    **dict.fromkeys(("abfs", "abfss"), ("container", "CONTAINER@ACCOUNT.dfs.core.windows.net/PATH")),
}


def answered(ask: Callable[[], T]) -> T:
    """What `ask()` returns or raises; Ctrl-C does not wait for it.

    A library that waits for a network in code that is not Python's hears no signal: another thread waits instead, and
    does not keep the process from its end.

    Examples
    --------
    >>> answered(lambda: 6 * 7)
    42
    """
    told: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            told.append(ask())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="gradline-asks", daemon=True)
    thread.start()
    while thread.is_alive():  # a signal that another thread is sent wakes no one who waits for ever
        thread.join(0.1)
    if failed:
        raise failed[0]
    return told[0]
