"""Every figure that statsmodels has too, of three real tables and of Longley's: to ten digits.

statsmodels is given the columns about their means, in standard deviations: of columns as they come its pseudo-inverse
keeps fewer digits than are asked for. Slopes and their errors are divided by the standard deviations again.
"""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.diagnostic import het_breuschpagan, het_white, linear_reset
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.stattools import durbin_watson, jarque_bera

from gradline import GradientDescentRegressor, LinearRegression
from tests.by_statsmodels import semidefinite
from tests.diagnostics.fits import near

DIGITS = 1e-10
# Both engines' residuals have the rounding of fitted values, 2^-52 cond(Z) |y| / |e| of their size: of Longley's,
# 2e-16 x 110 x 200 = 5e-12. Squares, fourth powers and division by (1 - h)^2 multiply that by 4 and more.
OF_RESIDUALS = 1e-9
# f, its square and its cube, and clusters hardly more than slopes, make matrices of condition 1e3 beyond that of Z.
OF_A_POOR_MATRIX = 1e-8
TABLES = {"housing": "median_house_value", "diamonds": "price", "mpg": "mpg", "Longley": "y"}


class Both:
    """A table fitted by us, and by statsmodels in units in which it keeps its digits."""

    def __init__(self, name, shared_table):
        path = shared_table("nist/Longley.json" if name == "Longley" else f"{name}.csv")
        self.groups = {}
        if name == "Longley":
            rows = json.loads(path.read_text())
            self.X, self.y = np.array(rows["x"], dtype=float), np.array(rows["y"], dtype=float)
        else:
            frame = pd.read_csv(path, skipinitialspace=True).dropna()
            texts = [column for column in frame if frame[column].dtype.kind not in "fi"]
            self.groups = {column: pd.factorize(frame[column])[0] for column in texts if frame[column].nunique() < 50}
            numbers = frame.drop(columns=texts)
            self.y = numbers.pop(TABLES[name]).to_numpy(float)
            self.X = numbers.to_numpy(float)
            if name == "housing":  # squares of half a degree
                self.groups |= {"east": np.floor(2 * frame.longitude), "north": np.floor(2 * frame.latitude)}
        self.sd = self.X.std(0)
        self.Z = sm.add_constant((self.X - self.X.mean(0)) / self.sd)
        self.ours = LinearRegression(precision="exact").fit(self.X, self.y)
        self.theirs = sm.OLS(self.y, self.Z).fit()


@pytest.fixture(scope="module", params=[*TABLES])
def both(request, shared_table):
    return Both(request.param, shared_table)


def assert_same(ours, theirs, sd):
    """Slopes: errors, t, intervals; and the joint test."""
    found = ours.inference
    near(found.standard_error[1:], theirs.bse[1:] / sd)
    # t of a coefficient near zero has the digits of b: those of its standard error.
    np.testing.assert_allclose(found.t[1:], theirs.tvalues[1:], rtol=DIGITS, atol=DIGITS)
    limits = theirs.conf_int()[1:] / sd[:, None]
    np.testing.assert_allclose(found.confidence_interval[1:], limits, rtol=DIGITS, atol=DIGITS * np.abs(limits).max())
    near(found.f_statistic, float(np.squeeze(theirs.fvalue)), OF_RESIDUALS)


def test_the_classical_figures(both):
    assert_same(both.ours.summary(), both.theirs, both.sd)
    found, theirs = both.ours.summary().inference, both.theirs
    near([found.r2, found.adjusted_r2], [theirs.rsquared, theirs.rsquared_adj])
    near([found.aic, found.bic, found.residual_sd], [theirs.aic, theirs.bic, np.sqrt(theirs.scale)])


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_errors_that_differ_in_spread(both, kind):
    assert_same(both.ours.summary(covariance=kind), both.theirs.get_robustcov_results(kind), both.sd)


def test_errors_of_neighbours(both):
    found = both.ours.summary(covariance=("newey-west", 2))
    assert_same(found, both.theirs.get_robustcov_results("HAC", maxlags=2, use_t=True), both.sd)


def test_errors_in_clusters(both):
    """By each column of texts and by pairs of them; of the others by the row number."""
    rows = np.arange(len(both.y))
    one = both.groups or {"fours": rows // 4 if len(rows) < 100 else rows // 40}
    names = [*one]
    kinds = [(name,) for name in names] + [*pairwise(names)]
    compared = 0
    for kind in kinds:
        labels = [one[name] for name in kind]
        theirs = both.theirs.get_robustcov_results(
            "cluster", groups=labels[0] if len(labels) == 1 else np.column_stack(labels), use_t=True
        )
        found = both.ours.summary(covariance=("cluster", *labels)).inference
        if len(labels) == 2:  # where few clusters leave variances below zero, ours are set right
            theirs = semidefinite(theirs)
        compared += len(labels) == 2
        near(found.standard_error[1:], theirs.bse[1:] / both.sd)
        assert found.df == min(len(np.unique(label)) for label in labels) - 1
        slopes, clusters = both.X.shape[1], min(len(np.unique(label)) for label in labels)
        if len(labels) == 1 and clusters > 2 * slopes:
            near(found.f_statistic, float(np.squeeze(theirs.fvalue)), OF_A_POOR_MATRIX)
    assert compared or len(kinds) == 1


def test_variance_inflation_and_effects(both):
    summary, slopes = both.ours.summary(), both.X.shape[1]
    near(summary.vif[1:], [variance_inflation_factor(both.Z, 1 + j) for j in range(slopes)])
    standardised = sm.OLS((both.y - both.y.mean()) / both.y.std(), both.Z).fit().params[1:]
    np.testing.assert_allclose(summary.standardised[1:], standardised, rtol=DIGITS, atol=DIGITS)


def test_influence_and_tests_of_hypotheses(both):
    found = both.ours.diagnose(ordered=True)
    theirs, influence = both.theirs, both.theirs.get_influence()
    r, rest = influence.resid_studentized_internal, theirs.df_resid
    # Their own external ones refit without each row: test_influence.py has those, of a table that is short enough.
    studentised = np.abs(r * np.sqrt((rest - 1) / (rest - r * r)))
    for rows, key in (
        (found.influence.by_leverage, influence.hat_matrix_diag),
        (found.influence.by_cooks, influence.cooks_distance[0]),
        (found.influence.by_studentised, studentised),
    ):
        order = np.argsort(-key, kind="stable")[: len(rows)]
        near([key[row.row - 1] for row in rows], key[order])
    near([row.leverage for row in found.influence.by_leverage], np.sort(influence.hat_matrix_diag)[::-1][:10])
    near([row.cooks for row in found.influence.by_cooks], np.sort(influence.cooks_distance[0])[::-1][:10], OF_RESIDUALS)
    near(
        np.abs([row.studentised for row in found.influence.by_studentised]),
        np.sort(studentised)[::-1][:10],
        OF_RESIDUALS,
    )
    tests = found.hypotheses
    near(found.durbin_watson, durbin_watson(theirs.resid))
    near(tests.jarque_bera.statistic, jarque_bera(theirs.resid)[0], OF_RESIDUALS)
    near(tests.breusch_pagan.statistic, het_breuschpagan(theirs.resid, both.Z)[0])
    if tests.white.df[0] < len(both.y) - both.X.shape[1] and not tests.white.notes:
        near(tests.white.statistic, het_white(theirs.resid, both.Z)[0], OF_RESIDUALS)
    scaled = sm.OLS((both.y - both.y.mean()) / both.y.std(), both.Z).fit()
    near(
        tests.reset.statistic,
        float(linear_reset(scaled, power=3, test_type="fitted", use_f=True).fvalue),
        OF_A_POOR_MATRIX,
    )


def test_a_descent_has_the_same_errors(both):
    found = GradientDescentRegressor("moments").fit(both.X, both.y).summary(covariance="HC3").inference
    # The residuals are those of the coefficients where it stopped: 1e-6 of a standard error from the answer.
    near(found.standard_error[1:], both.theirs.get_robustcov_results("HC3").bse[1:] / both.sd, 1e-6)
