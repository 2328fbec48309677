"""Columns of X by a formula such as `price ~ log(sqft) + C(city) * age`, block by block."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradline.data.columns import Column, Layout, Terms, UnseenLevel, as_labels
from gradline.data.kinds import Kind
from gradline.data.reader import Cells
from gradline.errors import DataError, MissingExtraError
from gradline.solution import Array

INTERCEPT = "Intercept"
OF_NUMBERS = ("log", "log10", "log2", "log1p", "exp", "exp10", "exp2", "expm1", "sqrt", "abs", "sin", "cos", "tan")
OF_CATEGORIES = ("C", "Treatment", "Sum", "Helmert", "Diff", "Poly")
OF_ALL_ROWS = ("center", "scale", "standardize", "poly", "bs", "cr", "cc", "cs", "lag", "hashed")
ALLOWED = (
    *(ast.Expression, ast.Constant, ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.Call, ast.keyword, ast.Attribute),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub, ast.UAdd),
    *(ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.List, ast.Tuple),
)


@dataclass(frozen=True, eq=False)
class Formula:
    """What formulaic makes of the columns of a table; every row by itself, so that rows can come in any blocks.

    Only arithmetic, functions of one row and codings of categories are allowed: what needs all rows before the first
    (`center`, `poly`, splines) is refused, and so is any other code, since a formula is kept in model files.

    Attributes
    ----------
    text : str
    kinds : dict of str to Kind
        Of the columns it mentions.
    categories : Terms
        Those of them that are categories: text, and what stands in C(...).

    Examples
    --------
    >>> formula = Formula.of("price ~ sqft:age + C(city)", {name: Kind.NUMBER for name in ("price", "sqft", "age")}
    ...     | {"city": Kind.TEXT}).with_levels({"city": ["Rome", "Bonn"]})
    >>> from gradline.data.labels import Labels
    >>> formula.names, formula.target, formula.intercept
    (('C(city)[T.Rome]', 'sqft:age'), 'price', True)
    >>> cells = {"sqft": np.array([50.0]), "age": np.array([3.0]), "city": Labels(np.array([0], np.int32), ("Rome",))}
    >>> formula.layout(cells).X()
    array([[  1., 150.]])
    """

    text: str
    kinds: Mapping[str, Kind]
    categories: Terms

    @classmethod
    def of(cls, text: str, kinds: Mapping[str, Kind], table: str = "the table") -> Formula:
        """Read a formula for a table with these columns; the levels of its categories are not known yet.

        Raises
        ------
        DataError
            Where it is no formula, mentions columns that the table lacks, or does what a stream does not allow.
        MissingExtraError
            Where formulaic is not installed.
        """
        parsed = _parsed(text, tuple(kinds))
        mentioned: dict[str, bool] = {}
        for term in (*_left(parsed), *parsed.rhs):
            for factor in term.factors:
                for name, insisted in _variables(factor.expr, factor.eval_method.value == "lookup", text, kinds, table):
                    mentioned[name] = mentioned.get(name, False) or insisted
        columns = tuple(
            Column(name, kinds[name], is_category=True, insisted=insisted)
            for name, insisted in mentioned.items()
            if insisted or kinds[name] is Kind.TEXT
        )
        formula = cls(text, {name: kinds[name] for name in mentioned}, Terms(columns))
        if len(_left(parsed)) > 1:
            raise DataError(f"the formula {text!r} has {len(_left(parsed))} targets, expected one")
        return formula

    @property
    def known(self) -> bool:
        """Whether the levels of all categories are."""
        return self.categories.known

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns of the table that are read as labels."""
        return self.categories.texts

    @property
    def raw(self) -> tuple[str, ...]:
        """Columns of the table that the right side needs."""
        return tuple(dict.fromkeys(name for term in self._parsed.rhs for name in self._names_of(term)))

    @property
    def left(self) -> tuple[str, ...]:
        """Columns of the table that the left side needs."""
        return tuple(dict.fromkeys(name for term in _left(self._parsed) for name in self._names_of(term)))

    @property
    def target(self) -> str | None:
        """The left side; None where there is none."""
        return str(_left(self._parsed)[0]) if _left(self._parsed) else None

    @property
    def intercept(self) -> bool:
        """Whether it has a constant term: all have but those that say `- 1` or `0 +`."""
        return any(not term.factors or str(term) == "1" for term in self._parsed.rhs)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of X; the levels must be known."""
        return tuple(name for name in self._right.column_names if name != INTERCEPT)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the coefficients needs to know of units, origins and levels."""
        plain = (Column(name, kind) for name, kind in self.kinds.items() if name not in self.categories.raw)
        return tuple(note for column in plain if (note := column.note))

    def with_levels(self, levels: Mapping[str, Sequence[str]]) -> Formula:
        """The same, the levels of its categories known."""
        columns = tuple(column.with_levels(levels[column.name]) for column in self.categories.columns)
        return replace(self, categories=Terms(columns))

    def layout(self, cells: Mapping[str, Cells]) -> Layout:
        """X of some rows.

        Raises
        ------
        UnseenLevel
            Where a category has a level that is not known.
        """
        matrix = self._evaluated(self._right, cells)
        kept = [j for j, name in enumerate(self._right.column_names) if name != INTERCEPT]
        X = np.ascontiguousarray(matrix[:, kept])
        return Layout(X.shape[1], lambda: X)

    def response(self, cells: Mapping[str, Cells]) -> Array:
        """The left side, (rows,)."""
        matrix: Array = self._evaluated(self._specs.lhs, cells)
        if matrix.shape[1] != 1:
            raise DataError(f"the target {self.target!r} makes {matrix.shape[1]} columns, expected one of numbers")
        return matrix[:, 0]

    def _names_of(self, term: Any) -> Iterator[str]:
        for factor in term.factors:
            lookup = factor.eval_method.value == "lookup"
            yield from (name for name, _ in _variables(factor.expr, lookup, self.text, self.kinds, "the table"))

    @cached_property
    def _parsed(self) -> Any:
        return _parsed(self.text, tuple(self.kinds))

    @cached_property
    def _specs(self) -> Any:
        """Learned from a small table of ones that has every level: no rows are needed."""
        import pandas as pd
        from formulaic.errors import FormulaicError

        rows = max([len(column.levels or ()) for column in self.categories.columns], default=1) or 1
        ones = {name: np.ones(rows) for name in self.kinds}
        for column in self.categories.columns:
            levels = list(column.levels or ())
            ones[column.name] = _category(column, [levels[i % len(levels)] for i in range(rows)] if levels else [])
        try:
            with np.errstate(all="ignore"):
                return self._parsed.get_model_matrix(pd.DataFrame(ones), na_action="ignore", context={}).model_spec
        except FormulaicError as error:
            raise _unreadable(self.text, error) from None

    @property
    def _right(self) -> Any:
        return getattr(self._specs, "rhs", self._specs)

    def _evaluated(self, spec: Any, cells: Mapping[str, Cells]) -> Array:
        import pandas as pd
        from formulaic.errors import FormulaicError

        frame = {}
        categories = {column.name: column for column in self.categories.columns}
        for name in cells:
            if name not in self.kinds:
                continue
            column = categories.get(name)
            frame[name] = cells[name] if column is None else _coded(column, cells[name])
        try:
            with np.errstate(all="ignore"):
                matrix = spec.get_model_matrix(pd.DataFrame(frame), na_action="ignore", context={})
        except FormulaicError as error:
            raise _unreadable(self.text, error) from None
        return np.asarray(matrix, dtype=np.float64)


def _coded(column: Column, cells: Cells) -> Any:
    """A category as pandas knows it; numbers stay numbers, so that the formula may use them as such beside C()."""
    import pandas as pd

    labels = as_labels(cells)
    levels = column.levels or ()
    place = {level: j for j, level in enumerate(levels)}
    codes = np.array([place.get(level, len(levels)) for level in labels.levels] + [-1], dtype=np.intp)[labels.codes]
    if (codes == len(levels)).any():
        index = int((codes == len(levels)).argmax())
        raise UnseenLevel(column.name, labels.levels[labels.codes[index]], index, levels)
    if column.kind.is_numeric:
        return _whole_where_it_can(levels, cells)
    return pd.Categorical.from_codes(codes, categories=list(levels))


def _category(column: Column, levels: list[str]) -> Any:
    import pandas as pd

    if column.kind.is_numeric:
        return _whole_where_it_can(column.levels or (), np.array([float(level) for level in levels]))
    return pd.Categorical(levels, categories=list(column.levels or ()))


def _whole_where_it_can(levels: Sequence[str], cells: Any) -> Any:
    """Whole numbers as such, for names like C(rooms)[T.3]."""
    return cells.astype(np.int64) if all(level.lstrip("-").isdigit() for level in levels) else cells


def _parsed(text: str, available: tuple[str, ...]) -> Any:
    try:
        import formulaic
        from formulaic.errors import FormulaicError
    except ImportError:
        raise MissingExtraError("a formula", "formula") from None
    try:
        parsed = formulaic.Formula(text, _context={"__formulaic_variables_available__": list(available)})
    except FormulaicError as error:
        raise _unreadable(text, error) from None
    if not hasattr(parsed, "rhs"):
        parsed = formulaic.Formula(rhs=parsed)
    if not hasattr(parsed.rhs, "__iter__") or isinstance(parsed.rhs, tuple):
        raise DataError(f"the formula {text!r} has several parts, expected one: 'y ~ a + b'")
    return parsed


def _left(parsed: Any) -> list[Any]:
    return list(getattr(parsed, "lhs", ()))


def _variables(
    expression: str, lookup: bool, formula: str, kinds: Mapping[str, Kind], table: str
) -> Iterator[tuple[str, bool]]:
    """The columns that a factor mentions, and whether within C(...); refuses any code but arithmetic of one row."""
    if lookup:
        yield _column(expression, formula, kinds, table), False
        return
    quoted: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return f"_quoted_{len(quoted) - 1}"

    try:
        tree = ast.parse(re.sub("`([^`]*)`", stand_in, expression), mode="eval")
    except SyntaxError:
        raise DataError(f"{expression!r} in the formula {formula!r} cannot be read") from None
    if expression.strip("0123456789.") == "":
        return
    functions = set()
    in_category = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            plain = name.removeprefix("np.").removeprefix("contr.")
            if plain in OF_ALL_ROWS:
                raise DataError(
                    f"{expression} in the formula needs all rows before the first, but rows are read in one stream",
                    hint="x itself fits as well as center(x) or scale(x), x + I(x**2) as poly(x, 2)",
                )
            known = (*OF_NUMBERS, *OF_CATEGORIES, "I")
            if plain not in known and not (name.startswith("contr.") and plain.isidentifier()):
                raise DataError(
                    f"{name}(...) in the formula {formula!r} is not known, expected one of {', '.join(known)}"
                )
            functions |= {id(part) for part in ast.walk(node.func)}
            if name == "C":
                in_category |= {id(part) for part in ast.walk(node) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.Attribute):
            if id(node) not in functions:
                raise DataError(f"{ast.unparse(node)} in the formula {formula!r} is no column")
        elif not isinstance(node, ALLOWED):
            raise DataError(f"{expression!r} in the formula {formula!r} is more than arithmetic of columns")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in functions and node.id not in OF_CATEGORIES:
            name = quoted[int(node.id[8:])] if node.id.startswith("_quoted_") else node.id
            yield _column(name, formula, kinds, table), id(node) in in_category


def _column(name: str, formula: str, kinds: Mapping[str, Kind], table: str) -> str:
    from gradline.data.roles import find_column

    found = find_column(table, tuple(kinds), name)
    if found != name:
        raise DataError(f"no column {name!r} in {table}", hint=f"its name is padded: write `{found}`")
    return found


def _unreadable(text: str, error: Exception) -> DataError:
    first = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).partition("\n")[0]
    return DataError(f"the formula {text!r} cannot be read: {first}", hint="for example 'price ~ sqft + C(city)'")
