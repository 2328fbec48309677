"""Leverage, studentised residuals, Cook's distance: the rows and the figures of statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import OLSInfluence

from tests.diagnostics.fits import diagnosed, fitted, near, table

WEIGHTS = np.random.default_rng(1).uniform(0.2, 4.0, 700)


def expected_of(fit):
    """statsmodels' figures for a fit, weighted or not: those of the rows times the roots of their weights."""
    return OLSInfluence(sm.OLS(fit.model.wendog, fit.model.wexog).fit())


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("w", [None, WEIGHTS], ids=["plain", "weighted"])
def test_the_most_remarkable_rows_are_those_of_statsmodels(w, intercept):
    X, y = table()
    found = diagnosed(X, y, w, intercept=intercept).influence
    expected = expected_of(fitted(X, y, w, intercept=intercept))
    cooks, size = expected.cooks_distance[0], np.abs(expected.resid_studentized_external)
    for rows, key in (
        (found.by_cooks, cooks),
        (found.by_studentised, size),
        (found.by_leverage, expected.hat_matrix_diag),
    ):
        at = np.argsort(-key)[:10]
        assert [row.row for row in rows] == list(at + 1)
        near([row.cooks for row in rows], cooks[at])
        near([row.studentised for row in rows], expected.resid_studentized_external[at])
        near([row.leverage for row in rows], expected.hat_matrix_diag[at])
        # A row's changes to different terms cancel to different degrees: relative to the largest of them.
        np.testing.assert_allclose([row.changes for row in rows], expected.dfbetas[at], rtol=1e-10, atol=1e-11)
        near([row.actual for row in rows], y[at])
    assert found.cooks_above_half == (cooks > 0.5).sum()
    assert found.studentised_above_3 == (size > 3.0).sum()


def test_the_change_is_told_for_the_slope_that_changes_most():
    X, y = table()
    y[16] += 60.0
    row = diagnosed(X, y).influence.by_cooks[0]
    assert row.row == 17
    assert row.change == row.changes[1:][np.argmax(np.abs(row.changes[1:]))]
    assert row.term == f"x{np.argmax(np.abs(row.changes[1:]))}"


def rare_level(seed, n=150, p=40):
    """Two rows alone have the last column: their leverage is large and their residuals small, so is Cook's distance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).round(3)
    X[:, -1] = np.isin(np.arange(n), rng.choice(n, 2, replace=False))
    return X, (X.sum(axis=1) + rng.standard_t(3, size=n)).round(3)


@pytest.mark.parametrize("rows", [16, 256])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("w", [None, WEIGHTS[:150]], ids=["plain", "weighted"])
def test_the_largest_change_is_that_of_all_rows_and_slopes(w, intercept, rows):
    for seed in range(53, 58):
        X, y = rare_level(seed)
        found = diagnosed(X, y, w, intercept=intercept, rows=rows, folds=0)
        changes = expected_of(fitted(X, y, w, intercept=intercept)).dfbetas[:, int(intercept) :]
        row, slope = np.unravel_index(np.argmax(np.abs(changes)), changes.shape)
        most = found.influence.largest_change
        assert (most.row, most.term) == (row + 1, f"x{slope}")
        near(most.change, changes[row, slope], 1e-9)


def test_no_row_changes_a_slope_by_more_than_the_verdict_says():
    X, y = rare_level(56)
    found = diagnosed(X, y)
    largest = np.abs(expected_of(fitted(X, y)).dfbetas[:, 1:]).max()
    assert 1.0 < largest < 1.05
    assert f"row 62 changes the slope of 'x39' by {largest:.4g} standard errors" in found.check("influence").seen
    assert found.check("influence").sign
    assert found.as_dict()["influence"]["largest_change"]["row"] == 62
    assert 62 not in {row.row for row in found.influence.by_cooks}


@pytest.mark.parametrize("rows", [1, 16, 64, 256])
def test_of_equal_rows_the_first_changes_most(rows):
    X, y = (np.tile(part[:50], (4, 1)) for part in (table(50)[0], table(50)[1][:, None]))
    changes = np.abs(expected_of(fitted(X, y[:, 0])).dfbetas[:50, 1:]).max(axis=1)
    assert diagnosed(X, y[:, 0], rows=rows).influence.largest_change.row == np.argmax(changes) + 1


def test_a_row_of_its_own_kind_has_no_residual_to_be_judged_by():
    X, y = table(60, 2)
    X = np.column_stack([X, np.arange(60) == 41])
    found = diagnosed(X, y).influence
    assert found.decide_themselves == 1
    assert found.by_leverage[0].row == 42
    assert np.isnan(found.by_leverage[0].studentised)
    assert 42 not in {row.row for row in (*found.by_cooks, *found.by_studentised)}


def test_a_frequency_weight_is_so_many_equal_rows():
    X, y = table(90)
    times = np.random.default_rng(2).integers(1, 5, 90)
    one = diagnosed(X, y, times.astype(float), frequencies=True).influence
    all_rows = diagnosed(np.repeat(X, times, axis=0), np.repeat(y, times), top=60).influence
    number = np.repeat(np.arange(1, 91), times)
    cooks = {number[row.row - 1]: row.cooks for row in all_rows.by_cooks}
    for row in one.by_cooks:
        assert row.cooks == pytest.approx(cooks[row.row], rel=1e-10)
    assert one.studentised_above_3 == all_rows.studentised_above_3


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 400), st.integers(1, 12))
def test_any_cut_finds_the_same_rows(rows, top):
    X, y = table(300, 2)
    X = X.round(1)  # ties
    one, other = (diagnosed(X, y, rows=size, top=top).influence for size in (rows, 1000))
    for kind in ("by_cooks", "by_studentised", "by_leverage"):
        a, b = getattr(one, kind), getattr(other, kind)
        assert len(a) == len(b) == top
        near([getattr(row, kind[3:]) for row in a], [getattr(row, kind[3:]) for row in b])


def test_equal_rows_are_told_in_their_order():
    X = np.repeat([0.0, 1.0, 5.0], 40)[:, None]
    y = X[:, 0] + np.tile([1.0, -1.0], 60)
    assert [row.row for row in diagnosed(X, y, top=5, rows=16).influence.by_leverage] == [81, 82, 83, 84, 85]


def test_remarkable_rows_bring_their_features_where_these_are_few():
    X, y = table(300)
    found = diagnosed(X, y, rows=64).influence
    for row in (*found.by_cooks, *found.by_studentised, *found.by_leverage):
        assert (row.x == X[row.row - 1]).all()
    wide = np.random.default_rng(0).normal(size=(60, 21))
    assert {row.x for row in diagnosed(wide, wide.sum(axis=1) + y[:60]).influence.by_leverage} == {None}
