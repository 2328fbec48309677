"""From what the user asked for to the columns of X: features by name, or a formula."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, get_args

import numpy as np

from gradline.data.columns.asked import NamesInLine
from gradline.data.columns.formula import Formula
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import word_of
from gradline.data.columns.level_names import level_names
from gradline.data.columns.terms import INSISTED, Column, Terms
from gradline.data.readers.reader import Reader, labels_of
from gradline.data.roles import Roles, as_category, as_variable, find_column, listed
from gradline.data.weighting import Weights
from gradline.errors import DataError

Design: TypeAlias = Terms | Formula


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
    table = getattr(reader, "columns_of", reader.name)
    if formula is not None:
        return _by_formula(reader, kinds, target, features, formula, reference, weight)
    insisted: set[str] = set()
    asked: list[str] | None = None
    if features is not None:
        if isinstance(features, NamesInLine):
            features = features.among(reader.column_names)
        asked = [features] if isinstance(features, str) else [str(name) for name in features]
        for place, name in enumerate(asked):
            match = INSISTED.fullmatch(name.strip())
            if match and name not in reader.column_names:
                asked[place] = find_column(table, reader.column_names, match["column"])
                insisted.add(asked[place])
    roles = Roles.of(table, reader.column_names, target=target, features=asked, weight=weight, labels=labels_of(reader))
    columns = []
    levels = {}
    for asked_name, level in reference.items():
        name = find_column(table, reader.column_names, asked_name)
        levels[name] = _level(name, level, kinds[name])
    for name in roles.features:
        category = name in insisted or kinds[name] is Kind.TEXT
        columns.append(Column(name, kinds[name], category, name in insisted, None, levels.pop(name, None)))
        if columns[-1].asked_reference is not None and not category:
            raise DataError(
                f"column {name!r} has no reference level: it is no category", hint=f"{as_category(name)!r} makes it one"
            )
    if levels:
        raise DataError(f"reference names {next(iter(levels))!r}, which is none of the features")
    return roles, Terms(tuple(columns))


def _level(name: str, level: Any, kind: Kind) -> str:
    """A reference as the levels are named, where it is given as a number, a date or a boolean, or as these are written.

    Raises
    ------
    DataError
        Where it is a missing cell, which no level is.
    """
    word = word_of(level.item() if isinstance(level, np.generic) else level)
    if word is not None and kind.is_numeric:
        word = level_names([word], kind)[0]
    if word is None:
        raise DataError(
            f"the reference {level!r} of {name!r} is a missing cell, and no level",
            hint="name one of its levels, as reference={'city': 'Rome'} does",
        )
    return word


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
        compared = f"C({as_variable(name)}, Treatment({level!r}))"
        raise DataError("a formula names its reference levels itself", hint=repr(compared))
    names, table = reader.column_names, getattr(reader, "columns_of", reader.name)
    weight = None if weight is None else find_column(table, names, weight)
    if "~" not in text and target is not None:
        text, target = f"`{find_column(table, names, target)}` ~ {text}", None
    unasked = {name for name in labels_of(reader) if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    available = {name: kinds[name] for name in names if name not in unasked}
    formula = Formula.of(text, available, table, [name for name in available if name != weight])
    if weight in formula.kinds:  # it is a column like any other then, for a dot as well
        formula = Formula.of(text, available, table)
    if formula.target is None:
        right = text.strip().removeprefix("~").strip() or "."
        left = next((name for name in reversed(names) if name not in (weight, *formula.raw)), None)
        whole = f"{right} ~ ." if right == names[-1] else None
        hint = whole or (left and f"{as_variable(left)} ~ {right}")
        raise DataError(f"the formula {text!r} has no target, expected one before a ~", hint=hint and repr(hint))
    if target is not None and target not in formula.left:
        raise DataError(f"the target is {target!r}, but that of the formula {text!r} is {formula.target!r}")
    if weight in formula.left:
        raise DataError(
            f"column {weight!r} of {table} cannot be both the target and the weight",
            hint="choose another weight, or none",
        )
    twice = [name for name in formula.left if name in formula.raw]
    if twice:
        raise DataError(f"column {twice[0]!r} is on both sides of the formula {text!r}")
    if not formula.raw:
        raise DataError(f"the formula {text!r} names no features; {table} has {listed(names)}")
    read = tuple(dict.fromkeys((*formula.raw, *formula.left)))
    return Roles(read, formula.target, weight), formula


def design_of(source: Any) -> Design | None:
    """How a source makes X of the columns of a table; None where they are the same numbers."""
    design: Design | None = getattr(source, "design", None)
    return None if design is None or (design.names == design.raw and not design.notes) else design


def intercept_of(source: Any, fit_intercept: bool) -> bool:
    """Whether to fit a constant term: a formula decides.

    Raises
    ------
    DataError
        Where a formula has one that shall not be fitted, or without one nothing would stand for a reference level.
    """
    by_formula: bool | None = getattr(source, "intercept", None)
    if by_formula is not None:
        if by_formula and not fit_intercept:
            raise DataError("the formula has an intercept, but none was asked for", hint="end the formula with - 1")
        return by_formula
    design = getattr(source, "design", None)
    if not fit_intercept and isinstance(design, Terms) and design.categories.columns:
        name = design.categories.columns[0].name
        formula = f"{as_variable(source.target_name)} ~ {as_category(name)} + ... - 1"
        raise DataError(
            f"without an intercept nothing stands for the reference level of {name!r}",
            hint=f"formula={formula!r} gives each level its own coefficient",
        )
    return fit_intercept


def kept(design: Design) -> dict[str, Any]:
    """A design whose levels are known, in what JSON has.

    Examples
    --------
    >>> kept(Terms((Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo")),)))
    {'columns': [{'name': 'city', 'kind': 'text', 'levels': ['Bonn', 'Oslo'], 'reference': None}]}
    """
    if isinstance(design, Formula):
        categories = {column.name: column for column in design.categories.columns}
        columns = (categories.get(name, Column(name, kind)) for name, kind in design.kinds.items())
        return {"formula": design.text, "columns": [_kept(column) for column in columns]}
    return {"columns": [_kept(column) for column in design.columns]}


def read_kept(state: Mapping[str, Any]) -> Design:
    """What `kept` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        Where it is not that; DataError for a formula that would not have been accepted.
    """
    columns = tuple(_read_column(column) for column in state["columns"])
    if "formula" not in state:
        return Terms(columns)
    formula = Formula.of(state["formula"], {column.name: column.kind for column in columns})
    return formula.with_levels({column.name: column.levels or () for column in columns})


def _kept(column: Column) -> dict[str, Any]:
    state: dict[str, Any] = {"name": column.name, "kind": column.kind.value}
    if column.is_category:
        state |= {"levels": list(column.levels or ()), "reference": column.asked_reference}
    return state


def _read_column(state: Mapping[str, Any]) -> Column:
    levels = state.get("levels")
    if levels is None:
        return Column(str(state["name"]), Kind(state["kind"]))
    if not all(isinstance(level, str) for level in levels) or len(set(levels)) < len(levels):
        raise ValueError("levels are not different texts")
    # It was accepted once.
    return Column(str(state["name"]), Kind(state["kind"]), True, True, tuple(levels), state["reference"])


def check_weights(weights: str) -> None:
    """Refuse a kind of weight that does not exist."""
    if weights not in get_args(Weights):
        raise DataError(f"weights={weights!r} is not known", hint="weights='analytic' or weights='frequency'")
