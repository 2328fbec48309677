"""What a fit would do, told before it begins."""

from gradline.report.plan.plan import Plan
from gradline.report.plan.spread import ALL_HERE, Spread

__all__ = ["ALL_HERE", "Plan", "Spread"]
