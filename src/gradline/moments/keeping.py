"""The sums of an exact fit on disk, in a file that only the same fit goes on from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from gradline.data.columns.design import Design
from gradline.data.processes import processes_of
from gradline.data.readers.credentials import shown_path
from gradline.data.source import Source
from gradline.data.written.checkpoint import Checkpoint, Saver, check_place, fingerprint, load
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import names_of


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


class SumsFile:
    """One checkpoint file for the one or two passes of an exact fit.

    Processes that share the rows go on from what the first of them finds there, which is the one that saves.

    Parameters
    ----------
    keep : Keep
    source : Source
    fit_intercept, precision
        As `gradline.moments.precision.gather` takes them.
    **other
        What else tells the fit from others.

    Raises
    ------
    DataError
        Where the place cannot be written to, or holds something other than a checkpoint of this fit.
    """

    def __init__(self, keep: Keep, source: Source, *, fit_intercept: bool, precision: str, **other: Any) -> None:
        self.path = keep.path
        self._fingerprint = fingerprint(_which_fit(source, fit_intercept, precision) | other)
        processes = processes_of(source)
        self._first, self._found = processes.first, processes.from_first(self._there)
        self._saver = Saver(keep.path, keep.every_seconds)

    def _there(self) -> Checkpoint | None:
        there = load(self.path, self._fingerprint)
        check_place(self.path)
        return there

    def found(self, kind: type[Moments | ExactMoments]) -> Checkpoint | None:
        """What the file held at the start, if that is of a pass for sums of this kind."""
        return self._found if self._found is not None and self._found.state["kind"] == kind.__name__ else None

    @property
    def files(self) -> dict[str, Any] | None:
        """Those whose sums the file held at the start; None where it says nothing of them."""
        return None if self._found is None else self._found.state.get("files")

    def due(self) -> bool:
        """Is it time to save?"""
        return self._saver.due()

    def save(self, taken: int, total: Moments | ExactMoments, **state: Any) -> None:
        """Write the sums of the first `taken` batches, or parts, and what goes with them."""
        if not self._first:
            return
        state |= {"kind": type(total).__name__, "sums": total.to_json()}
        self._saver.save(Checkpoint(self._fingerprint, taken, (), state))


def _which_fit(source: Source, fit_intercept: bool, precision: str) -> dict[str, Any]:
    """What tells an exact fit from others, as far as it is known before a row is read."""
    return {
        "way": "exact",
        "source": source.name,
        "target": source.target_name,
        "features": names_of(source),
        **_columns_of(getattr(source, "design", None)),
        "weight": getattr(getattr(source, "roles", None), "weight", None),
        "formula": getattr(getattr(source, "design", None), "text", None),
        "frequencies": getattr(source, "frequencies", None),
        "intercept": fit_intercept,
        "precision": precision,
    }


def _columns_of(design: Design | None) -> dict[str, Any]:
    """What the columns of the table are taken as, whatever levels are known of them."""
    if design is None:
        return {}
    categories = {column.name: column.asked_reference for column in design.categories.columns}
    return {
        "categories": sorted(categories),
        "references": {name: reference for name, reference in categories.items() if reference is not None},
        "kinds": [kind.value for kind in design.kinds.values()],
    }
