"""The command line: a file for each command."""

from gradline.cli.app import main

__all__ = ["main"]
