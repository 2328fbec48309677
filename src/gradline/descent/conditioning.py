"""Change the variables so that every curvature is one: then the best rate is known, and one step nearly suffices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.quadratic import Quadratic
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution


class Frame(Protocol):
    """Coordinates to descend in: an affine change of the rows and of y, which has no effect on what is best."""

    @property
    def target_scale(self) -> float:
        """A residual in the frame is so many in data units; a loss, its square."""

    @property
    def target_centre(self) -> float:
        """The y that is zero in the frame."""

    def rows(self, batch: Batch) -> Batch:
        """The same rows in the frame."""

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in data units -> in the frame."""

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in the frame -> in data units."""

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
    """Rows u = (x - centre) T, target (y - target_centre) / target_scale; slopes v are w = target_scale T v outside.

    Attributes
    ----------
    centre : (features,) float64
        Column means; zero where there is no intercept.
    T : (features, directions) float64
        Columns are directions of equal spread; rows of left-out (collinear) features are zero.
    inverse : (directions, features) float64
        A left inverse of T.
    target_centre, target_scale : float
        The scale is a power of two near the spread of y: exact, and no y is too large or small for any dtype.
    spread : (directions, directions) float64
        Mean of u u', the identity but for rounding.
    """

    centre: Array
    T: Array
    inverse: Array
    target_centre: float
    target_scale: float
    spread: Array

    @classmethod
    def of(cls, moments: Statistics, solution: Solution, *, bias: bool) -> Conditioned:
        """Whiten by the symmetric root of the correlation matrix (Kessy, Lewin, Strimmer 2018: ZCA-cor).

        Columns are centred (where there is an intercept) and scaled to unit variance first. Eigenvalues below
        rounding are raised to it: even a singular matrix gives a finite frame, in which no curvature exceeds
        that of the identity, so a descent can be slow there but cannot diverge.
        """
        mean = moments.mean
        C = moments.scatter[:-1, :-1] / moments.weight
        if not bias:
            C = C + np.outer(mean[:-1], mean[:-1])
        left_out = {d.column for d in solution.certificate.dependencies} if solution.certificate else set()
        kept = [j for j in range(len(C)) if j not in left_out]
        scale = np.sqrt(np.diag(C)[kept])
        values, Q = np.linalg.eigh(C[np.ix_(kept, kept)] / np.outer(scale, scale))
        root = np.sqrt(np.maximum(values, len(kept) * np.finfo(float).eps))
        T, inverse = np.zeros((len(C), len(kept))), np.zeros((len(kept), len(C)))
        T[kept] = (Q / root) @ Q.T / scale[:, None]
        inverse[:, kept] = (Q * root) @ Q.T * scale
        centre, target_centre = (mean[:-1], float(mean[-1])) if bias else (np.zeros(len(C)), 0.0)
        square = moments.scatter[-1, -1] / moments.weight + (mean[-1] - target_centre) ** 2
        target_scale = float(2.0 ** np.round(0.5 * np.log2(square))) if square > 0 else 1.0
        # Not T'CT: where the matrix is singular to rounding that has rounding of size one, and negative curvatures.
        spread = (Q * (np.maximum(values, 0.0) / root**2)) @ Q.T
        return cls(centre, T, inverse, target_centre, target_scale, spread)

    def rows(self, batch: Batch) -> Batch:
        """The same rows, centred and whitened."""
        y = (batch.y - self.target_centre) / self.target_scale
        return Batch((batch.X - self.centre) @ self.T, y, batch.weight, batch.share)

    def enter(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in data units -> in the frame. What left-out features had is dropped."""
        b = b + float(self.centre @ w) - self.target_centre
        return self.inverse @ w / self.target_scale, b / self.target_scale

    def leave(self, w: Array, b: float) -> tuple[Array, float]:
        """Parameters in the frame -> in data units."""
        w = self.target_scale * (self.T @ w)
        return w, self.target_scale * b + self.target_centre - float(self.centre @ w)

    def quadratic(self, data: Quadratic) -> Quadratic:
        """The same loss in units of target_scale^2: curvature is the spread of the rows; the best intercept is zero."""
        best = self.inverse @ data.best[: len(self.centre)] / self.target_scale
        floor = data.floor / self.target_scale**2
        if not data.bias:
            return Quadratic(self.spread, best, floor, False)
        H = np.eye(len(best) + 1)
        H[:-1, :-1] = self.spread
        return Quadratic(H, np.append(best, 0.0), floor, True)

    def differences(self, bias: bool) -> Array:
        """Slopes by T; a change of slopes also moves the intercept, as the line turns about the centre."""
        if not bias:
            return self.target_scale * self.T
        features, directions = self.T.shape
        A = np.zeros((features + 1, directions + 1))
        A[:-1, :-1], A[-1, :-1], A[-1, -1] = self.T, -self.centre @ self.T, 1.0
        return self.target_scale * A
