"""Where a script stopped, and what its variables were."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import FrameType, TracebackType
from typing import Any

from gradline.lessons.checker.gradients import Gradients
from gradline.lessons.checker.places import short
from gradline.lessons.checker.shapes import is_array

NOT_RECORDED = ("no_grad", "inference_mode", "set_grad_enabled")
UNKNOWN = object()  # the value of an expression that would have to be computed again


@dataclass(frozen=True, slots=True)
class Crash:
    """Where it happened: the learner's frame, the statement and expression in it, and the frames below."""

    error: BaseException
    frame: FrameType
    line: int
    statement: ast.stmt | None
    expression: ast.AST | None
    below: list[FrameType]
    recording: bool  # not inside no_grad() or the like
    gradients: Gradients

    def value(self, node: ast.AST | None) -> Any:
        """What an expression held, if names, attributes and constants make it up; else UNKNOWN."""
        if isinstance(node, ast.Name):
            return self.frame.f_locals.get(node.id, self.frame.f_globals.get(node.id, UNKNOWN))
        if isinstance(node, ast.Attribute):
            return _tried(lambda: getattr(self.value(node.value), node.attr))
        if isinstance(node, ast.Subscript):
            return _tried(lambda: self.value(node.value)[ast.literal_eval(node.slice)])
        return _tried(lambda: ast.literal_eval(node)) if node is not None else UNKNOWN

    def calls(self) -> Iterator[ast.Call]:
        """Calls in what failed."""
        for node in ast.walk(self.expression or self.statement or ast.Pass()):
            if isinstance(node, ast.Call):
                yield node


def _tried(read: Callable[[], Any]) -> Any:
    """UNKNOWN where it raises: a property or an index of theirs may be what failed."""
    try:
        return read()
    except Exception:
        return UNKNOWN


def crash_of(error: BaseException, source: bytes, file: str, gradients: Gradients) -> Crash | None:
    """What is known of an exception; None where no line of the learner's was running."""
    entries = list(_entries(error.__traceback__))
    mine = [i for i, entry in enumerate(entries) if entry.tb_frame.f_code.co_filename == file]
    if not mine:
        return None
    entry = entries[mine[-1]]
    tree = ast.parse(source)
    statement, expression = _nodes_at(tree, entry)
    below = [later.tb_frame for later in entries[mine[-1] + 1 :]]
    recording = not _is_unrecorded(tree, entry.tb_lineno)
    return Crash(error, entry.tb_frame, entry.tb_lineno, statement, expression, below, recording, gradients)


def _is_unrecorded(tree: ast.Module, line: int) -> bool:
    """Whether a line stands in a block or a function under `no_grad()` or the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            around = [item.context_expr for item in node.items]
        elif isinstance(node, ast.FunctionDef):
            around = node.decorator_list
        else:
            continue
        named = any(word in ast.unparse(each) for each in around for word in NOT_RECORDED)
        if named and node.lineno <= line <= (node.end_lineno or line):
            return True
    return False


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _nodes_at(tree: ast.Module, entry: TracebackType) -> tuple[ast.stmt | None, ast.AST | None]:
    """The innermost statement of the line that failed, and the expression that the bytecode points at."""
    position = next(islice(entry.tb_frame.f_code.co_positions(), entry.tb_lasti // 2, None), None)
    statement: ast.stmt | None = None
    expression = None
    for node in ast.walk(tree):  # breadth first: the innermost comes last
        line, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if line is None or end is None or not line <= entry.tb_lineno <= end:
            continue
        if isinstance(node, ast.stmt) and _stands_at(node, entry.tb_lineno, position[2] if position else None):
            statement = node
        if position == (line, end, getattr(node, "col_offset", None), getattr(node, "end_col_offset", None)):
            expression = node
    return statement, expression


def _stands_at(statement: ast.stmt, line: int, column: int | None) -> bool:
    """Whether a statement of this line is the one of this column, of several that may share the line."""
    if column is None or not statement.lineno == statement.end_lineno == line:
        return True
    return statement.col_offset <= column <= (statement.end_col_offset or 0)


def is_tensor(value: Any) -> bool:
    """Whether this is a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_whole(value: Any) -> bool:
    """Whether this is a whole number, or an array or list of them."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(is_whole, value))
    if is_array(value):
        return is_whole_dtype(value.dtype)
    return isinstance(value, int) and not isinstance(value, bool)


def is_whole_dtype(dtype: Any) -> bool:
    """Whether this is NumPy's, torch's or Python's type of whole numbers."""
    return dtype is int or any(word in str(dtype) for word in ("int", "long"))


def visible(crash: Crash) -> dict[str, Any]:
    """All variables of the frame, and those of its module."""
    return {**crash.frame.f_globals, **crash.frame.f_locals}


def named(crash: Crash) -> Iterator[tuple[str, Any]]:
    """The variables in the statement that failed, each once, in order."""
    seen = set()
    for node in ast.walk(crash.statement or ast.Pass()):
        if isinstance(node, ast.Name | ast.Attribute) and (name := short(node)) and name not in seen:
            seen.add(name)
            value = crash.value(node)
            if value is not UNKNOWN:
                yield name, value
