import json
import tracemalloc
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradline import LinearRegression
from gradline.data.batch import Batch
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments


def exact_sums(X, y, weight=None):
    """Total weight, means and centred sums in fractions: the oracle."""
    rows = [[Fraction(float(v)) for v in (*x, t)] for x, t in zip(X, y, strict=True)]
    weights = [Fraction(1)] * len(rows) if weight is None else [Fraction(float(w)) for w in weight]
    total, q = sum(weights), len(rows[0])
    mean = [sum(w * z[j] for w, z in zip(weights, rows, strict=True)) / total for j in range(q)]
    away = [[v - m for v, m in zip(z, mean, strict=True)] for z in rows]
    scatter = [[sum(w * z[i] * z[j] for w, z in zip(weights, away, strict=True)) for j in range(q)] for i in range(q)]
    return total, np.array(mean), np.array(scatter)


def error_bound(moments):
    """What the state itself says its centred sums may be wrong by: rounding * sqrt(mass_i mass_j)."""
    centred = moments._sums.centred()
    root = np.sqrt(centred.mass[:-1])
    return centred.rounding * np.outer(root, root)


def assert_same(a, b):
    """Two states of the same rows differ by no more than the rounding both account for."""
    assert a.rows == b.rows
    # W: sums of n weights in any order agree to n roundings of the sum.
    assert a.weight == pytest.approx(b.weight, rel=1e-12)
    bound = error_bound(a) + error_bound(b)
    assert (np.abs(a.scatter - b.scatter) <= bound).all()
    # A mean is c + s / W: the error of s is rounding * sqrt(mass W), that of the addition half a unit of the mean.
    spread = np.sqrt(np.diag(bound) * (a._sums.rounding + b._sums.rounding) / a.weight)
    assert (np.abs(a.mean - b.mean) <= spread + 2.0**-52 * np.abs(a.mean)).all()


def table(rng, rows=300, features=4, offset=0.0):
    X = rng.normal(size=(rows, features)) * 10.0 ** np.arange(-1, features - 1) + offset
    return X, X @ np.arange(1.0, features + 1) + rng.normal(size=rows)


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "columns of a wider table": lambda X: np.concatenate([X, X], axis=1)[:, : X.shape[1]],
    "reversed": lambda X: X[:, ::-1].copy()[:, ::-1],
    "big endian": lambda X: X.astype(">f8"),
    "list": lambda X: X.tolist(),
    "object": lambda X: X.astype(object),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_sums_are_those_of_the_rows(layout, offset, weighted):
    rng = np.random.default_rng(1)
    X, y = table(rng, rows=60, offset=offset)
    weight = rng.uniform(0.01, 3.0, 60) if weighted else None
    m = Moments.of(LAYOUTS[layout](X), y, weight)
    total, mean, scatter = exact_sums(X, y, weight)
    assert m.rows == 60
    assert m.weight == pytest.approx(float(total), rel=1e-14)
    np.testing.assert_allclose(m.mean, mean.astype(float), rtol=1e-14)
    assert (np.abs((scatter - m.scatter).astype(float)) <= error_bound(m)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.int8, np.uint8, bool])
def test_every_real_type_is_summed_in_float64(dtype):
    rng = np.random.default_rng(2)
    X = (rng.normal(size=(50, 3)) * 20).astype(dtype)
    y = (rng.normal(size=50) * 20).astype(dtype)
    _, mean, scatter = exact_sums(X, y)
    m = Moments.of(X, y)
    np.testing.assert_allclose(m.mean, mean.astype(float), rtol=1e-14)
    assert (np.abs((scatter - m.scatter).astype(float)) <= error_bound(m)).all()


@pytest.mark.parametrize("features", [0, 1, 2, 7, 20, 33, 200])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("centre", [0, 70])
def test_many_blocks_sum_to_the_integers(features, order, centre):
    # Integers: their sums are exact in int64, whatever the blocks.
    rng = np.random.default_rng(3)
    rows = 200_000 // (features + 1)
    Z = rng.integers(-50, 50, size=(rows, features + 1)) + centre
    m = Moments.of(np.asarray(Z[:, :features], dtype=float, order=order), Z[:, features].astype(float))
    total, square = Z.sum(0), Z.T @ Z
    # rows * square - total total^T is an integer below 2^63, so one division rounds it.
    assert (np.abs(m.scatter - (rows * square - np.outer(total, total)) / rows) <= error_bound(m)).all()
    np.testing.assert_allclose(m.mean, total / rows, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_number_of_threads_changes_no_bit(weighted, order):
    rng = np.random.default_rng(4)
    X = np.asarray(rng.normal(size=(120_000, 12)) + rng.normal(size=12), order=order)
    y = rng.normal(size=120_000)
    weight = rng.uniform(size=120_000) if weighted else None
    states = {Moments.of(X, y, weight, threads=threads).to_json() for threads in (1, 2, 3, 7)}
    assert len(states) == 1


def test_batches_of_a_stream_give_the_sums_of_the_arrays():
    rng = np.random.default_rng(5)
    X, y = table(rng, rows=1000, offset=30.0)
    batches = (Batch.of(X[i : i + 130], y[i : i + 130]) for i in range(0, 1000, 130))
    assert_same(Moments.from_batches(batches, 4), Moments.of(X, y))


def test_a_stream_takes_the_memory_of_a_few_batches():
    rng = np.random.default_rng(6)
    rows, count = 10_000, 60

    def batches():
        for _ in range(count):
            yield Batch.of(rng.normal(size=(rows, 10)), rng.normal(size=rows))

    tracemalloc.start()
    try:
        m = Moments.from_batches(batches(), 10, threads=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert m.rows == rows * count
    batch_bytes = rows * 12 * 8
    assert peak < 12 * batch_bytes  # of the 60 that went through


numbers = st.one_of(
    st.floats(-1e3, 1e3),
    st.integers(-100, 100).map(float),
    st.floats(-1.0, 1.0).map(lambda v: 1e6 + v),
)


@st.composite
def row_sets(draw, weighted=False):
    rows = draw(st.integers(1, 25))
    Z = draw(arrays(np.float64, (rows, 3), elements=numbers))
    weight = draw(arrays(np.float64, rows, elements=st.floats(0.1, 10.0))) if weighted else None
    return Z[:, :2], Z[:, 2], weight


any_rows = st.booleans().flatmap(row_sets)


@given(any_rows)
@settings(max_examples=60, deadline=None)
def test_zero_changes_nothing(rows):
    m = Moments.of(*rows)
    zero = Moments.zero(2)
    assert (zero + m).to_json() == m.to_json() == (m + zero).to_json() == (m - zero).to_json()


@given(any_rows, st.data())
@settings(max_examples=120, deadline=None)
def test_any_split_in_any_order_gives_the_same_moments(rows, data):
    X, y, weight = rows
    labels = data.draw(arrays(np.int64, len(y), elements=st.integers(0, 3)))
    parts = [
        Moments.of(X[labels == k], y[labels == k], None if weight is None else weight[labels == k])
        for k in data.draw(st.permutations(range(4)))
    ]
    assert_same(reduce(lambda a, b: a + b, parts), Moments.of(X, y, weight))
    assert_same((parts[0] + parts[1]) + (parts[2] + parts[3]), Moments.of(X, y, weight))


@given(any_rows, any_rows)
@settings(max_examples=120, deadline=None)
def test_what_was_added_can_be_removed(kept, removed):
    if (kept[2] is None) != (removed[2] is None):
        return
    a, b = Moments.of(*kept), Moments.of(*removed)
    assert_same((a + b) - b, a)
    assert_same((b + a) - b, a)


@given(any_rows)
@settings(max_examples=60, deadline=None)
def test_taking_everything_away_leaves_zero(rows):
    m = Moments.of(*rows)
    assert (m - m).to_json() == Moments.zero(2).to_json()


@given(any_rows)
@settings(max_examples=60, deadline=None)
def test_json_keeps_every_bit(rows):
    m = Moments.of(*rows)
    read = Moments.from_json(m.to_json())
    assert read.to_json() == m.to_json()
    assert (read + m).to_json() == (m + m).to_json()


@given(any_rows, st.integers(-30, 30), st.integers(-30, 30))
@settings(max_examples=60, deadline=None)
def test_powers_of_two_scale_the_state_exactly(rows, x_power, y_power):
    X, y, weight = rows
    a, b = Moments.of(X, y, weight), Moments.of(X * 2.0**x_power, y * 2.0**y_power, weight)
    scale = 2.0 ** np.array([x_power, x_power, y_power])
    np.testing.assert_array_equal(b.mean, a.mean * scale)
    np.testing.assert_array_equal(b.scatter, a.scatter * np.outer(scale, scale))


@given(arrays(np.int64, (12, 3), elements=st.integers(-1000, 1000)), st.integers(-(2**20), 2**20))
@settings(max_examples=60, deadline=None)
def test_a_common_offset_moves_the_mean_only(Z, offset):
    a = Moments.of(Z[:, :2], Z[:, 2])
    b = Moments.of(Z[:, :2] + offset, Z[:, 2])
    assert (np.abs(a.scatter - b.scatter) <= error_bound(a) + error_bound(b)).all()


def test_shards_that_drift_apart_lose_nothing():
    rng = np.random.default_rng(7)
    shards = [table(rng, rows=12, features=2, offset=1e7 * k) for k in range(6)]
    merged = reduce(lambda a, b: a + b, (Moments.of(*shard) for shard in shards))
    X, y = np.concatenate([s[0] for s in shards]), np.concatenate([s[1] for s in shards])
    _, _, scatter = exact_sums(X, y)
    np.testing.assert_allclose(merged.scatter, scatter.astype(float), rtol=1e-13)


def test_what_rounding_took_from_a_mean_is_kept():
    rng = np.random.default_rng(8)
    (X, y), (first, u) = table(rng, rows=40, features=2, offset=1e9 / 3), table(rng, rows=60, features=2, offset=333e6)
    for moments in (Moments.of(X, y), Moments.of(first, u) + Moments.of(X, y) - Moments.of(first, u)):
        triangle, (_, mean, _) = moments.triangle(), exact_sums(X, y)
        found = [Fraction(high) + Fraction(low) for high, low in zip(triangle.centre, triangle.rest, strict=True)]
        # That of s / W, see `assert_same`: some 1e-15 of the spread of all rows that ever came in.
        error = np.sqrt(np.diag(error_bound(moments)) * moments._sums.rounding / moments.weight)
        assert (np.abs((found - mean).astype(float)) <= error).all()
        assert (error < 6e-9).all()  # where rounded means are off by up to 3e-8, that of y by 6e-8


def test_a_few_rows_far_away_do_not_set_the_shift():
    rng = np.random.default_rng(8)
    far = Moments.of(rng.normal(size=(3, 1)) + 1e9, rng.normal(size=3))
    near = Moments.of(rng.normal(size=(1000, 1)), rng.normal(size=1000))
    assert abs((far + near)._sums.shift[0]) < 1e8


def test_removing_heavy_rows_costs_the_digits_it_should():
    rng = np.random.default_rng(9)
    X, y = table(rng, rows=40, features=2)
    clean = Moments.of(X, y)
    heavy = Moments.of(rng.normal(size=(10, 2)) * 1e6, rng.normal(size=10) * 1e6)
    left = (clean + heavy) - heavy
    digits = left.solve().certificate.digits
    assert digits < clean.solve().certificate.digits - 6
    error = np.abs(left.solve().coef / clean.solve().coef - 1).max()
    assert error < 10.0**-digits


def test_integer_weights_count_as_repeated_rows():
    rng = np.random.default_rng(10)
    X, y = table(rng, rows=50)
    weight = rng.integers(0, 4, 50)
    weighted, repeated = Moments.of(X, y, weight), Moments.of(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert weighted.rows == (weight > 0).sum()
    assert weighted.weight == repeated.weight == weight.sum()
    assert (np.abs(weighted.scatter - repeated.scatter) <= error_bound(weighted) + error_bound(repeated)).all()


def test_a_heavy_row_is_shifted_to_itself():
    # The mean is the heavy row; sums about an ordinary row would lose it in rounding.
    X, y = np.array([[1e6], [1.0], [2.0], [4.0]]), np.array([1e6, 2.0, 3.0, 7.0])
    weight = np.array([1e12, 1.0, 1.0, 1.0])
    _, _, scatter = exact_sums(X, y, weight)
    np.testing.assert_allclose(Moments.of(X, y, weight).scatter, scatter.astype(float), rtol=1e-12)


def test_a_row_of_weight_zero_may_hold_anything():
    m = Moments.of([[1.0], [np.nan], [3.0]], [1.0, np.inf, 2.0], [1.0, 0.0, 1.0])
    assert m.rows == 2
    np.testing.assert_array_equal(m.mean, [2.0, 1.5])


@pytest.mark.parametrize("threads", [1, 2])
def test_cells_that_are_not_finite_are_counted_and_placed(threads):
    X, y = np.ones((90_000, 30)), np.ones(90_000)
    X[80_000, 7], X[50_000, 2], y[70_000] = np.nan, np.inf, -np.inf
    with pytest.raises(
        DataError, match=r"3 cells are not finite \(NaN or inf\), the first is inf in row 50001, column 3"
    ):
        Moments.of(X, y, threads=threads)


def test_a_target_that_is_not_finite_is_named():
    with pytest.raises(DataError, match=r"1 cell is not finite .* nan in row 2 of y"):
        Moments.of(np.ones((3, 2)), [1.0, np.nan, 2.0])


def test_a_bad_cell_of_a_stream_is_placed_in_the_stream():
    def batches():
        yield Batch.of(np.ones((10, 1)), np.ones(10))
        yield Batch.of(np.array([[1.0], [np.nan]]), np.ones(2))

    with pytest.raises(DataError, match="row 12, column 1"):
        Moments.from_batches(batches(), 1, threads=1)


BEYOND_FLOAT64 = [
    ([[1e200], [2e200], [4e200]], [1.0, 2.0, 3.0], r"column 1 of X \(mean 2.3e\+200\) overflow"),
    ([[1e-200], [2e-200], [4e-200]], [1.0, 2.0, 3.0], r"column 1 of X \(mean 2.3e-200\) vanish in"),
    ([[1.0], [2.0], [4.0]], [1e300, -1e300, 5e299], r"y \(mean 1.7e\+299\) overflow"),
    ([[1.0], [2.0], [4.0]], [1e-300, -1e-300, 5e-300], r"y \(mean 1.7e-300\) vanish in"),
    ([[1.7e308], [1.7e308], [1.0]], [1.0, 2.0, 3.0], r"column 1 of X \(mean 1.1e\+308\) overflow"),
]


@pytest.mark.parametrize(("X", "y", "told"), BEYOND_FLOAT64)
def test_squares_beyond_float64_are_refused_by_name(X, y, told):
    m = Moments.of(X, y)
    for state in (m, m + m, Moments.from_json(m.to_json()), m + Moments.of(X, y, [3.0, 3.0, 3.0])):
        for of in (state.solve, state.dispersion, state.triangle):
            with pytest.raises(DataError, match=told if state.weight == state.rows else ", times the weights, "):
                of()
    exact = ExactMoments.of(X, y).solve()  # as the hint says
    assert exact.certificate.digits > 15
    if "overflow" in told:
        with pytest.raises(DataError, match="overflow float64"):
            (m + Moments.of([[1.0]], [2.0])).solve()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("X", "y"), [beyond[:2] for beyond in BEYOND_FLOAT64 if "vanish" in beyond[2]])
def test_rows_whose_squares_vanish_cost_nothing_beside_larger_ones(X, y, fit_intercept):
    others = [[1.0], [3.0], [-2.0]], [2.0, 1.0, 0.5]
    found = (Moments.of(X, y) + Moments.of(*others)).solve(fit_intercept)
    exact = (ExactMoments.of(X, y) + ExactMoments.of(*others)).solve(fit_intercept)
    assert found.certificate.digits > 12
    np.testing.assert_allclose(found.coef, exact.coef, rtol=1e-12)
    assert found.intercept == pytest.approx(exact.intercept, rel=1e-12)


@pytest.mark.parametrize("power", [*range(-460, -453), *range(-449, -440)])
def test_squares_at_the_brink_are_refused_or_right(power):
    """Above 2^-900 a sum of squares has lost nothing that counts; below, the sums do not know it."""
    rng = np.random.default_rng(-power)
    X, y = np.ldexp(rng.normal(size=(40, 2)), power), rng.normal(size=40)
    found, exact = Moments.of(X, y), ExactMoments.of(X, y)
    if power < -450:
        with pytest.raises(DataError, match="vanish in float64"):
            found.solve()
        return
    solution, spread = found.solve(), found.dispersion()
    np.testing.assert_allclose(solution.coef, exact.solve().coef, rtol=10.0**-solution.certificate.digits)
    np.testing.assert_allclose(spread.unscaled, exact.dispersion().unscaled, rtol=10.0**-spread.digits)
    assert solution.certificate.digits > 9


def test_foreign_rows_are_refused():
    rng = np.random.default_rng(11)
    small, big = Moments.of(*table(rng, rows=20)), Moments.of(*table(rng, rows=30))
    with pytest.raises(DataError, match="30 rows were never in it"):
        small - big
    with pytest.raises(DataError, match="30 rows were never in it"):  # as many rows, but others
        Moments.of(*table(rng, rows=30)) - big
    wide = Moments.of(*table(rng, rows=20))
    with pytest.raises(DataError, match="never in it"):  # a negative sum of squares would be left
        big - (wide + Moments.of(1e3 * rng.normal(size=(2, 4)), 1e3 * rng.normal(size=2)))
    with pytest.raises(DataError, match="never in it"):
        Moments.zero(4) - small


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_the_refusal_of_foreign_rows_counts_what_is_inside(kind):
    x = np.arange(30.0)
    some, many = kind.of(x[:12, None], x[:12]), kind.of(x[:, None], x)
    apart = kind.of(100.0 * x[:10, None] ** 2, x[:10])
    for inside, removed, why in (
        (some, many, "these 30 rows were never in it: it has only 12, and 18 more would be removed than are inside"),
        (kind.zero(1), some, "these 12 rows were never in it: it has none, and 12 more would be removed"),
        (some, kind.of(x[1:13, None], x[1:13]), "these 12 rows were never in it: it has as many, but others"),
        (some, apart, "without them, a weight or a variance of the 2 left would be negative"),
        (
            some,
            kind.of([[1e6]], [0.0]),
            "this 1 row was never in it: without it, a weight or a variance of the 11 left",
        ),
    ):
        with pytest.raises(DataError, match=why):
            inside - removed


def test_other_numbers_of_features_do_not_go_together():
    with pytest.raises(DataError, match="moments of 1 and of 2 features"):
        Moments.zero(1) + Moments.zero(2)
    with pytest.raises(DataError, match="a batch has 2 features, expected 1"):
        Moments.from_batches([Batch.of(np.ones((3, 2)), np.ones(3))], 1)


def test_only_moments_add():
    with pytest.raises(TypeError):
        Moments.zero(1) + 0
    with pytest.raises(TypeError):
        Moments.zero(1) - 1.5


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["a"], ["b"]], "column 'x0' of X holds text: 'a' in row 1"),
        (np.array([[1.0, 1.0], [1.0, "a"]], dtype=object), "column 'x1' of X holds text: 'a' in row 2"),
        ([[1j], [2.0]], "X has type complex128"),
        (np.array([["2020-01-01"], ["2020-01-02"]], dtype="M8[D]"), "column 'x0' of X holds a datetime64"),
        (
            [[1, 1], [2**64 + 1, 1]],
            "column 'x0' of X holds an integer that float64 cannot hold exactly: 184.* in row 2",
        ),
        (np.array([[1, 2], [2, 2**53 + 1]]), "column 'x1' of X .* cannot hold exactly: 9007199254740993 in row 2"),
        (np.array([[2**53 + 1], [1]], dtype=object), "cannot hold exactly: 9007199254740993 in row 1"),
        (np.ma.masked_array([[2**53 + 1], [1]], mask=[[0], [1]]), "cannot hold exactly: 9007199254740993 in row 1"),
        ([[10**400], [1]], r"column 'x0' of X holds an int: 1000000.*\.\.\. in row 1"),
        ([[1, 2], [1]], "the rows of X differ in length"),
        ([[None], [1.0]], "1 cell is not finite .* nan in row 1, column 1 of X"),
        (np.ma.masked_array([[5.0], [1.0]], mask=[[1], [0]]), "1 cell is not finite .* nan in row 1, column 1 of X"),
    ],
)
@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_what_is_no_number_is_refused(kind, X, message):
    with pytest.raises(DataError, match=message):
        kind.of(X, [1.0, 2.0])
    with pytest.raises(DataError):  # and by the estimator alike
        LinearRegression().fit(X, [1.0, 2.0])


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_a_target_and_weights_are_read_as_the_columns_are(kind):
    X, big = [[1.0], [2.0], [4.0]], [1, 2**64 + 1, 1]
    with pytest.raises(DataError, match=r"y holds an integer that float64 cannot hold exactly: 184.* in row 2"):
        kind.of(X, big)
    with pytest.raises(DataError, match="sample_weight holds an integer that float64 cannot hold exactly"):
        kind.of(X, [1.0, 2.0, 3.0], big)
    with pytest.raises(DataError, match="nan in row 2 of y"):
        kind.of(X, np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]))
    with pytest.raises(DataError, match="weights are negative or not finite, the first is nan in row 3"):
        kind.of(X, [1.0, 2.0, 3.0], np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 0, 1]))


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
def test_weights_that_add_up_to_more_than_float64_holds_are_refused_wherever_they_meet(kind):
    X, y, told = [[1.0], [2.0], [4.0]], [1.0, 2.0, 5.0], "the sum of the weights is beyond float64"
    half = kind.of(X, y, [5e307, 5e307, 1.0])
    with pytest.raises(DataError, match=told):
        kind.of(X, y, [1e308, 1e308, 1.0])
    with pytest.raises(DataError, match=told):
        half + half
    precision = "exact" if kind is ExactMoments else "float64"
    model = LinearRegression(precision=precision).partial_fit(X, y, [5e307, 5e307, 1e307])
    errors = LinearRegression().fit(X, y, [5.0, 5.0, 1.0]).inference().standard_error
    np.testing.assert_allclose(model.inference().standard_error, errors, rtol=1e-9)  # up to there they are right
    with pytest.raises(DataError, match=told):
        model.partial_fit(X, y, [5e307, 5e307, 1.0])
    with pytest.raises(DataError, match="the sum of sample_weight is beyond float64"):
        model.fit(X, y, [1e308, 1e308, 1.0])


def test_a_sum_leaves_its_parts_as_they_were():
    rng = np.random.default_rng(12)
    a, b = Moments.of(*table(rng)), Moments.of(*table(rng, offset=5.0))
    before = a.to_json(), b.to_json()
    assert (a + b - b).rows == a.rows
    a.scatter[:] = 0.0
    a.mean[:] = 0.0
    assert (a.to_json(), b.to_json()) == before


def test_no_rows_have_no_mean():
    zero = Moments.zero(2)
    assert (zero.rows, zero.weight, zero.n_features) == (0, 0.0, 2)
    assert np.isnan(zero.mean).all()
    np.testing.assert_array_equal(zero.scatter, np.zeros((3, 3)))
    assert Moments.of(np.empty((0, 2)), np.empty(0)).to_json() == zero.to_json()


def test_overflowed_sums_survive_json():
    m = Moments.of([[1e200], [2e200]], [1.0, 2.0])
    assert Moments.from_json(m.to_json()).to_json() == m.to_json()


def without(key):
    return lambda state: {k: v for k, v in state.items() if k != key}


def having(**entries):
    return lambda state: state | entries


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (having(kind="ExactMoments"), "kind is 'ExactMoments', expected 'Moments'"),
        (without("kind"), "kind is None"),
        (having(version=2), "version 2, expected 1"),
        (having(features=-1), "'features' is -1, expected a count"),
        (having(rows="3"), "'rows' is '3', expected a count"),
        (having(rows=True), "'rows' is True"),
        (having(rows=10**400), "'rows' is 1000.*\\.\\.\\., expected a count"),
        (having(rows=0), "no 0 rows have such sums"),
        (having(block_rows=10**400), "'block_rows' is 1000"),
        (having(block_sums=10**400), "'block_sums' is 1000"),
        (having(features=99999), "'squares' has 3 numbers, expected 5000050000"),
        (having(features=99999, rows=0), "'squares' has 3 numbers, expected 5000050000"),
        (having(features=10**400), "'features' is 1000"),
        (having(features=10**6), "1000000 features, expected at most 100000"),
        (having(kind="x" * 400), "kind is 'xxx"),
        (having(squares=["nan"] * 3), "a sum is not finite where its squares are"),
        (having(shift=["nan", "0x0p0"]), "a sum is not finite where its squares are"),
        (without("sums"), "'sums' is not a list of hexadecimal numbers"),
        (having(sums=[1.0, 2.0]), "'sums' is not a list of hexadecimal numbers"),
        (having(sums=["0x1p0", "one"]), "'sums' is not a list of hexadecimal numbers"),
        (having(sums=["0x1p0", "0x1p99999"]), "'sums' is not a list of hexadecimal numbers"),
        (having(squares=["0x1p0"]), "'squares' has 1 numbers, expected 3"),
        (having(weight=["-0x1p0"]), "a weight or a mass is negative or not finite"),
        (lambda state: [1, 2], "kind is 'list'"),
    ],
)
def test_a_malformed_state_is_refused_in_one_sentence(change, message):
    state = json.loads(Moments.of([[1.0], [3.0]], [2.0, 6.0]).to_json())
    with pytest.raises(DataError, match=message) as caught:
        Moments.from_json(json.dumps(change(state)))
    assert caught.value.message.startswith("these moments cannot be read: ")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("statistics", [Moments, ExactMoments])
def test_what_is_no_state_and_no_number_of_features_is_refused(statistics):
    with pytest.raises(DataError, match="cannot be read: an int, expected the text"):
        statistics.from_json(5)
    for features in (-1, 1.5, "2", None):
        with pytest.raises(DataError, match=f"no moments of {features!r} features"):
            statistics.zero(features)
    for features in (10**9, 10**400):
        with pytest.raises(DataError, match="no moments of 1000"):
            statistics.zero(features)
    with pytest.raises(DataError, match=r"100,000 columns need about .* of memory"):
        statistics.zero(100_000)
    assert statistics.zero(np.int64(2)).to_json() == statistics.zero(2).to_json()


def test_a_text_that_is_not_json_is_refused():
    with pytest.raises(DataError, match="not JSON"):
        Moments.from_json("{")


def test_moments_are_equal_where_their_states_are():
    rng = np.random.default_rng(2)
    X, y = table(rng, rows=40)
    m = Moments.of(X, y)
    others = (
        Moments.of(X, np.nextafter(y, np.inf)),
        Moments.of(X[:-1], y[:-1]),
        Moments.of(X, y, np.full(len(y), 2.0)),
        m + Moments.of(X[:1], y[:1]),
        m.selected([*range(m.n_features), None]),
        Moments.zero(m.n_features),
        ExactMoments.of(X, y),
        m.to_json(),
    )
    for same in (
        Moments.of(X, y, threads=1),
        Moments.from_json(m.to_json()),
        m + Moments.zero(m.n_features),
        m + m - m,
    ):
        assert (same == m) == (same.to_json() == m.to_json())  # the last differs by what rounding left in it
    assert m == Moments.of(X, y)
    assert all(m != other for other in others)
    assert Moments.zero(2) == Moments.zero(2) != Moments.zero(3)
    assert m - m == Moments.zero(m.n_features)
    beyond = Moments.of([[1.7e308], [-1.7e308]], [1.0, 2.0])  # NaN among its sums
    assert beyond == Moments.from_json(beyond.to_json())
    assert LinearRegression(precision="float64").fit(X, y).moments_ == m
    with pytest.raises(TypeError, match="unhashable"):
        hash(m)
