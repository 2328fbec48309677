"""Whether a broken loop is mended, and what is left to do: no state is kept, the others are run again, quietly."""

from __future__ import annotations

import contextlib
import io
import math
import os
from pathlib import Path

from gradline.errors import GradlineError
from gradline.lessons.checker.check import Checked, check
from gradline.lessons.checker.notes import number
from gradline.lessons.practice.exercises import ANSWER, EXERCISES, Exercise, recognised

NEAR = 0.01  # of the answer: a hundred steps at half the rate are within 0.0017


def verdict(checked: Checked) -> str:
    """What to say after a check of an exercise, on top of its notes; "" where the file is none."""
    exercise = recognised(checked.script.source)
    if exercise is None or checked.interrupted:
        return ""
    name = f"practice {exercise.number} of {len(EXERCISES)}"
    if not solved(checked):
        return f"{name}: not yet. {_ended(checked)}\n  {exercise.question}"
    folder = Path(checked.script.path).parent  # as it was given, and as another check takes it
    still = [os.fspath(folder / name) for name in _open(exercise, Path(checked.script.file).parent)]
    lines = [f"{name}: solved.", f"  {exercise.explanation}"]
    if still:
        lines.append(f"  Still broken, in any order: {', '.join(still)}.")
    else:
        lines.append("  All six are done. Next: gradline check on a loop of your own, or gradline lab to see one move.")
    return "\n".join(lines)


def solved(checked: Checked) -> bool:
    """Whether it ran to its end, without a note, and found the answer."""
    if checked.error is not None or checked.notes:
        return False
    a = _found(checked)
    return a is not None and abs(a - ANSWER) < NEAR * ANSWER


def _open(exercise: Exercise, folder: Path) -> list[str]:
    """The names of the other exercises that are not mended: handed out as they are, changed in vain, or not there."""
    open_ones = []
    there = {found.number: path for path in sorted(folder.glob("*.py")) if (found := _exercise(path))}
    for other in EXERCISES:
        if other.number == exercise.number:
            continue
        path = there.get(other.number)
        if path is None:
            open_ones.append(f"{other.file} (not in this folder: gradline practice copies it)")
        elif path.read_bytes() == other.source() or not _quietly(path):
            open_ones.append(path.name)
    return open_ones


def _exercise(path: Path) -> Exercise | None:
    try:
        return recognised(path.read_bytes())
    except OSError:
        return None


def _quietly(path: Path) -> bool:
    unheard = io.StringIO()
    with contextlib.redirect_stdout(unheard), contextlib.redirect_stderr(unheard):
        try:
            checked = check(os.fspath(path))
        except GradlineError:
            return False
    if checked.interrupted:
        raise KeyboardInterrupt
    return solved(checked)


def _found(checked: Checked) -> float | None:
    try:
        a = checked.variables["a"]
        return float(a.detach() if hasattr(a, "detach") else a)
    except (KeyError, TypeError, ValueError, RuntimeError):
        return None


def _ended(checked: Checked) -> str:
    if checked.error is not None:
        return f"It stopped with {type(checked.error).__name__}."
    a = _found(checked)
    if a is None:
        return "There is no number called a at its end."
    if math.isfinite(a) and abs(a - ANSWER) < NEAR * ANSWER:
        return f"It ends at a = {number(a)}, but see the note."
    return f"It ends at a = {number(a)}; the answer is {number(ANSWER)}."
