"""A sparse matrix is the table that its toarray() is, in memory that its dense form would not fit in."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from gradline import DataError, ExactMoments, GradientDescentRegressor, LinearRegression, Moments
from gradline.data import sparse
from gradline.data.arrays import ArraySource
from gradline.data.batch import Batch, rows_at_once
from gradline.data.float_arrays import as_features
from gradline.data.source import whole
from gradline.data.sparse import as_csr

FORMATS = ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
ROWS, FEATURES = 300, 6


def table(kind: Any = np.float64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A third of the cells is not zero; every column has some."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((ROWS, FEATURES)) < 0.3, rng.normal(0, 20, (ROWS, FEATURES)), 0.0).astype(kind)
    return X, X @ np.arange(1.0, FEATURES + 1) + rng.normal(size=ROWS)


def in_format(X: np.ndarray, name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.sparse.SparseEfficiencyWarning)  # so many diagonals
        return scipy.sparse.coo_array(X).asformat(name)


def same(one: Batch, other: Batch) -> bool:
    weights = (one.weight is None) == (other.weight is None)
    return weights and all(
        np.array_equal(a, b) for a, b in ((one.X, other.X), (one.y, other.y), (one.share, other.share))
    )


# One table


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.int8, np.uint16, np.bool_])
def test_every_format_and_type_is_its_dense_table(name: str, kind: Any) -> None:
    X, _ = table(kind)
    features, names = as_features(in_format(X, name))
    assert names is None
    assert features.dtype == np.float64
    assert np.array_equal(features.toarray(), X.astype(np.float64))


@pytest.mark.parametrize("name", FORMATS)
def test_the_old_matrix_classes_are_read_like_the_arrays(name: str) -> None:
    X, y = table()
    source = ArraySource(getattr(scipy.sparse, f"{name}_matrix")(in_format(X, name)), y)
    assert np.array_equal(source.whole().X, X)
    assert all(type(batch.X) is np.ndarray for batch in source.batches(50))


@pytest.mark.parametrize("name", ["csr", "csc", "coo"])
def test_indices_of_64_bits_are_read(name: str) -> None:
    X, y = table()
    matrix = in_format(X, name)
    if name == "coo":
        matrix.coords = tuple(index.astype(np.int64) for index in matrix.coords)
    else:
        matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    assert np.array_equal(ArraySource(matrix, y).whole().X, X)


@given(
    kind=st.sampled_from([np.float64, np.float32, np.int64, np.int8]), count=st.integers(0, 200), seed=st.integers(0)
)
def test_cells_stored_several_times_are_added_to_the_bit_as_scipy_adds_them(kind: Any, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, 3, count), rng.integers(0, 4, count)
    integers = rng.integers(-100, 101, count)
    data = integers.astype(kind) if np.dtype(kind).kind == "i" else (integers / 7).astype(kind)
    coo = scipy.sparse.coo_array((data, (rows, columns)), shape=(3, 4))
    order = np.argsort(rows, kind="stable")
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=3))])
    csr = scipy.sparse.csr_array((data[order], columns[order], pointers), shape=(3, 4))
    for X in (coo, csr, csr.tocsc()):
        before = [part.copy() for part in stored(X)]
        assert np.array_equal(as_csr(X).toarray(), X.toarray().astype(np.float64))
        # the user's matrix is untouched
        assert all(np.array_equal(a, b) for a, b in zip(before, stored(X), strict=True))


def stored(X: Any) -> tuple[np.ndarray, ...]:
    return (X.data, *X.coords) if X.format == "coo" else (X.data, X.indices, X.indptr)


def test_a_csr_of_float64_is_not_copied() -> None:
    csr = in_format(table()[0], "csr")
    assert as_features(csr)[0] is csr


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (scipy.sparse.coo_array([1.0, 2.0]), "Expected 2D array, got 1D array instead: X has shape .2,."),
        (scipy.sparse.csr_array([[1j]]), "Complex data not supported"),
        (scipy.sparse.csr_array((0, 3)), r"0 sample\(s\)"),
        (scipy.sparse.csr_array((3, 0)), r"0 feature\(s\)"),
        (
            scipy.sparse.csc_array([[0, 1, 0], [0, 0, 2], [0, 2**53 + 1, 0]]),
            "column 'x1' of X holds an integer that float64 cannot hold exactly: 9007199254740993 in row 3",
        ),
        (
            scipy.sparse.csr_array(([2**52, 2**52 + 1], [0, 0], [0, 2]), shape=(1, 1)),
            "column 'x0' of X holds an integer .*: 9007199254740993 in row 1",
        ),
    ],
)
def test_what_cannot_be_read_is_named(bad: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        as_features(bad)


def test_scipy_is_not_loaded_to_tell() -> None:
    code = (
        "import sys, numpy as np; from gradline.data.arrays import ArraySource; "
        "ArraySource(np.ones((2, 1)), np.ones(2)).whole(); print('scipy.sparse' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


# As a source


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """512 rows at once are the fewest: count a row as 64 numbers wide, and take 32 at once."""
    monkeypatch.setattr("gradline.data.arrays.rows_at_once", lambda features: 32)
    monkeypatch.setattr("gradline.data.tally.rows_at_once", lambda features: 32)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", [None, 1, 7, 32, 33, 100, 1000])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [None, 0])
def test_its_batches_are_those_of_the_dense_table(rows: int | None, weighted: bool, seed: int | None) -> None:
    X, y = table()
    weight = np.random.default_rng(1).integers(0, 3, ROWS) if weighted else None
    sources = ArraySource(in_format(X, "csc"), y, weight), ArraySource(X, y, weight)
    passes = [
        list(source.batches(rows, shuffle=None if seed is None else np.random.default_rng(seed))) for source in sources
    ]
    assert len(passes[0]) == len(passes[1])
    assert all(same(one, other) for one, other in zip(*passes, strict=True))
    assert all(one.X.flags.c_contiguous for one in passes[0])


def test_no_block_is_larger_than_rows_at_once() -> None:
    source = ArraySource(scipy.sparse.csr_array((3000, 2000)), np.zeros(3000))
    assert [len(batch) for batch in source.batches()] == [rows_at_once(2000)] * 5 + [440]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("weighted", [False, True])
def test_missing_cells_are_counted_named_and_dropped_as_in_the_dense_table(weighted: bool) -> None:
    X, y = table()
    X[[3, 40, 41, 299], [1, 1, 2, 5]] = [np.nan, np.inf, np.nan, -np.inf]
    X[100, [0, 4]] = np.nan
    y[200] = np.nan
    weight = np.arange(ROWS) % 4.0 if weighted else None
    sparse_one = ArraySource(in_format(X, "csr"), y, weight, missing="drop")
    dense_one = ArraySource(X, y, weight, missing="drop")
    assert same(sparse_one.whole(), dense_one.whole())
    assert sparse_one.dropped == dense_one.dropped
    assert (sparse_one.rows_read, sparse_one.rows_dropped) == (dense_one.rows_read, dense_one.rows_dropped)
    messages = []
    for features in (in_format(X, "csr"), X):
        with pytest.raises(DataError) as error:
            ArraySource(features, y, weight)
        messages.append(sorted(error.value.message.partition(": ")[2].split("; ")))
        with pytest.raises(DataError, match=r"column 'x1' has 1 missing .NaN. and 1 infinite .inf. cells"):
            as_features(features)
    assert messages[0] == messages[1]


def test_the_whole_is_dense_up_to_2_gb() -> None:
    X, y = table()
    assert np.array_equal(whole(ArraySource(in_format(X, "coo"), y)).X, X)
    rows = 250_001  # of 1000 features: 8 kB more than 2 GB
    source = ArraySource(scipy.sparse.csr_array((rows, 1000)), np.zeros(rows))
    with pytest.raises(DataError, match=r"its 250001 rows of 1000 features would take 2.0 GB") as error:
        source.whole()
    assert "engine='moments'" in str(error.value.hint)
    assert "batch_size" in str(error.value.hint)


# In the estimators


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("precision", ["exact", "float64", "auto"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_is_that_of_the_dense_table_to_the_bit(name: str, precision: str, weighted: bool) -> None:
    X, y = table()
    weight = np.random.default_rng(1).integers(0, 3, ROWS) if weighted else None
    ours = LinearRegression(precision=precision).fit(in_format(X, name), y, weight)
    other = LinearRegression(precision=precision).fit(X, y, weight)
    assert np.array_equal(ours.coef_, other.coef_)
    assert ours.intercept_ == other.intercept_
    # Predictions are sums of FEATURES + 1 products in another order.
    bound = 2 * (FEATURES + 1) * np.finfo(float).eps * (np.abs(X) @ np.abs(ours.coef_) + abs(ours.intercept_))
    assert (np.abs(ours.predict(in_format(X, name)) - other.predict(X)) <= bound).all()


def test_exact_moments_of_a_sparse_table_are_those_of_the_dense_one() -> None:
    X, y = table()
    moments = ExactMoments.from_batches(ArraySource(in_format(X, "lil"), y).batches(), FEATURES)
    assert moments == ExactMoments.of(X, y)


def test_rows_come_and_go_sparse() -> None:
    X, y = table()
    fit = LinearRegression().partial_fit(in_format(X[:200], "csr"), y[:200]).partial_fit(X[200:], y[200:])
    fit.forget(in_format(X[:50], "coo"), y[:50])
    assert fit.moments_ == ExactMoments.of(X[50:], y[50:])


def test_a_polynomial_and_its_intervals_take_a_sparse_column() -> None:
    X, y = table()
    x = in_format(X[:, :1], "csc")
    ours, other = LinearRegression(polynomial=2).fit(x, y), LinearRegression(polynomial=2).fit(X[:, :1], y)
    assert np.array_equal(ours.coef_, other.coef_)
    assert np.array_equal(ours.predict(x), other.predict(X[:, :1]))
    assert np.array_equal(ours.predict_interval(x), other.predict_interval(X[:, :1]))


@pytest.mark.parametrize("engine", ["numpy", "moments"])
def test_a_full_batch_descent_is_that_of_the_dense_table(engine: str) -> None:
    X, y = table()
    ours = GradientDescentRegressor(engine).fit(in_format(X, "csr"), y)
    other = GradientDescentRegressor(engine).fit(X, y)
    assert np.array_equal(ours.coef_, other.coef_)
    assert ours.loss_curve_ == other.loss_curve_


def test_a_mini_batch_descent_is_that_of_the_dense_table() -> None:
    X, y = table()
    model = GradientDescentRegressor(batch_size=32, max_iter=5, tol=None, random_state=0)
    ours = model.fit(in_format(X, "csc"), y).coef_.copy()
    assert np.array_equal(ours, model.fit(X, y).coef_)


def test_a_full_batch_too_large_to_be_dense_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "WHOLE_BYTES", ROWS * FEATURES * 8 - 1)
    X, y = table()
    with pytest.raises(DataError, match="X, y is sparse") as error:
        GradientDescentRegressor().fit(in_format(X, "csr"), y)
    assert "batch_size" in str(error.value.hint)
    GradientDescentRegressor("moments").fit(in_format(X, "csr"), y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two passes do not converge
        GradientDescentRegressor(batch_size=50, max_iter=2).fit(in_format(X, "csr"), y)
    fit = LinearRegression().fit(in_format(X, "csr"), y)
    assert fit.predict(in_format(X, "csr")).shape == (ROWS,)
    with pytest.raises(DataError, match="X is sparse") as error:
        fit.predict_interval(in_format(X, "csr"))
    assert error.value.hint == "take some rows at a time"


def test_one_hot_columns_come_sparse_from_a_pipeline() -> None:
    rng = np.random.default_rng(0)
    levels, y = rng.integers(0, 40, (ROWS, 2)), rng.normal(size=ROWS)
    encoder = OneHotEncoder(drop="first")
    design = encoder.fit_transform(levels)
    assert scipy.sparse.issparse(design)
    ours = make_pipeline(encoder, LinearRegression()).fit(levels, y)
    # QR of the dense design; its condition number is below 1e3, so that 1e-10 is a thousand times rounding.
    full = np.column_stack([design.toarray(), np.ones(ROWS)])
    assert np.linalg.cond(full) < 1e3
    Q, R = np.linalg.qr(full)
    np.testing.assert_allclose(ours[-1].coef_, np.linalg.solve(R, Q.T @ y)[:-1], rtol=1e-10, atol=1e-10)


def test_a_missing_cell_is_named_by_both_estimators() -> None:
    X, y = table()
    X[7, 2] = np.nan
    for model in (LinearRegression(), GradientDescentRegressor()):
        with pytest.raises(DataError, match=r"column 'x2' has 1 missing \(NaN\) cell, the first in row 8"):
            model.fit(in_format(X, "csc"), y)
    dropped = LinearRegression(missing="drop").fit(in_format(X, "csc"), y)
    assert dropped.n_dropped_ == 1
    with pytest.raises(DataError, match=r"column 'x2' has 1 missing \(NaN\) cell, the first in row 8"):
        dropped.predict(in_format(X, "csc"))


def test_a_table_far_larger_than_memory_would_hold_dense() -> None:
    """As one dense array these rows would take 160 MB; a block of them takes 8 MB."""
    rows, features = 100_000, 200
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((rows, features), density=0.005, format="csr", rng=rng)
    y = X @ np.arange(1.0, features + 1)
    source = ArraySource(X, y)
    Moments.from_batches(source.batches(1000), features)  # what is loaded on first use
    tracemalloc.start()
    fit = LinearRegression(precision="float64").fit(X, y)
    fit.predict(X)
    for _ in source.batches(256, shuffle=np.random.default_rng(0)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(fit.coef_, np.arange(1.0, features + 1), rtol=1e-9)
    assert peak < 64e6
