"""From what the user asked for to the columns of X: features by name, or a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from gradline.data.columns import INSISTED, Column, Terms
from gradline.data.formula import Formula
from gradline.data.kinds import Kind
from gradline.data.reader import Reader
from gradline.data.roles import Roles, find_column, listed
from gradline.errors import DataError

Design: TypeAlias = Terms | Formula
Weights = Literal["analytic", "frequency"]


def designed(
    reader: Reader,
    target: str | None,
    features: Sequence[str] | None,
    formula: str | None,
    reference: Mapping[str, str],
    weight: str | None,
) -> tuple[Roles, Design]:
    """Which columns play which part, and how X is made of them.

    Raises
    ------
    DataError
        Where a column is absent or asked for twice, `reference` names what is no category, or target and features are
        given beside a formula.
    """
    kinds = reader.kinds()
    if formula is not None:
        return _by_formula(reader, kinds, target, features, formula, reference, weight)
    insisted: set[str] = set()
    asked: list[str] | None = None
    if features is not None:
        asked = [features] if isinstance(features, str) else [str(name) for name in features]
        for place, name in enumerate(asked):
            match = INSISTED.fullmatch(name.strip())
            if match and name not in reader.column_names:
                asked[place] = find_column(reader.name, reader.column_names, match[1])
                insisted.add(asked[place])
    roles = Roles.of(reader.name, reader.column_names, target=target, features=asked, weight=weight)
    columns = []
    levels = {find_column(reader.name, reader.column_names, name): level for name, level in reference.items()}
    for name in roles.features:
        category = name in insisted or kinds[name] is Kind.TEXT
        columns.append(Column(name, kinds[name], category, name in insisted, None, levels.pop(name, None)))
        if columns[-1].asked_reference is not None and not category:
            raise DataError(
                f"column {name!r} has no reference level: it is no category", hint=f"'C({name})' makes it one"
            )
    if levels:
        raise DataError(f"reference names {next(iter(levels))!r}, which is none of the features")
    return roles, Terms(tuple(columns))


def _by_formula(
    reader: Reader,
    kinds: Mapping[str, Kind],
    target: str | None,
    features: Sequence[str] | None,
    text: str,
    reference: Mapping[str, str],
    weight: str | None,
) -> tuple[Roles, Formula]:
    if features is not None:
        raise DataError("a formula names the features: expected either, not both")
    if reference:
        name, level = next(iter(reference.items()))
        raise DataError("a formula names its reference levels itself", hint=f"C({name}, Treatment({level!r}))")
    names = reader.column_names
    weight = None if weight is None else find_column(reader.name, names, weight)
    if "~" not in text and target is not None:
        text, target = f"`{find_column(reader.name, names, target)}` ~ {text}", None
    available = {name: kinds[name] for name in names if name != weight}
    formula = Formula.of(text, available, reader.name)
    if formula.target is None:
        raise DataError(f"the formula {text!r} has no target, expected one before a ~", hint=f"'{names[-1]} ~ {text}'")
    if target is not None and target not in formula.left:
        raise DataError(f"the target is {target!r}, but that of the formula {text!r} is {formula.target!r}")
    twice = [name for name in formula.left if name in formula.raw]
    if twice:
        raise DataError(f"column {twice[0]!r} is on both sides of the formula {text!r}")
    if not formula.raw:
        raise DataError(f"the formula {text!r} names no features; {reader.name} has {listed(names)}")
    read = tuple(dict.fromkeys((*formula.raw, *formula.left)))
    return Roles(read, formula.target, weight), formula


def check_weights(weights: str) -> None:
    """Refuse a kind of weight that does not exist."""
    if weights not in get_args(Weights):
        raise DataError(f"weights={weights!r} is not known", hint="weights='analytic' or weights='frequency'")
