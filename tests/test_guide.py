"""The user guide builds strictly and is whole: links lead somewhere, nothing public is missing, every call runs."""

import ast
import doctest
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

import gradline
from gradline.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "-b", "html", source, site]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The guide as `make docs` builds it."""
    pytest.importorskip("sphinx", reason="the guide is built with the extra docs: pip install 'gradline[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = build(DOCS, folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


class Links(HTMLParser):
    """What a page refers to, what it loads, and the places on it that can be referred to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.to, self.loads, self.places = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places.add(given.get("id"))
        if tag == "a" and given.get("href"):
            self.to.append(given["href"])
        elif tag in ("link", "script", "img", "iframe"):
            self.loads += filter(None, (given.get("href"), given.get("src")))


@pytest.fixture(scope="module")
def pages(site):
    return {page: Links(page) for page in site.rglob("*.html")}


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_a_place_on_it(pages):
    """Also those that Sphinx makes itself: its index, sources of functions, next and previous."""
    for page, links in pages.items():
        for target in links.to:
            if "://" not in target:
                path, _, place = target.partition("#")
                there = (page.parent / path).resolve() if path else page
                assert there.exists(), f"{page.name} links to {target}"
                assert not place or place in pages[there].places, f"{page.name} links to {target}"


@pytest.mark.slow
def test_the_guide_needs_no_network(pages, site):
    for page, links in pages.items():
        assert not [file for file in links.loads if "//" in file], page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet.name


@pytest.mark.slow
def test_formulas_are_mathml(site):
    page = (site / "rate-limit.html").read_text(encoding="utf-8")
    assert page.count("<mfrac>") > 10
    assert not re.search(r"\\(frac|lambda|sqrt|sum)\b", page)


@pytest.mark.slow
def test_the_command_reference_has_every_option(site):
    places = Links(site / "commands.html").places
    group = get_command(app)
    with group.make_context("gradline", [], resilient_parsing=True) as context:
        names = group.list_commands(context)
        assert {"demo", "fit", "predict"} < set(names)
        for name in names:
            assert f"gradline-{name}" in places
            for parameter in group.get_command(context, name).params:
                for option in parameter.opts if parameter.param_type_name == "option" else ():
                    assert f"cmdoption-gradline-{name}-{option.lstrip('-')}" in places


def test_what_leads_nowhere_ends_the_build(tmp_path):
    """Three mistakes on one page, with the guide's own configuration: each is named."""
    pytest.importorskip("sphinx", reason="the guide is built with the extra docs: pip install 'gradline[docs]'")
    for name in ("conf.py", "_extensions", "_static"):
        (shutil.copytree if (DOCS / name).is_dir() else shutil.copy)(DOCS / name, tmp_path / name)
    (tmp_path / "index.md").write_text(
        "# Page\n\n[a](no-page.md) [b](#no-place)\n\n```{eval-rst}\n:py:class:`gradline.NoClass`\n```\n"
    )
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    for lost in ("no-page.md", "no-place", "gradline.NoClass"):
        assert lost in done.stderr


def test_every_public_name_is_in_the_reference_once():
    listed = re.findall(r"auto(?:class|function|exception):: gradline\.(\w+)$", (DOCS / "api.md").read_text(), re.M)
    assert sorted(listed) == gradline.__all__


@pytest.mark.parametrize("name", gradline.__all__)
def test_every_public_name_has_an_example_that_runs(name):
    """Of its own; and each public method, of its own or of its class. The suite runs them all."""

    def examples(thing) -> str:
        return "".join(example.source for example in doctest.DocTestParser().get_examples(inspect.getdoc(thing) or ""))

    public = getattr(gradline, name)
    assert examples(public)
    if inspect.isclass(public):
        for method, function in inspect.getmembers(public, callable):
            ours = getattr(function, "__module__", None) or ""
            if not method.startswith("_") and ours.startswith("gradline"):
                assert examples(function) or f".{method}(" in examples(public), f"{name}.{method} has no example"


def side_by_side(heading: str) -> list[list[str]]:
    """Rows of the tables on the page for those who come from elsewhere, without their marks: what, theirs, ours."""
    section = (DOCS / "coming-from.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]*) \| `([^`]*)` \| `([^`]*)` \|$", section, re.M)
    assert len(rows) > 10
    return [list(row) for row in rows]


@pytest.fixture
def namespace(monkeypatch, diabetes):
    """What the page's own blocks define."""
    pytest.importorskip("statsmodels", reason="statsmodels is not installed: its calls cannot be run")
    monkeypatch.chdir(diabetes)
    defined: dict[str, object] = {}
    for block in re.findall(
        r"^```python\n(.*?)^```", (DOCS / "coming-from.md").read_text(encoding="utf-8"), re.M | re.S
    ):
        exec(block, defined)
    return defined


def outcome(call: str, namespace: dict[str, object]):
    """The value of an expression; of an assignment nothing."""
    if isinstance(ast.parse(call).body[0], ast.Expr):
        return eval(call, namespace)
    exec(call, namespace)
    return None


@pytest.mark.parametrize("heading", ["scikit-learn", "statsmodels"])
def test_calls_side_by_side_give_the_same_numbers(heading, namespace, capsys):
    """To 1e-8: both solve the same well-conditioned problem (condition number 2), whose digits are all but 16."""
    compared = 0
    for what, theirs, ours in side_by_side(heading):
        expected, given = outcome(theirs, namespace), outcome(ours, namespace)
        if expected is not None and not hasattr(expected, "fit"):
            np.testing.assert_allclose(np.squeeze(given), np.squeeze(expected), rtol=1e-8, err_msg=what)
            compared += 1
    assert compared > 8


def test_calls_beside_those_of_r_run(namespace):
    for _, _, ours in side_by_side("R"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outcome(ours, namespace)


def test_pictures_are_those_that_the_command_draws():
    spec = importlib.util.spec_from_file_location("figures", DOCS / "figures.py")
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    for name, draw in figures.FIGURES.items():
        assert (DOCS / "_static" / name).read_text(encoding="utf-8") == draw()
