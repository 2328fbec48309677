"""What the views draw, measured in the drawing itself: areas, tangents, rings, code, the rates of one's own data."""

import re

import numpy as np
import pytest

from gradline.lessons.demo import X, Y

from .conftest import rows
from .test_page import said, until

PIXEL = 0.1  # places in a drawing have one decimal, so that a length is right to twice half of it


def polyline(page, selector):
    """The corners of a path, (corners, 2), in the units of its drawing."""
    d = page.locator(selector).first.get_attribute("d")
    return np.array(re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", d), dtype=np.float64)


def middle(page, selector):
    spot = page.locator(selector).first
    return np.array([float(spot.get_attribute(name)) for name in ("cx", "cy")])


def at_step(page, step, **setting):
    said(page, **setting)
    page.evaluate(f"state.step = {step}; draw()")
    until(page, "!waiting")


@pytest.mark.parametrize("step", [0, 10, 40])
def test_the_areas_at_the_points_are_squares_of_the_residuals(opened, pages, step):
    page = opened(pages("lesson"))
    at_step(page, step)
    a = page.evaluate("descend(state.setting).steps[state.step].v[0]")
    points = polyline(page, "#scatter .points")
    scale, _ = np.polyfit(Y, points[:, 1], 1)
    sides = [
        [float(square.get_attribute(name)) for name in ("width", "height")]
        for square in page.locator("#scatter .square").all()
    ]
    expected = np.abs(scale * (Y - a * X))
    np.testing.assert_allclose(np.transpose(sides), [expected] * 2, atol=2 * PIXEL)


@pytest.mark.parametrize("rate", [0.001, 0.014, 0.02])
def test_the_tangent_touches_the_parabola_where_the_step_stands_and_the_arrow_ends_at_the_next(opened, pages, rate):
    page = opened(pages("lesson"))
    at_step(page, 1, rate=rate)
    here, bowl, (low, high) = (
        middle(page, "#bowl .now"),
        polyline(page, "#bowl .bowl"),
        polyline(page, "#bowl .tangent"),
    )
    slope = (high[1] - low[1]) / (high[0] - low[0])
    below = low[1] + slope * (np.vstack([bowl, here])[:, 0] - low[0]) - np.vstack([bowl, here])[:, 1]
    error = PIXEL * (1 + abs(slope))  # of a place to the side as well
    assert below.min() >= -error  # height grows downwards: the parabola is nowhere under its tangent
    assert abs(below[-1]) <= error
    start, end = polyline(page, "#bowl .next")
    np.testing.assert_allclose(start, here, atol=PIXEL)
    at_step(page, 2, rate=rate)
    np.testing.assert_allclose(middle(page, "#bowl .now"), end, atol=PIXEL)
    np.testing.assert_allclose(polyline(page, "#bowl .walk")[-2:], [start, end], atol=PIXEL)


@pytest.mark.parametrize("name", ["lesson", "line"])
def test_standardising_turns_the_ellipse_into_a_circle(opened, pages, name):
    page = opened(pages(name))
    for standardise, shape in ((False, "ellipses"), (True, "circles")):
        said(page, intercept=True, standardise=standardise, rate=0.01)
        until(page, "!waiting")
        ring = polyline(page, "#bowl .ring")[:-1]
        reach = np.linalg.norm(ring - ring.mean(axis=0), axis=1)
        assert shape in page.get_attribute("#bowl", "aria-label")
        assert (reach.max() - reach.min() < 4 * PIXEL) == standardise


def test_the_panels_mark_the_line_and_put_the_numbers_in(opened, pages):
    page = opened(pages("lesson"))
    at_step(page, 0)
    page.evaluate("state.stage = 1; draw()")
    values = {
        "p = a * x": ", ".join(f"{0.5 * x:g}" for x in X),
        "loss = np.mean((p - y) ** 2)": f"{np.mean((0.5 * X - Y) ** 2):.4g}",
        "grad = 2 * np.mean((p - y) * x)": f"{2 * np.mean((0.5 * X - Y) * X):.4g}",
        "a = a - rate * grad": "a = 0.5 - 0.001 * (-196.8) = 0.6968",
    }
    by_hand = page.locator("#code section").first
    told = {
        item.locator("code").inner_text(): item.locator("span").inner_text().replace("\u2212", "-")
        for item in by_hand.locator("li").all()
    }
    assert told == values
    assert page.locator("#code section").count() == 3
    for stage, word in enumerate(("predict", "loss", "gradient", "update"), 1):
        until(page, f"state.stage === {stage} && !waiting")
        assert page.inner_text("#stage-name") == f"{stage}. {word}"
        for panel in page.locator("#code section").all():
            assert panel.locator("li[aria-current]").count() >= 1
        page.get_by_role("button", name="Next line").click()
    until(page, "state.step === 1 && state.stage === 1 && !waiting")


def test_the_recorded_engines_are_marked_and_their_largest_difference_is_a_number(opened, pages):
    """Each of 100 steps rounds by about one unit in the last place of the largest slope so far."""
    page = opened(pages("lesson"))
    for float32, largest in ((False, 100 * 2.0**-52), (True, 100 * 2.0**-23)):
        said(page, float32=float32)
        until(page, "!waiting")
        number = re.search(r"over all four rates: ([^ ]+) ", page.inner_text("#agreement").replace("\u2212", "-"))
        assert 0.0 < float(number[1]) <= largest
        for rung in ("numpy", "autograd", "nn"):
            assert page.locator(f"#engines [class~={rung}]").count() == 11  # of the 101 places every tenth


@pytest.mark.parametrize(("name", "n", "features"), [("line", 1000, 1), ("pair", 500, 2), ("slice", 1000, 3)])
def test_the_four_rates_of_own_data_are_those_of_the_lesson_by_the_largest_curvature(pages, name, n, features):
    """Of the lesson 1/L is 0.007622; rates are shown to three or four digits."""
    X, _ = rows(n, features)
    text = pages(name).read_text()
    shown = [float(rate) for rate in re.findall(r'data-rate="([^"]+)"', text)]
    for columns in (X, (X - X.mean(0)) / X.std(0)):  # the page opens in the frame that descends better
        largest = np.linalg.eigvalsh(2 * np.c_[np.ones(n), columns].T @ np.c_[np.ones(n), columns] / n)[-1]
        found = np.array(shown) * largest
        if np.allclose(found, np.array([0.001, 0.00762, 0.014, 0.02]) / 0.0076219, rtol=2e-3):
            return
    pytest.fail(f"{shown} are no such multiples")
