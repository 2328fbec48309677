"""Names from the data where a reader meets them: on one line, and of a long one both ends."""

from __future__ import annotations

from gradline.data.visible import visible

LONGEST = 48  # characters


def one_line(name: str) -> str:
    r"""A name without line ends, which would tear a table apart, and without what a reader could not see.

    Examples
    --------
    >>> print(one_line("a\nb"), one_line("red \x1b[31m"))
    a b red \x1b[31m
    """
    return visible(" ".join(name.split()))


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
