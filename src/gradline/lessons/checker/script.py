"""A learner's file, read, and run as `python FILE.py ARGUMENTS` would run it."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib.machinery
import os
import sys
import threading
import types
import warnings
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any

from gradline.errors import GradlineError

OURS = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True, slots=True)
class Script:
    """A file of Python that parses.

    Attributes
    ----------
    path : str
        As it was given: for `sys.argv[0]` and for notes.
    file : str
        Absolute, as Python has it in `__file__` and in tracebacks.
    """

    path: str
    file: str
    source: bytes

    def tree(self) -> ast.Module:
        """A fresh syntax tree."""
        return ast.parse(self.source, self.file)


def read(path: str) -> Script:
    """Read and parse a file; bytes, since it may declare an encoding of its own.

    Raises
    ------
    GradlineError
        Where it cannot be read or is not Python: with the line and a caret.
    """
    if path.endswith(".ipynb"):
        hint = "save it as a script first: jupyter nbconvert --to script NOTEBOOK.ipynb"
        raise GradlineError(f"'{path}' is a notebook, expected a Python script", hint=hint)
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        hint = "name a Python script: gradline check my_loop.py"
        raise GradlineError(f"'{path}' cannot be read: {error.strerror or error}", hint=hint) from None
    script = Script(path, os.path.abspath(path), source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they come when it is compiled
            script.tree()
    except (SyntaxError, ValueError) as error:
        raise _not_python(script, error) from None
    except (RecursionError, MemoryError):
        raise GradlineError(f"'{path}' is nested too deeply to be read") from None
    return script


def _not_python(script: Script, error: Exception) -> GradlineError:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return GradlineError(f"'{script.path}' is not Python: {error}", hint="does `python FILE.py` run it?")
    lines = [f"{script.path}:{error.lineno}: the syntax is wrong: {error.msg}"]
    text = (error.text or "").rstrip("\n")
    if text.strip() and error.offset:
        shown = text.lstrip()
        begin = max(error.offset - 1 - (len(text) - len(shown)), 0)
        same_line = error.end_lineno == error.lineno and (error.end_offset or 0) > error.offset
        width = (error.end_offset or 0) - error.offset if same_line else 1
        lines += [f"    {shown}", "    " + " " * begin + "^" * max(1, min(width, len(shown) - begin))]
    return GradlineError("\n".join(lines), hint="correct this line first: nothing of the file has run")


def run(script: Script, code: CodeType, arguments: Sequence[str]) -> tuple[BaseException | None, dict[str, Any]]:
    """Run it as `__main__`, and wait for its threads: what it raised, Ctrl-C and `sys.exit` too, and its variables."""
    before = set(threading.enumerate())
    with _as_main(script, arguments) as main:
        try:
            exec(code, main.__dict__)
            for thread in set(threading.enumerate()) - before:
                # Those of a pool that was left open wait for work until the interpreter ends, and it for them.
                if not thread.daemon and thread not in _pooled():
                    thread.join()
        except BaseException as error:
            error.__traceback__ = without_us(error.__traceback__)
            if not isinstance(error, SystemExit):
                flushed()
                sys.excepthook(type(error), error, error.__traceback__)
            return error, main.__dict__
        finally:
            flushed()
    return None, main.__dict__


def _pooled() -> Container[threading.Thread]:
    """Threads of `ThreadPoolExecutor`s."""
    from concurrent.futures import thread

    return getattr(thread, "_threads_queues", ())


@contextlib.contextmanager
def _as_main(script: Script, arguments: Sequence[str]) -> Iterator[types.ModuleType]:
    main = types.ModuleType("__main__")
    loader: Any = importlib.machinery.SourceFileLoader("__main__", script.file)
    main.__dict__.update(
        __file__=script.file, __builtins__=builtins, __loader__=loader, __cached__=None, __annotations__={}
    )
    kept = sys.argv, sys.path[:], sys.modules.get("__main__"), sys.excepthook, warnings.showwarning
    outputs = sys.stdout, sys.stderr, sys.stdin
    backend = os.environ.get("MPLBACKEND")
    sys.argv = [script.path, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script.file))
    sys.modules["__main__"] = main
    sys.excepthook = sys.__excepthook__
    with warnings.catch_warnings():
        warnings.showwarning = getattr(warnings, "_showwarning_orig", warnings.showwarning)
        if backend is None:
            os.environ["MPLBACKEND"] = "Agg"  # a window would wait for someone to close it
            warnings.filterwarnings("ignore", message=".*Agg is non-interactive")
        try:
            yield main
        finally:
            if backend is None:
                os.environ.pop("MPLBACKEND", None)
            sys.argv, sys.path[:], before, sys.excepthook, _ = kept
            if before is not None:
                sys.modules["__main__"] = before
            sys.stdout, sys.stderr, sys.stdin = outputs


def without_us(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of the checker: what `python FILE.py` would show."""
    theirs = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(OURS):
            theirs.append(traceback)
        traceback = traceback.tb_next
    # linked anew, and none made: where Ctrl-C meets the jump back of a loop there is no line
    for entry, following in zip(theirs, [*theirs[1:], None], strict=True):
        if entry.tb_next is not following:
            entry.tb_next = following
    return theirs[0] if theirs else None


def flushed() -> None:
    """What was printed so far is out, where there is somewhere it can go."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
