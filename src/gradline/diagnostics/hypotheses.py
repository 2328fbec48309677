"""Tests of what least squares takes for granted: constant variance, straight lines, normal errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.hypothesis import (
    RANK,
    Hypotheses,
    Hypothesis,
    added_columns,
    explained,
    lagrange,
    normality,
    unknown,
)
from gradline.diagnostics.scratch import PASSING
from gradline.solution import NEARLY_COLLINEAR, Array

MOST_GRAM = 512  # columns whose cross products are kept beside the frame's own, where rows are not orthonormal in it
MOST_TERMS = 500
WORK = 1e10  # rows x terms^2 of White's full test: about a second
PRODUCTS_AT_ONCE = 2**16  # numbers: half a megabyte
STEADY = 1e-12  # spread beside the mean: a column that varies less is a constant, but for rounding


ONE, F, F2, U, G, SQUARE, CUBE = range(7)
CURVED = slice(SQUARE, CUBE + 1)


class _State(NamedTuple):
    # (7, 7) cross products of: 1; the fitted value f, standardised; f^2; u = e / s; g = u^2 - 1; square and cube of f
    sums: Array
    with_z: Array  # (k, 3): of z with g, square and cube
    # (m + 1, m) cross products of (1, x) in the frame; last row: with g. Only that where z is orthonormal
    linear: Array
    white: Array  # (t + 1, t) cross products of the terms of White's full test, and with g

    @property
    def g(self) -> tuple[float, float]:
        """Sums of g and of g^2."""
        return float(self.sums[ONE, G]), float(self.sums[G, G])

    def powers(self) -> Array:
        """(5,) sums of u^0 .. u^4."""
        n, u, square = self.sums[ONE, ONE], self.sums[ONE, U], self.sums[U, U]
        return np.array([n, u, square, self.sums[U, G] + u, self.sums[G, G] + 2.0 * self.sums[ONE, G] + n])


class AboutMeans(NamedTuple):
    """Columns without what they have in common with a constant: (X - mean) onto, uncorrelated and of variance one.

    Far from zero a column, its square and a constant are nearly one: their sums would tell rounding, not the column.
    """

    mean: Array  # (p,)
    onto: Array  # (p, q); columns that are constant, or follow from others, are not in it

    @classmethod
    def of(cls, mean: Array, covariance: Array) -> AboutMeans:
        """From the means and the covariance of columns."""
        sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        varies = np.flatnonzero(np.isfinite(sd) & (sd > STEADY * np.abs(mean)))
        values, directions = np.linalg.eigh(covariance[np.ix_(varies, varies)] / sd[varies] / sd[varies, None])
        some = values > RANK
        onto = np.zeros((len(mean), int(some.sum())))
        onto[varies] = directions[:, some] / np.sqrt(values[some]) / sd[varies, None]
        return cls(mean, onto)


@dataclass(frozen=True, slots=True)
class HypothesesMeasure:
    """Breusch-Pagan, White, RESET and Jarque-Bera, from one set of sums.

    Everything is made of u = e / s, with e the scaled residuals, and g = u^2 - 1. Analytic weights enter as scaling of
    e: the tests then ask whether the variance is other than the weights say, whether weighted residuals are normal.
    Frequency weights count as repeated rows.

    Breusch-Pagan (1979), as Koenker (1981) made it robust: n R^2 of g on (1, x), chi2 with p degrees of freedom.
    White (1980): n R^2 of g on (1, x) and all squares and products; where these are too many, on (1, f, f^2), f the
    fitted value (Wooldridge 2013, equation 8.20). RESET (Ramsey 1969): F of f^2 and f^3 added to the fit.
    Jarque-Bera (1980): n / 6 (skewness^2 + excess kurtosis^2 / 4), chi2 with 2 degrees of freedom.

    Parameters
    ----------
    frame : Frame
    centre, spread : float
        Mean and standard deviation of the fitted values; they condition the sums and change no figure.
    about : AboutMeans, optional
        Of the columns of X. It does the same for a fit without an intercept, whose frame is not about the means.
    """

    frame: Frame
    centre: float = 0.0
    spread: float = 1.0
    about: AboutMeans | None = None

    @property
    def terms(self) -> int:
        """Columns of White's full test; 0 where only the special form is affordable."""
        m = self._width
        terms = m * (m + 1) // 2
        rows = self.frame.rows
        return terms if terms <= MOST_TERMS and rows * terms**2 <= WORK and 2 * terms <= rows else 0

    @property
    def _width(self) -> int:
        """Of (1, x) in the frame."""
        return 1 + (self.frame.k - self.frame.bias if self.about is None else self.about.onto.shape[1])

    def of(self, block: Block) -> _State:
        """See `Measure`."""
        frame = self.frame
        times, precision = block.times, block.precision
        columns = block.scratch.array(PASSING, 7, len(block.row))
        one, f, f2, u, g, square, cube = columns
        one[:] = 1.0
        np.subtract(block.fitted, self.centre, out=f)
        f /= self.spread
        np.multiply(f, f, out=f2)
        np.divide(block.scaled, frame.residual_sd if frame.residual_sd > 0.0 else 1.0, out=u)
        np.multiply(u, u, out=g)
        g -= 1.0
        if frame.fit_intercept:
            # Of f, the same span beside 1 and f, but nearer to orthogonal: less is lost when z is taken out.
            np.subtract(f2, 1.0, out=square)
            np.subtract(f2, 3.0, out=cube)
            cube *= f
        else:
            # f itself lies in the fit: beside it the powers of the uncentred f span the same as these, which stay
            # apart where f is far from zero.
            uncentred = block.fitted / self.spread
            np.multiply(uncentred, f, out=square)
            np.subtract(f2, 1.0, out=cube)
            cube *= uncentred
        if precision is not None:
            columns[CURVED] *= np.sqrt(precision)
        counted = columns if times is None else columns * times
        sums, with_z = np.dot(counted, columns.T), np.dot(block.z.T, counted[G:].T)

        m = self._width
        orthonormal = frame.fit_intercept and precision is None
        linear, white = np.zeros((0, m)), np.zeros((1, 0))
        if orthonormal:
            # The sums of z z' are known: only g is to be looked at.
            linear = with_z[:, 0].copy()[None, :]
        if self.terms or (not orthonormal and m <= MOST_GRAM):
            base = np.concatenate([one[None, :], self._features(block)])
            if not orthonormal:
                linear = _with_g(base, g, times)
            if self.terms:
                white = _products_with_g(base, g, times)
        return _State(sums, with_z, linear, white)

    def _features(self, block: Block) -> Array:
        """(m - 1, rows) features in the frame, or uncorrelated about their means."""
        if self.about is not None:
            x: Array = np.dot(self.about.onto.T, (block.X - self.about.mean).T)
            return x
        x = block.z.T[self.frame.bias :] * math.sqrt(self.frame.rows)
        if block.precision is not None:
            x /= np.sqrt(block.precision)
        return x

    def merged(self, first: _State, then: _State) -> _State:
        """See `Measure`."""
        return _State(*(np.add(a, b, out=a) for a, b in zip(first, then, strict=True)))

    def figures(self, state: _State) -> Hypotheses:
        """See `Measure`."""
        judged = self.frame.residual_sd > 0.0 and self.frame.df_residual > 0
        powers = state.powers()
        n = float(powers[0])
        skewness, excess, jarque_bera = normality(powers, judged)
        return Hypotheses(
            breusch_pagan=self._breusch_pagan(state, n, judged),
            white=self._white(state, n, judged),
            reset=self._reset(state, judged),
            jarque_bera=jarque_bera,
            skewness=skewness,
            excess_kurtosis=excess,
        )

    def _breusch_pagan(self, state: _State, n: float, judged: bool) -> Hypothesis:
        name, null = "Breusch-Pagan", "the spread of the residuals does not depend on the features"
        effect = "share of the variation of squared residuals that the features explain"
        df = self._width - 1
        if not judged or df == 0:
            return unknown(name, null, "chi2", (df,), effect)
        if not len(state.linear):
            note = f"left out: weights or no intercept, and more than {MOST_GRAM} columns"
            return unknown(name, null, "chi2", (df,), effect, (note,))
        if len(state.linear) == 1:
            total = state.g[1] - state.g[0] ** 2 / n
            r2 = float((state.linear[0, 1:] ** 2).sum() / total) if total > 0.0 else math.nan
        else:
            r2, df = explained(state.linear, state.g, n)
        return lagrange(name, null, n, r2, df, effect)

    def _white(self, state: _State, n: float, judged: bool) -> Hypothesis:
        null = "the spread of the residuals depends on nothing that the features can tell"
        effect = "share of the variation of squared residuals that squares and products explain"
        sums = state.white if self.terms else state.sums[np.ix_([ONE, F, F2, G], [ONE, F, F2])]
        notes = () if self.terms else ("special form: on the fitted value and its square",)
        if not judged or self._width == 1:
            return unknown("White", null, "chi2", (0,), effect, notes)
        r2, df = explained(sums, state.g, n)
        return lagrange("White", null, n, r2, df, effect, notes)

    def _reset(self, state: _State, judged: bool) -> Hypothesis:
        name, null = "RESET", "straight lines are enough: powers of the fitted value add nothing"
        effect = "share of the residual variance that they explain"
        rest = self.frame.df_residual
        onto, own, with_u = state.with_z[:, 1:], state.sums[CURVED, CURVED], state.sums[U, CURVED]
        scale = np.sqrt(np.diag(own))
        if self.frame.condition > NEARLY_COLLINEAR:  # z errs by rounding times that, and so does what is left beside it
            note = "left out: columns are collinear but for their last digits"
            return unknown(name, null, "F", (2, max(rest - 2, 0)), effect, (note,))
        # Of fitted values that are one number but for rounding, standardised powers are no larger than that.
        if not judged or self._width == 1 or not (scale > STEADY * math.sqrt(state.sums[ONE, ONE])).all():
            return unknown(name, null, "F", (2, max(rest - 2, 0)), effect)
        left = (own - onto.T @ onto) / scale / scale[:, None]
        values, directions = np.linalg.eigh(0.5 * (left + left.T))
        new = values > RANK
        added = int(new.sum())
        if added == 0 or rest <= added:
            return unknown(name, null, "F", (added, max(rest - added, 0)), effect)
        gain = float(((directions[:, new].T @ (with_u / scale)) ** 2 / values[new]).sum())
        # u has the sum of squares df of the residuals.
        return added_columns(name, null, min(gain / rest, 1.0), (added, rest - added), effect)


def _with_g(columns: Array, g: Array, times: Array | None) -> Array:
    """Cross products of columns (a row each), and below them their sums with g."""
    counted = columns if times is None else columns * times
    return np.concatenate([np.dot(counted, columns.T), np.dot(counted, g)[None, :]])


def _products_with_g(base: Array, g: Array, times: Array | None) -> Array:
    """The same of all products of two columns, some rows at a time: the products of a block would not fit a cache."""
    m, rows = base.shape
    terms = m * (m + 1) // 2
    some = max(256, PRODUCTS_AT_ONCE // terms)
    sums, products = np.zeros((terms + 1, terms + 1)), np.empty((terms + 1, min(some, rows)))
    for start in range(0, rows, some):
        part = slice(start, min(start + some, rows))
        held = products[:, : part.stop - start]
        at = 0
        for j in range(m):
            np.multiply(base[j:, part], base[j, part], out=held[at : at + m - j])
            at += m - j
        held[-1] = g[part]
        sums += np.dot(held if times is None else held * times[part], held.T)
    return sums[:, :-1]
