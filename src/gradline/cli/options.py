"""Options that several commands read alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from gradline.cli import completion

Format = Literal["text", "markdown", "latex", "html"]

Target = Annotated[str | None, typer.Option(help="The column to explain.", autocompletion=completion.column)]
Formula = Annotated[
    str | None, typer.Option(help="In place of target and features: 'price ~ log(sqft) + C(city) * age - 1'.")
]
Reference = Annotated[
    list[str] | None, typer.Option(help="COLUMN=LEVEL that others are compared with; may be repeated.")
]
Missing = Annotated[
    Literal["error", "drop"], typer.Option(help="Rows with empty cells: an error, or dropped and counted.")
]
Query = Annotated[str | None, typer.Option(help="Of a database: a SELECT, or the name of a table.")]
Decimal = Annotated[str, typer.Option(help="Of CSV: what separates decimals, . or a comma.")]
Encoding = Annotated[str | None, typer.Option(help="Of CSV. Default: UTF-8, or as its bytes tell.")]

Form = Annotated[Format, typer.Option("--format", help="How tables are written.")]
Details = Annotated[
    bool, typer.Option("--details", help="Also the columns beside each other: effects, collinearity, partial R\u00b2.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def names(given: str | None) -> list[str] | None:
    """--features a,b,c: a line of CSV."""
    from gradline.data.columns.asked import NamesInLine

    if given is None:
        return None
    try:
        found = NamesInLine.of(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given!r} {error}", param_hint="--features") from None
    return found


def references(given: Iterable[str] | None) -> dict[str, str]:
    """--reference COLUMN=LEVEL, any number of them."""
    found = {}
    for text in given or ():
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
