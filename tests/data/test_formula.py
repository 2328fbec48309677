"""Formulas: what statsmodels and patsy make of all rows in memory, block by block; and no code but arithmetic."""

import ast
import datetime as dt
import re
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.formula.api as smf

from gradline import DataError, ExactMoments, GradientDescentRegressor, LinearRegression, open_source
from gradline.data.source import whole
from gradline.errors import MissingExtraError
from gradline.moments.one_pass import one_pass

pytest.importorskip("formulaic")


def houses(rows=240):
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "sqft": rng.uniform(40, 200, rows),
            "rooms": rng.integers(1, 6, rows),
            "city": rng.choice(["Bonn", "Oslo", "Rome", "Ede"], rows),
            "kind": rng.choice(["flat", "house"], rows),
            "two words": rng.normal(size=rows),
        }
    )
    slope = frame.city.map({"Bonn": 1.0, "Oslo": 1.5, "Rome": 0.7, "Ede": 1.1})
    return frame.assign(price=50 + slope * frame.sqft + 7 * frame.rooms + rng.normal(size=rows))


@pytest.mark.parametrize(
    ("formula", "patsys"),
    [
        ("price ~ sqft + C(city)", None),
        ("price ~ sqft * city", None),
        ("price ~ C(city):sqft", None),
        ("price ~ sqft:city - 1", None),
        ("price ~ 0 + city + rooms", None),
        ("price ~ city - 1 + kind", None),
        ("price ~ (sqft + rooms + kind)**2", None),
        ("price ~ (sqft + rooms + kind)**3 - sqft:rooms:kind", None),
        ("price ~ sqft / rooms", None),
        ("price ~ C(rooms)", None),
        ("price ~ C(rooms, Treatment(3)) * sqft", None),
        ("price ~ C(rooms) + I(rooms**2):sqft", "price ~ C(rooms) + I(rooms**2.0):sqft"),
        ("price ~ C(city, Treatment('Oslo'))", None),
        ("price ~ C(city, Treatment(reference='Oslo')) + kind", None),
        ("price ~ C(city, contr.treatment(base='Oslo'))", "price ~ C(city, Treatment('Oslo'))"),
        ("price ~ C(city, Sum)", None),
        ("price ~ C(city, Sum):sqft + kind", None),
        ("price ~ C(city, contr.sum)", "price ~ C(city, Sum)"),
        ("log(price) ~ log(sqft) + rooms", "np.log(price) ~ np.log(sqft) + rooms"),
        ("np.log(price) ~ np.sqrt(sqft)", None),
        ("sqrt(price) ~ log1p(sqft) + exp(-rooms)", "np.sqrt(price) ~ np.log1p(sqft) + np.exp(-rooms)"),
        ("price ~ I(sqft**2) + I(sqft > 100) + I(rooms / 2 + 1)", None),
        ("price ~ I(1 * (city == 'Rome'))", None),
        ("price ~ {sqft % 7} + rooms", "price ~ I(sqft % 7) + rooms"),
        ("price ~ `two words` + log(`two words` + 9)", "price ~ Q('two words') + np.log(Q('two words') + 9)"),
    ],
)
def test_a_fit_is_that_of_statsmodels(formula, patsys):
    frame = houses()
    ours = LinearRegression().fit(open_source(frame, formula=formula, batch_rows=100))
    theirs = smf.ols(patsys or formula, frame).fit()
    # Columns may be coded otherwise where both can be said in several ways: the space is the same, so is the fit.
    np.testing.assert_allclose(ours.predict(frame), theirs.fittedvalues, rtol=1e-9)
    summary = ours.inference()
    np.testing.assert_allclose(summary.residual_sd**2, theirs.mse_resid, rtol=1e-9)
    assert (len(ours.coef_) + ours._fitted_intercept, summary.df_residual) == (len(theirs.params), theirs.df_resid)
    if patsys is None and "Sum" not in formula and "I(sqft > 100)" not in formula:
        found = dict(
            zip(ours.summary().terms, zip(summary.coefficients, summary.standard_error, strict=True), strict=True)
        )
        values = zip(theirs.params.items(), theirs.bse, strict=True)
        expected = {"(Intercept)" if n == "Intercept" else n: (c, e) for (n, c), e in values}
        if set(found) == set(expected):
            for name, figures in expected.items():
                np.testing.assert_allclose(found[name], figures, rtol=1e-9, atol=1e-9)


def test_names_are_those_of_patsy_for_treatment_coding():
    frame = houses()
    for formula in ("price ~ sqft * city + C(rooms)", "price ~ city - 1", "price ~ sqft:rooms + kind"):
        theirs = [name for name in smf.ols(formula, frame).fit().params.index if name != "Intercept"]
        assert sorted(open_source(frame, formula=formula).feature_names) == sorted(theirs)


def test_a_dot_is_every_other_column_but_the_weight():
    frame = houses().drop(columns="two words").assign(w=1.0)
    source = open_source(frame, formula="price ~ .", weight="w")
    assert source.feature_names == ("sqft", "rooms", "city[T.Ede]", "city[T.Oslo]", "city[T.Rome]", "kind[T.house]")
    by_name = open_source(frame, target="price", weight="w")
    assert one_pass(source, ExactMoments) == one_pass(by_name, ExactMoments)


@pytest.mark.parametrize("terms", ["w", "sqft * w", ". + w", "C(w)", "I(w**2) + sqft"])
def test_a_weight_may_be_a_feature_besides(terms):
    frame = houses().drop(columns=["two words", "city", "kind"])
    frame["w"] = np.arange(len(frame)) % 4 + 1
    model = LinearRegression().fit(open_source(frame, formula=f"price ~ {terms}", weight="w"))
    theirs = smf.wls(f"price ~ {terms.replace('.', 'sqft + rooms')}", frame, weights=frame.w).fit()
    ours = dict(zip(["Intercept", *model.feature_names_in_], [model.intercept_, *model.coef_], strict=True))
    named = {name.replace(" ", ""): value for name, value in ours.items()}
    assert named == pytest.approx({name.replace(" ", ""): value for name, value in theirs.params.items()}, rel=1e-6)
    without = open_source(frame, formula="price ~ . - w", weight="w")
    assert without.feature_names == ("sqft", "rooms")


@pytest.mark.parametrize(
    ("formula", "multiple", "instead"),
    [
        ("price ~ 1000:sqft + rooms", "1000:sqft", "I(1000 * sqft)"),
        ("price ~ sqft:2.5 + rooms", "sqft:2.5", "I(2.5 * sqft)"),
        ("price ~ 2:rooms:sqft", "2:rooms:sqft", "I(2 * rooms):sqft"),
        ("price ~ 2:city:rooms", "2:city:rooms", "city:I(2 * rooms)"),
        ("price ~ 2:log(sqft)", "2:log(sqft)", "I(2 * log(sqft))"),
        ("2:price ~ sqft", "2:price", "I(2 * price)"),
    ],
)
def test_a_multiple_is_not_told_by_the_name_of_its_column(formula, multiple, instead):
    with pytest.raises(DataError) as caught:
        open_source(houses(), formula=formula)
    assert caught.value.message.startswith(f"{multiple!r} in the formula {formula!r} is a multiple of ")
    assert caught.value.hint == f"a multiple is written {instead}"
    written = formula.replace(multiple, instead)
    model = LinearRegression(precision="exact").fit(open_source(houses(), formula=written))
    theirs = smf.ols(written.replace("log", "np.log"), houses()).fit()
    assert sorted([model.intercept_, *model.coef_]) == pytest.approx(sorted(theirs.params), rel=1e-9)


@pytest.mark.parametrize(("rows", "batch_rows"), [(12, 1), (60, 13), (60, 1000)])
def test_any_batches_give_the_same_bits(rows, batch_rows, tmp_path):
    frame = houses(rows)
    frame.to_parquet(tmp_path / "t.parquet")
    frame[::-1].to_csv(tmp_path / "t.csv", index=False)
    formula = "log(price) ~ sqft * C(city, Sum) + C(rooms)"
    expected = one_pass(open_source(frame, formula=formula), ExactMoments)
    for name in ("t.parquet", "t.csv"):
        assert one_pass(open_source(tmp_path / name, formula=formula, batch_rows=batch_rows), ExactMoments) == expected


class TestWhatCannotBeComputed:
    def test_is_counted_under_its_term(self):
        frame = houses()
        frame.loc[[3, 200], "sqft"] = [0.0, -1.0]
        frame.loc[[5, 6], "rooms"] = np.nan
        frame.loc[230, "price"] = 0.0
        source = open_source(frame, formula="log(price) ~ log(sqft) + rooms", batch_rows=50)
        with pytest.raises(DataError) as caught:
            LinearRegression().fit(source)
        for said in (
            "column 'log(sqft)' has 1 missing (NaN) and 1 infinite (inf) cells, the first in row 4",
            "column 'rooms' has 2 missing (NaN) cells, the first in row 6",
            "column 'log(price)' has 1 infinite (inf) cell, the first in row 231",
        ):
            assert said in caught.value.message
        assert "these 5 of 240 rows" in caught.value.hint

    def test_is_dropped_and_counted_where_that_was_asked_for(self):
        frame = houses(12)
        frame.loc[[3, 10], "sqft"] = [0.0, -1.0]
        source = open_source(frame, formula="price ~ log(sqft) * city", missing="drop", batch_rows=1)
        kept = open_source(frame[frame.sqft > 0], formula="price ~ log(sqft) * city")
        assert one_pass(source, ExactMoments) == one_pass(kept, ExactMoments)
        assert source.rows_dropped == 2
        assert source.dropped == {"log(sqft)": 2}

    def test_makes_no_levels(self):
        frame = houses()
        frame.loc[[3, 200], "sqft"], frame.loc[[3, 200], "city"] = [0.0, -1.0], "Nowhere"
        source = open_source(frame, formula="price ~ city + city:log(sqft)", missing="drop")
        kept = open_source(frame[frame.sqft > 0], formula="price ~ city + city:log(sqft)")
        assert one_pass(source, ExactMoments) == one_pass(kept, ExactMoments)
        assert source.feature_names == kept.feature_names

    def test_of_a_row_to_predict_is_named(self):
        model = LinearRegression().fit(open_source(houses(), formula="price ~ log(sqft) + city"))
        with pytest.raises(DataError, match=r"'log\(sqft\)' is -inf in row 2 of DataFrame"):
            model.predict(pd.DataFrame({"sqft": [9.0, 0.0], "city": ["Bonn", "Bonn"]}))


def test_whole_numbers_of_a_category_do_not_overflow_beside_it():
    frame = pd.DataFrame({"z": [1, 2, 30, 1, 2, 30], "y": [1.0, 2, 3, 4, 5, 7]})
    X = whole(open_source(frame, formula="y ~ C(z) + I(z**40) + I(z**-1)")).X
    np.testing.assert_array_equal(X[:, -2:], frame.z.to_numpy(float)[:, None] ** [40, -1])


def test_dates_and_booleans_have_their_units_and_categories_their_levels():
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=k * k) for k in range(6)]
    table = pa.table({"d": days, "b": [True, False] * 3, "c": list("abcabc"), "y": [1.0, 2, 4, 3, 9, 7]})
    source = open_source(table, formula="y ~ d + b + c")
    expected = smf.ols(
        "y ~ d + b + c",
        pd.DataFrame(
            {"d": [19723 + k * k for k in range(6)], "b": [1, 0] * 3, **{n: table[n].to_pylist() for n in "cy"}}
        ),
    ).fit()
    model = LinearRegression().fit(source)
    np.testing.assert_allclose(model.predict(table), expected.fittedvalues, rtol=1e-9)
    assert model.summary().notes == (
        "d: days since 1970-01-01",
        "b: 1 where true, 0 where false",
        "c: 3 levels, 'a' to 'c'",
    )


RUN = "__import__('os').system('touch pwned')"


@pytest.mark.parametrize(
    "term",
    [
        f"I({RUN})",
        f"{{{RUN}}}",
        f"log({RUN})",
        f"log(sqft + {RUN})",
        f"C(city, {RUN})",
        f"C(city, Treatment({RUN}))",
        f"C(city, contr.treatment(base={RUN}))",
        f"C(city, levels=[{RUN}])",
        f"I(sqft > {RUN})",
        "I(().__class__.__base__.__subclasses__())",
        "I(sqft.__class__)",
        "sqft.__class__",
        "np.log.__class__(sqft)",
        "contr.__class__(sqft)",
        "C(city, contr.__class__)",
        "C(city, contr.__class__('x', (), {}))",
        "I((lambda: sqft)())",
        "I([x for x in sqft])",
        "I(sqft if rooms else sqft)",
        "I(sqft and rooms)",
        "I(sqft[0])",
        "I(f'{sqft}')",
        "I(sqft := 3)",
        "I('a' * 9999999999)",
        "I(9**9**9**9)",
        "I(sqft @ rooms)",
        "I(sqft << 3)",
        "log(sqft, out=sqft)",
        "log(*sqft)",
        "exec('1')",
        "eval('1')",
        "open('x')",
        "getattr(sqft, 'x')",
        "np.load('x')",
        "np.fromfile('x')",
        "C(log(sqft))",
        "C(sqft > 9)",
        "C()",
        "I()",
        "I(sqft, rooms)",
        "I(_quoted_0)",
        "I(__builtins__)",
        "I('`' + __import__('os').system('touch pwned') + '`')",
        "I(`sqft` + '`' + `rooms`)",
        "Q('sqft')",
    ],
)
def test_anything_but_arithmetic_of_columns_is_refused_and_not_run(term, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        LinearRegression().fit(open_source(houses(), formula=f"price ~ sqft + {term}"))
    assert not (tmp_path / "pwned").exists()
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("function", ["I", "log"])
def test_a_power_as_r_writes_it_is_told_as_python_does(function):
    with pytest.raises(DataError, match="is no power") as caught:
        open_source(houses(), formula=f"price ~ {function}((sqft + 1)^3)")
    written = caught.value.hint.removeprefix("a power is written ")
    found = whole(open_source(houses(), formula=f"price ~ {function}({written})")).X.ravel()
    cubes = (houses()["sqft"].to_numpy() + 1.0) ** 3
    np.testing.assert_allclose(found, cubes if function == "I" else np.log(cubes), rtol=1e-15)


@pytest.mark.parametrize("term", ["center(sqft)", "scale(sqft)", "poly(sqft, 2)", "bs(sqft, df=4)", "lag(sqft)"])
def test_what_needs_all_rows_first_is_refused_with_what_fits_as_well(term):
    with pytest.raises(DataError, match="needs all rows before the first") as caught:
        open_source(houses(), formula=f"price ~ {term}")
    assert "x + I(x**2)" in caught.value.hint


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("price ~ sqft +", "cannot be read"),
        ("price ~ log(sqft", "cannot be read"),
        ("price ~ sqft ~ rooms", "cannot be read"),
        ("price ~ 2*sqft", "a number stands where a column is expected"),
        ("price ~ 2:city", "is a multiple of city"),
        ("price ~ log(city)", "cannot be read"),
        ("price ~ nope", "no column 'nope'"),
        ("price ~ log(nope)", "no column 'nope'"),
        ("price ~ a.b", "no column 'a.b'"),
        ("price ~ sqft | rooms", "several parts"),
        ("price + sqft ~ rooms", "has 2 targets"),
        ("city ~ sqft", "the target 'city' makes 4 columns"),
        ("~ sqft", "has no target"),
        ("sqft + rooms", "has no target"),
        ("price ~ 1", "names no features"),
        ("price ~ price", "on both sides"),
        ("log(price) ~ price", "on both sides"),
        ("", "has no target"),
    ],
)
def test_what_is_no_formula_is_a_sentence(formula, said):
    with pytest.raises(DataError) as caught:
        LinearRegression().fit(open_source(houses(), formula=formula))
    assert said in caught.value.message
    assert "\n" not in caught.value.message + (caught.value.hint or "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"features": ["sqft"]}, "expected either, not both"),
        ({"target": "sqft"}, "the target is 'sqft'"),
        ({"reference": {"city": "Oslo"}}, "names its reference levels itself"),
        ({"weight": "price"}, "'price' of DataFrame cannot be both the target and the weight"),
    ],
)
def test_options_that_contradict_a_formula_are_refused(options, said):
    with pytest.raises(DataError, match=said):
        open_source(houses(), **{"formula": "price ~ sqft", **options})


def test_a_target_beside_a_formula_without_one_is_its_target():
    ours = open_source(houses(), target="price", formula="sqft + city")
    assert one_pass(ours, ExactMoments) == one_pass(open_source(houses(), formula="price ~ sqft + city"), ExactMoments)


def test_a_formula_decides_about_the_intercept():
    assert LinearRegression().fit(open_source(houses(), formula="price ~ sqft - 1")).intercept_ == 0.0
    assert (
        LinearRegression(fit_intercept=False).fit(open_source(houses(), formula="price ~ 0 + sqft")).intercept_ == 0.0
    )
    with pytest.raises(DataError, match="the formula has an intercept, but none was asked for"):
        LinearRegression(fit_intercept=False).fit(open_source(houses(), formula="price ~ sqft"))


@pytest.mark.parametrize("formula", ["price ~ sqft * city", "log(price) ~ sqft * city - 1"])
def test_a_descent_ends_at_the_same_answer(formula):
    exact = LinearRegression().fit(open_source(houses(), formula=formula))
    descent = GradientDescentRegressor(warm_start=True).fit(open_source(houses(), formula=formula))
    error = exact.inference().standard_error[int(exact._fitted_intercept) :]
    assert (np.abs(descent.coef_ - exact.coef_) < 1e-5 * error).all()  # tol is 1e-6 standard errors, as estimated
    np.testing.assert_allclose(descent.predict(houses()), exact.predict(houses()), rtol=1e-6)
    assert (descent.intercept_ == 0.0) == formula.endswith("- 1")
    again = descent.fit(open_source(houses(), formula=formula))  # goes on from there
    assert (np.abs(again.coef_ - exact.coef_) < 1e-5 * error).all()


def test_an_empty_table_says_so():
    for formula in ("price ~ sqft", "price ~ sqft * city"):
        with pytest.raises(DataError, match="has column names but no rows"):
            LinearRegression().fit(open_source(houses()[:0], formula=formula))


def test_without_formulaic_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "formulaic", None)
    with pytest.raises(MissingExtraError, match="a formula needs the extra 'formula'") as caught:
        open_source(houses(), formula="price ~ sqft")
    assert caught.value.hint == "pip install 'gradline[formula]'"


@pytest.mark.parametrize(
    ("formula", "level", "instead"),
    [
        ('y ~ x + C(k, Treatment("1"))', "'1' of 'k'", "'y ~ x + C(k, Treatment(1))'"),
        ("y ~ C(k, contr.treatment(base=7)) + x", "7 of 'k'", "'y ~ C(k, contr.treatment(base=1)) + x'"),
        ("y ~ C(`a city`, Treatment('Rom'))", "'Rom' of 'a city'", "\"y ~ C(`a city`, Treatment('Bonn'))\""),
    ],
)
def test_a_level_to_compare_with_that_is_none_is_told_with_those_there_are(formula, level, instead):
    table = {"k": [1, 2, 3, 1, 2], "x": [1.0, 4.0, 2.0, 8.0, 5.0], "y": [1.0, 3.0, 2.0, 5.0, 4.0]}
    table["a city"] = ["Rome", "Bonn", "Rome", "Bonn", "Bonn"]
    with pytest.raises(DataError) as error:
        whole(open_source(table, formula=formula))
    there = "[1, 2, 3]" if "'k'" in level else "['Bonn', 'Rome']"
    assert error.value.message == (
        f"the formula {formula!r} compares with the level {level}, which does not occur; there are {there}"
    )
    assert error.value.hint == f"for example {instead}"
    assert len(whole(open_source(table, formula=ast.literal_eval(instead)))) == 5  # as the hint says


@pytest.mark.parametrize(
    ("term", "column", "written"),
    [
        ("sqft^2", "sqft", "I(sqft**2)"),
        ("rooms + sqft ** 3", "sqft", "I(sqft**3)"),
        ("city:rooms^2", "rooms", "I(rooms**2)"),
        ("(rooms + sqft^2)", "sqft", "I(sqft**2)"),
        ("`two words`^2", "`two words`", "I(`two words`**2)"),
    ],
)
def test_a_power_of_one_column_is_not_taken_for_the_column(term, column, written):
    with pytest.raises(DataError, match=re.escape(f" is {column} alone: outside I(...)")) as caught:
        open_source(houses(), formula=f"price ~ {term}")
    assert caught.value.hint == f"a power is written {written}"
    open_source(houses(), formula=f"price ~ {written}")


def test_a_power_of_a_sum_is_its_interactions():
    formula = "price ~ (rooms + sqft)^2 + I(sqft**2)"
    found = LinearRegression().fit(open_source(houses(), formula=formula))
    expected = smf.ols("price ~ rooms + sqft + rooms:sqft + I(sqft**2)", houses()).fit().params
    columns = ["rooms", "sqft", "rooms:sqft", "I(sqft ** 2)"]
    np.testing.assert_allclose(
        dict(zip(found.feature_names_in_, found.coef_, strict=True))["rooms:sqft"], expected[columns[2]], rtol=1e-9
    )
    assert set(found.feature_names_in_) == set(columns)


@pytest.mark.parametrize(
    ("formula", "column", "said", "renamed"),
    [
        ("y ~ x + Intercept", "Intercept", "also the name of the constant term in", "y ~ x + other"),
        ("y ~ .", "Intercept", "also the name of the constant term in", "y ~ x + z + other + C(g)"),
        ("y ~ 0 + x + `1`", "1", "also the name of the constant term in", "y ~ 0 + x + other"),
        ("y ~ x + `1`:z", "1", "also the name of the constant term in", "y ~ x + other:z"),
        ("`1` ~ x", "1", "also the name of the constant term in", "other ~ x"),
        ("y ~ `log(x)` + log( x )", "log(x)", "also an expression of", "y ~ other + np.log(x)"),
        ("y ~ log(x) + .", "log(x)", "also an expression of", "y ~ np.log(x) + x + z + other + C(g)"),
        ("y ~ x:z + `x:z`", "x:z", "two columns of X would be called", "y ~ x:z + other"),
        ("y ~ g + `g[T.b]`", "g[T.b]", "two columns of X would be called", "y ~ g + other"),
        ("y ~ .", "g[T.b]", "two columns of X would be called", "y ~ x + z + other + C(g)"),
        ("y ~ log(x) + log", "log", "also a function of", "y ~ np.log(x) + other"),
        ("y ~ C(g, Sum) + Sum", "Sum", "also a function of", "y ~ C(g, Sum) + other"),
        ("y ~ log(class)", "class", "has the name of a word of Python", "y ~ np.log(other)"),
        ("y ~ x + C(`class`)", "class", "has the name of a word of Python", "y ~ x + C(other)"),
    ],
)
def test_a_column_whose_name_means_something_else_in_a_formula_is_to_be_renamed(formula, column, said, renamed):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.uniform(1, 2, 12), "z": rng.uniform(1, 2, 12), column: rng.integers(1, 4, 12)})
    frame = frame.assign(g=["a", "b", "c"] * 4, y=rng.normal(size=12))
    with pytest.raises(DataError, match=said) as caught:
        LinearRegression().fit(open_source(frame, formula=formula))
    assert repr(column) in caught.value.message
    assert caught.value.hint.startswith("rename the column")
    frame = frame.rename(columns={column: "other"})
    theirs = smf.ols(renamed, frame).fit()
    figures = LinearRegression().fit(open_source(frame, formula=renamed)).inference()
    np.testing.assert_allclose(figures.residual_sd**2, theirs.mse_resid, rtol=1e-9)
    assert len(figures.coefficients) == len(theirs.params)


@pytest.mark.parametrize("column", ["log", "C", "class", "Treatment"])
def test_a_column_may_have_the_name_of_a_function_that_a_formula_does_not_use(column):
    frame = houses().rename(columns={"rooms": column})
    ours = LinearRegression().fit(open_source(frame, formula=f"price ~ sqft + {column}"))
    theirs = smf.ols("price ~ sqft + rooms", houses()).fit()
    np.testing.assert_allclose([ours.intercept_, *ours.coef_], theirs.params, rtol=1e-9)
