"""Columns of X by a formula such as `price ~ log(sqft) + C(city) * age`, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.columns.formula_names import CONSTANT, refuse_ambiguous
from gradline.data.columns.formula_syntax import (
    OF_NUMBERS,
    left_side,
    parsed_formula,
    refuse_multiple,
    unreadable,
    variables,
)
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import as_labels
from gradline.data.columns.terms import Column, Layout, Terms, UnseenLevel, in_order, refuse_shared
from gradline.data.readers.reader import Cells
from gradline.errors import DataError
from gradline.solution import Array

FUNCTIONS = {name: getattr(np, name) for name in OF_NUMBERS}


@dataclass(frozen=True, eq=False)
class Formula:
    """What formulaic makes of the columns of a table; every row by itself, so that rows can come in any blocks.

    Only arithmetic, comparisons, functions of one row (`log`, `sqrt`, ...) and codings of categories are allowed: what
    needs all rows before the first (`center`, `poly`, splines) is refused, and so is any other code, since a formula is
    kept in model files.

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
    >>> from gradline.data.columns.labels import Labels
    >>> formula.names, formula.target, formula.intercept
    (('C(city)[T.Rome]', 'sqft:age'), 'price', True)
    >>> cells = {"sqft": np.array([50.0]), "age": np.array([3.0]), "city": Labels(np.array([0], np.int32), ("Rome",))}
    >>> formula.layout(cells).X("C")
    array([[  1., 150.]])
    """

    text: str
    kinds: Mapping[str, Kind]
    categories: Terms

    @classmethod
    def of(
        cls, text: str, kinds: Mapping[str, Kind], table: str = "the table", dot: Sequence[str] | None = None
    ) -> Formula:
        """Read a formula for a table with these columns; the levels of its categories are not known yet.

        A dot stands for the columns in `dot`, by default for all.

        Raises
        ------
        DataError
            Where it is no formula, mentions columns that the table lacks or whose names mean something else in it, or
            does what a stream does not allow.
        MissingExtraError
            Where formulaic is not installed.
        """
        dot = tuple(kinds if dot is None else dot)
        parsed = parsed_formula(text, dot)
        mentioned: dict[str, bool] = {}
        for term in (*left_side(parsed), *parsed.rhs):
            refuse_multiple(term, text, kinds)
            for factor in term.factors:
                for name, insisted in variables(factor.expr, factor.eval_method.value, text, kinds, table):
                    mentioned[name] = mentioned.get(name, False) or insisted
        refuse_ambiguous(text, mentioned, dot)
        columns = tuple(
            Column(name, kinds[name], is_category=True, insisted=insisted)
            for name, insisted in mentioned.items()
            if insisted or kinds[name] is Kind.TEXT
        )
        formula = cls(text, {name: kinds[name] for name in mentioned}, Terms(columns))
        if len(left_side(parsed)) > 1:
            raise DataError(f"the formula {text!r} has {len(left_side(parsed))} targets, expected one")
        return formula

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what formulaic made of it, which whoever receives it makes again.
        return Formula, (self.text, dict(self.kinds), self.categories)

    @property
    def known(self) -> bool:
        """Whether the levels of all categories are."""
        return self.categories.known

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns of the table that are read as labels: categories, but for numbers that are taken as such besides."""
        columns = self.categories.columns
        return tuple(c.name for c in columns if not (c.kind.is_numeric and c.name in self._named_as_numbers))

    @property
    def raw(self) -> tuple[str, ...]:
        """Columns of the table that the right side needs."""
        return tuple(dict.fromkeys(name for term in self._parsed.rhs for name in self._names_of(term)))

    @property
    def left(self) -> tuple[str, ...]:
        """Columns of the table that the left side needs."""
        return tuple(dict.fromkeys(name for term in left_side(self._parsed) for name in self._names_of(term)))

    @property
    def target(self) -> str | None:
        """The left side; None where there is none."""
        return str(left_side(self._parsed)[0]) if left_side(self._parsed) else None

    @property
    def intercept(self) -> bool:
        """Whether it has a constant term: all have but those that say `- 1` or `0 +`."""
        return any(not term.factors or str(term) == "1" for term in self._parsed.rhs)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of X; the levels must be known."""
        return tuple(name for name in self._right.column_names if name != CONSTANT)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the coefficients needs to know of units, origins and levels."""
        notes = {column.name: _levels_told(column) for column in self.categories.columns}
        plain = {name: Column(name, kind).note for name, kind in self.kinds.items() if name not in notes}
        return tuple(note for name in self.kinds if (note := notes.get(name) or plain.get(name)))

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
        kept = [j for j, name in enumerate(self._right.column_names) if name != CONSTANT]
        X = np.ascontiguousarray(matrix[:, kept])
        return Layout(X.shape[1], partial(in_order, X))

    def computed(self, cells: Mapping[str, Cells]) -> dict[str, Array]:
        """What is computed of numbers alone, by name: without any levels it shows that log(0) is no number."""
        if self._of_numbers is None:
            return {}
        numbers = {name: column for name, column in cells.items() if name in self.kinds and name not in self.texts}
        matrix = self._model_matrix(self._of_numbers, numbers)
        return dict(zip(matrix.columns, np.asarray(matrix, dtype=np.float64).T, strict=True))

    def response(self, cells: Mapping[str, Cells]) -> Array:
        """The left side, (rows,)."""
        matrix: Array = self._evaluated(self._specs.lhs, cells)
        if matrix.shape[1] != 1:
            raise DataError(f"the target {self.target!r} makes {matrix.shape[1]} columns, expected one of numbers")
        return matrix[:, 0]

    def _names_of(self, term: Any) -> Iterator[str]:
        for factor in term.factors:
            yield from (name for name, _ in self._mentioned(factor))

    def _mentioned(self, factor: Any) -> Iterator[tuple[str, bool]]:
        return variables(factor.expr, factor.eval_method.value, self.text, self.kinds, "the table")

    @cached_property
    def _parsed(self) -> Any:
        return parsed_formula(self.text, tuple(self.kinds))

    @cached_property
    def _specs(self) -> Any:
        """Learned from a small table of ones that has every level: no rows are needed."""
        rows = max([len(column.levels or ()) for column in self.categories.columns], default=1) or 1
        ones: dict[str, Any] = {name: np.ones(rows) for name in self.kinds}
        for column in self.categories.columns:
            levels = len(column.levels or ())
            codes = np.arange(rows) % levels if levels else np.full(rows, -1)
            ones[column.name] = self._category(column, codes)
        specs = self._model_matrix(self._parsed, ones).model_spec
        refuse_shared(getattr(specs, "rhs", specs).column_names)
        return specs

    @property
    def _right(self) -> Any:
        return getattr(self._specs, "rhs", self._specs)

    @cached_property
    def _of_numbers(self) -> Any:
        """Every product of numbers on either side, without the categories it may be multiplied by."""
        import formulaic
        from formulaic.parser.types import Term

        categories = set(self.categories.raw)
        products = {}
        for term in (*left_side(self._parsed), *self._parsed.rhs):
            factors = [f for f in term.factors if not any(name in categories for name, _ in self._mentioned(f))]
            if any(f.eval_method.value == "python" for f in factors) or len(factors) > 1:
                products[str(Term(factors))] = Term(factors)
        return formulaic.Formula([*products.values()]) if products else None

    @cached_property
    def _named_as_numbers(self) -> set[str]:
        """Columns that stand outside C(...) somewhere."""
        factors = (factor for term in (*left_side(self._parsed), *self._parsed.rhs) for factor in term.factors)
        return {name for factor in factors for name, insisted in self._mentioned(factor) if not insisted}

    def _evaluated(self, spec: Any, cells: Mapping[str, Cells]) -> Array:
        frame = {}
        categories = {column.name: column for column in self.categories.columns}
        for name in self.kinds:
            if name in cells:
                frame[name] = self._coded(categories[name], cells[name]) if name in categories else cells[name]
        return np.asarray(self._model_matrix(spec, frame), dtype=np.float64)

    def _model_matrix(self, spec: Any, columns: Mapping[str, Any]) -> Any:
        import pandas as pd

        try:
            with np.errstate(all="ignore"):
                return spec.get_model_matrix(pd.DataFrame(columns), na_action="ignore", context=FUNCTIONS)
        except Exception as error:  # whatever formulaic, pandas and numpy make of what the user wrote
            levels = {column.name: _as_coded(column) for column in self.categories.columns}
            raise unreadable(self.text, error, levels) from None

    def _coded(self, column: Column, cells: Cells) -> Any:
        """A category as pandas knows it; numbers stay numbers where the formula takes them as such beside C()."""
        labels = as_labels(cells)
        levels = column.levels or ()
        place = {level: j for j, level in enumerate(levels)}
        codes = np.array([place.get(level, len(levels)) for level in labels.levels] + [-1], dtype=np.intp)[labels.codes]
        if (codes == len(levels)).any():
            index = int((codes == len(levels)).argmax())
            raise UnseenLevel(column.name, labels.levels[labels.codes[index]], index, levels)
        return self._category(column, codes)

    def _category(self, column: Column, codes: NDArray[np.intp]) -> Any:
        import pandas as pd

        if column.kind.is_numeric and column.name in self._named_as_numbers:
            return np.array([*map(float, column.levels or ()), np.nan])[codes]
        return pd.Categorical.from_codes(codes, categories=_as_coded(column))


def _as_coded(column: Column) -> list[Any]:
    """Levels as a coding knows them: numbers as such where all are, for names like C(rooms)[T.3], and Treatment(3)."""
    levels = list(column.levels or ())
    if column.kind.is_numeric:
        try:
            return [float(level) if "." in level or "e" in level else int(level) for level in levels]
        except ValueError:
            pass
    return levels


def _levels_told(column: Column) -> str:
    """Of a formula, which says how they are coded: Treatment compares with the first, Sum leaves out the last."""
    first, last = (column.levels or ("",))[0], (column.levels or ("",))[-1]
    count = len(column.levels or ())
    return (
        f"{column.name}: {count} levels, {first!r} to {last!r}" if count > 1 else f"{column.name}: 1 level, {first!r}"
    )
