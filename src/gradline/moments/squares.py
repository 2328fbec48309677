"""The error of a column whose squares leave the range of float64: sums of them tell nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gradline.errors import DataError


class SquaresError(DataError):
    """Squares of column `column` (from 0, y last) overflow or vanish, as `told`."""

    column: int
    told: str

    @classmethod
    def of(cls, column: int, called: str, told: str) -> SquaresError:
        """What is told of a column that is called so."""
        error = cls(
            f"the squares of {called} {told}",
            hint="precision 'auto' or 'exact' takes every float64, as ExactMoments does; or give it in another unit",
        )
        error.column, error.told = column, told
        return error

    def named(self, names: Sequence[str], target: str) -> SquaresError:
        """The same, with the names that the data have."""
        called = f"column {names[self.column]!r}" if self.column < len(names) else repr(target)
        return self.of(self.column, called, self.told)
