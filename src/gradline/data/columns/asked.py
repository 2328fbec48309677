"""Features that were asked for in one line, as on a command line: names of columns may hold its commas."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from gradline.data.columns.terms import INSISTED


class NamesInLine(list[str]):
    """Names from a line of CSV; a name that holds a comma stands in quotes, or is found by the columns there are."""

    @classmethod
    def of(cls, line: str) -> NamesInLine:
        """Those in a line.

        Raises
        ------
        ValueError
            Where it is no line of CSV, or a name is empty; what the line does, as the end of a sentence.

        Examples
        --------
        >>> NamesInLine.of('a, C(zip), "sqft, heated"')
        ['a', 'C(zip)', 'sqft, heated']
        """
        try:
            (found,) = csv.reader([line], skipinitialspace=True)
        except (csv.Error, ValueError):
            raise ValueError("is not names with commas between them") from None
        names = cls(name.strip() for name in found)
        if not names or "" in names:
            raise ValueError("holds an empty name, expected one before and after each comma")
        return names

    def among(self, columns: Sequence[str]) -> list[str]:
        """The same; neighbours are one name with a comma where, of all ways to read the line, only that has columns.

        Examples
        --------
        >>> NamesInLine.of("a,comma,name").among(["a", "comma,name", "y"])
        ['a', 'comma,name']
        >>> NamesInLine.of("a,b").among(["a", "b", "a,b"])
        ['a', 'b']
        """
        times = Counter(map(_bare, columns))
        known = {_bare(column): column for column in columns if times[_bare(column)] == 1}
        if all(_named(name, known) for name in self):
            return list(self)
        longest = max((column.count(",") for column in known), default=0) + 1
        ways: list[list[list[str]]] = [[[]]]  # the first two to read what begins at each name, from the last one on
        for start in reversed(range(len(self))):
            found = []
            for size in range(1, min(longest, len(self) - start) + 1):
                if name := _named(",".join(self[start : start + size]), known):
                    found += [[name, *rest] for rest in ways[-size]]
            ways.append(found[:2])
        return ways[-1][0] if len(ways[-1]) == 1 else list(self)


def _bare(name: str) -> str:
    """Without blanks around it and around its commas."""
    return re.sub(r"\s*,\s*", ",", name.strip())


def _named(text: str, known: Mapping[str, str]) -> str | None:
    """The column that a text names, or C(column); None where it names none."""
    if (column := known.get(_bare(text))) is not None:
        return column
    category = INSISTED.fullmatch(text)
    column = category and known.get(_bare(category["column"]))
    return None if column is None else f"C({column})"
