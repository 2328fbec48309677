"""What a fit will read, how often, how much memory it needs and about how long it takes: told before it begins."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gradline.data.extent import Extent, extent
from gradline.data.readers.bad_files import TolerantReader
from gradline.data.readers.places import read_twice
from gradline.data.source import Source, comes_once
from gradline.descent.wide.refusals import MOST_FEATURES
from gradline.errors import DataError
from gradline.moments import room
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import names_of
from gradline.moments.parallel import available_threads
from gradline.moments.precision import exact_from_the_start
from gradline.report.plan.first_rows import FirstRows, first_rows, reader_of
from gradline.report.plan.spread import ALL_HERE, Spread
from gradline.report.plan.told import text_of

NOTHING_READ = 180_000_000  # bytes of a process that has fitted five rows
TORCH = 220_000_000


@dataclass(frozen=True, slots=True)
class Pass:
    """One reading of all rows.

    Attributes
    ----------
    arithmetic : str
        "float64" or "exact" sums, "steps" of a descent, "measures" of single rows, or "none": only read.
    times : int
        How often at most.
    why : str
    seconds : float or None
        About, each time, where several processes share the rows of the one with the most; None where that cannot be
        foretold.
    """

    arithmetic: str
    times: int
    why: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What `fit` would do; `print` it, or take `as_dict()`.

    Attributes
    ----------
    source, target : str
    extent : Extent
        What there is to read.
    kinds : dict of str to str
        Of the columns that are used, in the order of the features, then target and weight.
    columns_in_table : int or None
    columns : int
        Of X, as far as known: categories have a column for each level but one, and new levels may be met.
    columns_are_exact : bool
    passes : tuple of Pass
    threads : int
    sums, exact_sums : int
        Bytes of the state in float64, each thread's, and as exact numbers.
    memory : int
        Bytes, about, of the whole process at its largest, of each where there are several.
    available : int or None
        Bytes there are.
    problem : str or None
        What the first rows, or the memory there is, already show, and `fit` will refuse.
    sums_are_formed : bool
        False where a descent has too many columns for sums over pairs of them.
    spread : Spread
    """

    source: str
    target: str
    extent: Extent
    kinds: dict[str, str]
    columns_in_table: int | None
    columns: int
    columns_are_exact: bool
    passes: tuple[Pass, ...]
    threads: int
    sums: int
    exact_sums: int
    memory: int
    available: int | None
    problem: str | None
    sums_are_formed: bool = True
    spread: Spread = ALL_HERE

    @classmethod
    def of(
        cls,
        source: Source,
        spread: Spread = ALL_HERE,
        *,
        precision: str = "auto",
        engine: str | None = None,
        iterations: int = 1000,
        batch_size: int | None = None,
        again: Sequence[str] = (),
    ) -> Plan:
        """Look at the source, and at its first rows for less than a second; nothing is fitted.

        `again` is what needs the rows once more after the fit, in words.
        """
        kinds = _kinds(source)
        there = extent(source, tuple(kinds))
        at_once = exact_from_the_start(source) if precision == "auto" else None
        wanted: list[type[Moments | ExactMoments]] = [] if at_once or precision == "exact" else [Moments]
        wanted += [] if precision == "float64" else [ExactMoments]
        wide = engine is not None and len(names_of(source)) > MOST_FEATURES
        sampled = [first_rows(source, kind) for kind in wanted] if there.kind != "pipe" and not wide else []
        first = sampled[0] if sampled else FirstRows(len(names_of(source)))
        if first.whole and first.rows and there.rows is not None and not there.rows_are_exact:
            there = Extent(there.kind, there.files, there.bytes, first.rows, True, there.bytes_of_columns)
        there_each = None if there.rows is None else math.ceil(there.rows * spread.share)
        seconds = [one.seconds_for(there_each) for one in sampled] or [None] * len(wanted)
        passes = _passes(precision, at_once, engine, iterations, batch_size, first.columns, seconds)
        if isinstance(reader_of(source), TolerantReader):
            passes = (Pass("none", 1, "to find broken files", None), *passes)
        if again and not comes_once(source):
            passes = (*passes, Pass("measures", 1, f"the rows once more, for {', '.join(again)}", None))
        memory = NOTHING_READ
        if not wide:
            memory += max(room.needed(first.columns, kind) for kind in wanted)
        memory = max(memory, _peak())  # what reading the first rows took, reading all of them takes
        memory += TORCH if engine in ("autograd", "nn") else 0
        if engine not in (None, "moments") and batch_size is None and there_each is not None:
            memory += 2 * 8 * there_each * (first.columns + 1)
        return cls(
            source=source.name,
            target=source.target_name,
            extent=there,
            kinds=kinds,
            columns_in_table=len(names) if (names := getattr(reader_of(source), "column_names", ())) else None,
            columns=first.columns,
            columns_are_exact=first.whole or len(_categories(kinds)) == 0,
            passes=passes,
            threads=available_threads(),
            sums=room.state(first.columns, Moments),
            exact_sums=room.state(first.columns, ExactMoments),
            memory=memory,
            available=room.available(),
            problem=first.problem
            or _read_again(source, passes)
            or (None if wide else _beyond_memory(first.columns, wanted, there.rows)),
            sums_are_formed=not wide,
            spread=spread,
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return text_of(self)


def _peak() -> int:
    """The most memory that this process ever held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _passes(
    precision: str,
    at_once: str | None,
    engine: str | None,
    iterations: int,
    batch_size: int | None,
    columns: int,
    seconds: list[float | None],
) -> tuple[Pass, ...]:
    if engine is not None and columns > MOST_FEATURES:
        return (
            Pass("steps", iterations, f"no sums over pairs of more than {MOST_FEATURES:,} columns are formed", None),
        )
    if precision == "exact":
        return (Pass("exact", 1, "sums without rounding, as asked", seconds[0]),)
    sums = [Pass("float64", 1, "sums of squares and products", seconds[0])]
    if precision == "float64":
        return tuple(sums)
    if at_once:
        sums = [Pass("exact", 1, f"sums without rounding, {at_once}", seconds[0])]
    else:
        few = "only where fewer than 9 digits of a coefficient are certain"
        why = (
            few
            if engine is None or engine == "moments"
            else "only where rounding moves the answer by more than a hundredth of tol"
        )
        sums.append(Pass("exact", 1, why, seconds[1]))
    if engine is None or engine == "moments":
        return tuple(sums)
    if batch_size is None:
        return *sums, Pass("steps", 1, "into memory, for steps on all rows", seconds[0])
    return *sums, Pass("steps", iterations, f"in mini-batches of {batch_size:,}, until it is near enough", None)


def _read_again(source: Source, passes: tuple[Pass, ...]) -> str | None:
    """That rows which come once cannot be descended on."""
    return read_twice(source.name).message if comes_once(source) and sum(one.times for one in passes) > 1 else None


def _beyond_memory(columns: int, wanted: list[type[Moments | ExactMoments]], rows: int | None) -> str | None:
    """What of the sums this machine cannot hold: the first kind surely, exact ones after float64 where needed."""
    for place, kind in enumerate(wanted):
        try:
            room.refuse_beyond_memory(columns, kind)
        except DataError as error:
            sure = place == 0 or (rows is not None and rows <= columns)  # so few rows leave no digit certain
            return error.message if sure else f"only where fewer than 9 digits are certain: {error.message}"
    return None


def _kinds(source: Source) -> dict[str, str]:
    """Of the columns that are used."""
    reader, roles, design = (getattr(source, name, None) for name in ("reader", "roles", "design"))
    if reader is None or roles is None or design is None:
        return dict.fromkeys((*source.feature_names, source.target_name), "number")
    targets = getattr(design, "left", ()) or (roles.target,)
    names = dict.fromkeys((*design.raw, *targets, *([roles.weight] if roles.weight else [])))
    categories = {column.name for column in getattr(design, "categories", design).columns if column.is_category}
    kinds = reader.kinds()
    return {name: "category" if name in categories else str(kinds.get(name, "number")) for name in names}


def _categories(kinds: dict[str, str]) -> list[str]:
    return [name for name, kind in kinds.items() if kind in ("category", "text")]
