"""What the JSON of `Moments` and of `ExactMoments` has in common: a kind, a version, and counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from gradline.data.cells import a_kind, short
from gradline.errors import DataError

VERSION = 1
UNREADABLE = "these moments cannot be read"
MOST_FEATURES = 100_000  # their p^2 numbers would not fit into memory
MANY_FEATURES = 10_000  # fewer need no look at the memory there is
MOST_ROWS = int(sys.float_info.max)  # as frequencies add up to; no float64 number counts more


def read_state(text: str, kind: str) -> dict[str, Any]:
    """The JSON object in `text`, of this kind and a version known here.

    Raises
    ------
    DataError
        Where the text is not such an object.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise DataError(f"{UNREADABLE}: {a_kind(text)}, expected the text that to_json() gives")
    try:
        state = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{UNREADABLE}: not JSON ({error})") from None
    if not isinstance(state, dict) or state.get("kind") != kind:
        found = state.get("kind") if isinstance(state, dict) else type(state).__name__
        raise DataError(f"{UNREADABLE}: kind is {short(found)}, expected {kind!r}")
    if state.get("version") != VERSION:
        raise DataError(
            f"{UNREADABLE}: version {short(state.get('version'))}, expected {VERSION}",
            hint="a newer gradline may have written them",
        )
    if count(state, "features") > MOST_FEATURES:
        raise DataError(f"{UNREADABLE}: {short(state['features'])} features, expected at most {MOST_FEATURES}")
    return state


def checked_features(n_features: Any, kind: Any) -> int:
    """A number of columns of X; DataError where it is none, or memory cannot hold sums of that `kind` of so many."""
    if not isinstance(n_features, Integral) or not 0 <= int(n_features) <= MOST_FEATURES:
        raise DataError(
            f"there are no moments of {short(n_features)} features", hint=f"a whole number from 0 to {MOST_FEATURES}"
        )
    if int(n_features) > MANY_FEATURES:
        from gradline.moments.room import refuse_beyond_memory

        refuse_beyond_memory(int(n_features), kind)
    return int(n_features)


def check_columns(columns: Sequence[Any], n_features: int) -> None:
    """Refuse what is no column of X, nor None."""
    for column in columns:
        if column is not None and not (isinstance(column, Integral) and 0 <= int(column) < n_features):
            raise DataError(f"there is no column {short(column)} of X, expected one of 0 to {n_features - 1}, or None")


def count(state: dict[str, Any], key: str) -> int:
    """The count under `key`; DataError where there is none."""
    value = state.get(key)
    if type(value) is not int or not 0 <= value <= MOST_ROWS:
        raise DataError(f"{UNREADABLE}: {key!r} is {short(value)}, expected a count")
    return value
