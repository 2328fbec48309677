"""The tools whose digits are counted, as their users call them: a design and a response to coefficients.

Each returns the intercept first, where there is one, then the slopes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.work import Work, reason

ORDERS = 25


@dataclass(frozen=True, eq=False)
class Table:
    """x (n, columns) as given, X (n, p) with its powers up to `degree`, y (n,)."""

    x: np.ndarray
    X: np.ndarray
    y: np.ndarray
    degree: int
    intercept: bool

    def reordered(self, order: np.ndarray) -> Table:
        return replace(self, x=self.x[order], X=self.X[order], y=self.y[order])

    def with_ones(self) -> np.ndarray:
        return np.column_stack([np.ones(len(self.X)), self.X]) if self.intercept else self.X


Solver = Callable[[Table], list[float]]


def gradline(precision: str) -> Solver:
    from gradline import LinearRegression

    return _estimator(lambda intercept: LinearRegression(fit_intercept=intercept, precision=precision))


def gradline_powers() -> Solver:
    """From raw x: the only one that is not handed the rounded powers."""
    from gradline import LinearRegression

    def solve(table: Table) -> list[float]:
        model = LinearRegression(polynomial=table.degree, fit_intercept=table.intercept)
        return _coefficients(model.fit(table.x, table.y), table.intercept)

    return solve


def sklearn() -> Solver:
    from sklearn.linear_model import LinearRegression

    return _estimator(lambda intercept: LinearRegression(fit_intercept=intercept))


def sklearn_tol() -> Solver:
    """`tol` as low as makes sense: cut nothing that float64 can tell from zero."""
    from sklearn.linear_model import LinearRegression

    tol = float(np.finfo(float).eps)
    return _estimator(lambda intercept: LinearRegression(fit_intercept=intercept, tol=tol))


def intelex() -> Solver:
    from sklearnex.linear_model import LinearRegression

    return _estimator(lambda intercept: LinearRegression(fit_intercept=intercept))


def statsmodels(method: str) -> Solver:
    import statsmodels.api as sm

    return lambda table: sm.OLS(table.y, table.with_ones()).fit(method=method).params.tolist()


def numpy_lstsq() -> Solver:
    return lambda table: np.linalg.lstsq(table.with_ones(), table.y, rcond=None)[0].tolist()


def polars_ols() -> Solver:
    import polars as pl
    import polars_ols  # noqa: F401 - registers .least_squares

    def solve(table: Table) -> list[float]:
        names = [f"x{j}" for j in range(table.X.shape[1])]
        frame = pl.DataFrame({**dict(zip(names, np.ascontiguousarray(table.X.T), strict=True)), "y": table.y})
        fit = pl.col("y").least_squares.ols(*names, add_intercept=table.intercept, mode="coefficients")
        found = list(frame.select(fit).unnest("coefficients").row(0))
        return [found[-1], *found[:-1]] if table.intercept else found

    return solve


def prepared(folder: str, solver: str, **arguments: Any) -> Work:
    """Asked for a problem, solves it in the order given and in 25 others; what fails gives the reason."""
    solve = globals()[solver](**arguments)

    def run(problem: str) -> list[list[float] | str]:
        with np.load(Path(folder) / f"{problem}.npz") as file:
            table = Table(file["x"], file["X"], file["y"], int(file["degree"]), bool(file["intercept"]))
        return [_attempt(solve, table.reordered(order)) for order in orders(len(table.y))]

    return Work(run, lambda solutions: solutions)


def orders(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(n)
    return [np.arange(n), *(rng.permutation(n) for _ in range(ORDERS))]


def _attempt(solve: Solver, table: Table) -> list[float] | str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what counts here is the numbers
        try:
            return solve(table)
        except BaseException as error:  # a Rust panic is no Exception
            return reason(error)


def _estimator(make: Callable[[bool], Any]) -> Solver:
    return lambda table: _coefficients(make(table.intercept).fit(table.X, table.y), table.intercept)


def _coefficients(model: Any, intercept: bool) -> list[float]:
    slopes = [float(c) for c in model.coef_]
    return [float(model.intercept_), *slopes] if intercept else slopes
