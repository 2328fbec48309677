"""Files of the lessons, copied to where their reader works; what is there already is the reader's, and stays."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from gradline.data.readers.credentials import shown_path
from gradline.data.written.whole_file import replacing
from gradline.errors import GradlineError

NOTEBOOKS = ("1_by_hand.ipynb", "2_autograd.ipynb", "3_nn_optim.ipynb", "4_the_rate.ipynb", "5_the_bridge.ipynb")


def lessons() -> list[tuple[str, bytes]]:
    """The five notebooks: (name, content).

    Examples
    --------
    >>> [name for name, _ in lessons()][:2]
    ['1_by_hand.ipynb', '2_autograd.ipynb']
    """
    shelf = resources.files("gradline.lessons").joinpath("notebooks")
    return [(name, shelf.joinpath(name).read_bytes()) for name in NOTEBOOKS]


def hand_out(
    files: Iterable[tuple[str, bytes]], folder: str, *, what: str, command: str
) -> tuple[list[str], list[str]]:
    """Copy files into a folder, which is made where it is not there; each is written whole or not at all.

    Parameters
    ----------
    files : (name, content) pairs
    folder : str
    what : str
        The files, as an error names them: "the lessons".
    command : str
        What hands them out, for the hint: "gradline lessons".

    Returns
    -------
    written, there : list of str
        Paths that were written, and those that something had already and that were left as they are.

    Raises
    ------
    GradlineError
        Where the folder cannot be made or written to.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for _ in range(2):
    ...     written, there = hand_out([("a.txt", b"a")], folder, what="the letters", command="letters")
    ...     len(written), len(there)
    (1, 0)
    (0, 1)
    """
    written, there = [], []
    try:
        os.makedirs(folder, exist_ok=True)
        for name, content in files:
            path = Path(folder) / name
            if os.path.lexists(path):  # a link that leads nowhere is something too
                there.append(str(path))
                continue
            with replacing(path) as file:
                file.write(content)
            written.append(str(path))
    except (OSError, ValueError) as error:  # the second where no folder can be called so
        if isinstance(error, FileExistsError):
            reason = "it is a file"
        else:
            reason = getattr(error, "strerror", None) or str(error)
        raise GradlineError(
            f"{what} cannot be copied to '{shown_path(folder)}': {reason}", hint=f"name another folder: {command} DIR"
        ) from None
    return written, there
