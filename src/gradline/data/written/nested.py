"""Nested values as JSON and back, to the bit; reading them runs no code, as reading a pickle would."""

from __future__ import annotations

import base64
import math
import struct
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.errors import DataError, MissingExtraError

LARGEST_INTEGER = 2**53  # beyond it many readers of JSON round, and beyond some thousand digits Python refuses
DICTS: dict[str, type[dict[Any, Any]]] = {"$dict": dict, "$ordered": OrderedDict, "$counter": Counter}


def to_json(value: Any, where: str = "state") -> Any:
    """What `json.dumps` takes, for `from_json` to give back the same types, dtypes, shapes and bits.

    A value that JSON has no word for becomes an object with one key that starts with a dollar: `{"$tuple": [1, 2]}`.

    Parameters
    ----------
    value : None, bool, int, float, str, list, tuple, dict, NumPy array or scalar, torch tensor, and nests of them
        Keys of dicts may be all of these that Python takes for one. Arrays and tensors hold real or complex numbers
        or bools; they come back in C order and as their own owners, tensors on the CPU and outside of any graph.
    where : str
        The name of `value` in messages.

    Raises
    ------
    DataError
        Where something else is among the values. Subclasses are something else: they may hold more than can be seen.

    Examples
    --------
    >>> to_json({"betas": (0.9, 0.999), 0: [None, -0.0], "seed": 2**100})["$dict"][0]
    ['betas', {'$tuple': [0.9, 0.999]}]
    >>> to_json(np.arange(3, dtype=np.int8))
    {'$array': ['|i1', [3], 'AAEC']}
    """
    kind = type(value)
    if value is None or kind in (bool, str) or (kind is float and math.isfinite(value)):
        return value
    if kind is float:
        return {"$float": struct.pack(">d", value).hex()}  # a NaN has 53 bits of its own
    if kind is int:
        return value if abs(value) < LARGEST_INTEGER else {"$int": hex(value)}
    if kind is list or kind is tuple:
        items = [to_json(item, f"{where}[{i}]") for i, item in enumerate(value)]
        return items if kind is list else {"$tuple": items}
    if kind is dict and all(type(key) is str and not key.startswith("$") for key in value):
        return {key: to_json(item, f"{where}[{key!r}]") for key, item in value.items()}
    for tag, mapping in DICTS.items():
        if kind is mapping:
            pairs = value.items()
            return {tag: [[to_json(key, f"a key of {where}"), to_json(v, f"{where}[{key!r}]")] for key, v in pairs]}
    if kind is np.ndarray and _is_kept(value.dtype):
        return {"$array": _packed(value)}
    if isinstance(value, np.generic) and _is_kept(value.dtype):
        return {"$scalar": _packed(np.asarray(value))}
    if kind.__module__.startswith("torch"):  # torch need not be imported to know that this is none of its tensors
        import torch

        if isinstance(value, torch.Tensor):
            try:
                return {"$tensor": _packed(value.numpy(force=True))}
            except TypeError:  # a dtype or a layout that NumPy does not have
                raise _unkept(where, f"{value.layout} tensor of {value.dtype}") from None
    raise _unkept(where, f"array of {value.dtype}" if isinstance(value, np.ndarray) else kind.__name__)


def from_json(value: Any) -> Any:
    """The values that `to_json` made this of.

    Raises
    ------
    ValueError, TypeError, OverflowError
        Where `to_json` made no such thing.
    MissingExtraError
        Where there is a tensor among them, and torch is not installed.

    Examples
    --------
    >>> from_json(to_json({0: (1, float("-inf")), "a": np.float32(0.1)}))
    {0: (1, -inf), 'a': np.float32(0.1)}
    """
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if not tag.startswith("$"):
        return {key: from_json(item) for key, item in value.items()}
    content = value[tag]
    if tag == "$float":
        return struct.unpack(">d", bytes.fromhex(content))[0] if len(content) == 16 else _unknown(value)
    if tag == "$int":
        return int(content, 16)
    if tag == "$tuple":
        return tuple(from_json(item) for item in content)
    if tag in DICTS:
        return DICTS[tag]({from_json(key): from_json(item) for key, item in content})
    if tag == "$array":
        return _unpacked(content)
    if tag == "$scalar":
        return _unpacked(content)[()]
    if tag == "$tensor":
        try:
            import torch
        except ImportError:
            raise MissingExtraError("reading a torch tensor", "torch") from None

        return torch.from_numpy(_unpacked(content))
    return _unknown(value)


def _packed(array: NDArray[Any]) -> list[Any]:
    return [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode("ascii")]


def _unpacked(content: Any) -> NDArray[Any]:
    name, shape, data = content
    dtype = np.dtype(name)
    if not _is_kept(dtype) or not all(type(length) is int and length >= 0 for length in shape):
        _unknown(content)
    # A copy, since memory of bytes cannot be written to.
    return np.frombuffer(base64.b64decode(data, validate=True), dtype).reshape(shape).copy()


def _is_kept(dtype: np.dtype[Any]) -> bool:
    """Numbers and bools; long doubles (g, G) are another thing on every machine."""
    return dtype.kind in "biufc" and dtype.char not in "gG"


def _unkept(where: str, what: str) -> DataError:
    return DataError(
        f"{where} is of type {what}, which a checkpoint cannot keep",
        hint="it keeps None, bool, int, float, str, list, tuple, dict, NumPy arrays and torch tensors of numbers",
    )


def _unknown(value: Any) -> Any:
    raise ValueError(f"not a value of a checkpoint: {str(value)[:40]}")
