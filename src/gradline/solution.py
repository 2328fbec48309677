"""What both ways return: the coefficients, how the fit ended, and what is certain about them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


MOST_DIGITS = 15  # so many decimal digits go into float64 and come back, whatever the number
NEARLY_COLLINEAR = 1e12  # a relative change of 1e-16 in the data may then move a coefficient in its fourth digit


class Status(Enum):
    """How a fit ended; the value is the sentence behind `stop_reason_`."""

    SOLVED = "Solved directly from the sufficient statistics."
    CONVERGED = "Converged: the coefficients are within the tolerance of the least squares answer."
    ROUNDING = "Stopped where the floating-point type allows no more, short of the tolerance."
    MAX_ITER = "Stopped after the number of iterations asked for."
    DIVERGED = "Diverged: the loss grew without bound."
    CALLBACK = "Stopped because the callback asked for it."
    VALIDATION = "Stopped early: the loss on held-out rows no longer fell."
    INTERRUPTED = "Unfinished: interrupted."


@dataclass(frozen=True, slots=True)
class Dependency:
    """An exact linear relation: `column` = sum of factor * other column (+ a constant, where there is an intercept).

    `factors` is empty where the column is constant (all zero, without an intercept), and None where the
    relation is proved but its factors are too long to print.
    """

    column: int
    factors: Mapping[int, Fraction] | None

    def sentence(self, names: Sequence[str], *, centred: bool) -> str:
        """Say it with column names; `centred` where there is an intercept, which takes up any constant.

        >>> Dependency(2, {0: Fraction(3), 1: Fraction(-1, 2)}).sentence("abc", centred=True)
        "column 'c' = 3 * 'a' - 1/2 * 'b' (but for a constant)"
        """
        name = f"column '{names[self.column]}'"
        if self.factors is None:
            return f"{name} is an exact combination of columns before it"
        if not self.factors:
            return f"{name} is constant"
        terms = " ".join(f"{'-' if f < 0 else '+'} {abs(f)} * '{names[j]}'" for j, f in self.factors.items())
        terms = terms.removeprefix("+ ").replace("- ", "-", 1) if terms.startswith("- ") else terms.removeprefix("+ ")
        return f"{name} = {terms}" + (" (but for a constant)" if centred else "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the exact way vouches for.

    Attributes
    ----------
    digits : float
        Correct significant digits of the worst coefficient (the intercept counted), 0 .. 15.95. Of one that leaves the
        range of float64 there are those that are left: 0 where it became zero or infinite.
    certain : bool
        True: proved, by exact residuals. False: a first-order estimate of rounding ("at least about").
    rank : int
        Rank of X, centred where there is an intercept.
    condition_number : float
        Of X, centred (where there is an intercept), columns scaled to length 1; infinite below full rank.
    dependencies : tuple of Dependency
        The relations that make X rank deficient; their columns have the coefficient 0.
    precision : str
        "float64" or "exact": the arithmetic that gave the answer.
    beyond : tuple of (int or None)
        Columns whose coefficients are not zero, but too small or too large for all digits of float64; None: the
        intercept.
    """

    digits: float
    certain: bool
    rank: int
    condition_number: float
    dependencies: tuple[Dependency, ...] = ()
    precision: str = "float64"
    beyond: tuple[int | None, ...] = ()

    @property
    def promise(self) -> str:
        """The digits, as the beginning of a sentence.

        >>> Certificate(15.95, True, 1, 1.0).promise, Certificate(12.3, False, 1, 1.0).promise
        ('All 15 digits certified', 'At least about 12 digits are right')
        """
        digits = int(self.digits)
        if not self.certain:
            return f"At least about {digits} digit{' is' if digits == 1 else 's are'} right"
        return f"{'All ' if digits == MOST_DIGITS else ''}{digits or 'No'} digit{'s'[: digits != 1]} certified"

    def warnings(
        self, names: Sequence[str], *, centred: bool, outcome: str = "its coefficient is set to 0"
    ) -> list[str]:
        """What a reader must know of the columns: `out_of_range` and `relations`."""
        return [*self.out_of_range(names), *self.relations(names, centred=centred, outcome=outcome)]

    def out_of_range(self, names: Sequence[str]) -> list[str]:
        """Coefficients that float64 cannot hold, and what to do."""
        if not self.beyond:
            return []
        slopes = [names[column] for column in self.beyond if column is not None]
        of_slopes = [f"the coefficient{'s'[: len(slopes) != 1]} of {_listed(slopes)}"] if slopes else []
        what = " and ".join([*of_slopes, *(["the intercept"] if None in self.beyond else [])])
        are, them = ("is", "it") if len(self.beyond) == 1 else ("are", "them")
        wrong = "wrong" if self.digits < 1.0 else "rounded"
        return [
            f"{what} {are} in size outside {sys.float_info.min:.2g} to {sys.float_info.max:.2g}, where float64 has all "
            f"its digits, and what stands for {them} is {wrong}: "
            f"give {'the column' if len(slopes) == 1 else 'columns'} or the target in other units."
        ]

    def relations(
        self, names: Sequence[str], *, centred: bool, outcome: str = "its coefficient is set to 0"
    ) -> list[str]:
        """Exact relations between columns, or a near one that rounding hides."""
        if self.condition_number > NEARLY_COLLINEAR and not self.dependencies:
            return [
                f"some columns are collinear but for their last digits (condition number {self.condition_number:.2g}): "
                "these are the coefficients of the numbers as given, and rounding in the data changes them completely."
            ]
        told, unproved = [], " to float64 rounding" if self.precision == "float64" else ""
        for dependency in self.dependencies[:3]:
            proof = unproved if dependency.factors != {} else ""
            told.append(f"{dependency.sentence(names, centred=centred)}{proof}; {outcome}.")
        rest = self.dependencies[3:]
        if constant := [names[dependency.column] for dependency in rest if dependency.factors == {}]:
            told.append(f"{_listed(constant)} {'is' if len(constant) == 1 else 'are'} constant too.")
        if others := [names[dependency.column] for dependency in rest if dependency.factors != {}]:
            depend = "depends on columns before it" if len(others) == 1 else "depend on columns before them"
            told.append(f"{_listed(others)} {depend}{unproved} too.")
        return told


def _listed(names: Sequence[str], most: int = 6) -> str:
    quoted = [f"'{name}'" for name in names[:most]]
    last = quoted.pop() if len(names) <= most else f"{len(names) - most} more"
    return f"{', '.join(quoted)} and {last}" if quoted else last


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Coefficients and how they were reached.

    Attributes
    ----------
    coef : (n_features,) float64
        Slopes, in data units.
    intercept : float
        0.0 where none was fitted.
    status : Status
    history : tuple of float
        Loss (mean squared error, no 1/2) before each update; empty for the exact way.
    certificate : Certificate or None
        None after a descent.
    """

    coef: Array
    intercept: float
    status: Status
    history: tuple[float, ...] = ()
    certificate: Certificate | None = None
