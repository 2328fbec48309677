"""What a source needs of statistics gathered from its batches, whatever they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar


class Statistics(Protocol):
    """What knows rows without keeping them."""

    def selected(self, columns: Sequence[int | None]) -> Self:
        """Of other columns of X."""

    def counted(self) -> Self:
        """Of as many rows as the weights add up to."""


S = TypeVar("S", bound=Statistics)
