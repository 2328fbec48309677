"""What a loss is: the cost of a residual r = prediction - y, its slope and curvature.

The loss of rows is everywhere the mean over them, and there is no factor 1/2.
"""

from __future__ import annotations

from typing import Protocol

from gradline.solution import Array


class Loss(Protocol):
    """The cost of one residual, convex and least at or near zero."""

    @property
    def name(self) -> str:
        """As the user writes it."""

    @property
    def degree(self) -> int:
        """`value` grows as (unit of y)^degree: 2 for squared and Huber, 1 for absolute and quantile."""

    @property
    def width(self) -> float:
        """The loss is a parabola where |r| <= width, and straight beyond: inf for squared, 0 at a kink."""

    @property
    def curvature_bound(self) -> float:
        """The largest second derivative; inf where there is a kink."""

    def value(self, r: Array) -> Array:
        """The cost of each residual."""

    def slope(self, r: Array) -> Array:
        """Its derivative by the prediction; at a kink the middle of what a subgradient may be."""

    def curvature(self, r: Array) -> Array:
        """Its second derivative; at a kink, where there is none, 0."""

    def in_units(self, unit: float) -> Loss:
        """The same loss for residuals counted in `unit`s: in_units(u).value(r / u) * u**degree = value(r)."""

    def narrowed(self, width: float) -> Loss:
        """The same loss with another width: what it is in the limit does not change, only how soon it bends."""
