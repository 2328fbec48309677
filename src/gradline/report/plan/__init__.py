"""What a fit would do, told before it begins."""

from gradline.report.plan.plan import Plan

__all__ = ["Plan"]
