"""Options that several commands read alike."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

import typer


class Format(StrEnum):
    """How a table is written."""

    text = "text"
    markdown = "markdown"
    latex = "latex"
    html = "html"


Form = Annotated[Format, typer.Option("--format", help="How tables are written.")]
Details = Annotated[
    bool, typer.Option("--details", help="Also the columns beside each other: effects, collinearity, partial R\u00b2.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def references(given: Iterable[str]) -> dict[str, str]:
    """--reference COLUMN=LEVEL, any number of them."""
    found = {}
    for text in given:
        name, equals, level = (part.strip() for part in text.partition("="))
        if not (name and equals and level):
            raise typer.BadParameter(f"'{text}' is not COLUMN=LEVEL", param_hint="--reference")
        found[name] = level
    return found


def decimal_mark(mark: str) -> Literal[".", ","]:
    """What --decimal says."""
    if mark not in (".", ","):
        raise typer.BadParameter(f"'{mark}' is neither . nor a comma", param_hint="--decimal")
    return "," if mark == "," else "."
