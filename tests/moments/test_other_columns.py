"""Statistics of other columns, without the rows: chosen, put in another order, added as zeros, or as what is left to 1.

The oracle is the sums over rows that were laid out so from the start: to the bit in integers, to rounding in float64.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import ExactMoments, Moments

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e100, max_value=1e100)


@st.composite
def tables(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cells = draw(st.lists(FLOATS, min_size=rows * (columns + 1), max_size=rows * (columns + 1)))
    Z = np.array(cells).reshape(rows, columns + 1)
    chosen = draw(st.lists(st.one_of(st.none(), st.integers(0, columns - 1)), max_size=6))
    return Z[:, :-1], Z[:, -1], chosen


def laid_out(X, columns):
    zeros = np.zeros(len(X))
    return np.column_stack([zeros if j is None else X[:, j] for j in columns]) if columns else np.empty((len(X), 0))


@given(tables())
@settings(deadline=None)
def test_exact_moments_of_chosen_columns_are_those_of_rows_laid_out_so(table):
    X, y, columns = table
    assert ExactMoments.of(X, y).selected(columns) == ExactMoments.of(laid_out(X, columns), y)


@given(tables())
@settings(deadline=None)
def test_what_is_left_to_one_is_exact(table):
    X, y, _ = table
    levels = np.arange(len(X)) % 3
    indicators = np.eye(3)[levels]
    p = X.shape[1]
    without = ExactMoments.of(np.column_stack([X, indicators[:, 1:]]), y)
    assert without.with_rest([p, p + 1]) == ExactMoments.of(np.column_stack([X, indicators[:, [1, 2, 0]]]), y)


@pytest.mark.parametrize("weighted", [False, True])
def test_float64_moments_of_other_columns_agree_to_rounding(weighted):
    rng = np.random.default_rng(0)
    X, y = rng.normal(1e3, 2.0, (500, 3)), rng.normal(size=500)
    weight = rng.uniform(0.5, 2.0, 500) if weighted else None
    indicators = np.eye(4)[rng.integers(0, 4, 500)]
    full = np.column_stack([X, indicators])
    picked = Moments.of(full, y, weight).selected([6, None, 0, 4])
    right = Moments.of(laid_out(full, [6, None, 0, 4]), y, weight)
    np.testing.assert_allclose(picked.scatter, right.scatter, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(picked.mean, right.mean, rtol=1e-14)
    rest = Moments.of(full[:, :6], y, weight).with_rest([3, 4, 5])
    np.testing.assert_allclose(rest.scatter, Moments.of(full, y, weight).scatter, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(rest.mean, Moments.of(full, y, weight).mean, rtol=1e-13)


def test_a_level_met_in_the_last_rows_is_solved_as_if_it_had_been_known():
    rng = np.random.default_rng(1)
    levels = np.repeat([0, 1, 2], [400, 300, 5])
    X = np.column_stack([rng.normal(50, 3, 705), np.eye(3)[levels][:, 1:]])
    y = X @ [2.0, -1.0, 7.0] + 3.0 + rng.normal(size=705)
    early, late = slice(0, 700), slice(700, 705)
    for kind in (Moments, ExactMoments):
        grown = kind.of(X[early, :2], y[early]).selected([0, 1, None]) + kind.of(X[late], y[late])
        known = kind.of(X, y)
        np.testing.assert_allclose(grown.solve().coef, known.solve().coef, rtol=1e-12)
        assert kind is Moments or grown == known
