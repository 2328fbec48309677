"""Names as the page shows them: short enough for its drawings; the long ones stand once in full, at its foot."""

from __future__ import annotations

from collections.abc import Sequence

from gradline.data.visible import visible

SHOWN = 32  # characters of a name wherever it is mentioned
IN_FULL = 3600  # bytes for all names in full together: the page stays small whatever a table calls its columns
COMMAND = 500


def shown(name: str, number: int | None = None) -> str:
    """A name as sentences and axes have it; of a long one its ends, behind the number of its column.

    Examples
    --------
    >>> shown("sqft"), shown("the area of all floors, in square feet, without the garage", 3)
    ('sqft', '#3 the area of all f…he garage')
    """
    name = tame(name)
    if len(name) <= SHOWN:
        return name
    mark = "" if number is None else f"#{number} "
    begin = SHOWN * 2 // 3 - 1 - len(mark)
    return f"{mark}{name[:begin]}…{name[-(SHOWN // 3) + 1 :]}"


def labels(names: Sequence[str]) -> tuple[str, ...]:
    """Each column's own: by its number two that are long and alike differ."""
    return tuple(shown(name, number if len(names) > 1 else None) for number, name in enumerate(names, 1))


def in_full(names: Sequence[str], short: Sequence[str]) -> list[tuple[str, str]]:
    """What is shown of each long name, and the name; where there is no room for all of them, each is cut alike.

    Examples
    --------
    >>> in_full(["x", "y" * 40], ["x", "yy…y"]) == [("yy…y", "y" * 40)]
    True
    """
    long = [(label, name) for label, whole in zip(short, names, strict=True) if (name := tame(whole)) != label]
    room = IN_FULL // max(1, len(long))
    if room <= SHOWN:
        return []
    return [(label, _cut(name, room)) for label, name in long]


def _cut(name: str, room: int) -> str:
    whole = name.encode()
    if len(whole) <= room:
        return name
    return f"{whole[: room - 3].decode(errors='ignore')}… ({len(name):,} characters)"


def tame(name: str) -> str:
    """As it is, spaces too, but on one line and with nothing that a page would obey."""
    return visible(name).translate({ord("\n"): " ", ord("\t"): " "})


def command(line: str) -> str:
    """A command line, unless it is too long to be of use on a page."""
    line = tame(line)
    return line if len(line) <= COMMAND else f"{line[:COMMAND]}..."
