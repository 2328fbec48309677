"""How a long descent is going: a bar on a terminal, a few plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gradline.descent.watching.history import Callback, History

BETWEEN_LINES = 5.0  # seconds, in pipes and logs
BETWEEN_LOOKS = 0.1  # seconds, on a terminal


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
        parts.append(f"{_duration(left * seconds_each)} left at most")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
