"""What `fit` is to tell, and where: another covariance, a diagnosis, more columns, pages; and in which format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from gradline.cli.options import Format
from gradline.cli.places import Places
from gradline.cli.telling import tell
from gradline.errors import DataError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.diagnostics.covariance import Asked


@dataclass(frozen=True, slots=True)
class Look:
    """How a fit is looked at.

    Attributes
    ----------
    covariance : Asked or None
        None: the classical one, which needs no second pass.
    diagnose, ordered, details : bool
    form : str
        As `gradline.report.formats.Account.written` takes it.
    as_json : bool
    pages : Places
    command : str
        The command line, for the report.
    """

    covariance: Asked | None
    diagnose: bool
    ordered: bool
    details: bool
    form: Format
    as_json: bool
    pages: Places
    command: str

    @property
    def by_time(self) -> bool:
        """Does the order of the rows mean something?"""
        return self.ordered or (self.covariance is not None and self.covariance.kind == "newey-west")

    @property
    def again(self) -> list[str]:
        """The options that need the rows a second time."""
        asked = {"--covariance": self.covariance is not None, "--diagnose": self.diagnose}
        pages = {"--report": self.pages.report is not None, "--plot": self.pages.plot is not None}
        return [option for option, there in (asked | pages).items() if there]

    def tell_before(self, table: Source) -> None:
        """What will be missing, where that is known before the fit."""
        if not (self.pages or self.diagnose):
            return
        from gradline.report.second_look import read_once

        once = read_once(table)
        if self.pages and once:
            tell(f"warning: {once}: {self.pages.named} will leave out what needs the rows again")
        if self.diagnose and once:
            tell(f"warning: {once}: --diagnose, which needs the rows again, will tell nothing")


def covariance_for(text: str, table: Source, *, another_loss: bool) -> Asked | None:
    """What --covariance says; what can be refused is refused before an hour is spent on the fit."""
    from gradline.data.roles import find_column
    from gradline.diagnostics.covariance import parse

    try:
        asked = parse(text)
    except DataError as error:
        said = error.message.removeprefix("covariance=")
        raise typer.BadParameter(f"{said}: {error.hint}", param_hint="--covariance") from None
    if asked.kind == "classical":
        return None
    if another_loss:
        raise typer.BadParameter(
            "only the squared loss has one: the errors of the others are robust already", param_hint="--covariance"
        )
    from gradline.report.second_look import read_once

    if once := read_once(table):
        raise DataError(
            f"{once}, but the {asked.kind} covariance needs the rows a second time",
            hint="write them to a file, and fit that; or leave --covariance out",
        )
    for group in asked.groups:
        try:
            find_column(table.name, getattr(table, "column_names", ()), group)
        except DataError as error:
            error.hint = error.hint or "cluster:COLUMN names a column of the table, or two: cluster:a,b"
            raise
    return asked
