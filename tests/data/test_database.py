"""A query is a table like any other: the same rows, bit for bit, or one sentence that tells no secret."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gradline import DataError, ExactMoments, LinearRegression, open_source
from gradline.data.cells import NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.databases.database import is_database_uri, is_sqlite_file, open_database_reader
from gradline.data.source import whole
from gradline.errors import MissingExtraError
from tests.command import ROOT, gradline
from tests.postgres_server import Server

pytest.importorskip("adbc_driver_sqlite", reason="the extra 'db' is not installed")

NUMBERS = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "a": NUMBERS.normal(size=500) * 10.0 ** NUMBERS.integers(-300, 300, size=500),
        "n": NUMBERS.integers(-(2**53), 2**53, size=500),
        'odd name, "ü" 🏠 </script>': NUMBERS.normal(size=500),
        "city": NUMBERS.choice(["Bonn", "Oslo", "Zürich"], size=500),
        "y": NUMBERS.normal(size=500),
    }
)
FEW = FRAME[:60]
FEATURES = [name for name in FRAME.columns if name not in ("city", "y")]


@dataclass(frozen=True)
class Store:
    """A database to put tables in."""

    uri: str
    put: Callable[[str, pd.DataFrame], None]


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One of each for all tests: a table stays until another of its name is put there."""
    there: dict[str, pd.DataFrame] = {}

    def unless_there(put: Callable[[str, pd.DataFrame], None]) -> Callable[[str, pd.DataFrame], None]:
        def put_once(name: str, frame: pd.DataFrame) -> None:
            if there.get(name) is not frame:
                put(name, frame)
                there[name] = frame

        return put_once

    if request.param == "SQLite":
        path = tmp_path_factory.mktemp("store") / "houses #1?.db"

        def put(name: str, frame: pd.DataFrame) -> None:
            with sqlite3.connect(path) as file:
                frame.to_sql(name, file, index=False, if_exists="replace")
            file.close()

        return Store(str(path), unless_there(put))
    running: Server = request.getfixturevalue("postgres")

    def ingest(name: str, frame: pd.DataFrame) -> None:
        with running.connected() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{name}"')
            cursor.adbc_ingest(name, pa.Table.from_pandas(frame, preserve_index=False))

    return Store(running.uri(), unless_there(ingest))


def sqlite_file(path: Path, *statements: str, rows: list[tuple[object, ...]] | None = None) -> Path:
    """A database with a table t of one column x, unless the statements say otherwise."""
    with sqlite3.connect(path) as file:
        for statement in statements or ("CREATE TABLE t (x)",):
            file.execute(statement)
        if rows:
            file.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
    file.close()
    return path


def column(uri: str | Path, query: str, rows: int = 1000) -> np.ndarray:
    """The first column of a query, as numbers."""
    reader = open_database_reader(uri, query)
    blocks = [block[0] for block in reader.read(reader.column_names[:1], rows)]
    return np.concatenate([np.empty(0), *blocks])


# The same rows


@pytest.mark.parametrize(("name", "rows"), [("few", 1), ("t", 7), ("t", 500), ("t", 10_000)])
def test_a_table_is_the_same_rows_as_in_memory(store: Store, name: str, rows: int) -> None:
    frame = FEW if name == "few" else FRAME
    store.put(name, frame)
    source = open_source(store.uri, query=name, target="y", features=FEATURES, batch_rows=rows)
    for size in (None, 64):
        batches = list(source.batches(size))
        assert np.array_equal(np.concatenate([batch.X for batch in batches]), frame[FEATURES].to_numpy(float))
        assert np.array_equal(np.concatenate([batch.y for batch in batches]), frame["y"].to_numpy())
    assert source.rows_read == len(frame)


@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(1, 70))
@example(rows=1)
def test_any_size_of_batches_gives_the_same_exact_moments(store: Store, rows: int) -> None:
    store.put("few", FEW)
    source = open_source(store.uri, query="SELECT n, y FROM few", target="y", batch_rows=rows)
    moments = ExactMoments.zero(1)
    for batch in source.batches():
        moments = moments + ExactMoments.of(batch.X, batch.y)
    assert moments == ExactMoments.of(FEW[["n"]].to_numpy(float), FEW["y"].to_numpy())


def test_a_category_is_read_as_its_labels(store: Store) -> None:
    store.put("t", FRAME)
    reader = open_database_reader(store.uri, "SELECT city FROM t")
    assert reader.kinds() == {"city": Kind.TEXT}
    found = []
    for (labels,) in reader.read(["city"], 100, ["city"]):
        assert isinstance(labels, Labels)
        found += [labels.levels[code] for code in labels.codes]
    assert found == FRAME["city"].tolist()


def test_an_empty_result_is_no_rows(store: Store) -> None:
    store.put("t", FRAME)
    with pytest.raises(DataError, match="has column names but no rows"):
        whole(open_source(store.uri, query="SELECT a, y FROM t WHERE 1 = 0", target="y"))


def test_null_is_missing_and_told_by_row(store: Store) -> None:
    store.put("t", pd.DataFrame({"x": [1.0, np.nan, 3.0], "y": [1.0, 2.0, 3.0]}))
    with pytest.raises(DataError, match=r"column 'x' has 1 missing \(NaN\) cell, the first in row 2"):
        whole(open_source(store.uri, query="t", target="y"))
    assert whole(open_source(store.uri, query="t", target="y", missing="drop")).X.tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize(
    "query",
    ["SELECT y, a FROM t ORDER BY a DESC", "WITH s AS (SELECT * FROM t) SELECT y, a FROM s ORDER BY 2 DESC -- so\n;"],
)
def test_the_order_of_the_query_is_kept(store: Store, query: str) -> None:
    store.put("t", FRAME)
    source = open_source(store.uri, query=query, target="y", batch_rows=30)
    assert np.array_equal(whole(source).X[:, 0], np.sort(FRAME["a"].to_numpy())[::-1])


def test_a_fit_agrees_with_statsmodels(store: Store) -> None:
    generator = np.random.default_rng(9)
    frame = pd.DataFrame(generator.normal(size=(300, 3)), columns=["sqft", "age", "rooms"])
    frame["price"] = frame @ [3.0, -1.0, 0.5] + generator.normal(size=300)
    store.put("houses", frame)
    fit = LinearRegression().fit(open_source(store.uri, query="houses", target="price"))
    other = sm.OLS(frame["price"], sm.add_constant(frame[["sqft", "age", "rooms"]])).fit()
    # Well conditioned: both are right to about 1e-15 times the condition number.
    np.testing.assert_allclose([fit.intercept_, *fit.coef_], other.params, rtol=1e-12)
    np.testing.assert_allclose(list(fit.summary().as_dict()["standard_error"].values()), other.bse, rtol=1e-12)


def test_memory_does_not_grow_with_the_rows(store: Store) -> None:
    """80,000 rows of ten numbers are 6.4 MB; what stays beyond the fifth batch must be a fraction of it."""
    many = (
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 80000) SELECT {} FROM s"
        if store.uri.endswith(".db")
        else "SELECT {} FROM (SELECT generate_series(1, 80000) AS i) AS s"
    )
    store.put("t", FRAME)
    columns = ", ".join(f"i + {j}.5 AS x{j}" for j in range(10))
    program = f"""
        from bench.resident import peak_mb
        from gradline import open_source
        source = open_source({store.uri!r}, query={many.format(columns)!r}, target="x0", batch_rows=1600)
        rows = 0
        for number, batch in enumerate(source.batches()):
            rows += len(batch.y)
            if number == 4:
                early = peak_mb()
        print(rows, peak_mb() - early)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    rows, grown = done.stdout.split()
    assert int(rows) == 80_000
    assert float(grown) < 2.4


# What may be asked


def test_without_a_query_the_tables_are_named(store: Store) -> None:
    store.put("houses", FRAME)
    with pytest.raises(DataError, match=r"which rows of .*\? It holds the tables \[.*'houses'") as caught:
        open_source(store.uri, query=None, target="y")
    assert "query='SELECT * FROM " in str(caught.value.hint)


def test_a_table_of_a_strange_name_can_be_named(store: Store) -> None:
    store.put("Houses-2", FRAME)
    assert len(whole(open_source(store.uri, query="Houses-2", target="y", features="a"))) == len(FRAME)


def test_a_table_whose_name_has_a_blank_can_be_named(store: Store) -> None:
    store.put("my table", FRAME)
    for query in ("my table", '"my table"', 'SELECT * FROM "my table"'):
        assert len(whole(open_source(store.uri, query=query, target="y", features="a"))) == len(FRAME)
    with pytest.raises(DataError, match="this one with 'my'") as caught:
        open_source(store.uri, query="my tabel", target="y")
    assert caught.value.hint == 'did you mean "my table"?'


def test_the_hint_of_a_query_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as file:
        FRAME.to_sql("a 'strange' table", file)
    for query in ([], ["--query", "DROP TABLE houses"]):
        done = gradline("fit", "t.db", "--target", "y", "--features", "a", *query, cwd=tmp_path)
        following = shlex.split(done.stderr.partition("--query")[2])
        done = gradline(
            "fit", "t.db", "--target", "y", "--features", "a", "--query", *following, "--json", cwd=tmp_path
        )
        assert json.loads(done.stdout)["rows"] == len(FRAME)


def test_what_sqlite_finds_wrong_is_in_the_query_itself(tmp_path: Path) -> None:
    """And not in what gradline writes around it: SQLite's own module says it of the query alone."""
    with closing(sqlite3.connect(tmp_path / "t.db")) as file:
        FRAME.to_sql("houses", file)
        for query in ("select * from houses where", "select a from houses)", "select prise from houses"):
            with pytest.raises(sqlite3.Error) as itself:
                file.execute(query)
            with pytest.raises(DataError) as caught:
                open_source(tmp_path / "t.db", query=query, target="y")
            assert caught.value.message == f"t.db refuses the query: {itself.value}"


@pytest.mark.parametrize(
    ("query", "sentence", "hint"),
    [
        ("SELECT * FROM huoses", "holds no table 'huoses'; it holds [", "did you mean 'houses'?"),
        ("huoses", "holds no table 'huoses'; it holds [", "did you mean 'houses'?"),
        ("SELECT * FROM nosuch", "holds no table 'nosuch'; it holds [", None),
        ("SELECT prise FROM houses", "refuses the query: ", None),
        ("SELECT a, FROM houses", "refuses the query: ", None),
        ("SELECT a FROM houses)", "refuses the query: ", None),
        ("UPDATE houses SET a = 1", "this one with 'UPDATE'", "gradline only reads"),
        ("SELEC 1", "this one with 'SELEC'", "gradline only reads"),
        ("-- nothing\n ", "this one with '-- nothing'", "gradline only reads"),
        ("SELECT a, a AS A, y AS a FROM houses", None, None),
    ],
)
def test_what_is_wrong_with_a_query_is_one_sentence(
    store: Store, query: str, sentence: str | None, hint: str | None
) -> None:
    store.put("houses", FRAME)
    if sentence is None:
        with pytest.raises(DataError, match=r"has \d columns named 'a'"):
            open_source(store.uri, query=query, target="a")
        return
    with pytest.raises(DataError) as caught:
        open_source(store.uri, query=query, target="y")
    assert sentence in caught.value.message
    assert "\n" not in caught.value.message
    assert hint is None or hint in str(caught.value.hint)


def test_columns_of_one_name_can_be_left_out(store: Store) -> None:
    store.put("t", FRAME)
    query = "SELECT l.*, r.n AS key, r.n AS key FROM t AS l JOIN t AS r ON l.n = r.n ORDER BY l.n"
    assert len(whole(open_source(store.uri, query=query, target="y", features="a"))) == len(FRAME)
    with pytest.raises(DataError, match="has 2 columns named 'key'"):
        open_source(store.uri, query=query, target="key")


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE t",
        "SELECT 1; DROP TABLE t",
        "SELECT 1) SELECT * FROM q; DROP TABLE t; --",
        "WITH gone AS (DELETE FROM t RETURNING a) SELECT * FROM gone",
        "ATTACH '{folder}/other.db' AS other",
        "SELECT 1 AS a; ATTACH '{folder}/other.db' AS other",
        "SELECT 1 INTO other",
    ],
)
def test_nothing_is_ever_written(store: Store, tmp_path: Path, query: str) -> None:
    store.put("t", FRAME)
    with pytest.raises(DataError):
        whole(open_source(store.uri, query=query.format(folder=tmp_path), target="1"))
    assert len(whole(open_source(store.uri, query="t", target="y", features="a"))) == len(FRAME)
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("name", ["order", "Group", "values", "table", "select", "index", "my houses", "key"])
def test_a_table_may_have_the_name_of_a_word_of_sql(tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / "o.db")) as file:
        file.execute(f'CREATE TABLE "{name}" (x REAL, y REAL)')
        file.executemany(f'INSERT INTO "{name}" VALUES (?, ?)', [(1.0, 2.0), (2.0, 3.0), (3.0, 5.0)])
        file.commit()
    with pytest.raises(DataError, match="which rows") as asked:
        open_source(tmp_path / "o.db", target="y")
    for query in (name, str(asked.value.hint).removeprefix("query='").removesuffix("'")):
        assert whole(open_source(tmp_path / "o.db", target="y", query=query)).y.tolist() == [2.0, 3.0, 5.0]


def test_functions_that_write_are_refused(postgres: Server) -> None:
    postgres.execute("CREATE SEQUENCE IF NOT EXISTS serial")
    before = postgres.scalar("SELECT last_value FROM serial")
    with pytest.raises(DataError, match=r"refuses the query: cannot execute nextval\(\) in a read-only transaction"):
        column(postgres.uri(), "SELECT nextval('serial') AS n FROM generate_series(1, 5)")
    assert postgres.scalar("SELECT last_value FROM serial") == before


def test_names_for_reports_are_short_and_on_one_line(store: Store) -> None:
    store.put("t", FRAME)
    name = open_database_reader(
        store.uri, "SELECT a,\n       y\nFROM t WHERE a > 1 AND y > 1 AND a > 2 AND y > 2 AND a > 3"
    ).name
    assert name.endswith(": SELECT a, y FROM t WHERE a > 1 AND y > 1 AND a > 2 AND y ...")
    assert name.startswith(("houses: ", "houses #1?.db: "))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sqlite:///houses.db", True),
        ("postgres://h/d", True),
        ("postgresql://h/d", True),
        ("houses.db", False),
        ("s3://bucket/postgresql://", False),
        (Path("houses.db"), False),
    ],
)
def test_addresses_of_databases_are_known(text: object, is_one: bool) -> None:
    assert is_database_uri(text) is is_one


def test_an_sqlite_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "houses.csv")
    (tmp_path / "text.db").write_text("x,y\n1,2\n")
    assert [is_sqlite_file(p) for p in (path, tmp_path / "text.db", tmp_path, tmp_path / "none", "a\0b")] == [
        True,
        *[False] * 4,
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_nothing_is_taken_from_a_pipe_to_know_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not is_sqlite_file(tmp_path / "pipe")  # which would wait for a writer


def test_a_file_may_be_given_in_several_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sqlite_file(tmp_path / "a b.db", rows=[(1,)])
    monkeypatch.chdir(tmp_path)
    for way in (path, "a b.db", "sqlite:///a b.db", "sqlite:///a%20b.db", f"sqlite:///{path}", f"sqlite://{path}"):
        assert column(way, "t").tolist() == [1.0]


# SQLite: a cell may be anything


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([*range(4000), 0.5], [*range(4000), 0.5]),
        ([None] * 4000 + [0.1, 7], [np.nan] * 4000 + [0.1, 7]),
        ([1, 2.5, None, float("inf"), float("-inf"), 1e300, -0.0], [1, 2.5, np.nan, np.inf, -np.inf, 1e300, -0.0]),
        ([2**53, -(2**53), 2**60, float(2**63), 0.1], [2**53, -(2**53), 2**60, 2**63, 0.1]),
        ([1.5, "", "NA", " ? ", 2, "2.25", " 3 "], [1.5, np.nan, np.nan, np.nan, 2, 2.25, 3]),
        (["850", "1e3", None, 7, 0.1, "n/a"], [850, 1000, np.nan, 7, 0.1, np.nan]),
        (["2024-01-31", None, "1970-01-01"], [19753, np.nan, 0]),
        (["2024-01-31 12:00:00", "1970-01-01T00:00:01.5"], [1706702400, 1.5]),
        (["true", "false", None], [1, 0, np.nan]),
    ],
)
@pytest.mark.parametrize(
    "rows", [3, 1500]
)  # what comes last is beyond the 1000 rows of the sample, and in a later batch
def test_cells_of_a_column_may_be_of_any_type(
    tmp_path: Path, cells: list[object], expected: list[float], rows: int
) -> None:
    if rows == 3:
        cells, expected = cells[-1200:], expected[-1200:]
    path = sqlite_file(tmp_path / "t.db", rows=[(cell,) for cell in cells])
    found = column(path, "t", rows)
    assert np.array_equal(found, np.array(expected, dtype=float), equal_nan=True)
    assert np.array_equal(np.signbit(found), np.signbit(np.array(expected, dtype=float)))


@pytest.mark.parametrize("declared", ["x", "x INTEGER", "x REAL", "x TEXT", "x NUMERIC", "x BLOB"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False), min_size=1, max_size=50),
    rows=st.integers(1, 8),
)
def test_numbers_are_read_to_the_bit_whatever_the_column_is_declared(
    tmp_path: Path, declared: str, cells: list[float | None], rows: int
) -> None:
    (tmp_path / "t.db").unlink(missing_ok=True)
    if "TEXT" in declared:  # SQLite then keeps 15 to 17 digits as text, and no infinity
        cells = [cell for cell in cells if cell is None or isinstance(cell, int)]
    path = sqlite_file(tmp_path / "t.db", f"CREATE TABLE t ({declared})", rows=[(cell,) for cell in cells])
    expected = np.array([np.nan if cell is None else cell for cell in cells], dtype=float)
    assert np.array_equal(column(path, "t", rows), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("cells", "row", "what"),
    [
        ([*range(5000), "many"], 5001, "text: 'many'"),
        ([*range(5000), 2**53 + 1], 5001, "an integer that float64 cannot hold exactly: 9007199254740993"),
        ([0.5] * 5000 + [-(2**62) - 1], 5001, "an integer that float64 cannot hold exactly"),
        ([0.5] * 5000 + [b"\x00\x01"], 5001, "binary data"),
        (["1", "2", "9007199254740993"], 3, "an integer that float64 cannot hold exactly"),
        (["2024-01-31"] * 5000 + ["soon"], 5001, "text: 'soon'"),
        (["Bonn", "Oslo"], 1, "text: 'Bonn'"),
        (["2024-01-31"] * 5000 + [b"2024-01-31"], 5001, "binary data"),
    ],
)
@pytest.mark.parametrize("rows", [64, 50_000])
def test_a_cell_that_is_no_number_is_told_with_its_row(
    tmp_path: Path, cells: list[object], row: int, what: str, rows: int
) -> None:
    path = sqlite_file(tmp_path / "t.db", rows=[(cell,) for cell in cells])
    with pytest.raises(NotANumber) as caught:
        column(path, "t", rows)
    assert (caught.value.column, caught.value.row) == ("x", row)
    assert what in caught.value.what


def test_levels_of_any_type_have_a_name(tmp_path: Path) -> None:
    cells = ["Bonn", None, 3, 0.1, "it's 🏠", "NA", 3.0, -0.0, -2.5, 2.0**62, "3"]
    path = sqlite_file(tmp_path / "t.db", rows=[(cell,) for cell in cells])
    reader = open_database_reader(path, "t")
    ((labels,),) = reader.read(["x"], 20, ["x"])
    assert isinstance(labels, Labels)
    names = [None if code < 0 else labels.levels[code] for code in labels.codes]
    assert names == ["Bonn", None, "3", "0.1", "it's 🏠", None, "3", "0", "-2.5", str(2**62), "3"]


@pytest.mark.parametrize("row", [1, 4, 2500])
@pytest.mark.parametrize("feature", ["x", "C(x)"])
def test_binary_data_is_no_level(tmp_path: Path, row: int, feature: str) -> None:
    rows: list[tuple[object, ...]] = [(f"X'0{j % 7}'", j % 5) for j in range(3000)]  # as SQL writes binary data
    source = open_source(sqlite_file(tmp_path / "a.db", "CREATE TABLE t (x, y)", rows=rows), query="t", target="y")
    assert len(source.feature_names) == 6
    rows[row - 1] = (b"\x00\xff", 1)
    path = sqlite_file(tmp_path / "b.db", "CREATE TABLE t (x, y)", rows=rows)
    with pytest.raises(DataError, match=rf"^column 'x' of b.db: SELECT \* FROM t holds binary data in row {row}"):
        whole(open_source(path, query="t", target="y", features=[feature], batch_rows=64))


def test_an_expression_is_computed_once_for_a_row(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "t.db", rows=[(1,)] * 1000)
    # Computed twice, half of the texts would pass the check as numbers, or numbers would be told as text.
    numbers = column(path, "SELECT CASE WHEN random() > 0 THEN 5 WHEN x THEN '7' END FROM t")
    assert set(numbers.tolist()) == {5.0, 7.0}


def test_as_many_columns_as_sqlite_has(tmp_path: Path) -> None:
    names = [f"x{j}" for j in range(1950)]
    path = sqlite_file(tmp_path / "t.db", f"CREATE TABLE t ({', '.join(names)})", rows=[tuple(range(1950))] * 3)
    batch = whole(open_source(path, query="t", target="x0"))
    assert np.array_equal(batch.X, np.tile(np.arange(1.0, 1950.0), (3, 1)))


def test_text_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "t.db", "CREATE TABLE t (x)", "INSERT INTO t VALUES (CAST(x'63e9' AS TEXT))")
    with pytest.raises(DataError, match=r"t\.db: SELECT \* FROM t holds text that is not in UTF-8"):
        open_database_reader(path, "t")
    early = sqlite_file(tmp_path / "u.db", rows=[("a",)] * 2000)
    sqlite_file(early, "INSERT INTO t VALUES (CAST(x'63e9' AS TEXT))")
    reader = open_database_reader(early, "t")
    with pytest.raises(DataError, match="holds text that is not in UTF-8, in rows 2001 to 2001"):
        list(reader.read(["x"], 1000, ["x"]))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such file: "),
        (b"x,y\n1,2\n" * 100, "is not an SQLite database"),
        (b"", "holds no tables"),
        ("cut", "is damaged: "),
        ("folder", "is a folder, expected an SQLite database"),
    ],
)
def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path, content: bytes | str | None, sentence: str) -> None:
    path = tmp_path / "houses.db"
    if content == "folder":
        path.mkdir()
    elif content == "cut":
        sqlite_file(path, rows=[("long text " * 50,)] * 1000)
        whole_file = path.read_bytes()
        path.write_bytes(whole_file[: len(whole_file) // 2])
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(open_database_reader(path, "t").read(["x"], 10, ["x"]))
    assert sentence in caught.value.message


def test_a_query_of_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "houses.db")
    for name, hint in (("huoses.db", f"did you mean {path}?"), ("q.duck", f"looked for in {tmp_path}")):
        for address in (str(tmp_path / name), f"sqlite:///{tmp_path / name}"):
            with pytest.raises(DataError, match=r"^no such file: ") as error:
                open_source(address, query="t", target="y")
            assert error.value.hint == hint
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    for other in (str(tmp_path / "t.csv"), str(tmp_path / "*.db"), "s3://bucket/t.csv", "-"):
        with pytest.raises(DataError, match=r"^a query needs a database"):
            open_source(other, query="t", target="y")


def test_a_file_that_is_gone_before_the_second_pass_is_told(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "t.db", "CREATE TABLE t (x, y)", rows=[(1, 2)])
    source = open_source(path, query="t", target="y")
    whole(source)
    path.unlink()
    with pytest.raises(DataError, match="no such file"):
        whole(source)


def test_without_the_drivers_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sqlite_file(tmp_path / "t.db")
    for uri, module in ((path, "adbc_driver_sqlite"), ("postgresql://h/d", "adbc_driver_postgresql")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtraError) as caught:
            open_source(uri, query="SELECT 1 AS y", target="y")
        assert caught.value.hint == "pip install 'gradline[db]'"


# PostgreSQL: types

TYPES = [
    ("smallint", "'-7'", -7.0, Kind.NUMBER),
    ("integer", "'7'", 7.0, Kind.NUMBER),
    ("bigint", "'9007199254740992'", 2.0**53, Kind.NUMBER),
    ("real", "'0.1'", float(np.float32(0.1)), Kind.NUMBER),
    ("double precision", "'0.1'", 0.1, Kind.NUMBER),
    ("double precision", "'-Infinity'", -np.inf, Kind.NUMBER),
    ("double precision", "'NaN'", np.nan, Kind.NUMBER),
    ("numeric", "'12345.678901234567890123'", 12345.678901234567890123, Kind.NUMBER),
    ("numeric(30, 25)", "'1e-20'", 1e-20, Kind.NUMBER),
    ("numeric", "'1e22'", 1e22, Kind.NUMBER),
    ("numeric", "'NaN'", np.nan, Kind.NUMBER),
    ("numeric", "'Infinity'", np.inf, Kind.NUMBER),
    ("numeric", "'-Infinity'", -np.inf, Kind.NUMBER),
    ("money", "'12.34'", 12.34, Kind.NUMBER),
    ("oid", "'4294967295'", 4294967295.0, Kind.NUMBER),
    ("boolean", "'true'", 1.0, Kind.BOOLEAN),
    ("date", "'2024-01-31'", 19753.0, Kind.DATE),
    ("date", "'4713-01-01 BC'", -2440550.0, Kind.DATE),
    ("date", "'infinity'", np.inf, Kind.DATE),
    ("date", "'-infinity'", np.inf, Kind.DATE),
    ("timestamp", "'2024-01-31 12:00:00.25'", 1706702400.25, Kind.TIME),
    ("timestamp", "'infinity'", np.inf, Kind.TIME),
    ("timestamptz", "'2024-01-31 14:00:00+02'", 1706702400.0, Kind.ZONED),
    ("time", "'01:00:00.5'", 3600.5, Kind.CLOCK),
]


def test_each_type_is_read_as_its_number(postgres: Server) -> None:
    rows = [
        ", ".join(f"{row or text}::{kind} AS x{j}" for j, (kind, text, *_) in enumerate(TYPES)) for row in ("", "NULL")
    ]
    reader = open_database_reader(postgres.uri(), " UNION ALL SELECT ".join(["", *rows])[len(" UNION ALL ") :])
    assert list(reader.kinds().values()) == [kind for *_, kind in TYPES]
    (columns,) = reader.read(reader.column_names, 10)
    for cells, (*which, number, _) in zip(columns, TYPES, strict=True):
        assert np.array_equal(cells, [number, np.nan], equal_nan=True), which


NO_NUMBERS = [
    ("'x'::text", Kind.TEXT, "x"),
    ("'x'::varchar(5)", Kind.TEXT, "x"),
    ("'x'::char(5)", Kind.TEXT, "x"),
    ("NULL", Kind.TEXT, None),
    ("'{1,2}'::int[]", Kind.OTHER, "{1,2}"),
    ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", Kind.OTHER, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ("'10.0.0.1'::inet", Kind.OTHER, "10.0.0.1/32"),
    ("'{}'::jsonb", Kind.OTHER, "{}"),
    ("'1 day'::interval", Kind.OTHER, "1 day"),
]


def test_what_is_no_number_can_be_a_category_and_is_else_refused(postgres: Server) -> None:
    query = ", ".join(f"{value} AS x{j}" for j, (value, *_) in enumerate(NO_NUMBERS))
    reader = open_database_reader(postgres.uri(), f"SELECT {query}")
    assert list(reader.kinds().values()) == [kind for _, kind, _ in NO_NUMBERS]
    (categories,) = reader.read(reader.column_names, 10, reader.column_names)
    for name, labels, (_, _, label) in zip(reader.column_names, categories, NO_NUMBERS, strict=True):
        assert isinstance(labels, Labels)
        assert labels.levels == (() if label is None else (label,))
        if label is not None:
            with pytest.raises(NotANumber):
                list(reader.read([name], 10))


@pytest.mark.parametrize(
    "value", ["9007199254740993::bigint", "9007199254740993::numeric", "-36028797018963969::bigint"]
)
def test_an_integer_that_would_be_rounded_is_refused_with_its_row(postgres: Server, value: str) -> None:
    with pytest.raises(NotANumber) as caught:
        column(
            postgres.uri(),
            f"SELECT CASE WHEN i < 5000 THEN i ELSE {value} END AS x FROM generate_series(1, 5000) i",
            64,
        )
    assert caught.value.row == 5000
    assert "float64 cannot hold exactly" in caught.value.what


def test_enumerations_are_categories_and_domains_what_they_are_made_of(postgres: Server) -> None:
    postgres.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN pounds AS numeric CHECK (value > 0)")
    reader = open_database_reader(postgres.uri(), "SELECT 'ok'::mood AS m, 1.5::pounds AS p")
    assert reader.kinds() == {"m": Kind.TEXT, "p": Kind.NUMBER}
    ((labels, numbers),) = reader.read(["m", "p"], 10, ["m"])
    assert isinstance(labels, Labels)
    assert labels.levels == ("ok",)
    assert list(numbers) == [1.5]


def test_text_of_a_database_in_latin1_is_read_as_it_is(postgres: Server) -> None:
    postgres.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        database="postgres",
        autocommit=True,
    )
    ((labels,),) = open_database_reader(postgres.uri("latin"), "SELECT chr(233) AS x").read(["x"], 10, ["x"])
    assert isinstance(labels, Labels)
    assert labels.levels == ("é",)


def test_times_are_those_of_the_same_table_in_memory(postgres: Server) -> None:
    first, last = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)
    many = np.random.default_rng(6).integers(0, (last - first) // datetime.timedelta(microseconds=1), 500)
    moments = [first, last, *(first + datetime.timedelta(microseconds=int(after)) for after in many)]
    moments += [datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=after) for after in (-1, 0, 1)]
    table = pa.table({"t": pa.array(moments, pa.timestamp("us"))})
    with postgres.connected() as cursor:
        cursor.execute("DROP TABLE IF EXISTS moments")
        cursor.adbc_ingest("moments", table)
    since = [moment - datetime.datetime(1970, 1, 1) for moment in moments]
    expected = [np.float64(delta // datetime.timedelta(seconds=1)) + delta.microseconds / 10**6 for delta in since]
    assert column(postgres.uri(), "moments").tolist() == expected


# PostgreSQL: a server is not always there


def told(uri: str, query: str = "SELECT 1 AS y") -> DataError:
    with pytest.raises(DataError) as caught:
        open_source(uri, query=query, target="y")
    return caught.value


def leaks(error: BaseException, server: Server) -> list[str]:
    """The secrets that an error tells anywhere: message, hint, chain, traceback."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None:
        chain.append(following)
        following = following.__cause__ or following.__context__
    text = "\n".join([*map(str, chain), *map(repr, chain), *traceback.format_exception(error)])
    return [secret for secret in server.secrets if secret in text]


FAILURES = [
    (lambda s: s.uri().replace(s.password[-4:], "0000"), "the password or the user was refused"),
    (lambda s: s.uri().replace(f":{s.port}", ":1"), "nothing answers there: connection refused"),
    (lambda s: s.uri("castles"), "cannot connect to castles: there is no database of that name"),
    (lambda s: s.uri().replace(s.host, "gerda.invalid"), "the host of the address is not known"),
    (lambda s: s.uri().replace("%23", "%zz"), "the address is not well formed"),
    (lambda s: f"postgresql://{s.user}:{s.password}@{s.host}/houses", "cannot connect to houses: "),
    (lambda s: s.uri() + "?sslmode=require", "do not agree about SSL"),
    (lambda s: s.uri() + f"?bogus={s.password[-4:]}", "the address is not well formed"),
    (lambda s: f"postgresql://{s.host}:{s.port}/houses?user={s.user}", "it asks for a password, and none was given"),
    (lambda s: f"postgresql://{s.host}:{s.port}?user={s.user}", "cannot connect to PostgreSQL: "),
    (lambda s: s.uri(s.user), "cannot connect to PostgreSQL: there is no database of that name"),
]


@pytest.mark.parametrize(("uri", "sentence"), FAILURES)
def test_a_connection_that_fails_tells_why_and_no_secret(
    postgres: Server,
    uri: Callable[[Server], str],
    sentence: str,
) -> None:
    error = told(uri(postgres))
    assert sentence in error.message
    assert "\n" not in error.message
    assert leaks(error, postgres) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM {user}",
        "SELECT {user} FROM t",
        "SELECT '{password}'::int AS y",
        "SELECT {host} y",
        "SELECT pg_read_file('{user}') AS y, 1 AS x",
    ],
)
def test_a_query_that_fails_tells_no_secret(postgres: Server, query: str) -> None:
    query = query.format(user=postgres.user, password=postgres.password, host=postgres.host)
    with pytest.raises(DataError) as caught:
        whole(open_source(postgres.uri(), query=query, target="y"))
    # The query itself is the user's to show; what the server says about it is not.
    assert leaks(caught.value, postgres) == []


def test_the_name_for_reports_tells_no_secret(postgres: Server) -> None:
    reader = open_database_reader(f"{postgres.uri('')}?dbname=houses", "SELECT 1 AS y")
    assert reader.name == "houses: SELECT 1 AS y"


def test_credentials_may_come_from_the_environment(
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGUSER", postgres.user)
    monkeypatch.setenv("PGHOST", postgres.host)
    monkeypatch.setenv("PGPORT", str(postgres.port))
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    assert column("postgresql:///houses", "SELECT 1 AS y").tolist() == [1.0]
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    error = told("postgresql:///houses")
    assert "refused" in error.message
    assert leaks(error, postgres) == []
    monkeypatch.delenv("PGPASSWORD")
    kept = tmp_path / "pgpass"
    password = postgres.password.replace("\\", "\\\\").replace(":", "\\:")
    kept.write_text(f"{postgres.host}:{postgres.port}:*:{postgres.user}:{password}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    assert column("postgresql:///houses", "SELECT 1 AS y").tolist() == [1.0]


COPYING = "FROM pg_stat_activity WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()"
KILL = f"SELECT count(pg_terminate_backend(pid)) {COPYING}"
# In the FROM clause, generate_series would make all its rows before the first is sent.
SLOW = "SELECT i + 0.5::float8 AS y, i::float8 AS x FROM (SELECT generate_series(1, 3000000) AS i) AS s"


def test_a_connection_that_is_killed_in_the_middle_is_one_sentence(postgres: Server) -> None:
    batches = open_source(postgres.uri(), query=SLOW, target="y", batch_rows=1000).batches()
    next(batches)
    postgres.scalar(KILL)
    with pytest.raises(DataError, match="houses went away before the last row") as caught:
        list(batches)
    assert leaks(caught.value, postgres) == []


def test_the_command_line_says_so_in_one_sentence_and_writes_nothing(postgres: Server, tmp_path: Path) -> None:
    options = ("--target", "y", "--save", tmp_path / "m.json", "--query", SLOW.replace("3000000", "1000000000"))
    with ThreadPoolExecutor(1) as at_the_same_time:
        command = at_the_same_time.submit(gradline, "fit", postgres.uri(), *options)
        wait_for_its_query(command, postgres)
        postgres.scalar(KILL)
        done = command.result(timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.strip().splitlines()[-1]
    assert last == "error: houses went away before the last row: the connection is closed"
    assert [secret for secret in postgres.secrets if secret in done.stderr] == []
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_stops_in_the_middle_is_one_sentence(postgres: Server) -> None:
    source = open_source(postgres.uri(), query=SLOW, target="y", batch_rows=1000)
    batches = source.batches()
    next(batches)
    with postgres.stopped():
        with pytest.raises(DataError, match="houses went away before the last row") as caught:
            list(batches)
        assert leaks(caught.value, postgres) == []
        assert "connection refused" in told(postgres.uri()).message
        with pytest.raises(DataError, match="connection refused"):
            whole(source)
    assert next(source.batches()).y[0] == 1.5  # the server is there again


def test_a_pass_sees_the_table_as_it_was_when_the_pass_began(postgres: Server) -> None:
    postgres.execute("DROP TABLE IF EXISTS moving", "CREATE TABLE moving AS " + SLOW.replace("3000000", "20000"))
    source = open_source(postgres.uri(), query="SELECT * FROM moving ORDER BY x", target="y", batch_rows=100)
    batches = source.batches()
    first = next(batches)
    postgres.execute("DELETE FROM moving WHERE x > 10", "UPDATE moving SET y = 0")
    rest = list(batches)
    assert len(first.y) + sum(len(batch.y) for batch in rest) == 20_000
    assert first.y[0] == 1.5
    assert len(whole(source)) == 10


def running(postgres: Server) -> int:
    return int(postgres.scalar(f"SELECT count(*) {COPYING}"))


def ends_soon(postgres: Server) -> bool:
    """Whether the query does, which would wait for its reader, or sleep, for longer: the server takes a moment."""
    deadline = time.monotonic() + 10.0
    while running(postgres) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return running(postgres) == 0


def wait_for_its_query(command: Future[subprocess.CompletedProcess[str]], postgres: Server) -> None:
    while running(postgres) == 0:
        assert not command.done(), command.result()
        time.sleep(0.05)  # to ask takes a connection each time


def test_a_pass_that_is_left_ends_its_query(postgres: Server) -> None:
    batches = open_source(postgres.uri(), query=SLOW, target="y", batch_rows=1000).batches()
    next(batches)
    assert running(postgres) == 1
    batches.close()
    assert ends_soon(postgres)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_query_and_the_connection(postgres: Server, tmp_path: Path) -> None:
    program = f"""
        import os, pathlib
        from gradline import open_source
        pathlib.Path("process").write_text(str(os.getpid()))
        source = open_source({postgres.uri()!r}, query="SELECT 1.5 AS y, pg_sleep(600) IS NULL AS x", target="y")
        try:
            list(source.batches())
        except KeyboardInterrupt:
            print("interrupted")
        raise SystemExit
    """
    with ThreadPoolExecutor(1) as at_the_same_time:
        command = at_the_same_time.submit(gradline, cwd=tmp_path, first=textwrap.dedent(program))
        wait_for_its_query(command, postgres)
        os.kill(int((tmp_path / "process").read_text()), signal.SIGINT)
        done = command.result(timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
    assert ends_soon(postgres)
