"""K-fold and leave-one-out errors, against refits without the rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from statsmodels.stats.outliers_influence import OLSInfluence

from gradline.data.arrays import ArraySource
from gradline.diagnostics.diagnosis import diagnose
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.solution import Status
from tests.diagnostics.fits import diagnosed, fitted, near, table


def refitted(X, y, w, folds, intercept):
    """Squared errors of each fold and of the mean, from a fit without it."""
    number = np.arange(1, len(y) + 1) % folds
    weight = np.ones(len(y)) if w is None else w
    errors = []
    for f in range(folds):
        out = number == f
        model = LinearRegression(fit_intercept=intercept).fit(X[~out], y[~out], weight[~out])
        mean = np.average(y[~out], weights=weight[~out])
        errors.append(
            (weight[out].sum(), weight[out] @ (y[out] - model.predict(X[out])) ** 2, weight[out] @ (y[out] - mean) ** 2)
        )
    return np.array(errors).T


@pytest.mark.parametrize("kind", [ExactMoments, None])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_error_of_each_fold_is_that_of_a_refit(weighted, intercept, kind):
    X, y = table(501)
    w = np.random.default_rng(1).uniform(0.2, 4.0, 501) if weighted else None
    options = {} if kind is None else {"kind": kind}
    found = diagnosed(X, y, w, intercept=intercept, folds=7, **options).folds
    weight, errors, baseline = refitted(X, y, w, 7, intercept)
    near(found.each_rmse, np.sqrt(errors / weight))
    near(found.rmse, np.sqrt(errors.sum() / weight.sum()))
    near(found.baseline_rmse, np.sqrt(baseline.sum() / weight.sum()))
    assert found.r2 == pytest.approx(1.0 - errors.sum() / baseline.sum(), rel=1e-10)


def test_a_frequency_weight_keeps_its_rows_in_one_fold():
    X, y = table(200)
    times = np.random.default_rng(2).integers(1, 4, 200).astype(float)
    found = diagnosed(X, y, times, frequencies=True).folds
    weight, errors, _ = refitted(X, y, times, 10, True)
    near(found.rmse, np.sqrt(errors.sum() / weight.sum()))
    assert found.rows.sum() == times.sum()


def test_a_fold_with_all_rows_of_a_category_is_left_out_and_told():
    X, y = table(100, 2)
    X = np.column_stack([X, np.arange(1, 101) % 10 == 3])
    diagnosis = diagnosed(X, y)
    assert list(np.flatnonzero(np.isnan(diagnosis.folds.each_rmse))) == [3]
    assert np.isfinite(diagnosis.folds.rmse)
    assert any("rests on the rows of that fold alone" in note for note in diagnosis.notes)


def test_an_unfinished_descent_is_held_out_as_least_squares_is():
    X, y = table(300)
    moments = Moments.of(X, y)
    answer = moments.solve()
    off = answer.coef * [1.001, 0.998, 1.0, 1.003]
    short = replace(answer, coef=off, intercept=answer.intercept + 0.1, status=Status.MAX_ITER)
    found = diagnose(ArraySource(X, y), moments, short, fit_intercept=True).folds
    near(found.each_rmse, diagnosed(X, y).folds.each_rmse, 1e-9)


def test_more_folds_than_rows_leave_one_out():
    X, y = table(40, 2)
    diagnosis = diagnosed(X, y, folds=50)
    assert diagnosis.folds.folds == 40
    near(diagnosis.folds.rmse, diagnosis.left_out.rmse)


def test_of_empty_folds_the_sentence_says_which_rows_were_held_out():
    """Every tenth row has no weight: fold 0 of row number modulo 10 is empty, and no other numbering makes nine."""
    X, y = table(100, 2)
    w = np.resize([1.0] * 9 + [0.0], 100)
    diagnosis = diagnosed(X, y, w)
    number = np.arange(1, 101)[w > 0] % 10
    errors = [
        fitted(X[w > 0][number != fold], y[w > 0][number != fold]).predict(
            np.column_stack([np.ones((number == fold).sum()), X[w > 0][number == fold]])
        )
        - y[w > 0][number == fold]
        for fold in range(1, 10)
    ]
    near(diagnosis.folds.rmse, np.sqrt(np.mean(np.concatenate(errors) ** 2)), 1e-9)
    assert "(9 of 10 folds, row number modulo 10)" in diagnosis.held_out_sentence()


@pytest.mark.parametrize("weighted", [True, False])
def test_press_is_that_of_statsmodels(weighted):
    import statsmodels.api as sm

    X, y = table(300)
    w = np.random.default_rng(1).uniform(0.2, 4.0, 300) if weighted else None
    fit = fitted(X, y, w)
    errors = OLSInfluence(sm.OLS(fit.model.wendog, fit.model.wexog).fit()).resid_press
    found = diagnosed(X, y, w)
    near(found.press, errors @ errors)
    near(found.left_out.rmse, np.sqrt(errors @ errors / (300 if w is None else w.sum())))


def test_a_row_of_its_own_kind_is_not_in_press():
    X, y = table(60, 2)
    alone = np.column_stack([X, np.arange(60) == 41])
    found, without = diagnosed(alone, y).left_out, diagnosed(np.delete(X, 41, 0), np.delete(y, 41)).left_out
    assert found.left_out == 1
    near(found.press, without.press)


def test_sums_too_large_to_keep_are_left_out_with_a_note(monkeypatch):
    from gradline.diagnostics import folds

    monkeypatch.setattr(folds, "MOST_NUMBERS", 10)
    X, y = table(60, 2)
    diagnosis = diagnosed(X, y)
    assert diagnosis.folds is None
    assert any("10 folds" in note for note in diagnosis.notes)
    assert "each row held out in turn" in str(diagnosis).replace("\n  ", " ")


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 400))
def test_any_cut_gives_the_same_error(rows):
    X, y = table(300)
    one, other = (diagnosed(X, y, rows=size) for size in (rows, 1000))
    near(one.folds.each_rmse, other.folds.each_rmse)
    near(one.press, other.press)
    assert (one.folds.rows == other.folds.rows).all()
