"""Tables to time: y = 1 + sum_j j x_j / p + noise, everything standard normal, from a fixed seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SEED = 20240229
CHUNK_ROWS = 2**18
FILE_ROWS = 2_000_000


def chunks(n: int, d: int):
    """(X, y) in blocks of rows, so that a table need not fit in memory to be written."""
    rng = np.random.default_rng(SEED)
    for start in range(0, n, CHUNK_ROWS):
        X = rng.standard_normal((min(CHUNK_ROWS, n - start), d))
        yield X, 1.0 + X @ (np.arange(1, d + 1) / d) + rng.standard_normal(len(X))


def arrays(folder: Path, n: int, d: int) -> str:
    """X and y as .npy files for every worker to load; returns their common path without the ending."""
    stem = folder / f"table-{n}-{d}"
    if not stem.with_suffix(".X.npy").exists():
        parts = list(chunks(n, d))
        np.save(stem.with_suffix(".X.npy"), np.concatenate([X for X, _ in parts]))
        np.save(stem.with_suffix(".y.npy"), np.concatenate([y for _, y in parts]))
    return str(stem)


def load(stem: str) -> tuple[np.ndarray, np.ndarray]:
    """C-contiguous float64, in this process's own memory."""
    return np.load(f"{stem}.X.npy"), np.load(f"{stem}.y.npy")


def sparse(folder: Path, n: int, d: int, nonzeros: int) -> str:
    """The same with `nonzeros` cells a row, in columns drawn at random, as what a CSR array is made of."""
    stem = folder / f"sparse-{n}-{d}"
    rng = np.random.default_rng(SEED)
    column, cell = rng.integers(0, d, (n, nonzeros)), rng.standard_normal((n, nonzeros))
    y = 1.0 + (cell * (column + 1) / d).sum(axis=1) + rng.standard_normal(n)
    for part, array in (("cell", cell), ("column", column), ("y", y)):
        np.save(f"{stem}.{part}.npy", array)
    return str(stem)


def load_sparse(stem: str) -> tuple[Any, np.ndarray]:
    from scipy.sparse import csr_array

    cell, column, y = (np.load(f"{stem}.{part}.npy") for part in ("cell", "column", "y"))
    n, nonzeros = cell.shape
    d = int(stem.rpartition("-")[2])
    X = csr_array((cell.ravel(), column.ravel(), np.arange(0, n * nonzeros + 1, nonzeros)), shape=(n, d))
    X.sum_duplicates()
    return X, y


def parquet(folder: Path, n: int, d: int) -> str:
    """One Parquet file of columns x0 .. x(d-1), y, as pyarrow writes it by default."""
    import pyarrow.parquet as pq

    path = folder / f"table-{n}-{d}.parquet"
    if not path.exists():
        with pq.ParquetWriter(path, _arrow(np.empty((0, d)), np.empty(0)).schema) as file:
            for X, y in chunks(n, d):
                file.write_table(_arrow(X, y))
    return str(path)


def parquet_folder(folder: Path, n: int, d: int) -> str:
    """The same rows in a folder of files of at most two million."""
    import pyarrow.parquet as pq

    path = folder / f"table-{n}-{d}"
    if not path.exists():
        path.mkdir()
        parts, rows = [], 0
        for number, (X, y) in enumerate(chunks(n, d)):
            parts.append(_arrow(X, y))
            rows += len(y)
            if rows >= FILE_ROWS or number == -(-n // CHUNK_ROWS) - 1:
                with pq.ParquetWriter(path / f"part-{number:04}.parquet", parts[0].schema) as file:
                    for part in parts:
                        file.write_table(part)
                parts, rows = [], 0
    return str(path)


def csv(folder: Path, n: int, d: int) -> str:
    """The same as text, with the four decimals that tables of measurements tend to have."""
    import pyarrow.csv as pa_csv

    path = folder / f"table-{n}-{d}.csv"
    if not path.exists():
        with pa_csv.CSVWriter(path, _arrow(np.empty((0, d)), np.empty(0)).schema) as file:
            for X, y in chunks(n, d):
                file.write_table(_arrow(X.round(4), y.round(4)))
    return str(path)


def _arrow(X: np.ndarray, y: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.table({**{f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])}, "y": y})
