"""What is told, before it is known in which format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradline.report.formats import hypertext, latex, markdown, text
from gradline.report.formats.table import Table


@dataclass(frozen=True, slots=True)
class Account:
    """A heading, tables and sentences.

    Attributes
    ----------
    heading : str
    tables : sequence of Table
    notes : sequence of str
        A sentence or two each.
    """

    heading: str
    tables: Sequence[Table]
    notes: Sequence[str]

    def written(self, form: str) -> str:
        """As "text", "markdown", "latex" or "html": names of the data are escaped, whatever they hold."""
        write = {"text": text.written, "markdown": markdown.written, "latex": latex.written, "html": hypertext.written}
        return write[form](self.heading, self.tables, self.notes)


class Readable:
    """Whatever can give an account of itself: printed, shown by notebooks, or written in any format."""

    __slots__ = ()

    def account(self, *, details: bool = False) -> Account:
        """What there is to tell; `details` adds tables that not every reader needs."""
        raise NotImplementedError

    def to_text(self, *, details: bool = False) -> str:
        """Lines of 80 columns at most, as `print` shows it."""
        return self.account(details=details).written("text")

    def to_html(self, *, details: bool = False) -> str:
        """A piece of a page, escaped, as notebooks show it."""
        return self.account(details=details).written("html")

    def to_markdown(self, *, details: bool = False) -> str:
        """A table with pipes, as GitHub has them."""
        return self.account(details=details).written("markdown")

    def to_latex(self, *, details: bool = False) -> str:
        """A `table` for a document that has the package booktabs; whatever names hold, it compiles."""
        return self.account(details=details).written("latex")

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()
