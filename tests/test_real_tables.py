"""Real tables as their users would fit them, all columns as they come: the figures of statsmodels."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.command import gradline

# Relative to the largest of its kind: condition numbers up to a hundred, and statsmodels' own rounding through a
# pseudo-inverse, leave some ten digits.
DIGITS = 1e-9


@pytest.mark.parametrize(("name", "target"), [("housing", "median_house_value"), ("diamonds", "price")])
def test_every_column_of_a_real_table_is_fitted_as_statsmodels_does(shared_table, tmp_path, name, target):
    path = shared_table(f"{name}.csv")
    done = gradline("fit", path, "--target", target, "--missing", "drop", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    frame = pd.read_csv(path, skipinitialspace=True)
    frame.columns = [column.strip() for column in frame.columns]
    features = [f"Q({column!r})" for column in frame.columns if column != target]
    expected = smf.ols(f"{target} ~ {' + '.join(features)}", frame).fit()
    assert found["rows"] == expected.nobs
    names = {
        "(Intercept)" if term == "Intercept" else term.replace("Q('", "").replace("')", ""): term
        for term in expected.params.index
    }
    assert set(found["coef"]) == set(names)
    for ours, theirs in (("coef", expected.params), ("standard_error", expected.bse)):
        a = np.array([found[ours][term] for term in names])
        b = theirs[list(names.values())].to_numpy()
        assert (np.abs(a - b) <= DIGITS * np.abs(b) + 1e-12 * np.abs(b).max()).all()
    assert found["r2"] == pytest.approx(expected.rsquared, rel=1e-11)
