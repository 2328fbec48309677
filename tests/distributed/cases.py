"""What several processes are asked to fit, and one alone, for comparison."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gradline.data.source import open_source
from gradline.descent.fit import fit
from gradline.descent.options import Options

ROWS, GROUP = 1003, 150  # seven row groups, the last one short

NUMBERS = {"target": "y", "features": ["a", "b"]}
WEIGHTED = {**NUMBERS, "weight": "w"}
LESSON = {"learning_rate": 0.02, "tol": None, "record_path": True}
CASES = {
    "full": ("t.parquet", NUMBERS, LESSON | {"max_iter": 15}),
    "weighted": ("t.parquet", WEIGHTED, LESSON | {"max_iter": 15}),
    "momentum": ("t.parquet", WEIGHTED, LESSON | {"max_iter": 15, "momentum": 0.5}),
    "adam": ("t.parquet", NUMBERS, {"max_iter": 15, "tol": None, "optimizer": "adam", "record_path": True}),
    "automatic": ("t.parquet", WEIGHTED, {}),
    "moments": ("t.parquet", WEIGHTED, {"engine": "moments"}),
    "holes": ("holes.parquet", {**NUMBERS, "missing": "drop"}, LESSON | {"max_iter": 15}),
    "city": ("city.parquet", {"target": "y", "features": ["a", "city"]}, {}),
    "formula": ("city.parquet", {"formula": "y ~ a * C(city)"}, {}),
    "few": ("few.parquet", NUMBERS, LESSON | {"max_iter": 15}),
    "folder": ("folder", {"target": "y", "features": ["a", "year"]}, {}),
}
BATCHES = {
    "batches": ("t.parquet", NUMBERS, LESSON | {"max_iter": 2, "batch_size": 100}),
    "weighted batches": ("t.parquet", WEIGHTED, LESSON | {"max_iter": 2, "batch_size": 100}),
    "counted batches": ("t.parquet", {**WEIGHTED, "weights": "frequency"}, LESSON | {"max_iter": 2, "batch_size": 100}),
    "few batches": ("few.parquet", NUMBERS, LESSON | {"max_iter": 2, "batch_size": 50}),
}
RESUMED = ("t.parquet", WEIGHTED, LESSON | {"max_iter": 15, "momentum": 0.5})
KILLED = ("t.parquet", NUMBERS, {"learning_rate": 0.001, "batch_size": 250, "tol": 0.0, "max_iter": 40})


def write_tables(folder):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=ROWS), rng.normal(size=ROWS) + 1
    y = 3 * a - b + 2 + rng.normal(size=ROWS)
    w = rng.integers(0, 4, ROWS).astype(float)
    table = pa.table({"a": a, "b": b, "w": w, "y": y})
    pq.write_table(table, folder / "t.parquet", row_group_size=GROUP)
    pq.write_table(table.slice(0, 301), folder / "few.parquet", row_group_size=200)
    holes = a.copy()
    holes[[5, 700, 701]] = np.nan
    pq.write_table(table.set_column(0, "a", pa.array(holes)), folder / "holes.parquet", row_group_size=GROUP)
    city = np.where(np.arange(ROWS) > 990, "Bonn", np.array(["Oslo", "Rome"])[rng.integers(0, 2, ROWS)])
    pq.write_table(
        pa.table({"a": a, "city": city, "y": y + (city == "Rome")}), folder / "city.parquet", row_group_size=GROUP
    )
    for year in (2024, 2025):
        part = folder / "folder" / f"year={year}"
        part.mkdir(parents=True)
        pq.write_table(table.slice(500 * (year - 2024), 500), part / "part.parquet", row_group_size=GROUP)


def opened(folder, file, how):
    return open_source(folder / file, **how)


def descent(source, options, seed=3):
    """The figures of a descent, every bit of them."""
    options = Options(**{"engine": "nn"} | options)
    found = fit(source, options, np.random.default_rng(seed))
    coef = np.append(found.solution.coef, found.solution.intercept)
    return {
        "names": list(source.feature_names),
        "rows": found.problem.moments.rows,
        "dropped": source.rows_dropped,
        "coef": [value.hex() for value in coef.tolist()],
        "loss": [value.hex() for value in found.solution.history],
        "path": None if found.path is None else [value.hex() for value in found.path.ravel().tolist()],
        "converged": found.converged,
        "reason": found.stop_reason,
    }
