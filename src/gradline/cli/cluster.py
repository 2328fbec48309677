"""`fit --dask`: a table read by the workers of Dask, for as long as the command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gradline.data.source import Source


def on_dask(ctx: typer.Context, where: str | None, table: Source, *, descends: bool, only_plans: bool) -> Source:
    """The table, its parts read where `where` says: "local", or the address of a scheduler; None: as it is."""
    if where is None:
        return table
    if descends:
        raise typer.BadParameter("only the exact way runs on Dask: leave --engine out", param_hint="--dask")
    if only_plans:
        return table
    from gradline.data.parted import parted
    from gradline.distributed.cluster import connected
    from gradline.distributed.tree import on_dask

    source = parted(table, on_dask)  # refused before a process is started
    ctx.with_resource(connected(where))
    return source
