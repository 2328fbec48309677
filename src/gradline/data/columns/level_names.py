"""What the levels of a category are called whose cells are numbers, but were read as text: as numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradline.data.cells import FALSE_WORDS, TRUE_WORDS, NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import word_of
from gradline.data.text.cells import Form, from_text

INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")  # Python reads no longer ones
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:[+-]?(inf|infinity|nan))")
TIMES = (Kind.TIME, Kind.ZONED)
MOMENTS = {Kind.DATE: (Kind.DATE,), Kind.CLOCK: (Kind.CLOCK,), Kind.TIME: TIMES, Kind.ZONED: TIMES}


def level_names(words: Sequence[str], kind: Kind) -> list[str | None]:
    """Texts of a column of that kind, each as `gradline.data.columns.labels.Labels` calls the number it stands for.

    So the levels are the same wherever the numbers come from. A text that is no such number is called by itself; None
    for what is infinite or no number, which is no level.

    Examples
    --------
    >>> level_names(["01", "1.0", "2.50", "9007199254740993", "B", "inf"], Kind.NUMBER)
    ['1', '1', '2.5', '9007199254740993', 'B', None]
    >>> level_names(["1970-01-03", "soon"], Kind.DATE)
    ['2', 'soon']
    """
    if kind not in MOMENTS:
        return [_of_number(word) for word in words]
    for one in MOMENTS[kind]:
        try:
            return _of_moments(words, Form(one))
        except NotANumber:
            pass
    return [_of_moment(word, kind) for word in words]


def _of_number(word: str) -> str | None:
    if INTEGER.fullmatch(word):
        return str(int(word))
    if NUMBER.fullmatch(word):
        number = float(word)
        return word_of(number) if abs(number) < float("inf") else None
    return "1" if word in TRUE_WORDS else "0" if word in FALSE_WORDS else word


def _of_moments(words: Sequence[str], form: Form) -> list[str | None]:
    import pyarrow as pa

    return [word_of(number) for number in from_text(pa.array(words, pa.string()), "", form, words=()).tolist()]


def _of_moment(word: str, kind: Kind) -> str | None:
    for one in MOMENTS[kind]:
        try:
            return _of_moments([word], Form(one))[0]
        except NotANumber:
            pass
    return word
