"""Columns of a table as columns of X: numbers, dates, booleans, categories whose levels are found on the way.

The oracle is X laid out by hand with numpy, all rows and levels known.
"""

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DataError, ExactMoments, LinearRegression, load, open_source
from gradline.data.columns.growing import Growing
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.columns.terms import Column, Terms
from gradline.data.readers.opening import opened
from gradline.data.source import is_source, whole
from gradline.data.to_predict import FeatureTable
from gradline.moments.one_pass import one_pass

ODD = ["🏠", '"', "'", "</script>", "[a]", "T.b", "a, b", "nan", "NA", "a=b", "\\n", "ß", "B", "b", "%s", "{0}", "`x`"]


def laid_out(table, categories, target="y"):
    """X and y by hand; the first level, in the order of numbers or of text, has no column."""
    columns, names = [], []
    for name, cells in table.items():
        if name == target:
            continue
        if name in categories:
            for level in categories[name][1:]:
                columns.append([cell == level for cell in cells])
                names.append(f"{name}[T.{level}]")
        else:
            columns.append(cells)
            names.append(name)
    return np.array(columns, dtype=float).T.reshape(len(table[target]), -1), np.array(table[target], dtype=float), names


def exact(data, **options):
    return one_pass(open_source(data, **{"target": "y", **options}), ExactMoments)


@st.composite
def tables(draw):
    rows = draw(st.integers(3, 24))
    few = st.sampled_from(["Bonn", "Oslo", "Rome", "10", "9", "nan"])
    numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
    return {
        "x": draw(st.lists(numbers, min_size=rows, max_size=rows)),
        "city": draw(st.lists(few, min_size=rows, max_size=rows)),
        "kind": draw(st.lists(st.sampled_from("ab"), min_size=rows, max_size=rows)),
        "y": draw(st.lists(numbers, min_size=rows, max_size=rows)),
    }


@given(tables(), st.data())
@settings(deadline=None, max_examples=60)
def test_any_order_and_any_split_of_the_rows_give_the_same_bits(table, data):
    source = {"features": ["x", "C(city)", "C(kind)"]}
    cities = set(table["city"])
    order_of = float if all(city.isdigit() for city in cities) else str
    levels = {"city": sorted(cities, key=order_of), "kind": sorted(set(table["kind"]))}
    X, y, names = laid_out(table, levels)
    order = data.draw(st.permutations(range(len(y))))
    size = data.draw(st.integers(1, len(y)))
    turned = pa.table({name: [cells[i] for i in order] for name, cells in table.items()})
    found = open_source(turned, target="y", batch_rows=size, **source)
    assert one_pass(found, ExactMoments) == ExactMoments.of(X, y)
    assert found.feature_names == tuple(names)
    assert ExactMoments.of(whole(found).X, whole(found).y) == ExactMoments.of(X, y)


FORMS = ["csv", "parquet", "dictionary", "arrow", "jsonl", "gz"]


def written(frame, path, form):
    path = path.with_suffix({"dictionary": ".parquet", "gz": ".csv.gz"}.get(form, f".{form}"))
    if form in ("csv", "gz"):
        frame.to_csv(path, index=False)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif form == "arrow":
        with pa.ipc.new_file(str(path), (table := pa.Table.from_pandas(frame)).schema) as file:
            file.write_table(table, max_chunksize=7)
    else:
        frame = frame.astype({"city": "category"}) if form == "dictionary" else frame
        pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=11)
    return path


def frame_of_cities(rows=60, last="Zagreb"):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.integers(0, 99, rows) / 4, "city": rng.choice(["Rome", "Oslo", "Ede"], rows)})
    frame["y"] = frame.x * 2 + rng.integers(0, 9, rows)
    frame.loc[rows - 1, "city"] = last
    return frame


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_a_level_of_the_last_row_counts_as_if_it_had_been_known(form, batch_rows, tmp_path):
    frame = frame_of_cities()
    X, y, names = laid_out(frame.to_dict("list"), {"city": ["Ede", "Oslo", "Rome", "Zagreb"]})
    source = open_source(written(frame, tmp_path / "t", form), target="y", batch_rows=batch_rows)
    assert one_pass(source, ExactMoments) == ExactMoments.of(X, y)
    assert source.feature_names == tuple(names)
    float64 = LinearRegression(precision="float64").fit(source)
    np.testing.assert_allclose(float64.coef_, ExactMoments.of(X, y).solve().coef, rtol=1e-11)


@pytest.mark.parametrize("files", [1, 2, 5])
def test_any_number_of_files_gives_the_same(files, tmp_path):
    frame = frame_of_cities()
    for k, part in enumerate(np.array_split(np.arange(len(frame)), files)):
        frame.iloc[part].to_parquet(tmp_path / f"{k}.parquet")
    X, y, _ = laid_out(frame.to_dict("list"), {"city": ["Ede", "Oslo", "Rome", "Zagreb"]})
    assert exact(tmp_path) == ExactMoments.of(X, y)


@pytest.mark.parametrize(
    "make",
    [
        lambda f: f,
        lambda f: f.astype({"city": "string"}),
        lambda f: f.astype({"city": "category"}),
        lambda f: f.assign(city=pd.Categorical(f.city, ["Unmet", "Rome", "Zagreb", "Oslo", "Ede"], ordered=True)),
        lambda f: f.assign(city=pd.Series(f.city, dtype=pd.ArrowDtype(pa.string()))),
        lambda f: f.assign(city="  " + f.city + " "),
        pl.from_pandas,
        lambda f: pl.from_pandas(f).with_columns(pl.col("city").cast(pl.Categorical)),
        lambda f: pl.from_pandas(f).with_columns(pl.col("city").cast(pl.Enum(["Rome", "Zagreb", "Oslo", "Ede", "Q"]))),
        lambda f: pa.Table.from_pandas(f),
        lambda f: f.to_dict("list"),
        lambda f: {name: f[name].to_numpy() for name in f},
    ],
    ids=[
        "object",
        "string",
        "category",
        "ordered",
        "arrow-backed",
        "padded",
        "polars",
        "polars-categorical",
        "polars-enum",
        "arrow",
        "lists",
        "arrays",
    ],
)
def test_any_table_in_memory_gives_the_same(make):
    frame = frame_of_cities()
    X, y, names = laid_out(frame.to_dict("list"), {"city": ["Ede", "Oslo", "Rome", "Zagreb"]})
    source = open_source(make(frame), target="y")
    assert one_pass(source, ExactMoments) == ExactMoments.of(X, y)
    assert source.feature_names == tuple(names)


@pytest.mark.parametrize("make", [lambda f: f, pl.from_pandas, pa.Table.from_pandas])
def test_a_categorical_column_of_numbers_is_a_category(make):
    frame = pd.DataFrame({"rooms": [10, 9, 10, 2, 9, 2], "y": [1.0, 2, 4, 8, 16, 32]})
    expected = laid_out(frame.to_dict("list"), {"rooms": [2, 9, 10]})
    by_name = open_source(frame, target="y", features=["C(rooms)"])
    assert (expected[0] == whole(by_name).X).all()
    assert by_name.feature_names == ("rooms[T.9]", "rooms[T.10]")
    if make is not pl.from_pandas:  # which has no categories of numbers
        typed = open_source(make(frame.astype({"rooms": "category"})), target="y")
        assert (expected[0] == whole(typed).X).all()
        assert typed.feature_names == by_name.feature_names


def test_of_a_categorical_column_of_numbers_parquet_keeps_the_numbers_and_feather_the_category(tmp_path):
    frame = pd.DataFrame({"rooms": pd.Categorical([3, 1, 7, 1, 3]), "y": [1.0, 2, 4, 8, 16]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    names = [open_source(tmp_path / f"t.{kind}", target="y").feature_names for kind in ("parquet", "feather")]
    assert names == [("rooms",), ("rooms[T.3]", "rooms[T.7]")]
    insisted = open_source(tmp_path / "t.parquet", target="y", features=["C(rooms)"])
    assert insisted.feature_names == names[1]


def test_levels_of_rows_left_out_do_not_exist(tmp_path):
    frame = frame_of_cities().assign(w=1.0)
    frame.loc[0, ["city", "w"]] = ["Weightless", 0.0]
    frame.loc[1, ["city", "x"]] = ["Nowhere", np.nan]
    frame.loc[2, "city"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    for data in (frame, tmp_path / "t.csv"):
        source = open_source(data, target="y", features=["x", "city"], weight="w", missing="drop")
        X, y, names = laid_out(frame.iloc[3:, :3].to_dict("list"), {"city": ["Ede", "Oslo", "Rome", "Zagreb"]})
        assert one_pass(source, ExactMoments) == ExactMoments.of(X, y, np.ones(len(y)))
        assert source.feature_names == tuple(names)
        assert (source.rows_read, source.rows_dropped, source.dropped) == (60, 2, {"x": 1, "city": 1})


def test_a_missing_level_is_an_error_that_counts(tmp_path):
    frame = frame_of_cities()
    frame.loc[[4, 7, 8], "city"] = [None, "", "  "]
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (frame, tmp_path / "t.csv", tmp_path / "t.parquet", pl.from_pandas(frame)):
        with pytest.raises(DataError, match=r"column 'city' has 3 missing \(NaN\) cells, the first in row 5"):
            exact(data)


def test_odd_names_of_levels_are_levels():
    rng = np.random.default_rng(0)
    city = [*ODD, *rng.choice(ODD, 60)]
    table = {"city": city, "x": rng.normal(size=len(city)), "y": rng.normal(size=len(city))}
    X, y, names = laid_out(table, {"city": sorted(ODD)})
    for data in (pa.table(table), pd.DataFrame(table), table):
        source = open_source(data, target="y", features=["C(city)", "x"])
        assert one_pass(source, ExactMoments) == ExactMoments.of(X, y)
        assert source.feature_names == tuple(names)


def test_levels_that_look_like_numbers_are_in_the_order_of_numbers():
    def names(levels):
        table = {"c": levels * 2, "y": [float(k) for k in range(2 * len(levels))]}
        return open_source(table, target="y").feature_names

    assert names(["10", "9", "1e2", "-1"]) == ("c[T.9]", "c[T.10]", "c[T.1e2]")
    assert names(["1", "1.0", "01"]) == names(["01", "1.0", "1"]) == ("c[T.1]", "c[T.1.0]")
    # NaN has no place among numbers: the order is that of text, whichever row comes first.
    assert names(["2", "nan", "10"]) == names(["nan", "10", "2"]) == ("c[T.2]", "c[T.nan]")


class TestReference:
    def test_the_one_asked_for_has_no_column(self):
        frame = frame_of_cities()
        source = open_source(frame, target="y", reference={" city ": "Oslo"})
        X, y, names = laid_out(frame.to_dict("list"), {"city": ["Oslo", "Ede", "Rome", "Zagreb"]})
        assert one_pass(source, ExactMoments) == ExactMoments.of(X, y)
        assert source.feature_names == tuple(names)
        assert source.design.notes == ("city: 4 levels, compared with 'Oslo'",)

    @pytest.mark.parametrize("level", ["9", 9, 9.0, np.int64(9)])
    def test_of_numbers_it_may_be_a_number(self, level):
        frame = pd.DataFrame({"rooms": [10, 9, 10, 2], "y": [1.0, 2, 4, 8]})
        source = open_source(frame, target="y", features=["C(rooms)"], reference={"rooms": level})
        assert source.feature_names == ("rooms[T.2]", "rooms[T.10]")

    @pytest.mark.parametrize(
        ("level", "name"), [(2**53 + 1, "9007199254740993"), (np.float32(0.5), "0.5"), ("01", "1")]
    )
    def test_one_of_numbers_is_called_as_levels_are(self, level, name, tmp_path):
        (tmp_path / "t.csv").write_text("k,y\n9007199254740992,1\n9007199254740993,2\n0.50,4\n1.0,8\n1,9\n")
        source = open_source(tmp_path / "t.csv", target="y", features=["C(k)"], reference={"k": level})
        assert set(source.feature_names) == {
            f"k[T.{n}]" for n in ("9007199254740992", "9007199254740993", "0.5", "1") if n != name
        }

    @pytest.mark.parametrize("level", ["2024-02-29", dt.date(2024, 2, 29), "19782", 19782])
    def test_one_of_dates_may_be_a_date(self, level):
        table = {"d": [dt.date(1970, 1, 2), dt.date(2024, 2, 29), dt.date(1970, 1, 2)], "y": [1.0, 2.0, 4.0]}
        source = open_source(table, target="y", features=["C(d)"], reference={"d": level})
        assert source.feature_names == ("d[T.1]",)

    @pytest.mark.parametrize("level", [None, float("nan"), np.nan, " "])
    def test_a_missing_cell_is_none(self, level):
        with pytest.raises(DataError, match="of 'city' is a missing cell, and no level"):
            exact(frame_of_cities(), reference={"city": level})

    def test_one_that_does_not_occur_is_an_error_with_those_that_do(self):
        with pytest.raises(DataError, match=r"'Lima' of 'city' does not occur; there are \[.*'Oslo'") as caught:
            exact(frame_of_cities(), reference={"city": "Lima"})
        assert caught.value.hint.startswith("reference={'city': '")

    @pytest.mark.parametrize(
        ("reference", "said"),
        [
            ({"x": "1"}, "column 'x' has no reference level: it is no category"),
            ({"y": "1"}, "reference names 'y', which is none of the features"),
            ({"town": "1"}, "no column 'town'"),
        ],
    )
    def test_of_what_is_no_category_it_is_refused(self, reference, said):
        for frame in (frame_of_cities(), frame_of_cities().drop(columns="city")):
            with pytest.raises(DataError, match=said):
                exact(frame, reference=reference)


class TestKeysAndFreeText:
    @pytest.mark.parametrize(
        ("texts", "said"),
        [
            ([f"k{i}" for i in range(60)], "a key: it holds 60 different texts in 60 rows"),
            ([f"k{i % 40}" for i in range(60)], "a key: it holds 40 different texts in 60 rows"),
            (["w" * 201, *["b"] * 59], "free text: one cell has 201 characters"),
            (["a", "b", "c"], "a key: it holds 3 different texts in 3 rows"),
        ],
    )
    def test_are_refused_with_what_to_do(self, texts, said):
        table = {"x": np.arange(len(texts)) ** 2, "note": texts, "y": np.arange(len(texts)) + 1.0}
        for find in (exact, lambda data: open_source(data, target="y").feature_names):
            with pytest.raises(DataError) as caught:
                find(pd.DataFrame(table))
            assert said in caught.value.message
            assert caught.value.hint == (
                "leave it out, features=['x']; or insist on a coefficient for each of them with 'C(note)' among the "
                "features"
            )

    def test_a_thousand_levels_are_many_wherever_they_are(self):
        table = {"note": [f"k{i % 1001}" for i in range(4004)], "y": np.arange(4004.0)}
        with pytest.raises(DataError, match="a key or free text: 1,001 different texts in the first"):
            exact(pa.table(table))

    def test_may_be_insisted_on(self):
        table = {"x": np.arange(12.0) ** 2, "note": [f"k{i:02}" for i in range(12)], "y": np.arange(12.0)}
        X, y, names = laid_out(table, {"note": table["note"]})
        source = open_source(pa.table(table), target="y", features=["x", " C( note )"])
        assert one_pass(source, ExactMoments) == ExactMoments.of(X, y)
        assert source.feature_names == tuple(names)

    def test_half_of_the_rows_or_ten_levels_are_a_category(self):
        for levels, rows in ((10, 11), (30, 60), (2, 2)):
            table = {"c": [f"k{i % levels:02}" for i in range(rows)], "y": np.arange(float(rows))}
            assert len(open_source(pa.table(table), target="y").feature_names) == levels - 1


def test_thousands_of_levels_are_laid_out_some_rows_at_a_time():
    rng = np.random.default_rng(0)
    table = pa.table({"c": [f"L{i}" for i in rng.integers(0, 3000, 20_000)], "y": rng.normal(size=20_000)})
    batches = list(open_source(table, target="y", features=["C(c)"]).growing())
    assert sum(map(len, batches)) == 20_000
    assert max(len(batch) * batch.width for batch in batches) <= 2**22  # 32 MB
    assert len({batch.width for batch in batches}) == 1  # the levels of a block are met before its rows are laid out


@pytest.mark.parametrize("formula", [None, "y ~ x + city + C(zip)"])
def test_rows_of_levels_that_were_never_met_stay_blank_all_at_once(formula, monkeypatch):
    if formula:
        pytest.importorskip("formulaic")
    rng = np.random.default_rng(6)
    rows = 300
    new = pd.DataFrame({"x": rng.normal(size=rows), "city": rng.choice(["Bonn", "Oslo", "Rome"], rows)})
    new["zip"], new["y"] = rng.integers(1, 5, rows), rng.normal(size=rows)
    how = {"formula": formula} if formula else {"target": "y", "features": ["x", "city", "C(zip)"]}
    known = open_source(new, **how)
    X = whole(known).X
    strange = np.arange(rows) % 3 != 0
    other = pd.DataFrame(new)
    other["city"] = np.where(strange, [f"town {row}" for row in range(rows)], other.city)
    other["zip"] = np.where(np.arange(rows) % 6 == 3, 900 + np.arange(rows), other["zip"])
    expected = np.where((strange | (other["zip"].to_numpy() > 900))[:, None], np.nan, X)
    turns = []
    kind = type(known.design)
    layout = kind.layout
    monkeypatch.setattr(kind, "layout", lambda design, cells: turns.append(1) or layout(design, cells))
    table = FeatureTable.of(opened(other), known.design, missing="blank")
    np.testing.assert_array_equal(np.concatenate(list(table.blocks())), expected)
    assert (table.blank, len(turns)) == (np.isnan(expected).any(axis=1).sum(), 1)
    assert table.unseen == {"city": "town 1", "zip": "903"}


def test_one_level_is_the_constant_and_has_no_column():
    table = {"x": [1.0, 2, 4], "city": ["Rome"] * 3, "y": [1.0, 2, 5]}
    source = open_source(table, target="y")
    assert one_pass(source, ExactMoments) == ExactMoments.of(np.array([[1.0], [2], [4]]), np.array([1.0, 2, 5]))
    assert source.feature_names == ("x",)
    assert source.design.notes == ("city: 1 level, compared with 'Rome'",)
    alone = LinearRegression().fit(open_source(table, target="y", features=["city"]))
    assert (alone.intercept_, alone.coef_.tolist()) == (8 / 3, [])
    assert alone.predict({"city": ["Rome"] * 2}).tolist() == [8 / 3] * 2
    assert "1 level, compared with 'Rome'" in str(alone.summary())


def test_two_columns_of_x_may_not_share_a_name():
    table = {"city": ["a", "b", "b", "a"], "city[T.b]": [1.0, 2, 3, 5], "y": [1.0, 2, 3, 4]}
    with pytest.raises(DataError, match=r"two columns of X would be called 'city\[T\.b\]'"):
        exact(table)


def test_a_category_without_an_intercept_is_a_sentence():
    with pytest.raises(DataError, match="without an intercept nothing stands for the reference level of 'city'"):
        LinearRegression(fit_intercept=False).fit(open_source(frame_of_cities(), target="y"))


UNITS = {
    "d": (Kind.DATE, [dt.date(1970, 1, 2), dt.date(2024, 2, 29), dt.date(1969, 12, 31)], [1, 19782, -1]),
    "t": (Kind.TIME, [dt.datetime(1970, 1, 1, 0, 1), dt.datetime(2024, 2, 29, 12), dt.datetime(1969, 12, 31)]),
    "z": (Kind.ZONED, None),
    "c": (Kind.CLOCK, [dt.time(0, 0, 1), dt.time(23, 59, 59), dt.time(12)], [1, 86399, 43200]),
    "s": (Kind.DURATION, [dt.timedelta(days=1), dt.timedelta(milliseconds=500), dt.timedelta()], [86400, 0.5, 0]),
    "b": (Kind.BOOLEAN, [True, False, True], [1, 0, 1]),
}
SECONDS = [60.0, 1709208000.0, -86400.0]


def table_of_kinds():
    zoned = pa.array([int(s * 1e6) for s in SECONDS], pa.timestamp("us", "America/New_York"))
    cells = {name: pa.array(rest[0]) if rest[0] else zoned for name, (_, *rest) in UNITS.items()}
    return pa.table({**cells, "y": [1.0, 2.0, 4.0]})


def test_dates_times_and_booleans_are_numbers_in_the_unit_that_is_stated(tmp_path):
    table = table_of_kinds()
    pq.write_table(table, tmp_path / "t.parquet")
    expected = np.array([SECONDS if len(rest) == 1 else rest[1] for _, *rest in UNITS.values()], dtype=float).T
    for data in (table, tmp_path / "t.parquet", pl.from_arrow(table), table.to_pandas()):
        source = open_source(data, target="y")
        assert source.feature_names == tuple(UNITS)
        np.testing.assert_array_equal(whole(source).X, expected)
        assert source.design.notes == tuple(f"{name}: {kind.unit}" for name, (kind, *_) in UNITS.items())


@pytest.mark.parametrize("reference", ["True", "true", "1", True])
def test_the_reference_of_a_boolean_is_named_as_it_is_written_or_as_it_is_read(reference, tmp_path):
    (tmp_path / "t.csv").write_text("b,y\nTrue,1\nFalse,2\nTrue,4\n")
    for data in (tmp_path / "t.csv", {"b": [True, False, True], "y": [1, 2, 4]}):
        source = open_source(data, target="y", features=["C(b)"], reference={"b": reference})
        assert (source.feature_names, whole(source).X.tolist()) == (("b[T.0]",), [[0.0], [1.0], [0.0]])


def test_units_are_told_wherever_a_fit_is(tmp_path):
    rng = np.random.default_rng(1)
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(k)) for k in rng.integers(0, 99, 30)]
    table = pa.table({"sold": days, "new": rng.random(30) > 0.5, "y": rng.normal(size=30)})
    model = LinearRegression().fit(open_source(table, target="y"))
    told = ["sold: days since 1970-01-01", "new: 1 where true, 0 where false"]
    assert model.summary().as_dict()["notes"] == told
    assert all(f"{note}." in str(model.summary()) for note in told)
    model.save(tmp_path / "m.json")
    kept = json.loads((tmp_path / "m.json").read_text())["design"]["columns"]
    assert kept == [{"name": "sold", "kind": "date"}, {"name": "new", "kind": "boolean"}]


@pytest.mark.parametrize(
    "cells",
    [
        [dt.date(2020, 1, 1), pd.NaT, dt.date(2020, 1, 4)],
        [dt.datetime(2020, 1, 1), pd.NaT, dt.datetime(2020, 1, 4, 12)],
        [pd.Timestamp("2020-01-01 00:00:00.000000003"), None, pd.Timestamp("2020-01-04")],
        [pd.Timedelta(3, unit="ns"), pd.NaT, pd.Timedelta(2, unit="D")],
        [True, pd.NA, False],
        ["b", float("nan"), "a"],
    ],
)
def test_a_list_of_cells_is_what_pandas_makes_of_it(cells):
    """Its missing cells too, and its nanoseconds."""
    frame = pd.DataFrame({"t": pd.Series(cells).convert_dtypes(), "y": [1.0, 2.0, 4.0]})
    options = {"target": "y", "features": ["t"], "missing": "drop"}
    of_list, of_frame = (open_source(data, **options) for data in ({"t": cells, "y": [1.0, 2.0, 4.0]}, frame))
    assert whole(of_list).X.tolist() == whole(of_frame).X.tolist()
    assert len(whole(of_list).X) == 2


@pytest.mark.parametrize("kind", [list, lambda cells: pd.Series(cells, dtype=object)])
@pytest.mark.parametrize("dates_first", [True, False])
def test_dates_beside_times_are_refused_rather_than_lose_the_hour(kind, dates_first):
    cells = [None, dt.date(2020, 1, 2), dt.datetime(2020, 1, 1, 12)]
    cells = kind(cells if dates_first else [cells[0], cells[2], cells[1]])
    told = "a time with no zone in row 3: 2020-01-01 12:00:00, and a date in row 2"
    other = "a date in row 3: 2020-01-02, and a time with no zone in row 2"
    table = {"t": cells, "y": [1.0, 2.0, 4.0]}
    with pytest.raises(DataError, match=f"holds {told if dates_first else other}\nhint: give dates alone"):
        open_source(table if kind is list else pd.DataFrame(table), target="y", missing="drop")


@pytest.mark.parametrize("zoned", [False, True])
def test_times_of_a_zone_and_of_none_are_never_one_column(zoned, tmp_path):
    clocks = [dt.datetime(2024, 1, 1, 12) + dt.timedelta(hours=k) for k in (0, 5, 7, 30)]
    zones = [None, dt.timezone(dt.timedelta(hours=9))]
    (here, there) = ([time.replace(tzinfo=zone) for time in clocks] for zone in (zones[::-1] if zoned else zones))
    table, other = (pa.table({"t": times, "y": [1.0, 2.0, 4.0, 3.0]}) for times in (here, there))
    kinds = ["time", "time with a zone"][:: -1 if zoned else 1]

    source = open_source(table, target="y")
    since = dt.datetime(1970, 1, 1, tzinfo=dt.UTC if zoned else None)
    assert whole(source).X[:, 0].tolist() == [(time - since).total_seconds() for time in here]
    assert source.design.notes == (f"t: seconds since 1970-01-01 00:00{' UTC' if zoned else ''}",)
    with pytest.raises(DataError, match=f"holds a time with {'no' if zoned else 'a'} zone in row 3: 2024-01-01 19:00"):
        open_source({"t": [*here[:2], *there[2:]], "y": [1, 2, 3, 4]}, target="y")

    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(other, tmp_path / "b.parquet")
    with pytest.raises(DataError, match=f"column 't' of b.parquet is a {kinds[1]}, but a {kinds[0]} in a.parquet"):
        open_source(tmp_path / "*.parquet", target="y")

    model = LinearRegression().fit(source)
    model.save(tmp_path / "m.json")
    for fitted in (model, load(tmp_path / "m.json")):
        np.testing.assert_array_equal(fitted.predict(table), model.predict(source))
        with pytest.raises(
            DataError, match=f"column 't' of Table is of kind '{kinds[1]}', but the fit was to one of kind"
        ):
            fitted.predict(other)
        with pytest.raises(DataError, match=f"column 't' of Table is a {kinds[1]}, expected a {kinds[0]}"):
            fitted.predict(open_source(other, target="y"))


def test_a_source_is_known_without_a_pass():
    class Alarm(dict):
        pass

    source = open_source(frame_of_cities(), target="y")
    source.reader.read = None  # any pass would fail
    assert is_source(source)
    assert open_source(source) is source
    assert not any(map(is_source, (frame_of_cities(), Alarm(), [1], "t.csv", pl.DataFrame())))


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(1, 5))
@settings(deadline=None)
def test_growing_columns_hold_what_was_met(cells, size):
    growing = Growing(Terms((Column("x"), Column("c", Kind.TEXT, is_category=True, insisted=True))), "t")
    parts = []
    for start in range(0, len(cells), size):
        part = cells[start : start + size]
        block = {"x": np.arange(float(len(part))), "c": Labels.of_text(pa.array(part))}
        growing.meet(block)
        parts.append(growing.layout(block).X("C"))
    X = np.vstack([np.pad(part, ((0, 0), (0, growing.width - part.shape[1]))) for part in parts])
    levels = sorted(set(cells))
    assert growing.known().names == ("x", *(f"c[T.{level}]" for level in levels[1:]))
    known = np.array([[cell == level for level in levels[1:]] for cell in cells]).reshape(len(cells), -1)
    np.testing.assert_array_equal(X[:, growing.order()[1:]], known)
