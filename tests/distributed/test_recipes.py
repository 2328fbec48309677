"""The recipes for other engines, as they stand in docs/scaling.md: the bits of one process."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gradline import ExactMoments

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
pytestmark = pytest.mark.filterwarnings("ignore")  # of the engines


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(1e6, 1, 5000), "z": rng.integers(0, 9, 5000).astype(float)})
    frame["y"] = 2 * frame["x"] - frame["z"] + rng.normal(size=5000)
    return frame


def recipe(engine: str, **given) -> dict:
    """What the page's block for that engine ends with."""
    body = next(
        body for body in re.findall(r"^```py\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S) if engine in body
    )
    body = body.replace("65_536", "1_000")  # several batches of a small table
    exec(compile(body, str(PAGE), "exec"), given)
    return given


def check(found: dict, table: pd.DataFrame) -> None:
    alone = ExactMoments.of(table[["x", "z"]].to_numpy(), table["y"].to_numpy())
    assert found["whole"].to_json() == alone.to_json()
    assert len(found["states"]) > 1
    assert found["fit"].coef_.tolist() == alone.solve().coef.tolist()


def test_spark(table, monkeypatch):
    pyspark = pytest.importorskip("pyspark.sql", reason="Spark is not installed: pip install pyspark (and Java 17)")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    settings = pyspark.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = settings.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    try:
        check(recipe("Spark", df=spark.createDataFrame(table).repartition(5)), table)
    finally:
        spark.stop()


def test_ray(table, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # no file of it in the home folder
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[data]'")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        check(recipe("Ray", ds=ray.data.from_pandas(table).repartition(5)), table)
    finally:
        ray.shutdown()


@pytest.mark.parametrize("engine", ["Spark", "Ray"])
def test_what_the_workers_of_either_do(table, engine):
    """The recipe's own function, on batches as that engine hands them out, without the engine."""
    import pyarrow as pa

    parts = [table.iloc[start : start + 1500] for start in range(0, 5000, 1500)]

    class Rows:
        def select(self, *names):
            return self

        def mapInArrow(self, of, schema):  # noqa: N802 - as Spark calls it
            batches = [[pa.RecordBatch.from_pandas(part, preserve_index=False)] for part in [*parts, parts[0][:0]]]
            self.found = [row for batch in batches for out in of(iter(batch)) for row in out.to_pylist()]
            return self

        def collect(self):
            return [type("Row", (), row) for row in self.found]

        def map_batches(self, of, batch_size):
            self.found = [{"sums": of({name: part[name].to_numpy() for name in part})["sums"][0]} for part in parts]
            return self

        def take_all(self):
            return self.found

    check(recipe(engine, df=Rows(), ds=Rows()), table)
