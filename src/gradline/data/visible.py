"""Text from the data where a reader meets it, on a terminal, a page or a figure: nothing in it is taken as an order."""

from __future__ import annotations

import html

KEPT = "\n\t\N{NO-BREAK SPACE}\N{ZERO WIDTH JOINER}"  # the last holds emojis together


def visible(text: str) -> str:
    r"""Characters that control a terminal, or turn the direction of the words after them, as escapes.

    Examples
    --------
    >>> print(visible("red \x1b[31m, \u202eevil"))
    red \x1b[31m, \u202eevil
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in KEPT else c.encode("unicode_escape").decode("ascii") for c in text)


def escaped(text: str) -> str:
    r"""A text as markup, whatever characters it holds.

    Examples
    --------
    >>> print(escaped("<b> \x1b[31m"))
    &lt;b&gt; \x1b[31m
    """
    return html.escape(visible(text))
