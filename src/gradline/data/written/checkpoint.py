"""Long computations on disk: a kill at any moment leaves the last checkpoint or the one before, to the bit."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gradline.data.readers.credentials import shown_path
from gradline.data.written.nested import from_json, to_json
from gradline.data.written.whole_file import refuse_place, refuse_special, replacing
from gradline.errors import DataError

KIND, VERSION = "gradline.Checkpoint", 1
LONGEST_FIELD = 80
ANOTHER = "delete the file, or name another one"

Fingerprint: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """All that a descent, or the sums of a long pass, need to go on as if they had never stopped.

    Attributes
    ----------
    fingerprint : mapping of str to str
        Which fit this is, field by field: `fingerprint(...)`.
    iteration : int
        Passes made; within a pass, batches taken.
    history : tuple of float
        The loss before each pass of a descent.
    state : dict
        What moves: parameters in the units of the descent, the state of an optimizer, of a schedule, of a random
        generator; sums. The values are those of `nested.to_json`; they are read while saving and never changed.
    """

    fingerprint: Fingerprint
    iteration: int
    history: tuple[float, ...]
    state: dict[str, Any]


def fingerprint(fields: Mapping[str, Any]) -> dict[str, str]:
    """Which fit a checkpoint belongs to: options and figures of the data as short texts that can be compared.

    Different values have different texts, of floats all digits; an array has that of its list, a tuple too. A long
    text is cut, and ends in a digest of all of it. An int is not the float of its value: the caller settles types.

    Parameters
    ----------
    fields : mapping
        None, bools, numbers, strings, arrays, classes and functions (kept by name), and lists, tuples and dicts of
        them. What only says when to stop should not be among them, so that a descent can be asked to go on.

    Raises
    ------
    TypeError
        For a value of another type: its text may be another one in the next process.

    Examples
    --------
    >>> fingerprint({"learning_rate": 0.1, "init": np.zeros(2), "columns": ("age", "bmi")})
    {'learning_rate': '0.1', 'init': '[0.0, 0.0]', 'columns': "['age', 'bmi']"}
    >>> fingerprint({"means": np.arange(1e5)})["means"]
    '[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0,... (sha256 fd17f1e97287fd6c)'
    """
    return {name: _short(_text(value)) for name, value in fields.items()}


def save(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`, in place of what was there only when it is whole and on the disk.

    The file is one JSON object: kind, version, the SHA-256 of the content as Python's json writes it, the content.
    A kill while writing may leave the unfinished one behind, as `.NAME.PROCESS.tmp` in the same folder.

    Raises
    ------
    DataError
        Where the file cannot be written or the state not be kept; what was there stays.
    """
    try:
        content = {
            "fingerprint": dict(checkpoint.fingerprint),
            "iteration": checkpoint.iteration,
            "history": to_json(np.array(checkpoint.history, dtype=np.float64)),
            "state": to_json(checkpoint.state),
        }
        body = json.dumps(content, allow_nan=False)
    except RecursionError:
        raise DataError("the state of the descent is nested too deeply (or in itself) to be kept") from None
    header = json.dumps({"kind": KIND, "version": VERSION, "sha256": _digest(body)})
    try:
        # No line end: a file that lacks its last byte shall not pass for a whole one.
        with replacing(path) as file:
            file.write(f'{header[:-1]}, "content":\n{body}}}'.encode("ascii"))
    except OSError as error:
        raise _unwritable(path, error) from None


def check_place(path: str | os.PathLike[str]) -> None:
    """Refuse a place where no file can be written, before hours are spent on what is to be kept there: DataError."""
    try:
        refuse_place(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def load(path: str | os.PathLike[str], fingerprint: Fingerprint) -> Checkpoint | None:
    """Read the checkpoint that `save` wrote to `path`; None where there is no file.

    Raises
    ------
    DataError
        Where the file cannot be read, is none of ours, damaged, or of a newer version, and where it belongs to a fit
        with another fingerprint: the message names the first field that differs.
    MissingExtraError
        Where its state holds torch tensors and torch is not installed.
    """
    name = shown_path(path)
    try:
        refuse_special(path)
        text = Path(path).read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            f"the checkpoint {name} cannot be read: {error.strerror or error}", hint="name another file"
        ) from None

    try:
        file = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.startswith(f'{{"kind": "{KIND}"'):
            raise damaged(path, "the end is missing or something in it has changed") from None
        raise _foreign(name, f"it is not JSON ({error})" if text else "it is empty") from None
    kind = file.get("kind") if isinstance(file, dict) else None
    if kind != KIND:
        raise _foreign(name, f"its kind is {kind!r}, expected {KIND!r}")
    version = file.get("version")
    if type(version) is int and version > VERSION:
        raise DataError(
            f"the checkpoint {name} is of version {version}, expected at most {VERSION}",
            hint=f"a newer gradline wrote it: use that one; or {ANOTHER}",
        )
    try:
        body = json.dumps(file["content"], allow_nan=False)
        if version != VERSION or file["sha256"] != _digest(body):
            raise ValueError
        _refuse_other(name, file["content"]["fingerprint"], fingerprint)
        return _checkpoint(file["content"])
    except DataError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise damaged(path, "its content does not fit its checksum") from None


def fingerprint_in(path: str | os.PathLike[str]) -> Fingerprint:
    """Which fit a file is a checkpoint of, as it says itself; empty where there is none: `load` says what is wrong."""
    try:
        refuse_special(path)
        found = json.loads(Path(path).read_bytes())["content"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class Saver:
    """Saves now and then: a kill loses at most the passes of one interval, and the one it was in.

    Parameters
    ----------
    path : path
    every_seconds : float
        Between the end of one saving and the beginning of the next, so that savings which take long do not become
        all there is; 0 for one after each pass.
    clock : () -> float
        Seconds, which never go back.

    Examples
    --------
    >>> clock = iter([0.0, 4.0])
    >>> saver = Saver("descent.json", every_seconds=10.0, clock=lambda: next(clock))
    >>> saver.after_pass(lambda: Checkpoint({}, 1, (0.5,), {}))  # at 4 s there is nothing to do
    False
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_seconds: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self.every_seconds = every_seconds
        self._clock = clock
        self._due = clock() + every_seconds

    def after_pass(self, checkpoint: Callable[[], Checkpoint]) -> bool:
        """Save what `checkpoint()` gives, where the interval is over; say whether."""
        if not self.due():
            return False
        self.save(checkpoint())
        return True

    def due(self) -> bool:
        """Whether the interval is over."""
        return self._clock() >= self._due

    def save(self, checkpoint: Checkpoint) -> None:
        """Save at once: at the end of a descent, or before a wait."""
        save(self.path, checkpoint)
        self._due = self._clock() + self.every_seconds


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or type(value) in (bool, int, float, str):
        return repr(value)  # of floats the shortest that no other float has
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{_text(key)}: {_text(item)}' for key, item in value.items()))}}}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    raise TypeError(f"{value!r} cannot be part of a fingerprint")


def _short(text: str) -> str:
    if len(text) <= LONGEST_FIELD:
        return text
    return f"{text[:LONGEST_FIELD]}... (sha256 {_digest(text)[:16]})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse_other(name: str, found: dict[str, str], expected: Fingerprint) -> None:
    for field in (*expected, *found):
        was, wanted = found.get(field, "not there"), expected.get(field, "none")
        if was != wanted:
            raise DataError(
                f"the checkpoint {name} belongs to another fit: its {field} was {was}, expected {wanted}", hint=ANOTHER
            )


def _checkpoint(content: dict[str, Any]) -> Checkpoint:
    iteration, history, state = content["iteration"], from_json(content["history"]), from_json(content["state"])
    if type(iteration) is not int or history.dtype != np.float64 or history.ndim != 1 or not isinstance(state, dict):
        raise ValueError
    return Checkpoint(content["fingerprint"], iteration, tuple(history.tolist()), state)


def _unwritable(path: str | os.PathLike[str], error: OSError) -> DataError:
    return DataError(
        f"the checkpoint {shown_path(path)} cannot be written: {error.strerror or error}",
        hint="name a file in a folder that exists, may be written to and has room",
    )


def _foreign(name: str, why: str) -> DataError:
    return DataError(f"{name} is not a checkpoint: {why}", hint="name another file")


def damaged(path: str | os.PathLike[str], why: str) -> DataError:
    """What to say of a checkpoint that cannot be what was written."""
    return DataError(f"the checkpoint {shown_path(path)} is damaged: {why}", hint=ANOTHER)
