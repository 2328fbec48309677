"""A piece of an HTML page, for notebooks and reports: every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from gradline.data.visible import visible
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


def escaped(text: str) -> str:
    r"""A text as markup, whatever characters it holds.

    Examples
    --------
    >>> print(escaped("<b> \x1b[31m"))
    &lt;b&gt; \x1b[31m
    """
    return html.escape(visible(text))
