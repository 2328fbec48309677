"""How the rows of a fit are spread over processes."""

from __future__ import annotations

from dataclasses import dataclass

from gradline.report.sentences import counted


@dataclass(frozen=True, slots=True)
class Spread:
    """Processes that each read some parts of a table.

    Attributes
    ----------
    processes : int
    parts : int
        Of the table: runs of row groups, or files.
    most : int
        Parts that one process reads.

    Examples
    --------
    >>> print(Spread(processes=4, parts=3, most=1))
    4; 3 parts of the table (row groups, or files), at most 1 each; 1 would have nothing to read
    """

    processes: int = 1
    parts: int = 1
    most: int = 1

    @property
    def share(self) -> float:
        """Of the rows, about, that the process with the most of them reads."""
        return self.most / max(self.parts, 1)

    def __str__(self) -> str:
        idle = max(0, self.processes - self.parts)
        parts = f"{counted(self.parts, 'part')} of the table"
        told = f"{self.processes:,}; {parts} (row groups, or files), at most {self.most:,} each"
        return told + (f"; {idle:,} would have nothing to read" if idle else "")


ALL_HERE = Spread()
