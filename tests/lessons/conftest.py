"""The loops are run by tests, not collected; faults of the checker itself are raised."""

import subprocess
import sys
import warnings

import pytest

from gradline.cli import main
from gradline.cli.telling import told
from gradline.lessons.checker.watchers import STRICT

collect_ignore = ["loops"]


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv(STRICT, "1")


@pytest.fixture
def gradline(monkeypatch, capfd, tmp_path):
    """The command line within this process, in the folder of the test: what subprocess.run would return of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradline", *arguments])
        told.clear()
        try:
            main()
            code = 0
        except SystemExit as done:
            code = done.code or 0
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return command
