"""The learner's syntax tree, with looks in it: every value passes through unchanged, in the same order, once.

| as written                    | as run                                                                         |
|-------------------------------|--------------------------------------------------------------------------------|
| `a - b`                       | `subtract(*pair(a, b, 7)) if open_7() else a - b`; `subtract`: `operator.sub`  |
| `F.mse_loss(p, y)`            | `F.mse_loss(*losses_pair(p, y, 7))`, and its like                              |
| `a.grad`                      | `gradient(a, 7).grad`                                                          |
| `a.grad.zero_()`              | `erased(a, 7).grad.zero_()`; `o.zero_grad()` and `a.grad = None` alike         |
| `a -= rate * g`               | the same, then `updated_7(a, rate, momentum)`; `a = a - rate * g` alike        |
| `a += rate * g`               | the same, then `added_7 and added_7(...)`; `a = a + rate * g` alike            |
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
from gradline.lessons.checker.places import Place, short
from gradline.lessons.checker.recognising import (
    LOSS_NAME,
    eraser_of,
    is_compiled,
    is_loss,
    is_number,
    is_pairwise,
    is_plain,
    is_step,
    last_name,
    rate_of,
    restarted,
    same,
)
from gradline.lessons.checker.velocities import velocities, velocity_of

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
        self.functions: list[str] = []
        self.compiled = is_compiled(tree)
        self.sums, self.velocities = restarted(tree), velocities(tree)
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
        self.functions.append(node.name)
        node.body = self._all(node.body)
        self.functions.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node if self.compiled else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

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
        looks = self._moves(node, node.target, node.op, node.value)
        node.value = self.visit(node.value)
        return [node, *looks] if looks else node

    def visit_Assign(self, node: ast.Assign) -> Any:
        before: list[ast.stmt] = []
        after: list[ast.stmt] = []
        target = node.targets[0]
        single = len(node.targets) == 1
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        for name, value in pairs if single else []:
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.Add) and same(name, value.left):
                after += self._moves(node, name, value.op, value.right)
        if single and isinstance(target, ast.Attribute) and target.attr == "grad" and is_plain(target.value):
            before.append(
                calls.say(node, calls.ERASED, calls.read_again(target.value), self._place(node, short(target.value)))
            )
        loss_like = single and isinstance(target, ast.Name) and is_loss(target.id, node.value)
        look = None
        if loss_like and isinstance(target, ast.Name):
            look = self._named(node, calls.LOSS, target.id)
            self.losses.add(target.id)
        node.value = self.visit(node.value)
        node.targets = [self.visit(each) for each in node.targets]
        if look is not None:
            node.value = calls.call(node.value, look, node.value)
        return [*before, node, *after] if before or after else node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None:
            named = bool(self.functions) and LOSS_NAME.search(self.functions[-1]) is not None
            loss = named and is_loss(self.functions[-1], node.value)
            look = self._named(node, calls.LOSS, f"{self.functions[-1]}()") if loss else None
            node.value = self.visit(node.value)
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
        return self._named(node, calls.LOSS, short(node.args[0]) or name)

    # making looks

    def _moves(self, node: ast.stmt, target: ast.expr, sign: ast.operator, change: ast.expr) -> list[ast.stmt]:
        """The look after `target` was moved by `-change`, or by `+change`."""
        base = target.value if isinstance(target, ast.Subscript) else target
        if isinstance(base, ast.Attribute) and base.attr == "data":
            base = base.value
        part = isinstance(target, ast.Subscript)
        added = isinstance(sign, ast.Add)
        if not is_plain(base) or not isinstance(sign, ast.Sub | ast.Add) or (added and (part or is_number(change))):
            return []
        velocity = velocity_of(change, self.velocities)
        alone = is_plain(change)  # the rate may stand in the velocity
        rate = velocity.rate if alone else rate_of(change)
        look = self._named(node, calls.ADDED if added else calls.UPDATED, short(target))
        here = self.places[-1]
        here.part, here.added, here.step = part, added, not added or (alone and rate is not None)
        here.step = here.step or is_step(target, change, self.sums, self.losses)
        read = [calls.read_again(part) for part in (base, rate or ast.Constant(None), velocity.momentum)]
        return [calls.say(node, look, *read, perhaps=added)]

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
