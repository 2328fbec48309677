"""Names from the data where a reader meets them: on one line, and of a long one both ends."""

from __future__ import annotations

LONGEST = 48  # characters


def one_line(name: str) -> str:
    """A name without line ends, which would tear a table apart."""
    return " ".join(name.split())


def shortened(name: str, longest: int = LONGEST) -> str:
    """A name on one line, of at most so many characters: its beginning and its end.

    Examples
    --------
    >>> shortened("rooms", 11), shortened("a" * 30 + "b" * 30, 11)
    ('rooms', 'aaaaa…bbbbb')
    """
    whole = one_line(name)
    if len(whole) <= longest:
        return whole
    tail = (longest - 1) // 2
    return f"{whole[: longest - 1 - tail]}…{whole[-tail:]}"
