"""What tasks of Dask give, in order; what becomes of a cluster that is lost, and of rows that cannot be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradline.distributed.cluster import ClusterError
from gradline.errors import DataError

LOOK_SECONDS = 1.0
NO_WORKER_SECONDS = 60.0


def results_in_order(tasks: Sequence[Any]) -> Iterator[Any]:
    """What tasks (dask.delayed) give, one after the other: on the client that is open, or else by threads.

    Raises
    ------
    ClusterError
        Where the cluster is lost, or has no worker left for a minute.
    DataError
        Where rows cannot be read, or lack a column.
    """
    import dask

    client, tasks = _open_client(), _chains_as_tasks(tasks)
    if client is None:
        try:
            results = dask.compute(*tasks, optimize_graph=False)
        except (OSError, KeyError) as error:
            raise _not_made(error) from None
        yield from results
        return
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    where = client.scheduler.address if client.scheduler else "the scheduler"
    futures = client.compute(list(tasks), optimize_graph=False)
    try:
        for future in futures:
            _wait(client, future, where)
            failed = future.exception() if future.status == "error" else None
            if isinstance(failed, OSError | KeyError):
                raise _not_made(failed)
            yield future.result()
    except KilledWorker as error:
        raise ClusterError(
            f"a part of the rows was given to {error.allowed_failures + 1} workers one after the other, and each of "
            "them died",
            hint="give the workers more memory, or make the partitions smaller",
        ) from None
    except (CancelledError, CommClosedError, OSError):
        raise _lost(where) from None
    finally:
        if client.status == "running":
            client.cancel(futures)


def _chains_as_tasks(tasks: Sequence[Any]) -> Sequence[Any]:
    """Each chain as one task, so that rows stay where they were read; as they are, where Dask loses links of them."""
    import dask

    try:
        with dask.config.set({"optimization.fuse.delayed": True}):
            fused: Sequence[Any] = dask.optimize(*tasks)
        graph = {key: task for each in fused for key, task in dict(each.__dask_graph__()).items()}
    except (KeyError, TypeError):  # of rows that come from dask.delayed, without a look at what they are
        return tasks
    whole = all(link in graph for task in graph.values() for link in getattr(task, "dependencies", ()))
    return fused if whole else tasks


def _wait(client: Any, future: Any, where: str) -> None:
    from distributed import TimeoutError as NotYet
    from distributed import wait

    without = 0.0
    while not future.done():
        if client.status != "running":
            raise _lost(where)
        try:
            wait([future], timeout=LOOK_SECONDS)
        except NotYet:
            without = 0.0 if client.scheduler_info(n_workers=1)["workers"] else without + LOOK_SECONDS
            if without >= NO_WORKER_SECONDS:
                raise ClusterError(
                    f"the scheduler at {where} has had no worker for {without:.0f} seconds", hint="start workers again"
                ) from None


def _not_made(error: OSError | KeyError) -> DataError:
    """Of rows that whoever was to make them could not."""
    if isinstance(error, KeyError):
        return DataError(
            f"a part of the rows cannot be made: it has no {error.args[0] if error.args else 'key that was asked for'}",
            hint="its columns may be others than the meta of its collection says",
        )
    return DataError(
        f"a part of the rows cannot be read: {error}", hint="see whether its worker can reach it, and it is whole"
    )


def _lost(where: str) -> ClusterError:
    return ClusterError(
        f"the scheduler at {where} was lost before the fit was done",
        hint="run the same fit again when it is back; one with a checkpoint goes on where it was",
    )


def _open_client() -> Any:
    try:
        from distributed import default_client

        return default_client()
    except (ImportError, ValueError):
        return None
