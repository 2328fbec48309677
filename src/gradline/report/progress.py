"""How a long descent is going: a bar on a terminal, a few plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

OnIteration = Callable[[int, float, Any, float], None]


@contextmanager
def progress(max_iter: int) -> Iterator[OnIteration]:
    """A function to call after each iteration with (iteration, loss, ...), for as long as the block runs."""
    if not sys.stderr.isatty():
        every = max(1, max_iter // 10)

        def line(iteration: int, loss: float, *_: Any) -> None:
            if iteration % every == 0:
                print(f"iteration {iteration}: loss {loss:.6g}", file=sys.stderr)

        yield line
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("iteration {task.completed}/{task.total}"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=max_iter)
        yield lambda iteration, loss, *_: bar.update(task, completed=iteration, description=f"loss {loss:.6g}")
