"""Which covariance of the coefficients may be asked for, and what comes back."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gradline.data.columns.asked import NamesInLine
from gradline.errors import DataError
from gradline.moments.inference import Inference
from gradline.moments.other_errors import with_covariance
from gradline.solution import Array

if TYPE_CHECKING:
    from gradline.diagnostics.frame import Frame

Spec: TypeAlias = Any  # a text, a tuple, or an Asked: see `checked`

HETEROSKEDASTIC = ("HC0", "HC1", "HC2", "HC3")
EPSILON = float(np.finfo(np.float64).eps)
_KINDS = {kind.casefold(): kind for kind in ("classical", *HETEROSKEDASTIC, "cluster", "newey-west")}
_EXPECTED = "expected one of classical, HC0, HC1, HC2, HC3, cluster:COLUMN, newey-west, newey-west:LAGS"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A covariance, as it was asked for.

    Attributes
    ----------
    kind : str
        "classical", "HC0" to "HC3", "cluster" or "newey-west".
    groups : tuple
        Of "cluster": one or two columns, by name, or arrays of a label for each row.
    lags : int or None
        Of "newey-west"; None: floor(4 (n / 100)^(2/9)).
    """

    kind: str
    groups: tuple[Any, ...] = ()
    lags: int | None = None

    @property
    def plain(self) -> bool:
        """Whether its kind is all there is to it."""
        return not self.groups and self.lags is None


@dataclass(frozen=True, slots=True, eq=False)
class Robust:
    """A covariance of the coefficients that takes less for granted than the classical one.

    Attributes
    ----------
    kind : str
        As it was asked for: "HC3", "cluster", "newey-west".
    described : str
        In words: "HC3", "clustered by 'city' (25 clusters)", "Newey-West, 4 lags".
    covariance : (k_all, k_all) float64
        In data units, the intercept first; NaN for terms that are not estimated. Zero for an exact fit.
    df : int
        Of t and of intervals: rows - coefficients; of clusters one less than there are (in the smaller grouping).
    notes : tuple of str
        What a reader should know.
    root : (k_all, r) float64
        Times its transpose it is the same with the fitted value at the means of the columns in place of the intercept:
        in products with it nothing cancels, however far from zero the columns are and however near to each other.
    lost : (k_all, m) float64 or None
        The same of what negative eigenvalues took, before they were set to zero, where there were some: no test of
        several coefficients may rest on the zeros.
    """

    kind: str
    described: str
    covariance: Array
    df: int
    notes: tuple[str, ...]
    root: Array
    lost: Array | None = None

    @classmethod
    def of(cls, frame: Frame, kind: str, described: str, on_z: Array, df: int, notes: Sequence[str] = ()) -> Robust:
        """From a covariance of the coefficients on z: zero for an exact fit, NaN without degrees of freedom.

        Negative eigenvalues beyond rounding are set to zero.
        """
        shape = (len(frame.T), len(frame.T))
        if frame.df_residual <= 0:
            nothing = np.full(shape, np.nan)
            return cls(kind, described, nothing, df, tuple(notes), nothing)
        on_z = np.zeros_like(on_z) if frame.exact_fit else on_z
        root, lost = _halves(on_z)
        covariance = frame.in_data_units(root @ root.T if lost.size else on_z)
        T = frame.about_centre()
        return cls(kind, described, covariance, df, tuple(notes), T @ root, T @ lost if lost.size else None)

    def judge(self, inference: Inference) -> Inference:
        """The inference of the fit with this covariance in place of the classical one."""
        return with_covariance(inference, self.covariance, self.root, self.df, self.lost)


def _halves(on_z: Array) -> tuple[Array, Array]:
    """(k, k), (k, m): roots of what the positive eigenvalues make, and of what the negative ones take from it."""
    values, vectors = np.linalg.eigh(on_z)
    rounding = len(values) * EPSILON * np.abs(values).max(initial=0.0)
    below = values < -rounding
    positive = np.where(values > rounding, values, 0.0)
    return vectors * np.sqrt(positive), vectors[:, below] * np.sqrt(-values[below])


def parse(text: str) -> Asked:
    """Read what the command line takes: `HC3`, `cluster:city`, `cluster:city,year`, `newey-west:4`, in any case.

    Columns are a line of CSV, as in `--features`.

    Raises
    ------
    DataError
        Where it is none of these.

    Examples
    --------
    >>> parse("cluster:city,year")
    Asked(kind='cluster', groups=('city', 'year'), lags=None)
    >>> parse("Newey-West:4").lags
    4
    """
    word, _, rest = text.strip().partition(":")
    kind = _KINDS.get(word.strip().casefold().replace("_", "-"))
    if kind == "cluster":
        try:
            names = NamesInLine.of(rest) if rest.strip() else []
        except ValueError as error:
            raise DataError(f"covariance={text!r} {error}", hint=_EXPECTED) from None
        return checked((kind, *names))
    if kind == "newey-west" and rest:
        return checked((kind, rest.strip()))
    if kind is None or rest:
        raise DataError(f"covariance={text!r} is not known", hint=_EXPECTED)
    return Asked(kind)


def checked(spec: Spec) -> Asked:
    """What `covariance=` takes: a text as `parse` reads it, ("cluster", g), ("cluster", g1, g2), ("newey-west", lags).

    Raises
    ------
    DataError
        Where it is none of these.

    Examples
    --------
    >>> checked("hc3").kind, checked(("cluster", ["a", "a", "b"])).groups
    ('HC3', (['a', 'a', 'b'],))
    """
    if isinstance(spec, Asked):
        return spec
    if isinstance(spec, str):
        return parse(spec)
    if not isinstance(spec, tuple | list) or not spec or not isinstance(spec[0], str):
        raise DataError(f"covariance={spec!r} is not known", hint=_EXPECTED)
    kind, rest = _KINDS.get(spec[0].strip().casefold().replace("_", "-")), tuple(spec[1:])
    if kind == "cluster":
        if len(rest) not in (1, 2):
            raise DataError(
                f"covariance 'cluster' is by one or two groupings, got {len(rest)}",
                hint="cluster:COLUMN, or in Python ('cluster', labels) with a column or an array of one label a row",
            )
        return Asked(kind, rest)
    if kind == "newey-west" and len(rest) == 1:
        return Asked(kind, lags=_lags(rest[0]))
    if kind is None or rest:
        raise DataError(f"covariance={spec!r} is not known", hint=_EXPECTED)
    return Asked(kind)


def _lags(lags: Any) -> int:
    try:
        count = int(lags) if isinstance(lags, str) else operator.index(lags)
    except (TypeError, ValueError):
        count = -1
    if count < 0:
        raise DataError(f"newey-west has {lags!r} lags, expected a whole number, 0 or more", hint="newey-west:4")
    return count
