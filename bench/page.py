"""docs/benchmarks.md from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.machine import About


@dataclass(frozen=True)
class Finding:
    """One goal and whether it is reached (None: it could not be measured); `limit` says what stands in its way."""

    work: str
    ours: str
    against: str
    measured: str
    goal: str
    reached: bool | None
    limit: str = ""


@dataclass(frozen=True)
class Table:
    """Columns are set right, as figures are, but for the first and those that `words` counts from there."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    words: int = 1


@dataclass(frozen=True)
class Section:
    """What one row of the benchmarks adds to the page."""

    title: str
    text: str
    tables: Sequence[Table]
    findings: Sequence[Finding] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)


def written(about: About, sections: Sequence[Section], minutes: float) -> str:
    parts = [_head(about, minutes), _goals(about, [f for section in sections for f in section.findings])]
    parts += [_section(section) for section in sections]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(about: About, minutes: float) -> str:
    size = (
        "This page is from a **quick run**: sizes are smaller than those the goals are set for, fixed costs weigh "
        "more, and the verdicts say only what held at these sizes."
        if about.quick
        else "This page is from a full run."
    )
    versions = ", ".join(f"{name} {number}" for name, number in about.versions.items())
    return "\n\n".join(
        [
            "# Benchmarks",
            "Written by `make bench`, which repeats all of it (`.venv/bin/python bench/run.py --quick` is the short "
            f"form); do not edit. {size}",
            f"- **Machine**: {about.processor}, {about.cores} cores, {about.memory_gb:.0f} GB, {about.system}\n"
            f"- **Its pace**: a million additions in a Python loop {about.pace.interpreter_ms:.0f} ms; a copy in "
            f"memory {about.pace.copy_gb_per_s:.1f} GB/s; a million rows of ten float64 in random order "
            f"{about.pace.gather_ms:.0f} ms\n"
            f"- **Threads**: {about.threads} for every contender\n"
            f"- **Date**: {about.date}; the run took {minutes:.0f} minutes; load at its start {about.load:.1f}\n"
            f"- **Versions**: Python {about.python}, {versions}",
            "**How.** Each contender has a process of its own, with the same number of threads set before anything is "
            "imported, and the same data, float64 and C-contiguous. After one untimed warm-up the rounds are "
            "interleaved (A B C A B C ...), so that a disturbance falls on all alike. Given are the median, and the "
            "fastest and slowest round; a column `x A` says how many times as long as A, by medians. Imports and first "
            "calls are not timed; files are in the system's cache; intercepts are fitted. Before each round a process "
            "takes and returns, untimed, as much memory as its warm-up needed, since a virtual machine may have to "
            "wait for memory that its host took back. A shared machine is noisy: where the slowest round is far from "
            "the median, a ratio says little. A full run needs about 6 GB of memory and 3 GB of temporary files.",
            "**Elsewhere.** Several processes and GPUs have commands of their own, `python -m bench.torchrun` and "
            "`python -m bench.gpu` ([their page](scaling-torch.md)). No figure of a GPU has been taken yet.",
        ]
    )


def _goals(about: About, findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    verdict = {True: "reached", False: "**missed**", None: "not measured"}
    table = Table(
        ("work", "gradline", "against", "goal", "measured", "at this size" if about.quick else "verdict"),
        [(f.work, f.ours, f.against, f.goal, f.measured, verdict[f.reached]) for f in findings],
        words=3,
    )
    missed = sum(f.reached is False for f in findings)
    unknown = sum(f.reached is None for f in findings)
    count = f"{len(findings) - missed - unknown} of {len(findings)} goals reached, {missed} missed"
    count += f", {unknown} not measured" if unknown else ""
    limits = dict.fromkeys(f"- {f.work}, {f.ours}: {f.limit}" for f in findings if f.reached is False and f.limit)
    parts = ["## Goals", f"{count}. In brackets the ratios of single rounds.", _table(table)]
    return "\n\n".join([*parts, "What limits the missed ones:\n\n" + "\n".join(limits)] if limits else parts)


def _section(section: Section) -> str:
    parts = [f"## {section.title}", section.text]
    for table in section.tables:
        parts += [table.caption, _table(table)]
    parts += ["\n".join(f"- {note}" for note in section.notes)]
    return "\n\n".join(part for part in parts if part)


def _table(table: Table) -> str:
    rule = "|---" * table.words + "|---:" * (len(table.header) - table.words) + "|"
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (table.header, *table.rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def duration(seconds: float) -> str:
    """Three digits: 52.3 ms, 1.24 s."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{_three(seconds / scale)} {unit}"
    return f"{seconds:.3g} s"


def ratio(value: float) -> str:
    return f"{_three(value)}x"


def _three(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
