"""The six broken loops, recognised by their first line, wherever they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = re.compile(rb"# gradline practice (\d) of 6\b")
ANSWER = 2.0  # of all six: y = 2x


@dataclass(frozen=True, slots=True)
class Exercise:
    """A broken loop.

    Attributes
    ----------
    number : int
        1 .. 6, also of its file.
    pitfall : int
        The one it has, as notes number them.
    question : str
        What to think about, while it is broken.
    explanation : str
        What was wrong and why it works now, once it is mended.
    """

    number: int
    pitfall: int
    question: str
    explanation: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.number:02}.py"

    def source(self) -> bytes:
        """The loop as it is handed out."""
        from importlib import resources

        return resources.files("gradline.lessons.practice").joinpath(f"{self.file}.txt").read_bytes()


EXERCISES = (
    Exercise(
        1,
        1,
        "What does a.grad hold when backward() runs for the second time, and what does backward() do with it?",
        "backward() adds to .grad and never replaces it. Zeroed once per step, every step follows the gradient of "
        "where a is now; not zeroed, it follows the sum of all gradients so far, as a pendulum does, and swings for "
        "ever.",
    ),
    Exercise(
        2,
        2,
        "How many numbers are there in p - y? Print its shape.",
        "A column (5, 1) minus a row (5,) is a table of 25 differences, and nothing warns. With one shape on both "
        "sides there are five, one for each point. The mean of the table has its least value somewhere else: at "
        "1.4098.",
    ),
    Exercise(
        3,
        5,
        "Is the update of a part of the model, whose gradient is wanted too?",
        "torch records every operation on a tensor that requires_grad, so as to go back through it. The update is not "
        "part of the model: under torch.no_grad() it is not recorded, and may then change a in place.",
    ),
    Exercise(
        4,
        8,
        "Which object requires the gradient: the one that is called a, or the one it was computed from?",
        "Arithmetic after requires_grad makes a new tensor, the result. Gradients arrive at the tensor that the flag "
        "was set on, which had no name any more. With the flag set last, a itself is the parameter.",
    ),
    Exercise(
        5,
        10,
        "In which order do a gradient's birth, use and erasure stand here?",
        "backward() makes the gradient, step() uses it, zero_grad() erases it. Erased between the other two, it is "
        "gone before it is used: a never moves, and nothing complains.",
    ),
    Exercise(
        6,
        16,
        "The derivative of e**2 is ... ? Compare (loss at a + 0.001, minus loss at a) / 0.001 with your gradient.",
        "The 2 of the square belongs to the gradient. Without it the loop still arrived, at half the rate that it "
        "said: no formula for the best rate, and no other library, would have agreed with it.",
    ),
)


def recognised(source: bytes) -> Exercise | None:
    """The exercise that a file is, by its first line.

    Examples
    --------
    >>> recognised(EXERCISES[2].source()).number, recognised(b"import torch\\n")
    (3, None)
    """
    found = HEADER.match(source.removeprefix(b"\xef\xbb\xbf"))
    if found is None:
        return None
    return next((exercise for exercise in EXERCISES if exercise.number == int(found[1])), None)


def practice() -> list[tuple[str, bytes]]:
    """All six, to be handed out: (name, content).

    Examples
    --------
    >>> [name for name, _ in practice()]
    ['01.py', '02.py', '03.py', '04.py', '05.py', '06.py']
    """
    return [(exercise.file, exercise.source()) for exercise in EXERCISES]
