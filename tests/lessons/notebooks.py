"""The lessons' notebooks: run, stored with what they print and draw, compared with it.

`make lessons` (`python -m tests.lessons.notebooks`) runs all five, or those whose numbers follow, each in a kernel of
its own, and stores their outputs in them; a test runs them again, one after the other in one kernel, and compares. A
notebook's source is the .ipynb itself: edit it in Jupyter or any editor, then store.

Cells say by a tag where they are no ordinary ones:
    pencil    the drawing class, the same in every lesson, folded away
    install   `%pip install ...`: for Colab; here the package is installed, and without a network, so it is not run
    train     begins from its start each time: run twice in a row it prints the same
    live      shows something that only a running page can; its output is not stored
"""

from __future__ import annotations

import copy
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "gradline" / "lessons" / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))

REPOSITORY = "gradline/gradline"  # on GitHub; the badges lead there, to the tag of this version
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
BADGE = re.compile(r"\[!\[Open in Colab\].*")
PIN = re.compile(r"(?<=gradline)(\[torch\])?==[\d.]+")

NUMBER = re.compile(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")
NOTHING = 1e-12  # differences of this size are rounding, which is not the same everywhere
PYTORCH_SAYS = re.compile(r"^PyTorch says: .*", re.M)  # its words are its own, and change with its version


def read(path: Path) -> Any:
    """A notebook as nbformat gives it."""
    return nbformat.read(path, as_version=4)


def tags(cell: Any) -> list[str]:
    """Of a cell; most have none."""
    return list(cell.metadata.get("tags", []))


def code(notebook: Any, *, but: tuple[str, ...] = ()) -> list[Any]:
    """The code cells, without those that have one of these tags."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not {*but} & {*tags(cell)}]


def badge(path: Path) -> str:
    """The line that opens a lesson in Colab, as it was released: a tag does not move."""
    place = f"{REPOSITORY}/blob/v{VERSION}/{path.relative_to(ROOT).as_posix()}"
    picture = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![Open in Colab]({picture})](https://colab.research.google.com/github/{place})"


@contextmanager
def kernel() -> Iterator[NotebookClient]:
    """A kernel that just started, until it is done with."""
    client = NotebookClient(new_notebook(), timeout=120, kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # tests run side by side, and threads that wait spin
    with client.setup_kernel(env=one_thread):
        yield client


def run(path: Path, client: NotebookClient, *, trained_twice: bool = False) -> tuple[Any, list[tuple[str, Any, Any]]]:
    """A fresh run of a lesson, and of each cell that trains its name, first and second outputs.

    Of another lesson that ran in this kernel no name is left; the libraries that it imported are.
    """
    client.nb = new_notebook(cells=[new_code_cell("%reset -f")])
    client.execute_cell(client.nb.cells[0], 0)
    notebook = client.nb = read(path)
    twice = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "install" not in tags(cell):
            cell.outputs = []
            client.execute_cell(cell, number)
            if trained_twice and "train" in tags(cell):
                again = copy.deepcopy(cell)
                client.execute_cell(again, number)
                twice.append((cell.id, shown(cell), shown(again)))
    return notebook, twice


def shown(cell: Any) -> list[tuple[str, str]]:
    """What a cell printed and drew: (kind, text) in order, text that was printed in pieces in one."""
    seen: list[tuple[str, str]] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if seen and seen[-1][0] == output.name:
                seen[-1] = (output.name, seen[-1][1] + output.text)
            else:
                seen.append((output.name, output.text))
        else:
            seen += [(kind, str(output.data[kind])) for kind in sorted(output.get("data", {}))]
    return seen


def alike(stored: str, fresh: str) -> bool:
    """The same words, and the same numbers but for one in the last place printed, or a difference that is rounding.

    Whole numbers without an exponent must be equal.
    """
    stored, fresh = (PYTORCH_SAYS.sub("PyTorch says", text) for text in (stored, fresh))
    if NUMBER.split(stored) != NUMBER.split(fresh):
        return False
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(fresh), strict=True)
    return all(one == other or _near(one, other) for one, other in pairs)


def _near(one: str, other: str) -> bool:
    apart = abs(float(one.replace(",", "")) - float(other.replace(",", "")))
    return apart <= max(NOTHING, 1.001 * _place(one), 1.001 * _place(other))


def _place(number: str) -> float:
    """What one in its last place is worth; nothing, if it is whole."""
    digits, _, exponent = number.partition("e")
    decimals = len(digits.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals)) if decimals or exponent else 0.0


def store(path: Path) -> None:
    """Run a lesson and keep its outputs in it, with the badge and the version it belongs to."""
    with kernel() as client:
        notebook, _ = run(path, client)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    title = notebook.cells[0]
    title.source = BADGE.sub(badge(path), title.source)
    for count, cell in enumerate(code(notebook), start=1):
        cell.source = PIN.sub(rf"\1=={VERSION}", cell.source)
        cell.metadata.pop("execution", None)  # when it ran
        cell.execution_count = count
        if {"install", "live"} & {*tags(cell)}:
            cell.outputs = []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
        for before, output in pairwise(list(cell.outputs)):
            if before.output_type == output.output_type == "stream" and before.name == output.name:
                output.text = before.text + output.text
                cell.outputs.remove(before)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for lesson in [path for path in LESSONS if not sys.argv[1:] or path.stem[0] in sys.argv[1:]]:
        store(lesson)
        print(lesson.relative_to(ROOT))
