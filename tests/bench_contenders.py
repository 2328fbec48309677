"""Contenders that behave badly, for tests of the clock."""

import os
import time

from bench.work import Work


def environment() -> Work:
    """Tells what it was given: thread counts, and how many cores it may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return Work(lambda _: [os.environ["OMP_NUM_THREADS"], os.environ["POLARS_MAX_THREADS"], cores], lambda r: r)


def clock(pause: float) -> Work:
    """Prints into the pipe's face, and tells when it ran."""
    print("loaded")

    def run(question):
        print("running")
        time.sleep(pause)
        return time.time()

    return Work(run, lambda ended: [ended])


def missing(**arguments) -> Work:
    import there_is_no_such_library  # noqa: F401

    return Work(lambda _: None)


def raises() -> Work:
    return Work(lambda _: 1 / 0)


def dies() -> Work:
    def run(question):
        os.write(2, b"out of luck\n")
        os._exit(3)

    return Work(run)


def sleeps() -> Work:
    return Work(lambda _: time.sleep(60))
