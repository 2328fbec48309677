"""Several processes end alike: what one has to say on its end reaches the first one, which says it, and then all go."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn

from gradline.errors import GradlineError

END, TOLD, KNOWN, ALARM = "end", "told", "known", "alarm"
LOOK_SECONDS = 0.1
WAIT_SECONDS = 5.0  # for the first process to say it
LEARN_SECONDS = 2.0  # for the others to learn it: the first may be the one that keeps the store
STORE_SECONDS = 15.0  # for the store to answer, all questions together: it may lie with a process that hangs


class LostError(GradlineError, RuntimeError):
    """Another process ended, or said nothing for too long."""


class Ending:
    """Watches for the end of any of the processes while this one is at work, or waits for the others.

    Whoever ends before its time leaves a code and words where all of them look. A process that waits in the middle of
    a sum over all of them could not be told in another way.

    Parameters
    ----------
    store : torch.distributed.Store
        Used by no other thread.
    rank, size : int
    tell : (words) -> None
        Called once, in process 0.
    leave : (code) -> None
        Ends this process, whatever its other threads do.
    """

    def __init__(
        self, store: Any, rank: int, size: int, tell: Callable[[str], None], leave: Callable[[int], Any] = os._exit
    ) -> None:
        self._store, self._rank, self._size, self._tell, self._leave = store, rank, size, tell, leave
        self._lock = threading.Lock()  # one thread at a time talks to the store, and one ends this process
        self._resting, self._left = threading.Event(), threading.Event()
        self._raised, self._alarmed = threading.Event(), threading.Event()

    def watch(self) -> None:
        """From now on, until `rest`."""
        threading.Thread(target=self._watch, name="gradline-ending", daemon=True).start()

    def rest(self) -> None:
        """Watch no longer: the work is done."""
        self._resting.set()

    def alarm(self) -> None:
        """Let the others know that what all of them are at has failed here: they need not finish their own part."""
        self._raised.set()

    def alarmed(self) -> bool:
        """Whether one of them has said so, as far as it is known here: nobody waits for an answer."""
        return self._alarmed.is_set()

    def end(self, code: int, words: str, *, patience: float = 0.0) -> NoReturn:
        """Leave with all others: with this code, or with that of whoever was first, for which `patience` is given.

        The words are lines for stderr; none where there is nothing to say. `patience` are seconds.
        """
        self._resting.set()
        threading.Thread(target=self._end_anyway, args=(code, words, patience + STORE_SECONDS), daemon=True).start()
        deadline = time.monotonic() + patience
        while (found := self._found()) is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        if found is None:
            mine = json.dumps([code, words])
            found = mine
            with suppress(RuntimeError, OSError), self._lock:
                found = self._store.compare_set(END, "", mine).decode()
        self._go(found)
        raise SystemExit(code)  # for a `leave` that does not

    def _watch(self) -> None:
        while not self._resting.wait(LOOK_SECONDS):
            found = self._found()
            if found is not None and not self._resting.is_set():
                self._go(found)
                return
            if not self._alarmed.is_set():
                self._pass_on_alarm()

    def _pass_on_alarm(self) -> None:
        with suppress(RuntimeError, OSError), self._lock:
            if self._raised.is_set():
                self._store.set(ALARM, "")
            if self._store.check([ALARM]):
                self._alarmed.set()

    def _end_anyway(self, code: int, words: str, seconds: float) -> None:
        """Where nobody has let this process go in time."""
        if self._left.wait(seconds):
            return
        if words and sys.__stderr__ is not None:
            print(words, file=sys.__stderr__, flush=True)
        self._leave(code)

    def _found(self) -> str | None:
        """What one of them has left; None where there is nothing, or no store any more."""
        with suppress(RuntimeError, OSError), self._lock:
            if self._store.check([END]):
                return str(self._store.get(END).decode())
        return None

    def _go(self, found: str) -> None:
        with self._lock:
            code, words = json.loads(found)
            if self._rank == 0:
                if words:
                    self._tell(words)
                with suppress(RuntimeError, OSError):
                    self._store.set(TOLD, "")
                    deadline = time.monotonic() + LEARN_SECONDS
                    while self._store.add(KNOWN, 0) < self._size - 1 and time.monotonic() < deadline:
                        time.sleep(LOOK_SECONDS / 10)
            else:
                try:
                    self._store.wait([TOLD], timedelta(seconds=WAIT_SECONDS))
                    self._store.add(KNOWN, 1)
                except (RuntimeError, OSError):  # the first process is gone
                    if words and sys.__stderr__ is not None:
                        print(words, file=sys.__stderr__)
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            self._left.set()
            self._leave(code)
