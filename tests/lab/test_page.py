"""The page as a reader meets it: in a browser, offline, by hand and by keyboard."""

import html
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradline.data.arrays import ArraySource
from gradline.lessons.demo import X, Y
from gradline.report.lab.facts import Setup
from gradline.report.lab.notebook import Lab
from gradline.report.lab.verdict import verdict
from tests.lab.colours import contrast
from tests.lab.conftest import WEIGHTS, before_points, long_names, rows

SCREENSHOTS = Path(__file__).parents[2] / "build" / "lab"


def path(page, **setting):
    """The page's own descent: (steps + 1, parameters)."""
    steps = page.evaluate("given => descend({...DEFAULTS, ...given}).steps.map(step => step.v.map(String))", setting)
    return np.array(steps, dtype=np.float64)  # as text: integers beyond 2^53 would come as integers


def losses(page, **setting):
    return np.array(page.evaluate("given => descend({...DEFAULTS, ...given}).steps.map(step => step.loss)", setting))


def until(page, expression):
    """Waits for it; `wait_for_function` would have to be allowed by the page's policy."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        time.sleep(0.01)
    pytest.fail(f"it never came to be: {expression}")


def said(page, **setting):
    page.evaluate("given => { state.setting = sound({...DEFAULTS, ...given}); draw(); }", setting)
    return page.inner_text("#verdict")


def said_of_each(page, settings):
    """What `said` is of each of them, in one go."""
    return page.evaluate(
        """settings => settings.map(given => {
            state.setting = sound({...DEFAULTS, ...given});
            draw();
            return byId("verdict").textContent;
        })""",
        settings,
    )


def by_numpy(rate, steps=100, a=0.5, dtype=np.float64):
    x, y, a, rate = X.astype(dtype), Y.astype(dtype), dtype(a), dtype(rate)
    found = [a]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            a = a - rate * (2 * np.mean((a * x - y) * x))
            found.append(a)
    return np.array(found, dtype=np.float64)


# ---- the kernel


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.015, 0.02])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_kernel_has_numpys_bits_on_thelesson(kept, pages, rate, dtype):
    page = kept(pages("lesson"))
    ours = path(page, rate=rate, float32=dtype is np.float32)[:, 0]
    np.testing.assert_array_equal(ours, by_numpy(rate, dtype=dtype))  # in which nan equals nan


def test_the_kernel_agrees_with_the_recorded_rungs(kept, pages):
    """1e-12 relative is what the rungs promise each other in float64; in float32 a hundred roundings of 6e-8."""
    page = kept(pages("lesson"))
    for kind, tolerance in (("float64", 1e-12), ("float32", 100 * 2**-24)):
        for rung in ("numpy", "autograd", "nn"):
            for rate, text in page.evaluate(
                f"FACTS.recorded.runs.map(run => [run.rate, (recorded(run, '{kind} {rung}') || [[]])[0].map(String)])"
            ):
                if not text:
                    pytest.skip("PyTorch is not installed: its rungs were not recorded")
                theirs = np.array(text, dtype=np.float64)
                ours = path(page, rate=rate, float32=kind == "float32")[::10, 0][: len(theirs)]
                np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def design(table, intercept, standardise):
    columns = table
    if standardise:
        centre = table.mean(0) if intercept else 0.0
        columns = (table - centre) / np.sqrt(((table - centre) ** 2).mean(0))
    return np.column_stack([columns, np.ones(len(table))]) if intercept else columns


def over_rows(Z, y, rate, start, steps=100):
    v, found = np.array(start, dtype=float), []
    for _ in range(steps + 1):
        found.append(v)
        v = v - rate * 2 * Z.T @ (Z @ v - y) / len(y)
    return np.array(found)


@pytest.mark.parametrize("name", ["lesson", "line"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("standardise", [True, False])
def test_every_view_of_a_line_descends_as_a_loop_over_the_rows_does(kept, pages, name, intercept, standardise):
    """1e-9 relative, as the sums of 1,000 rows and the rows themselves round differently, a hundred times."""
    page = kept(pages(name))
    table, y = (X[:, None], Y) if name == "lesson" else rows(1000, 1)
    Z = design(table, intercept, standardise)
    rate = 0.9 / np.linalg.eigvalsh(2 * Z.T @ Z / len(y))[-1]
    setting = {"rate": rate, "intercept": intercept, "standardise": standardise}
    ours = path(page, **setting)
    theirs = over_rows(Z, y, rate, ours[0])
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())
    loss = ((theirs @ Z.T - y) ** 2).mean(1)
    np.testing.assert_allclose(losses(page, **setting), loss, rtol=1e-9, atol=1e-9 * loss[0])


@pytest.mark.parametrize("standardise", [True, False])
def test_a_slice_is_what_all_coefficients_do_in_its_plane(kept, pages, standardise):
    page = kept(pages("slice"))
    table, y = rows(1000, 3)
    Z = design(table, True, standardise)
    values, vectors = np.linalg.eigh(2 * Z.T @ Z / len(y))
    rate = 1.3 / values[-1]
    best = np.linalg.lstsq(Z, y, rcond=None)[0]
    start = np.zeros(4)
    if standardise:
        start = np.append(start[:3], 0.0)
    theirs = (over_rows(Z, y, rate, start) - best) @ vectors[:, [-1, 0]]
    ours = path(page, rate=rate, standardise=standardise)
    theirs *= np.sign(theirs[0]) * np.sign(ours[0])  # the sign of a direction is free
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())


def test_two_columns_without_an_intercept_are_their_own_axes(kept, pages):
    page = kept(pages("pair"))
    Z, y = rows(500, 2)
    rate = 1.0 / np.linalg.eigvalsh(2 * Z.T @ Z / len(y))[-1]
    ours = path(page, rate=rate, intercept=False)
    np.testing.assert_allclose(ours, over_rows(Z, y, rate, [0.0, 0.0]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_momentum_is_torchs(kept, pages, momentum):
    torch = pytest.importorskip("torch")
    page = kept(pages("lesson"))
    x, y = torch.tensor(X), torch.tensor(Y)
    a = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    optimizer, found = torch.optim.SGD([a], lr=0.003, momentum=momentum), [0.5]
    for _ in range(100):
        optimizer.zero_grad()
        ((a * x - y) ** 2).mean().backward()
        optimizer.step()
        found.append(a.item())
    np.testing.assert_allclose(path(page, rate=0.003, momentum=momentum)[:, 0], found, rtol=1e-12, atol=1e-12)


def test_the_bugs_go_where_they_went_in_thelesson(kept, pages):
    page = kept(pages("lesson"))
    ends = {bug: path(page, bug=bug)[100, 0] for bug in ("zero_grad", "broadcast", "missing_2", "sum")}
    assert ends["zero_grad"] == pytest.approx(1.3007, abs=5e-5)
    assert ends["broadcast"] == pytest.approx(1.4097561 - (1.4097561 - 0.5) * 0.8688**100, abs=1e-7)
    assert ends["missing_2"] == pytest.approx(1.9983042, abs=5e-8)
    assert path(page, bug="sum")[3, 0] == pytest.approx(2 - 1.5 * 0.344**3, rel=1e-12)
    assert losses(page, bug="broadcast")[100] == pytest.approx(132.0257561, abs=1e-6)
    assert losses(page, bug="zero_grad")[90] == pytest.approx(0.09, abs=0.005)
    swing = path(page, bug="zero_grad", iterations=2000)
    assert (swing.min(), swing.max()) == (pytest.approx(0.475, abs=0.005), pytest.approx(3.524, abs=0.005))


def test_broadcasting_is_the_mean_over_all_pairs(kept, pages):
    """Against its definition: n predictions in a column less n targets in a row."""
    page = kept(pages("line"))
    (table, y), a, b = rows(1000, 1), 0.3, -0.7
    found = page.evaluate("start => descend({...DEFAULTS, bug: 'broadcast', start, iterations: 1}).steps[0]", [a, b])
    off = (a * table + b) - y[None, :]
    assert found["loss"] == pytest.approx((off**2).mean(), rel=1e-9)
    assert found["gradient"] == pytest.approx([2 * (off * table).mean(), 2 * off.mean()], rel=1e-9)


@pytest.mark.parametrize("bug", ["none", "sum", "missing_2"])
def test_weighted_rows_descend_by_their_weights(kept, pages, bug):
    """Against the loop over weighted rows; 1e-9, as sums and rows round differently."""
    page = kept(pages("weighted"))
    X, y = rows(60, 1)
    Z, share = np.column_stack([X, np.ones(60)]), WEIGHTS / WEIGHTS.sum()
    longer = {"sum": WEIGHTS.sum(), "missing_2": 0.5}.get(bug, 1.0)
    rate, v, theirs = 0.02 / longer, np.zeros(2), []
    for _ in range(51):
        theirs.append(v)
        v = v - rate * longer * 2 * Z.T @ (share * (Z @ v - y))
    np.testing.assert_allclose(path(page, rate=rate, bug=bug, iterations=50), theirs, rtol=1e-9, atol=1e-9)
    assert "w are the weights of the rows, W is their sum" in page.inner_text("#formulas")


def test_the_area_of_a_point_is_its_weight(kept, pages):
    """In eight sizes: a width is within half of one eighth of the largest; the least is one eighth."""
    page = kept(pages("weighted"))
    drawn = page.evaluate("""() => [...document.querySelectorAll("#scatter .points")].flatMap(path =>
        path.getAttribute("d").match(/M/g).map(() => parseFloat(getComputedStyle(path).strokeWidth)))""")
    drawn = sorted(drawn)
    assert len(drawn) == 60
    wanted = np.maximum(np.sqrt(WEIGHTS / WEIGHTS.max()), 1 / 8)
    np.testing.assert_allclose(np.array(drawn) / drawn[-1], wanted, atol=1 / 16 + 1e-6)
    assert page.locator("#batch option").count() == 1
    assert "broadcast" not in page.locator("#bug").inner_html()


def test_a_weighted_setting_as_a_script_ends_at_the_same_numbers(kept, pages, capsys):
    page = kept(pages("weighted"))
    for setting in ({"rate": 0.02}, {"rate": 0.0001, "bug": "sum", "iterations": 20}):
        exec(compile(page.evaluate("s => asPython(descend({...DEFAULTS, ...s}))", setting), "lab.py", "exec"), {})
        found = [float(number) for number in capsys.readouterr().out.split("steps: ")[1].split()]
        np.testing.assert_allclose(found, path(page, **setting)[-1], rtol=1e-10)


# ---- the verdict


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"rate": 0.001}, "Crawls: each step leaves 0.8688 of the error; the one-step rate is 0.007622."),
        ({"rate": 0.00762}, "One step lands on the answer."),
        ({"rate": 0.005}, "Converges: each step leaves 0.3440 of the error; the one-step rate is 0.007622."),
        ({"rate": 0.014}, "Overshoots but converges: each step multiplies the error by -0.837."),
        ({"rate": 2 / 131.2}, "Bounces for ever: the rate is at the limit, 0.01524."),
        ({"rate": 0.0153}, "Diverges: each step multiplies the error by -1.007; the limit is 0.01524, and"),
        (
            {"rate": 0.02},
            "Diverges: each step multiplies the error by -1.624; the limit is 0.01524, and the rate is 1.312",
        ),
        ({"rate": 0.001, "momentum": 0.9}, "Swings in: momentum carries it past the answer and back"),
        ({"rate": 0.06, "momentum": 0.9}, "Diverges: each step multiplies the error by"),
        (
            {"rate": 0.001, "intercept": True},
            "Crawls along the flat direction (b): each step leaves 0.9994 of the error there",
        ),
        ({"rate": 0.02, "intercept": True}, "Diverges along the steep direction (a): "),
        ({"rate": 0.5, "intercept": True, "standardise": True}, "One step lands on the answer."),
        (
            {"rate": 0.001, "bug": "zero_grad"},
            "Never settles: without zero_grad old gradients pile up, so a swings between 0.47",
        ),
        ({"rate": 0.02, "bug": "zero_grad"}, "Never settles: "),
        (
            {"rate": 1e-9, "bug": "zero_grad"},
            "Never settles: without zero_grad old gradients pile up, so it swings past",
        ),
        ({"rate": 0.001, "batch": 1, "iterations": 3}, "Too early to tell: 3 steps of single rows; the loss went"),
        ({"rate": 1e-9, "batch": 1}, "Still far off: single rows agree on the answer here"),
        ({"rate": 0.031, "bug": "zero_grad"}, "Diverges: without zero_grad the limit is 0.03049"),
        ({"rate": 0.001, "bug": "zero_grad", "momentum": 0.5}, "Diverges: without zero_grad"),
        (
            {"rate": 0.001, "bug": "broadcast"},
            "Settles on the wrong answer: (n, 1) against (n,) averages 5 x 5 differences, so it goes to a = 1.4098, "
            "not 2, at loss 132.03, and nothing crashes.",
        ),
        (
            {"rate": 0.02, "bug": "broadcast"},
            "Diverges: each step multiplies the error by -1.624; the limit is 0.01524",
        ),
        (
            {"rate": 0.001, "bug": "missing_2"},
            "Crawls: each step leaves 0.9344 of the error; the one-step rate is 0.01524; without the 2",
        ),
        (
            {"rate": 0.02, "bug": "missing_2"},
            "Overshoots but converges: each step multiplies the error by -0.312; without the 2 every step is half as "
            "long, so the limit is 0.03049 instead of 0.01524.",
        ),
        (
            {"rate": 0.001, "bug": "sum"},
            "Converges: each step leaves 0.3440 of the error; the one-step rate is 0.001524; a sum",
        ),
        ({"rate": 0.02, "bug": "sum"}, "Diverges: each step multiplies the error by -12.120; the limit is 0.003049"),
        ({"rate": 0.001, "batch": 1}, "Converges unevenly: single rows agree on the answer here"),
        ({"rate": 0.02, "batch": 1}, "Diverges: single rows pull too hard at this rate; below 0.005917"),
        ({"rate": 0.001, "batch": 2, "bug": "broadcast"}, "Jitters (with the bug broadcast): batches of 2 pull"),
        (
            {"rate": 0.001, "batch": 1, "bug": "broadcast"},
            "Converges unevenly (a single row is no n x n: the bug does nothing): single rows agree on the answer",
        ),
    ],
    ids=str,
)
def test_the_verdict_names_what_happens_and_why(kept, pages, setting, sentence):
    assert said(kept(pages("lesson")), **setting).startswith(sentence)


def test_the_verdict_is_true(kept, pages):
    """Of what it says of a plain descent, the steps themselves are the witness."""
    page = kept(pages("lesson"))
    for rate in (0.001, 0.005, 0.014, 0.0153, 0.02):
        error = path(page, rate=rate)[:12, 0] - 2.0
        stated = float(re.search(r"(?:leaves|error by) (-?[\d.]+\d)", said(page, rate=rate))[1])
        np.testing.assert_allclose(error[1:] / error[:-1], stated, atol=6e-4)


@pytest.mark.parametrize("name", ["lesson", "line", "slice"])
def test_python_and_the_page_say_the_same(kept, pages, name):
    page = kept(pages(name))
    for view in page.evaluate("FACTS.views"):
        fates = (0.0001, 0.1312, 0.6, 0.999744, 1.8368, 2.0, 2.624, 40.0)
        rates = [float(f"{fate / view['curvatures'][-1]:.6g}") for fate in fates]
        of_view = {"intercept": view["intercept"], "standardise": view["standardise"]}
        theirs = [verdict(rate, view["curvatures"], view["directions"]) for rate in rates]
        assert said_of_each(page, [of_view | {"rate": rate} for rate in rates]) == theirs


def test_noise_is_told_as_noise(kept, pages):
    page = kept(pages("line"))
    assert said(page, batch=32, iterations=2000).startswith(
        "Jitters: batches of 32 pull each to an answer of their own"
    )
    assert said(page, batch=32, iterations=20).startswith("Still falling, unevenly: batches of 32 pull each")


def test_the_table_of_a_descent_by_batches_has_the_loss_of_all_rows_and_the_gradient_of_some(kept, pages):
    page = kept(pages("lesson"))
    said(page, batch=2)
    some = page.evaluate("descend(state.setting).steps[0].picked")
    cells = [float(cell) for cell in page.locator("#numbers tbody tr").first.locator("td").all_inner_texts()]
    loss, gradient = np.mean((0.5 * X - Y) ** 2), 2 * np.mean(((0.5 * X - Y) * X)[some])
    assert cells == pytest.approx([0.5, loss, gradient], rel=1e-5)
    assert "the loss of all rows there, and the gradient of the step's rows" in page.inner_text("#numbers caption")


# ---- the formulas


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("bug", ["none", "zero_grad", "broadcast", "missing_2", "sum"])
@pytest.mark.parametrize("name", ["lesson", "line", "slice"])
def test_the_formula_of_the_error_is_what_the_steps_do(kept, pages, name, bug, momentum):
    """Along each eigenvector of H, where directions do not mix; 1e-9 of the largest error so far, as steps round."""
    page = kept(pages(name))
    view = page.evaluate("FACTS.views[0]")
    setting = {"rate": 0.13 / view["curvatures"][-1], "bug": bug, "momentum": momentum, "iterations": 30}
    answer = view["wrongBest"] if bug == "broadcast" else view["best"]
    errors = path(page, **setting) - answer
    size = np.maximum.accumulate(np.linalg.norm(errors, axis=1))
    for curvature, direction in zip(view["curvatures"], view["vectors"], strict=True):
        error = errors @ direction
        numbers = page.evaluate("([s, c]) => recursionOf({...DEFAULTS, ...s}, c)", [setting, curvature])
        n = len(numbers)
        stated = [np.dot(numbers, error[k : k - n if k >= n else None : -1]) for k in range(n - 1, 30)]
        np.testing.assert_array_less(np.abs(stated - error[n:]) / size[n:], 1e-9)


FORMULAS = [
    ({}, ["a←a-r2N∑ixi(axi-yi)", "ek+1=(1-rL)ek=0.8688ek", "a*=∑xiyi∑xi2=2"]),
    ({"rate": 0.02}, ["a←a-r2N∑ixi(axi-yi)", "ek+1=(1-rL)ek=-1.624ek", "a*=∑xiyi∑xi2=2"]),
    (
        {"intercept": True, "standardise": True, "rate": 0.3, "bug": "sum"},
        ["a←a-r2∑izi(azi+b-yi)", "ek+1=(1-NrL)ek=-2ek", "a*=∑(zi-z¯)(yi-y¯)∑(zi-z¯)2=8.8", "b*=y¯-a*z¯=13.6"],
    ),
    (
        {"momentum": 0.9},
        ["p←mp+2N∑ixi(axi-yi)", "a←a-rp", "ek+1=(1+m-rL)ek-mek-1", "ek+1=1.769ek-0.9ek-1", "a*=∑xiyi∑xi2=2"],
    ),
    (
        {"bug": "zero_grad"},
        ["g←g+2N∑ixi(axi-yi)", "a←a-rg", "ek+1=(2-rL)ek-ek-1", "ek+1=1.869ek-1ek-1", "a*=∑xiyi∑xi2=2"],
    ),
    (
        {"bug": "broadcast"},
        ["a←a-r2N2∑i∑jxi(axi-yj)", "ek+1=(1-rL)ek=0.8688ek", "a*=∑xiy¯∑xi2=1.41"],
    ),
    ({"bug": "missing_2"}, ["a←a-r1N∑ixi(axi-yi)", "ek+1=(1-rL2)ek=0.9344ek", "a*=∑xiyi∑xi2=2"]),
    ({"batch": 2}, ["a←a-r2n∑ixi(axi-yi)", "ek+1=(1-rL)ek=0.8688ek", "a*=∑xiyi∑xi2=2"]),
    ({"batch": 2, "bug": "sum"}, ["a←a-r2∑ixi(axi-yi)", "ek+1=(1-NrL)ek=0.344ek", "a*=∑xiyi∑xi2=2"]),
]


@pytest.mark.parametrize(("setting", "expected"), FORMULAS, ids=str)
def test_the_formulas_are_those_of_the_setting(kept, pages, setting, expected):
    page = kept(pages("lesson"))
    words = said(page, **setting)
    formulas = page.locator("#formulas math").all_text_contents()
    assert [formula.replace("\u2212", "-") for formula in formulas] == expected
    told = page.inner_text("#formulas")
    assert f"r = {setting.get('rate', 0.001)}" in told
    for part, sentence in {
        "momentum": "m = 0.9",
        "batch": "no formula of one L holds from step to step",
        "bug": "The bug",
    }.items():
        assert (sentence in told) == (part in setting)
    for stated in re.findall(r"(?:the limit is|below) ([\d.]+\d)", words):
        assert stated in told  # in which the verdict and the formulas agree
    sizes = page.evaluate("[...document.querySelectorAll('#formulas math')].map(m => m.getBoundingClientRect().width)")
    assert all(30 < width < 500 for width in sizes)  # the browser sets them


# ---- for everyone


def test_the_story_is_there_without_a_script(opened, pages):
    page = opened(pages("lesson"), java_script_enabled=False)
    assert page.locator(".story svg[role=img]").count() == 4
    captions = page.locator(".story figcaption").all_inner_texts()
    for caption, word in zip(captions, ("Crawls", "One step", "Overshoots", "Diverges"), strict=True):
        assert word in caption
    assert "0.01524" in page.inner_text(".lead")
    assert "1.632473" in page.inner_text("#numbers")
    assert not page.locator("#verdict").is_visible()
    assert page.locator("button:visible").count() == 0


CONTROLS = {  # by its label, and what a key does to the state
    "rate": ("rate", "ArrowUp", "state.setting.rate"),
    "learning rate, on a log scale": ("rate-slider", "ArrowRight", "state.setting.rate"),
    "step": ("step", "ArrowRight", "state.step"),
    "iterations": ("iterations", "ArrowUp", "state.setting.iterations"),
    "one step forward": ("forward", "Enter", "state.step"),
    "one step back": ("back", "Enter", "state.step"),
    "Play": ("play", "Enter", "state.step"),
    "Next line": ("line", "Enter", "state.stage"),
    "intercept": ("intercept", "Space", "state.setting.intercept"),
    "standardise": ("standardise", "Space", "state.setting.standardise"),
    "float32": ("float32", "Space", "state.setting.float32"),
    "momentum": ("momentum", "ArrowRight", "state.setting.momentum"),
    "each step sees": ("batch", "ArrowDown", "state.setting.batch"),
    "bug": ("bug", "ArrowDown", "state.setting.bug"),
    "Pin this run": ("pin", "Enter", "state.pins.length"),
    "Copy as Python": ("copy", "Enter", "document.getElementById('script').hidden"),
    "Drag the line: slope": (None, "ArrowUp", "JSON.stringify(state.setting.start)"),
    "a": ("start-a", "ArrowUp", "JSON.stringify(state.setting.start)"),
    "Reset": ("reset", "Enter", "state.step"),
}


def test_every_control_is_reached_by_tab_found_by_its_label_and_moved_by_keys(opened, pages):
    page = opened(pages("lesson"), "step=3", reduced_motion="reduce")
    page.evaluate("""() => {
        window.order = [];
        addEventListener("focusin", ({ target }) => window.order.push(target.id || target.dataset.grip || ""));
    }""")
    order = []
    while len(order) < 60 and "copy" not in order:
        page.keyboard.press("Tab")
        order = page.evaluate("window.order")
    for label, (name, key, what) in CONTROLS.items():
        page.evaluate("state.setting = {...DEFAULTS}; state.step = 3; state.pins = []; draw()")
        control = page.get_by_label(label, exact=True).or_(page.get_by_role("button", name=label, exact=True))
        assert control.count() == 1, label
        assert (name or "slope") in order, label
        before = page.evaluate(what) if what else None
        control.focus()
        page.keyboard.press(key)
        until(page, "!waiting")
        if what:
            assert page.evaluate(what) != before, label
    assert order.index("rate") < order.index("step") < order.index("bug") < order.index("copy")


def test_focus_on_the_loss_curve_reads_it_and_arrows_move_the_step(opened, pages):
    page = opened(pages("lesson"), "step=10")
    page.locator("#curve").focus()
    page.wait_for_selector("#curve .readout")
    assert page.locator("#curve .readout").all_text_contents() == ["step 10", "loss 8.861", "a 1.63247"]
    page.keyboard.press("ArrowRight")
    until(page, "state.step === 11 && !waiting")
    assert page.locator("#curve .readout").first.text_content() == "step 11"
    page.locator("#curve").scroll_into_view_if_needed()
    box = page.locator("#curve").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    until(page, "state.shown > 80 && !waiting")
    assert "loss" in page.locator("#curve .readout").nth(1).text_content()


def test_the_line_is_dragged_by_hand(opened, pages):
    page = opened(pages("lesson"), "step=7")
    page.locator("#scatter").scroll_into_view_if_needed()
    grip = page.locator("[data-grip=slope]").bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 40)
    page.mouse.up()
    until(page, "state.setting.start !== null && !waiting")
    assert page.evaluate("state.step") == 0
    moved = page.locator("[data-grip=slope]").bounding_box()
    assert moved["y"] + moved["height"] / 2 == pytest.approx(y - 40, abs=1.5)


def test_a_grip_keeps_the_focus_through_every_redraw(opened, pages):
    page = opened(pages("lesson"), "intercept=true")
    page.locator("#iterations").focus()
    page.keyboard.press("Tab")  # leaves the field, which draws the page anew
    until(page, "!waiting")
    on = "document.activeElement.dataset.grip"
    for grip, start in (("intercept", 1), ("slope", 0)):
        assert page.evaluate(on) == grip
        heights = []
        for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"):
            page.keyboard.press(key)
            until(page, "!waiting")
            assert page.evaluate(on) == grip
            heights.append(page.evaluate(f"state.setting.start[{start}]"))
        assert heights[0] < heights[1] < heights[2] > heights[3] == pytest.approx(heights[1], rel=1e-3)
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != ""


def test_the_script_names_the_command_of_its_own_model(kept, pages):
    page = kept(pages("lesson"))
    scripts = [page.evaluate(f"asPython(runOf({{...DEFAULTS, intercept: {on}}}))") for on in ("true", "false")]
    assert [script.splitlines()[1] for script in scripts] == [
        "# the table itself: gradline demo --intercept",
        "# the table itself: gradline demo",
    ]


def test_every_picture_says_its_numbers_and_the_verdict_is_announced(opened, pages):
    page = opened(pages("lesson"), "intercept=true&step=2")
    for name in ("scatter", "bowl", "curve", "engines"):
        assert re.search(r"step 2|Step 2", page.get_attribute(f"#{name}", "aria-label"))
    assert page.get_attribute("#verdict", "aria-live") == "polite"
    assert page.get_attribute("#verdict", "role") == "status"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, textarea')]"
        ".filter(c => !c.labels.length && !c.getAttribute('aria-label')).map(c => c.id)"
    )
    assert unnamed == []


def test_the_slider_says_how_far_the_limit_is_or_that_there_is_none(kept, pages):
    """Of the lesson it is 2/131.2; with momentum, gradients that pile up swing wider at every rate."""
    page = kept(pages("lesson"))
    for setting, share in (
        ({}, f"{0.001 * 131.2 / 2:.4g} of the limit"),
        ({"bug": "zero_grad"}, f"{0.001 * 131.2 / 4:.4g} of the limit"),
        ({"bug": "zero_grad", "momentum": 0.5}, "no rate is small enough"),
    ):
        said(page, **setting)
        assert page.get_attribute("#rate-slider", "aria-valuetext") == f"0.001, {share}"


def test_play_walks_to_the_end_and_jumps_there_where_motion_is_unwelcome(opened, pages):
    page = opened(pages("lesson"), "iterations=5")
    page.get_by_role("button", name="Play").click()
    until(page, "state.step === 5 && state.playing === null")
    still = opened(pages("lesson"), reduced_motion="reduce")
    still.get_by_role("button", name="Play").click()
    until(still, "state.step === 100")
    assert still.evaluate("state.playing") is None


@pytest.mark.parametrize(
    ("name", "hash"), [("lesson", "intercept=true&pin=rate%3D0.02"), ("hostile", "standardise=true")]
)
def test_nothing_runs_out_of_the_window(opened, pages, name, hash):
    """The lesson is there to be looked at besides, in build/lab."""
    page = opened(pages(name), hash)
    page.get_by_role("button", name="Copy as Python").click()
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'; scrollTo(0, 0)")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in (390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if name == "lesson" and (width == 1280 or scheme == "light"):
                page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_paper(opened, pages, scheme):
    """A contrast of 4.5 (WCAG 2.2, 1.4.3), for every colour that text is set in."""
    page = opened(pages("lesson"), color_scheme=scheme)
    colours = page.evaluate("""() => ["--ink", "--soft", "--blue", "--red", "--green"].map(name => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
    })""")
    paper = parts_of(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    for colour in colours:
        assert contrast(parts_of(colour), paper) >= 4.5, colour


def parts_of(colour):
    return [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]


def test_paper_is_served_too(opened, pages):
    page = opened(pages("lesson"))
    page.emulate_media(media="print")
    assert page.locator("#verdict").is_visible()
    assert page.locator("#bowl").is_visible()
    assert not page.locator("#rate").is_visible()


# ---- one file, harmless


@pytest.mark.parametrize("name", ["lesson", "long 1", "long 2", "long 12", "long 200"])
def test_it_is_small(pages, name):
    """Under 60 kB before the points, and what places them in each view; under 100 kB with them."""
    text = pages(name).read_text("utf-8")
    assert len(text.encode()) < 100_000
    assert before_points(text) < 60_000


@pytest.mark.parametrize("features", [1, 2, 12])
def test_long_names_are_short_everywhere_and_in_full_once(opened, pages, features):
    page = opened(pages(f"long {features}"))
    every = long_names(features)
    for setting in ({}, {"standardise": True}, {"intercept": False}, {"bug": "broadcast"}):
        said(page, **setting)
        script = page.evaluate("asPython(runOf(state.setting))").splitlines()
        words = page.text_content("main") + "".join(
            line for line in script if not line.startswith("# the table itself")
        )
        assert not any(name[:33] in words for name in every)
    assert not page.locator("#in-full dt").first.is_visible()
    page.get_by_text("Names that are shortened, in full").click()
    shown = page.locator("#in-full dd").all_text_contents()
    assert len(shown) == features + 1  # the target
    for whole, name in zip(every, shown, strict=False):
        assert name == whole if features <= 2 else whole.startswith(name.split("\u2026")[0])
    assert page.locator("script").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_its_size_does_not_grow_with_the_rows(pages):
    few, many = (pages(name).stat().st_size for name in ("points", "more points"))
    assert abs(few - many) < 0.02 * few


def test_hostile_names_are_only_names(kept, pages):
    page = kept(pages("hostile"))
    whole = "</script><script>alert('x')</script>"
    assert page.evaluate("FACTS.inFull") == [["#1 </script><script>\u2026</script>", whole]]
    assert page.locator("#in-full dd").text_content() == whole
    assert page.evaluate("FACTS.target") == "<img src=x onerror=alert(1)>"
    assert "<img src=x onerror=alert(1)>" in page.inner_text(".lead")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 4  # the facts, the packed scripts, what unpacks them, and what they are
    assert "{{facts}}" in page.evaluate("FACTS.features[2]")


def test_the_policy_refuses_every_other_script(browser, pages):
    context = browser.new_context()
    page = context.new_page()
    text = pages("lesson").read_text("utf-8").replace("</body>", "<script>window.intruder = 1</script></body>")
    page.set_content(text)
    page.wait_for_selector("body.live")
    assert page.evaluate("window.intruder") is None
    context.close()


def test_it_lives_in_a_sandboxed_frame(opened, pages, tmp_path):
    outer = tmp_path / "notebook.html"
    frame = html.escape(pages("lesson").read_text("utf-8"))
    outer.write_text(f'<body><iframe srcdoc="{frame}" sandbox="allow-scripts" width=900 height=700></iframe>', "utf-8")
    inner = opened(outer, live=False).frames[1]
    inner.wait_for_selector("body.live")
    inner.get_by_label("bug", exact=True).select_option("zero_grad")
    until(inner, "document.getElementById('verdict').textContent.startsWith('Never settles')")
    inner.get_by_role("button", name="Copy as Python").click()
    assert "import numpy" in inner.get_by_label("this setting as a Python script").input_value()
    inner.get_by_role("button", name="Look closer at rate 0.02").click()
    until(inner, "document.getElementById('verdict').textContent.startsWith('Diverges')")


@pytest.mark.parametrize(
    ("label", "given", "what", "back", "leave"),
    [
        ("rate", "1e300", "state.setting.rate", "0.014", "Enter"),
        ("rate", "-1", "state.setting.rate", "0.014", "Tab"),
        ("rate", "0", "state.setting.rate", "0.014", "Enter"),
        ("rate", "", "state.setting.rate", "0.014", "Tab"),
        ("rate", "", "state.setting.rate", "0.014", "Enter"),
        ("iterations", "2.5", "state.setting.iterations", "40", "Enter"),
        ("iterations", "0", "state.setting.iterations", "40", "Tab"),
        ("iterations", "", "state.setting.iterations", "40", "Enter"),
        ("a", "1e200", "state.setting.start[0]", "1.25", "Tab"),
        ("a", "", "state.setting.start[0]", "1.25", "Enter"),
    ],
)
def test_what_is_not_taken_leaves_what_was_there_and_says_so(kept, pages, label, given, what, back, leave):
    page = kept(pages("lesson"), "rate=0.014&iterations=40&start=1.25,0")
    verdict_before = page.inner_text("#verdict")
    field = page.get_by_label(label, exact=True)
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(given) if given else page.keyboard.press("Backspace")
    page.keyboard.press(leave)
    until(page, "!waiting")
    assert field.input_value() == back
    assert page.evaluate(what) == float(back)
    assert page.inner_text("#verdict") == verdict_before
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth")
    said = page.locator(".said:not(:empty)")
    assert "is not taken" in said.inner_text()
    assert f"It stays at {back}." in said.inner_text()
    assert said.get_attribute("role") == "status"
    page.get_by_label("momentum", exact=True).fill("0.5")  # and so it stays for the next
    assert said.count() == 0
    until(page, "!waiting")


BOXES = """() => [...document.querySelectorAll(".pictures figure > svg")].flatMap(svg =>
    [...svg.querySelectorAll(":scope > text")].map(text => [text.textContent, text.getBBox()])
        .filter(([, box]) => box.x < 0 || box.y < 0 || box.x + box.width > 460 || box.y + box.height > 320)
        .map(([words, box]) => `${svg.id}: ${words} ${box.x} ${box.width}`))"""


@pytest.mark.parametrize("size", [1.0, 1e3, 7e4, 1e6, 1e9, 1e-4])
def test_no_label_leaves_its_drawing(opened, tmp_path, size):
    X, y = rows(60, 1)
    Lab(ArraySource(X, size * y + 123.0), Setup(torch=False)).save(tmp_path / "lab.html")
    page = opened(tmp_path / "lab.html")
    settings = [{}, {"standardise": True}, {"intercept": False}, {"rate": 1e-30}, {"rate": 1.0}]
    out = page.evaluate(
        f"""settings => settings.map(given => {{
            state.setting = sound({{...DEFAULTS, ...given}});
            draw();
            return ({BOXES})();
        }})""",
        settings,
    )
    assert out == [[]] * 5


def test_labels_of_an_axis_have_one_style(kept, pages):
    page = kept(pages("lesson"))
    for values, log, texts in (
        ([-500_000, 0, 500_000], False, ["-500k", "0", "500k"]),
        ([-1e6, -5e5, 0], False, ["-1M", "-0.5M", "0"]),
        ([1990, 2000], False, ["1,990", "2,000"]),
        ([1.7e9, 1.70001e9], False, ["1.7e9", "1.70001e9"]),
        ([2e10, 5e10, 1e11], True, ["2\u00b710\u00b9\u2070", "5\u00b710\u00b9\u2070", "10\u00b9\u00b9"]),
        ([50_000, 100_000], True, ["5\u00b710\u2074", "10\u2075"]),
        ([0.01, 1, 100], True, ["0.01", "1", "100"]),
    ):
        assert page.evaluate("given => tickTexts(...given)", [values, log]) == texts


def test_a_line_that_left_the_picture_is_told(opened, pages):
    page = opened(pages("lesson"), "rate=0.02&step=60")
    assert page.locator("#scatter .note").text_content() == "the line is outside the picture"
    page = opened(pages("slice"), "step=100&rate=1")
    assert page.locator("#scatter .note").text_content() == "the predictions are outside the picture"
    assert opened(pages("lesson")).locator("#scatter .note").count() == 0


def test_the_words_follow_the_setting_or_say_which_they_speak_of(opened, pages):
    page = opened(pages("lesson"))
    assert "as the page opens (no intercept, data units) the learning rate must" in page.inner_text(".lead")
    assert "with L = 131.2 the" in page.inner_text("#formulas")
    said(page, intercept=True)
    assert "(with an intercept, data units). b goes" in page.inner_text("#formulas")
    said(page, intercept=True, standardise=True)
    assert "with L = 2 the" in page.inner_text("#formulas")
    assert page.inner_text("#slice") == "standardised units"
    assert "(standardised units)" in page.inner_text("#here")
    assert page.inner_text("#start-units") == "Start, in data units"


def test_the_address_brings_a_setting_back(opened, pages):
    page = opened(pages("lesson"))
    page.get_by_label("bug", exact=True).select_option("missing_2")
    page.get_by_label("intercept", exact=True).check()
    page.get_by_label("momentum", exact=True).fill("0.5")
    page.get_by_label("rate", exact=True).fill("0.0123")
    page.get_by_role("button", name="Pin this run").click()
    page.get_by_label("rate", exact=True).fill("0.02")
    page.get_by_label("step", exact=True).fill("9")
    until(page, "location.hash.includes('step=9')")
    again = opened(pages("lesson"), page.evaluate("location.hash").lstrip("#"))
    for what in ("state.setting", "state.step", "state.pins"):
        assert again.evaluate(what) == page.evaluate(what)
    assert again.inner_text("#verdict") == page.inner_text("#verdict")
    assert again.get_by_label("rate", exact=True).input_value() == "0.02"


@pytest.mark.parametrize(
    "hash",
    ["rate=-3&iterations=1e99&step=-4&bug=x&batch=7", "rate=nan&start=1&momentum=9", "%%%", "pin=&pin=&pin=&pin="],
)
def test_a_strange_address_opens_a_sound_page(opened, pages, hash):
    page = opened(pages("lesson"), hash)
    assert page.inner_text("#verdict")


def test_up_to_three_runs_are_pinned_and_let_go(opened, pages):
    page = opened(pages("lesson"))
    for rate in ("0.003", "0.014", "0.02"):
        page.get_by_label("rate", exact=True).fill(rate)
        page.get_by_role("button", name="Pin this run").click()
        until(page, "!waiting")
    assert page.locator("#curve path[class^=pin]").count() == 3
    assert page.get_by_role("button", name="Pin this run").is_disabled()
    page.get_by_role("button", name="remove the pinned run rate 0.014").click()
    until(page, "!waiting")
    assert page.locator("#pins li").all_inner_texts()[1].startswith("rate 0.02")
    assert page.locator("#curve path[class^=pin]").count() == 2


ODD = {
    "y is constant": (np.arange(20.0) ** 1.5, np.full(20, 3.0), True),
    "y is zero": (np.arange(20.0), np.zeros(20), False),
    "two rows": ([1.0, 2.0], [1.0, 5.0], True),
    "all on a line": (np.arange(30.0), np.arange(30.0) * 3 - 1, True),
    "tiny": (1e-12 * np.arange(30.0) ** 2, 1e-9 * np.arange(30.0), True),
    "huge": (1e30 * np.arange(1.0, 7.0), 1e40 * np.arange(6.0), False),
    "seconds since 1970": (1.7e9 + 1e6 * np.arange(50.0), np.sqrt(np.arange(50.0)), True),
    "a column that repeats another": (
        np.arange(40.0)[:, None] * [1.0, 2.0, 0.0] + np.eye(40, 3),
        np.arange(40.0),
        True,
    ),
    "more columns than rows": (np.random.default_rng(0).normal(size=(20, 60)), np.arange(20.0), True),
}


@pytest.mark.filterwarnings("ignore::gradline.CollinearityWarning")
@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_drawn_in_every_setting(opened, tmp_path, name):
    """Nowhere in a drawing, a table or a sentence is anything undefined; a run that overflows may say so in numbers.

    Any two choices meet: each view with each bug, rate and dtype, with batches in turn.
    """
    X, y, intercept = ODD[name]
    X = np.reshape(X, (len(y), -1))
    setup = Setup(fit_intercept=intercept, torch=name in ("tiny", "huge"))  # whose rungs leave the range of float32
    Lab(ArraySource(X, y), setup).save(tmp_path / "lab.html")
    page = opened(tmp_path / "lab.html")
    faults = page.evaluate("""() => {
        const faults = [], rates = [FACTS.rates[0], FACTS.rates[3], 1], { batches } = FACTS;
        for (const [v, { intercept, standardise }] of FACTS.views.entries()) for (const [b, bug] of BUGS.entries())
            for (const [r, rate] of rates.entries()) for (const float32 of [false, true]) {
                const batch = batches[(v + b + r) % batches.length];
                state.setting = sound({...DEFAULTS, intercept, standardise, bug, batch, float32, rate, iterations: 20});
                state.step = 7;
                draw();
                asPython(runOf(state.setting));
                const drawn = [...document.querySelectorAll("#views svg *")].flatMap(node => [...node.attributes])
                    .filter(a => !a.name.startsWith("aria")).map(a => a.value);
                const said = document.getElementById("verdict").textContent;
                if (/NaN|Infinity|undefined/.test([...drawn, said].join())) faults.push(toText(state.setting));
            }
        return faults;
    }""")
    assert faults == []


# ---- as Python

SETTINGS = [
    ("lesson", {}),
    ("lesson", {"rate": 0.02, "iterations": 12}),
    ("lesson", {"intercept": True, "start": [1.5, -2.0]}),
    ("lesson", {"intercept": True, "standardise": True, "rate": 0.3, "iterations": 7}),
    ("lesson", {"momentum": 0.9}),
    ("lesson", {"float32": True, "momentum": 0.3}),
    ("lesson", {"batch": 1}),
    ("lesson", {"batch": 2, "intercept": True}),
    *[("lesson", {"bug": bug}) for bug in ("zero_grad", "broadcast", "missing_2", "sum")],
    ("lesson", {"bug": "zero_grad", "momentum": 0.5, "iterations": 20}),
    ("line", {}),
    ("line", {"bug": "broadcast", "batch": 8, "iterations": 30}),
    ("line", {"standardise": True, "batch": 32, "rate": 0.1}),
    ("line", {"intercept": False, "float32": True}),
    ("pair", {"intercept": False, "bug": "sum", "iterations": 3}),
    ("slice", {"bug": "missing_2", "momentum": 0.5}),
    ("slice", {"batch": 8, "standardise": True, "rate": 0.05}),
    ("slice", {"batch": 8, "bug": "broadcast", "iterations": 25}),
    ("slice", {"batch": 1, "bug": "broadcast", "iterations": 25}),
    ("lesson", {"batch": 2, "bug": "broadcast", "intercept": True}),
    ("lesson", {"batch": 2, "bug": "sum", "iterations": 10}),
    ("hostile", {"bug": "zero_grad"}),
]


@pytest.mark.parametrize(("name", "setting"), SETTINGS, ids=str)
def test_the_script_runs_and_ends_at_the_same_numbers(kept, pages, name, setting, capsys):
    """1e-10 relative: NumPy adds eight or more numbers in another order; float32 rounds at 6e-8."""
    page = kept(pages(name))
    script = page.evaluate("given => asPython(descend({...DEFAULTS, ...given}))", setting)
    exec(compile(script, "lab.py", "exec"), {})
    last = capsys.readouterr().out.splitlines()[-1]
    found = np.array([float(number) for number in last.split("steps: ")[1].split()])
    tolerance = 1e-5 if setting.get("float32") else 1e-10
    ours = path(page, **setting)
    np.testing.assert_allclose(found, ours[-1], rtol=tolerance, atol=tolerance * np.abs(ours).max())


def test_the_lessons_script_prints_the_lessons_lines(opened, pages, tmp_path):
    page = opened(pages("lesson"))
    page.get_by_role("button", name="Copy as Python").click()
    script = tmp_path / "lab.py"
    script.write_text(page.get_by_label("this setting as a Python script").input_value())
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.splitlines()[0] == "Iteration 10: Loss = 11.7393, 'a' = 1.6325"
    assert "1.99999883" in done.stdout


# ---- how fast


def test_a_step_is_drawn_anew(opened, pages, record_property, capsys):
    """Figures only; `python -m bench.lab` writes them down. What is asserted: that every step was drawn."""
    page = opened(pages("many points"))
    times = page.evaluate("""() => {
        const times = [];
        for (let step = 1; step <= 60; step++) {
            const start = performance.now();
            state.step = step;
            draw();
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b);
    }""")
    record_property("redraw of a step, 2,000 points, median ms", times[30])
    with capsys.disabled():
        print(f"\nlab: a step with 2,000 points is redrawn in {times[30]:.1f} ms (slowest of 60: {times[-1]:.1f} ms)")
    assert page.inner_text("#here").startswith("step 60 of 100")
