"""Change the variables so that every curvature is one: then the best rate is known, and one step nearly suffices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.goal.quadratic import Quadratic
from gradline.descent.goal.units import Units
from gradline.moments.integers.double_double import DoubleDouble
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution


class Frame(Units, Protocol):
    """Coordinates in which the loss is known as a quadratic."""

    def quadratic(self, data: Quadratic) -> Quadratic:
        """The same loss as a function of the frame's parameters."""

    def differences(self, bias: bool) -> Array:
        """(k, r) the matrix that takes differences of parameters v = (w, b) from the frame to data units."""


@dataclass(frozen=True, slots=True, eq=False)
class DataUnits:
    """The data's own coordinates: the descent is exactly as the lesson writes it.

    Attributes
    ----------
    reduction : (k, k) float64
        Takes parameters v = (w, b) to those that predict the same with 0 for every collinear column; the identity
        where there is none. Without it a descent that shares an effect between two equal columns would seem far
        from an answer that gives it to the first.
    """

    reduction: Array

    @classmethod
    def of(cls, moments: Statistics, solution: Solution, *, bias: bool) -> DataUnits:
        """Collinear columns are expressed by the others: x_d = F'x_kept + c."""
        mean = moments.mean[:-1]
        C = moments.scatter[:-1, :-1]
        if not bias:
            C = C / moments.weight + np.outer(mean, mean)
        reduction = np.eye(len(C) + bias)
        dependent = [d.column for d in solution.certificate.dependencies] if solution.certificate else []
        if dependent:
            kept = [j for j in range(len(C)) if j not in dependent]
            factors = np.linalg.lstsq(C[np.ix_(kept, kept)], C[np.ix_(kept, dependent)], rcond=None)[0]
            reduction[np.ix_(kept, dependent)] = factors
            reduction[dependent, dependent] = 0.0
            if bias:
                reduction[-1, dependent] = mean[dependent] - mean[kept] @ factors
        return cls(reduction)

    @property
    def target_scale(self) -> float:
        """One."""
        return 1.0

    @property
    def target_centre(self) -> float:
        """Zero."""
        return 0.0

    def rows(self, batch: Batch) -> Batch:
        """Unchanged."""
        return batch

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Unchanged."""
        return w, b

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Unchanged."""
        return w, b

    def quadratic(self, data: Quadratic) -> Quadratic:
        """Unchanged."""
        return data

    def differences(self, bias: bool) -> Array:
        """The identity, but for collinear columns."""
        return self.reduction


@dataclass(frozen=True, slots=True, eq=False)
class Conditioned:
    """Rows u = T'(x - centre), target (y - target_centre) / target_scale; slopes v are w = target_scale T v outside.

    T = R'^-1, with R the lower triangular factor of the mean cross-product matrix: each direction is a column less what
    the columns before it tell of it, in units of what is left (Cholesky whitening: Kessy, Lewin, Strimmer 2018). So the
    mean of u u' is the identity, and a descent has condition number one.

    Let K be the condition number of the scaled columns. Elements of R err relative to the size of their column, T then
    errs by K times as much (Higham 2002, section 8.1), and so does the product with the rows: u is off by about
    K 1e-16. A matrix of squares rounded to float64 would make that K^2 1e-16: the exact sums must have the factor.

    Attributes
    ----------
    centre : (features,) float64
        Column means; zero where there is no intercept.
    T : (features, directions) float64
        Rows of left-out (collinear) features are zero.
    inverse : (directions, features) float64
        R', a left inverse of T.
    rest : (directions,) float64
        What the rounding of `centre` would leave as the means of u.
    lever : (directions,) float64
        T' times the means, rounded once: how the intercept follows the slopes. Sums of mean times slope would cancel,
        where nearly collinear columns have large slopes of opposite sign.
    target_centre, target_scale : float
        The scale is a power of two near the spread of y: exact, and no y is too large or small for any dtype.
    """

    centre: Array
    T: Array
    inverse: Array
    rest: Array
    lever: Array
    target_centre: float
    target_scale: float

    @classmethod
    def of(cls, moments: Statistics, *, bias: bool) -> Conditioned:
        """From one pass: centre (where there is an intercept), scale, and undo the triangular factor.

        Examples
        --------
        >>> from gradline.moments.moments import Moments
        >>> X, y = np.array([[1.0, 2.0], [3.0, 8.0], [5.0, 8.0]]), np.zeros(3)
        >>> u = Conditioned.of(Moments.of(X, y), bias=True).rows(Batch.of(X, y)).X
        >>> (u.T @ u / 3).round(12) + 0.0
        array([[1., 0.],
               [0., 1.]])
        """
        triangle = moments.triangle(fit_intercept=bias)
        columns, size = triangle.columns, np.abs(triangle.lower).max(axis=1, initial=0.0)
        T, inverse = np.zeros((moments.n_features, len(columns))), np.zeros((len(columns), moments.n_features))
        # Elimination finds nothing to do in a triangle: this is back substitution, right column by column.
        T[columns] = np.linalg.solve((triangle.lower / size[:, None]).T, np.eye(len(columns))) / size[:, None]
        inverse[:, columns] = triangle.lower.T
        target_centre = float(moments.mean[-1]) if bias else 0.0
        square = moments.scatter[-1, -1] / moments.weight + (moments.mean[-1] - target_centre) ** 2
        target_scale = float(2.0 ** np.round(0.5 * np.log2(square))) if square > 0 else 1.0
        centres, rests = triangle.centre[:-1], triangle.rest[:-1]
        lever = DoubleDouble.of(np.zeros(len(columns)))
        for row, centre, rest in zip(T, centres, rests, strict=True):
            lever += DoubleDouble.of(row) * DoubleDouble(np.array(centre), np.array(rest))
        return cls(centres, T, inverse, rests @ T, lever.high, target_centre, target_scale)

    def levelled(self, H: Array, *, bias: bool) -> tuple[Conditioned, Array]:
        """The frame in which a loss whose half Hessian is H in this one has all curvatures equal; and N, v = N v_new.

        Where rows do not bend a loss alike, those that do decide what is even: u_new = (u - shift) turn, from the
        triangular factor of the slopes' part of H about its own centre. A shift is a change of intercept.
        """
        slopes = H[: len(self.rest), : len(self.rest)]
        shift, level = np.zeros(len(self.rest)), float(np.diag(slopes).mean()) if len(slopes) else 1.0
        if bias:
            level = float(H[-1, -1])
            shift = H[-1, :-1] / level
            slopes = slopes - level * np.outer(shift, shift)
        lower = np.linalg.cholesky(slopes / level)
        turn = np.linalg.solve(lower.T, np.eye(len(lower)))
        new = replace(
            self,
            T=self.T @ turn,
            inverse=lower.T @ self.inverse,
            rest=(self.rest + shift) @ turn,
            lever=(self.lever + shift) @ turn,
        )
        N = np.eye(len(H))
        N[: len(turn), : len(turn)] = turn
        if bias:
            N[-1, :-1] = -shift @ turn
        return new, N

    def rows(self, batch: Batch) -> Batch:
        """The same rows, centred and whitened."""
        y = (batch.y - self.target_centre) / self.target_scale
        return Batch((batch.X - self.centre) @ self.T - self.rest, y, batch.weight, batch.share, batch.together)

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in data units -> in the frame. What left-out features had is dropped."""
        v = self.inverse @ w / self.target_scale
        return v, (b - self.target_centre) / self.target_scale + float(self.lever @ v)

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in the frame -> in data units."""
        b = self.target_centre + self.target_scale * (b - float(self.lever @ w))
        return self.target_scale * (self.T @ w), b

    def quadratic(self, data: Quadratic) -> Quadratic:
        """The same loss in units of target_scale^2: every curvature is two; the best intercept is zero."""
        best = self.inverse @ data.best[: len(self.centre)] / self.target_scale
        best = np.append(best, 0.0) if data.bias else best
        return Quadratic(np.eye(len(best)), best, data.floor / self.target_scale**2, data.bias)

    def differences(self, bias: bool) -> Array:
        """Slopes by T; a change of slopes also moves the intercept, as the line turns about the centre."""
        if not bias:
            return self.target_scale * self.T
        features, directions = self.T.shape
        A = np.zeros((features + 1, directions + 1))
        A[:-1, :-1], A[-1, :-1], A[-1, -1] = self.T, -self.lever, 1.0
        return self.target_scale * A
