"""Where a descent starts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradline.errors import DataError
from gradline.solution import Array


def starting_point(
    init: str | float | Array, features: int, bias: bool, rng: np.random.Generator
) -> tuple[Array, float]:
    """Slopes and intercept to start from, in data units."""
    k = features + bias
    if isinstance(init, str):
        starts: dict[str, Callable[[int], Array]] = {
            "zeros": np.zeros,
            "uniform": rng.random,
            "normal": rng.standard_normal,
        }
        v = starts[init](k)
    else:
        try:
            v = np.asarray(init, dtype=float)
        except (TypeError, ValueError):
            choices = "'zeros', 'uniform', 'normal', a number or an array of numbers"
            raise DataError(f"init is {init!r}, expected {choices}") from None
        v = np.full(k, v) if v.ndim == 0 else v
        if bias and v.shape == (features,):
            v = np.append(v, 0.0)
        if v.shape != (k,) or not np.isfinite(v).all():
            shapes = f"({features},)" + (f", or ({k},) with the intercept last" if bias else "")
            raise DataError(f"init is {init!r}, expected finite numbers of shape {shapes}")
    return v[:features], float(v[features]) if bias else 0.0
