"""What the page knows of a table: the loss as a quadratic in one or two coordinates, for each way to look at it.

For a squared loss everything drawn follows from loss(v) = floor + (v - best)' H (v - best), whatever the number of
rows. One or two coefficients are coordinates themselves. More are seen in the plane through the answer along the
steepest and the flattest eigenvector of H: a descent does not mix eigenvectors, so what is seen there is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradline.descent.goal.quadratic import Quadratic
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The columns z that parameters v multiply: x_j, or (x_j - centre_j) / scale_j, and 1 for an intercept."""

    intercept: bool
    standardise: bool
    centre: Array
    scale: Array

    @classmethod
    def of(cls, moments: Statistics, *, intercept: bool, standardise: bool) -> Coordinates:
        """Standardised columns have mean square one; they are centred where an intercept can make up for it."""
        p = moments.n_features
        centre, scale = np.zeros(p), np.ones(p)
        if standardise:
            variance, mean = np.diag(moments.scatter)[:-1] / moments.weight, moments.mean[:-1]
            centre = mean if intercept else centre
            scale = np.sqrt(variance if intercept else variance + mean**2)
        return cls(intercept, standardise, centre, scale)

    @property
    def said(self) -> str:
        """In words."""
        units = "standardised units, z = (x - mean) / deviation" if self.standardise else "data units"
        if self.standardise and not self.intercept:
            units = "standardised units, z = x / root mean square"
        return f"{'with an' if self.intercept else 'no'} intercept, {units}"

    def enter(self, v: Array) -> Array:
        """(k,) coefficients in data units -> in these coordinates."""
        w = v[: len(self.scale)] * self.scale
        return np.append(w, v[-1] + v[:-1] @ self.centre) if self.intercept else w

    def quadratic(self, moments: Statistics, solution: Solution) -> Quadratic:
        """The loss in these coordinates. From centred sums: to centre afterwards would leave their rounding only."""
        data = Quadratic.of(moments, solution, bias=self.intercept)
        if not self.standardise:
            return data
        off = moments.mean[:-1] - self.centre
        H = (moments.scatter[:-1, :-1] / moments.weight + np.outer(off, off)) / np.outer(self.scale, self.scale)
        best = solution.coef * self.scale
        if self.intercept:  # centred columns have nothing in common with the constant one, which takes the mean of y
            H = np.block([[H, np.zeros((len(H), 1))], [np.zeros((1, len(H))), np.ones((1, 1))]])
            best = np.append(best, moments.mean[-1])
        return Quadratic(H, best, data.floor, data.bias)

    def columns(self, X: Array) -> Array:
        """(rows, k) z."""
        z = (X - self.centre) / self.scale
        return np.column_stack([z, np.ones(len(X))]) if self.intercept else z


@dataclass(frozen=True, eq=False)
class View:
    """One way to look at a table: coordinates, and the plane in them where there are more than two.

    Attributes
    ----------
    quadratic : Quadratic
        In all coordinates.
    names, axes : tuple of str
        Of the axes of the picture, one or two: in a word, and by what they are made of.
    plane : (d, k) float64 or None
        Orthonormal directions through the answer, the steepest first; None where the coordinates are the axes.
    H, best, floor
        The loss as the picture has it.
    start : (k,) float64
    wrong_best, wrong_floor
        The same of the loss that compares every prediction with every target, which has the same H: a prediction of
        shape (n, 1) less a target of shape (n,) is n x n numbers.
    """

    coordinates: Coordinates
    features: tuple[str, ...]
    quadratic: Quadratic
    names: tuple[str, ...]
    axes: tuple[str, ...]
    plane: Array | None
    H: Array
    best: Array
    floor: float
    start: Array
    wrong_best: Array
    wrong_floor: float

    @classmethod
    def of(
        cls, moments: Statistics, solution: Solution, start: Array, features: Sequence[str], coordinates: Coordinates
    ) -> View:
        """`start` (d,) is in data units."""
        intercept = coordinates.intercept
        q = coordinates.quadratic(moments, solution)
        begin = coordinates.enter(start)
        wrong_best, wrong_floor = _against_every_target(moments, q, coordinates)
        if len(q.best) <= 2:
            names = ("a", "b")[: len(q.best)] if len(features) == 1 else tuple(features)
            return cls(
                coordinates,
                tuple(features),
                q,
                names,
                names,
                None,
                q.H,
                q.best,
                q.floor,
                begin,
                wrong_best,
                wrong_floor,
            )
        values, vectors = q.curvatures
        flattest = int(np.flatnonzero(values >= q.smallest)[0])
        plane = vectors[:, [len(values) - 1, flattest]]
        plane = plane * np.where(plane[np.abs(plane).argmax(0), [0, 1]] < 0, -1.0, 1.0)
        H = np.diag(values[[len(values) - 1, flattest]] / 2)
        off = wrong_best - q.best
        in_plane = plane.T @ off
        apart = float(off @ q.H @ off - in_plane @ H @ in_plane)  # what no movement in the plane can make good
        columns = [*features, "intercept"] if intercept else list(features)
        axes = tuple(mostly(direction, columns) for direction in plane.T)
        best, begin, wrong = np.zeros(2), plane.T @ (begin - q.best), wrong_floor + max(apart, 0.0)
        names = ("steepest", "flattest")
        floor = q.floor
        return cls(coordinates, tuple(features), q, names, axes, plane, H, best, floor, begin, in_plane, wrong)

    @property
    def curvatures(self) -> tuple[Array, Array]:
        """Eigenvalues of the picture's Hessian, ascending, and their directions as columns."""
        values, vectors = np.linalg.eigh(2.0 * self.H)
        return values, vectors

    @property
    def directions(self) -> tuple[str, ...]:
        """What to call the eigenvectors, ascending; with the column they mostly are, where that tells them apart."""
        if len(self.best) == 1:
            return self.names
        columns = self.names if self.plane is None else (*self.features, "intercept")
        vectors = self.curvatures[1] if self.plane is None else self.plane[:, ::-1]  # the plane has the steepest first
        most = [columns[j] for j in np.abs(vectors).argmax(0)]
        within = [f" ({column})" for column in most] if most[0] != most[1] else ["", ""]
        return f"the flat direction{within[0]}", f"the steep direction{within[1]}"

    def place(self, v: Array) -> Array:
        """(..., k) where coefficients (..., d) in these coordinates are in the picture."""
        return v if self.plane is None else (v - self.quadratic.best) @ self.plane

    def columns(self, X: Array) -> tuple[Array, Array]:
        """(rows, k) and (rows,): a prediction is offset + columns @ place."""
        z = self.coordinates.columns(X)
        if self.plane is None:
            return z, np.zeros(len(X))
        return z @ self.plane, z @ self.quadratic.best


def _against_every_target(moments: Statistics, q: Quadratic, coordinates: Coordinates) -> tuple[Array, float]:
    """mean_ij (p_i - y_j)^2 = mean_i (p_i - mean y)^2 + var y: every row is asked for the mean."""
    mean_y = float(moments.mean[-1])
    variance = float(moments.scatter[-1, -1]) / moments.weight
    if coordinates.intercept:
        best = np.zeros(len(q.best))
        best[-1] = mean_y
        return best, variance
    mean_z = coordinates.columns(moments.mean[None, :-1])[0]
    best = np.linalg.lstsq(q.H, mean_z, rcond=None)[0] * mean_y
    return best, variance + mean_y * (mean_y - float(mean_z @ best))


def mostly(direction: Array, columns: Sequence[str]) -> str:
    """A direction by its largest columns.

    Examples
    --------
    >>> mostly(np.array([0.95, 0.05, -0.31]), ["sqft", "age", "intercept"])
    '0.95 sqft - 0.31 intercept'
    """
    largest = np.argsort(-np.abs(direction))[:2]
    kept = [j for j in largest if abs(direction[j]) >= 0.2 * np.abs(direction).max()]
    terms = [f"{'-' if direction[j] < 0 else '+'} {_times(abs(direction[j]), columns[j])}" for j in kept]
    return " ".join(terms).removeprefix("+ ")


def _times(share: float, column: str) -> str:
    return column if share > 0.995 else f"{share:.2f} {column}"
