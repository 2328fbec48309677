"""What the shell offers for column names: those of the table that was named before."""

from __future__ import annotations

import os
import re

import typer

UNSAFE = re.compile(r"""[\s'"\\$`;&|<>()*?!\[\]{}#~,]""")  # a shell would not take such a name as it stands


def column(ctx: typer.Context, incomplete: str) -> list[str]:
    """One column of SOURCE."""
    return [name for name in _columns(ctx) if name.startswith(incomplete)]


def columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """The last one of a,b,c: a column of SOURCE that is not among them, nor the target."""
    before, comma, last = incomplete.rpartition(",")
    taken = [*before.split(","), ctx.params.get("target")]
    return [f"{before}{comma}{name}" for name in _columns(ctx) if name.startswith(last) and name not in taken]


def _columns(ctx: typer.Context) -> list[str]:
    """Of a file on the local disk, by its header; none where anything is wrong: a prompt is no place to say so."""
    try:
        # An option whose value is still missing keeps what stands beside it from being parsed.
        named = [os.path.expanduser(word) for word in (ctx.params.get("source"), *ctx.args) if word]
        source = next(filter(os.path.isfile, named), None)
        if source is None:
            return []
        from gradline.data.readers.files import reader_of

        return [name for name in reader_of(source).column_names if name and not UNSAFE.search(name)]
    except Exception:
        return []
