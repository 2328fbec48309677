"""The learner's syntax tree, with looks in it: every value passes through unchanged, in the same order, once.

| as written                    | as run                                                                         |
|-------------------------------|--------------------------------------------------------------------------------|
| `a - b`                       | `subtract(*pair(a, b, 7)) if open_7() else a - b`; `subtract`: `operator.sub`  |
| `F.mse_loss(p, y)`            | `F.mse_loss(*losses_pair(p, y, 7))`, and its like                              |
| `a.grad`                      | `gradient(a, 7).grad`                                                          |
| `a.grad.zero_()`              | `erased(a, 7).grad.zero_()`; `o.zero_grad()` and `a.grad = None` alike         |
| `a -= rate * g`               | the same, then `updated_7(a, rate, momentum)`; others that moves.py has: alike |
| `a += rate * g`               | the same, then `added_7 and added_7(...)`; `a = a + rate * g` alike            |
| `return a - rate * g`         | `return updated_7(a - rate * g, rate, momentum)`                               |
| `loss = ((p - y)**2).mean()`  | `loss = loss_7(((p - y)**2).mean())`; `losses.append(...)` alike               |
| `import torch`                | `arriving("torch")`, then the same; of other imports: after them               |

7 stands for the number of the place. Looks that come with every row or step have a name for each place, so that a
shorter one can take its place there once the line is known. Looks are found among the built-in names, so that the
learner's `globals()` and `dir()` show what they always do. Not touched: annotations, patterns of `match`, subscripts,
differences from a number, and functions that something else compiles from their source or bytecode (`torch.compile`,
`numba.njit`, ...).
"""

from __future__ import annotations

import ast
import copy
from typing import Any, TypeVar

from gradline.lessons.checker import calls
from gradline.lessons.checker.moves import (
    Move,
    loops_over,
    moves_of,
    rate_and_momentum,
    renewals,
    returned_move,
    turns,
    written_by,
)
from gradline.lessons.checker.places import Place, short
from gradline.lessons.checker.recognising import (
    LOSS_NAME,
    eraser_of,
    is_compiled,
    is_loss,
    is_number,
    is_owned,
    is_pairwise,
    is_plain,
    is_step,
    last_name,
    restarted,
)
from gradline.lessons.checker.squares import sums_squares
from gradline.lessons.checker.velocities import Function, velocities

Node = TypeVar("Node", bound=ast.AST)

REPEATED = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp  # more often than what is around
ELEMENTWISE_LOSSES = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}


def rewritten(tree: ast.Module) -> tuple[ast.Module, list[Place]]:
    """The tree to run in place of `tree`, which it changes, and the places that its looks speak of, by number.

    Examples
    --------
    >>> tree, places = rewritten(ast.parse("a -= 0.1 * g"))
    >>> print(ast.unparse(tree))
    a -= 0.1 * g
    __gradline_updated_0__(a, 0.1, 0.0)
    >>> places[0].line, places[0].look
    (1, '__gradline_updated_0__')
    """
    rewriting = _Rewriting(tree)
    changed = rewriting.visit(tree)
    return ast.fix_missing_locations(changed), rewriting.places


class _Rewriting(ast.NodeTransformer):
    def __init__(self, tree: ast.Module) -> None:
        self.places: list[Place] = []
        self.statement: ast.stmt | None = None
        self.functions: list[Function] = []
        self.compiled = is_compiled(tree)
        self.sums, self.velocities = restarted(tree), velocities(tree)
        self.renewed, self.loops = renewals(tree), loops_over(tree)
        self.losses: set[str] = set()  # so far
        self.terms: set[ast.expr] = set()  # of longer sums
        self.opened = False  # what is asked of an expression holds for all within it

    # statements

    def visit(self, node: ast.AST) -> Any:
        """Remember which statement we are in, and whether within an expression that is looked at or passed by."""
        if isinstance(node, REPEATED):
            around, self.opened = self.opened, False
            changed = super().visit(node)
            self.opened = around
            return changed
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        outer, self.statement = self.statement, node
        try:
            return super().visit(node)
        finally:
            self.statement = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if self.compiled:
            return node
        self.functions.append(node)
        node.body = self._all(node.body)
        self.functions.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node if self.compiled else self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = self._all(node.body)
        return node

    def visit_Import(self, node: ast.Import) -> Any:
        return self._import(node, any(alias.name.partition(".")[0] == "torch" for alias in node.names))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        return self._import(node, (node.module or "").partition(".")[0] == "torch")

    def _import(self, node: ast.stmt, torch: bool) -> Any:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return node
        look = calls.say(node, calls.ARRIVING, ast.Constant("torch" if torch else ""))
        return [look, node] if torch else [node, look]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        looks = self._moves(node)
        node.value = self.visit(node.value)
        return [node, *looks] if looks else node

    def visit_Expr(self, node: ast.Expr) -> Any:
        looks = self._moves(node)
        node.value = self.visit(node.value)
        return [node, *looks] if looks else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return node
        looks, look = self._moves(node), self._loss(node, node.target, node.value)
        node.value = self.visit(node.value)
        if look is not None:
            node.value = calls.call(node.value, look, node.value)
        return [node, *looks] if looks else node

    def visit_Assign(self, node: ast.Assign) -> Any:
        before: list[ast.stmt] = []
        target = node.targets[0]
        single = len(node.targets) == 1
        after = self._moves(node) if single else []
        if single and isinstance(target, ast.Attribute) and target.attr == "grad" and is_plain(target.value):
            before.append(
                calls.say(node, calls.ERASED, calls.read_again(target.value), self._place(node, short(target.value)))
            )
        look = self._loss(node, target, node.value) if single else None
        node.value = self.visit(node.value)
        node.targets = [self.visit(each) for each in node.targets]
        if look is not None:
            node.value = calls.call(node.value, look, node.value)
        return [*before, node, *after] if before or after else node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is None:
            return node
        name = self.functions[-1].name if self.functions else ""
        look = None
        if LOSS_NAME.search(name) and is_loss(name, node.value):
            look = self._named(node, calls.LOSS, f"{name}()")
            self.places[-1].squares = sums_squares(node.value)
        elements = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        returned = [(number, self._returned(node, value)) for number, value in enumerate(elements)]
        node.value = self.visit(node.value)
        elements = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for number, moved in returned:
            if moved is not None:
                elements[number] = calls.call(node, moved[0], elements[number], *moved[1])
        if not isinstance(node.value, ast.Tuple):
            node.value = elements[0]
        if look is not None:
            node.value = calls.call(node.value, look, node.value)
        return node

    # expressions

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        node.value = self.visit(node.value)  # what is between the brackets counts rows: nothing to look at
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.Add | ast.Sub):
            self.terms |= {node.left, node.right}
        if not isinstance(node.op, ast.Sub) or is_number(node.left) or is_number(node.right):
            return self.generic_visit(node)
        place = self._place(node, short(node.left), short(node.right), "" if self.opened else calls.OPEN)
        asked = self.places[-1].look
        self.places[-1].deliberate = is_pairwise(node.left, node.right) or is_pairwise(node.right, node.left)
        self.places[-1].term = node in self.terms
        plain = copy.deepcopy(node) if asked else node
        around, self.opened = self.opened, True
        pair = calls.call(node, calls.PAIR, self.visit(node.left), self.visit(node.right), place)
        self.opened = around
        looked_at = calls.call(node, calls.SUBTRACT, ast.copy_location(ast.Starred(pair, ast.Load()), node))
        if not asked:
            return looked_at
        return ast.copy_location(ast.IfExp(calls.call(node, asked), looked_at, plain), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        place = None
        if node.attr == "grad" and isinstance(node.ctx, ast.Load):
            place = self._place(node, short(node.value))
        node.value = self.visit(node.value)
        if place is not None:
            node.value = calls.call(node.value, calls.GRADIENT, node.value, place)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function, eraser, place = node.func, eraser_of(node.func), None
        if eraser is not None:
            place = self._place(node, short(eraser.value))
        elementwise = last_name(function) in ELEMENTWISE_LOSSES and len(node.args) >= 2
        loss = self._place(node, short(node.args[0]), short(node.args[1])) if elementwise else None
        appended = self._appended(node)
        self.generic_visit(node)
        if place is not None and eraser is not None:
            eraser.value = calls.call(eraser.value, calls.ERASED, eraser.value, place)
        if loss is not None and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
            pair = calls.call(node, calls.LOSS_PAIR, node.args[0], node.args[1], loss)
            node.args[:2] = [ast.copy_location(ast.Starred(pair, ast.Load()), node)]
        if appended is not None:
            node.args[0] = calls.call(node.args[0], appended, node.args[0])
        return node

    def _appended(self, node: ast.Call) -> str | None:
        function = node.func
        if not isinstance(function, ast.Attribute) or function.attr != "append" or len(node.args) != 1:
            return None
        name = last_name(function.value)
        if name is None or not (LOSS_NAME.search(name) or name.startswith("hist")) or not is_loss(name, node.args[0]):
            return None
        look = self._named(node, calls.LOSS, short(node.args[0]) or name)
        self.places[-1].squares = sums_squares(node.args[0])
        return look

    # making looks

    def _loss(self, node: ast.stmt, target: ast.expr, value: ast.expr) -> str | None:
        """The look at what is assigned to `target`, where that may be a loss."""
        if not isinstance(target, ast.Name) or not is_loss(target.id, value):
            return None
        self.losses.add(target.id)
        look = self._named(node, calls.LOSS, target.id)
        self.places[-1].squares = sums_squares(value)
        return look

    def _moves(self, node: ast.stmt) -> list[ast.stmt]:
        """The looks after what a statement moves."""
        return [look for move in moves_of(node, self.renewed) for look in self._moved(node, move)]

    def _moved(self, node: ast.stmt, move: Move) -> list[ast.stmt]:
        target, sign, change, now = move
        part = isinstance(target, ast.Subscript)
        added = isinstance(sign, ast.Add)
        if not is_owned(now) or not isinstance(sign, ast.Sub | ast.Add) or (added and (part or is_number(change))):
            return []
        read = rate_and_momentum(move, written_by(node), self.velocities, self._function_around())
        look = self._named(node, calls.ADDED if added else calls.UPDATED, short(target))
        here = self.places[-1]
        here.part, here.added = part, added
        here.turns = isinstance(target, ast.Subscript) and turns(target, self.loops)
        here.step = not added or (is_plain(change) and read.rate is not None)
        here.step = here.step or is_step(target, change, self.sums, self.losses)
        arguments = [calls.read_again(each) for each in (now, read.rate or ast.Constant(None), read.momentum)]
        if read.here:
            return [calls.say(node, look, *arguments, perhaps=added)]
        own = ast.Constant(None) if is_plain(change) else calls.read_again(arguments[1])
        known = calls.read_again(now), own, ast.Constant(None)
        return [calls.say_if_readable(node, look, arguments, known, perhaps=added)]

    def _returned(self, node: ast.stmt, value: ast.expr) -> tuple[str, list[ast.expr]] | None:
        """Of `w - rate * g`, w one of the function's own arguments: the look at it, the rate, the momentum."""
        function = self._function_around()
        move = returned_move(value, function) if function is not None else None
        if move is None:
            return None
        read = rate_and_momentum(move, set(), self.velocities, function)
        look = self._named(node, calls.UPDATED, short(move.target))
        here = self.places[-1]
        here.part = here.turns = here.returned = here.step = True
        momentum = read.momentum if read.here else ast.Constant(None)
        return look, [calls.read_again(each) for each in (read.rate or ast.Constant(None), momentum)]

    def _function_around(self) -> Function | None:
        return self.functions[-1] if self.functions else None

    def _place(self, node: ast.AST, name: str = "", other: str = "", look: str = "") -> ast.Constant:
        number = len(self.places)
        self.places.append(Place.of(node, self.statement, name, other))
        if look:
            self.places[number].look = f"{look}{number}__"
        return ast.Constant(number)

    def _named(self, node: ast.AST, look: str, name: str) -> str:
        """A place whose look has a name of its own: that name."""
        self._place(node, name, look=look)
        return self.places[-1].look

    def _all(self, body: list[ast.stmt]) -> list[ast.stmt]:
        changed: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            changed += result if isinstance(result, list) else [result]
        return changed
