"""Numbers at the ticks of an axis: with the digits that their step needs, and no more than its margin has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from gradline.report.figures import MINUS
from gradline.report.svg import Scale

LONGEST = 7  # characters at a tick; a level that makes them longer is taken off all of them
UNITS = ((9, "G"), (6, "M"), (3, "k"))
PLAIN = Decimal("1e-3"), Decimal("1e4"), Decimal("1e12")  # below, from and from where a number is written otherwise


@dataclass(frozen=True, slots=True)
class Ticks:
    """Where they are, what stands at each, and what the axis' name says of all of them: a level, a unit, or nothing."""

    at: list[float]
    said: list[str]
    of_all: str

    @classmethod
    def of(cls, scale: Scale, most: int, longest: int = LONGEST) -> Self:
        """About so many of a scale, each of about so many characters at most."""
        at = scale.ticks(most)
        return cls(at, [power_label(tick) for tick in at], "") if scale.log else cls(at, *tick_labels(at, longest))


def tick_labels(ticks: Sequence[float], longest: int = LONGEST) -> tuple[list[str], str]:
    r"""What stands at each tick, and what the axis' name says of all of them.

    Examples
    --------
    >>> tick_labels([0.0, 500_000.0, 1_500_000.0]), tick_labels([2024.8, 2025.0])
    ((['0', '0.5M', '1.5M'], ''), (['2024.8', '2025'], ''))
    >>> tick_labels([1e15 - 2.0, 1e15, 1e15 + 2.0])
    (['\u22122', '0', '2'], ' \u2212 1,000,000,000,000,000')
    >>> tick_labels([-2.5e-19, 0.0])
    (['\u22122.5', '0'], ', in 1e\u221219')
    """
    return _labels([Decimal(repr(float(tick))) for tick in ticks], longest)


def _labels(exact: Sequence[Decimal], longest: int) -> tuple[list[str], str]:
    told = _told(exact)
    if max(map(len, told), default=0) <= longest:
        return told, ""
    largest, span = max(map(abs, exact)), max(exact) - min(exact)
    if 0 < 10 * span <= largest:
        one = Decimal(1).scaleb(span.adjusted() + 2)
        level = max(exact) // one * one  # a round number within the ticks, where there is one
        level -= one if level > max(exact) else 0
        told, unit = _labels([value - level for value in exact], longest)
        return told, less(level) + unit
    power = largest.adjusted()
    return [_signed(_plain(value.scaleb(-power))) for value in exact], in_units_of(power)


def less(level: Decimal) -> str:
    r"""After the name of an axis whose numbers are less by a level.

    Examples
    --------
    >>> less(Decimal("101320.5")), less(Decimal("-1e30"))
    (' \u2212 101,320.5', ' + 1e30')
    """
    return f" {MINUS if level > 0 else '+'} {_level(abs(level))}"


def in_units_of(power: int) -> str:
    """After the name of an axis whose numbers are so many powers of ten."""
    return f", in 1e{_signed(str(power))}"


def power_label(power_of_ten: float) -> str:
    """One tick of a logarithmic axis.

    Examples
    --------
    >>> power_label(1000.0), power_label(100_000.0), power_label(1e-5) == f"1e{MINUS}5"
    ('1000', '100k', True)
    """
    return _told([Decimal(repr(power_of_ten))])[0]


def _told(values: Sequence[Decimal]) -> list[str]:
    """All in one unit, which the largest of them asks for."""
    small, thousands, huge = PLAIN
    largest = max(map(abs, values), default=Decimal(0))
    if largest >= huge or 0 < largest < small:
        return [_signed(_with_exponent(value)) for value in values]
    power, letter = next((unit for unit in UNITS if largest >= max(thousands, Decimal(1).scaleb(unit[0]))), (0, ""))
    return [_signed(_plain(value.scaleb(-power)) + (letter if value else "")) for value in values]


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _with_exponent(value: Decimal) -> str:
    return f"{_plain(value.scaleb(-value.adjusted()))}e{value.adjusted()}" if value else "0"


def _level(value: Decimal) -> str:
    plain = f"{value:,f}"
    whole = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return whole if len(whole) <= 22 else _signed(_with_exponent(value))


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
