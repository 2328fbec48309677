"""The sketch of quantiles against sorted values, within the error it states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.diagnostics.quantile_plot import local_level, quantile_plot
from gradline.diagnostics.quantiles import LOWEST, RELATIVE_ERROR, Sketch
from tests.diagnostics.fits import diagnosed, fitted, table

values = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


@given(values, st.floats(0.0, 1.0), st.floats(1e-3, 1e3))
def test_every_quantile_is_within_the_stated_error(numbers, q, unit):
    ordered = np.sort(numbers)
    exact = ordered[min(max(int(np.ceil(q * len(ordered))), 1), len(ordered)) - 1]
    found = Sketch.of(np.array(numbers), unit=unit).quantile(q)
    # Cells are told by value / unit, rounded once, hence the last factor.
    assert abs(found - exact) <= max(RELATIVE_ERROR * abs(exact), unit * 2.0**LOWEST) * (1.0 + 1e-12)


@given(values, values)
def test_merging_is_the_sketch_of_all_to_the_bit(first, then):
    together = Sketch.of(np.array(first + then), unit=2.0)
    for a, b in ((first, then), (then, first)):
        merged = Sketch.of(np.array(a), unit=2.0).merged(Sketch.of(np.array(b), unit=2.0))
        assert (merged.counts == together.counts).all()
        assert (merged.least, merged.largest) == (together.least, together.largest)


def test_values_out_of_range_are_clipped_and_the_extremes_stay_exact():
    sketch = Sketch.of(np.array([-1e300, 1e-300, 0.0, 1e300, np.nan]), unit=1.0)
    assert sketch.count == 4
    assert (sketch.quantile(0.0), sketch.quantile(0.5), sketch.quantile(1.0)) == (-1e300, 0.0, 1e300)


def test_nothing_has_no_quantile():
    assert np.isnan(Sketch.of(np.array([]), unit=1.0).quantile(0.5))
    with pytest.raises(ValueError, match="between 0 and 1"):
        Sketch.of(np.array([1.0]), unit=1.0).quantile(1.5)


@pytest.mark.parametrize("frequencies", [False, True])
def test_quantiles_of_the_residuals(frequencies):
    X, y = table(300)
    times = np.random.default_rng(3).integers(1, 4, 300) if frequencies else np.ones(300, dtype=int)
    found = diagnosed(X, y, times.astype(float) if frequencies else None, frequencies=frequencies)
    fit = fitted(np.repeat(X, times, axis=0), np.repeat(y, times))
    residual = np.sort(fit.resid)
    studentised = np.sort(fit.get_influence().resid_studentized_external)
    for q in (0.01, 0.2, 0.5, 0.9, 0.999):
        rank = int(np.ceil(q * len(residual))) - 1
        assert found.quantile(q) == pytest.approx(residual[rank], rel=RELATIVE_ERROR * 1.0001)
        assert found.quantiles.studentised.quantile(q) == pytest.approx(studentised[rank], rel=RELATIVE_ERROR * 1.0001)
    assert found.quantiles.residual.count == times.sum()


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 500))
def test_any_cut_gives_the_same_counts(rows):
    X, y = table(400)
    # Leverages of the same rows in other blocks may differ in their last bit: only the residuals' own are counted.
    one, other = (diagnosed(X.round(), y.round(), rows=size).quantiles.residual for size in (rows, 1000))
    assert (one.counts == other.counts).sum() >= len(one.counts) - 4
    assert one.count == other.count


@pytest.mark.parametrize("n", [30, 300, 3000])
def test_normal_errors_stay_in_the_envelope_nineteen_times_in_twenty(n):
    from scipy.special import betaincinv

    rng = np.random.default_rng(4)
    rank = np.arange(1, n + 1)
    half = 0.5 * local_level(n)
    low, high = (betaincinv(rank, n + 1 - rank, level) for level in (half, 1.0 - half))
    samples = 2000
    inside = 0
    for _ in range(samples):
        ordered = np.sort(rng.uniform(size=n))
        inside += bool((ordered >= low).all() and (ordered <= high).all())
    # The formula is asymptotic; 3 standard errors of the simulation are 0.015, the rest is the formula's own.
    assert inside / samples == pytest.approx(0.95, abs=0.025)


def test_heavy_tails_leave_the_envelope_and_normal_ones_do_not():
    rng = np.random.default_rng(5)
    normal, heavy = rng.normal(size=2000), rng.standard_t(3, size=2000)
    heavy /= heavy.std()
    assert quantile_plot(Sketch.of(normal, unit=1.0), 1990).outside == 0
    plot = quantile_plot(Sketch.of(heavy, unit=1.0), 1990)
    assert 10 < plot.further_out < plot.outside < 2000
    # Exactly the rows beyond the limits, but for those within the sketch's error of them.
    order = np.sort(heavy)
    limit = np.interp(np.arange(1990, 2000), np.cumsum(plot.rows) - 1, plot.high)
    assert (order[-10:] > limit * 1.01).sum() <= plot.further_out
    assert plot.rows.sum() == plot.count == 2000
    assert (plot.low <= plot.expected).all()
    assert (plot.expected <= plot.high).all()
