"""The code that the page shows, run as it stands: it goes where the page goes, and holds what its lines are told to."""

import itertools
import warnings

import numpy as np
import pytest

from gradline.lessons.demo import X, Y
from tests.lab.conftest import WEIGHTS, rows

STEPS = 5
TABLES = {  # by the page's name: columns, y, weights
    "lesson": (X[:, None], Y, None),
    "line": (*rows(1000, 1), None),
    "pair": (*rows(500, 2), None),
    "slice": (*rows(1000, 3), None),
    "weighted": (*rows(60, 1), WEIGHTS),
    "weighted pair": (*rows(60, 2), WEIGHTS),
}
VIEWS = [  # page, intercept, sizes of a batch: of a slice none, since batches leave its plane
    ("lesson", True, (0, 2, 1)),
    ("lesson", False, (0, 2, 1)),
    ("line", True, (0, 32)),
    ("line", False, (0,)),
    ("pair", False, (0, 32)),
    ("slice", True, (0,)),
    ("weighted", True, (0,)),
    ("weighted", False, (0,)),
    ("weighted pair", False, (0,)),
]
RUNGS = ("numpy", "autograd", "nn")

SEEN = """([setting, k]) => {
    state.setting = sound({...DEFAULTS, ...setting});
    state.step = k;
    draw();
    const rows = rowsOf(viewOf(setting), false), run = runOf(state.setting);
    return {
        code: [...byId("code").children].map(panel => [panel.querySelector("p").textContent,
            [...panel.querySelectorAll("li")].map(item => [...item.children].map(part => part.textContent))]),
        path: run.steps.map(step => step.v.map(String)),
        sound: descend({...state.setting, bug: "none"}).steps.map(step => step.v.map(String)),
        picked: run.steps.map(step => step.picked),
        columns: setting.batch ? rows.columns.map(column => column.map(String)) : null,
        y: setting.batch ? rows.y.map(String) : null,
    };
}"""


class Learner:
    """Runs the code of one rung, from `start`; `columns` has none of ones."""

    def __init__(self, rung, above, lines, columns, y, weights, start, picked):
        self.by_hand, self.texts, p = rung == "numpy", [text for text, *_ in lines], columns.shape[1]
        own, data = ("a", columns[:, 0]) if p == 1 else ("w", columns)
        self.names = {"np": np}
        if not self.by_hand:
            import torch

            self.names = {"torch": torch, "nn": torch.nn, "optim": torch.optim}
        self.names |= {name: self.given(data) for name in "xzXZ"} | {"y": self.given(y)}
        if weights is not None:
            self.names["weight"] = self.given(weights)
        self.names["batches"] = ((self.given(data[some]), self.given(y[some])) for some in picked)
        exec(above, self.names)
        parts = [start[0] if p == 1 else start[:p], *start[p:]]
        if rung == "nn":
            self.parameters = list(self.names["model"].double().parameters())
            for parameter, part in zip(self.parameters, parts, strict=True):
                parameter.data[:] = self.given(part)
        else:
            self.names |= dict(zip((own, "b"), [self.given(part, requires_grad=True) for part in parts], strict=False))
            self.parameters = None
            self.owned = (own, "b")[: len(parts)]

    def given(self, values, **options):
        values = np.array(values, dtype=float)
        return values if self.by_hand else self.names["torch"].tensor(values, **options)

    def at(self):
        return self.parameters or [self.names[name] for name in self.owned]

    def step(self):
        """One turn of the loop: what its variables hold before the update, and where that leads."""
        update = next((i for i, text in enumerate(self.texts) if text.startswith("with ")), len(self.texts))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Using a target size")  # torch's word on the bug of shapes
            exec("\n".join(self.texts[:update]), self.names)
        if self.by_hand:
            gradient = [self.names[name] for name in ("grad", "grad_b")[: len(self.owned)]]
        else:
            gradient = [parameter.grad for parameter in self.at()]
        held = {"predict": flat(self.names["p"]), "loss": flat(self.names["loss"]), "gradient": flat(*gradient)}
        exec("\n".join(self.texts[update:]), self.names)
        return held | {"update": flat(*self.at())}


def flat(*values):
    parts = [value if isinstance(value, np.ndarray | float) else value.detach().numpy() for value in values]
    return np.concatenate([np.ravel(part) for part in parts]).copy()  # which no step in place moves


def beside(lines):
    """The numbers beside the lines, by what they are of."""
    found = {}
    for text, *told in lines:
        for words in told:
            begins = {"p =": "predict", "loss =": "loss", "grad ": "gradient", "loss.": "gradient"}
            what = next((stage for begin, stage in begins.items() if text.startswith(begin)), "update")
            parts = words.removesuffix(", \u2026").split("; " if what == "update" else ", ")
            found[what] = [float(part.split(": ")[-1].split(" = ")[-1]) for part in parts]
    return found


def in_view(table, weights, intercept, standardise):
    centre = np.average(table, axis=0, weights=weights) if intercept else 0.0
    return (
        (table - centre) / np.sqrt(np.average((table - centre) ** 2, axis=0, weights=weights)) if standardise else table
    )


@pytest.mark.parametrize("bug", ["none", "zero_grad", "broadcast", "missing_2", "sum"])
@pytest.mark.parametrize(("name", "intercept", "sizes"), VIEWS, ids=str)
def test_the_code_shown_goes_where_the_page_goes(kept, pages, name, intercept, sizes, bug):
    """1e-9, as sums of 1,000 rows and the rows themselves round differently; numbers in words have six digits.

    Of many rows the page has a sample in four to six digits: batches are drawn from it, so here as well; and where all
    rows are in a step, the predictions beside the line are none of theirs.
    """
    pytest.importorskip("torch")
    table, y, weights = TABLES[name]
    if bug == "broadcast" and weights is not None:
        return  # that stops with an error, and no page offers it
    page = kept(pages(name))
    for (standardise, momentum), batch in itertools.product([(False, 0.0), (False, 0.5), (True, 0.5)], sizes):
        columns, targets = in_view(table, weights, intercept, standardise), y
        full = np.column_stack([columns, np.ones(len(y))]) if intercept else columns
        weight = np.ones(len(y)) if weights is None else weights
        curvatures, vectors = np.linalg.eigh(2 * full.T @ (weight[:, None] * full) / weight.sum())
        rate = float(f"{0.3 / curvatures[-1] / (batch or weight.sum() if bug == 'sum' else 1.0):.4g}")
        setting = {"intercept": intercept, "standardise": standardise, "rate": rate, "momentum": momentum, "bug": bug}
        sliced = full.shape[1] > 2
        # A broadcast leaves the plane of a slice, whose answer is another; where a 2 is missing, rungs part at once.
        k = 0 if bug == "missing_2" or (bug == "broadcast" and sliced) else 2
        seen = page.evaluate(SEEN, [setting | {"batch": batch, "iterations": STEPS}, k])
        paths = {bug: np.array(seen["path"], dtype=float), "none": np.array(seen["sound"], dtype=float)}
        start = paths[bug][0]
        if batch:
            columns, targets = (
                np.array(seen["columns"], dtype=float).T[:, : table.shape[1]],
                np.array(seen["y"], dtype=float),
            )
        if sliced:  # the page is in the plane of the steepest and the flattest direction, the others at their best
            best, plane = np.linalg.lstsq(full, y, rcond=None)[0], vectors[:, [-1, 0]]
            plane = plane * np.sign(start * (plane.T @ -best))  # the sign of a direction is free; it begins at zero
            start = best + plane @ start
        for rung, (above, lines) in zip(RUNGS, seen["code"], strict=True):
            alike = bug != "missing_2" or rung == "numpy"  # backward() forgets no 2
            expected = paths[bug if alike else "none"]
            learner = Learner(rung, above, lines, columns, targets, weights, start, seen["picked"])
            found, held = [flat(*learner.at())], []
            for _ in range(STEPS):
                held.append(learner.step())
                found.append(held[-1]["update"])
            if sliced:
                found = (np.array(found) - best) @ plane
                held[k] |= {"gradient": held[k]["gradient"] @ plane, "update": found[k + 1]}
            size = np.abs(expected).max()
            np.testing.assert_allclose(
                found, expected, rtol=1e-9, atol=1e-9 * size, err_msg=f"{rung} {setting} {batch}"
            )
            told = beside(lines)
            assert set(told) == {"predict", "loss", "gradient"} | ({"update"} if alike else set())
            if name in ("pair", "slice") and not batch:
                del told["predict"]
            for what, numbers in told.items():
                there = held[k][what][: len(numbers)]
                error = (1e-3 if what == "predict" else 1e-5) * np.abs(there).max() + 1e-9
                np.testing.assert_allclose(numbers, there, atol=error, err_msg=f"{rung} {setting} {batch} {what}")
