"""The sums of the first parts of a table on disk: what was gathered is not gathered again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from gradline.data.columns.design import kept, read_kept
from gradline.data.file_parts import all_are_small, lies_in_files
from gradline.data.parted import LEAST_ROWS, PartedSource, parted
from gradline.data.processes import processes_of
from gradline.data.readers.credentials import shown_path
from gradline.data.source import Source
from gradline.data.tally import Tally
from gradline.data.written.checkpoint import ANOTHER, damaged, fingerprint_in
from gradline.errors import DataError, GradlineError
from gradline.moments.by_threads import by_threads
from gradline.moments.exact import ExactMoments
from gradline.moments.keeping import Interrupted, Keep, SumsFile
from gradline.moments.moments import Moments
from gradline.moments.parts import PartSums

FEW_PARTS = 64  # each of which may be small
TOLD = 3  # files
ROWS = re.compile("[0-9]{1,18}")


def in_kept_parts(source: Source, path: str | os.PathLike[str]) -> Source:
    """The source in parts, whose sums any number of processes go on with: cut as those were that the file keeps.

    As it is, where it cannot be cut, or a part that is broken off would be much to read again.
    """
    rows = processes_of(source).from_first(lambda: _rows_kept(path))
    if isinstance(source, PartedSource):
        return source if rows is None or source.least_rows is None else source.cut(rows)
    if not lies_in_files(source):
        return source
    if rows is not None:
        return parted(source, by_threads, rows, here=True)
    finest = parted(source, by_threads, 1, here=True)
    if len(finest.parts) <= 1 or not all_are_small(source, finest.parts):
        return source
    few = len(finest.parts) <= FEW_PARTS or all(part.rows is None for part in finest.parts)  # of text each file is one
    return finest if few else parted(source, by_threads, here=True)


def _rows_kept(path: str | os.PathLike[str]) -> int | None:
    """How many rows at least the parts have whose sums a file keeps; None where it keeps none of parts."""
    found = fingerprint_in(path).get(LEAST_ROWS)
    return int(found) if isinstance(found, str) and ROWS.fullmatch(found) else None


class PartsKeeper:
    """Keeps the merged sums of the parts that have come in, from the first one on without a gap.

    They go on where the files are the same ones, by path, size and time; their rows are not read again, as
    `keeping_batches.BatchesKeeper` reads them.

    Parameters and errors are those of `gradline.moments.keeping.SumsFile`.
    """

    def __init__(self, keep: Keep, source: PartedSource, *, fit_intercept: bool, precision: str) -> None:
        how = {"kept": "part by part"} | source.identity
        self._file = SumsFile(keep, source, fit_intercept=fit_intercept, precision=precision, **how)
        self._files, self._parts = source.files, len(source.parts)
        if self._file.files is not None and self._file.files != self._files:
            differ = _what_differs(self._file.files, self._files)
            raise DataError(f"the checkpoint {shown_path(keep.path)} is of other files: {differ}", hint=ANOTHER)

    def began(self, kind: type[Moments | ExactMoments]) -> bool:
        """Whether the pass for sums of this kind had begun."""
        return self._file.found(kind) is not None

    def resumed(self, kind: type[Any]) -> tuple[int, PartSums | None]:
        """How many parts are in it, and their sums; 0 and None: begin anew."""
        found = self._file.found(kind)
        if found is None:
            return 0, None
        state = found.state
        try:
            whole = PartSums(kind.from_json(state["sums"]), read_kept(state["design"]), Tally(**state["tally"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise damaged(self._file.path, "its content is none that was written") from None
        if not 0 < found.iteration <= self._parts:
            raise damaged(self._file.path, f"it is of {found.iteration} of {self._parts} parts")
        return found.iteration, whole

    def after_parts(self, done: int, whole: PartSums, *, last: bool) -> None:
        """Save, where it is time."""
        if last or self._file.due():
            self._save(done, whole)

    @contextmanager
    def at_an_end(self, reached: Callable[[], tuple[int, PartSums | None]]) -> Iterator[None]:
        """Ctrl-C and a cluster that is lost leave behind what was reached."""
        try:
            yield
        except (GradlineError, KeyboardInterrupt) as end:
            done, whole = reached()
            if whole is not None:
                self._save(done, whole)
                if isinstance(end, KeyboardInterrupt):
                    raise Interrupted(self._file.path, whole.tally.rows_read) from None
            raise

    def _save(self, done: int, whole: PartSums) -> None:
        self._file.save(done, whole.sums, design=kept(whole.design), tally=asdict(whole.tally), files=self._files)


def _what_differs(then: dict[str, Any], now: dict[str, Any]) -> str:
    told = [f"{path} is gone" for path in then if path not in now]
    told += [f"{path} is new" for path in now if path not in then]
    told += [f"{path} has changed" for path, state in then.items() if path in now and now[path] != state]
    return "; ".join(told[:TOLD]) + (f"; and {len(told) - TOLD} more" if len(told) > TOLD else "")
