"""The page: facts, drawings, style and script in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources

from gradline.report.lab import algebra, story
from gradline.report.lab.facts import Facts
from gradline.report.lab.verdict import short

SCRIPTS = ("kernel.js", "verdict.js", "paper.js", "pictures.js", "rungs.js", "python.js", "controls.js")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


def write(facts: Facts) -> str:
    """The whole file as text.

    Everything that comes from the table is escaped where it stands: as markup here, as JSON that no markup can end, and
    as text in the script, which never makes markup of it. Should an escape fail, the policy refuses every script but
    this one.
    """
    script = "".join(_lean(_own(name)) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "policy": POLICY.format(digest),
        "style": _lean(_own("lab.css")),
        "script": script,
        "facts": _inert(json.dumps(facts.as_dict(), allow_nan=False, ensure_ascii=False, separators=(",", ":"))),
        "cards": story.cards(facts),
        "table": story.table(facts),
        "why": algebra.why(facts),
        **{name: html.escape(words) for name, words in _words(facts).items()},
    }
    # One pass: what a part holds is never looked at for places to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _lean(_own("lab.html")))


def _words(facts: Facts) -> dict[str, str]:
    view, alone = facts.views[0], len(facts.features) == 1
    limit = 2.0 / float(view.curvatures[0][-1])
    by = facts.features[0] if alone else f"{len(facts.features)} features"
    best = ", ".join(f"{name} = {short(value)}" for name, value in zip(view.names, view.best.tolist(), strict=True))
    answer = f"{best}, found at once by the normal equation" if view.plane is None else "known from the normal equation"
    names = view.names if view.plane is None else ("steep", "flat")
    rows = "five points" if facts.rows == 5 else f"{facts.rows:,} rows"
    return {
        "title": f"gradline lab: {facts.target} by {by}",
        "lead": f"{facts.target} by {by}, {rows} of {facts.name}: {facts.equation}. The answer is {answer}. "
        f"Gradient descent gets there step by step, if its learning rate is below {short(limit)}.",
        "first": names[0],
        "second": names[1] if len(names) > 1 else "b",
        "caption": f"At rate {short(facts.rates[0])}, from the recorded run of the NumPy rung.",
        "footer": _footer(facts),
    }


def _footer(facts: Facts) -> str:
    view = facts.views[0]
    said = ["One file, no network: the numbers come from real runs of gradline's engines, put in when it was written."]
    if view.plane is not None:
        said.append(
            f"A slice: of {len(view.quadratic.best)} coefficients the picture has the steepest and the flattest "
            "direction through the answer, the others at their best. Descent does not mix them, so this is exact."
        )
    if not facts.all_here:
        said.append(
            f"The points are a sample of {len(facts.sample):,} of {facts.rows:,} rows, and batches are drawn from it; "
            "loss, gradient and answer are those of all rows. The rungs ran on a few rows with the same sums."
        )
    if facts.setup.command:
        said.append(f"To fit it: {facts.setup.command}")
    return " ".join(said)


def _inert(text: str) -> str:
    """JSON that holds no character of markup."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _own(name: str) -> str:
    return resources.files("gradline.report.lab").joinpath(name).read_text(encoding="utf-8")


def _lean(source: str) -> str:
    """Without indentation, blank lines and comments on lines of their own: they stay in the repository."""
    source = re.sub(r"^\s*(/\*.*?\*/|<!--.*?-->)\s*$", "", source, flags=re.M | re.S)
    lines = (line.strip() for line in source.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
