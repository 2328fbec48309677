"""Binned residuals and the band, against NumPy over all rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.diagnostics import profile
from gradline.diagnostics.bins import BINS
from tests.diagnostics.fits import diagnosed, fitted, near, table


@pytest.mark.parametrize("weighted", [True, False])
def test_bins_hold_the_means_of_their_rows(weighted):
    X, y = table(900)
    w = np.random.default_rng(1).uniform(0.2, 4.0, 900) if weighted else np.ones(900)
    found = diagnosed(X, y, w if weighted else None).profile
    fit = fitted(X, y, w)
    assert list(found.features) == ["x0", "x1", "x2", "x3"]
    for bins, x in ((found.fitted, fit.fittedvalues), *zip(found.features.values(), X.T, strict=True)):
        assert bins.rows.sum() == 900
        order, ends = np.argsort(x, kind="stable"), np.cumsum(bins.rows).astype(int)
        for j, rows in enumerate(np.split(order, ends[:-1])):
            near(bins.mean[j], np.average(fit.resid[rows], weights=w[rows]), 1e-8)
            near(bins.standard_error[j], np.sqrt(fit.scale / w[rows].sum()))
            # The means of features are those of cells, at most an eighth of a standard deviation wide.
            assert abs(bins.x[j] - x[rows].mean()) <= x.std() / 16.0 or rows[0] in (order[0], order[-1])
        assert 10 <= len(bins.x) <= BINS
    rows = np.argsort(fit.fittedvalues)[: int(found.fitted.rows[0])]
    near(found.fitted.sd[0], np.sqrt(np.mean(fit.wresid[rows] ** 2)))
    near(found.fitted.x[0], fit.fittedvalues[rows].mean())


@pytest.mark.parametrize("weighted", [True, False])
def test_the_band_holds_the_rows_that_statsmodels_counts(weighted):
    X, y = table(400)
    w = np.random.default_rng(1).uniform(0.2, 4.0, 400) if weighted else None
    found = diagnosed(X, y, w).profile
    fit = fitted(X, y, w)
    frame = fit.get_prediction(weights=1.0 if w is None else w).summary_frame(alpha=0.05)
    inside = (y >= frame["obs_ci_lower"]) & (y <= frame["obs_ci_upper"])
    assert found.covered == inside.sum()
    assert found.coverage == inside.mean()


def test_many_coefficients_widen_the_band_in_their_own_rows():
    X, _ = table(400, 150)
    y = np.random.default_rng(6).normal(size=400)
    diagnosis = diagnosed(X, y)
    assert diagnosis.coverage > 0.98
    assert diagnosis.profile.expected_coverage == pytest.approx(diagnosis.coverage, abs=0.01)
    assert diagnosis.check("band").sign is False


def test_an_indicator_is_binned_at_its_two_values():
    X, y = table(300, 1)
    X = np.column_stack([X, np.arange(300) % 3 == 0])
    assert list(diagnosed(X, y).profile.features["x1"].x) == [0.0, 1.0]


def test_spread_along_the_fit_is_that_of_the_outer_thirds():
    rng = np.random.default_rng(2)
    x = rng.uniform(1.0, 5.0, 6000)
    y = x + x * rng.normal(size=6000)
    found = diagnosed(x[:, None], y).profile
    resid = fitted(x[:, None], y).resid[np.argsort(x)]
    # Thirds are made of whole cells: at their ends some rows are on the other side.
    assert found.spread == pytest.approx(np.sqrt(np.mean(resid[4000:] ** 2) / np.mean(resid[:2000] ** 2)), rel=0.03)


def test_frequency_weights_are_repeated_rows():
    X, y = table(200)
    times = np.random.default_rng(2).integers(1, 4, 200)
    one = diagnosed(X, y, times.astype(float), frequencies=True).profile
    other = diagnosed(np.repeat(X, times, axis=0), np.repeat(y, times)).profile
    for name, bins in other.features.items():
        assert (one.features[name].rows == bins.rows).all()
        np.testing.assert_allclose(one.features[name].mean, bins.mean, rtol=1e-9, atol=1e-9)
    assert one.covered == other.covered


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 400))
def test_any_cut_gives_the_same_bins(rows):
    X, y = table(300)
    one, other = (diagnosed(X, y, rows=size).profile for size in (rows, 1000))
    for name, bins in other.features.items():
        assert (one.features[name].rows == bins.rows).all()
        assert (one.features[name].x == bins.x).all()
        np.testing.assert_allclose(one.features[name].mean, bins.mean, rtol=1e-9, atol=1e-12)
    assert one.covered == other.covered


def test_of_many_features_those_that_move_the_fit_most_are_binned(monkeypatch):
    monkeypatch.setattr(profile, "MOST_FEATURES", 2)
    X, _ = table(300, 4)
    Z = (X - X.mean(0)) / X.std(0)
    y = Z @ [0.1, 5.0, 0.2, 9.0] + np.random.default_rng(5).normal(size=300)
    diagnosis = diagnosed(X, y)
    assert list(diagnosis.profile.features) == ["x1", "x3"]
    assert any("2 others are left out" in note for note in diagnosis.notes)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("count", [1, 4, 7])
def test_fewer_bins_are_neighbours_together(count, weighted):
    X, y = table(900)
    w = np.random.default_rng(1).uniform(0.2, 4.0, 900) if weighted else np.ones(900)
    found, fit = diagnosed(X, y, w if weighted else None).profile.fitted.fewer(count), fitted(X, y, w)
    assert len(found.x) == count
    order, ends = np.argsort(fit.fittedvalues, kind="stable"), np.cumsum(found.rows).astype(int)
    assert ends[-1] == 900
    for j, rows in enumerate(np.split(order, ends[:-1])):
        # What remains of residuals that cancel to zero is rounding of their size.
        near(found.mean[j] + 1.0, np.average(fit.resid[rows], weights=w[rows]) + 1.0, 1e-8)
        near(found.standard_error[j], np.sqrt(fit.scale / w[rows].sum()), 1e-8)
        near(found.sd[j], np.sqrt(np.mean(fit.wresid[rows] ** 2)), 1e-8)
        near(found.x[j], fit.fittedvalues[rows].mean())


def test_bins_of_an_exact_fit_have_no_error_together_either():
    x = np.arange(40.0)
    bins = diagnosed(x[:, None], 3.0 + 2.0 * x).profile.fitted.fewer(5)
    assert len(bins.x) == 5
    assert (bins.standard_error == 0.0).all()


def test_half_the_band_is_that_of_a_row_of_mean_leverage():
    from scipy import stats

    X, y = table(60)
    fit = fitted(X, y)
    expected = stats.t.ppf(0.975, 55) * np.sqrt(fit.scale * (1.0 + 5 / 60))
    near(diagnosed(X, y).profile.half_band, expected)
