"""A piece of an HTML page, for notebooks and reports: every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradline.data.visible import escaped
from gradline.report.formats.table import Table


def written(heading: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """A paragraph, tables with their head, paragraphs."""
    above = [f"<p>{escaped(heading)}</p>"] if heading else []
    return "".join([*above, *map(_table, tables), *(f"<p>{escaped(note)}</p>" for note in notes)])


def _table(table: Table) -> str:
    head = "".join(f"<th>{escaped(cell)}</th>" for cell in table.head)
    body = "".join(
        f"<tr><th>{escaped(name)}</th>{''.join(f'<td>{escaped(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in table.body
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_attributes(pairs: Mapping[str, str]) -> str:
    """Those of an element, each after a space; the word `class_` is class, and `a_b` is a-b.

    Examples
    --------
    >>> as_attributes({"class_": "note", "aria_label": "1 < 2"})
    ' class="note" aria-label="1 &lt; 2"'
    """
    return "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in pairs.items())
