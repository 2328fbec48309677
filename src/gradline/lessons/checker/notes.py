"""What the checker tells: notes, one for each cause, at the first line where it showed."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, field

SILENCED = "# gradline: ok"

# Where the first was noted, the others are only what follows from it.
FOLLOWS = {number: {3, 4, 16} for number in (1, 2, 12, 18)} | {number: {3, 4} for number in (10, 16, 17)}
FOLLOWS |= {3: {4}, 19: {3, 4, 16, 18}}
CRASH = 0  # the number of a note on an exception whose cause is none of the pitfalls


@dataclass(frozen=True, slots=True)
class Note:
    """What happened on a line, in numbers; why; the smallest change that cures it.

    Attributes
    ----------
    pitfall : int
        Its number in the table of pitfalls (1 a gradient never zeroed, 2 a column against a row, ...); 0: an exception
        that is none of them.
    line : int
        From 1, of the learner's file.
    """

    pitfall: int
    line: int
    seen: str
    why: str
    cure: str
    table: str = ""

    def told(self, file: str) -> str:
        """The note as it is printed.

        Examples
        --------
        >>> print(Note(10, 8, "the gradient was erased.", "step() found none.", "Zero later.").told("loop.py"))
        loop.py:8: the gradient was erased.
          step() found none.
          Zero later.   If you mean it: end line 8 with  # gradline: ok
        """
        lines = [f"{file}:{self.line}: {self.seen}"]
        lines += [f"    {row}" for row in self.table.splitlines()]
        lines += [f"  {self.why}"]
        meant = "" if self.pitfall == CRASH else f"   If you mean it: end line {self.line} with  {SILENCED}"
        return "\n".join([*lines, f"  {self.cure}{meant}"])


@dataclass
class Notes:
    """The notes of one run; a line that says `# gradline: ok` is left alone."""

    silenced: frozenset[int] = frozenset()
    _first: dict[int, Note] = field(default_factory=dict)

    def add(self, note: Note, lines: Iterable[int] = ()) -> None:
        """Keep the first of each pitfall; `lines` are those of the whole statement, any of which may silence it."""
        if self.silenced.isdisjoint({note.line, *lines}):
            self._first.setdefault(note.pitfall, note)

    def has(self, *pitfalls: int) -> bool:
        """Whether any of these has been noted."""
        return any(pitfall in self._first for pitfall in pitfalls)

    def line_of(self, pitfall: int) -> int:
        """Where it was noted first; 0 where it was not."""
        return self._first[pitfall].line if pitfall in self._first else 0

    def kept(self) -> list[Note]:
        """By line, without those that only follow from another."""
        follow = {number for pitfall in self._first for number in FOLLOWS.get(pitfall, ())}
        notes = [note for note in self._first.values() if note.pitfall not in follow]
        return sorted(notes, key=lambda note: (note.line, note.pitfall))


def silenced_lines(source: bytes) -> frozenset[int]:
    """The lines that end with the comment `# gradline: ok`, however it is spaced.

    Examples
    --------
    >>> sorted(silenced_lines(b"a = 1  # gradline: ok\\nb = '# gradline: ok'\\nc = 2  #gradline:ok, I mean it\\n"))
    [1, 3]
    """
    lines = set()
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type == tokenize.COMMENT and token.string.replace(" ", "").startswith("#gradline:ok"):
                lines.add(token.start[0])
    except (tokenize.TokenError, SyntaxError):  # the file has parsed: what is left is an unusual ending
        pass
    return frozenset(lines)


def number(value: float) -> str:
    """A figure as one would say it.

    Examples
    --------
    >>> number(-189.8123), number(2.0), number(1.2e-9), number(float("inf"))
    ('-189.8', '2', '1.2e-09', 'inf')
    """
    return f"{value:.4g}"
