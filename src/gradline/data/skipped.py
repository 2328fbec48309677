"""Files that could not be read and were left out, for those who read the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMED = 10


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many files of a table were left out, each as a whole.

    Attributes
    ----------
    count : int
    names : tuple of str
        Of the first `NAMED` of them, below the folder that was read.

    Examples
    --------
    >>> print(Skipped.of(["042.parquet", "077.parquet"]).note)
    2 files could not be read and were left out: 042.parquet, 077.parquet
    """

    count: int = 0
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str]) -> Skipped:
        """Files of these names."""
        return cls(len(names), tuple(names[:NAMED]))

    @property
    def note(self) -> str:
        """In words; empty where there are none."""
        if not self.count:
            return ""
        more = f", and {self.count - len(self.names):,} more" if self.count > len(self.names) else ""
        files = f"{self.count:,} file{'s' if self.count != 1 else ''} could not be read and "
        return f"{files}{'were' if self.count != 1 else 'was'} left out: {', '.join(self.names)}{more}"

    def as_dict(self) -> dict[str, int | list[str]]:
        """For JSON."""
        return {"files_skipped": self.count, "skipped": list(self.names)}

    def and_those(self, other: Skipped) -> Skipped:
        """Of two tables together."""
        return Skipped(self.count + other.count, (*self.names, *other.names)[:NAMED])

    def without(self, part: Skipped) -> Skipped:
        """Of a table without one that was a part of it."""
        left = tuple(name for name in self.names if name not in part.names)
        count = max(len(left), self.count - part.count)
        return Skipped(count, left)


NONE = Skipped()
