"""Rows on a device of PyTorch's, or to be summed on one: recognised without PyTorch, which is loaded only then."""

from __future__ import annotations

import importlib.util
from typing import Any

from gradline.errors import MissingExtraError
from gradline.moments.centred_sums import CentredSums
from gradline.moments.integers.integer_sums import IntegerSums


def device_of(device: str | None, *parts: Any) -> str | None:
    """The one asked for, or that of the first part of the rows that is on another than the CPU; None where none is."""
    if device is not None:
        return device
    places = [getattr(part, "device", None) for part in parts]
    return next((str(place) for place in places if getattr(place, "type", "cpu") != "cpu"), None)


def exact_sums_on(device: str, X: Any, y: Any, weight: Any) -> tuple[int, IntegerSums]:
    """See `gradline.moments.device.exact_sums`."""
    _need_torch(device)
    from gradline.moments.device.exact_sums import exact_sums

    return exact_sums(X, y, weight, device)


def float_sums_on(device: str, X: Any, y: Any, weight: Any) -> CentredSums:
    """See `gradline.moments.device.float_sums`."""
    _need_torch(device)
    from gradline.moments.device.float_sums import float_sums

    return float_sums(X, y, weight, device)


def _need_torch(device: str) -> None:
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError(f"device '{device}'", "torch")
