"""The sums of a long pass on disk: after a kill the pass goes on from there, and ends in the same bits."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from gradline.data.readers.credentials import shown_path
from gradline.data.source import Source
from gradline.data.written.checkpoint import ANOTHER, Checkpoint, Saver, check_place, fingerprint, load
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import Taken, names_of

S = TypeVar("S", Moments, ExactMoments)


@dataclass(frozen=True, slots=True)
class Keep:
    """Where the sums are kept, and how many seconds at least lie between the end of a save and the next."""

    path: str | os.PathLike[str]
    every_seconds: float = 10.0


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after the sums were saved; says how many rows they hold."""

    def __init__(self, path: str | os.PathLike[str], rows: int) -> None:
        super().__init__(
            f"interrupted: {shown_path(path)} holds the first {rows:,} rows, and the same fit goes on there"
        )


class Keeper:
    """One checkpoint file for the one or two passes of an exact fit.

    What is kept: which pass it is, how many batches and rows were taken, a CRC of all their numbers, and the sums. To
    go on, the batches are read again, so that what the source finds on its way is found again; but they are not summed,
    and it is an error where they are others. At the end the file stays: the same fit then only reads.

    Parameters
    ----------
    keep : Keep
    source : Source
    fit_intercept, precision
        As `gradline.moments.precision.gather` takes them.

    Raises
    ------
    DataError
        Where the place cannot be written to, or holds something other than a checkpoint of this fit.
    """

    def __init__(self, keep: Keep, source: Source, *, fit_intercept: bool, precision: str) -> None:
        self.path, self._source = keep.path, source.name
        self._fingerprint = fingerprint(which_fit(source, fit_intercept=fit_intercept, precision=precision))
        self._kept = load(keep.path, self._fingerprint)
        check_place(keep.path)
        self._saver = Saver(keep.path, keep.every_seconds)
        self._interrupted = False

    def began(self, kind: type[Moments | ExactMoments]) -> bool:
        """Whether the pass for sums of this kind had begun."""
        return self._kept is not None and self._kept.state["kind"] == kind.__name__

    def resume(self, kind: type[S], rows: Taken, /) -> S | None:
        """The sums of the batches that were taken before, once these have passed by again; None: begin anew.

        Raises
        ------
        DataError
            Where they are not the same.
        """
        if self._kept is None or not self.began(kind):
            return None
        state = self._kept.state
        rows.pass_by(self._kept.iteration, lambda: self._interrupted)
        if self._interrupted:
            raise Interrupted(self.path, state["rows"])
        if (rows.batches, rows.rows, rows.check()) != (self._kept.iteration, state["rows"], state["crc"]):
            raise DataError(
                f"the checkpoint {shown_path(self.path)} is of other rows: the first {state['rows']:,} of "
                f"{self._source} have changed, or come in another order",
                hint=ANOTHER,
            )
        return kind.from_json(state["sums"])

    def due(self) -> bool:
        """Whether to stop for a save, or because Ctrl-C was pressed."""
        return self._interrupted or self._saver.due()

    def after_run(self, total: Moments | ExactMoments, rows: Taken, /) -> None:
        """Save, where it is time; on Ctrl-C too, which is raised after it."""
        if self.due():
            self.at_the_end(total, rows)

    def at_the_end(self, total: Moments | ExactMoments, rows: Taken, /) -> None:
        """Save."""
        state = {"kind": type(total).__name__, "rows": rows.rows, "crc": rows.check(), "sums": total.to_json()}
        self._saver.save(Checkpoint(self._fingerprint, rows.batches, (), state))
        if self._interrupted:
            raise Interrupted(self.path, rows.rows)

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """Ctrl-C ends the run of batches, and the sums are saved before it is raised; a second one is raised at once.

        A thread other than the main one cannot notice it, nor is it ours to notice where someone else does: then what
        came after the last save is lost.
        """
        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if not ours or threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(*_: Any) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def which_fit(source: Source, *, fit_intercept: bool, precision: str) -> dict[str, Any]:
    """What tells an exact fit from others, as far as it is known before a row is read."""
    return {
        "way": "exact",
        "source": source.name,
        "target": source.target_name,
        "features": names_of(source),
        "weight": getattr(getattr(source, "roles", None), "weight", None),
        "formula": getattr(getattr(source, "design", None), "text", None),
        "frequencies": getattr(source, "frequencies", None),
        "missing": getattr(source, "missing", None),
        "intercept": fit_intercept,
        "precision": precision,
    }
