"""The format: its kind, its version, its checksum, and what may stand under a key."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from gradline.data.cells import short
from gradline.moments.state import MOST_ROWS
from gradline.solution import Array

KIND, SCHEMA = "gradline.LinearRegression", 1
_WANTED = {str: "text", int: "a count", bool: "true or false", dict: "an object", list: "a list"}


class Unfit(Exception):  # noqa: N818 - passed to `read_model`, which knows the name of the file
    """A part of a model file that cannot be what was written."""


class NotFinite(ValueError):  # noqa: N818 - passed to `read_model`, which knows the name of the file
    """NaN or Infinity where JSON has a number."""


def refuse_constant(constant: str) -> NoReturn:
    """What Python reads as a number and JSON does not have: NaN, Infinity."""
    raise NotFinite(f"it holds {constant} where a number belongs")


def digest(content: Mapping[str, Any]) -> str:
    """Of what it says, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def of_kind(content: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """What stands under `key`, where it is of this kind; whole numbers are counts: 0 or more."""
    value: Any = content.get(key)
    if type(value) is not kind:
        raise Unfit(f"'{key}' is {short(value)}, expected {_WANTED[kind]}")
    if kind is int and not 0 <= value <= MOST_ROWS:
        raise Unfit(f"'{key}' is {short(value)}, expected a count")
    return value


def each_of_kind(content: Mapping[str, Any], key: str, kind: type[Any]) -> list[Any]:
    """The list under `key`, where all in it are of this kind."""
    values: list[Any] = of_kind(content, key, list)
    for value in values:
        if type(value) is not kind:
            raise Unfit(f"'{key}' holds {short(value)}, expected {_WANTED[kind]}")
    return values


def one_of(content: Mapping[str, Any], key: str, *choices: str) -> str:
    """The word under `key`, where it is one of these."""
    value = content.get(key)
    if value not in choices:
        raise Unfit(f"'{key}' is {short(value)}, expected one of {', '.join(choices)}")
    return str(value)


def floats(content: Mapping[str, Any], key: str, length: int) -> Array:
    """The finite numbers under `key`, as many as expected."""
    values: list[Any] = of_kind(content, key, list)
    if len(values) != length:
        raise Unfit(f"'{key}' has {len(values)} numbers, expected {length}")
    return np.array([finite(value, key) for value in values])


def finite(value: Any, key: str) -> float:
    """A number, where it is one that float64 holds."""
    try:
        if type(value) in (int, float) and math.isfinite(number := float(value)):
            return number
    except OverflowError:
        pass
    raise Unfit(f"'{key}' holds {short(value)}, expected a finite number")
