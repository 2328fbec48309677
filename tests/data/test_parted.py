"""A table in parts, whoever reads them: the bits and the sentences of one pass over all of it."""

import pickle
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from gradline import DataError, ExactMoments, LinearRegression, Moments, open_source
from gradline.data import file_parts
from gradline.data.part import part_of
from gradline.data.parted import parted
from gradline.diagnostics.sandwich import robust_covariance
from gradline.moments.one_pass import one_pass
from gradline.moments.precision import gather
from tests.data.parts import ROWS, in_parts, in_turn, parting

HOSTILE = ["</script>", '"', "🏠", "a\nb", "nan", "b"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "x": rng.normal(1e6, 1, ROWS),
            "rooms": rng.integers(1, 5, ROWS),
            "city": rng.choice(["Oslo", "Rome"], ROWS),
            "w": rng.integers(0, 3, ROWS),
        }
    )
    frame.loc[:19, "city"] = rng.choice(HOSTILE, 20)  # levels of the first rows only
    frame.loc[230, "city"] = "Zagreb"
    frame["y"] = 2 * frame["x"] + frame["rooms"] + rng.normal(size=ROWS)
    return frame


FITS = [
    {"features": ["x", "rooms"]},
    {"features": ["x", "city", "C(rooms)"], "reference": {"city": "Rome"}},
    {"features": ["city"], "weight": "w"},
]


@pytest.fixture(scope="module")
def wholes(table):
    """Each fit's sums and features where the table is in one part."""
    sources = [open_source(table, target="y", **fit) for fit in FITS]
    return [(one_pass(source, ExactMoments).to_json(), source.feature_names) for source in sources]


@settings(max_examples=20, deadline=None)
@given(parting())
def test_any_parting_order_and_repetition_gives_the_same_bits(table, wholes, how):
    sizes, run = how
    for fit, (expected, features) in zip(FITS, wholes, strict=True):
        source = in_parts(table, sizes, run, **fit)
        assert one_pass(source, ExactMoments).to_json() == expected
        assert source.feature_names == features
        assert (source.rows_read, source.rows_dropped) == (ROWS, 0)


def test_a_formula_too(table):
    pytest.importorskip("formulaic", reason="needs the extra 'formula'")
    formula = "log(y) ~ x * C(city) + I(rooms > 2)"
    expected = one_pass(open_source(table, formula=formula), ExactMoments)
    source = in_parts(table, [100, 0, 140], target=None, formula=formula)
    assert one_pass(source, ExactMoments).to_json() == expected.to_json()


def test_frequencies_count_rows(table):
    options = {"features": ["x", "city"], "weight": "w"}
    expected = one_pass(open_source(table, target="y", weights="frequency", **options), ExactMoments)
    found = one_pass(in_parts(table, [7, 200, 33], frequencies=True, **options), ExactMoments)
    assert found.rows == expected.rows == table["w"].sum()
    assert found == expected


def test_float64_sums_are_decided_by_the_parting_alone(table):
    fits = [one_pass(in_parts(table, [50, 90, 100], features=["x", "rooms"]), Moments).to_json() for _ in range(2)]
    assert fits[0] == fits[1]
    # Another parting rounds otherwise: eps times what the sums are of, some hundred additions long.
    other = one_pass(in_parts(table, [240], features=["x", "rooms"]), Moments)
    np.testing.assert_allclose(Moments.from_json(fits[0]).scatter, other.scatter, rtol=1e-12, atol=1e-10)


def test_auto_precision_reads_the_parts_again_where_digits_are_few():
    x = np.arange(200.0)
    frame = pd.DataFrame({"x": x, "x2": x * (1 + 1e-9 * np.sin(x)), "y": x + np.cos(x)})
    expected = LinearRegression().fit(open_source(frame, target="y"))
    found, solution = gather(in_parts(frame, [60, 140]), fit_intercept=True)
    assert isinstance(found, ExactMoments)
    assert found == expected.moments_
    assert solution.coef.tolist() == expected.coef_.tolist()


def test_missing_cells_are_counted_over_all_parts(table):
    holes = table.copy()
    holes.loc[[13, 170], "x"] = np.nan
    holes.loc[99, "y"] = np.inf
    with pytest.raises(DataError) as whole:
        one_pass(open_source(holes[["x", "rooms", "y"]], target="y"), ExactMoments)
    with pytest.raises(DataError) as parts:
        one_pass(in_parts(holes[["x", "rooms", "y"]], [12, 88, 140]), ExactMoments)
    assert str(parts.value) == str(whole.value).replace("X, y", "DataFrame")

    dropping = open_source(holes, target="y", features=["x", "city"], missing="drop")
    expected = one_pass(dropping, ExactMoments)
    source = in_parts(holes, [12, 88, 140], features=["x", "city"], missing="drop")
    assert one_pass(source, ExactMoments) == expected
    assert (source.rows_dropped, source.dropped) == (3, {"x": 2, "y": 1}) == (dropping.rows_dropped, dropping.dropped)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"city": [f"no {j}" for j in range(ROWS)]}, "looks like a key: it holds 155 different texts in 155 rows"),
        ({"w": [0] * ROWS}, "every usable row of DataFrame has weight zero"),
        ({"w": [1] * 130 + [-1] + [1] * 109}, "weight 'w' of partition 2 of DataFrame is negative: -1.0 in row 31"),
    ],
)
def test_what_a_pass_over_all_rows_would_refuse_is_refused(table, change, told):
    frame = table.assign(**change)
    with pytest.raises(DataError, match=told):
        one_pass(in_parts(frame, [100, 140], features=["x", "city"], weight="w"), ExactMoments)


def test_a_part_alone_may_have_a_text_for_every_row(table):
    """Twenty parts of a few rows each, none of which knows how many rows there are."""
    source = in_parts(table, [3] * 80, features=["city"])
    assert one_pass(source, ExactMoments) == one_pass(open_source(table, target="y", features=["city"]), ExactMoments)


def test_too_many_levels_are_refused_where_parts_meet():
    frame = pd.DataFrame({"city": [f"c{j % 1500}" for j in range(6000)], "y": np.arange(6000.0)})
    with pytest.raises(DataError, match=r"looks like a key or free text: 1,\d{3} different texts"):
        one_pass(in_parts(frame, [500] * 12, features=["city"]), ExactMoments)


def test_a_part_of_another_kind_is_named(table):
    odd = table.astype({"x": object})
    odd.loc[150:, "x"] = "many"
    source = in_parts(table, [150, 90], features=["x"])
    source.parts = [source.parts[0], (1, odd.iloc[150:])]
    with pytest.raises(DataError, match="column 'x' of partition 2 of DataFrame is a text, expected a number"):
        one_pass(source, ExactMoments)


def test_a_reference_that_no_part_has_is_refused(table):
    source = in_parts(table, [150, 90], features=["city"], reference={"city": "Bonn"})
    with pytest.raises(DataError, match="the reference 'Bonn' of 'city' does not occur"):
        one_pass(source, ExactMoments)


def test_states_do_not_grow_with_the_rows(table):
    """What travels: (p + 2)(p + 3) / 2 integers of some 25 bytes, names of levels, and a few counts."""
    sizes = {}
    for times in (1, 40):
        frame = pd.concat([table[["x", "rooms", "y"]]] * times, ignore_index=True)
        sent = []

        def run(of, whole, parts, merged, sent=sent):
            for count, state in in_turn(of, whole, parts, merged):
                sent.append(len(pickle.dumps(state)))
                yield count, state

        one_pass(in_parts(frame, [len(frame) // 4] * 4, run), ExactMoments)
        assert len(sent) == 4
        sizes[times] = max(sent)
    assert sizes[40] < sizes[1] + 200 < 4000  # rows: 6 kB and 230 kB


@pytest.mark.parametrize("spec", ["HC0", "HC1", "HC2", "HC3", "newey-west:3"])
def test_robust_covariance_is_gathered_where_the_rows_are(table, spec):
    options = {"features": ["rooms", "city"], "weight": "w"}
    whole, source = open_source(table, target="y", **options), in_parts(table, [7, 100, 0, 133], **options)
    moments, solution = gather(source, fit_intercept=True, precision="exact")
    expected = robust_covariance(whole, moments, solution, spec, fit_intercept=True)
    found = robust_covariance(source, moments, solution, spec, fit_intercept=True)
    # Sums of 240 terms in another order, in a frame that is orthonormal to 1e-9 or better.
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-10, atol=1e-12)


def test_what_needs_the_rows_here_says_where_they_are(table):
    source = in_parts(table, [100, 140], features=["x"])
    with pytest.raises(DataError, match="the rows of DataFrame lie with the workers of Dask"):
        next(iter(source.batches()))


# Files


@pytest.fixture
def files(tmp_path, table, monkeypatch):
    monkeypatch.setattr(file_parts, "PART_ROWS", 30)
    for number in range(3):
        part = pa.Table.from_pandas(table.iloc[number * 80 : number * 80 + 80], preserve_index=False)
        (tmp_path / f"year={2020 + number}").mkdir()
        pq.write_table(part, tmp_path / f"year={2020 + number}" / "t.parquet", row_group_size=10)
    return tmp_path


@pytest.mark.parametrize("kind", ["folder", "file", "csv"])
def test_files_are_read_in_runs_of_row_groups(files, table, kind, tmp_path):
    path = files
    if kind == "file":
        path = files / "year=2020" / "t.parquet"
    if kind == "csv":
        path = tmp_path / "csv"
        path.mkdir()
        for number in range(4):
            table.iloc[number * 60 : number * 60 + 60].to_csv(path / f"{number}.csv", index=False, encoding="utf-8")
    # In CSV the city "nan" is a missing cell.
    whole = open_source(path, target="y", missing="drop")
    source = parted(open_source(path, target="y", missing="drop"), in_turn)
    assert len(source.parts) == {"folder": 6, "file": 2, "csv": 4}[kind]
    source = pickle.loads(pickle.dumps(source))
    assert one_pass(source, ExactMoments).to_json() == one_pass(whole, ExactMoments).to_json()
    assert source.dropped == whole.dropped


def test_rows_are_counted_over_all_files(files, table):
    holes = table.iloc[160:].copy()
    holes.loc[205, "w"] = -3
    pq.write_table(
        pa.Table.from_pandas(holes, preserve_index=False), files / "year=2022" / "t.parquet", row_group_size=10
    )
    for source in (
        open_source(files, target="y", weight="w"),
        parted(open_source(files, target="y", weight="w"), in_turn),
    ):
        with pytest.raises(DataError, match=r"is negative: -3\.0 in row 206"):
            one_pass(source, ExactMoments)


def test_a_place_that_travels_does_not_depend_on_the_folder(files, monkeypatch):
    monkeypatch.chdir(files)
    state = pickle.dumps(parted(open_source("year=2020", target="y", features=["x"]), in_turn))
    monkeypatch.chdir("/")
    assert one_pass(pickle.loads(state), ExactMoments).rows == 80


def test_rows_that_lie_in_no_file_are_refused():
    with pytest.raises(DataError, match="cannot be read by several processes"):
        parted(open_source({"x": [1.0], "y": [2.0]}, target="y"), in_turn)


def test_merging_states_is_associative(table):
    """As the sums and the counts are: whatever tree the states go through."""
    source = in_parts(table, [40] * 6, features=["x", "city"])
    kept = {}

    def run(of, whole, parts, merged):
        kept["states"] = [of(part_of(whole, part)) for part in parts]
        kept["merged"] = merged
        yield len(parts), reduce(merged, kept["states"])

    one_pass(source, ExactMoments)
    source._run = run
    one_pass(source, ExactMoments)
    left = reduce(kept["merged"], kept["states"])
    right = reduce(lambda then, first: kept["merged"](first, then), reversed(kept["states"]))
    assert left.sums.to_json() == right.sums.to_json()
    assert (left.design, left.tally) == (right.design, right.tally)
