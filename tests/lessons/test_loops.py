"""Each broken loop gets its note, on its line, and no other; sound ones of every style get none.

The oracles are the loops themselves: each was written to have one fault, on a known line, or none.
"""

import functools
import math
import re
import warnings
from pathlib import Path

import pytest

from tests.lessons.checking import LOOPS, run

GUIDE = Path(__file__).parents[2] / "docs"
once = functools.cache(run)  # a loop does the same each time, and several tests look at it

FAULTY = {  # the line; the number of the pitfall is in the name
    "01_autograd": 8,
    "01_class": 12,
    "01_data": 8,
    "01_function": 10,
    "01_nn": 10,
    "01_only_w": 9,
    "02_after_floats": 5,
    "02_autograd": 8,
    "02_functional": 10,
    "02_nn": 11,
    "02_numpy": 8,
    "02_reversed": 6,
    "02_target_column": 9,
    "02_unsqueezed": 7,
    "03_added": 8,
    "03_added_rows": 9,
    "03_autograd": 10,
    "03_by_hand_in_torch": 8,
    "03_dictionary": 11,
    "03_epochs": 5,
    "03_every": 7,
    "03_finite": 8,
    "03_late": 8,
    "03_given": 8,
    "03_kept": 8,
    "03_layers": 22,
    "03_lists": 8,
    "03_minibatches": 9,
    "03_momentum": 12,
    "03_momentum_by_hand": 10,
    "03_momentum_lists": 6,
    "03_nesterov": 9,
    "03_numpy": 10,
    "03_parameters": 10,
    "03_random": 9,
    "03_renamed": 10,
    "03_returned": 7,
    "03_rmse": 9,
    "03_rows": 7,
    "03_slowly": 8,
    "03_sub": 9,
    "03_time": 9,
    "03_torch": 12,
    "03_turned": 6,
    "03_velocity": 7,
    "03_velocity_in_place": 9,
    "03_view": 8,
    "03_without_loss": 9,
    "04_autograd": 12,
    "04_good_line": 9,
    "04_nn": 14,
    "04_numpy": 10,
    "04_two_flat": 7,
    "04_unscaled": 8,
    "04_unscaled_torch": 8,
    "05_augmented": 9,
    "05_method": 9,
    "05_part": 9,
    "06": 9,
    "06_two": 11,
    "07": 10,
    "07_tuple": 11,
    "07_zeroed": 10,
    "08_arithmetic": 9,
    "08_cast": 9,
    "08_detached": 8,
    "08_no_parameter": 8,
    "08_optimizer": 6,
    "08_to": 9,
    "09_after_zero": 12,
    "09_first": 7,
    "10_autograd": 9,
    "10_model": 11,
    "10_never": 11,
    "10_nn": 11,
    "10_none": 12,
    "11_float64": 9,
    "11_int": 8,
    "11_mlp": 8,
    "11_product": 7,
    "11_target": 11,
    "12_full": 6,
    "12_np_part": 8,
    "12_numpy": 8,
    "12_param": 6,
    "12_torch": 5,
    "13_net": 12,
    "13_sklearn": 8,
    "13_torch": 10,
    "14_mean": 9,
    "14_numpy": 11,
    "14_plot": 11,
    "14_scatter": 10,
    "15_hidden": 11,
    "15_none": 8,
    "15_twice": 9,
    "15_vector": 8,
    "16_added": 7,
    "16_annotated": 8,
    "16_class": 16,
    "16_extra_half": 11,
    "16_missing_2": 10,
    "16_negative_rate": 12,
    "16_one": 9,
    "16_python": 7,
    "16_sum": 10,
    "16_sum_diverges": 9,
    "17_old_optimizer": 13,
    "17_tensor": 12,
    "18_added": 6,
    "18_intercept": 9,
    "18_lists": 7,
    "18_matrix": 10,
    "18_numpy": 8,
    "18_residual": 9,
    "18_torch": 11,
    "19_logarithm": 8,
    "19_numpy": 8,
    "19_standardised": 10,
    "19_target": 8,
    "19_torch": 8,
}
CLEAN = sorted(path.stem for path in (LOOPS / "clean").glob("*.py"))


def needed(path):
    """Skips where a library that the loop imports is not installed."""
    source = path.read_text(encoding="utf-8")
    for library in ("torch", "matplotlib"):
        if f"import {library}" in source:
            pytest.importorskip(library)


@pytest.mark.parametrize("name", FAULTY)
def test_a_broken_loop_gets_exactly_its_note(name):
    path = LOOPS / "faulty" / f"{name}.py"
    needed(path)
    assert once(path).found == [(int(name[:2]), FAULTY[name])]


@pytest.mark.parametrize("name", CLEAN)
def test_a_sound_loop_gets_no_note(name):
    path = LOOPS / "clean" / f"{name}.py"
    needed(path)
    done = once(path)
    assert done.found == []
    assert done.checked.error is None
    assert f"{name}.py: no notes." in done.checked.told()


def test_every_loop_is_listed():
    assert sorted(FAULTY) == sorted(path.stem for path in (LOOPS / "faulty").glob("*.py"))
    assert len(FAULTY) >= 25
    assert len(CLEAN) >= 24


def test_the_guide_names_every_note():
    rows = re.findall(r"^\| (\d+) \| .+ \| .+ \|$", (GUIDE / "checker.md").read_text(encoding="utf-8"), re.M)
    assert sorted(map(int, rows)) == sorted({int(name[:2]) for name in FAULTY})


def note(name):
    path = LOOPS / "faulty" / f"{name}.py"
    needed(path)
    return once(path).checked.notes[0]


def test_the_note_on_a_gradient_never_zeroed_names_what_it_held():
    """At 0.5 the gradient of mean((a*x - y)**2) is 2 * 65.6 * (0.5 - 2) = -196.8."""
    told = note("01_autograd").told("my_loop.py").splitlines()
    assert told[0].startswith("my_loop.py:8: backward() ran while a.grad still held -196.8 from an earlier step")
    assert told[2].startswith("  Add a.grad.zero_() ")
    assert told[2].endswith("end line 8 with  # gradline: ok")


def test_of_a_gradient_never_zeroed_no_more_is_said_than_holds_where_it_settles(tmp_path):
    """That of w is zeroed, and takes from the swings of b what friction would."""
    pytest.importorskip("torch")
    path = tmp_path / "only_b.py"
    path.write_text(
        "import torch\nx = torch.tensor([1.0, 3, 10, 13, 7]); y = 2 * x + 1\n"
        "w, b = (torch.tensor(0.0, requires_grad=True) for _ in 'wb')\nfor i in range(2000):\n"
        "    ((w * x + b - y) ** 2).mean().backward()\n    with torch.no_grad():\n"
        "        w -= 0.005 * w.grad; b -= 0.005 * b.grad\n    w.grad.zero_()\n",
        encoding="utf-8",
    )
    done = run(path)
    assert float(done.checked.variables["b"].detach()) == pytest.approx(1, abs=1e-3)
    assert done.found == [(1, 5)]
    assert "never" not in done.checked.notes[0].why


OWN_WARNINGS = {
    "a table of live tensors": "import torch\np = torch.ones(5, 1, requires_grad=True) * 2\nprint(p - torch.ones(5))\n",
    "infinities": """\
import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x + 1
w = b = 0.0
with np.errstate(all="ignore"):
    for i in range(2000):
        p = w * x + b
        loss = np.mean((p - y) ** 2)
        w = w + 0.005 * 2 * np.mean((p - y) * x)
        b = b + 0.005 * 2 * np.mean(p - y)
""",
}


@pytest.mark.parametrize("name", OWN_WARNINGS)
def test_the_checker_itself_warns_of_nothing(tmp_path, monkeypatch, name):
    """A warning would be raised as an error: in a look, or when all is over."""
    path = tmp_path / "warns.py"
    path.write_text(OWN_WARNINGS[name], encoding="utf-8")
    needed(path)
    monkeypatch.setattr("tests.lessons.checking.warnings.simplefilter", lambda _: warnings.filterwarnings("error"))
    assert run(path).checked.error is None


def test_the_note_on_shapes_shows_the_table_and_marks_its_diagonal():
    table = note("02_numpy").table.splitlines()
    x, y = [1, 3, 10, 13, 7], [2, 6, 20, 26, 14]
    for i, row in enumerate(table):
        cells = row.split()
        assert [float(cell.strip("[]")) for cell in cells] == [0.5 * x[i] - y[j] for j in range(5)]
        assert [j for j, cell in enumerate(cells) if cell.startswith("[")] == [i]


SQUARES = ["03_numpy", "03_torch", "03_autograd", "03_lists", "03_without_loss", "03_late", "03_slowly", "03_added"]


@pytest.mark.parametrize("name", [*SQUARES, "03_every", "03_rmse", "03_sub", "03_time", "03_turned"])
def test_the_note_on_a_rate_names_the_limit_of_the_data(name):
    """2/L = 0.015243902 for the five points, L = 131.2; half of it lands in one step.

    Seen from the losses alone, or from the steps; `late` and `slowly` after lines have been passed thousands of times;
    `every` where the loss is computed in every tenth step, `rmse` where it grows as the error does.
    """
    assert "the limit of about 0.01524: try 0.007622" in note(name).cure


@pytest.mark.parametrize(
    ("name", "halved"),
    [("03_renamed", 1), ("03_returned", 0), ("03_dictionary", 0), ("03_parameters", 0), ("03_view", 0)],
)
def test_the_limit_is_that_of_the_data_however_the_step_is_written(name, halved):
    """2/L by numpy.linalg, L of the mean of squares, or of half of it; with an intercept, but for X as it is."""
    import numpy as np

    told, after = note(name), once(LOOPS / "faulty" / f"{name}.py").checked.variables
    x = np.asarray(after["x"], dtype=float) if "x" in after else after["X"]
    design = np.column_stack([x, np.ones(len(x))]) if x.ndim == 1 else x
    limit = 2 / np.linalg.eigvalsh((2 - halved) / len(design) * design.T @ design)[-1]
    assert f"the limit of about {limit:.4g}: try {limit / 2:.4g}." in told.cure


@pytest.mark.parametrize("how", ["np.abs(e).mean()", "(e**2).mean() ** 0.5"])
def test_no_limit_is_named_after_a_loss_that_sums_no_squares(tmp_path, how):
    """The first steps do not show it, at another rate; `r` and not `r**2` is what such a loss grows by."""
    path = tmp_path / "late.py"
    source = f"""\
import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a, rate = 0.5, 0.001
for i in range(300):
    a, rate = (a + 1.0, 0.02) if i == 200 else (a, rate)
    e = a * x - y
    loss = {how}
    a -= rate * 2 * np.mean(e * x)
"""
    path.write_text(source, encoding="utf-8")
    done = run(path)
    assert done.found == [(3, 8)]
    assert "limit" not in done.checked.notes[0].cure
    path.write_text(source.replace(how, "(e**2).mean()"), encoding="utf-8")
    assert "the limit of about 0.01524: " in run(path).checked.notes[0].cure


@pytest.mark.parametrize("name", ["03_dictionary", "03_returned"])
def test_updates_are_not_counted_where_it_is_not_known_how_many_make_a_step(name):
    assert "updates" not in note(name).seen


@pytest.mark.parametrize(("name", "updates"), [("03_parameters", "200"), ("03_late", "3,050"), ("03_slowly", "6,000")])
def test_updates_are_counted_to_the_last(name, updates):
    """A line that is known is no more looked at closely, and yet each of its steps counts."""
    assert f" within {updates} updates" in note(name).seen


@pytest.mark.parametrize("name", ["03_finite", "03_by_hand_in_torch"])
def test_a_rate_is_noted_by_where_the_parameter_ended_without_any_loss(name):
    """The limit is 2/L, L the largest eigenvalue of 2/n D'D for the columns x and 1."""
    import numpy as np

    told, after = note(name), once(LOOPS / "faulty" / f"{name}.py").checked.variables
    design = np.column_stack([np.asarray(after["x"], dtype=float), np.ones(len(after["x"]))])
    limit = 2 / np.linalg.eigvalsh(2 / len(design) * design.T @ design)[-1]
    assert math.isfinite(float(after["w"]))
    assert f"w ended as {float(after['w']):.4g} " in told.seen
    assert f"the limit of about {limit:.4g}: " in told.cure


@pytest.mark.parametrize(
    ("name", "curvature"),
    [("03_momentum", 132.616), ("03_momentum_by_hand", 131.2), ("03_momentum_lists", 131.2), ("03_velocity", 22)],
)
def test_with_momentum_the_limit_is_that_of_the_heavy_ball(name, curvature):
    """2 (1 + beta) / L (Polyak 1964), 1.9 times that without; L with an intercept, and for the slope alone."""
    assert f"above the limit of about {2 * (1 + 0.9) / curvature:.4g} with a momentum of 0.9: " in note(name).cure


ROWS = ["03_rows", "03_random", "03_added_rows", "03_epochs", "03_minibatches"]


@pytest.mark.parametrize("name", [*ROWS, "03_nesterov", "03_velocity_in_place", "03_kept", "03_given"])
def test_a_limit_that_is_not_known_is_not_named(name):
    """Each row has a limit of its own, which says nothing of a whole pass; and so has each batch.

    Nesterov's momentum has another; of one that is kept in another way, or given to a function, it is not known.
    """
    assert "limit" not in note(name).cure


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("18_numpy", "Subtract the gradient"),
        ("18_torch", "Subtract the gradient"),
        ("18_residual", "Turn the sign of the gradient"),
    ],
)
def test_the_note_on_a_step_uphill_says_which_sign_to_turn_and_the_closed_form_stands_below(name, cure):
    assert cure in note(name).cure
    assert " away." in once(LOOPS / "faulty" / f"{name}.py").checked.closed_form


def test_where_the_gradient_is_added_the_plus_is_what_to_change():
    assert "-= in place of +=" in note("18_added").cure


def test_the_note_on_a_step_uphill_gives_slope_and_step():
    """x = 1..5, y = 2x: 2 mean(x^2) = 22, so w - 2 grows by 1 + 0.1 * 22 = 3.2 times a step; after one, w = -4.4."""
    assert "was -140.8, w moved by -14.08: uphill." in note("18_numpy").seen
    assert math.isclose(22 * (-2 * 3.2), -140.8)
    assert f"ended as {2 - 2 * 3.2**40:.4g}; the answer is 2." in note("18_numpy").seen


@pytest.mark.parametrize("name", ["04_numpy", "04_autograd", "04_nn"])
def test_the_note_on_a_crawl_counts_the_steps(name):
    """Curvatures 0.58394 and 132.616; the rate 0.001 gains 0.058% per step in the flattest direction."""
    told = note(name)
    assert "0.058% per step" in told.seen
    left = math.log(4.837 / 1e-6) / -math.log(1 - 0.001 * 0.58394)
    assert f"about {round(left, -3):,.0f} more steps" in told.seen
    assert "227 times as steep" in told.why


@pytest.mark.parametrize(
    ("name", "ratio", "cure"), [("16_missing_2", 2, "by 2"), ("16_sum", 0.2, "divide the gradient by 5")]
)
def test_the_note_on_a_gradient_gives_the_ratio(name, ratio, cure):
    told = note(name)
    assert told.seen.endswith(f"the ratio is {ratio}.")
    assert cure in told.cure


CLOSED = {
    "rung1_numpy": "closed form of y = a*x: a = 2. ",
    "rung3_nn": "closed form of y = model.weight*x: model.weight = 2. ",
    "numpy_intercept": "closed form of y = w*x + b: w = 8.8, b = 13.6. ",
    "numpy_class": "closed form of y = self.w*x + self.b: self.w = 2, self.b = 1. ",
    "numpy_held": "closed form of y = w*x + offset: w = 2, offset = 5. ",
    "fitted_twice": "closed form of y = a*x + b: a = -0.9, b = 4.9. ",
    "fitted_standardised": "closed form of y = w*data + c: w = 8.809091, c = 13.8. ",
    "numpy_functions": "closed form of y = params[0]*x + params[1]: params[0] = 2, params[1] = 1. ",
    "sequential": "",
    "dataloader": "",
    "numpy_alternating": "",
    "numpy_logistic": "",
    "numpy_saturated": "",
    "numpy_residual": "",
    "numpy_network": "",
    "gan": "",
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_linear_regression_is_compared_with_its_closed_form_and_nothing_else_is(name):
    path = LOOPS / "clean" / f"{name}.py"
    needed(path)
    closed = once(path).checked.closed_form
    assert closed.startswith(CLOSED[name])
    assert bool(closed) == bool(CLOSED[name])


@pytest.mark.parametrize("name", ["04_unscaled", "04_unscaled_torch"])
def test_an_intercept_that_is_small_beside_the_predictions_belongs_to_the_model(name):
    """In NumPy's numbers and in float32; 100000 + 100 sqft is how the prices were made."""
    path = LOOPS / "faulty" / f"{name}.py"
    needed(path)
    assert once(path).checked.closed_form.startswith("closed form of y = w*sqft + b: w = 100, b = 100000. ")
    b = float(once(path).checked.variables["b"])
    assert note(name).seen.startswith(f"b ended {100000 - b:.4g} from its answer along the flattest direction")


def test_what_is_never_moved_is_told_beside_the_answer_with_it(tmp_path):
    """Zero, or not: with it held, w ends at mean(x (y - b)) / mean(x x), and that is not called the answer."""
    loop = (LOOPS / "clean" / "numpy_held.py").read_text(encoding="utf-8")
    for b in (0.0, 1.0):
        path = tmp_path / "held.py"
        path.write_text(loop.replace("offset = 0.0, 1.0", f"offset = 0.0, {b}"), encoding="utf-8")
        w = sum(x * (2 * x + 5 - b) for x in (1, 3, 10, 13, 7)) / sum(x * x for x in (1, 3, 10, 13, 7))
        assert run(path).checked.closed_form.endswith(
            f"Your descent ended at w = {w:.7g}, offset = {b:g}: {5 - b:g} away; offset never moved."
        )


@pytest.mark.parametrize("name", ["validated", "validated_torch"])
@pytest.mark.parametrize("steps", ["", "12"])
def test_the_closed_form_is_of_the_data_that_were_descended_not_of_those_only_looked_at(tmp_path, name, steps):
    """numpy.linalg.lstsq of the training rows; validation rows are met first, and 12 steps do not get there."""
    import numpy as np

    path = LOOPS / "clean" / f"{name}.py"
    needed(path)
    source = path.read_text(encoding="utf-8")
    path = tmp_path / "loop.py"
    path.write_text(re.sub(r"range\(.+\)", f"range({steps})", source) if steps else source, encoding="utf-8")
    done = run(path).checked
    x, y = (
        np.asarray(done.variables[key][:60], dtype=float).ravel()
        for key in (("x" if "x" in done.variables else "X"), "y")
    )
    best = np.linalg.lstsq(np.column_stack([x, np.ones(60)]), y, rcond=None)[0]
    told = re.findall(r" = (-?[\d.]+)", done.closed_form.partition(": ")[2])
    np.testing.assert_allclose(list(map(float, (each.rstrip(".") for each in told[:2]))), best, rtol=2e-6)


BATCHES = {
    "numpy": """\
import numpy as np
rng = np.random.default_rng(0)
x = rng.normal(size=80); y = 2 * x + 1 + rng.normal(size=80)
w, b = 0.0, 0.0
for epoch in range(50):
    for k in range(0, 60, 10):
        e = w * x[k:k+10] + b - y[k:k+10]
        w -= 0.05 * 2 * np.mean(e * x[k:k+10])
        b -= 0.05 * 2 * np.mean(e)
    looked = np.mean((w * XS + b - YS) ** 2)
""",
    "torch": """\
import torch
torch.manual_seed(0)
x = torch.randn(80, 1); y = 2 * x + 1 + torch.randn(80, 1)
model = torch.nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(50):
    for k in range(0, 60, 10):
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x[k:k+10]), y[k:k+10]).backward()
        opt.step()
    with torch.no_grad():
        looked = torch.nn.functional.mse_loss(model(XS), YS)
""",
}


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("rows", ["[60:]", "[:60]"])
def test_mini_batches_are_compared_with_the_rows_that_they_are_of_and_with_no_others(tmp_path, name, rows):
    """They end near the least squares of the 60; those of the 20 held out are 0.2 away and more."""
    import numpy as np

    path = tmp_path / "batches.py"
    source = BATCHES[name].replace("XS", "xs").replace("YS", "ys")
    path.write_text(source.replace("for epoch", f"xs, ys = x{rows}, y{rows}\nfor epoch", 1), encoding="utf-8")
    needed(path)
    done = run(path).checked
    x, y = (np.asarray(done.variables[each], dtype=float).ravel() for each in "xy")
    of_60, of_20 = (np.polyfit(x[part], y[part], 1) for part in (slice(60), slice(60, None)))
    assert abs(of_60 - of_20).max() > 0.2
    assert done.closed_form.startswith("closed form of y = ") == (rows == "[:60]")
    told = re.findall(r" = (-?[\d.]*\d)", done.closed_form)[:2]
    np.testing.assert_allclose(list(map(float, told)), of_60[: len(told)], rtol=2e-6)


@pytest.mark.parametrize(("factor", "found"), [("0.01", []), ("1 / 5", [(16, 10)])])
def test_a_history_is_no_number_of_rows_and_lists_that_were_filled_before_are(tmp_path, factor, found):
    """The loss is a hundredth of the sum, after 100 passes; or the mean of five rows, read one by one."""
    path = tmp_path / "lists.py"
    path.write_text(
        "xs, ys, history = [], [], []\nfor x in (1.0, 3.0, 10.0, 13.0, 7.0):\n    xs.append(x)\n    ys.append(2 * x)\n"
        "a = 0.5\nfor i in range(100):\n"
        f"    loss = {factor} * sum((a * x - y) ** 2 for x, y in zip(xs, ys))\n"
        "    history.append(loss)\n    g = sum(2 * x * (a * x - y) for x, y in zip(xs, ys))\n    a -= 0.0001 * g\n",
        encoding="utf-8",
    )
    assert run(path).found == found


WRONG = {  # what stands in place of the gradients mean(e * x) and mean(e): where it leads is not the answer
    "b by that of w": ("np.mean(error * x)", "np.mean(error * x)", 1000),
    "w by a product of means": ("np.mean(error) * np.mean(x)", "np.mean(error)", 1000),
    "b uphill": ("np.mean(error * x)", "-np.mean(error)", 100),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_steps_that_follow_another_gradient_are_not_told_to_go_on(tmp_path, wrong):
    """Note 4 counts the steps that are left against the gradient of the squares; these are other steps."""
    for_w, for_b, steps = WRONG[wrong]
    source = f"""\
import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x + 1
w = b = 0.0
for i in range({steps}):
    error = w * x + b - y
    loss = np.mean(error**2)
    w = w - 0.005 * 2 * {for_w}
    b = b - 0.005 * 2 * ({for_b})
"""
    path = tmp_path / "wrong.py"
    path.write_text(source, encoding="utf-8")
    done = run(path)
    assert done.found == []
    assert done.checked.closed_form.startswith("closed form of y = w*x + b: w = 2, b = 1. ")


def test_a_hole_in_the_data_is_shown_and_the_cure_cures_it(tmp_path):
    """Its row, the number of them, and what stands behind the colon, as it is, before the loop."""
    assert note("19_numpy").seen == "x[2] is nan, and 1 more of its 6 rows have the like."
    assert note("19_logarithm").seen == "x[0] is -inf."
    assert note("19_standardised").seen == "Z[0, 0] is nan, and 3 more of its 4 rows have the like."
    assert note("19_target").seen == "y[2] is nan."
    for name in ("19_numpy", "19_logarithm", "19_torch"):
        cure = note(name).cure.partition("before the loop:  ")[2]
        source = (LOOPS / "faulty" / f"{name}.py").read_text(encoding="utf-8")
        path = tmp_path / "cured.py"
        path.write_text(source.replace("for i in", f"{cure}\nfor i in"), encoding="utf-8")
        done = run(path)
        assert 19 not in dict(done.found)
        assert "nan" not in str(done.checked.variables["loss" if "loss" in source else "w"])


def test_where_the_data_are_not_at_hand_a_nan_is_still_not_put_down_to_the_rate(tmp_path):
    path = tmp_path / "inline.py"
    for data in ("np.array([1.0, np.nan, 3.0])", "[1.0, float('nan'), 3.0]"):
        path.write_text(
            f"import numpy as np\ntable = {{'x': {data}}}\na = 0.5\nfor i in range(50):\n    loss = 0.0\n"
            "    for x in table['x']:\n        e = a * x - 2 * x\n        loss = e**2\n        a -= 0.01 * 2 * e * x\n",
            encoding="utf-8",
        )
        assert run(path).found == []


def test_the_closed_form_is_least_squares():
    """numpy.linalg.lstsq as the oracle, on the script's own data, with four columns."""
    import numpy as np

    done = once(LOOPS / "clean" / "numpy_matrix.py")
    X, y = done.checked.variables["X"], done.checked.variables["y"]
    for j, value in enumerate(np.linalg.lstsq(X, y, rcond=None)[0]):
        assert f"theta[{j}] = {value:.7g}" in done.checked.closed_form


COLUMN = """\
import numpy as np
X = np.ones((50, 2)); y = X @ [1.0, 2.0]
w = np.zeros((2, 1))
for i in range(5):
    {}
"""


@pytest.mark.parametrize("step", ["e = X @ w - y\n    w -= 0.1 * X.T @ e", "w -= 0.1 * X.T @ (X @ w - y)"])
def test_an_exception_that_a_column_against_a_row_leads_to_is_explained_by_that_note_alone(tmp_path, step):
    path = tmp_path / "column.py"
    path.write_text(COLUMN.format(step), encoding="utf-8")
    done = run(path)
    assert isinstance(done.checked.error, ValueError)
    assert done.found == [(2, 5)]


def test_what_a_column_against_a_row_does_not_explain_is_told_beside_it(tmp_path):
    path = tmp_path / "two.py"
    path.write_text("import numpy as np\ny = np.ones(3)\ne = y[:3].reshape(3, 1) - np.ones(3)\nfloat('x')\n", "utf-8")
    assert run(path).found == [(2, 3), (0, 4)]


def test_pitfalls_are_noted_once_at_their_first_line(tmp_path):
    path = tmp_path / "twice.py"
    path.write_text(
        "import numpy as np\nx = np.arange(4.)\np = x[:, None] * 2\ne = p - x\nf = p - x\n", encoding="utf-8"
    )
    assert run(path).found == [(2, 4)]
    path.write_text(
        path.read_text(encoding="utf-8").replace("e = p - x", "e = p - x  # gradline: ok"), encoding="utf-8"
    )
    assert run(path).found == [(2, 5)]


def test_any_line_of_a_statement_may_silence_it(tmp_path):
    path = tmp_path / "long.py"
    path.write_text(
        "import numpy as np\nx = np.arange(4.)\np = x[:, None] * 2\ne = (\n    p - x\n)  # gradline: ok\n",
        encoding="utf-8",
    )
    assert run(path).found == []
    loop = (LOOPS / "faulty" / "16_missing_2.py").read_text(encoding="utf-8")
    long, steps = re.subn(
        r"^    (a = a -|a -=) (.*)$", r"    \1 (\n        \2\n    )  # gradline: ok", loop, flags=re.M
    )
    path.write_text(long, encoding="utf-8")
    assert (steps, run(path).found) == (1, [])


TORCH = "import torch\n"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("import numpy as np\nX, w = np.ones((5, 3)), np.ones(2)\np = X @ w\n", 3, "X is float64 of shape (5, 3)"),
        ("def f(n):\n    return 1 / n\n\n\nf(0)\n", 2, "n is 0"),
        ("import not_there\n", 1, "ModuleNotFoundError"),
        ("n = 10**5000\n[1][n]\n", 2, "n is of the type int"),
        (
            "class A:\n    @property\n    def w(self):\n        return 1 / 0\na = A()\nx = 2\na.w + x\n",
            4,
            "ZeroDivision",
        ),
        (f"{TORCH}i = torch.arange(3)\nX, w = torch.ones(5, 3), torch.ones(4)\np = X[i] @ w\n", 4, "i is int64"),
        (f"{TORCH}q, i = torch.ones(8, 2), torch.zeros(8).long()\np = q.gather(1, i)\n", 3, "i is int64"),
        (
            f"{TORCH}import numpy as np\nw, X = torch.zeros(2, requires_grad=True), np.ones((5, 3))\n"
            "p = np.dot(X, w.detach().numpy())\n",
            4,
            "X is float64 of shape (5, 3)",
        ),
        (
            "from sklearn.preprocessing import LabelEncoder\nimport numpy as np\na = np.array(['b', 'c'])\n"
            "e = LabelEncoder().fit(['b'])\ne.transform(a)\n",
            5,
            "a is <U1 of shape (2,)",
        ),
        (
            "from sklearn import metrics\nimport numpy as np\ny, p = np.ones(5), np.ones(4)\n"
            "metrics.mean_squared_error(y, p)\n",
            4,
            "y is float64 of shape (5,)",
        ),
    ],
)
def test_any_other_exception_is_placed_with_the_variables_of_its_line(tmp_path, source, line, words):
    path = tmp_path / "other.py"
    path.write_text(source, encoding="utf-8")
    needed(path)
    done = run(path)
    assert done.found == [(0, line)]
    assert words in done.checked.told()
    assert "end line" not in done.checked.told()  # nothing to silence


@pytest.mark.parametrize(
    ("given", "features", "cure"),
    [
        ("torch.ones(5)", 1, "x.view(-1, 1)"),
        ("torch.ones(6)", 3, "x.view(-1, 3)"),
        ("torch.tensor(2.0)", 1, "x.view(-1, 1)"),
        ("torch.ones(5)", 3, "nn.Linear(5, ...)"),
        ("torch.ones(2)", 3, "nn.Linear(2, ...)"),
        ("torch.ones(4, 2)", 3, "nn.Linear(2, ...)"),
    ],
)
def test_the_cure_of_a_layers_input_cures_it(tmp_path, given, features, cure):
    """torch itself is the oracle: the same call, cured."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "layer.py"
    path.write_text(f"import torch\nx = {given}\nlayer = torch.nn.Linear({features}, 1)\nlayer(x)\n", encoding="utf-8")
    done = run(path)
    assert done.found == [(13, 4)]
    assert cure in done.checked.notes[0].cure
    after = {"x": done.checked.variables["x"], "nn": torch.nn}
    layer = eval(cure.replace("...", "1"), after) if "Linear" in cure else done.checked.variables["layer"]
    rows = layer(after["x"] if "Linear" in cure else eval(cure, after))
    assert "Linear" in cure or f"Make it {len(rows), features}" in done.checked.notes[0].cure


def test_a_variable_that_cannot_be_looked_at_leaves_the_note_on_an_exception(tmp_path, monkeypatch):
    """As learners run it: an object that lies about its class ends what is said of the variables, and no more."""
    monkeypatch.delenv("GRADLINE_CHECK_STRICT", raising=False)
    path = tmp_path / "odd.py"
    path.write_text(
        "import numpy\nclass Odd:\n    @property\n    def __class__(self):\n        raise ValueError\n"
        "odd = Odd()\nodd + 1\n",
        encoding="utf-8",
    )
    assert run(path).found == [(0, 7)]
