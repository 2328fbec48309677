"""Pitfall 2, a column against a row, and 11, floats of two kinds: where a prediction meets its target."""

from __future__ import annotations

import sys
from typing import Any

from gradline.lessons.checker.notes import Note, Notes, number
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.values import copied

SHOWN = 6  # rows and columns of a table of differences
COLUMNS = (".unsqueeze(1)", ".view(-1, 1)", ".reshape(-1, 1)")


def is_array(value: Any) -> bool:
    """Whether this is a NumPy array or a torch tensor (nothing that imitates one)."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(value, getattr(numpy, "ndarray", ())):
        return True
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def is_column_against_row(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether shapes are (n, 1) and (n,), in either order, n > 1: arithmetic makes n x n of them.

    Examples
    --------
    >>> is_column_against_row((5, 1), (5,)), is_column_against_row((5, 1), (1, 5)), is_column_against_row((5, 3), (3,))
    (True, False, False)
    """
    column, row = (one, other) if len(one) == 2 else (other, one)
    return len(column) == 2 and len(row) == 1 and column[1] == 1 and column[0] == row[0] > 1


def meet(one: Any, other: Any, place: Place, notes: Notes, *, in_loss: bool = False) -> None:
    """Look at two arrays that are subtracted, or at a loss function's prediction and target."""
    shapes = tuple(one.shape), tuple(other.shape)
    if is_column_against_row(*shapes) and not place.deliberate:
        notes.add(_broadcast(one, other, place, in_loss), place.lines)
    if in_loss:
        _dtypes(one, other, place, notes)


def cut_off(array: Any, place: Place, notes: Notes) -> None:
    """12: fractions that are put into a part of an array of whole numbers, where they are cut off without a word."""
    if is_array(array) and getattr(array.dtype, "kind", "f") in "iu":
        name = place.name.partition("[")[0]
        notes.add(
            Note(
                12,
                place.line,
                f"{name} holds whole numbers ({array.dtype}): what is put into a part of it loses its fraction.",
                "An array keeps its dtype when it is changed in place; a step smaller than one changes nothing at all.",
                f"Start from floats: write 1. instead of 1, or {name} = {name}.astype(float).",
            ),
            place.lines,
        )


def _broadcast(one: Any, other: Any, place: Place, in_loss: bool) -> Note:
    rows = one.shape[0]
    first, second = place.name or "prediction", place.other or "target"
    column, row = (first, second) if len(one.shape) == 2 else (second, first)
    torch = type(one).__module__.partition(".")[0] != "numpy"
    reshape = f"{_callable(row)}.view(-1, 1)" if torch else f"{_callable(row)}.reshape(-1, 1)"
    flatten = f"{_callable(column)}.squeeze(1)" if torch else f"{_callable(column)}.ravel()"
    for made in COLUMNS:
        if column.endswith(made):  # it was none before
            flatten = column.removesuffix(made)
    what = "meet in the loss" if in_loss else "are subtracted"
    return Note(
        2,
        place.line,
        f"{first} of shape {tuple(one.shape)} and {second} of shape {tuple(other.shape)} {what}: "
        f"{rows} x {rows} = {rows * rows:,} differences, where {rows} were wanted.",
        "A column against a row makes a table of everything minus everything. Wanted is its diagonal"
        f"{', in brackets' if rows <= SHOWN else ''}: with all of it every prediction is pulled towards the mean of "
        "the targets.",
        f"Give both one shape: {reshape}, or {flatten}.",
        _table(one, other) if rows <= SHOWN else "",
    )


def _table(one: Any, other: Any) -> str:
    left, right = copied(one).ravel().tolist(), copied(other).ravel().tolist()
    rows = []
    for i in range(len(left)):
        cells = []
        for j in range(len(left)):
            # the column's entry is the row of the table, whichever side of the minus it is on
            difference = left[i] - right[j] if len(one.shape) == 2 else left[j] - right[i]
            cells.append(f"[{number(difference)}]" if i == j else f"{number(difference)} ")
        rows.append(" ".join(f"{cell:>9}" for cell in cells).rstrip())
    return "\n".join(rows)


def _dtypes(one: Any, other: Any, place: Place, notes: Notes) -> None:
    if not (hasattr(one, "is_floating_point") and one.is_floating_point() and other.is_floating_point()):
        return
    if one.dtype == other.dtype:
        return
    first, second = place.name or "the prediction", place.other or "the target"
    wider = second if other.dtype.itemsize > one.dtype.itemsize else first
    kind = min((one.dtype, other.dtype), key=lambda dtype: dtype.itemsize)
    to = ".float()" if str(kind) == "torch.float32" else f".to({kind})"
    notes.add(
        Note(
            11,
            place.line,
            f"{first} is {_kind(one)} and {second} is {_kind(other)}: the loss became {_kind_of_both(one, other)}.",
            "NumPy's floats are float64, torch's float32; torch promotes some mixtures without a word and refuses "
            "others, such as these two in a matrix product.",
            f"Have one kind in a fit: {_callable(wider)}{to}, where the data are made.",
        ),
        place.lines,
    )


def _kind(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _kind_of_both(one: Any, other: Any) -> str:
    return _kind(max((one, other), key=lambda tensor: tensor.dtype.itemsize))


def _callable(expression: str) -> str:
    """An expression on which a method can be called as it stands."""
    plain = expression.replace(".", "").replace("_", "").isalnum() or expression.endswith((")", "]"))
    return expression if plain and " " not in expression.partition("(")[0] else f"({expression})"
