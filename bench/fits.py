"""Contenders of the exact way. Each function prepares in its own process and returns the `Work` to be timed.

Answers are intercept first, then slopes; from a file, then the standard errors in the same order.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.tables import load
from bench.work import Work


def by_attributes(model: Any) -> list[float]:
    return [float(model.intercept_), *map(float, model.coef_)]


# --- arrays in memory: coefficients


def gradline(stem: str, precision: str) -> Work:
    from gradline import LinearRegression

    X, y = load(stem)
    return Work(lambda _: LinearRegression(precision=precision).fit(X, y), by_attributes)


def sklearn(stem: str) -> Work:
    from sklearn.linear_model import LinearRegression

    X, y = load(stem)
    return Work(lambda _: LinearRegression().fit(X, y), by_attributes)


def sklearn_in_place(stem: str) -> Work:
    """Without its copy and its check for NaN: X is spoilt by the fit and restored, untimed, before each."""
    import sklearn
    from sklearn.linear_model import LinearRegression

    sklearn.set_config(assume_finite=True)
    original, y = load(stem)
    X = original.copy()
    return Work(
        lambda _: LinearRegression(copy_X=False).fit(X, y), by_attributes, before=lambda: np.copyto(X, original)
    )


def sklearn_ridge(stem: str) -> Work:
    from sklearn.linear_model import Ridge

    X, y = load(stem)
    return Work(lambda _: Ridge(alpha=0.0, solver="cholesky").fit(X, y), by_attributes)


def intelex(stem: str) -> Work:
    from sklearnex.linear_model import LinearRegression

    X, y = load(stem)
    return Work(lambda _: LinearRegression().fit(X, y), by_attributes)


def bare_products(stem: str, threads: int) -> Work:
    """The floor under any one-pass fit: X'X and X'y over row blocks in the cache, one block a thread, nothing else."""
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    X, y = load(stem)
    rows = max(512, 2**17 // X.shape[1])

    def share(k: int) -> Any:
        total, moment = np.zeros((X.shape[1], X.shape[1])), np.zeros(X.shape[1])
        product = np.empty_like(total)
        for start in range(k * rows, len(X), threads * rows):
            x = X[start : start + rows]
            total += np.dot(x.T, x, out=product)
            moment += np.dot(y[start : start + rows], x)
        return total, moment

    def run(_: Any) -> Any:
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(share, range(threads)))
        return sum(part[0] for part in parts), sum(part[1] for part in parts)

    return Work(run, lambda _: [])


def bare_digit_products(stem: str, threads: int) -> Work:
    """The floor under the exact fit: the BLAS products of as many digits as X, y have, and no more.

    Three digits a number, in blocks of 512 rows: the same few again and again, which are in the cache. No number is cut
    into digits, no product is added to another, nothing is solved.
    """
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    from gradline.moments.integers.digit_products import MANY_COLUMNS
    from gradline.moments.integers.digits import BLOCK

    X, _ = load(stem)
    columns, blocks = X.shape[1] + 1, -(-len(X) // BLOCK)
    # Many columns: the squares of three digits and of three sums of two. Few: one square of all digits.
    products, lines = (6, columns) if columns >= MANY_COLUMNS else (1, 3 * columns + 1)
    at_once = max(1, 2**18 // (lines * BLOCK))
    digits = np.random.default_rng(0).integers(-(2**22), 2**22, (at_once, lines, BLOCK)).astype(float)
    del X

    def share(_: int) -> None:
        for _ in range(products * -(-blocks // (threads * at_once))):
            np.matmul(digits, digits.transpose(0, 2, 1))

    def run(_: Any) -> Any:
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            list(pool.map(share, range(threads)))

    return Work(run, lambda _: [])


def numpy_lstsq(stem: str) -> Work:
    """Handed its column of ones."""
    X, y = load(stem)
    design = np.column_stack([np.ones(len(X)), X])
    del X
    return Work(lambda _: np.linalg.lstsq(design, y, rcond=None)[0], lambda coef: coef.tolist())


def polars_ols(stem: str, method: str | None = None) -> Work:
    """Handed its data frame."""
    import polars as pl

    X, y = load(stem)
    frame = pl.DataFrame({**{f"x{j}": X[:, j].copy() for j in range(X.shape[1])}, "y": y})
    fit = _polars_fit(X.shape[1], "coefficients", method)
    del X

    def tell(result: Any) -> list[float]:
        *slopes, intercept = result.unnest("coefficients").row(0)
        return [intercept, *slopes]

    return Work(lambda _: frame.select(fit), tell)


def _polars_fit(d: int, mode: str, method: str | None) -> Any:
    import polars as pl
    import polars_ols  # noqa: F401 - registers .least_squares

    features = [pl.col(f"x{j}") for j in range(d)]
    return pl.col("y").least_squares.ols(*features, add_intercept=True, mode=mode, solve_method=method)


# --- files: from the path to coefficients, standard errors, t, p and R2


def gradline_file(path: str, precision: str = "auto") -> Work:
    from gradline import LinearRegression, open_source

    def run(_: Any) -> Any:
        return LinearRegression(precision=precision).fit(open_source(path, target="y")).summary()

    def tell(summary: Any) -> list[float]:
        figures = summary.as_dict()
        return [*figures["coef"].values(), *figures["standard_error"].values()]

    return Work(run, tell)


def pandas_statsmodels(path: str, reader: str = "c") -> Work:
    """Only the figures asked for: its printed summary would add tests of the residuals, at a price."""
    import statsmodels.api as sm

    read = _pandas_reader(path, reader)

    def run(_: Any) -> Any:
        frame = read()
        fit = sm.OLS(frame["y"], sm.add_constant(frame.drop(columns="y"))).fit()
        return fit.params, fit.bse, fit.tvalues, fit.pvalues, fit.conf_int(), fit.rsquared

    return Work(run, lambda figures: [*map(float, figures[0]), *map(float, figures[1])])


def pandas_sklearn(path: str, reader: str = "c") -> Work:
    """scikit-learn has no standard errors: they are the textbook's few lines, which its users write themselves."""
    from scipy import stats
    from sklearn.linear_model import LinearRegression

    read = _pandas_reader(path, reader)

    def run(_: Any) -> Any:
        frame = read()
        X, y = frame.drop(columns="y").to_numpy(), frame["y"].to_numpy()
        model = LinearRegression().fit(X, y)
        n, d = X.shape
        residuals = y - model.predict(X)
        rss, tss = residuals @ residuals, ((y - y.mean()) ** 2).sum()
        mean = X.mean(axis=0)
        inverse = np.linalg.inv(X.T @ X - n * np.outer(mean, mean))
        spread = np.append(1 / n + mean @ inverse @ mean, np.diag(inverse))
        errors = np.sqrt(rss / (n - d - 1) * spread)
        coef = np.array(by_attributes(model))
        t = coef / errors
        return coef, errors, t, 2 * stats.t.sf(abs(t), n - d - 1), 1 - rss / tss

    return Work(run, lambda figures: [*figures[0].tolist(), *figures[1].tolist()])


def polars_ols_file(path: str, d: int, method: str | None = None) -> Work:
    import polars as pl

    fit = _polars_fit(d, "statistics", method)
    scan = partial(pl.scan_csv if path.endswith(".csv") else pl.scan_parquet, path)

    def tell(result: Any) -> list[float]:
        figures = result.unnest("statistics")
        coef, errors = (figures[name].item().to_list() for name in ("coefficients", "standard_errors"))
        return [coef[-1], *coef[:-1], errors[-1], *errors[:-1]]

    return Work(lambda _: scan().select(fit).collect(), tell)


def pyarrow_read(path: str) -> Work:
    """Reads, and computes nothing: what any tool built on it pays at least."""
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    read = pa_csv.read_csv if path.endswith(".csv") else pq.read_table
    return Work(lambda _: read(path))


def _pandas_reader(path: str, engine: str) -> Any:
    import pandas as pd

    return partial(pd.read_csv, path, engine=engine) if path.endswith(".csv") else partial(pd.read_parquet, path)
