"""A pass over parts as tasks of Dask: one for each part, and a tree that merges their states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from gradline.data.part import State, state_of
from gradline.data.table_source import TableSource
from gradline.distributed.results import results_in_order

FAN_IN = 8  # states that one task merges
MOST_RUNS = 64  # that come back by themselves, so that a long pass can tell how far it is, and be kept


def on_dask(
    of: Callable[[TableSource], State],
    whole: TableSource,
    parts: Sequence[Any],
    merged: Callable[[State, State], State],
) -> Iterator[tuple[int, State]]:
    """A `gradline.data.part.Runner` that leaves the work to Dask: to its client, where there is one, else to threads.

    Which worker takes which part, how many there are, in what order they end and what is done twice decides nothing: a
    part always has the same state, and the tree merges neighbours, in their order.

    A partition of a collection and its state are one task, so that no scheduler can part them: the rows stay in the
    worker that made them. Only where a part comes from several tasks (Arrays X and y) must these meet.
    """
    import dask
    from dask.base import unpack_collections

    name = f"gradline-{uuid4().hex[:8]}"
    # Files are found by each task in one table, sent once; what Dask holds has to be all that a task depends on.
    held = bool(parts) and bool(unpack_collections(parts[0])[0])
    table = whole if held else dask.delayed(whole, name=f"{name}-table", traverse=False)
    part_state, merge = (dask.delayed(function, name=function.__name__, pure=False) for function in (state_of, _merged))
    states = [part_state(of, table, part, dask_key_name=f"{name}-part-{number}") for number, part in enumerate(parts)]
    counts = [1] * len(parts)
    level = 0
    while len(states) > 1 and (level == 0 or len(states) > MOST_RUNS):
        level += 1
        groups = [slice(start, start + FAN_IN) for start in range(0, len(states), FAN_IN)]
        counts = [sum(counts[group]) for group in groups]
        states = [
            merge(merged, states[group], dask_key_name=f"{name}-merge-{level}-{number}")
            for number, group in enumerate(groups)
        ]
    yield from zip(counts, results_in_order(states), strict=True)


def _merged(merged: Callable[[State, State], State], states: Sequence[State]) -> State:
    first, *others = states
    for state in others:
        first = merged(first, state)
    return first
