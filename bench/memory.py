"""Peak memory from files to the summary, in a fresh process, at two sizes: flat means equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import tables
from bench.clock import Contender, Failure, Worker
from bench.page import Finding, Section, Table, duration
from bench.resident import peak_mb, resident_mb
from bench.work import Work

GOAL_MB = 500
COLUMNS = 10


@dataclass(frozen=True)
class Memory:
    """One run each; memory does not jitter as time does."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        few, folder_rows, csv_rows = (200_000, 800_000, 400_000) if self.quick else (6_000_000, 42_000_000, 25_000_000)
        small, large, text = (
            (tables.parquet_folder, few),
            (tables.parquet_folder, folder_rows),
            (tables.csv, csv_rows),
        )
        contenders = [
            ("gradline", "gradline_peak", {}, (small, large, text)),
            ("gradline, exact", "gradline_peak", {"precision": "exact"}, (small, large, text)),
            ("polars-ols", "polars_ols_peak", {}, (small,)),
            ("pandas + statsmodels", "statsmodels_peak", {}, (small,)),
        ]
        rows, findings = [], []
        for label, call, arguments, tried in contenders:
            for written, n in tried:
                path = Path(written(folder, n, COLUMNS))
                files = sorted(path.iterdir()) if path.is_dir() else [path]
                kind = "CSV" if written is tables.csv else f"Parquet, {len(files)} files"
                size = f"{sum(file.stat().st_size for file in files) / 1e6:,.0f} MB of {kind}"
                row = [label, f"{n:,} x {COLUMNS + 1}", size]
                try:
                    reply = once(Contender(label, f"bench.memory:{call}", {"path": str(path), **arguments}), threads)
                except Failure as failure:
                    rows.append([*row, str(failure), ""])
                    say(f"    {label}: {failure}")
                    continue
                peak = reply["answer"]
                rows.append([*row, f"{peak:,.0f} MB", duration(reply["seconds"])])
                say(f"    {label}, {n:,} rows: {peak:,.0f} MB")
                if (written, n) != small:
                    what = f"peak memory, {row[2]}"
                    goal = f"< {GOAL_MB} MB above import"
                    findings.append(Finding(what, label, "-", rows[-1][3], goal, peak < GOAL_MB))
        return Section(
            "Peak memory",
            "The largest resident memory of a fresh process from path to summary, less what it held after its imports.",
            [Table(["", "table", "files", "peak above import", "time"], rows)],
            findings,
            ["Libraries imported on first use (SciPy's statistics, the Parquet reader) count as gradline's memory."],
        )


def once(contender: Contender, threads: int) -> dict[str, Any]:
    worker = Worker(contender, threads, patience=600)
    try:
        return worker.ask()
    finally:
        worker.close()


def gradline_peak(path: str, precision: str = "auto") -> Work:
    from bench.fits import gradline_file

    return above_import(gradline_file(path, precision))


def polars_ols_peak(path: str) -> Work:
    from bench.fits import polars_ols_file

    return above_import(polars_ols_file(path, COLUMNS))


def statsmodels_peak(path: str) -> Work:
    import pyarrow.parquet  # noqa: F401 - what pandas reads with

    from bench.fits import pandas_statsmodels

    return above_import(pandas_statsmodels(path))


def above_import(work: Work) -> Work:
    start = resident_mb()
    return Work(work.run, lambda result: peak_mb() - start)
