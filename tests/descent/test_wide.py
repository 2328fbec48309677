"""More features than p^2 sums have room for: the same answers as the narrow way, and never more said than is seen."""

import re
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, lsqr
from sklearn.exceptions import ConvergenceWarning

from gradline import DataError, DivergenceError, GradientDescentRegressor, LinearRegression, open_source
from gradline.data.arrays import ArraySource
from gradline.descent.goal.standardised import Standardised
from gradline.descent.wide import lanczos
from gradline.descent.wide.rows import WideRows
from gradline.descent.wide.shifted import Shifted
from gradline.errors import CollinearityWarning
from gradline.moments.columns import Columns, columns_of
from tests.test_hostile_descent import TABLES, WAYS, descended, verdict

ROW_ENGINES = ["numpy", "autograd", "nn"]


@pytest.fixture
def all_are_wide(monkeypatch):
    """Small problems through the wide way."""
    monkeypatch.setattr("gradline.descent.fit.MOST_FEATURES", 0)


def table(rows=300, features=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features)) + 0.5 * rng.normal(size=(rows, 1)) + rng.normal(size=features)
    return X, X @ rng.normal(size=features) + 3 + rng.normal(size=rows)


def gaps(fit, X, y, sample_weight=None):
    """Distances of all parameters from the exact way's, in its standard errors."""
    exact = LinearRegression(fit_intercept=fit.fit_intercept).fit(X, y, sample_weight=sample_weight)
    error, distance = exact.inference().standard_error, np.abs(fit.coef_ - exact.coef_)
    if fit.fit_intercept:
        distance = np.append(abs(fit.intercept_ - exact.intercept_), distance)
    return distance / error


def test_fewer_rows_than_features_end_at_the_smallest_answer_in_standard_deviations():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3000)) * np.exp(rng.normal(size=3000))
    y = X[:, 0] + rng.normal(size=400) + 3
    with pytest.warns(CollinearityWarning, match="400 rows cannot tell 3000 features apart"):
        fit = GradientDescentRegressor().fit(X, y)
    best = np.linalg.lstsq((X - X.mean(0)) / X.std(0), y - y.mean(), rcond=None)[0]
    off = np.linalg.norm(fit.coef_ * X.std(0) - best) / np.linalg.norm(best)
    assert fit.converged_
    assert off <= fit.optimality_gap_ <= 1e-6
    assert "the nearest least squares answer, going by the gradient" in fit.stop_reason_
    assert not hasattr(fit, "exact_coef_")
    assert not hasattr(fit, "exact_intercept_")


def test_more_rows_than_features_end_within_a_hundredth_of_the_standard_errors(all_are_wide):
    rng = np.random.default_rng(0)
    n, p = 1200, 630
    X = rng.normal(size=(n, p))
    X[:, 1:] += 0.3 * X[:, :-1]
    y = X[:, 0] + rng.normal(size=n) + 3
    fit = GradientDescentRegressor(tol=1e-3).fit(X, y)
    # Condition number below 100: the normal equations, solved in float64, are right to ten digits.
    Z = np.column_stack([X, np.ones(n)])
    best = np.linalg.solve(Z.T @ Z, Z.T @ y)
    residuals = Z @ best - y
    error = np.sqrt(np.diag(np.linalg.inv(Z.T @ Z)) * (residuals @ residuals) / (n - p - 1))
    worst = np.max(np.abs(np.append(fit.coef_, fit.intercept_) - best) / error)
    assert fit.converged_
    assert worst <= fit.optimality_gap_ <= 1e-3


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("engine", ROW_ENGINES)
def test_both_ways_end_at_the_same_answer(engine, fit_intercept, all_are_wide):
    X, y = table()
    fit = GradientDescentRegressor(engine, fit_intercept=fit_intercept).fit(X, y)
    assert fit.converged_
    assert np.max(gaps(fit, X, y)) <= fit.optimality_gap_ <= 1e-6


def test_weights_count_as_repetition_does(all_are_wide):
    X, y = table()
    times = np.random.default_rng(1).integers(1, 4, len(y))
    fit = GradientDescentRegressor().fit(X, y, sample_weight=times.astype(float))
    again = GradientDescentRegressor().fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    assert np.max(gaps(fit, X, y, times.astype(float))) <= 1e-6
    np.testing.assert_allclose(fit.coef_, again.coef_, rtol=1e-6)


def test_scales_from_1e_minus_12_to_1e12(all_are_wide):
    X, y = table()
    X *= 10.0 ** np.linspace(-12, 12, X.shape[1])
    fit = GradientDescentRegressor().fit(X, y)
    assert fit.converged_
    assert np.max(gaps(fit, X, y)) <= 1e-6


def test_constant_columns_keep_zero_and_equal_columns_share(all_are_wide):
    X, y = table()
    X = np.column_stack([X, X[:, 0], np.full(len(y), 0.1)])
    with pytest.warns(CollinearityWarning) as told:
        fit = GradientDescentRegressor().fit(X, y)
    assert any("'x13'" in str(warning.message) for warning in told)
    assert any("combinations of others" in str(warning.message) for warning in told)
    assert fit.coef_[13] == 0.0
    # The same column twice takes the same steps: equal but for the rounding of products in another order.
    assert fit.coef_[0] == pytest.approx(fit.coef_[12], rel=1e-12)
    merged = fit.coef_[:12] + np.append(fit.coef_[12], np.zeros(11))
    exact = LinearRegression().fit(X[:, :12], y)
    assert np.max(np.abs(merged - exact.coef_) / exact.inference().standard_error[1:]) <= 1e-6


def one_hot(rows=20_000, features=5000):
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, features - 100, rows), rng.integers(features - 100, features, rows)
    X = sparse.csr_array(
        (np.ones(2 * rows), (np.tile(np.arange(rows), 2), np.append(left, right))), shape=(rows, features)
    )
    effect = rng.normal(size=features)
    return X, X @ effect + rng.normal(size=rows)


def smallest_answer(X, y):
    """By LSQR, centred and scaled without a dense copy; from zero it ends at the shortest."""
    mean = np.asarray(X.mean(axis=0)).ravel()
    scale = np.sqrt(np.asarray(X.multiply(X).mean(axis=0)).ravel() - mean**2)
    scale[scale == 0] = 1.0
    Z = LinearOperator(
        X.shape,
        matvec=lambda v: X @ (v / scale) - mean @ (v / scale),
        rmatvec=lambda r: (X.T @ r - mean * r.sum()) / scale,
    )
    return lsqr(Z, y - y.mean(), atol=1e-14, btol=1e-14)[0] / scale


@pytest.mark.filterwarnings("ignore::gradline.errors.CollinearityWarning")
def test_one_hot_columns_stay_sparse():
    X, y = one_hot()
    fit = GradientDescentRegressor().fit(X, y)
    assert fit.converged_
    off = fit.coef_ - smallest_answer(X, y)
    assert np.max(np.abs(off)) <= 1e-6


@pytest.mark.filterwarnings("ignore::gradline.errors.CollinearityWarning")
def test_one_hot_columns_by_mini_batches():
    X, y = one_hot(rows=1500, features=2100)
    fit = GradientDescentRegressor(batch_size=150, max_iter=3, tol=None, random_state=0).fit(X, y)
    full = GradientDescentRegressor().fit(X, y)
    assert fit.loss_curve_[-1] < fit.loss_curve_[0]
    assert not fit.converged_
    before = np.linalg.norm(full.predict(X) - y.mean())
    assert np.linalg.norm(full.predict(X) - fit.predict(X)) < 0.7 * before


def test_mini_batches_end_within_what_they_claim(all_are_wide):
    X, y = table(rows=2000)
    fit = GradientDescentRegressor(batch_size=100, max_iter=200, tol=0.05, random_state=0).fit(X, y)
    assert fit.converged_
    assert np.max(gaps(fit, X, y)) <= fit.optimality_gap_ <= 0.05


# Rounding is that of the dtype, whoever computes; by `nn` a step costs several times as much, so it takes fewer, and
# only with an intercept.
WIDE_WAYS = {
    "numpy": WAYS["numpy"],
    "float32": {"dtype": "float32"},
    "float32 by nn": WAYS["float32"] | {"max_iter": 100},
    "mini-batches": WAYS["mini-batches"],
}


@pytest.mark.parametrize(
    ("way", "fit_intercept"),
    [(way, intercept) for way in WIDE_WAYS for intercept in (True, False) if intercept or way != "float32 by nn"],
)
def test_no_failure_is_silent(way, fit_intercept, all_are_wide):
    found = {name: descended(*table, fit_intercept, **WIDE_WAYS[way]) for name, table in TABLES.items()}
    failures = {name: verdict(found[name], name, fit_intercept) for name in TABLES}
    assert {name: what for name, what in failures.items() if what} == {}


def spectra():
    features = 80
    for low in (-1.0, -2.0, -4.0):
        yield f"power to 1e{low:g}", np.logspace(0, low, features)
        yield f"one at 1e{low:g}", np.append(np.linspace(1, 0.5, features - 1), 10.0**low)
        yield f"half at 1e{low:g}", np.repeat([1.0, 10.0**low], features // 2)
        yield f"ever fewer to 1e{low:g}", 10.0 ** (low * np.random.default_rng(0).beta(1, 6, features))


@pytest.mark.parametrize("sizes", [pytest.param(sizes, id=name) for name, sizes in spectra()])
def test_what_has_converged_is_as_near_as_it_says(sizes, all_are_wide):
    rng = np.random.default_rng(1)
    left = np.linalg.qr(rng.normal(size=(200, len(sizes))))[0]
    right = np.linalg.qr(rng.normal(size=(len(sizes), len(sizes))))[0]
    X = left * sizes @ right.T
    y = X @ rng.normal(size=len(sizes)) * 30 + 0.1 * rng.normal(size=200)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit = GradientDescentRegressor(max_iter=3000, tol=1e-3).fit(X, y)
    assert fit.converged_ or any(warning.category is ConvergenceWarning for warning in told)
    assert np.max(gaps(fit, X, y)) <= fit.optimality_gap_
    assert fit.optimality_gap_ <= 1e-3 or not fit.converged_


def test_nothing_converges_where_the_smallest_curvature_is_not_settled(all_are_wide, monkeypatch):
    monkeypatch.setattr(lanczos, "MOST", 20)
    rng = np.random.default_rng(1)
    X = (
        np.linalg.qr(rng.normal(size=(300, 100)))[0]
        * np.logspace(0, -3, 100)
        @ np.linalg.qr(rng.normal(size=(100,) * 2))[0]
    )
    with pytest.warns(ConvergenceWarning, match="cannot be told"):
        fit = GradientDescentRegressor(tol=0.1).fit(X, X @ np.ones(100) + 0.01 * rng.normal(size=300))
    assert not fit.converged_


@pytest.mark.parametrize("effect", [0.0, 1e7])
@pytest.mark.parametrize("tol", [1e-4, 1e-6])
@pytest.mark.parametrize("options", [{}, {"batch_size": 100, "random_state": 0, "max_iter": 30}], ids=str)
def test_columns_that_differ_by_little_are_no_combinations_to_rounding(effect, tol, options, all_are_wide):
    """The sums of squares, which a descent is blind to, in integers: how far off it is, and what to do instead."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 30))
    X[:, 1] = X[:, 0] + 1e-7 * X[:, 1]
    y = X[:, 2] + effect * (X[:, 1] - X[:, 0]) + rng.normal(size=400)
    with pytest.warns() as told:
        fit = GradientDescentRegressor(tol=tol, **options).fit(X, y)
    assert not fit.converged_
    assert not any("to rounding" in str(warning.message) for warning in told)
    if options:
        return
    # Standard errors of as many columns as were told apart, or one fewer: sqrt(370 / 369) and the like.
    assert fit.optimality_gap_ == pytest.approx(gaps(fit, X, y).max(), rel=0.2)
    assert fit.n_iter_ < 100
    assert re.search(
        r"where rounding allows no more: .* differs by 6e-08 only would take [\d.]+ % off", fit.stop_reason_
    )
    column = int(re.search(r"hint: leave out 'x([01])'", str(told[-1].message))[1])
    assert GradientDescentRegressor(tol=tol).fit(np.delete(X, column, axis=1), y).converged_


@pytest.mark.parametrize("seed", range(5))
def test_combinations_to_rounding_do_not_keep_a_descent_from_its_end(seed, all_are_wide):
    """Lanczos may stop before their directions are free of others, in which the rows differ."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 60)) * np.geomspace(1, 0.1, 60) @ np.linalg.qr(rng.normal(size=(60, 60)))[0]
    X[:, 1] = X[:, 0] + X[:, 2]
    y = X @ rng.normal(size=60) + rng.normal(size=600)
    with pytest.warns(CollinearityWarning):
        fit = GradientDescentRegressor().fit(X, y)
    assert fit.converged_
    rest = LinearRegression().fit(np.delete(X, 1, axis=1), y)
    np.testing.assert_allclose(fit.predict(X), rest.predict(np.delete(X, 1, axis=1)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("limit", [4096, 0])
def test_a_rate_above_the_limit_is_refused_by_the_steepest_column(limit, monkeypatch):
    """The wide way refuses what the narrow one does, with the same figures."""
    monkeypatch.setattr("gradline.descent.fit.MOST_FEATURES", limit)
    X, y = table()
    X[:, 4] *= 100
    with pytest.raises(DivergenceError, match="'x4'") as refused:
        GradientDescentRegressor(learning_rate=1.0).fit(X, y)
    Z = np.column_stack([X, np.ones(len(y))])
    truth = 2 / np.linalg.eigvalsh(2 * Z.T @ Z / len(y))[-1]
    assert refused.value.max_learning_rate == pytest.approx(truth, rel=1e-9)
    assert refused.value.iteration == 0


@pytest.mark.parametrize("options", [{"engine": "moments"}, {"loss": "huber"}])
def test_what_needs_sums_of_pairs_is_refused(options, all_are_wide):
    X, y = table()
    with pytest.raises(DataError, match="sums over pairs of features, of which 12 have too many"):
        GradientDescentRegressor(**options).fit(X, y)


def test_momentum_of_ones_own_wins(all_are_wide):
    X, y = table()
    own = GradientDescentRegressor(momentum=0.5).fit(X, y)
    tuned = GradientDescentRegressor().fit(X, y)
    assert own.converged_
    assert own.learning_rate_ != tuned.learning_rate_
    assert tuned.n_iter_ < own.n_iter_


@pytest.mark.parametrize("passes", [5, 40])
def test_as_many_more_passes_as_foretold_are_enough(passes, all_are_wide):
    X, y = table(features=40)
    with pytest.warns(ConvergenceWarning, match="raise max_iter to") as told:
        GradientDescentRegressor(max_iter=passes).fit(X, y)
    foretold = int(str(told[0].message).split("raise max_iter to ")[1].split(",")[0])
    done = GradientDescentRegressor(max_iter=10 * foretold).fit(X, y)
    assert foretold / 2 < done.n_iter_ < foretold * 2


def test_a_resumed_descent_ends_as_an_unbroken_one(all_are_wide, tmp_path):
    X, y = table()
    unbroken = GradientDescentRegressor().fit(X, y)
    with pytest.warns(ConvergenceWarning):
        GradientDescentRegressor(max_iter=20, checkpoint=tmp_path / "state").fit(X, y)
    resumed = GradientDescentRegressor(checkpoint=tmp_path / "state").fit(X, y)
    assert resumed.n_iter_ == unbroken.n_iter_
    np.testing.assert_array_equal(resumed.coef_, unbroken.coef_)


@pytest.mark.filterwarnings("ignore::gradline.errors.CollinearityWarning")
@pytest.mark.parametrize("sparse_rows", [False, True])
def test_memory_grows_with_the_features_not_with_their_square(sparse_rows):
    p = 6000
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, p))
    if sparse_rows:
        X = sparse.csr_array(np.where(rng.random((200, p)) < 0.01, X, 0.0))
    y = rng.normal(size=200)
    GradientDescentRegressor(max_iter=1, tol=None).fit(X, y)  # what is imported late
    tracemalloc.start()
    try:
        GradientDescentRegressor().fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 64 MB of Lanczos directions, and two copies of a block in each of three threads, of at most 8 MB; p^2 is 288 MB.
    assert peak < 64e6 + 6 * 8.4e6 + 200 * 8 * p


@given(
    st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=30, unique=True),
    st.integers(0, 10**6),
)
def test_the_largest_curvature_lies_between_what_was_seen_and_the_bound(values, seed):
    c = np.array(values)
    seen = lanczos.lanczos(
        lambda v: c * v, np.random.default_rng(seed).normal(size=len(c)), rank=len(c), trace=float(c.sum())
    )
    assert seen.largest <= c.max() * (1 + 1e-12)
    assert c.max() <= seen.bound * (1 + 1e-12)


def test_the_bound_holds_before_lanczos_is_done(monkeypatch):
    monkeypatch.setattr(lanczos, "MOST", 30)
    c = np.linspace(0.0, 1.0, 3000)
    for seed in range(20):
        seen = lanczos.lanczos(
            lambda v: c * v, np.random.default_rng(seed).normal(size=len(c)), rank=len(c), trace=float(c.sum())
        )
        assert seen.steps == 30
        # eps = (log(1.648 sqrt(3000) / 1e-9) / 59)^2 = 0.183, and the bound is the Ritz value by 1 - eps.
        assert seen.largest <= 1.0 <= seen.bound <= 1.0 / (1.0 - 0.183)


@given(st.integers(2, 40), st.integers(1, 39), st.booleans())
def test_any_split_gives_the_same_columns(rows, cut, weighted):
    rng = np.random.default_rng(rows)
    X, y = rng.normal(size=(rows, 3)) + np.array([0.0, 1e9, 5.0]), rng.normal(size=rows)
    X[:, 2] = 0.1
    w = rng.random(rows) + 0.1 if weighted else None
    whole = columns_of(ArraySource(X, y, w))
    parts = Columns.zero(3)
    for part in (slice(0, cut), slice(cut, None)):
        if len(y[part]):
            parts = parts.merged(columns_of(ArraySource(X[part], y[part], None if w is None else w[part])))
    mean, Z = np.average(np.column_stack([X, y]), axis=0, weights=w), np.column_stack([X, y])
    exact = np.average((Z - mean) ** 2, axis=0, weights=w)
    assert whole.rows == parts.rows == rows
    for columns in (whole, parts):
        # numpy's own mean rounds by 1e-7 where a column is near 1e9; squared that is 1e-14 of a variance near one.
        np.testing.assert_allclose(columns.mean, mean, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(columns.variance[[0, 1, 3]], exact[[0, 1, 3]], rtol=1e-10, atol=1e-12)
        assert columns.squares[2] == 0.0


@pytest.mark.parametrize("weighted", [False, True])
def test_a_sparse_table_has_the_columns_of_a_dense_one(weighted):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((60, 8)) < 0.3, rng.normal(size=(60, 8)), 0.0)
    X[:, 3], X[:, 4], X[:, 5] = 0.1, 1e8 + rng.normal(size=60), 0.0
    y, w = rng.normal(size=60), rng.random(60) if weighted else None
    dense, kept = columns_of(ArraySource(X, y, w)), columns_of(ArraySource(sparse.csr_array(X), y, w))
    np.testing.assert_allclose(kept.mean, dense.mean, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(kept.variance, dense.variance, rtol=1e-13)
    assert kept.squares[3] == kept.squares[5] == 0.0


@pytest.mark.parametrize("engine", ROW_ENGINES)
def test_columns_far_from_zero_are_centred_before_they_are_multiplied(engine, all_are_wide):
    X, y = table()
    fit = GradientDescentRegressor(engine).fit(X + 1e8, y)
    assert fit.converged_
    assert np.max(gaps(fit, X + 1e8, y)) <= 1e-5


def test_a_file_is_read_once_for_full_batches_and_by_blocks_for_mini_batches(all_are_wide, tmp_path):
    X, y = table(rows=2000)
    np.savetxt(
        tmp_path / "wide.csv", np.column_stack([X, y]), "%.17g", ",", header=",".join("abcdefghijkly"), comments=""
    )
    source = open_source(tmp_path / "wide.csv", target="y", batch_rows=200)
    in_memory, from_file = GradientDescentRegressor().fit(X, y), GradientDescentRegressor().fit(source)
    # The copy in the frame rounds once more than products with X where it lies: both within what they claim.
    assert np.max(gaps(from_file, X, y)) <= 1e-6
    assert from_file.n_iter_ == in_memory.n_iter_
    by_blocks = GradientDescentRegressor(batch_size=100, max_iter=200, tol=0.05, random_state=0).fit(source)
    assert np.max(gaps(by_blocks, X, y)) <= by_blocks.optimality_gap_ <= 0.05


def test_a_shifted_table_multiplies_as_its_copy_does():
    X, y = table()
    source = ArraySource(X, y)
    columns = columns_of(source)
    frame = Standardised.of(columns.mean, columns.variance)
    copy, shifted = (X - frame.centre) / frame.scale, Shifted(X, frame.centre, frame.scale)
    v, r = np.random.default_rng(0).normal(size=12), np.random.default_rng(1).normal(size=300)
    np.testing.assert_allclose(shifted @ v, copy @ v, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(shifted.T @ r, copy.T @ r, rtol=1e-12, atol=1e-12)
    rows = WideRows.of(source, frame, columns, bias=True, hold=True)
    assert not rows.is_copied
    seen = rows.slope(v, 0.5)
    residual = copy @ v + 0.5 - (y - frame.target_centre) / frame.target_scale
    assert seen.loss == pytest.approx(np.mean(residual**2), rel=1e-12)
    np.testing.assert_allclose(seen.gradient[:-1], 2 * copy.T @ residual / len(y), rtol=1e-9, atol=1e-12)
