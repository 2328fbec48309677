"""The process of one contender: prepare, then for every question on stdin one timed run and one line back."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from bench.resident import peak_mb, resident_mb, touch
from bench.work import Work, reason


def main(call: str, arguments: str) -> None:
    # Libraries print where they like: the pipe to the parent gets a number of its own, and stdout goes to stderr.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    keep_to_cores(int(os.environ["GRADLINE_BENCH_THREADS"]))
    try:
        work = prepared(call, json.loads(arguments))
    except BaseException as error:
        reply(pipe, {"failure": reason(error)})
        return
    reply(pipe, {})
    needed = 0.0
    for line in sys.stdin:
        touch(needed)
        try:
            found = work.timed(**json.loads(line))
        except BaseException as error:  # a Rust panic is no Exception
            found = {"failure": reason(error)}
        needed = max(needed, peak_mb() - resident_mb())
        reply(pipe, found)


def prepared(call: str, arguments: dict[str, Any]) -> Work:
    module, _, function = call.partition(":")
    prepare: Callable[..., Work] = getattr(importlib.import_module(module), function)
    return prepare(**arguments)


def keep_to_cores(threads: int) -> None:
    """Some pools ask the system for its cores rather than the environment for a number."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def reply(pipe: TextIO, found: dict[str, Any]) -> None:
    pipe.write(json.dumps(found) + "\n")
    pipe.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
