"""A table of cells that are texts already."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = re.compile(r"(< )?-?\d[\d,]*(\.\d+)?(e[+-]\d+)?")


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the head, the first column holds names; an empty row parts the others."""

    rows: list[list[str]]

    @property
    def head(self) -> list[str]:
        """Titles of the columns."""
        return self.rows[0]

    @property
    def body(self) -> list[list[str]]:
        """All rows below the head."""
        return self.rows[1:]
