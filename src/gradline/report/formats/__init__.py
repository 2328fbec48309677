"""One account, as text of 80 columns, HTML, Markdown or LaTeX."""

from gradline.report.formats.account import Account, Readable
from gradline.report.formats.table import Table

__all__ = ["Account", "Readable", "Table"]
