"""Dask's clusters: how one is reached, or started and ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from gradline.errors import GradlineError, MissingExtraError

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
LOOK_SECONDS = 0.25
STUCK_SECONDS = 60  # a worker of ours that says nothing for so long has its tasks given to others
LOCAL = "local"


class ClusterError(GradlineError, RuntimeError):
    """A cluster that cannot be reached, or was lost on the way."""


@contextmanager
def connected(where: str, *, workers: int | None = None) -> Iterator[Any]:
    """A client of Dask for as long as the block runs; inside, it is the one that passes run on.

    Parameters
    ----------
    where : str
        "local": processes of this machine, started now and ended with the block, which talk over the loopback device
        and open no dashboard. Otherwise the address of a scheduler: "tcp://10.0.0.5:8786".
    workers : int, optional
        Of "local": how many processes. Default: the cores this process may use.

    Raises
    ------
    ClusterError
        Where no scheduler answers there within 10 seconds, or it has no worker.
    MissingExtraError
        Where Dask is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtraError("a fit on Dask", "dask") from None
    import dask

    limits = {
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS:.0f}s",
        "distributed.scheduler.worker-ttl": f"{STUCK_SECONDS}s",
    }
    with _quiet(), dask.config.set(limits):
        if where == LOCAL:
            with _local(distributed, workers) as cluster, _closing(distributed.Client(cluster)) as client:
                yield client
        else:
            with _closing(_scheduler(distributed, where)) as client:
                yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing in the log but what is critical: what matters is told by the errors raised here."""
    ours = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    levels = [logger.level for logger in ours]
    for logger in ours:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(ours, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _closing(client: Any) -> Iterator[Any]:
    try:
        yield client
    finally:
        with suppress(TimeoutError, AssertionError):  # of one whose scheduler is gone
            client.close(timeout=CLOSE_SECONDS)


def workers_at(where: str) -> int:
    """How many there are, or would be; of `where`, and what is raised, see `connected`."""
    return _cores() if where == LOCAL else len(_answer(where)["workers"])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _local(distributed: Any, workers: int | None) -> Any:
    with _ctrl_c_is_ours():
        return distributed.LocalCluster(
            n_workers=workers or _cores(),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # of the HTTP server, which there is without a dashboard too
            worker_dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        )


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """The workers do not hear it: each would show a traceback, and we end them.

    A signal that is blocked stays so in the threads and processes that are started now, and in those that they start.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which unblocks it, when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # what came meanwhile is heard now


def _scheduler(distributed: Any, where: str) -> Any:
    """A client of the scheduler there, which has answered: one that never gets an answer does not end by itself."""
    _answer(where)
    return distributed.Client(where, timeout=CONNECT_SECONDS)


def _answer(where: str) -> dict[str, Any]:
    """What the scheduler there says of itself; asked in a thread with a loop of its own, as a notebook's has one."""
    with ThreadPoolExecutor(1) as pool:
        try:
            answer = pool.submit(asyncio.run, _identity(where)).result()
        except (OSError, ValueError, TypeError, AttributeError, EOFError) as error:
            reason = str(error).partition("\n")[0] or f"nothing came back within {CONNECT_SECONDS:.0f} seconds"
            raise ClusterError(
                f"no scheduler of Dask answers at {where}: {reason}", hint="such as tcp://10.0.0.5:8786, or local"
            ) from None
    if answer.get("type") != "Scheduler":
        raise ClusterError(f"{where} is the address of a {answer.get('type')} of Dask, expected that of its scheduler")
    if not answer.get("workers"):
        raise ClusterError(f"the scheduler at {where} has no worker", hint=f"dask worker {where}")
    return answer


async def _identity(where: str) -> dict[str, Any]:
    """What the scheduler says of itself; its workers may be on their way."""
    from distributed.core import rpc
    from distributed.security import Security

    async with rpc(where, connection_args=Security().get_connection_args("client")) as scheduler:
        answer: dict[str, Any] = {}
        deadline = time.monotonic() + CONNECT_SECONDS
        while not answer or (answer.get("type") == "Scheduler" and not answer["workers"]):
            answer = await asyncio.wait_for(scheduler.identity(), CONNECT_SECONDS)
            if answer.get("workers") or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return answer
