"""Numbers as a reader wants them: so many digits, and no more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

MINUS = "\N{MINUS SIGN}"
ALL_DIGITS = 17  # with so many every float64 number is told from all others


def short(value: float, digits: int = 7) -> str:
    """So many significant digits; plain below ten million, where an exponent would only slow the reader down.

    Examples
    --------
    >>> short(1234567.891), short(0.00001234, 3), short(12345678.9, 9), short(float("nan"))
    ('1234568', '1.23e-05', '12345678.9', '-')
    """
    if math.isnan(value):
        return "-"
    rounded = float(f"{value:.{digits}g}")
    if rounded != 0 and not 1e-4 <= abs(rounded) < max(1e7, 10.0 ** min(digits, ALL_DIGITS)):
        return f"{value:.{digits}g}"
    return np.format_float_positional(rounded, trim="-")


def digits_beside(value: float, unit: float, of_unit: int = 1, least: int = 4) -> int:
    """How many significant digits of a number show so many of a smaller one's.

    Examples
    --------
    >>> digits_beside(101_324.92, 2.0794, 5), digits_beside(3.0, 2.0)
    (10, 4)
    """
    if not (0.0 < abs(value) < math.inf and 0.0 < unit < math.inf):
        return least
    return max(least, min(ALL_DIGITS, magnitude(abs(value)) - magnitude(unit) + of_unit))


def interval_digits(low: float, high: float, error: float, least: int) -> int:
    """How many significant digits of an interval's limits show the third of the standard error; 7 where there is none.

    Examples
    --------
    >>> interval_digits(999_999_999_999_999.1, 1e15, 0.44, 5), interval_digits(2.0, 2.0, 0.0, 5)
    (17, 7)
    """
    size = max(abs(low), abs(high))
    if not (0.0 < error < math.inf and 0.0 < size < math.inf):
        return 7
    return digits_beside(size, error, 3, least)


def places(value: float, decimals: int = 2) -> str:
    """So many decimals, where they say something: of ten million and more five digits.

    Examples
    --------
    >>> places(-4.961), places(123456789.0)
    ('-4.96', '1.2346e+08')
    """
    if math.isnan(value):
        return "-"
    return f"{value:.{decimals}f}" if abs(value) < 1e7 else f"{value:.5g}"


def magnitude(value: float) -> int:
    """The place of the first digit; 0 where there is none."""
    return math.floor(math.log10(value)) if 0 < value < math.inf else 0


def p_value(p: float, *, inline: bool = False) -> str:
    """Four decimals, "< 0.0001" below them; `inline` with a sign before it."""
    if math.isnan(p):
        return "-"
    if p < 0.0001:
        return "< 0.0001"
    return f"= {p:.4f}" if inline else f"{p:.4f}"


def plain(value: Any) -> Any:
    """Floats and pairs of floats for JSON; what is not a number is absent."""
    if np.ndim(value):
        return None if not np.isfinite(value).all() else [float(v) for v in value]
    return float(value) if math.isfinite(value) else None
