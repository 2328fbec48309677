"""Tables on which tools in daily use lose everything, silently, at their defaults: gradline's defaults on the same."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from gradline import GradientDescentRegressor, LinearRegression

SETS = (
    "Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley",
    "Wampler1", "Wampler2", "Wampler3", "Wampler4", "Wampler5",
)  # fmt: skip


def exact(X, y, intercept=True):
    """Least squares in fractions, by elimination: slow, and beyond doubt."""
    rows = [[Fraction(v) for v in row] + ([Fraction(1)] if intercept else []) for row in np.asarray(X).tolist()]
    target = [Fraction(v) for v in np.asarray(y).tolist()]
    k = len(rows[0])
    A = [[sum(r[i] * r[j] for r in rows) for j in range(k)] + [sum(r[i] * t for r, t in zip(rows, target, strict=True))]
         for i in range(k)]  # fmt: skip
    for i in range(k):
        A[i] = [v / A[i][i] for v in A[i]]
        for m in range(k):
            if m != i:
                A[m] = [v - A[m][i] * w for v, w in zip(A[m], A[i], strict=True)]
    return [row[k] for row in A]


def digits(found, truth):
    """McCullough's LRE: correct significant digits of the worst coefficient, at most 15."""
    worst = 15.0
    for q, c in zip(found, truth, strict=True):
        gap = abs(Fraction(float(q)) - c)
        if gap:
            worst = min(worst, -math.log10(gap / abs(c)) if c else -math.log10(gap))
    return worst


def answer(fit):
    return [*fit.coef_, fit.intercept_] if fit.fit_intercept else list(fit.coef_)


def wampler1():
    x = np.arange(21.0)
    return np.column_stack([x**k for k in range(1, 6)]), sum(x**k for k in range(6))


def year_and_its_square():
    year = np.arange(1990.0, 2021.0)
    return np.column_stack([year, year**2]), 3 + 0.5 * year + 0.25 * year**2


def unix_time():
    rng = np.random.default_rng(0)
    return np.sort(rng.uniform(1.7e9, 1.7e9 + 1e5, 100).round())[:, None], np.linspace(0, 1, 100)


@pytest.mark.parametrize("table", [wampler1, year_and_its_square, unix_time])
def test_the_defaults_keep_nine_digits_and_exact_keeps_all(table):
    X, y = table()
    truth = exact(X, y)
    automatic, certain = LinearRegression().fit(X, y), LinearRegression(precision="exact").fit(X, y)
    assert digits(answer(automatic), truth) >= min(9.0, automatic.digits_)
    assert automatic.digits_ >= 9
    assert answer(certain) == [float(v) for v in truth]


def design(data, how):
    """The float64 matrix: repeated multiplication, as numpy.vander and PolynomialFeatures form powers."""
    x = np.array(data["x"], dtype=float)
    return x if x.ndim == 2 else np.cumprod(np.repeat(x[:, None], data["degree"], axis=1), axis=1)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("precision", ["auto", "exact"])
def test_nist_against_the_exact_solution_of_the_matrix_given(name, precision, shared_data):
    data = json.loads((shared_data / "nist" / f"{name}.json").read_text())
    truth = json.loads((shared_data / "nist" / "exact_float64_design.json").read_text())[f"{name}|cumprod"]
    fit = LinearRegression(precision=precision, fit_intercept=data["intercept"]).fit(design(data, "cumprod"), data["y"])
    found = [fit.intercept_, *fit.coef_] if data["intercept"] else list(fit.coef_)
    score = digits(found, [Fraction(v) for v in truth["coef"]])
    assert score >= (15.0 if precision == "exact" else 9.0)
    assert score >= min(fit.digits_, 15.0) - 1e-9


@pytest.mark.parametrize("name", [name for name in SETS if name not in ("Longley", "NoInt1", "NoInt2")])
def test_nist_polynomials_from_raw_x_against_the_certified_values(name, shared_data):
    data = json.loads((shared_data / "nist" / f"{name}.json").read_text())
    fit = LinearRegression(polynomial=data["degree"], precision="exact").fit(np.array(data["x"])[:, None], data["y"])
    certified = [Fraction(str(v)) for v in data["certified"]["coef"]]
    assert digits([fit.intercept_, *fit.coef_], certified) >= 13.0


@pytest.mark.parametrize("name", SETS)
def test_nist_standard_errors(name, shared_data):
    data = json.loads((shared_data / "nist" / f"{name}.json").read_text())
    fit = LinearRegression(precision="exact", fit_intercept=data["intercept"]).fit(design(data, "cumprod"), data["y"])
    truth = json.loads((shared_data / "nist" / "exact_float64_design.json").read_text())[f"{name}|cumprod"]
    inference = fit.inference()
    certified = [Fraction(v) for v in truth["se"]]
    if inference.exact_fit:  # Wampler1 and 2: what residuals there are come from rounding the design
        assert max(certified) < Fraction(1, 10**9)
        np.testing.assert_array_equal(inference.standard_error, 0.0)
    else:
        assert digits(inference.standard_error, certified) >= 13.0


@pytest.mark.parametrize("top", [1, 10, 100, 1000, 1e6])
def test_descent_reaches_the_line_at_any_scale_of_x(top):
    """At 100 and above scikit-learn's SGDRegressor and river return 1e9 and more, without a warning."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, top, (1000, 1))
    y = 2 * x[:, 0] + 1 + rng.normal(size=1000)
    fit = GradientDescentRegressor().fit(x, y)
    assert fit.converged_
    assert digits(answer(fit), exact(x, y)) >= 6


def test_rows_in_any_order_give_the_same_bits():
    X, y = wampler1()
    reference = LinearRegression(precision="exact").fit(X, y)
    for seed in range(25):
        order = np.random.default_rng(seed).permutation(21)
        np.testing.assert_array_equal(
            LinearRegression(precision="exact").fit(X[order], y[order]).coef_, reference.coef_
        )
