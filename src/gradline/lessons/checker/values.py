"""The script's numbers as floats, whatever holds them: Python's own, NumPy's, torch's."""

from __future__ import annotations

from typing import Any

LARGE = 2_000  # numbers of a parameter, from which on it is not copied


def scalar(value: Any) -> float | None:
    """A single number, in an array or a tensor too; None for anything else."""
    if isinstance(value, float | int):
        return float(value)
    if hasattr(value, "detach"):
        return (values_of(value) or (None,))[0] if value.numel() == 1 else None
    if hasattr(value, "dtype") and getattr(value, "size", 0) == 1 and value.dtype.kind in "fiu":
        return float(value.item())
    return None


def values_of(value: Any) -> tuple[float, ...]:
    """The numbers of a parameter, in one row; none where it is too large, or holds no real numbers."""
    if isinstance(value, float | int):
        return (float(value),)
    if hasattr(value, "detach"):
        try:
            return tuple(value.detach().flatten().tolist()) if value.numel() <= LARGE and not value.is_complex() else ()
        except RuntimeError:  # there are none: within vmap, on the meta device
            return ()
    if hasattr(value, "dtype") and hasattr(value, "ravel") and value.dtype.kind in "fiu" and value.size <= LARGE:
        return tuple(map(float, value.ravel().tolist()))
    return ()


def copied(value: Any) -> Any:
    """The numbers as a float64 array of their own."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value, dtype=np.float64)
