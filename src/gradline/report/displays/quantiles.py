"""Residual quantiles beside those of normal errors, drawn: points along a diagonal, within an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from gradline.report.displays.canvas import SOFT, legend_above
from gradline.solution import Array


class Quantiles(NamedTuple):
    """Points, ascending, and the envelope about them: (points,) float64 each."""

    expected: Array
    observed: Array
    low: Array
    high: Array


def beside_normal(values: Array, times: Array, most: int) -> Quantiles:
    """Of values that each stand for so many equal ones: at most `most` of them, evenly along the axis, both ends too.

    The i-th of n has the share p = (i + 0.5) / n, and the envelope of each alone is z +- 1.96 sqrt(p (1 - p) / n) /
    phi(z).

    Examples
    --------
    >>> beside_normal(np.array([3.0, 1.0]), np.array([1.0, 2.0]), 10).observed
    array([1., 1., 3.])
    """
    normal = NormalDist()
    order = np.argsort(values, kind="stable")
    up_to = np.cumsum(times[order])
    rows = int(up_to[-1])
    if rows <= most:
        ranks = np.arange(rows)
    else:
        end = normal.inv_cdf(0.5 / rows)
        shares = np.array([normal.cdf(z) for z in np.linspace(end, -end, most)])
        ranks = np.unique(np.clip(np.floor(shares * rows).astype(np.intp), 0, rows - 1))
    p = (ranks + 0.5) / rows
    z = np.array([normal.inv_cdf(share) for share in p])
    half = 1.96 * np.sqrt(p * (1 - p) / rows) / np.array([normal.pdf(value) for value in z])
    return Quantiles(z, values[order[np.searchsorted(up_to, ranks, side="right")]], z - half, z + half)


def draw(ax: Any, quantiles: Quantiles, points: Mapping[str, Any], *, envelope: str, name: str) -> tuple[Any, Any, Any]:
    """The points, the diagonal and the band on `ax`, in this order."""
    x, y, low, high = quantiles
    band = ax.fill_between(x, low, high, color=SOFT, alpha=0.16, linewidth=0, zorder=1, label=envelope)
    (line,) = ax.plot(x[[0, -1]], x[[0, -1]], color=SOFT, linewidth=1.0, linestyle=(0, (5, 3)), zorder=3)
    scatter = ax.scatter(x, y, **points)
    ax.set_ylabel(name)
    legend_above(ax)
    return scatter, line, band
