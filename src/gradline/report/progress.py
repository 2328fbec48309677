"""How a long descent or a long pass is going: a bar on a terminal, a few plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradline.data.extent import Extent, extent
from gradline.data.source import Source
from gradline.errors import GradlineError
from gradline.moments.one_pass import Watch

if TYPE_CHECKING:
    from gradline.descent.watching.history import Callback, History

BETWEEN_LINES = 5.0  # seconds, in pipes and logs
BETWEEN_LOOKS = 0.1  # seconds, on a terminal
SHORT_PASS = 1.0  # seconds, of which nothing is told


@contextmanager
def progress(max_iter: int, clock: Callable[[], float] = time.monotonic) -> Iterator[Callback]:
    """A callback for as long as the block runs: epoch, loss, distance to the answer, time left."""
    if not sys.stderr.isatty():
        yield _lines(max_iter, clock)
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("epoch {task.completed}/{task.total}"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, pace, looked = bar.add_task("", total=max_iter), _Pace(clock), 0.0

        def update(history: History) -> None:
            nonlocal looked
            seconds = pace.seconds_each(history.iteration)
            if clock() - looked < BETWEEN_LOOKS:
                return  # the distance and the forecast take longer than a small step
            looked = clock()
            bar.update(task, completed=history.iteration, description=_figures(history, max_iter, seconds))

        yield update


def _lines(max_iter: int, clock: Callable[[], float]) -> Callback:
    """A line for every tenth of the iterations, and one every few seconds where these take long."""
    every, pace, told = max(1, max_iter // 10), _Pace(clock), clock()

    def line(history: History) -> None:
        nonlocal told
        seconds = pace.seconds_each(history.iteration)
        if history.iteration % every == 0 or clock() - told > BETWEEN_LINES:
            told = clock()
            print(f"iteration {history.iteration}: {_figures(history, max_iter, seconds)}", file=sys.stderr)

    return line


@contextmanager
def reading(source: Source, clock: Callable[[], float] = time.monotonic, *, what: str = "reading") -> Iterator[Watch]:
    """A watcher for as long as the block runs: rows read, rows a second, share and time left where the total is known.

    Of a pass of less than a second nothing is told. `what` is what is being done with the rows.
    """
    told = _Passes(source, clock, what)
    if not sys.stderr.isatty():
        yield told.lines
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
    )

    def update(rows: int) -> None:
        figures = told.figures(rows, BETWEEN_LOOKS)
        if figures is None:
            return
        if not bar.tasks:
            bar.add_task("", total=None)
            bar.start()
        bar.update(bar.task_ids[0], completed=rows, total=told.total(rows), description=figures)

    try:
        yield update
    finally:
        if bar.tasks:
            bar.stop()


class _Passes:
    """Figures of one pass after the other over a source; a count of rows that falls begins the next."""

    def __init__(self, source: Source, clock: Callable[[], float], what: str = "reading") -> None:
        self._source, self._clock, self._what = source, clock, what
        self._extent: Extent | None = None
        self._began = self._looked = clock()
        self._rows, self._number = 0, 1

    def lines(self, rows: int) -> None:
        figures = self.figures(rows, BETWEEN_LINES)
        if figures is not None:
            print(f"{self._what}: {figures}", file=sys.stderr)

    def figures(self, rows: int, every: float) -> str | None:
        """What there is to tell, where it is time."""
        at = self._clock()
        if rows < self._rows:
            self._began, self._number = at, self._number + 1
        self._rows = rows
        seconds = at - self._began
        if seconds < SHORT_PASS or at - self._looked < every:
            return None
        self._looked = at
        parts = [f"{rows:,} rows", f"{_rounded(rows / seconds)} rows/s"]
        total = self.total(rows)
        if total:
            about = "" if self._extent and self._extent.rows_are_exact else "about "
            parts.append(f"{about}{min(99, 100 * rows // total)} %")
            left = (total - rows) * seconds / rows
            parts += [f"{duration(left)} left"] if left > 1.0 else []
        return ", ".join(parts) + (", once more, exactly" if self._number > 1 else "")

    def total(self, rows: int) -> int | None:
        """Rows in all, as far as that is known."""
        if self._extent is None:
            try:
                self._extent = extent(self._source)
            except (GradlineError, OSError, ValueError, RuntimeError):  # the pass itself will say what is wrong
                self._extent = Extent("rows")
        return None if self._extent.rows is None else max(self._extent.rows, rows)


def _rounded(number: float) -> str:
    """Three digits of a large number."""
    if number >= 999_500:
        return f"{number / 1e6:.3g} million"
    return f"{float(f'{number:.3g}'):,.0f}"


class _Pace:
    """Seconds an iteration, from the first one on that was seen: what came before was no iteration."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def seconds_each(self, iteration: int) -> float:
        if self._first is None:
            self._first = iteration, self._clock()
        passed = iteration - self._first[0]
        return (self._clock() - self._first[1]) / passed if passed else 0.0


def _figures(history: History, max_iter: int, seconds_each: float) -> str:
    """Loss, distance and the time left: until the tolerance where that can be foretold, else until `max_iter`."""
    parts = [f"loss {history.loss[-1]:.6g}"]
    if history.validation_loss:
        parts.append(f"held out {history.validation_loss[-1]:.6g}")
    if history.distance is not None:
        parts.append(f"{history.distance:.2g} standard errors off")
    left, to_go = max_iter - history.iteration, history.iterations_to_go
    if to_go is not None:
        left = min(left, to_go)
    if left * seconds_each > 1.0:
        parts.append(f"{duration(left * seconds_each)} left at most")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Some time, rounded for a reader."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
