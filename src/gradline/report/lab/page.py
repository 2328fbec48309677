"""The page: facts, drawings, style and script in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zlib
from importlib import resources

from gradline.report.lab import names, story
from gradline.report.lab.facts import Facts
from gradline.report.lab.verdict import short

SCRIPTS = (
    *("kernel.js", "verdict.js", "numbers.js", "paper.js", "line.js", "loss.js", "curves.js"),
    *("rungs.js", "python.js", "formulas.js", "state.js", "controls.js", "bench.css", "hands.js"),
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src {}; base-uri 'none'; form-action 'none'"


def write(facts: Facts) -> str:
    """The whole file as text.

    Everything that comes from the table is escaped where it stands: as markup here, packed (letters and digits) as
    facts, and as text in the script, which never makes markup of it. Should an escape fail, the policy refuses every
    script but these two. unpack.js brings facts and script back.
    """
    script, unpack = "".join(_packed(name) for name in SCRIPTS), _own("unpack.js")
    parts = {
        "policy": POLICY.format(" ".join(f"'sha256-{_digest(text)}'" for text in (script, unpack))),
        "style": _lean(_own("page.css")),
        "packed": pack(script),
        "unpack": unpack,
        "facts": pack(json.dumps(facts.as_dict(), allow_nan=False, ensure_ascii=False, separators=(",", ":"))),
        "cards": story.cards(facts),
        "table": story.table(facts),
        **{name: html.escape(words) for name, words in _words(facts).items()},
    }
    # One pass: what a part holds is never looked at for places to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _lean(_own("lab.html")))


def _words(facts: Facts) -> dict[str, str]:
    view, alone = facts.views[0], len(facts.features) == 1
    limit = 2.0 / float(view.curvatures[0][-1])
    by = facts.features[0] if alone else f"{len(facts.features)} features"
    about = facts.setup.about or f"{facts.target} by {by}, {facts.rows:,} rows of {facts.name}"
    best = " and ".join(f"{name} = {short(value)}" for name, value in zip("ab", _line(facts), strict=False))
    answer = f"The best line has {best}, in data units. " if alone else ""
    names = view.names
    return {
        "title": f"gradline lab: {facts.target} by {by}",
        "lead": f"{about}: {facts.equation}. {answer}Gradient descent comes nearer to the answer step by step, or runs "
        f"away from it: as the page opens ({view.coordinates.said}) the learning rate must stay below {short(limit)}.",
        "opens": f"These four are as the page opens: {view.coordinates.said}.",
        "first": names[0],
        "second": names[1] if len(names) > 1 else "b",
        "caption": f"At rate {short(facts.rates[0])}, from the recorded run of the NumPy rung.",
        "footer": _footer(facts),
    }


def _line(facts: Facts) -> list[float]:
    """Slope and intercept, where there is one, in the data's own units."""
    view = facts.views[0]
    slope = float(view.best[0] / view.coordinates.scale[0])
    return [slope, *(view.best[1:] - slope * view.coordinates.centre[0]).tolist()]


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
    if facts.weights is not None:
        said.append(
            "Rows count by their weights, in the loss and in all that follows from it. Batches are left out, as what "
            "one weighs would be left to its draw; and the bug of shapes, which weights turn into an error."
        )
    if facts.setup.command:
        said.append(f"To fit it: {names.command(facts.setup.command)}")
    return " ".join(said)


def pack(text: str) -> str:
    """Deflated, to a third or half of its size, in characters none of which is markup."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _own(name: str) -> str:
    return resources.files("gradline.report.lab").joinpath(name).read_text(encoding="utf-8")


def _packed(name: str) -> str:
    """A script; or the style of what only scripts show, which comes with them."""
    source = _own(name)
    return f"const STYLE = {json.dumps(_lean(source))};\n" if name.endswith(".css") else _without_comments(source)


def _without_comments(script: str) -> str:
    """The reasons stay in the repository; behind code only those without a quote go, so that no string is cut."""
    return re.sub(r"^ *//.*\n| +// [^'\"`\n]*$", "", script, flags=re.M)


def _lean(source: str) -> str:
    """Without indentation and blank lines."""
    return "".join(f"{line.strip()}\n" for line in source.splitlines() if line.strip())
