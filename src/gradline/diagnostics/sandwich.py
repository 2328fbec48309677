"""Standard errors that do not take it for granted that all rows scatter alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gradline.data.groups import Numbers
from gradline.data.source import Source
from gradline.diagnostics.block import Block
from gradline.diagnostics.clusters import Clustered
from gradline.diagnostics.covariance import HETEROSKEDASTIC, Asked, Robust, Spec, checked
from gradline.diagnostics.frame import EPSILON, Frame
from gradline.diagnostics.ordered import NeweyWest
from gradline.diagnostics.rows_alone import RowsAlone
from gradline.diagnostics.second_pass import Measure, examine
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution

ENOUGH_DIGITS = 4.0  # of a standard error
CALLED = {"cluster": "the covariance by clusters", "newey-west": "that of Newey and West"}


@dataclass(frozen=True, slots=True)
class Heteroskedastic:
    """White's covariance, T (sum of f z z' e^2) T', e the residual and f a correction for its being too small.

    f is 1 (HC0), n / (n - k) (HC1), 1 / (1 - h) (HC2), 1 / (1 - h)^2 (HC3, nearly the jackknife), h the leverage: White
    (1980), Econometrica 48; MacKinnon and White (1985), Journal of Econometrics 29. A row with h = 1 adds nothing.

    Parameters
    ----------
    frame : Frame
    kind : {"HC0", "HC1", "HC2", "HC3"}
    """

    frame: Frame
    kind: str

    def of(self, block: Block) -> Array:
        """See `Measure`."""
        square = block.scaled * block.scaled
        if self.kind in ("HC2", "HC3"):
            rest = 1.0 - block.leverage
            without = rest <= self.frame.alone
            if without.any():
                square[without], rest[without] = 0.0, 1.0
            square /= rest if self.kind == "HC2" else rest * rest
        if block.times is not None:
            square *= block.times
        z = block.z.T
        total: Array = np.dot(z * square, z.T)
        return total

    def merged(self, first: Array, then: Array) -> Array:
        """See `Measure`."""
        return first + then

    def figures(self, state: Array) -> Robust:
        """See `Measure`."""
        frame = self.frame
        meat = state * (frame.rows / frame.df_residual) if self.kind == "HC1" and frame.df_residual > 0 else state
        return Robust.of(frame, self.kind, self.kind, meat, frame.df_residual)


@dataclass(frozen=True, slots=True)
class Sandwich:
    """The covariance that was asked for, with a note on rows that it learns nothing from.

    Parameters
    ----------
    frame : Frame
    asked : Asked
        `examine` is to be given `asked.groups` first among its groups.
    """

    of_any_part: ClassVar[bool] = True
    frame: Frame
    asked: Asked

    @property
    def _filling(self) -> Measure[Any, Robust]:
        asked, frame = self.asked, self.frame
        if asked.kind in HETEROSKEDASTIC:
            return Heteroskedastic(frame, asked.kind)
        if asked.kind == "cluster":
            names = tuple(f"{group!r}" if isinstance(group, str) else "the groups given" for group in asked.groups)
            return Clustered(frame, names)
        if asked.kind == "newey-west":
            return NeweyWest(frame, asked.lags)
        raise ValueError(f"the {asked.kind} covariance needs no pass")

    def of(self, block: Block) -> tuple[Any, RowsAlone]:
        """See `Measure`."""
        return self._filling.of(block), RowsAlone.of(block)

    def merged(self, first: tuple[Any, RowsAlone], then: tuple[Any, RowsAlone]) -> tuple[Any, RowsAlone]:
        """See `Measure`."""
        return self._filling.merged(first[0], then[0]), first[1].merged(then[1])

    def renumbered(self, state: tuple[Any, RowsAlone], numbers: Sequence[Numbers | None]) -> tuple[Any, RowsAlone]:
        """See `Measure`."""
        filling = self._filling
        return (filling.renumbered(state[0], numbers) if isinstance(filling, Clustered) else state[0]), state[1]

    def figures(self, state: tuple[Any, RowsAlone]) -> Robust:
        """See `Measure`."""
        robust: Robust = self._filling.figures(state[0])
        note = state[1].note(self.frame, CALLED.get(self.asked.kind, self.asked.kind))
        return replace(robust, notes=(*robust.notes, *filter(None, (note, _of_small_residuals(self.frame)))))


def _of_small_residuals(frame: Frame) -> str:
    """What rounding leaves of squares of residuals that are differences of terms far larger; empty where enough."""
    if not frame.residual_sd > 0.0:
        return ""
    digits = max(0.0, -math.log10(max(EPSILON * frame.terms / frame.residual_sd, EPSILON)))
    if digits >= ENOUGH_DIGITS:
        return ""
    left = f"about {digits:.0f} digit{'s'[: f'{digits:.0f}' != '1']}" if digits >= 0.5 else "no digit"
    return f"residuals are so small beside the terms of a row that rounding leaves {left} of these standard errors"


def robust_covariance(
    source: Source,
    moments: Statistics,
    solution: Solution,
    spec: Spec,
    *,
    fit_intercept: bool,
    watch: Callable[[int], None] | None = None,
) -> Robust:
    """One more pass over the rows of a fit for a covariance of its coefficients.

    Parameters
    ----------
    source : Source
        The rows of the fit.
    moments, solution
        Of the fit.
    spec : str or tuple
        As `gradline.diagnostics.covariance.checked` takes it; "classical" makes no pass.
    fit_intercept : bool
    watch : callable, optional
        Called with the number of rows so far.

    Raises
    ------
    DataError
        Where the spec is unknown, there is one cluster only, a row has no label, the rows are not those of the fit, or
        the source can be read only once.

    Examples
    --------
    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.moments.moments import Moments
    >>> X, y = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([1.0, 2.2, 2.9, 4.4, 4.5])
    >>> m = Moments.of(X, y)
    >>> robust = robust_covariance(ArraySource(X, y), m, m.solve(), "HC3", fit_intercept=True)
    >>> np.sqrt(np.diag(robust.covariance)).round(4)
    array([0.4803, 0.2007])
    """
    asked = checked(spec)
    frame = Frame.of(moments, solution, fit_intercept=fit_intercept, names=source.feature_names)
    if asked.kind == "classical":
        return Robust.of(frame, "classical", "classical", frame.residual_sd**2 * np.eye(frame.k), frame.df_residual)
    found: Robust = examine(source, frame, [Sandwich(frame, asked)], groups=asked.groups, watch=watch)[0]
    return found
