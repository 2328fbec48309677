"""What the JSON of `Moments` and of `ExactMoments` has in common: a kind, a version, and counts."""

from __future__ import annotations

import json
from numbers import Integral
from typing import Any

from gradline.data.cells import a_kind
from gradline.errors import DataError

VERSION = 1
UNREADABLE = "these moments cannot be read"
MOST_FEATURES = 100_000  # p^2 numbers of memory are taken before a single sum is read


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
        raise DataError(f"{UNREADABLE}: kind is {found!r}, expected {kind!r}")
    if state.get("version") != VERSION:
        raise DataError(
            f"{UNREADABLE}: version {state.get('version')!r}, expected {VERSION}",
            hint="a newer gradline may have written them",
        )
    if count(state, "features") > MOST_FEATURES:
        raise DataError(f"{UNREADABLE}: {state['features']} features, expected at most {MOST_FEATURES}")
    return state


def checked_features(n_features: Any) -> int:
    """A number of columns of X; DataError where it is none."""
    if not isinstance(n_features, Integral) or n_features < 0:
        raise DataError(f"there are no moments of {n_features!r} features", hint="a whole number, 0 or more")
    return int(n_features)


def count(state: dict[str, Any], key: str) -> int:
    """The count under `key`; DataError where there is none."""
    value = state.get(key)
    if type(value) is not int or value < 0:
        raise DataError(f"{UNREADABLE}: {key!r} is {value!r}, expected a count")
    return value
