"""The sums of a long pass on disk: after a kill the pass goes on from there, and ends in the same bits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TypeVar

from gradline.data.readers.credentials import shown_path
from gradline.data.source import Source
from gradline.data.written.checkpoint import ANOTHER
from gradline.data.written.ctrl_c import CtrlC
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.keeping import Interrupted, Keep, SumsFile
from gradline.moments.moments import Moments
from gradline.moments.taken import Taken

S = TypeVar("S", Moments, ExactMoments)


class BatchesKeeper:
    """Keeps the sums of the batches that were taken.

    In the file are also which pass it is, how many batches and rows were taken, and a CRC of all their numbers. To
    go on, the batches are read again, so that what the source finds on its way is found again; but they are not summed,
    and it is an error where they are others. At the end the file stays: the same fit then only reads.

    Parameters and errors are those of `gradline.moments.keeping.SumsFile`.
    """

    def __init__(self, keep: Keep, source: Source, *, fit_intercept: bool, precision: str) -> None:
        how = {"kept": "batch by batch, by one process", "missing": getattr(source, "missing", None)}
        self._file = SumsFile(keep, source, fit_intercept=fit_intercept, precision=precision, **how)
        self._source = source.name
        self._ctrl_c = CtrlC()

    def began(self, kind: type[Moments | ExactMoments]) -> bool:
        """Whether the pass for sums of this kind had begun."""
        return self._file.found(kind) is not None

    def resume(self, kind: type[S], rows: Taken, /) -> S | None:
        """The sums of the batches that were taken before, once these have passed by again; None: begin anew.

        Raises
        ------
        DataError
            Where they are not the same.
        """
        found = self._file.found(kind)
        if found is None:
            return None
        state = found.state
        rows.pass_by(found.iteration, lambda: self._ctrl_c.pressed)
        if self._ctrl_c.pressed:
            raise Interrupted(self._file.path, state["rows"])
        if (rows.batches, rows.rows, rows.check()) != (found.iteration, state["rows"], state["crc"]):
            raise DataError(
                f"the checkpoint {shown_path(self._file.path)} is of other rows: the first {state['rows']:,} of "
                f"{self._source} have changed, or come in another order",
                hint=ANOTHER,
            )
        return kind.from_json(state["sums"])

    def due(self) -> bool:
        """Whether to stop for a save, or because Ctrl-C was pressed."""
        return self._ctrl_c.pressed or self._file.due()

    def after_run(self, total: Moments | ExactMoments, rows: Taken, /) -> None:
        """Save, where it is time; on Ctrl-C too, which is raised after it."""
        if self.due():
            self.at_the_end(total, rows)

    def at_the_end(self, total: Moments | ExactMoments, rows: Taken, /) -> None:
        """Save."""
        self._file.save(rows.batches, total, rows=rows.rows, crc=rows.check())
        if self._ctrl_c.pressed:
            raise Interrupted(self._file.path, rows.rows)

    def noticing(self) -> AbstractContextManager[None]:
        """Ctrl-C ends the run of batches and is raised once they are saved; a second one is raised at once."""
        return self._ctrl_c.noted()
