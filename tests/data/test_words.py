"""What is told where a table or a formula is not what was expected, and that the advice can be followed."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from gradline import DataError, open_source

TABLE = {"x": [1.0, 2.0, 3.0], "y": [2.0, 3.0, 5.0]}


@pytest.mark.parametrize(("formula", "advice"), [("y", "y ~ ."), ("x", "y ~ x"), ("log(y)", "x ~ log(y)")])
def test_the_formula_advised_for_one_without_a_target_can_be_fitted(formula: str, advice: str) -> None:
    pytest.importorskip("formulaic")
    with pytest.raises(DataError, match="has no target") as caught:
        open_source(TABLE, formula=formula)
    assert caught.value.hint == f"'{advice}'"
    assert next(open_source(TABLE, formula=advice).batches()).y.shape == (3,)


def test_code_in_a_formula_is_no_arithmetic() -> None:
    pytest.importorskip("formulaic")
    with pytest.raises(DataError, match="no arithmetic of columns"):
        open_source(TABLE, formula='y ~ __import__("os").system("id")')


def test_a_query_that_has_not_run_is_told_to_run() -> None:
    with pytest.raises(DataError, match="LazyFrame is a query") as caught:
        open_source(pl.LazyFrame(TABLE), target="y")
    assert ".collect()" in str(caught.value.hint)


def test_an_interval_of_months_has_no_length_but_its_seconds_have() -> None:
    waits = pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval())
    with pytest.raises(DataError, match="an interval of months and days in row 1") as caught:
        list(open_source(pa.table({"wait": waits, "y": TABLE["y"]}), target="y", features=["wait"]).batches())
    assert "EXTRACT(EPOCH FROM wait)" in str(caught.value.hint)


def test_a_duration_has_a_length() -> None:
    waits = pa.array([datetime.timedelta(minutes=1)] * 3)
    batch = next(open_source(pa.table({"wait": waits, "y": TABLE["y"]}), target="y").batches())
    np.testing.assert_array_equal(batch.X[:, 0], [60.0, 60.0, 60.0])
