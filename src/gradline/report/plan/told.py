"""A plan as text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gradline.moments import room
from gradline.report.progress import duration
from gradline.report.sentences import counted

if TYPE_CHECKING:
    from gradline.report.plan.plan import Pass, Plan


def text_of(plan: Plan) -> str:
    """Lines of 80 columns at most."""
    there = plan.extent
    what = counted(there.files, "file") if there.files else there.kind
    if there.files:
        what += f" ({there.kind})"
    if there.bytes is not None:
        what += f", {room.in_words(there.bytes)}"
    if there.bytes_of_columns is not None:
        what += f", of which {room.in_words(there.bytes_of_columns)} are of these columns"
    rows = "rows unknown before it is read"
    if there.rows is not None:
        rows = f"{'' if there.rows_are_exact else 'about '}{counted(there.rows, 'row')}"
    used = ", ".join(f"{name} ({kind})" for name, kind in list(plan.kinds.items())[:12])
    used += f", {len(plan.kinds) - 12:,} more" if len(plan.kinds) > 12 else ""
    of = f"; {len(plan.kinds):,} of the {plan.columns_in_table:,} in the table" if plan.columns_in_table else ""
    more = "" if plan.columns_are_exact else " or more, as levels are met"
    columns = f"{counted(plan.columns, 'column')}{more}"
    cores = counted(max(plan.threads - 1, 1), "core")  # one thread more than these, where there are several
    threads = "for one thread" if plan.threads == 1 else f"for each of {plan.threads} threads"
    sums = f"{columns}: {room.in_words(plan.sums)} {threads} ({cores})"
    if not plan.sums_are_formed:
        sums = f"{columns}: none over pairs of them"
    elif any(one.arithmetic == "exact" for one in plan.passes):
        sums += f"; exact about {room.in_words(plan.exact_sums)} as kept in a file"
    several = plan.spread.processes > 1
    memory = f"about {room.in_words(plan.memory)}" + (" for each process" if several else "")
    memory += "" if plan.available is None else f", of {room.in_words(plan.available)} available"
    lines = [
        ("reads", f"{what}; {rows}"),
        ("columns", used + of),
        *(("passes" if j == 0 else "", _in_words(one)) for j, one in enumerate(plan.passes)),
        *([("processes", str(plan.spread))] if several else []),
        ("sums", sums),
        ("memory", memory),
    ]
    if plan.problem:
        lines.append(("but", plan.problem))
    head = f"{plan.target} on {plan.source}: what fit would do"
    return "\n".join([head, "", *(_wrapped(name, text) for name, text in lines)])


def _in_words(one: Pass) -> str:
    times = "1" if one.times == 1 else f"up to {one.times:,}"
    took = ""
    if one.seconds is not None:
        took = f"; about {duration(one.seconds)}" if one.seconds >= 1.0 else "; under a second"
    sort = {"none": "", "float64": "in float64: ", "exact": "exact: "}.get(one.arithmetic, f"of {one.arithmetic}: ")
    return f"{times} {sort}{one.why}{took}"


def _wrapped(name: str, text: str) -> str:
    return textwrap.fill(text, 80, initial_indent=f"{name:10}", subsequent_indent=" " * 10, break_long_words=False)
