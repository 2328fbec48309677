"""`gradline check`: run, watch, explain."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gradline.errors import MissingExtraError
from gradline.lessons.checker.intercepts import intercepts
from gradline.lessons.checker.looks import Looks
from gradline.lessons.checker.notes import Note, Notes, silenced_lines
from gradline.lessons.checker.rewriting import rewritten
from gradline.lessons.checker.script import Script, flushed, read, run
from gradline.lessons.checker.watchers import Watchers


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to tell of a run.

    Attributes
    ----------
    notes : tuple of Note
        By line; empty where nothing is to be said.
    closed_form : str
        How the final parameters compare with the least squares solution; "" where the script is no linear regression.
    error : BaseException or None
        What ended the script before its end.
    variables : dict
        Of the script, by name, at its end.
    child : bool
        Whether this is another process, which the script forked: it has nothing to tell.
    """

    script: Script
    notes: tuple[Note, ...]
    closed_form: str
    error: BaseException | None
    variables: dict[str, Any] = field(default_factory=dict)
    child: bool = False

    @property
    def code(self) -> int:
        """The exit code: the script's own where it ended by `sys.exit`, else 0; an exception is what is explained."""
        if not isinstance(self.error, SystemExit):
            return 0
        code = self.error.code
        return code if isinstance(code, int) else 0 if code is None else 1

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return isinstance(self.error, KeyboardInterrupt)

    def told(self) -> str:
        """The notes and the closed form, as they are printed."""
        path = self.script.path
        lines = [note.told(path) for note in self.notes] or [f"{path}: no notes."]
        return "\n".join(lines + ([f"{path}: {self.closed_form}"] if self.closed_form else []))


def check(path: str, arguments: Sequence[str] = ()) -> Checked:
    """Run a script as `python FILE.py` would, its output going where it goes, and find what there is to note.

    Raises
    ------
    GradlineError
        Where the file cannot be read, is not Python, or needs torch, which is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
    ...     _ = file.write("import numpy as np\\ny = np.array([2., 6., 20.])\\np = y[:, None] + 1.\\ne = p - y\\n")
    ...     file.flush()
    ...     print(check(file.name).notes[0].seen)
    p of shape (3, 1) and y of shape (3,) are subtracted: 3 x 3 = 9 differences, where 3 were wanted.
    """
    script = read(path)
    tree = script.tree()
    added = intercepts(tree)
    tree, places = rewritten(tree)
    code: Any = compile(tree, script.file, "exec", dont_inherit=True)
    notes = Notes(silenced_lines(script.source))
    process = os.getpid()
    watchers = Watchers(script.file, places, notes, added)
    with Looks(watchers):
        error, variables = run(script, code, arguments)
        if os.getpid() != process:
            return Checked(script, (), "", error, child=True)
        watchers.finish(variables)
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        raise MissingExtraError(f"'{path}'", "torch") from None
    if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt | BrokenPipeError):
        from gradline.lessons.checker.crash.explain import explain

        explain(error, script.source, script.file, watchers.gradients, notes)
    return Checked(script, tuple(notes.kept()), watchers.closed_form, error, variables)


def leave(checked: Checked) -> int:
    """End as the script did: by the same signal, or with its exit code, which is returned."""
    error = checked.error
    if isinstance(error, SystemExit) and error.code is not None and not isinstance(error.code, int):
        print(error.code, file=sys.stderr)
    if checked.interrupted:
        flushed()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return checked.code
