"""Double-double arithmetic against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradline.moments.integers.double_double import (
    ROUNDING,
    DoubleDouble,
    cholesky,
    fast_two_sum,
    solve_cholesky,
    two_product,
    two_sum,
)

size = st.floats(1e-60, 1e60)
number = st.one_of(size, size.map(lambda v: -v))


def exact(high, low):
    return Fraction(float(high)) + Fraction(float(low))


@given(number, number)
def test_error_free_transformations_are(a, b):
    x, y = np.array([a]), np.array([b])
    assert exact(*(part[0] for part in two_sum(x, y))) == Fraction(a) + Fraction(b)
    large, small = (x, y) if abs(a) >= abs(b) else (y, x)
    assert exact(*(part[0] for part in fast_two_sum(large, small))) == Fraction(a) + Fraction(b)
    assert exact(*(part[0] for part in two_product(x, y))) == Fraction(a) * Fraction(b)


@st.composite
def double_double(draw):
    high = draw(number)
    return DoubleDouble(*two_sum(np.array([high]), np.array([high * 2.0**-53 * draw(st.floats(-0.99, 0.99))])))


@given(double_double(), double_double())
def test_operations_are_right_to_the_stated_rounding(a, b):
    x, y = exact(a.high[0], a.low[0]), exact(b.high[0], b.low[0])
    bound = Fraction(ROUNDING)
    for got, want in ((a + b, x + y), (a - b, x - y), (a * b, x * y), (a / b, x / y)):
        assert abs(exact(got.high[0], got.low[0]) - want) <= bound * abs(want)
    if x > 0:
        root = a.sqrt()
        assert abs(exact(root.high[0], root.low[0]) ** 2 - x) <= 2 * bound * x


@given(st.integers(-(2**400), 2**400), st.integers(300, 420))
def test_integers_come_and_go(number, place):
    dd = DoubleDouble.of_integers(np.array([number], dtype=object), place)
    value = exact(dd.high[0], dd.low[0])
    assert abs(value - Fraction(number, 2**place)) <= abs(value) * Fraction(ROUNDING) + Fraction(1, 2**140)
    for places in (-5, 200, 1300):
        back = dd.to_integers(places)[0]
        assert abs(back - value * Fraction(2) ** places) < 2


@pytest.mark.parametrize("n", [1, 2, 9])
def test_cholesky_solves_to_all_its_bits(n):
    g = np.random.default_rng(n)
    Z = g.integers(-99, 99, (3 * n, n)).astype(object)
    A, X = Z.T @ Z, g.integers(-99, 99, (n, 2)).astype(object)
    L = cholesky(DoubleDouble.of_integers(A, 0))
    got = solve_cholesky(L, DoubleDouble.of_integers(A @ X, 0)).to_integers(100)
    # Condition numbers of A are below 1e3 here.
    assert (abs(got - X * 2**100) <= 2**24).all()
    assert (np.triu(L.high, 1) == 0).all()


def test_cholesky_of_an_indefinite_matrix_is_none():
    assert cholesky(DoubleDouble.of(np.array([[1.0, 2.0], [2.0, 1.0]]))) is None
