"""Standard errors that do not take it for granted that all rows scatter alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gradline.data.source import Source
from gradline.diagnostics.block import Block
from gradline.diagnostics.clusters import Clustered
from gradline.diagnostics.covariance import HETEROSKEDASTIC, Asked, Robust, Spec, checked
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.ordered import NeweyWest
from gradline.diagnostics.second_pass import Measure, examine
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution

ALONE = 1e-8  # a row with 1 - h below this decides its own fitted value: its residual is zero to rounding
HANGS = 0.01  # share of its classical variance that a coefficient owes to such rows, to be named with them
NAMED = 4


class _Meat(NamedTuple):
    total: Array
    alone: float
    of_alone: Array  # (k, k) sums of z z' over those rows


@dataclass(frozen=True, slots=True)
class Heteroskedastic:
    """White's covariance, T (sum of f z z' e^2) T', e the residual and f a correction for its being too small.

    f is 1 (HC0), n / (n - k) (HC1), 1 / (1 - h) (HC2), 1 / (1 - h)^2 (HC3, nearly the jackknife), h the leverage: White
    (1980), Econometrica 48; MacKinnon and White (1985), Journal of Econometrics 29. A row with h = 1 has no residual,
    however wide its error is: it adds nothing, and a note names the coefficients whose errors are too small for it.

    Parameters
    ----------
    frame : Frame
    kind : {"HC0", "HC1", "HC2", "HC3"}
    """

    of_any_part: ClassVar[bool] = True
    frame: Frame
    kind: str

    def of(self, block: Block) -> _Meat:
        """See `Measure`."""
        square, alone, of_alone = block.scaled * block.scaled, 0.0, np.zeros((self.frame.k, self.frame.k))
        rest = 1.0 - block.leverage
        without = rest < ALONE
        if without.any():
            some = block.z[without]
            alone, of_alone = float(len(some)), some.T @ some  # one copy each: two would share the fitted value
            square[without], rest[without] = 0.0, 1.0
        if self.kind in ("HC2", "HC3"):
            square /= rest if self.kind == "HC2" else rest * rest
        if block.times is not None:
            square *= block.times
        z = block.z.T
        return _Meat(np.dot(z * square, z.T), alone, of_alone)

    def merged(self, first: _Meat, then: _Meat) -> _Meat:
        """See `Measure`."""
        total, of_alone = first.total + then.total, first.of_alone + then.of_alone
        return _Meat(total, first.alone + then.alone, of_alone)

    def figures(self, state: _Meat) -> Robust:
        """See `Measure`."""
        frame = self.frame
        meat = state.total
        if self.kind == "HC1" and frame.df_residual > 0:
            meat = meat * (frame.rows / frame.df_residual)
        notes = []
        if state.alone:
            one = state.alone == 1
            notes.append(
                f"{state.alone:,.0f} row{' decides its' if one else 's decide their'} own fitted "
                f"value{'' if one else 's'} (leverage 1), so that {self.kind} learns nothing from "
                f"{'it' if one else 'them'}{self._too_small(state.of_alone)}"
            )
        return Robust.of(frame, self.kind, self.kind, meat, frame.df_residual, notes)

    def _too_small(self, of_alone: Array) -> str:
        """Which coefficients hang on the rows with these sums of z z'."""
        frame = self.frame
        share = np.einsum("ij,ij->i", frame.T @ of_alone, frame.T) / np.einsum("ij,ij->i", frame.T, frame.T)
        names = [f"'{' '.join(frame.names[j].split())}'" for j in np.flatnonzero(share > HANGS)]
        if not names or frame.df_residual <= 0:
            return ""
        listed = [*names[:NAMED], f"{len(names) - NAMED:,} more"] if len(names) > NAMED else names
        together = f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]
        many = len(names) > 1
        return f"; the standard error{'s'[:many]} of {together}, if any, {'are' if many else 'is'} too small"


def measure_of(asked: Asked, frame: Frame) -> Measure[Any, Robust]:
    """What gathers a covariance in a pass; `examine` is to be given `asked.groups` first among its groups."""
    if asked.kind in HETEROSKEDASTIC:
        return Heteroskedastic(frame, asked.kind)
    if asked.kind == "cluster":
        names = tuple(f"{group!r}" if isinstance(group, str) else "the groups given" for group in asked.groups)
        return Clustered(frame, names)
    if asked.kind == "newey-west":
        return NeweyWest(frame, asked.lags)
    raise ValueError(f"the {asked.kind} covariance needs no pass")


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
    found: Robust = examine(source, frame, [measure_of(asked, frame)], groups=asked.groups, watch=watch)[0]
    return found
