"""The command line: a file for each command; entry.py is the way in."""

from gradline.cli.entry import main

__all__ = ["main"]
