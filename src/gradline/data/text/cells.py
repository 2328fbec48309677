"""Cells written as text become numbers: of which kind a column is, and which cell further down does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from gradline.data import arrow
from gradline.data.cells import (
    EXACT_INTEGERS,
    FALSE_WORDS,
    MISSING_WORDS,
    TRUE_WORDS,
    NotANumber,
    from_arrow,
    refuse_rounding,
)
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.solution import Array

Decimal: TypeAlias = Literal[".", ","]

DAY = r"\d{4}-\d{2}-\d{2}"
HOUR = r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"
MOMENT = rf"{DAY}[T ]{HOUR}{ZONE}?"
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
FINE = r"\.\d{7,9}"
COMMA = r"[+-]?\d*,\d+([eE][+-]?\d+)?"
GROUPED = r"[+-]?\d{1,3}([.,' ]\d{3})+([.,]\d+)?"
# Those with a comma or groups of thousands are no numbers yet, but were meant as such: better refused than a category.
NUMBER = rf"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|{COMMA}|{GROUPED}|(?i:[+-]?(inf|infinity|nan))"


@dataclass(frozen=True, slots=True)
class Form:
    """How the cells of a column are written.

    Attributes
    ----------
    kind : Kind
    decimal : "." or "," or None
        None: a point, where there is no choice.
    """

    kind: Kind
    decimal: Decimal | None = None

    @property
    def expected(self) -> str | None:
        """Such a cell in words; None where any text will do.

        Examples
        --------
        >>> Form(Kind.DATE).expected
        'a date such as 2024-01-31'
        """
        return {
            Kind.NUMBER: "a number",
            Kind.BOOLEAN: "true or false",
            Kind.DATE: "a date such as 2024-01-31",
            Kind.TIME: "a time without a zone such as 2024-01-31 12:30:00",
            Kind.ZONED: "a time with its zone such as 2024-01-31 12:30:00Z",
            Kind.CLOCK: "a time of day such as 12:30",
        }.get(self.kind)


def form_of(cells: Any, decimal: Decimal | None = None) -> Form:
    """What at least half of the cells are, so that a slip in a column of numbers does not make it a category.

    Parameters
    ----------
    cells : pyarrow.Array
        Strings; missing ones do not count. Where all are, the column is of numbers.
    decimal : "." or "," or None

    Examples
    --------
    >>> import pyarrow as pa
    >>> form_of(pa.array([" 2024-01-31 12:30", "2024-02-01T08:15:00.5", "NA"])).kind
    <Kind.TIME: 'time'>
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = trimmed(cells).drop_null()
    number = Form(Kind.NUMBER, decimal=decimal)
    try:
        _numbers(cells, number)
    except pa.ArrowInvalid:
        pass
    else:
        return number

    def share(pattern: str) -> float:
        return float(pc.mean(pc.match_substring_regex(cells, f"^({pattern})$")).as_py())

    if share(NUMBER) >= 0.5:
        return number
    if share("|".join(TRUE_WORDS + FALSE_WORDS)) >= 0.5:
        return Form(Kind.BOOLEAN)
    if share(f"{DAY}|{MOMENT}") >= 0.5:
        moments, zoned = share(MOMENT), share(f"{DAY}[T ]{HOUR}{ZONE}")
        if moments < share(DAY):
            return Form(Kind.DATE)
        return Form(Kind.ZONED if zoned >= moments / 2 else Kind.TIME)
    return Form(Kind.CLOCK if share(CLOCK) >= 0.5 else Kind.TEXT)


def from_text(cells: Any, column: str, form: Form, words: Sequence[str] = MISSING_WORDS) -> Array:
    """Arrow strings as float64, in the unit of their kind; null, or one of the words for missing, becomes NaN.

    Raises
    ------
    NotANumber
        For the first cell of another form, and for an integer that float64 would round.
    """
    import pyarrow as pa

    cells = trimmed(cells, words)

    def convert(some: Any) -> Array:
        return CONVERSIONS.get(form.kind, _numbers)(some, form)

    try:
        numbers = convert(cells)
    except pa.ArrowInvalid:
        row = _first_that_fails(cells, convert)
        text = cells[row].cast(pa.binary()).as_py().decode("utf-8", "replace")
        raise NotANumber(column, row + 1, text, hint=_hint(text, form), expected=form.expected) from None
    if form.kind in (Kind.NUMBER, Kind.TEXT):
        for large in np.flatnonzero((np.abs(numbers) >= EXACT_INTEGERS) & np.isfinite(numbers)).tolist():
            text = cells[large].as_py()
            if text.lstrip("+-").isdigit():
                refuse_rounding(int(text), column, large + 1)
    return numbers


def labels_of(cells: Any, column: str) -> Labels:
    """Arrow strings, plain or as a dictionary, as labels; NotANumber for the first that is not in UTF-8."""
    import pyarrow as pa

    if not pa.types.is_dictionary(cells.type):
        try:
            cells.validate(full=True)
        except pa.ArrowInvalid:
            row = _first_that_fails(cells, lambda some: some.validate(full=True))
            text = cells[row].cast(pa.binary()).as_py().decode("utf-8", "replace")
            raise NotANumber(
                column, row + 1, text, what=f"text that is not in UTF-8: {text!r}", hint="encoding='cp1252'"
            ) from None
    return Labels.of_text(cells, MISSING_WORDS)


def trimmed(cells: Any, words: Sequence[str] = MISSING_WORDS) -> Any:
    """Without padding, and null where a word stands for missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pc.ascii_trim_whitespace(cells)
    return pc.if_else(pc.is_in(cells, arrow.words(words, cells.type)), pa.nulls(len(cells), cells.type), cells)


def _numbers(cells: Any, form: Form) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if form.decimal == ",":  # a point becomes what no number has
        cells = pc.replace_substring(pc.replace_substring(cells, ".", "_"), ",", ".")
    return arrow.plain(pc.cast(cells, pa.float64()))


def _truths(cells: Any, form: Form) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    true = pc.is_in(cells, arrow.words(TRUE_WORDS, cells.type))
    known = pc.or_(true, pc.is_in(cells, arrow.words(FALSE_WORDS, cells.type)))
    if not pc.all(pc.or_(known, cells.is_null()), min_count=0).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return from_arrow(pc.if_else(cells.is_valid(), true, pa.nulls(len(cells), pa.bool_())), "")


def _dates(cells: Any, form: Form) -> Array:
    import pyarrow as pa

    return from_arrow(cells.cast(pa.date32()), "")


def _times(cells: Any, form: Form) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = "UTC" if form.kind is Kind.ZONED else None
    try:  # from the year 1 to 9999, but six digits of a second
        return from_arrow(cells.cast(pa.timestamp("us", zone)), "")
    except pa.ArrowInvalid:
        pass
    try:  # nine digits, but from 1678 to 2262
        return from_arrow(cells.cast(pa.timestamp("ns", zone)), "")
    except pa.ArrowInvalid:  # some of these, some of those
        fine, none = pc.match_substring_regex(cells, FINE), pa.nulls(len(cells), cells.type)
        coarse = from_arrow(pc.if_else(fine, none, cells).cast(pa.timestamp("us", zone)), "")
        return np.where(
            np.isnan(coarse), from_arrow(pc.if_else(fine, cells, none).cast(pa.timestamp("ns", zone)), ""), coarse
        )


def _clocks(cells: Any, form: Form) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.match_substring_regex(cells, f"^{CLOCK}$"), min_count=0).as_py():
        raise pa.ArrowInvalid("no time of day")
    padded = pc.replace_substring_regex(cells, r"^(\d):", r"0\1:")
    return _times(pc.binary_join_element_wise("1970-01-01", padded, " "), form)


CONVERSIONS: dict[Kind, Callable[[Any, Form], Array]] = {
    Kind.BOOLEAN: _truths,
    Kind.DATE: _dates,
    Kind.TIME: _times,
    Kind.ZONED: _times,
    Kind.CLOCK: _clocks,
}


def _first_that_fails(cells: Any, convert: Callable[[Any], object]) -> int:
    import pyarrow as pa

    start, stop = 0, len(cells)
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            convert(cells[start:middle])
            start = middle
        except pa.ArrowInvalid:
            stop = middle
    return start


def _hint(text: str, form: Form) -> str | None:
    """What to do, where it is a number that is written in another way, or a time of too many digits."""
    if form.kind in (Kind.TIME, Kind.ZONED) and re.fullmatch(MOMENT, text) and re.search(FINE, text):
        return "before 1678 and after 2262 a second has at most six decimals"
    if form.kind is not Kind.NUMBER or not re.fullmatch(NUMBER, text, re.ASCII):
        return None
    thousands = "write thousands without a separator"
    if form.decimal == ",":
        return f"decimal=',' expects no point in a number: {thousands}"
    comma = "write decimals with a point"
    if form.decimal == ".":
        comma = "decimal=',' reads the comma as the decimal point"
    ends_with_comma = re.fullmatch(r".*,\d+", text)
    if ends_with_comma and re.fullmatch(GROUPED, text):
        return f"{thousands}; {comma}"
    return comma if ends_with_comma else thousands
