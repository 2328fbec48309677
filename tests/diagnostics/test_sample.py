"""The rows kept for drawings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.diagnostics.frame import Frame
from gradline.diagnostics.sample import SampleMeasure, scrambled
from tests.diagnostics.fits import diagnosed, fitted, near, table


def test_few_rows_are_all_kept():
    X, y = table(300)
    sample = diagnosed(X, y, rows=64).sample
    fit = fitted(X, y)
    influence = fit.get_influence()
    assert sample.whole
    assert (sample.row == np.arange(1, 301)).all()
    near(sample.X, X)
    near(sample.actual, y)
    near(sample.leverage, influence.hat_matrix_diag)
    near(sample.cooks, influence.cooks_distance[0], 1e-9)


@settings(deadline=None, max_examples=6)
@given(st.integers(50, 5000))
def test_any_cut_keeps_the_same_rows(rows):
    X, y = table(3000, 2)
    one, other = (diagnosed(X, y, rows=size).sample for size in (rows, 4096))
    assert len(one.row) == 1000
    assert not one.whole
    assert (one.row == other.row).all()
    assert (one.X == other.X).all()


def test_many_rows_are_looked_at_only_where_they_may_be_kept():
    X, y = table(200_000, 1)
    sample = diagnosed(X, y, rows=4096).sample
    expected = np.sort(np.argsort(scrambled(np.arange(1, 200_001)))[:1000] + 1)
    assert (sample.row == expected).all()


def test_the_sample_is_spread_over_the_table():
    kept = np.sort(np.argsort(scrambled(np.arange(1, 100_001)))[:1000])
    tenths = np.bincount(kept // 10_000, minlength=10)
    assert (np.abs(tenths - 100) < 40).all()  # four standard deviations


def test_wide_rows_are_kept_without_their_features():
    X, y = table(100, 30)
    assert diagnosed(X, y).sample.X is None
    assert SampleMeasure.__dataclass_fields__["frame"].type == Frame.__name__
