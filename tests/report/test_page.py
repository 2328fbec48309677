"""The report as a reader meets it: in a browser, offline, with and without a script, by day, by night, on paper."""

import io
import math
import re
import unicodedata
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from gradline.diagnostics import wording
from gradline.report.page import folded_lab, panels
from tests.lab.colours import contrast
from tests.report.conftest import HOSTILE, fit, skewed, table

TOO_FEW = "12 rows: too few points to judge."
LINED_UP = "The data lie on the line; tests are meaningless."


def number(text):
    """A number as the page writes it."""
    return math.nan if text == "\u2013" else float(text.replace("\u2212", "-").replace(",", ""))


def rounded(value, digits):
    """Tolerance of a number with so many significant digits: half of the last one."""
    return pytest.approx(value, rel=0.5 * 10.0 ** (1 - digits), abs=1e-300)


def rows_of(page, selector):
    """The cells of each row of a table, as text."""
    cells = "row => [...row.cells].map(cell => cell.innerText.trim())"
    return page.eval_on_selector_all(f"{selector} tr", f"rows => rows.map({cells})")


def verdicts(page):
    return page.eval_on_selector_all(".panel .see dd", "said => said.map(dd => dd.innerText.trim())")


def dots(page, panel):
    """Where the dots of a drawing are, (points, 2), y upwards."""
    path = page.get_attribute(f"#panel-{panel} .points", "d")
    found = np.array(re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", path), dtype=float)
    return found * [1.0, -1.0]


# ---- one file, anywhere


@pytest.mark.parametrize("name", ["line", "unfinished", "hostile"])
def test_a_report_opens_offline_with_one_request_and_no_complaint(name, reports, opened):
    page = opened(reports(name).path)
    assert page.asked == [reports(name).path.as_uri()]
    page.click("summary >> nth=-1")  # the lab, in its frame: the fixture hears of whatever it would ask for
    inner = page.frame_locator("iframe")
    inner.locator("body.live").wait_for()


def test_a_report_needs_no_script(reports, opened):
    page = opened(reports("line").path, java_script_enabled=False)
    assert page.locator("script").count() == 0
    assert page.is_visible("h1")
    assert page.locator(".panel svg:visible").count() >= 6
    page.click("text=t, p and how the columns stand together")
    assert page.is_visible("text=All slopes together")


@pytest.mark.parametrize("name", ["line", "columns", "hostile", "unfinished", "cities"])
def test_no_width_makes_a_report_wider_than_the_window(name, reports, opened):
    page = opened(reports(name).path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


# Of each box of rows: by how much it scrolls, its right edge, and of each head that is seen its words, edge and lines.
BOXES = """boxes => boxes.map(box => [
    box.scrollWidth - box.clientWidth,
    box.getBoundingClientRect().right,
    [...box.querySelectorAll("thead th")].filter(th => th.checkVisibility() && th.offsetWidth).map(th => {
        const words = document.createRange();
        words.selectNodeContents(th);
        return [th.innerText, th.getBoundingClientRect().right, words.getClientRects().length];
    }),
])"""


def test_the_tables_of_rows_fit_their_boxes_with_every_head_in_one_piece(reports, opened):
    page = opened(reports("prices").path)
    for width in (400, 768, 1160, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        boxes = page.eval_on_selector_all("#rows .scroll", BOXES)
        assert len(boxes) == 2
        for scrolls, right, heads in boxes:
            assert scrolls == 0
            names = [name for name, _, _ in heads]
            assert ("fitted" in names) == (width > 480)
            assert names[-4:] == ["residual", "studentised", "leverage", "Cook's"]
            assert heads[-1][1] <= right + 0.5  # a box has whole pixels
            assert {lines for _, _, lines in heads[2:]} == {1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_wider_than_its_box_has_a_shadow_where_it_goes_on(scheme, reports, opened):
    page = opened(reports("prices").path, width=240, color_scheme=scheme)
    table = page.locator("#rows .scroll").first
    assert table.evaluate("box => box.scrollWidth - box.clientWidth") > 14

    def shadow(side):
        """How far the edge is from plain paper, above the letters of the caption."""
        box = table.bounding_box()
        x = box["x"] + (box["width"] - 4 if side == "right" else 0)
        edge = {"x": x, "y": box["y"] + 2, "width": 4, "height": 2}
        pixels = matplotlib.image.imread(io.BytesIO(page.screenshot(clip=edge)))[..., :3]
        return abs(pixels.mean() - paper)

    ground = page.eval_on_selector("body", "e => getComputedStyle(e).backgroundColor")
    paper = np.mean([int(part) for part in re.findall(r"\d+", ground)[:3]]) / 255
    table.scroll_into_view_if_needed()
    assert shadow("right") > 0.02
    assert shadow("left") < 0.005
    table.evaluate("box => { box.scrollLeft = 1e4; }")
    assert shadow("right") < 0.005
    assert shadow("left") > 0.02


def test_text_can_be_read_by_day_and_by_night(reports, opened):
    grounds, page = [], opened(reports("line").path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for selector in ("h1", ".tile p", ".equation b", ".panel dt", ".panel dd", ".note", "svg text"):
            ink = page.eval_on_selector(selector, "e => getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color']")
            ground = page.eval_on_selector("body", "e => getComputedStyle(e).backgroundColor")
            ink, ground = (np.array(re.findall(r"\d+", colour)[:3], dtype=float) for colour in (ink, ground))
            assert contrast(ink, ground) >= 4.5, (scheme, selector)  # WCAG 2.2, level AA
        grounds.append(ground.mean())
    assert grounds[0] > 200
    assert grounds[1] < 60


@pytest.mark.parametrize("name", ["line", "columns", "in time", "unfinished", "descent", "few", "five"])
def test_a_report_prints_on_two_pages_of_a4(name, reports, opened):
    page = opened(reports(name).path)
    printed = page.pdf(prefer_css_page_size=True)
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][\d.]* 84[12]", printed)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2


def test_names_are_text_whatever_they_hold(reports, kept):
    page = kept(reports("hostile").path)
    assert page.evaluate("document.querySelectorAll('script, img, b b').length") == 0
    assert page.title().startswith("gradline report: <img src=x onerror=alert(1)>")
    rows = page.locator(".coefficients tbody th")
    for name, cell in zip(("(Intercept)", *HOSTILE), rows.all(), strict=True):  # a long one is whole in its title
        assert " ".join(name.split()) == (cell.get_attribute("title") or cell.inner_text())
    assert page.title() != "broken"
    assert "script-src 'sha256-" in page.get_attribute("meta[http-equiv]", "content")  # the lab's, and no other


@pytest.mark.parametrize("form", ["text", "html", "markdown", "latex"])
def test_no_name_turns_the_words_after_it_or_orders_a_terminal(form, written, tmp_path):
    """The page, the figure and what is printed hold no character of control, direction or surrogates."""
    names = ["\u202eevil", "a\x1b[31mb", "c\u2066d"]
    columns = dict(zip(names, table(40, 3).values(), strict=False)) | {"y\u200f": table(40, 3)["y"]}
    page, drawn = tmp_path / "r.html", tmp_path / "r.svg"
    options = ["--target", "y\u200f", "--diagnose", "--format", form, "--report", page, "--plot", drawn]
    fit(written(columns), "--features", names[0], *options)
    alone = page.read_text(encoding="utf-8")  # the line along a feature is drawn where it is the only one
    said = fit(written(columns), "--details", *options)
    for text in (alone, said, page.read_text(encoding="utf-8"), drawn.read_text(encoding="utf-8")):
        wild = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n", "\t"}
        assert not wild
        assert "evil" in text


def test_a_report_is_as_large_for_many_rows_as_for_some(reports):
    """Beyond the sample nothing grows but the digits of a few numbers."""
    short, long = (len(reports(name).text) for name in ("short", "long"))
    assert abs(long - short) < 0.03 * short
    assert long < 250_000


def test_every_class_on_a_page_has_a_rule(reports):
    """And the names of classes in the style sheet are those of some page."""
    style = (Path(panels.__file__).parent / "page.css").read_text(encoding="utf-8")
    ruled = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", style, flags=re.DOTALL)))
    names = ("line", "columns", "in time", "unfinished", "descent", "cities", "frequency", "few")
    used = {
        word
        for name in names
        for words in re.findall(
            r' class="([^"]+)"', re.sub(r"<iframe.*</iframe>", "", reports(name).text, flags=re.DOTALL)
        )
        for word in words.split()
    }
    assert used - ruled == set()
    assert ruled - used <= {"none", "said"}  # where there is nothing to draw, or no standard error


# ---- what it says is what the fit says


@pytest.mark.parametrize("name", ["line", "in time", "analytic", "frequency", "no intercept", "descent", "cities"])
def test_the_numbers_of_the_page_are_those_of_the_json(name, reports, kept):
    fit, page = reports(name).fit, kept(reports(name).path)
    cells = [row for row in rows_of(page, ".coefficients tbody") if len(row) > 1]
    assert len(cells) == len(fit["coef"])
    for (_, estimate, error, interval, _), term in zip(cells, fit["coef"], strict=True):
        assert number(estimate) == rounded(fit["coef"][term], 4)
        assert number(error) == rounded(fit["standard_error"][term], 3)
        assert [number(limit) for limit in interval.split(" to ")] == [
            rounded(limit, 3) for limit in fit["confidence_interval"][term]
        ]
    page.click("text=t, p and how the columns stand together")
    for row, term in zip(rows_of(page, "details tbody"), fit["coef"], strict=True):
        assert number(row[1]) == rounded(fit["t"][term], 4)
        p = fit["p_value"][term]
        assert row[2] == ("< 0.0001" if p < 1e-4 else f"{p:.4f}")  # as the text has it
    tiles = page.locator(".tile .value").all_inner_texts()
    folds = fit["diagnosis"]["folds"]
    assert number(tiles[0]) == fit["rows"]
    assert number(tiles[1]) == rounded(folds["rmse"], 4)
    assert number(page.locator(".bars span:last-child").last.inner_text()) == rounded(folds["baseline_rmse"], 3)
    assert number(tiles[2].rstrip("%")) == pytest.approx(100 * fit["r2"], abs=0.0501)
    checks = fit["diagnosis"]["checks"]
    assert verdicts(page)[:5] == [
        checks[check]["seen"] for check in ("band", "curvature", "tails", "spread", "influence")
    ]


def test_the_head_says_first_what_calls_for_action_and_leads_there(reports, kept):
    page = kept(reports("line").path)
    marks = page.eval_on_selector_all(".signs svg", "found => found.map(svg => svg.getAttribute('aria-label'))")
    assert marks == sorted(marks)  # "a sign:" before "no sign:"
    said = page.locator(".signs a").all_inner_texts()
    assert [text for text in said if text.startswith("A sign of a row that decides: row 17 changes the slope of 'x'")]
    page.click("text=A sign of a row that decides")
    assert page.evaluate("location.hash") == "#panel-influence"
    assert "row 17" in page.locator("#panel-influence svg").first.text_content()


@pytest.mark.parametrize("name", ["line", "columns"])
def test_dots_stand_where_rows_are(name, reports, kept):
    """Residuals of numpy's least squares against its fitted values: the same places but for the drawing's 0.1 pixel."""
    import pyarrow.parquet as pq

    read = pq.read_table(reports(name).path.parent / "table.parquet").to_pandas()
    X = np.column_stack([np.ones(len(read)), read.drop(columns="y").to_numpy()])
    y = read["y"].to_numpy()
    fitted = X @ np.linalg.lstsq(X, y, rcond=None)[0]
    found = dots(kept(reports(name).path), "curvature")
    assert len(found) == len(y)
    for drawn, values in zip(found.T, (fitted, y - fitted), strict=True):
        along = np.polynomial.Polynomial.fit(values, drawn, 1)
        assert np.abs(along(values) - drawn).max() <= 0.11  # rounded to a tenth, and a hair for the line through them
        assert along.deriv()(0.0) > 0


def narrow(level, unit, from_x=2024.0):
    """Two columns: x from there to one more, y about a level; both in the last digits of theirs, and those few."""
    rng = np.random.default_rng(2)
    x = from_x + rng.uniform(0.0, 1.0, 80).round(4)
    return {"x": x, "y": level + unit * (2.1 * (x - from_x) + rng.normal(size=80)).round(3)}


RANGES = [(101_325.0, 0.8), (0.0, 1e-19), (-3e7, 25.0), (1e15, 4.0), (0.0, 2e4), (7e-9, 1e-13), (0.0, 3e120)]
UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}


def at_ticks(drawing, name, *, across):
    """Places of an axis' ticks, and the values that they and the axis' name say."""
    texts = re.findall(r'<text x="(-?[\d.]+)" y="(-?[\d.]+)" text-anchor="(\w+)">([^<]*)</text>', drawing)
    named = re.search(rf">{name}( ([\u2212+]) ([^<,]+(?:,\d+)*))?(, in ([^<]+))?</text>", drawing)
    level = number(named[3]) * (1 if named[2] == "\u2212" else -1) if named[3] else 0.0
    unit = number(named[5]) if named[5] else 1.0
    said = [(float(x) if across else float(y) - 4.0, text) for x, y, anchor, text in texts
            if anchor == ("middle" if across else "end")]  # fmt: skip
    values = [number(t.rstrip("kMG")) * UNITS.get(t[-1:], 1.0) * unit + level for _, t in said]
    assert len({text for _, text in said}) == len(said) >= 2
    return np.array([place for place, _ in said]), np.array(values)


@pytest.mark.parametrize(("level", "unit"), RANGES)
def test_the_numbers_at_the_ticks_are_those_of_the_rows(level, unit, written, tmp_path):
    """Rows are read off the drawing by the numbers at its axes."""
    columns = narrow(level, unit)
    fit(written(columns), "--target", "y", "--report", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    drawing = page.partition('id="panel-band"')[2].partition("</svg>")[0]
    dots = np.array(re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", drawing), dtype=float)
    for k, name in enumerate("xy"):
        places, values = at_ticks(drawing, name, across=k == 0)
        low = values.min()  # a line through values of 16 digits is a line through what they are more than the least
        read_off = low + np.polynomial.Polynomial.fit(places, values - low, 1)(dots[:, k])
        far = np.ptp(columns[name])
        np.testing.assert_allclose(read_off, columns[name], rtol=2e-16, atol=0.003 * far)


@pytest.mark.parametrize(("level", "unit"), RANGES)
def test_the_line_and_the_rows_are_written_as_far_as_they_differ(level, unit, written, tmp_path):
    columns = narrow(level, unit)
    fit(written(columns), "--target", "y", "--report", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    figure_ = r"[\d,.]+(?:e[\u2212+]?\d+)?"
    equation = re.sub(r"<[^>]+>", "", re.search(r'<p class="equation">.*?</p>', page)[0])
    told = re.fullmatch(rf"y = (\u2212?{figure_}) ([\u2212+]) ({figure_}) \u00d7 x", equation)
    constant, slope = number(told[1]), number(told[3]) * (1 if told[2] == "+" else -1)
    middle = columns["x"].mean()
    found = np.polynomial.Polynomial.fit(columns["x"] - middle, columns["y"] - level, 1).convert()
    sd = (columns["y"] - level - found(columns["x"] - middle)).std()
    off = Fraction(constant) + Fraction(slope) * Fraction(middle) - Fraction(level) - Fraction(found(0.0))
    assert abs(float(off)) < max(0.03 * sd, 2 * math.ulp(level))
    rows = re.findall(r'<th scope="row">(\d+)</th><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td>', page)
    assert len(rows) == 16
    for row, *figures in rows:
        y, fitted, residual = map(number, figures)
        assert y == pytest.approx(columns["y"][int(row) - 1], rel=1e-15, abs=1e-4 * sd)
        assert float(Fraction(y) - Fraction(fitted)) == pytest.approx(residual, abs=max(2e-3 * sd, math.ulp(level)))


def test_rows_beyond_the_sample_are_drawn_where_they_are_extreme(reports, kept):
    made = reports("long")
    page = kept(made.path)
    assert "Drawn are 1,0" in page.inner_text("#panels .note")
    assert len(dots(page, "curvature")) > 1000
    first = made.fit["diagnosis"]["influence"]["by_cooks"][0]
    shown = rows_of(page, "#rows .pair table:first-of-type tbody")[0]
    assert [number(text) for text in shown[:3]] == [
        first["row"],
        rounded(first["actual"], 5),
        rounded(first["fitted"], 5),
    ]
    assert f"row {first['row']:,}" in page.locator("#panel-influence svg").first.text_content()


# ---- each kind of fit in its honest form


def test_a_descent_that_has_not_arrived_has_a_red_headline_and_no_tests(reports, kept):
    made = reports("unfinished")
    assert not made.fit["converged"]
    page = kept(made.path)
    assert "Not converged: these coefficients are unfinished" in page.inner_text(".alarm")
    red, green, blue = map(
        int, re.findall(r"\d+", page.eval_on_selector(".alarm strong", "e => getComputedStyle(e).color"))
    )
    assert red > 2 * max(green, blue)
    assert rows_of(page, ".coefficients thead") == [["term", "unfinished", "exact answer"]]
    assert page.locator("details:not(#lab *)").count() == 0  # t and p are folded elsewhere
    assert set(made.fit["p_value"].values()) == {None}
    assert "--iterations" in page.inner_text(".alarm") or "--learning-rate" in page.inner_text(".alarm")
    why = "Not judged: the descent has not arrived, and its coefficients are unfinished."
    assert verdicts(page)[:5] == [why] * 5
    assert page.locator(".tile").count() == 2  # no error on held-out rows: that would be the answer's


def test_a_descent_shows_its_loss_and_its_distance(reports, kept):
    made = reports("descent")
    page = kept(made.path)
    label = page.get_attribute("#panel-path svg[role=img][viewBox^='0 0 360']", "aria-label")
    assert label.startswith("Loss by step: ")
    assert "distance from the answer at most" in label
    assert f"{made.fit['iterations']:,} by engine numpy" in page.inner_text("#converged")
    assert "Converged after" in page.inner_text("#converged")


def test_another_loss_is_drawn_but_not_judged_as_least_squares(reports, kept):
    made = reports("huber")
    page = kept(made.path)
    assert set(verdicts(page)[:5]) == {
        "Not judged: the checks are about least squares, and this line minimises the huber loss."
    }
    assert "the sandwich of M-estimates (Huber 1967)" in page.inner_text("#coefficients")
    assert len(dots(page, "curvature")) == 100
    assert made.fit["diagnosis"]["folds"] is None


def test_rows_that_were_held_out_are_not_looked_at_again(reports):
    diagnosis = reports("held out").fit["diagnosis"]
    assert 130 < diagnosis["rows"] < 170
    assert max(row["row"] for row in diagnosis["influence"]["by_leverage"]) > diagnosis["rows"]  # as the table numbers


def test_few_rows_are_drawn_but_not_judged(reports, kept):
    page = kept(reports("few").path)
    assert page.inner_text("header .lead") == TOO_FEW
    assert verdicts(page)[:5] == [TOO_FEW] * 5
    assert len(dots(page, "curvature")) == 12
    assert page.locator(".panel .smoother").count() == 0


def test_points_on_the_line_have_no_tests(reports, kept):
    made = reports("five")
    page = kept(made.path)
    assert page.inner_text("header .lead") == LINED_UP
    assert verdicts(page)[:5] == [LINED_UP] * 5
    assert page.locator(".tile .value").last.inner_text() == "all"
    assert made.fit["t"] == {"x": None}
    assert page.locator("text=t, p and how").count() == 0
    assert not re.search(r"\b(nan|inf|None)\b", page.inner_text("body"))


def test_rows_in_the_order_of_time_have_a_verdict_of_their_own(reports, kept):
    made = reports("in time")
    page = kept(made.path)
    assert made.fit["diagnosis"]["checks"]["autocorrelation"]["seen"] in page.inner_text("#panel-autocorrelation")
    assert f"Standard errors: {made.fit['covariance']['description']}." in page.inner_text("#coefficients .note")
    assert "the held-out error is too low" in page.inner_text("#panels")


def test_without_an_intercept_r2_is_about_zero_and_says_so(reports, kept):
    assert "about zero, as there is no intercept" in kept(reports("no intercept").path).inner_text("#answer")


def test_frequencies_are_the_repeated_rows(reports):
    """But for the folds, which follow row numbers, and for rows' numbers."""
    ours, theirs = reports("frequency").fit, reports("repeated").fit
    for figure in ("rows", "coef", "standard_error", "p_value", "r2"):
        assert ours[figure] == pytest.approx(theirs[figure], rel=1e-9)
    for check in ("band", "curvature", "tails", "spread"):
        assert ours["diagnosis"]["checks"][check] == theirs["diagnosis"]["checks"][check]


def test_weights_are_told(reports, kept):
    assert "each the precision of its row" in (text := kept(reports("analytic").path).inner_text("main"))
    assert "studentised by their weights" in text
    assert "take the spread to be what the weights say" in text
    assert "each the number of equal rows" in kept(reports("frequency").path).inner_text("main")


def test_that_the_band_drawn_is_not_the_one_counted_is_said(written, tmp_path):
    """Few clusters make both bands wider than those of rows that know nothing of each other."""
    columns = skewed(60) | {"shop": np.resize([1, 2, 3], 60)}
    for covariance, said in (("cluster:shop", True), ("classical", False)):
        place = tmp_path / f"{said}.html"
        fit(written(columns), "--target", "y", "--features", "x", "--covariance", covariance, "--report", place)
        told = "Both bands along the line are by the standard errors of the table (clustered by"
        assert (told in place.read_text(encoding="utf-8")) is said


def test_numbers_of_rows_lie_neither_on_each_other_nor_on_a_ring(written, tmp_path, kept):
    """Where the browser has them."""
    x = np.append(np.random.default_rng(0).normal(size=60), [-9.0, 8.0, 4.0, 4.5])
    y = x + 0.1 * np.random.default_rng(1).normal(size=64) + np.append(np.zeros(60), [0.0, 0.0, 2.0, 2.0])
    fit(written({"x": x, "y": y}), "--target", "y", "--report", tmp_path / "r.html")
    page, box = kept(tmp_path / "r.html"), "e => [e.left, e.top, e.right, e.bottom]"
    there = f"all => all.map(e => e.getBoundingClientRect()).map({box})"
    words, rings = (page.eval_on_selector_all(f"#panel-influence {what}", there) for what in ("g text.name", "circle"))
    assert len(words) == len(rings) == 3
    for one, other in [*combinations(words, 2), *product(words, rings)]:
        meet = [min(one[j + 2], other[j + 2]) - max(one[j], other[j]) for j in (0, 1)]
        assert min(meet) < 3.0  # pixels: a line of words is higher than its letters


def test_levels_stand_under_what_they_are_compared_with(reports, kept):
    page = kept(reports("cities").path)
    rows = rows_of(page, ".coefficients tbody")
    place = rows.index(["city: 3 levels, compared with 'Bonn'"])
    assert [row[0] for row in rows[place + 1 :]] == ["Oslo", "Rome"]


def test_a_wide_descent_says_what_cannot_be_known(reports, opened):
    made = reports("wide")
    page = opened(made.path)
    assert "2,100 have too many" in page.inner_text("#panels .note")
    assert page.locator(".panel").count() == 1
    assert made.fit["diagnosis"] is None
    assert page.locator(".coefficients tbody tr").count() == 16 + 100
    assert "weaker terms left out here" in page.inner_text("#coefficients")
    assert "in <code>--json</code>.</p>" in made.text
    assert len(made.text) < 150_000


def test_thousands_of_columns_fit_on_the_page(reports, opened):
    made = reports("thousands")
    page = opened(made.path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert len(made.fit["coef"]) == 1051
    assert len(made.text) < 250_000
    assert page.locator(".equation .more").inner_text() == "+ 1,044 more terms"
    assert "need too much memory" in " ".join(made.fit["diagnosis"]["notes"])
    assert page.locator(".panel").count() == 6


def test_the_document_states_the_limits_that_decide():
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    limits = [name for name in vars(wording) if name.startswith(("LARGE_", "FEWEST_", "MANY_")) or name == "LEVEL"]
    assert len(limits) == 10
    for name in limits:
        limit = getattr(wording, name)
        said = f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
        assert re.search(rf"(?<![\d.,]){re.escape(said)}(?![\d.,]*\d)", text), name
    assert folded_lab.MOST_ROWS == 2_000_000
    assert "two million" in text
