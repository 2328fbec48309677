"""The second pass over a table in parts: measured where the rows lie; what measures gathered travels, and labels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradline.data.groups import Numbers
from gradline.data.parted import PartedSource
from gradline.data.seen import grouping
from gradline.data.table_source import TableSource
from gradline.data.tally import Tally
from gradline.errors import DataError


class Gathers(Protocol):
    """What is asked of a measure here: see `gradline.diagnostics.second_pass.Measure`."""

    def merged(self, first: Any, then: Any, /) -> Any:
        """Of the rows of both."""


class PartStates(NamedTuple):
    """What is known of some parts: all that leaves the process which read them.

    Attributes
    ----------
    states : list or None
        Of each measure; None where no row counts.
    labels : tuple of (list or None)
        Of each grouping the labels met, in the order of their numbers; None where these are known to all parts alike.
    tally : Tally
    """

    states: list[Any] | None
    labels: tuple[Sequence[Any] | None, ...]
    tally: Tally


def states_of_parts(
    source: PartedSource,
    read: Callable[..., list[Any]],
    measures: Sequence[Gathers],
    groups: Sequence[Any],
    watch: Callable[[int], None] | None,
) -> list[Any]:
    """The states of all measures over all parts of a source.

    What is counted and what is chosen by row number (folds, samples, the most remarkable rows) is as in one process,
    whatever the parts; sums of float64 are rounded in the order of the parts, and may differ in their last digits.

    Parameters
    ----------
    source : PartedSource
    read : callable
        What is done with one part, where its rows are: `read(part, groups=...)` gives the states, none of no rows.
    measures : sequence of Measure
    groups : sequence
        As `gradline.data.seen.seen` takes them.
    watch : callable, optional
        Called with the number of rows so far, whenever a run of parts has come in.

    Raises
    ------
    DataError
        Where no row is left; where a grouping does not fit the rows.
    """
    numbered = bool(groups) or not all(getattr(measure, "of_any_part", False) for measure in measures)
    parts = source.placed(groups) if numbered else None
    merged = partial(merged_states, measures=measures)
    whole: PartStates | None = None
    for _, found in source.gathered(partial(_of_part, read=read), merged, parts=parts):
        whole = found if whole is None else merged(whole, found)
        if watch is not None:
            watch(whole.tally.rows_read)
    if whole is None or whole.states is None:
        raise DataError(f"{source.name} has no rows left")
    return whole.states


def merged_states(first: PartStates, then: PartStates, *, measures: Sequence[Gathers]) -> PartStates:
    """Of the rows of both, those of `then` after those of `first`; labels keep the numbers that `first` gave them."""
    pairs = [_in_one(a, b) for a, b in zip(first.labels, then.labels, strict=True)]
    labels = tuple(both for both, _ in pairs)
    tally = first.tally.then(then.tally)
    if then.states is None:
        return PartStates(first.states, labels, tally)
    others = then.states
    if pairs:
        others = [
            _renumbered(m, state, [number for _, number in pairs]) for m, state in zip(measures, others, strict=True)
        ]
    if first.states is None:
        return PartStates(others, labels, tally)
    kept = copy.deepcopy(first.states)  # a task that is done twice must find what it is given as it was
    states = [measure.merged(a, b) for measure, a, b in zip(measures, kept, others, strict=True)]
    return PartStates(states, labels, tally)


def _of_part(part: TableSource, *, read: Callable[..., list[Any]]) -> PartStates:
    groups = [grouping(part.name, part.column_names, group) for group in part.groups]
    states = read(part, groups=groups)
    return PartStates(states or None, tuple(group.met for group in groups), part.tally)


def _in_one(first: Sequence[Any] | None, then: Sequence[Any] | None) -> tuple[Sequence[Any] | None, Numbers | None]:
    """The labels of both, and the numbers of the second ones among them."""
    if first is None or then is None:
        return None, None
    number = {label: j for j, label in enumerate(first)}
    new = np.array([number.setdefault(label, len(number)) for label in then], dtype=np.intp)
    return [*number], new


def _renumbered(measure: Gathers, state: Any, numbers: Sequence[Numbers | None]) -> Any:
    by_group: Callable[..., Any] | None = getattr(measure, "renumbered", None)
    return state if by_group is None else by_group(state, numbers)
