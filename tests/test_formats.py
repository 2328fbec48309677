"""Accounts of fits in every format: 80 columns, and names that stay names whatever they hold."""

import re
from contextlib import nullcontext
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gradline import GradientDescentRegressor, LinearRegression
from gradline.data.arrays import ArraySource
from gradline.errors import DataWarning
from gradline.report.comparison import SideBySide
from gradline.report.formats import Account, Table
from gradline.report.formats.latex import escaped
from gradline.report.formats.text import columns_of, lines_of, wrapped

HOSTILE = [
    "</script><b>x</b>",
    "a|b\\|c",
    "100%_of {x} & #y $z$ ~^\\",
    "[link](http://example.org)",
    "*bold* _it_ `code` <br>",
    "line\nend\ttab",
    "\x1b[31mred",
    "\U0001f600 \u4fa1\u683c e\u0301t\u00e9 \u0142\u00f8\u00df",
    "-",
    "1. one",
    "[x]",
    "* star",
    "",
    "\"quoted\" 'name'",
    "x" * 300,
    "\u202eevil",
]


def fit(names=None, scale=1.0, n=40, p=None):
    rng = np.random.default_rng(0)
    p = len(names) if names else p
    X = rng.normal(size=(n, p))
    y = X.sum(1) * scale + rng.normal(size=n) * scale
    source = ArraySource(X, y, feature_names=[name or "(blank)" for name in names] if names else None)
    return LinearRegression().fit(source)


@pytest.fixture(scope="module")
def hostile():
    return fit(HOSTILE).summary(covariance="HC3")


def widest(text):
    return max(columns_of(line) for line in text.splitlines())


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e7, 1e15, 1e140])
def test_text_fits_80_columns_whatever_the_numbers(scale):
    summary = fit(["short", "a_rather_long_name_of_a_column_in_a_table", "x" * 90], scale).summary()
    assert widest(summary.to_text(details=True)) <= 80
    told = pytest.warns(DataWarning, match="the intercept") if scale == 1e-300 else nullcontext()  # 1e-309
    with told:
        nearly_exact = LinearRegression().fit(np.arange(20.0)[:, None], np.arange(20.0) * scale + 1e-9 * scale)
    assert widest(str(nearly_exact.summary())) <= 80


@pytest.mark.parametrize(("noise", "offset"), [(1.0, 0.0), (1e-6, 0.0), (1e-6, 1e7), (1e4, 1e18)])
def test_every_coefficient_shows_its_digits_whatever_stands_beside_it(noise, offset):
    rng = np.random.default_rng(3)
    X, names = rng.normal(size=(60, 4)), ["a", "b", "c" * 30, "d" * 30]
    y = X @ [123.4567891, -0.00123456789, 98765.4321, 1e-9] + noise * rng.normal(size=60) + offset
    summary = LinearRegression().fit(ArraySource(X, y, feature_names=names)).summary()
    text = str(summary).splitlines()
    shown = dict(re.findall(r"^(\S+)\s+(-?\d\S*)  ", "\n".join(text[2 : text.index("", 2)]), re.MULTILINE))
    for name, value, error in zip(summary.terms, summary.coef, summary.inference.standard_error, strict=True):
        # The third digit of the standard error, rounded: half a hundredth of it; no more than 15 digits, rounded.
        assert abs(float(shown[name]) - value) <= 0.005 * error + 5e-15 * abs(value)
    assert widest(str(summary)) <= 80


def test_text_fits_80_columns_whatever_the_names(hostile):
    text = hostile.to_text(details=True)
    assert widest(text) <= 80
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_name_of_reasonable_length_is_never_cut(hostile):
    joined = re.sub(r"\s+", "", str(hostile))
    for name in HOSTILE[:6]:
        assert re.sub(r"\s+", "", name) in joined


def test_names_too_long_for_their_line_stay_apart():
    names = ["y" * 60 + str(k) for k in range(5)]
    text = str(fit(names).summary())
    assert all(name in text for name in names)


@pytest.mark.parametrize("engine", ["numpy", "moments"])
def test_descents_fit_80_columns(engine):
    X = np.random.default_rng(1).normal(size=(30, 3))
    for options in ({}, {"max_iter": 1, "learning_rate": 1e-3}):
        model = GradientDescentRegressor(engine, tol=None, **options).fit(X, X @ [1.0, 2.0, 3.0] + 1e-3)
        summary = replace(model.summary(), source="/a/long/path" * 12)
        assert widest(str(summary)) <= 80


def test_thousands_of_columns_are_told_and_fit(tmp_path):
    summary = fit(p=700, n=900).summary()
    assert widest(summary.to_text(details=True)) <= 80
    told = summary.as_dict()
    assert told["vif"] is None is told["correlation"]
    assert len(told["p_value"]) == 701
    some = fit(p=150, n=400).summary().as_dict()
    assert some["correlation"] is None
    assert len(some["vif"]) == 151


def test_many_fits_side_by_side_go_on_in_another_table():
    reports = [(f"folder/{'long' * 12}{k}.json", fit(["a", "b" * 50]).summary()) for k in range(9)]
    text = str(SideBySide(reports))
    assert widest(text) <= 80
    assert text.count("residual sd") > 1
    assert len(re.findall(r"\(0\.\d+\)", text)) == 9 * 3


def test_columns_are_as_wide_as_their_heads_are_on_a_terminal():
    """A file called \u6625 (spring) takes two places: all lines end in one column of the terminal."""
    reports = [(name, fit(["a", "b"]).summary()) for name in ("\u6625.json", "\u79cb\u306e\u8a18\u9332.json")]
    head, *lines = str(SideBySide(reports)).splitlines()
    assert head.split() == [name for name, _ in reports]
    assert {columns_of(line) for line in lines if line} == {columns_of(head)}


def test_no_two_fits_have_one_heading():
    fits = [fit(["a"]).summary() for _ in range(3)]

    def headings(*paths):
        head = str(SideBySide(list(zip(paths, fits, strict=False)))).splitlines()[0]
        return re.split("  +", head.strip())

    long = "/srv/models/of/all/branches/and/of/all/years"
    told = headings(f"{long}/first-fit/model.json", f"{long}/other-fit/model.json", f"{long}/other-fit/m.json")
    assert told == ["first-fit/model.json", "other-fit/model.json", "other-fit/m.json"]
    alike = [f"the monthly report of {k} shops.json" for k in (1, 2)]
    told = headings(*alike)
    assert len(set(told)) == 2
    assert [name[-3:] for name in told] == ["(1)", "(2)"]
    assert headings("a/m.json", "b/m.json") == ["a/m.json", "b/m.json"]


def test_the_text_shows_the_third_digit_of_a_standard_error_beside_any_number():
    """Targets near 1e15, a standard error below one: limits of all 17 digits, which are read back as they are."""
    rng = np.random.default_rng(0)
    y = 1e15 + rng.integers(-4, 5, 60)
    summary = LinearRegression(precision="exact").fit(rng.normal(size=(60, 1)), y).summary()
    limits = summary.inference.confidence_interval[0]
    assert summary.inference.standard_error[0] < 0.5
    shown = re.findall(r"^\(Intercept\).* (\d[\d.]+)  (\d[\d.]+)$", str(summary), re.MULTILINE)[-1]
    assert [float(limit) for limit in shown] == limits.tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=200), st.text("0123456789.-e+", max_size=12)), min_size=1, max_size=5))
def test_any_table_fits(rows):
    table = Table([["", "figure"], *([name, figure] for name, figure in rows)])
    assert all(columns_of(line) <= 80 for line in lines_of(table))
    assert all(columns_of(line) <= 80 for name, _ in rows for line in wrapped(name))


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells, self.inside = set(), [], False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not attrs
        self.inside = tag in ("th", "td")
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


def test_html_holds_names_and_no_tags_of_theirs(hostile):
    parser = Cells()
    parser.feed(hostile._repr_html_())
    assert parser.tags == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    escapes = {"\x1b[31mred": "\\x1b[31mred", "\u202eevil": "\\u202eevil"}
    assert {escapes.get(name, name) or "(blank)" for name in HOSTILE} <= set(parser.cells)
    assert hostile.to_html() == hostile._repr_html_()


def test_markdown_holds_names_and_no_marks_of_theirs(hostile):
    """As a parser of CommonMark with tables reads it: each cell is one run of text."""
    reader = MarkdownIt("commonmark").enable("table")
    cells, tags = [], set()
    for token in reader.parse(hostile.to_markdown(details=True)):
        tags.add(token.tag)
        if token.type == "inline":
            assert {child.type for child in token.children} <= {"text", "text_special"}, token.content
            cells.append("".join(child.content for child in token.children))
    assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "p", ""}
    for name in HOSTILE:
        assert " ".join((name or "(blank)").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e").split()) in cells
    assert cells.count("estimate") == 1


@pytest.mark.parametrize("text", ["1. one", "- item", "+ item", "=====", "2) two", "# head", "> quote", "---"])
def test_a_markdown_heading_stays_a_sentence(text):
    tokens = MarkdownIt("commonmark").parse(Account(text, [], []).written("markdown"))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in tokens[1].children) == text


COMMANDS = re.compile(r"\\(textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar)\{\}")


def plain(latex):
    """Whether only letters and harmless signs are left once what LaTeX knows is taken out."""
    latex = COMMANDS.sub("", latex)
    latex = re.sub(r"\\texttt\{U\+[0-9A-F]{4,6}\}", "", latex)
    latex = re.sub(r"\{\\char`\\?.\}", "", latex)
    latex = re.sub(r"\{\\[`'^~=.\"][A-Za-z]\}|\{\\[uvHcr]\{[A-Za-z]\}\}", "", latex)
    latex = re.sub(r"\\(ss|ae|AE|oe|OE|o|O|l|L|ldots)\{\}|\\textsuperscript\{\d\}", "", latex)
    latex = re.sub(r"\\[{}$&#%_]", "", latex)
    latex = re.sub(r"\{[\[\]*]\}|[-']\{\}|~", "", latex)
    return not re.search(r"[\\{}$&#%_^~<>|\"\[\]]", latex) and latex.isascii()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_latex_holds_no_sign_that_it_would_obey(text):
    assert plain(escaped(text)), escaped(text)


def test_latex_is_a_table_of_booktabs(hostile):
    latex = hostile.to_latex(details=True)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert latex.count(rule) == 2
    body = [line for line in latex.splitlines() if line.endswith(r" \\")]
    for line in body:
        cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
        assert len(cells) in (6, 7)
        for cell in map(str.strip, cells):
            number = re.fullmatch(r"\$(< )?-?[\d.{,}]+( \\times 10\^\{-?\d+\})?\$", cell)
            assert number or plain(cell), cell
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


@pytest.mark.parametrize(("text", "expected"), [
    ("100%", r"100\%"),
    ("a_b", r"a\_b"),
    ("\u00e9", r"{\'e}"),
    ("\u010d", r"{\v{c}}"),
    ("\u00df", r"\ss{}"),
    ("\U0001f600", r"\texttt{U+1F600}"),
    ("[a]", "{[}a{]}"),
    ("a--b", "a-{}-{}b"),
])  # fmt: skip
def test_latex_of_single_signs(text, expected):
    assert escaped(text) == expected


def test_numbers_in_latex_have_a_minus_and_powers_of_ten():
    latex = Account(
        "", [Table([["", "n"], ["a", "-1.5"], ["b", "< 0.0001"], ["c", "-2.5e-07"], ["d", "-"]])], []
    ).written("latex")
    for cell in ("$-1.5$", "$< 0.0001$", r"$-2.5 \times 10^{-7}$", "-{}"):
        assert f"& {cell} \\\\" in latex
