"""Pages of the lab, by name."""

import base64
import functools
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from gradline.cli.lab import lesson as the_lesson
from gradline.data.arrays import ArraySource
from gradline.report.lab.facts import Setup
from gradline.report.lab.notebook import Lab
from gradline.report.lab.page import pack
from tests.browser import windows


@pytest.fixture
def opened(opened):
    """The same for labs, which are ready once their script has run."""

    def open_lab(path: Path, hash: str = "", *, live=True, **options):
        return opened(path, hash, ready="body.live" if live else None, **options)

    return open_lab


@pytest.fixture(scope="module")
def windows_kept(all_windows):
    with windows(all_windows) as open_page:
        yield functools.cache(lambda path, *hash, **options: open_page(path, *hash, ready="body.live", **options))


@pytest.fixture
def kept(windows_kept):
    """The same for tests that only ask, or set all they look at: a window opened once, as it stands after the others.

    What it complains about is told with the test that made it.
    """
    used = []

    def open_once(*place, **options):
        used.append(windows_kept(*place, **options))
        return used[-1]

    yield open_once
    for page in used:
        said, page.complaints[:] = [*page.complaints], []
        assert said == []


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
    return lambda: (ArraySource(*rows(n, features), feature_names=names, name=f"{n} rows"), Setup(torch=False))


def hostile():
    names = ("</script><script>alert('x')</script>", '"quoted" <b>', "\U0001f600 \u2028 \\ {{facts}}")
    X, y = rows(30, 3)
    source = ArraySource(X, y, feature_names=names, target_name="<img src=x onerror=alert(1)>", name="it's & co\n#.csv")
    return source, Setup(command='gradline fit "\n</script>"', torch=False)


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
    """As many points as a page takes, and PyTorch's rungs: all that makes it long. Of 200 no name is in full."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000 if features == 1 else 400, features))
    y = X.sum(1) + rng.normal(size=len(X))
    names = long_names(features)
    source = ArraySource(X, y, feature_names=names, target_name="y" + names[0], name=2 * names[0])
    return lambda: (source, Setup(command=f"gradline fit t.csv --features {','.join(names)}"))


WEIGHTS = np.arange(1.0, 61.0) / 7


def weighted(features):
    X, y = rows(60, features)
    names = tuple("xyz"[:features])
    return lambda: (ArraySource(X, y, WEIGHTS, feature_names=names), Setup(torch=False))


TABLES = {  # the rungs of PyTorch take a second to record: those of the lesson, and where they count
    "lesson": lesson,
    "line": table(1000, 1),
    "points": table(3000, 1),
    "more points": table(30_000, 1),
    "pair": table(500, 2),
    "slice": table(1000, 3),
    "many points": table(2000, 1),
    "hostile": hostile,
    "weighted": weighted(1),
    "weighted pair": weighted(2),
    **{f"long {features}": long(features) for features in (1, 2, 12, 200)},
}
