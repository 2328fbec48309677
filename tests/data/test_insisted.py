"""C(name) is a category, whatever the column holds: numbers keep their names, wherever they come from.

Oracle: statsmodels on the same column as text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import statsmodels.formula.api as smf

from gradline import DataError, LinearRegression, load, open_source
from gradline.data.text import csv_chunks, json_lines
from tests.data.given import write

Y = [1.0, 2, 3, 1, 4, 3, 5, 6, 2, 8]


def by_statsmodels(cells: list[str]) -> dict[str, float]:
    fit = smf.ols("y ~ C(g)", pd.DataFrame({"g": cells, "y": Y[: len(cells)]})).fit()
    return {name.removeprefix("C(g)"): value for name, value in fit.params.items() if name != "Intercept"}


def coefficients(source: object, **roles: object) -> dict[str, float]:
    model = LinearRegression(precision="exact").fit(open_source(source, **roles))
    names = [str(name).removeprefix("C(g)").removeprefix("g") for name in model.feature_names_in_]
    return dict(zip(names, model.coef_.tolist(), strict=True))


def csv_of(cells: list[str]) -> str:
    return "".join(f"{cell},{y}\n" for cell, y in zip(["g", *cells], ["y", *Y], strict=False))


@pytest.mark.parametrize("roles", [{"target": "y", "features": ["C(g)"]}, {"formula": "y ~ C(g)"}])
@pytest.mark.parametrize("chunk", [16, 1 << 20])
@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["1", "2", "3", "1", "2", "3", "B", "B"], None),
        (["1", "01", "1.0", "2", "2.0", "2.50", "2.5", "x"], ["1", "1", "1", "2", "2", "2.5", "2.5", "x"]),
        (["9007199254740993", "9007199254740992"] * 4, None),
        (["true", "false", "true", "false", "maybe"], ["1", "0", "1", "0", "maybe"]),
        (["1970-01-02", "1970-01-03", "soon", "1970-01-02"], ["1", "2", "soon", "1"]),
        (["1970-01-01 00:01", "1970-01-01T00:01:00", "1970-01-01 00:02", "?x"], ["60", "60", "120", "?x"]),
    ],
)
def test_a_late_text_is_a_level_beside_numbers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cells: list[str],
    levels: list[str] | None,
    chunk: int,
    roles: dict[str, object],
) -> None:
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", chunk)
    path = write(tmp_path / "t.csv", csv_of(cells))
    assert coefficients(path, **roles) == pytest.approx(by_statsmodels(levels or cells), abs=1e-9)


@pytest.mark.parametrize("chunk", [32, 1 << 20])
def test_json_mixes_numbers_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", chunk)
    cells = ["1", "2", "9007199254740993", "1", '"B"', "2.0", "0.5", '"B"', "0.5"]
    rows = "".join(f'{{"g": {cell}, "y": {y}}}\n' for cell, y in zip(cells, Y, strict=False))
    expected = by_statsmodels([cell.strip('"').removesuffix(".0") for cell in cells])
    found = coefficients(write(tmp_path / "t.jsonl", rows), target="y", features=["C(g)"])
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_first_part_without_rows_says_nothing_of_a_category(tmp_path: Path) -> None:
    write(tmp_path / "p0.csv", "g,y\n")
    write(tmp_path / "p1.csv", csv_of(["a", "b", "a", "b"]))
    found = coefficients(tmp_path, target="y", features=["C(g)"])
    assert found == pytest.approx(by_statsmodels(["a", "b", "a", "b"]))


def test_names_of_folders_need_not_all_be_numbers(tmp_path: Path) -> None:
    for key, y in {"1": (1, 2), "2": (3, 1), "foo": (4, 3)}.items():
        (tmp_path / f"g={key}").mkdir()
        write(tmp_path / f"g={key}" / "t.csv", "y\n" + "".join(f"{value}\n" for value in y))
    expected = by_statsmodels(["1", "1", "2", "2", "foo", "foo"])
    assert coefficients(tmp_path, target="y", features=["C(g)"]) == pytest.approx(expected)


NUMBERS = [1.0, 2.0, 0.5, 2.0, 1.0, 300.0, -0.0, 0.0]


def as_database(path: Path) -> Path:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE t (g, y REAL)")
        file.executemany("INSERT INTO t VALUES (?, ?)", zip(NUMBERS, Y, strict=False))
    file.close()
    return path


def as_parquet(path: Path, kind: pa.DataType) -> Path:
    pq.write_table(pa.table({"g": pa.array(NUMBERS).cast(kind), "y": Y[: len(NUMBERS)]}), path)
    return path


HOMES: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: write(path, csv_of([repr(number) for number in NUMBERS])),
    "decimal comma": lambda path: write(
        path,
        "g;y\n"
        + "".join(
            f"{n};{y:g}\n" for n, y in zip([repr(number).replace(".", ",") for number in NUMBERS], Y, strict=False)
        ),
    ),
    "json": lambda path: write(
        path, "".join(f'{{"g": {number}, "y": {y}}}\n' for number, y in zip(NUMBERS, Y, strict=False))
    ),
    "float": lambda path: as_parquet(path, pa.float32()),
    "decimal": lambda path: as_parquet(path, pa.decimal128(9, 3)),
    "memory": lambda path: pd.DataFrame({"g": NUMBERS, "y": Y[: len(NUMBERS)]}),
    "sqlite": as_database,
}


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("roles", [{"target": "y", "features": ["C(g)"]}, {"formula": "y ~ C(g)"}])
def test_numbers_are_the_same_levels_wherever_they_come_from(
    tmp_path: Path, home: str, roles: dict[str, object]
) -> None:
    extra = {"query": "t"} if home == "sqlite" else {"decimal": ","} if home == "decimal comma" else {}
    source = HOMES[home](tmp_path / "t.x")
    model = LinearRegression(precision="exact").fit(open_source(source, **extra, **roles))
    expected = by_statsmodels(["1", "2", "0.5", "2", "1", "300", "0", "0"])
    # A coding of numbers that are not all whole calls them 1.0 and 2.0.
    names = [name.removeprefix("C(g)").removeprefix("g").replace(".0]", "]") for name in model.feature_names_in_]
    assert dict(zip(names, model.coef_, strict=True)) == pytest.approx(expected, abs=1e-9)
    model.save(tmp_path / "m.json")
    whole = pd.DataFrame({"g": [1, 2, 300, 0]})
    for table in (whole, whole.astype(float), pa.table({"g": pa.array(["1", "2.0", "300", "0"])})):
        np.testing.assert_array_equal(load(tmp_path / "m.json").predict(table), model.predict(whole))
    with pytest.raises(DataError, match="holds the level 'B' in row 1, which the fit never met"):
        model.predict({"g": ["B"]})


def test_a_weight_is_a_number_though_a_category_too(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "g,y\n" + "".join(f"{1 + j % 3},{y}\n" for j, y in enumerate(Y)))
    weighted = smf.wls("y ~ C(g)", frame := pd.read_csv(path), weights=frame.g).fit().params.to_numpy()
    for roles in ({"target": "y", "features": ["C(g)"]}, {"formula": "y ~ C(g)"}):
        model = LinearRegression().fit(open_source(path, weight="g", **roles))
        np.testing.assert_allclose([model.intercept_, *model.coef_], weighted)


def test_what_is_infinite_or_missing_is_no_level(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_of(["1", "2", "inf", "NA", "2", "1", "-inf", "1e999"]))
    source = open_source(path, target="y", features=["C(g)"], missing="drop")
    assert source.feature_names == ("g[T.2]",)
    assert sum(map(len, source.batches())) == 4


@pytest.mark.filterwarnings("ignore")  # of two columns that say the same as a third
def test_a_number_in_a_formula_stays_one_beside_the_category(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_of(["1", "2", "3", "1", "2", "3", "4"]))
    theirs = smf.ols("y ~ g + C(g, Sum)", pd.read_csv(path)).fit()
    np.testing.assert_allclose(
        LinearRegression().fit(open_source(path, formula="y ~ g + C(g, Sum)")).predict(pd.read_csv(path)),
        theirs.fittedvalues,
    )
