"""What differs in meaning differs to every eye: by colour under each deficiency, and without any by shape or dash."""

import base64
import functools
import itertools

import numpy as np
import pytest

from tests.lab.colours import SEEN, apart, contrast, lab, linear, seen
from tests.lab.test_page import SCREENSHOTS, until

DEFICIENCIES = [name for name in SEEN if name != "none"]

# By the class of a mark: what it means in its drawing. One that is not named here fails.
MEANING = {
    **dict.fromkeys(["residual", "square"], "the residuals"),
    **dict.fromkeys(["fit", "grip"], "the line"),
    "points": "the points",
    **dict.fromkeys(["bowl", "ring"], "the loss"),
    "truth": "the loss without the bug",
    **dict.fromkeys(["walk", "step", "steps", "first"], "the path"),
    **dict.fromkeys(["tangent", "next", "now"], "this step"),
    "answer": "the answer",
    "descent": "this run",
    **{name: name for name in ("pin0", "pin1", "pin2", "numpy", "autograd", "nn", "safe", "unsafe")},
    "floor": "the least loss",
    "double": "the run in float64",
    "mark": "where 1/L and 2/L are",
}
DECORATION = {"grid", "axis", "cross"}  # the words beside them say the same

# Every mark of every drawing: its classes, its colour on what is behind it, and its shape without any colour.
MARKS = """() => {
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const behind = node => {
        for (; node; node = node.parentElement) {
            const [r, g, b, alpha = 1] = parse(getComputedStyle(node).backgroundColor);
            if (alpha === 1) return [r, g, b];
        }
    };
    const shape = (node, style) => {
        const d = node.getAttribute("d") || "", dashed = style.strokeDasharray;
        const upright = node.tagName === "line" && node.getAttribute("x1") === node.getAttribute("x2");
        const what = upright ? "upright" : node.tagName !== "path" ? node.tagName
            : /h0/.test(d) ? "dots" : /^(M[-.\\d ]+V[-.\\d]+)+$/.test(d)
            ? "drops" : /l10 10/.test(d) ? "cross" : /v10$/.test(d) ? "plus" : "line";
        return [what, dashed === "none" ? "" : dashed, style.markerEnd === "none" ? "" : "arrow"].join(" ").trim();
    };
    return [...document.querySelectorAll(".story svg, .pictures figure > svg, #zones")].map((svg, i) => ({
        drawing: svg.id || `card ${i + 1}`,
        paper: behind(svg),
        marks: [...svg.querySelectorAll("[class]:not(text)")].map(node => {
            const style = getComputedStyle(node), paper = behind(svg).join();
            const lined = style.stroke !== "none" && parse(style.stroke).slice(0, 3).join() !== paper
                && style.stroke !== getComputedStyle(document.querySelector(".card")).backgroundColor;
            const [r, g, b] = parse(lined ? style.stroke : style.fill), over = behind(svg);
            const alpha = style.opacity * (lined ? style.strokeOpacity : style.fillOpacity);
            return {
                kind: node.getAttribute("class").split(" "),
                colour: [r, g, b].map((part, j) => alpha * part + (1 - alpha) * over[j]),
                shape: shape(node, style),
            };
        }),
    }));
}"""

# Pages and settings in which every kind of mark is seen, beside all that it can be beside.
PINS = "&pin=rate%3D0.003&pin=rate%3D0.014&pin=intercept%3Dtrue"
STATES = [
    ("lesson", "step=3" + PINS),
    ("lesson", "step=3&float32=true"),
    ("lesson", "step=3&intercept=true&standardise=true" + PINS),
    ("lesson", "step=3&bug=broadcast" + PINS),
    ("many points", "step=3" + PINS),
    ("slice", "step=3" + PINS),
]


@functools.cache
def drawings(page, scheme):
    """(drawing, paper, {meaning: (colours, shapes)}) for each drawing of the page as it stands."""
    page.emulate_media(color_scheme=scheme)
    found = []
    for drawn in page.evaluate(MARKS):
        meanings = {}
        for mark in drawn["marks"]:
            kind = next(
                (name for name in reversed(mark["kind"]) if name in MEANING or name in DECORATION), mark["kind"][0]
            )
            if kind in DECORATION:
                continue
            colours, shapes = meanings.setdefault(MEANING[kind], (set(), set()))
            colours.add(tuple(mark["colour"]))
            shapes.add(mark["shape"])
        found.append((drawn["drawing"], drawn["paper"], meanings))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "hash"), STATES)
def test_what_differs_in_meaning_is_told_apart_by_every_eye(kept, pages, scheme, name, hash):
    page = kept(pages(name), hash)
    seen_meanings = set()
    for drawing, _, meanings in drawings(page, scheme):
        seen_meanings |= set(meanings)
        for (one, (ours, _)), (other, (theirs, _)) in itertools.combinations(meanings.items(), 2):
            for deficiency, a, b in itertools.product(SEEN, ours, theirs):
                assert apart(a, b, deficiency) >= 1, (drawing, one, other, deficiency)
    assert {"the path", "the loss", "this run", "this step", "the residuals", "the line", "the points"} <= seen_meanings
    if "pin" in hash:
        assert {"pin0", "pin1", "pin2"} <= seen_meanings
    if hash == "step=3" + PINS and name == "lesson":
        assert {"numpy", "safe", "unsafe"} <= seen_meanings


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "hash"), STATES)
def test_every_mark_stands_out_from_its_paper(kept, pages, scheme, name, hash):
    """A contrast of 3 (WCAG 2.2, 1.4.11: what is needed to understand a graphic), to every eye."""
    for drawing, paper, meanings in drawings(kept(pages(name), hash), scheme):
        assert (np.mean(paper) > 128) == (scheme == "light")
        for meaning, (colours, _) in meanings.items():
            for colour, deficiency in itertools.product(colours, SEEN):
                assert contrast(colour, paper, deficiency) >= 3, (drawing, meaning, colour, deficiency)


@pytest.mark.parametrize(("name", "hash"), STATES)
def test_without_any_colour_shapes_and_dashes_differ(kept, pages, name, hash):
    for drawing, _, meanings in drawings(kept(pages(name), hash), "light"):
        for (one, (_, ours)), (other, (_, theirs)) in itertools.combinations(meanings.items(), 2):
            assert ours != theirs, (drawing, one, other, ours)


def test_the_four_fates_are_told_in_words_besides(opened, pages):
    page = opened(pages("lesson"))
    words = page.locator(".story figcaption p").all_inner_texts()
    assert len({sentence.split()[0] for sentence in words}) == 4


# ---- the simulation and the measure


PATCHES = [(r, g, b) for r, g, b in itertools.product((0, 90, 180, 255), repeat=3)]


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_simulation_is_chromiums(browser, deficiency):
    """Its matrices have three decimals: 3 x 0.0005 in linear light; and its filter rounds to 8 bits, a level or so."""
    page = browser.new_context(viewport={"width": 640, "height": 80}).new_page()
    boxes = "".join(f"<i style='width:10px;height:80px;float:left;background:rgb{patch}'></i>" for patch in PATCHES)
    page.set_content(f"<body style='margin:0'>{boxes}")
    page.context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", {"type": deficiency})
    shot = base64.b64encode(page.screenshot()).decode()
    page.context.close()
    reader = browser.new_page()  # one without the deficiency
    found = reader.evaluate(
        """async shot => {
            const image = new Image();
            image.src = "data:image/png;base64," + shot;
            await image.decode();
            const pen = new OffscreenCanvas(640, 80).getContext("2d");
            pen.drawImage(image, 0, 0);
            return Array.from({length: 64}, (_, i) => [...pen.getImageData(10 * i + 5, 40, 1, 1).data].slice(0, 3));
        }""",
        shot,
    )
    reader.close()
    level = np.maximum(linear(found) - linear(np.maximum(np.array(found) - 1, 0)), linear(1))
    off = np.abs(linear(found) - seen(PATCHES, deficiency))
    np.testing.assert_array_less(off, 0.0015 + 1.5 * level)


@pytest.mark.parametrize("deficiency", SEEN)
def test_greys_stay_as_they_are(deficiency):
    """Each row of a matrix sums to 1, up to the six decimals it was printed with."""
    greys = np.arange(0, 256, 15)[:, None] * np.ones(3)
    np.testing.assert_allclose(seen(greys, deficiency), linear(greys), atol=2e-6)


def test_a_red_and_a_green_that_deuteranopes_take_for_one_are_found():
    """The measure must be able to say no: the classic pair, as light as each other; other eyes tell them."""
    red, green = (200, 80, 60), (122, 118, 58)
    assert apart(red, green, "deuteranopia") < 1
    assert apart(red, green, "none") > 1


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((255, 0, 0), (53.2408, 80.0925, 67.2032)),
        ((0, 255, 0), (87.7347, -86.1827, 83.1793)),
        ((0, 0, 255), (32.2970, 79.1875, -107.8602)),
    ],
)
def test_cielab_has_the_known_values_of_srgbs_corners(rgb, expected):
    """As tables of sRGB's primaries have them to two decimals and more; the matrix is printed with seven digits."""
    np.testing.assert_allclose(lab(linear(rgb)), expected, atol=5e-3)


def test_contrast_has_its_known_ends():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21, abs=1e-4)
    assert contrast((9, 9, 9), (9, 9, 9)) == 1
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=5e-3)  # the lightest grey that passes


# ---- to be looked at


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_drawn_under_every_deficiency(opened, pages, scheme):
    page = opened(pages("lesson"), "step=3&intercept=true" + PINS, color_scheme=scheme)
    eyes = page.context.new_cdp_session(page)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for deficiency in SEEN:
        eyes.send("Emulation.setEmulatedVisionDeficiency", {"type": deficiency})
        until(page, "!waiting")
        shot = page.locator(".pictures").screenshot(path=SCREENSHOTS / f"pictures-{scheme}-{deficiency}.png")
        assert len(shot) > 10_000
    eyes.detach()  # the next to take this window sees all colours
