"""A fit as a frame for rows: coordinates in which its columns are orthonormal, and where its residuals are taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradline.data.tables import default_names
from gradline.errors import DataError
from gradline.moments.classical import infer
from gradline.moments.inference import Inference
from gradline.moments.integers.double_double import DoubleDouble
from gradline.moments.precision import Statistics
from gradline.solution import Array, Solution, Status

EPSILON = float(np.finfo(np.float64).eps)
LEAST, MOST = 1e-151, 1e152  # of a size, and of its norm over all rows: their squares are in the range of float64
ALONE, MOST_ALONE = 1e-12, 1e-8  # see `Frame.alone`
TIGHT = 1e-8  # what rows may differ by from those of the fit, where rounding is no excuse


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Coordinates z = (shift + (x - centre) whitening) turn of a row x: sum w z z' over all rows is the identity.

    They are the rows of an orthonormal factor of X, as a QR decomposition has it: so leverage is |z|^2, the covariance
    of the coefficients is residual_sd^2 T T', and nothing that is summed over rows cancels. The triangular factor comes
    from sums (`gradline.moments.solve.Triangle`), which may have squared the condition number: the second pass looks at
    the sums of z z' and, where need be, turns z by a second Cholesky factor (CholeskyQR2: Yamamoto, Nakatsukasa,
    Yanagisawa and Fukaya 2015).

    Attributes
    ----------
    names : tuple of str
        Terms; "(Intercept)" first, where there is one. k_all of them.
    fit_intercept : bool
    kept : (features,) int
        Columns of X that are estimated; the others depend on those before them.
    centre : (p,) float64
        Means of the columns of X; zeros without an intercept.
    whitening, shift : (p, k), (k,) float64
        Column 0 of `whitening` is zero where there is an intercept.
    turn : (k, k) float64 or None
        Upper triangular; None: the identity. It is applied after the rows were whitened, as rounding has left them.
    T : (k_all, k) float64
        Coefficients in data units = T @ (coefficients on z). NaN in the rows of terms that are not estimated.
    coefficients : (k_all,) float64
        In data units; zero where not estimated.
    level, level_rest : float
        The fitted value at the centre, and what rounding took from it: residuals of a y far from zero can tell.
    residual_sd : float
        0 for an exact fit, NaN without residual degrees of freedom.
    exact_fit : bool
        The rows lie on the fit to rounding, or there are no more rows than coefficients.
    df_residual, rows : int
        Rows are those of weight above zero; frequency weights are counted.
    weight : float
        Sum of the weights.
    target_centre : float
        Mean of y; 0 without an intercept.
    pull : (k,) float64
        What the residuals have left in the directions z: zero for least squares, else the way to its answer.
    alone : float
        A row with 1 - leverage at most this decides its own fitted value: nothing is left to judge it by. Whitening
        multiplies the rounding of a row by the condition number, and so much of its leverage is not known; of columns
        that are collinear but for their last digits still less is, but few rows are such rows for that.
    condition : float
        Of the columns, scaled (in the Frobenius norm).
    terms : float
        Size of the slopes times the sd of their columns: a residual errs by as much, times EPSILON.
    looseness : float
        How far from orthonormal rounding may have left the frame of `of`; rows further off are not those of the fit.

    Examples
    --------
    >>> from gradline.moments.moments import Moments
    >>> X, y = np.array([[1.0], [2.0], [3.0], [6.0]]), np.array([1.0, 3.0, 2.0, 6.0])
    >>> m = Moments.of(X, y)
    >>> frame = Frame.of(m, m.solve(), fit_intercept=True)
    >>> z = frame.shift + (X - frame.centre) @ frame.whitening
    >>> (z.T @ z).round(12) + 0.0
    array([[1., 0.],
           [0., 1.]])
    >>> (frame.T @ (z.T @ y)).round(12), frame.coefficients.round(12)
    (array([0.21428571, 0.92857143]), array([0.21428571, 0.92857143]))
    """

    names: tuple[str, ...]
    fit_intercept: bool
    kept: NDArray[np.intp]
    centre: Array
    whitening: Array
    shift: Array
    turn: Array | None
    T: Array
    coefficients: Array
    level: float
    level_rest: float
    residual_sd: float
    exact_fit: bool
    df_residual: int
    rows: int
    weight: float
    target_centre: float
    pull: Array
    alone: float
    condition: float
    terms: float
    looseness: float

    @classmethod
    def of(
        cls,
        moments: Statistics,
        solution: Solution,
        *,
        fit_intercept: bool,
        names: Sequence[str] | None = None,
        inference: Inference | None = None,
    ) -> Frame:
        """From the statistics of the rows and a solution, which need not be that of least squares.

        Parameters
        ----------
        moments, solution, fit_intercept
            As `gradline.moments.classical.infer` takes them.
        names : sequence of str, optional
            Of the columns of X; default: x0, x1, ...
        inference : Inference, optional
            Of these, where it is known already.

        Raises
        ------
        DataError
            Without rows.
        """
        inference = infer(moments, solution, fit_intercept=fit_intercept) if inference is None else inference
        triangle = moments.triangle(fit_intercept=fit_intercept)
        features, bias = moments.n_features, int(fit_intercept)
        kept, root = triangle.columns, float(np.sqrt(moments.weight))
        size = np.abs(triangle.lower).max(axis=1, initial=0.0)
        terms = (("(Intercept)",) if bias else ()) + tuple(names or default_names(features))
        _refuse_extremes(np.append(size, inference.residual_sd), root, [*(terms[bias + j] for j in kept), None])
        whole = triangle.whitening(moments.weight, fit_intercept=fit_intercept)
        whitening, shift = whole[bias:], whole[0] if bias else np.zeros(len(kept))
        centre, rest = triangle.centre[:-1], triangle.rest[:-1]
        T = np.full((features + bias, len(kept) + bias), np.nan)
        T[kept + bias] = whitening[kept]
        if bias:
            T[0] = -_dot(centre, rest, whitening).high
            T[0, 0] = shift[0]

        slopes = solution.coef
        level = _dot(np.append(centre, 1.0), np.zeros(features + 1), np.append(slopes, solution.intercept)[:, None])[0]
        if bias and solution.status is Status.SOLVED:  # through the means; an intercept far from y has lost its digits
            mean = DoubleDouble(triangle.centre[-1:], triangle.rest[-1:])[0]
            level = mean - DoubleDouble.of(np.array(rest @ slopes))
        pull = np.zeros(len(kept) + bias)
        if solution.status is not Status.SOLVED:
            best = moments.solve(fit_intercept=fit_intercept)
            change = best.coef - slopes
            pull[bias:] = root * (triangle.lower.T @ change[kept])
            if bias:
                pull[0] = root * (best.intercept - solution.intercept + float(centre @ change))
            if np.delete(change, kept).any():  # an effect shared with a column that depends on others: no one way back
                pull[:] = np.nan
        scaled, inverse = triangle.lower / size[:, None], whitening[kept, bias:] * size[:, None] * root
        condition = float(np.linalg.norm(scaled) * np.linalg.norm(inverse))
        spread = np.sqrt((triangle.lower**2).sum(axis=1))
        far = np.abs(centre[kept]) / spread
        return cls(
            names=terms,
            fit_intercept=fit_intercept,
            kept=kept,
            centre=centre,
            whitening=whitening,
            shift=shift,
            turn=None,
            T=T,
            coefficients=np.append(solution.intercept, slopes) if bias else slopes,
            level=float(level.high),
            level_rest=float(level.low),
            residual_sd=inference.residual_sd,
            exact_fit=inference.exact_fit,
            df_residual=inference.df_residual,
            rows=inference.rows,
            weight=float(moments.weight),
            target_centre=float(moments.mean[-1]) if bias else 0.0,
            pull=pull,
            alone=min(ALONE + 4.0 * EPSILON * condition, MOST_ALONE),
            condition=condition,
            terms=math.hypot(*(slopes[kept] * spread)),
            looseness=TIGHT + 100.0 * EPSILON * condition * (condition + float(far.max(initial=0.0))),
        )

    @property
    def k(self) -> int:
        """Estimated coefficients."""
        return len(self.shift)

    @property
    def bias(self) -> int:
        """1 where there is an intercept, the first of the terms; else 0."""
        return int(self.fit_intercept)

    @property
    def slopes(self) -> Array:
        """(p,) coefficients of the columns of X."""
        return self.coefficients[self.bias :]

    def directions(self) -> Array:
        """(k + 1, p + 1) what makes z, before its turn, of a row about the centre and a one; last, its fitted value."""
        directions = np.zeros((self.k + 1, len(self.centre) + 1))
        directions[:-1, :-1] = self.whitening.T
        directions[:-1, -1] = self.shift
        directions[-1, :-1] = self.slopes
        directions[-1, -1] = self.level_rest
        return directions

    def in_data_units(self, covariance: Array) -> Array:
        """T C T': the covariance of coefficients on z as one of the terms; NaN for those that are not estimated.

        Squares of standard errors beyond float64 are inf or 0.
        """
        return _moved(self.T, covariance)

    def about_centre(self) -> Array:
        """T with the fitted value at the centre in place of the intercept, which cancels far from zero."""
        T = self.T.copy()
        if self.bias:
            T[0] = self.shift if self.turn is None else self.turn.T @ self.shift
        return T

    def whitened_by(self, gram: Array) -> Frame:
        """The frame in which sums that are `gram` in this one are the identity: z_new = L^-1 z, gram = L L'.

        Raises
        ------
        numpy.linalg.LinAlgError
            Where `gram` is singular to rounding.
        """
        lower = np.linalg.cholesky(gram)
        more = np.linalg.solve(lower.T, np.eye(len(lower)))
        turn = more if self.turn is None else self.turn @ more
        return replace(self, turn=turn, T=self.T @ more, pull=more.T @ self.pull)


class BeyondSquaresError(DataError):
    """The rows are those of the fit, and a second look at them would say nothing."""


def _refuse_extremes(sizes: Array, root: float, columns: Sequence[str | None]) -> None:
    """Columns, or residuals (None), whose squares leave float64; `root` of the weight of all rows."""
    for size, column in zip(sizes.tolist(), columns, strict=True):
        if size != 0.0 and not math.isnan(size) and not (size > LEAST and size * root < MOST):
            what = "residuals" if column is None else f"column {column!r}"
            raise BeyondSquaresError(
                f"a second look takes squares, and those of {what} (sd {size:.1g}) leave the range of float64",
                hint=f"measure {'the target' if column is None else 'the column'} in another unit",
            )


def _moved(T: Array, covariance: Array) -> Array:
    """T C T', in the rows of T that are known."""
    estimated = np.flatnonzero(np.isfinite(T).all(axis=1))
    whole = np.full((len(T), len(T)), np.nan)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        part = T[estimated] @ covariance @ T[estimated].T
        whole[np.ix_(estimated, estimated)] = 0.5 * (part + part.T)
    return whole


def _dot(centre: Array, rest: Array, columns: Array) -> DoubleDouble:
    """(centre + rest)' columns: where columns are far from zero and nearly collinear the sums cancel."""
    total = DoubleDouble.of(np.zeros(columns.shape[1]))
    for row, high, low in zip(columns, centre, rest, strict=True):
        total += DoubleDouble.of(row) * DoubleDouble(np.array(high), np.array(low))
    with np.errstate(over="ignore", invalid="ignore"):
        plain: Array = centre @ columns
    known = np.isfinite(total.high) & np.isfinite(total.low)
    return DoubleDouble(np.where(known, total.high, plain), np.where(known, total.low, 0.0))
