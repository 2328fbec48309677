"""A browser for the lab: the system's Chromium, driven by Playwright, offline; one for each process of the tests."""

import base64
import json
import os
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest

from gradline.cli.lab import lesson as the_lesson
from gradline.data.arrays import ArraySource
from gradline.report.lab.facts import Setup
from gradline.report.lab.notebook import Lab
from gradline.report.lab.page import pack

REQUIRED = os.environ.get("GRADLINE_BROWSER") == "required"
ARGUMENTS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET = [*ARGUMENTS.split(), "--disable-component-update", "--disable-sync"]


def no_browser(reason):
    if REQUIRED:
        pytest.fail(f"GRADLINE_BROWSER=required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    names = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
    )  # the first draws twice as fast
    chromium = next((found for name in names if (found := shutil.which(name))), None)
    if chromium is None:
        no_browser("there is no Chromium to look at the page with (Debian: apt-get install chromium-headless-shell)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("Playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Opens a file in a fresh window; at the end of the test nothing may have been asked for, nor complained about."""
    contexts = []

    def open_page(path: Path, hash: str = "", *, width=1280, live=True, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri() + (f"#{hash}" if hash else ""))
        if live and options.get("java_script_enabled", True):
            page.wait_for_selector("body.live")
        return page

    yield open_page
    complaints = [said for context in contexts for page in context.pages for said in page.complaints]
    asked = [url for context in contexts for page in context.pages for url in page.asked[1:]]
    for context in contexts:
        context.close()
    assert complaints == []
    assert asked == []


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Pages by name, written when they are first asked for, in a folder whose name has spaces."""
    folder = tmp_path_factory.mktemp("a folder with spaces")
    made = {}

    def page(name: str) -> Path:
        if name not in made:
            made[name] = folder / f"the {name} page.html"
            Lab(*TABLES[name]()).save(made[name])
        return made[name]

    return page


def lesson():
    return the_lesson(None)


def rows(n, features, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, features)) * np.arange(1, features + 1) + 2.0
    return columns, columns @ np.linspace(1.5, -1.0, features) + 4.0 + rng.normal(size=n)


def table(n, features):
    names = tuple(f"x{j}" for j in range(features))
    return lambda: (ArraySource(*rows(n, features), feature_names=names, name=f"{n} rows"), Setup())


def hostile():
    names = ("</script><script>alert('x')</script>", '"quoted" <b>', "\U0001f600 \u2028 \\ {{facts}}")
    X, y = rows(30, 3)
    source = ArraySource(X, y, feature_names=names, target_name="<img src=x onerror=alert(1)>", name="it's & co\n#.csv")
    return source, Setup(command='gradline fit "\n</script>"')


def facts_of(text):
    """What a page carries for its script."""
    return json.loads(zlib.decompress(base64.b64decode(re.search(r'id="facts">(.*?)</script>', text, re.S)[1])))


def before_points(text):
    """Bytes of a page without its points, and without what places them in each view."""
    facts = facts_of(text)
    del facts["points"]
    for view in facts["views"]:
        view.pop("z", None), view.pop("offset", None)
    packed = re.search(r'id="facts">(.*?)</script>', text, re.S)[1]
    lean = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode()) - len(packed) + len(pack(lean))


def long_names(features, seed=0):
    """Of some 500 characters, no two alike, from an alphabet of trouble: no packing makes them short."""
    rng = np.random.default_rng(seed)
    alphabet = [
        *"abcdefghijklmnopqrstuvwxyz0123456789 <>&'`\"\\/{}",
        "\U0001f600",
        "\U0001f468\u200d\U0001f680",
        "\u6570",
    ]
    return tuple(f"</script><script>alert({j})</script>" + "".join(rng.choice(alphabet, 480)) for j in range(features))


def long(features):
    X, y = rows(400, features)
    names = long_names(features)
    source = ArraySource(X, y, feature_names=names, target_name="y" + names[0], name=2 * names[0])
    return lambda: (source, Setup(command=f"gradline fit t.csv --features {','.join(names)}"))


WEIGHTS = np.arange(1.0, 61.0) / 7


def weighted():
    X, y = rows(60, 1)
    return ArraySource(X, y, WEIGHTS, feature_names=("x",)), Setup()


TABLES = {
    "lesson": lesson,
    "line": table(1000, 1),
    "points": table(3000, 1),
    "more points": table(30_000, 1),
    "pair": table(500, 2),
    "slice": table(1000, 3),
    "many points": table(2000, 1),
    "hostile": hostile,
    "weighted": weighted,
    **{f"long {features}": long(features) for features in (1, 2, 12, 200)},
}
