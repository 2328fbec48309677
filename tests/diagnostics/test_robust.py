"""Robust covariances: the figures of statsmodels, to ten digits, from a second pass in blocks."""

import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from gradline.data.arrays import ArraySource
from gradline.data.source import open_source
from gradline.diagnostics import second_pass
from gradline.diagnostics.block import Block
from gradline.diagnostics.covariance import Asked, checked, parse
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.ordered import DurbinWatson, default_lags
from gradline.diagnostics.sandwich import robust_covariance
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from tests.by_statsmodels import fitted, semidefinite

DIGITS = 1e-10


def table(n=700, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * [1.0, 30.0, 0.1, 5.0][:p] + [0.0, 100.0, 3.0, -50.0][:p]
    memory = np.convolve(rng.normal(size=n + 4), [1.0, 0.8, 0.6, 0.3, 0.1])[4 : n + 4]
    y = 2.0 + X @ rng.normal(size=p) + memory * (1.0 + np.abs(X[:, 0]))
    return X, y


def ours(source, spec, *, fit_intercept=True, kind=Moments):
    moments = one_pass(source, kind)
    return robust_covariance(source, moments, moments.solve(fit_intercept), spec, fit_intercept=fit_intercept)


def assert_same(found, expected):
    """Each element to ten digits of the standard errors it belongs to: near-zero covariances are sums that cancel."""
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(found / scale / scale[:, None], expected / scale / scale[:, None], rtol=0, atol=DIGITS)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of 256 rows: some hundred rows are several of them."""
    monkeypatch.setattr(second_pass, "rows_a_block", lambda k: 256)


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("far_y", "far_x"), [(2.0**30, 0.0), (2.0**30, 2.0**20), (-(2.0**40), 2.0**20)])
def test_rows_far_from_zero_lose_no_digit(far_y, far_x, weighted, kind):
    X, y = (np.round(values * 2.0**10) / 2.0**10 for values in table())  # so that what is added rounds nothing
    w = np.random.default_rng(1).uniform(0.2, 4.0, len(y)) if weighted else None
    covariance = ours(ArraySource(X + far_x, y + far_y, w), "HC3", kind=kind).covariance
    # A slope errs by some 1e-15 of its standard error times |t|, below 1e3 here: that far off are residuals.
    near = np.diag(fitted(X, y, w).get_robustcov_results("HC3").cov_params())
    terms = slice(1 if far_x else 0, None)  # the intercept is another where columns are elsewhere
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)[terms] / near[terms]), 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [Moments, ExactMoments])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("spec", ["HC0", "HC1", "HC2", "HC3"])
def test_heteroskedasticity_as_statsmodels_has_it(spec, weighted, intercept, kind):
    X, y = table()
    w = np.random.default_rng(1).uniform(0.2, 4.0, len(y)) if weighted else None
    found = ours(ArraySource(X, y, w), spec, fit_intercept=intercept, kind=kind)
    model = fitted(X, y, w, intercept=intercept)
    assert_same(found.covariance, model.get_robustcov_results(spec).cov_params())
    assert (found.kind, found.described, found.df, found.notes) == (spec, spec, model.df_resid, ())


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("clusters", [2, 25, 300])
def test_clusters_as_statsmodels_has_them(clusters, weighted, intercept):
    X, y = table()
    rng = np.random.default_rng(2)
    w = rng.uniform(0.2, 4.0, len(y)) if weighted else None
    groups = rng.permutation(np.arange(len(y)) % clusters)
    found = ours(ArraySource(X, y, w), ("cluster", groups), fit_intercept=intercept)
    expected = fitted(X, y, w, intercept=intercept).get_robustcov_results("cluster", groups=groups, use_t=True)
    assert_same(found.covariance, expected.cov_params())
    assert found.df == expected.df_resid_inference == clusters - 1
    assert found.described == f"clustered by the groups given ({clusters} clusters)"


@pytest.mark.parametrize("weighted", [True, False])
def test_clusters_of_two_kinds_as_statsmodels_has_them(weighted):
    X, y = table()
    rng = np.random.default_rng(3)
    w = rng.uniform(0.2, 4.0, len(y)) if weighted else None
    city, year = rng.integers(0, 50, len(y)), rng.integers(0, 12, len(y))
    found = ours(ArraySource(X, y, w), ("cluster", city, year))
    expected = fitted(X, y, w).get_robustcov_results("cluster", groups=np.column_stack([city, year]), use_t=True)
    assert_same(found.covariance, semidefinite(expected).cov_params())
    assert found.df == 11
    assert "12 clusters are few" in found.notes[-1]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("lags", [0, 1, 4, 40, 300, 699])
def test_newey_west_as_statsmodels_has_it(lags, weighted, intercept):
    """Lags beyond a block of 256 rows, too."""
    X, y = table()
    w = np.random.default_rng(4).uniform(0.2, 4.0, len(y)) if weighted else None
    found = ours(ArraySource(X, y, w), ("newey-west", lags), fit_intercept=intercept)
    expected = fitted(X, y, w, intercept=intercept).get_robustcov_results("HAC", maxlags=lags, use_t=True).cov_params()
    # Of lags that span the rows almost nothing is left: the residuals add up to zero in every direction of X. So the
    # digits are those of the terms, whose sizes HC0 has.
    scale = np.sqrt(np.diag(fitted(X, y, w, intercept=intercept).get_robustcov_results("HC0").cov_params()))
    np.testing.assert_allclose(
        found.covariance / scale / scale[:, None], expected / scale / scale[:, None], rtol=0, atol=DIGITS
    )
    assert found.described == f"Newey-West, {lags} lag{'s'[: lags != 1]}"


def test_newey_west_chooses_lags_by_the_number_of_rows():
    X, y = table()
    found = ours(ArraySource(X, y), "newey-west")
    assert default_lags(700) == 6
    assert found.described == "Newey-West, 6 lags"
    assert_same(found.covariance, fitted(X, y).get_robustcov_results("HAC", maxlags=6, use_t=True).cov_params())


@pytest.mark.parametrize("weighted", [True, False])
def test_durbin_watson_as_statsmodels_has_it(weighted):
    X, y = table()
    w = np.random.default_rng(4).uniform(0.2, 4.0, len(y)) if weighted else None
    source = ArraySource(X, y, w)
    moments = one_pass(source, Moments)
    frame = Frame.of(moments, moments.solve(), fit_intercept=True)
    expected = sm.stats.durbin_watson(fitted(X, y, w).wresid)
    assert second_pass.examine(source, frame, [DurbinWatson()])[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("spec", ["HC0", "HC1", "HC2", "HC3", "cluster"])
def test_a_frequency_is_as_many_rows(spec):
    X, y = table(n=300)
    rng = np.random.default_rng(5)
    times, groups = rng.integers(0, 4, len(y)), rng.integers(0, 20, len(y))

    def asked(labels):
        return ("cluster", labels) if spec == "cluster" else spec

    found = ours(ArraySource(X, y, times, frequencies=True), asked(groups))
    every = np.repeat(np.arange(len(y)), times)
    expected = ours(ArraySource(X[every], y[every]), asked(groups[every]))
    assert_same(found.covariance, expected.covariance)
    assert found.df == expected.df


def test_newey_west_refuses_frequencies():
    X, y = table(n=300)
    source = ArraySource(X, y, np.arange(300) % 3, frequencies=True)
    with pytest.raises(DataError, match="order of time"):
        ours(source, "newey-west")


def test_newey_west_refuses_more_lags_than_rows():
    X, y = table(n=30)
    with pytest.raises(DataError, match="30 lags are too many for 30 rows"):
        ours(ArraySource(X, y), "newey-west:30")


def test_each_row_a_cluster_is_hc1():
    X, y = table()
    labels = np.random.default_rng(6).permutation(len(y)) * 10**12
    assert_same(ours(ArraySource(X, y), ("cluster", labels)).covariance, ours(ArraySource(X, y), "HC1").covariance)


def test_dependent_columns_have_no_error_and_change_no_other():
    X, y = table()
    wide = np.column_stack([X[:, 0], X[:, 1], X[:, 1], np.ones(len(y)), X[:, 2:]])
    found = ours(ArraySource(wide, y), "HC3").covariance
    assert np.isnan(found[3:5]).all()
    estimated = [0, 1, 2, 5, 6]
    assert_same(found[np.ix_(estimated, estimated)], ours(ArraySource(X, y), "HC3").covariance)


def test_an_exact_fit_has_no_errors_at_all():
    X = np.arange(12.0)[:, None]
    assert (ours(ArraySource(X, 2 * X[:, 0] + 1), "HC3", kind=ExactMoments).covariance == 0).all()


@pytest.mark.parametrize("spec", ["HC0", "HC3", "newey-west:4"])
def test_columns_a_trillion_away_from_zero_have_the_errors_of_those_at_zero(spec):
    """The intercept is a trillion too, and rounds what it says of y: residuals are taken about the means."""
    rng = np.random.default_rng(15)
    near_zero = np.round(rng.normal(size=(200, 2)) * 2**10) / 2**10  # of few digits: a power of two rounds none
    y = near_zero @ [1.0, -2.0] + rng.normal(size=200) * (1.0 + np.abs(near_zero[:, 0]))
    here = ours(ArraySource(near_zero, y), spec, kind=ExactMoments).covariance
    there = ours(ArraySource(near_zero + 2.0**40, y), spec, kind=ExactMoments).covariance
    assert_same(there[1:, 1:], here[1:, 1:])


def test_without_degrees_of_freedom_nothing_is_known():
    found = ours(ArraySource([[1.0], [2.0]], [1.0, 5.0]), "HC1")
    assert np.isnan(found.covariance).all()


@pytest.mark.parametrize(
    ("spec", "who"),
    [
        (("cluster", np.arange(60)), "the covariance by clusters"),
        (("cluster", np.arange(60) % 9, np.arange(60) % 7), "the covariance by clusters"),
        (("newey-west", 0), "that of Newey and West"),
    ],
)
def test_a_row_that_decides_its_own_fit_is_noted_of_whatever_adds_up_residuals(spec, who):
    X, y = table(n=60)
    alone = np.zeros((60, 1))
    alone[7] = 1.0
    found = ours(ArraySource(np.hstack([X, alone]), y), spec)
    assert found.notes[-1] == (
        f"1 row decides its own fitted value (leverage 1), so that {who} learns nothing from it; the standard error of "
        "'x4', if any, is too small"
    )
    assert not any("leverage" in note for note in ours(ArraySource(X, y), spec).notes)


@pytest.mark.parametrize("spec", ["HC0", "HC2", "HC3"])
def test_a_row_that_decides_its_own_fit_is_left_out_with_a_note(spec):
    X, y = table(n=60)
    alone = np.zeros((60, 1))
    alone[7] = 1.0
    found = ours(ArraySource(np.hstack([X, alone]), y), spec)
    without = ours(ArraySource(np.delete(X, 7, axis=0), np.delete(y, 7)), spec)
    assert_same(found.covariance[:5, :5], without.covariance)
    assert found.notes[0].startswith("1 row decides its own fitted value")
    assert found.notes[0].endswith("; the standard error of 'x4', if any, is too small")


@pytest.mark.parametrize("spread", [1e-3, 1e-5, 1e-6])
def test_a_row_that_all_but_decides_its_own_fit_is_no_such_row(spread):
    """1 - leverage down to 5e-11: its residual is small, and says how large its error is."""
    X, y = table(n=60)
    lever = spread * np.random.default_rng(3).normal(size=60)
    lever[7] = 1.0
    X = np.column_stack([X, lever])
    found = ours(ArraySource(X, y), "HC3")
    expected = fitted(X, y).get_robustcov_results("HC3").cov_params()
    # 1 - leverage has lost what is rounded away beside 1: some units of 1e-16 in 50 spread^2.
    np.testing.assert_allclose(np.diag(found.covariance), np.diag(expected), rtol=1e-10 + 1e-15 / spread**2)
    assert found.notes == ()


def test_coefficients_that_hang_on_rows_of_their_own_are_named_with_them():
    """Of six levels five were met once, the first of them is the reference: its part is in all others."""
    X, y = table(n=60)
    level = np.minimum(np.arange(60), 5)
    dummies = (level[:, None] == np.arange(1, 6)).astype(float)
    found = ours(ArraySource(np.hstack([X, dummies]), y), "HC3")
    assert found.notes == (
        "5 rows decide their own fitted values (leverage 1), so that HC3 learns nothing from them; the standard errors "
        "of '(Intercept)', 'x4', 'x5', 'x6' and 2 more, if any, are too small",
    )


@pytest.mark.parametrize("single", [True, False])
def test_negative_variances_by_two_groupings_are_set_right(single):
    """Of a coefficient, or of combinations alone: statsmodels leaves them."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(24, 2)), rng.normal(size=24)
        a, b = rng.integers(0, 3, 24), rng.integers(0, 3, 24)
        results = fitted(X, y).get_robustcov_results("cluster", groups=np.column_stack([a, b]), use_t=True)
        plain = results.cov_params()
        if np.linalg.eigvalsh(plain)[0] < -1e-6 and (np.diag(plain) < -1e-6).any() == single:
            break
    else:
        pytest.fail("no such table was drawn")
    found = ours(ArraySource(X, y), ("cluster", a, b))
    assert (np.diag(found.covariance) >= 0).all()
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-14
    assert any("negative" in note for note in found.notes)
    assert_same(found.covariance, semidefinite(results).cov_params())


def test_what_rounding_leaves_below_zero_is_not_told_as_negative():
    """Towns within counties: that by both is that by the towns, and what is left has no more rank than the counties."""
    X, y = table()
    county = np.arange(len(y)) % 3
    found = ours(ArraySource(X, y), ("cluster", county, np.arange(len(y)) % 30))
    assert_same(found.covariance, ours(ArraySource(X, y), ("cluster", county)).covariance)
    assert [note[:10] for note in found.notes] == ["3 clusters"] * 2


def test_the_classical_one_needs_no_rows():
    X, y = table()
    source = ArraySource(X, y)
    moments = one_pass(source, Moments)
    found = robust_covariance(source, moments, moments.solve(), "classical", fit_intercept=True)
    assert_same(found.covariance, fitted(X, y).cov_params())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 80), st.floats(0.01, 100.0), st.floats(-1e3, 1e3))
def test_units_do_not_matter(seed, n, unit, origin):
    """Another unit and origin of a column change its own row of the covariance by the factor, and no other."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, 2)), rng.normal(size=n)
    changed = X * [1.0, unit] + [0.0, origin]
    back = np.outer([1.0, unit], [1.0, unit])
    scale = None
    for spec in ("HC3", ("cluster", np.arange(n) % 7), ("newey-west", 3)):
        first = ours(ArraySource(X, y), spec, kind=ExactMoments).covariance[1:, 1:]
        then = ours(ArraySource(changed, y), spec, kind=ExactMoments).covariance[1:, 1:] * back
        scale = np.sqrt(np.outer(np.diag(first), np.diag(first))) if scale is None else scale
        # An origin of 1e3 is 1e5 standard deviations away in a unit of 0.01: the cells have lost five of 16 digits.
        assert (np.abs(then - first) <= 1e-9 * scale).all()


@pytest.mark.parametrize(
    ("text", "kind", "groups", "lags"),
    [
        ("hc3", "HC3", (), None),
        (" HC0 ", "HC0", (), None),
        ("Classical", "classical", (), None),
        ("cluster:city", "cluster", ("city",), None),
        ("CLUSTER: City , year", "cluster", ("City", "year"), None),
        ("newey-west", "newey-west", (), None),
        ("Newey_West:4", "newey-west", (), 4),
    ],
)
def test_what_may_be_asked_for(text, kind, groups, lags):
    asked = parse(text)
    assert (asked.kind, asked.groups, asked.lags) == (kind, groups, lags)
    assert isinstance(checked(asked), Asked)


@pytest.mark.parametrize(
    "spec",
    [
        "HC4",
        "",
        "HC3:2",
        "cluster",
        "cluster:",
        "cluster:a,b,c",
        "newey-west:many",
        "newey-west:-1",
        ("newey-west", 1.5),
        ("HC3", 1),
        ("cluster",),
        (),
        3,
        None,
    ],
)
def test_what_may_not_be_asked_for(spec):
    with pytest.raises(DataError) as caught:
        checked(spec)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "target", "group"),
    [("housing", "median_house_value", None), ("diamonds", "price", "cut"), ("mpg", "mpg", "origin")],
)
def test_real_tables_as_statsmodels_has_them(shared_table, name, target, group):
    path = shared_table(f"{name}.csv")
    frame = pd.read_csv(path, skipinitialspace=True).dropna()
    features = [column for column in frame.columns if column not in (target, "name")]  # the name of a car is a key
    source = open_source(path, target=target, features=features, missing="drop")
    moments = one_pass(source, ExactMoments)
    solution = moments.solve()
    model = smf.ols(f"{target} ~ {' + '.join(f'Q({column!r})' for column in features)}", frame).fit()
    terms = ["Intercept", *(_as_patsy(term) for term in source.feature_names)]
    order = [list(model.params.index).index(term) for term in terms]
    for spec, kind, options in (
        *((kind, kind, {}) for kind in ("HC0", "HC1", "HC2", "HC3")),
        ("newey-west:5", "HAC", {"maxlags": 5, "use_t": True}),
        *([(f"cluster:{group}", "cluster", {"groups": pd.factorize(frame[group])[0], "use_t": True})] if group else []),
    ):
        found = robust_covariance(source, moments, solution, spec, fit_intercept=True)
        expected = model.get_robustcov_results(kind, **options).cov_params()[np.ix_(order, order)]
        assert_same(found.covariance, expected)


def _as_patsy(term):
    column, bracket, level = term.partition("[")
    return f"Q({column!r}){bracket}{level}"


def test_every_block_is_seen_by_one_thread_of_the_blas_the_last_too(monkeypatch):
    """Several threads round otherwise, and not always alike: the same rows would not have the same last digits."""
    seen = []
    of = Block.of.__func__

    def noted(*args, **options):
        blas = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
        seen.append(min(blas))  # NumPy's; that of SciPy, where it is loaded, has other work
        return of(*args, **options)

    monkeypatch.setattr(Block, "of", classmethod(noted))
    X, y = table(n=300)
    with threadpool_limits(2, user_api="blas"):
        ours(ArraySource(X, y), "HC3")
    assert seen == [1, 1]


def test_a_cluster_may_have_a_comma_in_its_name():
    assert parse('cluster:"sqft, heated",city').groups == ("sqft, heated", "city")
    assert parse("cluster: city , year").groups == ("city", "year")
    with pytest.raises(DataError, match="covariance='cluster:city,' holds an empty name"):
        parse("cluster:city,")


@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-12, 1e-13])
@pytest.mark.parametrize("kind", ["HC0", "HC1"])
def test_few_digits_of_the_errors_of_tiny_residuals_are_told(kind, size):
    g = np.random.default_rng(3)
    x = g.normal(size=30)
    y = 3.0 * x + size * g.normal(size=30)
    found = ours(ArraySource(x[:, None], y), kind, fit_intercept=False, kind=ExactMoments)
    a, b = ([Fraction(v) for v in values] for values in (x, y))
    xx = sum(u * u for u in a)
    slope = sum(u * v for u, v in zip(a, b, strict=True)) / xx
    meat = sum((u * (v - slope * u)) ** 2 for u, v in zip(a, b, strict=True))
    exact = float(meat / xx**2 * (Fraction(30, 29) if kind == "HC1" else 1)) ** 0.5
    off = abs(float(found.covariance[0, 0]) ** 0.5 / exact - 1.0)
    told = [note for note in found.notes if "residuals are so small" in note]
    assert len(told) == (size <= 1e-12)
    digits = float(re.search(r"about (\d) digit", told[0])[1]) if told else 4.0
    assert off <= 10.0 ** (0.5 - digits)
