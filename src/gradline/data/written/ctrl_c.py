"""Ctrl-C that waits until what is under way has been saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class CtrlC:
    """Whether Ctrl-C was pressed.

    Examples
    --------
    >>> ctrl_c = CtrlC()
    >>> with ctrl_c.noted():
    ...     signal.raise_signal(signal.SIGINT)
    ...     print("saved first")
    saved first
    >>> ctrl_c.pressed
    True
    """

    def __init__(self) -> None:
        self.pressed = False

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Meanwhile the first one is noted, for whoever saves to raise it; a second one is raised at once.

        A thread other than the main one cannot note it, nor is it ours to note where someone else does: then what
        came after the last save is lost.
        """
        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if not ours or threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(*_: Any) -> None:
            if self.pressed:
                raise KeyboardInterrupt
            self.pressed = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
