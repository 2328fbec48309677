"""What a contender prepares, and how it is timed."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """`before()` is not timed; `run(question)` is; `tell(result)` says in numbers what came out, again not timed."""

    run: Callable[[Any], Any]
    tell: Callable[[Any], Any] = lambda result: None
    before: Callable[[], None] = lambda: None

    def timed(self, question: Any, *, tell: bool = True) -> dict[str, Any]:
        self.before()
        gc.collect()
        start = time.perf_counter()
        result = self.run(question)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "answer": self.tell(result) if tell else None}


def reason(error: BaseException) -> str:
    """One line for the page."""
    first = str(error).strip().partition("\n")[0][:200]
    return f"not installed ({first})" if isinstance(error, ModuleNotFoundError) else f"{type(error).__name__}: {first}"
