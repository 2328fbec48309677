"""A fit told: the numbers once, in every format and as a dictionary."""

from gradline.report.summary.naming import INTERCEPT, Names, refuse_reserved
from gradline.report.summary.summary import NEAR, DescentFigures, Summary

__all__ = ["INTERCEPT", "NEAR", "DescentFigures", "Names", "Summary", "refuse_reserved"]
