"""Documents are tests: every Python block runs, every command prints what the page says.

After a deliberate change of output, `python -m tests.test_documents` writes what the commands print into the pages.
"""

import ast
import contextlib
import io
import itertools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import gradline, in_fresh_process

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRESS = re.compile(r"^(iteration \d+|reading( again)?): .*\n", re.M)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


@pytest.fixture
def folder(diabetes, tmp_path) -> Path:
    """A page's own folder, with the table that pages are about."""
    shutil.copy(diabetes / "diabetes.csv", tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_python_blocks_run_and_print_what_they_say(page, monkeypatch, folder):
    """In order, in one namespace, as a reader would paste them; `# -> ` says how a line's output begins, up to `...`"""
    monkeypatch.chdir(folder)
    namespace: dict[str, object] = {}
    for body in blocks(page, "python"):
        for statement in ast.parse(body).body:
            last_line = body.splitlines()[(statement.end_lineno or 1) - 1]
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(ast.Module([statement], []), str(page), "exec"), namespace)
            if "# -> " in last_line:
                expected = last_line.split("# -> ")[1].split("...")[0].strip()
                assert printed.getvalue().startswith(expected)


def commands(page: Path) -> list[tuple[str, str]]:
    """The `$ gradline ...` lines of its console blocks, each with the output printed below it."""
    chunks = (re.split(r"^\$ ", body, flags=re.M)[1:] for body in blocks(page, "console"))
    parted = (chunk.partition("\n") for chunk in itertools.chain.from_iterable(chunks))
    return [(command, output) for command, _, output in parted if command.startswith("gradline ")]


def run(command: str, folder: Path) -> str:
    """What a reader sees in a log: both streams, as they come, but for lines of progress, which slow machines print."""
    _, *arguments = shlex.split(command)
    if arguments[0] == "check":  # which looks at what the script imports
        done = in_fresh_process(*arguments, cwd=folder, stderr=subprocess.STDOUT)
    else:
        done = gradline(*arguments, cwd=folder, streams_together=True)
    return PROGRESS.sub("", done.stdout)


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=lambda p: p.name)
def test_commands_print_what_the_page_says(page, folder):
    """In order, character for character, but for `...` lines, and for digits in the last places near rounding."""
    for command, output in commands(page):
        printed = run(command, folder).rstrip("\n").splitlines()
        expected = output.rstrip("\n").splitlines()
        if "..." in expected:
            cut = expected.index("...")
            head, tail = expected[:cut], expected[cut + 1 :]
            printed = printed[: len(head)] + (printed[-len(tail) :] if tail else [])
            expected = head + tail
        assert [roughly(line) for line in printed] == [roughly(line) for line in expected], command


def roughly(line: str) -> str:
    """Numbers of rounding size (1e-10 and below) differ between machines: only that they are so small is compared."""
    return re.sub(r"\b\d(\.\d+)?e-(1\d|2\d)\b", "tiny", line.rstrip())


def anchors(page: Path) -> list[str]:
    """Of its headings, as GitHub makes them: letters, digits, `_` and `-` stay, blanks become dashes."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ +(.+?)\s*$", text, re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_links_inside_the_repository_lead_somewhere():
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and (target or anchor):
                there = page.parent / target if target else page
                assert there.exists(), f"{page.name} links to {target}"
                assert not anchor or anchor in anchors(there), f"{page.name} links to {target}#{anchor}"


if __name__ == "__main__":
    import tempfile

    for page in PAGES:
        with tempfile.TemporaryDirectory() as name:
            script = ROOT / "examples" / "write_diabetes.py"
            subprocess.run([sys.executable, script, f"{name}/diabetes.csv"], check=True)
            text = page.read_text(encoding="utf-8")
            for command, output in commands(page):
                printed = run(command, Path(name))
                if "..." not in output.splitlines():
                    text = text.replace(f"$ {command}\n{output}", f"$ {command}\n{printed}")
            page.write_text(text, encoding="utf-8")
