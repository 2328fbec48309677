"""`fit --dask`: a table read by the workers of Dask, for as long as the command runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.report.plan import Spread


def on_dask(ctx: typer.Context, where: str | None, table: Source, *, descends: bool, only_plans: bool) -> Source:
    """The table, its parts read where `where` says: "local", or the address of a scheduler; None: as it is.

    For a plan no worker is started.
    """
    if where is None:
        return table
    if not where.strip():
        raise typer.BadParameter("it is empty, expected local or an address: tcp://10.0.0.5:8786", param_hint="--dask")
    if descends:
        raise typer.BadParameter("only the exact way runs on Dask: leave --engine out", param_hint="--dask")
    from gradline.data.parted import parted
    from gradline.distributed.cluster import connected
    from gradline.distributed.tree import on_dask

    source = parted(table, on_dask)  # refused before a process is started
    if not only_plans:
        ctx.with_resource(connected(where))
    return source


def planned(table: Source, where: str) -> tuple[Source, Spread]:
    """What a plan needs to know of a table: all of its rows, and how they are spread over the workers there."""
    from gradline.data.parted import PartedSource
    from gradline.distributed.cluster import workers_at
    from gradline.report.plan import Spread

    assert isinstance(table, PartedSource)
    workers, parts = workers_at(where), len(table.parts)
    return table.alone(), Spread(workers, parts, math.ceil(parts / workers))
