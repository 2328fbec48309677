"""ExactMoments: the sums are those of rational arithmetic, whatever way they were formed."""

import json
import pickle
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradline.data.batch import Batch
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.integers import blas_product, digit_products
from gradline.moments.integers.integer_sums import IntegerSums


def rational_sums(X, y, weight=None):
    """Upper triangle of the sum of w z z^T, z = (x, y, 1), entry by entry."""
    Z = [[*map(Fraction, row), Fraction(b), Fraction(1)] for row, b in zip(X.tolist(), y.tolist(), strict=True)]
    w = [Fraction(1)] * len(Z) if weight is None else [Fraction(v) for v in np.asarray(weight, float).tolist()]
    q = X.shape[1] + 2
    return [
        sum((c * z[i] * z[j] for c, z in zip(w, Z, strict=True)), Fraction(0)) for i in range(q) for j in range(i, q)
    ]


def sums_of(moments):
    return [Fraction(n) * Fraction(2) ** e for n, e in moments.sums.entries()]


def table(kind, rows, seed=1):
    g = np.random.default_rng(seed)
    Z = g.standard_normal((rows, 4))
    return {
        "gaussian": lambda: Z,
        "integers": lambda: np.rint(100 * Z),
        "one-hot": lambda: np.eye(4)[g.integers(0, 4, rows)],
        "float32": lambda: Z.astype(np.float32).astype(float),
        "offset 1e8": lambda: Z + 1e8,
        "unix time": lambda: 1.7e9 + np.cumsum(np.abs(Z) * [1, 60, 3600, 0.1], 0),
        "mostly zero": lambda: np.where(g.random(Z.shape) < 0.7, 0.0, Z),
        "sixty decades": lambda: Z * 10.0 ** g.uniform(-30, 30, Z.shape),
        "nearly all of float64": lambda: Z * 10.0 ** g.uniform(-300, 150, Z.shape),
        "subnormal": lambda: np.ldexp(Z, g.integers(-1074, -900, Z.shape)),
        "up to 2^1024": lambda: np.clip(Z * 0.4, -0.99, 0.99) * 2.0**1023 * 1.99,
        "growing": lambda: Z * 2.0 ** (np.arange(rows)[:, None] // 10),
        "shrinking": lambda: Z * 2.0 ** -(np.arange(rows)[:, None] // 10),
        "missing marked by 1e300": lambda: np.where(g.random(Z.shape) < 0.01, 1e300, Z),
        "constant": lambda: np.full(Z.shape, 0.1),
    }[kind]()


KINDS = [
    "gaussian",
    "integers",
    "one-hot",
    "float32",
    "offset 1e8",
    "unix time",
    "mostly zero",
    "sixty decades",
    "nearly all of float64",
    "subnormal",
    "up to 2^1024",
    "growing",
    "shrinking",
    "missing marked by 1e300",
    "constant",
]


@pytest.mark.parametrize("kind", KINDS)
def test_any_order_split_thread_count_and_removal_gives_the_rational_sums(kind):
    Z = table(kind, 700)
    X, y = Z[:, :-1], Z[:, -1]
    whole = ExactMoments.of(X, y)
    assert sums_of(whole) == rational_sums(X, y)
    g = np.random.default_rng(2)
    for shards in (2, 7, 40):
        parts = [ExactMoments.of(X[rows], y[rows]) for rows in np.array_split(g.permutation(len(y)), shards)]
        total = ExactMoments.zero(3)
        for part in parts:
            total = part + total
        assert total == whole
        assert total.to_json() == whole.to_json()
    for batch_rows, threads in ((1, 2), (100, 3), (513, 1)):
        starts = range(0, len(y), batch_rows)
        batches = (Batch.of(X[i : i + batch_rows], y[i : i + batch_rows]) for i in starts)
        assert ExactMoments.from_batches(batches, 3, threads=threads) == whole
    assert whole - ExactMoments.of(X[100:], y[100:]) == ExactMoments.of(X[:100], y[:100])
    assert whole - whole == ExactMoments.zero(3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_is_exact(kind):
    Z, g = table(kind, 120), np.random.default_rng(3)
    X, y = Z[:, :-1], Z[:, -1]
    for weight in (
        g.random(120),
        10.0 ** g.uniform(-20, 20, 120),
        10.0 ** g.uniform(-300, 300, 120),
        g.integers(0, 3, 120),
    ):
        whole = ExactMoments.of(X, y, weight)
        assert sums_of(whole) == rational_sums(X, y, weight)
        first, rest = ExactMoments.of(X[:90], y[:90], weight[:90]), ExactMoments.of(X[90:], y[90:], weight[90:])
        assert first + rest == whole
        assert whole - rest == first


@pytest.mark.parametrize("kind", KINDS)
def test_an_integer_weight_is_so_many_rows(kind):
    Z, g = table(kind, 300), np.random.default_rng(4)
    X, y, count = Z[:, :-1], Z[:, -1], g.integers(0, 9, 300)
    weighted = ExactMoments.of(X, y, count)
    repeated = ExactMoments.of(np.repeat(X, count, axis=0), np.repeat(y, count))
    assert weighted.sums == repeated.sums
    assert (weighted.rows, repeated.rows) == ((count > 0).sum(), count.sum())
    assert weighted.weight == count.sum()


def test_weights_of_one_cost_nothing(monkeypatch):
    X = np.random.default_rng(4).standard_normal((3000, 2))
    monkeypatch.setattr(digit_products, "times", None)
    assert ExactMoments.of(X, X[:, 0], np.ones(3000)) == ExactMoments.of(X, X[:, 0])


def test_a_row_of_weight_zero_is_no_row():
    X, y = np.array([[1.0], [np.nan], [3.0]]), np.array([1.0, np.inf, 2.0])
    assert ExactMoments.of(X, y, [1.0, 0.0, 1.0]) == ExactMoments.of(X[::2], y[::2])


def test_the_smallest_number_survives_every_scale():
    # Scaling by 1/2 already turns 2^-1074 into 0, without a trace but the processor's underflow flag.
    for top in range(-60, 60):
        X, y = np.full((40, 1), 2.0**top), np.ones(40)
        X[::9] = 5e-324
        assert sums_of(ExactMoments.of(X, y)) == rational_sums(X, y)


anything = st.floats(allow_nan=False, allow_infinity=False)
number = st.one_of(
    anything,
    st.integers(-1000, 1000).map(float),
    st.floats(-1, 1).map(lambda v: v + 1e8),
    st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e300, 1.7e9, 2.0**53 + 2]),
)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.tuples(number, number, number), min_size=1, max_size=60), random=st.randoms())
def test_any_partition_of_any_rows(rows, random):
    Z = np.array(rows)
    X, y = Z[:, :-1], Z[:, -1]
    whole = ExactMoments.of(X, y)
    assert sums_of(whole) == rational_sums(X, y)
    order = list(range(len(y)))
    random.shuffle(order)
    cut = random.randint(0, len(y))
    a, b = (ExactMoments.of(X[part], y[part]) for part in (order[:cut], order[cut:]))
    assert a + b == whole == b + a
    assert whole - b == a
    assert whole + ExactMoments.zero(2) == whole
    assert ExactMoments.from_json(whole.to_json()) == whole


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(number, number, st.one_of(anything.map(abs), st.integers(0, 100).map(float))), min_size=1, max_size=40
    )
)
def test_any_weights_of_any_rows(rows):
    Z = np.array(rows)
    assume(sum(map(Fraction, Z[:, 2])) < 2**1023)  # more is refused
    moments = ExactMoments.of(Z[:, :1], Z[:, 1], Z[:, 2])
    assert sums_of(moments) == rational_sums(Z[:, :1], Z[:, 1], Z[:, 2])
    assert ExactMoments.from_json(moments.to_json()) == moments


def test_sums_of_the_largest_digits_do_not_overflow():
    # The first rows set the tops; the others have the largest digits below them, and more blocks than one int64 takes.
    rows, early, late = 512 * 1100, 1.0 - 2.0**-53, 2.0 - 2.0**-52
    x = np.full(rows, late)
    x[:32768] = early
    w = Fraction(2 - Fraction(1, 2**52))
    for weight, c in ((None, Fraction(1)), (x, w)):
        moments = ExactMoments.of(x[:, None], -x, weight)
        small = Fraction(early) if weight is not None else Fraction(1)
        square = 32768 * small * Fraction(early) ** 2 + (rows - 32768) * c * w**2
        line = 32768 * small * Fraction(early) + (rows - 32768) * c * w
        ones = 32768 * small + (rows - 32768) * c
        assert sums_of(moments) == [square, -square, line, square, -line, ones]


@pytest.mark.parametrize("columns", [1, 12, 70])
def test_threads_and_batches_do_not_show(columns):
    g = np.random.default_rng(5)
    X = g.standard_normal((9000, columns)) + 1e5
    y = X.sum(1) + g.standard_normal(9000)
    one = ExactMoments.of(X, y, threads=1)
    assert ExactMoments.of(np.asfortranarray(X), y, threads=3).to_json() == one.to_json()
    batches = (Batch.of(X[i : i + 997], y[i : i + 997]) for i in range(0, 9000, 997))
    assert ExactMoments.from_batches(batches, columns, threads=2) == one
    assert ExactMoments.of(X.astype(np.float32), y) == ExactMoments.of(X.astype(np.float32).astype(float), y)


def test_many_columns_of_the_largest_digits():
    # Sums of two digits are squared where columns are many. In the second batch the two lower digits are nearly 2^22
    # each: 512 squares of their sums, nearly 2^46, add up to 2^55, and float64 would round them.
    g = np.random.default_rng(5)
    X = g.standard_normal((1100, 80))
    first, second, third = (g.integers(*bounds, (550, 80)) for bounds in ((2**19, 2**20), (0, 2**10), (0, 2**3)))
    X[550:] = (first + (2**22 - 1 - second + (2**8 - 1 - third) * 2.0**-9) * 2.0**-23) * 2.0**-19
    halves = X[:550], X[550:]
    by_hand = IntegerSums.zero(82)
    for half in halves:
        by_hand += IntegerSums.of_rows(np.column_stack([half, half[:, 0]]))
    batches = (Batch.of(half, half[:, 0]) for half in halves)
    assert ExactMoments.from_batches(batches, 80, threads=1).sums == by_hand


def test_a_few_enormous_numbers_do_not_make_all_rows_slow(monkeypatch):
    one_by_one = []
    by_hand = IntegerSums.of_rows
    monkeypatch.setattr(IntegerSums, "of_rows", lambda Z, weight=None: one_by_one.append(len(Z)) or by_hand(Z, weight))
    X = np.random.default_rng(6).standard_normal((20000, 3))
    X[::1000] = 1e300
    ExactMoments.of(X, X[:, 0])
    assert sum(one_by_one) < 200


def test_an_inexact_blas_is_noticed_and_not_used(monkeypatch):
    X = np.random.default_rng(7).standard_normal((3000, 3))
    expected = ExactMoments.of(X, X[:, 0])
    assert blas_product.float64_is_exact()
    blas_product.float64_is_exact.cache_clear()
    try:
        monkeypatch.setattr(blas_product, "_largest_digits_survive", lambda: False)
        with pytest.warns(RuntimeWarning, match="integer product instead"):
            assert ExactMoments.of(X, X[:, 0]) == expected
    finally:
        blas_product.float64_is_exact.cache_clear()


def test_flushing_tiny_numbers_is_noticed(monkeypatch):
    blas_product.float64_is_exact.cache_clear()
    try:
        monkeypatch.setattr(blas_product, "_tiny_numbers_survive", lambda: False)
        with pytest.warns(RuntimeWarning, match="flushes tiny numbers"):
            assert blas_product.float64_is_exact()
    finally:
        blas_product.float64_is_exact.cache_clear()


@pytest.mark.parametrize("kind", KINDS)
def test_mean_scatter_and_weight_are_rounded_once(kind):
    Z, g = table(kind, 60), np.random.default_rng(8)
    weight = g.random(60)
    moments = ExactMoments.of(Z[:, :-1], Z[:, -1], weight)
    w = [Fraction(v) for v in weight.tolist()]
    columns = [[Fraction(v) for v in column] for column in Z.T.tolist()]
    means = [sum(a * b for a, b in zip(w, column, strict=True)) / sum(w) for column in columns]

    def rounded(value):
        try:
            return float(value)
        except OverflowError:
            return np.inf if value > 0 else -np.inf

    scatter = [
        [
            rounded(sum(c * (a - m) * (b - n) for c, a, b in zip(w, left, right, strict=True)))
            for right, n in zip(columns, means, strict=True)
        ]
        for left, m in zip(columns, means, strict=True)
    ]
    assert moments.mean.tolist() == [float(m) for m in means]
    assert moments.scatter.tolist() == scatter
    assert moments.weight == float(sum(w))


def test_no_rows():
    zero = ExactMoments.zero(2)
    assert (zero.rows, zero.weight, zero.n_features) == (0, 0.0, 2)
    assert np.isnan(zero.mean).all()
    assert (zero.scatter == 0).all()
    assert zero == ExactMoments.of(np.zeros((0, 2)), np.zeros(0)) == ExactMoments.from_json(zero.to_json())
    assert zero == ExactMoments.from_batches([], 2)
    assert zero != ExactMoments.zero(3)
    assert zero != "zero"


def test_moments_are_values_that_can_be_sent_away():
    moments = ExactMoments.of(table("gaussian", 50)[:, :3], np.arange(50.0))
    coef = moments.solve().coef
    sent = pickle.loads(pickle.dumps(moments))
    assert sent == moments
    assert (sent.solve().coef == coef).all()


def test_values_are_not_hashable():
    # Equal moments may hold their integers at different powers of two.
    with pytest.raises(TypeError, match="unhashable"):
        hash(ExactMoments.zero(1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [3, 3000])
def test_what_is_not_finite_is_refused_with_its_place(bad, rows):
    X, y = np.ones((rows, 2)), np.arange(float(rows))
    X[1, 1] = X[2, 0] = bad
    with pytest.raises(DataError, match=r"2 cells are not finite .* row 2, column 2 of X"):
        ExactMoments.of(X, y)
    with pytest.raises(DataError, match=rf"row {rows + 2}, column 2 of X"):
        ExactMoments.from_batches([Batch.of(y[:, None] + X[:1], y), Batch.of(X, y)], 2)
    y[0] = bad
    with pytest.raises(DataError, match=r"1 cell is not finite .* row 1 of y"):
        ExactMoments.of(np.ones((rows, 2)), y)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="X has shape"):
        ExactMoments.of([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(DataError, match="X has 2 rows but y has 3"):
        ExactMoments.of(np.ones((2, 1)), np.ones(3))
    with pytest.raises(DataError, match="weights are negative"):
        ExactMoments.of(np.ones((2, 1)), np.ones(2), [1.0, -1.0])
    with pytest.raises(DataError, match="a batch has 1 features, expected 2"):
        ExactMoments.from_batches([Batch.of(np.ones((2, 1)), np.ones(2))], 2)


def test_moments_that_do_not_go_together_are_refused():
    g = np.random.default_rng(9)
    X, y = g.standard_normal((20, 1)), g.standard_normal(20)
    a, b = ExactMoments.of(X[:10], y[:10]), ExactMoments.of(X[10:], y[10:])
    with pytest.raises(DataError, match="1 and of 2 features"):
        a + ExactMoments.zero(2)
    with pytest.raises(DataError, match="1 and of 2 features"):
        a - ExactMoments.zero(2)
    with pytest.raises(DataError, match="never in it"):
        ExactMoments.zero(1) - a
    with pytest.raises(DataError, match="it has as many, but others"):
        a - b
    with pytest.raises(DataError, match="variance of the 1 left would be negative"):
        a - ExactMoments.of(100 * X[:9], y[:9])
    with pytest.raises(TypeError):
        a + 1
    with pytest.raises(TypeError):
        a - 1


GOOD = json.loads(ExactMoments.of([[0.5], [3.0]], [2.0, 6.0]).to_json())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "Moments"}, "kind is 'Moments'"),
        ({"version": 2}, "version 2"),
        ({"features": -1}, "'features' is -1"),
        ({"features": True}, "'features' is True"),
        ({"features": 2}, "'sums' has 6 numbers, expected 10"),
        ({"rows": "2"}, "'rows' is '2'"),
        ({"sums": None}, "'sums' is not a list"),
        ({"sums": [*GOOD["sums"][:-1], 2]}, "2 in 'sums'"),
        ({"sums": [*GOOD["sums"][:-1], "1p99999"]}, "'1p99999' in 'sums'"),
        ({"sums": [*GOOD["sums"][:-1], "0p0"]}, "no 2 rows have such sums"),
        ({"sums": ["-" + GOOD["sums"][0], *GOOD["sums"][1:]]}, "no 2 rows have such sums"),
        ({"rows": 0}, "no 0 rows have such sums"),
        ({"rows": 10**400}, "'rows' is 1000"),
        ({"sums": ["x" * 400, *GOOD["sums"][1:]]}, "'xxx"),
        ({"sums": [GOOD["sums"][0], "1p9999", *GOOD["sums"][2:]]}, "no 2 rows have such sums"),
        ({"sums": [*GOOD["sums"][:-1], "1p9999"]}, "the sum of the weights is beyond float64"),
    ],
)
def test_json_that_is_no_state_is_refused_in_a_sentence(change, says):
    assert ExactMoments.from_json(json.dumps(GOOD)).rows == 2
    with pytest.raises(DataError, match=r"these moments cannot be read: |beyond float64") as error:
        ExactMoments.from_json(json.dumps(GOOD | change))
    assert says in str(error.value)
    assert len(error.value.message) < 200


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100000])
def test_text_that_is_no_json_object_is_refused(text):
    with pytest.raises(DataError, match="these moments cannot be read"):
        ExactMoments.from_json(text)


def test_memory_does_not_grow_with_the_rows():
    def peak(batches):
        g = np.random.default_rng(10)
        stream = (Batch.of(g.standard_normal((8192, 5)), g.standard_normal(8192)) for _ in range(batches))
        tracemalloc.start()
        try:
            ExactMoments.from_batches(stream, 5, threads=2)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(4)
    # A batch is 0.4 MB; what differs is which of the threads' scratch space and side buffers were filled when.
    assert peak(60) < peak(10) + 3e6
