"""The second pass over a table in parts, whoever reads them: what one pass over all of it says, and no row travels."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from gradline import DataError, LinearRegression, open_source
from gradline.data import file_parts
from gradline.data.part import part_of
from gradline.data.parted import PartedSource, parted
from gradline.diagnostics.diagnosis import diagnose
from gradline.diagnostics.sandwich import robust_covariance
from gradline.moments.precision import gather
from tests.data.parts import ROWS, in_parts, in_turn, parting

FIT = {"features": ["x", "rooms", "city"], "missing": "drop"}
# Sums of some hundred terms in another order, in a frame that is orthonormal to 1e-9 or better.
SAME = 1e-9


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "x": rng.normal(1e3, 1, ROWS),
            "rooms": rng.integers(1, 5, ROWS),
            "city": rng.choice(["Oslo", "Rome"], ROWS),
            "w": rng.integers(0, 3, ROWS),
            "firm": rng.choice(["</script>", '"', "a\nb", "c", "d", "e"], ROWS),
            "year": rng.integers(2001, 2009, ROWS),
        }
    )
    frame.loc[:9, "firm"] = "of the first rows only"
    frame.loc[230, "city"] = "Zagreb"
    frame.loc[[3, 100, 101, 236], "x"] = np.nan
    frame["y"] = 2 * frame["x"] + frame["rooms"] ** 2 + rng.standard_t(3, ROWS)
    return frame


def whole(table, **how):
    return open_source(table, target="y", **how)


def same(found, expected, where=""):
    """Figures are alike to rounding, and everything that is counted, chosen or said is equal."""
    assert type(found) is type(expected), where
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key, value in expected.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, pair in enumerate(zip(found, expected, strict=True)):
            same(*pair, f"{where}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=SAME, abs=SAME), where
    else:
        assert found == expected, where


def same_diagnosis(found, expected):
    same(found.as_dict(), expected.as_dict())
    assert found.sample.row.tolist() == expected.sample.row.tolist()
    np.testing.assert_allclose(found.sample.X, expected.sample.X, rtol=0)
    for a, b in zip(found.quantiles, expected.quantiles, strict=True):
        assert a.counts.tolist() == b.counts.tolist()
    assert str(found).splitlines()[:3] == str(expected).splitlines()[:3]


@settings(max_examples=6, deadline=None)
@given(parting())
def test_any_parting_gives_the_same_diagnosis(table, how):
    """Folds, samples and the most remarkable rows go by row number, which counts the rows that are left out."""
    sizes, run = how
    source, alone = in_parts(table, sizes, run, **FIT), whole(table, **FIT)
    moments, solution = gather(source, fit_intercept=True, precision="exact")
    asked = {"fit_intercept": True, "top": 5, "folds": 3, "ordered": True, "covariance": ("cluster", "firm")}
    found = diagnose(source, moments, solution, **asked)
    same_diagnosis(found, diagnose(alone, moments, solution, **asked))


def test_weights_too(table):
    for frequencies in (False, True):
        how = FIT | {"weight": "w"}
        source = in_parts(table, [7, 0, 100, 133], frequencies=frequencies, **how)
        alone = whole(table, weights="frequency" if frequencies else "analytic", **how)
        moments, solution = gather(source, fit_intercept=True, precision="exact")
        found = diagnose(source, moments, solution, fit_intercept=True)
        same_diagnosis(found, diagnose(alone, moments, solution, fit_intercept=True))


@settings(max_examples=5, deadline=None)
@given(parting())
def test_labels_get_the_same_numbers_in_all_parts(table, how):
    sizes, run = how
    source, alone = in_parts(table, sizes, run, **FIT), whole(table, **FIT)
    moments, solution = gather(source, fit_intercept=True, precision="exact")
    by_array = table["year"].to_numpy()
    for groups in (["firm"], ["year"], ["firm", "year"], [by_array], ["firm", by_array], [by_array, "firm"]):
        spec = ("cluster", *groups)
        found = robust_covariance(source, moments, solution, spec, fit_intercept=True)
        expected = robust_covariance(alone, moments, solution, spec, fit_intercept=True)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=SAME, atol=1e-13)
        assert (found.described, found.df, found.notes) == (expected.described, expected.df, expected.notes)


def counting_passes(source: PartedSource) -> list[str]:
    """The names of what is done with parts, pass by pass, from now on."""
    done: list[str] = []

    def run(of, whole, parts, merged):
        done.append(getattr(of, "func", of).__name__)
        return in_turn(of, whole, parts, merged)

    source._run = run
    return done


def test_rows_are_counted_by_the_pass_of_the_fit_and_else_by_one_of_their_own(table):
    how = {"features": ["x", "rooms"], "missing": "drop"}
    source = in_parts(table, [100, 140], **how)
    done = counting_passes(source)
    moments, solution = gather(source, fit_intercept=True)
    diagnose(source, moments, solution, fit_intercept=True)
    assert done == ["_sums_of", "_of_part"]
    again = in_parts(table, [100, 140], **how)
    done = counting_passes(again)
    robust_covariance(again, moments, solution, "HC3", fit_intercept=True)
    assert done == ["_of_part"]
    diagnose(again, moments, solution, fit_intercept=True)
    assert done == ["_of_part", "rows_of", "_of_part"]


def test_only_states_and_labels_travel(table):
    """What a pass gives back does not grow with the rows, once there are more than are sampled."""
    sizes = {}
    for times in (20, 80):
        frame = pd.concat([table[["x", "rooms", "firm", "y"]]] * times, ignore_index=True)
        sent = []

        def run(of, whole, parts, merged, sent=sent):
            for part in parts:
                state = pickle.dumps(of(part_of(whole, part)))
                sent.append(len(state))
                yield 1, pickle.loads(state)

        source = in_parts(frame, [len(frame) // 4] * 4, run, features=["x", "rooms"], missing="drop")
        moments, solution = gather(source, fit_intercept=True)
        diagnose(source, moments, solution, fit_intercept=True, covariance=("cluster", "firm"))
        sizes[times] = max(sent)
    # Rows: 3 columns of 8 bytes, 29 kB and 115 kB in each part. A sample has at most 1000 of them.
    assert sizes[80] < sizes[20] + 8000


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (["nowhere"], "no column 'nowhere' in DataFrame"),
        ([["a", "b"]], "the groups hold 2 labels, but 240 rows were read"),
        (["holes"], "the label of row 201 is missing in column 'holes'"),
        ([[None if row == 200 else "a" for row in range(ROWS)]], "the label of row 201 is missing in the groups"),
        ([["a"] * ROWS], "all rows are in one cluster by the groups given"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_the_number_of_the_row(table, groups, told):
    frame = table.assign(holes=["a" if row != 200 else None for row in range(ROWS)])
    source = in_parts(frame, [150, 90], **FIT)
    moments, solution = gather(source, fit_intercept=True)
    with pytest.raises(DataError) as error:
        robust_covariance(source, moments, solution, ("cluster", *groups), fit_intercept=True)
    assert told in str(error.value)


def test_other_rows_than_those_of_the_fit_are_refused(table):
    source = in_parts(table, [150, 90], **FIT)
    moments, solution = gather(source, fit_intercept=True)
    other = in_parts(table.assign(y=table["y"] + table["rooms"]), [150, 90], **FIT).laid_out_as(source.design)
    with pytest.raises(DataError, match="have changed since the fit: their sums are others"):
        diagnose(other, moments, solution, fit_intercept=True)


def test_the_pass_tells_how_far_it_is(table):
    source = in_parts(table, [100, 0, 140], **FIT)
    moments, solution = gather(source, fit_intercept=True)
    seen: list[int] = []
    diagnose(source, moments, solution, fit_intercept=True, watch=seen.append)
    assert seen == [100, 100, ROWS]


def test_a_model_knows_its_parts_again(table):
    source = in_parts(table, [100, 140], **FIT)
    model = LinearRegression().fit(source)
    expected = LinearRegression().fit(whole(table, **FIT))
    spec = ("cluster", "firm")
    assert (
        str(model.summary(covariance=spec)).splitlines()[1:]
        == (str(expected.summary(covariance=spec)).splitlines()[1:])
    )
    same_diagnosis(model.diagnose(), expected.diagnose())


@pytest.mark.filterwarnings("ignore:1 of 4 files")
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_are_numbered_through_without_those_that_are_skipped(table, tmp_path, kind, monkeypatch):
    """Parquet knows how many rows a part has; of text the pass of the fit has counted them. Folders may group rows."""
    monkeypatch.setattr(file_parts, "PART_ROWS", 30)
    for number in range(4):
        folder = tmp_path / f"region={number % 2}{number}"
        folder.mkdir()
        rows = table.iloc[number * 60 : number * 60 + 60]
        if kind == "csv":
            rows.to_csv(folder / "t.csv", index=False)
        else:
            rows.to_parquet(folder / "t.parquet", row_group_size=10)
    broken = tmp_path / "region=11" / f"t.{kind}"
    broken.write_bytes(b"")
    options = {"target": "y", "features": ["x", "rooms"], "missing": "drop", "on_bad_file": "skip"}
    alone = LinearRegression().fit(open_source(tmp_path, **options))
    spread = LinearRegression().fit(parted(open_source(tmp_path, **options), in_turn))
    spec = ("cluster", "region")
    same_diagnosis(spread.diagnose(covariance=spec), alone.diagnose(covariance=spec))
    assert max(alone.diagnose().sample.row) == 180


def test_one_process_that_takes_one_part_after_the_other(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet", row_group_size=50)
    alone = open_source(tmp_path / "t.parquet", target="y", **FIT)
    cut = parted(open_source(tmp_path / "t.parquet", target="y", **FIT), in_turn, 1)
    assert len(cut.parts) > 1
    moments, solution = gather(cut, fit_intercept=True, precision="exact")
    asked = {"fit_intercept": True, "covariance": ("cluster", "firm", "year")}
    same_diagnosis(diagnose(cut, moments, solution, **asked), diagnose(alone, moments, solution, **asked))
