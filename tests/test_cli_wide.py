"""A descent on thousands of columns, on the command line: what can be told without sums over pairs of them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import gradline

COLUMNS = 2100
ARGUMENTS = ("fit", "wide.parquet", "--target", "y")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Thirty rows."""
    folder = tmp_path_factory.mktemp("wide")
    numbers = np.random.default_rng(0).normal(size=(30, COLUMNS + 1))
    names = [*(f"c{j}" for j in range(COLUMNS)), "y"]
    pq.write_table(pa.table(dict(zip(names, numbers.T, strict=True))), folder / "wide.parquet")
    pq.write_table(
        pa.table({name: numbers[:, j] for j, name in ((0, "c0"), (COLUMNS, "y"))}), folder / "narrow.parquet"
    )
    return folder


@pytest.mark.parametrize("engine", ["numpy", "nn"])
def test_a_wide_descent_gives_the_answer_without_standard_errors(engine, wide):
    if engine == "nn":
        pytest.importorskip("torch")
    done = gradline(*ARGUMENTS, "--engine", engine, "--json", cwd=wide)
    assert done.returncode == 0
    fit = json.loads(done.stdout)
    table = pq.read_table(wide / "wide.parquet")
    X = np.column_stack([table[f"c{j}"].to_numpy() for j in range(COLUMNS)])
    y = table["y"].to_numpy()
    # The answer of least length once columns are centred and scaled: it is in the span of the rows.
    scale = X.std(axis=0)
    Z = (X - X.mean(axis=0)) / scale
    expected = np.linalg.pinv(Z) @ (y - y.mean()) / scale
    found = np.array([fit["coef"][f"c{j}"] for j in range(COLUMNS)])
    # `gap` bounds the distance of all together in these units, relative to their length.
    assert fit["gap"] < 1e-6
    assert np.linalg.norm((found - expected) * scale) <= 1e-6 * np.linalg.norm(expected * scale)
    assert fit["converged"]
    assert fit["rows"] == 30
    assert fit["loss"] == pytest.approx(np.mean((X @ found + fit["intercept"] - y) ** 2), abs=1e-12)
    assert "Converged at iteration" in fit["stop_reason"]
    assert set(fit["standard_error"].values()) == {None}
    assert fit["r2"] is None


def test_as_json_it_has_the_keys_of_every_fit_and_the_gap_after_them(wide):
    narrow = gradline("fit", "narrow.parquet", "--target", "y", "--engine", "numpy", "--json", cwd=wide)
    shown = gradline(*ARGUMENTS, "--engine", "numpy", "--iterations", 3, "--json", cwd=wide)
    assert [*json.loads(narrow.stdout), "gap"] == list(json.loads(shown.stdout))


def test_as_text_the_first_terms_are_shown_and_the_others_counted(wide):
    done = gradline(*ARGUMENTS, "--engine", "numpy", cwd=wide)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "y on 2,100 features of wide.parquet (30 rows), gradient descent by numpy"
    assert [line.split()[0] for line in lines[3:23]] == ["(Intercept)", *(f"c{j}" for j in range(19))]
    assert "2,081 more terms; --json has all." in lines
    assert "No standard errors" in done.stdout
    assert all(len(line) <= 80 for line in lines)
    warning = done.stderr.splitlines()[0]
    assert "A descent from 0 leads to the one with the smallest sum of squared coefficients" in warning


def test_one_that_stops_short_says_so(wide):
    done = gradline(*ARGUMENTS, "--engine", "numpy", "--iterations", 3, cwd=wide)
    assert done.returncode == 0
    assert "Stopped after the 3 iterations asked for" in " ".join(done.stdout.split())
    assert "warning: not converged" in done.stderr
