"""The way in, and what becomes of an error: data on stdout, all else on stderr; exit 0, 1, 2 or a signal.

`gradline check FILE.py` goes straight to the checker: a learner's loop takes a fraction of a second, and the other
commands, with what reads options for them, would take longer to start than it takes to run. Whatever else may follow
`check` (`--help`, nothing at all) is app.py's, and so is all that is told about it.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import NoReturn

from gradline.cli.telling import (
    CUT_OFF,
    INTERRUPTED,
    escape_what_stdout_lacks,
    in_words,
    tell,
    tell_interrupted,
    tell_warning,
    unwritten,
)
from gradline.errors import GradlineError


def main() -> None:
    """Run a command; an error we foresaw is one sentence and a hint, never a traceback."""
    warnings.showwarning = tell_warning
    try:
        try:
            if names_a_script(sys.argv[1:]):
                from gradline.cli.checking import check_and_tell

                check_and_tell(sys.argv[2], sys.argv[3:])
            else:
                from gradline.cli.app import run

                escape_what_stdout_lacks()
                run()
        finally:
            if sys.stdout is not None:  # as it is where it was closed before we came
                sys.stdout.flush()
    except GradlineError as error:
        tell(in_words(error))
        sys.exit(1)
    except KeyboardInterrupt:
        tell_interrupted()
        sys.exit(INTERRUPTED)
    except SystemExit as done:  # Typer makes one of Ctrl-C, and of a closed pipe, without a word
        if isinstance(done.__context__, BrokenPipeError):
            _cut_off()
        if done.code == INTERRUPTED:
            tell_interrupted()
        raise
    except BrokenPipeError:
        _cut_off()
    except OSError as error:
        tell(unwritten(error))
        sys.stdout = None  # what is left in its buffer cannot be written either
        sys.exit(1)


def names_a_script(arguments: list[str]) -> bool:
    """Whether these arguments are `check`, a file, and what is the script's: nothing that needs to be parsed.

    One of torchrun's processes is none of these: app.py knows what several do together.

    Examples
    --------
    >>> [names_a_script(given.split()) for given in ("check my_loop.py --help", "check --help", "check")]
    [True, False, False]
    """
    match arguments:
        case ["check", file, *_]:
            return not file.startswith("-") and "WORLD_SIZE" not in os.environ
    return False


def _cut_off() -> NoReturn:
    """The reader of our output has seen enough; what is left in its buffer goes nowhere."""
    assert sys.__stdout__ is not None
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    sys.exit(CUT_OFF)
