"""What a formula may say: arithmetic, comparisons and functions of one row, codings of categories; nothing else."""

from __future__ import annotations

import ast
import keyword
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradline.data.columns.kinds import Kind
from gradline.data.roles import listed
from gradline.errors import DataError, MissingExtraError

OF_NUMBERS = ("log", "log10", "log2", "log1p", "exp", "exp2", "expm1", "sqrt", "abs", "sin", "cos", "tan")
CODINGS = (
    *("Treatment", "Sum", "Helmert", "Diff", "Poly"),
    *(f"contr.{name}" for name in ("treatment", "sum", "helmert", "diff", "poly", "SAS")),
)
OF_ALL_ROWS = ("center", "scale", "standardize", "poly", "bs", "cr", "cc", "cs", "lag", "hashed")
# Of a formula as text: a power of one column, what opens a call, brackets, and what stands in quotes.
OUTLINE = re.compile(
    r"""(?P<power>(`[^`]*`|[^\W\d][\w.]*)\s*(?:\^|\*\*)\s*\d+)|(?P<call>[\w.]+\s*\()|[()]|`[^`]*`|'[^']*'|"[^"]*\""""
)
SIGNS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def parsed_formula(text: str, available: Sequence[str]) -> Any:
    """What formulaic reads in a formula, whose right side is `rhs`; a dot stands for the `available` columns.

    Raises
    ------
    DataError
        Where it is no formula, or several.
    MissingExtraError
        Where formulaic is not installed.
    """
    try:
        import formulaic
    except ImportError:
        raise MissingExtraError("a formula", "formula") from None
    _refuse_power_of_one(text)
    try:
        parsed = formulaic.Formula(text, _context={"__formulaic_variables_available__": list(available)})
    except Exception as error:  # whatever its parser makes of what the user wrote
        words = [name for name in available if keyword.iskeyword(name) and re.search(rf"\b{name}\b", text)]
        if isinstance(error, SyntaxError) and words:
            raise DataError(
                f"the column {words[0]!r} has the name of a word of Python, and stands in no function of a formula: "
                f"{text!r}",
                hint="rename the column",
            ) from None
        raise unreadable(text, error) from None
    if not hasattr(parsed, "rhs"):
        parsed = formulaic.Formula(rhs=parsed)
    if not hasattr(parsed.rhs, "__iter__") or isinstance(parsed.rhs, tuple):
        raise DataError(f"the formula {text!r} has several parts, expected one: 'y ~ a + b'")
    return parsed


def _refuse_power_of_one(text: str) -> None:
    """Outside calls a power of a sum is its interactions, of one column the column alone: nobody means that."""
    calls: list[bool] = []
    for found in OUTLINE.finditer(text):
        if found["call"] or found[0] == "(":
            calls.append(bool(found["call"]))
        elif found[0] == ")" and calls:
            calls.pop()
        elif found["power"] and not any(calls):
            column, power = found[2], re.split(r"\^|\*\*", found[0])[-1].strip()
            raise DataError(
                f"{found[0]!r} in the formula {text!r} is {column} alone: outside I(...) powers are interactions",
                hint=f"a power is written I({column}**{power})",
            )


def left_side(parsed: Any) -> list[Any]:
    """Its terms; none where it has no left side."""
    return list(getattr(parsed, "lhs", ()))


def pieces(text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What stands on either side of a formula that can be read, each with its kind, before terms are made of them.

    Examples
    --------
    >>> pieces("y ~ log( x ):`log(x)` - .")[1]
    [('1', 'value'), ('log(x)', 'python'), ('log(x)', 'name'), ('.', 'dot')]
    """
    from formulaic.parser import DefaultFormulaParser

    sides: tuple[list[tuple[str, str]], list[tuple[str, str]]] = [], []
    side = int("~" not in text)
    for token in DefaultFormulaParser().get_tokens(text):
        kind = token.kind.value if token.kind else ""
        if kind != "operator":
            sides[side].append((token.token, kind))
        elif token.token == ".":
            sides[side].append((token.token, "dot"))
        elif token.token == "~":
            side = 1
    return sides


def refuse_multiple(term: Any, formula: str, kinds: Mapping[str, Kind]) -> None:
    """Refuse 1000:x, whose coefficient would be told as that of x."""
    numbers = [factor.expr for factor in term.factors if factor.eval_method.value == "literal" and factor.expr != "1"]
    if not numbers:
        return
    columns = [factor.expr for factor in term.factors if factor.eval_method.value != "literal"]
    first = next((c for c in columns if not c.startswith("C(") and kinds.get(c.strip("`")) is not Kind.TEXT), None)
    scaled = first and f"I({' * '.join([*numbers, first])})"
    raise DataError(
        f"{str(term)!r} in the formula {formula!r} is a multiple of {':'.join(columns)}, and would have that name",
        hint=scaled and f"a multiple is written {':'.join(scaled if c == first else c for c in columns)}",
    )


def variables(
    expression: str, method: str, formula: str, kinds: Mapping[str, Kind], table: str
) -> Iterator[tuple[str, bool]]:
    """The columns that a factor mentions, and whether as C(column); refuses any code but arithmetic of one row."""
    if method == "literal":
        return
    if method == "lookup":
        yield _column(expression, formula, kinds, table), False
        return
    tree, quoted = _tree(expression, formula)
    for name, insisted in _names(tree, formula):
        yield _column(quoted.get(name, name), formula, kinds, table), insisted


def functions(expression: str, formula: str) -> set[str]:
    """What a factor that is code calls by name: functions, codings and modules.

    Examples
    --------
    >>> sorted(functions("C(city, Sum)", "y ~ C(city, Sum)")), functions("np.log(log)", "y ~ np.log(log)")
    (['C', 'Sum'], {'np'})
    """
    tree, _ = _tree(expression, formula)
    every = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return set(every - Counter(name for name, _ in _names(tree, formula)))


def _tree(expression: str, formula: str) -> tuple[ast.expr, dict[str, str]]:
    """Code as Python reads it, with the columns that its quoted names stand for."""
    from formulaic.utils.code import sanitize_variable_names

    quoted: dict[str, str] = {}
    try:
        return ast.parse(sanitize_variable_names(expression, {}, quoted), mode="eval").body, quoted
    except (SyntaxError, ValueError, MemoryError):
        raise DataError(f"{expression!r} in the formula {formula!r} cannot be read") from None


def _names(node: ast.AST, formula: str) -> Iterator[tuple[str, bool]]:
    """The names that an expression mentions, and whether as C(name), if it is one that is allowed."""
    match node:
        case ast.Name(id=name):
            yield name, False
        case ast.Constant(value=bool() | int() | float()):
            pass
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=part):
            yield from _names(part, formula)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Mod()):
            yield from _names(left, formula)
            yield from _names(node.right, formula)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            found = [*_names(left, formula), *_names(right, formula)]
            if not found:  # 9**9**9**9 would take all day
                raise DataError(f"{ast.unparse(node)} in the formula {formula!r} is a power of no column")
            yield from found
        case ast.Compare(left=left, comparators=others) if all(isinstance(sign, SIGNS) for sign in node.ops):
            for part in (left, *others):
                if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
                    yield from _names(part, formula)
        case ast.BinOp(left=left, op=ast.BitXor(), right=right):
            power = ast.unparse(ast.BinOp(left, ast.Pow(), right))
            raise DataError(
                f"{ast.unparse(node)!r} in the formula {formula!r} is no power", hint=f"a power is written {power}"
            )
        case ast.Call(func=function):
            yield from _names_in_call(node, ast.unparse(function), formula)
        case _:
            raise DataError(f"{ast.unparse(node)!r} in the formula {formula!r} is more than arithmetic of columns")


def _names_in_call(call: ast.Call, function: str, formula: str) -> Iterator[tuple[str, bool]]:
    plain = function.removeprefix("np.")
    if plain in OF_ALL_ROWS:
        raise DataError(
            f"{ast.unparse(call)} in the formula needs all rows before the first, but rows are read in one stream",
            hint="x itself fits as well as center(x) or scale(x), x + I(x**2) as poly(x, 2)",
        )
    if plain in OF_NUMBERS or function == "I":
        if len(call.args) != 1 or call.keywords:
            raise DataError(f"{ast.unparse(call)} in the formula {formula!r}: expected {function}(...) of one column")
        yield from _names(call.args[0], formula)
    elif function == "C":
        column = call.args[0] if call.args else None
        codings = [*call.args[1:], *(word.value if word.arg == "contr" else word for word in call.keywords)]
        if not isinstance(column, ast.Name):
            what = ast.unparse(column) if column else "nothing"
            raise DataError(
                f"C(...) in the formula {formula!r} holds {what}, expected one column",
                hint="I(x > 5) is 1 where that is true, and 0 elsewhere",
            )
        for coding in codings:
            _check_coding(coding, formula)
        yield column.id, True
    else:
        known = ", ".join((*OF_NUMBERS, "I", "C"))
        raise DataError(f"{function}(...) in the formula {formula!r} is not known, expected one of {known}")


def _check_coding(coding: ast.AST, formula: str) -> None:
    """Of C(column, coding): a name, or a call of it with constants alone."""
    function = coding.func if isinstance(coding, ast.Call) else coding
    given = [*coding.args, *(k.value for k in coding.keywords)] if isinstance(coding, ast.Call) else []
    constants = (ast.Constant, ast.UnaryOp, ast.USub, ast.List, ast.Tuple, ast.Load)
    if ast.unparse(function) not in CODINGS or not all(
        isinstance(part, constants) for value in given for part in ast.walk(value)
    ):
        raise DataError(
            f"{ast.unparse(coding)} in the formula {formula!r} is no coding of levels, expected one of "
            f"{', '.join(CODINGS)}",
            hint="C(city, Treatment('Oslo')) compares with that level",
        )


def _column(name: str, formula: str, kinds: Mapping[str, Kind], table: str) -> str:
    from gradline.data.roles import find_column

    found = find_column(table, tuple(kinds), name)
    if found != name:
        raise DataError(f"no column {name!r} in {table}", hint=f"its name is padded: write `{found}`")
    return found


def unreadable(text: str, error: Exception, levels: Mapping[str, Sequence[Any]] | None = None) -> DataError:
    """What to say where formulaic could make nothing of a formula; `levels` are those of its categories."""
    if isinstance(error, SyntaxError):
        return DataError(
            f"the formula {text!r} holds what is no arithmetic of columns, such as log(sqft) or I(sqft**2)",
            hint="for example 'price ~ sqft + C(city)'",
        )
    base = re.match(r"Value `(.+)` for `\w+\.base` is not among the provided levels", str(error))
    if base and (found := _other_level(text, base[1], levels or {})):
        return found
    if str(error).startswith("Numeric literals"):
        return DataError(
            f"the formula {text!r} cannot be read: a number stands where a column is expected",
            hint="a multiple of a column is written I(2 * x)",
        )
    first = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).partition("\n")[0]
    return DataError(f"the formula {text!r} cannot be read: {first}", hint="for example 'price ~ sqft + C(city)'")


def _other_level(text: str, base: str, levels: Mapping[str, Sequence[Any]]) -> DataError | None:
    """What to say of a level to compare with that a category has not; `base` is its repr."""
    bare = base.strip("'")
    written = rf"""(['"]){re.escape(bare)}\2""" if bare != base else re.escape(base)
    for name, known in levels.items():
        before = rf"(C\(\s*`?{re.escape(name)}`?\s*,[^()]*\([^()]*?)"
        at = re.search(before + written, text)
        if at is None or base in map(repr, known) or not known:
            continue
        instead = bare if bare in map(str, known) else repr(known[0])  # a number was written as a text
        return DataError(
            f"the formula {text!r} compares with the level {base} of {name!r}, which does not occur; there are "
            f"{listed(known, 8)}",
            hint=f"for example {text[: at.end(1)] + instead + text[at.end() :]!r}",
        )
    return None
