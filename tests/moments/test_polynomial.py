"""Exact moments of powers: the oracle is rational arithmetic, and NIST's certified coefficients."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import LinearRegression
from gradline.errors import DataError, DataWarning
from gradline.moments.exact import ExactMoments
from gradline.moments.polynomial import power_moments
from tests.moments.test_exact import sums_of


def rational_sums(x, y, degree, weight=None):
    w = [1.0] * len(x) if weight is None else weight
    Z = [
        [Fraction(a) ** k for k in range(1, degree + 1)] + [Fraction(b), Fraction(1)] for a, b in zip(x, y, strict=True)
    ]
    q = degree + 2
    return [sum(Fraction(c) * z[i] * z[j] for c, z in zip(w, Z, strict=True)) for i in range(q) for j in range(i, q)]


number = st.one_of(st.floats(-1e100, 1e100), st.floats(-9, 9), st.sampled_from([0.0, 5e-324, 1e8, 0.1]))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(number, number, st.floats(1e-300, 1e300)), min_size=1, max_size=12),
    degree=st.integers(1, 4),
    cut=st.integers(0, 12),
)
def test_any_rows_any_split_any_weights(rows, degree, cut):
    x, y, weight = map(list, zip(*rows, strict=True))
    for w in (None, weight):
        whole = power_moments(x, y, degree, w)
        assert sums_of(whole) == rational_sums(x, y, degree, w)
        first, rest = (
            power_moments(np.array(x[part]), np.array(y[part]), degree, None if w is None else np.array(w[part]))
            for part in (slice(cut), slice(cut, None))
        )
        assert rest + first == whole
        assert whole - rest == first


def test_exact_columns_of_powers_give_the_same_moments():
    g = np.random.default_rng(0)
    x, y, k = g.integers(-20, 20, 5000) / 4, g.standard_normal(5000), g.integers(0, 3, 5000)
    X = np.column_stack([x, x**2, x**3])
    assert power_moments(x, y, 3) == ExactMoments.of(X, y)
    assert power_moments(x, y, 3, k) == ExactMoments.of(X, y, k)
    assert power_moments(x, y, 1) == ExactMoments.of(x[:, None], y)


def test_rows_of_weight_zero_and_no_rows():
    assert power_moments([1.0, 2.0], [3.0, 4.0], 2, [0.0, 0.0]) == ExactMoments.zero(2) == power_moments([], [], 2)
    assert power_moments([1.0, np.nan], [3.0, 4.0], 2, [1.0, 0.0]) == power_moments([1.0], [3.0], 2)


def test_what_is_no_column_or_no_degree_is_refused():
    with pytest.raises(DataError, match="degree=0"):
        power_moments([1.0], [1.0], 0)
    with pytest.raises(DataError, match="x has shape"):
        power_moments([[1.0]], [1.0], 2)
    with pytest.raises(DataError, match="X has 2 rows but y has 1"):
        power_moments([1.0, 2.0], [1.0], 2)
    with pytest.raises(DataError, match=r"1 cell is not finite .* row 5002"):
        power_moments(np.r_[np.ones(5001), np.inf], np.ones(5002), 2)


# The least digits are what rounding decimal x and y to float64 leaves: of Filip 14, of Wampler2 13.
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("Filip", 13.9),
        ("Norris", 13.9),
        ("Pontius", 13.4),
        ("Wampler1", 15.0),
        ("Wampler2", 13.0),
        ("Wampler3", 15.0),
        ("Wampler4", 15.0),
        ("Wampler5", 15.0),
    ],
)
def test_nist_polynomials_keep_their_digits(name, least, shared_data):
    problem = json.loads((shared_data / "nist" / f"{name}.json").read_text())
    solution = power_moments(problem["x"], problem["y"], problem["degree"]).solve()
    pairs = zip([solution.intercept, *solution.coef], problem["certified"]["coef"], strict=True)
    digits = min(15.0 if a == b else -math.log10(abs(a - b) / abs(b)) for a, b in pairs)
    assert digits >= least


@pytest.mark.parametrize("size", [1e100, 1e-100])
def test_powers_beyond_float64_are_told_and_leave_no_traceback(size):
    x, y = np.array([[1.0], [2.0], [4.0], [5.0], [7.0], [9.0]]), np.array([1.0, 2.0, 3.0, 5.0, 2.0, 7.0])
    with pytest.warns(DataWarning, match=r"the coefficients? of .*'x0\^4' (is|are) in size outside"):
        model = LinearRegression(polynomial=4).fit(x * size, y)
    assert model.digits_ == 0.0
    assert "'x0^4'" in str(model.summary())
    # The lower powers are those of the same rows in another unit: to the 53 bits of each.
    plain = LinearRegression(polynomial=4, precision="exact").fit(x, y)
    np.testing.assert_allclose(model.coef_[:3] * size ** np.arange(1, 4), plain.coef_[:3], rtol=1e-12)


def test_a_prediction_beyond_float64_is_infinite():
    """Without a word of NumPy's: warnings are errors here."""
    x = np.array([[1.0], [2.0], [4.0], [5.0], [7.0], [9.0]])
    model = LinearRegression(polynomial=2).fit(x, x[:, 0] ** 2 + [0.0, 1.0, -1.0, 0.0, 1.0, -1.0])
    assert model.predict([[1e200]]).tolist() == [np.inf]
    assert np.isnan(model.predict_interval([[1e200]])).all()
