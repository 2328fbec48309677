"""Hints are written for Python; here in the words of the command line, quoted for a shell.

What stands in quotes is somebody's, a name, a level or a path, and never rewritten; a setting, `name=value`, is read as
the Python that it is.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shlex
from collections.abc import Iterable
from typing import Any

EXACT = "fit the exact way (leave --engine out)"
OPTIONS = {
    **{name: f"--{name}" for name in ("features", "target", "weight", "weights", "formula", "reference", "query")},
    **{name: f"--{name}" for name in ("missing", "decimal", "encoding", "engine", "tol", "loss", "momentum", "device")},
    **{name: f"--{name}" for name in ("optimizer", "precision")},
    "optimizer_options": "--optimizer-option",
    "on_bad_file": "--on-bad-file",
    "validation_fraction": "--validation-fraction",
    "learning_rate": "--learning-rate",
    "batch_size": "--batch-size",
}
SENTENCES = {
    "with warm_start=True to go on from here": "with --checkpoint FILE, which can be gone on from",
    "fit the exact way: LinearRegression": EXACT,
    "fit it the exact way, which takes every float64 (LinearRegression)": EXACT,
    "batch_size=None": "no --batch-size",
    "fit_intercept=False": "--no-intercept",
    "raise max_iter": "raise --iterations",
    "the rate (learning_rate)": "the rate (--learning-rate)",
    "give optimizer_options": "give --optimizer-option",
    "Huber(delta=...) or Quantile(level, bandwidth=...)": "--loss huber --delta ...",
}
SETTING = re.compile(rf"(?<![\w/\\])({'|'.join(OPTIONS)})=")  # not a folder of that name
SENTENCE = re.compile("|".join(map(re.escape, SENTENCES)))
STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`""", re.DOTALL)
WORD = re.compile(r"\.\.\.|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\w+")
BRACKETS = {"[": "]", "{": "}"}
CALL = re.compile(r"open_source\(\.\.\., ([^()]*)\)")  # what a source takes, a command takes


def as_options(hint: str) -> str:
    """A hint in the words of the command line.

    Examples
    --------
    >>> print(as_options("leave it out, features=['a', 'sold on']; or raise max_iter"))
    leave it out, --features 'a,sold on'; or raise --iterations
    >>> print(as_options("did you mean 'max_iter'?"))
    did you mean 'max_iter'?
    """
    told, at = "", 0
    while at < len(hint):
        if sentence := SENTENCE.match(hint, at):
            words, end = SENTENCES[sentence[0]], sentence.end()
        elif call := CALL.match(hint, at):
            words, end = as_options(call[1]), call.end()
        elif (setting := SETTING.match(hint, at)) and (value := _value(hint, setting.end())):
            words, end = _option(setting[1], value), setting.end() + len(value)
        elif (own := STRING.match(hint, at)) and not hint[at - 1 : at].isalnum():  # an apostrophe begins nothing
            words, end = own[0], own.end()
        else:
            words, end = hint[at], at + 1
        told, at = told + words, end
    return told


def names_in_line(names: Iterable[str]) -> str:
    """Names as `--features` takes them: a line of CSV.

    Examples
    --------
    >>> names_in_line(["a", "comma,name"])
    'a,"comma,name"'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def quoted(word: str) -> str:
    r"""One word for a shell.

    Examples
    --------
    >>> print(quoted("region=North West"), quoted("region=O'Brien"), quoted("red \x1b[31m"))
    'region=North West' "region=O'Brien" $'red \x1b[31m'
    """
    if not word.isprintable():  # as bash and zsh read it; a terminal would obey it
        return "$'" + "".join(map(_letter, word)) + "'"
    if "'" in word and not re.search(r'["$`\\!]', word):
        return f'"{word}"'
    return shlex.quote(word)


def _letter(character: str) -> str:
    if character.isprintable():
        return f"\\{character}" if character in "'\\" else character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _value(hint: str, start: int) -> str | None:
    """What is written there: a string, a list, a mapping or one word; None where it is something else: a call."""
    if found := STRING.match(hint, start):
        return found[0]
    if hint[start : start + 1] not in BRACKETS:
        word = WORD.match(hint, start)
        return None if word is None or hint[word.end() : word.end() + 1] == "(" else word[0]
    closing, at = "", start
    while at < len(hint):
        if string := STRING.match(hint, at):
            at = string.end()
            continue
        closing = BRACKETS.get(hint[at], "") + closing
        if hint[at] == closing[:1]:
            closing = closing[1:]
        at += 1
        if not closing:
            return hint[start:at]
    return None


def _option(name: str, written: str) -> str:
    """A setting as words for a shell; what is no Python stays as it is."""
    option = OPTIONS[name]
    try:
        value: Any = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return f"{option} {written}"
    if isinstance(value, dict):
        return " ".join(f"{option} {quoted(f'{key}={_written(part)}')}" for key, part in value.items())
    if isinstance(value, list):
        return f"{option} {'...' if value == [...] else quoted(names_in_line(map(str, value)))}"
    return f"{option} {quoted(value) if isinstance(value, str) else written}"


def _written(value: Any) -> str:
    """A value of NAME=VALUE, as JSON writes it."""
    if value is ...:
        return "..."
    return value if isinstance(value, str) else json.dumps(value)
