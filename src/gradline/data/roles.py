"""Which column plays which part, found by name."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from gradline.data.cells import NotANumber
from gradline.errors import DataError

LONGEST_HINT = 2000  # characters of names


def check_names(features: Any, reference: Any, **texts: Any) -> None:
    """Refuse what is no text where a text names something, and what is no list where names are asked for.

    Raises
    ------
    DataError
    """
    for what, given in texts.items():
        if not isinstance(given, str | None):
            hint = f"{what}={str(given)!r}" if isinstance(given, Real) else None
            raise DataError(f"{what}={given!r} is of type {type(given).__name__}, expected a text", hint=hint)
    if not isinstance(features, Collection | None):  # a text is one name
        named = f"[{str(features)!r}]" if isinstance(features, Real) else "['a', 'b']"
        raise DataError(f"features={features!r} is no list of names", hint=f"features={named}")
    for name in () if features is None else features:
        if not isinstance(name, str):
            raise DataError(f"features holds {name!r} of type {type(name).__name__}, expected names of columns")
    if not isinstance(reference, Mapping | None):
        raise DataError(
            f"reference={reference!r} says of no column which level it is compared with",
            hint="reference={'city': 'Rome'}",
        )


class FirstLine(tuple[str, ...]):
    """Names of columns that are the first line of a text, where something else may stand."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns are the features, the target and the weight."""

    features: tuple[str, ...]
    target: str
    weight: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        every = (*self.features, self.target) + ((self.weight,) if self.weight else ())
        return tuple(dict.fromkeys(every))

    @classmethod
    def of(
        cls,
        table: str,
        column_names: Sequence[str],
        *,
        target: str | None,
        features: Sequence[str] | None = None,
        weight: str | None = None,
        labels: Collection[str] = (),
    ) -> Roles:
        """Find the columns asked for; `features=None` takes all but the target, the weight and the labels of rows.

        Raises
        ------
        DataError
            Where a column is absent (with the nearest name), asked for twice, or its name occurs twice in the table.
        """
        if target is None:
            raise DataError(
                f"which column of {table} is the target? It has {listed(column_names)}",
                hint=next((f"target={name!r}" for name in reversed(column_names) if name not in labels), None),
            )
        target = find_column(table, column_names, target)
        weight = None if weight is None else find_column(table, column_names, weight)
        if weight == target:
            raise DataError(
                f"column {target!r} of {table} cannot be both the target and the weight",
                hint="choose another weight, or none",
            )
        if features is None:
            for position, name in enumerate(column_names, 1):
                if not name:
                    raise DataError(
                        f"column {position} of {table} has no name",
                        hint=f"say which columns to use: {naming([c for c in column_names if c and c != target])}",
                    )
            chosen = [name for name in column_names if name not in (target, weight, *labels)]
            if len(set(column_names)) < len(column_names):
                chosen = [find_column(table, column_names, name) for name in chosen]
        else:
            asked = [features] if isinstance(features, str) else list(features)
            chosen = [find_column(table, column_names, name) for name in asked]
        if target in chosen:
            raise DataError(
                f"column {target!r} of {table} cannot be both the target and a feature",
                hint="name the other columns alone",
            )
        (name, times), *_ = Counter(chosen).most_common(1) or [("", 0)]
        if times > 1:
            raise DataError(f"feature {name!r} is listed {times} times", hint="list it once")
        others = [name for name in column_names if name not in ("", target, weight)]
        if not chosen and others:
            raise DataError(f"features is empty, expected a column of {table}", hint=f"features={listed(others, 12)}")
        if not chosen:
            raise DataError(
                f"no features: {table} has no column beside {target!r} to learn from", hint="name another target"
            )
        return cls(tuple(chosen), target, weight)


def find_column(table: str, column_names: Sequence[str], asked: str) -> str:
    """Return the name as the table has it, padding aside; an absent or ambiguous one is a DataError."""
    name = str(asked)
    found = [column for column in column_names if column == name]
    found = found or [column for column in column_names if column.strip() == name.strip()]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{table} has {len(found)} columns named {name!r}", hint="give each column a name of its own")
    folded = {str(c).casefold(): c for c in column_names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean {folded[near[0]]!r}?" if near else None
    if isinstance(column_names, FirstLine):
        hint = hint or _no_header(table, column_names)
        if all(map(_reads_as_number, column_names)):
            hint = f"the first line of {table} looks like data: gradline reads column names from it"
    raise DataError(f"no column {name!r} in {table}; it has {listed(column_names)}", hint=hint)


def _no_header(table: str, names: Sequence[str]) -> str | None:
    """What to do where the names are hardly those of columns: they are of a line above these."""
    if names and re.match(r"sep=", names[0], re.IGNORECASE):
        return f"delete the first line of {table}, which is for Excel: gradline finds the delimiter itself"
    if 0 < len(names) <= 2 or list(names).count("") > 1 or any(name.startswith("#") for name in names):
        return (
            f"column names are read from the first line of a text: if something else stands there in {table}, delete it"
        )
    return None


def listed(names: Sequence[Any], most: int = 20) -> str:
    """Names or levels as a Python list, cut where there are too many to read."""
    if len(names) <= most:
        return repr(list(names))
    return f"{repr(list(names[:most]))[:-1]}, ... {len(names) - most} more]"


def naming(features: Sequence[str]) -> str:
    """What asks for these features alone, for a hint: whole, so that it can be copied, unless it is a page long.

    Examples
    --------
    >>> naming(["sqft", "sold on"])
    "features=['sqft', 'sold on']"
    >>> naming([f"x{number}" for number in range(4000)])
    'features=[...] of the 4000 others'
    """
    names = repr(list(features))
    return f"features={names}" if len(names) <= LONGEST_HINT else f"features=[...] of the {len(features)} others"


def as_category(name: str) -> str:
    """What takes a column as a category, among the features or in a formula.

    Examples
    --------
    >>> as_category("zip"), as_category("zip code")
    ('C(zip)', 'C(`zip code`)')
    """
    return f"C({as_variable(name)})"


def as_variable(name: str) -> str:
    """A column as a formula names it."""
    return name if name.isidentifier() else f"`{name}`"


def _reads_as_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def not_a_number(cell: NotANumber, table: str, roles: Roles, numeric: Sequence[str]) -> DataError:
    """Turn a cell into the sentence for the user, with the columns that could be used instead."""
    others = [name for name in numeric if name not in (roles.target, roles.weight, cell.column)]
    hint = cell.hint
    if hint is None and cell.expected is not None:
        hint = f"expected {cell.expected}"
        if cell.column in roles.features:  # a target is no category
            hint += f", as in the first rows; {as_category(cell.column)} reads the column as a category"
    elif hint is None and cell.column in roles.features and others:
        hint = f"use the numeric columns: {naming(others)}"
    elif hint is None and cell.column == roles.target and others:
        hint = f"a target is a number: target={others[0]!r}"
    return DataError(f"column {cell.column!r} of {table} holds {cell.what} in row {cell.row}", hint=hint)
