"""Words as a sentence needs them: so many things, and a clause at its beginning."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """So many things.

    Examples
    --------
    >>> counted(1, "row"), counted(20640, "row"), counted(2, "pass")
    ('1 row', '20,640 rows', '2 passes')
    """
    return f"{count:,} {thing}{'' if count == 1 else 'es' if thing.endswith('s') else 's'}"


def capitalised(clause: str) -> str:
    """A clause as a sentence begins: its first letter a capital one, all others as they are.

    Examples
    --------
    >>> capitalised("robust F(3, 116) = 2")
    'Robust F(3, 116) = 2'
    """
    return clause[:1].upper() + clause[1:]
