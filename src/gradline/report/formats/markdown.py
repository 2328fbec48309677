"""Markdown with tables, as GitHub, GitLab, Quarto and pandoc read them: names stay names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradline.report.formats.table import Table
from gradline.report.one_line import one_line

# CommonMark takes a backslash before any of its signs; so no name becomes a link, code, emphasis, a tag or a column.
SIGNS = re.compile(r"([\\`*_{}\[\]<>|~&#$@^]|:(?=//))")
STARTS = re.compile(r"^(\d*)([-+=.)])")  # what begins a list or the rule below a heading


def written(heading: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """Paragraphs and tables, parted by empty lines."""
    above = [_paragraph(heading)] if heading else []
    return "\n\n".join([*above, *map(_table, tables), *map(_paragraph, notes)])


def _table(table: Table) -> str:
    rule = "|:--" + "|--:" * (len(table.head) - 1) + "|"
    first, *rest = ("| " + " | ".join(map(escaped, row)) + " |" for row in table.rows)
    return "\n".join([first, rule, *rest])


def _paragraph(text: str) -> str:
    return STARTS.sub(r"\1\\\2", escaped(text))


def escaped(text: str) -> str:
    """A text that stands in a document as it is.

    Examples
    --------
    >>> print(escaped("a|b *c* <d>"))
    a\\|b \\*c\\* \\<d\\>
    """
    return SIGNS.sub(r"\\\1", one_line(text))
