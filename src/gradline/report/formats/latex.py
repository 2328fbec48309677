"""LaTeX with booktabs: whatever characters names hold, pdflatex compiles it without another package."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from gradline.report.formats.table import NUMBER, Table
from gradline.report.one_line import one_line

SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char`\"}",
    "[": "{[}",  # after \\ it would begin an argument, as * would
    "]": "{]}",
    "*": "{*}",
    "-": "-{}",  # two of them would become a dash
    "`": r"{\char`\`}",
    "'": "'{}",
    "\u00b2": r"\textsuperscript{2}",
    "\u00b3": r"\textsuperscript{3}",
    "\u00df": r"\ss{}",
    "\u00e6": r"\ae{}",
    "\u00c6": r"\AE{}",
    "\u0153": r"\oe{}",
    "\u0152": r"\OE{}",
    "\u00f8": r"\o{}",
    "\u00d8": r"\O{}",
    "\u0142": r"\l{}",
    "\u0141": r"\L{}",
    "\u2026": r"\ldots{}",
    "\u2013": "--",
}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}


def written(heading: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    r"""A `table`, its caption the heading; needs \usepackage{booktabs}."""
    below = [r"\par\smallskip", r"\footnotesize\raggedright", *(f"{escaped(note)}\\par" for note in notes)]
    parts = [r"\begin{table}", r"\centering", *([f"\\caption{{{escaped(heading)}}}"] if heading else [])]
    for table in tables:
        parts += [*_tabular(table), r"\par\medskip"] if table is not tables[-1] else _tabular(table)
    return "\n".join([*parts, *(below if notes else []), r"\end{table}"])


def _tabular(table: Table) -> list[str]:
    rows = [" & ".join(map(_cell, row)) + r" \\" if any(row) else r"\addlinespace" for row in table.rows]
    columns = "l" + "r" * (len(table.head) - 1)
    return [
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        *rows[1:],
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _cell(text: str) -> str:
    """A number in mathematics, where its minus is one; all else as it is."""
    if not NUMBER.fullmatch(text):
        return escaped(text)
    mantissa, exponent, power = text.replace(",", "{,}").partition("e")
    return f"${mantissa} \\times 10^{{{int(power)}}}$" if exponent else f"${mantissa}$"


def escaped(text: str) -> str:
    r"""A text that stands in a document as it is; a character that pdflatex has not is named by its number.

    Examples
    --------
    >>> print(escaped("50%_of \u00e9t\u00e9 \U0001f600"))
    50\%\_of {\'e}t{\'e} \texttt{U+1F600}
    """
    return "".join(map(_escaped, one_line(text)))


def _escaped(character: str) -> str:
    if character in SIGNS:
        return SIGNS[character]
    if character.isascii():
        return character
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in ACCENTS:
        accent = ACCENTS[marks[0]]
        return f"{{\\{accent}{{{letter}}}}}" if accent.isalpha() else f"{{\\{accent}{letter}}}"
    if character == "\u200d":  # what joins emojis: each is named by itself
        return ""
    return f"\\texttt{{U+{ord(character):04X}}}"
