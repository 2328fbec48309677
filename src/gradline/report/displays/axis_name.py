"""What matplotlib writes above an axis, where a legend stands, in the axis' name instead."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from matplotlib.ticker import ScalarFormatter

from gradline.report.figures import MINUS
from gradline.report.ticks import in_units_of, less


class SaidInName(ScalarFormatter):
    """Numbers at ticks as matplotlib shortens them; the level and the power of ten it takes off are in the axis' name.

    They are so after every zoom, and whoever names the axis anew has them in that name.
    """

    _bare = _full = ""

    def set_locs(self, locs: list[float]) -> None:
        """See matplotlib: called before ticks are drawn, and before the room for them is measured."""
        super().set_locs(locs)
        axis: Any = self.axis
        named = axis.get_label_text()
        if named != self._full:
            self._bare = named
        level = less(Decimal(repr(float(self.offset)))) if self.offset else ""
        power = re.match(r"1e(.\d*)", super().get_offset())  # what it calls it otherwise changes with its version
        unit = in_units_of(int(power[1].replace(MINUS, "-"))) if power else ""
        first, line_end, others = self._bare.partition("\n")
        self._full = f"{first}{level}{unit}{line_end}{others}"
        if self._full != named:
            axis.set_label_text(self._full)

    def get_offset(self) -> str:
        """Nothing is left to be said above the axis."""
        return ""
