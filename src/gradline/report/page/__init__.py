"""The report of a fit: one page that says what the answer is, whether to trust it, and what to do next."""

from gradline.report.page.document import report_html, write_report
from gradline.report.page.of_fit import write_report_of
from gradline.report.page.reproduce import Reproduce

__all__ = ["Reproduce", "report_html", "write_report", "write_report_of"]
