"""The three rungs, really run: the paths that the page shows beside its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.engines import make_engine, torch_is_installed
from gradline.descent.goal.quadratic import Quadratic
from gradline.descent.loop import descend
from gradline.moments.precision import Statistics
from gradline.solution import Array

RUNGS = ("numpy", "autograd", "nn")
STEPS, EVERY = 100, 10  # how far a rung runs; the page keeps every tenth of these steps, as the lesson prints them


@dataclass(frozen=True, eq=False)
class Recording:
    """One rate on every rung that is installed, in float64 and float32.

    Attributes
    ----------
    rate : float
    paths : dict of (dtype, rung) to (steps + 1, d) float64
        Parameters v = (w, b) or w, from the start on; shorter where they left the range of the dtype.
    """

    rate: float
    paths: dict[tuple[str, str], Array]

    def disagreement(self, dtype: str) -> float:
        """The largest difference between rungs of one dtype, relative to the largest coefficient so far."""
        return _apart([path for (kind, _), path in self.paths.items() if kind == dtype])

    def parting(self) -> float:
        """The largest difference of the first rung's float32 from its float64, relative likewise."""
        return _apart([self.paths["float64", "numpy"], self.paths["float32", "numpy"]])


def record(
    batch: Batch, start: Array, rates: Sequence[float], quadratic: Quadratic, *, torch: bool = True
) -> list[Recording]:
    """Descend on `batch` from `start` at every rate, on every rung, those of PyTorch only where it may be loaded."""
    rungs = RUNGS if torch and torch_is_installed() else RUNGS[:1]
    return [
        Recording(
            rate,
            {
                (dtype, rung): _path(rung, dtype, batch, start, rate, quadratic)
                for dtype in ("float64", "float32")
                for rung in rungs
            },
        )
        for rate in rates
    ]


def _path(rung: str, dtype: str, batch: Batch, start: Array, rate: float, quadratic: Quadratic) -> Array:
    bias = quadratic.bias
    w, b = (start[:-1], float(start[-1])) if bias else (start, 0.0)
    path = [start]

    def keep(history: Sequence[float], w: Array, b: float) -> None:
        path.append(np.append(w, b) if bias else w)

    with np.errstate(all="ignore"):  # float32 overflows where a rate is too large: that is what there is to see
        engine = make_engine(rung, w.copy(), b, learning_rate=rate, quadratic=quadratic, dtype=dtype)
        path[0] = np.append(*engine.read()) if bias else engine.read()[0]
        descend(engine, lambda: (batch,), max_iter=STEPS, after_pass=keep)
    whole = np.array(path)
    finite = np.isfinite(whole).all(1)
    return whole if finite.all() else whole[: int(finite.argmin())]


def _apart(paths: list[Array]) -> float:
    steps = min(len(path) for path in paths)
    if not steps:
        return 0.0  # a start beyond float32: there is no place that they have in common
    together = np.array([path[:steps] for path in paths])
    size = np.maximum.accumulate(np.abs(together).max((0, 2)))  # so far: where a path passes zero it has no size
    gaps = (together.max(0) - together.min(0)).max(1)
    return float(np.max(gaps / np.maximum(size, np.finfo(float).tiny)))


def condensed(moments: Statistics) -> Batch:
    """A few rows with the means and covariances of all: to a squared loss they are the same table.

    With m = p + 2 rows, U (m, p + 1) orthonormal and orthogonal to the ones, and C^(1/2) the root of the covariance of
    (x, y): rows = mean + sqrt(m) U C^(1/2) have mean `mean`, and (1/m) sum (row - mean)(row - mean)' = C.

    Examples
    --------
    >>> from gradline.moments.moments import Moments
    >>> x = np.arange(1000.0)
    >>> few = condensed(Moments.of(x[:, None], 3.0 * x))
    >>> len(few), round(float(few.X.mean()), 6), round(float(few.X.var()), 3), round(float(x.var()), 3)
    (3, 499.5, 83333.25, 83333.25)
    """
    mean, covariance = moments.mean, moments.scatter / moments.weight
    m = len(mean) + 1
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    U = np.linalg.qr(np.column_stack([np.ones(m), np.eye(m)[:, 1:]]))[0][:, 1:]
    rows = mean + np.sqrt(m) * U @ root.T
    return Batch.of(np.ascontiguousarray(rows[:, :-1]), rows[:, -1].copy())
