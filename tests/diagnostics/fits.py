"""Fits for the tests of the measures: tables, their diagnoses in blocks of any size, statsmodels' fits of the same."""

from contextlib import contextmanager

import numpy as np
import pytest

from gradline.data.arrays import ArraySource
from gradline.diagnostics import second_pass
from gradline.diagnostics.diagnosis import Diagnosis, diagnose
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from tests.by_statsmodels import fitted  # noqa: F401 - beside the fits it is an oracle of

DIGITS = 1e-10


@contextmanager
def blocks_of(rows):
    """Read in blocks of so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_pass, "rows_a_block", lambda k: rows)
        yield


def table(n=700, p=4, seed=0):
    """Columns of several sizes, far from zero; errors with heavy tails, wider to one side."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.resize([1.0, 30.0, 0.1, 5.0], p) + np.resize([0.0, 100.0, 3.0, -50.0], p)
    y = 2.0 + X @ rng.normal(size=p) + rng.standard_t(6, size=n) * (1.0 + 0.5 * np.abs(X[:, 0]))
    return X, y


def diagnosed(X, y, w=None, *, intercept=True, frequencies=False, rows=256, kind=Moments, **options) -> Diagnosis:
    source = ArraySource(X, y, w, frequencies=frequencies)
    moments = one_pass(source, kind)
    with blocks_of(rows):
        return diagnose(source, moments, moments.solve(intercept), fit_intercept=intercept, **options)


def near(found, expected, digits=DIGITS):
    np.testing.assert_allclose(found, expected, rtol=digits)
