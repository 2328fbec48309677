"""The sums of the first parts of a table on disk: what was gathered is not gathered again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from gradline.data.columns.design import kept, read_kept
from gradline.data.parted import PartedSource
from gradline.data.tally import Tally
from gradline.data.written.checkpoint import Checkpoint, Saver, check_place, fingerprint, load
from gradline.errors import GradlineError
from gradline.moments.exact import ExactMoments
from gradline.moments.keeping import Interrupted, Keep, which_fit
from gradline.moments.moments import Moments
from gradline.moments.parts import PartSums


class PartsKeeper:
    """One checkpoint file for the passes of an exact fit to a table in parts.

    Kept are the merged sums of the parts that have come in, from the first one on without a gap. They go on where the
    files are the same ones, by path, size and time; their rows are not read again, as `keeping.Keeper` reads them.

    Parameters
    ----------
    keep : Keep
    source : PartedSource
    fit_intercept, precision
        As `gradline.moments.precision.gather` takes them.

    Raises
    ------
    DataError
        Where the place cannot be written to, or holds something other than a checkpoint of this fit.
    """

    def __init__(self, keep: Keep, source: PartedSource, *, fit_intercept: bool, precision: str) -> None:
        fit = which_fit(source, fit_intercept=fit_intercept, precision=precision)
        self._fingerprint = fingerprint(fit | {"way": "exact, in parts", "parts": source.identity})
        self.path, self._kept = keep.path, load(keep.path, self._fingerprint)
        check_place(keep.path)
        self._saver = Saver(keep.path, keep.every_seconds)

    def began(self, kind: type[Moments | ExactMoments]) -> bool:
        """Whether the pass for sums of this kind had begun."""
        return self._kept is not None and self._kept.state["kind"] == kind.__name__

    def resumed(self, kind: type[Any]) -> tuple[int, PartSums | None]:
        """How many parts are in it, and their sums; 0 and None: begin anew."""
        if self._kept is None or not self.began(kind):
            return 0, None
        state = self._kept.state
        whole = PartSums(kind.from_json(state["sums"]), read_kept(state["design"]), Tally(**state["tally"]))
        return self._kept.iteration, whole

    def after_parts(self, done: int, whole: PartSums, *, last: bool) -> None:
        """Save, where it is time."""
        if last or self._saver.due():
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
                    raise Interrupted(self.path, whole.tally.rows_read) from None
            raise

    def _save(self, done: int, whole: PartSums) -> None:
        state = {
            "kind": type(whole.sums).__name__,
            "sums": whole.sums.to_json(),
            "design": kept(whole.design),
            "tally": asdict(whole.tally),
        }
        self._saver.save(Checkpoint(self._fingerprint, done, (), state))
