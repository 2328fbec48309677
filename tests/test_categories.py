"""Categories, dates and formulas from end to end: estimators, model files, the command line.

Oracles: statsmodels on all rows in memory, fits to all rows at once, and files equal to the byte.
"""

import copy
import datetime as dt
import json
import pickle
import shutil

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import DataError, GradientDescentRegressor, LinearRegression, load, open_source
from gradline.errors import CollinearityWarning

from .command import gradline
from .test_model_file import rewritten

CITIES = {1: ["Oslo", "Rome"], 2: ["Bonn", "Rome", "Lima"]}


def sales(month=1, rows=40):
    """Months have cities of their own, and so another default reference."""
    rng = np.random.default_rng(month)
    frame = pd.DataFrame({"sqft": rng.integers(40, 200, rows), "city": rng.choice(CITIES[month], rows)})
    frame["sold"] = [dt.date(2024, month, int(day)) for day in rng.integers(1, 28, rows)]
    frame["new"] = rng.random(rows) > 0.5
    frame["price"] = 3 * frame.sqft + 20 * (frame.city == "Rome") + 9 * frame.new + rng.integers(0, 30, rows)
    return frame


def both():
    return pd.concat([sales(1), sales(2)], ignore_index=True)


def fitted(data, **options):
    roles = {"target": "price"} if "formula" not in options else {}
    return LinearRegression(precision="exact").fit(open_source(data, **{**roles, **options}))


def by_statsmodels(frame, formula="price ~ sqft + city + sold + new"):
    days = pd.to_datetime(frame.sold).to_numpy().astype("datetime64[D]").astype(float)
    return smf.ols(formula, frame.assign(sold=days, new=frame.new.astype(float))).fit()


def content(path):
    """Of a model file, what a fit to the same rows has in common with it: all but where the rows came from."""
    found = json.loads(path.read_text())
    found.pop("sha256")
    found["provenance"].pop("source")
    return found


def saved(folder, name, model):
    model.save(folder / f"{name}.json")
    return folder / f"{name}.json"


class TestEstimators:
    @pytest.mark.parametrize("precision", ["float64", "exact"])
    def test_a_fit_is_that_of_statsmodels(self, precision):
        model = LinearRegression(precision=precision).fit(open_source(both(), target="price"))
        theirs = by_statsmodels(both())
        found = dict(zip(model.summary().terms, model.inference().coefficients, strict=True))
        errors = dict(zip(model.summary().terms, model.inference().standard_error, strict=True))
        for name, value in theirs.params.items():
            name = "(Intercept)" if name == "Intercept" else name
            # Days since 1970 are far from zero: patsy's uncentred columns have a condition number of 1e7.
            np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-6 * errors[name])
            np.testing.assert_allclose(errors[name], theirs.bse[name if name in theirs.bse else "Intercept"], rtol=1e-6)
        np.testing.assert_allclose(model.predict(both()), theirs.fittedvalues, rtol=1e-9)

    def test_new_levels_may_come_with_partial_fit(self, tmp_path):
        model = LinearRegression(precision="exact")
        for month in (1, 2):
            model.partial_fit(open_source(sales(month), target="price"))
        once = fitted(both())
        assert model.moments_ == once.moments_
        assert model.feature_names_in_.tolist() == once.feature_names_in_.tolist()
        assert content(saved(tmp_path, "a", model)) == content(saved(tmp_path, "b", once))

    def test_forgotten_rows_take_their_levels_with_them(self, tmp_path):
        model = fitted(both()).forget(open_source(sales(1), target="price"))
        assert content(saved(tmp_path, "a", model)) == content(saved(tmp_path, "b", fitted(sales(2))))
        model.partial_fit(open_source(sales(1), target="price"))
        assert content(saved(tmp_path, "a", model)) == content(saved(tmp_path, "b", fitted(both())))

    def test_a_refused_change_changes_nothing(self, tmp_path):
        model = fitted(sales(1))
        before = saved(tmp_path, "a", model).read_bytes()
        for other in (sales(2).drop(columns="new"), sales(2).astype({"new": float})):
            with pytest.raises(DataError):
                model.partial_fit(open_source(other, target="price"))
        assert saved(tmp_path, "a", model).read_bytes() == before

    def test_predictions_take_tables_of_the_same_columns_in_any_form(self):
        model, frame = fitted(both()), sales(2)
        expected = by_statsmodels(both()).predict(
            frame.assign(sold=[(d - dt.date(1970, 1, 1)).days for d in frame.sold], new=frame.new.astype(float))
        )
        other = frame[["new", "sold", "city", "sqft"]].assign(note="x")
        forms = (
            *(frame, other, pl.from_pandas(frame), other.astype({"city": "category"}), frame.to_dict("list")),
            *(open_source(frame, target="price"), open_source(frame, target="price", batch_rows=3)),
        )
        for rows in forms:
            np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-9)
        np.testing.assert_array_equal(model.predict_interval(frame), model.predict_interval(other))

    def test_a_level_never_met_is_named_with_its_row(self):
        frame = sales(2)
        frame.loc[7, "city"] = "Atlantis"
        for rows in (frame, open_source(frame, target="price")):
            with pytest.raises(DataError, match="holds the level 'Atlantis' in row 8"):
                fitted(both()).predict(rows)

    def test_numbers_in_another_unit_are_refused(self):
        model, frame = fitted(both()), sales(2)
        for sold, kind in ((pd.to_datetime(frame.sold), "time"), (range(40), "number")):
            with pytest.raises(DataError, match=f"'sold' of DataFrame is of kind '{kind}', but .* 'date': days since"):
                model.predict(frame.assign(sold=sold))
            with pytest.raises(DataError, match=f"is a {kind}, expected a date"):
                model.predict(open_source(frame.assign(sold=sold), target="price"))
        np.testing.assert_array_equal(model.predict(frame.assign(new=frame.new.astype(int))), model.predict(frame))
        dates_only = fitted(frame[["sold", "price"]])
        with pytest.raises(DataError, match="is of kind 'time'"):
            dates_only.predict(frame.assign(sold=pd.to_datetime(frame.sold)))

    def test_a_fit_survives_copies(self):
        for options in ({}, {"formula": "price ~ sqft * city"}):
            model = fitted(sales(1), **options)
            for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
                np.testing.assert_array_equal(again.predict(sales(1)), model.predict(sales(1)))

    def test_a_category_that_says_the_same_as_another_is_named(self):
        frame = sales(2).assign(code=lambda f: f.city.map({"Bonn": "1", "Rome": "2", "Lima": "3"}))
        with pytest.warns(CollinearityWarning, match=r"'code\[T.[23]\]' = 1 \* 'city\[T.(Rome|Lima)\]'"):
            model = fitted(frame)
        assert model.rank_ == 5
        assert fitted(sales(2)).rank_ == 5
        np.testing.assert_allclose(model.predict(frame), fitted(sales(2)).predict(sales(2)), rtol=1e-12)

    def test_names_that_differ_by_case_are_two_levels_and_by_padding_one(self):
        frame = pd.DataFrame({"c": ["a", "A", " a", "b ", "b", "A "], "y": [1.0, 2, 3, 4, 6, 9]})
        source = open_source(frame, target="y", features=["C(c)"])
        assert source.feature_names == ("c[T.a]", "c[T.b]")

    @pytest.mark.parametrize("engine", ["numpy", "moments"])
    def test_a_descent_ends_at_the_same_answer(self, engine):
        exact = fitted(both())
        descent = GradientDescentRegressor(engine).fit(open_source(both(), target="price"))
        assert descent.feature_names_in_.tolist() == exact.feature_names_in_.tolist()
        # tol is 1e-6 standard errors, as estimated from the same data.
        assert (np.abs(descent.coef_ - exact.coef_) < 1e-5 * exact.inference().standard_error[1:]).all()
        np.testing.assert_allclose(descent.predict(both()), exact.predict(both()), rtol=1e-6)
        batches = GradientDescentRegressor(engine="numpy", batch_size=16, max_iter=3, tol=None, random_state=0)
        assert batches.fit(open_source(both(), target="price")).coef_.shape == exact.coef_.shape

    def test_a_descent_takes_a_category_of_one_level(self):
        frame = sales(1).assign(country="NO")
        descent = GradientDescentRegressor().fit(open_source(frame, target="price"))
        assert (np.abs(descent.coef_ - fitted(frame).coef_) < 1e-3 * fitted(frame).inference().standard_error[1:]).all()


ROWS = st.lists(
    st.tuples(st.integers(-99, 99), st.sampled_from(["Bonn", "Oslo", "Rome", "9", "10"]), st.integers(-99, 99)),
    min_size=4,
    max_size=24,
)


@given(rows=ROWS, data=st.data())
@settings(deadline=None, max_examples=30)
@pytest.mark.filterwarnings("ignore::gradline.errors.CollinearityWarning")
def test_any_order_and_any_split_give_equal_model_files(rows, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    roles = {"target": "y", "features": ["x", "C(c)"]}
    frame = pd.DataFrame(rows, columns=["x", "c", "y"])
    order = data.draw(st.permutations(range(len(rows))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows) - 1), max_size=3)))
    for name, indices in (("once", [range(len(rows))]), ("split", np.split(np.array(order), cuts))):
        (folder / name / "t").mkdir(parents=True)
        for k, index in enumerate(indices):
            frame.iloc[index].to_parquet(folder / name / "t" / f"{k}.parquet")
        size = data.draw(st.integers(1, 30))
        saved(
            folder,
            name,
            LinearRegression(precision="exact").fit(open_source(folder / name / "t", batch_rows=size, **roles)),
        )
    assert (folder / "once.json").read_bytes() == (folder / "split.json").read_bytes()


class TestModelFiles:
    @pytest.mark.parametrize(
        "options", [{}, {"formula": "log(price) ~ sqft * C(city, Sum) + . - city - 1"}], ids=["columns", "formula"]
    )
    def test_come_back_to_the_bit(self, options, tmp_path):
        model = fitted(both(), **options)
        path = saved(tmp_path, "m", model)
        loaded = load(path)
        np.testing.assert_array_equal(loaded.predict(both()), model.predict(both()))
        assert str(loaded.summary()) == str(model.summary())
        assert saved(tmp_path, "again", loaded).read_bytes() == path.read_bytes()
        path.write_text(json.dumps(json.loads(path.read_text()), indent=1, sort_keys=True))  # another layout
        np.testing.assert_array_equal(load(path).predict(both()), model.predict(both()))

    def test_merged_and_subtracted_are_those_of_the_rows(self, tmp_path):
        for name, frame in (("jan", sales(1)), ("feb", sales(2)), ("both", both())):
            saved(tmp_path, name, fitted(frame))
        for command in (
            ["merge", "jan.json", "feb.json", "-o", "merged.json"],
            ["merge", "feb.json", "jan.json", "-o", "turned.json"],
            ["subtract", "merged.json", "jan.json", "-o", "left.json"],
            ["subtract", "both.json", "feb.json", "-o", "right.json"],
        ):
            done = gradline(*command, cwd=tmp_path)
            assert (done.returncode, done.stderr) == (0, "")
        for ours, theirs in (("merged", "both"), ("turned", "both"), ("left", "feb"), ("right", "jan")):
            assert content(tmp_path / f"{ours}.json") == content(tmp_path / f"{theirs}.json")

    def test_of_other_columns_or_kinds_do_not_go_together(self, tmp_path):
        saved(tmp_path, "a", fitted(sales(1)))
        saved(tmp_path, "b", fitted(sales(2).drop(columns="sold")))
        saved(tmp_path, "c", fitted(sales(2).assign(sold=pd.to_datetime(sales(2).sold))))
        saved(tmp_path, "d", fitted(sales(2).astype({"new": float})))
        saved(tmp_path, "e", fitted(sales(1), formula="price ~ sqft + city + sold + new"))
        for other in "bcde":
            done = gradline("merge", "a.json", f"{other}.json", "-o", "m.json", cwd=tmp_path)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("error: ")
            assert "Traceback" not in done.stderr
        assert not (tmp_path / "m.json").exists()

    @pytest.mark.parametrize(
        "term",
        [
            "I(__import__('os').system('touch pwned'))",
            "{__import__('os').system('touch pwned')}",
            "C(city, contr.__class__('x', (), {}))",
            "I('`' + __import__('os').system('touch pwned') + '`')",
            "log(sqft, out=sqft)",
            "I(9**9**9**9)",
        ],
    )
    def test_run_no_code_whoever_wrote_them(self, term, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        path = saved(tmp_path, "m", fitted(sales(1), formula="price ~ sqft + city"))

        def tampered(state):
            state["design"]["formula"] += f" + {term}"

        rewritten(path, tampered)
        with pytest.raises(DataError, match="is damaged"):
            load(path)
        assert not (tmp_path / "pwned").exists()

    @pytest.mark.parametrize(
        "change",
        [
            {"design": {}},
            {"design": {"columns": 3}},
            {"design": {"columns": [{"name": "sqft"}]}},
            {"design": {"columns": [{"name": "sqft", "kind": "shape"}]}},
            {"design": {"columns": [{"name": "sqft", "kind": "number", "levels": "ab", "reference": None}]}},
            {"design": {"columns": [{"name": "c", "kind": "text", "levels": ["a", "a"], "reference": None}]}},
            {"design": {"columns": [{"name": "c", "kind": "text", "levels": [1, 2], "reference": None}]}},
            {"design": {"columns": [{"name": "c", "kind": "text", "levels": ["a", "b"], "reference": 5}]}},
            {"design": {"columns": [{"name": ["c"], "kind": "text", "levels": ["a", "b"], "reference": "q"}]}},
            {"design": {"formula": 7, "columns": []}},
            {"design": {"formula": "price ~ nope", "columns": []}},
            {"design": "price ~ sqft"},
            {"weights": "often"},
        ],
        ids=lambda change: str(change)[:60],
    )
    def test_that_are_damaged_say_so(self, change, tmp_path):
        path = saved(tmp_path, "m", fitted(sales(1)))
        rewritten(path, lambda state: state.update(change))
        with pytest.raises(DataError, match="is damaged") as caught:
            load(path)
        assert "\n" not in caught.value.message


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    both().to_csv(folder / "both.csv", index=False)
    both().to_parquet(folder / "both.parquet")
    saved(folder, "both", fitted(folder / "both.csv"))
    saved(folder, "formula", fitted(folder / "both.csv", formula="log(price) ~ sqft * city + sold"))
    return folder


@pytest.fixture
def folder(models, tmp_path):
    """A copy of them for each test."""
    return shutil.copytree(models, tmp_path, dirs_exist_ok=True)


def column(done):
    assert (done.returncode, done.stderr) == (0, "")
    return np.array(done.stdout.split()[1:], dtype=float)


class TestCommandLine:
    def test_fit_and_save_are_those_of_python(self, folder):
        for name, options in (("both", []), ("formula", ["--formula", "log(price) ~ sqft * city + sold"])):
            roles = options or ["--target", "price"]
            done = gradline("fit", "both.csv", *roles, "--precision", "exact", "--save", "m.json", cwd=folder)
            assert (done.returncode, done.stderr) == (0, "")
            assert (folder / "m.json").read_bytes() == (folder / f"{name}.json").read_bytes()
            assert done.stdout == f"{load(folder / 'm.json').summary()}\n"

    def test_standard_input_is_read_once(self, folder):
        options = ["--target", "price", "--precision", "exact", "--json"]
        done = gradline("fit", "-", *options, stdin=folder / "both.csv")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == fitted(both()).summary().as_dict() | {"source": "standard input"}

    def test_options_are_those_of_open_source(self, folder):
        options = ["--features", "sqft,C(city),new", "--reference", "city=Rome", "--json"]
        told = json.loads(gradline("fit", "both.csv", "--target", "price", *options, cwd=folder).stdout)
        assert told["features"] == ["sqft", "city[T.Bonn]", "city[T.Lima]", "city[T.Oslo]", "new"]
        assert told["notes"] == ["city: 4 levels, compared with 'Rome'", "new: 1 where true, 0 where false"]

    def test_a_descent_takes_categories_dates_and_formulas(self, folder):
        for roles, name in (
            (["--target", "price"], "both"),
            (["--formula", "log(price) ~ sqft * city + sold"], "formula"),
        ):
            done = gradline("fit", "both.csv", *roles, "--engine", "numpy", "--json", cwd=folder)
            assert done.returncode == 0, done.stderr
            told, exact = json.loads(done.stdout), load(folder / f"{name}.json").summary().as_dict()
            assert (told["features"], told["notes"]) == (exact["features"], exact["notes"])
            for term, value in exact["coef"].items():
                assert abs(told["coef"][term] - value) < 1e-5 * exact["standard_error"][term]

    def test_predictions_are_those_of_python(self, folder):
        for name in ("both", "formula"):
            expected = load(folder / f"{name}.json").predict(both())
            for source in ("both.csv", "both.parquet"):
                found = column(gradline("predict", f"{name}.json", source, cwd=folder))
                np.testing.assert_allclose(found, expected, rtol=1e-13)  # sums in another order

    def test_predictions_keep_the_order_of_rows_of_a_folder_and_of_standard_input(self, folder):
        expected = load(folder / "both.json").predict(both())
        (folder / "parts").mkdir()
        sales(1).to_parquet(folder / "parts" / "1.parquet")
        sales(2)[["new", "city", "sqft", "sold"]].assign(note="x").to_parquet(folder / "parts" / "2.parquet")
        np.testing.assert_allclose(column(gradline("predict", "both.json", "parts", cwd=folder)), expected, rtol=1e-13)
        done = gradline("predict", "both.json", "-", cwd=folder, stdin=folder / "both.csv")
        np.testing.assert_allclose(column(done), expected, rtol=1e-13)

    @pytest.mark.parametrize("name", ["both", "formula"])
    def test_levels_never_met_are_an_error_or_a_blank(self, name, folder):
        frame = both()
        frame.loc[[4, 60], "city"] = "Atlantis"
        frame.loc[5, "sqft"] = np.nan
        frame.to_csv(folder / "odd.csv", index=False)
        frame.assign(sqft=1.0).to_csv(folder / "level.csv", index=False)
        done = gradline("predict", f"{name}.json", "level.csv", cwd=folder)
        assert done.returncode == 1
        assert "column 'city' of level.csv holds the level 'Atlantis' in row 5" in done.stderr
        assert "hint: --missing blank" in done.stderr
        done = gradline("predict", f"{name}.json", "odd.csv", "--missing", "blank", cwd=folder)
        lines = done.stdout.splitlines()[1:]
        assert [k for k, line in enumerate(lines) if line == '""'] == [4, 5, 60]
        others = np.array([float(line) for line in lines if line != '""'])
        expected = load(folder / f"{name}.json").predict(both().drop(index=[4, 5, 60]))
        np.testing.assert_allclose(others, expected, rtol=1e-13)
        told = "empty cells or levels of 'city' that the fit never met ('Atlantis'), and no prediction"
        assert done.stderr == f"warning: 3 rows have {told}\n"

    def test_missing_columns_are_named(self, folder):
        sales(1)[["sqft", "new"]].to_csv(folder / "few.csv", index=False)
        done = gradline("predict", "both.json", "few.csv", cwd=folder)
        assert done.returncode == 1
        assert "few.csv has no columns ['city', 'sold']" in done.stderr

    def test_predict_reads_a_decimal_comma_as_fit_does(self, folder):
        text = "sqft;city;sold;new\n90,5;Oslo;2024-01-05;True\n"
        (folder / "comma.csv").write_text(text)
        found = column(gradline("predict", "both.json", "comma.csv", "--decimal", ",", cwd=folder))
        row = pd.DataFrame({"sqft": [90.5], "city": ["Oslo"], "sold": [dt.date(2024, 1, 5)], "new": [True]})
        np.testing.assert_allclose(found, load(folder / "both.json").predict(row), rtol=1e-13)

    @pytest.mark.parametrize(
        ("options", "said", "hint"),
        [
            (["--target", "price", "--no-intercept"], "nothing stands for the reference", "--formula 'price ~ C(city)"),
            (["--formula", "price ~ sqft", "--no-intercept"], "has an intercept, but none was asked for", "- 1"),
            (["--target", "price", "--reference", "city=X"], "does not occur", "--reference city=Oslo"),
            (["--formula", "price ~ center(sqft)"], "needs all rows before the first", "I(x**2)"),
            (["--formula", "price ~ city", "--reference", "city=Rome"], "names its reference", "Treatment('Rome')"),
            (["--formula", "price ~ sqft +"], "cannot be read", "for example"),
            (
                ["--target", "price", "--weight", "sqft", "--weights", "frequency", "--features", "key"],
                "a key",
                "'C(key)'",
            ),
            (["--target", "price", "--features", "sqft,key"], "a key", "--features sqft; or insist"),
            (["--target", "city"], "holds text: 'Oslo' in row", None),
        ],
    )
    def test_errors_are_a_sentence_with_options(self, options, said, hint, folder):
        both().assign(key=[f"k{i}" for i in range(80)]).to_csv(folder / "k.csv", index=False)
        source = "k.csv" if any("key" in option for option in options) else "both.csv"
        done = gradline("fit", source, *options, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")
        sentence, *more = done.stderr.rstrip("\n").split("\n")
        assert said in sentence
        if hint:
            assert hint in more[0]

    def test_without_an_intercept_a_formula_gives_each_level_its_own(self, folder):
        done = gradline("fit", "both.csv", "--formula", "price ~ C(city) - 1", "--json", cwd=folder)
        told = json.loads(done.stdout)
        means = both().groupby("city").price.mean()
        assert told["intercept"] is None
        for city, mean in means.items():
            assert told["coef"][f"C(city)[{city}]"] == pytest.approx(mean, rel=1e-12)


# Annette Dobson (1990), An Introduction to Generalized Linear Models, page 9: plant weights, R's example of `lm`.
CONTROL = [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14]
TREATED = [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69]


def test_without_an_intercept_r2_says_what_it_is_about(tmp_path):
    plants = pd.DataFrame({"weight": CONTROL + TREATED, "group": ["ctl"] * 10 + ["trt"] * 10})
    no_constant, with_one = (
        LinearRegression().fit(open_source(plants, formula=f"weight ~ {terms}")) for terms in ("group - 1", "group")
    )
    # R's summary(lm(weight ~ group - 1)): Multiple R-squared 0.9818, adjusted 0.9798, F 485.1 on 2 and 18.
    text = " ".join(str(no_constant.summary()).split())
    assert "R\u00b2 (about zero, as there is no intercept) 0.9818, adjusted 0.9798" in text
    assert "F(2, 18) = 485.05" in text
    # summary(lm(weight ~ group)): Multiple R-squared 0.07308, adjusted 0.02158, F 1.419 on 1 and 18, p 0.249.
    assert "about the mean R\u00b2 is 0.0731, adjusted 0.0216; F(1, 18) = 1.4191, p = 0.2490." in text
    told = no_constant.summary().as_dict()
    assert told["r2_kind"] == "uncentred"
    assert told["r2_about_mean"] == pytest.approx(with_one.summary().as_dict()["r2"], rel=1e-12)
    assert with_one.summary().as_dict()["r2_about_mean"] is None
    robust = " ".join(str(no_constant.summary(covariance="HC3")).split())
    assert "about the mean R\u00b2 is 0.0731, adjusted 0.0216." in robust  # the classical F is not the robust one
    for model, name in ((no_constant, "levels.json"), (with_one, "intercept.json")):
        model.save(tmp_path / name)
    compared = gradline("compare", tmp_path / "levels.json", tmp_path / "intercept.json").stdout.splitlines()
    assert [line.split()[-2:] for line in compared if "R\u00b2" in line] == [["0.07308", "0.07308"], ["0.9818", "-"]]
