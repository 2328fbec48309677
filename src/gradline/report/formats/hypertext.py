"""A piece of an HTML page, for notebooks and reports: every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from gradline.report.formats.table import Table


def written(heading: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """A paragraph, tables with their head, paragraphs."""
    above = [f"<p>{html.escape(heading)}</p>"] if heading else []
    return "".join([*above, *map(_table, tables), *(f"<p>{html.escape(note)}</p>" for note in notes)])


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.head)
    body = "".join(
        f"<tr><th>{html.escape(name)}</th>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in table.body
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
