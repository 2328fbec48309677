"""Options that several commands read alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

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
