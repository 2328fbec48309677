"""A script checked within this process: its streams and notes, without the seconds that importing torch again takes."""

import contextlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

from gradline.lessons.checker.check import Checked, check

LOOPS = Path(__file__).parent / "loops"


@dataclass(frozen=True)
class Run:
    checked: Checked
    stdout: str
    stderr: str

    @property
    def found(self) -> list[tuple[int, int]]:
        return [(note.pitfall, note.line) for note in self.checked.notes]


def run(path, *arguments: str) -> Run:
    """Warnings are the script's own, and no errors as they are in the tests; so are its defaults of torch."""
    stdout, stderr = io.StringIO(), io.StringIO()
    dtype = torch.get_default_dtype()
    with warnings.catch_warnings(), contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        try:
            checked = check(str(path), arguments)
        finally:
            torch.set_default_dtype(dtype)
            torch.set_default_device(None)
    return Run(checked, stdout.getvalue(), stderr.getvalue())
